/**
 * The reduction table: one row per reduction over i or j, exported under a type that says its name and what it gives:
 * the types of calls are read from there. A row says what is evaluated, what a row of the result holds, what it means
 * (for the reference), which reducer of `native/text/common` computes it, how its gradient is made of sums again, and
 * how lazy tensors call it.
 */
import { asserted } from "../asserts";
import { FormulaError } from "../errors";
import { describeValue, suggestion } from "../options";
import { grad } from "./autodiff";
import { methodNames } from "./slots";
import type { Formula } from "./formula";
import type { MethodRow } from "./slots";
import { BestMeaning, ExponentialMeaning, FoldMeaning, SumMeaning } from "./meaning";
import type { Meaning } from "./meaning";
import { add, constant, minus, mult, repeatTo, scalprod, subtract } from "./core";
import { ifElse } from "./functions";
import { divide, equal, exp, lessThan, multOr0, notEqual } from "./maths";
import { concat, extract } from "./vectors";

/** How rounding errors of a sum are kept small. */
export type SumScheme = "direct" | "block" | "kahan";

/** What the rows of a result are made of: the dims of the evaluated formulas, and the K of the K best (else 1). */
export interface Extent {
  readonly dims: readonly [number, ...number[]];
  readonly k: number;
}

/** The extent of evaluated formulas, of which there is at least one. */
export function extentOf(evaluated: readonly Formula[], k: number): Extent {
  const [first, ...others] = evaluated.map(({ dim }) => dim);
  return { dims: [asserted(first, "a formula"), ...others], k };
}

/** What is reduced, and behind it the weights, where there are some. */
type Formulas = readonly [Formula, ...Formula[]];
type Weighted = readonly [Formula, Formula];

/**
 * A value that a gradient needs: the result, what its dtype took from it (which reductions tell beside it, see
 * `recordedAs`), or another reduction, which may read what was saved before it; where that tells its rest, the rest
 * comes next.
 */
export type Saved =
  | "result"
  | "rest"
  | { readonly reduction: Reduction; readonly formulas: (saved: readonly Formula[]) => readonly Formula[] };

/** What a gradient formula is made of; `saved` are variables that stand for the saved values. */
export interface GradientParts<Given = readonly Formula[], SavedVariables = readonly Formula[]> {
  readonly formulas: Given;
  readonly by: Formula;
  readonly cotangent: Formula;
  readonly saved: SavedVariables;
}

/** The gradient is the sum over the other index of a formula. */
export interface SumGradient {
  readonly kind: "sum";
  saved(formulas: readonly Formula[]): readonly Saved[];
  formula(parts: GradientParts): Formula;
}

/** `routed`: the gradient goes to the pairs that the indices name. `none`: indices and counts have none. */
export type Gradient = SumGradient | { readonly kind: "routed" } | { readonly kind: "none" };

/** What a call gives: numbers, the indices of columns, or a pair of both. */
export type ResultKind = "values" | "indices" | "both";

export interface Reduction<Name extends string = string, Kind extends ResultKind = ResultKind> {
  readonly name: Name;
  readonly doc: string;
  /** Names of the method of lazy tensors: first the one to prefer, then that of pykeops where it differs. */
  readonly methods: readonly string[];
  readonly gives: Kind;
  /** Whether a second formula, the weights, is refused, possible or required. */
  readonly weights: "none" | "optional" | "required";
  /** Whether it takes the K of the K best. */
  readonly takesK: boolean;
  /** Whether it keeps the smallest values (1) or the largest ones (-1), so that others need not be computed. */
  readonly keeps?: 1 | -1;
  /** Whether the summation schemes apply. */
  readonly isSum: boolean;
  /** Whether the result of all pairs is the sum of what parts of them give. */
  readonly isAdditive: boolean;
  /** What is evaluated per pair, from the formulas that were given. */
  evaluated(formulas: readonly Formula[]): readonly Formula[];
  /** Numbers per row of the result, and indices; or as many float32 numbers as bits, where `tellsRest`. */
  values(extent: Extent): number;
  indices(extent: Extent): number;
  /**
   * What is computed in its place where derivatives are wanted: the same values, and beside them what derivatives need.
   */
  readonly recordedAs?: Reduction;
  /**
   * What computes the same of columns that stand in another order: ties go by the indices that these had, which the
   * last argument of a call tells (see `ranksOf`), and results are made of them.
   */
  readonly ranked?: Reduction;
  /** Whether it is such a row. */
  readonly readsRanks?: boolean;
  /** Whether what stands in the place of indices is what the dtype took from the values. */
  readonly tellsRest?: boolean;
  /** What a row without columns holds. */
  readonly empty: number;
  /** @param round to the dtype of the result. */
  meaning(extent: Extent, round: (value: number) => number): Meaning;
  /** The reduction on a device: the type of the reducer, and how component k of formula n enters it. */
  reducer(extent: Extent, scheme: SumScheme): string;
  /** Columns that it had best take at once, where it asks of all of them whether there is anything to do. */
  readonly columnsAtOnce: number;
  enter(n: number, k: number | string, value: string, extent: Extent): string;
  readonly gradient: Gradient;
}

