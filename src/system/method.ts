/**
 * How a linear system is solved: which preconditioners are tried, in which order and precision. All of them serve the same iteration,
 * and the true residual alone decides; a dense factorisation is the preconditioner with which one iteration is enough.
 */
import { generator } from "../array/array";
import { checkArray } from "../array/check";
import { readable, sameShape, shapeText, wrap } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import type { Real } from "../engine/native";
import { release } from "./deviceproduct";
import type { Attempt, Product } from "./product";
import type { Tell } from "../call/run";
import type { Outcome, Progress, SolveOptions as RefineOptions } from "../solver/refine";
import { defaultMaxIterations } from "../solver/stall";
import { blockJacobi } from "../solver/blockjacobi";
import type { Interval } from "../solver/blockjacobi";
import { Work } from "../solver/task";
import type { Task } from "../solver/task";
import { ArgumentError } from "../errors";
import { GivenRank, LeastCost, fitsFactorisation } from "../solver/costs";
import { exactInverse, lowRank } from "../solver/preconditioner";
import type { Algebra, Matrix, Preconditioner } from "../solver/preconditioner";

/** `"direct"` factorises K + alpha I, `"cg"` iterates. */
export type Method = "auto" | "cg" | "direct";

/** Of iterations: of a rank that a model of the cost finds, of a given one, none, or a function of residuals. */
export type PreconditionerOption = "auto" | "none" | { readonly rank: number } | ((residual: RealArray) => RealArray);

/** Of iterations, whose residuals are recomputed in float64. */
export type Precision = "auto" | "float32" | "mixed" | "float64";

/** How a solve went. */
export interface Report {
  /** Of all attempts together. */
  readonly iterations: number;
  /** Norm of b - (K + alpha I) x over that of b, in float64, the largest of the columns; x is the solution as it is returned. */
  readonly residual: number;
  /** `"tolerance"` where the solution as it is returned meets it, or `"precision"`: as far as rounding allows. */
  readonly converged: Outcome;
  readonly method: "cg" | "direct" | "minres" | "gmres";
  /** Of the preconditioner that did it; 0 where there was none. */
  readonly rank: number;
  /** The LAPACK library that factorised; null where none did. */
  readonly library: string | null;
  /** What `onIteration` was told, of all attempts together. */
  readonly history: readonly Progress[];
}

/** What a choice is made from. */
export interface Situation {
  readonly method: Method;
  readonly preconditioner: PreconditionerOption;
  readonly precision: Precision;
  readonly alpha: number;
  readonly rows: number;
  /** Of the solution, without batch dimensions. */
  readonly shape: readonly number[];
  /** Of the data. */
  readonly dtype: Dtype;
  /** K in a dtype, null where components are systems of their own. */
  readonly matrix: ((dtype: Dtype) => Matrix) | null;
  /** Where only some pairs count: the diagonal blocks in which all do. */
  readonly blocks: readonly Interval[] | null;
  /** Null without the addon. */
  readonly algebra: Algebra | null;
  readonly tell?: Tell | undefined;
}

/** Up to this many rows a factorisation costs less than a preconditioner; up to twice as many where float32 is not enough for its data. */
const DIRECT_ROWS = 500;
/** Roundoff of float32 times the trace over alpha: beyond, a float32 preconditioner is noise. */
const FLOAT32_BOUND = 0.1;
/** More iterations than these and twice the expected number show that the guess was bad. */
const PATIENCE = 50;
/** Of a nearly singular matrix: the ridge relative to the trace, and how long residuals may stay where they are. */
const NEAR = 2 ** -48;
const IDLE = 20;
const SEED = 5;

/** Finds preconditioners for one system and keeps them for the solves of its derivatives. */
export class Inverses {
  private readonly found = new Map<string, Preconditioner | null>();
  private readonly guesses = new Map<string, Guess | null>();

  /** @param isChecked whether the operator was found symmetric. */
  constructor(public isChecked: boolean = false) {}

  /** Frees what they have on a device. */
  release(): void {
    const guessed = [...this.guesses.values()].map((guess) => guess?.inverse);
    for (const inverse of [...this.found.values(), ...guessed]) if (inverse) release(inverse);
  }

