/**
 * Preconditioners of K + alpha I from entries of the symmetric positive semidefinite K: its inverse by Cholesky, the
 * inverses of diagonal blocks, or what a user gives. lowrank.ts has those of a low rank. Dense algebra is the addon's:
 * what is long is work in two forms.
 */
import { checkArray } from "../array/check";
import { readable, sameShape, shapeText, wrap } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import type { BriefAlgebra, LongAlgebra } from "../device/addonfunctions";
import type { LowRankParts } from "../device/device";
import { instructionSet, lapack, nativeAddon } from "../device/native";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { Work, waitFor, worksOf } from "../task";
import type { Task, Works } from "../task";

/** Entries of K. */
export interface Matrix {
  readonly rows: number;
  readonly dtype: Dtype;
  diagonal(): Float64Array;
  /** `[rows or all, columns or all]`, at the beginning of `out` if given. */
  entries(rows: Int32Array | null, columns: Int32Array | null, out?: RealData): RealData;
  /** Rows of what has all rows, where other ranks have the rest. */
  readonly held?: number;
  /** Dense algebra over factors of so many rows. */
  algebra?(algebra: Algebra): Algebra;
  /** Which of the diagonal blocks, in ascending order, this rank inverts. */
  shareBlocks?(blocks: readonly Interval[]): SharedBlocks;
}

/** Diagonal blocks of a matrix, those of other ranks left out. */
export interface SharedBlocks {
  readonly own: readonly Interval[];
  /** `[rows, rows]` */
  entries(block: Interval): RealData;
  /** Brings what each rank has found in the rows of its blocks, of `[all rows, columns]`, to all. */
  join(found: RealData, columns: number): void;
}

/** The sum of the diagonal, near the sum of all eigenvalues. */
export const traceOf = (matrix: Matrix): number => matrix.diagonal().reduce((sum, value) => sum + value, 0);

/** out = M x with M near the inverse of K + alpha I, symmetric and positive definite. */
export interface Preconditioner {
  readonly kind: "cholesky" | "low-rank" | "block" | "function";
  /** The dtype of vectors that it takes. */
  readonly dtype: Dtype | "any";
  /** The rank of the approximation of K; 0 where it is none. */
  readonly rank: number;
  /** The library that factorised K + alpha I, null for our own code. */
  readonly library?: string | null;
  /** log det M⁻¹ */
  readonly logdet: number;
  /** x and out `[rows, columns]`. */
  apply(x: RealData, out: RealData, columns: number): Work<void>;
  /** L of K + alpha I = L Lᵀ in the lower half of `[rows, rows]`, where that is what it is. */
  readonly factor?: Float64Array;
  /** What a low-rank one is made of, for those who apply it elsewhere. */
  readonly parts?: LowRankParts;
}

// -------------------------------------------------------------------------------------------------- dense algebra

/** Dense algebra over row-major matrices. */
export interface Algebra extends Works<LongAlgebra>, BriefAlgebra {
  /** The instruction set, by whose costs a method is chosen. */
  readonly instructionSet: string;
  /** The library that factorises a matrix of that order, null where our own code does. */
  lapack(rows: number): string | null;
}

/** The addon's dense algebra; null without the addon. */
export function denseWork(): Algebra | null {
  const isa = instructionSet(); // once it is known, the dense algebra uses it, too
  const addon = nativeAddon();
  if (!addon) return null;
  const { dense, constants } = addon;
  const libraryFor = (rows: number): string | null => (rows >= constants.leastLapackRows ? lapack() : null);
  return { instructionSet: isa, lapack: libraryFor, ...dense, ...worksOf<LongAlgebra>(dense, dense.later) };
}

/** Bytes of the largest matrix that is factorised. */
const LARGEST_FACTOR = 2 ** 31;

export const fitsFactorisation = (rows: number): boolean => 8 * rows ** 2 <= LARGEST_FACTOR;

