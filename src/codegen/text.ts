/**
 * What generated text is written with: numbers, indices, and pairs of braces with the lines inside, what these have
 * named, and the loops that are put around them. Knows no formula.
 */
import type { Axis } from "../formula/formula";
import { at } from "../asserts";

/** Lines of one pair of braces, and the names of what they have computed. */
export interface Scope {
  readonly lines: string[];
  readonly names: Map<string, string>;
  /** How many rounds loops take in a turn; left to compilers if unset. */
  readonly unroll?: number | undefined;
  /**
   * The scope around one that is about a single column of a step, number `c`; what that has of all columns is taken for
   * this one.
   */
  readonly ofAllColumns?: Scope;
}

/** Suffix that picks column c from a value of all columns of a step. */
export const OF_COLUMN = ".of[c]";

/** The last lines of a loop; what they need is computed in the scope before. */
type Last = (scope: Scope) => string | readonly string[];

export function newScope(unroll?: number): Scope {
  return { lines: [], names: new Map(), unroll };
}

const innerScope = (outer: Scope): Scope => ({ ...outer, lines: [], names: new Map(outer.names) });
const columnScope = (outer: Scope): Scope => ({ lines: [], names: new Map(), ofAllColumns: outer });

/** @param index the name of the loop's variable. */
export function loop(size: number, outer: Scope, last: Last, step = 1, index = "k"): string[] {
  const { unroll } = outer;
  const head = `for (int ${index} = 0; ${index} < ${size}; ${index} += ${step}) {`;
  return [...(unroll === undefined ? [] : [`#pragma unroll ${unroll}`]), ...putInBraces(head, innerScope(outer), last)];
}

/** Loops over axes with the variables k0, k1, …, the first outermost. */
export function nestedLoops(axes: readonly Axis[], outer: Scope, last: Last, depth = 0): string[] {
  const isInnermost = depth === axes.length - 1;
  const inner: Last = isInnermost ? last : (scope) => nestedLoops(axes, scope, last, depth + 1);
  return loop(at(axes, depth).size, outer, inner, 1, `k${depth}`);
}

/** A loop over the columns of a step. */
export function eachColumn(outer: Scope, last: Last): string[] {
  return putInBraces("UNROLLED for (int c = 0; c < COUNT<Steps>; c++) {", columnScope(outer), last);
}

function putInBraces(head: string, scope: Scope, last: Last): string[] {
  const end = [last(scope)].flat();
  return [head, ...[...scope.lines, ...end].map((text) => `  ${text}`), "}"];
}

// ---------------------------------------------------------------------------------------------------- numbers

/** start + stride * k, as text where one of them is. */
export function affine(start: number | string, stride: number, k: number | string): number | string {
  if (stride === 0) return start;
  if (typeof k === "number") return typeof start === "number" ? start + stride * k : `${start} + ${stride * k}`;
  const scaled = stride === 1 ? k : `${stride} * (${k})`;
  return start === 0 ? scaled : `${start} + ${scaled}`;
}

/** A number in the code dialect. */
export function literal(value: number): string {
  const digits = String(value);
  const decimal = /[.e]/.test(digits) ? digits : `${digits}.0`;
  return value < 0 ? `(${decimal}_r)` : `${decimal}_r`;
}

/** The numbers in a row's text get the suffix that makes them reals; names and numbers that have it already stay. */
export function withLiterals(code: string): string {
  return code.replace(/(?<![\w.])\d+\.\d+(?:e[+-]?\d+)?(?![\w.])/g, "$&_r");
}
