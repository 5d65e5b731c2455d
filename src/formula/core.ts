/**
 * The core of the operation table: how rows are made (`elementwise`, `operation` with its own dims, `macro` made of
 * others), and the rows that the makers themselves need: numbers, + - *, sums and scalar products. Code is written in
 * the dialect of `docs/design/codegen.md`: infix + - * /, unary -, numbers and calls only, over the types real, mask
 * and index.
 */
import { asserted, at } from "../asserts";
import { FormulaError } from "../errors";
import { exact, make, variableEntry } from "./formula";
import { monotone, product, valley } from "./intervals";
import type { BoundsRule } from "./intervals";
import { methodOf } from "./slots";
import type { Contraction, Elementwise, Entry, Formula, Leaf, Operation, Parameter, View } from "./formula";
import type { MethodRow, Slot } from "./slots";

/** Every name a formula may call. */
export const entries: ReadonlyMap<string, Entry> = new Map<string, Entry>();
/** The rows among the entries; macros are not here. */
export const operations: ReadonlyMap<string, Operation> = new Map<string, Operation>();

export type Operand = Formula | number;
export type Unary = (x: Operand) => Formula;
export type Binary = (x: Operand, y: Operand) => Formula;

export const lift = (operand: Operand): Formula => (typeof operand === "number" ? constant(operand) : operand);

// ---------------------------------------------------------------------------------------------------- makers

/** Adds an entry to the parser's table. @throws Error (a bug of ours) when the name is taken. */
export function register(entry: Entry): void {
  if (entries.has(entry.name)) throw new Error(`operation ${entry.name} is defined twice`);
  (entries as Map<string, Entry>).set(entry.name, entry);
}

export function registerOperation(row: Operation): Operation {
  register(row);
  (operations as Map<string, Operation>).set(row.name, row);
  return row;
}

interface ElementwiseRow extends MethodRow {
  doc: string;
  value: (...args: number[]) => number;
  code?: (...args: string[]) => string;
  /** Factors by which the cotangent is multiplied, one per argument; null where the derivative is zero. */
  derivative: (...args: Formula[]) => readonly (Formula | null)[];
  bounds?: BoundsRule<Formula>;
  ulps?: number;
  simplify?: (...args: Formula[]) => Formula | undefined;
  lower?: (...args: Formula[]) => Formula;
  cost?: number;
  turned?: 1 | -1;
  domain?: readonly [number, number];
  print?: Operation["print"];
  precedence?: number;
}

/**
 * A row that works component by component; arguments of dim 1 are broadcast, and their cotangents summed.
 * @param argNames between spaces; `n=0` where 0 stands for what is left out.
 */
