/**
 * Preconditioners of K + alpha I, from entries of the symmetric positive semidefinite K: exact by Cholesky, or from a low-rank K by
 * randomly pivoted Cholesky with rejection (Epperly, Tropp, Webber 2024, algorithm 2.2) and the Woodbury formula (Díaz, Epperly,
 * Frangella, Tropp, Webber 2023). Knows neither formulas nor array types; the dense algebra comes from outside.
 */

/** Numbers of one dtype. */
type Numbers = Float32Array | Float64Array;

/** Dense algebra over row-major matrices. */
export interface Algebra {
  /** out `[rows, columns]` -= a `[rows, inner]` b `[inner, columns]`. */
  subtractProduct(out: Numbers, a: Numbers, b: Numbers, rows: number, inner: number, columns: number): void;
  /** out `[aColumns, bColumns]` += aᵀ b. */
  addGram(out: Float64Array, a: Numbers, b: Numbers, rows: number, aColumns: number, bColumns: number): void;
  /** The lower half of a `[n, n]` becomes its Cholesky factor; not 0 if there is none. */
  cholesky(a: Float64Array, n: number): number;
  /** x `[n, columns]` becomes the solution for that factor. */
  choleskySolve(l: Float64Array, x: Float64Array, n: number, columns: number): void;
}

/** Entries of K. */
export interface Matrix {
  readonly rows: number;
  readonly dtype: "float32" | "float64";
  diagonal(): Float64Array;
  /** `[rows or all, columns or all]`, at the beginning of `out` if given. */
  entries(rows: readonly number[] | null, columns: readonly number[] | null, out?: Numbers): Numbers;
}

/** out = M x with M near the inverse of K + alpha I, symmetric and positive definite. */
export interface Preconditioner {
  readonly kind: "cholesky" | "low-rank";
  /** Of the approximation of K. */
  readonly rank: number;
  /** x and out `[rows, columns]`. */
  apply(x: Numbers, out: Numbers, columns: number): void;
}

/** (K + alpha I)⁻¹ by a dense factorisation; null where K + alpha I is not positive definite as far as rounding can tell. */
export function exactInverse(matrix: Matrix, alpha: number, algebra: Algebra): Preconditioner | null {
  const { rows } = matrix;
  const factor = Float64Array.from(matrix.entries(null, null));
  for (let n = 0; n < rows; n++) factor[n * (rows + 1)]! += alpha;
  if (algebra.cholesky(factor, rows) !== 0) return null;
  return {
    kind: "cholesky",
    rank: rows,
    apply: (x, out, columns) => {
      const solution = Float64Array.from(x);
      algebra.choleskySolve(factor, solution, rows, columns);
      out.set(solution);
    },
  };
}

// ------------------------------------------------------------------------------------------------------- low rank

/** Columns are padded with zeros to a multiple of this, for the algebra's sake. */
const PADDING = 16;
const LEAST_BLOCK = 32;
const LARGEST_BLOCK = 64;
/** Candidates whose residual has fallen this far below the largest are rounding. */
const NEGLIGIBLE = 1e-9;
/** What is left of the trace when float32 columns are rounding divided by tiny pivots. */
const FLOAT32_LIMIT = 1e-6;
/** Rounds without an accepted candidate, and blocks of rising cost, after which the search ends. */
const PATIENCE = 3;

/** Seconds per unit of work, measured on two cores; only their ratios matter. */
const SECONDS = {
  float32: { factor: 25e-12, apply: 0.22e-9, pair: 60e-12 },
  float64: { factor: 35e-12, apply: 0.46e-9, pair: 150e-12 },
} as const;
const CHOLESKY_SECONDS = 1 / (3 * 80e9);

interface Block {
  readonly columns: Numbers;
  readonly width: number;
}

/**
 * A low-rank inverse of K + alpha I, of the rank that a model of the cost finds best, or of the given one.
 * @param random uniform in [0, 1); the same numbers give the same preconditioner.
 */
export function lowRankInverse(
  matrix: Matrix,
  alpha: number,
  algebra: Algebra,
  random: () => number,
  rank?: number,
): Preconditioner | null {
  const search = new PivotedCholesky(matrix, algebra, random);
  const rule = rank === undefined ? new CostRule(matrix, alpha) : { goesOn: () => search.rank < rank, best: Infinity };
  for (let idle = 0; idle < PATIENCE && rule.goesOn(search) && !search.isExhausted;)
    idle = search.addBlock(rank === undefined ? Infinity : rank - search.rank) ? 0 : idle + 1;
  return woodbury(search.blocks.slice(0, rule.best), matrix, alpha, algebra);
}

