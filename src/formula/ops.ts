/**
 * The operation table: one row per operation, and nothing about any operation elsewhere. From a row come the parser's entry, the
 * builder, the dim check, the gradient to any order, the code of every device, the reference value, folding and tests.
 * Rows are made by `elementwise`, `operation` (own dims) and `macro` (made of others). Code is written in the dialect of
 * `docs/dialect.md`: infix + - * /, unary -, numbers and calls only, over the types real, mask and index.
 */
import { FormulaError } from "../errors";
import { Depends, exact, make, variableEntry } from "./formula";
import type { Contraction, Elementwise, Entry, Formula, Operation, Parameter, Slot, View } from "./formula";

/** Every name a formula may call. */
export const entries: ReadonlyMap<string, Entry> = new Map<string, Entry>();
/** The rows among the entries; macros are not here. */
export const operations: ReadonlyMap<string, Operation> = new Map<string, Operation>();

export type Operand = Formula | number;
export type Unary = (x: Operand) => Formula;
export type Binary = (x: Operand, y: Operand) => Formula;

const lift = (operand: Operand): Formula => (typeof operand === "number" ? constant(operand) : operand);

// ---------------------------------------------------------------------------------------------------- makers

/** Adds an entry to the parser's table. @throws Error (a bug of ours) when the name is taken. */
export function register(entry: Entry): void {
  if (entries.has(entry.name)) throw new Error(`operation ${entry.name} is defined twice`);
  (entries as Map<string, Entry>).set(entry.name, entry);
}

function registerOperation(row: Operation): Operation {
  register(row);
  (operations as Map<string, Operation>).set(row.name, row);
  return row;
}

interface ElementwiseRow {
  doc: string;
  value: (...args: number[]) => number;
  code?: (...args: string[]) => string;
  /** Factors by which the cotangent is multiplied, one per argument; null where the derivative is zero. */
  derivative: (...args: Formula[]) => readonly (Formula | null)[];
  simplify?: (...args: Formula[]) => Formula | undefined;
  lower?: (...args: Formula[]) => Formula;
  cost?: number;
  domain?: readonly [number, number];
  print?: Operation["print"];
  precedence?: number;
}

/** A row that works component by component; arguments of dim 1 are broadcast, and their cotangents summed. */
export function elementwise(name: string, argNames: string, row: ElementwiseRow): (...operands: Operand[]) => Formula {
  const slots: Slot[] = argNames.split(" ").map((arg) => ({ name: arg, kind: "formula" }));
  const value = (args: readonly number[]): number => row.value(...args);
  const { code, lower } = row;
  const shape: Elementwise = {
    kind: "elementwise",
    value,
    ...(code && { code: (args: readonly string[]) => code(...args) }),
    cost: row.cost ?? 1,
  };
  const operation: Operation = registerOperation({
    name,
    doc: row.doc,
    slots,
    shape,
    build: (values) => build(...(values as Formula[])),
    dim: (dims) => broadcastDim(name, slots, dims),
    simplify: (args) => foldElementwise(operation, value, args) ?? row.simplify?.(...args) ?? pullSumT(operation, args),
    cotangents: (cotangent, of) =>
      row.derivative(...of.args).map((factor, n) => factor && broadcastCotangent(cotangent, factor, of.args[n]!)),
    ...(lower && { lower: (formula: Formula) => lower(...formula.args) }),
    domain: row.domain ?? [-1, 1],
    ...(row.print && { print: row.print }),
    ...(row.precedence !== undefined && { precedence: row.precedence }),
  });
  const build = (...operands: Operand[]): Formula => make(operation, operands.map(lift));
  return build;
}

function broadcastDim(name: string, slots: readonly Slot[], dims: readonly number[]): number {
  const dim = Math.max(...dims);
  const fits = dims.every((d) => d === dim || d === 1);
  if (!fits) throw new FormulaError(`${call(name, slots)}: expected equal dims, or 1, got ${dims.join(" and ")}`);
  return dim;
}

