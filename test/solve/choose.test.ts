/** Which method solves a system, and that each solves what it claims, for many kernels and points. */
import { Genred, KernelSolve, array, astype, grad, nd, rand, randn, requiresGrad } from "../../src/index";
import type { RealArray, SolveOptions } from "../../src/index";
import { KERNELS, METHODS, clustered } from "../helpers/methods";
import { apart } from "../helpers/numbers";
import { ALIASES } from "../helpers/systems";
import { forWidth } from "../helpers/widths";

type Kernel = keyof typeof KERNELS;

/** ‖b - (K + alpha) a‖ / ‖b‖ by the reduction itself, in float64. */
function residual(kernel: Kernel, x: RealArray, a: RealArray, b: RealArray, g: number, alpha: number): number {
  const [x64, a64, b64] = [x, a, b].map((array) => astype(array, "float64")) as [RealArray, RealArray, RealArray];
  const product = Genred(KERNELS[kernel], [...ALIASES], { axis: 1 })(x64, x64, a64, g);
  const left = nd.sub(b64, nd.add(product, nd.mul(a64, alpha)));
  const norm = (v: RealArray): number => Math.hypot(...v.data);
  return norm(left) / norm(b64);
}

const combinations = Object.keys(KERNELS).flatMap((kernel) =>
  Object.keys(METHODS).map((method) => [kernel as Kernel, method as keyof typeof METHODS] as const),
);

describe.each(["float32", "float64"] as const)("systems of 600 points in %s", (dtype) => {
  const points = {
    "in the unit square": rand([600, 2], { dtype, seed: 1 }),
    "in clusters, some twice": clustered(600, dtype),
  };
  const b = randn([600, 2], { dtype, seed: 2 });

  test.each(combinations)("%s by %s", (kernel, method) => {
    const K = KernelSolve(KERNELS[kernel], ALIASES, "b", { axis: 1 });
    for (const x of Object.values(points) as RealArray<Float64Array>[]) {
      const {
        solution,
        converged,
        residual: told,
        history,
      } = K.report(x, x, b as RealArray<Float64Array>, 20, {
        alpha: 0.01,
        ...METHODS[method],
      });
      // The float64 solution is rounded to float32, and that times K + alpha, over alpha, is what it may be off by.
      const rounding = dtype === "float32" ? 2 ** -24 * (1 + largestEigenvalue(x) / 0.01) : 0;
      expect(history.at(-1)!.residual).toBeLessThanOrEqual(1e-6);
      expect(told).toBeLessThanOrEqual(1e-6 + rounding);
      if (dtype === "float64" || told > 1e-6) expect(converged).toBe(told > 1e-6 ? "precision" : "tolerance");
      // What is told is the residual of what is returned, of the worse column.
      const found = residual(kernel, x, solution, b, 20, 0.01);
      expect(found).toBeLessThanOrEqual(told + 1e-12);
      expect(found).toBeGreaterThanOrEqual(told / 2 - 1e-12);
    }
  });
});

/** Of a kernel whose entries are at most 4. */
const largestEigenvalue = (x: RealArray): number => 4 * x.shape[0]!;

