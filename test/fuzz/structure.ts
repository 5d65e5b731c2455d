/**
 * What a random formula is made of: calls of operations on each other, as a graph; and how it is written, with no more
 * parentheses than the grammar asks for.
 */
import type { Calculus, Dual } from "./dual";
import type { Random } from "./random";

export type Parameter = number | readonly number[];
export type Vector = readonly Dual[];

/** An operation, as this test understands it. */
export interface Rule {
  readonly name: string;
  readonly arity: number;
  /** Numbers and lists that go with arguments of these dims; undefined where the dims do not fit. */
  readonly parameters: (random: Random, dims: readonly number[]) => readonly Parameter[] | undefined;
  readonly value: (c: Calculus, args: readonly Vector[], parameters: readonly Parameter[]) => Vector;
  /** The operator that may be written instead of the name, and how tightly it binds. */
  readonly infix?: { readonly symbol: string; readonly precedence: number };
  /** Whether its first argument stands for the whole and a variable follows: the derivatives of it are values here. */
  readonly isDerivative?: boolean;
  /** Whether the numbers of its first argument increase: so only those of parameters do for sure. */
  readonly increases?: boolean;
}

export type Node = VariableNode | NumberNode | CallNode;

export interface VariableNode {
  readonly kind: "variable";
  readonly name: string;
  readonly dim: number;
  readonly category: "Vi" | "Vj" | "Pm";
}

export interface NumberNode {
  readonly kind: "number";
  readonly text: string;
  readonly values: readonly number[];
  readonly dim: number;
}

export interface CallNode {
  readonly kind: "call";
  readonly rule: Rule;
  readonly args: readonly Node[];
  readonly parameters: readonly Parameter[];
  readonly dim: number;
  readonly isInfix: boolean;
}

export const argsOf = (node: Node): readonly Node[] => (node.kind === "call" ? node.args : []);

/** All nodes, arguments before what is built from them. */
export function nodesOf(root: Node, found = new Set<Node>()): ReadonlySet<Node> {
  if (found.has(root)) return found;
  for (const arg of argsOf(root)) nodesOf(arg, found);
  return found.add(root);
}

export const variablesIn = (...roots: readonly Node[]): VariableNode[] => {
  const all = roots.flatMap((root) => [...nodesOf(root)]).filter((node) => node.kind === "variable");
  return [...new Set(all)];
};

/** A comparison, `|`, sums, products, the sign, powers, from loose to tight; names and calls are tighter than all. */
const SIGN = 5;
const POWER = 6;
const CALL = 7;

export function textOf(node: Node): string {
  if (node.kind === "variable") return node.name;
  if (node.kind === "number") return node.text;
  if (node.isInfix && node.rule.infix) return infixText(node, node.rule.infix);
  const parameters = node.parameters.map((p) => (typeof p === "number" ? String(p) : `[${p.join(", ")}]`));
  return `${node.rule.name}(${[...node.args.map(textOf), ...parameters].join(", ")})`;
}

function infixText({ args, parameters }: CallNode, { symbol, precedence }: NonNullable<Rule["infix"]>): string {
  const [left, right] = args as [Node, Node?];
  if (precedence === SIGN) return `-${wrapped(left, SIGN)}`;
  const isPower = precedence === POWER;
  const isComparison = precedence === 1;
  const second = right ? wrapped(right, isPower ? SIGN : precedence + 1) : String(parameters[0]);
  return `${wrapped(left, isPower || isComparison ? precedence + 1 : precedence)} ${symbol} ${second}`;
}

/** In parentheses where it binds more loosely than `least`. */
function wrapped(node: Node, least: number): string {
  return precedenceOf(node) < least ? `(${textOf(node)})` : textOf(node);
}

function precedenceOf(node: Node): number {
  if (node.kind === "number") return node.text.startsWith("-") ? SIGN : CALL;
  return node.kind === "call" && node.isInfix && node.rule.infix ? node.rule.infix.precedence : CALL;
}