/** Every reduction by name. */
export const reductions: ReadonlyMap<string, Reduction> = new Map<string, Reduction>();

/** A row of its own kind, which the table has from then on. @throws Error (a bug of ours) when the name is taken. */
export function reduction<Name extends string, Kind extends ResultKind>(
  row: Reduction<Name, Kind>,
): Reduction<Name, Kind> {
  if (reductions.has(row.name)) throw new Error(`reduction ${row.name} is defined twice`);
  (reductions as Map<string, Reduction>).set(row.name, row);
  return row;
}

const total = ({ dims: [dim] }: Extent): number => dim;
const zero = (): number => 0;
const identity = <T>(given: T): T => given;
const none: Gradient = { kind: "none" };
/** `otherwise` where `condition` is 1, else `formula`. */
const replaceWhere = (condition: Formula, formula: Formula, otherwise: number): Formula =>
  ifElse(minus(condition), formula, otherwise);
const entersAt = (k: number | string, value: string): string => `reducer.add(${k}, ${value}, column);`;

// ----------------------------------------------------------------------------------------------------------- sums

type Told = "Total" | "Mean" | "IsPositive" | "IsZero";

interface SumRow {
  readonly doc: string;
  readonly method?: MethodRow["method"];
  /** What is summed, component by component; the formula itself where absent. */
  readonly evaluated?: (formula: Formula) => Formula;
  /** What becomes of the sum in the end; nothing where absent. */
  readonly told?: Told;
  readonly empty?: number;
  /** Where absent: of a total, that of what is summed; of others, none. */
  readonly gradient?: Gradient;
}

/** A row that sums the formula, or something of it. */
export function sumLike<Name extends string>(name: Name, row: SumRow): Reduction<Name, "values"> {
  const { doc, method, evaluated = identity, told = "Total", empty = 0 } = row;
  return reduction({
    name,
    doc,
    methods: methodNames(name, method),
    gives: "values",
    weights: "none",
    takesK: false,
    isSum: told === "Total" || told === "Mean",
    isAdditive: told === "Total",
    evaluated: ([formula]: Formulas) => [evaluated(formula)],
    values: total,
    indices: zero,
    empty,
    meaning: ({ dims: [dim] }) => new SumMeaning(dim, told),
    reducer: ({ dims: [dim] }, scheme) => `Sum<${dim}, ${scheme === "kahan"}, Told::${told}>`,
    columnsAtOnce: 1,
    enter: (_, k, value) => entersAt(k, value),
    gradient: row.gradient ?? (told === "Total" ? gradientOfTotal(evaluated) : none),
  });
}

const gradientOfTotal = (evaluated: (formula: Formula) => Formula): SumGradient => ({
  kind: "sum",
  saved: () => [],
  formula: ({ formulas: [formula], by, cotangent }: GradientParts<Formulas>) => grad(evaluated(formula), by, cotangent),
});

export const sum: Reduction<"Sum", "values"> = sumLike("Sum", { doc: "Sum of the formula." });

export const mean: Reduction<"Mean", "values"> = sumLike("Mean", {
  doc: "Mean of the formula.",
  told: "Mean",
  empty: NaN,
  gradient: {
    kind: "sum",
    saved: () => [{ reduction: sum, formulas: () => [constant(1)] }],
    formula: ({ formulas: [f], by, cotangent, saved: [count] }: GradientParts<Formulas, readonly [Formula]>) =>
      grad(f, by, divide(cotangent, count)),
  },
});

