/**
 * What users pass where an array is wanted. The one idea: lists of numbers and typed arrays become arrays at the door,
 * in the dtype of the arrays beside them, so that nothing behind it knows them. Must not know formulas.
 */
import type { RealData } from "../device/native";
import { isList, ownDtype, readNested } from "./array";
import { checkArray } from "./check";
import type { Where } from "./check";
import type { Dtype, RealArray } from "./view";

/** Numbers in lists that are nested as deep as an array has axes; typed arrays may be the innermost ones. */
export type NumberList = readonly (number | NumberList | RealData)[];

/** An array, or what stands for one: a typed array `[N]`, or lists of numbers. */
export type Given<T extends RealData = RealData> = RealArray<T> | T | NumberList;

/**
 * The array that was given, or a new one of what stands for it. Lists take `dtype`, or float32 without one; typed
 * arrays of floats keep their own.
 * @throws ArgumentError, beginning with `where`, for anything else, another dtype, and ragged lists.
 */
export function arrayIn<T extends RealData>(where: Where, value: Given<T>, dtype?: Dtype): RealArray<T> {
  return checkArray(where, isList(value) ? fromList(where, value, dtype) : value, dtype) as RealArray<T>;
}

function fromList(where: Where, value: unknown, dtype: Dtype | undefined): RealArray {
  return readNested(typeof where === "string" ? where : where(), value, ownDtype(value) ?? dtype ?? "float32");
}

/** The dtype of the first array or typed array among what was given, which lists and numbers take. */
export function dtypeAmong(given: readonly unknown[]): Dtype | undefined {
  for (const value of given) {
    const dtype = ownDtype(value);
    if (dtype !== undefined) return dtype;
  }
  return undefined;
}
