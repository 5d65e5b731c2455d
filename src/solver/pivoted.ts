/**
 * Randomly pivoted Cholesky with rejection (Epperly, Tropp and Webber, Embrace rejection, 2024, algorithm 2.2): a symmetric positive
 * semidefinite K as F Fᵀ, F growing by blocks of columns. Knows neither formulas nor array types; the dense algebra comes from outside.
 */

import type { Task, Work } from "./task";

/** Numbers of one dtype. */
export type Numbers = Float32Array | Float64Array;

/** Dense algebra over row-major matrices. */
export interface Algebra {
  /** out `[rows, columns]` -= a `[rows, inner]` b `[inner, columns]`. */
  subtractProduct(out: Numbers, a: Numbers, b: Numbers, rows: number, inner: number, columns: number): void;
  /** out `[aColumns, bColumns]` += aᵀ b. */
  addGram(out: Float64Array, a: Numbers, b: Numbers, rows: number, aColumns: number, bColumns: number): void;
  /** The lower half of a `[n, n]` becomes its Cholesky factor; not 0 if there is none. */
  cholesky(a: Float64Array, n: number): Work<number>;
  /** x `[n, columns]` becomes the solution for that factor. */
  choleskySolve(l: Float64Array, x: Float64Array, n: number, columns: number): Work<void>;
}

/** Entries of K. */
export interface Matrix {
  readonly rows: number;
  readonly dtype: "float32" | "float64";
  diagonal(): Float64Array;
  /** `[rows or all, columns or all]`, at the beginning of `out` if given. */
  entries(rows: readonly number[] | null, columns: readonly number[] | null, out?: Numbers): Numbers;
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
    const { accepted, factor } = this.accept(candidates, this.residualOn(candidates), most);
    if (accepted.length === 0) return false;
    yield* this.append(accepted, factor);
    return true;
  }

  /** Rows drawn in proportion to the residual, each once. */
  private drawn(count: number): number[] {
    const sums = this.residual.slice();
    for (let n = 1; n < sums.length; n++) sums[n]! += sums[n - 1]!;
    const found = new Set<number>();
    for (let n = 0; n < count; n++) found.add(firstAbove(sums, this.random() * sums.at(-1)!));
    return [...found];
  }

  /** The residual matrix between some rows. */
  private residualOn(rows: readonly number[]): Numbers {
    const left = this.matrix.entries(rows, rows);
    for (const block of this.blocks) this.subtract(left, rowsOf(block, rows), rows.length, rows, block);
    return left;
  }

  /** left -= F[some rows] F[columns]ᵀ, for the columns F of one block. */
  private subtract(left: Numbers, ofRows: Numbers, count: number, columns: readonly number[], block: Block): void {
    const turned = transposed(rowsOf(block, columns), columns.length, block.width);
    this.algebra.subtractProduct(left, ofRows, turned, count, block.width, columns.length);
  }

  /** Candidates are accepted one after the other with the chance that what is left of their residual gives them. */
  private accept(rows: readonly number[], left: Numbers, most: number): { accepted: number[]; factor: number[][] } {
    const count = rows.length;
    const before = rows.map((_, n) => left[n * (count + 1)]!);
    const least = Math.max(
      NEGLIGIBLE * Math.max(...before),
      4 * this.roundoff * (this.initialTrace / this.matrix.rows),
    );
    const columns: Float64Array[] = [];
    const accepted: number[] = [];
    for (let n = 0; n < count && accepted.length < most; n++) {
      const now = before[n]! - columns.reduce((found, column) => found + column[n]! ** 2, 0);
      if (!(now > least) || this.random() * before[n]! > now) continue;
      columns.push(nextColumn(left, count, columns, n, now));
      accepted.push(n);
    }
    return {
      accepted: accepted.map((n) => rows[n]!),
      factor: accepted.map((n) => columns.map((column) => column[n]!)),
    };
  }

  private get roundoff(): number {
    return this.matrix.dtype === "float32" ? 2 ** -24 : 2 ** -53;
  }

  /** New columns of F: those of the residual, times the inverse of the transposed factor among them. */
  private *append(pivots: readonly number[], factor: readonly (readonly number[])[]): Task<void> {
    const { matrix, algebra } = this;
    const width = Math.ceil(pivots.length / PADDING) * PADDING;
    const padded = Array.from({ length: width }, (_, n) => pivots[n] ?? pivots[0]!);
    const left = matrix.entries(null, padded, this.scratch);
    for (const block of this.blocks) {
      this.subtract(left, block.columns, matrix.rows, padded, block);
      yield;
    }
    const columns = numbers(matrix, matrix.rows * width);
    algebra.subtractProduct(columns, left, negativeInverse(matrix, factor, width), matrix.rows, width, width);
    this.blocks.push({ columns, width, count: pivots.length });
    this.rank += pivots.length;
    this.measure(columns, width, pivots.length);
    for (const pivot of pivots) this.residual[pivot] = 0;
  }

  private measure(columns: Numbers, width: number, count: number): void {
    const norms = new Float64Array(width);
    for (let row = 0, at = 0; row < this.matrix.rows; row++) {
      let taken = 0;
      for (let k = 0; k < width; k++, at++) {
        const square = columns[at]! * columns[at]!;
        norms[k] = norms[k]! + square;
        taken += square;
      }
      this.residual[row] = Math.max(0, this.residual[row]! - taken);
    }
    this.trace = sum(this.residual);
    this.largest = Math.max(...norms.subarray(Math.max(0, count - 8), count));
  }
}

/** The next column of a Cholesky factor, at pivot n with what is left of its square. */
function nextColumn(
  matrix: Numbers,
  count: number,
  columns: readonly Float64Array[],
  n: number,
  square: number,
): Float64Array {
  const column = Float64Array.from(matrix.subarray(n * count, (n + 1) * count));
  for (const earlier of columns) {
    const factor = earlier[n]!;
    for (let k = 0; k < count; k++) column[k] = column[k]! - factor * earlier[k]!;
  }
  const root = Math.sqrt(square);
  return column.map((value) => value / root);
}

/** -(L⁻¹)ᵀ for a lower triangular L, padded with zeros to `[width, width]`. */
function negativeInverse(matrix: Matrix, factor: readonly (readonly number[])[], width: number): Numbers {
  const inverse = numbers(matrix, width * width);
  for (let column = 0; column < factor.length; column++) {
    const solution: number[] = [];
    for (let row = column; row < factor.length; row++) {
      let value = row === column ? 1 : 0;
      for (let k = column; k < row; k++) value -= factor[row]![k]! * solution[k - column]!;
      solution.push(value / factor[row]![row]!);
      inverse[column * width + row] = -solution.at(-1)!;
    }
  }
  return inverse;
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

function rowsOf({ columns, width }: Block, rows: readonly number[]): Numbers {
  const length = rows.length * width;
  const found = columns instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
  rows.forEach((row, n) => {
    found.set(columns.subarray(row * width, (row + 1) * width), n * width);
  });
  return found;
}

export function transposed<N extends Numbers>(values: N, rows: number, columns: number): N {
  const turned = values.slice() as N;
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) turned[c * rows + r] = values[r * columns + c]!;
  return turned;
}
