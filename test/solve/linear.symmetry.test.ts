/** Systems that are indefinite or not symmetric, as users say by `symmetry`: against dense solves. */
import { ArgumentError, ConvergenceError, InterruptedError } from "../../src/errors";
import { KernelSolve, astype, grad, nd, rand, randn } from "../../src";
import { array, requiresGrad, zeros } from "../../src";
import type { Dtype, RealData, RealArray, SolveOptions, SolveReport } from "../../src";
import { norm, wide } from "../helpers/numbers";
import { ALIASES } from "../helpers/systems";

const inner = (a: RealArray, b: RealArray): number =>
  Array.from(a.data).reduce((sum, value, n) => sum + value * b.data[n]!, 0);

// ---------------------------------------------------------------------------------------------------- KernelSolve

/** Differences of Gaussians: symmetric, and neither positive nor negative definite. */
const Kindefinite = KernelSolve("(Exp(-g * SqDist(x, y)) - 1.5 * Exp(-4 * g * SqDist(x, y))) * b", ALIASES, "b", {
  axis: 1,
});
const Knone = KernelSolve("Exp(-g * SqDist(x, y)) * (1 + Elem(x, 0)) * b", ALIASES, "b", { axis: 1 });
const CASES = [
  ["indefinite", "minres", Kindefinite, (s: number) => Math.exp(-5 * s) - 1.5 * Math.exp(-20 * s)],
  ["none", "gmres", Knone, (s: number, x0: number) => Math.exp(-5 * s) * (1 + x0)],
] as const;

function matrixOf(x: RealArray, entry: (squares: number, x0: number) => number, alpha: number): RealArray {
  const n = x.shape[0]!;
  const matrix = zeros([n, n], wide);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      const squares = (x.get(i, 0) - x.get(j, 0)) ** 2 + (x.get(i, 1) - x.get(j, 1)) ** 2;
      matrix.set(i, j, entry(squares, x.get(i, 0)) + (i === j ? alpha : 0));
    }
  return matrix;
}

const points = (n: number, dtype: Dtype = "float64"): RealArray => rand([n, 2], { dtype, seed: 1 });
const right = (n: number, dtype: Dtype = "float64"): RealArray => randn([n, 2], { dtype, seed: 2 });

