/**
 * Rows of the operation table that work component by component: quotients, powers, roots, exponentials, comparisons.
 */
import {
  call,
  constant,
  constantValue,
  elementwise,
  expect,
  factorsOf,
  foldElementwise,
  formulaSlot,
  infix,
  integerSlot,
  isZero,
  lift,
  macro,
  minus,
  mult,
  PRECEDENCE,
  registerOperation,
  repeatTo,
  square,
  subtract,
  zero,
} from "./core";
import type { Binary, Operand, Unary } from "./core";
import { Depends, make } from "./formula";
import type { Formula, Operation, Parameter } from "./formula";

macro("IntCst", "The integer `n`.", [integerSlot("n")], ([n]) => constant(n as number));
macro("IntInv", "The number 1 / `n`.", [integerSlot("n")], ([n]) => divide(1, n as number));
macro("RatCst", "The number `p` / `q`.", [integerSlot("p"), integerSlot("q")], ([p, q]) =>
  divide(p as number, q as number),
);
/** Quotient, component by component. */
export const divide: Binary = elementwise("Divide", "x y", {
  doc: "x / y, component by component.",
  value: (x, y) => x / y,
  derivative: (x, y) => [inv(y), minus(divide(x, square(y)))],
  simplify: (x, y) => {
    expect(!isZero(y), "Divide(x, y)", "a divisor other than 0", "0");
    if (isZero(x)) return zero(Math.max(x.dim, y.dim));
    return constantValue(y) === 1 ? repeatTo(x, y.dim) : undefined;
  },
  lower: (x, y) => (constantValue(x) === 1 ? inv(y) : mult(x, inv(y))),
  domain: [0.5, 2],
  ...infix("/", PRECEDENCE.mult),
});

// ------------------------------------------------------------------------------------------- elementwise maths

/** Reciprocal. */
export const inv: Unary = elementwise("Inv", "x", {
  doc: "1 / x.",
  value: (x) => 1 / x,
  code: (x) => `inverse(${x})`,
  derivative: (x) => [minus(square(inv(x)))],
  cost: 7,
  domain: [0.5, 2],
});

/** Square root; its derivative is 0 at 0. */
export const sqrt: Unary = elementwise("Sqrt", "x", {
  doc: "Square root of x; the derivative at 0 is 0.",
  value: (x) => Math.sqrt(x),
  code: (x) => `sqrt(${x})`,
  derivative: (x) => [mult(0.5, rsqrt(x))],
  cost: 10,
  domain: [0.5, 2],
});

/** Inverse square root; 0 at 0. */
export const rsqrt: Unary = elementwise("Rsqrt", "x", {
  doc: "1 / Sqrt(x); 0 at 0.",
  value: (x) => (x === 0 ? 0 : 1 / Math.sqrt(x)),
  code: (x) => `rsqrt0(${x})`,
  derivative: (x) => [mult(-0.5, pow(rsqrt(x), 3))],
  cost: 9,
  domain: [0.5, 2],
});

/** Exponential. */
export const exp: Unary = elementwise("Exp", "x", {
  doc: "Exponential of x.",
  value: (x) => Math.exp(x),
  code: (x) => `exp(${x})`,
  derivative: (x) => [exp(x)],
  lower: (x) => (scaleOf(x) ? exp2(mult(Math.LOG2E, x)) : exp(x)),
  cost: 13,
});

/** Power of two. */
export const exp2: Unary = elementwise("Exp2", "x", {
  doc: "2 to the power x.",
  value: (x) => 2 ** x,
  code: (x) => `exp2(${x})`,
  derivative: (x) => [mult(Math.LN2, exp2(x))],
  cost: 10,
});

/** Whether a factor that is known before the loop can absorb log2(e), so that the exponential costs one instruction less. */
function scaleOf(formula: Formula): boolean {
  return factorsOf(formula).some((f) => f.dim === 1 && f.depends === Depends.Nothing);
}

/** Natural logarithm. */
export const log: Unary = elementwise("Log", "x", {
  doc: "Natural logarithm of x.",
  value: (x) => Math.log(x),
  code: (x) => `log(${x})`,
  derivative: (x) => [inv(x)],
  cost: 22,
  domain: [0.5, 2],
});

/** Absolute value; its derivative is 0 at 0. */
export const abs: Unary = elementwise("Abs", "x", {
  doc: "Absolute value of x; the derivative at 0 is 0.",
  value: (x) => Math.abs(x),
  code: (x) => `abs(${x})`,
  derivative: (x) => [sign(x)],
});

/** Sign: -1, 0 or 1. */
export const sign: Unary = elementwise("Sign", "x", {
  doc: "-1, 0 or 1; the derivative is 0.",
  value: (x) => Math.sign(x),
  code: (x) => `select(lt(${x}, 0.0), -1.0, asReal(lt(0.0, ${x})))`,
  derivative: () => [null],
  cost: 4,
});

