/** Faults of fast products that exact rows must find: polynomials of the window of too low a degree. */
import ndarray from "ndarray";

import { KernelSolve, rand, randn } from "../../src/index";
import type * as Spreadwindow from "../../src/fast/spreadwindow";
import { leaveAvx512Out } from "../helpers/widths";

leaveAvx512Out();
process.env["TSKEOPS_COMPILE"] = "never";

jest.mock("../../src/fast/spreadwindow", () => {
  const real = jest.requireActual<typeof Spreadwindow>("../../src/fast/spreadwindow");
  return {
    ...real,
    windowPolynomials: (window: Spreadwindow.Window) => real.windowPolynomials(window, real.degreeOf(window) >> 2),
  };
});

test("a solve in the space of modes with coarse products is found out, and solved with exact ones", () => {
  const K = KernelSolve("Exp(-g*SqDist(x,y))*b", ["g=Pm(1)", "x=Vi(2)", "y=Vj(2)", "b=Vj(1)"], "b", { axis: 1 });
  const x = rand([3000, 2], { dtype: "float64", seed: 1 });
  const b = randn([3000, 1], { dtype: "float64", seed: 2 });
  const report = K.report(ndarray(Float64Array.of(50), [1]), x, x, b, { alpha: 1e-4, tolerance: "auto" });
  expect(report.whyExact).toMatch(/in the space of modes the residual of exact rows was .* above/);
  expect(report).toMatchObject({ converged: "tolerance", checkedRows: 0 });
  expect(report.residual).toBeLessThanOrEqual(1e-6);
});

describe("faults of products that are not exact are found by exact rows", () => {
  const aliases = ["g=Pm(1)", "x=Vi(2)", "y=Vj(2)", "b=Vj(1)"];
  const parameter = ndarray(Float64Array.of(10), [1]);
  const [x, b] = [rand([14_000, 2], { dtype: "float64", seed: 1 }), randn([14_000, 1], { dtype: "float64", seed: 2 })];

  test("in solves with split sums", () => {
    const K = KernelSolve("Exp(-g*Norm2(x-y))*b", aliases, "b", { axis: 1 });
    const report = K.report(parameter, x, x, b, { alpha: 10, eps: 1e-5, tolerance: "auto" });
    expect(report.whyExact).toMatch(/with split sums the residual of exact rows was .* above/);
    expect(report).toMatchObject({ products: "exact", converged: "tolerance", checkedRows: 0 });
  });

  test("in eigenpairs and log-determinants", () => {
    const K = KernelSolve("Exp(-g*SqDist(x,y))*b", aliases, "b", { axis: 1 });
    const own = rand([2500, 2], { dtype: "float64", seed: 1 });
    const pairs = K.eigsh(1, parameter, own, own, randn([2500, 1], { dtype: "float64" }), {
      rtol: 1e-9,
      tolerance: "auto",
    });
    expect(pairs.whyExact).toMatch(/the residual of exact rows was .* above/);
    expect(pairs).toMatchObject({ products: "exact", checkedRows: 0 });
    const some = { alpha: 1e-2, tolerance: "auto" } as const;
    const found = K.logdet(parameter, own, own, randn([2500, 1], { dtype: "float64" }), some);
    expect(found.whyExact).toMatch(/the factor of modes left a residual of exact rows of .*, above/);
    expect(found.method).toBe("direct");
  });
});
