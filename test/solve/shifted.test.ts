/** Several ridges at once: every solution against a dense solve of its own, whatever way it was found. */
import { ArgumentError, ConvergenceError, InterruptedError } from "../../src/errors";
import { KernelSolve, grad, nd, rand, randn, requiresGrad, zeros } from "../../src";
import type { Dtype, RealData, RealArray, ShiftedOptions, SolveReport } from "../../src";
import { HostVectors } from "../../src/device/hostvectors";
import { shiftedCg } from "../../src/solve/shiftedcg";
import { runSync } from "../../src/task";
import { apart, norm, wide } from "../helpers/numbers";
import { ALIASES } from "../helpers/systems";

process.env["TSKEOPS_COMPILE"] = "never";

const K = KernelSolve("Exp(-g * SqDist(x, y)) * b", ALIASES, "b", { axis: 1 });
const curl = KernelSolve("Exp(-g * SqDist(x, y)) * (b - 2 * g * ((x - y) | b) * (x - y))", ALIASES, "b", { axis: 1 });
const ALPHAS = [1e-2, 1, 0.1];

const points = (n: number, dtype: Dtype = "float64"): RealArray => rand([n, 2], { dtype, seed: 1 });
const right = (n: number, dtype: Dtype = "float64"): RealArray => randn([n, 2], { dtype, seed: 2 });

test("conjugate gradients of several shifts agree with dense solves, in as many products as the least of them takes", () => {
  const n = 60;
  const a = randn([n, n], { ...wide, seed: 1 });
  const matrix = nd.add(nd.mul(nd.matmul(a, nd.transpose(a)), 1 / n), nd.mul(nd.eye(n, wide), 0.05));
  let products = 0;
  const space = Object.assign(new HostVectors(n, 2, "float64"), {
    apply: (x: RealData, out: RealData) => {
      products++;
      out.set(
        nd.matmul(matrix, nd.reshape(Object.assign(zeros([n, 2], wide), { data: Float64Array.from(x) }), [n, 2])).data,
      );
    },
  });
  const b = right(n);
  const shifts = [0, 0.5, 10];
  const x = shifts.map(() => new Float64Array(2 * n));
  const norms = [0, 1].map((k) => norm(Array.from(b.data).filter((_, m) => m % 2 === k)));
  const options = { bounds: norms.map((size) => 1e-9 * size), maxIterations: 200 };
  const { iterations } = runSync(shiftedCg(space, shifts, Float64Array.from(b.data), x, options));
  expect(products).toBe(iterations);
  shifts.forEach((shift, s) => {
    const exact = nd.solve(nd.add(matrix, nd.mul(nd.eye(n, wide), shift)), b);
    expect(apart(Object.assign(zeros([n, 2], wide), { data: x[s]! }), exact)).toBeLessThan(1e-6);
  });
  const { iterations: alone } = runSync(
    shiftedCg(space, [0], Float64Array.from(b.data), [new Float64Array(2 * n)], options),
  );
  expect(iterations).toBe(alone);
});

const WAYS: readonly (readonly [string, number, ShiftedOptions, string, boolean])[] = [
  ["factorised one by one", 150, {}, "direct", false],
  ["one approximation for all", 1100, { method: "cg" }, "cg", true],
  ["one approximation of a given rank", 300, { method: "cg", preconditioner: { rank: 60 } }, "cg", true],
  ["one Krylov space", 200, { method: "cg", preconditioner: "none" }, "cg", false],
  ["MINRES one by one", 150, { symmetry: "indefinite" }, "minres", false],
];

describe.each(WAYS)("%s", (_name, n, options, method, hasRank) => {
  test.each(["float32", "float64"] as const)("gives every ridge the solution of its own solve (%s)", (dtype) => {
    const [x, b] = [points(n, dtype), right(n, dtype)];
    const found = K.shifted.report<RealData>(ALPHAS, x, x, b, 50, options);
    // Rounding to float32 leaves what K + alpha makes of half a unit in the last place.
    const rounding = (s: number): number => (dtype === "float32" ? 2 ** -24 * (1 + n / ALPHAS[s]!) : 0);
    expect(found.map(({ method: way, converged }) => [way, converged])).toEqual(
      found.map(({ residual }) => [method, residual > 1e-6 ? "precision" : (expect.any(String) as string)]),
    );
    if (dtype === "float64") for (const { converged } of found) expect(converged).toBe("tolerance");
    found.forEach(({ solution, residual, rank }, s) => {
      expect(solution.shape).toEqual([n, 2]);
      expect(rank > 0 && method === "cg").toBe(hasRank);
      expect(residual).toBeLessThanOrEqual(1e-6 + rounding(s));
      const alone = K<RealData>(x, x, b, 50, { alpha: ALPHAS[s]!, eps: 1e-11 });
      // |a - a*| <= |r| / alpha, and rounding to the dtype.
      const allowed = (1e-6 * norm(b.data)) / ALPHAS[s]! / norm(alone.data);
      expect(apart(solution, alone)).toBeLessThan(1.01 * allowed + (dtype === "float32" ? 2e-7 : 0));
    });
  });

  test("repeats to the last bit", () => {
    const run = (): number[][] =>
      K.shifted<RealData>(ALPHAS, points(n), points(n), right(n), 50, { ...options, compile: "never" }).map(
        ({ data }) => [...data],
      );
    expect(run()).toEqual(run());
  });
});

