/**
 * Operations that run through a vector: its largest component, log-sum-exp, one-hot vectors, B-splines, dynamic time
 * warping. The one idea is to step through vectors, not through components, so that formulas stay small whatever the
 * dims are; all is made of other rows, so that gradients follow.
 */
import { complex, complexImag, complexReal } from "./complex";
import {
  add,
  constant,
  elementwise,
  expect,
  formulaSlot,
  formulaSlots,
  integerSlot,
  lift,
  macro,
  minus,
  mult,
  one,
  operation,
  operations,
  positive,
  scalprod,
  square,
  subtract,
  sum,
  zero,
} from "./core";
import type { Binary, One, Operand, Unary } from "./core";
import type { Formula } from "./formula";
import { floor, maximum, minimum } from "./functions";
import { monotone } from "./intervals";
import type { Interval, Ruled, Tools } from "./intervals";
import { abs, divide, equal, inv, lessOrEqual, lessThan, notEqual, rsqrt } from "./maths";
import { concat, extract } from "./vectors";

/** x / |x|; 0 at 0. */
export const normalize: Unary = (x) => mult(rsqrt(scalprod(x, x)), x);

// ------------------------------------------------------------------------------------------ largest and smallest

/** How a pair of neighbours competes: the better of both, and a mask where the second is strictly better. */
interface Contest {
  readonly better: Binary;
  readonly isBeaten: Binary;
}
const LARGER = contest(maximum, lessThan);
const SMALLER = contest(minimum, (left, right) => lessThan(right, left));

/** NaN beats every number, so that its place is told as it is the value. */
function contest(better: Binary, isBeatenByNumber: Binary): Contest {
  const isNaN = (x: Operand): Formula => notEqual(x, x);
  const isBeaten: Binary = (left, right) => add(isBeatenByNumber(left, right), lessThan(isNaN(left), isNaN(right)));
  return { better, isBeaten };
}

/** The two of every pair of neighbours, and a last component that has no neighbour. */
function pairsOf(x: Formula): { left: Formula; right: Formula; join: (paired: Formula) => Formula } {
  const paired = extract(x, 0, x.dim - (x.dim % 2));
  const last = (joined: Formula): Formula => concat(joined, extract(x, x.dim - 1, 1));
  return { left: complexReal(paired), right: complexImag(paired), join: x.dim % 2 === 0 ? (joined) => joined : last };
}

/**
 * Neighbours become one, then neighbours among these, until one is left; of a contest, the earlier of two equals stays.
 */
function joinNeighbours(x: Formula, two: Binary): Formula {
  let rest = x;
  while (rest.dim > 1) {
    const { left, right, join } = pairsOf(rest);
    rest = join(two(left, right));
  }
  return rest;
}

/**
 * Place of the best component: a contest that carries the distance of each winner from the first whom it has beaten.
 */
function placeOfBest(x: Formula, { better, isBeaten }: Contest): Formula {
  let [best, place] = [x, zero(x.dim)];
  for (let step = 1; best.dim > 1; step *= 2) {
    const [values, places] = [pairsOf(best), pairsOf(place)];
    const onwards = subtract(add(step, places.right), places.left);
    place = places.join(add(places.left, mult(isBeaten(values.left, values.right), onwards)));
    best = values.join(better(values.left, values.right));
  }
  return place;
}

/** Largest component; the gradient goes to the first of equal ones. */
export const max: Unary = (x) => joinNeighbours(lift(x), LARGER.better);
/** Smallest component; the gradient goes to the first of equal ones. */
export const min: Unary = (x) => joinNeighbours(lift(x), SMALLER.better);
/** Place of the largest component, from 0; the first of equal ones. */
export const argMax: Unary = (x) => placeOfBest(lift(x), LARGER);
/** Place of the smallest component, from 0; the first of equal ones. */
export const argMin: Unary = (x) => placeOfBest(lift(x), SMALLER);
/** log of the sum of exp of the components, without overflow. */
export const logSumExp: Unary = (x) => joinNeighbours(lift(x), logAddExp);
/** Mean of the components. */
export const mean: Unary = (x) => mult(1 / lift(x).dim, sum(x));

// ----------------------------------------------------------------------------------------------- one-hot vectors

/** The numbers 0, 1, …, dim - 1. */
function countUp(dim: number): Formula {
  if (dim === 1) return constant(0);
  const even = mult(2, countUp(Math.ceil(dim / 2)));
  return extract(complex(even, add(1, even)), 0, dim);
}

/** 1 at the component nearest to the number x, halves up, else 0; zeros where there is no such component. */
export function oneHot(x: Operand, dim: number): Formula {
  const number = lift(x);
  expect(number.dim === 1, "OneHot(x, dim)", "x of dim 1", `dim ${number.dim}`);
  return equal(floor(add(0.5, number)), countUp(positive("OneHot(x, dim)", "dim", dim)));
}

