/**
 * Sums over batch dimensions, as expressions that go on. The one idea: entries of a batch stand side by side in the
 * vector dimension, so that the sum is a formula of their parts, and engines, ranges and derivatives need no case of
 * their own. Must not know operations.
 */
import { checkAxis, reshape, transpose } from "../array/arithmetic";
import type { RealArray } from "../array/view";
import { at } from "../asserts";
import { ArgumentError } from "../errors";
import { add } from "../formula/core";
import { Category, asVariable, nodesOf } from "../formula/formula";
import type { Formula } from "../formula/formula";
import { extract } from "../formula/vectors";
import { optionsOf } from "../options";
import type { OptionsOf } from "../options";
import { Expression, replaceVariables } from "./expression";
import { categoryOf, isArray, leafOf, union, withoutShards } from "./leaf";
import type { Leaf } from "./leaf";

export const SUMMED = {
  /** The batch dimension that goes, as `batchdims` counts them; -1 is the last. All by default. */
  axis: { expected: "an integer", accepts: (value: unknown): value is number => Number.isInteger(value) },
} as const;

/** Joined arrays by what they were and the axis of their entries, which the category decides, too. */
type JoinedArrays = Map<RealArray, Map<number, RealArray>>;

/** Which batch dimension is summed over. */
export type BatchSumOptions = OptionsOf<typeof SUMMED>;

/** Operations of a sum that engines compile in seconds and evaluate without a detour by memory. */
const MOST_OPERATIONS = 1000;

/** The sum over one batch dimension or all. @throws ArgumentError where there is none, or for sums of too many parts. */
export function sumOverBatches(expression: Expression, options: BatchSumOptions | null | undefined): Expression {
  const { axis } = optionsOf("sumBatches", options, SUMMED);
  withoutShards("sumBatches", expression.leaves);
  const { batch } = expression;
  if (axis !== undefined) return sumOver(expression, checkAxis("sumBatches", axis, batch));
  return batch.reduceRight((sum, _, n) => sumOver(sum, n), expression);
}

function sumOver(expression: Expression, axis: number): Expression {
  const entries = at(expression.batch, axis);
  checkSize(expression.formula, entries);
  const arrays: JoinedArrays = new Map(); // one array in two roles stays one
  const behind = expression.batch.length - axis;
  const moved = new Map(expression.leaves.map((leaf) => [leaf.variable, sideBySide(leaf, behind, arrays)]));
  const partOf = (entry: number) => (variable: Formula) => partOfLeaf(variable, moved.get(variable), entry);
  const parts = Array.from({ length: entries }, (_, entry) => replaceVariables(expression.formula, partOf(entry)));
  return new Expression(balancedSum(parts), union([...moved.values()]), expression.where);
}

function checkSize(formula: Formula, entries: number): void {
  const each = nodesOf(formula).length;
  if (entries > 0 && entries * each <= MOST_OPERATIONS) return;
  const got = `${String(entries)} entries of ${String(each)} operations each`;
  throw new ArgumentError(
    `sumBatches: expected at least one entry and at most ${String(MOST_OPERATIONS)} operations in all, got ${got}: ` +
      "where a reduction of the sum follows, sum its results over the batch by nd.sum",
  );
}

/**
 * A leaf without the batch dimension that has `behind - 1` behind it: its entries follow each other in every vector.
 */
function sideBySide(leaf: Leaf, behind: number, arrays: JoinedArrays): Leaf {
  if (!isArray(leaf.value)) return leaf;
  const category = categoryOf(leaf);
  const lead = leaf.value.shape.length - (category === Category.P ? 1 : 2);
  const axis = lead - behind;
  if (axis < 0) return leaf;
  const byAxis = arrays.get(leaf.value) ?? new Map<number, RealArray>();
  const made = byAxis.get(axis) ?? joinEntries(leaf.value, axis);
  arrays.set(leaf.value, byAxis.set(axis, made));
  return leafOf(made, category);
}

function joinEntries(array: RealArray, axis: number): RealArray {
  const { shape } = array;
  const rest = [...shape.keys()].filter((n) => n !== axis);
  const order = [...rest.slice(0, -1), axis, ...rest.slice(-1)];
  const kept = rest.map((n) => at(shape, n));
  const dim = at(kept, kept.length - 1) * at(shape, axis);
  return reshape(transpose(array, order), [...kept.slice(0, -1), dim]);
}

/** What one entry reads of a leaf: its part, or all where entries share it. */
function partOfLeaf(variable: Formula, leaf: Leaf | undefined, entry: number): Formula {
  const { dim } = asVariable(variable);
  if (!leaf) return variable;
  return leaf.variable.dim === dim ? leaf.variable : extract(leaf.variable, entry * dim, dim);
}

/** Of depth log2(n), so that rounding grows as slowly. */
function balancedSum(parts: readonly Formula[]): Formula {
  if (parts.length === 1) return at(parts, 0);
  const half = parts.length >> 1;
  return add(balancedSum(parts.slice(0, half)), balancedSum(parts.slice(half)));
}
