/**
 * Products and factorisations of matrices, in float64, on plain memory: the only file that knows ml-matrix.
 * A factorisation costs far more than a solve with it, so whoever solves keeps the `Factors`. Must not know the tape.
 */
import {
  CholeskyDecomposition,
  EigenvalueDecomposition,
  LuDecomposition,
  Matrix,
  QrDecomposition,
  SingularValueDecomposition,
} from "ml-matrix";
import type { LongAlgebra } from "../device/addonfunctions";
import { denseAlgebra } from "../device/native";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { asserted, at, integerAt, realAt } from "../asserts";
import { allocate, broadcast, commonShape, dtypeOf, readable, sizeOf, wrapBeside } from "./view";
import type { RealArray } from "./view";

/** A factorised matrix A `[N, N]`. */
export interface Factors {
  /** The elements of `X` with `A X = B`, row by row, for `B` `[N, K]`. */
  readonly solve: (B: RealArray) => ArrayLike<number>;
  /** The factors of the transpose of A, found on demand. */
  readonly transposed: () => Factors;
}

/** Cholesky factors if `A` is symmetric and positive definite, else LU. Throws ArgumentError if `A` is singular. */
export function factorise(where: string, A: RealArray): Factors {
  const positive = positiveFactors(A);
  if (positive) return positive;
  const lu = luOf(A);
  if (lu.isSingular) throw new ArgumentError(`${where}: expected a regular matrix, got a singular one`);
  return lu.factors();
}

/** Cholesky factors, or null for what is not symmetric and positive definite. */
function positiveFactors(A: RealArray): Factors | null {
  const factor = lowerFactor(A);
  if (factor === null) return null;
  const factors: Factors = { solve: factor.solve, transposed: () => factors };
  return factors;
}

/** The rows of A in the order `order` = L U. */
interface Lu {
  /** The diagonal of U. */
  readonly pivots: readonly number[];
  readonly isSingular: boolean;
  readonly order: Int32Array;
  readonly factors: () => Factors;
}

/** By the addon, and where that has none by ml-matrix. */
function luOf(A: RealArray): Lu {
  const dense = denseAlgebra();
  return dense && "lu" in dense ? luOfAddon(A, dense) : luOfLibrary(matrixOf(A));
}

function luOfAddon(A: RealArray, dense: LongAlgebra): Lu {
  const n = at(A.shape, 0);
  const data = Float64Array.from(readable(A));
  const order = new Int32Array(n);
  const zeros = dense.lu(data, order, n);
  const solveBy =
    (lu: Float64Array, isTransposed: 0 | 1): Factors["solve"] =>
    (B) => {
      const X = Float64Array.from(readable(B));
      if (X.length > 0) dense.luSolve(lu, order, X, n, X.length / n, isTransposed);
      return X;
    };
  const factors = (): Factors => factorsOf(solveBy(data, 0), () => solveBy(turned(data, n), 1));
  const pivots = Array.from({ length: n }, (_, k) => realAt(data, k * (n + 1)));
  return { pivots, isSingular: zeros > 0, order, factors };
}

function factorsOf(solve: Factors["solve"], solveTransposed: () => Factors["solve"]): Factors {
  let transposed: Factors | undefined;
  const own: Factors = {
    solve,
    transposed: () => (transposed ??= { solve: solveTransposed(), transposed: () => own }),
  };
  return own;
}

/** The transpose of `a` `[n, n]`. */
function turned(a: Float64Array, n: number): Float64Array {
  const result = new Float64Array(a.length);
  for (let row = 0; row < n; row++) for (let k = 0; k < n; k++) result[k * n + row] = a[row * n + k] as number;
  return result;
}

