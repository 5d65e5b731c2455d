/** Systems of operators, beside dense solves; their derivatives beside differences. */
import {
  LinearOperator,
  Vi,
  Vj,
  array,
  asLinearOperator,
  grad,
  linalg,
  nd,
  rand,
  randn,
  requiresGrad,
} from "../../src";
import type { RealArray } from "../../src";
import { expectClose } from "../helpers/lazy";

const f64 = { dtype: "float64" } as const;
const EXACT = { eps: 0, rtol: 1e-13 } as const;
const N = 40;
const x = rand([N, 2], { ...f64, seed: 1 });
const kernel = (points: RealArray) => Vi(points).sqdist(Vj(points)).mul(-3).exp();
const K = kernel(x);
const b = randn([N, 2], { ...f64, seed: 2 });
const one = b.pick(null, 0);
const all = (A: LinearOperator): RealArray => A.matvec(nd.eye(N, f64));

const DEFINITE = K.addDiag(0.5);
const INDEFINITE = K.addDiag(-0.7);
const SKEWED = linalg
  .diagonal(rand([N], { ...f64, seed: 3 }))
  .compose(K)
  .addDiag(1);

test.each([
  ["cg", DEFINITE],
  ["cg", K.matmul(K.T).addDiag(0.5)],
  ["minres", DEFINITE],
  ["minres", INDEFINITE],
  ["gmres", INDEFINITE],
  ["gmres", SKEWED],
] as const)("%s solves as a dense solve does", async (name, A) => {
  const solve = linalg[name];
  const expected = nd.solve(all(A), b);
  const found = solve.report(A, b, EXACT);
  expectClose(found.solution, expected, 9);
  expect([found.converged, found.residual <= 1e-12]).toEqual(["tolerance", true]);
  expect(found.history.at(-1)).toMatchObject({ iteration: found.iterations, verified: true });
  expectClose(solve(A, one, EXACT), expected.pick(null, 0), 9);
  expectClose(await solve.async(A, b, EXACT), expected, 9);
});

test("a lazy tensor, a matrix and products of a user are operators, too", () => {
  const matrix = all(DEFINITE);
  const expected = nd.solve(matrix, one);
  expectClose(linalg.cg(matrix, one, EXACT), expected, 9);
  expectClose(linalg.gmres(K.add(linalg.identity(N, f64).scale(0.5)), one, EXACT), expected, 9);
  const own = (v: RealArray): RealArray => nd.add(nd.mul(v, 0.5), K.matvec(v));
  expectClose(linalg.cg(LinearOperator({ shape: [N, N], ...f64, matvec: own, rmatvec: own }), one, EXACT), expected, 9);
});

test("preconditioners and starts make a solve shorter", () => {
  const scales = nd.exp(nd.mul(randn([N], { ...f64, seed: 4 }), 3));
  const A = linalg.diagonal(scales).add(K);
  const plain = linalg.cg.report(A, one, { rtol: 1e-10, eps: 0 });
  const M = linalg.diagonal(nd.reciprocal(scales));
  const helped = linalg.cg.report(A, one, { rtol: 1e-10, eps: 0, preconditioner: M });
  expect(helped.iterations).toBeLessThan(0.7 * plain.iterations);
  expectClose(helped.solution, plain.solution, 6);
  const byFunction = linalg.cg.report(A, one, {
    rtol: 1e-10,
    eps: 0,
    preconditioner: (r: RealArray) => (M as LinearOperator).matvec(r),
  });
  expect(byFunction.iterations).toBe(helped.iterations);
  expect(linalg.cg.report(A, one, { x0: helped.solution }).iterations).toBe(0);
  expect(linalg.cg.report(A, one, { x0: nd.toNested(helped.solution) as number[] }).iterations).toBe(0);
});

test("float32 operators are solved in float64 of the same numbers", () => {
  const points = rand([N, 2], { seed: 1 });
  const A = kernel(points).addDiag(0.5) as unknown as LinearOperator<Float32Array>;
  const right = rand([N], { seed: 5 });
  const found = linalg.cg.report(A, right, { rtol: 1e-12, eps: 0 });
  expect([found.residual <= 1e-12, found.solution.data]).toEqual([true, expect.any(Float32Array)]);
});

describe("derivatives", () => {
  const diagonal = rand([N], { ...f64, seed: 6 });
  const loss = (name: "cg" | "gmres", d: RealArray, points: RealArray, right: RealArray): RealArray => {
    const A = linalg.diagonal(nd.add(d, 1)).add(kernel(points));
    return nd.sum(nd.square(linalg[name](name === "cg" ? A : A.compose(linalg.diagonal(nd.add(d, 2))), right, EXACT)));
  };

  test.each(["cg", "gmres"] as const)("of %s are limits of differences, by all that operators are made of", (name) => {
    const inputs = [diagonal, x, one].map((each) => requiresGrad(array(each))) as [RealArray, RealArray, RealArray];
    const gradients = grad(loss(name, ...inputs), inputs);
    const difference = (which: number, place: number, step: number): number => {
      const moved = [diagonal, x, one].map((each) => array(each)) as [RealArray, RealArray, RealArray];
      moved[which]!.data[place]! += step;
      return loss(name, ...moved).get();
    };
    for (const [which, place] of [
      [0, 3],
      [1, 7],
      [2, 5],
    ] as const) {
      // prettier-ignore
      const slope = (difference(which, place, 1e-5) - difference(which, place, -1e-5)) / 2e-5;
      expect(gradients[which].data[place]! / slope).toBeCloseTo(1, 5);
    }
  });

  test("of second order, and of arrays that changed meanwhile, are refused", async () => {
    const d = requiresGrad(array(diagonal));
    const value = loss("cg", d, x, one);
    expect(() => grad(value, [d], undefined, { createGraph: true })).toThrow(/^grad of cg: expected no createGraph/);
    const later = linalg.cg.async(linalg.diagonal(nd.add(d, 1)).add(linalg.diagonal(d)), one);
    d.data[0]! += 1;
    await expect(later).rejects.toThrow("cg: expected arrays that stay as they are while it runs, got one overwritten");
  });
});

test("what cannot be solved says why", () => {
  const singular = linalg.diagonal(nd.concat([nd.full([1], 0, f64), nd.ones([N - 1], f64)]));
  const wrong: [() => unknown, RegExp | string][] = [
    [
      () => linalg.cg(INDEFINITE, one),
      /^cg: expected convergence, .* p·A p <= 0: A is not positive definite; use minres/,
    ],
    [
      () => linalg.minres(singular, nd.ones([N], f64), { eps: 1e-9 }),
      /^minres: expected convergence|^minres: expected a relative/,
    ],
    [() => linalg.cg(DEFINITE, one, { maxIterations: 2 }), /after 2 iterations; it ran out of iterations/],
    [() => linalg.cg(DEFINITE, b.hi(5)), "cg, b: expected shape [40] or [40, E], got [5, 2]"],
    [() => linalg.cg(DEFINITE, one, { x0: b }), "cg, x0: expected shape [40], got [40, 2]"],
    [() => linalg.cg(asLinearOperator(b), one), "cg: expected a square operator, got shape [40, 2]"],
    [() => linalg.cg(DEFINITE, one, { restart: 3 } as object), /^cg, options: expected some of eps/],
    [() => linalg.cg(DEFINITE, one, { preconditioner: b }), "cg, preconditioner: expected shape [40, 40], got [40, 2]"],
  ];
  for (const [call, message] of wrong) expect(call).toThrow(message);
});
