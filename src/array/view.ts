/**
 * What an array is here: an npm ndarray over float32 or float64 memory, and how its elements are reached.
 * The one idea: users may pass any view, the engine only ever sees plain row-major typed arrays; the arithmetic of shape,
 * stride and offset that stands between is here, on views that were checked. Must not know the tape, formulas or devices.
 */
import ndarray from "ndarray";
import type { NdArray } from "ndarray";
import type { Real } from "../engine/native";
import { listText } from "../options";
import { DeviceData } from "./devicedata";
import { taken } from "./elements";
import { allocate, elementTypeOf } from "./elementtype";
import type { DataOf, ElementType, Elements } from "./elementtype";

export { allocate } from "./elementtype";
export type { DataOf, Dtype } from "./elementtype";

/** An ndarray of float32 or float64 elements: what every door takes and returns. */
export type RealArray<T extends Real = Real> = NdArray<T>;

/** The ndarray type of a dtype name: `ArrayOf<"float32">` is `NdArray<Float32Array>`. */
export type ArrayOf<E extends ElementType> = NdArray<DataOf<E>>;

/** The dtype name of a typed array type: `DtypeOf<Float64Array>` is `"float64"`. */
export type DtypeOf<T extends Real> = T extends Float64Array ? "float64" : "float32";

/** Where the elements of a view lie in its data, in elements. */
export interface Geometry {
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
}

/** The dtype of an array, told by its memory: the property `dtype` of a look-alike may say anything. */
export function dtypeOf<T extends Real>(x: RealArray<T>): DtypeOf<T> {
  return (x.data.BYTES_PER_ELEMENT === 8 ? "float64" : "float32") as DtypeOf<T>;
}

/** A row-major ndarray of `shape` over `data`, without a copy. */
export function wrap<T extends Elements>(data: T, shape: readonly number[]): NdArray<T> {
  return ndarray(data, shape as number[]);
}

/** Another view of the memory of `x`, without a copy. */
export function viewOf<T extends Real>(x: RealArray<T>, { shape, stride, offset }: Geometry): RealArray<T> {
  return ndarray(x.data, shape as number[], stride as number[], offset);
}

/** `[3, 2]`, as shapes are written in messages. */
export function shapeText(shape: readonly number[]): string {
  return listText(shape);
}

/** Number of elements of `shape`; 1 for `[]`. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/** True if the elements lie in row-major order without gaps; strides of axes of length 1 do not matter. */
export function isContiguous({ shape, stride }: Geometry): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = shape[axis] as number;
    if (length !== 1 && stride[axis] !== expected) return false;
    expected *= length;
  }
  return true;
}

/** True if the view is exactly its memory, in order. */
export function isWhole(x: RealArray): boolean {
  return sizeOf(x.shape) === x.data.length && x.offset === 0 && isContiguous(x);
}

/**
 * The elements of `x` in row-major order: its own memory where that is already so (never write into the result), else
 * a copy.
 */
export function contiguous<T extends Elements>(x: NdArray<T>): T {
  const size = sizeOf(x.shape);
  if (isContiguous(x)) {
    return x.offset === 0 && size === x.data.length ? x.data : (x.data.subarray(x.offset, x.offset + size) as T);
  }
  if (x.data instanceof DeviceData) return taken(x.data, positions(x));
  const copy = allocate(elementTypeOf(x.data), size);
  if (x.shape.length === 2) copyMatrix(x, copy);
  else copyRows(x, copy);
  return copy as T;
}

/** Elements that can be read one by one: those of a device come over the bus. */
export function hosted<T>(data: T): T {
  const any: unknown = data;
  return any instanceof DeviceData ? (any.toHost() as T) : data;
}

/** The elements of `x` in row-major order, to be read one by one (never write into the result): by the way over the bus that moves less. */
export function readable<T extends Elements>(x: NdArray<T>): T {
  if (!(x.data instanceof DeviceData)) return contiguous(x);
  const size = sizeOf(x.shape);
  const [first, last] = reach(x);
  if (size === 0 || last - first >= 2 * size) return hosted(contiguous(x));
  const here = hosted(x.data.subarray(first, last + 1) as T);
  return contiguous(ndarray(here, x.shape, x.stride, x.offset - first));
}

/** The data where `like` is: on the same device, or as it is. */
export function placedLike<T extends Elements>(data: T, like: NdArray<Elements>): T {
  const other: unknown = like.data;
  return other instanceof DeviceData ? (DeviceData.of(data, other.device) as unknown as T) : data;
}