function luOfLibrary(A: Matrix): Lu {
  const lu = new LuDecomposition(A);
  const solveBy =
    (own: LuDecomposition): Factors["solve"] =>
    (B) =>
      B.shape[1] === 0 ? [] : own.solve(matrixOf(B)).to1DArray();
  const factors = (): Factors => factorsOf(solveBy(lu), () => solveBy(new LuDecomposition(A.transpose())));
  const pivots = lu.upperTriangularMatrix.diagonal();
  const order = Int32Array.from(lu.pivotPermutationVector);
  return { pivots, isSingular: pivots.includes(0), order, factors };
}

/** The lower factor of `A`. Throws ArgumentError unless it is symmetric and positive definite. */
export function cholesky(where: string, A: RealArray): ArrayLike<number> {
  const factor = lowerFactor(A);
  if (factor) return factor.lower;
  const got = isSymmetric(A) ? "one that is not positive definite" : "one that is not symmetric";
  throw new ArgumentError(`${where}: expected a symmetric positive definite matrix, got ${got}`);
}

/** A = L Lᵀ. */
interface Lower {
  /** L, row by row, with zeros above its diagonal. */
  readonly lower: ArrayLike<number>;
  readonly solve: Factors["solve"];
}

/** By the addon, and without it by ml-matrix; null for what is not symmetric and positive definite. */
function lowerFactor(A: RealArray): Lower | null {
  if (!isSymmetric(A)) return null;
  const dense = denseAlgebra();
  return dense ? factorOfAddon(A, dense) : factorOfLibrary(A);
}

function factorOfAddon(A: RealArray, dense: LongAlgebra): Lower | null {
  const n = at(A.shape, 0);
  const lower = Float64Array.from(readable(A));
  if (dense.cholesky(lower, n) !== 0) return null;
  for (let row = 0; row < n; row++) lower.fill(0, row * n + row + 1, (row + 1) * n);
  const solve: Factors["solve"] = (B) => {
    const X = Float64Array.from(readable(B));
    if (X.length > 0) dense.choleskySolve(lower, X, n, X.length / n);
    return X;
  };
  return { lower, solve };
}

function factorOfLibrary(A: RealArray): Lower | null {
  if (!isFinite(A)) return null; // NaN of a diagonal is not symmetric to ml-matrix
  const factors = new CholeskyDecomposition(matrixOf(A));
  if (!factors.isPositiveDefinite()) return null;
  return { lower: factors.lowerTriangularMatrix.to1DArray(), solve: (B) => factors.solve(matrixOf(B)).to1DArray() };
}

const isFinite = (A: RealArray): boolean => readable(A).every(Number.isFinite);

function isSymmetric(A: RealArray): boolean {
  const data = readable(A);
  const n = at(A.shape, 0);
  for (let row = 0; row < n; row++)
    for (let column = 0; column < row; column++) if (data[row * n + column] !== data[column * n + row]) return false;
  return true;
}

/** The determinant of `A`, its sign and the logarithm of its size, which do not overflow. */
export function determinant(A: RealArray): { product: number; sign: number; logarithm: number } {
  const { pivots, order } = luOf(A);
  let sign = parityOf(order);
  let product = sign;
  let logarithm = 0;
  for (const pivot of pivots) {
    product *= pivot;
    sign *= Math.sign(pivot);
    logarithm += Math.log(Math.abs(pivot));
  }
  return { product, sign, logarithm };
}

/** 1 where an even number of exchanges makes the order, else -1. */
function parityOf(order: Int32Array): number {
  const seen = new Set<number>();
  let sign = 1;
  for (const start of order) {
    for (let k = integerAt(order, start); !seen.has(start) && k !== start; k = integerAt(order, k)) {
      seen.add(k);
      sign = -sign;
    }
    seen.add(start);
  }
  return sign;
}

const nothing = (length: number): number[] => new Array<number>(length).fill(NaN);

/**
 * `A` `[M, N]` = u `[M, K]` diag(s) vt `[K, N]`, K the smaller of both, s descending; NaN where an entry is not finite.
 */
