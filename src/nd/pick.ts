/**
 * Elements by their indices: lists, typed arrays or int32 ndarrays of integers. The one idea: picking is a gather whose
 * derivative adds up where elements came from, and adding up is the derivative's own inverse. Must not know engines.
 */
import { DTYPE, astype, zeros } from "../array/array";
import { arrayIn, checkReach, checkShape, elementType, isNdarray } from "../array/check";
import type { ArrayInput } from "../array/check";
import { int32, integersIn } from "../array/integers";
import type { Int32NdArray, IntegerArray } from "../array/integers";
import { gather, scatterAdd as scatterTo } from "../array/tape";
import { readable, sameShape, shapeText, sizeOf } from "../array/view";
import type { ArrayOf, Dtype, RealArray } from "../array/view";
import { at, realAt } from "../asserts";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { atMost, optionsOf } from "../options";
import type { OptionsOf } from "../options";
import { ONE_AXIS } from "./axes";
import type { AxisOptions } from "./axes";
import { axisOf } from "./shapes";

/** Integers of any shape: nested lists, typed arrays, ndarrays. */
export type Indices = IntegerArray | readonly ArrayLike<number>[];

/** @throws ArgumentError for what is no index below `length`, naming its place. */
export function indicesIn(
  where: string,
  value: unknown,
  length: number,
): { shape: readonly number[]; numbers: Float64Array } {
  const found = integersIn(where, value);
  const wrong = found.numbers.findIndex((index) => index < 0 || index >= length);
  if (wrong < 0) return found;
  const got = `${String(found.numbers[wrong])} at place ${String(wrong)}`;
  throw new ArgumentError(`${where}: expected indices from 0 to ${String(length - 1)}, got ${got}`);
}

/**
 * The elements, or slices along `axis`, at `indices`: `nd.take(x, [0, 2], { axis: 0 })` are rows 0 and 2. Indices of
 * shape `[...s]` stand in the place of the axis. The derivative adds up where elements came from.
 * @param x an array of any shape, or nested lists; an int32 array too, such as labels
 * @param indices integers of any shape `[...s]`
 * @returns the shape of x, of integers where x is, with `[...s]` in the place of the axis
 * @throws ArgumentError for an index that is not there, negative ones too, and without `axis` unless x is a vector
 * @example
 * console.log(nd.toNested(nd.take([[1, 2], [3, 4], [5, 6]], [2, 0], { axis: 0 }))); // [ [ 5, 6 ], [ 1, 2 ] ]
 */
export function take(x: Int32NdArray, indices: Indices, options?: AxisOptions | null): Int32NdArray;
export function take<T extends RealData>(
  x: ArrayInput<T>,
  indices: Indices,
  options?: AxisOptions | null,
): RealArray<T>;
export function take(x: ArrayInput | Int32NdArray, indices: Indices, options?: AxisOptions | null): unknown {
  atMost("take", 3, arguments);
  return moved("take", x, (array) => {
    const { shape: lengths } = array;
    const axis = neededAxis("take", lengths, optionsOf("take", options, ONE_AXIS));
    const { shape, numbers } = indicesIn("take, indices", indices, at(lengths, axis));
    const [outer, inner] = [lengths.slice(0, axis), lengths.slice(axis + 1)];
    const places = placesOf(numbers, sizeOf(inner), sizeOf(outer), at(lengths, axis));
    return gather(array, places, [...outer, ...shape, ...inner]);
  });
}

/** Where the elements of slices of `width` are, at `numbers` in each of `entries` that are `length` slices long. */
function placesOf(numbers: ArrayLike<number>, width: number, entries = 1, length = 0): Float64Array {
  const places = new Float64Array(entries * numbers.length * width);
  let k = 0;
  for (let entry = 0; entry < entries; entry++)
    for (let n = 0; n < numbers.length; n++) {
      const begin = (entry * length + (numbers[n] as number)) * width;
      for (let w = 0; w < width; w++) places[k++] = begin + w;
    }
  return places;
}

function neededAxis(where: string, shape: readonly number[], { axis }: AxisOptions): number {
  if (axis !== undefined) return axisOf(where, axis, shape);
  if (shape.length === 1) return 0;
  throw new ArgumentError(`${where}: expected the option axis for shape ${shapeText(shape)}, got none`);
}

