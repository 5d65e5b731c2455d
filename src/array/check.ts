/**
 * What users pass as arrays, shapes and dtypes: checked, and made arrays where lists stand for them.
 * The one idea: each check throws one sentence, *where: expected what, got what*, that names the conversion to use, before
 * anything is read; npm's ndarray has no class to ask for and checks no bounds, so a view may pass the end of its data.
 * Lists of numbers and typed arrays become arrays at the door, in the dtype of the arrays beside them, so that nothing
 * behind it knows them. Must not know formulas.
 */
import type { NdArray } from "ndarray";
import { reach, remoteType, sizeOf } from "../device/memory";
import type { Elements } from "../device/memory";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { article, describeValue, elementsName, isNdarrayLike, lengthOf } from "../options";
import { allocate, shapeText, wrap } from "./view";
import type { Dtype, Geometry, RealArray } from "./view";

export { describeValue as described } from "../options";

/** Whom a message is about; a function where the words take time, which is spent when there is something to say. */
type Where = string | (() => string);

const words = (where: Where): string => (typeof where === "string" ? where : where());

/** Positions are kept in 32 bits; ndarray's own index arithmetic ends even earlier. */
const mostElements = 2 ** 32 - 1;

/**
 * Returns `value` if it is a float32 or float64 ndarray (of `dtype`, if given) whose view stays inside its memory.
 * Throws ArgumentError, beginning with `where`, that names the conversion to use.
 */
export function checkArray(where: Where, value: unknown, dtype?: Dtype): RealArray {
  const expected = `a ${dtype ?? "float32 or float64"} ndarray`;
  if (!isNdarray(value))
    throw new ArgumentError(`${words(where)}: expected ${expected}, got ${describeForeign(value)}`);
  const got = elementType(value.data);
  if (got !== "float32" && got !== "float64") {
    throw new ArgumentError(
      `${words(where)}: expected ${expected}, got ${article(got)} ndarray: ${conversionHint(dtype)}`,
    );
  }
  checkReach(where, value);
  checkWidth(where, value.data, got);
  if (dtype !== undefined && got !== dtype) {
    throw new ArgumentError(`${words(where)}: expected ${expected}, got a ${got} one: ${conversionHint(dtype)}`);
  }
  return value as RealArray;
}

/** The width of elements is read off their data in every call, so that must not say anything else. */
function checkWidth(where: Where, data: object, type: Dtype): void {
  const { BYTES_PER_ELEMENT: bytes } = data as { readonly BYTES_PER_ELEMENT?: unknown };
  if (bytes === (type === "float64" ? 8 : 4)) return;
  throw new ArgumentError(
    `${words(where)}: expected ${type} data, got some whose BYTES_PER_ELEMENT is ${describeValue(bytes)}`,
  );
}

/** Checks an array as `checkArray` does, and accepts indices (int32 ndarrays) too. */
export function checkElements<T extends Elements>(where: Where, value: NdArray<T>): NdArray<T> {
  if (isNdarray(value) && elementType(value.data) === "int32") checkReach(where, value);
  else checkArray(where, value);
  return value;
}

/** Throws ArgumentError unless the view has integer geometry and lies inside its data, whatever its element type. */
export function checkReach(where: Where, view: Geometry & { readonly data: { readonly length: number } }): void {
  const { shape, stride, offset, data } = view;
  const regular = shape.length === stride.length && shape.every(isLength) && stride.every(Number.isInteger);
  if (!regular || !Number.isInteger(offset)) {
    const got = `shape ${shapeText(shape)}, stride ${shapeText(stride)}, offset ${String(offset)}`;
    throw new ArgumentError(`${words(where)}: expected integer shape, stride and offset, got ${got}`);
  }
  const length = lengthOf(data);
  if (data.length !== length)
    throw new ArgumentError(
      `${words(where)}: expected data of ${String(length)} elements, got a length of ${String(data.length)}`,
    );
  if (shape.includes(0)) return;
  const [first, last] = reach(view);
  if (sizeOf(shape) > mostElements)
    throw new ArgumentError(`${words(where)}: expected fewer than 2^32 elements, got shape ${shapeText(shape)}`);
  if (first >= 0 && last < length && last < mostElements) return;
  const elements = `${String(length)} elements${length === 0 ? " (a detached or empty buffer)" : ""}`;
  throw new ArgumentError(
    `${words(where)}: expected a view inside its data of ${elements}, got ${shapeText(shape)} that reaches from ${String(first)} to ${String(last)}`,
  );
}

/** Throws ArgumentError unless `shape` is a list of non-negative integers that memory can hold. */
export function checkShape(where: string, shape: unknown): readonly number[] {
  if (!Array.isArray(shape) || !shape.every(isLength)) {
    const got = Array.isArray(shape) ? shapeText(shape as number[]) : describeValue(shape);
    throw new ArgumentError(`${where}: expected a shape of non-negative integers like [N, D], got ${got}`);
  }
  if (sizeOf(shape) > mostElements) {
    throw new ArgumentError(`${where}: expected fewer than 2^32 elements, got shape ${shapeText(shape)}`);
  }
  return shape;
}

