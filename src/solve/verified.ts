/**
 * Solves whose products are not exact, judged by exact rows of the last residual: made finer once, then given up. Knows
 * no way to make products.
 */
import type { Task } from "../task";
import type { Report } from "./attempt";
import type { Situation } from "./choose";
import type { ModeRequest } from "./modechoice";
import type { Columns, Product } from "./product";
import type { RefineOptions, SolveIteration } from "./refine";
import { sampledResidual } from "./sampledresidual";

/** A system with a residual that is asked for. */
export interface FastRequest extends ModeRequest {
  readonly situation: Situation;
  /** The relative residual that is asked for. */
  readonly target: number;
}

/** Errors of products take so much of the residual that is asked for. */
const SHARE = 0.1;
/** The iterations' own residual takes no more of it. */
const OWN_SHARE = 0.5;
/** By how much errors of products are divided: first, and after a miss. */
const FINER = [1, 100] as const;

/**
 * What entries of K may be off by, as a root mean square: errors of random signs make E x of norm √n times theirs times
 * |x|, and |x| is at most |b| / alpha.
 */
export const allowedError = (target: number, alpha: number, rows: number, finer: number): number =>
  (SHARE * target * alpha) / (Math.sqrt(rows) * finer);

/** One try with products that are so much finer than asked for; or why there is none, in a clause. */
type Try = (finer: number, options: RefineOptions) => Task<Report | string>;

/**
 * Solves from x on. @returns why not, in a clause; x is then a start for others.
 * @param where the products come from.
 * @param product the exact one.
 */
export function* solveVerified(
  where: string,
  target: number,
  product: Product,
  block: Columns,
  options: RefineOptions,
  tryOnce: Try,
): Task<Report | string> {
  let [missed, done] = [Infinity, 0];
  const history: SolveIteration[] = [];
  const own: RefineOptions = {
    ...options,
    eps: OWN_SHARE * (options.eps ?? 0),
    rtol: OWN_SHARE * (options.rtol ?? 0),
    onIteration: (progress) => {
      const counted = { ...progress, iteration: done + progress.iteration, verified: false };
      history.push(counted);
      options.onIteration?.(counted);
    },
  };
  for (const finer of FINER) {
    const found = yield* tryOnce(finer, own);
    if (typeof found === "string") return missed < Infinity ? missText(where, missed, target) : found;
    if (found.converged === "nan") return "its numbers are not finite";
    done += found.iterations;
    const { residual, rows } = yield* sampledResidual(product, block);
    if (residual <= target)
      return { ...found, iterations: done, residual, history, converged: "tolerance", checkedRows: rows };
    missed = residual;
  }
  return missText(where, missed, target);
}

const missText = (where: string, residual: number, target: number): string =>
  `${where} the residual of exact rows was ${residual.toExponential(1)}, above ${target.toExponential(1)}`;
