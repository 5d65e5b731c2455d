/**
 * Array maths on ndarrays, recorded for derivatives: what a dense companion of a formula needs. The one idea: an
 * operation is a flat loop over row-major memory plus one gradient rule per input, and the rules are written with these
 * same operations, so every order of derivative follows. Broadcasts, transposes and reshapes are views, of which the
 * tape knows by itself. Sums and products add up in float64. Arrays on a device come to the machine, and the result
 * goes back. Must not know formulas or engines.
 */
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { atMost, optionsOf } from "../options";
import type { OptionsOf } from "../options";
import { DTYPE, zeros } from "./array";
import { checkArray, checkShape, described } from "./check";
import { factorise, product } from "./matrix";
import type { Factors } from "./matrix";
import { record } from "./record";
import type { Backward, RecordOptions } from "./record";
import { copyOf } from "./tape";
import {
  allocate,
  broadcast,
  commonShape,
  dtypeOf,
  insertAxis,
  isContiguous,
  readable,
  reshapeView,
  shapeText,
  sizeOf,
  viewOf,
  wrap,
  wrapBeside,
} from "./view";
import type { ArrayOf, Dtype, RealArray } from "./view";

/** One gradient per input, given the cotangent of the output. */
type Rules = readonly ((cotangent: RealArray) => RealArray)[];

/**
 * `a + b`, broadcast as in NumPy. Throws ArgumentError if shapes or dtypes do not fit; so do `sub`, `mul` and `div`.
 */
export function add<T extends RealData>(a: RealArray<T> | number, b: RealArray<T> | number): RealArray<T> {
  atMost("add", 2, arguments);
  return binary("add", a, b, rows.add) as RealArray<T>;
}

/** `a - b`, broadcast as in NumPy. */
export function sub<T extends RealData>(a: RealArray<T> | number, b: RealArray<T> | number): RealArray<T> {
  atMost("sub", 2, arguments);
  return binary("sub", a, b, rows.sub) as RealArray<T>;
}

/** `a * b` element by element, broadcast as in NumPy. */
export function mul<T extends RealData>(a: RealArray<T> | number, b: RealArray<T> | number): RealArray<T> {
  atMost("mul", 2, arguments);
  return binary("mul", a, b, rows.mul) as RealArray<T>;
}

/** `a / b` element by element, broadcast as in NumPy. */
export function div<T extends RealData>(a: RealArray<T> | number, b: RealArray<T> | number): RealArray<T> {
  atMost("div", 2, arguments);
  return binary("div", a, b, rows.div) as RealArray<T>;
}

/** `-a`. */
export function neg<T extends RealData>(a: RealArray<T>): RealArray<T> {
  atMost("neg", 1, arguments);
  checkArray("neg", a);
  return mul(a, -1);
}

/** Exponential, element by element. */
export function exp<T extends RealData>(a: RealArray<T>): RealArray<T> {
  atMost("exp", 1, arguments);
  return unary("exp", a, Math.exp, (y, cotangent) => mul(cotangent, y));
}

/** Square root, element by element. */
export function sqrt<T extends RealData>(a: RealArray<T>): RealArray<T> {
  atMost("sqrt", 1, arguments);
  return unary("sqrt", a, Math.sqrt, (y, cotangent) => div(cotangent, mul(y, 2)));
}

/**
 * The sum of all elements as an array of shape `[]`, or along one `axis`, which goes; -1 is the last.
 * Throws ArgumentError if there is no such axis.
 */
export function sum<T extends RealData>(a: RealArray<T>, axis?: number | null): RealArray<T> {
  atMost("sum", 2, arguments);
  checkArray("sum", a);
  if (axis === undefined || axis === null) return sum(reshape(a, [sizeOf(a.shape)]), 0);
  const at = checkAxis("sum", axis, a.shape);
  const rest = a.shape.filter((_, k) => k !== at);
  const output = wrapBeside(sumsAlong(a, at), rest, a);
  const spread = (cotangent: RealArray): RealArray => broadcast(insertAxis(cotangent, at), a.shape);
  return recorded("sum", output, [a], [spread], { readsInputs: [false] });
}

/** The matrix product of `a` `[M, K]` and `b` `[K, N]`, shape `[M, N]`. Throws ArgumentError if shapes do not fit. */
export function matmul<T extends RealData>(a: RealArray<T>, b: RealArray<T>): RealArray<T> {
  atMost("matmul", 2, arguments);
  const [, depth] = checkMatrix("matmul, first matrix", a);
  checkMatrix("matmul, second matrix", b, dtypeOf(a), [depth, undefined]);
  const rules: Rules = [(cotangent) => matmul(cotangent, transpose(b)), (cotangent) => matmul(transpose(a), cotangent)];
  return recorded("matmul", product(a, b), [a, b], rules);
}

