/**
 * Rows of the operation table that work component by component: quotients, powers, roots, exponentials, comparisons.
 */
import { at } from "../asserts";
import {
  add,
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
import { corners, fallingBesidePole, monotone, product as productRule, valley } from "./intervals";
import type { BoundsRule, Interval, Ruled, Tools } from "./intervals";
import { methodOf } from "./slots";
import type { Formula, Operation } from "./formula";
import type { MethodRow, Slot } from "./slots";

macro("IntCst", { doc: "The integer `n`.", slots: [integerSlot("n")], build: ([n]) => constant(n as number) });
macro("IntInv", { doc: "The number 1 / `n`.", slots: [integerSlot("n")], build: ([n]) => divide(1, n as number) });
macro("RatCst", {
  doc: "The number `p` / `q`.",
  slots: [integerSlot("p"), integerSlot("q")],
  build: ([p, q]) => divide(p as number, q as number),
});

/** Quotient, component by component. */
export const divide: Binary = elementwise("Divide", "x y", {
  doc: "x / y, component by component.",
  method: "div",
  value: (x, y) => x / y,
  derivative: (x, y) => [invOr0(y), minus(mult(x, square(invOr0(y))))],
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

/** Reciprocal; its derivative is 0 at 0. */
export const inv: Unary = elementwise("Inv", "x", {
  doc: "1 / x.",
  value: (x) => 1 / x,
  code: (x) => `inverse(${x})`,
  derivative: (x) => [minus(square(invOr0(x)))],
  bounds: fallingBesidePole(),
  cost: 7,
  domain: [0.5, 2],
});

/**
 * Reciprocal; 0 at 0. What derivatives with a pole at 0 are made of: points that coincide then give 0 to any order, and
 * not NaN.
 */
export const invOr0: Unary = elementwise("InvOr0", "x", {
  doc: "1 / x; 0 at 0.",
  value: (x) => (x === 0 ? 0 : 1 / x),
  code: (x) => `select(eq(${x}, 0.0), 0.0, inverse(${x}))`,
  derivative: (x) => [minus(square(invOr0(x)))],
  bounds: fallingBesidePole(),
  cost: 9,
  domain: [0.5, 2],
});

/**
 * Product; 0 where x is 0, whatever the number y: what a limit of 0 times infinity is where x vanishes faster than y
 * grows.
 */
export const multOr0: Binary = elementwise("MultOr0", "x y", {
  doc: "x * y; 0 where x is 0 and y is infinite.",
  value: (x, y) => (x === 0 && !Number.isNaN(y) ? 0 : x * y),
  code: (x, y) => `select(eq(${x}, 0.0), select(eq(${y}, ${y}), 0.0, ${y}), ${x} * ${y})`,
  derivative: (x, y) => [y, x],
  bounds: productRule(),
  ulps: 0.5,
  simplify: (x, y) => (isZero(x) || constantValue(y) !== undefined ? mult(x, y) : undefined),
  cost: 5,
});

/** Square root; its derivative is 0 at 0. */
export const sqrt: Unary = elementwise("Sqrt", "x", {
  doc: "Square root of x; the derivative at 0 is 0.",
  value: (x) => Math.sqrt(x),
  code: (x) => `sqrt(${x})`,
  derivative: (x) => [mult(0.5, rsqrt(x))],
  bounds: monotone(1),
  cost: 10,
  domain: [0.5, 2],
});

/** Inverse square root; 0 at 0. */
export const rsqrt: Unary = elementwise("Rsqrt", "x", {
  doc: "1 / Sqrt(x); 0 at 0.",
  value: (x) => (x === 0 ? 0 : 1 / Math.sqrt(x)),
  code: (x) => `rsqrt0(${x})`,
  derivative: (x) => [mult(-0.5, pow(rsqrt(x), 3))],
  bounds: boundsOfRsqrt,
  cost: 9,
  domain: [0.5, 2],
});

/** 0 at 0, infinite beside it. */
function boundsOfRsqrt(tools: Tools<Formula>, x: Interval<Formula>): Ruled<Formula> {
  const { lower, upper, range } = x;
  if (range[0] > 0) return monotone<Formula>(-1)(tools, x);
  const { at, ifElse, infinity } = tools;
  const holds0 = minus(lower);
  return {
    lower: ifElse(holds0, sqrt(lower), at(upper)),
    upper: ifElse(holds0, infinity, at(lower)),
    range: [0, Infinity],
    neverNaN: range[0] >= 0,
  };
}

/** Exponential. */
export const exp: Unary = elementwise("Exp", "x", {
  doc: "Exponential of x.",
  value: (x) => Math.exp(x),
  code: (x) => `exp(${x})`,
  derivative: (x) => [exp(x)],
  bounds: monotone(1),
  lower: (x) => (scaleOf(x) ? exp2(mult(Math.LOG2E, x)) : exp(x)),
  cost: 13,
});

/** Power of two. */
export const exp2: Unary = elementwise("Exp2", "x", {
  doc: "2 to the power x.",
  value: (x) => 2 ** x,
  code: (x) => `exp2(${x})`,
  derivative: (x) => [mult(Math.LN2, exp2(x))],
  bounds: monotone(1),
  cost: 10,
});

/**
 * Whether a factor that is known before the loop can absorb log2(e), so that the exponential costs one instruction
 * less.
 */
function scaleOf(formula: Formula): boolean {
  return factorsOf(formula).some((f) => f.dim === 1 && f.depends === Depends.Nothing);
}

/** Natural logarithm. */
export const log: Unary = elementwise("Log", "x", {
  doc: "Natural logarithm of x.",
  value: (x) => Math.log(x),
  code: (x) => `log(${x})`,
  derivative: (x) => [invOr0(x)],
  bounds: monotone(1),
  cost: 22,
  domain: [0.5, 2],
});

/** Absolute value; its derivative is 0 at 0. */
export const abs: Unary = elementwise("Abs", "x", {
  doc: "Absolute value of x; the derivative at 0 is 0.",
  value: (x) => Math.abs(x),
  code: (x) => `abs(${x})`,
  derivative: (x) => [sign(x)],
  bounds: valley(0),
  ulps: 0,
});

/** Sign: -1, 0 or 1. */
export const sign: Unary = elementwise("Sign", "x", {
  doc: "-1, 0 or 1; the derivative is 0.",
  value: (x) => Math.sign(x),
  code: (x) => `select(lt(${x}, 0.0), -1.0, select(lt(0.0, ${x}), 1.0, ${x}))`,
  derivative: () => [null],
  bounds: monotone(1),
  ulps: 0,
  cost: 4,
});

/** Step: 0 below 0, else 1. */
export const step: Unary = elementwise("Step", "x", {
  doc: "0 where x < 0, else 1; the derivative is 0.",
  value: (x) => (x >= 0 ? 1 : x < 0 ? 0 : NaN),
  code: (x) => `select(le(0.0, ${x}), 1.0, select(lt(${x}, 0.0), 0.0, ${x}))`,
  derivative: () => [null],
  bounds: monotone(1),
  ulps: 0,
  cost: 4,
});

const powBuild = elementwiseWithInteger("Pow", "exponent", {
  doc: "x to the power of an integer.",
  method: null, // an integer power is a power, as `pow` of Powf builds it
  value: (x, m) => x ** m,
  derivative: (x, m) => mult(m, m > 0 ? pow(x, m - 1) : invOr0(pow(x, 1 - m))),
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

interface NumberRow extends MethodRow {
  doc: string;
  value(x: number, m: number): number;
  derivative(x: Formula, m: number): Formula | null;
  simplify?(x: Formula, m: number): Formula | undefined;
  /** What it becomes for the engines. */
  lower(x: Formula, m: number): Formula;
  cost?: number;
  domain?: readonly [number, number];
}

/** An elementwise row of one argument and one integer. */
export function elementwiseWithInteger(
  name: string,
  integer: string,
  row: NumberRow,
): (x: Operand, m: number) => Formula {
  return elementwiseWith(name, integerSlot(integer), row);
}

/** An elementwise row of one argument and one number that is part of the formula. */
export function elementwiseWithNumber(
  name: string,
  number: string,
  row: NumberRow,
): (x: Operand, m: number) => Formula {
  return elementwiseWith(name, { name: number, kind: "number" }, row);
}

function elementwiseWith(name: string, last: Slot, row: NumberRow): (x: Operand, m: number) => Formula {
  const slots = [formulaSlot("x"), last];
  const accepts = last.kind === "integer" ? Number.isSafeInteger : Number.isFinite;
  const expected = `${last.kind === "integer" ? "an integer" : "a finite number"} ${last.name}`;
  const value = (args: readonly [number], params: readonly [number]): number => row.value(args[0], params[0]);
  const self: Operation = registerOperation({
    name,
    doc: row.doc,
    slots,
    method: methodOf(name, slots, row),
    shape: { kind: "elementwise", value, cost: row.cost ?? 4 },
    build: ([x, m]) => build(x as Formula, m as number),
    dim: (dims, [m]) => {
      expect(accepts(m), call(name, slots), expected, String(m));
      return at(dims, 0);
    },
    simplify: (args, [m]) =>
      foldElementwise((numbers) => row.value(at(numbers, 0), m as number), args) ??
      row.simplify?.(at(args, 0), m as number),
    cotangents: (cotangent, of) => {
      const factor = row.derivative(at(of.args, 0), of.params[0] as number);
      return [factor && mult(cotangent, factor)];
    },
    lower: (formula: Formula) => row.lower(at(formula.args, 0), formula.params[0] as number),
    domain: row.domain ?? [0.5, 2],
  });
  const build = (x: Operand, m: number): Formula => make(self, [lift(x)], [m]);
  return build;
}

/** x to the power y, for a formula y; x ** 0.5 and x ** -0.5 are Sqrt and Rsqrt, integers Pow. */
export const powf: Binary = elementwise("Powf", "x y", {
  doc: "x to the power y.",
  method: "pow power",
  value: powerOf,
  code: (x, y) => `pow(${x}, ${y})`,
  derivative: slopesOfPower,
  bounds: boundsOfPower((x, y) => mult(lessOrEqual(0, x.lower), lessOrEqual(0, y.lower))),
  simplify: (x, y) => {
    const exponent = constantValue(y);
    if (exponent === undefined || y.dim > x.dim) return undefined;
    if (Number.isSafeInteger(exponent)) return pow(x, exponent);
    return exponent === 0.5 ? sqrt(x) : exponent === -0.5 ? rsqrt(x) : undefined;
  },
  cost: 40,
  domain: [0.5, 2],
});

/**
 * The rules of IEEE 754 and C, as NumPy has them, where those of JavaScript differ: powers of 1 are 1, infinite ones of
 * -1 too.
 */
function powerOf(x: number, y: number): number {
  return x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y;
}

/** Powers that are infinite at 0 are 0 there, so that derivatives are, as those of Sqrt. */
const powfOr0: Binary = elementwise("PowfOr0", "x y", {
  doc: "x to the power y; 0 where x is 0 and y negative.",
  value: (x, y) => (x === 0 && y < 0 ? 0 : powerOf(x, y)),
  code: (x, y) => `select(lt(0.0, asReal(eq(${x}, 0.0)) * asReal(lt(${y}, 0.0))), 0.0, pow(${x}, ${y}))`,
  derivative: slopesOfPower,
  bounds: boundsOfPower(),
  simplify: (x, y) => ((constantValue(y) ?? -1) >= 0 ? powf(x, y) : undefined),
  cost: 46,
  domain: [0.5, 2],
});

/** Extremes are at the corners where x is positive, or where powers of 0 are known to exist (1, else 0). */
function boundsOfPower(hasPowersOf0?: (x: Interval<Formula>, y: Interval<Formula>) => Formula): BoundsRule<Formula> {
  return (tools, x, y) => {
    const { lower, upper } = corners<Formula>()(tools, x, y);
    const range = [0, Infinity] as const;
    if (x.range[0] > 0) return { lower, upper, range, neverNaN: true };
    const { ifElse, infinity } = tools;
    const isPositive = lessThan(0, x.lower);
    const isKnown = subtract(hasPowersOf0 ? add(isPositive, hasPowersOf0(x, y)) : isPositive, 0.5);
    return { lower: ifElse(isKnown, lower, minus(infinity)), upper: ifElse(isKnown, upper, infinity), range };
  };
}

/**
 * y x^(y-1) and log(x) x^y, with log(0) as 0: by 0 the powers win where they vanish, and where they do not, there is no
 * limit.
 */
function slopesOfPower(x: Formula, y: Formula): readonly Formula[] {
  const finiteLog = log(add(x, equal(x, 0)));
  return [multOr0(powfOr0(x, subtract(y, 1)), y), multOr0(powfOr0(x, y), finiteLog)];
}

// -------------------------------------------------------------------------------------------------- comparison

function comparison(
  name: string,
  method: string,
  symbol: string,
  doc: string,
  holds: (x: number, y: number) => boolean,
  code: (x: string, y: string) => string,
  bounds: BoundsRule<Formula>,
  turned?: 1,
): Binary {
  return elementwise(name, "x y", {
    doc: `1 where ${doc}, else 0; the derivative is 0.`,
    method,
    value: (x, y) => (holds(x, y) ? 1 : 0),
    code: (x, y) => `asReal(${code(x, y)})`,
    derivative: () => [null, null],
    bounds,
    ulps: 0,
    cost: 2,
    ...(turned && { turned }),
    ...infix(symbol, PRECEDENCE.compare),
  });
}

/** A comparison is never NaN: of what is unknown it may be either. */
const truth = (lower: Formula, upper: Formula): Ruled<Formula> => ({ lower, upper, range: [0, 1], neverNaN: true });

/** Where every x comes before every y it holds, and unless every y comes before every x it may. */
function boundsOfOrder(holds: Binary, fails: Binary): BoundsRule<Formula> {
  return (_, x, y) => truth(holds(x.upper, y.lower), subtract(1, fails(y.upper, x.lower)));
}

/** What is equal to itself is a number. */
function boundsOfEquality(_: unknown, x: Interval<Formula>, y: Interval<Formula>): Ruled<Formula> {
  if (x === y) return truth(equal(x.lower, x.lower), equal(x.lower, x.lower));
  const isApart = add(lessThan(x.upper, y.lower), lessThan(y.upper, x.lower));
  const isEqual = mult(lessOrEqual(x.upper, y.lower), lessOrEqual(y.upper, x.lower));
  return truth(isEqual, subtract(1, isApart));
}

export const lessThan: Binary = comparison(
  "LessThan",
  "lt",
  "<",
  "x < y",
  (x, y) => x < y,
  (x, y) => `lt(${x}, ${y})`,
  boundsOfOrder(
    (x, y) => lessThan(x, y),
    (x, y) => lessOrEqual(x, y),
  ),
);
export const lessOrEqual: Binary = comparison(
  "LessOrEqual",
  "le",
  "<=",
  "x <= y",
  (x, y) => x <= y,
  (x, y) => `le(${x}, ${y})`,
  boundsOfOrder(
    (x, y) => lessOrEqual(x, y),
    (x, y) => lessThan(x, y),
  ),
);
export const equal: Binary = comparison(
  "Equal",
  "eq",
  "==",
  "x = y",
  (x, y) => x === y,
  (x, y) => `eq(${x}, ${y})`,
  boundsOfEquality,
  1,
);
export const notEqual: Binary = comparison(
  "NotEqual",
  "ne",
  "!=",
  "x differs from y",
  (x, y) => x !== y,
  (x, y) => `ne(${x}, ${y})`,
  (tools, x, y) => {
    const { lower, upper } = boundsOfEquality(tools, x, y);
    return truth(subtract(1, upper), subtract(1, lower));
  },
  1,
);
