/**
 * Pairs of points within a radius, as ranges of a reduction over the cells of two trees: every pair within it is there,
 * and few others. Knows no formula.
 */
import { at } from "../asserts";
import type { Ranges } from "../device/native";
import type { Cells } from "./cells";

/** Ranges over the places of rows and of columns, and how many pairs they visit. */
export interface NearPairs {
  readonly ranges: Ranges;
  readonly pairs: number;
}

/** Boxes are in the dtype of the points; distances are not. */
const MARGIN = 1 + 1e-6;

/** Null where there are more than `most`. */
export function nearPairs(rows: Cells, columns: Cells, dim: number, radius: number, most: number): NearPairs | null {
  const square = (radius * MARGIN) ** 2;
  const [intervals, slices, visited]: [number[], number[], number[]] = [[], [], []];
  let pairs = 0;
  for (const leaf of leavesOf(rows)) {
    const count = at(rows.ends, leaf) - at(rows.begins, leaf);
    pairs += count * visit(rows, leaf, columns, dim, square, visited);
    if (pairs > most) return null;
    intervals.push(at(rows.begins, leaf), at(rows.ends, leaf));
    slices.push(visited.length / 2);
  }
  const ranges = {
    rows: Float64Array.from(intervals),
    slices: Float64Array.from(slices),
    columns: Float64Array.from(visited),
  };
  return { ranges, pairs };
}

/** In the order of their places. */
function leavesOf({ children }: Cells): number[] {
  const [leaves, stack]: [number[], number[]] = [[], [0]];
  for (let cell = stack.pop(); cell !== undefined; cell = stack.pop()) {
    const child = at(children, cell);
    if (child === 0) leaves.push(cell);
    else stack.push(child + 1, child);
  }
  return leaves;
}

/** Adds the places of columns that may be near a cell, in order and joined, and returns how many they are. */
function visit(rows: Cells, leaf: number, columns: Cells, dim: number, square: number, into: number[]): number {
  const { children, begins, ends, boxes } = columns;
  const first = into.length;
  let count = 0;
  const stack = [0];
  for (let cell = stack.pop(); cell !== undefined; cell = stack.pop()) {
    if (leastSquare(rows.boxes, leaf, boxes, cell, dim) > square) continue;
    const child = children[cell]!;
    if (child > 0 && largestSquare(rows.boxes, leaf, boxes, cell, dim) > square) {
      stack.push(child + 1, child);
      continue;
    }
    if (into.length > first && into[into.length - 1] === begins[cell]) into[into.length - 1] = ends[cell]!;
    else into.push(begins[cell]!, ends[cell]!);
    count += ends[cell]! - begins[cell]!;
  }
  return count;
}

type Boxes = Cells["boxes"];

/** The square of the least distance between points of two boxes. */
function leastSquare(a: Boxes, one: number, b: Boxes, other: number, dim: number): number {
  let square = 0;
  for (let k = 0, i = one * 2 * dim, j = other * 2 * dim; k < dim; k++, i++, j++) {
    const up = a[i]! - b[j + dim]!;
    const down = b[j]! - a[i + dim]!;
    const gap = up > down ? up : down;
    if (gap > 0) square += gap * gap;
  }
  return square;
}

/** The square of the largest one. */
function largestSquare(a: Boxes, one: number, b: Boxes, other: number, dim: number): number {
  let square = 0;
  for (let k = 0, i = one * 2 * dim, j = other * 2 * dim; k < dim; k++, i++, j++) {
    const up = b[j + dim]! - a[i]!;
    const down = a[i + dim]! - b[j]!;
    const span = up > down ? up : down;
    square += span * span;
  }
  return square;
}
