/**
 * Linear systems, inverses and determinants of stacks of matrices, with derivatives: matrix formulas over these same
 * functions, so that they have derivatives again. Numbers come from `array/matrix.ts`, in float64. What is done to a
 * matrix is done to each of a stack, as in NumPy. Source: M. Giles, An extended collection of matrix derivative
 * results, 2008.
 */
import { matmul as multiply, mul, neg, reshape, sumTo, swapLast } from "../array/arithmetic";
import { arrayIn, dtypeAmong } from "../array/check";
import type { ArrayInput } from "../array/check";
import { determinant, factorise } from "../array/matrix";
import type { Factors } from "../array/matrix";
import { record } from "../array/record";
import {
  allocate,
  broadcast,
  commonShape,
  dtypeOf,
  readable,
  shapeText,
  sizeOf,
  wrap,
  wrapBeside,
} from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import { at } from "../asserts";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { atMost } from "../options";
import { eye } from "./create";

/**
 * `X` with `A X = B`, for `A` `[..., N, N]` and `B` `[..., N, K]` or a vector `[N]`, whose dimensions in front broadcast:
 * Cholesky where a matrix is symmetric and positive definite, else LU.
 * @param A `[..., N, N]`
 * @param B `[..., N, K]`, or a vector `[N]`
 * @returns `[..., N, K]`, or `[..., N]` for a vector
 * @throws ArgumentError if shapes do not fit or a matrix is singular
 * @example console.log(nd.toNested(nd.solve([[2, 0], [0, 4]], [2, 8]))); // [ 1, 2 ]
 */
export function solve<T extends RealData>(A: ArrayInput<T>, B: ArrayInput<T>): RealArray<T> {
  atMost("solve", 2, arguments);
  const dtype = dtypeAmong([A, B]);
  const matrices = squareIn("solve, matrix", A, dtype);
  const right = arrayIn("solve, right-hand side", B, dtype);
  const n = at(matrices.shape, matrices.shape.length - 1);
  const isVector = right.shape.length === 1;
  const columns = isVector ? reshape(right, [...right.shape, 1]) : right;
  const batch = columns.shape.at(-2) === n ? commonShape(batchOf(matrices), batchOf(columns)) : null;
  if (!batch) throw misfit(matrices, right);
  const X = solvedBy("solve", factorsFor("solve", matrices, batch), matrices, columns);
  return isVector ? reshape(X, [...batch, n]) : X;
}

function misfit({ shape: ofA }: RealArray, { shape: ofB }: RealArray): ArgumentError {
  const n = String(ofA.at(-1));
  const expected = ofA.length > 2 ? `[..., ${n}, K] that broadcasts to matrices ${shapeText(ofA)}` : `[..., ${n}, K]`;
  return new ArgumentError(`solve, right-hand side: expected shape ${expected} or [${n}], got ${shapeText(ofB)}`);
}

/** Factors for each system of a batch; systems of the same matrix share them. */
function factorsFor(where: string, A: RealArray, batch: readonly number[]): readonly Factors[] {
  const own = batchOf(A);
  const factors = eachOf(A).map((matrix, k) => factorise(nameOfMatrix(where, k, own), matrix));
  return Array.from(placesIn(own, batch), (k) => at(factors, k));
}

/** With G the cotangent: the gradient of B is A^-T G, that of A is -(A^-T G) X^T. */
function solvedBy<T extends RealData>(
  where: string,
  factors: readonly Factors[],
  A: RealArray<T>,
  B: RealArray<T>,
): RealArray<T> {
  const shape = [...(commonShape(batchOf(A), batchOf(B)) ?? []), ...B.shape.slice(-2)];
  const rights = eachOf(broadcast(B, shape));
  const X = stacked(
    factors.map((each, k) => each.solve(at(rights, k))),
    shape,
    A,
    B,
  );
  const backward = (cotangent: RealArray, [wantedA]: readonly boolean[]): (RealArray | null)[] => {
    const transposed = factors.map((each) => each.transposed());
    const G = solvedBy(where, transposed, swapLast(A) as RealArray, cotangent);
    const ofA = wantedA ? sumTo(neg(multiply(G, swapLast(X) as RealArray)), A.shape) : null;
    return [ofA, sumTo(G, B.shape)];
  };
  const nameOf = (k: number): string => (k === 0 ? "its matrix" : "its right-hand side");
  return record(X, [A, B], backward, { where, nameOf, readsInputs: [true, false], readsOutput: true });
}

/**
 * The inverse of each matrix of `A` `[..., N, N]`.
 * @param A `[..., N, N]`
 * @returns `[..., N, N]`
 * @throws ArgumentError if one is singular
 * @example console.log(nd.toNested(nd.inv([[2, 0], [0, 4]]))); // [ [ 0.5, 0 ], [ 0, 0.25 ] ]
 */
export function inv<T extends RealData>(A: ArrayInput<T>): RealArray<T> {
  atMost("inv", 1, arguments);
  const matrices = squareIn("inv", A);
  const identity = eye(at(matrices.shape, matrices.shape.length - 1), { dtype: dtypeOf(matrices) });
  const factors = factorsFor("inv", matrices, batchOf(matrices));
  return solvedBy("inv", factors, matrices, identity as RealArray as RealArray<T>);
}

