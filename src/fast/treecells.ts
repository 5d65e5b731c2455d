/**
 * Points in cells that are cut in the middle of their longest side, as long as they have many. The one idea: every cut
 * halves a length, so that cells are about as long as wide however dense points are in them; where widths of very
 * different sizes are mixed, cells of equal counts, as for pruning, are not. Knows no formula.
 */
import { at, integerAt, realAt } from "../asserts";
import { elementTypeOf } from "../device/memory";
import type { Dtype } from "../device/memory";
import type { RealData } from "../device/native";
import type { Task } from "../task";
import { permuteRows } from "./cells";

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