const nonZero = (f: Formula): Formula => notEqual(f, 0);

export const count: Reduction<"Count", "values"> = sumLike("Count", {
  doc: "How often the formula differs from 0: a number in the dtype of the data, so float32 rounds counts above 2^24.",
  evaluated: nonZero,
  gradient: none,
});

export const any: Reduction<"Any", "values"> = sumLike("Any", {
  doc: "1 where the formula differs from 0 at least once, else 0.",
  evaluated: nonZero,
  told: "IsPositive",
});

export const all: Reduction<"All", "values"> = sumLike("All", {
  doc: "1 where the formula never is 0, else 0.",
  evaluated: (f) => equal(f, 0),
  told: "IsZero",
  empty: 1,
});

// ---------------------------------------------------------------------------------------------------------- folds

interface FoldRow {
  readonly doc: string;
  readonly method?: MethodRow["method"];
  /** The struct of `native/text/common` that does it on a device, `Product` for `Product<D>` with D components. */
  readonly struct: string;
  /** What there is before the first column, and what becomes of it with each value. */
  readonly empty: number;
  readonly step: (sofar: number, value: number) => number;
  readonly gradient: Gradient;
}

/** A row that takes the values of each component one after the other into a number. */
export function fold<Name extends string>(name: Name, row: FoldRow): Reduction<Name, "values"> {
  const { doc, method, struct, empty, step, gradient } = row;
  return reduction({
    name,
    doc,
    methods: methodNames(name, method),
    gives: "values",
    weights: "none",
    takesK: false,
    isSum: false,
    isAdditive: false,
    evaluated: identity,
    values: total,
    indices: zero,
    empty,
    meaning: ({ dims: [dim] }) => new FoldMeaning(dim, empty, step),
    reducer: ({ dims: [dim] }) => `${struct}<${dim}>`,
    columnsAtOnce: 1,
    enter: (_, k, value) => entersAt(k, value),
    gradient,
  });
}

export const prod: Reduction<"Prod", "values"> = fold("Prod", {
  doc: "Product of the formula.",
  struct: "Product",
  empty: 1,
  step: (product, value) => product * value,
  gradient: {
    kind: "sum",
    // By a factor f the derivative is the product over f, but by a factor 0 the product of those that are not 0, where
    // it is the only one. With two of them, each has the other as a factor: their sum, which is 0, brings in the second
    // derivative.
    saved: ([f]: Formulas) => [
      "result",
      { reduction: prod, formulas: () => [replaceWhere(equal(f, 0), f, 1)] },
      { reduction: sum, formulas: () => [concat(equal(f, 0), multOr0(equal(f, 0), f))] },
    ],
    formula: ({
      formulas: [f],
      by,
      cotangent,
      saved: [product, productOfOthers, ofZeros],
    }: GradientParts<Formulas, readonly [Formula, Formula, Formula]>) => {
      const { dim } = f;
      const [isZero, zeros, sum] = [equal(f, 0), extract(ofZeros, 0, dim), extract(ofZeros, dim, dim)];
      const otherZeros = add(equal(zeros, 1), multOr0(equal(zeros, 2), subtract(sum, f)));
      const byZero = multOr0(isZero, multOr0(otherZeros, productOfOthers));
      const byOther = mult(notEqual(f, 0), divide(product, add(f, isZero)));
      return grad(f, by, mult(cotangent, add(byZero, byOther)));
    },
  },
});

// ------------------------------------------------------------------------------------------- smallest and largest

interface BestRow<Kind extends ResultKind> {
  readonly doc: string;
  readonly method: string;
  /** 1 for the smallest, -1 for the largest. */
  readonly sign: 1 | -1;
  readonly gives: Kind;
  readonly takesK?: boolean;
  /** The row that gives the indices beside the same values. */
  readonly recordedAs?: Reduction;
}

type AnyBestRow = BestRow<ResultKind>;

/** The best value, where it is, or both; one or K of them. */
function best<Name extends string, Kind extends ResultKind>(name: Name, row: BestRow<Kind>): Reduction<Name, Kind> {
  const { doc, method, gives } = row;
  return reduction({
    name,
    doc: `${doc}; ties go to the lowest index.`,
    methods: methodNames(name, method),
    gives,
    ranked: rankedBest(name, row),
    ...partsOfBest(row, false),
  });
}

