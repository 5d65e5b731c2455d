/**
 * Operations that take vectors apart, put them together, measure and multiply them: by loops over components, as their
 * definitions say.
 */
import type { Calculus, Dual } from "./dual";
import type { Parameter, Rule, Vector } from "./structure";
import { kronPairs, kronParameters, tensorDotPairs, tensorDotParameters } from "./tensors";

const { abs, floor } = Math;
const range = (n: number): number[] => Array.from({ length: n }, (_, k) => k);
const none = (): readonly Parameter[] => [];
const when = (fits: boolean, parameters: readonly Parameter[] = []): readonly Parameter[] | undefined =>
  fits ? parameters : undefined;

type Value = Rule["value"];
type Parameters = Rule["parameters"];
const rule = (name: string, arity: number, parameters: Parameters, value: Value, infix?: Rule["infix"]): Rule => ({
  name,
  arity,
  parameters,
  value,
  ...(infix && { infix }),
});
const equalDims: Parameters = (_, [first, ...others]) => when(others.every((dim) => dim === first));

// ---------------------------------------------------------------------------------------------- parts and measures

const normalized = (c: Calculus, x: Vector): Vector => {
  const norm = c.sqrt(c.dot(x, x));
  return x.map((value) => c.divide(value, norm));
};
const subtracted = (c: Calculus, x: Vector, y: Vector): Vector => x.map((value, k) => c.subtract(value, y[k]!));

/** The place of the best component, the first of equals. */
function bestOf(x: Vector, isBetter: (a: number, b: number) => boolean): number {
  return x.reduce((best, { v }, k) => (isBetter(v, x[best]!.v) ? k : best), 0);
}
const isLarger = (a: number, b: number): boolean => a > b;
const isSmaller = (a: number, b: number): boolean => a < b;

function logSumExp(c: Calculus, x: Vector): Dual {
  const shift = c.number(x[bestOf(x, isLarger)]!.v);
  return c.add(shift, c.log(c.sum(x.map((value) => c.exp(c.subtract(value, shift))))));
}

const PARTS: readonly Rule[] = [
  rule("Sum", 1, none, (c, [x]) => [c.sum(x!)]),
  rule("Mean", 1, none, (c, [x]) => [c.scale(1 / x!.length, c.sum(x!))]),
  rule("Scalprod", 2, equalDims, (c, [x, y]) => [c.dot(x!, y!)], { symbol: "|", precedence: 2 }),
  rule(
    "SumT",
    1,
    (random, [dim]) => when(dim === 1, [random.integer(1, 4)]),
    (_, [x], [dim]) => range(dim as number).map(() => x![0]!),
  ),
  rule(
    "Elem",
    1,
    (random, [dim]) => [random.integer(0, dim! - 1)],
    (_, [x], [m]) => [x![m as number]!],
  ),
  rule(
    "ElemT",
    1,
    (random, [dim]) => when(dim === 1, [4, random.integer(0, 3)]),
    (c, [x], [dim, m]) => range(dim as number).map((k) => (k === m ? x![0]! : c.scale(0, x![0]!))),
  ),
  rule(
    "Extract",
    1,
    (random, [dim]) => {
      const start = random.integer(0, dim! - 1);
      return [start, random.integer(1, dim! - start)];
    },
    (_, [x], [start, length]) => x!.slice(start as number, (start as number) + (length as number)),
  ),
  rule(
    "ExtractT",
    1,
    (random, [dim]) => {
      const start = random.integer(0, 2);
      return [start, start + dim! + random.integer(0, 1)];
    },
    (c, [x], [start, dim]) => range(dim as number).map((k) => x![k - (start as number)] ?? c.scale(0, x![0]!)),
  ),
  rule("Concat", 2, none, (_, [x, y]) => [...x!, ...y!]),
  rule("Reverse", 1, none, (_, [x]) => [...x!].reverse()),
  rule("SqNorm2", 1, none, (c, [x]) => [c.dot(x!, x!)]),
  rule("Norm2", 1, none, (c, [x]) => [c.sqrt(c.dot(x!, x!))]),
  rule("SqDist", 2, equalDims, (c, [x, y]) => {
    const difference = subtracted(c, x!, y!);
    return [c.dot(difference, difference)];
  }),
  rule("Normalize", 1, none, (c, [x]) => normalized(c, x!)),
  rule("Max", 1, none, (_, [x]) => [x![bestOf(x!, isLarger)]!]),
  rule("Min", 1, none, (_, [x]) => [x![bestOf(x!, isSmaller)]!]),
  rule("ArgMax", 1, none, (c, [x]) => [c.number(bestOf(x!, isLarger))]),
  rule("ArgMin", 1, none, (c, [x]) => [c.number(bestOf(x!, isSmaller))]),
  rule("LogSumExp", 1, none, (c, [x]) => [logSumExp(c, x!)]),
  rule(
    "OneHot",
    1,
    (random, [dim]) => when(dim === 1, [random.integer(1, 4)]),
    (c, [x], [dim]) => range(dim as number).map((k) => c.number(floor(x![0]!.v + 0.5) === k ? 1 : 0)),
  ),
  rule("Factorize", 2, none, (_, [x]) => x!),
  rule("AutoFactorize", 1, none, (_, [x]) => x!),
];

// ------------------------------------------------------------------------------------------------------- matrices

