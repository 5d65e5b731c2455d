/**
 * Randomly pivoted Cholesky with rejection (Epperly, Tropp and Webber, Embrace rejection, 2024, algorithm 2.2): a symmetric positive
 * semidefinite K as F Fᵀ, F growing by blocks of columns. Knows neither formulas nor array types; the dense algebra comes from outside.
 */

import type { BriefAlgebra, LongAlgebra } from "../engine/addon";
import type { Costs } from "./costs";
import { settled } from "./task";
import type { Task, Works } from "./task";

/** Numbers of one dtype. */
export type Numbers = Float32Array | Float64Array;

/** Dense algebra of the addon, what is long as work; F is a list of blocks `[rows, width]` of one dtype. */
export interface Algebra extends Works<LongAlgebra>, BriefAlgebra {
  readonly costs: Costs;
  /** The library that factorises a matrix of that order, null where our own code does. */
  lapack(n: number): string | null;
}

/** Entries of K. */
export interface Matrix {
  readonly rows: number;
  readonly dtype: "float32" | "float64";
  diagonal(): Float64Array;
  /** `[rows or all, columns or all]`, at the beginning of `out` if given. */
  entries(rows: Int32Array | null, columns: Int32Array | null, out?: Numbers): Numbers;
}

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

export interface Block {
  /** `[rows, width]` */
  readonly columns: Numbers;
  readonly width: number;
  /** Columns that are not padding. */
  readonly count: number;
}

/** K = F Fᵀ + a residual, F growing by blocks of columns, whose pivots are drawn in proportion to the residual's diagonal. */
export class PivotedCholesky {
  readonly blocks: Block[] = [];
  rank: number = 0;
  trace: number;
  /** The largest squared norm among the last columns: a lower bound of the residual's largest eigenvalue, nearly reached. */
  largest: number = Infinity;
  private readonly residual: Float64Array;
  private readonly scratch: Numbers;
  private readonly initialTrace: number;

  constructor(
    readonly matrix: Matrix,
    private readonly algebra: Algebra,
    private readonly random: () => number,
  ) {
    this.residual = matrix.diagonal();
    this.scratch = numbers(matrix, matrix.rows * LARGEST_BLOCK);
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
    const candidates = this.drawn(Math.min(LARGEST_BLOCK, Math.max(LEAST_BLOCK, this.rank / 2)));
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
    const pivots = Int32Array.from(accepted.subarray(0, found), (place) => candidates[place]!);
    yield* this.append(pivots, factor.subarray(0, found * found));
    return true;
  }

  private columns(): Numbers[] {
    return this.blocks.map(({ columns }) => columns);
  }

  /** Rows drawn in proportion to the residual, each once. */
  private drawn(count: number): Int32Array {
    const sums = this.residual.slice();
    for (let n = 1; n < sums.length; n++) sums[n]! += sums[n - 1]!;
    const found = new Set<number>();
    for (let n = 0; n < count; n++) found.add(firstAbove(sums, this.random() * sums.at(-1)!));
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
    const padded = new Int32Array(width).fill(pivots[0]!);
    padded.set(pivots);
    const left = matrix.entries(null, padded, this.scratch);
    const columns = numbers(matrix, rows * width);
    yield;
    this.largest = yield* settled(
      algebra.extend(columns, left, this.columns(), padded, factor, residual, rows, pivots.length),
    );
    this.blocks.push({ columns, width, count: pivots.length });
    this.rank += pivots.length;
    this.trace = sum(residual);
  }
}

// ---------------------------------------------------------------------------------------------------------- small

/** Zeros, in memory that one thread has touched: threads that meet in fresh pages wait for each other, up to 20 times as long. */
export function numbers({ dtype }: Matrix, count: number): Numbers {
  return (dtype === "float32" ? new Float32Array(count) : new Float64Array(count)).fill(0);
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);

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
