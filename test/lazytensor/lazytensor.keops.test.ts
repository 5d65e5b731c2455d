/**
 * What KeOps tests of its own LazyTensors, once more and against plain loops: batches, gradients, sums of all kinds,
 * vectors of many components, contractions, Fourier sums; and reports of its users that are mistakes there.
 */
import ndarray from "ndarray";
import { fromMatrix } from "../../src/cluster";
import { Pm, Vi, Vj, array, grad, rand, randn, requiresGrad } from "../../src/index";
import type { LazyTensor, RealArray } from "../../src/index";

type Vector = readonly number[];

const float64 = "float64" as const;
const points = (shape: readonly number[], seed: number): RealArray => rand(shape, { dtype: float64, seed });
const vectors = (a: RealArray): Vector[] =>
  [...Array(a.shape[0]).keys()].map((i) => [...Array(a.shape[1]).keys()].map((k) => a.get(i, k)));
const plus = (a: Vector, b: Vector): Vector => a.map((v, k) => v + b[k]!);
const total = (list: readonly Vector[]): Vector => list.reduce(plus);
const dot = (a: Vector, b: Vector): number => a.reduce((sum, v, k) => sum + v * b[k]!, 0);
const minus = (a: Vector, b: Vector): Vector => a.map((v, k) => v - b[k]!);
const scaled = (s: number, a: Vector): Vector => a.map((v) => s * v);

/** `[M, D]`, row by row. */
function expectRows(got: RealArray, expected: readonly Vector[], digits = 11): void {
  expect(got.shape).toEqual([expected.length, expected[0]!.length]);
  expected.forEach((row, i) => row.forEach((v, k) => expect(got.get(i, k)).toBeCloseTo(v, digits)));
}

/** A sum over j by a loop. */
const sumOver = (
  xs: readonly Vector[],
  ys: readonly Vector[],
  f: (a: Vector, b: Vector, j: number) => Vector,
): Vector[] => xs.map((a) => total(ys.map((b, j) => f(a, b, j))));

const x = points([11, 3], 1);
const y = points([8, 3], 2);
const b = points([8, 2], 3);
const [xs, ys, bs] = [x, y, b].map(vectors) as [Vector[], Vector[], Vector[]];
const k = (a: Vector, c: Vector): number => Math.exp(-dot(minus(a, c), minus(a, c)) / 0.5);
const gaussian = (p: RealArray, q: RealArray): LazyTensor => Vi(p).sqdist(Vj(q)).div(-0.5).exp();

