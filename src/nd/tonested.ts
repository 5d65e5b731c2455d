/** Arrays as lists of numbers. */
import { checkElements } from "../array/check";
import { nestedOf } from "../array/show";
import type { NestedNumbers } from "../array/show";
import type { Elements } from "../device/memory";
import { atMost } from "../options";
import type { NdArray } from "ndarray";

/**
 * The numbers of an array as nested lists, as deep as it has axes: what `array` takes, and JSON.
 * @param x an array of any shape
 * @returns nested lists, or a number where the shape is `[]`
 * @throws ArgumentError for what is no ndarray
 * @example console.log(nd.toNested(array([[1, 2], [3, 4]]))); // [ [ 1, 2 ], [ 3, 4 ] ]
 */
export function toNested<T extends Elements>(x: NdArray<T>): NestedNumbers {
  atMost("toNested", 1, arguments);
  return nestedOf(checkElements("toNested", x));
}
