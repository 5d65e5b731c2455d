/**
 * Choosing, joining and moving elements. The one idea: what moves is a view, or a copy whose derivative moves back.
 * Must not know engines.
 */
import type { Operand } from "../array/arithmetic";
import { numberArray, recorded, reshape as reshapeTo, transpose as transposeTo } from "../array/arithmetic";
import { arrayIn, checkElements, described, dtypeAmong, isNdarray } from "../array/check";
import type { ArrayInput } from "../array/check";
import { int32 } from "../array/integers";
import type { Int32NdArray } from "../array/integers";
import { gather } from "../array/tape";
import {
  allocate,
  broadcast,
  dtypeOf,
  insertAxis,
  readable,
  sameShape,
  shapeText,
  sizeOf,
  viewOf,
  wrapBeside,
} from "../array/view";
import type { RealArray } from "../array/view";
import { at, realAt } from "../asserts";
import type { Elements } from "../device/memory";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { atMost, optionsOf } from "../options";
import type { OptionsOf } from "../options";
import { ONE_AXIS, alongLast } from "./axes";
import type { AxisOptions } from "./axes";
import { indicesIn, moved } from "./pick";
import { areIntegers, axesOf, axisOf, commonShapeOf, fullShape, permutationOf } from "./shapes";

// --------------------------------------------------------------------------------------------------- choice

/**
 * `a` where the condition is not 0, and `b` elsewhere; broadcasts as in NumPy. The condition is an array of numbers,
 * as `nd.lt` gives, or of integers. What is not chosen gets the derivative 0.
 * @param condition an array of numbers or of integers
 * @param a an array, nested lists or a number
 * @param b an array, nested lists or a number
 * @returns an array of the shape to which they broadcast
 * @throws ArgumentError if shapes or dtypes do not fit
 * @example console.log(nd.toNested(nd.where(nd.lt([1, 5], 3), [10, 20], 0))); // [ 10, 0 ]
 */
export function where<T extends RealData>(
  condition: ArrayInput | Int32NdArray,
  a: Operand<T>,
  b: Operand<T>,
): RealArray<T> {
  atMost("where", 3, arguments);
  const mask = isNdarray(condition)
    ? checkElements<Elements>("where, condition", condition)
    : arrayIn("where, condition", condition);
  const dtype = dtypeAmong([a, b]);
  const [left, right] = [a, b].map((x) =>
    typeof x === "number" ? numberArray(x, dtype ?? "float32", []) : arrayIn("where", x, dtype),
  ) as [RealArray<T>, RealArray<T>];
  const shape = commonShapeOf("where", [mask as RealArray, left, right]);
  const chosen = readable(broadcast(mask as RealArray, shape)).slice(); // the caller may overwrite its own
  return choose(chosen, broadcast(left, shape), broadcast(right, shape));
}

function choose<T extends RealData>(chosen: ArrayLike<number>, a: RealArray<T>, b: RealArray<T>): RealArray<T> {
  const data: RealData = readable(b).slice();
  const left = readable(a);
  for (let k = 0; k < data.length; k++) if (chosen[k] !== 0) data[k] = left[k] as number;
  const rules = [
    (cotangent: RealArray): RealArray => choose(chosen, cotangent, zerosLike(cotangent)),
    (cotangent: RealArray): RealArray => choose(chosen, zerosLike(cotangent), cotangent),
  ];
  return recorded("where", wrapBeside(data as T, a.shape, a, b), [a, b], rules, { readsInputs: [false, false] });
}

const zerosLike = (x: RealArray): RealArray => broadcast(numberArray(0, dtypeOf(x), []), x.shape);

// ------------------------------------------------------------------------------------------------ joining

/**
 * Arrays one behind the other along `axis`, 0 by default.
 * @param arrays arrays that differ in the length of that axis alone
 * @returns an array as long there as all of them
 * @throws ArgumentError unless all else fits
 * @example console.log(nd.toNested(nd.concat([[1, 2], [3]]))); // [ 1, 2, 3 ]
 */