/** Step: 0 below 0, else 1. */
export const step: Unary = elementwise("Step", "x", {
  doc: "0 where x < 0, else 1; the derivative is 0.",
  value: (x) => (x < 0 ? 0 : 1),
  code: (x) => `select(lt(${x}, 0.0), 0.0, 1.0)`,
  derivative: () => [null],
  cost: 2,
});

const powBuild = elementwiseWithInteger("Pow", "exponent", {
  doc: "x to the power of an integer.",
  value: (x, m) => x ** m,
  derivative: (x, m) => mult(m, pow(x, m - 1)),
  simplify: (x, m) => {
    if (m === 0) return repeatTo(constant(1), x.dim);
    return m === 1 ? x : m === 2 ? square(x) : undefined;
  },
  lower: (x, m) => (m < 0 ? inv(product(x, -m)) : product(x, m)),
});

/** x to the power of the integer m. @throws FormulaError unless m is an integer. */
export function pow(x: Operand, m: number): Formula {
  return powBuild(x, m);
}

/** x^m by squaring. */
function product(x: Formula, m: number): Formula {
  if (m === 1) return x;
  const half = square(product(x, Math.floor(m / 2)));
  return m % 2 === 0 ? half : mult(half, x);
}

interface IntegerRow {
  doc: string;
  value(x: number, m: number): number;
  derivative(x: Formula, m: number): Formula | null;
  simplify?(x: Formula, m: number): Formula | undefined;
  /** What it becomes for the engines. */
  lower(x: Formula, m: number): Formula;
}

/** An elementwise row of one argument and one integer. */
export function elementwiseWithInteger(
  name: string,
  integer: string,
  row: IntegerRow,
): (x: Operand, m: number) => Formula {
  const slots = [formulaSlot("x"), integerSlot(integer)];
  const value = (args: readonly number[], params: readonly Parameter[]): number =>
    row.value(args[0]!, params[0] as number);
  const self: Operation = registerOperation({
    name,
    doc: row.doc,
    slots,
    shape: { kind: "elementwise", value, cost: 4 },
    build: ([x, m]) => build(x as Formula, m as number),
    dim: ([dim], [m]) => {
      expect(Number.isSafeInteger(m), call(name, slots), `an integer ${integer}`, String(m));
      return dim!;
    },
    simplify: ([x], [m]) => foldElementwise((args) => value(args, [m!]), [x!]) ?? row.simplify?.(x!, m as number),
    cotangents: (cotangent, of) => {
      const factor = row.derivative(of.args[0]!, of.params[0] as number);
      return [factor && mult(cotangent, factor)];
    },
    lower: (formula: Formula) => row.lower(formula.args[0]!, formula.params[0] as number),
    domain: [0.5, 2],
  });
  const build = (x: Operand, m: number): Formula => make(self, [lift(x)], [m]);
  return build;
}

/** x to the power y, for a formula y; x ** 0.5 and x ** -0.5 are Sqrt and Rsqrt, integers Pow. */
export const powf: Binary = elementwise("Powf", "x y", {
  doc: "x to the power y.",
  value: (x, y) => x ** y,
  code: (x, y) => `pow(${x}, ${y})`,
  derivative: (x, y) => [mult(y, powf(x, subtract(y, 1))), mult(log(x), powf(x, y))],
  simplify: (x, y) => {
    const exponent = constantValue(y);
    if (exponent === undefined || y.dim > x.dim) return undefined;
    if (Number.isSafeInteger(exponent)) return pow(x, exponent);
    return exponent === 0.5 ? sqrt(x) : exponent === -0.5 ? rsqrt(x) : undefined;
  },
  cost: 40,
  domain: [0.5, 2],
});

// -------------------------------------------------------------------------------------------------- comparison

function comparison(
  name: string,
  symbol: string,
  doc: string,
  holds: (x: number, y: number) => boolean,
  code: (x: string, y: string) => string,
  turned?: 1,
): Binary {
  return elementwise(name, "x y", {
    doc: `1 where ${doc}, else 0; the derivative is 0.`,
    value: (x, y) => (holds(x, y) ? 1 : 0),
    code: (x, y) => `asReal(${code(x, y)})`,
    derivative: () => [null, null],
    cost: 2,
    ...(turned && { turned }),
    ...infix(symbol, PRECEDENCE.compare),
  });
}

export const lessThan: Binary = comparison(
  "LessThan",
  "<",
  "x < y",
  (x, y) => x < y,
  (x, y) => `lt(${x}, ${y})`,
);
export const lessOrEqual: Binary = comparison(
  "LessOrEqual",
  "<=",
  "x <= y",
  (x, y) => x <= y,
  (x, y) => `le(${x}, ${y})`,
);
export const equal: Binary = comparison(
  "Equal",
  "==",
  "x = y",
  (x, y) => x === y,
  (x, y) => `eq(${x}, ${y})`,
  1,
);
export const notEqual: Binary = comparison(
  "NotEqual",
  "!=",
  "x differs from y",
  (x, y) => x !== y,
  (x, y) => `ne(${x}, ${y})`,
  1,
);
