/** Eigenpairs and singular values of operators, beside dense decompositions. */
import { Vi, Vj, array, grad, linalg, nd, rand, randn, requiresGrad } from "../../src";
import type { LinearOperator, RealArray } from "../../src";
import { isFull } from "../helpers/sample";

const f64 = { dtype: "float64" } as const;
const N = 120;
const points = rand([N, 2], { ...f64, seed: 1 });
const kernel = (x: RealArray, y = x) => Vi(x).sqdist(Vj(y)).mul(-20).exp();

/** Of the complete graph of a kernel. */
function laplacian(x: RealArray): LinearOperator {
  const K = kernel(x);
  return linalg.diagonal(K.matvec(nd.ones([x.shape[0]!], f64))).sub(K);
}
const L = laplacian(points);
const matrix = L.matvec(nd.eye(N, f64));
const ascending = Array.from(nd.eigh(matrix).values.data).sort((a, b) => a - b);
const nearest = (sigma: number): number[] =>
  [...ascending].sort((a, b) => Math.abs(a - sigma) - Math.abs(b - sigma)).slice(0, 5);

test.each([
  ["largest", undefined, ascending.slice(-5).reverse()],
  ["smallest", undefined, ascending.slice(0, 5)],
  ["both", undefined, [...ascending.slice(-3).reverse(), ...ascending.slice(0, 2).reverse()]],
  ["nearest", 5.1, nearest(5.1)],
  ["nearest", 0, nearest(0)], // an eigenvalue itself
] as const)("the %s (of %s) are those of a dense decomposition", (which, sigma, expected) => {
  const options = sigma === undefined ? { which } : { which, sigma };
  const { values, vectors, residuals } = linalg.eigsh(L, 5, options);
  expected.forEach((value, k) => {
    expect(values.get(k)).toBeCloseTo(value, 10);
  });
  expect(Math.max(...residuals)).toBeLessThan(1e-9);
  const rest = nd.sub(
    nd.matmul(matrix, vectors as RealArray),
    nd.mul(vectors as RealArray, nd.reshape(values as RealArray, [1, 5])),
  );
  expect(nd.norm(rest).get()).toBeLessThan(1e-7);
  expect(
    nd.norm(nd.sub(nd.matmul(nd.transpose(vectors as RealArray), vectors as RealArray), nd.eye(5, f64))).get(),
  ).toBeLessThan(1e-9);
});

test("multiple eigenvalues at both ends are found as often as they are there", () => {
  const d = array(
    Array.from({ length: 90 }, (_, n) => [-3, -3, 7, 7, 7][n] ?? Math.sin(n)),
    f64,
  );
  const find = (which: "smallest" | "both", k: number): number[] =>
    Array.from(linalg.eigsh(linalg.diagonal(d), k, { which }).values.data, (value) => Math.round(value * 1e8) / 1e8);
  expect(find("smallest", 2)).toEqual([-3, -3]);
  expect(find("both", 5)).toEqual([7, 7, 7, -3, -3]);
});

(isFull ? test : test.skip)("beyond what is factorised, the nearest are found by solves", () => {
  const n = 2100;
  const d = nd.concat([nd.linspace(1, 2, n - 3, f64), array([0.1, 0.3, -0.1], f64)]);
  const { values } = linalg.eigsh(linalg.diagonal(d), 3, { which: "nearest", sigma: 0.05 });
  [0.1, -0.1, 0.3].forEach((value, k) => { expect(values.get(k)).toBeCloseTo(value, 9); }); // prettier-ignore
  expect(() => linalg.eigsh(linalg.diagonal(d), 3, { which: "nearest", sigma: 0.1, maxIterations: 600 })).toThrow(
    /^eigsh, sigma 0.1: expected solves with K - sigma I that converge, got .* move sigma off an eigenvalue/,
  );
});

test("a kernel solve and a lazy tensor take the same choices", () => {
  const K = Vi(points).sqdist(Vj(points)).mul(-2000).exp();
  const expected = Array.from(nd.eigh(K.dense()).values.data).sort((a, b) => a - b);
  expect(K.eigsh(2, { which: "smallest" }).values.get(0)).toBeCloseTo(expected[0]!, 10);
  expect(K.eigsh(1, { which: "nearest", sigma: 1.3 }).values.get(0)).toBeCloseTo(
    [...expected].sort((a, b) => Math.abs(a - 1.3) - Math.abs(b - 1.3))[0]!,
    9,
  );
});

test.each([
  ["tall", 90, 50],
  ["wide", 50, 90],
])("singular values of a %s operator are those of a dense decomposition", async (_, m, n) => {
  const K = kernel(rand([m, 2], { ...f64, seed: 2 }), rand([n, 2], { ...f64, seed: 3 }));
  const expected = nd.svd(K.dense()).s;
  const { u, s, vt, residuals } = linalg.svds(K, 6);
  for (let k = 0; k < 6; k++) expect(s.get(k)).toBeCloseTo(expected.get(k), 11);
  expect([u.shape, vt.shape]).toEqual([[m, 6], [6, n]]); // prettier-ignore
  expect(Math.max(...residuals)).toBeLessThan(1e-9);
  expect(
    nd
      .norm(nd.sub(K.matmul(nd.transpose(vt as RealArray)), nd.mul(u as RealArray, nd.reshape(s as RealArray, [1, 6]))))
      .get(),
  ).toBeLessThan(1e-9);
  expect((await linalg.svds.async(K, 6)).s.data).toEqual(s.data);
});

