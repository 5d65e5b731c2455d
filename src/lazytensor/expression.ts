/**
 * Lazy expressions: a formula and what its variables stand for; and what every lazy tensor holds of one, which users
 * do not see. The one idea is that nothing is computed until a reduction numbers the variables in the order in which
 * the formula reads them; so expressions of one structure share their routines, whatever arrays they were made of.
 * Must not know how users write operations.
 */
import { swapAxes } from "../array/ranges";
import type { BlockRanges } from "../array/ranges";
import { allocate, shapeText, wrap } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import { asserted, at, lookUp } from "../asserts";
import type { Operator } from "../call/operator";
import type { CallOptions } from "../call/prepared";
import type { Settings } from "../call/result";
import { ArgumentError, FormulaError } from "../errors";
import { FewerPairs } from "../fast/fewer";
import { argumentOf } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import { constant } from "../formula/core";
import { Category, asVariable, isVariable, print, rebuild, variable, withArgs } from "../formula/formula";
import type { Formula } from "../formula/formula";
import { batchOf, categoryOf, dtypeAmong, isArray, leafText, numberLeaf, otherLeaf, sizesOf, union } from "./leaf";
import type { Leaf, Sizes } from "./leaf";

/** Which pairs an expression is evaluated at, and where. */
export interface Where {
  readonly ranges?: BlockRanges | null | undefined;
  readonly backend?: CallOptions["backend"];
}

/** What arrays that fit each other have together. */
interface Fit {
  readonly sizes: Sizes;
  readonly batch: readonly number[];
  readonly dtype: Dtype | null;
}

/** @throws ArgumentError where arrays do not fit each other. */
const checkFit = (leaves: readonly Leaf[]): Fit => ({
  dtype: dtypeAmong(leaves),
  sizes: sizesOf(leaves),
  batch: batchOf(leaves),
});

/** A formula over leaves, checked: all arrays fit each other. */
export class Expression implements Fit {
  readonly sizes: Sizes;
  readonly batch: readonly number[];
  readonly dtype: Dtype | null;

  /** @throws ArgumentError where arrays do not fit each other. */
  constructor(
    readonly formula: Formula,
    readonly leaves: readonly Leaf[],
    readonly where: Where = {},
    { dtype, sizes, batch }: Fit = checkFit(leaves),
  ) {
    this.dtype = dtype;
    this.sizes = sizes;
    this.batch = batch;
  }

  /** What is built from several expressions: their leaves, ranges and backend together. */
  static join(formula: Formula, parts: readonly Expression[]): Expression {
    const where = { ranges: commonWhere("ranges", parts), backend: commonWhere("backend", parts) };
    const leaves = union(...parts.map((part) => part.leaves));
    const checked = parts.find((part) => part.leaves.length === leaves.length); // one with all of them
    return new Expression(formula, leaves, where, checked);
  }

  static of(leaf: Leaf): Expression {
    return new Expression(leaf.variable, [leaf]);
  }

  /**
   * Integers and halves are part of the formula; other numbers are parameters, so that another bandwidth needs no other
   * routine.
   */
  static fromNumber(value: number): Expression {
    return Number.isSafeInteger(2 * value) ? new Expression(constant(value), []) : Expression.of(numberLeaf(value));
  }

  with(where: Where): Expression {
    return new Expression(this.formula, this.leaves, { ...this.where, ...where }, this);
  }

  /** i and j exchanged. */
  transpose(): Expression {
    const { ranges } = this.where;
    const other = this.mapLeaves(otherLeaf);
    return other.with({ ranges: ranges && swapAxes(ranges) });
  }

  /** With other leaves in the place of its own. */
  mapLeaves(change: (leaf: Leaf) => Leaf): Expression {
    const changed = new Map(this.leaves.map((leaf) => [leaf.variable, change(leaf)]));
    const formula = replaceVariables(this.formula, (v) => changed.get(v)?.variable ?? v);
    return new Expression(formula, union([...changed.values()]), this.where);
  }

  /** The leaf that this expression is, if it is nothing else. */
  get leaf(): Leaf | undefined {
    return this.leaves.find((leaf) => leaf.variable === this.formula);
  }
}

