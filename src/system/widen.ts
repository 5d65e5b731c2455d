/**
 * Float32 data as the float64 system of those numbers, and its solution rounded back: recorded, so that derivatives run in float64, too.
 */
import { record } from "../array/record";
import { contiguous, dtypeOf, sameShape, wrap } from "../array/view";
import type { Dtype, RealArray } from "../array/view";

/** The same numbers in another dtype. */
export function recordedAs(x: RealArray, dtype: Dtype): RealArray {
  const data = contiguous(x);
  const converted = wrap(dtype === "float32" ? new Float32Array(data) : new Float64Array(data), x.shape);
  const back = dtypeOf(x);
  return record(converted, [x], (cotangent) => [recordedAs(cotangent, back)], {
    where: "KernelSolve",
    readsInputs: [false],
  });
}

/** In float64, what was one array before being one array after. */
export function widened(arrays: readonly RealArray[]): RealArray[] {
  const found: RealArray[] = [];
  arrays.forEach((array, n) => {
    const before = arrays.findIndex((other) => isSameView(other, array));
    found.push(before < n ? found[before]! : recordedAs(array, "float64"));
  });
  return found;
}

export const isSameView = (a: RealArray, b: RealArray): boolean =>
  a.data === b.data && a.offset === b.offset && sameShape(a.shape, b.shape) && sameShape(a.stride, b.stride);