describe.each(CASES)("symmetry %j", (symmetry, method, Kinv, entry) => {
  const call = (x: RealArray, b: RealArray, options: SolveOptions): SolveReport =>
    Kinv.report<RealData>(x, x, b, 5, { symmetry, ...options });

  test.each(["float32", "float64"] as const)("solves as a dense solve does (%s)", (dtype) => {
    const [x, b] = [points(90, dtype), right(90, dtype)];
    const found = call(x, b, { alpha: 0.2 });
    expect(found).toMatchObject({ method, rank: 0 });
    expect(found.history.at(-1)!.residual).toBeLessThanOrEqual(1e-6);
    if (dtype === "float64")
      expect(found).toMatchObject({ converged: "tolerance", residual: found.history.at(-1)!.residual });
    const matrix = matrixOf(astype(x, "float64"), entry, 0.2);
    const left = nd.sub(nd.matmul(matrix, astype(found.solution, "float64")), astype(b, "float64"));
    const rounding = dtype === "float32" ? 2 ** -24 * norm(matrix.data) * norm(found.solution.data) : 0;
    expect(norm(left.data)).toBeLessThanOrEqual(1.01e-6 * norm(b.data) + rounding);
    expect(norm(left.data)).toBeLessThanOrEqual(1.001 * found.residual * norm(b.data) + 1e-12);
  });

  test("is differentiable: gradients are those of finite differences", () => {
    const x = requiresGrad(points(12));
    const [b, e] = [requiresGrad(right(12)), right(12)];
    const options = { symmetry, alpha: 0.9, eps: 1e-13 } as const;
    const value = (at: RealArray, of: RealArray): number => inner(Kinv(at, at, of, 5, options), e);
    const gradients = grad(Kinv(x, x, b, 5, options), [x, b], e);
    [x, b].forEach((of, which) => {
      const direction = randn(of.shape, { ...wide, seed: 7 });
      const moved = (h: number): number => {
        const there = nd.add(array(of), nd.mul(direction, h));
        return which === 0 ? value(there, array(b)) : value(array(x), there);
      };
      const slope = inner(gradients[which]!, direction);
      expect(Math.abs(slope / ((moved(1e-5) - moved(-1e-5)) / 2e-5) - 1)).toBeLessThan(1e-6);
    });
  });

  test("batches, one point and none", () => {
    const x = rand([2, 9, 2], { ...wide, seed: 1 });
    const b = randn([2, 9, 2], { ...wide, seed: 2 });
    const all = Kinv(x, x, b, 5, { symmetry, alpha: 0.5 });
    const second = Kinv(array(x.pick(1)), array(x.pick(1)), array(b.pick(1)), 5, { symmetry, alpha: 0.5 });
    expect(Array.from(all.data.subarray(18))).toEqual(Array.from(second.data));
    expect(call(points(1), right(1), { alpha: 0.7 }).converged).toBe("tolerance");
    expect(call(zeros([0, 2], wide), zeros([0, 2], wide), {}).solution.shape).toEqual([0, 2]);
  });

  test("ends with its last iterate where iterations run out", () => {
    const failing = (): unknown => call(points(200), right(200), { alpha: 1e-9, maxIterations: 3 });
    expect(failing).toThrow(ConvergenceError);
    expect(failing).toThrow(/ran out of iterations: raise maxIterations, alpha or eps/);
    try {
      failing();
    } catch (error) {
      expect((error as ConvergenceError).lastIterate).toMatchObject({ shape: [200, 2] });
    }
  });

  test("ends with a message for NaN, and with alpha 0", () => {
    const b = right(20);
    b.set(3, 1, NaN);
    expect(() => call(points(20), b, { alpha: 1 })).toThrow(/numbers that are not finite/);
    const singular = zeros([20, 2], wide);
    expect(() => call(singular, right(20), { alpha: 0 })).toThrow(/K \+ alpha I is singular|out of iterations/);
  });

  test("repeats to the last bit, blocking or promised", async () => {
    const once = call(points(80), right(80), { alpha: 0.1 });
    const again = await Kinv.report.async(
      points(80) as RealArray<Float64Array>,
      points(80) as RealArray<Float64Array>,
      right(80) as RealArray<Float64Array>,
      5,
      { symmetry, alpha: 0.1 },
    );
    expect(again.solution.data).toEqual(once.solution.data);
  });

  test("stops when its signal is aborted", async () => {
    const controller = new AbortController();
    const x = points(3000) as RealArray<Float64Array>;
    const running = Kinv.async(x, x, right(3000) as RealArray<Float64Array>, 5, {
      symmetry,
      alpha: 1e-9,
      eps: 1e-14,
      signal: controller.signal,
    });
    setTimeout(() => {
      controller.abort();
    }, 30);
    await expect(running).rejects.toThrow(InterruptedError);
  });

  test("goes with no factorisation and no preconditioner", () => {
    expect(() => call(points(5), right(5), { method: "direct" })).toThrow(
      new ArgumentError(`method: expected "auto" with symmetry "${symmetry}", got the string "direct"`),
    );
    expect(() => call(points(5), right(5), { preconditioner: { rank: 2 } })).toThrow(
      /preconditioner: expected "none" with symmetry/,
    );
  });
});

test("the kind of a system is never guessed", () => {
  const [x, b] = [points(60), right(60)];
  expect(() => Knone(x, x, b, 5, { alpha: 1 })).toThrow(/expected a symmetric operator.*else say symmetry: "none"/);
  expect(() => Knone(x, x, b, 5, { alpha: 1, symmetry: "indefinite" })).toThrow(/expected a symmetric operator/);
  expect(() => Kindefinite(x, x, b, 5, { alpha: 0.01, method: "cg", preconditioner: "none" })).toThrow(
    /not positive definite; raise alpha, or say symmetry: "indefinite"/,
  );
  expect(() => Knone(x, x, b, 5, { symmetry: "some" as "none" })).toThrow(
    'symmetry: expected "positive", "indefinite" or "none", got the string "some"',
  );
});

test("GMRES restarts after as many iterations as it is told", () => {
  const iterations = (options: SolveOptions): number =>
    Knone.report<RealData>(points(90), points(90), right(90), 5, { symmetry: "none", alpha: 0.1, ...options })
      .iterations;
  expect(iterations({ restart: 50 })).toBe(iterations({}));
  expect(iterations({ restart: 2 })).toBeGreaterThan(iterations({}));
  expect(() => iterations({ restart: 0 })).toThrow("restart: expected an integer of at least 1, got the number 0");
});
