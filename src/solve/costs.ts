/**
 * What solves cost, and which rank of a preconditioner makes one cheapest: a model with rates measured once, not at run
 * time, so that the same call takes the same way, whatever else the machine does.
 */
import { asserted } from "../asserts";

interface Rates {
  /** Columns of F and their Gram matrix: per row and square of the rank. */
  readonly factor: number;
  /** A product with the preconditioner: per row and column of F. */
  readonly apply: number;
  /** A product with K, and the vectors of an iteration: per pair. */
  readonly pair: number;
}

interface Machine {
  readonly float32: Rates;
  readonly float64: Rates;
  /** An entry of a dense matrix. */
  readonly entry: number;
  /** A Cholesky factorisation, per cube of the order: by our own code, and by a LAPACK library. */
  readonly cholesky: { readonly own: number; readonly lapack: number };
}

/**
 * Seconds on two cores of one AMD EPYC (Zen 4), by instruction set, of solves in the plane with two right-hand sides
 * and 5000 points; in float32 some of the products are those of residuals in float64. Only ratios within a row matter.
 */
const MACHINES: Readonly<Record<string, Machine>> = {
  baseline: {
    float32: { factor: 91e-12, apply: 0.72e-9, pair: 753e-12 },
    float64: { factor: 188e-12, apply: 1.77e-9, pair: 981e-12 },
    entry: 8e-9,
    cholesky: { own: 10.8e-12, lapack: 3.8e-12 },
  },
  avx2: {
    float32: { factor: 43e-12, apply: 0.7e-9, pair: 258e-12 },
    float64: { factor: 97e-12, apply: 1e-9, pair: 304e-12 },
    entry: 4e-9,
    cholesky: { own: 4.2e-12, lapack: 3.8e-12 },
  },
  avx512: {
    float32: { factor: 42e-12, apply: 0.55e-9, pair: 129e-12 },
    float64: { factor: 95e-12, apply: 0.95e-9, pair: 154e-12 },
    entry: 4e-9,
    cholesky: { own: 3.8e-12, lapack: 3.8e-12 },
  },
  // By its ratios to "baseline" on one thread; it calls no library.
  wasm: {
    float32: { factor: 182e-12, apply: 1.8e-9, pair: 900e-12 },
    float64: { factor: 300e-12, apply: 3.4e-9, pair: 1180e-12 },
    entry: 12e-9,
    cholesky: { own: 15e-12, lapack: 15e-12 },
  },
};

/** What an iteration costs beside its pairs: the calls of a product and of the vectors' sums. */
const ITERATION = 20e-6;
/** What a column of a preconditioner costs beside its rows: its share of the calls for a block of them. */
const COLUMN = 5e-6;

/** What factorises matrices. */
interface Factoring {
  readonly instructionSet: string;
  /** The library that factorises a matrix of that order, null where our own code does. */
  lapack(rows: number): string | null;
}

/** Iterations and columns of a preconditioner with exact products, about. */
const EXACT = { iterations: 6, rank: 300 } as const;
/** A log-determinant is factorised up to so many rows; else it takes about so many products. */
const EXACT_LOGDET = { iterations: 50, direct: 3000 } as const;

/** What solves cost with dense algebra. */
export class Costs {
  private readonly machine: Machine;

  /** @param share what products with K take of the time of all pairs. */
  constructor(
    private readonly algebra: Factoring,
    private readonly share: number = 1,
  ) {
    const { instructionSet } = algebra;
    this.machine = asserted(MACHINES[instructionSet], `the costs of ${instructionSet}`);
  }

  /** A dense factorisation in float64. */
  factorisation(rows: number): number {
    const { cholesky, entry } = this.machine;
    const hasLapack = this.algebra.lapack(rows) !== null;
    return (hasLapack ? cholesky.lapack : cholesky.own) * rows ** 3 + entry * rows ** 2;
  }

  /** Iterations with a preconditioner of that rank, or none. */
  iterations(count: number, rank: number, rows: number, dtype: "float32" | "float64"): number {
    const { pair, apply } = this.machine[dtype];
    return count * (ITERATION + this.share * pair * rows ** 2 + apply * rows * rank);
  }

  /** The columns of a preconditioner, their Gram matrix, and iterations with it. */
  preconditioned(count: number, rank: number, rows: number, dtype: "float32" | "float64"): number {
    const { factor } = this.machine[dtype];
    return COLUMN * rank + factor * rows * rank ** 2 + this.iterations(count, rank, rows, dtype);
  }

  /** A solve with exact products. */
  exactSolve(rows: number): number {
    return Math.min(this.factorisation(rows), this.preconditioned(EXACT.iterations, EXACT.rank, rows, "float64"));
  }

