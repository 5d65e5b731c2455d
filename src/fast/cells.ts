/**
 * Points in cells, of two kinds. For pruning a complete binary tree over a permutation of the points, each cell cut
 * into halves across its longest side (k-d tree, Bentley 1975): the one idea is that cells hold consecutive places of
 * the permutation, so that intervals of places are ranges of a reduction, and that a cell is a number: cell c of level
 * l, from 0 to 2^l - 1, holds the places from floor(c n / 2^l) on. The addon sorts and bounds them. For sums over
 * trees cells are cut in the middle of their longest side: every cut halves a length, so that they are about as long
 * as wide however dense points are in them, as those of equal counts are not where widths of very different sizes are
 * mixed. Knows no formula.
 */
import { at, integerAt, realAt } from "../asserts";
import type { CellFunctions } from "../device/addonfunctions";
import { elementTypeOf } from "../device/memory";
import type { Dtype } from "../device/memory";
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

// --------------------------------------------------------------------------------------------- cells cut in the middle

export interface CellTree {
  readonly dtype: Dtype;
  /** In the order of their places. */
  readonly points: RealData;
  /** The point that stands at each place, by its original index; a cell holds consecutive places. */
  readonly order: Int32Array;
  /** Of every cell the first place, and the first behind it. The root is the first cell, and a cell is before its halves. */
  readonly begins: Int32Array;
  readonly ends: Int32Array;
  /** The first of the two halves, which are neighbours; 0 for leaves. */
  readonly halves: Int32Array;
  /** `[cells, 2 dim]`: lower corner, then upper corner, of the points. */
  readonly boxes: Float64Array;
}

/** Of at least one finite point `[count, dim]`; leaves have at most `leaf`, or equal ones. */
export function* cutIntoCells(points: RealData, dim: number, leaf: number): Task<CellTree> {
  const order = Int32Array.from({ length: points.length / dim }, (_, n) => n);
  const [begins, ends, halves, boxes]: [number[], number[], number[], number[]] = [[0], [order.length], [], []];
  const box = new Float64Array(2 * dim);
  for (let cell = 0, work = 0; cell < begins.length; cell++) {
    const [begin, end] = [at(begins, cell), at(ends, cell)];
    bound(box, points, order.subarray(begin, end));
    boxes.push(...box);
    const cut = end - begin > leaf ? begin + cutInMiddle(box, points, order.subarray(begin, end)) : begin;
    halves.push(cut > begin && cut < end ? begins.push(begin, cut) - 2 : 0);
    if (halves[cell] !== 0) ends.push(cut, end);
    if ((work += end - begin) < POINTS_AT_ONCE) continue;
    work = 0;
    yield;
  }
  const dtype = elementTypeOf(points) === "float64" ? "float64" : "float32";
  return {
    dtype,
    points: yield* permuteRows({ order }, points, dim),
    order,
    begins: Int32Array.from(begins),
    ends: Int32Array.from(ends),
    halves: Int32Array.from(halves),
    boxes: Float64Array.from(boxes),
  };
}

/** Between pauses: some milliseconds. */
const POINTS_AT_ONCE = 2 ** 18;

function bound(box: Float64Array, points: RealData, order: Int32Array): void {
  const dim = box.length / 2;
  box.fill(Infinity, 0, dim).fill(-Infinity, dim);
  for (let n = 0; n < order.length; n++)
    for (let k = 0, from = integerAt(order, n) * dim; k < dim; k++, from++) {
      const x = realAt(points, from);
      if (x < realAt(box, k)) box[k] = x;
      if (x > realAt(box, dim + k)) box[dim + k] = x;
    }
}

/** Across the longest side. Points below the middle come first; how many they are. */
function cutInMiddle(box: Float64Array, points: RealData, order: Int32Array): number {
  const dim = box.length / 2;
  const lengths = Array.from({ length: dim }, (_, k) => realAt(box, dim + k) - realAt(box, k));
  const axis = lengths.indexOf(Math.max(...lengths));
  const middle = (realAt(box, axis) + realAt(box, dim + axis)) / 2;
  const isBelow = (place: number): boolean => realAt(points, integerAt(order, place) * dim + axis) < middle;
  let [low, high] = [0, order.length - 1];
  for (;;) {
    while (low <= high && isBelow(low)) low++;
    while (low <= high && !isBelow(high)) high--;
    if (low > high) return low;
    const kept = integerAt(order, low);
    order[low] = integerAt(order, high);
    order[high] = kept;
  }
}

/** Leaves in the order of their places. */
export function leavesOf({ begins, halves }: CellTree): number[] {
  const leaves = [...halves.keys()].filter((cell) => integerAt(halves, cell) === 0);
  return leaves.sort((a, b) => integerAt(begins, a) - integerAt(begins, b));
}

/** The first place of a cell, and the first behind it. */
export const placesOf = ({ begins, ends }: CellTree, cell: number): [number, number] => [
  integerAt(begins, cell),
  integerAt(ends, cell),
];
