/**
 * Rows and macros of the operation table that take vectors apart, put them together, or measure them.
 */
import { at } from "../asserts";
import {
  add,
  expect,
  formulaSlot,
  formulaSlots,
  integerSlot,
  isSumT,
  isZero,
  lift,
  macro,
  mult,
  one,
  operation,
  operations,
  positive,
  scalprod,
  subtract,
  sum,
  sumT,
  two,
  zero,
} from "./core";
import type { Binary, Of, One, Operand, Two, Unary } from "./core";
import { abs, powf, sqrt } from "./maths";
import type { Formula } from "./formula";

/** A range of components must lie inside the vector. */
function within(where: string, start: number, length: number, dim: number): void {
  const inside = Number.isSafeInteger(start) && start >= 0 && start + positive(where, "length", length) <= dim;
  expect(inside, where, `components inside 0…${dim - 1}`, length === 1 ? start : `${start}…${start + length - 1}`);
}

// ------------------------------------------------------------------------------------------------------- views

const extractBuild = operation<One, readonly [start: number, length: number]>("Extract", {
  doc: "The `length` components of x from `start` on.",
  slots: [formulaSlot("x"), integerSlot("start"), integerSlot("length")],
  shape: {
    kind: "view",
    segments: (_, [start, length]) => [{ length, arg: 0, start, stride: 1 }],
  },
  dim: ([x], [start, length]) => {
    within("Extract(x, start, length)", start, length, x);
    return length;
  },
  simplify: ([x], [start, length]) => {
    if (length === x.dim) return x;
    return isSumT(x) ? sumT(x.args[0], length) : concatPart(x, start, length);
  },
  cotangents: (e, [x], [start]) => [extractT(e, start, x.dim)],
});

/** The `length` components of x from `start` on. */
export function extract(x: Operand, start: number, length: number): Formula {
  return extractBuild([x], start, length);
}

/** A range that lies in one half of a Concat is a range of that half. */
function concatPart(x: Formula, start: number, length: number): Formula | undefined {
  if (!isConcat(x)) return undefined;
  const [left, right] = x.args;
  if (start + length <= left.dim) return extract(left, start, length);
  return start >= left.dim ? extract(right, start - left.dim, length) : undefined;
}

const extractTBuild = operation<One, readonly [start: number, dim: number]>("ExtractT", {
  doc: "x as the components from `start` on of a vector of dim `dim` that is 0 elsewhere.",
  slots: [formulaSlot("x"), integerSlot("start"), integerSlot("dim")],
  shape: {
    kind: "view",
    segments: ([x], [start, dim]) =>
      [
        { length: start, start: 0, stride: 0 },
        { length: x, arg: 0, start: 0, stride: 1 },
        { length: dim - start - x, start: 0, stride: 0 },
      ].filter(({ length }) => length > 0),
  },
  dim: ([x], [start, dim]) => {
    within("ExtractT(x, start, dim)", start, x, positive("ExtractT(x, start, dim)", "dim", dim));
    return dim;
  },
  simplify: ([x], [, dim]) => (x.dim === dim ? x : isZero(x) ? zero(dim) : undefined),
  cotangents: (e, [x], [start]) => [extract(e, start, x.dim)],
});

/** x as the components from `start` on of a vector of dim `dim` that is 0 elsewhere. */
export function extractT(x: Operand, start: number, dim: number): Formula {
  return extractTBuild([x], start, dim);
}

const extractTRow = operations.get("ExtractT");

/** x + y; where both are parts of a vector and the one follows the other, they are one part. */
export function addBeside(x: Formula, y: Formula): Formula {
  if (x.operation !== extractTRow || y.operation !== extractTRow || x.dim !== y.dim) return add(x, y);
  const [[first, start], [second, next]] = [x, y]
    .map(({ args, params }) => [at(args, 0), at(params, 0) as number] as const)
    .sort(([, a], [, b]) => a - b) as [Part, Part];
  return start + first.dim === next ? extractT(concat(first, second), start, x.dim) : add(x, y);
}

type Part = readonly [part: Formula, start: number];

