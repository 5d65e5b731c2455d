/**
 * How a linear system is solved: which preconditioners are tried, in which order and precision. All of them serve the same iteration,
 * and the true residual alone decides; a dense factorisation is the preconditioner with which one iteration is enough.
 */
import type { Dtype } from "../array/view";
import { generator } from "../array/array";
import type { Real } from "../engine/native";
import type { Attempt, Product } from "./product";
import { solve } from "../solver/refine";
import type { Tell } from "../operator/progress";
import type { Outcome, Progress, SolveOptions } from "../solver/refine";
import { defaultMaxIterations } from "../solver/refine";
import type { Task } from "../solver/task";
import { exactInverse, exceedsCholesky, lowRankInverse } from "../solver/preconditioner";
import type { Algebra, Matrix, Preconditioner } from "../solver/preconditioner";

/** `"direct"` factorises K + alpha I, `"cg"` iterates. */
export type Method = "auto" | "cg" | "direct";

/** Of iterations: of a rank that a model of the cost finds, of a given one, or none. */
export type PreconditionerOption = "auto" | "none" | { readonly rank: number };

/** How a solve went. */
export interface Report {
  /** Of all attempts together. */
  readonly iterations: number;
  /** Norm of b - (K + alpha I) x over that of b, in float64, the largest of the columns. */
  readonly residual: number;
  readonly converged: Outcome;
  readonly method: "cg" | "direct" | "minres" | "gmres";
  /** Of the preconditioner that did it; 0 where there was none. */
  readonly rank: number;
}

/** What a choice is made from. */
export interface Situation {
  readonly method: Method;
  readonly preconditioner: PreconditionerOption;
  readonly alpha: number;
  readonly rows: number;
  /** Of the data. */
  readonly dtype: Dtype;
  /** K in a dtype; null where there is no scalar kernel, no addon, or only some pairs count. */
  readonly matrix: ((dtype: Dtype) => Matrix) | null;
  readonly algebra: Algebra | null;
  readonly tell?: Tell | undefined;
}

/** Up to this many rows a factorisation costs less than a preconditioner; up to twice as many where float32 is not enough. */
const DIRECT_ROWS = 500;
/** Memory of a factor. */
const LARGEST_FACTOR = 2 ** 31;
/** Roundoff of float32 times the trace over alpha: beyond, a float32 preconditioner is noise. */
const FLOAT32_BOUND = 0.1;
/** More iterations than these and twice the expected number show that the guess was bad. */
const PATIENCE = 50;
const SEED = 5;

/** Finds preconditioners for one system and keeps them for the solves of its derivatives. */
export class Inverses {
  /** Whether the operator was found symmetric. */
  isChecked: boolean = false;
  private readonly found = new Map<string, Preconditioner | null>();

  /** Tries one attempt after the other, until `isEnough` says so. */
  *attempts(situation: Situation, isEnough: (attempt: Attempt) => Task<boolean>): Task<void> {
    const { method, preconditioner, matrix, algebra, dtype, rows, tell } = situation;
    const plain: Attempt = { inverse: null, dtype, patience: Infinity };
    if (!matrix || !algebra || (method === "cg" && preconditioner === "none")) {
      yield* isEnough(plain);
      return;
    }
    const mayFactorise = method !== "cg" && 8 * rows ** 2 <= LARGEST_FACTOR;
    if (!mayFactorise || (method === "auto" && !isSmall(situation, matrix)))
      for (const of of lowRankDtypes(situation, matrix)) {
        const inverse = yield* this.lowRank(of, situation, matrix(of), algebra);
        if (!inverse) continue;
        if (mayFactorise && preconditioner === "auto" && exceedsCholesky(inverse.iterations, rows)) break;
        if (yield* isEnough({ inverse, dtype: of, patience: PATIENCE + 2 * inverse.iterations })) return;
      }
    if (mayFactorise) {
      tell?.({ doing: "factorisation" });
      const exact = yield* this.kept("direct", () => exactInverse(matrix("float64"), situation.alpha, algebra));
      if (exact && (yield* isEnough({ inverse: exact, dtype: "float64", patience: PATIENCE }))) return;
    }
    yield* isEnough(plain);
  }

  private lowRank(
    dtype: Dtype,
    { preconditioner, alpha, tell }: Situation,
    matrix: Matrix,
    algebra: Algebra,
  ): Task<Preconditioner | null> {
    tell?.({ doing: "preconditioner" });
    const rank = typeof preconditioner === "object" ? preconditioner.rank : undefined;
    return this.kept(dtype, () => lowRankInverse(matrix, alpha, algebra, generator("KernelSolve", SEED), rank));
  }

  private *kept(name: string, make: () => Task<Preconditioner | null>): Task<Preconditioner | null> {
    const known = this.found.get(name);
    if (known !== undefined) return known;
    const made = yield* make();
    this.found.set(name, made);
    return made;
  }
}

/** In float32 where that is enough, then in float64. */
function lowRankDtypes(situation: Situation, matrix: (dtype: Dtype) => Matrix): ReadonlySet<Dtype> {
  const { preconditioner, alpha, dtype } = situation;
  if (preconditioner === "none" || alpha === 0) return new Set();
  return new Set<Dtype>(fitsFloat32(situation, matrix) ? [dtype, "float64"] : ["float64"]);
}

function isSmall(situation: Situation, matrix: (dtype: Dtype) => Matrix): boolean {
  const { method, rows } = situation;
  if (method === "cg") return false;
  return rows <= DIRECT_ROWS || (rows <= 2 * DIRECT_ROWS && !fitsFloat32(situation, matrix));
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
  options: SolveOptions,
): Task<Report> {
  const rows = columns === 0 ? 0 : x.length / columns;
  const most = options.maxIterations ?? defaultMaxIterations(rows);
  let [report, done]: [Report | undefined, number] = [undefined, 0];
  yield* inverses.attempts(situation, function* (attempt) {
    const maxIterations = Math.min(attempt.patience, most - done);
    const counted = { ...options, maxIterations, onIteration: counting(options.onIteration, done) };
    const found = yield* solve(product.precisions(rows, columns, attempt), right, x, counted);
    done += found.iterations;
    report = { ...found, iterations: done, ...told(attempt) };
    return done >= most || isEnough(report);
  });
  return report!;
}

const told = ({ inverse }: Attempt): Pick<Report, "method" | "rank"> => ({
  method: inverse?.kind === "cholesky" ? "direct" : "cg",
  rank: inverse?.rank ?? 0,
});

const isEnough = ({ converged, residual, method }: Report): boolean =>
  converged === "tolerance" ||
  converged === "nan" ||
  (converged === "precision" && (method === "direct" || residual < LIMIT));

function counting(onIteration: SolveOptions["onIteration"], done: number): ((progress: Progress) => void) | undefined {
  return onIteration && ((progress) => onIteration({ ...progress, iteration: done + progress.iteration }));
}