describe("Gaussian sums", () => {
  test("are those of a loop, with first and second derivatives", () => {
    const p = requiresGrad(points([11, 3], 1));
    const out = gaussian(p, y).matmul(b);
    expectRows(
      out,
      sumOver(xs, ys, (a, c, j) => scaled(k(a, c), bs[j]!)),
    );
    const e = randn([11, 2], { dtype: float64, seed: 4 });
    const es = vectors(e);
    const [g] = grad(out, [p], e, { createGraph: true });
    const slope = (i: number): Vector =>
      total(ys.map((c, j) => scaled(-4 * k(xs[i]!, c) * dot(es[i]!, bs[j]!), minus(xs[i]!, c))));
    expectRows(g, xs.map((_, i) => slope(i))); // prettier-ignore
    const f = randn([11, 3], { dtype: float64, seed: 5 });
    const fs = vectors(f);
    const [h] = grad(g, [p], f);
    const bend = (i: number): Vector =>
      total(
        ys.map((c, j) => {
          const d = minus(xs[i]!, c);
          const factor = -4 * k(xs[i]!, c) * dot(es[i]!, bs[j]!);
          return scaled(factor, plus(fs[i]!, scaled(-4 * dot(d, fs[i]!), d)));
        }),
      );
    expectRows(h, xs.map((_, i) => bend(i))); // prettier-ignore
  });

  test("are the same with derivatives written as formulas, twice", () => {
    const v = Vi(x);
    const K = v.sqdist(Vj(y)).div(-0.5).exp();
    const first = K.grad(v, 1);
    expectRows(
      first.sum({ axis: 1 }),
      sumOver(xs, ys, (a, c) => scaled(-4 * k(a, c), minus(a, c))),
    );
    const second = first.grad(v, [1, 0, 0]).sum({ axis: 1 });
    const expected = sumOver(xs, ys, (a, c) => {
      const d = minus(a, c);
      return scaled(-4 * k(a, c), plus([1, 0, 0], scaled(-4 * d[0]!, d)));
    });
    expectRows(second, expected);
    const laplacian = K.laplacian(v).sum({ axis: 1 });
    const square = (a: Vector): number => dot(a, a);
    expectRows(
      laplacian,
      sumOver(xs, ys, (a, c) => [k(a, c) * (16 * square(minus(a, c)) - 12)]),
    );
    expectRows(first.divergence(v).sum({ axis: 1 }), vectors(laplacian));
    expectRows(K.diff(v, [1, 2, 3]).sum({ axis: 1 }), vectors(first.dot([1, 2, 3]).sum({ axis: 1 })));
  });

  test("in batches of every form of broadcasting are those of their entries", () => {
    for (const [left, right] of [
      [
        [3, 4],
        [3, 4],
      ],
      [
        [1, 4],
        [3, 1],
      ],
      [
        [3, 1],
        [1, 1],
      ],
      [[2], [1]],
    ] as const) {
      // prettier-ignore
      const p = points([...left, 5, 2], 6);
      const q = points([...right, 6, 2], 7);
      const got = gaussian(p, q).sum({ axis: 1 });
      const batch = left.map((length, n) => Math.max(length, right[n]!));
      expect(got.shape).toEqual([...batch, 5, 1]);
      const entry = (a: RealArray, at: readonly number[]): RealArray =>
        a.pick(...at.map((index, n) => (a.shape[n] === 1 ? 0 : index)));
      const last = batch.map((length) => length - 1);
      for (const at of [batch.map(() => 0), last])
        expectRows(got.pick(...at), vectors(gaussian(entry(p, at), entry(q, at)).sum({ axis: 1 })));
    }
  });

  test("of views with any strides are those of their copies", () => {
    const wide = points([8, 11, 3], 8);
    const view = wide.pick(null, 4).transpose(0, 1).step(2, -1) as RealArray;
    const copy = array(vectors(view), { dtype: float64 });
    expectRows(gaussian(x, view).sum({ axis: 0 }), vectors(gaussian(x, copy).sum({ axis: 0 })));
  });

  test("of the transpose are sums over the other index", () => {
    const K = gaussian(x, y);
    const c = points([11, 2], 9);
    expectRows(K.t().matmul(c), vectors(K.mul(Vi(c)).sum({ axis: 0 })));
    expectRows(K.T.T.matmul(b), vectors(K.matmul(b)));
  });

  test("with ranges are those of a mask", () => {
    const keep = [[1, 0, 1], [0, 1, 1]]; // prettier-ignore
    const [left, right] = [[[0, 4], [4, 11]], [[0, 2], [2, 3], [3, 8]]]; // prettier-ignore
    const within = (list: readonly Vector[], n: number): number => list.findIndex(([s, e]) => s! <= n && n < e!);
    const got = gaussian(x, y)
      .withRanges(fromMatrix(left, right, keep))
      .matmul(b);
    const masked = xs.map((a, i) =>
      total(ys.map((c, j) => scaled(keep[within(left, i)]![within(right, j)]! * k(a, c), bs[j]!))),
    );
    expectRows(got, masked);
  });
});

describe("reductions", () => {
  const D = Vi(x).sqdist(Vj(y));
  const ds = xs.map((a) => ys.map((c) => dot(minus(a, c), minus(a, c))));

  test("by exponentials are those of a loop", () => {
    const logs = ds.map((row) => [Math.log(row.reduce((sum, d) => sum + Math.exp(d), 0))]);
    expectRows(D.logsumexp({ axis: 1 }), logs);
    const weighted = ds.map((row) => total(row.map((d, j) => scaled(Math.exp(d), bs[j]!))));
    expectRows(
      D.logsumexp({ axis: 1, weight: Vj(b) }),
      weighted.map((row) => row.map(Math.log)),
    );
    expectRows(
      D.sumsoftmaxweight(Vj(b), { axis: 1 }),
      weighted.map((row, i) => scaled(Math.exp(-logs[i]![0]!), row)),
    );
  });

  test("to the nearest are those of a sort, and their gradients go where the indices point", () => {
    const order = ds.map((row) => row.map((_, j) => j).sort((i, j) => row[i]! - row[j]!));
    const [values, indices] = D.Kmin_argKmin(3, { axis: 1 });
    expectRows(values, ds.map((row, i) => order[i]!.slice(0, 3).map((j) => row[j]!))); // prettier-ignore
    order.forEach((row, i) => expect([0, 1, 2].map((n) => indices.get(i, n))).toEqual(row.slice(0, 3)));
    const p = requiresGrad(points([11, 3], 1));
    const [g] = grad(Vi(p).sqdist(Vj(y)).min({ axis: 1 }), [p], array(xs.map(() => [1]), { dtype: float64 })); // prettier-ignore
    expectRows(g, xs.map((a, i) => scaled(2, minus(a, ys[order[i]![0]!]!)))); // prettier-ignore
  });

  test("of 990 and 300 components are those of a loop", () => {
    const [p, q] = [points([4, 990], 10), points([5, 990], 11)];
    const [ps, qs] = [p, q].map(vectors) as [Vector[], Vector[]];
    const smallest = ps.map((a) => qs.map((c) => minus(a, c)).reduce((m, d) => m.map((v, n) => Math.min(v, d[n]!))));
    expectRows(Vi(p).sub(Vj(q)).min({ axis: 1 }), smallest);
    const values = points([5, 300], 12);
    const weights = vectors(values);
    const product = sumOver(ps, qs, (a, c, j) => scaled(Math.exp(-dot(a, c) / 990), weights[j]!));
    expectRows(Vi(p).dot(Vj(q)).div(-990).exp().matmul(values), product, 10);
  });
});

