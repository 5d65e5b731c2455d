/** Points around 0 with widths 1, 0.01 and 0.0001, a third of them each. */
import { randn } from "../../src/array/array";
import type { Dtype, RealArray } from "../../src/array/view";

const WIDTHS = [1, 0.01, 1e-4] as const;

export function mixed(
  count: number,
  dim: number,
  options: { readonly dtype: Dtype; readonly seed: number },
): RealArray {
  const points = randn([count, dim], options);
  for (let n = 0; n < count; n++)
    for (let k = 0; k < dim; k++) points.set(n, k, WIDTHS[n % WIDTHS.length]! * points.get(n, k));
  return points;
}