const call = (name: string, slots: readonly Slot[]): string => `${name}(${slots.map((slot) => slot.name).join(", ")})`;

function broadcastCotangent(cotangent: Formula, factor: Formula, arg: Formula): Formula {
  if (arg.dim === cotangent.dim) return mult(cotangent, factor);
  return factor.dim === 1 ? mult(sum(cotangent), factor) : scalprod(cotangent, factor);
}

/** Constants fold into a constant where the value is finite; Zero(d) counts as the constant 0. */
function foldElementwise(
  operation: Operation,
  value: (args: readonly number[]) => number,
  args: readonly Formula[],
): Formula | undefined {
  const numbers = args.map(constantValue);
  if (!numbers.every((n) => n !== undefined)) return undefined;
  const folded = value(numbers);
  const dim = operation.dim(
    args.map((arg) => arg.dim),
    [],
  );
  return Number.isFinite(folded) ? sumT(constant(folded), dim) : undefined;
}

/** f(SumT(x, d), y) is f(x, y) if y has dim d already, and SumT(f(x, …), d) if all arguments are repeated or scalar. */
function pullSumT(operation: Operation, args: readonly Formula[]): Formula | undefined {
  if (!args.some(isSumT)) return undefined;
  const inner = args.map((arg) => (isSumT(arg) ? arg.args[0]! : arg));
  const dim = Math.max(...args.map((arg) => arg.dim));
  return repeatTo(make(operation, inner), dim);
}

interface OperationRow {
  doc: string;
  slots: readonly Slot[];
  shape: View | Contraction;
  dim: (dims: readonly number[], params: readonly number[]) => number;
  simplify?: (args: readonly Formula[], params: readonly number[]) => Formula | undefined;
  cotangents: (cotangent: Formula, args: readonly Formula[], params: readonly number[]) => readonly (Formula | null)[];
  print?: Operation["print"];
  precedence?: number;
}

/** A row with its own dims: a view or a contraction. */
export function operation(
  name: string,
  row: OperationRow,
): (args: readonly Operand[], params?: readonly number[]) => Formula {
  const formulas = row.slots.filter((slot) => slot.kind === "formula").length;
  const simplify = row.simplify;
  const self: Operation = registerOperation({
    name,
    doc: row.doc,
    slots: row.slots,
    shape: row.shape,
    build: (values) => build(values.slice(0, formulas) as Formula[], values.slice(formulas) as number[]),
    dim: (dims, params) => row.dim(dims, params as readonly number[]),
    ...(simplify && {
      simplify: (args: readonly Formula[], params: readonly Parameter[]) => simplify(args, params as readonly number[]),
    }),
    cotangents: (cotangent, of) => row.cotangents(cotangent, of.args, of.params as readonly number[]),
    domain: [-1, 1],
    ...(row.print && { print: row.print }),
    ...(row.precedence !== undefined && { precedence: row.precedence }),
  });
  const build = (args: readonly Operand[], params: readonly number[] = []): Formula =>
    make(self, args.map(lift), params);
  return build;
}

/** An entry that is made of other operations and leaves no node of its own. */
export function macro(name: string, doc: string, slots: readonly Slot[], build: Entry["build"]): void {
  register({ name, doc, slots, build });
}

export const formulaSlot = (name: string): Slot => ({ name, kind: "formula" });
export const integerSlot = (name: string): Slot => ({ name, kind: "integer" });
const numberSlot = (name: string): Slot => ({ name, kind: "number" });

function expect(condition: boolean, where: string, expected: string, got: string | number): void {
  if (!condition) throw new FormulaError(`${where}: expected ${expected}, got ${got}`);
}

// ------------------------------------------------------------------------------------- constants and variables

register(variableEntry);

