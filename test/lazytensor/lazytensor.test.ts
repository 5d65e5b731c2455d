/** What a lazy tensor is, and its gradients. */
import ndarray from "ndarray";
import { Genred, LazyTensor, Pm, Var, Vi, Vj, array, grad, rand, randn, requiresGrad } from "../../src/index";
import { M, N, b, expectClose, float64, gaussian, numbers, x, y } from "../helpers/lazy";

describe("what a lazy tensor is", () => {
  test("its shape is that of the array it stands for, without a last 1", () => {
    const D = Vi(x).sub(Vj(y));
    expect([D.shape, D.ndim, D.dim]).toEqual([[M, N, 3], 3, 3]);
    expect([D.sqnorm2().shape, Vi(x).shape, Vj(y).shape, Pm([1, 2]).shape]).toEqual([
      [M, N],
      [M, 1, 3],
      [1, N, 3],
      [1, 1, 2],
    ]);
  });

  test("the axes of an array tell its role", () => {
    const i = ndarray(x.data, [M, 1, 3]);
    const j = ndarray(y.data, [1, N, 3]);
    const both = LazyTensor(i).sqdist(LazyTensor(j)).neg().exp();
    expectClose(both.dense(), gaussian(x, y).dense());
    expect(LazyTensor(x, { axis: 1 }).shape).toEqual([1, M, 3]);
    expect(Var(x, 0).shape).toEqual([M, 1, 3]);
  });

  test("the same array in the same role is the same variable", () => {
    expect(Vi(x).sub(Vi(x)).formula).toBe("SumT(0, 3)");
    expect(Vi(x).sub(Vj(x)).formula).toBe("x0 - y1");
  });

  test("a sum runs over all rows, also where the formula became constant", () => {
    expect(numbers(gaussian(x, y).mul(0).add(1).sum({ axis: 1 }))).toEqual(new Array(M).fill(N));
  });

  test("numbers that are no integers or halves are parameters, which do not change the formula", () => {
    expect(Vi(x).mul(0.3).formula).toBe(Vi(x).mul(0.7).formula);
    expect(Vi(x).mul(2).formula).not.toBe(Vi(x).mul(3).formula);
  });

  test("its text tells shape, dtype, formula and cost", () => {
    const text = String(gaussian(x, y));
    expect(text).toMatch(/shape \[7, 5\], float64/);
    expect(text).toContain("Exp(-SqNorm2(x0 - y1))");
    expect(text).toMatch(
      /cost: 35 pairs x about \d+ flops = \d+ flops; arrays of 288 B, in place of 280 B for all values/,
    );
  });

  test("explain tells what is computed once and shows the code of the routine", () => {
    const text = gaussian(x, y).mul(Vi(x).square().sum().sqrt()).explain();
    expect(text).toMatch(/once per i: Sqrt/);
    expect(text).toMatch(/at every pair: .*Exp2/);
    expect(text).toMatch(/backend: cpu, \w+, tiles of \d+ rows \(\d x \d+ lanes\)/);
    expect(text).toMatch(/keops_reduce\([^]*reducer\.add/);
    expect(text).not.toContain("Prelude of every generated routine");
  });
});

describe("gradients", () => {
  test("products, diagonals, rows and solves are differentiable, to second order", () => {
    const p = requiresGrad(rand([M, 3], { ...float64, seed: 9 }));
    const K = Genred("Exp(-SqDist(x,y)) * b", ["x=Vi(3)", "y=Vj(3)", "b=Vj(2)"], { axis: 1 });
    const e = randn([M, 2], { ...float64, seed: 4 });
    const [got, expected] = [gaussian(p, y).matmul(b), K(p, y, b)].map(
      (out) => grad(out, [p], e, { createGraph: true })[0],
    );
    expectClose(got!, expected!);
    const f = randn([M, 3], { ...float64, seed: 5 });
    expectClose(grad(got!, [p], f)[0], grad(expected!, [p], f)[0]);
  });

  test("gradients of views land in the arrays that they were taken of", () => {
    const p = requiresGrad(rand([M, 3], { ...float64, seed: 9 }));
    const row = gaussian(p, y).row(3);
    const [g] = grad(row, [p], array(new Array(N).fill(1), { dtype: "float64" }));
    expect(g.shape).toEqual([M, 3]);
    expect(numbers(g).filter((value) => value !== 0)).toHaveLength(3);
    const step = 1e-6;
    const moved = array([...Array(M).keys()].map((i) => [0, 1, 2].map((k) => p.get(i, k) + (i === 3 && k === 1 ? step : 0))), { dtype: "float64" }); // prettier-ignore
    const difference = gaussian(moved, y).row(3);
    const slope = numbers(difference).reduce((s, v, n) => s + (v - numbers(row)[n]!) / step, 0);
    expect(g.get(3, 1)).toBeCloseTo(slope, 5);
  });

  test("the gradient by a parameter array is the sum over pairs", () => {
    const scale = requiresGrad(array([1.5], { dtype: "float64" }));
    const total = Vi(x).sqdist(Vj(y)).mul(scale).sum({ axis: 1 });
    const [g] = grad(total, [scale], array(new Array(M).fill([1]), { dtype: "float64" }));
    expect(g.get(0)).toBeCloseTo(numbers(total).reduce((s, v) => s + v, 0) / 1.5, 12);
  });
});
