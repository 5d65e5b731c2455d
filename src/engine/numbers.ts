/** Numbers and indices in the text of generated code. Knows no formula. */

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

/** Functions of generated text that are a single instruction, which divides or takes a root. */
const UNITS = ["inverse", "sqrt", "rsqrt0"];
/** Functions that only choose between values. */
const CHOICES = ["select", "eq"];

/** Whether an operation's text is a quotient or a root: one instruction, which takes long but is no chain of many. */
export function isOneInstruction(text: string): boolean {
  const called = (text.match(/\w+(?=\()/g) ?? []).filter((name) => !CHOICES.includes(name));
  return called.length === 1 && UNITS.includes(called[0]!);
}