// ------------------------------------------------------------------------------------------------------ B-splines

/** The K - order - 1 B-splines over K knots at the number x: Cox - de Boor, half-open intervals, 0 / 0 = 0. */
export function bSpline(knots: Operand, x: Operand, order: number): Formula {
  const [t, at] = [lift(knots), lift(x)];
  const where = "BSpline(knots, x, order)";
  expect(at.dim === 1, where, "x of dim 1", `dim ${at.dim}`);
  expect(Number.isSafeInteger(order) && order >= 0, where, "an integer order of at least 0", order);
  expect(t.dim >= order + 2, where, `at least ${order + 2} knots for order ${order}`, t.dim);
  const from = (start: number, length: number): Formula => extract(t, start, length);
  let splines = mult(lessOrEqual(from(0, t.dim - 1), at), lessThan(at, from(1, t.dim - 1)));
  for (let degree = 1; degree <= order; degree++) splines = raiseDegree(splines, from, at, degree);
  return splines;
}

/** Where knots coincide the spline over them is 0, and any finite number may stand for 1 / 0. */
function raiseDegree(
  splines: Formula,
  knotsFrom: (start: number, length: number) => Formula,
  at: Formula,
  degree: number,
): Formula {
  const [count, length] = [splines.dim, splines.dim - 1];
  const [first, last] = [knotsFrom(0, count), knotsFrom(degree, count)];
  const width = subtract(last, first);
  const share = mult(inv(add(width, equal(width, 0))), splines);
  const rising = mult(subtract(at, first), share);
  const falling = mult(subtract(last, at), share);
  return add(extract(rising, 0, length), extract(falling, 1, length));
}

// --------------------------------------------------------------------------------------------- dynamic time warping

/**
 * exp(x) / (exp(x) + exp(y)), without overflow; Sigmoid(x - y) in code that is short where it is needed for every cell
 * of a table.
 */
const expShare: Binary = elementwise("ExpShare", "x y", {
  doc: "Exp(x) / (Exp(x) + Exp(y)), without overflow; 0 where both are the same infinity.",
  value: (x, y) => (x === y ? (Number.isFinite(x) ? 0.5 : 0) : 1 / (1 + Math.exp(y - x))),
  code: (x, y) => `expShare(${x}, ${y})`,
  derivative: (x, y) => {
    const slope = mult(expShare(x, y), expShare(y, x));
    return [slope, minus(slope)];
  },
  bounds: monotone(1, -1),
  ulps: 6,
  cost: 24,
});

/** log(exp(x) + exp(y)), without overflow. */
export const logAddExp: Binary = elementwise("LogAddExp", "x y", {
  doc: "Log(Exp(x) + Exp(y)), without overflow.",
  value: (x, y) => (x === y ? x + Math.LN2 : Math.max(x, y) + Math.log1p(Math.exp(-Math.abs(x - y)))),
  code: (x, y) => `logAddExp(${x}, ${y})`,
  derivative: (x, y) => [expShare(x, y), expShare(y, x)],
  bounds: boundsOfLogAddExp,
  ulps: 0,
  cost: 45,
});

/** Two terms may cancel, so that what rounding takes is a part of what they are: of their sum or 1. */
function boundsOfLogAddExp(tools: Tools<Formula>, ...args: Interval<Formula>[]): Ruled<Formula> {
  const { lower, upper } = monotone<Formula>(1, 1)(tools, ...args);
  const margin = (end: Formula): Formula => mult(16 * tools.unit, add(1, abs(end)));
  return { lower: subtract(lower, margin(lower)), upper: add(upper, margin(upper)) };
}

const reverseBuild = operation<One>("Reverse", {
  doc: "The components of x, last to first.",
  slots: [formulaSlot("x")],
  shape: { kind: "view", segments: ([dim]) => [{ length: dim, arg: 0, start: dim - 1, stride: -1 }] },
  dim: ([dim]) => dim,
  simplify: ([x]) => (x.dim === 1 ? x : x.operation === reverseRow ? x.args[0] : undefined),
  cotangents: (e) => [reverse(e)],
});
const reverseRow = operations.get("Reverse");

/** The components, last to first. */
export const reverse: Unary = (x) => reverseBuild([x]);

/** The cells (a, b) of a table with a + b = `sum`, by their a, from `first` on. */
interface Diagonal {
  readonly sum: number;
  readonly first: number;
  readonly values: Formula;
}

const cells = ({ values, first }: Diagonal, from: number, count: number): Formula =>
  extract(values, from - first, count);

