/**
 * What the addon does with numbers, by what it works on: dense matrices, periodic grids, trees of cells. Parts of what
 * it exports (addon.ts). Knows only types.
 */
import type { NativeRoutine, RealData } from "./addoncall";

/** F is a list of blocks `[rows, width]` of one dtype, widths being multiples of 64 bytes. */
export interface LongAlgebra extends GridAlgebra {
  /**
   * The lower half of a `[n, n]` becomes its factor L; 0, or the order of the first leading minor that is not
   * positive.
   */
  cholesky(a: Float64Array, n: number): number;
  /** x `[n, columns]` becomes the solution y of L Lᵀ y = x. */
  choleskySolve(l: Float64Array, x: Float64Array, n: number, columns: number): void;
  /** out `[n, n]` = (L Lᵀ)⁻¹. */
  choleskyInverse(out: Float64Array, l: Float64Array, n: number): void;
  /**
   * a `[n, n]` becomes L, whose diagonal of ones is not kept, and U, with L U = the rows of a in the order `order`, each
   * pivot the largest of its column; how many pivots are 0. WebAssembly lacks this one and the next.
   */
  lu(a: Float64Array, order: Int32Array, n: number): number;
  /**
   * x `[n, columns]` becomes the solution y of A y = x; with 1 for `isTransposed`, `lu` is the transpose of what `lu`
   * gave.
   */
  luSolve(lu: Float64Array, order: Int32Array, x: Float64Array, n: number, columns: number, isTransposed: 0 | 1): void;
  /**
   * The next block of F, from the columns `left` of K at `pivots` (overwritten), of which the first `count` are no
   * padding, with the factor of the residual between them; takes it off the diagonal `residual` `[rows]`. Returns the
   * largest squared norm among the last 8 columns.
   */
  extend(
    out: RealData,
    left: RealData,
    blocks: readonly RealData[],
    pivots: Int32Array,
    factor: Float64Array,
    residual: Float64Array,
    rows: number,
    count: number,
  ): number;
  /** The lower half of out `[width, width]` becomes that of Fᵀ F; `bytes` of a number of F. */
  gram(out: Float64Array, blocks: readonly RealData[], rows: number, bytes: number): void;
  /** out `[rows, columns]` = (F Fᵀ + alpha I)⁻¹ x, with the Cholesky factor of Fᵀ F + alpha I. */
  lowRankSolve(
    out: RealData,
    x: RealData,
    blocks: readonly RealData[],
    factor: Float64Array,
    alpha: number,
    rows: number,
    columns: number,
  ): void;
}

export interface BriefAlgebra {
  /**
   * Accepts candidate rows one after the other, each with the chance that what is left of its residual gives it.
   * `left` holds K between them, and is overwritten. Returns how many; their places go to `accepted`, the factor of
   * the residual among them to `factor` `[returned, returned]`. What is no more than `part` of the largest residual,
   * or than `floor`, is rounding.
   */
  choosePivots(
    left: RealData,
    blocks: readonly RealData[],
    candidates: Int32Array,
    chances: Float64Array,
    accepted: Int32Array,
    factor: Float64Array,
    rows: number,
    most: number,
    part: number,
    floor: number,
  ): number;
  /** out `[width, columns]` = Fᵀ x. */
  project(out: Float64Array, blocks: readonly RealData[], x: RealData, rows: number, columns: number): void;
  /** out `[rows, columns]` -= F x. */
  subtractTall(out: RealData, blocks: readonly RealData[], x: Float64Array, rows: number, columns: number): void;
}

// ------------------------------------------------------------------------------------------------------ periodic grids

/** Grids are row-major; their axes are products of 2, 3, 5 and 7 where they are transformed, the last one even. */
interface GridAlgebra {
  /**
   * The spectrum of a real grid of one to four axes, as `re` and `im` `[...shape but the last, last / 2 + 1]`:
   * sum over n of values[n] exp(-2 pi i k n / shape). Axes are products of 2, 3, 5 and 7, the last one is even.
   */
  fourier(values: RealData, re: RealData, im: RealData, shape: Int32Array): void;
  /** The grid from its spectrum, which is overwritten. */
  inverseFourier(values: RealData, re: RealData, im: RealData, shape: Int32Array): void;
  /** `re` and `im` become a b, or a b is added to them; without `bIm`, b is real. */
  multiplySpectrum(
    re: RealData,
    im: RealData,
    aRe: RealData,
    aIm: RealData,
    bRe: RealData,
    bIm: RealData | undefined,
    isAdded: boolean,
  ): void;
  /**
   * Sorts points `[count, axes]` by the cells of a periodic grid, `corner` being its lower corner and then its periods:
   * entry i is point order[i], `cells` are the first that it reaches. Returns the index of a point that is not finite,
   * or -1.
   */
  place(
    points: RealData,
    shape: Int32Array,
    corner: Float64Array,
    width: number,
    order: Int32Array,
    cells: Int32Array,
    fractions: RealData,
  ): number;
  /** The grid becomes a column of weights times windows, whose polynomials are `[degree + 1, width]`. */
  spread(
    grid: RealData,
    shape: Int32Array,
    order: Int32Array,
    cells: Int32Array,
    fractions: RealData,
    polynomials: RealData,
    width: number,
    weights: RealData,
    columns: number,
    column: number,
  ): void;
  /** A column of `out` becomes the grid's values times windows: the transpose of `spread`. */
  interpolate(
    grid: RealData,
    shape: Int32Array,
    order: Int32Array,
    cells: Int32Array,
    fractions: RealData,
    polynomials: RealData,
    width: number,
    out: RealData,
    columns: number,
    column: number,
  ): void;
}

// ------------------------------------------------------------------------------------------------------ trees of cells

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
