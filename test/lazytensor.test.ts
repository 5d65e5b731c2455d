/** Lazy tensors: shapes, reductions, matrices, gradients, batches, ranges, complex numbers, misuse. */
import ndarray from "ndarray";
import { fromMatrix } from "../src/cluster";
import {
  ComplexLazyTensor,
  Genred,
  KeopsError,
  KernelSolve,
  LazyTensor,
  Pm,
  Var,
  Vi,
  Vj,
  array,
  asLinearOperator,
  grad,
  rand,
  randn,
  requiresGrad,
} from "../src/index";
import type { RealArray } from "../src/index";
import { reductions } from "../src/formula/reductions";

const [M, N] = [7, 5];
const float64 = { dtype: "float64", seed: 1 } as const;
const x = rand([M, 3], float64);
const y = rand([N, 3], { ...float64, seed: 2 });
const b = rand([N, 2], { ...float64, seed: 3 });
const numbers = (a: { data: ArrayLike<number>; shape: number[]; stride: number[]; offset: number }): number[] => {
  const view = ndarray(Array.from(a.data), a.shape, a.stride, a.offset);
  const found: number[] = [];
  const walk = (index: number[]): void => {
    if (index.length === a.shape.length) found.push(view.get(...index));
    else for (let k = 0; k < a.shape[index.length]!; k++) walk([...index, k]);
  };
  walk([]);
  return found;
};
const rows = (a: RealArray): number[][] =>
  [...Array(a.shape[0]).keys()].map((i) => [...Array(a.shape[1]).keys()].map((k) => a.get(i, k)));
const gaussian = (p: RealArray, q: RealArray): LazyTensor => Vi(p).sqdist(Vj(q)).neg().exp();
const expectClose = (got: RealArray, expected: RealArray, digits = 12): void => {
  expect(got.shape).toEqual(expected.shape);
  numbers(got).forEach((value, n) => expect(value).toBeCloseTo(numbers(expected)[n]!, digits));
};
const at = (p: RealArray, q: RealArray, i: number, j: number): number =>
  Math.exp(-[0, 1, 2].reduce((sum, k) => sum + (p.get(i, k) - q.get(j, k)) ** 2, 0));

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

describe("methods of the tables", () => {
  test("every reduction is a method, and works over both axes", () => {
    for (const [name, { takesK, weights }] of reductions)
      for (const axis of [0, 1] as const) {
        const options = { axis, optArg: takesK ? 2 : undefined, weight: weights === "none" ? undefined : Vj(b) };
        const rest = { reductionOp: name as "KMin", axis, optArg: takesK ? 2 : null };
        const weighted = weights === "none" ? {} : { formula2: "b" };
        const got = gaussian(x, y).reduction(name as "KMin", options);
        const K = Genred("Exp(-SqDist(x,y)) + 0*Sum(b)", ["x=Vi(3)", "y=Vj(3)", "b=Vj(2)"], { ...rest, ...weighted });
        const expected: unknown = K(x, y, b);
        const [first, second] = [got, expected].map((r) => (Array.isArray(r) ? r : [r]) as RealArray[]);
        first!.forEach((a, n) => expectClose(a, second![n]!));
      }
  });

  test("pykeops spellings are the same methods", () => {
    const D = Vi(x).sqdist(Vj(y));
    expect(numbers(D.argKmin(2, { axis: 1 }))).toEqual(numbers(D.Kmin_argKmin(2, { axis: 1 })[1]));
    expect(Vi(x).keops_kron(Vj(y), [3], [3]).formula).toBe(Vi(x).kron(Vj(y), [3], [3]).formula);
    expect(Vi(x).elem(0).oneHot(4).formula).toBe(Vi(x).elem(0).one_hot(4).formula);
  });

  test("what has a meaning for components is about them where there is no axis", () => {
    const row = [0, 1, 2].map((k) => x.get(2, k));
    const inner = (t: LazyTensor): number => t.dense().get(2, 0);
    expect(inner(Vi(x).mean())).toBeCloseTo((row[0]! + row[1]! + row[2]!) / 3, 14);
    expect(inner(Vi(x).logsumexp({ axis: -1 }))).toBeCloseTo(Math.log(row.reduce((s, v) => s + Math.exp(v), 0)), 14);
    expect(inner(Vi(x).add(1000).logsumexp())).toBeCloseTo(inner(Vi(x).logsumexp()) + 1000, 11);
    expect(inner(Vi(x).argmax())).toBe(row.indexOf(Math.max(...row)));
  });

  test("sums, minima and maxima without an axis are of components", () => {
    expect(Vi(x).sum().shape).toEqual([M, 1]);
    expect(Vi(x).min({ axis: -1 }).dense().get(2, 0)).toBe(Math.min(...[0, 1, 2].map((k) => x.get(2, k))));
    expect(Vi(x).sum({ axis: 0 }).shape).toEqual([1, 3]);
  });

  test("comparisons give 1 where they hold", () => {
    const a = Pm([1, 2, 3]);
    const values = (t: LazyTensor): number[] => numbers(t.add(Vi(x).mul(0)).slice([0, 1]).dense());
    expect([a.gt(2), a.ge(2), a.lt(2), a.le(2), a.eq(2), a.ne(2)].map(values)).toEqual([
      [0, 0, 1],
      [0, 1, 1],
      [1, 0, 0],
      [1, 1, 0],
      [0, 1, 0],
      [1, 0, 1],
    ]);
  });

  test("tensors can be put one behind the other", () => {
    expect(LazyTensor.concatenate([Vi(x), Vj(y), Pm(1)]).shape).toEqual([M, N, 7]);
  });

  test("derivatives are formulas of variables", () => {
    const v = Vi(x);
    const K = v.sqdist(Vj(y)).neg().exp();
    expectClose(K.grad(v, 1).dense(), K.mul(v.sub(Vj(y)).mul(-2)).dense());
    expect(() => K.grad(K, 1)).toThrow(/expected a variable such as Vi\(x\)/);
  });
});

