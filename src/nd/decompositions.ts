/**
 * Linear systems and decompositions of matrices, with derivatives. Numbers come from those of ml-matrix, in float64; their
 * derivatives are matrix formulas over these same functions, so that they have derivatives again. Sources: M. Giles, An
 * extended collection of matrix derivative results, 2008; I. Murray, Differentiation of the Cholesky decomposition,
 * 2016; J. Townsend, Differentiating the singular value decomposition, 2016; S. Walter and L. Lehmann, Algorithmic
 * differentiation of linear algebra functions, 2012.
 */
import { add, div, matmul as multiply, mul, neg, reshape, sub, transpose } from "../array/arithmetic";
import { arrayIn } from "../array/arrayinput";
import { dtypeAmong } from "../array/check";
import type { ArrayInput } from "../array/arrayinput";
import {
  cholesky as choleskyOf,
  determinant,
  factorise,
  qr as qrOf,
  svd as svdOf,
  symmetricEigen,
} from "../array/matrix";
import type { Factors } from "../array/matrix";
import { checksum, record } from "../array/record";
import { allocate, broadcast, dtypeOf, readable, shapeText, wrap, wrapBeside } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import { at } from "../asserts";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { atMost } from "../options";
import { eye } from "./create";

/**
 * `X` with `A X = B`, for `A` `[N, N]` and `B` `[N, K]` or a vector `[N]`: Cholesky where `A` is symmetric and
 * positive definite, else LU.
 * @param A `[N, N]`
 * @param B `[N, K]`, or a vector `[N]`
 * @returns an array of the shape of B
 * @throws ArgumentError if shapes do not fit or `A` is singular
 * @example console.log(nd.toNested(nd.solve([[2, 0], [0, 4]], [2, 8]))); // [ 1, 2 ]
 */
export function solve<T extends RealData>(A: ArrayInput<T>, B: ArrayInput<T>): RealArray<T> {
  atMost("solve", 2, arguments);
  const dtype = dtypeAmong([A, B]);
  const matrix = squareIn("solve, matrix", A, dtype);
  const right = arrayIn("solve, right-hand side", B, dtype);
  const [{ shape }, n] = [right, at(matrix.shape, 0)];
  if (shape.length > 2 || shape[0] !== n)
    throw new ArgumentError(
      `solve, right-hand side: expected shape [${String(n)}, K] or [${String(n)}], got ${shapeText(shape)}`,
    );
  const columns = shape.length === 1 ? reshape(right, [n, 1]) : right;
  return reshape(solvedBy(factorise("solve", matrix), matrix, columns), shape);
}

function squareIn<T extends RealData>(where: string, A: ArrayInput<T>, dtype?: Dtype): RealArray<T> {
  const matrix = arrayIn(where, A, dtype);
  const { shape } = matrix;
  if (shape.length === 2 && shape[0] === shape[1]) return matrix;
  throw new ArgumentError(`${where}: expected shape [N, N], got ${shapeText(shape)}`);
}

/** With G the cotangent: the gradient of B is A^-T G, that of A is -(A^-T G) X^T. */
function solvedBy<T extends RealData>(factors: Factors, A: RealArray<T>, B: RealArray<T>): RealArray<T> {
  const X = arrayBeside(factors.solve(B), B.shape, A, B);
  const backward = (cotangent: RealArray, [wantedA]: readonly boolean[]): (RealArray | null)[] => {
    const G = solvedBy(factors.transposed(), transpose(A) as RealArray, cotangent);
    return [wantedA ? neg(multiply(G, transpose(X) as RealArray)) : null, G];
  };
  const nameOf = (k: number): string => (k === 0 ? "its matrix" : "its right-hand side");
  return record(X, [A, B], backward, { where: "solve", nameOf, readsInputs: [true, false], readsOutput: true });
}

function arrayBeside<T extends RealData>(
  numbers: ArrayLike<number>,
  shape: readonly number[],
  ...sources: readonly RealArray<T>[]
): RealArray<T> {
  const data: RealData = allocate(dtypeOf(at(sources, 0)), numbers.length);
  data.set(numbers);
  return wrapBeside(data as T, shape, ...sources);
}