function commonWhere<K extends keyof Where>(name: K, parts: readonly Expression[]): Where[K] {
  const given = [...new Set(parts.map(({ where }) => where[name] ?? undefined))].filter((value) => value !== undefined);
  if (given.length > 1)
    throw new ArgumentError(`LazyTensor: expected one ${name} for all operands, got ${given.length}`);
  return given[0];
}

/** All variables replaced at once. */
export const replaceVariables = (formula: Formula, name: (variable: Formula) => Formula): Formula =>
  rebuild(formula, (node, args) => (isVariable(node) ? name(node) : withArgs(node, args)));

// ------------------------------------------------------------------------------------------------------- binding

/** Formulas whose variables are numbered 0, 1, …, with what stands for each. */
export interface Bound {
  readonly formulas: readonly Formula[];
  readonly args: readonly Argument[];
  /** In argument order. */
  readonly leaves: readonly Leaf[];
  /** How many of the first arguments are symbolic. */
  readonly open: number;
}

/** @throws ArgumentError where symbolic variables leave out a place or share one. */
export function bound(formulas: readonly Formula[], leaves: readonly Leaf[]): Bound {
  const ordered = distinct(sortByReading(formulas, leaves));
  const symbolic = ordered.filter(isSymbolic).sort((a, b) => a.place - b.place);
  symbolic.forEach((leaf, n) => {
    if (leaf.place !== n)
      throw new ArgumentError(
        `LazyTensor: expected one symbolic variable of index ${n}, got ${symbolic.map(leafText).join(", ")}`,
      );
  });
  const sorted = [...symbolic, ...ordered.filter(({ place }) => place === null)];
  const args = sorted.map(argumentOfLeaf);
  const positions = new Map(sorted.map((leaf, n) => [keyOf(leaf), at(args, n).variable]));
  const byVariable = new Map<Formula, Formula>();
  for (const leaf of leaves) {
    const position = positions.get(keyOf(leaf));
    if (position) byVariable.set(leaf.variable, position); // parameters that simplification removed have none
  }
  return {
    formulas: formulas.map((formula) => replaceVariables(formula, (v) => lookUp(byVariable, v))),
    args,
    leaves: sorted,
    open: symbolic.length,
  };
}

const isSymbolic = (leaf: Leaf): leaf is Leaf & { readonly place: number } => leaf.place !== null;

/** Equal numbers are one argument. */
const keyOf = ({ value, variable: v }: Leaf): unknown => (typeof value === "number" ? value : v);

function distinct(leaves: readonly Leaf[]): Leaf[] {
  return [...new Map(leaves.map((leaf) => [keyOf(leaf), leaf])).values()];
}

/**
 * Leaves in the order in which a reader meets them, then those that simplification removed: their sizes still count.
 */
function sortByReading(formulas: readonly Formula[], leaves: readonly Leaf[]): Leaf[] {
  const byVariable = new Map(leaves.map((leaf) => [leaf.variable, leaf]));
  const found = new Set<Leaf>();
  const seen = new Set<Formula>();
  const waiting = [...formulas].reverse();
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (isVariable(node)) found.add(lookUp(byVariable, node));
    waiting.push(...[...node.args].reverse());
  }
  const unread = leaves.filter((leaf) => !found.has(leaf) && categoryOf(leaf) !== Category.P);
  return [...found, ...unread];
}

const LETTERS = { [Category.I]: "x", [Category.J]: "y", [Category.P]: "p" } as const;

/** Symbolic arguments have no name, as an alias without one. */
function argumentOfLeaf(leaf: Leaf, position: number): Argument {
  const { dim, category } = asVariable(leaf.variable);
  const name = leaf.place === null ? `${LETTERS[category]}${position}` : undefined;
  return argumentOf(name, variable(position, dim, category));
}

/** `7 i, 5 j, batch [2]`, as errors say it. */
export function sizesText({ sizes: [rows, columns], batch }: Expression): string {
  const parts = [
    `${rows ?? "no"} i`,
    `${columns ?? "no"} j`,
    ...(batch.length > 0 ? [`batch ${shapeText(batch)}`] : []),
  ];
  return parts.join(", ");
}

/** Text of the formula of an expression, with variables named as in messages. */
export function textOf(expression: Expression): string {
  const { formulas, args } = bound([expression.formula], expression.leaves);
  return print(at(formulas, 0), (v) => at(args, asVariable(v).position).name ?? String(v));
}

