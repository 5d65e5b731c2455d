/** Points whose distances differ by orders of magnitude. */
import { randn } from "../../src/array/array";
import type { Dtype, RealArray } from "../../src/array/view";

const WIDTHS = [1, 0.01, 1e-4] as const;

/** Points around 0 with widths 1, 0.01 and 0.0001, a third of them each. */
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

/** Clouds within clouds: 50 of width 0.3, in them 20 each of width 0.01, points around those within 0.0001. */
export function nested(
  count: number,
  dim: number,
  { dtype, seed }: { readonly dtype: Dtype; readonly seed: number },
): RealArray {
  const [clouds, smaller, points] = [
    randn([50, dim], { dtype, seed: 77 }),
    randn([1000, dim], { dtype, seed: 78 }),
    randn([count, dim], { dtype, seed }),
  ];
  for (let n = 0; n < count; n++)
    for (let k = 0; k < dim; k++)
      points.set(n, k, 0.3 * clouds.get(n % 50, k) + 0.01 * smaller.get(n % 1000, k) + 1e-4 * points.get(n, k));
  return points;
}
