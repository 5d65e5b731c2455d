/**
 * One rule for NaN, on every engine: it passes through operations, but for the exceptions that are named here; in
 * reductions to the smallest and largest it counts as the worst value.
 */
import "../helpers/quicksample";
import { Genred, array } from "../../src";
import type { Dtype, RealArray } from "../../src";
import { operations } from "../../src/formula/ops";
import "../../src/formula/parse";
import { BACKENDS, DTYPES, list } from "../helpers/numbers";

type Backend = (typeof BACKENDS)[number];

/** Texts over a and b, which are NaN in turn. */
const EXCEPTIONS: Readonly<Record<string, number>> = {
  "a < 1": 0,
  "a <= 1": 0,
  "1 < a": 0,
  "a == a": 0,
  "a != a": 1,
  "IfElse(a, 2, 3)": 3,
  "IfElse(1, 2, a)": 2,
  "IfElse(-1, a, 3)": 3,
  "Powf(a, 0)": 1,
  "Powf(a, 0 * b)": 1,
  "Powf(1 + 0 * b, a)": 1,
  "Pow(a, 0)": 1,
};
const CHOICES = ["LessThan", "LessOrEqual", "Equal", "NotEqual", "IfElse"];

/**
 * Every row that works component by component, with NaN as each of its arguments and a number within its domain as the
 * others.
 */
const PROPAGATING = [...operations.values()]
  .filter(({ name, shape }) => shape.kind === "elementwise" && !CHOICES.includes(name))
  .flatMap(({ name, slots, domain }) => {
    const formulas = slots.filter(({ kind }) => kind === "formula").length;
    const integers = slots.filter(({ kind }) => kind === "integer" || kind === "number").map(() => "2");
    const others = String(0.5 * (domain[0] + domain[1]) + 0.25);
    return Array.from({ length: formulas }, (_, nan) =>
      [...Array.from({ length: formulas }, (_, n) => (n === nan ? "a" : others)), ...integers].join(", "),
    ).map((args) => `${name}(${args})`);
  });

/** The row with NaN as a and 1 as b. */
function valuesOf(texts: readonly string[], backend: Backend, dtype: Dtype): number[] {
  const joined = texts.reduceRight((rest, text) => `Concat(${text}, ${rest})`);
  const of = (value: number): RealArray => array([[value]], { dtype });
  return list(Genred(joined, ["a = Vi(1)", "b = Vj(1)"], { axis: 1 })(of(NaN), of(1), { backend }));
}