/** Has no name that users could call. */
function rankedBest(name: string, row: AnyBestRow): Reduction {
  const { doc, gives } = row;
  return { name: `Ranked${name}`, doc, methods: [], gives, readsRanks: true, ...partsOfBest(row, true) };
}

type PartsOfBest = Omit<Reduction, "name" | "doc" | "methods" | "gives">;

function partsOfBest({ sign, gives, takesK = false, recordedAs }: AnyBestRow, isRanked: boolean): PartsOfBest {
  const size = ({ dims: [dim], k }: Extent): number => dim * k;
  const [values, indices] = [gives !== "indices", gives !== "values"];
  const rest = `${sign}, ${values}, ${indices}${isRanked ? ", true" : ""}`;
  return {
    weights: "none",
    takesK,
    keeps: sign,
    isSum: false,
    isAdditive: false,
    evaluated: identity,
    values: values ? size : zero,
    indices: indices ? size : zero,
    ...(recordedAs && { recordedAs }),
    empty: sign * Infinity,
    meaning: ({ dims: [dim], k }) => new BestMeaning(dim, k, sign),
    reducer: ({ dims: [dim], k }) => `${k === 1 ? "Best" : "Shortlist"}<${dim}, ${k}, ${rest}>`,
    columnsAtOnce: takesK ? 4 : 1,
    enter: (_, k, value) => (isRanked ? `reducer.add(${k}, ${value}, ranked(column));` : entersAt(k, value)),
    gradient: values ? { kind: "routed" } : none,
  };
}

export const minArgMin: Reduction<"Min_ArgMin", "both"> = best("Min_ArgMin", {
  doc: "The smallest value and its index, component by component",
  method: "minArgmin min_argmin",
  sign: 1,
  gives: "both",
});

export const min: Reduction<"Min", "values"> = best("Min", {
  doc: "The smallest value, component by component",
  method: "min",
  sign: 1,
  gives: "values",
  recordedAs: minArgMin,
});

export const argMin: Reduction<"ArgMin", "indices"> = best("ArgMin", {
  doc: "The index of the smallest value, component by component",
  method: "argmin",
  sign: 1,
  gives: "indices",
});

export const kMinArgKMin: Reduction<"KMin_ArgKMin", "both"> = best("KMin_ArgKMin", {
  doc: "The K smallest values in order, and their indices",
  method: "KminArgKmin Kmin_argKmin",
  sign: 1,
  gives: "both",
  takesK: true,
});

export const kMin: Reduction<"KMin", "values"> = best("KMin", {
  doc: "The K smallest values in order, component by component",
  method: "Kmin",
  sign: 1,
  gives: "values",
  takesK: true,
  recordedAs: kMinArgKMin,
});

export const argKMin: Reduction<"ArgKMin", "indices"> = best("ArgKMin", {
  doc: "The indices of the K smallest values in order",
  method: "argKmin",
  sign: 1,
  gives: "indices",
  takesK: true,
});

export const maxArgMax: Reduction<"Max_ArgMax", "both"> = best("Max_ArgMax", {
  doc: "The largest value and its index, component by component",
  method: "maxArgmax max_argmax",
  sign: -1,
  gives: "both",
});

export const max: Reduction<"Max", "values"> = best("Max", {
  doc: "The largest value, component by component",
  method: "max",
  sign: -1,
  gives: "values",
  recordedAs: maxArgMax,
});

export const argMax: Reduction<"ArgMax", "indices"> = best("ArgMax", {
  doc: "The index of the largest value, component by component",
  method: "argmax",
  sign: -1,
  gives: "indices",
});

export const kMaxArgKMax: Reduction<"KMax_ArgKMax", "both"> = best("KMax_ArgKMax", {
  doc: "The K largest values in order, and their indices",
  method: "KmaxArgKmax",
  sign: -1,
  gives: "both",
  takesK: true,
});

export const kMax: Reduction<"KMax", "values"> = best("KMax", {
  doc: "The K largest values in order, component by component",
  method: "Kmax",
  sign: -1,
  gives: "values",
  takesK: true,
  recordedAs: kMaxArgKMax,
});