/** What the variables of that text stand for, in its order. */
export function valuesOf({ formula, leaves }: Expression): readonly Leaf["value"][] {
  return bound([formula], leaves).leaves.map(({ value }) => value);
}

// ----------------------------------------------------------------------------------------------------- operators

const operators = new WeakMap<Formula, Map<string, Operator>>();

/** The operator of bound formulas; one for all expressions of the same structure, with its gradients. */
export function operatorOf({ formulas, args }: Bound, settings: Settings): Operator {
  const { reduction, k, rows, sumScheme, accumulator } = settings;
  const [formula, weights] = [at(formulas, 0), formulas[1]];
  const table = args.map(({ name, category, dim }) => `${name ?? ""}:${category}:${dim}`).join();
  const key = [reduction.name, weights?.id, k, rows, sumScheme, accumulator, table].join("|");
  const known = operators.get(formula) ?? new Map<string, Operator>();
  operators.set(formula, known);
  const found = known.get(key) ?? new FewerPairs(formulas, args, settings);
  known.set(key, found);
  return found;
}

/** The arrays of a call: those given for symbolic variables, then those held. */
export function arraysOf({ leaves, open, args }: Bound, given: readonly unknown[]): unknown[] {
  if (given.length !== open)
    throw new ArgumentError(`call: expected ${open} arrays for the symbolic variables, got ${given.length}`);
  if (args.length === 0)
    throw new FormulaError(
      "LazyTensor: expected a variable or an array, got numbers alone: nothing gives sizes and dtype",
    );
  const held = leaves.slice(open).map(({ value }) => value);
  const dtype = dtypeAmong(leaves) ?? dtypeOfGiven(given);
  return [
    ...given,
    ...held.map((value) =>
      typeof value === "number" || isArray(value) ? value : arrayFromList(asserted(value, "a value"), dtype),
    ),
  ];
}

const dtypeOfGiven = (given: readonly unknown[]): Dtype =>
  given.some((value) => (value as Partial<RealArray> | null)?.data?.BYTES_PER_ELEMENT === 8) ? "float64" : "float32";

function arrayFromList(values: readonly number[], dtype: Dtype): RealArray {
  const data = allocate(dtype, values.length);
  data.set(values);
  return wrap(data, [values.length]);
}

// ---------------------------------------------------------------------------------------------- what lazy tensors hold

/** How tensors are made by the methods of one: of its own kind, real ones and complex ones. */
export interface Kind<Self, L, C> {
  readonly own: (expression: Expression) => Self;
  readonly real: (expression: Expression) => L;
  readonly complex: (expression: Expression) => C;
  /** What operations take beside the tensor. @throws ArgumentError for anything else. */
  readonly operand: (where: string, value: unknown) => Expression;
}

/** An expression as users have it: in private fields, so that completion, printing and `Object.keys` show what is public. */
export abstract class Symbolic<Self = unknown, L = unknown, C = unknown> {
  /** Whether its components are complex numbers, two reals each. */
  abstract readonly isComplex: boolean;
  readonly #expression: Expression;
  readonly #kind: Kind<Self, L, C>;

  constructor(expression: Expression, kind: Kind<Self, L, C>) {
    this.#expression = expression;
    this.#kind = kind;
  }

  static isOne(value: unknown): value is Symbolic {
    return typeof value === "object" && value !== null && #expression in value;
  }
  static expressionOf(tensor: Symbolic): Expression {
    return tensor.#expression;
  }
  static kindOf<Self, L, C>(tensor: Symbolic<Self, L, C>): Kind<Self, L, C> {
    return tensor.#kind;
  }
}

/** Whether it is a lazy tensor, real or complex. */
export const isLazy = (value: unknown): value is Symbolic => Symbolic.isOne(value);

/** The formula of a lazy tensor and what its variables stand for. */
export const expressionIn = (tensor: Symbolic): Expression => Symbolic.expressionOf(tensor);

/** A tensor of the kind of another one. */
export const alike = <Self>(tensor: Symbolic<Self>, expression: Expression): Self =>
  Symbolic.kindOf(tensor).own(expression);