/** A view with the axes in reverse order: the transpose of a matrix. Shares the memory of `a`. */
export function transpose<T extends RealData>(a: RealArray<T>): RealArray<T> {
  atMost("transpose", 1, arguments);
  checkArray("transpose", a);
  return viewOf(a, { shape: [...a.shape].reverse(), stride: [...a.stride].reverse(), offset: a.offset });
}

/** The elements of `a` in row-major order as `shape`: a view where possible. Throws ArgumentError if sizes differ. */
export function reshape<T extends RealData>(a: RealArray<T>, shape: readonly number[]): RealArray<T> {
  atMost("reshape", 2, arguments);
  checkArray("reshape", a);
  if (sizeOf(checkShape("reshape", shape)) !== sizeOf(a.shape)) {
    const expected = `a shape of ${String(sizeOf(a.shape))} elements, as ${shapeText(a.shape)} has`;
    throw new ArgumentError(`reshape: expected ${expected}, got ${shapeText(shape)}`);
  }
  return reshapeView(isContiguous(a) ? a : copyOf(a), shape);
}

type EyeOptions<D extends Dtype> = OptionsOf<typeof DTYPE, Dtype, D>;

/** The identity matrix `[n, n]`. */
export function eye<D extends Dtype = "float32">(n: number, options?: EyeOptions<D> | null): ArrayOf<D> {
  atMost("eye", 2, arguments);
  const { dtype } = optionsOf("eye", options, DTYPE);
  const identity = zeros(checkShape("eye", [n, n]), { dtype });
  for (let k = 0; k < sizeOf(identity.shape); k += n + 1) identity.data[k] = 1;
  return identity;
}

/**
 * `X` `[N, K]` with `A X = B`, for `A` `[N, N]` and `B` `[N, K]`, in float64 by ml-matrix: Cholesky where `A` is
 * symmetric and positive definite, else LU. Throws ArgumentError if shapes do not fit or `A` is singular.
 */
export function solve<T extends RealData>(A: RealArray<T>, B: RealArray<T>): RealArray<T> {
  atMost("solve", 2, arguments);
  const [n] = checkMatrix("solve, matrix", A);
  checkMatrix("solve, matrix", A, undefined, [n, n]);
  checkMatrix("solve, right-hand side", B, dtypeOf(A), [n, undefined]);
  return solvedBy(factorise(A), A, B);
}

/** The Euclidean norm of all elements, as a number; not recorded. */
export function norm(a: RealArray): number {
  atMost("norm", 1, arguments);
  let squares = 0;
  checkArray("norm", a);
  for (const value of readable(a)) squares += value * value;
  return Math.sqrt(squares);
}

function recorded<T extends RealData>(
  where: string,
  output: RealArray<T>,
  inputs: readonly RealArray[],
  rules: Rules,
  reads: RecordOptions = {},
): RealArray<T> {
  const backward: Backward = (cotangent, wanted) => rules.map((rule, k) => (wanted[k] ? rule(cotangent) : null));
  return record(output, inputs, backward, {
    where,
    nameOf: (k) => (k === 0 ? "its first argument" : "its second argument"),
    ...reads,
  });
}

function unary<T extends RealData>(
  where: string,
  a: RealArray<T>,
  value: (x: number) => number,
  rule: (output: RealArray, cotangent: RealArray) => RealArray,
): RealArray<T> {
  checkArray(where, a);
  const data = readable(a);
  const result: RealData = allocate(dtypeOf(a), data.length);
  for (let k = 0; k < result.length; k++) result[k] = value(data[k] as number);
  const output = wrapBeside(result as T, a.shape, a);
  const reads = { readsInputs: [false], readsOutput: true };
  return recorded(where, output, [a], [(cotangent) => rule(output, cotangent)], reads);
}

/** One row per operation of two arguments. */
interface Binary {
  readonly value: (x: number, y: number) => number;
  readonly rules: (a: RealArray, b: RealArray) => readonly [Rules[number], Rules[number]];
  /** Which arguments the rule of the first reads, and which that of the second. */
  readonly reads: readonly [Pair, Pair];
}

type Pair = readonly [boolean, boolean];
const neither: Pair = [false, false];
const first: Pair = [true, false];
const second: Pair = [false, true];
const both: Pair = [true, true];

const rows: Readonly<Record<"add" | "sub" | "mul" | "div", Binary>> = {
  add: {
    value: (x, y) => x + y,
    rules: () => [(cotangent) => cotangent, (cotangent) => cotangent],
    reads: [neither, neither],
  },
  sub: {
    value: (x, y) => x - y,
    rules: () => [(cotangent) => cotangent, (cotangent) => neg(cotangent)],
    reads: [neither, neither],
  },
  mul: {
    value: (x, y) => x * y,
    rules: (a, b) => [(cotangent) => mul(cotangent, b), (cotangent) => mul(cotangent, a)],
    reads: [second, first],
  },
  div: {
    value: (x, y) => x / y,
    rules: (a, b) => [(cotangent) => div(cotangent, b), (cotangent) => neg(div(mul(cotangent, div(a, b)), b))],
    reads: [second, both],
  },
};