export const argKMax: Reduction<"ArgKMax", "indices"> = best("ArgKMax", {
  doc: "The indices of the K largest values in order",
  method: "argKmax",
  sign: -1,
  gives: "indices",
  takesK: true,
});

// ------------------------------------------------------------------------------------------------- exponential sums

/**
 * Exponents and weights: one exponent for all weights, or as many of both, which go together component by component.
 * @throws FormulaError for other dims.
 */
function pairWeights([f, weights]: Formulas): Formulas {
  return weights ? weighted(f, weights) : [f];
}

function weighted(f: Formula, weights: Formula): Weighted {
  if (f.dim > 1 && weights.dim > 1 && f.dim !== weights.dim)
    throw new FormulaError(`weights: expected dim 1 or ${f.dim}, the dim of the formula, got dim ${weights.dim}`);
  return [f, repeatTo(weights, f.dim)];
}

type Form = "Logarithm" | "TwoParts" | "Mean";

/** Exponents, and what each of them has of sums: of the weights or of 1, and of means the sum of the powers too. */
function reducerOf({ dims: [exponents, weights = exponents] }: Extent, form: Form): string {
  const sums = weights / exponents + (form === "Mean" ? 1 : 0);
  return `Exponentials<${exponents}, ${sums}, Form::${form}>`;
}

const widest = ({ dims }: Extent): number => Math.max(...dims);

interface ExponentialRow extends Pick<Reduction, "doc" | "weights" | "empty" | "enter" | "gradient"> {
  readonly method: MethodRow["method"];
  readonly form: Form;
  readonly recordedAs?: Reduction;
}

function exponential<Name extends string>(name: Name, row: ExponentialRow): Reduction<Name, "values"> {
  const { form, method, ...rest } = row;
  return {
    ...rest,
    name,
    methods: methodNames(name, method),
    gives: "values",
    takesK: false,
    isSum: false,
    isAdditive: false,
    evaluated: (formulas: Formulas) => pairWeights(formulas),
    values: widest,
    indices: form === "TwoParts" ? widest : zero,
    tellsRest: form === "TwoParts",
    meaning: (extent, round) => new ExponentialMeaning(widest(extent), form, round),
    reducer: (extent) => reducerOf(extent, form),
    columnsAtOnce: 8,
  };
}

const entersLogarithm = (n: number, k: number | string, value: string, { dims }: Extent): string => {
  const [exponents, weights] = dims;
  if (exponents > 1)
    return entersByComponent(n, k, value, weights ? `reducer.keep(${k}, power);` : `reducer.add(${k}, power);`);
  if (n > 0) return `reducer.add(${k}, power * ${value});`;
  return `const auto power = reducer.power(0, ${value});${weights ? "" : " reducer.add(0, power);"}`;
};

const entersMean = (n: number, k: number | string, value: string, { dims: [exponents] }: Extent): string => {
  if (exponents > 1)
    return entersByComponent(n, k, value, `reducer.add(2 * (${k}), power); reducer.keep(${k}, power);`);
  if (n > 0) return `reducer.add(1 + ${k}, power * ${value});`;
  return `const auto power = reducer.power(0, ${value}); reducer.add(0, power);`;
};

/** Exponents come first, so that their powers wait for the weights. */
const entersByComponent = (n: number, k: number | string, value: string, uses: string): string =>
  n > 0 ? `reducer.weigh(${k}, ${value});` : `{ const auto power = reducer.power(${k}, ${value}); ${uses} }`;

/**
 * 1 where a sum of exponentials is 0 and its logarithm minus infinity, the one number below 0 that equals its double.
 */
const isEmpty = (logarithm: Formula): Formula => mult(equal(logarithm, mult(2, logarithm)), lessThan(logarithm, 0));
/** So large that every exponential is 0 in relation to its own. */
const BEYOND = 3.4028234663852886e38;

/**
 * exp(f) over its sum. The logarithm of the sum is rounded; its difference from f is exact for the f that matter, and
 * what rounding took is subtracted from that. Where the sum is 0, as without columns, all shares are.
 */
function shareOf(f: Formula, logarithm: Formula, rest: Formula): Formula {
  return exp(subtract(subtract(f, replaceWhere(isEmpty(logarithm), logarithm, BEYOND)), rest));
}

