/**
 * What an array is here: an npm ndarray over float32 or float64 memory, how its elements are reached, and how it is
 * shown. The one idea: users may pass any view, the engine only ever sees plain row-major typed arrays; the arithmetic
 * of shape, stride and offset that stands between is here, on views that were checked. Must not know the tape,
 * formulas or where memory is.
 */
import ndarray from "ndarray";
import type { NdArray } from "ndarray";
import { isContiguous, memoryAmong, memoryOf, reach, rowMajor, sizeOf } from "../device/memory";
import type { DataOf, ElementType, Elements, Geometry } from "../device/memory";
import type { RealData } from "../device/native";
import { listText } from "../options";

/** npm's own function, which makes views of memory: `ndarray(data, shape)`. */
export { ndarray };
export { allocate, isContiguous, positions, reach, rowMajor, sizeOf } from "../device/memory";
export type { DataOf, Dtype, Elements, Geometry } from "../device/memory";

/** An ndarray of float32 or float64 elements: what every door takes and returns. */
export type RealArray<T extends RealData = RealData> = NdArray<T>;

/** The ndarray type of a dtype name: `ArrayOf<"float32">` is `NdArray<Float32Array>`. */
export type ArrayOf<E extends ElementType> = NdArray<DataOf<E>>;

/** The dtype name of a typed array type: `DtypeOf<Float64Array>` is `"float64"`. */
export type DtypeOf<T extends RealData> = T extends Float64Array ? "float64" : "float32";

/** The dtype of an array, told by its memory: the property `dtype` of a look-alike may say anything. */
export function dtypeOf<T extends RealData>(x: RealArray<T>): DtypeOf<T> {
  return (x.data.BYTES_PER_ELEMENT === 8 ? "float64" : "float32") as DtypeOf<T>;
}

/** Classes of ndarrays that show themselves. */
const taught = new WeakSet();

function showable<X extends NdArray>(x: X): X {
  const prototype = Object.getPrototypeOf(x) as object;
  if (taught.has(prototype)) return x;
  taught.add(prototype);
  teachToShow(x);
  return x;
}

/** A row-major ndarray of `shape` over `data`, without a copy. */
export function wrap<T extends Elements>(data: T, shape: readonly number[]): NdArray<T> {
  return showable(ndarray(data, shape as number[]));
}

/** Another view of the memory of `x`, without a copy. */
export function viewOf<T extends RealData>(x: RealArray<T>, { shape, stride, offset }: Geometry): RealArray<T> {
  return showable(ndarray(x.data, shape as number[], stride as number[], offset));
}

/** `[3, 2]`, as shapes are written in messages. */
export function shapeText(shape: readonly number[]): string {
  return listText(shape);
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/** True if the view is exactly its memory, in order. */
export function coversMemory(x: RealArray): boolean {
  return sizeOf(x.shape) === x.data.length && x.offset === 0 && isContiguous(x);
}

/**
 * The elements of `x` in row-major order: its own memory where that is already so (never write into the result), else
 * a copy.
 */
export function contiguous<T extends Elements>(x: NdArray<T>): T {
  return rowMajor(x.data, x);
}

/** The elements of `x` in row-major order on the machine, to be read one by one (never write into the result). */
export function readable<T extends Elements>(x: NdArray<T>): T {
  return memoryOf(x.data).stridedToHost(x.data, x);
}

/** An array over what was computed on the machine, brought to where `sources` are. */
export function wrapBeside<T extends Elements>(
  data: T,
  shape: readonly number[],
  ...sources: readonly NdArray<Elements>[]
): NdArray<T> {
  return wrap(memoryAmong(sources).fromHost(data), shape);
}

/** True if the two views may share memory, judged by their ranges of bytes; sees through different typed arrays. */
export function overlaps(a: RealArray, b: RealArray): boolean {
  if (a.data.buffer !== b.data.buffer || sizeOf(a.shape) === 0 || sizeOf(b.shape) === 0) return false;
  const [firstA, endA] = byteRange(a);
  const [firstB, endB] = byteRange(b);
  return firstA < endB && firstB < endA;
}

function byteRange(x: RealArray): [number, number] {
  const [first, last] = reach(x);
  const width = x.data.BYTES_PER_ELEMENT;
  return [x.data.byteOffset + first * width, x.data.byteOffset + (last + 1) * width];
}

/** The shape that both broadcast to by NumPy's rules, or null: axes are aligned at the end, length 1 gives way. */
export function commonShape(a: readonly number[], b: readonly number[]): number[] | null {
  const axes = Math.max(a.length, b.length);
  const lengthAt = (shape: readonly number[], axis: number): number => shape[shape.length - axes + axis] ?? 1;
  const shape = Array.from({ length: axes }, (_, k) => (lengthAt(a, k) === 1 ? lengthAt(b, k) : lengthAt(a, k)));
  const fits = shape.every((length, k) => lengthAt(b, k) === length || lengthAt(b, k) === 1);
  return fits ? shape : null;
}

/** A view of `shape`: axes of length 1, and axes that `x` lacks in front, repeat by stride 0. */
export function broadcast<T extends RealData>(x: RealArray<T>, shape: readonly number[]): RealArray<T> {
  if (sameShape(x.shape, shape)) return x;
  const lead = shape.length - x.shape.length;
  const stride = shape.map((length, k) => (x.shape[k - lead] === length ? (x.stride[k - lead] as number) : 0));
  return viewOf(x, { shape, stride, offset: x.offset });
}

/** A view with a new axis of length 1. */
export function insertAxis<T extends RealData>(x: RealArray<T>, axis: number): RealArray<T> {
  const insertAt = (list: readonly number[], value: number): number[] => [
    ...list.slice(0, axis),
    value,
    ...list.slice(axis),
  ];
  return viewOf(x, { shape: insertAt(x.shape, 1), stride: insertAt(x.stride, 0), offset: x.offset });
}

/** A contiguous array seen in another shape of the same size. */
export function reshapeView<T extends RealData>(x: RealArray<T>, shape: readonly number[]): RealArray<T> {
  const stride = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  return viewOf(x, { shape, stride, offset: x.offset });
}

// ------------------------------------------------------------------------------------------------ how arrays are shown

// As NumPy prints them, the first and the last rows of long ones; as nested lists; row by row.

/** Numbers in lists, as deep as the array has axes. */
export type NestedNumbers = number | NestedNumbers[];

type Method = (this: AnyArray) => unknown;
type AnyArray = Geometry & { readonly data: Elements; readonly dtype: string };

/** From so many elements on, rows in the middle are left out. */
const LONG = 1000;
/** Rows that are shown at both ends then. */
const EDGE = 3;
const DIGITS = 7;

/** The numbers of an array as nested lists; the number itself where there are no axes. */
export function nestedOf(x: Geometry & { readonly data: Elements }): NestedNumbers {
  const data = memoryOf(x.data).stridedToHost(x.data, x);
  const listAt = (axis: number, begin: number, size: number): NestedNumbers => {
    if (axis === x.shape.length) return data[begin] as number;
    const length = x.shape[axis] as number;
    return Array.from({ length }, (_, k) => listAt(axis + 1, begin + (k * size) / length, size / length));
  };
  return listAt(0, 0, data.length);
}

/** Shape and dtype, and the elements in brackets. */
export function textOfArray(x: AnyArray): string {
  const elements = memoryOf(x.data).stridedToHost(x.data, x);
  const isLong = sizeOf(x.shape) > LONG;
  const shown = visiblePlaces(x.shape, isLong).map((place) => partsOf(elements[place] as number));
  const widths = [0, 1].map((n) => shown.reduce((most, parts) => Math.max(most, (parts[n] as string).length), 0));
  const item = (place: number): string => {
    const [before, behind] = partsOf(elements[place] as number);
    return before.padStart(widths[0] as number) + behind.padEnd(widths[1] as number);
  };
  return `${x.dtype} [${x.shape.join(", ")}]\n${bracketed(x.shape, 0, 0, isLong, item)}`;
}

/** Integers are shown in full up to this. */
const LARGE = 1e15;

function numberText(value: number): string {
  if (Math.abs(value) >= LARGE && Number.isFinite(value)) return value.toExponential(DIGITS - 1);
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(DIGITS)));
}

