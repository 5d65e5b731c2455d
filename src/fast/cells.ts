/**
 * Points in cells: a complete binary tree over a permutation of the points, each cell cut into halves across its longest
 * side (k-d tree, Bentley 1975). The one idea is that cells hold consecutive places of the permutation, so that
 * intervals of places are ranges of a reduction, and that a cell is a number: cell c of level l, from 0 to 2^l - 1,
 * holds the places from floor(c n / 2^l) on. The addon sorts and bounds them. Knows no formula.
 */
import type { CellFunctions } from "../device/cellfunctions";
import { loadedAddon } from "../device/native";
import type { RealData } from "../device/native";
import { waitFor, worksOf } from "../task";
import type { Task, Works } from "../task";

/** Coordinates of points that are sorted. */
export const MOST_CELL_DIM = 8;

export interface Cells {
  readonly count: number;
  /** Levels below the root: there are 2^depth leaves. */
  readonly depth: number;
  /** The point that stands at each place, by its original index. */
  readonly order: Int32Array;
}

/** What the addon does with cells, as work that waits or does not. */
export function cellWorks(): Works<CellFunctions> {
  const addon = loadedAddon();
  return worksOf<CellFunctions>(addon, addon.later);
}

/** So many levels that leaves have about so many points, at least half as many more than that if that is all there is. */
export function depthFor(count: number, leaf: number): number {
  return Math.max(0, Math.min(30, Math.floor(Math.log2(Math.max(1, count / leaf)))));
}

/** The tree of at least one point, `[count, dim]`; dim is at most `MOST_CELL_DIM`. */
export function* sortIntoCells(points: RealData, dim: number, depth: number): Task<Cells> {
  const count = points.length / dim;
  const order = new Int32Array(count);
  yield* waitFor(cellWorks().sortIntoCells(points, dim, depth, count, order));
  return { count, depth, order };
}

/** Puts the points of every leaf in the order of their indices; which leaf they stand in does not change. */
export function sortLeaves(cells: Cells): void {
  for (let leaf = 0; leaf < 2 ** cells.depth; leaf++)
    cells.order.subarray(firstPlace(cells, leaf), firstPlace(cells, leaf + 1)).sort();
}

/**
 * Boxes of all cells, level by level, `[cells, 2 dim]`: the lower corner and then the upper one, NaN where a cell holds
 * a number that is not finite.
 * @param points in the order of their places.
 */
export function* boxesOf({ count, depth }: Omit<Cells, "order">, points: RealData, dim: number): Task<RealData> {
  const length = (2 ** (depth + 1) - 1) * 2 * dim;
  const boxes = points instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);
  yield* waitFor(cellWorks().boundCells(points, dim, depth, count, boxes));
  return boxes;
}

/** The first place of a leaf; leaf 2^depth stands for the end. */
export const firstPlace = ({ count, depth }: Cells, leaf: number): number => Math.floor((leaf * count) / (1 << depth));

/** Rows `[count, dim]` in the order of their places. */
export function* permuteRows<T extends RealData | Int32Array>(
  { order }: Pick<Cells, "order">,
  rows: T,
  dim: number,
): Task<T> {
  const moved = new (rows.constructor as new (length: number) => T)(order.length * dim);
  yield* waitFor(cellWorks().moveRows(rows, moved, order, true));
  return moved;
}

/** The way back: rows by place into `out`, by their original index. */
export function* restoreRows<T extends RealData | Int32Array>(
  { order }: Pick<Cells, "order">,
  moved: T,
  out: T,
): Task<void> {
  yield* waitFor(cellWorks().moveRows(moved, out, order, false));
}
