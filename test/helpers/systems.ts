/** Kernel systems over a few points: the door, its data, dense matrices, and the bound that a residual gives. */
import { KernelSolve, astype, nd, rand, randn, zeros } from "../../src";
import type { Dtype, RealArray } from "../../src";
import { minus, norm, values, wide } from "./numbers";

export const [N, D, G] = [60, 2, 20];
export const ALIASES = ["x = Vi(2)", "y = Vj(2)", "b = Vj(2)", "g = Pm(1)"] as const;
export const GAUSSIAN = "Exp(-g * SqDist(x, y)) * b";
export const gaussian = KernelSolve(GAUSSIAN, ALIASES, "b", { axis: 1 });
/** Iterations as they are: what follows is about how they go and end. */
export const PLAIN = { method: "cg", preconditioner: "none" } as const;

export interface Data {
  readonly x: RealArray;
  readonly b: RealArray;
}
export const data = (dtype: Dtype = "float64", n = N, columns = 2): Data => ({
  x: rand([n, D], { dtype, seed: 1 }),
  b: randn([n, columns], { dtype, seed: 2 }),
});

/** The float64 matrix of `[n c, n c]` that a symmetric kernel of c x c blocks makes of points. */
export function matrixOf(x: RealArray, block: (d: readonly number[], squares: number) => number[][]): RealArray {
  const n = x.shape[0]!;
  const c = block([0, 0], 0).length;
  const matrix = zeros([n * c, n * c], wide);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      const d = [0, 1].map((k) => x.get(i, k) - x.get(j, k));
      const entries = block(d, d[0]! ** 2 + d[1]! ** 2);
      for (let p = 0; p < c; p++) for (let q = 0; q < c; q++) matrix.set(i * c + p, j * c + q, entries[p]![q]!);
    }
  return matrix;
}

export function ridged(matrix: RealArray, alpha: number): RealArray {
  return nd.add(matrix, nd.mul(nd.eye(matrix.shape[0]!, wide), alpha));
}

/** ‖a - a*‖ <= ‖r‖ / alpha, and a was rounded to its dtype at the end. */
export function expectSolution(a: RealArray, K: RealArray, b: RealArray, alpha: number, eps = 1e-6): void {
  const right = nd.reshape(astype(b, "float64"), [K.shape[0]!, b.size / K.shape[0]!]);
  const exact = values(nd.solve(ridged(K, alpha), right));
  const error = norm(minus(values(a), exact));
  const allowed = (eps * norm(values(b))) / alpha;
  const rounding = a.data.BYTES_PER_ELEMENT === 4 ? 2 ** -23 : 1e-10;
  expect(a.shape).toEqual(b.shape);
  expect(error).toBeLessThanOrEqual(allowed + rounding * norm(exact));
}
