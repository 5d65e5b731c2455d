/**
 * The points of a convolution side by side: their box, and how many pairs of them are near each other. Knows no kernel.
 */
import { contiguous } from "../array/view";
import type { RealArray } from "../array/view";
import { at, integerAt, realAt } from "../asserts";
import type { Given } from "../call/prepared";
import type { RealData } from "../device/native";
import type { Convolution } from "../formula/convolution";
import type { Task } from "../task";
import { boxesOf } from "./cells";
import { sampledRows } from "./samplecheck";

/** The points of a call, `[count, dim]`, and their box. */
export interface Points {
  readonly dim: number;
  readonly rows: RealData;
  readonly columns: RealData;
  readonly lower: readonly number[];
  readonly lengths: readonly number[];
}

/** Points of the rows and of the columns; or why they can have no grid, in a sentence. */
export function* pointsOf({ points }: Convolution, { arrays }: Given): Task<Points | string> {
  const of = (side: "row" | "column"): RealArray[] => points.map((pair) => at(arrays, pair[side].position));
  const dims = points.map(({ row }) => row.dim);
  const [rows, columns] = [joined(of("row"), dims), joined(of("column"), dims)];
  const dim = dims.reduce((sum, d) => sum + d, 0);
  const box = yield* boxOf(dim, rows, columns);
  if (!box.every(Number.isFinite)) return "not all points are finite";
  const lengths = Array.from({ length: dim }, (_, k) => at(box, dim + k) - at(box, k));
  const longest = Math.max(...lengths);
  if (!(longest > 0)) return "all points are equal";
  return { dim, rows, columns, lower: box.slice(0, dim), lengths: lengths.map((l) => Math.max(l, FLAT * longest)) };
}

/** Points in a plane have a grid all the same, of cells that are not too flat. */
const FLAT = 2 ** -6;

/** The components of several arrays of points side by side. */
function joined(arrays: readonly RealArray[], dims: readonly number[]): RealData {
  const data = arrays.map(contiguous);
  const first = at(data, 0);
  if (data.length === 1) return first;
  const count = first.length / at(dims, 0);
  const width = dims.reduce((sum, dim) => sum + dim, 0);
  const out = first instanceof Float64Array ? new Float64Array(count * width) : new Float32Array(count * width);
  let start = 0;
  for (const [n, dim] of dims.entries()) {
    for (let p = 0; p < count; p++)
      for (let k = 0; k < dim; k++) out[p * width + start + k] = realAt(at(data, n), p * dim + k);
    start += dim;
  }
  return out;
}

/** Lower corner, then upper corner; not finite where a point is not. */
function* boxOf(dim: number, rows: RealData, columns: RealData): Task<number[]> {
  const one = yield* boxOfPoints(rows, dim);
  if (columns === rows) return one;
  const other = yield* boxOfPoints(columns, dim);
  return one.map((bound, n) => (n < dim ? Math.min(bound, at(other, n)) : Math.max(bound, at(other, n))));
}

/** A cell that holds all of them. */
function* boxOfPoints(points: RealData, dim: number): Task<number[]> {
  return [...(yield* boxesOf({ count: points.length / dim, depth: 0 }, points, dim))];
}

const SAMPLED_POINTS = 768;
/** Squares of distances are counted by their exponent and as many bits of their mantissa. */
const BITS_KEPT = 5;

/** What part of all pairs is within a distance, about, from a sample of them that is taken when first asked. */
export function shareWithin(points: Points): (radius: number) => number {
  let below: Float64Array | undefined;
  return (radius) => {
    below ??= sampledShares(points);
    return realAt(below, binOf(radius * radius));
  };
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

const binOf = (square: number): number => {
  float[0] = square;
  return binOfBits(integerAt(bits, 0));
};

/** Ascending with the square of which these are the bits. */
const binOfBits = (pattern: number): number => pattern >>> (23 - BITS_KEPT);

/** What part of pairs has squares of each bin or below. */
function sampledShares({ dim, rows, columns }: Points): Float64Array {
  const [some, others] = [sampledAxes(rows, dim), sampledAxes(columns, dim)];
  const count = at(others, 0).length;
  const squares = new Float32Array(count);
  const patterns = new Uint32Array(squares.buffer);
  const below = new Float64Array(2 ** (8 + BITS_KEPT));
  for (let i = 0; i < at(some, 0).length; i++) {
    squares.fill(0);
    for (const [k, axis] of others.entries()) addSquares(squares, realAt(at(some, k), i), axis);
    for (let j = 0; j < count; j++) below[binOfBits(integerAt(patterns, j))]!++;
  }
  const unit = 1 / (at(some, 0).length * count);
  for (let n = 0, sum = 0; n < below.length; n++) below[n] = unit * (sum += realAt(below, n));
  return below;
}

function addSquares(squares: Float32Array, from: number, axis: Float64Array): void {
  for (let j = 0; j < axis.length; j++) squares[j] = realAt(squares, j) + (from - realAt(axis, j)) ** 2;
}

/** The coordinates of a sample of points, axis by axis. */
function sampledAxes(points: RealData, dim: number): Float64Array[] {
  const chosen = sampledRows(points.length / dim, SAMPLED_POINTS);
  return Array.from({ length: dim }, (_, k) => Float64Array.from(chosen, (row) => realAt(points, row * dim + k)));
}