const constantOperation: Operation = {
  name: "Constant",
  doc: "A number.",
  slots: [numberSlot("value")],
  shape: { kind: "leaf" },
  build: (values) => constant(values[0] as number),
  dim: () => 1,
  cotangents: () => [],
  domain: [-1, 1],
  print: (_, formula) => String(formula.params[0]),
};

/** The number `value`, of dim 1. @throws FormulaError unless it is finite. */
export function constant(value: number): Formula {
  expect(Number.isFinite(value), "constant", "a finite number", value);
  return make(constantOperation, [], [value === 0 ? 0 : value]);
}

/** The number that a formula is in every component, if it is a constant. */
export function constantValue(formula: Formula): number | undefined {
  if (formula.operation === constantOperation) return formula.params[0] as number;
  return isSumT(formula) ? constantValue(formula.args[0]!) : undefined;
}

/** Zeros, of dim `dim`. */
export const zero = (dim: number): Formula => sumT(constant(0), dim);
export const isZero = (formula: Formula): boolean => constantValue(formula) === 0;
const isConstant = (formula: Formula): boolean => formula.operation === constantOperation;

macro("IntCst", "The integer `n`.", [integerSlot("n")], ([n]) => constant(n as number));
macro("IntInv", "The number 1 / `n`.", [integerSlot("n")], ([n]) => divide(1, n as number));
macro("RatCst", "The number `p` / `q`.", [integerSlot("p"), integerSlot("q")], ([p, q]) =>
  divide(p as number, q as number),
);
macro("Zero", "Zeros, of dim `dim`.", [integerSlot("dim")], ([dim]) => zero(dim as number));

// -------------------------------------------------------------------------------------------------- arithmetic

/** How tightly operators bind, loosest first; the parser reads the same numbers. */
export const PRECEDENCE = { compare: 1, scalprod: 2, add: 3, mult: 4, minus: 5, power: 6 } as const;

function infix(symbol: string, precedence: number): Pick<ElementwiseRow, "print" | "precedence"> {
  const wrap = (text: string, arg: Formula, tighter: boolean): string => {
    const own = arg.operation.precedence ?? Infinity;
    return own < precedence || (tighter && own === precedence) ? `(${text})` : text;
  };
  const isComparison = precedence === PRECEDENCE.compare; // they do not chain
  return {
    precedence,
    print: (args, formula) =>
      `${wrap(args[0]!, formula.args[0]!, isComparison)} ${symbol} ${wrap(args[1]!, formula.args[1]!, true)}`,
  };
}

/** `formula` as (number, rest), so that formula = number * rest. */
function coefficient(formula: Formula): readonly [number, Formula] {
  if (isMinus(formula)) return [-1, formula.args[0]!];
  if (isMult(formula) && isConstant(formula.args[0]!)) return [constantValue(formula.args[0]!)!, formula.args[1]!];
  return [1, formula];
}

/** a·x + b·x = (a + b)·x, with `sign` in front of the second. */
function collect(x: Formula, y: Formula, sign: 1 | -1): Formula | undefined {
  const [a, restX] = coefficient(x);
  const [b, restY] = coefficient(y);
  return restX === restY ? mult(a + sign * b, restX) : undefined;
}

const repeatTo = (x: Formula, dim: number): Formula => (x.dim < dim ? sumT(x, dim) : x);

/** Sum of two formulas. */
export const add: Binary = elementwise("Add", "x y", {
  doc: "x + y, component by component.",
  value: (x, y) => x + y,
  code: (x, y) => `${x} + ${y}`,
  derivative: () => [constant(1), constant(1)],
  simplify: (x, y) => {
    if (isZero(x)) return repeatTo(y, x.dim);
    if (isZero(y)) return repeatTo(x, y.dim);
    return isMinus(y) ? subtract(x, y.args[0]!) : collect(x, y, 1);
  },
  lower: (x, y) => (x === y ? mult(2, x) : add(x, y)),
  ...infix("+", PRECEDENCE.add),
});

