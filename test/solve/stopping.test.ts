/** Solves that cannot reach what is asked: all methods end soon after residuals no longer fall, and say so. */
import { ConvergenceError } from "../../src/errors";
import { Genred, KernelSolve, rand, randn } from "../../src/index";
import type { RealArray, SolveOptions } from "../../src/index";
import { HostVectors } from "../../src/device/hostvectors";
import type { RealData } from "../../src/device/native";
import { cg } from "../../src/solve/cg";
import type { CgOptions, CgResult } from "../../src/solve/cg";
import { gmres } from "../../src/solve/gmres";
import { minres } from "../../src/solve/minres";
import { shiftedCg } from "../../src/solve/shiftedcg";
import type { Space } from "../../src/solve/space";
import { Stall } from "../../src/solve/stopping";
import { runSync } from "../../src/task";

/** A diagonal matrix on so many columns. */
const diagonal = (values: readonly number[], columns: number): Space<RealData, Float64Array> =>
  Object.assign(new HostVectors(values.length, columns, "float64"), {
    apply: (x: RealData, out: RealData) => {
      for (let n = 0; n < x.length; n++) out[n] = values[Math.floor(n / columns)]! * x[n]!;
    },
  });

describe("a stall", () => {
  const came = (residuals: readonly number[], patience: number): number => {
    const stall = new Stall(patience);
    return residuals.findIndex((residual, n) => stall.hasCome(n + 1, [residual], [1])) + 1;
  };

  test("comes after as many iterations as are granted, from the lowest residual on", () => {
    expect(came(new Array<number>(50).fill(1), 10)).toBe(12);
    expect(came([9, 7, 5, 3, ...new Array<number>(50).fill(4)], 10)).toBe(4 + 11);
  });

  test("comes later where it took long to get there, and never while residuals fall by a tenth", () => {
    const slow = Array.from({ length: 40 }, (_, n) => 0.8 ** n);
    expect(came([...slow, ...new Array<number>(100).fill(1)], 10)).toBe(40 + 41);
    expect(came(slow, 1)).toBe(0);
  });
});

/** Eigenvalues that fall to 1e-16: what belongs to the least of them is beyond float64. */
const STEEP = Array.from({ length: 200 }, (_, n) => 10 ** (-16 * (n / 199)));
const METHODS = { cg, minres } as const;

describe.each(Object.entries(METHODS))("%s of a nearly singular matrix", (_, method) => {
  const run = (options: Partial<CgOptions>): CgResult & { readonly x: RealData; readonly norms: readonly number[] } => {
    const space = diagonal(STEEP, 2);
    const [b, x] = [space.vector().fill(1), space.vector()];
    const norms: number[] = [];
    const onCheck = (_iteration: number, all: readonly number[]): void => void norms.push(Math.max(...all));
    const task = method(space, b, x, { bounds: [1e-9, 1e-9], maxIterations: 5000, checkEvery: 1, onCheck, ...options });
    return { ...runSync(task), x, norms };
  };

  test("ends where residuals have not fallen for so long, with the iterate of the least", () => {
    const { ends, iterations, x, norms } = run({ patience: 40 });
    expect(ends).toEqual(["stagnation", "stagnation"]);
    expect(iterations).toBeLessThan(1000);
    expect(norms).toHaveLength(iterations);
    const left = x.map((value, n) => 1 - STEEP[Math.floor(n / 2)]! * value).filter((_value, n) => n % 2 === 0);
    expect(Math.hypot(...left)).toBeLessThanOrEqual(Math.min(...norms) / 0.9);
  });

  test("goes on while it is granted, and says how many iterations it was", () => {
    const { ends, iterations } = run({ patience: Infinity, maxIterations: 600 });
    expect({ ends, iterations }).toEqual({ ends: ["iterations", "iterations"], iterations: 600 });
  });
});

