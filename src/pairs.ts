/**
 * Pairs (i, j) that indices have chosen, as points of their own: pair p is row p of every array. On them a minimum is the formula
 * itself, so that its derivatives are those of the formula, gathered and scattered.
 */
import { gather, scatterAdd } from "./array/tape";
import type { RealArray } from "./array/view";
import type { Argument } from "./formula/arguments";
import { extraArgument } from "./formula/arguments";
import { Category, asVariable, isVariable, rebuild, withArgs } from "./formula/formula";
import type { Formula } from "./formula/formula";

/** The formulas on pairs: every variable but the parameters is indexed by p. */
export function onPairs(formulas: readonly Formula[], args: readonly Argument[]): [Formula[], Argument[]] {
  const paired = args.map((argument) =>
    argument.category === Category.P ? argument : extraArgument(argument.position, argument.dim, Category.I),
  );
  const replaced = (node: Formula, below: readonly Formula[]): Formula =>
    isVariable(node) ? paired[asVariable(node).position]!.variable : withArgs(node, below);
  return [formulas.map((formula) => rebuild(formula, replaced)), paired];
}

/** The pairs that `columns`, `perRow` of them for each row, have chosen; a column of -1 names none. */
export class Pairs {
  private readonly rows: Int32Array;
  private readonly columns: Int32Array;

  constructor(
    private readonly kept: Category,
    columns: Int32Array,
    perRow: number,
  ) {
    this.rows = Int32Array.from(columns, (_, p) => Math.floor(p / perRow));
    this.columns = columns.map((column) => Math.max(0, column));
  }

  gathered(array: RealArray, argument: Argument): RealArray {
    if (argument.category === Category.P) return array;
    const { dim } = argument;
    return gather(array, this.elements(argument), [this.rows.length, dim]);
  }

  /** The way back: what pairs give is added up in their rows or columns. */
  scattered(gradient: RealArray, argument: Argument, shape: readonly number[]): RealArray {
    return argument.category === Category.P ? gradient : scatterAdd(gradient, this.elements(argument), shape);
  }

  /** `[pairs, dim]`: each pair was chosen by one component, and only there has its cotangent. */
  cotangent(cotangent: RealArray, dim: number): RealArray {
    const chosen = this.rows.map((_, p) => p * dim + (p % dim));
    return scatterAdd(cotangent, chosen, [this.rows.length, dim]);
  }

  private elements({ category, dim }: Argument): Int32Array {
    const places = category === this.kept ? this.rows : this.columns;
    return Int32Array.from({ length: places.length * dim }, (_, n) => places[Math.floor(n / dim)]! * dim + (n % dim));
  }
}
