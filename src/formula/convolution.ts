/**
 * Convolutions: formulas that read points of rows and of columns through their differences alone, and are linear in
 * what else they read of either. The one idea is that a difference vanishes where its two points are equal, and
 * formulas are interned; so it is found by putting the same z in both places, whatever linear map stands before it.
 * Knows no kernel by name, and no data.
 */
import { at } from "../asserts";
import { extraArgument, label } from "./arguments";
import type { Argument } from "./arguments";
import { dependents, freePosition, grad, vanishes, whyNotLinear } from "./autodiff";
import { zero } from "./core";
import { Category, asVariable, isVariable, nodesOf, rebuild, substitute, variable, withArgs } from "./formula";
import type { Formula } from "./formula";
import { extract } from "./vectors";

/** A point of the rows and one of the columns, as arguments. */
export interface PointPair {
  readonly row: Argument;
  readonly column: Argument;
}

/** sum over components of factors and weights of kernel(row - column; …) × factors of the row × weights of the column. */
export interface Convolution {
  readonly points: readonly PointPair[];
  /** Arguments of the columns in which the formula is linear, and of the rows. */
  readonly weights: readonly Argument[];
  readonly factors: readonly Argument[];
  readonly parameters: readonly Argument[];
  /** The formula over `kernelArguments`. */
  readonly kernel: Formula;
  /** Differences as Vi, those of all pairs one behind the other; then factors, weights and parameters, as Pm. */
  readonly kernelArguments: readonly Argument[];
}

/** Why a formula is not what was looked for, in a clause. */
export interface Refusal {
  readonly why: string;
}

/** @param rows the category of the index that is kept. */
export function convolutionOf(
  formula: Formula,
  args: readonly Argument[],
  rows: Category.I | Category.J,
): Convolution | Refusal {
  const read = new Set(nodesOf(formula));
  const known = args.filter(({ variable }) => read.has(variable));
  const of = (category: Category): Argument[] => known.filter((argument) => argument.category === category);
  const isLinear = ({ variable }: Argument): boolean => whyNotLinear(formula, variable) === undefined;
  const [ofRows, ofColumns] = [of(rows), of(rows === Category.I ? Category.J : Category.I)];
  const [factors, weights] = [ofRows.filter(isLinear), ofColumns.filter(isLinear)];
  const rest = (all: readonly Argument[], taken: readonly Argument[]): Argument[] =>
    all.filter((argument) => !taken.includes(argument));
  const found = replaceDifferences(formula, rest(ofRows, factors), rest(ofColumns, weights));
  if ("why" in found) return found;
  const parameters = of(Category.P);
  const { points } = found;
  return { points, factors, weights, parameters, ...kernelOf(found, [...factors, ...weights, ...parameters]) };
}

// ------------------------------------------------------------------------------------------------------ differences

/** A formula in which variables stand for differences. */
interface Replaced {
  readonly formula: Formula;
  readonly points: readonly PointPair[];
  readonly differences: readonly Formula[];
}

/** Pairs every row's argument with one of the columns. */
function replaceDifferences(
  given: Formula,
  ofRows: readonly Argument[],
  ofColumns: readonly Argument[],
): Replaced | Refusal {
  const [points, differences]: [PointPair[], Formula[]] = [[], []];
  let formula = given;
  for (const row of ofRows)
    for (const column of ofColumns) {
      if (row.dim !== column.dim) continue;
      const z = variable(freePosition(given) + points.length, row.dim, Category.I);
      const replaced = withDifference(formula, row.variable, column.variable, z);
      if (reads(replaced, row.variable) || reads(replaced, column.variable) || replaced === formula) continue;
      formula = replaced;
      points.push({ row, column });
      differences.push(z);
    }
  const left = [...ofRows, ...ofColumns].filter(({ variable }) => reads(formula, variable));
  if (left.length > 0) return { why: whyLeft(left) };
  if (points.length === 0) return { why: "it reads no difference of points" };
  return { formula, points, differences };
}

function whyLeft(left: readonly Argument[]): string {
  const names = left.map(label).join(" and ");
  return `it reads ${names} neither linearly nor through differences of points alone`;
}

const reads = (formula: Formula, leaf: Formula): boolean => dependents(formula, leaf).size > 0;

/** `formula` with L(z) for every L(x) - L(y), however it is written. */
function withDifference(formula: Formula, x: Formula, y: Formula, z: Formula): Formula {
  const [ofX, ofY] = [dependents(formula, x), dependents(formula, y)];
  return rebuild(formula, (node, args) => {
    const isBoth = ofX.has(node) && ofY.has(node);
    return (isBoth && differenceAt(node, x, y, z)) || withArgs(node, args);
  });
}

/** L(z), if the node is L(x) - L(y). */
function differenceAt(node: Formula, x: Formula, y: Formula, z: Formula): Formula | undefined {
  if (!vanishes(() => substitute(substitute(node, x, z), y, z))) return undefined;
  if (!isLinearTogether(node, x, y)) return undefined;
  return substitute(substitute(node, x, z), y, zero(y.dim));
}

/** Linear in each where the other is 0, and without a term that has both. */
function isLinearTogether(node: Formula, x: Formula, y: Formula): boolean {
  const isLinear = (one: Formula, other: Formula): boolean =>
    whyNotLinear(substitute(node, other, zero(other.dim)), one) === undefined &&
    !reads(grad(node, one, variable(-1, node.dim, Category.P)), other);
  return isLinear(x, y) && isLinear(y, x);
}

// ----------------------------------------------------------------------------------------------------------- kernel

/** With arguments of its own. */
function kernelOf(
  { formula, points, differences }: Replaced,
  others: readonly Argument[],
): Pick<Convolution, "kernel" | "kernelArguments"> {
  const dims = points.map(({ row }) => row.dim);
  const z = extraArgument(0, sumOf(dims), Category.I);
  const own = others.map(({ name, dim }, n) => ({ ...extraArgument(n + 1, dim, Category.P), name }));
  const replaced = new Map(others.map((argument, n) => [argument.variable, at(own, n).variable]));
  for (const [n, leaf] of differences.entries())
    replaced.set(leaf, extract(z.variable, sumOf(dims.slice(0, n)), asVariable(leaf).dim));
  const kernel = rebuild(formula, (node, args) =>
    isVariable(node) ? (replaced.get(node) ?? node) : withArgs(node, args),
  );
  return { kernel, kernelArguments: [z, ...own] };
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0);