describe("what is chosen", () => {
  const K = KernelSolve(KERNELS.Gaussian, ALIASES, "b", { axis: 1 });
  const report = (n: number, options: SolveOptions, g = 50): { method: string; rank: number; iterations: number } => {
    const x = rand([n, 2], { dtype: "float64", seed: 1 });
    const { method, rank, iterations } = K.report(x, x, randn([n, 2], { dtype: "float64", seed: 2 }), g, options);
    return { method, rank, iterations };
  };

  test("small systems are factorised", () => {
    expect(report(300, { alpha: 0.01 })).toEqual({ method: "direct", rank: 300, iterations: 1 });
  });

  test("larger ones are iterated, with a rank that leaves few iterations", () => {
    const { method, rank, iterations } = report(forWidth(2600, 2000), { alpha: 0.01 });
    expect(method).toBe("cg");
    expect(rank).toBeGreaterThan(50);
    expect(rank).toBeLessThan(1000);
    expect(iterations).toBeLessThanOrEqual(12);
  });

  test("a kernel that is not low-rank, with a small ridge, is factorised", () => {
    expect(report(1500, { alpha: 1e-4 }, 5000).method).toBe("direct");
  });

  test("a rank that is asked for is taken", () => {
    expect(report(600, { alpha: 0.01, method: "cg", preconditioner: { rank: 40 } })).toMatchObject({
      method: "cg",
      rank: 40,
    });
  });

  test("the more columns, the fewer iterations", () => {
    const counts = [20, 80, 160].map(
      (rank) => report(600, { alpha: 0.01, method: "cg", preconditioner: { rank } }).iterations,
    );
    const none = report(600, { alpha: 0.01, method: "cg", preconditioner: "none" });
    expect(none.rank).toBe(0);
    expect([none.iterations, ...counts]).toEqual([none.iterations, ...counts].sort((p, q) => q - p));
    expect(counts[2]).toBeLessThan(counts[0]! / 4);
  });

  test.each([1, 2, 3, 5, 9, 15, 16, 17, 33])("%i points are solved by every method", (n) => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const x = rand([n, 2], { dtype: "float64", seed });
      for (const options of Object.values(METHODS))
        expect(K.report(x, x, x, 500, { alpha: 0.01, ...options }).residual).toBeLessThanOrEqual(1e-6);
    }
  });

  // With "auto", formulas change from tiles to compiled code when that is ready, and sums are rounded otherwise.
  describe.each(["never", "always"] as const)("with compile: %p, the same call gives the same bits", (compile) => {
    const [x, b] = [rand([520, 2], { seed: 1 }), randn([520, 2], { seed: 2 })];
    const marked = requiresGrad(array(x));

    test.each([{ method: "cg" }, { method: "direct" }, { method: "cg", preconditioner: "none" }] as const)(
      "%p",
      (by) => {
        const options = { alpha: 0.01, compile, ...by };
        const runs = Array.from({ length: 3 }, () => {
          const solution = K(marked, marked, b, 50, options);
          return [...solution.data, ...grad(solution, [marked], b)[0].data];
        });
        for (const run of runs) expect(run).toEqual(runs[0]);
      },
    );

    test("of log-determinants and eigenvalues", () => {
      const runs = Array.from({ length: 3 }, () => [
        K.logdet(x, x, b, 50, { alpha: 0.01, method: "lanczos", compile }).value,
        ...K.eigsh(3, x, x, b, 50, { compile }).values.data,
      ]);
      for (const run of runs) expect(run).toEqual(runs[0]);
    });
  });

  test("without a ridge, singular as float64 sees it, small residuals are still reached", () => {
    const x = rand([400, 2], { dtype: "float64", seed: 1 });
    const b = randn([400, 2], { dtype: "float64", seed: 2 });
    expect(K.report(x, x, b, 50, { alpha: 1e-10 }).residual).toBeLessThanOrEqual(1e-3);
  });

  test("small systems of matrix-valued kernels are factorised", () => {
    const formula = "Exp(-g * SqDist(x, y)) * MatVecMult(TensorProd(x - y, x - y), b)";
    const coupled = KernelSolve(`${formula} + 3 * Exp(-g * SqDist(x, y)) * b`, ALIASES, "b", { axis: 1 });
    const x = rand([60, 2], { dtype: "float64", seed: 1 });
    const { method, converged } = coupled.report(x, x, randn([60, 2], { dtype: "float64", seed: 2 }), 5, { alpha: 1 });
    expect([method, converged]).toEqual(["direct", "tolerance"]);
  });

  test.each([
    [{ method: "lu" }, /^method: expected "auto", "cg" or "direct", got the string "lu"$/],
    [{ preconditioner: "jacobi" }, /^preconditioner: expected "auto", "none", a function, or \{rank\}/],
    [{ preconditioner: { rank: 0.5 } }, /^preconditioner: expected "auto", "none", a function, or \{rank\}/],
  ])("%p is refused", (options, message) => {
    const x = rand([5, 2], { seed: 1 });
    expect(() => (K as unknown as (...args: unknown[]) => unknown)(x, x, x, 1, options)).toThrow(message);
  });
});

