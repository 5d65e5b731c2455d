/** Calls of more columns than a span, by sums and searches in plain JavaScript. */
import { Genred, array } from "../../src";
import { wrap } from "../../src/array/view";

const COLUMNS = 150_000;
/** Of a row at 0: exponents whose largest stand in the last span; equal least values in two spans. */
const values = Float64Array.from({ length: COLUMNS }, (_, j) => Math.sin(j * j) * (j > 140_000 ? 60 : 20));
values[70_000] = values[140_500] = -100;
values[131_071] = values[131_072] = -99;
const x = array([[0], [1]], { dtype: "float64" });
const y = wrap(values, [COLUMNS, 1]);

const sorted = Array.from(values.keys()).sort((a, b) => values[a]! - values[b]! || a - b);
const most = Math.max(...values.subarray(140_000));
const sumOf = (term: (value: number) => number): number => values.reduce((sum, value) => sum + term(value), 0);

const ORACLE: Readonly<Record<string, readonly number[]>> = {
  Sum: [sumOf((v) => v)],
  Mean: [sumOf((v) => v) / COLUMNS],
  LogSumExp: [most + Math.log(sumOf((v) => Math.exp(v - most)))],
  Min: [-100],
  ArgMin: [70_000],
  Max: [most],
  ArgKMin: sorted.slice(0, 5),
  KMin: sorted.slice(0, 5).map((j) => values[j]!),
};

describe.each(["tiles", "cpu"] as const)("on %s", (backend) => {
  test.each(Object.keys(ORACLE))("%s", (reductionOp) => {
    const expected = ORACLE[reductionOp]!;
    const optArg = reductionOp.includes("K") ? 5 : null;
    const K = Genred("y + 0 * x", ["x = Vi(1)", "y = Vj(1)"], { reductionOp: reductionOp as "Sum", axis: 1, optArg });
    const found: number[] = Array.from(K(x, y, { backend }).data);
    expect(found).toHaveLength(2 * expected.length);
    found.forEach((value, n) => {
      expect(Math.abs(value - expected[n % expected.length]!)).toBeLessThanOrEqual(1e-9 * Math.abs(value) + 1e-12);
    });
  });
});

test("where all is infinite the first column is the least", () => {
  const K = Genred("y + 0 * x", ["x = Vi(1)", "y = Vj(1)"], { reductionOp: "ArgMin", axis: 1 });
  expect(Array.from(K(x, wrap(new Float64Array(COLUMNS).fill(Infinity), [COLUMNS, 1])).data)).toEqual([0, 0]);
});
