/**
 * Reductions along axes. The one idea: the axes that go are moved to the end, where they are the rows of a matrix
 * `[kept, gone]`; a reduction is a loop over one row and a gradient rule on matrices, or is made of others. Sums are
 * taken in float64. Must not know engines.
 */
import { dtypeOf, allocate, readable, sizeOf, wrapBeside } from "../array/view";
import type { RealArray } from "../array/view";
import { div, recorded, reshape, sum as sumOver, transpose } from "../array/arithmetic";
import { arrayIn } from "../array/check";
import type { ArrayInput } from "../array/check";
import type { Int32NdArray } from "../array/integers";
import { gather } from "../array/tape";
import { at } from "../asserts";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { atMost, optionsOf } from "../options";
import type { OptionsOf } from "../options";
import { abs, pow, sqrt, square } from "./rows";
import { areIntegers, axesOf, axisOf } from "./shapes";

export const AXES = {
  /** The axis that goes, or a list of them; -1 is the last. All by default. */
  axis: {
    expected: "an axis or a list of axes",
    accepts: (value: unknown): value is number | readonly number[] => Number.isInteger(value) || areIntegers(value),
  },
  /** Keep the axes that go, with length 1. Default false. */
  keepDims: { kind: [true, false], default: false },
} as const;

export const ONE_AXIS = {
  /** The axis; -1 is the last. */
  axis: { expected: "an axis", accepts: (value: unknown): value is number => Number.isInteger(value) },
} as const;

export const ORDER = {
  /** The p of the p-norm, 2 by default; `Infinity` takes the largest magnitude. */
  order: {
    expected: "a number of at least 1",
    accepts: (value: unknown): value is number => typeof value === "number" && value >= 1,
    default: 2,
  },
} as const;

/** Along which axes, and whether they stay. */
export type AxesOptions = OptionsOf<typeof AXES>;
/** Along which axis. */
export type AxisOptions = OptionsOf<typeof ONE_AXIS>;
/** Along which axes a norm is taken, and which. */
export type NormOptions = OptionsOf<typeof AXES & typeof ORDER>;

/** What is reduced, as a matrix, and the shape of what comes out. */
export interface Rows<T extends RealData> {
  /** `[kept, gone]` */
  readonly matrix: RealArray<T>;
  readonly shape: readonly number[];
}

export function rowsOf<T extends RealData>(
  where: string,
  given: ArrayInput<T>,
  { axis, keepDims }: AxesOptions,
): Rows<T> {
  const x = arrayIn(where, given);
  const gone = axesOf(where, axis, x.shape);
  const kept = [...x.shape.keys()].filter((k) => !gone.includes(k));
  const lengths = (axes: readonly number[]): number[] => axes.map((k) => at(x.shape, k));
  const matrix = reshape(transpose(x, [...kept, ...gone]), [sizeOf(lengths(kept)), sizeOf(lengths(gone))]);
  const shape = keepDims ? x.shape.map((length, k) => (gone.includes(k) ? 1 : length)) : lengths(kept);
  return { matrix, shape };
}

/** One number for each row. */
export type Fold = (data: RealData, begin: number, end: number) => number;

export function foldRows(x: RealArray, fold: Fold): Float64Array {
  const [rows, length] = x.shape as [number, number];
  const data = readable(x);
  return Float64Array.from({ length: rows }, (_, n) => fold(data, n * length, (n + 1) * length));
}

/** @throws ArgumentError where there is nothing to choose from. */
function refuseEmpty(where: string, { matrix }: Rows<RealData>): void {
  if (at(matrix.shape, 1) === 0) throw new ArgumentError(`${where}: expected at least one element, got none`);
}

// ----------------------------------------------------------------------------------------------------- sums

/**
 * The sum of the elements, along all axes or those of `axis`.
 * @param x an array of any shape, or nested lists
 * @returns an array of the shape of x without those axes, or with length 1 there if `keepDims`
 * @throws ArgumentError if there is no such axis
 * @example console.log(nd.toNested(nd.sum([[1, 2], [3, 4]], { axis: 0 }))); // [ 4, 6 ]
 */