export function concat<T extends RealData>(
  arrays: readonly ArrayInput<T>[],
  options?: AxisOptions | null,
): RealArray<T> {
  atMost("concat", 2, arguments);
  const list = checkList("concat", arrays);
  const first = at(list, 0);
  const axis = axisOf("concat", optionsOf("concat", options, ONE_AXIS).axis ?? 0, first.shape);
  list.forEach((x, n) => {
    const wanted = first.shape.map((length, k) => (k === axis ? (x.shape[k] ?? -1) : length));
    if (sameShape(x.shape, wanted)) return;
    throw new ArgumentError(
      `concat, arrays[${String(n)}]: expected shape ${shapeText(first.shape)} but for axis ${String(axis)}, got ${shapeText(x.shape)}`,
    );
  });
  return joined(list, axis) as RealArray<T>;
}

function checkList(name: string, arrays: unknown): RealArray[] {
  if (!Array.isArray(arrays) || arrays.length === 0)
    throw new ArgumentError(`${name}: expected a list of arrays, got ${described(arrays)}`);
  const dtype = dtypeAmong(arrays);
  return Array.from(arrays as ArrayInput[], (x, n) => arrayIn(`${name}, arrays[${String(n)}]`, x, dtype));
}

function joined(list: readonly RealArray[], axis: number): RealArray {
  const begins: number[] = [0];
  for (const { shape } of list) begins.push(at(begins, begins.length - 1) + at(shape, axis));
  const shape = at(list, 0).shape.map((length, k) => (k === axis ? at(begins, list.length) : length));
  const width = sizeOf(shape.slice(axis + 1));
  const data: RealData = allocate(dtypeOf(at(list, 0)), sizeOf(shape));
  list.forEach((x, n) => {
    const part = readable(x);
    const run = at(x.shape, axis) * width;
    for (let entry = 0; entry * run < part.length; entry++)
      data.set(part.subarray(entry * run, (entry + 1) * run), (entry * at(shape, axis) + at(begins, n)) * width);
  });
  const rules = list.map((_, n) => (cotangent: RealArray) => slice(cotangent, axis, at(begins, n), at(begins, n + 1)));
  return recorded("concat", wrapBeside(data, shape, ...list), list, rules, { readsInputs: list.map(() => false) });
}

function slice<T extends RealData>(x: RealArray<T>, axis: number, begin: number, end: number): RealArray<T> {
  const shape = x.shape.map((length, k) => (k === axis ? end - begin : length));
  return viewOf(x, { shape, stride: x.stride, offset: x.offset + (end > begin ? begin * at(x.stride, axis) : 0) });
}

/**
 * Arrays of one shape, side by side along a new `axis`, 0 by default.
 * @param arrays arrays of one shape
 * @returns an array with one axis more
 * @throws ArgumentError unless shapes are equal
 * @example console.log(nd.toNested(nd.stack([[1, 2], [3, 4]], { axis: 1 }))); // [ [ 1, 3 ], [ 2, 4 ] ]
 */
export function stack<T extends RealData>(
  arrays: readonly ArrayInput<T>[],
  options?: AxisOptions | null,
): RealArray<T> {
  atMost("stack", 2, arguments);
  const list = checkList("stack", arrays);
  const { shape } = at(list, 0);
  const other = list.findIndex((x) => !sameShape(x.shape, shape));
  if (other >= 0) {
    const got = shapeText(at(list, other).shape);
    throw new ArgumentError(`stack, arrays[${String(other)}]: expected shape ${shapeText(shape)}, got ${got}`);
  }
  const axis = axisOf("stack", optionsOf("stack", options, ONE_AXIS).axis ?? 0, [...shape, 1]);
  return joined(
    list.map((x) => insertAxis(x, axis)),
    axis,
  ) as RealArray<T>;
}

