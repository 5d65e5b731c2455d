/**
 * What a row of the table of reductions says of itself, as the definitions of fuzz/reducers.ts are written: its values
 * by its meaning on numbers, and how cotangents spread by differences of these. For rows that have no definition there:
 * engines, dtypes and the row's gradient are then held to its meaning.
 */
import { Category, variable } from "../../src/formula/formula";
import type { Formula } from "../../src/formula/formula";
import { extentOf } from "../../src/formula/reductions";
import type { Reduction } from "../../src/formula/reductions";
import { evaluate, exactly } from "./evaluate";
import type { Rounding } from "./evaluate";
import type { Reduced, Reducer } from "../fuzz/reducers";

type Numbers = readonly number[];
/** The components of each formula at a column. */
type Column = readonly Numbers[];

export function meaningOf(row: Reduction): Reducer {
  return (f, w, k, rounding) => {
    const columns = f.map((values, n): Column => (w ? [values, w[n]!] : [values]));
    const own = new OwnMeaning(row, columns[0]!, k);
    const evaluated = columns.map((column) => own.evaluate(column, rounding));
    const { values, indices } = own.reduce(evaluated);
    const found: Reduced = { values, ...(indices.length > 0 && { indices }) };
    if (row.gradient.kind === "none" || columns.length > MOST_COLUMNS) return found;
    const pull = (e: Numbers): { f: number[][]; w?: number[][] } => {
      const slopes = own.slopes(columns, e, rounding);
      return { f: slopes.map(([ofF]) => ofF!), ...(w && { w: slopes.map(([, ofW]) => ofW!) }) };
    };
    return { ...found, pull };
  };
}

/** Among more columns a difference by one of them is all rounding; then values are held alone. */
const MOST_COLUMNS = 16;
/**
 * Where differences are taken, the next smaller step where a kink is near; and how many more digits they lose than what
 * they are taken of.
 */
const STEPS = [1e-3, 1e-4, 1e-5, 1e-6];
const AGREE = 1e-6;
const LOST = 100;

class OwnMeaning {
  private readonly variables: readonly Formula[];
  private readonly evaluated: readonly Formula[];

  constructor(
    private readonly row: Reduction,
    like: Column,
    private readonly k: number,
  ) {
    this.variables = like.map(({ length }, n) => variable(n, length, Category.J));
    this.evaluated = row.evaluated(this.variables);
  }

  /** What the row evaluates of a column. */
  evaluate(column: Column, rounding: Rounding): Column {
    const point = new Map(this.variables.map((v, n) => [v, column[n]!]));
    return this.evaluated.map((formula) => evaluate(formula, point, rounding));
  }

  reduce(evaluated: readonly Column[]): { readonly values: Numbers; readonly indices: Numbers } {
    const meaning = this.row.meaning(extentOf(this.evaluated, this.k), exactly);
    evaluated.forEach((column, n) => {
      meaning.update(column, n);
    });
    return meaning.finish();
  }

  /** Of `cotangent | values` by each number of each column: central differences of fourth order. NaN at kinks. */
  slopes(columns: readonly Column[], cotangent: Numbers, rounding: Rounding): number[][][] {
    const evaluated = columns.map((column) => this.evaluate(column, exactly));
    const valueWith = (at: number, column: Column): number => {
      const moved = evaluated.map((other, n) => (n === at ? this.evaluate(column, exactly) : other));
      return this.reduce(moved).values.reduce((sum, value, n) => sum + cotangent[n]! * value, 0);
    };
    return columns.map((column, at) =>
      column.map((numbers, n) =>
        numbers.map((_, k) => {
          const slope = slopeAt0((step) => valueWith(at, movedBy(column, n, k, step)));
          return slope + LOST * (rounding(slope) - slope);
        }),
      ),
    );
  }
}

const movedBy = (column: Column, n: number, k: number, step: number): Column =>
  column.map((numbers, m) => (m === n ? numbers.map((x, l) => (l === k ? x + step : x)) : numbers));

function slopeAt0(f: (x: number) => number): number {
  const difference = (h: number): number => (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
  let slope = difference(STEPS[0]!);
  for (const step of STEPS.slice(1)) {
    const finer = difference(step);
    if (Math.abs(finer - slope) <= AGREE * (1 + Math.abs(slope))) return slope;
    slope = finer;
  }
  return NaN;
}
