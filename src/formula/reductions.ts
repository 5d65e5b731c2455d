/**
 * The reduction table: one row per reduction over i or j. A row says what is evaluated, what a row of the result holds, what it means
 * (for the reference), which reducer of `native/reductions.h` computes it, and how its gradient is made of sums again.
 */
import { FormulaError } from "../errors";
import { described, suggestion } from "../options";
import { grad } from "./autodiff";
import type { Formula } from "./formula";
import { BestMeaning, ExponentialMeaning, ProductMeaning, SumMeaning } from "./meaning";
import type { Meaning } from "./meaning";
import { add, constant, divide, equal, exp, mult, notEqual, scalprod, subtract } from "./ops";

/** How rounding errors of a sum are kept small. */
export type SumScheme = "direct" | "block" | "kahan";

/** What the rows of a result are made of: the dims of the evaluated formulas, and the K of the K best (else 1). */
export interface Extent {
  readonly dims: readonly number[];
  readonly k: number;
}

/** A value that a gradient needs: the result, or another reduction, which may read what was saved before it. */
export type Saved =
  "result" | { readonly reduction: Reduction; readonly formulas: (saved: readonly Formula[]) => readonly Formula[] };

/** What a gradient formula is made of; `saved` are variables that stand for the saved values. */
export interface GradientParts {
  readonly formulas: readonly Formula[];
  readonly by: Formula;
  readonly cotangent: Formula;
  readonly saved: readonly Formula[];
}

/** The gradient is the sum over the other index of a formula. */
export interface SumGradient {
  readonly kind: "sum";
  saved(formulas: readonly Formula[]): readonly Saved[];
  formula(parts: GradientParts): Formula;
}

/** `routed`: the gradient goes to the pairs that the indices name. `none`: indices and counts have none. */
export type Gradient = SumGradient | { readonly kind: "routed" } | { readonly kind: "none" };

export interface Reduction {
  readonly name: string;
  readonly doc: string;
  /** Whether a second formula, the weights, is refused, possible or required. */
  readonly weights: "none" | "optional" | "required";
  /** Whether it takes the K of the K best. */
  readonly takesK: boolean;
  /** Whether the summation schemes apply. */
  readonly isSum: boolean;
  /** Whether the result of all pairs is the sum of what parts of them give. */
  readonly isAdditive: boolean;
  /** What is evaluated per pair, from the formulas that were given. */
  evaluated(formulas: readonly Formula[]): readonly Formula[];
  /** Numbers per row of the result, and indices. */
  values(extent: Extent): number;
  indices(extent: Extent): number;
  /** What a row without columns holds. */
  readonly empty: number;
  meaning(extent: Extent): Meaning;
  /** The same on a device: what is evaluated, the type of the reducer, and how component k of formula n enters it. */
  onDevice?(evaluated: readonly Formula[]): readonly Formula[];
  reducer(extent: Extent, scheme: SumScheme): string;
  /** Columns that it had best take at once, where it asks of all of them whether there is anything to do. */
  readonly columnsAtOnce: number;
  enter(n: number, k: number | string, value: string, formulas: number): string;
  readonly gradient: Gradient;
}

const total = ({ dims: [dim] }: Extent): number => dim!;
const zero = (): number => 0;
const same = (formulas: readonly Formula[]): readonly Formula[] => formulas;
const none: Gradient = { kind: "none" };
const entersAt = (k: number | string, value: string): string => `reducer.add(${k}, ${value}, column);`;

// ----------------------------------------------------------------------------------------------------------- sums

type Told = "Total" | "Mean" | "IsPositive" | "IsZero";

interface SumRow {
  readonly name: string;
  readonly doc: string;
  readonly told: Told;
  readonly empty?: number;
  readonly evaluated?: (formulas: readonly Formula[]) => readonly Formula[];
  readonly gradient: Gradient;
}

function sumLike({ name, doc, told, empty = 0, evaluated = same, gradient }: SumRow): Reduction {
  return {
    name,
    doc,
    weights: "none",
    takesK: false,
    isSum: told === "Total" || told === "Mean",
    isAdditive: told === "Total",
    evaluated,
    values: total,
    indices: zero,
    empty,
    meaning: ({ dims: [dim] }) => new SumMeaning(dim!, told),
    reducer: ({ dims: [dim] }, scheme) => `Sum<${dim}, ${scheme === "kahan"}, Told::${told}>`,
    columnsAtOnce: 1,
    enter: (_, k, value) => entersAt(k, value),
    gradient,
  };
}