  /** Tries one attempt after the other, until `isEnough` says so. */
  *attempts(situation: Situation, isEnough: (attempt: Attempt) => Task<boolean>): Task<void> {
    const { method, preconditioner, matrix, blocks, algebra, alpha, rows, shape, tell } = situation;
    const plain: Attempt = { inverse: null, dtype: fastDtype(situation), patience: Infinity };
    if (typeof preconditioner === "function") {
      yield* isEnough({ ...plain, inverse: ofFunction(preconditioner, shape) });
      return;
    }
    if (!matrix || !algebra || (method === "cg" && preconditioner === "none")) {
      yield* isEnough(plain);
      return;
    }
    if (blocks) {
      const make = (): Task<Preconditioner | null> => blockJacobi(matrix("float64"), alpha, algebra, blocks);
      const inverse = preconditioner === "none" ? null : yield* kept(this.found, "blocks", make);
      yield* isEnough({ ...plain, inverse });
      return;
    }
    const mayFactorise = method !== "cg" && fitsFactorisation(rows);
    const limit =
      mayFactorise && preconditioner === "auto"
        ? algebra.costs.factorisation(rows, algebra.lapack(rows) !== null)
        : Infinity;
    if (!mayFactorise || (method === "auto" && !isSmall(situation, matrix)))
      for (const of of lowRankDtypes(situation, matrix)) {
        const found = yield* this.lowRank(of, situation, matrix(of), algebra, limit);
        if (!found) continue;
        const dtype = found.inverse ? of : plain.dtype;
        if (algebra.costs.iterations(found.iterations, found.inverse?.rank ?? 0, rows, dtype) > limit) break;
        if (yield* isEnough({ inverse: found.inverse, dtype, patience: PATIENCE + 2 * found.iterations })) return;
      }
    if (mayFactorise) {
      tell?.({ doing: "factorisation" });
      const exact = yield* kept(this.found, "direct", () => exactInverse(matrix("float64"), alpha, algebra));
      if (exact && (yield* isEnough({ inverse: exact, dtype: "float64", patience: PATIENCE }))) return;
      const near = exact ? null : yield* kept(this.found, "near", () => nearInverse(matrix("float64"), alpha, algebra));
      if (near) {
        yield* isEnough({ inverse: near, dtype: "float64", patience: Infinity, idle: IDLE });
        return;
      }
    }
    yield* isEnough(plain);
  }

  /** Null where rounding leaves none that is positive definite. */
  private lowRank(
    dtype: Dtype,
    { preconditioner, alpha, tell }: Situation,
    matrix: Matrix,
    algebra: Algebra,
    limit: number,
  ): Task<Guess | null> {
    tell?.({ doing: "preconditioner" });
    return kept(this.guesses, dtype, function* () {
      const rule =
        typeof preconditioner === "object"
          ? new GivenRank(preconditioner.rank)
          : new LeastCost(algebra.costs, alpha, limit);
      const low = yield* lowRank(matrix, algebra, generator("KernelSolve", SEED), rule);
      const inverse = yield* low.inverse(alpha);
      return inverse || low.rank === 0 ? { inverse, iterations: low.iterations } : null;
    });
  }
}

/**
 * Of a matrix that is singular as far as rounding can tell, with the least ridge that makes it none: what of the right-hand side a
 * solution can make at all, iterations with it find at once, and where more is asked they end soon.
 */
function* nearInverse(matrix: Matrix, alpha: number, algebra: Algebra): Task<Preconditioner | null> {
  const trace = matrix.diagonal().reduce((sum, value) => sum + value, 0);
  return yield* exactInverse(matrix, alpha + NEAR * trace, algebra);
}

/** A preconditioner or, where none is better, none, with the iterations that it is expected to need. */
interface Guess {
  readonly inverse: Preconditioner | null;
  readonly iterations: number;
}

function* kept<T>(found: Map<string, T>, name: string, make: () => Task<T>): Task<T> {
  const known = found.get(name);
  if (known !== undefined) return known;
  const made = yield* make();
  found.set(name, made);
  return made;
}

/** What iterations run in before anything is known. */
function fastDtype({ precision, dtype }: Situation): Dtype {
  if (precision === "auto") return dtype;
  return precision === "float64" ? "float64" : "float32";
}

