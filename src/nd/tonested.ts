/** Arrays as lists of numbers. */
import { checkElements } from "../array/check";
import { nestedOf } from "../array/show";
import type { NestedNumbers } from "../array/show";
import type { Elements } from "../device/memory";
import { atMost } from "../options";
import type { NdArray } from "ndarray";

/** The numbers of an array as nested lists, as deep as it has axes: what `array` takes, and JSON. */
export function toNested<T extends Elements>(x: NdArray<T>): NestedNumbers {
  atMost("toNested", 1, arguments);
  return nestedOf(checkElements("toNested", x));
}