describe("reductions", () => {
  test("symbolic variables wait for their arrays", () => {
    const f = Vi(0, 3).sqdist(Vj(1, 3)).mul(-1).exp().mul(Vj(2, 2)).sum({ axis: 1, call: false });
    expectClose(f(x, y, b), gaussian(x, y).matmul(b));
    expect(() => f(x, y)).toThrow(/expected 3 arrays/);
    expect(() => Vi(1, 3).sum({ axis: 1, call: false })).toThrow(/symbolic variable of index 0/);
  });

  test("reductions that wait run as promises too", async () => {
    const f = Vi(0, 3).sqdist(Vj(y)).argKmin(2, { axis: 1, call: false });
    const reports: string[] = [];
    const got = await f.async(x, { onProgress: ({ doing }) => reports.push(doing) });
    expect(numbers(got)).toEqual(numbers(Vi(x).sqdist(Vj(y)).argKmin(2, { axis: 1 })));
    expect(reports).toContain("reduction");
    await expect(f.async()).rejects.toThrow(/expected 1 arrays/);
  });

  test("a call's own options come before those of the tensor", () => {
    const K = gaussian(x, y).withBackend("reference");
    const f = K.sum({ axis: 1, call: false, backend: undefined });
    expectClose(f({ backend: "tiles" }), f());
    expect(() => f({ backend: "gpu" as "cpu" })).toThrow(/backend: expected one of/);
  });

  test("a reduction may wait where all arrays are held", () => {
    expectClose(gaussian(x, y).sum({ axis: 1, call: false })(), gaussian(x, y).sum({ axis: 1 }));
  });

  test("lists of numbers and numbers take the dtype of the arrays", () => {
    const narrow = rand([M, 3], { seed: 1 });
    expect(Vi(narrow).mul([0.1, 0.2, 0.3]).mul(0.7).sum({ axis: 1 }).dtype).toBe("float32");
  });

  test("ranges are visited alone", () => {
    const ranges = fromMatrix([[0, 3], [3, M]], [[0, 2], [2, N]], [[1, 0], [0, 1]]); // prettier-ignore
    const K = gaussian(x, y).withRanges(ranges);
    const expected = Genred("Exp(-SqDist(x,y))", ["x=Vi(3)", "y=Vj(3)"], { axis: 1 })(x, y, { ranges });
    expectClose(K.sum({ axis: 1 }), expected);
    expectClose(K.T.sum({ axis: 0 }), expected);
    expectClose(K.neg().neg().sum({ axis: 1 }), expected);
  });

  test("batches are calls of their own, and one entry serves all", () => {
    const many = rand([4, M, 3], float64);
    const one = ndarray(y.data, [1, N, 3]);
    const K = Vi(many).sqdist(Vj(one)).neg().exp();
    expect(K.shape).toEqual([4, M, N]);
    const got = K.sum({ axis: 1 });
    expectClose(got.pick(2), gaussian(many.pick(2), y).sum({ axis: 1 }));
  });

  test("results go where out says", () => {
    const out = ndarray(new Float64Array(M), [M, 1]);
    expect(gaussian(x, y).sum({ axis: 1, out })).toBe(out);
  });
});

