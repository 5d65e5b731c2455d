/**
 * Minima and maxima from fewer pairs are those of all pairs, bit by bit: values, indices, ties, NaN and infinities; for
 * formulas of many kinds, on every engine, and however the points lie.
 */
import { wrap } from "../../src/array/view";
import type { RealArray } from "../../src/array/view";
import { Operator } from "../../src/call/operator";
import type { How } from "../../src/call/prepared";
import { PLAIN_SUM } from "../../src/call/result";
import type { RealData } from "../../src/device/native";
import { pruneWith } from "../../src/fast/prune";
import { Category } from "../../src/formula/formula";
import { parse } from "../../src/formula/parse";
import { reductionNamed } from "../../src/formula/reductions";
import { uniform } from "../helpers/evaluate";
import { BACKENDS } from "../helpers/numbers";
import { bothOf } from "../helpers/pruned";
import "../helpers/quicksample";
import { sampled } from "../helpers/sample";
import { withoutOneLeaf } from "../helpers/walks";
import { describeWidths } from "../helpers/widths";

/** However little it may pay. */
const always = pruneWith({ leastPairs: 0, whyNot: () => null, leaf: 4, sampled: 2, mostPairs: () => Infinity });

type Dtype = "float32" | "float64";
type Where = "uniform" | "ties" | "clusters" | "copies" | "equal" | "outlier" | "special";
const POINTS: readonly Where[] = ["uniform", "ties", "clusters", "copies", "equal", "outlier", "special"];

/** A number of a point, from where points are to lie. */
function numberAt(where: Where, n: number, next: () => number): number {
  const makers: Readonly<Record<Where, () => number>> = {
    uniform: next,
    ties: () => Math.floor(4 * next()) / 4,
    clusters: () => (n % 7) + 0.01 * next(),
    copies: () => (n % 5) / 5,
    equal: () => 0.5,
    outlier: () => (n === 3 ? 1e6 : next()),
    special: () => (n % 11 === 4 ? [NaN, Infinity, -Infinity][n % 3]! : Math.floor(8 * next()) / 8),
  };
  return makers[where]();
}

function points(count: number, dim: number, where: Where, dtype: Dtype, seed: number): RealArray {
  const next = uniform(seed);
  const data: RealData = dtype === "float32" ? new Float32Array(count * dim) : new Float64Array(count * dim);
  for (let n = 0; n < count * dim; n++) data[n] = numberAt(where, Math.floor(n / dim), next);
  return wrap(data, [count, dim]);
}

const ALIASES = ["x = Vi(3)", "y = Vj(3)", "h = Vj(1)", "u = Vi(1)", "g = Pm(1)"];
const FORMULAS = [
  "SqDist(x, y)",
  "Exp(-Norm2(x - y)) * h",
  "h - g * SqDist(x, y) + u",
  "Abs(x - y) * (x - y)",
  "(x | y) / (1 + SqNorm2(x - y))",
  "Log(SqDist(x, y))",
  "Sqrt(g - SqDist(x, y))",
];
const REDUCTIONS = [
  "Min",
  "Max",
  "ArgMin",
  "ArgMax",
  "Min_ArgMin",
  "Max_ArgMax",
  "KMin",
  "ArgKMin",
  "KMin_ArgKMin",
  "ArgKMax",
];

const AXES = [Category.I, Category.J] as const;
const COMBINATIONS = FORMULAS.flatMap((text, m) =>
  REDUCTIONS.map((name, n) => ({ text, name, rows: AXES[(m + n) % 2]! })),
);

function operatorOf(
  text: string,
  reductionOp: string,
  k: number,
  rows: Category.I | Category.J = Category.I,
): Operator {
  const { formulas, arguments: args } = parse([text], ALIASES);
  const reduction = reductionNamed(reductionOp);
  return new Operator(formulas, args, { ...PLAIN_SUM, reduction, rows, k: reduction.takesK ? k : 1 });
}