/** Difference of two formulas. */
export const subtract: Binary = elementwise("Subtract", "x y", {
  doc: "x - y, component by component.",
  value: (x, y) => x - y,
  code: (x, y) => `${x} - ${y}`,
  derivative: () => [constant(1), constant(-1)],
  simplify: (x, y) => {
    if (isZero(x)) return repeatTo(minus(y), x.dim);
    if (isZero(y)) return repeatTo(x, y.dim);
    return isMinus(y) ? add(x, y.args[0]!) : collect(x, y, -1);
  },
  ...infix("-", PRECEDENCE.add),
});

/** Opposite. */
export const minus: Unary = elementwise("Minus", "x", {
  doc: "-x.",
  value: (x) => -x,
  code: (x) => `-${x}`,
  derivative: () => [constant(-1)],
  simplify: (x) => {
    const [factor, rest] = coefficient(x);
    return rest === x ? undefined : mult(-factor, rest);
  },
  precedence: PRECEDENCE.minus,
  print: (args, formula) =>
    (formula.args[0]!.operation.precedence ?? Infinity) < PRECEDENCE.minus ? `-(${args[0]!})` : `-${args[0]!}`,
});
const minusRow = operations.get("Minus");
const isMinus = (formula: Formula): boolean => formula.operation === minusRow;

/** Product, component by component. */
export const mult: Binary = elementwise("Mult", "x y", {
  doc: "x * y, component by component.",
  value: (x, y) => x * y,
  code: (x, y) => `${x} * ${y}`,
  derivative: (x, y) => [y, x],
  simplify: (x, y) => {
    if (isZero(x) || isZero(y)) return zero(Math.max(x.dim, y.dim));
    if (isConstant(y)) return mult(y, x);
    if (isConstant(x)) return scaled(constantValue(x)!, y);
    if (x === y) return square(x);
    const [a, restX] = coefficient(x);
    const [b, restY] = coefficient(y);
    return restX === x && restY === y ? undefined : mult(a * b, mult(restX, restY));
  },
  lower: regrouped,
  ...infix("*", PRECEDENCE.mult),
});
const multRow = operations.get("Mult");
const isMult = (formula: Formula): boolean => formula.operation === multRow;

function scaled(factor: number, x: Formula): Formula | undefined {
  if (factor === 1) return x;
  const [inner, rest] = coefficient(x);
  if (rest !== x) return mult(factor * inner, rest);
  return factor === -1 ? minus(x) : undefined;
}

/** Multiplies, lowest dim first, and within a dim what is known earliest first, so that as much as possible is computed once. */
function regrouped(x: Formula, y: Formula): Formula {
  const factors = [...factorsOf(x), ...factorsOf(y)];
  const number = factors.filter(isConstant).reduce((product, f) => product * constantValue(f)!, 1);
  const groups = new Map<number, Formula>(number === 1 ? [] : [[0, constant(number)]]);
  const order = (f: Formula): number => (f.dim > 1 ? 4 : 0) + f.depends;
  for (const f of factors.filter((f) => !isConstant(f))) groups.set(order(f), times(groups.get(order(f)), f));
  const earliestFirst = [...groups].sort(([a], [b]) => a - b).map(([, f]) => f);
  return earliestFirst.reduce((product, f) => times(product, f));
}

function times(x: Formula | undefined, y: Formula): Formula {
  return x ? exact(multRow!, [x, y]) : y;
}

function factorsOf(formula: Formula): Formula[] {
  if (isMult(formula)) return formula.args.flatMap(factorsOf);
  if (isMinus(formula)) return [constant(-1), ...factorsOf(formula.args[0]!)];
  return [formula];
}

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

