/** Gaussian sums over a few points: the door, its data, and the sums by plain loops. */
import ndarray from "ndarray";
import { Genred, rand, randn } from "../../src";
import type { Dtype, GenredOptions, RealArray } from "../../src";

export const [M, N, G] = [7, 11, 0.7];

export const ALIASES = ["x = Vi(3)", "y = Vj(3)", "b = Vj(2)", "g = Pm(1)"] as const;
export const gaussian = (options?: GenredOptions): ReturnType<typeof Genred<typeof ALIASES>> =>
  Genred("Exp(-g * SqDist(x, y)) * b", ALIASES, options);
export const overJ = gaussian({ axis: 1 });

export interface Data {
  readonly x: RealArray;
  readonly y: RealArray;
  readonly b: RealArray;
}
export const data = (dtype: Dtype = "float64"): Data => ({
  x: rand([M, 3], { dtype, seed: 1 }),
  y: rand([N, 3], { dtype, seed: 2 }),
  b: randn([N, 2], { dtype, seed: 3 }),
});

/** The same numbers, in memory laid out with gaps and backwards. */
export function scattered(a: RealArray): RealArray {
  const [rows, columns] = a.shape as [number, number];
  const memory = a.data.BYTES_PER_ELEMENT === 8 ? new Float64Array(6 * a.size + 5) : new Float32Array(6 * a.size + 5);
  const view = ndarray(memory.fill(NaN), [rows, columns], [-2 * columns, 2], 2 * (rows - 1) * columns + 3);
  for (let i = 0; i < rows; i++) for (let k = 0; k < columns; k++) view.set(i, k, a.get(i, k));
  return view;
}
