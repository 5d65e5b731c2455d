/**
 * Products and factorisations of matrices, in float64, on plain memory: the only file that knows ml-matrix.
 * A factorisation costs far more than a solve with it, so whoever solves keeps the `Factors`. Must not know the tape.
 */
import { CholeskyDecomposition, EigenvalueDecomposition, LuDecomposition, Matrix } from "ml-matrix";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { allocate, dtypeOf, readable, wrapBeside } from "./view";
import type { RealArray } from "./view";

/** A factorised matrix A `[N, N]`. */
export interface Factors {
  /** The elements of `X` with `A X = B`, row by row, for `B` `[N, K]`. */
  readonly solve: (B: RealArray) => ArrayLike<number>;
  /** The factors of the transpose of A, found on demand. */
  readonly transposed: () => Factors;
}

/** Cholesky factors if `A` is symmetric and positive definite, else LU. Throws ArgumentError if `A` is singular. */
export function factorise(A: RealArray): Factors {
  return factorsOf(matrixOf(A));
}

function factorsOf(A: Matrix): Factors {
  const cholesky = A.isSymmetric() ? new CholeskyDecomposition(A) : null;
  if (cholesky?.isPositiveDefinite()) {
    const factors: Factors = { solve: (B) => cholesky.solve(matrixOf(B)).to1DArray(), transposed: () => factors };
    return factors;
  }
  const lu = new LuDecomposition(A);
  if (lu.isSingular()) throw new ArgumentError("solve: expected a regular matrix, got a singular one");
  let transposed: Factors | undefined;
  const factors: Factors = {
    solve: (B) => lu.solve(matrixOf(B)).to1DArray(),
    transposed: () => (transposed ??= { ...factorsOf(A.transpose()), transposed: () => factors }),
  };
  return factors;
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

/** The product `[M, N]` of `a` `[M, K]` and `b` `[K, N]`: row by row, so that the innermost loop runs along memory. */
export function product<T extends RealData>(a: RealArray<T>, b: RealArray<T>): RealArray<T> {
  const [m, depth] = a.shape as [number, number];
  const n = b.shape[1] as number;
  const [left, right] = [readable(a), readable(b)];
  const result = allocate(dtypeOf(a), m * n) as RealData as T;
  const row = new Float64Array(n);
  for (let i = 0; i < m; i++) {
    row.fill(0);
    for (let k = 0; k < depth; k++) {
      const factor = left[i * depth + k] as number;
      for (let j = 0; j < n; j++) row[j] = (row[j] as number) + factor * (right[k * n + j] as number);
    }
    result.set(row, i * n);
  }
  return wrapBeside(result, [m, n], a, b);
}
