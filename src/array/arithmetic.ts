/**
 * Arithmetic of arrays, recorded for derivatives: what gradient rules are written with. The one idea: an operation is a
 * flat loop over row-major memory plus one gradient rule per input, and the rules are written with these same
 * operations, so every order of derivative follows. Broadcasts, transposes and reshapes are views, of which the tape
 * knows by itself. Sums and products add up in float64. Arrays on a device come to the machine, and the result goes
 * back. Must not know formulas or engines.
 */
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { at } from "../asserts";
import { atMost } from "../options";
import { arrayIn, checkArray, described, dtypeAmong } from "./check";
import type { ArrayInput } from "./check";
import { product } from "./matrix";
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
  positions,
  readable,
  reshapeView,
  rowMajor,
  sameShape,
  shapeText,
  sizeOf,
  viewOf,
  wrap,
  wrapBeside,
} from "./view";
import type { Dtype, RealArray } from "./view";

/** An array or what stands for one, or a number for all of its elements. */
export type Operand<T extends RealData = RealData> = ArrayInput<T> | number;

/** One gradient per input, given the cotangent of the output. */
export type Rules = readonly ((cotangent: RealArray) => RealArray)[];

/**
 * `a + b`, broadcast as in NumPy.
 * @param a an array, nested lists or a number
 * @param b an array, nested lists or a number
 * @returns an array of the shape to which they broadcast
 * @throws ArgumentError if shapes or dtypes do not fit
 * @example console.log(nd.toNested(nd.add([1, 2], [[3], [4]]))); // [ [ 4, 5 ], [ 5, 6 ] ]
 */
export function add<T extends RealData>(a: Operand<T>, b: Operand<T>): RealArray<T> {
  atMost("add", 2, arguments);
  return binary("add", a, b, rows.add) as RealArray<T>;
}

/**
 * `a - b`, broadcast as in NumPy.
 * @param a an array, nested lists or a number
 * @param b an array, nested lists or a number
 * @returns an array of the shape to which they broadcast
 * @throws ArgumentError if shapes or dtypes do not fit
 * @example console.log(nd.toNested(nd.sub([1, 2], [[3], [4]]))); // [ [ -2, -1 ], [ -3, -2 ] ]
 */
export function sub<T extends RealData>(a: Operand<T>, b: Operand<T>): RealArray<T> {
  atMost("sub", 2, arguments);
  return binary("sub", a, b, rows.sub) as RealArray<T>;
}

/**
 * `a * b` element by element, broadcast as in NumPy.
 * @param a an array, nested lists or a number
 * @param b an array, nested lists or a number
 * @returns an array of the shape to which they broadcast
 * @throws ArgumentError if shapes or dtypes do not fit
 * @example console.log(nd.toNested(nd.mul([1, 2], [[3], [4]]))); // [ [ 3, 6 ], [ 4, 8 ] ]
 */
export function mul<T extends RealData>(a: Operand<T>, b: Operand<T>): RealArray<T> {
  atMost("mul", 2, arguments);
  return binary("mul", a, b, rows.mul) as RealArray<T>;
}

/**
 * `a / b` element by element, broadcast as in NumPy.
 * @param a an array, nested lists or a number
 * @param b an array, nested lists or a number
 * @returns an array of the shape to which they broadcast
 * @throws ArgumentError if shapes or dtypes do not fit
 * @example console.log(nd.toNested(nd.div([1, 2], [[2], [4]]))); // [ [ 0.5, 1 ], [ 0.25, 0.5 ] ]
 */
export function div<T extends RealData>(a: Operand<T>, b: Operand<T>): RealArray<T> {
  atMost("div", 2, arguments);
  return binary("div", a, b, rows.div) as RealArray<T>;
}

/**
 * `-a`.
 * @param a an array of any shape, or nested lists
 * @returns an array of that shape
 * @throws ArgumentError for what is no array
 * @example console.log(nd.toNested(nd.neg([1, -2]))); // [ -1, 2 ]
 */
