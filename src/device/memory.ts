/**
 * The memory that elements of arrays are in: the machine's own, which JavaScript reads, or that of a device behind the
 * same interface. Whoever has data asks `memoryOf` what can be done with them and need not know which it is. Knows no
 * formulas.
 */
import { ArgumentError, DeviceError } from "../errors";
import type { RealData } from "./native";
import { copyStrided } from "./stridedcopy";
import type { Elements, Geometry } from "./stridedcopy";

export type { Elements, Geometry } from "./stridedcopy";

/** Names of the element types that tskeops computes with. */
export type Dtype = "float32" | "float64";

/** Dtypes of numbers, and that of indices. */
export type ElementType = Dtype | "int32";

/** The typed array that holds elements of a type. */
export type DataOf<E extends ElementType> = E extends "float64"
  ? Float64Array
  : E extends "int32"
    ? Int32Array
    : Float32Array;

/** Zeroed memory for `size` elements. Throws ArgumentError where the machine does not have that much. */
export function allocate<E extends ElementType>(type: E, size: number): DataOf<E> {
  try {
    return allocateArray(type, size);
  } catch (error) {
    const bytes = size * bytesOf(type);
    throw new ArgumentError(
      `memory: expected ${String(bytes)} bytes for ${String(size)} elements of ${type}, got none`,
      {
        cause: error,
      },
    );
  }
}

/** Each maker is called by its name: small calls are counted in microseconds. */
function allocateArray<E extends ElementType>(type: E, size: number): DataOf<E> {
  if (type === "float32") return new Float32Array(size) as DataOf<E>;
  return (type === "float64" ? new Float64Array(size) : new Int32Array(size)) as DataOf<E>;
}

export const bytesOf = (type: ElementType): number => (type === "float64" ? 8 : 4);

/** Told by the data: classes of another realm are others, their names are not. */
export function elementTypeOf(data: Elements): ElementType {
  if (data.BYTES_PER_ELEMENT === 8) return "float64";
  return data[Symbol.toStringTag] === "Int32Array" ? "int32" : "float32";
}

// ----------------------------------------------------------------------------------------------------------- views

/** Number of elements of `shape`; 1 for `[]`. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
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

// ------------------------------------------------------------------------------------------------------------ memory

/** Where a call is to run: the name of a device or `"auto"`, and its number or `"all"`. */
export interface AnyPlace {
  readonly backend?: string | undefined;
  readonly device?: number | "all" | undefined;
}

/** What can be done with data. Results are in the same memory, row-major. */
export interface Memory {
  /** The number of its device; null for the machine's own memory. */
  readonly device: number | null;
  /** Where a call of arrays in this memory runs. @throws DeviceError where that cannot be the place. */
  placeCall<P extends AnyPlace>(place: P): P;
  /** Whether results can be written into views with gaps. */
  readonly writesGaps: boolean;
  /** Zeros on the machine, anything elsewhere. @throws DeviceError, ArgumentError where there is not enough. */
  allocate<E extends ElementType>(type: E, size: number): DataOf<E>;
  /** A copy of elements of the machine; on the machine, the elements themselves. */
  fromHost<T extends Elements>(data: T): T;
  /** The other way. What is no data of a device, lists too, comes back as it is. */
  toHost<T>(data: T): T;
  /** A copy of the elements of a view. */
  copyStrided<T extends Elements>(data: T, view: Geometry): T;
  /** The elements of a view on the machine, to be read alone, by the way that moves less. */
  stridedToHost<T extends Elements>(data: T, view: Geometry): T;
  /** The elements at `places`; the caller answers for these. */
  take<T extends Elements>(data: T, places: ArrayLike<number>): T;
  /** `size` sums of the elements that have the same place, taken in float64. */
  scatterAdd<T extends RealData>(data: T, places: ArrayLike<number>, size: number): T;
  /** The sum with data that may be elsewhere. */
  add<T extends RealData>(a: T, b: T): T;
  /** Elements in row-major order into the places of a view, which has gaps only where `writesGaps`. */
  store<T extends Elements>(data: T, view: Geometry, elements: T): void;
  convert<D extends Dtype>(data: Elements, dtype: D): DataOf<D>;
  /** How often elements were written one by one; null where only the elements tell. */
  writesOf(data: Elements): number | null;
  /** An array over data of this memory, so that `using` frees them where that is no garbage collector's business. */
  disposable<X extends object>(array: X): X;
  /** Frees the data of all views; nothing where a garbage collector does. */
  free(data: Elements): void;
}