const concatBuild = operation<Two>("Concat", {
  doc: "The components of x, then those of y.",
  slots: [formulaSlot("x"), formulaSlot("y")],
  shape: {
    kind: "view",
    segments: ([x, y]) => [
      { length: x, arg: 0, start: 0, stride: 1 },
      { length: y, arg: 1, start: 0, stride: 1 },
    ],
  },
  dim: ([x, y]) => x + y,
  simplify: ([x, y]) => (isZero(x) && isZero(y) ? zero(x.dim + y.dim) : undefined),
  cotangents: (e, [x, y]) => [extract(e, 0, x.dim), extract(e, x.dim, y.dim)],
});
const concatRow = operations.get("Concat");
const isConcat = (formula: Formula): formula is Of<Two> => formula.operation === concatRow;

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

macro("SqNorm2", {
  doc: "Squared Euclidean norm of x.",
  method: "sqnorm2",
  slots: [formulaSlot("x")],
  build: one(sqNorm2),
});
macro("Norm2", {
  doc: "Euclidean norm of x; its gradient is 0 at 0.",
  method: "norm2 norm",
  slots: [formulaSlot("x")],
  build: one(norm2),
});
macro("SqDist", {
  doc: "Squared Euclidean distance of x and y.",
  method: "sqdist",
  slots: formulaSlots("x y"),
  build: two(sqDist),
});
/** (sum of |x|^p)^(1/p). */
export function pNorm(x: Operand, p: number): Formula {
  expect(Number.isFinite(p) && p > 0, "PNorm(x, p)", "a number p above 0", p);
  return p === 2 ? norm2(x) : powf(sum(powf(abs(x), p)), 1 / p);
}

/** The vector product of two vectors of dim 3. */
export const cross: Binary = (x, y) => {
  const [left, right] = [lift(x), lift(y)];
  expect(left.dim === 3 && right.dim === 3, "Cross(x, y)", "dims 3", `${left.dim} and ${right.dim}`);
  const turned = (v: Formula, by: 1 | 2): Formula => concat(extract(v, by, 3 - by), extract(v, 0, by));
  return subtract(mult(turned(left, 1), turned(right, 2)), mult(turned(left, 2), turned(right, 1)));
};

/** Mean square of what components differ from their mean by; `ddof` is taken from their number first. */
export function variance(x: Operand, ddof: number): Formula {
  const vector = lift(x);
  const count = vector.dim - ddof;
  expect(
    Number.isSafeInteger(ddof) && ddof >= 0 && count > 0,
    "Variance(x, ddof)",
    `ddof from 0 to ${vector.dim - 1}`,
    ddof,
  );
  return mult(1 / count, sqNorm2(subtract(vector, mult(1 / vector.dim, sum(vector)))));
}

macro("PNorm", {
  doc: "Norm of x of the order p > 0: (sum of |x|^p)^(1/p); its gradient is 0 at 0.",
  method: "pnorm",
  slots: [formulaSlot("x"), { name: "p", kind: "number" }],
  build: ([x, p]) => pNorm(x as Formula, p as number),
});
macro("Cross", {
  doc: "Vector product of x and y, of dim 3.",
  slots: formulaSlots("x y"),
  build: two(cross),
});
macro("Variance", {
  doc: "Mean square of what the components of x differ from their mean by, the sum over dim - `ddof`.",
  slots: [formulaSlot("x"), integerSlot("ddof=0")],
  build: ([x, ddof]) => variance(x as Formula, ddof as number),
});
macro("Elem", {
  doc: "Component `m` of x, counted from 0.",
  slots: [formulaSlot("x"), integerSlot("m")],
  build: ([x, m]) => {
    within("Elem(x, m)", m as number, 1, (x as Formula).dim);
    return extract(x as Formula, m as number, 1);
  },
});
macro("ElemT", {
  doc: "The scalar x as component `m` of a vector of dim `dim` that is 0 elsewhere.",
  slots: [formulaSlot("x"), integerSlot("dim"), integerSlot("m")],
  build: ([x, dim, m]) => {
    expect((x as Formula).dim === 1, "ElemT(x, dim, m)", "x of dim 1", `dim ${(x as Formula).dim}`);
    return extractT(x as Formula, m as number, dim as number);
  },
});
