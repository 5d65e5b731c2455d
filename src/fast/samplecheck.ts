/**
 * Exact rows beside an approximate result: how large its error is, from a sample of rows, and how well that is known;
 * and the scale against which errors of a convolution count, what exact rows are for weights of random signs. Rows are
 * the same in equal calls. Must not know how the result was made.
 */
import { ownRows, sumOf } from "../array/shard";
import { contiguous, wrap } from "../array/view";
import type { RealArray } from "../array/view";
import { at, realAt } from "../asserts";
import { Operator } from "../call/operator";
import type { Given, How } from "../call/prepared";
import { PLAIN_SUM, otherOf } from "../call/result";
import type { Kept } from "../call/result";
import { withExtent } from "../call/shares";
import { allocate } from "../device/memory";
import type { RealData } from "../device/native";
import type { Convolution } from "../formula/convolution";
import { Category } from "../formula/formula";
import { waitFor } from "../task";
import type { Task } from "../task";
import { randomNumbers } from "./kerneltable";
import { amongAll, ranksOf, rowsOfAll, sumOfAll } from "./shared";

/** Relative to the Euclidean norm of the result, over all rows. */
export interface MeasuredError {
  readonly error: number;
  /** Of the error: what another sample of rows would change, in the same measure (one standard deviation). */
  readonly uncertainty: number;
  /** How many rows were computed exactly. */
  readonly rows: number;
}

const CHECKED_ROWS = 128;

/**
 * Compares `[rows, dim]` numbers with those of all pairs, on some rows. The error is Infinity where they tell nothing:
 * where a number is not finite, or nearly all rows of the sample are 0.
 */
export function* measureError(operator: Operator, given: Given, how: How, result: RealData): Task<MeasuredError> {
  const { rows } = operator.sizes(given);
  const chosen = sampledRows(rows, CHECKED_ROWS);
  const exact = yield* exactRows(operator, given, how, chosen);
  const { dim } = operator;
  const shard = given.shards?.[operator.settings.rows];
  const ranks = ranksOf(given);
  const scale = realAt(amongAll(ranks, "max", Float64Array.of(largestOf(result)), "the largest of a result"), 0);
  if (!(scale < Infinity) || nonzeroRows(exact, dim) < Math.min(LEAST_TELLING, chosen.length))
    return { error: Infinity, uncertainty: 0, rows: chosen.length };
  if (scale === 0) return { ...errorOfZeros(exact), rows: chosen.length };
  const some = rowsOfAll(result, dim, chosen, shard);
  const squares = Array.from(chosen, (_, n) => {
    let square = 0;
    for (let k = n * dim; k < (n + 1) * dim; k++) square += ((realAt(some, k) - realAt(exact, k)) / scale) ** 2;
    return square;
  });
  const square = shard
    ? sumOfAll(
        Float64Array.from(result, (value) => (value / scale) ** 2),
        ranks,
      )
    : squareOf(result, scale);
  return { ...errorFrom(squares, square / rows), rows: chosen.length };
}

/** Rows that are not 0 below which a sample tells nothing, as where a mask leaves few rows. */
const LEAST_TELLING = 16;

function nonzeroRows(values: RealData, dim: number): number {
  let count = 0;
  for (let row = 0; row * dim < values.length; row++)
    if (values.subarray(row * dim, (row + 1) * dim).some((value) => value !== 0)) count++;
  return count;
}

/** A result of zeros is right where exact rows are 0 as well, and else lacks all of it. */
const errorOfZeros = (exact: RealData): Omit<MeasuredError, "rows"> => ({
  error: largestOf(exact) === 0 ? 0 : 1,
  uncertainty: 0,
});

/** The largest magnitude; NaN or Infinity where a number is not finite. */
function largestOf(values: RealData): number {
  let largest = 0;
  for (const value of values) {
    const size = Math.abs(value);
    if (!(size <= largest)) largest = size;
    if (Number.isNaN(largest)) return NaN;
  }
  return largest;
}

/**
 * From the squares of the errors of rows, and the mean square of the rows of the result. The deviation of a root is half
 * that of the square, relatively.
 */