/** K = F Fᵀ + a residual, F growing by blocks of columns, whose pivots are drawn in proportion to the residual's diagonal. */
class PivotedCholesky {
  readonly blocks: Block[] = [];
  rank = 0;
  trace: number;
  /** The largest squared norm among the last columns: a lower bound of the residual's largest eigenvalue, nearly reached. */
  largest = Infinity;
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
    return !(this.trace > limit * this.initialTrace) || this.rank >= this.matrix.rows;
  }

  /** Whether some candidates were accepted. */
  addBlock(most: number): boolean {
    const candidates = this.drawn(Math.min(LARGEST_BLOCK, Math.max(LEAST_BLOCK, this.rank / 2)));
    const { accepted, factor } = this.accept(candidates, this.residualOn(candidates), most);
    if (accepted.length === 0) return false;
    this.append(accepted, factor);
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
  private append(pivots: readonly number[], factor: readonly (readonly number[])[]): void {
    const { matrix, algebra } = this;
    const width = Math.ceil(pivots.length / PADDING) * PADDING;
    const padded = Array.from({ length: width }, (_, n) => pivots[n] ?? pivots[0]!);
    const left = matrix.entries(null, padded, this.scratch);
    for (const block of this.blocks) this.subtract(left, block.columns, matrix.rows, padded, block);
    const columns = numbers(matrix, matrix.rows * width);
    algebra.subtractProduct(columns, left, negativeInverse(matrix, factor, width), matrix.rows, width, width);
    this.blocks.push({ columns, width });
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

/** Goes on while more columns make the solve cheaper, by a model of iterations and of the cost of each. */
class CostRule {
  /** Blocks to keep. */
  best = 0;
  private leastCost = Infinity;
  private rising = 0;
  private readonly history: number[] = [];

  constructor(
    private readonly matrix: Matrix,
    private readonly alpha: number,
  ) {}

  goesOn(search: PivotedCholesky): boolean {
    if (search.blocks.length === 0) return true;
    const cost = this.cost(search);
    this.rising = cost > 1.3 * this.leastCost ? this.rising + 1 : 0;
    if (cost < this.leastCost) [this.leastCost, this.best] = [cost, search.blocks.length];
    this.history.push(search.largest);
    return search.largest >= 0.5 * this.alpha && this.rising < PATIENCE && !this.isHopeless(search);
  }

  /** Kappa is about 1 + largest / alpha, and conjugate gradients need some half of sqrt(kappa) ln(2 / tolerance). */
  private cost({ rank, largest }: PivotedCholesky): number {
    const { rows, dtype } = this.matrix;
    const { factor, apply, pair } = SECONDS[dtype];
    const iterations = 1 + 0.5 * Math.log(2e6) * Math.sqrt(1 + largest / this.alpha);
    return factor * rows * rank ** 2 + iterations * (pair * rows ** 2 + apply * rows * rank);
  }

  /** Where the spectrum does not fall, the search must not cost more than a part of what a dense factorisation would. */
  private isHopeless({ rank, largest }: PivotedCholesky): boolean {
    const { rows, dtype } = this.matrix;
    const spent = SECONDS[dtype].factor * rows * rank ** 2;
    const before = this.history.at(-5) ?? Infinity;
    return spent > 0.2 * CHOLESKY_SECONDS * rows ** 3 && largest > 1e3 * this.alpha && largest > before / 2;
  }
}

/** (F Fᵀ + alpha I)⁻¹ x = (x - F (Fᵀ F + alpha I)⁻¹ Fᵀ x) / alpha. */
function woodbury(blocks: readonly Block[], matrix: Matrix, alpha: number, algebra: Algebra): Preconditioner | null {
  const { rows } = matrix;
  const width = blocks.reduce((total, block) => total + block.width, 0);
  const gram = gramOf(blocks, rows, width, algebra);
  for (let n = 0; n < width; n++) gram[n * (width + 1)]! += alpha;
  if (width === 0 || algebra.cholesky(gram, width) !== 0) return null;
  return {
    kind: "low-rank",
    rank: width,
    apply: (x, out, columns) => {
      const inner = projected(blocks, x, rows, columns, algebra);
      algebra.choleskySolve(gram, inner, width, columns);
      out.set(x);
      let from = 0;
      for (const block of blocks) {
        const part = numbers(matrix, block.width * columns);
        part.set(inner.subarray(from * columns, (from + block.width) * columns));
        algebra.subtractProduct(out, block.columns, part, rows, block.width, columns);
        from += block.width;
      }
      for (let n = 0; n < out.length; n++) out[n] = out[n]! / alpha;
    },
  };
}

/** Fᵀ F, its lower half. */
function gramOf(blocks: readonly Block[], rows: number, width: number, algebra: Algebra): Float64Array {
  const gram = new Float64Array(width * width);
  let top = 0;
  for (const [n, a] of blocks.entries()) {
    let left = 0;
    for (const b of blocks.slice(0, n + 1)) {
      const part = new Float64Array(a.width * b.width);
      algebra.addGram(part, a.columns, b.columns, rows, a.width, b.width);
      for (let p = 0; p < a.width; p++)
        gram.set(part.subarray(p * b.width, (p + 1) * b.width), (top + p) * width + left);
      left += b.width;
    }
    top += a.width;
  }
  return gram;
}

/** Fᵀ x as `[width, columns]`. */
function projected(
  blocks: readonly Block[],
  x: Numbers,
  rows: number,
  columns: number,
  algebra: Algebra,
): Float64Array {
  const parts = blocks.map((block) => {
    const turned = new Float64Array(columns * block.width);
    algebra.addGram(turned, x, block.columns, rows, columns, block.width);
    return transposed(turned, columns, block.width);
  });
  const all = new Float64Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

// ---------------------------------------------------------------------------------------------------------- small

/** Zeros, in memory that one thread has touched: threads that meet in fresh pages wait for each other, up to 20 times as long. */
function numbers({ dtype }: Matrix, count: number): Numbers {
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
  const found = columns.slice(0, rows.length * width);
  rows.forEach((row, n) => {
    found.set(columns.subarray(row * width, (row + 1) * width), n * width);
  });
  return found;
}

function transposed<N extends Numbers>(values: N, rows: number, columns: number): N {
  const turned = values.slice() as N;
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) turned[c * rows + r] = values[r * columns + c]!;
  return turned;
}
