/**
 * Pairs (i, j) that indices have chosen, as points of their own: pair p is row p of every array, whatever entry of a batch it comes
 * from. On them a minimum is the formula itself, so that its derivatives are those of the formula, gathered and scattered.
 */
import { gather, scatterAdd } from "../array/tape";
import type { RealArray } from "../array/view";
import { rankOf, startsIn } from "./batch";
import type { Argument } from "../formula/arguments";
import { extraArgument } from "../formula/arguments";
import { Category, asVariable, isVariable, rebuild, withArgs } from "../formula/formula";
import type { Formula } from "../formula/formula";

/** What a call had, and which columns it chose: `[...batch, rows, perRow]`, -1 where there was none to choose. */
export interface Choice {
  readonly arrays: readonly RealArray[];
  readonly batch: readonly number[];
  readonly rows: number;
  readonly perRow: number;
  readonly columns: Int32Array;
}

/** The chosen pairs of formulas over arguments. */
export class Pairs {
  /** Every variable but the parameters is indexed by p. */
  readonly formulas: readonly Formula[];
  readonly args: readonly Argument[];
  readonly arrays: readonly RealArray[];
  /** The places among the indices where there is one. */
  private readonly chosen: Uint32Array;

  /** @param kept the category of the rows of the call. */
  constructor(
    formulas: readonly Formula[],
    private readonly given: readonly Argument[],
    private readonly kept: Category,
    private readonly choice: Choice,
  ) {
    this.chosen = Uint32Array.from(choice.columns.keys()).filter((place) => choice.columns[place]! >= 0);
    this.args = given.map((argument, n) =>
      this.isShared(n) ? argument : extraArgument(argument.position, argument.dim, Category.I),
    );
    const replaced = (node: Formula, below: readonly Formula[]): Formula =>
      isVariable(node) ? this.args[asVariable(node).position]!.variable : withArgs(node, below);
    this.formulas = formulas.map((formula) => rebuild(formula, replaced));
    this.arrays = choice.arrays.map((array, n) => this.gathered(array, n));
  }

  /** A parameter that is the same for all pairs. */
  private isShared(n: number): boolean {
    const { category } = this.given[n]!;
    return category === Category.P && this.choice.arrays[n]!.shape.length === rankOf(this.given[n]!);
  }

  private gathered(array: RealArray, n: number): RealArray {
    return this.isShared(n) ? array : gather(array, this.elements(n), [this.chosen.length, this.given[n]!.dim]);
  }

  /** The way back: what pairs give is added up where they come from. */
  scattered(gradient: RealArray, n: number): RealArray {
    return this.isShared(n) ? gradient : scatterAdd(gradient, this.elements(n), this.choice.arrays[n]!.shape);
  }

  /** `[pairs, dim]`: each pair was chosen by one component, and only there has its cotangent. */
  cotangent(cotangent: RealArray, dim: number): RealArray {
    const components = this.chosen.map((place, p) => p * dim + (place % dim));
    const { length } = this.chosen;
    return scatterAdd(gather(cotangent, this.chosen, [length]), components, [length, dim]);
  }

  /** Where the components of each pair lie in the memory of an argument. */
  private elements(n: number): Float64Array {
    const { batch, rows, perRow, columns, arrays } = this.choice;
    const { category, dim } = this.given[n]!;
    const starts = startsIn(this.given[n]!, arrays[n]!.shape, batch);
    const elements = new Float64Array(this.chosen.length * dim);
    this.chosen.forEach((place, p) => {
      const row = Math.floor(place / perRow);
      const at = category === Category.P ? 0 : category === this.kept ? row % rows : columns[place]!;
      const start = starts[Math.floor(row / rows)]! + at * dim;
      for (let k = 0; k < dim; k++) elements[p * dim + k] = start + k;
    });
    return elements;
  }
}