function arraysFor(rows: number, columns: number, where: Where, dtype: Dtype, seed = 1): RealArray[] {
  const [x, y] = [points(rows, 3, where, dtype, seed), points(columns, 3, where, dtype, seed + 1)];
  const weights = where === "uniform" ? "uniform" : "ties";
  return [
    x,
    y,
    points(columns, 1, weights, dtype, 3),
    points(rows, 1, weights, dtype, 4),
    points(1, 1, "equal", dtype, 5),
  ].map((array, n) => (n === 4 ? wrap(array.data, [1]) : array));
}

const both = (operator: Operator, arrays: readonly RealArray[], how: How = {}): ReturnType<typeof bothOf> =>
  bothOf(always, operator, arrays, how);

function expectSame(operator: Operator, arrays: readonly RealArray[], how = {}): void {
  const { all, pruned } = both(operator, arrays, how);
  expect(pruned.indices).toEqual(all.indices);
  expect(pruned.values).toEqual(all.values);
}

describeWidths("the best of fewer pairs", () => {
  describe.each(["float32", "float64"] as const)("of %s", (dtype) => {
    test.each(POINTS)("are those of all pairs for every formula and reduction, points: %s", (where) => {
      for (const { text, name, rows } of sampled(COMBINATIONS, 6, POINTS.indexOf(where)))
        expectSame(operatorOf(text, name, 3, rows), arraysFor(150, 203, where, dtype), { backend: "tiles" });
    });
  });
});

describe.each(BACKENDS)("on %s", (backend) => {
  const how = { backend, compile: backend === "cpu" ? "always" : undefined } as const;
  test.each(["ArgKMin", "KMin_ArgKMin", "Max_ArgMax"])("%s of fewer pairs is that of all pairs", (name) => {
    for (const dtype of ["float32", "float64"] as const)
      expectSame(operatorOf("Exp(-Norm2(x - y)) * h", name, 4), arraysFor(120, 300, "ties", dtype), how);
  });
});

describe("sizes", () => {
  const sizes = [1, 2, 3, 9, 64, 257];
  test.each(sizes)("%d rows with any number of columns and any K", (rows) => {
    for (const columns of sizes)
      for (const k of new Set([1, 2, Math.ceil(columns / 2), columns].filter((each) => each <= columns)))
        expectSame(operatorOf("SqDist(x, y)", "KMin_ArgKMin", k), arraysFor(rows, columns, "ties", "float64", 9));
  });

  test("lists that are too long to be kept in order", () => {
    expectSame(operatorOf("SqDist(x, y)", "ArgKMin", 600), arraysFor(20, 900, "ties", "float32"));
  });

  test("a batch is an entry after the other", () => {
    const arrays = arraysFor(240, 360, "ties", "float64");
    const split = (array: RealArray, entries: number): RealArray =>
      wrap(array.data, [entries, array.shape[0]! / entries, array.shape[1]!]);
    const entries = arrays.map((array, n) => (n === 4 ? array : split(array, 3)));
    expectSame(operatorOf("h - g * SqDist(x, y) + u", "KMin_ArgKMin", 4), entries);
  });
});

describe("what is left out", () => {
  test("most pairs of points in space", () => {
    const { pruned } = both(operatorOf("SqDist(x, y)", "ArgMin", 1), arraysFor(2000, 2000, "uniform", "float32"));
    expect(pruned.pairs).toBeLessThan(2000 * 2000 * 0.2);
  });

  test("one block too many is noticed", () => {
    const spy = withoutOneLeaf((count) => count - 1);
    try {
      const { all, pruned } = both(operatorOf("SqDist(x, y)", "ArgKMin", 6), arraysFor(300, 300, "uniform", "float32"));
      expect(pruned.indices).not.toEqual(all.indices);
    } finally {
      spy.mockRestore();
    }
  });
});
