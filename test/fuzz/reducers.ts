/**
 * Every reduction of one row, as its definition says, and how a cotangent of the result spreads over what was reduced.
 * Nothing here comes from the library: random formulas and the rows of the table of reductions are held to it.
 */
import type { Rounding } from "../helpers/evaluate";

export interface Reduced {
  readonly values: readonly number[];
  readonly indices?: readonly number[];
  /** Cotangents of the formula, and of the weights, per column; absent where there are none. */
  pull?(cotangent: readonly number[]): { readonly f: readonly number[][]; readonly w?: readonly number[][] };
}

type Columns = readonly (readonly number[])[];
/** The formula's and the weights' components for every column, and the K of the K best. */
export type Reducer = (f: Columns, w: Columns | undefined, k: number, rounding: Rounding) => Reduced;

const { exp, log, max } = Math;
const range = (n: number): number[] => Array.from({ length: n }, (_, k) => k);
const sum = (list: readonly number[], rounding: Rounding): number => list.reduce((total, x) => rounding(total + x), 0);
const components = (f: Columns): number[] => range(f[0]!.length);
const column = (f: Columns, k: number): number[] => f.map((values) => values[k]!);

const total: Reducer = (f, _, __, rounding) => ({
  values: components(f).map((k) => sum(column(f, k), rounding)),
  pull: (e) => ({ f: f.map(() => [...e]) }),
});

const mean: Reducer = (f, _, __, rounding) => ({
  values: components(f).map((k) => sum(column(f, k), rounding) / f.length),
  pull: (e) => ({ f: f.map(() => e.map((weight) => weight / f.length)) }),
});

const product: Reducer = (f, _, __, rounding) => ({
  values: components(f).map((k) => column(f, k).reduce((all, x) => rounding(all * x), 1)),
  pull: (e) => ({
    f: f.map((_, n) =>
      e.map((weight, k) => column(f, k).reduce((all, x, other) => (other === n ? all : rounding(all * x)), weight)),
    ),
  }),
});

const counted =
  (of: (differ: number, columns: number) => number): Reducer =>
  (f) => ({ values: components(f).map((k) => of(column(f, k).filter((x) => x !== 0).length, f.length)) });

/** Columns from the best on, the earlier of equals first. */
function ranked(list: readonly number[], sign: 1 | -1): number[] {
  return range(list.length).sort((a, b) => sign * (list[a]! - list[b]!) || a - b);
}

function best(sign: 1 | -1, hasValues: boolean, hasIndices: boolean): Reducer {
  return (f, _, k) => {
    const orders = components(f).map((component) => ranked(column(f, component), sign));
    const places = range(k).flatMap((rank) => orders.map((order, component) => [order[rank]!, component] as const));
    const pull: Reduced["pull"] = (e) => {
      const cotangents = f.map((values) => values.map(() => 0));
      places.forEach(([at, component], n) => (cotangents[at]![component]! += e[n]!));
      return { f: cotangents };
    };
    return {
      values: hasValues ? places.map(([at, component]) => f[at]![component]!) : [],
      ...(hasIndices && { indices: places.map(([at]) => at) }),
      ...(hasValues && { pull }),
    };
  };
}

/** exp(F) by column, relative to the largest. */
function powersOf(f: Columns): { powers: number[]; largest: number } {
  const largest = max(...column(f, 0));
  return { powers: column(f, 0).map((x) => exp(x - largest)), largest };
}

const logSumExp: Reducer = (f, w, _, rounding) => {
  const { powers, largest } = powersOf(f);
  const weights = w ?? f.map(() => [1]);
  const sums = components(weights).map((k) =>
    sum(
      powers.map((power, n) => power * weights[n]![k]!),
      rounding,
    ),
  );
  return {
    values: sums.map((s) => log(s) + largest),
    pull: (e) => ({
      f: powers.map((power, n) => [
        sum(
          e.map((weight, k) => (weight * power * weights[n]![k]!) / sums[k]!),
          rounding,
        ),
      ]),
      w: powers.map((power) => e.map((weight, k) => (weight * power) / sums[k]!)),
    }),
  };
};

const softMaxWeight: Reducer = (f, w, _, rounding) => {
  const { powers } = powersOf(f);
  const shares = powers.map((power) => power / sum(powers, rounding));
  const values = components(w!).map((k) =>
    sum(
      shares.map((share, n) => share * w![n]![k]!),
      rounding,
    ),
  );
  return {
    values,
    pull: (e) => ({
      f: shares.map((share, n) => [
        share *
          sum(
            e.map((weight, k) => weight * (w![n]![k]! - values[k]!)),
            rounding,
          ),
      ]),
      w: shares.map((share) => e.map((weight) => weight * share)),
    }),
  };
};

const extremes = (
  [
    ["Min", 1],
    ["Max", -1],
  ] as const
).flatMap(([name, sign]): [string, Reducer][] => [
  [name, best(sign, true, false)],
  [`Arg${name}`, best(sign, false, true)],
  [`${name}_Arg${name}`, best(sign, true, true)],
  [`K${name}`, best(sign, true, false)],
  [`ArgK${name}`, best(sign, false, true)],
  [`K${name}_ArgK${name}`, best(sign, true, true)],
]);

/** By the names of the reductions. */
export const REDUCERS: ReadonlyMap<string, Reducer> = new Map([
  ["Sum", total],
  ["Mean", mean],
  ["Prod", product],
  ["Count", counted((differ) => differ)],
  ["Any", counted((differ) => (differ > 0 ? 1 : 0))],
  ["All", counted((differ, columns) => (differ === columns ? 1 : 0))],
  ...extremes,
  ["LogSumExp", logSumExp],
  ["LogSumExpWeight", logSumExp],
  ["SumSoftMaxWeight", softMaxWeight],
  ["SoftMax", softMaxWeight],
]);
