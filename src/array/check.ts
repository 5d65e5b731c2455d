/**
 * Checks of what users pass as arrays, shapes and dtypes.
 * The one idea: each throws one sentence, *where: expected what, got what*, that names the conversion to use, before
 * anything is read; npm's ndarray has no class to ask for and checks no bounds, so a view may pass the end of its data.
 */
import type { NdArray } from "ndarray";
import { ArgumentError } from "../errors";
import { DeviceData } from "./devicedata";
import type { Elements } from "./elementtype";
import { reach, shapeText, sizeOf } from "./view";
import type { Dtype, Geometry, RealArray } from "./view";

/** Positions are kept in 32 bits; ndarray's own index arithmetic ends even earlier. */
const mostElements = 2 ** 32 - 1;

/**
 * Returns `value` if it is a float32 or float64 ndarray (of `dtype`, if given) whose view stays inside its memory.
 * Throws ArgumentError, beginning with `where`, that names the conversion to use.
 */
export function checkArray(where: string, value: unknown, dtype?: Dtype): RealArray {
  const expected = `a ${dtype ?? "float32 or float64"} ndarray`;
  if (!isNdarray(value)) throw new ArgumentError(`${where}: expected ${expected}, got ${foreign(value)}`);
  const got = elementType(value.data);
  if (got !== "float32" && got !== "float64") {
    throw new ArgumentError(`${where}: expected ${expected}, got ${article(got)} ndarray: ${converted(dtype)}`);
  }
  checkReach(where, value);
  if (dtype !== undefined && got !== dtype) {
    throw new ArgumentError(`${where}: expected ${expected}, got a ${got} one: ${converted(dtype)}`);
  }
  return value as RealArray;
}

/** The same, but that indices, int32 ndarrays, are accepted, too. */
export function checkElements<T extends Elements>(where: string, value: NdArray<T>): NdArray<T> {
  if (isNdarray(value) && elementType(value.data) === "int32") checkReach(where, value);
  else checkArray(where, value);
  return value;
}

/** Throws ArgumentError unless the view has integer geometry and lies inside its data, whatever its element type. */
export function checkReach(where: string, view: Geometry & { readonly data: { readonly length: number } }): void {
  const { shape, stride, offset, data } = view;
  const regular = shape.length === stride.length && shape.every(isLength) && stride.every(Number.isInteger);
  if (!regular || !Number.isInteger(offset)) {
    const got = `shape ${shapeText(shape)}, stride ${shapeText(stride)}, offset ${String(offset)}`;
    throw new ArgumentError(`${where}: expected integer shape, stride and offset, got ${got}`);
  }
  if (shape.includes(0)) return;
  const [first, last] = reach(view);
  if (first >= 0 && last < data.length && last < mostElements) return;
  const elements = `${String(data.length)} elements${data.length === 0 ? " (a detached or empty buffer)" : ""}`;
  throw new ArgumentError(
    `${where}: expected a view inside its data of ${elements}, got ${shapeText(shape)} that reaches from ${String(first)} to ${String(last)}`,
  );
}

/** Throws ArgumentError unless `shape` is a list of non-negative integers that memory can hold. */
export function checkShape(where: string, shape: unknown): readonly number[] {
  if (!Array.isArray(shape) || !shape.every(isLength)) {
    const got = Array.isArray(shape) ? shapeText(shape as number[]) : described(shape);
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

/** An ndarray of any element type, told by what it has: npm's ndarray has no class to ask for. */
export function isNdarray(value: unknown): value is Geometry & { readonly data: ArrayLike<unknown> } {
  if (typeof value !== "object" || value === null) return false;
  const { data, shape, stride, offset } = value as Partial<Record<string, unknown>>;
  return (
    Array.isArray(shape) &&
    Array.isArray(stride) &&
    typeof offset === "number" &&
    typeof data === "object" &&
    data !== null &&
    "length" in data
  );
}

/** `float32`, `int8`, `array`, `generic`...: the words of ndarray, read off the data; instanceof fails across realms. */
export function elementType(data: unknown): string {
  if (Array.isArray(data)) return "array";
  if (data instanceof DeviceData) return data.type;
  const tag = ArrayBuffer.isView(data) ? (data as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] : undefined;
  return tag?.endsWith("Array") ? tag.slice(0, -"Array".length).toLowerCase() : "generic";
}

function foreign(value: unknown): string {
  if (Array.isArray(value)) return "a plain array: convert it with array(values)";
  if (ArrayBuffer.isView(value))
    return `${described(value)} without a shape: convert it with array(values) or ndarray(data, shape)`;
  return typeof value === "number"
    ? `the number ${String(value)}: convert it with array(${String(value)})`
    : described(value);
}

function converted(dtype: Dtype | undefined): string {
  return `convert it with astype(x, "${dtype ?? "float32"}")`;
}

/** What a value is, in two or three words. */
export function described(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a plain array";
  if (isNdarray(value)) return `${article(elementType(value.data))} ndarray of shape ${shapeText(value.shape)}`;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") {
    return `the ${typeof value} ${String(value)}`;
  }
  if (typeof value === "string") return `the string ${JSON.stringify(value)}`;
  return article(Object.prototype.toString.call(value).slice("[object ".length, -1));
}

function article(noun: string): string {
  return `${/^[aeio]/i.test(noun) ? "an" : "a"} ${noun}`;
}
