/**
 * The points of a convolution side by side: their box, and how many pairs of them are near each other. Knows no kernel.
 */
import { contiguous } from "../array/view";
import type { RealArray } from "../array/view";
import { at } from "../asserts";
import type { Given } from "../call/prepared";
import type { RealData } from "../device/native";
import type { Convolution } from "../formula/convolution";
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
export function pointsOf({ points }: Convolution, { arrays }: Given): Points | string {
  const of = (side: "row" | "column"): RealArray[] => points.map((pair) => at(arrays, pair[side].position));
  const dims = points.map(({ row }) => row.dim);
  const [rows, columns] = [joined(of("row"), dims), joined(of("column"), dims)];
  const dim = dims.reduce((sum, d) => sum + d, 0);
  const box = boxOf(dim, rows, columns);
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
      for (let k = 0; k < dim; k++) out[p * width + start + k] = at(at(data, n), p * dim + k);
    start += dim;
  }
  return out;
}

/** Lower corner, then upper corner; not finite where a point is not. */
function boxOf(dim: number, ...all: readonly RealData[]): number[] {
  const [lower, upper] = [new Float64Array(dim).fill(Infinity), new Float64Array(dim).fill(-Infinity)];
  for (const points of all)
    for (let n = 0; n < points.length; n += dim)
      for (let k = 0; k < dim; k++) {
        const value = at(points, n + k);
        lower[k] = Math.min(at(lower, k), value - value === 0 ? value : NaN);
        upper[k] = Math.max(at(upper, k), value);
      }
  return [...lower, ...upper];
}

const SAMPLED_POINTS = 768;
/** Squares of distances are counted by their exponent and as many bits of their mantissa. */
const BITS_KEPT = 5;

/** What part of all pairs is within a distance, about, from a sample of them that is taken when first asked. */
export function shareWithin(points: Points): (radius: number) => number {
  let below: Float64Array | undefined;
  return (radius) => {
    below ??= sampledShares(points);
    return at(below, binOf(radius * radius));
  };
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Ascending with the square. */
function binOf(square: number): number {
  float[0] = square;
  return at(bits, 0) >>> (23 - BITS_KEPT);
}

/** What part of pairs has squares of each bin or below. */
function sampledShares({ dim, rows, columns }: Points): Float64Array {
  const some = sampledRows(rows.length / dim, SAMPLED_POINTS);
  const others = sampledRows(columns.length / dim, SAMPLED_POINTS);
  const below = new Float64Array(2 ** (8 + BITS_KEPT));
  for (let i = 0; i < some.length; i++)
    for (let j = 0; j < others.length; j++) {
      const [p, q] = [at(some, i) * dim, at(others, j) * dim];
      let square = 0;
      for (let k = 0; k < dim; k++) square += (at(rows, p + k) - at(columns, q + k)) ** 2;
      below[binOf(square)]!++;
    }
  const unit = 1 / (some.length * others.length);
  for (let n = 0, sum = 0; n < below.length; n++) below[n] = unit * (sum += at(below, n));
  return below;
}
