/**
 * Formulas: immutable expression graphs over variables x_i, y_j and parameters. The one idea is interning: equal
 * formulas are the same object, so equality is `===`, common subexpressions are shared, and an argument always has a
 * smaller `id` than what is built from it, which makes every walk a loop over sorted ids. This module knows no
 * operation, no data and no device.
 */
import { at, lookUp } from "../asserts";
import { FormulaError } from "../errors";
import type { BoundsRule } from "./intervals";
import type { Method, Slot } from "./slots";

/**
 * What a variable is indexed by: rows i, columns j, or nothing (a parameter). The numbers are those of `Var(position,
 * dim, category)`.
 */
export enum Category {
  I = 0,
  J = 1,
  P = 2,
}

/** What texts call an argument of a category. */
export const KIND_OF_CATEGORY: Readonly<Record<Category, string>> = {
  [Category.I]: "Vi",
  [Category.J]: "Vj",
  [Category.P]: "Pm",
};

/** Bits of {@link Formula.depends}. */
export enum Depends {
  Nothing = 0,
  I = 1,
  J = 2,
  Both = 3,
}

/** A number or a list of numbers that is part of a formula's text, such as the 2 of `Elem(x, 2)`. */
export type Parameter = number | readonly number[];

/** One way to read `Name(arguments)`: the parser's table holds these. */
export interface Entry {
  readonly name: string;
  /** One sentence for hover texts and the reference page. */
  readonly doc: string;
  readonly slots: readonly Slot[];
  /** Absent where it takes no formula, or is no operation. */
  readonly method?: Method;
  /** Builds the formula; throws FormulaError where dims or numbers do not fit. */
  build(values: readonly (Formula | Parameter)[]): Formula;
}

/** Component by component; arguments of dim 1 are broadcast. */
export interface Elementwise {
  readonly kind: "elementwise";
  /** Meaning, on numbers. */
  value(args: readonly number[], params: readonly Parameter[]): number;
  /** Meaning, as text in the code dialect; absent where `lower` always rewrites. */
  readonly code?: (args: readonly string[]) => string;
  /** Vector instructions, about. */
  readonly cost: number;
  /** What the value is multiplied by when its two arguments change places; absent where it becomes another. */
  readonly turned?: 1 | -1;
}

/** Copies components: the segments together fill the output, each component once. */
export interface View<Dims = readonly number[], Params = readonly Parameter[]> {
  readonly kind: "view";
  segments(dims: Dims, params: Params): readonly Segment[];
}

/** `length` components start, start + stride, … of argument `arg`; zeros where `arg` is absent. */
export interface Segment extends Steps {
  readonly length: number;
  readonly arg?: number;
  /** Where they stand in the output; next to the segment before where absent. */
  readonly target?: Steps;
}

export interface Steps {
  readonly start: number;
  readonly stride: number;
}

/** A segment whose place in the output is written out. */
export interface PlacedSegment extends Segment {
  readonly target: Steps;
}

/** The segments with their places. */
export function placeSegments(segments: readonly Segment[]): readonly PlacedSegment[] {
  let end = 0;
  return segments.map((segment) => {
    const target = segment.target ?? { start: end, stride: 1 };
    end += segment.length;
    return { ...segment, target };
  });
}

/**
 * out[kept…] = sum over summed… of the product of the arguments, each addressed by its strides; axes in row-major
 * order.
 */
export interface Contraction<Dims = readonly number[], Params = readonly Parameter[]> {
  readonly kind: "contraction";
  axes(dims: Dims, params: Params): { kept: readonly Axis[]; summed: readonly Axis[] };
}

export interface Axis {
  readonly size: number;
  /** One stride per argument. */
  readonly strides: readonly number[];
}

/** A variable or a constant. */
export interface Leaf {
  readonly kind: "leaf";
}

