/** Faults of fast products that exact rows must find: polynomials of the window of too low a degree. */
import ndarray from "ndarray";

import { KernelSolve, rand, randn } from "../../src/index";
import type * as Spreadwindow from "../../src/fast/spreadwindow";

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
