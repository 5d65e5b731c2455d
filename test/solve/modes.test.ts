/** Solves in the space of modes against residuals and solutions with all pairs, and where they are not taken. */
import ndarray from "ndarray";

import { Genred, KernelSolve, astype, grad, rand, randn, requiresGrad } from "../../src/index";
import type { Dtype, RealArray } from "../../src/index";
import type { SolveOptions } from "../../src/solve/solveoptions";
import type { SolveReport } from "../../src/solve/report";
import { describeWidths } from "../helpers/widths";

const N = 3000;

const GAUSSIAN = "Exp(-g*SqDist(x,y))*b";
const aliases = (dim: number, columns: number): string[] => [
  "g=Pm(1)",
  `x=Vi(${dim})`,
  `y=Vj(${dim})`,
  `b=Vj(${columns})`,
];

interface Problem {
  readonly x: RealArray;
  readonly b: RealArray;
  readonly g: RealArray;
  readonly columns: number;
}

function problemOf(dim: number, dtype: Dtype, gamma: number, columns = 1, rows = N): Problem {
  const g = ndarray(dtype === "float32" ? Float32Array.of(gamma) : Float64Array.of(gamma), [1]);
  const x = rand([rows, dim], { dtype, seed: 1 });
  return { x, b: randn([rows, columns], { dtype, seed: 2 }), g, columns };
}

function solved({ x, b, g, columns }: Problem, formula: string, options: SolveOptions): SolveReport {
  const K = KernelSolve(formula, aliases(x.shape[1]!, columns), "b", { axis: 1 });
  return K.report(g, x, x, b, options);
}

/** |b - (K + alpha I) a| / |b| over all rows, with all pairs, in float64, of a Gaussian. */
function residualOf({ x, b, g, columns }: Problem, a: RealArray, alpha: number): number {
  const K = Genred(GAUSSIAN, aliases(x.shape[1]!, columns), { axis: 1 });
  const [wideG, wideX, wideA] = [g, x, a].map((array) => astype(array, "float64")) as [RealArray, RealArray, RealArray];
  const products = K(wideG, wideX, wideX, wideA);
  const left = Array.from(b.data, (value, n) => value - products.data[n]! - alpha * a.data[n]!);
  return Math.hypot(...left) / Math.hypot(...b.data);
}

describeWidths("solves in the space of modes", () => {
  test.each([
    [1, 500, 1e-3],
    [1, 5e4, 1],
    [2, 50, 1e-2],
    [2, 50, 1e-4],
    [3, 2, 1e-1],
  ])("of D = %i, g = %p, alpha %p meet eps by all rows", (dim, gamma, alpha) => {
    const problem = problemOf(dim, "float64", gamma);
    const report = solved(problem, GAUSSIAN, { alpha, tolerance: "auto" });
    expect(report).toMatchObject({ method: "modes", converged: "tolerance", whyExact: null, checkedRows: 200 });
    expect(report.iterations).toBeLessThan(30);
    const residual = residualOf(problem, report.solution, alpha);
    expect(residual).toBeLessThanOrEqual(1e-6);
    expect(report.residual).toBeLessThan(2 * residual);
    expect(report.residual).toBeGreaterThan(residual / 2);
  });
});