  /** A log-determinant with exact products. */
  exactLogdet(rows: number): number {
    if (rows <= EXACT_LOGDET.direct) return this.factorisation(rows);
    return this.preconditioned(EXACT_LOGDET.iterations, EXACT.rank, rows, "float64");
  }
}

/**
 * Iterations of conjugate gradients to a tolerance: each divides the error by (s + 1) / (s - 1), s being the square
 * root of the condition number, which is about 1 + mu / alpha.
 */
export function iterationsFor(mu: number, alpha: number, tolerance: number = 1e-6): number {
  const s = Math.sqrt(1 + mu / alpha);
  return 1 + Math.log(2 / tolerance) / Math.log((s + 1) / (s - 1));
}

/** What is known of a search of columns (lowrank.ts) after some blocks of them. */
export interface Search {
  readonly matrix: { readonly rows: number; readonly dtype: "float32" | "float64" };
  readonly blocks: { readonly length: number };
  readonly rank: number;
  readonly trace: number;
  readonly largest: number;
}

/** How far a search of columns goes, and what it keeps. */
export interface Rule {
  /** Columns at most. */
  readonly most: number;
  /** Blocks to keep. */
  readonly best: number;
  /** Iterations that they are expected to need. */
  readonly iterations: number;
  goesOn(search: Search): boolean;
}

/** Takes as many columns as are asked for. */
class GivenRank implements Rule {
  readonly best: number = Infinity;
  readonly iterations: number = Infinity;

  constructor(readonly most: number) {}

  goesOn({ rank }: Search): boolean {
    return rank < this.most;
  }
}

/** The rule for a preconditioner of a rank, where one is asked for. */
export const ruleOf = (preconditioner: unknown, otherwise: Rule): Rule =>
  typeof preconditioner === "object" ? new GivenRank((preconditioner as { readonly rank: number }).rank) : otherwise;

/** Blocks of rising cost after which the search ends. */
const PATIENCE = 3;
/** What the columns of a search may cost of another way, which is taken after them if they are in vain. */
const SHARE = 0.25;

/**
 * Goes on while more columns may make the solve cheaper, by a model of iterations and of the cost of each; no columns
 * may be best.
 */
export class LeastCost implements Rule {
  readonly most: number = Infinity;
  best: number = 0;
  iterations: number = Infinity;
  private leastCost = Infinity;
  private rising = 0;
  private rank = 0;
  private trace = NaN;
  /** What a column of the last block took off the trace, on average. */
  private perColumn = Infinity;

  /** @param limit seconds of another way, if there is one: a search that cannot beat it ends. */
  constructor(
    private readonly costs: Costs,
    private readonly alpha: number,
    private readonly limit: number,
  ) {}

  goesOn(search: Search): boolean {
    const { blocks, rank, trace, largest } = search;
    if (rank > this.rank) this.perColumn = (this.trace - trace) / (rank - this.rank);
    [this.rank, this.trace] = [rank, trace];
    if (blocks.length === 0) return true;
    // Large eigenvalues, one for each column, cost plain iterations about one step each.
    if (blocks.length === 1) this.consider(search, 0, 0, rank + iterationsFor(largest, this.alpha));
    const cost = this.consider(search, blocks.length, rank, iterationsFor(largest, this.alpha));
    this.rising = cost > 1.3 * this.leastCost ? this.rising + 1 : 0;
    return largest >= 0.5 * this.alpha && this.rising < PATIENCE && this.leastToCome(search) < this.limit;
  }

  /** The cost of that many blocks, which are kept if nothing was cheaper. */
  private consider({ matrix }: Search, blocks: number, rank: number, iterations: number): number {
    const { rows, dtype } = matrix;
    const cost = this.costs.preconditioned(iterations, rank, rows, dtype);
    if (cost < this.leastCost) [this.leastCost, this.best, this.iterations] = [cost, blocks, iterations];
    return cost;
  }

  /**
   * The least that more columns could lead to. An eigenvalue mu at the most leaves a trace of rows times mu at the
   * most, and later columns take no more off the trace than those of the last block did, on average. Ranks at which
   * the search would have ended before do not count.
   */
  private leastToCome({ matrix, rank, trace, largest }: Search): number {
    const { rows, dtype } = matrix;
    let least = Infinity;
    for (let mu = largest; mu > 0.1 * this.alpha; mu /= 2) {
      const needed = rank + Math.max(0, trace - rows * mu) / this.perColumn;
      if (this.costs.preconditioned(0, needed, rows, dtype) > SHARE * this.limit) break;
      least = Math.min(least, this.costs.preconditioned(iterationsFor(mu, this.alpha), needed, rows, dtype));
    }
    return least;
  }
}
