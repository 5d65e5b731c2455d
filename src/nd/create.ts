/** Arrays that are made of numbers alone: constants, ranges, grids, and random choices. Must not know formulas. */
import { DTYPE, generator, zeros } from "../array/array";
import { arrayIn, checkShape, dtypeAmong } from "../array/check";
import type { ArrayInput } from "../array/check";
import { int32 } from "../array/integers";
import type { Int32NdArray } from "../array/integers";
import { shapeText, sizeOf } from "../array/view";
import type { ArrayOf, Dtype, RealArray } from "../array/view";
import { at, realAt } from "../asserts";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { atMost, describeValue, optionsOf } from "../options";
import { take } from "./pick";
import { stack } from "./rearrange";
import type { OptionsOf } from "../options";

/** The dtype of a new array. */
export type TypeOptions<D extends Dtype = Dtype> = OptionsOf<typeof DTYPE, Dtype, D>;

/**
 * A new array of `shape` filled with 1.
 * @param shape the lengths of the axes
 * @returns a new array of that shape
 * @throws ArgumentError if `shape` is not a list of integers of at least 0
 * @example console.log(nd.toNested(nd.ones([2, 2]))); // [ [ 1, 1 ], [ 1, 1 ] ]
 */
export function ones<D extends Dtype = "float32">(
  shape: readonly number[],
  options?: TypeOptions<D> | null,
): ArrayOf<D> {
  atMost("ones", 2, arguments);
  return filled("ones", shape, 1, options);
}

/**
 * A new array of `shape` filled with `value`.
 * @param shape the lengths of the axes
 * @param value a number
 * @returns a new array of that shape
 * @throws ArgumentError if `shape` is not a list of integers of at least 0, or `value` no number
 * @example console.log(nd.toNested(nd.full([3], 7))); // [ 7, 7, 7 ]
 */
export function full<D extends Dtype = "float32">(
  shape: readonly number[],
  value: number,
  options?: TypeOptions<D> | null,
): ArrayOf<D> {
  atMost("full", 3, arguments);
  return filled("full", shape, checkNumber("full, value", value), options);
}

function filled<D extends Dtype>(
  where: string,
  shape: readonly number[],
  value: number,
  options: TypeOptions<D> | null | undefined,
): ArrayOf<D> {
  const made = zeros<D>(checkShape(where, shape), optionsOf<TypeOptions<D>>(where, options, DTYPE));
  made.data.fill(value);
  return made;
}

function checkNumber(where: string, value: unknown): number {
  if (typeof value === "number") return value;
  throw new ArgumentError(`${where}: expected a number, got ${describeValue(value)}`);
}

/**
 * The identity matrix `[n, n]`.
 * @param n the number of rows and columns
 * @returns a new array `[n, n]`
 * @throws ArgumentError unless n is an integer of at least 0
 * @example console.log(nd.toNested(nd.eye(2))); // [ [ 1, 0 ], [ 0, 1 ] ]
 */
export function eye<D extends Dtype = "float32">(n: number, options?: TypeOptions<D> | null): ArrayOf<D> {
  atMost("eye", 2, arguments);
  const identity = filled("eye", checkShape("eye", [n, n]), 0, options);
  for (let k = 0; k < sizeOf(identity.shape); k += n + 1) identity.data[k] = 1;
  return identity;
}

/**
 * Numbers from `start` up to but without `stop`: `arange(3)` is 0, 1, 2; `arange(1, 2, 0.5)` is 1, 1.5.
 * @param start the first number; the end, from 0 on, where it stands alone
 * @param stop where to end
 * @param step from each number to the next, 1 by default
 * @returns a vector
 * @throws ArgumentError for a step of 0, and for what is no number
 * @example console.log(nd.toNested(nd.arange(1, 2, 0.25))); // [ 1, 1.25, 1.5, 1.75 ]
 */
export function arange(start: number, stop?: number | null, step = 1, options?: TypeOptions | null): RealArray {
  atMost("arange", 4, arguments);
  const [begin, end] = stop === undefined || stop === null ? [0, start] : [start, stop];
  for (const [name, value] of Object.entries({ start: begin, stop: end, step }))
    if (!Number.isFinite(value))
      throw new ArgumentError(`arange, ${name}: expected a finite number, got ${describeValue(value)}`);
  if (step === 0) throw new ArgumentError("arange, step: expected a number other than 0, got 0");
  const count = Math.max(0, Math.ceil((end - begin) / step));
  const made = filled("arange", [count], 0, options);
  for (let k = 0; k < count; k++) made.data[k] = begin + k * step;
  return made;
}

const SPACED = {
  /** Whether the last number is `stop`. Default true. */
  endpoint: { kind: [true, false], default: true },
} as const;

const LINSPACE: typeof DTYPE & typeof SPACED = { ...DTYPE, ...SPACED };

/**
 * `count` numbers from `start` to `stop`, evenly spaced.
 * @param start the first number
 * @param stop the last number
 * @param count how many
 * @returns a vector `[count]`
 * @throws ArgumentError unless count is an integer of at least 0
 * @example console.log(nd.toNested(nd.linspace(0, 1, 5))); // [ 0, 0.25, 0.5, 0.75, 1 ]
 */
export function linspace<D extends Dtype = "float32">(
  start: number,
  stop: number,
  count: number,
  options?: OptionsOf<typeof LINSPACE, Dtype, D> | null,
): ArrayOf<D> {
  atMost("linspace", 4, arguments);
  const { endpoint = true, ...type } = optionsOf("linspace", options, LINSPACE);
  const [begin, end] = [checkNumber("linspace, start", start), checkNumber("linspace, stop", stop)];
  const made = filled<D>("linspace", [count], begin, type);
  const steps = endpoint ? count - 1 : count;
  for (let k = 1; k < count; k++) made.data[k] = k === steps ? end : begin + (k * (end - begin)) / steps;
  return made;
}

