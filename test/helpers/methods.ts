/** What tests of solvers share: kernels, methods, clustered points, and residuals by the reduction itself. */
import { rand } from "../../src/index";
import type { Dtype, RealArray, SolveOptions } from "../../src/index";

export const KERNELS = {
  Gaussian: "Exp(-g * SqDist(x, y)) * b",
  Laplacian: "Exp(-g * Norm2(x - y)) * b",
  Cauchy: "b / (1 + g * SqDist(x, y))",
  "inverse multiquadric": "Rsqrt(1 + g * SqDist(x, y)) * b",
  polynomial: "Square(1 + (x | y)) * b + 0 * g * b",
};

export const METHODS = {
  auto: {},
  direct: { method: "direct" },
  "cg, automatic rank": { method: "cg" },
  "cg, rank 50": { method: "cg", preconditioner: { rank: 50 } },
} satisfies Record<string, SolveOptions>;

/** Points with structure: two tight clusters, some of them twice. */
export function clustered(count: number, dtype: Dtype): RealArray {
  const x = rand([count, 2], { dtype, seed: 1 });
  for (let n = 0; n < count; n++) {
    const twin = n % 10 === 9 ? n - 1 : n;
    for (const k of [0, 1]) x.set(n, k, (n % 2) * 0.8 + 0.02 * x.get(twin, k));
  }
  return x;
}