/** What stands before the point, and the rest, so that points stand below each other. */
function partsOf(value: number): [before: string, behind: string] {
  const text = numberText(value);
  const point = text.indexOf(".");
  return point < 0 ? [text, ""] : [text.slice(0, point), text.slice(point)];
}

/** Those along an axis that are shown; null stands for what is left out. */
function visible(length: number, isLong: boolean): (number | null)[] {
  const from = (begin: number, end: number): number[] => Array.from({ length: end - begin }, (_, k) => begin + k);
  if (!isLong || length <= 2 * EDGE + 1) return from(0, length);
  return [...from(0, EDGE), null, ...from(length - EDGE, length)];
}

function visiblePlaces(shape: readonly number[], isLong: boolean): number[] {
  let places = [0];
  for (const length of shape)
    places = places.flatMap((place) =>
      visible(length, isLong).flatMap((k) => (k === null ? [] : [place * length + k])),
    );
  return places;
}

function bracketed(
  shape: readonly number[],
  axis: number,
  place: number,
  isLong: boolean,
  item: (place: number) => string,
): string {
  if (axis === shape.length) return item(place);
  const length = shape[axis] as number;
  const parts = visible(length, isLong).map((k) =>
    k === null ? "..." : bracketed(shape, axis + 1, place * length + k, isLong, item),
  );
  const isInnermost = axis === shape.length - 1;
  const gap = isInnermost ? ", " : `,${"\n".repeat(shape.length - axis - 1)}${" ".repeat(axis + 1)}`;
  return `[${parts.join(gap)}]`;
}

/** Rows along the first axis, as views. */
function* rowsOf(x: NdArray): Generator<NdArray> {
  for (let k = 0; k < (x.shape[0] as number); k++) yield x.pick(k);
}

const INSPECT = Symbol.for("nodejs.util.inspect.custom");

const METHODS: ReadonlyMap<string | symbol, Method> = new Map<string | symbol, Method>([
  ["toString", asText],
  ["toJSON", asLists],
  [INSPECT, asText],
  [Symbol.iterator, asRows],
]);

function asText(this: AnyArray): string {
  return textOfArray(this);
}

function asLists(this: AnyArray): NestedNumbers {
  return nestedOf(this);
}

function asRows(this: AnyArray): Generator<NdArray> {
  return rowsOf(this as unknown as NdArray);
}

/**
 * Teaches all arrays of the class of `x`, and of those of its rows, to show themselves: npm's ndarray has a class for each
 * dtype and rank, whose prototype gets these methods when the first array of it is made here.
 */
function teachToShow(x: NdArray): void {
  const prototype = Object.getPrototypeOf(x) as object;
  for (const [name, value] of METHODS)
    if (!Object.hasOwn(prototype, name))
      Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  if (x.shape.length > 0) teachToShow(x.pick(0));
}
