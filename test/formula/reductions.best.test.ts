/**
 * The K best against the reference engine where candidates are equal, infinite or NaN, and lists are filled late,
 * never, or by all columns.
 */
import ndarray from "ndarray";
import { Genred, rand } from "../../src";
import type { RealArray } from "../../src";

describe.each(["float32", "float64"] as const)("%s", (dtype) => {
  const array = (values: readonly number[]): RealArray =>
    dtype === "float32"
      ? ndarray(Float32Array.from(values), [values.length, 1])
      : ndarray(Float64Array.from(values), [values.length, 1]);
  const rows = array(Array.from({ length: 37 }, (_, i) => i % 5));

  test.each([
    [2, 211],
    [5, 5],
    [16, 211],
    [17, 500],
    [40, 211],
  ])("the %i best of %i columns", (k, columns) => {
    const best = Genred("x + y", ["x = Vi(1)", "y = Vj(1)"], { axis: 1, reductionOp: "KMin_ArgKMin", optArg: k });
    for (const y of [mixed(columns), mixed(columns).map(() => NaN), mixed(columns).map(() => Infinity)]) {
      const found = (backend: "reference" | "cpu" | "tiles"): number[][] =>
        best(rows, array(y), { backend }).map(({ data }) => Array.from(data));
      const expected = found("reference");
      expect(found("cpu")).toEqual(expected);
      expect(found("tiles")).toEqual(expected);
    }
  });
});

/** Integers, many of them equal, a tenth each of NaN and the infinities. */
function mixed(count: number): number[] {
  const special = [NaN, Infinity, -Infinity];
  return Array.from(rand([count], { seed: 1 }).data, (u) => special[Math.floor(10 * u)] ?? Math.floor(28 * u));
}

test("lists that a thread's stack cannot hold are left to the evaluator", () => {
  const K = Genred("x - y", ["x = Vi(2048)", "y = Vj(2048)"], { axis: 1, reductionOp: "KMin", optArg: 2 });
  const [x, y] = [rand([2, 2048], { seed: 1 }), rand([5, 2048], { seed: 2 })];
  expect(() => K(x, y, { backend: "cpu" })).toThrow(/too many for its registers and stack/);
  expect(K(x, y).data).toEqual(K(x, y, { backend: "reference" }).data);
});
