/**
 * What an array is here: an npm ndarray over float32 or float64 memory, and how its elements are reached. The one idea:
 * users may pass any view, the engine only ever sees plain row-major typed arrays; the arithmetic of shape, stride and
 * offset that stands between is here, on views that were checked. Must not know the tape, formulas or where memory is.
 */
import ndarray from "ndarray";
import type { NdArray } from "ndarray";
import { isContiguous, memoryAmong, memoryOf, reach, rowMajor, sizeOf } from "../device/memory";
import type { DataOf, ElementType, Elements, Geometry } from "../device/memory";
import type { RealData } from "../device/native";
import { listText } from "../options";
import { teachToShow } from "./show";

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