const sum: Reduction = sumLike({
  name: "Sum",
  doc: "Sum of the formula.",
  told: "Total",
  gradient: {
    kind: "sum",
    saved: () => [],
    formula: ({ formulas: [f], by, cotangent }) => grad(f!, by, cotangent),
  },
});

const mean: Reduction = sumLike({
  name: "Mean",
  doc: "Mean of the formula.",
  told: "Mean",
  empty: NaN,
  gradient: {
    kind: "sum",
    saved: () => [{ reduction: sum, formulas: () => [constant(1)] }],
    formula: ({ formulas: [f], by, cotangent, saved: [count] }) => grad(f!, by, divide(cotangent, count!)),
  },
});

const nonZero = ([f]: readonly Formula[]): readonly Formula[] => [notEqual(f!, 0)];
const count: Reduction = sumLike({
  name: "Count",
  doc: "How often the formula differs from 0: a number in the dtype of the data, so float32 rounds counts above 2^24.",
  told: "Total",
  evaluated: nonZero,
  gradient: none,
});
const any: Reduction = sumLike({
  name: "Any",
  doc: "1 where the formula differs from 0 at least once, else 0.",
  told: "IsPositive",
  evaluated: nonZero,
  gradient: none,
});
const all: Reduction = sumLike({
  name: "All",
  doc: "1 where the formula never is 0, else 0.",
  told: "IsZero",
  empty: 1,
  evaluated: ([f]) => [equal(f!, 0)],
  gradient: none,
});

const prod: Reduction = {
  name: "Prod",
  doc: "Product of the formula; the gradient needs factors other than 0.",
  weights: "none",
  takesK: false,
  isSum: false,
  isAdditive: false,
  evaluated: same,
  values: total,
  indices: zero,
  empty: 1,
  meaning: ({ dims: [dim] }) => new ProductMeaning(dim!),
  reducer: ({ dims: [dim] }) => `Product<${dim}>`,
  columnsAtOnce: 1,
  enter: (_, k, value) => entersAt(k, value),
  gradient: {
    kind: "sum",
    saved: () => ["result"],
    formula: ({ formulas: [f], by, cotangent, saved: [product] }) =>
      grad(f!, by, mult(cotangent, divide(product!, f!))),
  },
};

// ------------------------------------------------------------------------------------------- smallest and largest

/** Names are made of what is kept: the best value, where it is, or both; one or K of them. */
function best(name: string, doc: string, sign: 1 | -1, values: boolean, indices: boolean, takesK: boolean): Reduction {
  const size = ({ dims: [dim], k }: Extent): number => dim! * k;
  return {
    name,
    doc: `${doc}; ties go to the lowest index.`,
    weights: "none",
    takesK,
    isSum: false,
    isAdditive: false,
    evaluated: same,
    values: values ? size : zero,
    indices: indices ? size : zero,
    empty: sign * Infinity,
    meaning: ({ dims: [dim], k }) => new BestMeaning(dim!, k, sign),
    reducer: ({ dims: [dim], k }) => `${k === 1 ? "Best" : "Shortlist"}<${dim}, ${k}, ${sign}, ${values}, ${indices}>`,
    columnsAtOnce: takesK ? 4 : 1,
    enter: (_, k, value) => entersAt(k, value),
    gradient: values ? { kind: "routed" } : none,
  };
}

const extremes: readonly Reduction[] = (
  [
    ["Min", "smallest", 1],
    ["Max", "largest", -1],
  ] as const
).flatMap(([name, word, sign]) => [
  best(name, `The ${word} value, component by component`, sign, true, false, false),
  best(`Arg${name}`, `The index of the ${word} value, component by component`, sign, false, true, false),
  best(`${name}_Arg${name}`, `The ${word} value and its index, component by component`, sign, true, true, false),
  best(`K${name}`, `The K ${word} values in order, component by component`, sign, true, false, true),
  best(`ArgK${name}`, `The indices of the K ${word} values in order`, sign, false, true, true),
  best(`K${name}_ArgK${name}`, `The K ${word} values in order, and their indices`, sign, true, true, true),
]);

