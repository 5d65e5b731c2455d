/**
 * Derivatives of formulas, as formulas: one walk from the result back to the leaves that adds up the cotangents that
 * the rows of the operation table give. Gradients of gradients follow because cotangents are formulas like any other.
 */
import { at } from "../asserts";
import { FormulaError } from "../errors";
import { Category, asVariable, isVariable, nodesOf, substitute, variable } from "./formula";
import type { Formula } from "./formula";
import type { Slot } from "./slots";
import { add, constant, formulaSlot, isZero, macro, mult, zero } from "./core";
import { addBeside, concat, extract, extractT } from "./vectors";

/**
 * Gradient of `cotangent | formula` with respect to `by`: the transposed Jacobian applied to the cotangent, of dim
 * `by.dim`. The cotangent itself is not differentiated.
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
    const arg = at(node.args, n);
    if (!cotangent || !onPath.has(arg)) return;
    const soFar = into.get(arg);
    into.set(arg, soFar ? addBeside(soFar, cotangent) : cotangent);
  });
}

/** The nodes of `formula` that depend on `by`, arguments first. */
export function dependents(formula: Formula, by: Formula): ReadonlySet<Formula> {
  const found = new Set<Formula>();
  for (const node of nodesOf(formula)) if (node === by || node.args.some((arg) => found.has(arg))) found.add(node);
  return found;
}

/**
 * Why `formula` is not linear in `by`, or undefined if it is: it must vanish with `by`, its gradient must not depend on
 * `by`, and no step between the two may be piecewise constant.
 */
export function whyNotLinear(formula: Formula, by: Formula): string | undefined {
  const path = dependents(formula, by);
  if (!path.has(formula)) return "it does not depend on it";
  if (!vanishes(() => substitute(formula, by, zero(by.dim)))) return "it is not 0 where that is 0";
  for (const node of path) if (isFlat(node, path)) return `${node.operation.name} is piecewise constant`;
  const probe = variable(-1, formula.dim, Category.P);
  return dependents(grad(formula, by, probe), by).size > 0 ? "its derivative depends on it" : undefined;
}

/** Whether what is built is 0 everywhere; not where it divides by 0. */
export function vanishes(build: () => Formula): boolean {
  try {
    return isZero(build());
  } catch (error) {
    if (error instanceof FormulaError) return false;
    throw error;
  }
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

// ------------------------------------------------------------------------------------------------------ entries

/**
 * Derivative of `formula` in the direction `tangent` of `by`: the Jacobian applied to it. Grad, transposed once more.
 */
export function diff(formula: Formula, by: Formula, tangent: Formula): Formula {
  if (isVariable(by) && tangent.dim !== by.dim)
    throw new FormulaError(`Diff(f, v, u): expected u of dim ${by.dim}, the dim of v, got ${tangent.dim}`);
  const probe = variable(-1 - freePosition(formula, tangent), formula.dim, Category.P);
  return grad(grad(formula, by, probe), probe, tangent);
}

/** Column k of the transposed Jacobian: the gradient of component k. */
function gradOfComponent(formula: Formula, by: Formula, k: number): Formula {
  return grad(formula, by, extractT(1, k, formula.dim));
}

/** Operators that take a formula apart component by component build a formula of that size. */
const MOST_COMPONENTS = 4096;

function components(formula: Formula): number[] {
  if (formula.dim > MOST_COMPONENTS)
    throw new FormulaError(`Jacobian: expected f of dim ${MOST_COMPONENTS} at most, got ${formula.dim}`);
  return Array.from({ length: formula.dim }, (_, k) => k);
}

/** Trace of the Jacobian, its row k weighted by component k of `weights`. */
function trace(where: string, formula: Formula, by: Formula, weights?: Formula): Formula {
  if (formula.dim !== by.dim)
    throw new FormulaError(`${where}: expected f of dim ${by.dim}, the dim of v, got ${formula.dim}`);
  const diagonal = components(formula).map((k) => extract(gradOfComponent(formula, by, k), k, 1));
  const weighted = diagonal.map((d, k) => (weights ? mult(extract(weights, k, 1), d) : d));
  return weighted.reduce((sum, d) => add(sum, d));
}

/** Sum of the second derivatives of a scalar formula. */
function laplacian(formula: Formula, by: Formula): Formula {
  if (formula.dim !== 1) throw new FormulaError(`Laplacian(f, v): expected f of dim 1, got ${formula.dim}`);
  return trace("Laplacian(f, v)", grad(formula, by, constant(1)), by);
}

const f = formulaSlot("f");
const v: Slot = { name: "v", kind: "variable" };

macro<readonly [f: Formula, v: Formula, e: Formula]>("Grad", {
  doc: "Gradient of e | f with respect to the variable v: the transposed Jacobian of f applied to e.",
  slots: [f, v, formulaSlot("e")],
  build: ([f, v, e]) => grad(f, v, e),
});
macro<readonly [f: Formula, v: Formula, u: Formula]>("AdjointOperator", {
  doc: "The adjoint of f, which is linear in v, applied to u: the same as Grad.",
  slots: [f, v, formulaSlot("u")],
  build: ([f, v, u]) => grad(f, v, u),
});
macro<readonly [f: Formula, v: Formula, u: Formula]>("Diff", {
  doc: "Derivative of f in the direction u of the variable v: the Jacobian applied to u.",
  slots: [f, v, formulaSlot("u")],
  build: ([f, v, u]) => diff(f, v, u),
});
macro<readonly [f: Formula, v: Formula]>("GradMatrix", {
  doc: "The Jacobian of f by v: df_k / dv_l stands at k·dim(v) + l.",
  method: "gradMatrix grad_matrix",
  slots: [f, v],
  build: ([f, v]) =>
    components(f)
      .map((k) => gradOfComponent(f, v, k))
      .reduceRight((rest, row) => concat(row, rest)),
});
macro<readonly [f: Formula, v: Formula]>("Divergence", {
  doc: "Trace of the Jacobian of f by v.",
  slots: [f, v],
  build: ([f, v]) => trace("Divergence(f, v)", f, v),
});
macro<readonly [f: Formula, v: Formula]>("Laplacian", {
  doc: "Sum of the second derivatives of f by the components of v.",
  slots: [f, v],
  build: ([f, v]) => laplacian(f, v),
});
macro<readonly [f: Formula, v: Formula, ...w: Formula[]]>("TraceOperator", {
  doc: "Trace of the Jacobian of f by v, rows weighted by w if given.",
  method: "traceOperator trace_operator",
  slots: [f, v, { name: "w", kind: "formula", optional: true }],
  build: ([f, v, w]) => trace("TraceOperator(f, v, w)", f, v, w),
});
macro("Factorize", {
  doc: "f itself: equal parts are computed once in any case.",
  slots: [f, formulaSlot("g")],
  build: ([f]) => f as Formula,
});
macro("AutoFactorize", {
  doc: "f itself: equal parts are computed once in any case.",
  method: "autoFactorize auto_factorize",
  slots: [f],
  build: ([f]) => f as Formula,
});