/**
 * All points of a grid, `[n0 n1 ..., axes]`, from a vector of coordinates for each axis; the last runs fastest:
 * `grid(x, y)` are the points (x0, y0), (x0, y1), … Derivatives reach the axes.
 * @param axes a vector of coordinates for each axis
 * @returns an array `[n0 n1 ..., axes]`
 * @throws ArgumentError for what is no vector
 * @example console.log(nd.toNested(nd.grid([0, 1], [5, 6]))); // [ [ 0, 5 ], [ 0, 6 ], [ 1, 5 ], [ 1, 6 ] ]
 */
export function grid<T extends RealData>(...axes: readonly ArrayInput<T>[]): RealArray<T> {
  if (axes.length === 0) throw new ArgumentError("grid: expected at least one vector of coordinates, got none");
  const dtype = dtypeAmong(axes);
  const vectors = axes.map((axis, k) => vectorIn(`grid, axis ${String(k)}`, axis, dtype));
  const lengths = vectors.map(({ shape }) => at(shape, 0));
  const columns = vectors.map((vector, k) => {
    const inner = sizeOf(lengths.slice(k + 1));
    const index = (_: unknown, point: number): number => Math.floor(point / inner) % at(lengths, k);
    return take(vector, Int32Array.from({ length: sizeOf(lengths) }, index));
  });
  return stack(columns, { axis: 1 });
}

function vectorIn<T extends RealData>(where: string, x: ArrayInput<T>, dtype: Dtype | undefined): RealArray<T> {
  const vector = arrayIn(where, x, dtype);
  if (vector.shape.length === 1) return vector;
  throw new ArgumentError(`${where}: expected a vector [N], got shape ${shapeText(vector.shape)}`);
}

// --------------------------------------------------------------------------------------------------- random

const SEED = {
  /** An integer below 2^53: the same seed gives the same numbers. Without it they are new each time. */
  seed: { kind: "integer", least: 0 },
} as const;

const DRAWN = {
  /** Whether an index may be drawn more than once. Default false. */
  replace: { kind: [true, false], default: false },
} as const;

const CHOICE: typeof SEED & typeof DRAWN = { ...SEED, ...DRAWN };

/**
 * Random integers from `low` up to but without `high`, as int32.
 * @param low the least integer
 * @param high the first that is too large
 * @param shape the lengths of the axes
 * @returns a new int32 array of that shape
 * @throws ArgumentError unless low is below high
 * @example console.log(nd.randint(0, 10, [3], { seed: 1 }).shape); // [ 3 ]
 */
export function randint(
  low: number,
  high: number,
  shape: readonly number[],
  options?: OptionsOf<typeof SEED> | null,
): Int32NdArray {
  atMost("randint", 4, arguments);
  if (!Number.isInteger(low) || !Number.isInteger(high) || low >= high)
    throw new ArgumentError(
      `randint: expected integers low < high, got ${describeValue(low)} and ${describeValue(high)}`,
    );
  const uniform = generator(optionsOf("randint", options, SEED).seed);
  const size = sizeOf(checkShape("randint", shape));
  const drawn = Float64Array.from({ length: size }, () => low + Math.floor(uniform() * (high - low)));
  return int32("randint", drawn, shape);
}

/**
 * The integers below `n` in random order, as int32 (Fisher and Yates 1938).
 * @param n how many integers
 * @returns a vector `[n]`
 * @throws ArgumentError unless n is an integer of at least 0
 * @example console.log(nd.permutation(5, { seed: 1 }).shape); // [ 5 ]
 */
export function permutation(n: number, options?: OptionsOf<typeof SEED> | null): Int32NdArray {
  atMost("permutation", 2, arguments);
  checkShape("permutation", [n]);
  const uniform = generator(optionsOf("permutation", options, SEED).seed);
  return int32("permutation", shuffled(n, n, uniform), [n]);
}

/**
 * `count` random integers below `n`, different ones unless `replace`.
 * @param n the integers are below it
 * @param count how many are drawn
 * @returns an int32 vector `[count]`
 * @throws ArgumentError where there are too few
 * @example console.log(nd.choice(100, 3, { seed: 1 }).shape); // [ 3 ]
 */
export function choice(n: number, count: number, options?: OptionsOf<typeof CHOICE> | null): Int32NdArray {
  atMost("choice", 3, arguments);
  const { seed, replace = false } = optionsOf("choice", options, CHOICE);
  checkShape("choice, n", [n]);
  checkShape("choice, count", [count]);
  if (count > (replace && n > 0 ? Infinity : n))
    throw new ArgumentError(`choice: expected a count of at most ${String(n)}, got ${String(count)}`);
  const uniform = generator(seed);
  const drawn = replace
    ? Float64Array.from({ length: count }, () => Math.floor(uniform() * n))
    : shuffled(n, count, uniform);
  return int32("choice", drawn, [count]);
}

/** The first `count` of the integers below n in random order. */
function shuffled(n: number, count: number, uniform: () => number): Float64Array {
  const order = Float64Array.from({ length: n }, (_, k) => k);
  for (let k = 0; k < count; k++) {
    const other = k + Math.floor(uniform() * (n - k));
    [order[k], order[other]] = [realAt(order, other), realAt(order, k)];
  }
  return order.subarray(0, count);
}