/** The reduction that gives the indices beside the values of a routed one. */
export function withIndices({ name }: Reduction): Reduction {
  return name.includes("Arg") ? reductions.get(name)! : reductions.get(`${name}_Arg${name}`)!;
}

// ------------------------------------------------------------------------------------------------- exponential sums

const exponential = {
  takesK: false,
  isSum: false,
  isAdditive: false,
  evaluated: same,
  indices: zero,
  columnsAtOnce: 8,
  onDevice: ([f, ...weights]: readonly Formula[]) => [mult(Math.LOG2E, f!), ...weights],
} as const;

const logSumExp: Reduction = {
  ...exponential,
  name: "LogSumExp",
  doc: "log of the sum of exp(F), or of exp(F) times each component of the weights.",
  weights: "optional",
  values: ({ dims: [, weights = 1] }) => weights,
  empty: -Infinity,
  meaning: ({ dims: [, weights = 1] }) => new ExponentialMeaning(weights, false),
  reducer: ({ dims: [, weights = 1] }) => `Exponentials<${weights}, false>`,
  enter: (n, k, value, formulas) => {
    if (n > 0) return `reducer.add(${k}, power * ${value});`;
    return `const auto power = reducer.power(${value});${formulas === 1 ? " reducer.add(0, power);" : ""}`;
  },
  gradient: {
    kind: "sum",
    saved: () => ["result"],
    formula: ({ formulas: [f, weights], by, cotangent, saved: [result] }) => {
      const share = mult(cotangent, exp(subtract(f!, result!)));
      if (!weights) return grad(f!, by, share);
      return add(grad(f!, by, scalprod(share, weights)), grad(weights, by, share));
    },
  },
};

const sumSoftMaxWeight: Reduction = {
  ...exponential,
  name: "SumSoftMaxWeight",
  doc: "Mean of the weights, each pair counting exp(F).",
  weights: "required",
  values: ({ dims: [, weights] }) => weights!,
  empty: NaN,
  meaning: ({ dims: [, weights] }) => new ExponentialMeaning(weights!, true),
  reducer: ({ dims: [, weights] }) => `Exponentials<${weights! + 1}, true>`,
  enter: (n, k, value) =>
    n === 0
      ? `const auto power = reducer.power(${value}); reducer.add(0, power);`
      : `reducer.add(1 + ${k}, power * ${value});`,
  gradient: {
    kind: "sum",
    // The result r is rounded, and where one term prevails, weights - r is all rounding. So the mean of weights - r comes along: it
    // is what r is short of, to full precision.
    saved: ([f, weights]) => [
      "result",
      { reduction: logSumExp, formulas: () => [f!] },
      { reduction: sumSoftMaxWeight, formulas: ([result]) => [f!, subtract(weights!, result!)] },
    ],
    formula: ({ formulas: [f, weights], by, cotangent, saved: [result, log, shortOf] }) => {
      const share = exp(subtract(f!, log!));
      const deviation = subtract(scalprod(cotangent, subtract(weights!, result!)), scalprod(cotangent, shortOf!));
      const ofF = mult(share, deviation);
      return add(grad(f!, by, ofF), grad(weights!, by, mult(cotangent, share)));
    },
  },
};

// ---------------------------------------------------------------------------------------------------------- table

/** Other names that pykeops knows. */
const ALIASES: readonly (readonly [string, Reduction])[] = [
  ["LogSumExpWeight", { ...logSumExp, weights: "required" }],
  ["SoftMax", sumSoftMaxWeight],
];

/** Every reduction by name. */
export const reductions: ReadonlyMap<string, Reduction> = new Map([
  ...[sum, mean, prod, count, any, all, ...extremes, logSumExp, sumSoftMaxWeight].map(
    (row) => [row.name, row] as const,
  ),
  ...ALIASES,
]);

/** The reduction called `name`. @throws FormulaError that lists the names. */
export function reductionNamed(name: string): Reduction {
  const row = reductions.get(name);
  if (row) return row;
  const known = [...reductions.keys()].join(", ");
  const got = typeof name === "string" ? `"${name}"${suggestion(name, reductions.keys())}` : described(name);
  throw new FormulaError(`reductionOp: expected one of ${known}, got ${got}`);
}