/**
 * Soft dynamic time warping of the sequences x and y with squared differences: -gamma log of the sum over paths of
 * exp(-cost / gamma) (Cuturi and Blondel 2017). The table of partial sums is filled diagonal by diagonal, as
 * logarithms.
 */
export function softDtwSqDist(x: Operand, y: Operand, gamma: Operand): Formula {
  const [rows, columns, smoothing] = [lift(x), reverse(y), lift(gamma)];
  expect(smoothing.dim === 1, "SoftDTW_SqDist(x, y, gamma)", "gamma of dim 1", `dim ${smoothing.dim}`);
  const factor = divide(-1, smoothing);
  let last: Diagonal | undefined;
  let current = nextDiagonal(rows, columns, factor, 0, undefined, undefined);
  for (let sum = 1; sum <= rows.dim + columns.dim - 2; sum++)
    [last, current] = [current, nextDiagonal(rows, columns, factor, sum, current, last)];
  return mult(minus(smoothing), current.values);
}

/** What the cells cost, plus what the best ways to them cost; costs count as `factor` times the squared difference. */
function nextDiagonal(
  rows: Formula,
  columns: Formula,
  factor: Formula,
  sum: number,
  before: Diagonal | undefined,
  twoBefore: Diagonal | undefined,
): Diagonal {
  const [first, end] = [Math.max(0, sum - columns.dim + 1), Math.min(rows.dim, sum + 1)];
  const difference = subtract(
    extract(rows, first, end - first),
    extract(columns, columns.dim - 1 - sum + first, end - first),
  );
  const cost = mult(factor, square(difference));
  return { sum, first, values: before ? add(cost, waysTo(sum, first, end, before, twoBefore)) : cost };
}

/** The ways to the cells first…end - 1: along the edges from one neighbour, inside from three. */
function waysTo(sum: number, first: number, end: number, before: Diagonal, twoBefore: Diagonal | undefined): Formula {
  const [begin, stop] = [Math.max(1, first), Math.min(end, sum)];
  const ways: Formula[] = [];
  if (first < begin) ways.push(cells(before, 0, 1));
  if (twoBefore && begin < stop) ways.push(insideWays(begin, stop - begin, before, twoBefore));
  if (stop < end) ways.push(cells(before, sum - 1, 1));
  return ways.reduce(concat);
}

function insideWays(begin: number, count: number, before: Diagonal, twoBefore: Diagonal): Formula {
  const neighbours = logAddExp(cells(before, begin - 1, count), cells(before, begin, count));
  return logAddExp(neighbours, cells(twoBefore, begin - 1, count));
}

// --------------------------------------------------------------------------------------------------------- entries

macro("Normalize", {
  doc: "x / Norm2(x); 0 at 0.",
  slots: [formulaSlot("x")],
  build: one(normalize),
});
macro("Max", {
  doc: "Largest component of x.",
  slots: [formulaSlot("x")],
  build: one(max),
});
macro("Min", {
  doc: "Smallest component of x.",
  slots: [formulaSlot("x")],
  build: one(min),
});
macro("ArgMax", {
  doc: "Place of the largest component of x, from 0; the first of equal ones.",
  method: "argmax",
  slots: [formulaSlot("x")],
  build: one(argMax),
});
macro("ArgMin", {
  doc: "Place of the smallest component of x, from 0; the first of equal ones.",
  method: "argmin",
  slots: [formulaSlot("x")],
  build: one(argMin),
});
macro("LogSumExp", {
  doc: "Log of the sum of Exp of the components of x, without overflow.",
  method: "logsumexp",
  slots: [formulaSlot("x")],
  build: one(logSumExp),
});
macro("Mean", {
  doc: "Mean of the components of x.",
  slots: [formulaSlot("x")],
  build: one(mean),
});
macro("OneHot", {
  doc: "The vector of dim `dim` that is 1 at component Floor(x + 1/2) and else 0.",
  method: "oneHot one_hot",
  slots: [formulaSlot("x"), integerSlot("dim")],
  build: ([x, dim]) => oneHot(x as Formula, dim as number),
});
macro("BSpline", {
  doc: "The B-splines of an order over K knots at the number x: K - order - 1 values, by Cox and de Boor.",
  method: "bspline",
  slots: [...formulaSlots("knots x"), integerSlot("order=0")],
  build: ([knots, x, order]) => bSpline(knots as Formula, x as Formula, order as number),
});
macro("SoftDTW_SqDist", {
  doc: "Soft dynamic time warping of the sequences x and y with squared differences and smoothing gamma.",
  method: "softdtwSqdist softdtw_sqdist",
  slots: formulaSlots("x y gamma"),
  build: ([x, y, gamma]) => softDtwSqDist(x as Formula, y as Formula, gamma as Formula),
});
