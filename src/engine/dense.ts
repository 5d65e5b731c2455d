/**
 * The addon's dense linear algebra, on its threads: Cholesky factors, and low-rank approximations F Fᵀ of symmetric matrices. Matrices are
 * row-major, lengths exact; results do not depend on the number of threads. Must not know how the addon is found.
 */
import { interruptible, rethrow } from "./control";
import type { Control } from "./control";

type Real = Float32Array | Float64Array;

/** What has two forms: in the background, nothing else may touch its arrays until the promise settles. */
interface TwoForms {
  /** The lower half of a `[n, n]` becomes its factor L; 0, or the order of the first leading minor that is not positive. */
  cholesky: (a: Float64Array, n: number) => number;
  /** x `[n, columns]` becomes the solution y of L Lᵀ y = x. */
  choleskySolve: (l: Float64Array, x: Float64Array, n: number, columns: number) => void;
  /**
   * The next block of F, from the columns `left` of K at `pivots` (overwritten), of which the first `count` are no padding, with the factor of
   * the residual between them; takes it off the diagonal `residual` `[rows]`. Returns the largest squared norm among the last 8 columns.
   */
  extend: (
    out: Real,
    left: Real,
    blocks: readonly Real[],
    pivots: Int32Array,
    factor: Float64Array,
    residual: Float64Array,
    rows: number,
    count: number,
  ) => number;
  /** The lower half of out `[width, width]` becomes that of Fᵀ F; `bytes` of a number of F. */
  gram: (out: Float64Array, blocks: readonly Real[], rows: number, bytes: number) => void;
  /** out `[rows, columns]` = (F Fᵀ + alpha I)⁻¹ x, with the Cholesky factor of Fᵀ F + alpha I. */
  lowRankSolve: (
    out: Real,
    x: Real,
    blocks: readonly Real[],
    factor: Float64Array,
    alpha: number,
    rows: number,
    columns: number,
  ) => void;
}

type Later = {
  readonly [Name in keyof TwoForms as `${Name}Async`]: (
    ...args: [...Parameters<TwoForms[Name]>, Control?]
  ) => Promise<ReturnType<TwoForms[Name]>>;
};

/** F is a list of blocks `[rows, width]` of one dtype, widths being multiples of 64 bytes. */
export interface Dense extends Readonly<TwoForms>, Later {
  /**
   * Accepts candidate rows one after the other, each with the chance that what is left of its residual gives it. `left` holds K between
   * them, and is overwritten. Returns how many; their places go to `accepted`, the factor of the residual among them to `factor`
   * `[returned, returned]`. What is no more than `part` of the largest residual, or than `floor`, is rounding.
   */
  readonly choosePivots: (
    left: Real,
    blocks: readonly Real[],
    candidates: Int32Array,
    chances: Float64Array,
    accepted: Int32Array,
    factor: Float64Array,
    rows: number,
    most: number,
    part: number,
    floor: number,
  ) => number;
  /** out `[rows, columns]` -= F x. */
  readonly subtractTall: (out: Real, blocks: readonly Real[], x: Float64Array, rows: number, columns: number) => void;
}

/** The same, with interruption as our error. */
export function denseOf(raw: Dense): Dense {
  return {
    cholesky: (...args) => interruptible(() => raw.cholesky(...args)),
    choleskySolve: (...args) => {
      interruptible(() => {
        raw.choleskySolve(...args);
      });
    },
    extend: (...args) => interruptible(() => raw.extend(...args)),
    gram: (...args) => {
      interruptible(() => {
        raw.gram(...args);
      });
    },
    lowRankSolve: (...args) => {
      interruptible(() => {
        raw.lowRankSolve(...args);
      });
    },
    choleskyAsync: (...args) => raw.choleskyAsync(...args).catch(rethrow),
    choleskySolveAsync: (...args) => raw.choleskySolveAsync(...args).catch(rethrow),
    extendAsync: (...args) => raw.extendAsync(...args).catch(rethrow),
    gramAsync: (...args) => raw.gramAsync(...args).catch(rethrow),
    lowRankSolveAsync: (...args) => raw.lowRankSolveAsync(...args).catch(rethrow),
    choosePivots: (...args) => raw.choosePivots(...args),
    subtractTall: (...args) => {
      raw.subtractTall(...args);
    },
  };
}