describe("matrix-valued kernels", () => {
  const formula = "Exp(-g * SqDist(x, y)) * MatVecMult(TensorProd(x - y, x - y), b) + 3 * Exp(-g * SqDist(x, y)) * b";
  const K = KernelSolve(formula, ALIASES, "b", { axis: 1 });
  const x = rand([400, 2], { dtype: "float64", seed: 1 });
  const b = randn([400, 2], { dtype: "float64", seed: 2 });
  const plain = K(x, x, b, 20, { alpha: 0.01, eps: 1e-10, method: "cg", preconditioner: "none" });

  test.each([
    [{ method: "cg" }, "cg"],
    [{ method: "cg", preconditioner: { rank: 100 } }, "cg"],
    [{ method: "direct" }, "direct"],
  ] as const)("are solved by %p as by plain iterations", (options, method) => {
    const found = K.report(x, x, b, 20, { alpha: 0.01, eps: 1e-10, ...options });
    expect([found.method, found.rank > 0]).toEqual([method, true]);
    expect(apart(found.solution, plain)).toBeLessThanOrEqual(1e-6);
  });

  test("need fewer iterations with a preconditioner", () => {
    const count = (preconditioner: "auto" | "none"): number =>
      K.report(x, x, b, 20, { alpha: 0.01, method: "cg", preconditioner }).iterations;
    expect(count("auto")).toBeLessThan(count("none") / 5);
  });
});

describe("precision", () => {
  const K = KernelSolve(KERNELS.Gaussian, ALIASES, "b", { axis: 1 });

  test.each(["float32", "float64"] as const)(
    "of %s data: mixed and float64 meet the tolerance, float32 tells what it reached",
    (dtype) => {
      const x = rand([800, 2], { dtype, seed: 1 }) as RealArray<Float32Array>;
      const b = randn([800, 2], { dtype, seed: 2 }) as RealArray<Float32Array>;
      for (const precision of ["auto", "mixed", "float64"] as const) {
        const { history, converged } = K.report(x, x, b, 50, { alpha: 0.01, method: "cg", precision });
        expect(history.at(-1)!.residual).toBeLessThanOrEqual(1e-6);
        expect(converged).toBe(dtype === "float64" ? "tolerance" : "precision");
      }
      const {
        converged,
        residual: told,
        solution,
      } = K.report(x, x, b, 50, { alpha: 0.01, method: "cg", precision: "float32" });
      expect(converged).toBe("precision");
      expect(told).toBeLessThanOrEqual(1e-3);
      // Of all columns together, where the worst is told.
      const found = residual("Gaussian", x, solution, b, 50, 0.01);
      expect(found).toBeGreaterThanOrEqual(told / Math.SQRT2 - 1e-12);
      expect(found).toBeLessThanOrEqual(told + 1e-12);
    },
  );

  test("other words are refused", () => {
    const x = rand([5, 2], { seed: 1 });
    expect(() => K(x, x, x, 1, { precision: "float16" as "float32" })).toThrow(
      /^precision: expected "auto", "float32", "mixed" or "float64", got the string "float16"$/,
    );
  });
});

test("the history is what onIteration was told, and ends with the residual that a float64 solution has", () => {
  const K = KernelSolve(KERNELS.Gaussian, ALIASES, "b", { axis: 1 });
  const x = rand([700, 2], { dtype: "float64", seed: 1 });
  const told: unknown[] = [];
  const found = K.report(x, x, x, 50, { alpha: 0.01, method: "cg", onIteration: (progress) => told.push(progress) });
  expect(found.history).toEqual(told);
  expect(found.history.at(-1)).toEqual({ iteration: found.iterations, residual: found.residual, verified: true });
});

test("a symmetric formula over points that differ in one place is refused", () => {
  const K = KernelSolve(KERNELS.Gaussian, ALIASES, "b", { axis: 1 });
  const [x, y] = [1, 1].map((seed) => rand([300, 2], { dtype: "float64", seed })) as [RealArray, RealArray];
  y.set(7, 0, 3);
  expect(() =>
    K(x as RealArray<Float64Array>, y as RealArray<Float64Array>, x as RealArray<Float64Array>, 5, { alpha: 0.01 }),
  ).toThrow(/expected a symmetric operator/);
});
