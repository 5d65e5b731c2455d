/**
 * Low-rank approximations of K, and the preconditioner of K + alpha I that the Woodbury formula makes of one (Díaz,
 * Epperly, Frangella, Tropp and Webber, Robust, randomized preconditioning for kernel ridge regression, 2023). K is
 * near F Fᵀ, F growing by blocks of columns: randomly pivoted Cholesky with rejection (Epperly, Tropp and Webber,
 * Embrace rejection, 2024, algorithm 2.2).
 */
import { allocate } from "../array/view";
import type { LowRankParts } from "../device/device";
import type { RealData } from "../device/native";
import { integerAt, realAt } from "../asserts";
import { waitFor } from "../task";
import type { Task } from "../task";
import type { Rule } from "./costs";
import { logdetOf } from "./precondition";
import type { Algebra, Matrix, Preconditioner } from "./precondition";

/** Rounds without an accepted candidate after which the search ends. */
const ROUNDS = 3;

/**
 * A low-rank approximation of K, of the rank that a rule finds best; it serves all ridges.
 * @param random uniform in [0, 1); the same numbers give the same approximation.
 */
export function* lowRank(matrix: Matrix, whole: Algebra, random: () => number, rule: Rule): Task<LowRank> {
  const algebra = matrix.algebra?.(whole) ?? whole;
  const search = new PivotedCholesky(matrix, algebra, random);
  for (let idle = 0; idle < ROUNDS && rule.goesOn(search) && !search.isExhausted;)
    idle = (yield* search.addBlock(rule.most - search.rank)) ? 0 : idle + 1;
  return new LowRank(matrix, algebra, search.blocks.slice(0, rule.best), rule.iterations);
}

const columnsOf = (blocks: readonly ColumnBlock[]): RealData[] => blocks.map(({ columns }) => columns);
const widthOf = (blocks: readonly ColumnBlock[]): number => blocks.reduce((total, { width }) => total + width, 0);

/** F Fᵀ near K. The Gram matrix Fᵀ F is kept, so that every other ridge costs no more than a factorisation of its size. */
export class LowRank {
  readonly rank: number;
  /** Columns of F, with their padding. */
  readonly width: number;
  private gram: Float64Array | undefined;

  constructor(
    private readonly matrix: Matrix,
    private readonly algebra: Algebra,
    private readonly blocks: readonly ColumnBlock[],
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
    const factor = (this.gram ??= yield* this.makeGram()).slice();
    for (let n = 0; n < width; n++) factor[n * (width + 1)]! += alpha;
    if (width === 0 || (yield* waitFor(algebra.cholesky(factor, width))) !== 0) return null;
    const logdet = (rows - width) * Math.log(alpha) + logdetOf(factor, width);
    const blocks = columnsOf(this.blocks);
    const apply: Preconditioner["apply"] = (x, out, columns) =>
      algebra.lowRankSolve(out, x, blocks, factor, alpha, rows, columns);
    const parts: LowRankParts = {
      width,
      alpha,
      matrices: () => [joinBlocks(blocks, rows, width), transposedInverse(factor, width)],
    };
    const isWhole = this.matrix.held === undefined;
    return { kind: "low-rank", dtype: this.matrix.dtype, rank, logdet, apply, ...(isWhole && { parts }) };
  }

  private *makeGram(): Task<Float64Array> {
    const { width, matrix, algebra } = this;
    const gram = new Float64Array(width * width);
    const bytes = matrix.dtype === "float32" ? 4 : 8;
    if (width > 0) yield* waitFor(algebra.gram(gram, columnsOf(this.blocks), matrix.rows, bytes));
    return gram;
  }

  /** out `[rows, columns]` -= F x, for x `[width, columns]`. */
  subtract(x: Float64Array, out: RealData, columns: number): void {
    this.algebra.subtractTall(out, columnsOf(this.blocks), x, this.matrix.rows, columns);
  }
}

// ----------------------------------------------------------------------------------------------- pivoted Cholesky

/** Columns are padded with zeros to a multiple of this, for the algebra's sake. */
const PADDING = 16;
const LEAST_BLOCK = 32;
const LARGEST_BLOCK = 64;
/** Candidates whose residual has fallen this far below the largest are rounding. */
const NEGLIGIBLE = 1e-9;
/** Memory of F. */
const LARGEST_BYTES = 2 ** 30;
/** What is left of the trace when float32 columns are rounding divided by tiny pivots. */
const FLOAT32_LIMIT = 1e-6;

interface ColumnBlock {
  /** `[rows, width]` */
  readonly columns: RealData;
  readonly width: number;
  /** Columns that are not padding. */
  readonly count: number;
}

/**
 * K = F Fᵀ + a residual, F growing by blocks of columns, whose pivots are drawn in proportion to the residual's
 * diagonal.
 */
class PivotedCholesky {
  readonly blocks: ColumnBlock[] = [];
  rank: number = 0;
  trace: number;
  /**
   * The largest squared norm among the last columns: a lower bound of the residual's largest eigenvalue, nearly
   * reached.
   */
  largest: number = Infinity;
  private readonly residual: Float64Array;
  private readonly scratch: RealData;
  private readonly initialTrace: number;

