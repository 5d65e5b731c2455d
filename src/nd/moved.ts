/**
 * Arrays of integers, such as labels, among those whose elements are only moved. The one idea: float64 holds every
 * int32, so integers are moved as numbers and come back as they were. Knows no function of `nd`.
 */
import { astype } from "../array/array";
import { arrayIn, checkReach, elementType, isNdarray } from "../array/check";
import type { ArrayInput } from "../array/check";
import { int32 } from "../array/integers";
import type { Int32NdArray } from "../array/integers";
import { readable } from "../array/view";
import type { RealArray } from "../array/view";

/** Moves the elements of x: of an int32 array to another one, of numbers as they are, with their history. */
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