describe.each(BACKENDS)("on %s", (backend) => {
  test.each(DTYPES)("NaN passes through every row of the table, in %s", (dtype) => {
    expect(PROPAGATING.length).toBeGreaterThan(50);
    for (let n = 0; n < PROPAGATING.length; n += 12) {
      const texts = PROPAGATING.slice(n, n + 12);
      const found = valuesOf(texts, backend, dtype);
      expect(texts.filter((_, k) => !Number.isNaN(found[k]))).toEqual([]);
    }
    const extremes = [
      "Max(Concat(1, a))",
      "Min(Concat(a, 1))",
      "Max(Concat(a, Concat(2, 3)))",
      "IfElse(b, a, 2)",
      "IfElse(-b, 2, a)",
    ];
    expect(valuesOf(extremes, backend, dtype)).toEqual(extremes.map(() => NaN));
    expect(valuesOf(["ArgMax(Concat(1, a))", "ArgMin(Concat(a, 1))", "ArgMin(Concat(2, Concat(1, a)))"], backend, dtype)).toEqual([1, 0, 2]); // prettier-ignore
  });

  test.each(DTYPES)(
    "comparisons, choices and powers that do not depend on it are what they are elsewhere, in %s",
    (dtype) => {
      expect(valuesOf(Object.keys(EXCEPTIONS), backend, dtype)).toEqual(Object.values(EXCEPTIONS));
    },
  );

  test.each(DTYPES)("what is too large to have decimals is rounded to itself, in %s", (dtype) => {
    const [big, bits] = dtype === "float32" ? [Math.fround(1e38), 24] : [1e308, 53];
    const x = [big, -big, 2 ** bits, Infinity, -Infinity, 0.125, -2.5];
    const of = (values: number[]): RealArray => array(values.map((value) => [value]), { dtype }); // prettier-ignore
    const K = Genred("Concat(Round(x, 2), Concat(Round(x, 0), Round(x, -1)))", ["x = Vi(1)", "y = Vj(1)"], { axis: 1 });
    const found = list(K(of(x), of([0]), { backend }));
    const column = (k: number): number[] => x.map((_, n) => found[3 * n + k]!);
    expect(column(0).slice(0, 5)).toEqual(x.slice(0, 5));
    expect(column(0).slice(5)).toEqual(list(of([0.13, -2.5])));
    expect(column(1)).toEqual([...x.slice(0, 5), 0, -3]);
    expect(column(2).slice(3)).toEqual([Infinity, -Infinity, 0, 0]);
    expect(column(2)[0]! / big).toBeCloseTo(1, 6);
  });

  test.each(DTYPES)("the smallest and largest take NaN for the worst value, in %s", (dtype) => {
    const rows = [[NaN, NaN, NaN], [NaN, 3, 1], [NaN, Infinity, NaN], [-Infinity, NaN, 2], [2, NaN, Infinity]]; // prettier-ignore
    const x = array(rows, { dtype });
    const y = array([[0], [1], [2]], { dtype });
    const text = "IfElse(y - 1.5, Elem(x, 2), IfElse(y - 0.5, Elem(x, 1), Elem(x, 0)))";
    const reduced = (reductionOp: string, optArg?: number): number[][] => {
      const K = Genred(text, ["x = Vi(3)", "y = Vj(1)"], { reductionOp, axis: 1, ...(optArg && { optArg }) } as object);
      const result: unknown = K(x, y, { backend });
      return (Array.isArray(result) ? (result as RealArray[]) : [result as RealArray]).map(list);
    };
    const inf = Infinity;
    expect(reduced("Min")).toEqual([[inf, 1, inf, -inf, 2]]);
    expect(reduced("ArgMin")).toEqual([[0, 2, 0, 0, 0]]);
    expect(reduced("Min_ArgMin")).toEqual([...reduced("Min"), ...reduced("ArgMin")]);
    expect(reduced("Max")).toEqual([[-inf, 3, inf, 2, inf]]);
    expect(reduced("ArgMax")).toEqual([[0, 1, 1, 2, 2]]);
    expect(reduced("KMin_ArgKMin", 3)).toEqual([
      [inf, inf, inf, 1, 3, inf, inf, inf, inf, -inf, 2, inf, 2, inf, inf],
      [0, 1, 2, 2, 1, 0, 0, 1, 2, 0, 2, 1, 0, 1, 2],
    ]);
    expect(reduced("ArgKMax", 2)).toEqual([[0, 1, 1, 2, 1, 0, 2, 0, 2, 0]]);
    expect(reduced("KMin", 1)).toEqual(reduced("Min"));
    expect(reduced("ArgKMin", 1)).toEqual(reduced("ArgMin"));
    expect(reduced("Sum").map((sums) => sums.map(Number.isNaN))).toEqual([[true, true, true, true, true]]);
  });
});

test.each(BACKENDS)("long lists of the best are those of sorting, on %s", (backend) => {
  const count = 3000;
  // Integers below 1000: many are equal, some NaN, some infinite.
  const value = (n: number): number => (n % 97 === 0 ? NaN : n % 89 === 0 ? Infinity : (n * 7919) % 1000);
  const values = Array.from({ length: count }, (_, n) => value(n));
  const order = (sign: number): number[] => {
    const keys = values.map((value) => (Number.isNaN(value) ? Infinity : sign * value));
    const compared = (a: number, b: number): number => (keys[a] === keys[b] ? a - b : keys[a]! - keys[b]!);
    return [...values.keys()].sort(compared);
  };
  for (const k of backend === "cpu" ? [513, 1500] : [512, 513, 1500, 3000])
    for (const [reductionOp, sign] of [
      ["ArgKMin", 1],
      ["ArgKMax", -1],
    ] as const) {
      // prettier-ignore
      const K = Genred("x + y", ["x = Vi(1)", "y = Vj(1)"], { axis: 1, reductionOp, optArg: k });
      const [x, y] = [array([[0], [0]]), array(values.map((v) => [v]))]; // prettier-ignore
      const found = list(K(x, y, { backend }));
      expect(found).toEqual([...order(sign).slice(0, k), ...order(sign).slice(0, k)]);
    }
});

test("a hundred thousand best of as many are sorted", () => {
  const count = 100_000;
  const y = array(Array.from({ length: count }, (_, n) => [(n * 7919) % count]));
  const K = Genred("x + y", ["x = Vi(1)", "y = Vj(1)"], { axis: 1, reductionOp: "KMin", optArg: count });
  const found = K(array([[0]]), y, { backend: "tiles" }).data;
  expect(found.every((value, n) => value === n)).toBe(true);
}, 60_000);