export function sum<T extends RealData>(x: ArrayInput<T>, options?: AxesOptions | null): RealArray<T> {
  atMost("sum", 2, arguments);
  return sumRows(rowsOf("sum", x, optionsOf("sum", options, AXES)));
}

const sumRows = <T extends RealData>({ matrix, shape }: Rows<T>): RealArray<T> => reshape(sumOver(matrix, 1), shape);

/**
 * The mean of the elements; NaN of none.
 * @param x an array of any shape, or nested lists
 * @returns an array of the shape of x without those axes, or with length 1 there if `keepDims`
 * @throws ArgumentError if there is no such axis
 * @example console.log(nd.toNested(nd.mean([[1, 2], [3, 4]], { axis: 1 }))); // [ 1.5, 3.5 ]
 */
export function mean<T extends RealData>(x: ArrayInput<T>, options?: AxesOptions | null): RealArray<T> {
  atMost("mean", 2, arguments);
  const rows = rowsOf("mean", x, optionsOf("mean", options, AXES));
  return div(sumRows(rows), at(rows.matrix.shape, 1));
}

/**
 * The p-norm of the elements, Euclidean by default, as an array of shape `[]` where all axes go. Its derivative at 0
 * is 0.
 * @param x an array of any shape, or nested lists
 * @returns an array of the shape of x without those axes, or with length 1 there if `keepDims`
 * @throws ArgumentError if there is no such axis
 * @example console.log(nd.toNested(nd.norm([[3, 4], [6, 8]], { axis: 1 }))); // [ 5, 10 ]
 */
export function norm<T extends RealData>(x: ArrayInput<T>, options?: NormOptions | null): RealArray<T> {
  atMost("norm", 2, arguments);
  const { order = ORDER.order.default, ...over } = optionsOf("norm", options, { ...AXES, ...ORDER });
  const array = arrayIn("norm", x);
  axesOf("norm", over.axis, array.shape);
  if (order === 2) return sqrt(sum(square(array), over));
  if (order === 1) return sum(abs(array), over);
  if (order === Infinity) return max(abs(array), over);
  return pow(sum(pow(abs(array), order), over), 1 / order);
}

/**
 * Sums of the elements up to each, along `axis`; all in row-major order without one.
 * @param x an array of any shape, or nested lists
 * @returns an array of the shape of x, or a vector without an axis
 * @throws ArgumentError if there is no such axis
 * @example console.log(nd.toNested(nd.cumsum([1, 2, 3]))); // [ 1, 3, 6 ]
 */
export function cumsum<T extends RealData>(x: ArrayInput<T>, options?: AxisOptions | null): RealArray<T> {
  atMost("cumsum", 2, arguments);
  const array = arrayIn("cumsum", x);
  const { axis } = optionsOf("cumsum", options, ONE_AXIS);
  const size = sizeOf(array.shape);
  if (axis === undefined) return reshape(sumsUpTo(reshape(array, [1, size]), false), [size]);
  return alongLast(array, axisOf("cumsum", axis, array.shape), (matrix) => sumsUpTo(matrix, false));
}

/** The axis is moved to the end, and back. */
export function alongLast<T extends RealData>(
  x: RealArray<T>,
  axis: number,
  ofRows: (matrix: RealArray<T>) => RealArray<T>,
): RealArray<T> {
  const order = [...x.shape.keys()].filter((k) => k !== axis).concat(axis);
  const moved = transpose(x, order);
  const length = at(x.shape, axis);
  const rows = length === 0 ? 0 : sizeOf(x.shape) / length;
  const result = reshape(ofRows(reshape(moved, [rows, length])), moved.shape);
  return transpose(
    result,
    [...order.keys()].map((k) => order.indexOf(k)),
  );
}

function sumsUpTo<T extends RealData>(x: RealArray<T>, fromEnd: boolean): RealArray<T> {
  const [rows, length] = x.shape as [number, number];
  const data = readable(x);
  const sums: RealData = allocate(dtypeOf(x), data.length);
  for (let row = 0; row < rows; row++) {
    let total = 0;
    for (let k = 0; k < length; k++) {
      const place = row * length + (fromEnd ? length - 1 - k : k);
      total += data[place] as number;
      sums[place] = total;
    }
  }
  const output = wrapBeside(sums as T, x.shape, x);
  return recorded("cumsum", output, [x], [(cotangent) => sumsUpTo(cotangent, !fromEnd)], { readsInputs: [false] });
}