const matVec = (c: Calculus, A: Vector, b: Vector): Vector =>
  range(A.length / b.length).map((row) => c.dot(A.slice(row * b.length, (row + 1) * b.length), b));

function vecMat(c: Calculus, b: Vector, A: Vector): Vector {
  const columns = A.length / b.length;
  return range(columns).map((column) => c.sum(b.map((value, row) => c.multiply(value, A[row * columns + column]!))));
}

function weighted(c: Calculus, s: Vector, x: Vector): Vector {
  if (s.length === 1) return [c.multiply(s[0]!, c.dot(x, x))];
  if (s.length === x.length) return [c.sum(x.map((value, k) => c.multiply(s[k]!, c.square(value))))];
  return [c.dot(matVec(c, s, x), x)];
}

const isMetric = (s: number, dim: number): boolean => [1, dim, dim * dim].includes(s);

const MATRICES: readonly Rule[] = [
  rule(
    "MatVecMult",
    2,
    (_, [A, b]) => when(A! % b! === 0),
    (c, [A, b]) => matVec(c, A!, b!),
  ),
  rule(
    "VecMatMult",
    2,
    (_, [b, A]) => when(A! % b! === 0),
    (c, [b, A]) => vecMat(c, b!, A!),
  ),
  rule("TensorProd", 2, none, (c, [x, y]) => x!.flatMap((a) => y!.map((b) => c.multiply(a, b)))),
  rule(
    "SqNormIso",
    2,
    (_, [s]) => when(s === 1),
    (c, [s, x]) => weighted(c, s!, x!),
  ),
  rule("SqNormDiag", 2, equalDims, (c, [s, x]) => weighted(c, s!, x!)),
  rule(
    "SymSqNorm",
    2,
    (_, [A, x]) => when(A === x! * x!),
    (c, [A, x]) => weighted(c, A!, x!),
  ),
  rule(
    "WeightedSqNorm",
    2,
    (_, [s, x]) => when(isMetric(s!, x!)),
    (c, [s, x]) => weighted(c, s!, x!),
  ),
  rule(
    "WeightedSqDist",
    3,
    (_, [s, x, y]) => when(x === y && isMetric(s!, x!)),
    (c, [s, x, y]) => weighted(c, s!, subtracted(c, x!, y!)),
  ),
];

// -------------------------------------------------------------------------------------------------------- tensors

const TENSORS: readonly Rule[] = [
  rule("TensorDot", 2, tensorDotParameters, (c, [x, y], parameters) =>
    tensorDotPairs(parameters).map((pairs) => c.sum(pairs.map(([a, b]) => c.multiply(x![a]!, y![b]!)))),
  ),
  rule("Kron", 2, kronParameters, (c, [x, y], parameters) =>
    kronPairs(parameters).map(([a, b]) => c.multiply(x![a]!, y![b]!)),
  ),
];

// ------------------------------------------------------------------------------------------------------ recurrences

/** Cox and de Boor's recursion, spline by spline, for knots that increase. */
function bSpline(c: Calculus, [knots, places]: readonly Vector[], [order]: readonly Parameter[]): Vector {
  const [t, x] = [knots!, places![0]];
  for (const [k, knot] of t.entries()) c.need(k === 0 || knot.v - t[k - 1]!.v > 0.05);
  const spline = (k: number, degree: number): Dual => {
    if (degree === 0) return c.number(t[k]!.v <= x!.v && x!.v < t[k + 1]!.v ? 1 : 0);
    const rising = c.divide(c.subtract(x!, t[k]!), c.subtract(t[k + degree]!, t[k]!));
    const falling = c.divide(c.subtract(t[k + degree + 1]!, x!), c.subtract(t[k + degree + 1]!, t[k + 1]!));
    return c.add(c.multiply(rising, spline(k, degree - 1)), c.multiply(falling, spline(k + 1, degree - 1)));
  };
  return range(t.length - (order as number) - 1).map((k) => spline(k, order as number));
}

/** The table of the dynamic program, row by row, in units of gamma. */
function softDtw(c: Calculus, [x, y, gammas]: readonly Vector[]): Vector {
  const gamma = gammas![0]!;
  c.need(abs(gamma.v) > 0.2);
  const table: Dual[][] = [];
  x!.forEach((a, i) => {
    const row: Dual[] = [];
    table.push(row);
    y!.forEach((b, j) => {
      const cost = c.divide(c.square(c.subtract(a, b)), gamma);
      const before = [table[i - 1]?.[j - 1], table[i - 1]?.[j], row[j - 1]].filter((way) => way !== undefined);
      const negative = before.map((way) => c.scale(-1, way));
      row.push(before.length === 0 ? cost : c.subtract(cost, logSumExp(c, negative)));
    });
  });
  return [c.multiply(gamma, table.at(-1)!.at(-1)!)];
}

const RECURRENCES: readonly Rule[] = [
  {
    ...rule(
      "BSpline",
      2,
      (random, [knots, x]) => when(x === 1 && knots! >= 2, [random.integer(0, knots! - 2)]),
      bSpline,
    ),
    increases: true,
  },
  rule("SoftDTW_SqDist", 3, (_, dims) => when(dims[2] === 1), softDtw),
];

export const VECTORS: readonly Rule[] = [...PARTS, ...MATRICES, ...TENSORS, ...RECURRENCES];
