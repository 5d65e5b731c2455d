/**
 * Elementwise functions of arrays: the rows of the operation table through one door. The one idea: elements are rows i
 * of a call without columns to sum over, so an engine computes them, and the derivatives of any order are the row's
 * own. Knows no row by name.
 */
import { numberArray, reshape } from "../array/arithmetic";
import { arrayIn, dtypeAmong } from "../array/check";
import type { ArrayInput } from "../array/check";
import { localAmong, localOf, recording } from "../array/record";
import { broadcast, sizeOf } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import { at, lookUp } from "../asserts";
import { Operator } from "../call/operator";
import { PLAIN_SUM, valuesOf } from "../call/result";
import { ArgumentError } from "../errors";
import { buildEntry, extraArgument } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import { Category } from "../formula/formula";
import type { Formula, Parameter } from "../formula/formula";
import type { Slot } from "../formula/slots";
import "../formula/ops"; // with all rows
import { entries } from "../formula/core";
import { describeValue } from "../options";
import { commonShapeOf } from "./shapes";

/**
 * The row called `entry` on arrays that broadcast as in NumPy, and numbers.
 * @param where the name of the function in messages. @throws ArgumentError for shapes and dtypes that do not fit.
 */
export function applyRow(where: string, entry: string, given: readonly unknown[]): RealArray {
  const { slots } = lookUp(entries, entry);
  checkAnyArray(where, slots, given);
  const dtype = dtypeAmong(given) ?? "float32";
  const arrays = slots.flatMap((slot, n) =>
    slot.kind === "formula" ? [operandOf(`${where}, ${slot.name}`, given[n], dtype)] : [],
  );
  const kinds = slots.map((slot, n): Kind => {
    if (slot.kind !== "formula") return parameterOf(`${where}, ${slot.name}`, slot.kind, given[n]);
    return typeof given[n] === "number" ? "number" : "array";
  });
  return evaluate(where, operatorOf(where, entry, kinds), arrays);
}

/** @throws ArgumentError where numbers alone were given. */
function checkAnyArray(where: string, slots: readonly Slot[], given: readonly unknown[]): void {
  if (slots.some(({ kind }, n) => kind === "formula" && typeof given[n] !== "number")) return;
  throw new ArgumentError(`${where}: expected an array, got numbers alone: ${given.map(describeValue).join(", ")}`);
}

function operandOf(where: string, value: unknown, dtype: Dtype): RealArray {
  return typeof value === "number" ? numberArray(value, dtype, [1]) : arrayIn(where, value as ArrayInput, dtype);
}

function parameterOf(where: string, kind: Slot["kind"], value: unknown): number {
  const isInteger = kind === "integer";
  if (isInteger ? Number.isSafeInteger(value) : Number.isFinite(value)) return value as number;
  throw new ArgumentError(`${where}: expected ${isInteger ? "an integer" : "a number"}, got ${describeValue(value)}`);
}

/** Arrays that all ranks have become those of this one beside its own: columns of them would differ in length. */
function ownAll(arrays: readonly RealArray[]): readonly RealArray[] {
  const local = localAmong(arrays);
  return local ? arrays.map((x) => (localOf(x) || !recording([x]) ? x : local.own(x))) : arrays;
}

/** Every argument but a number becomes a column of the common shape. */
function evaluate(where: string, operator: Operator, given: readonly RealArray[]): RealArray {
  const arrays = ownAll(given);
  const isArray = (_: unknown, n: number): boolean => at(operator.args, n).category === Category.I;
  const shape = commonShapeOf(where, arrays.filter(isArray));
  const column = [sizeOf(shape), 1];
  const columns = arrays.map((array, n) => (isArray(array, n) ? reshape(broadcast(array, shape), column) : array));
  return reshape(valuesOf(operator.call(columns)), shape);
}

/** What an argument is: an array, a number that stands for one, or a number that is part of the formula. */
type Kind = "array" | "number" | number;

const operators = new Map<string, Operator>();
/** Integers that are parts of formulas may be any: what was made for them is let go from time to time. */
const MOST_KEPT = 1000;

function operatorOf(where: string, entry: string, kinds: readonly Kind[]): Operator {
  const key = `${entry} ${kinds.join()}`;
  const known = operators.get(key);
  if (known) return known;
  if (operators.size >= MOST_KEPT) operators.clear();
  const made = makeOperator(where, entry, kinds);
  operators.set(key, made);
  return made;
}

function makeOperator(where: string, entry: string, kinds: readonly Kind[]): Operator {
  const args: Argument[] = [];
  const values = kinds.map((kind): Formula | Parameter => {
    if (typeof kind === "number") return kind;
    const argument = extraArgument(args.length, 1, kind === "array" ? Category.I : Category.P);
    args.push(argument);
    return argument.variable;
  });
  return new Operator([buildEntry(lookUp(entries, entry), values)], args, { ...PLAIN_SUM, where });
}