/**
 * The inverse of `A` `[N, N]`.
 * @param A `[N, N]`
 * @returns `[N, N]`
 * @throws ArgumentError if it is singular
 * @example console.log(nd.toNested(nd.inv([[2, 0], [0, 4]]))); // [ [ 0.5, 0 ], [ 0, 0.25 ] ]
 */
export function inv<T extends RealData>(A: ArrayInput<T>): RealArray<T> {
  atMost("inv", 1, arguments);
  const matrix = squareIn("inv", A);
  const identity = eye(at(matrix.shape, 0), { dtype: dtypeOf(matrix) }) as RealArray as RealArray<T>;
  return solvedBy(factorise("inv", matrix), matrix, identity);
}

/**
 * The determinant of `A` `[N, N]`, as an array of shape `[]`; its derivative needs a regular matrix.
 * @param A `[N, N]`
 * @returns an array of shape `[]`
 * @throws ArgumentError unless it is square
 * @example console.log(nd.det([[2, 0], [0, 4]]).get()); // 8
 */
export function det<T extends RealData>(A: ArrayInput<T>): RealArray<T> {
  atMost("det", 1, arguments);
  const matrix = squareIn("det", A);
  const output = arrayBeside([determinant(matrix).product], [], matrix);
  const backward = (cotangent: RealArray): RealArray[] => [
    mul(mul(cotangent, output as RealArray), transpose(inv(matrix)) as RealArray),
  ];
  return record(output, [matrix], backward, { where: "det", readsOutput: true });
}

/**
 * The logarithm of the determinant of `A` `[N, N]`, without overflow: NaN where it is negative, -Infinity at 0.
 * @param A `[N, N]`
 * @returns an array of shape `[]`
 * @throws ArgumentError unless it is square
 * @example console.log(nd.logdet([[2, 0], [0, 4]]).get().toFixed(4)); // 2.0794
 */
export function logdet<T extends RealData>(A: ArrayInput<T>): RealArray<T> {
  atMost("logdet", 1, arguments);
  const matrix = squareIn("logdet", A);
  const { sign, logarithm } = determinant(matrix);
  const output = arrayBeside([sign < 0 ? NaN : logarithm], [], matrix);
  const backward = (cotangent: RealArray): RealArray[] => [mul(cotangent, transpose(inv(matrix)) as RealArray)];
  return record(output, [matrix], backward, { where: "logdet" });
}

// ------------------------------------------------------------------------------------------- decompositions

/** Gradients of the results, null where one takes no part. */
type Backward = (cotangents: readonly (RealArray | null)[]) => RealArray;

/** Results of one decomposition; what reaches one of them goes back by itself, as gradients add up. */
function recordEach<T extends RealData>(
  where: string,
  A: RealArray<T>,
  outputs: readonly RealArray<T>[],
  backward: Backward,
): RealArray<T>[] {
  const sums = outputs.map(checksum);
  return outputs.map((output, n) => {
    const own = (cotangent: RealArray): RealArray[] => {
      // A gradient reads all results; the tape looks at its own alone.
      if (outputs.some((each, k) => checksum(each) !== sums[k]))
        throw new ArgumentError(`grad: expected the results of ${where} unchanged since its call, got one overwritten`);
      return [backward(outputs.map((_, k) => (k === n ? cotangent : null)))];
    };
    return record(output, [A], own, { where, readsOutput: true });
  });
}

/** 1 below the diagonal, `onDiagonal` on it, 0 above. */
function lowerMask(n: number, like: RealArray, onDiagonal: number): RealArray {
  const data: RealData = allocate(dtypeOf(like), n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) data[i * n + j] = i === j ? onDiagonal : 1;
  return wrap(data, [n, n]);
}

const symmetric = (x: RealArray): RealArray => div(add(x, transpose(x)), 2);

