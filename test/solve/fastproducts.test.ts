/** Solves whose products are split sums, against exact ones: kernels with a kink, which have no space of modes. */
import { Genred, KernelSolve, grad, rand, randn, requiresGrad } from "../../src";
import type { RealArray } from "../../src";
import type { SolveOptions } from "../../src/solve/solveoptions";
import { apart, minus, norm, wide } from "../helpers/numbers";
import { inOwnWidth, leaveAvx512Out } from "../helpers/widths";

leaveAvx512Out();
process.env["TSKEOPS_COMPILE"] = "never";

const FORMULA = "Exp(-g*Norm2(x-y))*b";
const ALIASES = ["x=Vi(2)", "y=Vj(2)", "b=Vj(1)", "g=Pm(1)"] as const;
const K = KernelSolve(FORMULA, ALIASES, "b", { axis: 1 });
const [N, G, ALPHA] = [10_000, 10, 10];
const points = (n = N): RealArray => rand([n, 2], { ...wide, seed: 1 });
const right = (n = N): RealArray => randn([n, 1], { ...wide, seed: 2 });
const auto = { alpha: ALPHA, eps: 1e-4, tolerance: "auto" } as const;

test.each<[string, SolveOptions]>([
  ["a preconditioner of a rank that is found", {}],
  ["one of a given rank, and conjugate gradients", { method: "cg", preconditioner: { rank: 100 } }],
])("a solve with split sums and %s meets eps by all rows", (_, options) => {
  const [x, b] = [points(), right()];
  const report = K.report(x, x, b, G, { ...auto, ...options });
  expect(report).toMatchObject({ method: "cg", products: "split", converged: "tolerance", checkedRows: 200, whyExact: null }); // prettier-ignore
  expect(report.history.length).toBeGreaterThan(1);
  const product = Genred(FORMULA, ALIASES, { axis: 1 })(x, x, report.solution, G);
  const left = minus(
    b.data,
    Array.from(product.data, (value, n) => value + ALPHA * report.solution.data[n]!),
  );
  const residual = norm(left) / norm(b.data);
  expect(residual).toBeLessThanOrEqual(1e-4);
  expect(report.residual / residual).toBeGreaterThan(0.5);
  expect(report.residual / residual).toBeLessThan(2);
});

test("float32 data are solved with split sums in float64, and derivatives pass through", () => {
  const x = requiresGrad(rand([N, 2], { seed: 1 }));
  const b = requiresGrad(randn([N, 1], { seed: 2 }));
  const weights = randn([N, 1], { seed: 3 });
  const solved = (options: SolveOptions): RealArray[] => {
    const solution = K(x, x, b, G, options);
    return [solution, ...grad(solution, [b], weights)];
  };
  const [fast, exact] = [solved(auto), inOwnWidth(() => solved({ alpha: ALPHA, eps: 1e-6 }))];
  fast.forEach((one, k) => {
    expect(apart(one, exact[k]!)).toBeLessThan(1e-3);
  });
});

test.each<[string, SolveOptions, RegExp]>([
  ["a factorisation", { method: "direct" }, /it asks for a factorisation/],
  ["few points", {}, /all 600 x 600 pairs take less time than a plan/],
  ["an alpha of 0", { alpha: 0, eps: 1e-2, missed: "accept" }, /alpha is 0/],
])("products are exact for %s, and the report says why", (_, options, why) => {
  const [x, b] = [points(600), right(600)];
  const report = K.report(x, x, b, G, { ...auto, ...options });
  expect(report).toMatchObject({ products: "exact", checkedRows: 0 });
  expect(report.whyExact).toMatch(why);
});