/** A row of the operation table. */
export interface Operation extends Entry {
  readonly shape: Elementwise | View | Contraction | Leaf;
  /** Dim of the result; throws FormulaError when the arguments do not fit. */
  dim(dims: readonly number[], params: readonly Parameter[]): number;
  /** An equal, simpler formula, or undefined. Called once, when the formula is built. */
  readonly simplify?: (args: readonly Formula[], params: readonly Parameter[]) => Formula | undefined;
  /** One cotangent per argument, from the cotangent of the result; null where the derivative is zero everywhere. */
  readonly cotangents: (cotangent: Formula, of: Formula) => readonly (Formula | null)[];
  /** Bounds of the values from those of the arguments; unknown where absent. */
  readonly bounds?: BoundsRule<Formula>;
  /** How far an engine's value may be from the exact one, in units in the last place; 4 where absent. */
  readonly ulps?: number;
  /** An equal formula that is cheaper to compute, or the formula itself; for the code generator only. */
  readonly lower?: (formula: Formula) => Formula;
  /** Where sampled arguments of a test must lie. */
  readonly domain: readonly [number, number];
  /** Text of the formula; `Name(args, params)` where absent. */
  readonly print?: (args: readonly string[], formula: Formula) => string;
  /** How tightly the printed operator binds; absent for calls and names, which need no parentheses. */
  readonly precedence?: number;
}

export class Formula {
  /** Use {@link make}. */
  constructor(
    readonly id: number,
    readonly operation: Operation,
    readonly args: readonly Formula[],
    readonly params: readonly Parameter[],
    readonly dim: number,
    readonly depends: Depends,
  ) {}

  /** Text of the formula, with names for variables that have none. */
  toString(): string {
    return print(this, (leaf) => {
      const { position, dim, category } = asVariable(leaf);
      return `${KIND_OF_CATEGORY[category]}(${position},${dim})`;
    });
  }
}

const interned = new Map<string, WeakRef<Formula>>();
const forget = new FinalizationRegistry<string>((key) => {
  if (interned.get(key)?.deref() === undefined) interned.delete(key);
});
let nextId = 0;

/** Larger vectors come of mistakes, such as a slipped digit, and would exhaust memory. */
const LARGEST_DIM = 2 ** 20;

/** The formula `operation(args, params)`, simplified; the same object for the same arguments. */
export function make(operation: Operation, args: readonly Formula[], params: readonly Parameter[] = []): Formula {
  const dim = operation.dim(
    args.map((arg) => arg.dim),
    params,
  );
  if (dim > LARGEST_DIM)
    throw new FormulaError(`${operation.name}: expected a dim of at most ${LARGEST_DIM}, got ${dim}`);
  return operation.simplify?.(args, params) ?? intern(operation, args, params, dim);
}

/** `operation(args, params)` as it stands, not simplified: for lowered formulas, whose grouping is their point. */
export function exact(operation: Operation, args: readonly Formula[], params: readonly Parameter[] = []): Formula {
  const dims = args.map((arg) => arg.dim);
  return intern(operation, args, params, operation.dim(dims, params));
}

function intern(operation: Operation, args: readonly Formula[], params: readonly Parameter[], dim: number): Formula {
  const key = `${operation.name}(${args.map((arg) => arg.id).join()};${params.map((p) => (typeof p === "number" ? p : `[${p.join()}]`)).join()})`;
  const known = interned.get(key)?.deref();
  if (known) return known;
  const depends = args.reduce<number>((bits, arg) => bits | arg.depends, ownDepends(operation, params));
  const formula = new Formula(nextId++, operation, args, params, dim, depends);
  interned.set(key, new WeakRef(formula));
  forget.register(formula, key);
  return formula;
}

const DEPENDS_OF_CATEGORY = [Depends.I, Depends.J, Depends.Nothing];

function ownDepends(operation: Operation, params: readonly Parameter[]): Depends {
  return operation === variableOperation ? at(DEPENDS_OF_CATEGORY, params[2] as Category) : Depends.Nothing;
}

/** `Var(position, dim, category)`: argument number `position` of the call. */
const variableOperation: Operation = {
  name: "Var",
  doc: "Argument number `position` of the call, of dim `dim`; category 0 is Vi, 1 is Vj, 2 is Pm.",
  slots: [
    { name: "position", kind: "integer" },
    { name: "dim", kind: "integer" },
    { name: "category", kind: "integer" },
  ],
  shape: { kind: "leaf" },
  build: (values) => variable(values[0] as number, values[1] as number, values[2] as number),
  dim: (_, params) => params[1] as number,
  cotangents: () => [],
  domain: [-1, 1],
};

/** The entry that reads `Var(position, dim, category)`. */
export const variableEntry: Entry = variableOperation;

