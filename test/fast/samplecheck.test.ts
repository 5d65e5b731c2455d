/** Errors from some exact rows: the estimate, how well it is known, and that rows are those of all pairs. */
import { Operator } from "../../src/call/operator";
import { PLAIN_SUM } from "../../src/call/result";
import { errorFrom, exactRows, measureError, sampledRows } from "../../src/fast/samplecheck";
import { randomNumbers } from "../../src/fast/kerneltable";
import { Category } from "../../src/formula/formula";
import { parse } from "../../src/formula/parse";
import { runSync } from "../../src/task";
import { randn } from "../../src/array/array";

function operatorWith(rows: Category.I | Category.J = Category.I) {
  const { formulas, arguments: args } = parse(["Exp(-SqDist(x,y))*b"], ["x=Vi(2)", "y=Vj(2)", "b=Vj(3)"]);
  const operator = new Operator(formulas, args, { ...PLAIN_SUM, rows });
  const arrays = args.map(({ category, dim }, n) => {
    return randn([category === Category.I ? 1000 : 900, dim], { dtype: "float64", seed: n });
  });
  return { operator, arrays, given: operator.check(arrays) };
}

test.each([Category.I, Category.J] as const)("exact rows are the bits of all pairs, axis %p", (rows) => {
  const { operator, arrays, given } = operatorWith(rows);
  const all = operator.values(arrays);
  const chosen = Uint32Array.of(0, 3, 4, 511, 899);
  const got = runSync(exactRows(operator, given, {}, chosen));
  const { dim } = operator;
  const expected = [...chosen].flatMap((row) => [...all.data.subarray(row * dim, (row + 1) * dim)]);
  expect([...got]).toEqual(expected);
});

test("rows are spread over all, in order, and the same every time", () => {
  const rows = sampledRows(1000, 128);
  expect(rows).toEqual(sampledRows(1000, 128));
  expect(rows).toHaveLength(128);
  for (const [n, row] of rows.entries()) expect(Math.floor((row * 128) / 1000)).toBeGreaterThanOrEqual(n - 1);
  expect(new Set(rows).size).toBe(128);
  expect([...sampledRows(5, 128)]).toEqual([0, 1, 2, 3, 4]);
});

test("a measured error is near the true one, and within a few of its uncertainties", () => {
  const { operator, arrays, given } = operatorWith();
  const all = operator.values(arrays);
  const random = randomNumbers();
  const noise = Float64Array.from(all.data, () => 1e-3 * (random() - 0.5));
  const wrong = Float64Array.from(all.data, (value, n) => value + noise[n]!);
  const { error, uncertainty, rows } = runSync(measureError(operator, given, {}, wrong));
  const norm = (values: Float64Array): number => Math.hypot(...values);
  const truth = norm(noise) / norm(wrong);
  expect(rows).toBe(128);
  expect(uncertainty).toBeLessThan(0.1 * truth);
  expect(Math.abs(error - truth)).toBeLessThan(4 * uncertainty);
});

test("the uncertainty of an estimate is what its repetition shows", () => {
  const random = randomNumbers();
  const drawn = () => Array.from({ length: 128 }, () => (random() + random() + random() - 1.5) ** 2);
  const errors = Array.from({ length: 400 }, () => errorFrom(drawn(), 1));
  const mean = errors.reduce((sum, { error }) => sum + error, 0) / 400;
  const spread = Math.sqrt(errors.reduce((sum, { error }) => sum + (error - mean) ** 2, 0) / 400);
  const told = errors.reduce((sum, { uncertainty }) => sum + uncertainty, 0) / 400;
  expect(told / spread).toBeGreaterThan(0.85);
  expect(told / spread).toBeLessThan(1.15);
});

test("no error has no uncertainty", () => {
  expect(errorFrom([0, 0, 0], 1)).toEqual({ error: 0, uncertainty: 0 });
});