export function neg<T extends RealData>(a: ArrayInput<T>): RealArray<T> {
  atMost("neg", 1, arguments);
  return mul(arrayIn("neg", a), -1);
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

/** Products of matrices `[..., M, K]` and `[..., K, N]` of fitting lengths, broadcast over the dimensions in front. */
export function matmul<T extends RealData>(a: RealArray<T>, b: RealArray<T>): RealArray<T> {
  const rules: Rules = [
    (cotangent) => sumTo(matmul(cotangent, swapLast(b) as RealArray), a.shape),
    (cotangent) => sumTo(matmul(swapLast(a) as RealArray, cotangent), b.shape),
  ];
  return recorded("matmul", product(a, b), [a, b], rules);
}

/** A view with the last two axes exchanged. */
export function swapLast<T extends RealData>(a: RealArray<T>): RealArray<T> {
  const rank = a.shape.length;
  const order = [...a.shape.keys()];
  return transpose(a, [...order.slice(0, -2), rank - 1, rank - 2]);
}

/**
 * A view with the axes in reverse order, or in the order of `axes`, which the caller answers for. Shares the memory of
 * `a`.
 */
export function transpose<T extends RealData>(a: RealArray<T>, axes?: readonly number[]): RealArray<T> {
  const order = axes ?? [...a.shape.keys()].reverse();
  const pick = (list: readonly number[]): number[] => order.map((k) => at(list, k));
  return viewOf(a, { shape: pick(a.shape), stride: pick(a.stride), offset: a.offset });
}

/** The elements of `a` in row-major order as `shape`, of as many elements: a view where possible. */
export function reshape<T extends RealData>(a: RealArray<T>, shape: readonly number[]): RealArray<T> {
  return reshapeView(isContiguous(a) ? a : copyOf(a), shape);
}

export function recorded<T extends RealData>(
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

/** One row per operation of two arguments. */
interface Binary {
  /** A loop of its own for each: engines compile one that calls different functions five times as slowly. */
  readonly compute: (out: RealData, a: RealData, b: RealData, steps: Steps) => void;
  readonly rules: (a: RealArray, b: RealArray) => readonly [Rules[number], Rules[number]];
  /** Which arguments the rule of the first reads, and which that of the second. */
  readonly reads: readonly [Pair, Pair];
}

/** From one element of an operand to the next: 1, or 0 where one serves all. */
type Steps = readonly [ofA: 0 | 1, ofB: 0 | 1];

type Pair = readonly [boolean, boolean];
const neither: Pair = [false, false];
const first: Pair = [true, false];
const second: Pair = [false, true];
const both: Pair = [true, true];

const rows: Readonly<Record<"add" | "sub" | "mul" | "div", Binary>> = {
  add: {
    compute: (out, a, b, [stepA, stepB]) => {
      for (let k = 0, i = 0, j = 0; k < out.length; k++, i += stepA, j += stepB)
        out[k] = (a[i] as number) + (b[j] as number);
    },
    rules: () => [(cotangent) => cotangent, (cotangent) => cotangent],
    reads: [neither, neither],
  },
  sub: {
    compute: (out, a, b, [stepA, stepB]) => {
      for (let k = 0, i = 0, j = 0; k < out.length; k++, i += stepA, j += stepB)
        out[k] = (a[i] as number) - (b[j] as number);
    },
    rules: () => [(cotangent) => cotangent, (cotangent) => neg(cotangent)],
    reads: [neither, neither],
  },
  mul: {
    compute: (out, a, b, [stepA, stepB]) => {
      for (let k = 0, i = 0, j = 0; k < out.length; k++, i += stepA, j += stepB)
        out[k] = (a[i] as number) * (b[j] as number);
    },
    rules: (a, b) => [(cotangent) => mul(cotangent, b), (cotangent) => mul(cotangent, a)],
    reads: [second, first],
  },
  div: {
    compute: (out, a, b, [stepA, stepB]) => {
      for (let k = 0, i = 0, j = 0; k < out.length; k++, i += stepA, j += stepB)
        out[k] = (a[i] as number) / (b[j] as number);
    },
    rules: (a, b) => [(cotangent) => div(cotangent, b), (cotangent) => neg(div(mul(cotangent, div(a, b)), b))],
    reads: [second, both],
  },
};

function binary(where: string, x: Operand, y: Operand, row: Binary): RealArray {
  const [a, b] = operands(where, x, y);
  const shape = commonShape(a.shape, b.shape);
  if (!shape) {
    const got = `${shapeText(a.shape)} and ${shapeText(b.shape)}`;
    throw new ArgumentError(`${where}: expected shapes that broadcast, got ${got}`);
  }
  const [ruleA, ruleB] = row.rules(a, b);
  const rules: Rules = [
    (cotangent) => sumTo(ruleA(cotangent), a.shape),
    (cotangent) => sumTo(ruleB(cotangent), b.shape),
  ];
  const readBy = [x, y].map((argument, k) => (typeof argument === "number" ? neither : row.reads[k]));
  const readsInputs = [0, 1].map((k) => readBy.some((reads) => reads?.[k]));
  const output = zipped(a, b, shape, row);
  return recorded(where, output, [a, b], rules, { readsInputs });
}

function zipped(a: RealArray, b: RealArray, shape: readonly number[], { compute }: Binary): RealArray {
  const result: RealData = allocate(dtypeOf(a), sizeOf(shape));
  const steps: Steps = [sizeOf(a.shape) === 1 ? 0 : 1, sizeOf(b.shape) === 1 ? 0 : 1];
  const axis = [a, b].every((x) => sizeOf(x.shape) === 1 || sameShape(x.shape, shape)) ? 0 : pieceAxis(shape);
  const [left, right] = [piecesOf(a, shape, axis), piecesOf(b, shape, axis)];
  const size = sizeOf(shape.slice(axis));
  for (let n = 0; n * size < result.length; n++)
    compute(result.subarray(n * size, (n + 1) * size), left(n), right(n), steps);
  return wrapBeside(result, shape, a, b);
}

/** Elements of a piece: what is repeated for one stays in the cache, and pieces are worth their calls. */
const PIECE = { most: 1 << 16, least: 1 << 10 } as const;

/** The axes from this one on are a piece. */
function pieceAxis(shape: readonly number[]): number {
  const axis = shape.findIndex((_, k) => sizeOf(shape.slice(k)) <= PIECE.most);
  return axis > 0 && sizeOf(shape.slice(axis)) >= PIECE.least ? axis : 0;
}

/** The elements of piece n of an operand that broadcasts to `shape`; of an operand of one element, that alone. */
function piecesOf(x: RealArray, shape: readonly number[], axis: number): (n: number) => RealData {
  const data = readable(x);
  if (data.length === 1) return () => data;
  const { stride } = broadcast(wrap(data, x.shape), shape);
  const starts = positions({ shape: shape.slice(0, axis), stride: stride.slice(0, axis), offset: 0 });
  const [inner, steps] = [shape.slice(axis), stride.slice(axis)];
  return (n) => rowMajor(data, { shape: inner, stride: steps, offset: starts[n] as number });
}

/** Both arguments as arrays of one dtype: a plain number becomes an array of shape `[]` in the dtype of the other. */
function operands(where: string, a: Operand, b: Operand): [RealArray, RealArray] {
  const dtype = dtypeAmong([a, b]);
  const operand = (name: string, x: Operand, other: Operand): RealArray =>
    typeof x === "number" && typeof other !== "number"
      ? numberArray(x, dtype ?? "float32", [])
      : arrayIn(`${where}, ${name} argument`, x as ArrayInput, dtype);
  return [operand("first", a, b), operand("second", b, a)];
}

/** A number as an array of one element. */
export function numberArray(value: number, dtype: Dtype, shape: readonly number[]): RealArray {
  return wrap(allocate(dtype, 1).fill(value), shape);
}

/** The opposite of `broadcast`: repeated elements are added up. */
export function sumTo(x: RealArray, shape: readonly number[]): RealArray {
  let result = x;
  while (result.shape.length > shape.length) result = sum(result, 0);
  shape.forEach((length, axis) => {
    if (length === 1 && result.shape[axis] !== 1) result = insertAxis(sum(result, axis), axis);
  });
  return result;
}

export function checkAxis(where: string, axis: number, shape: readonly number[]): number {
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