describe("solves in the space of modes", () => {
  const alpha = 1e-2;
  const auto: SolveOptions = { alpha, tolerance: "auto" };
  const problem = problemOf(2, "float64", 50);

  test("have the solution of exact ones", () => {
    const [fast, exact] = [auto, { alpha }].map((options) => solved(problem, GAUSSIAN, options).solution.data);
    const worst = Math.max(...Array.from(fast!, (value, n) => Math.abs(value - exact![n]!)));
    expect(worst).toBeLessThan(2e-4 * Math.max(...exact!)); // 1e-6 / alpha, of a residual that may be 1e-6
  });

  test("of several columns, and of float32 data", () => {
    const three = problemOf(2, "float64", 50, 3);
    const report = solved(three, GAUSSIAN, auto);
    expect(report.method).toBe("modes");
    expect(residualOf(three, report.solution, alpha)).toBeLessThan(1e-6);
    const narrow = problemOf(2, "float32", 50);
    const rounded = solved(narrow, GAUSSIAN, auto);
    expect(rounded).toMatchObject({ method: "modes", checkedRows: 200 });
    expect(rounded.residual / residualOf(narrow, rounded.solution, alpha)).toBeCloseTo(1, 0);
  });

  test("of kernels that are not known by name", () => {
    const formula = "Exp(-g*SqDist(x,y))*Square(Cos(IntCst(3)*Sum(x-y)))*b";
    const report = solved(problem, formula, auto);
    expect(report).toMatchObject({ method: "modes", converged: "tolerance" });
    expect(report.residual).toBeLessThan(1e-6);
  });

  test("have derivatives, whose solves take the same way", () => {
    const small = problemOf(1, "float64", 500);
    const derivatives = [auto, { alpha: 1e-2 }].map((options) => {
      const K = KernelSolve(GAUSSIAN, aliases(1, 1), "b", { axis: 1 });
      const weights = randn([N, 1], { dtype: "float64", seed: 3 });
      const [g, x, b] = [small.g, small.x, small.b].map((array) => requiresGrad(array)) as [
        RealArray,
        RealArray,
        RealArray,
      ];
      return grad(K(g, x, x, b, { ...options, eps: 1e-9 }), [g, x, b], weights);
    });
    derivatives[0]!.forEach((fast, n) => {
      const exact = derivatives[1]![n]!.data;
      const scale = Math.max(...Array.from(exact, Math.abs));
      fast.data.forEach((value, k) => {
        expect(Math.abs(value - exact[k]!)).toBeLessThan(1e-4 * scale);
      });
    });
  });

  test("as promises give the same, tell what they do, and can be stopped", async () => {
    const K = KernelSolve(GAUSSIAN, aliases(2, 1), "b", { axis: 1 });
    const { g, x, b } = problem;
    const doing = new Set<string>();
    const found = await K.report.async(g, x, x, b, { ...auto, onProgress: (stage) => doing.add(stage.doing) });
    expect(found.solution.data).toEqual(solved(problem, GAUSSIAN, auto).solution.data);
    expect(doing).toContain("iterations");
    const controller = new AbortController();
    const stopped = K.async(g, x, x, b, { ...auto, signal: controller.signal });
    controller.abort();
    await expect(stopped).rejects.toThrow(/stopped by its signal/);
  });

  test.each<[string, string, SolveOptions, RegExp]>([
    ["kernels with a kink", "Exp(-g*Norm2(x-y))*b", {}, /not smooth/],
    ["kernels that do not vanish", "Inv(IntCst(1)+SqDist(x,y)/g)*b", { eps: 1e-6 }, /does not vanish far away/],
    ["kernels of other things", "Exp(-g*SqDist(x,y)-Square(x|y))*b", {}, /no function of differences/],
    ["kernels that are not even", "Exp(-g*SqDist(x,y))*(IntCst(1)+Sin(Sum(x-y)))*b", { symmetry: "none" }, /symmetry/],
    ["too many modes", "Exp(-g*SqDist(x,y)*IntCst(100))*b", { alpha: 1e-6 }, /modes, too many for so few points/],
    ["a method", GAUSSIAN, { method: "direct" }, /it asks for a method/],
    ["a symmetry", GAUSSIAN, { symmetry: "indefinite" }, /it asks for symmetry "indefinite"/],
    ["an alpha of 0", GAUSSIAN, { alpha: 0 }, /alpha is 0/],
    ["an alpha that is too small", GAUSSIAN, { alpha: 1e-12 }, /so small that products have to be exact/],
  ])("are not taken for %s, and say why", (_, formula, options, why) => {
    const small = problemOf(2, "float64", 2000, 1, 600);
    const asked = { alpha: 1, eps: 1e-3, missed: "accept", ...options } as const;
    const report = solved(small, formula, { ...asked, tolerance: "auto" });
    expect(report.whyExact).toMatch(why);
    expect(report.checkedRows).toBe(0);
    expect(report.solution.data).toEqual(solved(small, formula, asked).solution.data);
  });

  test("are not taken for kernels with factors of single points", () => {
    const { g, x, b } = problemOf(2, "float64", 50, 1, 600);
    const K = KernelSolve("u*v*Exp(-g*SqDist(x,y))*b", [...aliases(2, 1), "u=Vi(1)", "v=Vj(1)"], "b", { axis: 1 });
    const u = rand([600, 1], { dtype: "float64", seed: 4 });
    expect(K.report(g, x, x, b, u, u, auto).whyExact).toBe(
      "the kernel has factors of single points; all 600 x 600 pairs take less time than a plan",
    );
  });

  test("are not taken where exact products take less time", () => {
    expect(solved(problemOf(3, "float64", 2, 1, 1000), GAUSSIAN, { ...auto, alpha: 1e-3 }).whyExact).toMatch(
      /^exact products are expected to take less time; all 1000 x 1000 pairs take less time/,
    );
  });

  test("are not taken where nobody asks for them", () => {
    expect(solved(problem, GAUSSIAN, { alpha })).toMatchObject({ whyExact: null, checkedRows: 0 });
  });

  test("refuse another tolerance", () => {
    const options = { alpha, tolerance: 1e-3 } as unknown as SolveOptions;
    expect(() => solved(problem, GAUSSIAN, options)).toThrow(/tolerance: expected "auto", got the number 0.001/);
  });
});