describe("operations", () => {
  test("Clamp holds numbers, parameters and tensors as bounds, and passes gradients inside", () => {
    const v = Vi(x);
    const got = v
      .mul(Vj(y))
      .clamp(Pm([0.25, 0.25, 0.25]), Vj(y).mul(0.5).add(0.3))
      .sum({ axis: 1 });
    const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);
    expectRows(got, sumOver(xs, ys, (a, c) => a.map((u, n) => clamp(u * c[n]!, 0.25, 0.5 * c[n]! + 0.3)))); // prettier-ignore
    const slope = v.mul(Vj(y)).clamp(0.25, 2).grad(v, [1, 1, 1]).sum({ axis: 1 });
    expectRows(
      slope,
      sumOver(xs, ys, (a, c) => c.map((w, n) => (a[n]! * w > 0.25 ? w : 0))),
    );
  });

  test("sinc is 1 at 0 and has a finite gradient there", () => {
    const zero = array([[0, 1]], { dtype: float64 });
    const v = Vi(zero);
    expectRows(v.sinc().sum({ axis: 1 }), [[1, Math.sin(1)]]);
    expectRows(v.sinc().grad(v, [1, 1]).sum({ axis: 1 }), [[0, Math.cos(1) - Math.sin(1)]]);
  });

  test("contractions of tensors are loops over their axes", () => {
    const [p, q] = [points([2, 6], 13), points([3, 12], 14)];
    const [ps, qs] = [p, q].map(vectors) as [Vector[], Vector[]];
    const contracted = (a: Vector, c: Vector): Vector =>
      [0, 1].flatMap((r) =>
        [0, 1, 2, 3].map((s) => [0, 1, 2].reduce((sum, m) => sum + a[3 * r + m]! * c[4 * m + s]!, 0)),
      );
    expectRows(Vi(p).keops_tensordot(Vj(q), [2, 3], [3, 4], [1], [0]).sum({ axis: 1 }), sumOver(ps, qs, contracted));
    const turned = (a: Vector, c: Vector): Vector => {
      const plain = contracted(a, c);
      return [0, 1, 2, 3].flatMap((s) => [0, 1].map((r) => plain[4 * r + s]!));
    };
    const places = Vi(p).tensordot(Vj(q), [2, 3], [3, 4], [1], [0], [1, 0]);
    expectRows(places.sum({ axis: 1 }), sumOver(ps, qs, turned));
    const kron = Vi(p).keops_kron(Vj(q), [2, 3], [3, 4]).sum({ axis: 1 });
    const product = (a: Vector, c: Vector): Vector =>
      [0, 1].flatMap((r) =>
        [0, 1, 2].flatMap((s) => [0, 1, 2].flatMap((m) => [0, 1, 2, 3].map((n) => a[3 * r + m]! * c[4 * s + n]!))),
      );
    expectRows(kron, sumOver(ps, qs, product));
  });

  test("weights of squared distances are numbers, diagonals or matrices", () => {
    const d = (a: Vector, c: Vector): Vector => minus(a, c);
    const matrix = [2, 1, 0, 1, 3, 1, 0, 1, 4];
    const full = (v: Vector): number =>
      v.reduce((sum, u, m) => sum + v.reduce((s, w, n) => s + u * matrix[3 * m + n]! * w, 0), 0);
    for (const [s, of] of [
      [[2], (v: Vector): number => 2 * dot(v, v)],
      [[1, 2, 3], (v: Vector): number => v.reduce((sum, u, n) => sum + (n + 1) * u * u, 0)],
      [matrix, full],
    ] as const)
      expectRows(
        Vi(x).weightedsqdist(Vj(y), s).sum({ axis: 1 }),
        sumOver(xs, ys, (a, c) => [of(d(a, c))]),
      );
  });

  test("Fourier sums are complex", () => {
    const c = points([8, 2], 15);
    const cs = vectors(c);
    const got = Vi(x).dot(Vj(y)).mul(2 * Math.PI).exp1j().matmul(c); // prettier-ignore
    const turn = (angle: number, [re, im]: Vector): Vector => [
      Math.cos(angle) * re! - Math.sin(angle) * im!,
      Math.cos(angle) * im! + Math.sin(angle) * re!,
    ];
    expectRows(
      got,
      sumOver(xs, ys, (a, f, j) => turn(2 * Math.PI * dot(a, f), cs[j]!)),
    );
  });
});

