/**
 * Preconditioners of K + alpha I, from entries of the symmetric positive semidefinite K: exact by Cholesky, or from a low-rank K and the
 * Woodbury formula (Díaz, Epperly, Frangella, Tropp and Webber, Robust, randomized preconditioning for kernel ridge regression, 2023).
 */
import { PivotedCholesky } from "./pivoted";
import type { Algebra, Block, Matrix, Numbers } from "./pivoted";
import type { Rule } from "./costs";
import { settled } from "./task";
import type { Task, Work } from "./task";

export type { Algebra, Matrix } from "./pivoted";

/** out = M x with M near the inverse of K + alpha I, symmetric and positive definite. */
export interface Preconditioner {
  readonly kind: "cholesky" | "low-rank" | "block" | "function";
  /** Of the vectors that it takes. */
  readonly dtype: "float32" | "float64" | "any";
  /** Of the approximation of K; 0 where it is none. */
  readonly rank: number;
  /** The library that factorised K + alpha I, null for our own code. */
  readonly library?: string | null;
  /** log det M⁻¹ */
  readonly logdet: number;
  /** x and out `[rows, columns]`. */
  apply(x: Numbers, out: Numbers, columns: number): Work<void>;
  /** L of K + alpha I = L Lᵀ in the lower half of `[rows, rows]`, where that is what it is. */
  readonly factor?: Float64Array;
  /** What a low-rank one is made of, for those who apply it elsewhere. */
  readonly parts?: LowRankParts;
}

/** (x - F (L Lᵀ)⁻¹ Fᵀ x) / alpha */
export interface LowRankParts {
  /** F, as blocks of columns `[rows, …]` that are `width` together. */
  readonly blocks: readonly Numbers[];
  readonly width: number;
  /** L in the lower half of `[width, width]`. */
  readonly factor: Float64Array;
  readonly alpha: number;
}

/** Pairs between two pauses: some milliseconds. */
const PIECE = 2 ** 21;

/** (K + alpha I)⁻¹ by a dense factorisation of a float64 matrix; null where K + alpha I is not positive definite as far as rounding can tell. */
export function* exactInverse(matrix: Matrix, alpha: number, algebra: Algebra): Task<Preconditioner | null> {
  const { rows } = matrix;
  const factor = yield* allEntries(matrix);
  for (let n = 0; n < rows; n++) factor[n * (rows + 1)]! += alpha;
  if ((yield* settled(algebra.cholesky(factor, rows))) !== 0) return null;
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

/** Columns of an inverse that are solved for together. */
const AT_ONCE = 32;

/**
 * (L Lᵀ)⁻¹, for L in the lower half of a matrix `[n, n]`. From a block of columns on, it is the inverse of what the rest of L makes: all
 * blocks together cost a third of solves with whole columns.
 */
export function* inverseOf(factor: Float64Array, n: number, algebra: Algebra): Task<Float64Array> {
  const inverse = new Float64Array(n * n);
  for (let first = 0; first < n; first += AT_ONCE) {
    const [rows, columns] = [n - first, Math.min(AT_ONCE, n - first)];
    const rest = new Float64Array(rows * rows);
    for (let i = 0; i < rows; i++) {
      const begin = (first + i) * n + first;
      rest.set(factor.subarray(begin, begin + i + 1), i * rows);
    }
    const x = new Float64Array(rows * columns);
    for (let k = 0; k < columns; k++) x[k * (columns + 1)] = 1;
    yield* settled(algebra.choleskySolve(rest, x, rows, columns));
    for (let i = 0; i < rows; i++)
      for (let k = 0; k < columns; k++) {
        inverse[(first + i) * n + first + k] = x[i * columns + k]!;
        inverse[(first + k) * n + first + i] = x[i * columns + k]!;
      }
  }
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

// ------------------------------------------------------------------------------------------------------- low rank

/** Rounds without an accepted candidate after which the search ends. */
const PATIENCE = 3;

/** A low-rank approximation of K, of the rank that a rule finds best; it serves all ridges. @param random uniform in [0, 1); the same numbers give the same approximation. */
export function* lowRank(matrix: Matrix, algebra: Algebra, random: () => number, rule: Rule): Task<LowRank> {
  const search = new PivotedCholesky(matrix, algebra, random);
  for (let idle = 0; idle < PATIENCE && rule.goesOn(search) && !search.isExhausted;)
    idle = (yield* search.addBlock(rule.most - search.rank)) ? 0 : idle + 1;
  const blocks = search.blocks.slice(0, rule.best);
  const width = widthOf(blocks);
  const gram = new Float64Array(width * width);
  if (width > 0) yield* settled(algebra.gram(gram, columnsOf(blocks), matrix.rows, matrix.dtype === "float32" ? 4 : 8));
  return new LowRank(matrix, algebra, blocks, gram, rule.iterations);
}

const columnsOf = (blocks: readonly Block[]): Numbers[] => blocks.map(({ columns }) => columns);
const widthOf = (blocks: readonly Block[]): number => blocks.reduce((total, { width }) => total + width, 0);

/** F Fᵀ near K, with the Gram matrix Fᵀ F, so that every ridge costs no more than a factorisation of its size. */
export class LowRank {
  readonly rank: number;
  /** Columns of F, with their padding. */
  readonly width: number;

  constructor(
    private readonly matrix: Matrix,
    private readonly algebra: Algebra,
    private readonly blocks: readonly Block[],
    private readonly gram: Float64Array,
    /** Expected with the inverse for the ridge that it was made for, or without one where the rank is 0. */
    readonly iterations: number,
  ) {
    this.rank = blocks.reduce((sum, { count }) => sum + count, 0);
    this.width = widthOf(blocks);
  }

  /** (F Fᵀ + alpha I)⁻¹ x = (x - F (Fᵀ F + alpha I)⁻¹ Fᵀ x) / alpha; null where that is not positive definite. */
  *inverse(alpha: number): Task<Preconditioner | null> {
    const { width, algebra, rank } = this;
    const { rows } = this.matrix;
    const factor = this.gram.slice();
    for (let n = 0; n < width; n++) factor[n * (width + 1)]! += alpha;
    if (width === 0 || (yield* settled(algebra.cholesky(factor, width))) !== 0) return null;
    const logdet = (rows - width) * Math.log(alpha) + logdetOf(factor, width);
    const blocks = columnsOf(this.blocks);
    const apply: Preconditioner["apply"] = (x, out, columns) =>
      algebra.lowRankSolve(out, x, blocks, factor, alpha, rows, columns);
    const parts: LowRankParts = { blocks, width, factor, alpha };
    return { kind: "low-rank", dtype: this.matrix.dtype, rank, logdet, apply, parts };
  }

  /** out `[rows, columns]` -= F x, for x `[width, columns]`. */
  subtract(x: Float64Array, out: Numbers, columns: number): void {
    this.algebra.subtractTall(out, columnsOf(this.blocks), x, this.matrix.rows, columns);
  }
}
