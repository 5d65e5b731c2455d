/**
 * Derivatives of formulas, as formulas: one walk from the result back to the leaves that adds up the cotangents that the rows of
 * the operation table give. Gradients of gradients follow because cotangents are formulas like any other.
 */
import { FormulaError } from "../errors";
import { Category, asVariable, isVariable, nodesOf, substitute, variable } from "./formula";
import type { Formula } from "./formula";
import { add, formulaSlot, isZero, register, zero } from "./ops";

/**
 * Gradient of `cotangent | formula` with respect to `by`: the transposed Jacobian applied to the cotangent, of dim `by.dim`.
 * The cotangent itself is not differentiated.
 * @throws FormulaError when `by` is no variable or the cotangent has another dim than the formula.
 */
export function grad(formula: Formula, by: Formula, cotangent: Formula): Formula {
  if (!isVariable(by)) throw new FormulaError(`Grad(f, v, e): expected a variable v, got ${String(by)}`);
  if (cotangent.dim !== formula.dim)
    throw new FormulaError(`Grad(f, v, e): expected e of dim ${formula.dim}, the dim of f, got ${cotangent.dim}`);
  return cotangentsBelow(formula, by, cotangent).get(by) ?? zero(by.dim);
}

function cotangentsBelow(formula: Formula, by: Formula, cotangent: Formula): ReadonlyMap<Formula, Formula> {
  const onPath = dependents(formula, by);
  const cotangents = new Map([[formula, cotangent]]);
  for (const node of [...onPath].reverse()) {
    const own = cotangents.get(node);
    if (own && !isZero(own)) distribute(node, own, onPath, cotangents);
  }
  return cotangents;
}

function distribute(node: Formula, own: Formula, onPath: ReadonlySet<Formula>, into: Map<Formula, Formula>): void {
  node.operation.cotangents(own, node).forEach((cotangent, n) => {
    const arg = node.args[n]!;
    if (!cotangent || !onPath.has(arg)) return;
    const soFar = into.get(arg);
    into.set(arg, soFar ? add(soFar, cotangent) : cotangent);
  });
}

/** The nodes of `formula` that depend on `by`, arguments first. */
export function dependents(formula: Formula, by: Formula): ReadonlySet<Formula> {
  const found = new Set<Formula>();
  for (const node of nodesOf(formula)) if (node === by || node.args.some((arg) => found.has(arg))) found.add(node);
  return found;
}

/**
 * Why `formula` is not linear in `by`, or undefined if it is: it must vanish with `by`, its gradient must not depend on `by`, and
 * no step between the two may be piecewise constant.
 */
export function whyNotLinear(formula: Formula, by: Formula): string | undefined {
  const path = dependents(formula, by);
  if (!path.has(formula)) return "it does not depend on it";
  if (!isZero(substitute(formula, by, zero(by.dim)))) return "it is not 0 where that is 0";
  for (const node of path) if (isFlat(node, path)) return `${node.operation.name} is piecewise constant`;
  const probe = variable(-1, formula.dim, Category.P);
  return dependents(grad(formula, by, probe), by).size > 0 ? "its derivative depends on it" : undefined;
}

function isFlat(node: Formula, path: ReadonlySet<Formula>): boolean {
  const cotangents = node.operation.cotangents(variable(-1, node.dim, Category.P), node);
  return node.args.some((arg, n) => path.has(arg) && cotangents[n] === null);
}

/** Whether component k of a formula that is linear in `by` depends on component k of `by` alone. */
export function isComponentwise(formula: Formula, by: Formula): boolean {
  const path = [...dependents(formula, by)].filter((node) => node !== by);
  return path.every((node) => node.operation.shape.kind === "elementwise" && node.dim === by.dim);
}

/** The smallest position that no variable of the formulas uses. */
export function freePosition(...formulas: readonly Formula[]): number {
  const positions = nodesOf(...formulas)
    .filter(isVariable)
    .map((v) => asVariable(v).position);
  return Math.max(-1, ...positions) + 1;
}

register({
  name: "Grad",
  doc: "Gradient of e | f with respect to the variable v: the transposed Jacobian of f applied to e.",
  slots: [formulaSlot("f"), { name: "v", kind: "variable" }, formulaSlot("e")],
  build: ([f, v, e]) => grad(f as Formula, v as Formula, e as Formula),
});