describe("what users of KeOps reported", () => {
  const ones = (rows: number, dim: number): RealArray =>
    array(new Array(rows).fill(new Array(dim).fill(1)), { dtype: float64 });

  test("gradients by a real variable of odd dim go through complex numbers (#233, #266)", () => {
    const p = requiresGrad(points([11, 3], 1));
    const modulus = Vi(p).real2complex().add(Vj(y).imag2complex()).squareAbs();
    const [g] = grad(modulus.sum({ axis: 1 }), [p], ones(11, 3));
    expectRows(g, xs.map((a) => scaled(16, a))); // prettier-ignore
  });

  test("exponents may be fractions, parameters and tensors", () => {
    const got = Vi(x).pow(0.5).add(Vi(x).pow(Vj(y))).add(Vi(x).pow(-0.5)).sum({ axis: 1 }); // prettier-ignore
    expectRows(
      got,
      sumOver(xs, ys, (a, c) => a.map((u, n) => Math.sqrt(u) + u ** c[n]! + 1 / Math.sqrt(u))),
    );
    const negative = array([[-2]], { dtype: float64 });
    expectRows(Vi(negative).pow(3).sum({ axis: 1 }), [[-8]]); // #112
  });

  test("gradients by what is broadcast are sums over the components", () => {
    const s = requiresGrad(array([[2]], { dtype: float64 }));
    const v = array([[1, 2, 3]], { dtype: float64 });
    const of = (t: LazyTensor): number => grad(t.sum({ axis: 1 }), [s], ones(1, 3))[0].get(0, 0);
    expect(of(Vi(s).atan2(Vi(v)))).toBeCloseTo(1 / 5 + 2 / 8 + 3 / 13, 12);
    expect(of(Vi(v).pow(Vi(s)))).toBeCloseTo(4 * Math.log(2) + 9 * Math.log(3), 12);
    expect(of(Vi(v).sub(2).ifelse(Vi(s), Vi(v)))).toBe(2);
  });

  test("equality compares, and what looks like a plain number stays symbolic", () => {
    expectRows(Vi(x).eq(Vi(x)).sum({ axis: 1 }), xs.map(() => [1, 1, 1])); // prettier-ignore
    expectRows(gaussian(x, y).mul(0).sum({ axis: 1 }), xs.map(() => [0])); // prettier-ignore
  });

  test("entries, rows, diagonals and products of matrices can be had (#126, #292, #217, #133)", () => {
    const K = gaussian(x, x);
    const dense = K.dense();
    const u = points([11], 16);
    const twice = K.matmul(K).matvec(u);
    const once = xs.map((_, i) => [...Array(11).keys()].reduce((sum, j) => sum + dense.get(i, j) * u.get(j), 0));
    xs.forEach((_, i) =>
      expect(twice.get(i)).toBeCloseTo(
        [...Array(11).keys()].reduce((sum, j) => sum + dense.get(i, j) * once[j]!, 0),
        10,
      ),
    );
    expect(K.row(4).get(7)).toBe(dense.get(4, 7));
    expect(K.trace().get(0)).toBe(11);
  });

  test("a leading infinity is no NaN, and a row without columns is minus infinity", () => {
    const hole = array([[-Infinity], [0], [1]], { dtype: float64 });
    const one = array([[1]], { dtype: float64 });
    expect(Vi(one).mul(Vj(hole)).logsumexp({ axis: 1 }).get(0, 0)).toBeCloseTo(Math.log(1 + Math.E), 12);
    const nothing = ndarray(new Float64Array(0), [0, 1]);
    expect(Vi(one).mul(Vj(nothing)).logsumexp({ axis: 1 }).get(0, 0)).toBe(-Infinity);
  });
});