/**
 * The determinant of each matrix of `A` `[..., N, N]`, as an array of the shape in front, `[]` for one matrix; its
 * derivative needs regular matrices.
 * @param A `[..., N, N]`
 * @returns an array of the shape in front
 * @throws ArgumentError unless they are square
 * @example console.log(nd.det([[2, 0], [0, 4]]).get()); // 8
 */
export function det<T extends RealData>(A: ArrayInput<T>): RealArray<T> {
  atMost("det", 1, arguments);
  const matrices = squareIn("det", A);
  const output = eachNumber(matrices, (matrix) => determinant(matrix).product);
  const backward = (cotangent: RealArray): RealArray[] => [timesInverse(mul(cotangent, output as RealArray), matrices)];
  return record(output, [matrices], backward, { where: "det", readsOutput: true });
}

const eachNumber = <T extends RealData>(A: RealArray<T>, numberOf: (matrix: RealArray) => number): RealArray<T> =>
  stacked([eachOf(A).map(numberOf)], batchOf(A), A);

/** The transposed inverse of each matrix, times its number. */
const timesInverse = (numbers: RealArray, A: RealArray): RealArray =>
  mul(reshape(numbers, [...numbers.shape, 1, 1]), swapLast(inv(A)));

/**
 * The logarithm of the determinant of each matrix of `A` `[..., N, N]`, without overflow: NaN where it is negative,
 * -Infinity at 0.
 * @param A `[..., N, N]`
 * @returns an array of the shape in front, `[]` for one matrix
 * @throws ArgumentError unless they are square
 * @example console.log(nd.logdet([[2, 0], [0, 4]]).get().toFixed(4)); // 2.0794
 */
export function logdet<T extends RealData>(A: ArrayInput<T>): RealArray<T> {
  atMost("logdet", 1, arguments);
  const matrices = squareIn("logdet", A);
  const output = eachNumber(matrices, (matrix) => {
    const { sign, logarithm } = determinant(matrix);
    return sign < 0 ? NaN : logarithm;
  });
  const backward = (cotangent: RealArray): RealArray[] => [timesInverse(cotangent, matrices)];
  return record(output, [matrices], backward, { where: "logdet" });
}

// -------------------------------------------------------------------------------------------------- stacks of matrices

/** `[..., M, N]` */
export function matricesIn<T extends RealData>(where: string, A: ArrayInput<T>): RealArray<T> {
  const matrices = arrayIn(where, A);
  if (matrices.shape.length >= 2) return matrices;
  throw new ArgumentError(`${where}: expected shape [..., M, N], got ${shapeText(matrices.shape)}`);
}

/** `[..., N, N]` */
export function squareIn<T extends RealData>(where: string, A: ArrayInput<T>, dtype?: Dtype): RealArray<T> {
  const matrices = arrayIn(where, A, dtype);
  const { shape } = matrices;
  if (shape.length >= 2 && shape.at(-1) === shape.at(-2)) return matrices;
  throw new ArgumentError(`${where}: expected shape [..., N, N], got ${shapeText(shape)}`);
}

/** The dimensions in front of the last two. */
export const batchOf = ({ shape }: RealArray): readonly number[] => shape.slice(0, -2);

/** The matrices of a stack, in row-major order of the dimensions in front. */
export function eachOf(A: RealArray): RealArray[] {
  const own = A.shape.slice(-2);
  const [data, size] = [readable(A), sizeOf(own)];
  return Array.from({ length: sizeOf(batchOf(A)) }, (_, k) => wrap(data.subarray(k * size, (k + 1) * size), own));
}

/** For each matrix of a stack whose dimensions in front are `batch`: the place of the one that broadcasting reads. */
function placesIn(own: readonly number[], batch: readonly number[]): Int32Array {
  const places = wrap(
    Float64Array.from({ length: sizeOf(own) }, (_, k) => k),
    own,
  );
  return Int32Array.from(readable(broadcast(places, batch)));
}

/** What an error calls matrix k of a stack. */
export function nameOfMatrix(where: string, k: number, batch: readonly number[]): string {
  if (batch.length === 0) return where;
  let rest = k;
  const indices = batch.map((_, axis) => {
    const length = at(batch, batch.length - 1 - axis);
    const index = rest % length;
    rest = (rest - index) / length;
    return index;
  });
  return `${where}, matrix ${shapeText(indices.reverse())}`;
}

/** Numbers of each matrix as one array `[...batch, ...own]`. */
export function stacked<T extends RealData>(
  parts: readonly ArrayLike<number>[],
  shape: readonly number[],
  ...sources: readonly RealArray<T>[]
): RealArray<T> {
  const data: RealData = allocate(dtypeOf(at(sources, 0)), sizeOf(shape));
  let offset = 0;
  for (const part of parts) {
    data.set(part, offset);
    offset += part.length;
  }
  return wrapBeside(data as T, shape, ...sources);
}

/** Vectors `[..., N]` as rows `[..., 1, N]`. */
export const asRows = (x: RealArray): RealArray =>
  reshape(x, [...x.shape.slice(0, -1), 1, at(x.shape, x.shape.length - 1)]);

/** Vectors `[..., N]` as columns `[..., N, 1]`. */
export const asColumns = (x: RealArray): RealArray => reshape(x, [...x.shape, 1]);
