/**
 * Decompositions of stacks of matrices, with derivatives. Numbers come from those of ml-matrix, in float64; their
 * derivatives are matrix formulas over functions of arrays, so that they have derivatives again. Sources: I. Murray,
 * Differentiation of the Cholesky decomposition, 2016; J. Townsend, Differentiating the singular value decomposition,
 * 2016; S. Walter and L. Lehmann, Algorithmic differentiation of linear algebra functions, 2012.
 */
import { add, div, matmul as multiply, mul, neg, sub, swapLast } from "../array/arithmetic";
import type { ArrayInput } from "../array/check";
import { cholesky as choleskyOf, qr as qrOf, svd as svdOf, symmetricEigen } from "../array/matrix";
import { checksum, record } from "../array/record";
import { allocate, dtypeOf, readable, shapeText, wrap } from "../array/view";
import type { RealArray } from "../array/view";
import { at } from "../asserts";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { atMost } from "../options";
import { eye } from "./create";
import { asColumns, asRows, batchOf, eachOf, inv, matricesIn, nameOfMatrix, squareIn, stacked } from "./systems";

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

const symmetric = (x: RealArray): RealArray => div(add(x, swapLast(x)), 2);

/**
 * The lower L with `A` = L Lᵀ, for each matrix of a stack.
 * @param A `[..., N, N]`
 * @returns `[..., N, N]`
 * @throws ArgumentError unless each is symmetric and positive definite
 * @example console.log(nd.toNested(nd.cholesky([[4, 2], [2, 5]]))); // [ [ 2, 0 ], [ 1, 2 ] ]
 */
export function cholesky<T extends RealData>(A: ArrayInput<T>): RealArray<T> {
  atMost("cholesky", 1, arguments);
  const matrix = squareIn("cholesky", A);
  const n = at(matrix.shape, matrix.shape.length - 1);
  const batch = batchOf(matrix);
  const lowers = eachOf(matrix).map((each, k) => choleskyOf(nameOfMatrix("cholesky", k, batch), each));
  const L = stacked(lowers, matrix.shape, matrix);
  const backward = ([cotangent]: readonly (RealArray | null)[]): RealArray => {
    const inverse = inv(L) as RealArray;
    const P = mul(multiply(swapLast(L) as RealArray, cotangent as RealArray), lowerMask(n, L, 0.5));
    return symmetric(multiply(swapLast(inverse), multiply(P, inverse)));
  };
  return at(recordEach("cholesky", matrix, [L], backward), 0);
}

/** What `eigh` gives. */
export interface Eigenpairs<T extends RealData> {
  /** `[..., N]`, ascending. */
  readonly values: RealArray<T>;
  /** `[..., N, N]`: column k belongs to value k. */
  readonly vectors: RealArray<T>;
}

/**
 * Eigenvalues and eigenvectors of each symmetric matrix of a stack; its lower half is not told from its upper one.
 * Derivatives of vectors need different values.
 * @param A `[..., N, N]`
 * @returns `values` `[..., N]`, ascending, and `vectors` `[..., N, N]`, a column for each
 * @throws ArgumentError unless they are square
 * @example console.log(nd.toNested(nd.eigh([[2, 0], [0, 1]]).values)); // [ 1, 2 ]
 */
export function eigh<T extends RealData>(A: ArrayInput<T>): Eigenpairs<T> {
  atMost("eigh", 1, arguments);
  const matrix = squareIn("eigh", A);
  const n = at(matrix.shape, matrix.shape.length - 1);
  const pairs = eachOf(matrix).map(eigenpairsOf);
  const w = stacked(
    pairs.map(({ values }) => values),
    matrix.shape.slice(0, -1),
    matrix,
  );
  const V = stacked(
    pairs.map(({ vectors }) => vectors),
    matrix.shape,
    matrix,
  );
  const backward: Backward = ([ofValues, ofVectors]) => {
    const [U, u] = [V as RealArray, w as RealArray];
    const inner = ofValues
      ? mul(eyeLike(n, U), asColumns(ofValues))
      : mul(gaps(u), multiply(swapLast(U), ofVectors as RealArray));
    return symmetric(multiply(U, multiply(inner, swapLast(U))));
  };
  const [valuesOut, vectors] = recordEach("eigh", matrix, [w, V], backward) as [RealArray<T>, RealArray<T>];
  return { values: valuesOut, vectors };
}

/** Of one matrix: values ascending, vectors row by row. */
function eigenpairsOf(matrix: RealArray): { values: number[]; vectors: number[] } {
  const [n, data] = [at(matrix.shape, 0), readable(matrix)];
  const { values, rows } = symmetricEigen(Array.from({ length: n }, (_, i) => [...data.subarray(i * n, (i + 1) * n)]));
  return { values: [...values].reverse(), vectors: rows.flatMap((row) => [...row].reverse()) };
}

const eyeLike = (n: number, like: RealArray): RealArray => eye(n, { dtype: dtypeOf(like) });