/**
 * Views of parts along `axis`, 0 by default: a number of equal parts, or a list of the places where to cut.
 * @param x an array of any shape, or nested lists
 * @param parts a number of equal parts, or ascending places
 * @returns a list of views
 * @throws ArgumentError where the parts do not come out even, or places do not ascend
 * @example console.log(nd.split([1, 2, 3, 4], [1]).map((part) => nd.toNested(part))); // [ [ 1 ], [ 2, 3, 4 ] ]
 */
export function split<T extends RealData>(
  x: ArrayInput<T>,
  parts: number | readonly number[],
  options?: AxisOptions | null,
): RealArray<T>[] {
  atMost("split", 3, arguments);
  const array = arrayIn("split", x);
  const axis = axisOf("split", optionsOf("split", options, ONE_AXIS).axis ?? 0, array.shape);
  const length = at(array.shape, axis);
  const cuts = [0, ...cutsOf(parts, length), length];
  return cuts.slice(1).map((end, n) => slice(array, axis, at(cuts, n), end));
}

function cutsOf(parts: number | readonly number[], length: number): readonly number[] {
  if (typeof parts !== "number") {
    const { numbers } = indicesIn("split, places", parts, length + 1);
    if (numbers.every((place, n) => n === 0 || place >= realAt(numbers, n - 1))) return [...numbers];
    throw new ArgumentError(`split: expected places that ascend, got ${described(parts)}`);
  }
  if (Number.isInteger(parts) && parts >= 1 && length % parts === 0)
    return Array.from({ length: parts - 1 }, (_, n) => ((n + 1) * length) / parts);
  throw new ArgumentError(`split: expected a number of parts that divides ${String(length)}, got ${String(parts)}`);
}

// -------------------------------------------------------------------------------------------------- moving

/**
 * The elements in row-major order as `shape`, in which one length may be -1 for what is left: a view where possible.
 * @param x an array of any shape, or nested lists; int32 arrays too, which are copied
 * @param shape the new lengths
 * @returns an array of that shape
 * @throws ArgumentError if sizes differ
 * @example console.log(nd.toNested(nd.reshape([1, 2, 3, 4], [2, -1]))); // [ [ 1, 2 ], [ 3, 4 ] ]
 */
export function reshape(x: Int32NdArray, shape: readonly number[]): Int32NdArray;
export function reshape<T extends RealData>(x: ArrayInput<T>, shape: readonly number[]): RealArray<T>;
export function reshape(x: ArrayInput | Int32NdArray, shape: readonly number[]): unknown {
  atMost("reshape", 2, arguments);
  return moved("reshape", x, (array) => reshapeTo(array, fullShape(array.shape, shape)));
}

/**
 * A view with the axes in reverse order, or in that of `axes`.
 * @param x an array of any shape, or nested lists; int32 arrays too, which are copied
 * @param axes the old axis for each new one
 * @returns a view
 * @throws ArgumentError unless every axis is there once
 * @example console.log(nd.toNested(nd.transpose([[1, 2], [3, 4]]))); // [ [ 1, 3 ], [ 2, 4 ] ]
 */
export function transpose(x: Int32NdArray, axes?: readonly number[] | null): Int32NdArray;
export function transpose<T extends RealData>(x: ArrayInput<T>, axes?: readonly number[] | null): RealArray<T>;
export function transpose(x: ArrayInput | Int32NdArray, axes?: readonly number[] | null): unknown {
  atMost("transpose", 2, arguments);
  return moved("transpose", x, (array) =>
    transposeTo(array, ...(axes === undefined || axes === null ? [] : [permutationOf("transpose", axes, array.shape)])),
  );
}

const FLIPPED = {
  /** The axis that is reversed, or a list of them; -1 is the last. All by default. */
  axis: {
    expected: "an axis or a list of axes",
    accepts: (value: unknown): value is number | readonly number[] => Number.isInteger(value) || areIntegers(value),
  },
} as const;