function binary(where: string, x: RealArray | number, y: RealArray | number, row: Binary): RealArray {
  const [a, b] = operands(where, x, y);
  const shape = commonShape(a.shape, b.shape);
  if (!shape) {
    const got = `${shapeText(a.shape)} and ${shapeText(b.shape)}`;
    throw new ArgumentError(`${where}: expected shapes that broadcast, got ${got}`);
  }
  const [ruleA, ruleB] = row.rules(a, b);
  const rules: Rules = [
    (cotangent) => summedTo(ruleA(cotangent), a.shape),
    (cotangent) => summedTo(ruleB(cotangent), b.shape),
  ];
  const readBy = [x, y].map((argument, k) => (typeof argument === "number" ? neither : row.reads[k]));
  const readsInputs = [0, 1].map((k) => readBy.some((reads) => reads?.[k]));
  const output = zipped(broadcast(a, shape), broadcast(b, shape), row.value);
  return recorded(where, output, [a, b], rules, { readsInputs });
}

function zipped(a: RealArray, b: RealArray, value: (x: number, y: number) => number): RealArray {
  const [left, right] = [readable(a), readable(b)];
  const result: RealData = allocate(dtypeOf(a), left.length);
  for (let k = 0; k < result.length; k++) result[k] = value(left[k] as number, right[k] as number);
  return wrapBeside(result, a.shape, a, b);
}

/** Both arguments as arrays of one dtype: a plain number becomes an array of shape `[]` in the dtype of the other. */
function operands(where: string, a: RealArray | number, b: RealArray | number): [RealArray, RealArray] {
  if (typeof a === "number") {
    const second = checkArray(`${where}, second argument`, b);
    return [constant(a, second), second];
  }
  const first = checkArray(`${where}, first argument`, a);
  return [
    first,
    typeof b === "number" ? constant(b, first) : checkArray(`${where}, second argument`, b, dtypeOf(first)),
  ];
}

function constant(value: number, like: RealArray): RealArray {
  return wrap(allocate(dtypeOf(like), 1).fill(value), []);
}

/** The opposite of `broadcast`: repeated elements are added up. */
function summedTo(x: RealArray, shape: readonly number[]): RealArray {
  let result = x;
  while (result.shape.length > shape.length) result = sum(result, 0);
  shape.forEach((length, axis) => {
    if (length === 1 && result.shape[axis] !== 1) result = insertAxis(sum(result, axis), axis);
  });
  return result;
}

function checkAxis(where: string, axis: number, shape: readonly number[]): number {
  const rank = shape.length;
  if (Number.isInteger(axis) && axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  throw new ArgumentError(`${where}: expected an axis of ${shapeText(shape)}, got ${described(axis)}`);
}

function sumsAlong<T extends RealData>(a: RealArray<T>, axis: number): T {
  const data = readable(a);
  const length = a.shape[axis] as number;
  const inner = sizeOf(a.shape.slice(axis + 1));
  const sums: RealData = allocate(dtypeOf(a), sizeOf(a.shape.slice(0, axis)) * inner);
  for (let k = 0; k < sums.length; k++) {
    let total = 0;
    const start = k + Math.floor(k / inner) * inner * (length - 1);
    for (let j = 0; j < length; j++) total += data[start + j * inner] as number;
    sums[k] = total;
  }
  return sums as T;
}

/** Shape of a matrix, checked against the lengths that are given. */
function checkMatrix(
  where: string,
  x: RealArray,
  dtype?: Dtype,
  [rowsWanted, columnsWanted]: readonly [number | undefined, number | undefined] = [undefined, undefined],
): [number, number] {
  const { shape } = checkArray(where, x, dtype);
  const [m = 0, n = 0] = shape;
  if (shape.length === 2 && m === (rowsWanted ?? m) && n === (columnsWanted ?? n)) return [m, n];
  const expected = `[${String(rowsWanted ?? "N")}, ${String(columnsWanted ?? "K")}]`;
  throw new ArgumentError(`${where}: expected shape ${expected}, got ${shapeText(shape)}`);
}

/** With G the cotangent: gradient of B is A^-T G, gradient of A is -(A^-T G) X^T. */
function solvedBy<T extends RealData>(factors: Factors, A: RealArray<T>, B: RealArray<T>): RealArray<T> {
  const data: RealData = allocate(dtypeOf(A), sizeOf(B.shape));
  data.set(factors.solve(B));
  const X = wrapBeside(data as T, B.shape, A, B);
  const options = {
    where: "solve",
    nameOf: (k: number) => (k === 0 ? "its matrix" : "its right-hand side"),
    readsInputs: [true, false],
  };
  const backward = (cotangent: RealArray, [wantedA]: readonly boolean[]): (RealArray | null)[] => {
    const G = solvedBy(factors.transposed(), transpose(A) as RealArray, cotangent);
    return [wantedA ? neg(matmul(G, transpose(X) as RealArray)) : null, G];
  };
  return record(X, [A, B], backward, { ...options, readsOutput: true });
}
