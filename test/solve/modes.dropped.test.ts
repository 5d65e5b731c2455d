/** A mode that is dropped from the features: exact rows must find that the factor is that of another matrix. */
import { KernelSolve, rand, randn } from "../../src";
import type * as Modelist from "../../src/solve/modelist";

jest.mock("../../src/solve/modelist", () => {
  const real = jest.requireActual<typeof Modelist>("../../src/solve/modelist");
  return {
    ...real,
    listModes: (...given: Parameters<typeof Modelist.listModes>) => {
      const list = real.listModes(...given);
      list.scales[Math.floor(list.count / 4)] = 0;
      return list;
    },
  };
});

test("a log-determinant without one of its modes is found out, and computed exactly", () => {
  const K = KernelSolve("Exp(-g*SqDist(x,y))*b", ["x=Vi(2)", "y=Vj(2)", "b=Vj(1)", "g=Pm(1)"], "b", { axis: 1 });
  const x = rand([1900, 2], { dtype: "float64", seed: 1 });
  const b = randn([1900, 1], { dtype: "float64", seed: 2 });
  const found = K.logdet(x, x, b, 5, { alpha: 1e-2, tolerance: "auto" });
  expect(found.whyExact).toMatch(/the factor of modes left a residual of exact rows of .*, above/);
  expect(found).toMatchObject({ method: "direct", residual: 0, checkedRows: 0 });
  expect(found.value).toBe(K.logdet(x, x, b, 5, { alpha: 1e-2 }).value);
});
