/** Hard data of KernelSolve, and what they end in. */
import { ConvergenceError } from "../../src/errors";
import { KernelSolve, array, astype, nd, rand, randn, zeros } from "../../src";
import type { SolveIteration, RealArray, SolveOptions } from "../../src";
import { ALIASES, G, N, PLAIN, data, expectSolution, gaussian, matrixOf, ridged } from "../helpers/systems";
import { DTYPES, minus, norm, untyped, values } from "../helpers/numbers";

const column = (a: RealArray, k: number): number[] => values(a).filter((_, n) => n % a.shape[1]! === k);

// ------------------------------------------------------------------------------------------------- what is hard, and how it ends

/** Solves and tells how: the solution, and the last progress whose residual was recomputed. */
function solved(x: RealArray, b: RealArray, options: SolveOptions = {}): { a: RealArray; last: SolveIteration } {
  const reports: SolveIteration[] = [];
  const a = untyped(gaussian)(x, x, b, G, {
    alpha: 0.01,
    ...PLAIN,
    ...options,
    onIteration: (p: SolveIteration) => reports.push(p),
  });
  return { a, last: reports.filter(({ verified }) => verified).at(-1)! };
}

describe.each(DTYPES)("with %s data", (dtype) => {
  const { x, b } = data(dtype);
  const K = matrixOf(x, (_, squares) => [[Math.exp(-G * squares)]]);
  const times = (factors: readonly number[]): RealArray => nd.mul(b, array(factors, { dtype }));

  test("a right-hand side of 0 has the solution 0, after no iteration, from any start", () => {
    const { a, last } = solved(x, zeros([N, 2], { dtype }), { x0: b });
    expect([new Set(values(a).map(Math.abs)), last]).toEqual([
      new Set([0]),
      { iteration: 0, residual: 0, verified: true },
    ]);
  });

  test("a column of 0 beside another stays 0", () => {
    const { a } = solved(x, times([0, 1]));
    expect(new Set(column(a, 0))).toEqual(new Set([0]));
    expectSolution(a, K, times([0, 1]), 0.01);
  });

  test("a tiny right-hand side is solved as precisely as a large one", () => {
    expectSolution(solved(x, times([1e-7, 1e-7])).a, K, times([1e-7, 1e-7]), 0.01);
    expectSolution(solved(x, times([1e-30, 1e-30])).a, K, times([1e-30, 1e-30]), 0.01);
  });

  test("a huge right-hand side is solved", () => {
    expectSolution(solved(x, times([1e30, 1e30])).a, K, times([1e30, 1e30]), 0.01);
  });

  test("columns 1e8 apart are each solved to their own size", () => {
    const mixed = times([1e-4, 1e4]);
    const { a } = solved(x, mixed);
    const exact = nd.solve(ridged(K, 0.01), astype(mixed, "float64"));
    for (const k of [0, 1]) {
      const allowed = (1e-6 / 0.01) * norm(column(mixed, k)) + 2 ** -23 * norm(column(exact, k));
      expect(norm(minus(column(a, k), column(exact, k)))).toBeLessThanOrEqual(allowed);
    }
  });

  test("without a ridge, a system that rounding can tell from a singular one is solved", () => {
    const far = nd.mul(x, 10);
    const { a, last } = solved(far, b, { alpha: 0 });
    expect(last.residual).toBeLessThanOrEqual(1e-6);
    const sharp = ridged(
      matrixOf(far, (_, squares) => [[Math.exp(-G * squares)]]),
      0,
    );
    const left = minus(values(nd.matmul(sharp, astype(a, "float64"))), values(b));
    expect(norm(left)).toBeLessThanOrEqual(2e-6 * norm(values(b)));
  });

  test("a system that rounding to float32 makes singular is solved in float64", () => {
    const points = rand([100, 2], { dtype, seed: 1 });
    const { last } = solved(points, randn([100, 2], { dtype, seed: 2 }), { alpha: 1e-10 });
    expect(last.residual).toBeLessThanOrEqual(1e-6);
  });

  test("started at the solution, no iteration is left to do", () => {
    const { a } = solved(x, b, { eps: 1e-8 });
    const again = solved(x, b, { x0: a, eps: 1e-3 });
    expect(again.last.iteration).toBe(0);
    expect(values(again.a)).toEqual(values(a));
    expect(values(solved(x, b, { x0: nd.toNested(a) as number[][], eps: 1e-3 }).a)).toEqual(values(a));
  });

  test("started near the solution, fewer iterations are left to do", () => {
    const cold = solved(x, b);
    const warm = solved(x, b, { x0: nd.mul(cold.a, 1 + 1e-4) });
    expect(warm.last.iteration).toBeLessThan(cold.last.iteration);
    expectSolution(warm.a, K, b, 0.01);
  });

  test("progress counts up from 0, tells how far the residual is, and ends with a verified one", () => {
    const reports: SolveIteration[] = [];
    gaussian(x as RealArray<Float64Array>, x as RealArray<Float64Array>, b as RealArray<Float64Array>, G, {
      alpha: 0.01,
      onIteration: (progress) => reports.push(progress),
    });
    expect(reports[0]).toEqual({ iteration: 0, residual: 1, verified: true });
    expect(reports.map(({ iteration }) => iteration)).toEqual(
      [...reports.map(({ iteration }) => iteration)].sort((p, q) => p - q),
    );
    expect(reports.at(-1)!.verified).toBe(true);
    expect(reports.at(-1)!.residual).toBeLessThanOrEqual(1e-6);
  });

  test("what onIteration throws ends the solve and arrives as it is", () => {
    const stop = new Error("enough");
    let calls = 0;
    const onIteration = ({ iteration }: SolveIteration): void => {
      calls++;
      if (iteration === 3) throw stop;
    };
    expect(() => untyped(gaussian)(x, x, b, G, { alpha: 0.01, ...PLAIN, onIteration })).toThrow(stop);
    expect(calls).toBe(4);
  });

  describe("the error of a solve without convergence", () => {
    const failure = (run: () => unknown): ConvergenceError => {
      try {
        run();
      } catch (error) {
        if (error instanceof ConvergenceError) return error;
        throw error;
      }
      throw new Error("nothing was thrown");
    };

    test("after too few iterations carries them, the residual and the last iterate", () => {
      const error = failure(() => solved(x, b, { maxIterations: 5 }));
      const iterate = error.lastIterate as RealArray;
      const left = minus(values(b), values(nd.matmul(ridged(K, 0.01), astype(iterate, "float64"))));
      const worst = Math.max(...[0, 1].map((k) => norm(left.filter((_, n) => n % 2 === k)) / norm(column(b, k))));
      expect([error.name, error.code, error.iterations]).toEqual(["ConvergenceError", "ERR_KEOPS_CONVERGENCE", 5]);
      expect([iterate.shape, iterate.dtype]).toEqual([[N, 2], dtype]);
      expect(Math.abs(error.residual - worst)).toBeLessThanOrEqual(1e-4 * worst);
      expect(error.message).toMatch(
        /^KernelSolve, alpha 0.01: expected convergence, got a relative residual of .* after 5 iterations; it ran out of iterations: raise maxIterations, alpha or eps$/,
      );
    });

    test("says after one iteration that it was one", () => {
      expect(failure(() => solved(x, b, { maxIterations: 1 })).iterations).toBe(1);
    });

    test.each([NaN, Infinity, -Infinity])("names %p in the right-hand side", (bad) => {
      const broken = array(b, { dtype });
      broken.set(7, 1, bad);
      expect(failure(() => solved(x, broken)).message).toMatch(
        /numbers that are not finite: look for NaN or infinity in the arrays$/,
      );
    });

    test("names NaN in the points, in the parameter and in the start", () => {
      const broken = array(x, { dtype });
      broken.set(7, 1, NaN);
      expect(failure(() => solved(broken, b)).message).toMatch(/not finite/);
      expect(failure(() => untyped(gaussian)(x, x, b, NaN)).message).toMatch(/not finite/);
      expect(failure(() => solved(x, b, { x0: nd.mul(b, NaN) })).message).toMatch(/not finite/);
    });

    test.each([
      ["a negative kernel", "-(Exp(-g * SqDist(x, y)) * b)", 0],
      ["a kernel with eigenvalues of both signs", "g * Norm2(x - y) * b", 0.01],
    ])("says of %s that it is not positive definite", (_what, formula, alpha) => {
      const Kinv = untyped(KernelSolve(formula, ALIASES, "b", { axis: 1 }));
      expect(failure(() => Kinv(x, x, b, G, { alpha })).message).toMatch(
        /K \+ alpha I is not positive definite; raise alpha, or say symmetry: "indefinite"$/,
      );
    });

    test.each([
      ["a kernel of rank 2", "g * (x | y) * b"],
      ["a constant kernel", "(1 + 0 * g) * IntCst(1) * Rsqrt(1 + 0 * SqDist(x, y)) * b"],
    ])("says of %s without a ridge that it is singular", (_what, formula) => {
      const Kinv = untyped(KernelSolve(formula, ALIASES, "b", { axis: 1 }));
      const error = failure(() => Kinv(x, x, b, G, { alpha: 0 }));
      expect(error.message).toMatch(/raise alpha(, or say symmetry: "indefinite")?$/);
      expect(error.residual).toBeGreaterThan(0.1);
    });

    test("of points that coincide, without a ridge, is no solution by accident", () => {
      const twice = array(x, { dtype });
      for (let i = 0; i < N / 2; i++) for (const k of [0, 1]) twice.set(N / 2 + i, k, twice.get(i, k));
      expect(failure(() => solved(twice, b, { alpha: 0 })).residual).toBeGreaterThan(0.1);
    });
  });
});
