/**
 * Operands: what users pass to operations, as expressions. The one idea is that the operation table alone says what an
 * operation takes; so this file knows none by name.
 */
import { described, isNdarray } from "../array/check";
import type { RealArray } from "../array/view";
import { at, lookUp } from "../asserts";
import { ArgumentError } from "../errors";
import "../formula/autodiff"; // Grad comes into the table of entries with it
import { buildEntry } from "../formula/arguments";
import { Category } from "../formula/formula";
import type { Formula, Parameter } from "../formula/formula";
import type { Slot } from "../formula/slots";
import { complex } from "../formula/complex";
import { entries, lift } from "../formula/core";
import "../formula/ops"; // with all rows
import { Expression, Symbolic, expressionIn, isLazy, textOf } from "./expression";
import { guessedLeaf, indexedLeaf, isNumbers, parameterLeaf } from "./leaf";

/** What makes a tensor: a number, a list, an array. @throws ArgumentError for anything else. */
export function expressionOf(where: string, value: unknown, axis: 0 | 1 | undefined): Expression {
  if (axis !== undefined) return Expression.of(indexedLeaf(where, value, axis === 0 ? Category.I : Category.J));
  if (typeof value === "number") return Expression.fromNumber(value);
  return Expression.of(isNumbers(value) ? parameterLeaf(where, value) : guessedLeaf(where, value));
}

/** What a lazy tensor is combined with: another one, a number, or an array or list that is a parameter. */
export type LazyOperand = (Symbolic & { readonly isComplex: false }) | RealArray | number | readonly number[];
/** What a complex lazy tensor is combined with; what is real counts as complex without imaginary part. */
export type ComplexLazyOperand = Symbolic | LazyOperand;

/** What is combined with a tensor that waits for arrays, or with one that must not wait. */
export type OperandOf<W extends boolean> = W extends true
  ? LazyOperand
  : (Symbolic & { readonly isComplex: false; readonly waits: false }) | Exclude<LazyOperand, Symbolic>;

/** What a tensor becomes with operands `Y`: it waits (`WL`) if one of them does. */
export type Joined<L, WL, Y> = [Extract<Y, { readonly waits: true }>] extends [never] ? L : WL;

/** The real tensor of the row called `name`, as a method of a tensor. */
export function applyReal<L>(tensor: Symbolic<unknown, L>, name: string, values: readonly unknown[]): L {
  const { real, operand } = Symbolic.kindOf(tensor);
  return real(applyOperation(name, values, operand));
}

/** The complex tensor of the row called `name`, as a method of a tensor. */
export function applyComplex<C>(tensor: Symbolic<unknown, unknown, C>, name: string, values: readonly unknown[]): C {
  const { complex: made, operand } = Symbolic.kindOf(tensor);
  return made(applyOperation(name, values, operand));
}

type ToOperand = (where: string, value: unknown) => Expression;

/**
 * The entry of the table called `name` on operands, numbers and lists. @throws ArgumentError, FormulaError where they
 * do not fit.
 */
export function applyOperation(name: string, values: readonly unknown[], toOperand: ToOperand): Expression {
  const entry = lookUp(entries, name);
  const parts: Expression[] = [];
  const given = values.flatMap((value, n): (Formula | Parameter)[] => {
    const slot = at(entry.slots, n);
    const where = `${name}, ${slot.name}`;
    if (slot.optional && value === undefined) return [];
    if (slot.kind !== "formula" && slot.kind !== "variable") return [parameter(where, slot.kind, value)];
    const part = operandIn(slot, where, value, toOperand);
    parts.push(part);
    return [part.formula];
  });
  return Expression.join(buildEntry(entry, given), parts);
}

function operandIn({ kind }: Slot, where: string, value: unknown, toOperand: ToOperand): Expression {
  const part = toOperand(where, value);
  if (kind === "formula" || part.leaf) return part;
  throw new ArgumentError(`${where}: expected a variable such as Vi(x), got ${textOf(part)}`);
}

const EXPECTED = { list: "a list of integers", integer: "an integer", number: "a number" } as const;

function parameter(where: string, kind: keyof typeof EXPECTED, value: unknown): Parameter {
  const fits = {
    list: Array.isArray(value) && value.every(Number.isSafeInteger),
    integer: Number.isSafeInteger(value),
    number: typeof value === "number",
  };
  if (fits[kind]) return value as Parameter;
  throw new ArgumentError(`${where}: expected ${EXPECTED[kind]}, got ${described(value)}`);
}

/** @throws ArgumentError for what is complex, or no operand. */
export function realOperand(where: string, value: unknown): Expression {
  if (isLazy(value)) {
    if (!value.isComplex) return expressionIn(value);
    throw new ArgumentError(
      `${where}: expected real numbers, got a ComplexLazyTensor: use its real(), imag() or abs()`,
    );
  }
  if (typeof value === "number" || isNumbers(value) || isNdarray(value)) return expressionOf(where, value, undefined);
  throw new ArgumentError(`${where}: expected a LazyTensor, an array or a number, got ${described(value)}`);
}

/** What is real gets the imaginary part 0. */
export function complexOperand(where: string, value: unknown): Expression {
  if (isLazy(value) && value.isComplex) return expressionIn(value);
  const real = realOperand(where, value);
  return Expression.join(complex(real.formula, lift(0)), [real]);
}

/** Complex components as real ones. */
export function twice(where: string, count: unknown): number {
  if (Number.isSafeInteger(count)) return 2 * (count as number);
  throw new ArgumentError(`${where}: expected an integer, got ${described(count)}`);
}

/** What a call is told, and where the tensor is computed unless that says otherwise. */
export const withPlace = <O extends object>({ where }: Expression, options: O | null | undefined): O =>
  ({ ...where, ...options }) as O;