// ---------------------------------------------------------------------------------------------------- the inverse

/** Pairs between two pauses: some milliseconds. */
const PIECE = 2 ** 21;

/**
 * (K + alpha I)⁻¹ by a dense factorisation of a float64 matrix; null where K + alpha I is not positive definite as far
 * as rounding can tell.
 */
export function* exactInverse(matrix: Matrix, alpha: number, algebra: Algebra): Task<Preconditioner | null> {
  const { rows } = matrix;
  const factor = yield* allEntries(matrix);
  for (let n = 0; n < rows; n++) factor[n * (rows + 1)]! += alpha;
  if ((yield* waitFor(algebra.cholesky(factor, rows))) !== 0) return null;
  return {
    kind: "cholesky",
    dtype: "any",
    library: algebra.lapack(rows),
    rank: rows,
    logdet: logdetOf(factor, rows),
    factor,
    apply: (x, out, columns) => {
      const solution = Float64Array.from(x);
      return algebra.choleskySolve(factor, solution, rows, columns).andThen(() => {
        out.set(solution);
      });
    },
  };
}

/** (L Lᵀ)⁻¹, for L in the lower half of a matrix `[n, n]`. */
export function* inverseOf(factor: Float64Array, n: number, algebra: Algebra): Task<Float64Array> {
  const inverse = new Float64Array(n * n);
  yield* waitFor(algebra.choleskyInverse(inverse, factor, n));
  return inverse;
}

/** log det L Lᵀ */
export function logdetOf(factor: Float64Array, n: number): number {
  let sum = 0;
  for (let k = 0; k < n; k++) sum += Math.log(factor[k * (n + 1)]!);
  return 2 * sum;
}

function* allEntries(matrix: Matrix): Task<Float64Array> {
  const { rows } = matrix;
  const all = new Float64Array(rows * rows);
  const height = Math.max(1, Math.floor(PIECE / rows));
  for (let first = 0; first < rows; first += height) {
    const some = Int32Array.from({ length: Math.min(height, rows - first) }, (_, n) => first + n);
    const piece = all.subarray(first * rows, (first + some.length) * rows).fill(0); // for the reason that `numbers` has
    matrix.entries(some, null, piece);
    yield;
  }
  return all;
}

/** The ridge of a nearly singular matrix, relative to the trace. */
const NEAR = 2 ** -48;

/**
 * The inverse of a matrix that is singular as far as rounding can tell, with the least ridge that makes it none: what
 * of the right-hand side a solution can make at all, iterations with it find at once, and where more is asked they end
 * soon.
 */
export function* nearInverse(matrix: Matrix, alpha: number, algebra: Algebra): Task<Preconditioner | null> {
  return yield* exactInverse(matrix, alpha + NEAR * traceOf(matrix), algebra);
}

// ------------------------------------------------------------------------------------------------- diagonal blocks

/** Begin and end of the rows of a block. */
export type Interval = readonly [begin: number, end: number];

interface DiagonalBlock {
  readonly begin: number;
  readonly end: number;
  readonly factor: Float64Array;
  readonly algebra: Algebra;
}

/** Rows of a block at most: larger intervals are cut. */
const LARGEST_BLOCK = 512;

/**
 * Block Jacobi, for operators of which only some pairs count: the inverse of every diagonal block, and 1 / alpha
 * outside of them; null where a block is not positive definite.
 * @param intervals that do not overlap.
 */
