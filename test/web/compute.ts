/** What Node and browsers compute alike. */
import { Genred, KernelSolve, LazyTensor, Vi, Vj, grad, nd, rand, requiresGrad } from "../../src/index";

export const gaussian = Genred("Exp(-SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)"], { axis: 1 });
export const numbers = ({ data }: { readonly data: ArrayLike<number> }): number[] => Array.from(data);

/** Sums, a gradient, a solve, neighbours by lazy tensors. */
export function compute(): Record<string, number[]> {
  const x = requiresGrad(rand([60, 3], { seed: 1, dtype: "float64" }));
  const b = rand([60, 1], { seed: 2, dtype: "float64" });
  const K = gaussian(x, x, b);
  const [gradient] = grad(nd.sum(nd.square(K)), [x]);
  const solve = KernelSolve("Exp(-SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)"], "b", { axis: 1 });
  const nearest = LazyTensor(x, { axis: 0 }).sqdist(Vj(rand([80, 3], { seed: 3, dtype: "float64" })));
  return {
    sum: numbers(K),
    gradient: numbers(gradient),
    solution: numbers(solve(x, x, b, { alpha: 0.1 })),
    nearest: numbers(nearest.argKmin(4, { axis: 1 })),
    lazy: numbers(Vi(x).sqdist(Vj(x)).neg().exp().matmul(b)),
  };
}
