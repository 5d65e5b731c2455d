/**
 * What the addon does with trees of cells: points in them, boxes around them, and walks down two of them. A part of its
 * long functions (addon.ts). Knows only types.
 */
import type { NativeRoutine, RealData } from "./addoncall";

export interface CellFunctions {
  /**
   * Sorts points `[count, dim]`, dim at most 8, into the cells of a complete binary tree (native/run/cells.h): `order`
   * `[count]` is the point at each place. 2^depth is at most count.
   */
  sortIntoCells(points: RealData, dim: number, depth: number, count: number, order: Int32Array): void;
  /**
   * Of points in the order of their places: the boxes of all cells, `[2^(depth + 1) - 1, 2 dim]`, lower corner and upper
   * one; NaN where a number is not finite.
   */
  boundCells(points: RealData, dim: number, depth: number, count: number, boxes: RealData): void;
  /**
   * Rows of as many numbers as there are to each element of `order`: those at its places one after the other, or with
   * `isGathered` false the other way round.
   */
  moveRows(from: RealData | Int32Array, to: RealData | Int32Array, order: Int32Array, isGathered: boolean): void;
  /**
   * Walks down two trees of cells (native/run/walk.h) to the leaf of columns of every leaf of rows and each component
   * that is likely to hold the best values, `best` `[leaves of rows, components]`. The routine, of the form `block`, gives
   * the lower bounds of all components and then the upper ones; its arguments of rows and columns are boxes of all cells.
   * Sizes are count and depth of rows and of columns, and components.
   */
  seekCells(bounds: NativeRoutine, args: readonly RealData[], sizes: Float64Array, best: Int32Array): void;
  /**
   * The leaves of columns whose lower bound is not above `worst` `[leaves of rows, components]` in some component. Gives
   * how many they are: if they have room, `runs` lists them, and `ends` `[leaves of rows]` says up to where. Neighbours are
   * one run: the first of them, and where that is another one, the last, as ~last. The routine gives lower bounds alone.
   * @param allowed where it is not 0, these are of minus the size of values, and the smallest leaves are left out as well
   * whose values sum to no more than this in any row.
   */
  walkCells(
    bounds: NativeRoutine,
    args: readonly RealData[],
    sizes: Float64Array,
    worst: RealData,
    ends: Int32Array,
    runs: Int32Array,
    allowed: number,
  ): number;
  /**
   * How many columns lie within a radius of each row (native/run/within.h), `counts` `[rows]`. Points are in the order of
   * their places, with the boxes of all cells. Sizes are count and depth of rows and of columns, dim, and the radius.
   */
  countWithin(
    rows: RealData,
    rowBoxes: RealData,
    columns: RealData,
    columnBoxes: RealData,
    sizes: Float64Array,
    counts: Int32Array,
  ): void;
  /**
   * Which they are: from `starts` `[rows]` on, `indices` gets as many elements of `order` `[columns]` as `counts` says of
   * each row, ascending.
   */
  listWithin(
    rows: RealData,
    rowBoxes: RealData,
    columns: RealData,
    columnBoxes: RealData,
    sizes: Float64Array,
    order: Int32Array,
    starts: Int32Array,
    counts: Int32Array,
    indices: Int32Array,
  ): void;
}