export function errorFrom(squares: readonly number[], ofResult: number): Omit<MeasuredError, "rows"> {
  const count = squares.length;
  const mean = squares.reduce((sum, square) => sum + square, 0) / count;
  const variance = squares.reduce((sum, square) => sum + (square - mean) ** 2, 0) / Math.max(1, count - 1);
  if (mean === 0) return { error: 0, uncertainty: 0 };
  const error = Math.sqrt(mean / ofResult);
  return { error, uncertainty: (error * Math.sqrt(variance / count)) / (2 * mean) };
}

/** The sum of squares of values over a scale, which keeps them from overflow and underflow. */
function squareOf(values: RealData, scale = 1): number {
  let sum = 0;
  for (const value of values) sum += (value / scale) ** 2;
  return sum;
}

/** Rows in ascending order, one at random from each of as many equal parts; all where there are not more. */
export function sampledRows(rows: number, count: number): Uint32Array {
  if (rows <= count) return Uint32Array.from({ length: rows }, (_, row) => row);
  const random = randomNumbers();
  return Uint32Array.from({ length: count }, (_, n) => Math.floor(((n + random()) * rows) / count));
}

/** `[chosen, dim]`: some rows of the result of all pairs. */
export function* exactRows(operator: Operator, given: Given, how: How, chosen: Uint32Array): Task<RealData> {
  const { rows } = operator.settings;
  const shard = given.shards?.[rows];
  const arrays = given.arrays.map((array, n) => {
    const { category, dim } = at(operator.args, n);
    if (category !== rows) return array;
    return wrap(rowsOfAll(contiguous(array), dim, chosen, shard), [chosen.length, dim]);
  });
  const plain = new Operator(operator.formulas, operator.args, operator.settings);
  const part = shard
    ? { ...given, arrays, extents: withExtent(given.extents, rows, chosen.length) }
    : plain.check(arrays, [chosen.length, chosen.length]);
  const out =
    given.dtype === "float64"
      ? new Float64Array(chosen.length * plain.dim)
      : new Float32Array(chosen.length * plain.dim);
  const exact = { ...how, tolerance: undefined, ranges: undefined, begun: new Map() };
  yield* waitFor(plain.work(part, out, shard ? sharedByAll(exact, rows) : exact));
  return out;
}

/** How rows that all ranks have are computed by them together, and then are there on all. */
function sharedByAll(how: How, rows: Kept): How {
  const columns = how.shards?.[otherOf(rows)];
  const shards: How["shards"] = rows === Category.I ? [undefined, columns] : [columns, undefined];
  return { ...how, ranks: ranksOf(how), shards, partOf: undefined };
}

/** Rows of `[count, dim]` numbers, in another order. */
export const gatherRows = (array: RealArray, rows: Uint32Array | Int32Array, dim: number): RealArray =>
  wrap(rowsOfAll(contiguous(array), dim, rows, undefined), [rows.length, dim]);

// ------------------------------------------------------------------------------------------------- the scale of errors

const SCALE_ROWS = 32;

/** The root mean square that a pair adds to a row of the result, where weights and factors have random signs. */
export function* scaleOf(operator: Operator, convolution: Convolution, given: Given, how: How): Task<number> {
  const linear = new Set([...convolution.weights, ...convolution.factors].map(({ position }) => position));
  let before = 0;
  const arrays = given.arrays.map((array, n) => {
    if (!linear.has(n)) return array;
    const { category, dim } = at(operator.args, n);
    const shard = category === Category.P ? undefined : given.shards?.[category];
    const random = randomNumbers(before + (shard ? ownRows(shard)[0] * dim : 0));
    before += shard ? sumOf(shard.counts) * dim : array.size;
    const signs = allocate(given.dtype, array.size);
    for (let k = 0; k < signs.length; k++) signs[k] = random() < 0.5 ? -1 : 1;
    return wrap<RealData>(signs, array.shape);
  });
  const { rows, columns } = operator.sizes(given);
  const total = new Operator(operator.formulas, operator.args, { ...PLAIN_SUM, rows: operator.settings.rows });
  const chosen = sampledRows(rows, SCALE_ROWS);
  const values = yield* exactRows(total, { ...given, arrays }, how, chosen);
  return Math.sqrt(squareOf(values) / (chosen.length * columns));
}
