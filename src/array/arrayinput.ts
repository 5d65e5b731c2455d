/**
 * What users pass where an array is wanted. The one idea: lists of numbers and typed arrays become arrays at the door,
 * in the dtype of the arrays beside them, so that nothing behind it knows them. Must not know formulas.
 */
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { readNested } from "./array";
import { checkArray, checkShape, described, isList, ownDtype } from "./check";
import type { Where } from "./check";
import { shapeText, sizeOf, wrap } from "./view";
import type { Dtype, RealArray } from "./view";

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
    throw new ArgumentError(`${where}: expected a list or a typed array, got ${described(numbers)}`);
  const flat = arrayIn<T>(where, numbers);
  const lengths = checkShape(where, shape);
  if (flat.shape.length === 1 && sizeOf(lengths) === flat.shape[0]) return wrap(flat.data, lengths);
  const expected = `${String(sizeOf(lengths))} numbers for shape ${shapeText(lengths)}`;
  throw new ArgumentError(`${where}: expected ${expected}, got shape ${shapeText(flat.shape)}`);
}