function isLength(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** An ndarray of any element type. */
export const isNdarray = (value: unknown): value is Geometry & { readonly data: ArrayLike<unknown> } =>
  isNdarrayLike(value);

/** `float32`, `int8`, `array`, `generic`…: the words of ndarray, read off the data; instanceof fails across realms. */
export function elementType(data: unknown): string {
  return remoteType(data) ?? elementsName(data) ?? "generic";
}

/** A list or a typed array. */
export function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/** That of arrays and typed arrays of floats. */
export function ownDtype(values: unknown): Dtype | undefined {
  const type = elementType(isNdarray(values) ? values.data : values);
  return type === "float32" || type === "float64" ? type : undefined;
}

/** The dtype of the first array or typed array among what was given, which lists and numbers take. */
export function dtypeAmong(given: readonly unknown[]): Dtype | undefined {
  for (const value of given) {
    const dtype = ownDtype(value);
    if (dtype !== undefined) return dtype;
  }
  return undefined;
}

function describeForeign(value: unknown): string {
  if (Array.isArray(value)) return "a plain array: convert it with array(values)";
  if (ArrayBuffer.isView(value))
    return `${describeValue(value)} without a shape: convert it with array(values) or ndarray(data, shape)`;
  return typeof value === "number"
    ? `the number ${String(value)}: convert it with array(${String(value)})`
    : describeValue(value);
}

function conversionHint(dtype: Dtype | undefined): string {
  return `convert it with astype(x, "${dtype ?? "float32"}")`;
}

// ---------------------------------------------------------------------------------------- lists in the place of arrays

/** Numbers in lists that are nested as deep as an array has axes; typed arrays may be the innermost ones. */
export type NumberList = readonly (number | NumberList | RealData)[];

/** An array, or what stands for one: a typed array `[N]`, or lists of numbers. */
export type ArrayInput<T extends RealData = RealData> = RealArray<T> | T | NumberList;

/**
 * The array itself, a view of a typed array of floats, or a new array of lists and of other typed arrays, which take
 * `dtype`, or float32 without one.
 * @throws ArgumentError, beginning with `where`, for anything else, another dtype, and ragged lists.
 */
export function arrayIn<T extends RealData>(where: Where, value: ArrayInput<T>, dtype?: Dtype): RealArray<T> {
  return checkArray(where, isList(value) ? fromList(where, value, dtype) : value, dtype) as RealArray<T>;
}

function fromList(where: Where, value: ArrayLike<unknown>, dtype: Dtype | undefined): RealArray {
  if (ownDtype(value) !== undefined) return wrap(value as RealData, [value.length]);
  return readNested(typeof where === "string" ? where : where(), value, dtype ?? "float32");
}

/**
 * The numbers of a list or a typed array as an array of `shape`. @throws ArgumentError unless they are as many.
 */
export function shapedArray<T extends RealData>(
  where: string,
  numbers: T | readonly number[],
  shape: readonly number[],
): RealArray<T> {
  if (!isList(numbers))
    throw new ArgumentError(`${where}: expected a list or a typed array, got ${describeValue(numbers)}`);
  const flat = arrayIn<T>(where, numbers);
  const lengths = checkShape(where, shape);
  if (flat.shape.length === 1 && sizeOf(lengths) === flat.shape[0]) return wrap(flat.data, lengths);
  const expected = `${String(sizeOf(lengths))} numbers for shape ${shapeText(lengths)}`;
  throw new ArgumentError(`${where}: expected ${expected}, got shape ${shapeText(flat.shape)}`);
}

/** @throws ArgumentError for what is no number. */
export function asNumber(value: unknown, where: string, place: () => string): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  throw new ArgumentError(`${where}: expected a number at ${place()}, got ${describeValue(value)}`);
}

/** @throws ArgumentError, beginning with `where`, for what is no number and for ragged lists. */
export function readNested(where: string, values: unknown, dtype: Dtype): RealArray {
  const shape: number[] = [];
  for (let first = values; isList(first); first = first[0]) shape.push(first.length);
  const data = allocate(dtype, sizeOf(shape));
  let at = 0;
  const copy = (list: unknown, axis: number, place: string): void => {
    if (axis === shape.length) {
      data[at++] = asNumber(list, where, () => place);
      return;
    }
    const length = shape[axis] as number;
    if (!isList(list) || list.length !== length) throw raggedError(where, place, length, list);
    for (let k = 0; k < length; k++) copy(list[k], axis + 1, `${place}[${String(k)}]`);
  };
  copy(values, 0, "values");
  return wrap(data, shape);
}

function raggedError(where: string, place: string, length: number, got: unknown): ArgumentError {
  const found = isList(got) ? String(got.length) : describeValue(got);
  return new ArgumentError(
    `${where}: expected ${String(length)} elements at ${place}, as in its neighbours, got ${found}`,
  );
}