const logarithmGradient: SumGradient = {
  kind: "sum",
  saved: () => ["result", "rest"],
  formula: ({
    formulas,
    by,
    cotangent,
    saved: [result, rest],
  }: GradientParts<Formulas, readonly [Formula, Formula]>) => {
    const [f, weights] = pairWeights(formulas);
    const share = mult(cotangent, shareOf(f, result, rest));
    if (!weights) return grad(f, by, share);
    return add(grad(f, by, combineWithWeights(f, share, weights)), grad(weights, by, share));
  },
};

/** Component by component, or summed where one exponent has all the weights. */
const combineWithWeights = (f: Formula, share: Formula, weights: Formula): Formula =>
  f.dim === 1 ? scalprod(share, weights) : mult(share, weights);

const logSumExpRow = {
  doc: "log of the sum of exp(F), component by component, or of exp(F) times the weights; minus infinity where all is 0.",
  empty: -Infinity,
  enter: entersLogarithm,
  gradient: logarithmGradient,
} as const;

/**
 * Gives, beside the logarithms in the dtype of the result, what the dtype takes from them. Has no name that users could
 * call.
 */
const logSumExpInTwoParts: Reduction<string, "values"> = exponential("LogSumExpInTwoParts", {
  ...logSumExpRow,
  weights: "optional",
  method: null,
  form: "TwoParts",
});

export const logSumExp: Reduction<"LogSumExp", "values"> = reduction(
  exponential("LogSumExp", {
    ...logSumExpRow,
    weights: "optional",
    method: "logsumexp",
    form: "Logarithm",
    recordedAs: logSumExpInTwoParts,
  }),
);

/** That of pykeops, whose weights are not optional. */
export const logSumExpWeight: Reduction<"LogSumExpWeight", "values"> = reduction(
  exponential("LogSumExpWeight", {
    ...logSumExpRow,
    weights: "required",
    method: null,
    form: "Logarithm",
    recordedAs: logSumExpInTwoParts,
  }),
);

type SoftMaxParts = GradientParts<Weighted, readonly [Formula, Formula, Formula, Formula]>;

const softMaxRow = {
  doc: "Mean of the weights, each pair counting exp(F), component by component; NaN where all exp(F) are 0.",
  form: "Mean",
  weights: "required",
  empty: NaN,
  enter: entersMean,
  gradient: {
    kind: "sum",
    // The result r is rounded, and where one term prevails, weights - r is all rounding. So the mean of weights - r
    // comes along: it is what r is short of, to full precision.
    saved: ([f, weights]: Weighted) => [
      "result",
      { reduction: logSumExpInTwoParts, formulas: () => [f] },
      { reduction: sumSoftMaxWeight, formulas: ([result]) => [f, subtract(weights, asserted(result, "the result"))] },
    ],
    formula: ({ formulas, by, cotangent, saved: [result, log, rest, shortOf] }: SoftMaxParts) => {
      const [f, weights] = weighted(...formulas);
      const [mean, short] = [replaceWhere(isEmpty(log), result, 0), replaceWhere(isEmpty(log), shortOf, 0)];
      const share = shareOf(f, log, rest);
      const deviation = subtract(
        combineWithWeights(f, cotangent, subtract(weights, mean)),
        combineWithWeights(f, cotangent, short),
      );
      return add(grad(f, by, mult(share, deviation)), grad(weights, by, mult(cotangent, share)));
    },
  },
} satisfies Omit<ExponentialRow, "method">;

export const sumSoftMaxWeight: Reduction<"SumSoftMaxWeight", "values"> = reduction(
  exponential("SumSoftMaxWeight", { ...softMaxRow, method: "sumsoftmaxweight" }),
);

/** Another name that pykeops knows. */
export const softMax: Reduction<"SoftMax", "values"> = reduction(
  exponential("SoftMax", { ...softMaxRow, method: null }),
);

// ---------------------------------------------------------------------------------------------------------- table

/** The reduction called `name`. @throws FormulaError that lists the names. */
export function reductionNamed(name: string): Reduction {
  const row = reductions.get(name);
  if (row) return row;
  const known = [...reductions.keys()].join(", ");
  const got = typeof name === "string" ? `"${name}"${suggestion(name, reductions.keys())}` : describeValue(name);
  throw new FormulaError(`reductionOp: expected one of ${known}, got ${got}`);
}