/** In float32 where that is enough, then in float64. */
function lowRankDtypes(situation: Situation, matrix: (dtype: Dtype) => Matrix): ReadonlySet<Dtype> {
  const { preconditioner, precision, alpha } = situation;
  if (preconditioner === "none" || alpha === 0) return new Set();
  if (precision !== "auto") return new Set([fastDtype(situation)]);
  return new Set<Dtype>(fitsFloat32(situation, matrix) ? ["float32", "float64"] : ["float64"]);
}

/** What a user gives for M. */
function ofFunction(multiply: (residual: RealArray) => RealArray, shape: readonly number[]): Preconditioner {
  const apply = (x: Real, out: Real): void => {
    const dtype = x instanceof Float32Array ? "float32" : "float64";
    const product = checkArray("preconditioner: the result of the function", multiply(wrap(x.slice(), shape)), dtype);
    if (!sameShape(product.shape, shape))
      throw new ArgumentError(
        `preconditioner: expected shape ${shapeText(shape)} as the residual has, got ${shapeText(product.shape)}`,
      );
    out.set(readable(product));
    if (!out.every(Number.isFinite))
      throw new ArgumentError("preconditioner: expected finite numbers from the function, got others");
  };
  return {
    kind: "function",
    dtype: "any",
    rank: 0,
    logdet: NaN,
    apply: (x, out) =>
      new Work(
        () => {
          apply(x, out);
        },
        async () => {
          await Promise.resolve();
          apply(x, out);
        },
      ),
  };
}

function isSmall(situation: Situation, matrix: (dtype: Dtype) => Matrix): boolean {
  const { method, rows } = situation;
  if (method === "cg") return false;
  const isTight = situation.dtype === "float32" && !fitsFloat32(situation, matrix);
  return rows <= (isTight ? 2 : 1) * DIRECT_ROWS;
}

function fitsFloat32({ alpha, dtype }: Situation, matrix: (dtype: Dtype) => Matrix): boolean {
  if (dtype === "float64") return false;
  const trace = matrix(dtype)
    .diagonal()
    .reduce((sum, value) => sum + value, 0);
  return 2 ** -24 * trace < FLOAT32_BOUND * alpha;
}

/** Residuals that stop falling here are at the limit of float64, where another attempt would not help. */
const LIMIT = 1e-9;

/** Solves from `x` on, by one attempt after another until one is enough; x is the solution then, else the last iterate. */
export function* solveBy(
  inverses: Inverses,
  situation: Situation,
  product: Product,
  [right, x]: readonly [Float64Array, Real],
  columns: number,
  options: RefineOptions,
): Task<Report> {
  const rows = columns === 0 ? 0 : x.length / columns;
  const most = options.maxIterations ?? defaultMaxIterations(rows);
  const rounds = situation.precision === "float32" ? 1 : Infinity;
  const history: Progress[] = [];
  let [report, done]: [Report | undefined, number] = [undefined, 0];
  yield* inverses.attempts(situation, function* (attempt) {
    const before = done;
    const onIteration = (progress: Progress): void => {
      const counted = { ...progress, iteration: before + progress.iteration };
      history.push(counted);
      options.onIteration?.(counted);
    };
    const maxIterations = Math.min(attempt.patience, most - done);
    const told = { ...options, rounds, maxIterations, patience: attempt.idle, onIteration };
    const found = yield* product.solve(attempt, [right, x], columns, told);
    done += found.iterations;
    report = { ...found, iterations: done, history, ...describedBy(attempt) };
    // With a factor, what no longer falls is at the limit of rounding.
    if (report.method === "direct" && found.converged === "stagnation") report = { ...report, converged: "precision" };
    return done >= most || rounds === 1 || isEnough(report);
  });
  return report!;
}

const describedBy = ({ inverse }: Attempt): Pick<Report, "method" | "rank" | "library"> => ({
  method: inverse?.kind === "cholesky" ? "direct" : "cg",
  rank: inverse?.rank ?? 0,
  library: inverse?.library ?? null,
});

const isEnough = ({ converged, residual, method }: Report): boolean =>
  converged === "tolerance" ||
  converged === "nan" ||
  (converged === "precision" && (method === "direct" || residual < LIMIT));
