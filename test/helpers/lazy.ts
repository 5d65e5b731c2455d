/** What tests of lazy tensors share: points, a Gaussian kernel, and how results are compared. */
import ndarray from "ndarray";
import { Vi, Vj, rand } from "../../src/index";
import type { RealArray, LazyTensor } from "../../src/index";

export const [M, N] = [7, 5];
export const float64 = { dtype: "float64", seed: 1 } as const;
export const x = rand([M, 3], float64);
export const y = rand([N, 3], { ...float64, seed: 2 });
export const b = rand([N, 2], { ...float64, seed: 3 });
export const numbers = (a: {
  data: ArrayLike<number>;
  shape: number[];
  stride: number[];
  offset: number;
}): number[] => {
  const view = ndarray(Array.from(a.data), a.shape, a.stride, a.offset);
  const found: number[] = [];
  const walk = (index: number[]): void => {
    if (index.length === a.shape.length) found.push(view.get(...index));
    else for (let k = 0; k < a.shape[index.length]!; k++) walk([...index, k]);
  };
  walk([]);
  return found;
};
export const gaussian = (p: RealArray, q: RealArray): LazyTensor => Vi(p).sqdist(Vj(q)).neg().exp();
export const expectClose = (got: RealArray, expected: RealArray, digits = 12): void => {
  expect(got.shape).toEqual(expected.shape);
  numbers(got).forEach((value, n) => expect(value).toBeCloseTo(numbers(expected)[n]!, digits));
};