/**
 * `[length, ...]`: the rows of `values` added up where `indices` say, as in a histogram with weights.
 * @param values `[N, ...]`
 * @param indices integers `[N]`
 * @param length the number of rows of the result
 * @returns `[length, ...]`
 * @throws ArgumentError unless there is an index from 0 to length - 1 for every row
 * @example console.log(nd.toNested(nd.scatterAdd([1, 2, 4], [0, 2, 0], 3))); // [ 5, 0, 2 ]
 */
export function scatterAdd<T extends RealData>(values: ArrayInput<T>, indices: Indices, length: number): RealArray<T> {
  atMost("scatterAdd", 3, arguments);
  const array = arrayIn("scatterAdd", values);
  checkShape("scatterAdd, length", [length]);
  const { shape, numbers } = indicesIn("scatterAdd, indices", indices, length);
  const lead = array.shape.slice(0, shape.length);
  if (!sameShape(lead, shape))
    throw new ArgumentError(`scatterAdd, indices: expected shape ${shapeText(lead)}, got ${shapeText(shape)}`);
  const rest = array.shape.slice(shape.length);
  return scatterTo(array, placesOf(numbers, sizeOf(rest)), [length, ...rest]);
}

const COUNTS = {
  /** Counts at least; by default up to the largest label. */
  minLength: { kind: "integer", least: 0 },
} as const;

/**
 * How often each label from 0 on occurs, as int32. With weights, `scatterAdd` gives their sums.
 * @param labels integers `[N]` of at least 0
 * @returns an int32 vector, as long as there are labels
 * @throws ArgumentError for negative labels
 * @example console.log(nd.toNested(nd.bincount([0, 2, 2]))); // [ 1, 0, 2 ]
 */
export function bincount(labels: Indices, options?: OptionsOf<typeof COUNTS> | null): Int32NdArray {
  atMost("bincount", 2, arguments);
  const { minLength = 0 } = optionsOf("bincount", options, COUNTS);
  const { numbers } = indicesIn("bincount", labels, Infinity);
  const length = numbers.reduce((longest, label) => Math.max(longest, label + 1), minLength);
  const counts = new Float64Array(sizeOf(checkShape("bincount", [length])));
  for (const label of numbers) counts[label] = realAt(counts, label) + 1;
  return int32("bincount", counts, [counts.length]);
}

/**
 * `[...s, classes]`: 1 at the label, 0 elsewhere, for labels `[...s]`.
 * @param labels integers of any shape `[...s]`
 * @param classes the number of classes
 * @returns `[...s, classes]`
 * @throws ArgumentError for a label that is no class
 * @example console.log(nd.toNested(nd.oneHot([1, 0], 3))); // [ [ 0, 1, 0 ], [ 1, 0, 0 ] ]
 */
export function oneHot<D extends Dtype = "float32">(
  labels: Indices,
  classes: number,
  options?: OptionsOf<typeof DTYPE, Dtype, D> | null,
): ArrayOf<D> {
  atMost("oneHot", 3, arguments);
  checkShape("oneHot, classes", [classes]);
  const { shape, numbers } = indicesIn("oneHot, labels", labels, classes);
  const made = zeros([...shape, classes], optionsOf("oneHot", options, DTYPE) as { dtype?: D });
  numbers.forEach((label, n) => (made.data[n * classes + label] = 1));
  return made;
}

// --------------------------------------------------------------------------------------------- integers that are moved

/**
 * Moves the elements of x: of an int32 array, such as labels, to another one, of numbers as they are, with their history.
 * As float64 holds every int32, integers are moved as numbers and come back as they were.
 */
export function moved(
  where: string,
  x: ArrayInput | Int32NdArray,
  move: (array: RealArray) => RealArray,
): RealArray | Int32NdArray {
  if (!isIntegers(x)) return move(arrayIn(where, x));
  checkReach(where, x);
  const result = move(astype(x, "float64"));
  return int32(where, readable(result), result.shape);
}

const isIntegers = (x: ArrayInput | Int32NdArray): x is Int32NdArray => isNdarray(x) && elementType(x.data) === "int32";