// ------------------------------------------------------------------------------------------------- extremes

const bestOf =
  (isBetter: (a: number, b: number) => boolean): Fold =>
  (data, begin, end) => {
    let best = begin;
    for (let k = begin; k < end; k++) {
      const value = data[k] as number;
      if (Number.isNaN(value)) return k;
      if (isBetter(value, data[best] as number)) best = k;
    }
    return best;
  };

const LARGEST = bestOf((a, b) => a > b);
const SMALLEST = bestOf((a, b) => a < b);

/**
 * The largest element; NaN where there is one. The derivative goes to the first of equal ones.
 * @param x an array of any shape, or nested lists
 * @returns an array of the shape of x without those axes, or with length 1 there if `keepDims`
 * @throws ArgumentError if there is no such axis, or no element
 * @example console.log(nd.toNested(nd.max([[1, 5], [3, 4]], { axis: 1 }))); // [ 5, 4 ]
 */
export function max<T extends RealData>(x: ArrayInput<T>, options?: AxesOptions | null): RealArray<T> {
  atMost("max", 2, arguments);
  return pickRows("max", x, options, LARGEST);
}

/**
 * The smallest element; otherwise as `max`.
 * @param x an array of any shape, or nested lists
 * @returns an array of the shape of x without those axes, or with length 1 there if `keepDims`
 * @throws ArgumentError if there is no such axis, or no element
 * @example console.log(nd.toNested(nd.min([[1, 5], [3, 4]], { axis: 1 }))); // [ 1, 3 ]
 */
export function min<T extends RealData>(x: ArrayInput<T>, options?: AxesOptions | null): RealArray<T> {
  atMost("min", 2, arguments);
  return pickRows("min", x, options, SMALLEST);
}

function pickRows<T extends RealData>(
  where: string,
  x: ArrayInput<T>,
  options: AxesOptions | null | undefined,
  fold: Fold,
): RealArray<T> {
  const rows = rowsOf(where, x, optionsOf(where, options, AXES));
  refuseEmpty(where, rows);
  return gather(rows.matrix, foldRows(rows.matrix, fold), rows.shape);
}

/**
 * The index of the largest element along `axis`, the first of equal ones; in row-major order where all axes go.
 * @param x an array of any shape, or nested lists
 * @returns int32 indices, of the shape of x without the axis
 * @throws ArgumentError if there is no such axis, or no element
 * @example console.log(nd.toNested(nd.argmax([[1, 5], [4, 3]], { axis: 1 }))); // [ 1, 0 ]
 */
export function argmax(x: ArrayInput, options?: OptionsOf<typeof ONE_AXIS> | null): Int32NdArray {
  atMost("argmax", 2, arguments);
  return findRows("argmax", x, options, LARGEST);
}

/**
 * The index of the smallest element; otherwise as `argmax`.
 * @param x an array of any shape, or nested lists
 * @returns int32 indices, of the shape of x without the axis
 * @throws ArgumentError if there is no such axis, or no element
 * @example console.log(nd.toNested(nd.argmin([[1, 5], [3, 2]], { axis: 1 }))); // [ 0, 1 ]
 */
export function argmin(x: ArrayInput, options?: OptionsOf<typeof ONE_AXIS> | null): Int32NdArray {
  atMost("argmin", 2, arguments);
  return findRows("argmin", x, options, SMALLEST);
}

function findRows(where: string, x: ArrayInput, options: AxisOptions | null | undefined, fold: Fold): Int32NdArray {
  const rows = rowsOf(where, x, optionsOf(where, options, ONE_AXIS));
  refuseEmpty(where, rows);
  const length = at(rows.matrix.shape, 1);
  const found = Int32Array.from(foldRows(rows.matrix, fold), (place) => place % length);
  return wrapBeside(found, rows.shape, rows.matrix);
}