/** Variable number `position`. @throws FormulaError for a dim below 1 or an unknown category. */
export function variable(position: number, dim: number, category: Category): Formula {
  if (!Number.isSafeInteger(position)) throw new FormulaError(`Var: expected an integer position, got ${position}`);
  if (!Number.isSafeInteger(dim) || dim < 1) throw new FormulaError(`Var: expected a dim of at least 1, got ${dim}`);
  if (![0, 1, 2].includes(category))
    throw new FormulaError(`Var: expected category 0 (Vi), 1 (Vj) or 2 (Pm), got ${category}`);
  return make(variableOperation, [], [position, dim, category]);
}

export function isVariable(formula: Formula): boolean {
  return formula.operation === variableOperation;
}

export interface Variable {
  readonly position: number;
  readonly dim: number;
  readonly category: Category;
}

/** The numbers of a variable. */
export function asVariable(formula: Formula): Variable {
  const [position, dim, category] = formula.params as readonly [number, number, Category];
  return { position, dim, category };
}

/** All formulas below and including the roots, arguments before what is built from them. */
export function nodesOf(...roots: readonly Formula[]): Formula[] {
  const seen = new Set<Formula>(roots);
  for (const node of seen) for (const arg of node.args) seen.add(arg);
  return [...seen].sort((a, b) => a.id - b.id);
}

/** The variables that a formula reads, by position. */
export function variablesOf(...roots: readonly Formula[]): Formula[] {
  return nodesOf(...roots)
    .filter(isVariable)
    .sort((a, b) => asVariable(a).position - asVariable(b).position);
}

/** Rebuilds a graph from its leaves up: `visit` sees every node with its arguments already replaced. */
export function rebuild(root: Formula, visit: (node: Formula, args: readonly Formula[]) => Formula): Formula {
  const replaced = new Map<Formula, Formula>();
  for (const node of nodesOf(root))
    replaced.set(
      node,
      visit(
        node,
        node.args.map((arg) => lookUp(replaced, arg)),
      ),
    );
  return lookUp(replaced, root);
}

/** The node with other arguments; simplified again. */
export function withArgs(node: Formula, args: readonly Formula[]): Formula {
  return args.every((arg, n) => arg === node.args[n]) ? node : make(node.operation, args, node.params);
}

/**
 * An equal formula that is cheaper to compute: every row's `lower`, applied until nothing changes. Its text may look
 * odd (products regrouped by what they depend on); only code is made from it.
 */
export function lowerFormula(root: Formula): Formula {
  const done = new Map<Formula, Formula>();
  const lowerNode = (node: Formula): Formula => {
    for (const next of pendingNodes(node, done)) {
      const same = exact(
        next.operation,
        next.args.map((arg) => lookUp(done, arg)),
        next.params,
      );
      const better = same.operation.lower?.(same) ?? same;
      done.set(same, same);
      done.set(next, better === same ? same : lowerNode(better));
    }
    return lookUp(done, node);
  };
  return lowerNode(root);
}

/** The nodes below and including `root` that are not in `done`, arguments first. */
function pendingNodes(root: Formula, done: ReadonlyMap<Formula, Formula>): Formula[] {
  const found = new Set<Formula>(done.has(root) ? [] : [root]);
  for (const node of found) for (const arg of node.args) if (!done.has(arg)) found.add(arg);
  return [...found].sort((a, b) => a.id - b.id);
}

/** The formula with `from` replaced by `to` everywhere. */
export function substitute(root: Formula, from: Formula, to: Formula): Formula {
  return rebuild(root, (node, args) => (node === from ? to : withArgs(node, args)));
}

/** Text of a formula, with variables written as `name` says. */
export function print(root: Formula, name: (variable: Formula) => string): string {
  const texts = new Map<Formula, string>();
  for (const node of nodesOf(root)) texts.set(node, isVariable(node) ? name(node) : printNode(node, texts));
  return lookUp(texts, root);
}

const LONGEST_PRINTED = 10_000;

function printNode(node: Formula, texts: ReadonlyMap<Formula, string>): string {
  const args = node.args.map((arg) => lookUp(texts, arg));
  const params = node.params.map((p) => (typeof p === "number" ? String(p) : `[${p.join(",")}]`));
  const text = node.operation.print?.(args, node) ?? `${node.operation.name}(${[...args, ...params].join(", ")})`;
  return text.length > LONGEST_PRINTED ? `${node.operation.name}(…)` : text;
}