/** Memory for `size` elements where `like` is; zeros, but on a device anything. */
export function allocateLike<E extends ElementType>(type: E, size: number, like: RealArray | undefined): DataOf<E> {
  const other: unknown = like?.data;
  if (!(other instanceof DeviceData)) return allocate(type, size);
  return DeviceData.ofSize(type, size, other.device) as unknown as DataOf<E>;
}

/** Positions in the data of the elements of a view, in row-major order. */
export function positions(view: Geometry): Uint32Array {
  const result = new Uint32Array(sizeOf(view.shape));
  const [length, step] = innermost(view);
  let at = 0;
  eachRow(view, (start) => {
    for (let k = 0; k < length; k++) result[at++] = start + k * step;
  });
  return result;
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

/** Lowest and highest position that a view with elements touches. */
export function reach({ shape, stride, offset }: Geometry): [number, number] {
  let first = offset;
  let last = offset;
  for (let axis = 0; axis < shape.length; axis++) {
    const span = ((shape[axis] as number) - 1) * (stride[axis] as number);
    if (span < 0) first += span;
    else last += span;
  }
  return [first, last];
}

function innermost({ shape, stride }: Geometry): [length: number, step: number] {
  const axis = shape.length - 1;
  return axis < 0 ? [1, 0] : [shape[axis] as number, stride[axis] as number];
}

/** Visits the start of each innermost row, in row-major order: an odometer over the outer axes. */
function eachRow({ shape, stride, offset }: Geometry, visit: (start: number) => void): void {
  if (sizeOf(shape) === 0) return;
  const index: number[] = shape.slice(0, -1).fill(0);
  let start = offset;
  for (;;) {
    visit(start);
    let axis = index.length - 1;
    while (axis >= 0 && (index[axis] = (index[axis] as number) + 1) === shape[axis]) {
      start -= ((shape[axis] as number) - 1) * (stride[axis] as number);
      index[axis--] = 0;
    }
    if (axis < 0) return;
    start += stride[axis] as number;
  }
}

function copyRows(x: NdArray<Elements>, copy: Elements): void {
  const data = x.data;
  const [length, step] = innermost(x);
  let at = 0;
  eachRow(x, (start) => {
    for (let k = 0; k < length; k++) copy[at++] = data[start + k * step] as number;
  });
}

/** Points `[N, D]` are what calls are made of, and small calls are counted in microseconds. */
function copyMatrix({ data, shape, stride, offset }: NdArray<Elements>, copy: Elements): void {
  const [rows, columns] = shape as [number, number];
  const [down, right] = stride as [number, number];
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) copy[at++] = data[offset + i * down + j * right] as number;
  }
}

/** The shape that both broadcast to by NumPy's rules, or null: axes are aligned at the end, length 1 gives way. */
export function commonShape(a: readonly number[], b: readonly number[]): number[] | null {
  const axes = Math.max(a.length, b.length);
  const aligned = (shape: readonly number[], axis: number): number => shape[shape.length - axes + axis] ?? 1;
  const shape = Array.from({ length: axes }, (_, k) => (aligned(a, k) === 1 ? aligned(b, k) : aligned(a, k)));
  const fits = shape.every((length, k) => aligned(b, k) === length || aligned(b, k) === 1);
  return fits ? shape : null;
}

/** A view of `shape`: axes of length 1, and axes that `x` lacks in front, repeat by stride 0. */
export function broadcast<T extends Real>(x: RealArray<T>, shape: readonly number[]): RealArray<T> {
  if (sameShape(x.shape, shape)) return x;
  const lead = shape.length - x.shape.length;
  const stride = shape.map((length, k) => (x.shape[k - lead] === length ? (x.stride[k - lead] as number) : 0));
  return viewOf(x, { shape, stride, offset: x.offset });
}

/** A view with a new axis of length 1. */
export function expanded<T extends Real>(x: RealArray<T>, axis: number): RealArray<T> {
  const inserted = (list: readonly number[], value: number): number[] => [
    ...list.slice(0, axis),
    value,
    ...list.slice(axis),
  ];
  return viewOf(x, { shape: inserted(x.shape, 1), stride: inserted(x.stride, 0), offset: x.offset });
}

/** A contiguous array seen in another shape of the same size. */
export function reshaped<T extends Real>(x: RealArray<T>, shape: readonly number[]): RealArray<T> {
  const stride = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  return viewOf(x, { shape, stride, offset: x.offset });
}