test("singular values below the square root of rounding are exact to rtol of the largest", () => {
  const d = array(
    Array.from({ length: 60 }, (_, n) => 10 ** (-n / 4)),
    f64,
  );
  const { s } = linalg.svds(linalg.diagonal(d), 45);
  for (let k = 0; k < 45; k++) expect(Math.abs(s.get(k) - d.get(k))).toBeLessThan(1e-10);
});

describe("derivatives", () => {
  const slope = (f: (x: RealArray) => RealArray, place: number): number => {
    const at = (step: number): number => {
      const moved = array(points);
      moved.data[place]! += step;
      return f(moved).get();
    };
    return (at(1e-5) - at(-1e-5)) / 2e-5;
  };
  test.each<[string, (x: RealArray) => RealArray]>([
    ["eigenvalues", (x) => nd.sum(nd.log(linalg.eigsh(laplacian(x), 3).values as RealArray))],
    ["singular values", (x) => nd.sum(nd.log(linalg.svds(kernel(x, points), 3).s as RealArray))],
  ])("of %s are limits of differences", (_, f) => {
    const x = requiresGrad(array(points));
    expect(grad(f(x), [x])[0].data[7]! / slope(f, 7)).toBeCloseTo(1, 5);
  });

  test("of vectors, and of eigenpairs of kernel solves, are refused", () => {
    const x = requiresGrad(array(points));
    const { vectors } = linalg.eigsh(kernel(x), 2);
    expect(() => grad(vectors, [x], randn([N, 2], f64))).toThrow(/^grad of eigsh, vectors: expected a function of the/);
    const { values } = kernel(x).eigsh(2);
    expect(() => grad(values, [x], nd.ones([2], f64))).toThrow(/^grad of eigsh: expected linalg.eigsh/);
  });
});

test("in the background it tells how far it is, can be stopped, and reads the data as they were", async () => {
  const x = array(points);
  const d = nd.ones([N], f64);
  const told: string[] = [];
  const later = linalg.eigsh.async(linalg.diagonal(d).add(kernel(x)), 3, {
    which: "nearest",
    sigma: 2,
    onProgress: ({ doing, ended }) => told.push(`${doing} ${String(ended)}`),
  });
  d.data.fill(0);
  const expected = linalg.eigsh(kernel(points).addDiag(1), 3, { which: "nearest", sigma: 2 }).values;
  expect(Array.from((await later).values.data, (v) => v.toFixed(9))).toEqual(
    Array.from(expected.data, (v) => v.toFixed(9)),
  );
  expect(told.at(-1)).toMatch(/ true$/);
  const stop = new AbortController();
  const long = linalg.eigsh.async(kernel(rand([3000, 2])), 60, { signal: stop.signal });
  setTimeout(() => { stop.abort("enough"); }, 30); // prettier-ignore
  await expect(long).rejects.toThrow("stopped by its signal");
});

test("what is no symmetric operator is refused", () => {
  const wrong: [() => unknown, RegExp | string][] = [
    [
      () => linalg.eigsh(L.compose(linalg.diagonal(rand([N], f64))), 2),
      /^eigsh: expected a symmetric operator, got u·Kv/,
    ],
    [() => linalg.eigsh(kernel(points, points.hi(5)), 2), "eigsh: expected a square operator, got shape [120, 5]"],
    [() => linalg.eigsh(L, 121), "eigsh, k: expected an integer from 1 to 120, the order of K, got the number 121"],
    [
      () => linalg.eigsh(L, 2, { which: "nearest" }),
      'eigsh, sigma: expected a finite number with which "nearest", got none',
    ],
    [() => linalg.eigsh(L, 2, { sigma: 3 }), 'eigsh, sigma: expected none unless which is "nearest", got 3'],
    [() => linalg.svds(kernel(points, points.hi(5)), 6), /^svds, k: expected an integer from 1 to 5/],
  ];
  for (const [call, message] of wrong) expect(call).toThrow(message);
});

(isFull ? test : test.skip)("the Laplacian of 1000 points has the eigenvalues of NumPy's kind to 1e-10", () => {
  const many = laplacian(rand([1000, 2], { ...f64, seed: 5 }));
  const dense = Array.from(nd.eigh(many.matvec(nd.eye(1000, f64))).values.data).sort((a, b) => a - b);
  const { values } = linalg.eigsh(many, 7, { which: "smallest" });
  for (let k = 0; k < 7; k++) expect(Math.abs(values.get(k) - dense[k]!)).toBeLessThan(1e-10);
});