/**
 * A view with the order of elements reversed, along all axes or those of `axis`.
 * @param x an array of any shape, or nested lists; int32 arrays too, which are copied
 * @returns a view of the shape of x
 * @throws ArgumentError if there is no such axis
 * @example console.log(nd.toNested(nd.flip([1, 2, 3]))); // [ 3, 2, 1 ]
 */
export function flip(x: Int32NdArray, options?: OptionsOf<typeof FLIPPED> | null): Int32NdArray;
export function flip<T extends RealData>(x: ArrayInput<T>, options?: OptionsOf<typeof FLIPPED> | null): RealArray<T>;
export function flip(x: ArrayInput | Int32NdArray, options?: OptionsOf<typeof FLIPPED> | null): unknown {
  atMost("flip", 2, arguments);
  return moved("flip", x, (array) => {
    const axes = axesOf("flip", optionsOf("flip", options, FLIPPED).axis, array.shape);
    const back = (k: number): number =>
      axes.includes(k) ? Math.max(0, at(array.shape, k) - 1) * at(array.stride, k) : 0;
    const offset = [...array.shape.keys()].reduce((sum, k) => sum + back(k), array.offset);
    return viewOf(array, {
      shape: array.shape,
      stride: array.stride.map((step, k) => (axes.includes(k) ? -step : step)),
      offset,
    });
  });
}

/**
 * Elements in ascending order along `axis`, the last by default; NaN come last.
 * @param x an array of any shape, or nested lists; int32 arrays too
 * @returns an array of the shape of x, of integers where x is
 * @throws ArgumentError if there is no such axis
 * @example console.log(nd.toNested(nd.sort([3, 1, 2]))); // [ 1, 2, 3 ]
 */
export function sort(x: Int32NdArray, options?: AxisOptions | null): Int32NdArray;
export function sort<T extends RealData>(x: ArrayInput<T>, options?: AxisOptions | null): RealArray<T>;
export function sort(x: ArrayInput | Int32NdArray, options?: AxisOptions | null): unknown {
  atMost("sort", 2, arguments);
  return moved("sort", x, (array) => {
    const axis = axisOf("sort", optionsOf("sort", options, ONE_AXIS).axis ?? -1, array.shape);
    return alongLast(array, axis, (matrix) => gather(matrix, placesInOrder(matrix), matrix.shape));
  });
}

/**
 * The indices that would sort along `axis`, the last by default; equal elements keep their order.
 * @param x an array of any shape, or nested lists
 * @returns int32 indices of the shape of x
 * @throws ArgumentError if there is no such axis
 * @example console.log(nd.toNested(nd.argsort([3, 1, 2]))); // [ 1, 2, 0 ]
 */
export function argsort(x: ArrayInput, options?: AxisOptions | null): Int32NdArray {
  atMost("argsort", 2, arguments);
  const array = arrayIn("argsort", x);
  const axis = axisOf("argsort", optionsOf("argsort", options, ONE_AXIS).axis ?? -1, array.shape);
  const length = at(array.shape, axis);
  const indices = alongLast(array, axis, (matrix) => {
    const data = Float64Array.from(placesInOrder(matrix), (place) => place % length);
    return wrapBeside<RealData>(data, matrix.shape);
  });
  return int32("argsort", readable(indices), array.shape);
}

/** In row-major order. */
function placesInOrder(matrix: RealArray): Float64Array {
  const [rows, length] = matrix.shape as [number, number];
  const data = readable(matrix);
  const places = new Float64Array(data.length);
  const rank = (a: number, b: number): number => {
    const [left, right] = [realAt(data, a), realAt(data, b)];
    if (Number.isNaN(left) || Number.isNaN(right)) return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
    return left - right || 0;
  };
  for (let row = 0; row < rows; row++) {
    const part = Array.from({ length }, (_, k) => row * length + k);
    places.set(part.sort(rank), row * length);
  }
  return places;
}