export function* blockJacobi(
  matrix: Matrix,
  alpha: number,
  algebra: Algebra,
  intervals: readonly Interval[],
): Task<Preconditioner | null> {
  const all = intervals.flatMap(cutInterval);
  const shared = matrix.shareBlocks?.(all) ?? ownBlocks(matrix, all);
  const blocks: DiagonalBlock[] = [];
  const logdets = new Float64Array(matrix.rows);
  for (const [begin, end] of shared.own) {
    const factor = ridgedBlock(shared.entries([begin, end]), alpha);
    const isPositive = (yield* waitFor(algebra.cholesky(factor, end - begin))) === 0;
    logdets[begin] = isPositive ? logdetOf(factor, end - begin) : NaN;
    blocks.push({ begin, end, factor, algebra });
  }
  shared.join(logdets, 1);
  const outside = {
    by: alpha > 0 ? alpha : 1,
    rows: matrix.rows - all.reduce((sum, [begin, end]) => sum + end - begin, 0),
  };
  const logdet = logdets.reduce((sum, value) => sum + value, 0) + outside.rows * Math.log(outside.by);
  return Number.isNaN(logdet) ? null : inverseOfBlocks(blocks, shared, outside.by, logdet);
}

/** One process has them all. */
const ownBlocks = (matrix: Matrix, own: readonly Interval[]): SharedBlocks => ({
  own,
  entries: ([begin, end]) => {
    const rows = Int32Array.from({ length: end - begin }, (_, n) => begin + n);
    return matrix.entries(rows, rows);
  },
  join: () => undefined,
});

/** @param outside what rows outside of all blocks are divided by. */
function inverseOfBlocks(
  blocks: readonly DiagonalBlock[],
  shared: SharedBlocks,
  outside: number,
  logdet: number,
): Preconditioner {
  return {
    kind: "block",
    dtype: "any",
    rank: 0,
    logdet,
    apply: (x, out, columns) => {
      const solution = Float64Array.from(x, (value) => value / outside);
      const solves = blocks.map(({ begin, end, factor, algebra }) => {
        const own = solution.subarray(begin * columns, end * columns);
        own.set(x.subarray(begin * columns, end * columns));
        return algebra.choleskySolve(factor, own, end - begin, columns);
      });
      return Work.all(solves).andThen(() => {
        out.set(solution);
        shared.join(out, columns);
      });
    },
  };
}

function cutInterval([begin, end]: Interval): Interval[] {
  const pieces = Math.ceil((end - begin) / LARGEST_BLOCK);
  const at = (piece: number): number => begin + Math.floor((piece * (end - begin)) / pieces);
  return Array.from({ length: pieces }, (_, piece) => [at(piece), at(piece + 1)]);
}

function ridgedBlock(entries: RealData, alpha: number): Float64Array {
  const block = Float64Array.from(entries);
  const rows = Math.sqrt(block.length);
  for (let n = 0; n < rows; n++) block[n * (rows + 1)]! += alpha;
  return block;
}

// ------------------------------------------------------------------------------------------ functions of residuals

/** A function that multiplies residuals of that shape by M, as a preconditioner. */
export function functionPreconditioner(
  multiply: (residual: RealArray) => RealArray,
  shape: readonly number[],
): Preconditioner {
  const apply = (x: RealData, out: RealData): void => {
    out.set(productOf(multiply, x, shape));
  };
  const work = (x: RealData, out: RealData): Work<void> =>
    new Work(
      () => {
        apply(x, out);
      },
      async () => {
        await Promise.resolve();
        apply(x, out);
      },
    );
  return { kind: "function", dtype: "any", rank: 0, logdet: NaN, apply: work };
}

function productOf(multiply: (residual: RealArray) => RealArray, x: RealData, shape: readonly number[]): RealData {
  const dtype = x instanceof Float32Array ? "float32" : "float64";
  const product = checkArray("preconditioner: the result of the function", multiply(wrap(x.slice(), shape)), dtype);
  if (!sameShape(product.shape, shape))
    throw new ArgumentError(
      `preconditioner: expected shape ${shapeText(shape)} as the residual has, got ${shapeText(product.shape)}`,
    );
  const numbers = readable(product);
  if (!numbers.every(Number.isFinite))
    throw new ArgumentError("preconditioner: expected finite numbers from the function, got others");
  return numbers;
}