export function elementwise(name: string, argNames: string, row: ElementwiseRow): (...operands: Operand[]) => Formula {
  const slots = formulaSlots(argNames);
  const value = (args: readonly number[]): number => row.value(...args);
  const { code, lower, turned, bounds, ulps } = row;
  const shape: Elementwise = {
    kind: "elementwise",
    value,
    ...(code && { code: (args) => code(...args) }),
    cost: row.cost ?? 1,
    ...(turned && { turned }),
  };
  const operation: Operation = registerOperation({
    name,
    doc: row.doc,
    slots,
    method: methodOf(name, slots, row),
    shape,
    build: (values) => build(...(values as Formula[])),
    dim: (dims) => broadcastDim(name, slots, dims),
    simplify: (args) => foldElementwise(value, args) ?? row.simplify?.(...args) ?? pullSumT(operation, args),
    cotangents: (cotangent, of) =>
      row.derivative(...of.args).map((factor, n) => factor && broadcastCotangent(cotangent, factor, at(of.args, n))),
    ...(bounds && { bounds }),
    ...(ulps !== undefined && { ulps }),
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

export const call = (name: string, slots: readonly Slot[]): string =>
  `${name}(${slots.map((slot) => slot.name).join(", ")})`;

function broadcastCotangent(cotangent: Formula, factor: Formula, arg: Formula): Formula {
  if (arg.dim === cotangent.dim) return mult(cotangent, factor);
  return factor.dim === 1 ? mult(sum(cotangent), factor) : scalprod(cotangent, factor);
}

/** Constants fold into a constant where the value is finite; Zero(d) counts as the constant 0. */
export function foldElementwise(
  value: (args: readonly number[]) => number,
  args: readonly Formula[],
): Formula | undefined {
  const numbers = args.map(constantValue);
  if (!numbers.every((n) => n !== undefined)) return undefined;
  const folded = value(numbers);
  return Number.isFinite(folded) ? sumT(constant(folded), Math.max(...args.map(({ dim }) => dim))) : undefined;
}

/** f(SumT(x, d), y) is f(x, y) if y has dim d already, and SumT(f(x, …), d) if all arguments are repeated or scalar. */
function pullSumT(operation: Operation, args: readonly Formula[]): Formula | undefined {
  if (!args.some(isSumT)) return undefined;
  const inner = args.map((arg) => (isSumT(arg) ? arg.args[0] : arg));
  const dim = Math.max(...args.map((arg) => arg.dim));
  return repeatTo(make(operation, inner), dim);
}

/** The formulas that a row takes. */
export type One = readonly [Formula];
export type Two = readonly [Formula, Formula];

/** One dim, and one operand, for each formula. */
type Dims<F extends readonly Formula[]> = { readonly [K in keyof F]: number };
type Operands<F extends readonly Formula[]> = { readonly [K in keyof F]: Operand };

interface OperationRow<F extends readonly Formula[], P extends readonly Parameter[]> extends MethodRow {
  doc: string;
  slots: readonly Slot[];
  shape: View<Dims<F>, P> | Contraction<Dims<F>, P> | Leaf;
  /** Fills in what the text may leave out. */
  complete?: (params: readonly Parameter[]) => P;
  dim: (dims: Dims<F>, params: P) => number;
  simplify?: (args: F, params: P) => Formula | undefined;
  cotangents: (cotangent: Formula, args: F, params: P) => readonly (Formula | null)[];
  print?: Operation["print"];
}

/** A row with its own dims: a view or a contraction; `F` are its formulas, `P` the numbers and lists after them. */
export function operation<F extends readonly Formula[], P extends readonly Parameter[] = readonly []>(
  name: string,
  row: OperationRow<F, P>,
): (args: Operands<F>, ...params: P) => Formula {
  const formulas = row.slots.filter((slot) => slot.kind === "formula").length;
  const { complete = (params) => params as P } = row;
  const self: Operation = registerOperation({
    name,
    doc: row.doc,
    slots: row.slots,
    method: methodOf(name, row.slots, row),
    shape: row.shape,
    build: (values) =>
      build(values.slice(0, formulas) as Formula[], ...complete(values.slice(formulas) as Parameter[])),
    dim: (dims, params) => row.dim(dims as Dims<F>, params as P),
    simplify: (args, params) =>
      row.simplify?.(args as F, params as P) ??
      (vanishes(self, args) ? zero(self.dim(dimsOf(args), params)) : undefined),
    cotangents: (cotangent, of) => row.cotangents(cotangent, of.args as F, of.params as P),
    domain: [-1, 1],
    ...(row.print && { print: row.print }),
  });
  const build = (args: readonly Operand[], ...params: P): Formula => make(self, args.map(lift), params);
  return build;
}

/** Whether a view shows zeros alone, or a sum of products has a factor 0 throughout. */
function vanishes({ shape, name }: Operation, args: readonly Formula[]): boolean {
  if (shape.kind === "contraction") return args.some(isZero);
  return shape.kind === "view" && name !== "SumT" && args.every(isZero);
}

const dimsOf = (args: readonly Formula[]): number[] => args.map(({ dim }) => dim);

type Values = readonly (Formula | Parameter)[];

interface MacroRow<V> extends MethodRow {
  doc: string;
  slots: readonly Slot[];
  build: (values: V) => Formula;
}

/** An entry that is made of other operations and leaves no node of its own; `V` are the values of its slots. */
export function macro<V extends Values = Values>(name: string, row: MacroRow<V>): void {
  const { doc, slots, build } = row;
  const takesFormula = slots[0]?.kind === "formula";
  register({ name, doc, slots, build, ...(takesFormula && { method: methodOf(name, slots, row) }) });
}

/** Builds from one formula, and from two. */
export const one =
  (build: Unary): Entry["build"] =>
  ([x]) =>
    build(x as Formula);
export const two =
  (build: Binary): Entry["build"] =>
  ([x, y]) =>
    build(x as Formula, y as Formula);

/** @param text its name, or `name=0` where 0 stands for what is left out. */
export const formulaSlot = (text: string): Slot => slotOf(text, "formula");
export const integerSlot = (text: string): Slot => slotOf(text, "integer");
export const listSlot = (text: string): Slot => slotOf(text, "list");

function slotOf(text: string, kind: Slot["kind"]): Slot {
  const [name = text, number] = text.split("=");
  return { name, kind, ...(number !== undefined && { default: Number(number) }) };
}

/** The slots of formulas, by their names between spaces. */
export const formulaSlots = (names: string): Slot[] => names.split(" ").map(formulaSlot);

export function expect(condition: boolean, where: string, expected: string, got: string | number): void {
  if (!condition) throw new FormulaError(`${where}: expected ${expected}, got ${got}`);
}

// ------------------------------------------------------------------------------------- constants and variables

register(variableEntry);

const constantOperation: Operation = {
  name: "Constant",
  doc: "A number.",
  slots: [{ name: "value", kind: "number" }],
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

/** A formula whose row says how many arguments it has. */
export interface Of<F extends readonly Formula[]> extends Formula {
  readonly args: F;
}

/** The number of a constant. */
const numberOf = (formula: Formula): number => asserted(constantValue(formula), "a constant");

/** The number that a formula is in every component, if it is a constant. */
export function constantValue(formula: Formula): number | undefined {
  if (formula.operation === constantOperation) return formula.params[0] as number;
  return isSumT(formula) ? constantValue(formula.args[0]) : undefined;
}

/** Zeros, of dim `dim`. */
export const zero = (dim: number): Formula => sumT(constant(0), dim);
export const isZero = (formula: Formula): boolean => constantValue(formula) === 0;
export const isConstant = (formula: Formula): boolean => formula.operation === constantOperation;

macro("Zero", {
  doc: "Zeros, of dim `dim`.",
  slots: [integerSlot("dim")],
  build: ([dim]) => zero(dim as number),
});

// -------------------------------------------------------------------------------------------------- arithmetic

/** How tightly operators bind, loosest first; the parser reads the same numbers. */
export const PRECEDENCE = { compare: 1, scalprod: 2, add: 3, mult: 4, minus: 5, power: 6 } as const;

export function infix(symbol: string, precedence: number): Pick<ElementwiseRow, "print" | "precedence"> {
  const wrap = (text: string, arg: Formula, tighter: boolean): string => {
    const own = arg.operation.precedence ?? Infinity;
    return own < precedence || (tighter && own === precedence) ? `(${text})` : text;
  };
  const isComparison = precedence === PRECEDENCE.compare; // they do not chain
  return {
    precedence,
    print: (args, formula) =>
      args.map((text, n) => wrap(text, at(formula.args, n), n > 0 || isComparison)).join(` ${symbol} `),
  };
}

/** `formula` as (number, rest), so that formula = number * rest. */
export function coefficient(formula: Formula): readonly [number, Formula] {
  if (isMinus(formula)) return [-1, formula.args[0]];
  if (!isMult(formula)) return [1, formula];
  const [factor, rest] = formula.args;
  return isConstant(factor) ? [numberOf(factor), rest] : [1, formula];
}

/** a·x + b·x = (a + b)·x, with `sign` in front of the second. */
function collect(x: Formula, y: Formula, sign: 1 | -1): Formula | undefined {
  const [a, restX] = coefficient(x);
  const [b, restY] = coefficient(y);
  return restX === restY ? ifFinite(a + sign * b, (factor) => mult(factor, restX)) : undefined;
}

/**
 * Numbers are merged only while they stay finite: what overflows is left for the engines, which compute as IEEE 754
 * says.
 */
function ifFinite(merged: number, build: (number: number) => Formula | undefined): Formula | undefined {
  return Number.isFinite(merged) ? build(merged) : undefined;
}

export const repeatTo = (x: Formula, dim: number): Formula => (x.dim < dim ? sumT(x, dim) : x);

/** Sum of two formulas. */
export const add: Binary = elementwise("Add", "x y", {
  doc: "x + y, component by component.",
  value: (x, y) => x + y,
  code: (x, y) => `${x} + ${y}`,
  derivative: () => [constant(1), constant(1)],
  bounds: monotone(1, 1),
  ulps: 0,
  turned: 1,
  simplify: (x, y) => {
    if (isZero(x)) return repeatTo(y, x.dim);
    if (isZero(y)) return repeatTo(x, y.dim);
    return isMinus(y) ? subtract(x, y.args[0]) : collect(x, y, 1);
  },
  lower: (x, y) => (x === y ? mult(2, x) : add(x, y)),
  ...infix("+", PRECEDENCE.add),
});

/** Difference of two formulas. */
export const subtract: Binary = elementwise("Subtract", "x y", {
  doc: "x - y, component by component.",
  method: "sub",
  value: (x, y) => x - y,
  code: (x, y) => `${x} - ${y}`,
  derivative: () => [constant(1), constant(-1)],
  bounds: monotone(1, -1),
  ulps: 0,
  turned: -1,
  simplify: (x, y) => {
    if (isZero(x)) return repeatTo(minus(y), x.dim);
    if (isZero(y)) return repeatTo(x, y.dim);
    return isMinus(y) ? add(x, y.args[0]) : collect(x, y, -1);
  },
  ...infix("-", PRECEDENCE.add),
});

/** Opposite. */
export const minus: Unary = elementwise("Minus", "x", {
  doc: "-x.",
  method: "neg",
  value: (x) => -x,
  code: (x) => `-${x}`,
  derivative: () => [constant(-1)],
  bounds: monotone(-1),
  ulps: 0,
  simplify: (x) => {
    const [factor, rest] = coefficient(x);
    return rest === x ? undefined : mult(-factor, rest);
  },
  precedence: PRECEDENCE.minus,
  print: (args, formula) =>
    (at(formula.args, 0).operation.precedence ?? Infinity) < PRECEDENCE.minus ? `-(${at(args, 0)})` : `-${at(args, 0)}`,
});
const minusRow = operations.get("Minus");
export const isMinus = (formula: Formula): formula is Of<One> => formula.operation === minusRow;

/** Product, component by component. */
export const mult: Binary = elementwise("Mult", "x y", {
  doc: "x * y, component by component.",
  method: "mul",
  value: (x, y) => x * y,
  code: (x, y) => `${x} * ${y}`,
  derivative: (x, y) => [y, x],
  bounds: product(),
  ulps: 0.5,
  turned: 1,
  simplify: (x, y) => {
    if (isZero(x) || isZero(y)) return zero(Math.max(x.dim, y.dim));
    if (isConstant(y)) return isConstant(x) ? undefined : mult(y, x);
    if (isConstant(x)) return scaleCoefficient(numberOf(x), y);
    if (x === y) return square(x);
    const [a, restX] = coefficient(x);
    const [b, restY] = coefficient(y);
    if (restX === x && restY === y) return undefined;
    return ifFinite(a * b, (factor) => mult(factor, mult(restX, restY)));
  },
  lower: regroupFactors,
  ...infix("*", PRECEDENCE.mult),
});
const multRow = operations.get("Mult");
const isMult = (formula: Formula): formula is Of<Two> => formula.operation === multRow;

function scaleCoefficient(factor: number, x: Formula): Formula | undefined {
  if (factor === 1) return x;
  const [inner, rest] = coefficient(x);
  if (rest !== x) return ifFinite(factor * inner, (merged) => mult(merged, rest));
  return factor === -1 ? minus(x) : undefined;
}

/**
 * Multiplies, lowest dim first, and within a dim what is known earliest first, so that as much as possible is computed
 * once.
 */
function regroupFactors(x: Formula, y: Formula): Formula {
  const factors = [...factorsOf(x), ...factorsOf(y)];
  const number = factors.filter(isConstant).reduce((product, f) => product * numberOf(f), 1);
  if (!Number.isFinite(number)) return times(x, y);
  const groups = new Map<number, Formula>(number === 1 ? [] : [[0, constant(number)]]);
  for (const f of factors.filter((f) => !isConstant(f))) groups.set(order(f), times(groups.get(order(f)), f));
  const earliestFirst = [...groups].sort(([a], [b]) => a - b).map(([, f]) => f);
  return earliestFirst.reduce((product, f) => times(product, f));
}

/** Scalars before vectors; of each, what depends on nothing, on i, on j, on both. */
const order = (f: Formula): number => (f.dim > 1 ? 4 : 0) + f.depends;

function times(x: Formula | undefined, y: Formula): Formula {
  return x ? exact(asserted(multRow, "the row Mult"), [x, y]) : y;
}

/**
 * The factors of a product, but for products of one order, which stay together: else long products would take quadratic
 * time.
 */
export function factorsOf(formula: Formula): Formula[] {
  if (isMult(formula)) {
    const [x, y] = formula.args;
    return isConstant(x) || order(x) !== order(y) || isMixed(x) ? [...factorsOf(x), ...factorsOf(y)] : [formula];
  }
  if (isMinus(formula)) return [constant(-1), ...factorsOf(formula.args[0])];
  return [formula];
}

/** A product of i and of j is one of both, as others that depend on both, but has parts that are known earlier. */
const isMixed = (x: Formula): boolean => isMult(x) && order(x.args[0]) !== order(x.args[1]);

/** Square. */
export const square: Unary = elementwise("Square", "x", {
  doc: "x * x.",
  value: (x) => x * x,
  code: (x) => `${x} * ${x}`,
  derivative: (x) => [mult(2, x)],
  bounds: valley(0),
  ulps: 0.5,
  simplify: (x) => {
    const [factor, rest] = coefficient(x);
    return rest === x ? undefined : ifFinite(factor * factor, (squared) => mult(squared, square(rest)));
  },
});

const squareRow = operations.get("Square");
const isSquare = (formula: Formula): formula is Of<One> => formula.operation === squareRow;

// ------------------------------------------------------------------------------------------------ contractions

const sumBuild = operation<One>("Sum", {
  doc: "Sum of the components of x.",
  slots: [formulaSlot("x")],
  shape: { kind: "contraction", axes: ([dim]) => ({ kept: [], summed: [{ size: dim, strides: [1] }] }) },
  dim: () => 1,
  simplify: ([x]) => {
    if (x.dim === 1) return x;
    if (isSumT(x)) return mult(x.dim, x.args[0]);
    if (isSquare(x)) return scalprod(x.args[0], x.args[0]);
    return pulledFrom(x, sum) ?? (isMult(x) ? scalprod(...x.args) : undefined);
  },
  cotangents: (e, [x]) => [sumT(e, x.dim)],
});

/** Sum of the components of x. */
export function sum(x: Operand): Formula {
  return sumBuild([x]);
}

const scalprodBuild = operation<Two>("Scalprod", {
  doc: "Scalar product of x and y; also written x | y.",
  method: "dot",
  slots: [formulaSlot("x"), formulaSlot("y")],
  shape: { kind: "contraction", axes: ([dim]) => ({ kept: [], summed: [{ size: dim, strides: [1, 1] }] }) },
  dim: ([x, y]) => {
    expect(x === y, "Scalprod(x, y)", "equal dims", `${x} and ${y}`);
    return 1;
  },
  simplify: ([x, y]) => {
    if (x.dim === 1) return mult(x, y);
    if (isSumT(x)) return mult(x.args[0], sum(y));
    if (isSumT(y)) return mult(y.args[0], sum(x));
    return pulledFrom(x, (v) => scalprod(v, y)) ?? pulledFrom(y, (v) => scalprod(x, v));
  },
  cotangents: (e, [x, y]) => [mult(e, y), mult(e, x)],
  print: (args, { args: [x, y] }) => (x === y ? `SqNorm2(${at(args, 0)})` : `Scalprod(${args.join(", ")})`),
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
  if (isMinus(x)) return [constant(-1), x.args[0]];
  if (!isMult(x) || x.dim === 1) return undefined;
  const [left, right] = x.args;
  if (left.dim === 1) return [left, right];
  return right.dim === 1 ? [right, left] : undefined;
}

/** Scalar product. */
export function scalprod(x: Operand, y: Operand): Formula {
  return scalprodBuild([x, y]);
}

// ------------------------------------------------------------------------------------------------- repetition

const sumTBuild = operation<One, readonly [number]>("SumT", {
  doc: "The scalar x, repeated `dim` times.",
  slots: [formulaSlot("x"), integerSlot("dim")],
  shape: { kind: "view", segments: (_, [dim]) => [{ length: dim, arg: 0, start: 0, stride: 0 }] },
  dim: ([x], [dim]) => {
    expect(x === 1, "SumT(x, dim)", "x of dim 1", `dim ${x}`);
    return positive("SumT(x, dim)", "dim", dim);
  },
  simplify: ([x], [dim]) => (dim === 1 ? x : undefined),
  cotangents: (e) => [sum(e)],
});
const sumTRow = operations.get("SumT");
export const isSumT = (formula: Formula): formula is Of<One> => formula.operation === sumTRow;

/** The scalar x, repeated `dim` times. */
export function sumT(x: Operand, dim: number): Formula {
  return sumTBuild([x], dim);
}

export function positive(where: string, name: string, n: number): number {
  expect(Number.isSafeInteger(n) && n >= 1, where, `an integer ${name} of at least 1`, n);
  return n;
}