/**
 * The lower L with `A` = L Lᵀ.
 * @param A `[N, N]`
 * @returns `[N, N]`
 * @throws ArgumentError unless `A` is symmetric and positive definite
 * @example console.log(nd.toNested(nd.cholesky([[4, 2], [2, 5]]))); // [ [ 2, 0 ], [ 1, 2 ] ]
 */
export function cholesky<T extends RealData>(A: ArrayInput<T>): RealArray<T> {
  atMost("cholesky", 1, arguments);
  const matrix = squareIn("cholesky", A);
  const n = at(matrix.shape, 0);
  const L = arrayBeside(choleskyOf(matrix), matrix.shape, matrix);
  const backward = ([cotangent]: readonly (RealArray | null)[]): RealArray => {
    const inverse = inv(L) as RealArray;
    const P = mul(multiply(transpose(L) as RealArray, cotangent as RealArray), lowerMask(n, L, 0.5));
    return symmetric(multiply(transpose(inverse), multiply(P, inverse)));
  };
  return at(recordEach("cholesky", matrix, [L], backward), 0);
}

/** What `eigh` gives. */
export interface Eigenpairs<T extends RealData> {
  /** `[N]`, ascending. */
  readonly values: RealArray<T>;
  /** `[N, N]`: column k belongs to value k. */
  readonly vectors: RealArray<T>;
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix; its lower half is not told from its upper one. Derivatives of
 * vectors need different values.
 * @param A `[N, N]`
 * @returns `values` `[N]`, ascending, and `vectors` `[N, N]`, a column for each
 * @throws ArgumentError unless it is square
 * @example console.log(nd.toNested(nd.eigh([[2, 0], [0, 1]]).values)); // [ 1, 2 ]
 */
export function eigh<T extends RealData>(A: ArrayInput<T>): Eigenpairs<T> {
  atMost("eigh", 1, arguments);
  const matrix = squareIn("eigh", A);
  const n = at(matrix.shape, 0);
  const data = readable(matrix);
  const { values, rows } = symmetricEigen(Array.from({ length: n }, (_, i) => [...data.subarray(i * n, (i + 1) * n)]));
  const w = arrayBeside([...values].reverse(), [n], matrix);
  const V = arrayBeside(
    rows.flatMap((row) => [...row].reverse()),
    [n, n],
    matrix,
  );
  const backward: Backward = ([ofValues, ofVectors]) => {
    const [U, u] = [V as RealArray, w as RealArray];
    const inner = ofValues
      ? mul(eyeLike(n, U), reshape(ofValues, [n, 1]))
      : mul(gaps(u), multiply(transpose(U), ofVectors as RealArray));
    return symmetric(multiply(U, multiply(inner, transpose(U))));
  };
  const [valuesOut, vectors] = recordEach("eigh", matrix, [w, V], backward) as [RealArray<T>, RealArray<T>];
  return { values: valuesOut, vectors };
}

const eyeLike = (n: number, like: RealArray): RealArray => eye(n, { dtype: dtypeOf(like) });

/** `[N, N]`: 1 / (w_j - w_i), and 0 on the diagonal. */
function gaps(w: RealArray): RealArray {
  const n = at(w.shape, 0);
  const identity = eyeLike(n, w);
  const differences = sub(broadcast(reshape(w, [1, n]), [n, n]), broadcast(reshape(w, [n, 1]), [n, n]));
  return sub(div(1, add(differences, identity)), identity);
}

/** What `svd` gives: `A` = u diag(s) vt, with K the smaller of M and N. */
export interface SingularValues<T extends RealData> {
  /** `[M, K]` */
  readonly u: RealArray<T>;
  /** `[K]`, descending. */
  readonly s: RealArray<T>;
  /** `[K, N]` */
  readonly vt: RealArray<T>;
}

/**
 * The reduced singular value decomposition of `A` `[M, N]`. Derivatives of u and vt need different values above 0.
 * @param A `[M, N]`
 * @returns `u` `[M, K]`, `s` `[K]`, descending, and `vt` `[K, N]`, with K the smaller of M and N
 * @throws ArgumentError for what is no matrix
 * @example console.log(nd.toNested(nd.svd([[3, 0], [0, 4]]).s)); // [ 4, 3 ]
 */
export function svd<T extends RealData>(A: ArrayInput<T>): SingularValues<T> {
  atMost("svd", 1, arguments);
  const matrix = matrixIn("svd", A);
  const [m, n] = matrix.shape as [number, number];
  const k = Math.min(m, n);
  const parts = svdOf(matrix);
  const outputs = [
    arrayBeside(parts.u, [m, k], matrix),
    arrayBeside(parts.s, [k], matrix),
    arrayBeside(parts.vt, [k, n], matrix),
  ];
  const [U, s, Vt] = outputs as RealArray[] as [RealArray, RealArray, RealArray];
  const backward: Backward = ([ofU, ofS, ofVt]) => {
    if (ofS) return multiply(mul(U, reshape(ofS, [1, k])), Vt);
    const scale = reshape(s, [1, k]);
    return ofU
      ? throughLeft(ofU, U, scale, Vt)
      : transpose(throughLeft(transpose(ofVt as RealArray), transpose(Vt), scale, transpose(U)));
  };
  const [u, values, vt] = recordEach("svd", matrix, outputs, backward) as [RealArray<T>, RealArray<T>, RealArray<T>];
  return { u, s: values, vt };
}

/** What the left vectors' cotangent gives A; that of the right ones is the same of the transpose. */
function throughLeft(cotangent: RealArray, U: RealArray, s: RealArray, Vt: RealArray): RealArray {
  const k = at(s.shape, 1);
  const projected = multiply(transpose(U), cotangent);
  const J = mul(gaps(reshape(mul(s, s), [k])), projected);
  const inside = mul(add(J, transpose(J)), s);
  const outside = div(sub(cotangent, multiply(U, projected)), s);
  return multiply(add(multiply(U, inside), outside), Vt);
}

function matrixIn<T extends RealData>(where: string, A: ArrayInput<T>): RealArray<T> {
  const matrix = arrayIn(where, A);
  if (matrix.shape.length === 2) return matrix;
  throw new ArgumentError(`${where}: expected a matrix [M, N], got shape ${shapeText(matrix.shape)}`);
}

/** What `qr` gives: `A` = q r. */
export interface Triangular<T extends RealData> {
  /** `[M, N]`, orthonormal columns. */
  readonly q: RealArray<T>;
  /** `[N, N]`, upper triangular. */
  readonly r: RealArray<T>;
}

/**
 * The reduced QR decomposition of `A` `[M, N]` with M >= N.
 * @param A `[M, N]`
 * @returns `q` `[M, N]` and `r` `[N, N]`
 * @throws ArgumentError for a wider matrix
 * @example console.log(nd.qr(rand([5, 2])).q.shape); // [ 5, 2 ]
 */
export function qr<T extends RealData>(A: ArrayInput<T>): Triangular<T> {
  atMost("qr", 1, arguments);
  const matrix = matrixIn("qr", A);
  const [m, n] = matrix.shape as [number, number];
  if (m < n)
    throw new ArgumentError(`qr: expected at least as many rows as columns, got shape ${shapeText(matrix.shape)}`);
  const parts = qrOf(matrix);
  const outputs = [arrayBeside(parts.q, [m, n], matrix), arrayBeside(parts.r, [n, n], matrix)];
  const [Q, R] = outputs as RealArray[] as [RealArray, RealArray];
  const backward: Backward = ([ofQ, ofR]) => {
    const M = ofR ? multiply(R, transpose(ofR)) : neg(multiply(transpose(ofQ as RealArray), Q));
    const lower = mul(M, lowerMask(n, R, 0.5));
    const copied = multiply(Q, add(lower, transpose(lower)));
    return multiply(ofQ ? add(ofQ, copied) : copied, transpose(inv(R)));
  };
  const [q, r] = recordEach("qr", matrix, outputs, backward) as [RealArray<T>, RealArray<T>];
  return { q, r };
}