test("GMRES ends at a cycle that ends after so long without a lower residual", () => {
  const space = diagonal(STEEP, 1);
  const options = { bounds: [1e-9], maxIterations: 5000, checkEvery: 1, patience: 30, restart: 10, memory: 4000 };
  const found = runSync(gmres(space, space.vector().fill(1), space.vector(), options));
  expect(found.ends).toEqual(["stagnation"]);
  expect(found.iterations).toBeLessThan(500);
});

test("ridges that share a Krylov space end together where the least of them is none", () => {
  const space = diagonal(STEEP, 1);
  const [x, y] = [space.vector(), space.vector()];
  const options = { bounds: [1e-9], maxIterations: 50_000 };
  const { iterations, hasStalled } = runSync(shiftedCg(space, [0, 0.1], space.vector().fill(1), [x, y], options));
  expect(hasStalled).toBe(true);
  expect(iterations).toBeLessThan(10_000);
  STEEP.forEach((value, n) => {
    expect(y[n]).toBeCloseTo(1 / (value + 0.1), 6);
  });
});

describe("KernelSolve without a ridge, of a kernel that is singular as far as rounding can tell", () => {
  const [formula, aliases] = [
    "Exp(-g * SqDist(x, y)) * b",
    ["x = Vi(2)", "y = Vj(2)", "b = Vj(2)", "g = Pm(1)"],
  ] as const;
  const K = KernelSolve(formula, aliases, "b", { axis: 1 });
  const points = (n: number): RealArray<Float64Array> => rand([n, 2], { dtype: "float64", seed: 1 });
  const random = (n: number): RealArray<Float64Array> => randn([n, 2], { dtype: "float64", seed: 2 });

  const failure = (n: number, g: number, options: SolveOptions): ConvergenceError => {
    const x = points(n);
    try {
      K(x, x, random(n), g, { alpha: 0, ...options });
    } catch (error) {
      return error as ConvergenceError;
    }
    throw new Error("expected an error");
  };

  test("ends at once, with the advice to raise alpha, where the right-hand side is rough", () => {
    const error = failure(1100, 50, {});
    expect(error).toBeInstanceOf(ConvergenceError);
    expect(error.message).toMatch(
      /^KernelSolve, alpha 0: expected convergence, got .*; it stopped falling.*raise alpha/,
    );
    expect(error.iterations).toBeLessThan(200);
    expect(error.residual).toBeLessThanOrEqual(1);
  });

  test.each([{ method: "cg" }, { symmetry: "indefinite" }, { symmetry: "none" }] as const)(
    "ends within some thousands of iterations with %p",
    (options) => {
      const error = failure(350, 5, options);
      expect(error).toBeInstanceOf(ConvergenceError);
      expect(error.message).toMatch(/it stopped falling.*raise alpha/);
      expect(error.iterations).toBeLessThan(7000);
      expect(error.residual).toBeLessThanOrEqual(1);
    },
  );

  test("solves equations where a solution exists, by a factor of a matrix nearby", () => {
    const n = 600;
    const [x, c] = [points(n), random(n)];
    const b = Genred(formula, aliases, { axis: 1 })(x, x, c, 50);
    const { solution, residual, converged, method } = K.report(x, x, b, 50, { alpha: 0 });
    expect({ converged, method }).toEqual({ converged: "tolerance", method: "direct" });
    expect(residual).toBeLessThanOrEqual(1e-6);
    // One row of K a, by the definition of the kernel.
    for (const i of [0, 17, n - 1]) {
      const entry = (j: number): number =>
        Math.exp(-50 * ((x.get(i, 0) - x.get(j, 0)) ** 2 + (x.get(i, 1) - x.get(j, 1)) ** 2));
      const sum = Array.from({ length: n }, (_value, j) => entry(j) * solution.get(j, 0)).reduce((p, q) => p + q);
      expect(Math.abs(sum - b.get(i, 0))).toBeLessThanOrEqual(1e-6 * Math.hypot(...b.data));
    }
  });
});