describe("matrices", () => {
  const K = gaussian(x, y);
  const S = gaussian(x, x);

  test("dense values, rows, columns, diagonals and slices are the values of the formula", () => {
    const dense = K.dense();
    expect(dense.shape).toEqual([M, N]);
    expect(dense.get(3, 2)).toBeCloseTo(at(x, y, 3, 2), 14);
    expectClose(K.row(3), dense.pick(3));
    expectClose(K.col(2), dense.pick(null, 2));
    expectClose(K.slice([1, 4], [2, 5]).dense(), dense.hi(4, 5).lo(1, 2));
    expect(numbers(S.diag())).toEqual(new Array(M).fill(1));
    expect(numbers(S.trace())).toEqual([M]);
    expect(Vi(x).mul(Vj(x)).diag().shape).toEqual([M, 3]);
  });

  test("entries of batches keep the batch in front", () => {
    const many = rand([2, M, 3], float64);
    const B = Vi(many)
      .sqdist(Vj(many))
      .neg()
      .exp()
      .mul(Pm([2]));
    const dense = B.dense();
    expectClose(B.row(3), dense.pick(null, 3));
    expectClose(B.col(2), dense.pick(null, null, 2));
    expectClose(B.diag(), array(new Array(2).fill(new Array(M).fill(2)), { dtype: "float64" }));
    expectClose(B.trace(), array([[2 * M], [2 * M]], { dtype: "float64" }));
  });

  test("a product goes where out says, in the shape of the vector", () => {
    const out = ndarray(new Float64Array(M), [M]);
    const v = rand([N], float64);
    expect(K.matmul(v, { out })).toBe(out);
    expectClose(out, K.matmul(v));
    expect(() => K.matmul(v, { out: ndarray(new Float64Array(N), [N]) })).toThrow(/out: expected shape \[7, 1\]/);
  });

  test("products take vectors and matrices, from both sides", () => {
    const v = rand([N], float64);
    expect(K.matmul(v).shape).toEqual([M]);
    expectClose(K.T.matmul(K.matmul(b)), K.rmatvec(K.matmul(b)));
    expectClose(K.matvec(b), K.mul(Vj(b)).sum({ axis: 1 }));
  });

  test("operators are chained, transposed and shifted without a matrix", () => {
    const G = K.matmul(K.T);
    const u = rand([M, 2], float64);
    expect([G.shape, G.dtype]).toEqual([[M, M], "float64"]);
    expectClose(G.matvec(u), K.matmul(K.rmatvec(u)));
    expectClose(G.T.matvec(u), G.matvec(u));
    expectClose(asLinearOperator(S).addDiag(2).matvec(u), S.addDiag(2).matvec(u));
    expect(S.addDiag(2).matvec(u).get(1, 0)).toBeCloseTo(S.matvec(u).get(1, 0) + 2 * u.get(1, 0), 13);
    expect(() => K.addDiag(1)).toThrow(/expected a square operator/);
    expect(() => K.matmul(K)).toThrow(/expected an operator with 5 rows/);
  });

  test("a solve is that of KernelSolve, with all its options", () => {
    const right = rand([M, 2], float64);
    const Kinv = KernelSolve("Exp(-SqDist(x,y)) * b", ["x=Vi(3)", "y=Vj(3)", "b=Vj(2)"], "b", { axis: 1 });
    expectClose(S.solve(right, { alpha: 0.5 }), Kinv(x, x, right, { alpha: 0.5 }));
    const found = S.report(right, { alpha: 0.5, method: "cg", preconditioner: "none", rtol: 1e-12 });
    expect([found.method, found.converged]).toEqual(["cg", "tolerance"]);
    expectClose(S.solve(right.pick(null, 0), { alpha: 0.5 }), S.solve(right, { alpha: 0.5 }).pick(null, 0), 9);
  });

  test("a solve takes the summation schemes and the start of KernelSolve", () => {
    const right = rand([M], float64);
    const found = S.solve(right, { alpha: 0.5, sumScheme: "kahan" });
    expectClose(found, S.solve(right, { alpha: 0.5 }), 9);
    const again = S.report(right, { alpha: 0.5, x0: found, method: "cg", preconditioner: "none" });
    expect([again.iterations, again.solution.shape]).toEqual([0, [M]]);
    expect(() => S.solve(right, { sumScheme: "kahn" as "kahan" })).toThrow(/solve, sumScheme: expected one of/);
  });

  test("a right-hand side may be an array that the kernel reads too", () => {
    expectClose(S.solve(x, { alpha: 0.5 }), S.solve(array(rows(x), { dtype: "float64" }), { alpha: 0.5 }));
  });

  test("solves wait for symbolic variables, and run as promises", async () => {
    const right = rand([M, 2], float64);
    const kernel = Vi(0, 3).sqdist(Vj(1, 3)).neg().exp();
    const f = kernel.solve(Vj(2, 2), { alpha: 0.5, call: false });
    const expected = S.solve(right, { alpha: 0.5 });
    expectClose(f(x, x, right), expected);
    expectClose(await f.async(x, x, right, { eps: 1e-9 }), expected, 9);
    expect(f.report(x, x, right).solution.shape).toEqual([M, 2]);
    expect((await f.report.async(x, x, right)).method).toBe("direct");
    expectClose(S.solve(right, { alpha: 0.5, call: false })(), expected);
    expectClose(
      kernel.mul(Vj(2, 2)).solve(Vj(2, 2), { var: Vj(2, 2), alpha: 0.5, call: false })(x, x, right),
      expected,
    );
  });

  test("batches are systems of their own, and ranges make a system block-sparse", () => {
    const many = rand([2, M, 3], float64);
    const right = rand([2, M, 1], float64);
    const B = Vi(many).sqdist(Vj(many)).neg().exp();
    expectClose(
      B.solve(right, { alpha: 0.5 }).pick(1),
      gaussian(many.pick(1), many.pick(1)).solve(right.pick(1), { alpha: 0.5 }),
      9,
    );
    const blocks = [[0, 3], [3, M]] as const; // prettier-ignore
    const ranges = fromMatrix(blocks, blocks, [[1, 0], [0, 1]]); // prettier-ignore
    const got = S.withRanges(ranges).solve(right.pick(0), { alpha: 0.5 });
    const part = S.slice([0, 3], [0, 3]).solve(right.pick(0).hi(3, 1), { alpha: 0.5 });
    expectClose(got.hi(3, 1), part, 6);
  });

  test("a solve may be for a variable of the formula", () => {
    const right = rand([M, 2], float64);
    const unknown = Vj(rand([M, 2], float64));
    expectClose(S.mul(unknown).solve(right, { alpha: 0.5, var: unknown }), S.solve(right, { alpha: 0.5 }));
    expect(() => S.solve(right, { var: unknown })).toThrow(/expected a variable of this LazyTensor/);
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

describe("complex lazy tensors", () => {
  const z = Vi(x).complex(Vi(x).add(1));
  const [re, im] = [x.get(2, 1), x.get(2, 1) + 1];
  /** Re and im of component 1 in row 2. */
  const value = (c: ComplexLazyTensor): number[] => numbers(c.elem(1).dense().pick(2));

  test("have the shape of their complex components", () => {
    expect([z.shape, z.dim, z.dtype]).toEqual([[M, 1, 3], 3, "complex128"]);
    expect(ComplexLazyTensor(rand([4, 6]), { axis: 0 }).shape).toEqual([4, 1, 3]);
  });

  test.each([
    ["numbers are added to the real part", z.add(1), [re + 1, im]],
    ["products are complex", z.mul(z), [re * re - im * im, 2 * re * im]],
    ["powers are complex", z.pow(2), [re * re - im * im, 2 * re * im]],
    ["real tensors count as complex", z.mul(Vi(x)), [re * re, im * re]],
    ["quotients are complex", z.div(z), [1, 0]],
    ["roots are complex", z.sqrt().mul(z.sqrt()), [re, im]],
    ["logarithms are complex", z.log(), [Math.log(Math.hypot(re, im)), Math.atan2(im, re)]],
    ["exponentials are complex", z.exp(), [Math.exp(re) * Math.cos(im), Math.exp(re) * Math.sin(im)]],
    ["conjugates have the opposite imaginary part", z.conj(), [re, -im]],
    ["opposites have both parts opposite", z.neg(), [-re, -im]],
  ])("%s", (_what, got, expected) => {
    value(got).forEach((part, n) => expect(part).toBeCloseTo(expected[n]!, 12));
  });

  test("sums are complex, moduli are real", () => {
    const wave = Vi(x).dot(Vj(y)).exp1j();
    const got = wave.sum({ axis: 1 });
    expect(got.shape).toEqual([M, 2]);
    expect(got.get(1, 0)).toBeCloseTo(numbers(Vi(x).dot(Vj(y)).cos().sum({ axis: 1 }))[1]!, 12);
    expect(numbers(wave.abs().sum({ axis: 1 }))[0]).toBeCloseTo(N, 12);
  });

  test("products with complex vectors are complex", () => {
    const wave = Vi(x).dot(Vj(y)).exp1j();
    const c = rand([N, 2], { ...float64, seed: 6 });
    const [cos, sin] = [Vi(x).dot(Vj(y)).cos(), Vi(x).dot(Vj(y)).sin()];
    const [p, q] = [0, 1].map((k) => Vj(c).elem(k)) as [LazyTensor, LazyTensor];
    const got = wave.matmul(c);
    expect(got.get(2, 0)).toBeCloseTo(cos.mul(p).sub(sin.mul(q)).sum({ axis: 1 }).get(2, 0), 12);
    expect(got.get(2, 1)).toBeCloseTo(cos.mul(q).add(sin.mul(p)).sum({ axis: 1 }).get(2, 0), 12);
  });

  test("sums over the components, means and deferred sums are complex", () => {
    const total = z.sum();
    expect(total.dim).toBe(1);
    const expected = [0, 1].map((part) => [0, 1, 2].reduce((sum, k) => sum + x.get(2, k) + part, 0));
    numbers(total.dense().pick(2)).forEach((part, n) => expect(part).toBeCloseTo(expected[n]!, 12));
    expectClose(z.mean().mul(3).dense(), total.dense());
    const [mean, sum] = [z.mean({ axis: 0 }), z.sum({ axis: 0, call: false })()];
    numbers(mean).forEach((value, n) => expect(M * value).toBeCloseTo(numbers(sum)[n]!, 12));
    const f = Vi(0, 3).dot(Vj(1, 3)).exp1j().sum({ axis: 1, call: false });
    expectClose(f(x, y), Vi(x).dot(Vj(y)).exp1j().sum({ axis: 1 }));
  });

  test("entries, slices, transposes and ranges are those of real tensors, with two numbers each", () => {
    const wave = Vi(x).dot(Vj(y)).exp1j();
    const dense = wave.dense();
    expect(dense.shape).toEqual([M, N, 2]);
    expectClose(wave.row(3), dense.pick(3));
    expectClose(wave.T.col(3), dense.pick(3));
    expectClose(wave.slice([1, 4]).dense(), dense.hi(4, N, 2).lo(1, 0, 0));
    const square = Vi(x).dot(Vj(x)).exp1j();
    expect([square.diag().shape, square.trace().shape]).toEqual([[M, 2], [2]]);
    const c = rand([M, 2], float64);
    expectClose(wave.rmatvec(c), wave.T.matvec(c));
    expect(String(wave)).toMatch(/^ComplexLazyTensor of shape \[7, 5\], complex128/);
    expect(wave.explain()).toMatch(/Cos[^]*backend/);
  });

  test("gradients are those of the two real numbers", () => {
    const v = Vi(x);
    const wave = v.dot(Vj(y)).exp1j();
    const g = wave.asReal().grad(v, [1, 0]).sum({ axis: 1 });
    expectClose(g, v.dot(Vj(y)).sin().neg().mul(Vj(y)).sum({ axis: 1 }));
  });

  test("what has no meaning for complex numbers is not there, or refused", () => {
    for (const name of ["min", "logsumexp", "lt", "dot", "round", "mod", "sqnorm2", "argKmin", "solve", "addDiag"])
      expect([name, name in Vi(x), name in z]).toEqual([name, true, false]);
    expect(() => Vi(x).mul(z as unknown as LazyTensor)).toThrow(/expected real numbers, got a ComplexLazyTensor/);
    expect(() => Vi(x).asComplex()).toThrow(/even dim/);
  });
});

const MISUSE: readonly (readonly [string, () => unknown, RegExp])[] = [
  ["a matrix without a role", () => LazyTensor(x), /expected Vi\(x\) or Vj\(x\), got an array of shape \[7, 3\]/],
  ["a vector as Vi", () => Vi(rand([4])), /Vi: expected shape \[M, D\], got \[4\]/],
  ["a number as Vi", () => Vi(3 as unknown as RealArray), /Vi: expected an array \[rows, D\], or an index and a dim/],
  ["a plain list as Vi", () => Vi([1, 2] as unknown as RealArray), /Vi: expected an array/],
  ["an integer array", () => Vi(ndarray(new Int32Array(6), [2, 3]) as unknown as RealArray), /astype/],
  ["axis 2", () => LazyTensor(x, { axis: 2 as 1 }), /axis: expected 0 or 1/],
  ["no axis at all", () => LazyTensor(rand([2, 3, 4])), /\[\.\.\., M, 1, D\]/],
  [
    "two numbers of rows",
    () => Vi(x).add(Vi(y)),
    /expected arrays with one number of rows, got Vi \[7, 3\] and Vi \[5, 3\]/,
  ],
  ["two dtypes", () => Vi(x).add(Vj(rand([N, 3]))), /expected arrays of one dtype/],
  [
    "two lengths of a batch dimension",
    () => Vi(rand([2, 4, 3])).add(Vj(rand([3, 4, 3]))),
    /batch dimensions that broadcast/,
  ],
  ["dims that do not fit", () => Vi(x).add(Vj(b)), /expected equal dims, or 1, got 3 and 2/],
  [
    "a text as operand",
    () => Vi(x).add("y" as unknown as number),
    /Add, y: expected a LazyTensor, an array or a number/,
  ],
  ["a component that is none", () => Vi(x).elem(3), /Elem/],
  ["a component that is no integer", () => Vi(x).elem(0.5), /Elem, m: expected an integer/],
  [
    "a reduction without an axis",
    () => gaussian(x, y).prod({} as { axis: 0 }),
    /^Prod, axis: expected 0 \(over i\) or 1 \(over j\), got none$/,
  ],
  [
    "a reduction without options",
    () => (gaussian(x, y).prod as () => unknown).call(gaussian(x, y)),
    /^Prod, axis: expected 0 \(over i\) or 1 \(over j\), got none$/,
  ],
  ["an unknown option", () => gaussian(x, y).mean({ axis: 1, axes: 1 } as { axis: 1 }), /got "axes"/],
  ["K above the number of columns", () => gaussian(x, y).argKmin(9, { axis: 1 }), /expected a K of at most 5/],
  ["symbolic variables without arrays", () => Vi(0, 3).sum({ axis: 1 }), /use the option \{call: false\}/],
  ["numbers alone", () => Pm(3).mul(2).add(1).mul(0).sum({ axis: 1 }), /numbers alone/],
  ["a product with too few rows", () => gaussian(x, y).matmul(rand([4], float64)), /matmul, b: expected 5 rows/],
  ["a solve for a tensor of dim 3", () => Vi(x).mul(Vj(x)).solve(x), /expected a LazyTensor of dim 1/],
  [
    "weights where they mean nothing",
    () => Vi(x).logsumexp({ weight: 1 } as object),
    /expected 0 or 1 with the option weight/,
  ],
  [
    "a backend for what is not computed",
    () => Vi(x).sum({ backend: "cpu" } as object),
    /expected 0 or 1 with the option backend/,
  ],
  ["an option that does not exist for components", () => Vi(x).min({ axes: 1 } as object), /got "axes"/],
  [
    "a diagonal with ranges",
    () =>
      gaussian(x, x)
        .withRanges(fromMatrix([[0, M]], [[0, M]], [[1]]))
        .diag(),
    /no ranges/,
  ],
  [
    "dense values with ranges",
    () =>
      gaussian(x, y)
        .withRanges(fromMatrix([[0, M]], [[0, N]], [[1]]))
        .dense(),
    /no ranges/,
  ],
  [
    "two different ranges",
    () => {
      const [one, two] = [1, 2].map(() => gaussian(x, y).withRanges(fromMatrix([[0, M]], [[0, N]], [[1]])));
      return one!.add(two!);
    },
    /expected one ranges for all operands/,
  ],
  [
    "dense values of symbolic variables",
    () => Vi(0, 3).dense(),
    /dense: expected arrays, got the symbolic variable Vi\(0, 3\)/,
  ],
  [
    "a solve with symbolic variables at once",
    () => Vi(0, 3).sqdist(Vj(1, 3)).solve(x),
    /use the option \{call: false\}/,
  ],
  [
    "a right-hand side that is an expression",
    () => gaussian(x, x).solve(Vj(x).exp(), { call: false }),
    /or a variable such as Vj\(b\)/,
  ],
  ["a misspelt option of a solve", () => gaussian(x, x).solve(x, { alhpa: 1 } as object), /got "alhpa"/],
  [
    "an operator of complex numbers",
    () => asLinearOperator(Vi(x).dot(Vj(x)).exp1j() as unknown as LazyTensor),
    /^asLinearOperator: expected a real LazyTensor, got a ComplexLazyTensor$/,
  ],
  [
    "an operator of an array",
    () => asLinearOperator(x as unknown as LazyTensor),
    /^asLinearOperator: expected a LazyTensor, got a float64 ndarray of shape \[7, 3\]$/,
  ],
  [
    "an operator of batches",
    () => asLinearOperator(Vi(rand([2, 4, 3])).sqdist(Vj(rand([2, 4, 3])))),
    /without batches, got 4 i, 4 j, batch \[2\]/,
  ],
  [
    "an operator without columns",
    () => asLinearOperator(Vi(x).sqnorm2()),
    /over i and j without batches, got 7 i, no j/,
  ],
  [
    "a vector of another length",
    () => asLinearOperator(gaussian(x, y)).matvec(rand([M], float64)),
    /matvec: expected shape \[5\]/,
  ],
  ["an exponent that is a list too long", () => Vi(x).pow([1, 2]), /equal dims, or 1/],
  ["a variable of two dims", () => Vi(0, 3).add(Vi(0, 1)).sum({ axis: 1, call: false }), /symbolic variable of index/],
  ["a matrix as operand", () => Vi(x).add(y), /Add, y: expected Vi\(x\) or Vj\(x\), got an array of shape \[5, 3\]/],
  ["nothing to concatenate", () => LazyTensor.concatenate([]), /at least one LazyTensor/],
  ["a solve for an operator that is not square", () => gaussian(x, y).solve(b), /square operator/],
  ["a diagonal of what is not square", () => gaussian(x, y).diag(), /as many i as j/],
  [
    "a row that does not exist",
    () => gaussian(x, y).row(7),
    /^row: expected an integer from 0 to 6, got the number 7$/,
  ],
  ["too large a dense array", () => gaussian(x, y).dense({ maxBytes: 8 }), /maxBytes/],
  ["a symbolic variable with a negative index", () => Vi(-1, 3), /index of at least 0/],
  ["a symbolic variable without components", () => Vi(0, 0), /dim of at least 1/],
  ["an unknown category", () => Var(x, 3 as 2), /category: expected 0/],
  [
    "weights where there are none",
    () => gaussian(x, y).reduction("Sum", { axis: 1, weight: Vj(b) }),
    /weight: expected none/,
  ],
  [
    "no weights where there must be some",
    () => gaussian(x, y).reduction("SoftMax", { axis: 1 }),
    /weight: expected the weights, got none/,
  ],
];

test.each(MISUSE)("%s is refused with what was expected", (_what, misuse, message) => {
  expect(misuse).toThrow(KeopsError);
  expect(misuse).toThrow(message);
});