/** `[..., N, N]`: 1 / (w_j - w_i), and 0 on the diagonal. */
function gaps(w: RealArray): RealArray {
  const identity = eyeLike(at(w.shape, w.shape.length - 1), w);
  return sub(div(1, add(sub(asRows(w), asColumns(w)), identity)), identity);
}

/** What `svd` gives: `A` = u diag(s) vt, with K the smaller of M and N. */
export interface SingularValues<T extends RealData> {
  /** `[..., M, K]` */
  readonly u: RealArray<T>;
  /** `[..., K]`, descending. */
  readonly s: RealArray<T>;
  /** `[..., K, N]` */
  readonly vt: RealArray<T>;
}

/**
 * The reduced singular value decomposition of each matrix of `A` `[..., M, N]`. Derivatives of u and vt need different
 * values above 0.
 * @param A `[..., M, N]`
 * @returns `u` `[..., M, K]`, `s` `[..., K]`, descending, and `vt` `[..., K, N]`, with K the smaller of M and N
 * @throws ArgumentError for a number or a vector
 * @example console.log(nd.toNested(nd.svd([[3, 0], [0, 4]]).s)); // [ 4, 3 ]
 */
export function svd<T extends RealData>(A: ArrayInput<T>): SingularValues<T> {
  atMost("svd", 1, arguments);
  const matrix = matricesIn("svd", A);
  const [batch, [m, n]] = [batchOf(matrix), matrix.shape.slice(-2) as [number, number]];
  const k = Math.min(m, n);
  const parts = eachOf(matrix).map(svdOf);
  const outputOf = (name: "u" | "s" | "vt", shape: readonly number[]): RealArray<T> =>
    stacked(
      parts.map((part) => part[name]),
      [...batch, ...shape],
      matrix,
    );
  const outputs = [outputOf("u", [m, k]), outputOf("s", [k]), outputOf("vt", [k, n])];
  const [U, s, Vt] = outputs as RealArray[] as [RealArray, RealArray, RealArray];
  const backward: Backward = ([ofU, ofS, ofVt]) => {
    if (ofS) return multiply(mul(U, asRows(ofS)), Vt);
    return ofU
      ? throughLeft(ofU, U, s, Vt)
      : swapLast(throughLeft(swapLast(ofVt as RealArray), swapLast(Vt), s, swapLast(U)));
  };
  const [u, values, vt] = recordEach("svd", matrix, outputs, backward) as [RealArray<T>, RealArray<T>, RealArray<T>];
  return { u, s: values, vt };
}

/** What the left vectors' cotangent gives A; that of the right ones is the same of the transpose. */
function throughLeft(cotangent: RealArray, U: RealArray, s: RealArray, Vt: RealArray): RealArray {
  const projected = multiply(swapLast(U), cotangent);
  const J = mul(gaps(mul(s, s)), projected);
  const inside = mul(add(J, swapLast(J)), asRows(s));
  const outside = div(sub(cotangent, multiply(U, projected)), asRows(s));
  return multiply(add(multiply(U, inside), outside), Vt);
}

/** What `qr` gives: `A` = q r. */
export interface Triangular<T extends RealData> {
  /** `[..., M, N]`, orthonormal columns. */
  readonly q: RealArray<T>;
  /** `[..., N, N]`, upper triangular. */
  readonly r: RealArray<T>;
}

/**
 * The reduced QR decomposition of each matrix of `A` `[..., M, N]` with M >= N.
 * @param A `[..., M, N]`
 * @returns `q` `[..., M, N]` and `r` `[..., N, N]`
 * @throws ArgumentError for wider matrices
 * @example console.log(nd.qr(rand([5, 2])).q.shape); // [ 5, 2 ]
 */
export function qr<T extends RealData>(A: ArrayInput<T>): Triangular<T> {
  atMost("qr", 1, arguments);
  const matrix = matricesIn("qr", A);
  const [batch, [m, n]] = [batchOf(matrix), matrix.shape.slice(-2) as [number, number]];
  if (m < n)
    throw new ArgumentError(`qr: expected at least as many rows as columns, got shape ${shapeText(matrix.shape)}`);
  const parts = eachOf(matrix).map(qrOf);
  const outputOf = (name: "q" | "r", rows: number): RealArray<T> =>
    stacked(
      parts.map((part) => part[name]),
      [...batch, rows, n],
      matrix,
    );
  const outputs = [outputOf("q", m), outputOf("r", n)];
  const [Q, R] = outputs as RealArray[] as [RealArray, RealArray];
  const backward: Backward = ([ofQ, ofR]) => {
    const M = ofR ? multiply(R, swapLast(ofR)) : neg(multiply(swapLast(ofQ as RealArray), Q));
    const lower = mul(M, lowerMask(n, R, 0.5));
    const copied = multiply(Q, add(lower, swapLast(lower)));
    return multiply(ofQ ? add(ofQ, copied) : copied, swapLast(inv(R)));
  };
  const [q, r] = recordEach("qr", matrix, outputs, backward) as [RealArray<T>, RealArray<T>];
  return { q, r };
}