/** Data whose elements are in the memory of a device. To npm's ndarray they are one more kind of data. */
export abstract class RemoteData {
  abstract readonly memory: Memory;
  abstract readonly type: ElementType;
}

/** The type of data that are on a device; undefined for others. */
export const remoteType = (data: unknown): ElementType | undefined =>
  data instanceof RemoteData ? data.type : undefined;

/** The memory that data are in. */
export const memoryOf = (data: unknown): Memory => (data instanceof RemoteData ? data.memory : machine);

/** Gives data of a device back; others are a garbage collector's business. */
export const free = (data: Elements): void => {
  memoryOf(data).free(data);
};

/** Where what is computed of arrays goes: to the first that is not in the machine's memory. */
export function memoryAmong(arrays: readonly ({ readonly data: unknown } | null | undefined)[]): Memory {
  for (const array of arrays) {
    const data = array?.data;
    if (data instanceof RemoteData) return data.memory;
  }
  return machine;
}

/**
 * A call runs where its arrays are, whatever else its options say. @throws DeviceError where it was to run elsewhere,
 * and for arrays on several devices.
 */
export function followArrays<P extends AnyPlace>(arrays: readonly ({ readonly data: unknown } | null)[], place: P): P {
  const memory = memoryAmong(arrays);
  if (memory === machine) return place;
  const all = new Set(arrays.map((array) => memoryOf(array?.data)).filter((other) => other !== machine));
  const followed = memory.placeCall(place);
  if (all.size === 1) return followed;
  const numbers = [...all].map(({ device }) => device);
  throw new DeviceError(
    `backend "${String(followed.backend)}": expected arrays on one device, got some on ${numbers.join(" and ")}`,
  );
}

export const machine: Memory = {
  device: null,
  placeCall: (place) => place,
  writesGaps: true,
  allocate,
  fromHost: (data) => data,
  toHost: (data) => data,
  copyStrided: stridedCopy,
  stridedToHost: rowMajor,
  take: (data, places) => {
    const picked = allocate(elementTypeOf(data), places.length);
    for (let k = 0; k < picked.length; k++) picked[k] = data[places[k]!]!;
    return picked as typeof data;
  },
  scatterAdd: (data, places, size) => {
    const sums = new Float64Array(size);
    for (let k = 0; k < places.length; k++) sums[places[k]!] = sums[places[k]!]! + data[k]!;
    return (data.BYTES_PER_ELEMENT === 8 ? sums : new Float32Array(sums)) as typeof data;
  },
  add: (a, b) => {
    const sum: RealData = a.slice();
    const addend = memoryOf(b).toHost(b);
    for (let k = 0; k < sum.length; k++) sum[k] = sum[k]! + addend[k]!;
    return sum as typeof a;
  },
  store: (data, view, elements) => {
    positions(view).forEach((at, n) => (data[at] = elements[n]!));
  },
  convert: (data, dtype) => {
    const converted = allocate(dtype, data.length);
    (converted as Elements).set(data);
    return converted;
  },
  writesOf: () => null,
  disposable: (array) => array,
  free: () => undefined,
};

/**
 * The elements of a view in row-major order: where they are so already, the data themselves; else a copy in the same
 * memory.
 */
export function rowMajor<T extends Elements>(data: T, view: Geometry): T {
  if (!isContiguous(view)) return memoryOf(data).copyStrided(data, view);
  const size = sizeOf(view.shape);
  return view.offset === 0 && size === data.length ? data : (data.subarray(view.offset, view.offset + size) as T);
}

function stridedCopy<T extends Elements>(data: T, view: Geometry): T {
  const copy = allocate(elementTypeOf(data), sizeOf(view.shape));
  copyStrided(data, view, copy);
  return copy as T;
}
