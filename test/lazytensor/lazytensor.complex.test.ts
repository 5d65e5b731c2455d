/** Complex lazy tensors. */
import type { LazyTensor } from "../../src/index";
import { ComplexLazyTensor, Vi, Vj, grad, nd, rand, requiresGrad } from "../../src/index";
import { M, N, expectClose, float64, numbers, x, y } from "../helpers/lazy";

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
    for (const name of ["min", "logsumexp", "lt", "round", "mod", "sqnorm2", "argKmin", "addDiag"])
      expect([name, name in Vi(x), name in z]).toEqual([name, true, false]);
    expect(() => Vi(x).mul(z as unknown as LazyTensor)).toThrow(/expected real numbers, got a ComplexLazyTensor/);
    expect(() => Vi(x).asComplex()).toThrow(/even dim/);
  });
});

describe("complex contractions and systems", () => {
  const z = Vi(x).complex(Vi(x).add(1));
  const w = Vj(y).mul(2).complex(Vj(y));
  const [zi, wj] = [z, w].map((c) => numbers(c.dense())) as [number[], number[]];

  test("dot multiplies without conjugation", () => {
    const got = z.dot(w).dense();
    const total = [0, 0];
    for (let k = 0; k < 3; k++) {
      const [a, b, c, d] = [zi[6 * 2 + 2 * k]!, zi[6 * 2 + 2 * k + 1]!, wj[6 * 4 + 2 * k]!, wj[6 * 4 + 2 * k + 1]!];
      total[0]! += a * c - b * d;
      total[1]! += a * d + b * c;
    }
    expect(got.get(2, 4, 0)).toBeCloseTo(total[0]!, 12);
    expect(got.get(2, 4, 1)).toBeCloseTo(total[1]!, 12);
    expect(z.conj().dot(z).imag().abs().max({ axis: 0 }).get(0, 0)).toBe(0);
  });

  test("tensordot and kron count complex numbers", () => {
    expectClose(z.tensordot(w, [3], [3], [0], [0]).dense(), z.dot(w).dense());
    const [products, outer] = [z.kron(w, [3], [3]).dense(), z.tensordot(w, [3], [3], [], []).dense()];
    expect(products.shape).toEqual([M, N, 18]);
    expectClose(products, outer);
    expectClose(z.kron(w, [3], [3]).extract(3, 3).dense(), z.elem(1).mul(w).dense());
  });

  /** exp(-|x - y|²) exp(i w·(x - y)) is Hermitian and positive definite. */
  const kernel = (): ComplexLazyTensor => {
    const difference = Vi(x).sub(Vj(x));
    return difference.sum().mul(2).exp1j().mul(difference.sqnorm2().neg().exp());
  };

  test("solve inverts Hermitian kernels, for one column and for several", () => {
    for (const columns of [1, 2]) {
      const b = rand([M, 2 * columns], { ...float64, seed: columns });
      const a = kernel().solve(b, { alpha: 0.1 });
      expectClose(nd.add(kernel().matmul(a), nd.mul(a, 0.1)), b);
    }
  });

  test("solve has derivatives by b and points, and reports", () => {
    const b = requiresGrad(rand([M, 2], { ...float64, seed: 3 }));
    const ones = nd.ones([M, 2], { dtype: "float64" });
    const [byB] = grad(kernel().solve(b, { alpha: 0.1 }), [b], ones);
    const transposed = kernel().conj().T.solve(ones, { alpha: 0.1 });
    expectClose(byB, transposed);
    expect(kernel().report(b, { alpha: 0.1 }).iterations).toBeGreaterThan(0);
    expect(kernel().solve(b, { alpha: 0.1, call: false })().shape).toEqual([M, 2]);
  });

  test("what is no such system is refused", () => {
    const b = rand([M, 3], float64);
    expect(() => kernel().solve(b)).toThrow(/expected b of an even dim, got dim 3/);
    expect(() => z.solve(b)).toThrow(/LazyTensor of dim 1.*got dim 3/);
    const lopsided = Vi(x).sum().add(Vj(x).sum()).exp1j();
    expect(() => lopsided.solve(rand([M, 2], float64), { alpha: 1 })).toThrow(/symmetric operator/);
  });
});