/** Square. */
export const square: Unary = elementwise("Square", "x", {
  doc: "x * x.",
  value: (x) => x * x,
  code: (x) => `${x} * ${x}`,
  derivative: (x) => [mult(2, x)],
  simplify: (x) => {
    const [factor, rest] = coefficient(x);
    return rest === x ? undefined : mult(factor * factor, square(rest));
  },
});

const squareRow = operations.get("Square");

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
  return powBuild(lift(x), m);
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
  simplify(x: Formula, m: number): Formula | undefined;
  lower(x: Formula, m: number): Formula;
}

/** An elementwise row of one argument and one integer. */
function elementwiseWithInteger(name: string, integer: string, row: IntegerRow): (x: Formula, m: number) => Formula {
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
    simplify: ([x], [m]) => foldElementwise(self, (args) => value(args, [m!]), [x!]) ?? row.simplify(x!, m as number),
    cotangents: (cotangent, of) => {
      const factor = row.derivative(of.args[0]!, of.params[0] as number);
      return [factor && mult(cotangent, factor)];
    },
    lower: (formula) => row.lower(formula.args[0]!, formula.params[0] as number),
    domain: [0.5, 2],
  });
  const build = (x: Formula, m: number): Formula => make(self, [x], [m]);
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
): Binary {
  return elementwise(name, "x y", {
    doc: `1 where ${doc}, else 0; the derivative is 0.`,
    value: (x, y) => (holds(x, y) ? 1 : 0),
    code: (x, y) => `asReal(${code(x, y)})`,
    derivative: () => [null, null],
    cost: 2,
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
);
export const notEqual: Binary = comparison(
  "NotEqual",
  "!=",
  "x differs from y",
  (x, y) => x !== y,
  (x, y) => `ne(${x}, ${y})`,
);

// ------------------------------------------------------------------------------------------------ contractions

const sumBuild = operation("Sum", {
  doc: "Sum of the components of x.",
  slots: [formulaSlot("x")],
  shape: { kind: "contraction", axes: ([dim]) => ({ kept: [], summed: [{ size: dim!, strides: [1] }] }) },
  dim: () => 1,
  simplify: ([x]) => {
    if (x!.dim === 1) return x;
    if (isSumT(x!)) return mult(x!.dim, x!.args[0]!);
    if (x!.operation === squareRow) return scalprod(x!.args[0]!, x!.args[0]!);
    return pulledFrom(x!, sum) ?? (isMult(x!) ? scalprod(x!.args[0]!, x!.args[1]!) : undefined);
  },
  cotangents: (e, [x]) => [sumT(e, x!.dim)],
});

/** Sum of the components of x. */
export function sum(x: Operand): Formula {
  return sumBuild([x]);
}

const scalprodBuild = operation("Scalprod", {
  doc: "Scalar product of x and y; also written x | y.",
  slots: [formulaSlot("x"), formulaSlot("y")],
  shape: { kind: "contraction", axes: ([dim]) => ({ kept: [], summed: [{ size: dim!, strides: [1, 1] }] }) },
  dim: ([x, y]) => {
    expect(x === y, "Scalprod(x, y)", "equal dims", `${x} and ${y}`);
    return 1;
  },
  simplify: ([x, y]) => {
    if (x!.dim === 1) return mult(x!, y!);
    if (isZero(x!) || isZero(y!)) return zero(1);
    if (isSumT(x!)) return mult(x!.args[0]!, sum(y!));
    if (isSumT(y!)) return mult(y!.args[0]!, sum(x!));
    return pulledFrom(x!, (v) => scalprod(v, y!)) ?? pulledFrom(y!, (v) => scalprod(x!, v));
  },
  cotangents: (e, [x, y]) => [mult(e, y!), mult(e, x!)],
  print: (args, { args: [x, y] }) => (x === y ? `SqNorm2(${args[0]!})` : `Scalprod(${args.join(", ")})`),
});

/** f(s * … * v) = s * … * f(v) for scalars s and a linear f; a loop, since products may be long. */
function pulledFrom(x: Formula, linear: (v: Formula) => Formula): Formula | undefined {
  const scalars: Formula[] = [];
  let rest = x;
  for (let split = splitScalar(rest); split; split = splitScalar(rest)) {
    scalars.push(split[0]);
    rest = split[1];
  }
  return rest === x ? undefined : scalars.reduceRight((product, scalar) => mult(scalar, product), linear(rest));
}

/** `x` as (scalar, vector), so that x = scalar * vector, if it is written so. */
function splitScalar(x: Formula): readonly [Formula, Formula] | undefined {
  if (isMinus(x)) return [constant(-1), x.args[0]!];
  if (!isMult(x) || x.dim === 1) return undefined;
  const [left, right] = x.args as [Formula, Formula];
  if (left.dim === 1) return [left, right];
  return right.dim === 1 ? [right, left] : undefined;
}

/** Scalar product. */
export function scalprod(x: Operand, y: Operand): Formula {
  return scalprodBuild([x, y]);
}

// ------------------------------------------------------------------------------------------------------- views

const sumTBuild = operation("SumT", {
  doc: "The scalar x, repeated `dim` times.",
  slots: [formulaSlot("x"), integerSlot("dim")],
  shape: { kind: "view", segments: (_, [dim]) => [{ length: dim as number, arg: 0, start: 0, stride: 0 }] },
  dim: ([x], [dim]) => {
    expect(x === 1, "SumT(x, dim)", "x of dim 1", `dim ${x}`);
    return positive("SumT(x, dim)", "dim", dim!);
  },
  simplify: ([x], [dim]) => (dim === 1 ? x : undefined),
  cotangents: (e) => [sum(e)],
});
const sumTRow = operations.get("SumT");
const isSumT = (formula: Formula): boolean => formula.operation === sumTRow;

/** The scalar x, repeated `dim` times. */
export function sumT(x: Operand, dim: number): Formula {
  return sumTBuild([x], [dim]);
}

function positive(where: string, name: string, n: number): number {
  expect(Number.isSafeInteger(n) && n >= 1, where, `an integer ${name} of at least 1`, n);
  return n;
}

/** A range of components must lie inside the vector. */
function within(where: string, start: number, length: number, dim: number): void {
  const inside = Number.isSafeInteger(start) && start >= 0 && start + positive(where, "length", length) <= dim;
  expect(inside, where, `components inside 0…${dim - 1}`, length === 1 ? start : `${start}…${start + length - 1}`);
}

const extractBuild = operation("Extract", {
  doc: "The `length` components of x from `start` on.",
  slots: [formulaSlot("x"), integerSlot("start"), integerSlot("length")],
  shape: {
    kind: "view",
    segments: (_, [start, length]) => [{ length: length as number, arg: 0, start: start as number, stride: 1 }],
  },
  dim: ([x], [start, length]) => {
    within("Extract(x, start, length)", start!, length!, x!);
    return length!;
  },
  simplify: ([x], [start, length]) => {
    if (length === x!.dim) return x;
    return isSumT(x!) ? sumT(x!.args[0]!, length!) : start === undefined ? undefined : concatPart(x!, start, length!);
  },
  cotangents: (e, [x], [start]) => [extractT(e, start!, x!.dim)],
});

/** The `length` components of x from `start` on. */
export function extract(x: Operand, start: number, length: number): Formula {
  return extractBuild([x], [start, length]);
}

/** A range that lies in one half of a Concat is a range of that half. */
function concatPart(x: Formula, start: number, length: number): Formula | undefined {
  if (x.operation !== concatRow) return undefined;
  const [left, right] = x.args as [Formula, Formula];
  if (start + length <= left.dim) return extract(left, start, length);
  return start >= left.dim ? extract(right, start - left.dim, length) : undefined;
}

const extractTBuild = operation("ExtractT", {
  doc: "x as the components from `start` on of a vector of dim `dim` that is 0 elsewhere.",
  slots: [formulaSlot("x"), integerSlot("start"), integerSlot("dim")],
  shape: {
    kind: "view",
    segments: ([x], [start, dim]) =>
      [
        { length: start as number, start: 0, stride: 0 },
        { length: x!, arg: 0, start: 0, stride: 1 },
        { length: (dim as number) - (start as number) - x!, start: 0, stride: 0 },
      ].filter(({ length }) => length > 0),
  },
  dim: ([x], [start, dim]) => {
    within("ExtractT(x, start, dim)", start!, x!, positive("ExtractT(x, start, dim)", "dim", dim!));
    return dim!;
  },
  simplify: ([x], [, dim]) => (x!.dim === dim ? x : isZero(x!) ? zero(dim!) : undefined),
  cotangents: (e, [x], [start]) => [extract(e, start!, x!.dim)],
});

/** x as the components from `start` on of a vector of dim `dim` that is 0 elsewhere. */
export function extractT(x: Operand, start: number, dim: number): Formula {
  return extractTBuild([x], [start, dim]);
}

const concatBuild = operation("Concat", {
  doc: "The components of x, then those of y.",
  slots: [formulaSlot("x"), formulaSlot("y")],
  shape: {
    kind: "view",
    segments: ([x, y]) => [
      { length: x!, arg: 0, start: 0, stride: 1 },
      { length: y!, arg: 1, start: 0, stride: 1 },
    ],
  },
  dim: ([x, y]) => x! + y!,
  simplify: ([x, y]) => (isZero(x!) && isZero(y!) ? zero(x!.dim + y!.dim) : undefined),
  cotangents: (e, [x, y]) => [extract(e, 0, x!.dim), extract(e, x!.dim, y!.dim)],
});
const concatRow = operations.get("Concat");

/** The components of x, then those of y. */
export function concat(x: Operand, y: Operand): Formula {
  return concatBuild([x, y]);
}

// ------------------------------------------------------------------------------------------------------ macros

/** Squared Euclidean norm. */
export const sqNorm2: Unary = (x) => scalprod(x, x);
/** Euclidean norm; its gradient is 0 at 0. */
export const norm2: Unary = (x) => sqrt(sqNorm2(x));
/** Squared Euclidean distance. */
export const sqDist: Binary = (x, y) => {
  const [dimX, dimY] = [lift(x).dim, lift(y).dim];
  expect(dimX === dimY, "SqDist(x, y)", "equal dims", `${dimX} and ${dimY}`);
  return sqNorm2(subtract(x, y));
};

const one =
  (build: Unary): Entry["build"] =>
  ([x]) =>
    build(x as Formula);
const two =
  (build: Binary): Entry["build"] =>
  ([x, y]) =>
    build(x as Formula, y as Formula);

macro("SqNorm2", "Squared Euclidean norm of x.", [formulaSlot("x")], one(sqNorm2));
macro("Norm2", "Euclidean norm of x; its gradient is 0 at 0.", [formulaSlot("x")], one(norm2));
macro("SqDist", "Squared Euclidean distance of x and y.", [formulaSlot("x"), formulaSlot("y")], two(sqDist));
macro("Elem", "Component `m` of x, counted from 0.", [formulaSlot("x"), integerSlot("m")], ([x, m]) => {
  within("Elem(x, m)", m as number, 1, (x as Formula).dim);
  return extract(x as Formula, m as number, 1);
});
macro(
  "ElemT",
  "The scalar x as component `m` of a vector of dim `dim` that is 0 elsewhere.",
  [formulaSlot("x"), integerSlot("dim"), integerSlot("m")],
  ([x, dim, m]) => {
    expect((x as Formula).dim === 1, "ElemT(x, dim, m)", "x of dim 1", `dim ${(x as Formula).dim}`);
    return extractT(x as Formula, m as number, dim as number);
  },
);
