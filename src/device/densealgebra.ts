/**
 * What the addon does with dense matrices: Cholesky and LU factors, and low-rank approximations F Fᵀ. A part of what it
 * exports (addon.ts). Knows only types.
 */
import type { RealData } from "./addoncall";
import type { GridAlgebra } from "./gridalgebra";

/** F is a list of blocks `[rows, width]` of one dtype, widths being multiples of 64 bytes. */
export interface LongAlgebra extends GridAlgebra {
  /**
   * The lower half of a `[n, n]` becomes its factor L; 0, or the order of the first leading minor that is not
   * positive.
   */
  cholesky(a: Float64Array, n: number): number;
  /** x `[n, columns]` becomes the solution y of L Lᵀ y = x. */
  choleskySolve(l: Float64Array, x: Float64Array, n: number, columns: number): void;
  /** out `[n, n]` = (L Lᵀ)⁻¹. */
  choleskyInverse(out: Float64Array, l: Float64Array, n: number): void;
  /**
   * a `[n, n]` becomes L, whose diagonal of ones is not kept, and U, with L U = the rows of a in the order `order`, each
   * pivot the largest of its column; how many pivots are 0. WebAssembly lacks this one and the next.
   */
  lu(a: Float64Array, order: Int32Array, n: number): number;
  /**
   * x `[n, columns]` becomes the solution y of A y = x; with 1 for `isTransposed`, `lu` is the transpose of what `lu`
   * gave.
   */
  luSolve(lu: Float64Array, order: Int32Array, x: Float64Array, n: number, columns: number, isTransposed: 0 | 1): void;
  /**
   * The next block of F, from the columns `left` of K at `pivots` (overwritten), of which the first `count` are no
   * padding, with the factor of the residual between them; takes it off the diagonal `residual` `[rows]`. Returns the
   * largest squared norm among the last 8 columns.
   */
  extend(
    out: RealData,
    left: RealData,
    blocks: readonly RealData[],
    pivots: Int32Array,
    factor: Float64Array,
    residual: Float64Array,
    rows: number,
    count: number,
  ): number;
  /** The lower half of out `[width, width]` becomes that of Fᵀ F; `bytes` of a number of F. */
  gram(out: Float64Array, blocks: readonly RealData[], rows: number, bytes: number): void;
  /** out `[rows, columns]` = (F Fᵀ + alpha I)⁻¹ x, with the Cholesky factor of Fᵀ F + alpha I. */
  lowRankSolve(
    out: RealData,
    x: RealData,
    blocks: readonly RealData[],
    factor: Float64Array,
    alpha: number,
    rows: number,
    columns: number,
  ): void;
}

export interface BriefAlgebra {
  /**
   * Accepts candidate rows one after the other, each with the chance that what is left of its residual gives it.
   * `left` holds K between them, and is overwritten. Returns how many; their places go to `accepted`, the factor of
   * the residual among them to `factor` `[returned, returned]`. What is no more than `part` of the largest residual,
   * or than `floor`, is rounding.
   */
  choosePivots(
    left: RealData,
    blocks: readonly RealData[],
    candidates: Int32Array,
    chances: Float64Array,
    accepted: Int32Array,
    factor: Float64Array,
    rows: number,
    most: number,
    part: number,
    floor: number,
  ): number;
  /** out `[width, columns]` = Fᵀ x. */
  project(out: Float64Array, blocks: readonly RealData[], x: RealData, rows: number, columns: number): void;
  /** out `[rows, columns]` -= F x. */
  subtractTall(out: RealData, blocks: readonly RealData[], x: Float64Array, rows: number, columns: number): void;
}