  constructor(
    readonly matrix: Matrix,
    private readonly algebra: Algebra,
    private readonly random: () => number,
  ) {
    this.residual = matrix.diagonal();
    this.scratch = numbers(matrix, heldOf(matrix) * LARGEST_BLOCK);
    this.trace = this.initialTrace = sum(this.residual);
  }

  get isExhausted(): boolean {
    const limit = this.matrix.dtype === "float32" ? FLOAT32_LIMIT : 2 ** -52;
    const { rows, dtype } = this.matrix;
    const bytes = rows * this.rank * (dtype === "float32" ? 4 : 8);
    return !(this.trace > limit * this.initialTrace) || this.rank >= rows || bytes >= LARGEST_BYTES;
  }

  /** Whether some candidates were accepted. */
  *addBlock(most: number): Task<boolean> {
    const candidates = this.drawRows(Math.min(LARGEST_BLOCK, Math.max(LEAST_BLOCK, this.rank / 2)));
    const count = candidates.length;
    const [accepted, factor] = [new Int32Array(count), new Float64Array(count * count)];
    const found = this.algebra.choosePivots(
      this.matrix.entries(candidates, candidates),
      this.columns(),
      candidates,
      Float64Array.from(candidates, () => this.random()),
      accepted,
      factor,
      this.matrix.rows,
      Math.min(most, count),
      NEGLIGIBLE,
      4 * this.roundoff * (this.initialTrace / this.matrix.rows),
    );
    if (found === 0) return false;
    const pivots = Int32Array.from(accepted.subarray(0, found), (place) => integerAt(candidates, place));
    yield* this.append(pivots, factor.subarray(0, found * found));
    return true;
  }

  private columns(): RealData[] {
    return this.blocks.map(({ columns }) => columns);
  }

  /** Rows drawn in proportion to the residual, each once. */
  private drawRows(count: number): Int32Array {
    const sums = runningSums(this.residual);
    const total = sums.at(-1) ?? 0;
    const found = new Set<number>();
    for (let n = 0; n < count; n++) found.add(firstAbove(sums, this.random() * total));
    return Int32Array.from(found);
  }

  private get roundoff(): number {
    return this.matrix.dtype === "float32" ? 2 ** -24 : 2 ** -53;
  }

  /** New columns of F: those of the residual, times the inverse of the transposed factor among them. */
  private *append(pivots: Int32Array, factor: Float64Array): Task<void> {
    const { matrix, algebra, residual } = this;
    const { rows } = matrix;
    const width = Math.ceil(pivots.length / PADDING) * PADDING;
    const padded = new Int32Array(width).fill(integerAt(pivots, 0));
    padded.set(pivots);
    const left = matrix.entries(null, padded, this.scratch);
    const columns = numbers(matrix, heldOf(matrix) * width);
    yield;
    this.largest = yield* waitFor(
      algebra.extend(columns, left, this.columns(), padded, factor, residual, rows, pivots.length),
    );
    this.blocks.push({ columns, width, count: pivots.length });
    this.rank += pivots.length;
    this.trace = sum(residual);
  }
}

// ---------------------------------------------------------------------------------------------------------- small

/**
 * Zeros, in memory that one thread has touched: threads that meet in fresh pages wait for each other, up to 20 times as
 * long.
 */
function numbers({ dtype }: Matrix, count: number): RealData {
  return (dtype === "float32" ? new Float32Array(count) : new Float64Array(count)).fill(0);
}

const heldOf = ({ held, rows }: Matrix): number => held ?? rows;

// Written out, as they run over all rows for every block: a function for each row would take twice as long.

function sum(values: Float64Array): number {
  let total = 0;
  for (let n = 0; n < values.length; n++) total += realAt(values, n);
  return total;
}

function runningSums(values: Float64Array): Float64Array {
  const sums = new Float64Array(values.length);
  let total = 0;
  for (let n = 0; n < values.length; n++) sums[n] = total += realAt(values, n);
  return sums;
}

/** The first place whose running sum is above `bound`. */
function firstAbove(sums: Float64Array, bound: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle]! > bound) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Blocks of columns as one matrix `[rows, width]`. */
function joinBlocks(blocks: readonly RealData[], rows: number, width: number): RealData {
  const all = allocate(blocks[0] instanceof Float32Array ? "float32" : "float64", rows * width);
  let first = 0;
  for (const block of blocks) {
    const own = block.length / rows;
    for (let row = 0; row < rows; row++) all.set(block.subarray(row * own, (row + 1) * own), row * width + first);
    first += own;
  }
  return all;
}

/** L⁻ᵀ, row-major, for the lower triangle of `factor` `[n, n]`. */
function transposedInverse(factor: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  for (let column = 0; column < n; column++) {
    const own = inverse.subarray(column * n, (column + 1) * n); // column of L⁻¹, row of its transpose
    own[column] = 1 / factor[column * (n + 1)]!;
    for (let row = column + 1; row < n; row++) {
      let sum = 0;
      for (let k = column; k < row; k++) sum += factor[row * n + k]! * own[k]!;
      own[row] = -sum / factor[row * (n + 1)]!;
    }
  }
  return inverse;
}