test("matrix-valued kernels share one Krylov space", () => {
  const [x, b] = [points(60), right(60)];
  const found = curl.shifted.report<RealData>(ALPHAS, x, x, b, 5);
  found.forEach(({ solution, rank, converged }, s) => {
    expect({ rank, converged }).toEqual({ rank: 0, converged: "tolerance" });
    const alone = curl<RealData>(x, x, b, 5, { alpha: ALPHAS[s]!, eps: 1e-10 });
    expect(apart(solution, alone)).toBeLessThan(1e-3);
  });
});

describe("several ridges", () => {
  test("are differentiable, each for itself", () => {
    const [x, b] = [requiresGrad(points(40)), requiresGrad(right(40))];
    const e = right(40);
    const many = K.shifted<RealData>(ALPHAS, x, x, b, 20, { eps: 1e-12 });
    many.forEach((solution, s) => {
      const ours = grad(solution, [x, b], e);
      const alone = grad(K<RealData>(x, x, b, 20, { alpha: ALPHAS[s]!, eps: 1e-12 }), [x, b], e);
      ours.forEach((gradient, n) => expect(apart(gradient, alone[n]!)).toBeLessThan(1e-8));
    });
  });

  test("may be in any order, twice, one, none, or zero", () => {
    const [x, b] = [points(30), right(30)];
    const [one, again] = K.shifted<RealData>([0.5, 0.5], x, x, b, 5, { method: "cg", preconditioner: "none" });
    expect(one!.data).toEqual(again!.data);
    expect(K.shifted<RealData>([], x, x, b, 5)).toEqual([]);
    expect(apart(K.shifted<RealData>([0.5], x, x, b, 5)[0]!, one!)).toBeLessThan(1e-4);
    const [zero] = K.shifted<RealData>(Float64Array.of(0, 1), x, x, b, 5000, {
      method: "cg",
      preconditioner: { rank: 5 },
    });
    expect(apart(zero!, K<RealData>(x, x, b, 5000, { alpha: 0 }))).toBeLessThan(1e-4);
  });

  test("take batches, no points and one", () => {
    const x = rand([2, 9, 2], { ...wide, seed: 1 });
    const b = randn([2, 9, 2], { ...wide, seed: 2 });
    const [first] = K.shifted<RealData>([0.5, 2], x, x, b, 5);
    expect(first!.data).toEqual(K<RealData>(x, x, b, 5, { alpha: 0.5 }).data);
    expect(
      K.shifted<RealData>([1, 2], zeros([0, 2], wide), zeros([0, 2], wide), zeros([0, 2], wide), 5)[1]!.shape,
    ).toEqual([0, 2]);
    expect(K.shifted<RealData>([1, 3], points(1), points(1), right(1), 5)[1]!.get(0, 0)).toBeCloseTo(
      right(1).get(0, 0) / 4,
      10,
    );
  });

  test("that do not converge end with the error of their own solve", () => {
    const [x, b] = [points(200), right(200)];
    const options = { method: "cg", preconditioner: "none", maxIterations: 5 } as const;
    expect(() => K.shifted<RealData>([1e-6, 1], x, x, b, 50, options)).toThrow(ConvergenceError);
    expect(() => K.shifted<RealData>([1e-6, 1], x, x, b, 50, options)).toThrow(/alpha 0.000001.*ran out of iterations/);
  });

  test("are checked", () => {
    const [x, b] = [points(20), right(20)];
    const untyped =
      (alphas: unknown, options?: object): (() => unknown) =>
      () =>
        (K.shifted as unknown as (...given: unknown[]) => unknown)(alphas, x, x, b, 5, options);
    expect(untyped(0.1)).toThrow(
      new ArgumentError("shifted, alphas: expected a list of numbers of at least 0, got the number 0.1"),
    );
    expect(untyped([1, -1])).toThrow(/shifted, alphas: expected a list of numbers of at least 0/);
    expect(untyped([1, 2], { alpha: 3 })).toThrow(/options: expected some of eps, rtol/);
    expect(untyped([1, 2], { eps: -1 })).toThrow(/eps: expected a number of at least 0/);
  });

  test("as a promise: of arrays that may change, and that ends when it is told to", async () => {
    const [x, b] = [points(200), right(200)];
    const options = { method: "cg", preconditioner: "none" } as const;
    const expected = K.shifted.report<RealData>(ALPHAS, x, x, b, 50, options);
    const promise = K.shifted.report.async<RealData>(ALPHAS, x, x, b, 50, options);
    x.data.fill(NaN);
    const found: SolveReport[] = await promise;
    expect(found.map(({ solution }) => [...solution.data])).toEqual(expected.map(({ solution }) => [...solution.data]));
    const many = points(3000);
    const controller = new AbortController();
    const running = K.shifted.async<RealData>([1e-6, 1e-4], many, many, right(3000), 50, {
      ...options,
      signal: controller.signal,
    });
    setTimeout(() => {
      controller.abort();
    }, 30);
    await expect(running).rejects.toThrow(InterruptedError);
  });
});
