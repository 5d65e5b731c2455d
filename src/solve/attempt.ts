/**
 * One system solved by one attempt after another, with a report of how that went. Systems that are not positive
 * definite are solved by MINRES and GMRES, in the same rounds of refinement and by the same stopping rule.
 */
import { asserted } from "../asserts";
import type { Task } from "../task";
import type { Inverses, Situation } from "./choose";
import { gmresWith } from "./gmres";
import type { GmresOptions } from "./gmres";
import { MINRES } from "./minres";
import { rowsOf } from "./product";
import type { Attempt, Columns, Product } from "./product";
import { refine } from "./refine";
import type { SolveIteration, RefineOptions } from "./refine";
import { FLOAT64_LIMIT, defaultMaxIterations } from "./stopping";
import type { Outcome } from "./stopping";

/** How a solve went. */
export interface Report {
  /** Iterations of all attempts together. */
  readonly iterations: number;
  /**
   * Norm of b - (K + alpha I) x over that of b, in float64, the largest of the columns; x is the solution as it is
   * returned.
   */
  readonly residual: number;
  /** `"tolerance"` where the solution as it is returned meets it, or `"precision"`: as far as rounding allows. */
  readonly converged: Outcome;
  /** `"modes"`: iterations in the space of the kernel's Fourier modes. */
  readonly method: "cg" | "direct" | "minres" | "gmres" | "modes";
  /** Rank of the preconditioner that did it, or the number of modes; 0 where there was none. */
  readonly rank: number;
  /** The LAPACK library that factorised; null where none did. */
  readonly library: string | null;
  /** What `onIteration` was told, of all attempts together. */
  readonly history: readonly SolveIteration[];
  /**
   * What products with K were: of all pairs (`"exact"`), by the kernel's Fourier series (`"modes"`), or of near pairs
   * and a grid (`"split"`).
   */
  readonly products: "exact" | "modes" | "split";
  /** How many rows of the residual were computed, with all pairs, where products were not exact; 0: it is that of all. */
  readonly checkedRows: number;
  /** With `tolerance: "auto"`: why products were exact all the same, in a clause; else null. */
  readonly whyExact: string | null;
  /** Of long solves without that option: what it is expected to take, in a sentence, where that is known; else null. */
  readonly hint: string | null;
}

export type AttemptSettings = RefineOptions & Pick<GmresOptions, "restart">;

/** Solves from `x` on as the situation asks for. */
export function solveBy(
  inverses: Inverses,
  situation: Situation,
  product: Product,
  block: Columns,
  options: AttemptSettings,
): Task<Report> {
  return situation.symmetry === "positive"
    ? solveDefinite(inverses, situation, product, block, options)
    : solveGeneral(situation, product, block, options);
}

/** By one attempt after another, until one is enough. */
function* solveDefinite(
  inverses: Inverses,
  situation: Situation,
  product: Product,
  block: Columns,
  options: RefineOptions,
): Task<Report> {
  const most = options.maxIterations ?? defaultMaxIterations(rowsOf(block));
  const rounds = situation.precision === "float32" ? 1 : Infinity;
  const history: SolveIteration[] = [];
  let [report, done]: [Report | undefined, number] = [undefined, 0];
  yield* inverses.attempts(situation, function* (attempt) {
    const onIteration = recorderOf(history, options, done);
    const maxIterations = Math.min(attempt.patience, most - done);
    const own = { ...options, rounds, maxIterations, patience: attempt.idle, onIteration };
    const found = yield* product.solve(attempt, block, own);
    done += found.iterations;
    report = { ...found, iterations: done, history, ...EXACT, ...describeAttempt(attempt) };
    // With a factor, what no longer falls is at the limit of rounding.
    if (report.method === "direct" && found.converged === "stagnation") report = { ...report, converged: "precision" };
    return done >= most || rounds === 1 || isEnough(report);
  });
  return asserted<Report>(report, "a report");
}

/**
 * By MINRES where K + alpha I is symmetric, else by GMRES: users say which, and nothing changes the method behind their
 * back.
 */
function* solveGeneral(
  { symmetry, dtype }: Situation,
  product: Product,
  block: Columns,
  options: AttemptSettings,
): Task<Report> {
  const precisions = product.precisions(rowsOf(block), block.columns, { inverse: null, dtype, patience: Infinity });
  const isSymmetric = symmetry === "indefinite";
  const history: SolveIteration[] = [];
  const found = yield* refine(precisions, block.right, block.x, {
    ...options,
    inner: isSymmetric ? MINRES : gmresWith(options),
    onIteration: recorderOf(history, options, 0),
  });
  return { ...found, history, ...EXACT, method: isSymmetric ? "minres" : "gmres", rank: 0, library: null };
}

/** What a report says where all products are exact. */
export const EXACT = { products: "exact", checkedRows: 0, whyExact: null, hint: null } as const;

/** Enters what iterations tell into a history, and tells it on. @param done iterations before these. */
function recorderOf(
  history: SolveIteration[],
  options: RefineOptions,
  done: number,
): (progress: SolveIteration) => void {
  return (progress) => {
    const counted = { ...progress, iteration: done + progress.iteration };
    history.push(counted);
    options.onIteration?.(counted);
  };
}

const describeAttempt = ({ inverse }: Attempt): Pick<Report, "method" | "rank" | "library"> => ({
  method: inverse?.kind === "cholesky" ? "direct" : "cg",
  rank: inverse?.rank ?? 0,
  library: inverse?.library ?? null,
});

const isEnough = ({ converged, residual, method }: Report): boolean =>
  converged === "tolerance" ||
  converged === "nan" ||
  (converged === "precision" && (method === "direct" || residual < FLOAT64_LIMIT));
