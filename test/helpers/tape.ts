/** What tests of the tape share: small graphs whose closures are written by hand, as the doors write theirs. */
import { array } from "../../src/array/array";
import { mul } from "../../src/array/arithmetic";
import { record, requiresGrad } from "../../src/array/record";
import type { Backward } from "../../src/array/record";
import { contiguous, wrap } from "../../src/array/view";
import type { RealArray } from "../../src/array/view";

export type Doubles = RealArray<Float64Array>;

export const doubles = (...values: number[]): Doubles => array(values, { dtype: "float64" });
export const leaf = (...values: number[]): Doubles => requiresGrad(doubles(...values));
export const values = (x: RealArray): number[] => [...contiguous(x)];

/** A small graph whose closure is written by hand, as the doors write theirs. */
export function cube(x: Doubles): Doubles {
  const data = contiguous(x).map((value) => value ** 3);
  const backward: Backward = (cotangent) => [mul(cotangent, mul(3, mul(x, x)))];
  return record(wrap(data, x.shape), [x], backward, { where: "cube", nameOf: () => "x" });
}