export function svd(A: RealArray): { u: number[]; s: number[]; vt: number[] } {
  const [m, n] = A.shape as [number, number];
  const k = Math.min(m, n);
  const matrix = matrixOf(A);
  if (m === 0 || n === 0) return { u: [], s: [], vt: [] };
  const wide = m < n;
  if (!isFinite(A)) return { u: nothing(m * k), s: nothing(k), vt: nothing(k * n) };
  const parts = new SingularValueDecomposition(wide ? matrix.transpose() : matrix);
  const [left, right] = [parts.leftSingularVectors, parts.rightSingularVectors].map((vectors) =>
    vectors.subMatrix(0, vectors.rows - 1, 0, k - 1),
  ) as [Matrix, Matrix];
  const [u, v] = wide ? [right, left] : [left, right];
  return { u: u.to1DArray(), s: parts.diagonal.slice(0, k), vt: v.transpose().to1DArray() };
}

/** `A` `[M, N]` = q `[M, N]` r `[N, N]`, for M >= N; NaN where an entry is not finite. */
export function qr(A: RealArray): { q: number[]; r: number[] } {
  const [m, n] = A.shape as [number, number];
  if (!isFinite(A)) return { q: nothing(m * n), r: nothing(n * n) };
  const parts = new QrDecomposition(matrixOf(A));
  return { q: parts.orthogonalMatrix.to1DArray(), r: parts.upperTriangularMatrix.to1DArray() };
}

/** Eigenvalues of a symmetric matrix, descending, with their vectors: row n of `rows` holds component n of each. */
export interface Eigen {
  readonly values: readonly number[];
  readonly rows: readonly (readonly number[])[];
}

/** All eigenpairs of a symmetric matrix, given by rows; NaN where an entry is not finite. */
export function symmetricEigen(matrix: readonly (readonly number[])[]): Eigen {
  if (matrix.length === 0 || !matrix.flat().every(Number.isFinite)) return noEigen(matrix.length);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  });
  const rows = eigenvectorMatrix.to2DArray();
  return { values: realEigenvalues.reverse(), rows: rows.map((row) => row.reverse()) };
}

function noEigen(size: number): Eigen {
  const row = new Array<number>(size).fill(NaN);
  return { values: row, rows: row.map(() => row) };
}

function matrixOf(x: RealArray): Matrix {
  const [m, n] = x.shape as [number, number];
  return Matrix.from1DArray(m, n, readable(x));
}

/** Products `[..., M, N]` of `a` `[..., M, K]` and `b` `[..., K, N]`, whose dimensions in front broadcast. */
export function product<T extends RealData>(a: RealArray<T>, b: RealArray<T>): RealArray<T> {
  const [m, depth, n] = [
    at(a.shape, a.shape.length - 2),
    at(a.shape, a.shape.length - 1),
    at(b.shape, b.shape.length - 1),
  ];
  const lead = asserted(commonShape(a.shape.slice(0, -2), b.shape.slice(0, -2)), "batches that broadcast");
  const left = readable(broadcast(a, [...lead, m, depth]));
  const right = readable(broadcast(b, [...lead, depth, n]));
  const result = allocate(dtypeOf(a), sizeOf(lead) * m * n) as RealData as T;
  for (let entry = 0; entry < sizeOf(lead); entry++) {
    const partOf = (data: T, size: number): T => data.subarray(entry * size, (entry + 1) * size) as T;
    multiply(partOf(left, m * depth), partOf(right, depth * n), partOf(result, m * n), [m, depth, n]);
  }
  return wrapBeside(result, [...lead, m, n], a, b);
}

/** Row by row, so that the innermost loop runs along memory. */
function multiply(
  left: RealData,
  right: RealData,
  result: RealData,
  [m, depth, n]: readonly [number, number, number],
): void {
  const row = new Float64Array(n);
  for (let i = 0; i < m; i++) {
    row.fill(0);
    for (let k = 0; k < depth; k++) {
      const factor = left[i * depth + k] as number;
      for (let j = 0; j < n; j++) row[j] = (row[j] as number) + factor * (right[k * n + j] as number);
    }
    result.set(row, i * n);
  }
}
