/**
 * Integer arrays as users pass them: nested lists, typed arrays (64-bit ones too) and ndarrays of any type. The one
 * idea: whatever came in, the rest sees exact numbers in row-major order, and every refusal names the place. Must not
 * know what the integers mean.
 */
import type { NdArray } from "ndarray";
import { memoryOf } from "../device/memory";
import { ArgumentError } from "../errors";
import type { NumberArray } from "./array";
import { checkReach, described, isList, isNdarray } from "./check";
import { isContiguous, positions, shapeText, sizeOf, wrap } from "./view";

/** Integers `[n]`: a list, a typed array, or an ndarray. */
export type IntegerArray = ArrayLike<number> | ArrayLike<bigint> | NumberArray;

/** Intervals [begin, end) as rows of `[n, 2]`: a list of pairs, a typed array of 2 n numbers, or an ndarray. */
export type IntervalArray = readonly ArrayLike<number>[] | ArrayBufferView | NumberArray;

/** An ndarray of int32 elements. */
export type Int32NdArray = NdArray<Int32Array>;

/** The integers of `[n]`. Throws ArgumentError. */
export function integersOf(where: string, value: unknown): Float64Array {
  const { shape, numbers } = integersIn(where, value);
  if (shape.length === 1) return numbers;
  throw new ArgumentError(`${where}: expected integers of shape [n], got shape ${shapeText(shape)}`);
}

/** The 2 n integers of `[n, 2]`, row by row. Throws ArgumentError. */
export function intervalsOf(where: string, value: unknown): Float64Array {
  const { shape, numbers } = integersIn(where, value);
  const isFlat = shape.length === 1 && (ArrayBuffer.isView(value) || numbers.length === 0);
  if (isFlat ? numbers.length % 2 === 0 : shape.length === 2 && (shape[1] === 2 || shape[0] === 0)) return numbers;
  throw new ArgumentError(`${where}: expected intervals [begin, end] of shape [n, 2], got shape ${shapeText(shape)}`);
}

/** A row-major int32 ndarray. Throws ArgumentError if an element does not fit. */
export function int32(where: string, numbers: ArrayLike<number>, shape: readonly number[]): Int32NdArray {
  const data = Int32Array.from(numbers);
  const wrong = data.findIndex((value, n) => value !== numbers[n]);
  if (wrong < 0) return wrap(data, [...shape]);
  throw new ArgumentError(`${where}: expected integers below 2^31, got ${String(numbers[wrong])}`);
}

/** Elements of whatever type, with their shape; lists may be nested once. */
export function elementsOf(where: string, value: unknown): [shape: readonly number[], elements: ArrayLike<unknown>] {
  if (isNdarray(value)) return [value.shape, ndarrayElements(where, value)];
  if (!isList(value)) {
    const expected = "nested lists, a typed array or an ndarray of integers";
    throw new ArgumentError(`${where}: expected ${expected}, got ${described(value)}`);
  }
  if (!isList(value[0])) return [[value.length], value];
  const width = value[0].length;
  const rows = Array.from(value);
  const ragged = rows.findIndex((row) => !isList(row) || row.length !== width);
  if (ragged < 0) return [[rows.length, width], (rows as ArrayLike<unknown>[]).flatMap((row) => Array.from(row))];
  const row = rows[ragged];
  const got = isList(row) ? `${String(row.length)} of them` : described(row);
  throw new ArgumentError(`${where}[${String(ragged)}]: expected ${String(width)} numbers as in row 0, got ${got}`);
}

function ndarrayElements(
  where: string,
  value: { data: ArrayLike<unknown>; shape: readonly number[]; stride: readonly number[]; offset: number },
): ArrayLike<unknown> {
  checkReach(where, value);
  const data = memoryOf(value.data).toHost(value.data) as ArrayLike<unknown> & { get?: (position: number) => unknown };
  const coversMemory = value.offset === 0 && data.length === sizeOf(value.shape) && isContiguous(value);
  if (coversMemory && !data.get) return data;
  return Array.from(positions(value), (at) => (data.get ? data.get(at) : data[at]));
}

/** Integers of any shape, in row-major order; lists may be nested once. Throws ArgumentError. */
export function integersIn(where: string, value: unknown): { shape: readonly number[]; numbers: Float64Array } {
  const [shape, elements] = elementsOf(where, value);
  const numbers = new Float64Array(elements.length);
  for (let n = 0; n < numbers.length; n++) {
    const element = elements[n];
    const number = typeof element === "bigint" ? Number(element) : element;
    if (!Number.isSafeInteger(number)) throw notInteger(where, shape, n, element);
    numbers[n] = number as number;
  }
  return { shape, numbers };
}

function notInteger(where: string, shape: readonly number[], n: number, got: unknown): ArgumentError {
  const width = shape[1];
  const place = width === undefined ? `[${String(n)}]` : `[${String(Math.floor(n / width))}][${String(n % width)}]`;
  return new ArgumentError(`${where}${place}: expected an integer, got ${described(got)}`);
}
