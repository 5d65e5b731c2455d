/**
 * The points of a convolution side by side: their box, and how many pairs of them are near each other. Knows no kernel.
 */
import type { Ranks } from "../array/exchange";
import { sumOf } from "../array/shard";
import type { Shard } from "../array/shard";
import { contiguous } from "../array/view";
import type { RealArray } from "../array/view";
import { asserted, at, integerAt, realAt } from "../asserts";
import type { Given } from "../call/prepared";
import type { Kept } from "../call/result";
import type { RealData } from "../device/native";
import type { Convolution } from "../formula/convolution";
import type { Task } from "../task";
import { boxesOf } from "./cells";
import { sampledRows } from "./samplecheck";
import { amongAll, ranksOf, rowsOfAll } from "./shared";

/** The points of a call, `[count, dim]`, and the box of all. */
export interface Points {
  readonly dim: number;
  readonly rows: RealData;
  readonly columns: RealData;
  readonly lower: readonly number[];
  readonly lengths: readonly number[];
  /** Whose rows and columns these are, where ranks have some each. */
  readonly shards?: { readonly rows: Shard; readonly columns: Shard } | undefined;
}

/** Points of the rows and of the columns; or why they can have no grid, in a sentence. */
export function* pointsOf({ points }: Convolution, { arrays, shards }: Given): Task<Points | string> {
  const of = (side: "row" | "column"): RealArray[] => points.map((pair) => at(arrays, pair[side].position));
  const dims = points.map(({ row }) => row.dim);
  const [rows, columns] = [joined(of("row"), dims), joined(of("column"), dims)];
  const dim = dims.reduce((sum, d) => sum + d, 0);
  const box = boxOfAll(yield* boxOf(dim, rows, columns), dim, ranksOf({ shards }));
  if (!box.every(Number.isFinite)) return "not all points are finite";
  const lengths = Array.from({ length: dim }, (_, k) => at(box, dim + k) - at(box, k));
  const longest = Math.max(...lengths);
  if (!(longest > 0)) return "all points are equal";
  const ofRanks = shards && {
    rows: asserted(shards[at(points, 0).row.category as Kept], "a shard of rows"),
    columns: asserted(shards[at(points, 0).column.category as Kept], "a shard of columns"),
  };
  const [lower, long] = [box.slice(0, dim), lengths.map((l) => Math.max(l, FLAT * longest))];
  return { dim, rows, columns, lower, lengths: long, shards: ofRanks };
}

/** The box of what all ranks have. */
function boxOfAll(box: readonly number[], dim: number, ranks: Ranks | undefined): number[] {
  const sign = (bound: number, n: number): number => (n < dim ? bound : -bound);
  return [...amongAll(ranks, "min", Float64Array.from(box, sign), "the box of points")].map(sign);
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

/** A cell that holds all of them; one of none holds nothing. */
function* boxOfPoints(points: RealData, dim: number): Task<number[]> {
  if (points.length === 0) return Array.from({ length: 2 * dim }, (_, n) => (n < dim ? Infinity : -Infinity));
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
function sampledShares({ dim, rows, columns, shards }: Points): Float64Array {
  const some = sampledAxes(rows, dim, shards?.rows);
  const others = sampledAxes(columns, dim, shards?.columns);
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
function sampledAxes(points: RealData, dim: number, shard: Shard | undefined): Float64Array[] {
  const chosen = sampledRows(shard ? sumOf(shard.counts) : points.length / dim, SAMPLED_POINTS);
  const some = rowsOfAll(points, dim, chosen, shard);
  return Array.from({ length: dim }, (_, k) => Float64Array.from(chosen, (_, n) => realAt(some, n * dim + k)));
}
