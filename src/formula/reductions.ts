/**
 * The reduction table: one row per reduction over i or j, with its gradient. A row says what an accumulator starts from, how one
 * value enters it and how two are merged, as numbers (the reference) and as text in the code dialect (every device).
 */
import { FormulaError } from "../errors";
import { grad } from "./autodiff";
import type { Formula } from "./formula";

/** How rounding errors of a sum are kept small. */
export type SumScheme = "direct" | "block" | "kahan";

export interface Reduction {
  readonly name: string;
  readonly doc: string;
  /** What an empty row gives, and where accumulators start. */
  readonly neutral: number;
  update(accumulator: number, value: number): number;
  /** The same as text: a tile or real of accumulators and one of values. */
  code(accumulator: string, value: string): string;
  /** Whether the summation schemes apply. */
  readonly isSum: boolean;
  /** The formula whose sum over the other index is the gradient by `by`, from the cotangent of the reduced result. */
  gradient(formula: Formula, by: Formula, cotangent: Formula): Formula;
}

const sum: Reduction = {
  name: "Sum",
  doc: "Sum of the formula over the reduced index.",
  neutral: 0,
  update: (accumulator, value) => accumulator + value,
  code: (accumulator, value) => `${accumulator} + ${value}`,
  isSum: true,
  gradient: grad,
};

/** Every reduction by name. */
export const reductions: ReadonlyMap<string, Reduction> = new Map([sum].map((row) => [row.name, row]));

/** The reduction called `name`. @throws FormulaError that lists the names. */
export function reductionNamed(name: string): Reduction {
  const row = reductions.get(name);
  if (row) return row;
  throw new FormulaError(
    `reductionOp: expected one of ${[...reductions.keys()].join(", ")}, got ${JSON.stringify(name)}`,
  );
}
