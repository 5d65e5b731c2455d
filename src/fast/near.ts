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
  const first = into.length;
  let count = 0;
  const stack = [0];
  for (let cell = stack.pop(); cell !== undefined; cell = stack.pop()) {
    const distances = squaresBetween(rows.boxes, leaf, columns.boxes, cell, dim);
    if (distances.least > square) continue;
    const child = columns.children[cell]!;
    if (child > 0 && distances.most > square) {
      stack.push(child + 1, child);
      continue;
    }
    const [begin, end] = [columns.begins[cell]!, columns.ends[cell]!];
    if (into.length > first && into[into.length - 1] === begin) into[into.length - 1] = end;
    else into.push(begin, end);
    count += end - begin;
  }
  return count;
}

const between = { least: 0, most: 0 };

/** Squares of the least and of the largest distance between points of two boxes; the object is used again. */
function squaresBetween(a: Cells["boxes"], one: number, b: Cells["boxes"], other: number, dim: number): typeof between {
  const [i, j] = [one * 2 * dim, other * 2 * dim];
  between.least = between.most = 0;
  for (let k = 0; k < dim; k++) {
    const [up, down] = [a[i + k]! - b[j + dim + k]!, b[j + k]! - a[i + dim + k]!];
    const gap = Math.max(0, up, down);
    const span = Math.max(-up, -down);
    between.least += gap * gap;
    between.most += span * span;
  }
  return between;
}
