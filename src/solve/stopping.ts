/**
 * When a solve ends: at its tolerance, with its iterations, or where more of them bring nothing. The only file that
 * knows the stopping rule. Knows norms, not vectors.
 */
import type { OptionsOf } from "../options";

/** The options of the stopping rule. */
export const STOPPING = {
  /**
   * Column k is done when ‖r_k‖ <= max(rtol ‖b_k‖, eps √n min(1, rms(b_k))), r the residual recomputed in float64.
   * Default 1e-6; with rtol = 0 too the solver runs until the residual no longer falls. A residual that stops falling
   * earlier, at what rounding allows, is accepted as well, unless it is above a tenth of ‖b_k‖.
   */
  eps: { kind: "number", least: 0, default: 1e-6 },
  /** Relative tolerance, default 0; see `eps`. */
  rtol: { kind: "number", least: 0, default: 0 },
  /** Bound on the iterations, default 10 n but at least 10 000 and at most 50 000. */
  maxIterations: { kind: "integer", least: 1 },
} as const;

export type Stopping = OptionsOf<typeof STOPPING>;

type Tolerance = Pick<Stopping, "eps" | "rtol">;

/** The residual norm at which a column of that norm is done; √n min(1, rms(b)) is min(√n, ‖b‖). */
export function targetOf(norm: number, rows: number, options: Tolerance): number {
  const { eps = STOPPING.eps.default, rtol = STOPPING.rtol.default } = options;
  return Math.max(rtol * norm, eps * Math.min(Math.sqrt(rows), norm));
}

/** The relative residual at which the last of some columns is done. */
export function relativeTarget(norms: readonly number[], rows: number, options: Tolerance): number {
  const relative = norms.map((norm) => (norm > 0 ? targetOf(norm, rows, options) / norm : 1));
  return relative.reduce((least, one) => Math.min(least, one), 1);
}

/** Whether a tolerance is asked for at all: without one, a solve runs as far as rounding allows. */
export function hasTolerance({ eps = STOPPING.eps.default, rtol = STOPPING.rtol.default }: Tolerance): boolean {
  return eps > 0 || rtol > 0;
}

/**
 * 10 n, at least 10 000 (small ill-conditioned systems need many n), at most 50 000: beyond, a system needs a
 * preconditioner, not patience.
 */
export function defaultMaxIterations(rows: number): number {
  return Math.min(Math.max(10 * rows, 10_000), 50_000);
}

// ------------------------------------------------------------------------------------------------------- outcomes

/** From best to worst. */
export const OUTCOMES = ["tolerance", "precision", "iterations", "stagnation", "indefinite", "nan"] as const;

/**
 * How a solve ended, the worst of its columns: all met their `tolerance`; true residuals stagnate at what the
 * `precision` can represent; `iterations` ran out, or residuals no longer fell (`stagnation`); A is `indefinite`; or
 * numbers are not finite (`nan`).
 */
export type Outcome = (typeof OUTCOMES)[number];

/** Part of ‖b‖: x = 0 leaves 1, and what singular systems leave when they stop moving is no solution. */
export const USELESS_RESIDUAL = 0.1;

/** Whether a solution was found: `"precision"` is success if the residual fell, as far as rounding allows. */
export function isSolved({ converged, residual }: { readonly converged: Outcome; readonly residual: number }): boolean {
  return converged === "tolerance" || (converged === "precision" && residual <= USELESS_RESIDUAL);
}

/** Residuals that stop falling here are at the limit of float64, where another attempt would not help. */
export const FLOAT64_LIMIT = 1e-9;

// ----------------------------------------------------------------------------------------------------- stagnation

/** Iterations without a lower residual that are always granted. */
const PATIENCE = 2000;
/** A residual that falls by less stands still. */
const FALL = 0.9;

/**
 * Notices when iterations no longer bring anything: where the largest residual over its bound has not fallen for as
 * many iterations as it took to get there, and for some thousands. Residuals of solvable systems rise and rest as well,
 * for up to a fifth of the iterations done.
 */
export class Stall {
  /** The iteration of the lowest residual. */
  at = 0;
  private least = Infinity;

  constructor(private readonly patience: number = PATIENCE) {}

  /** Enters the residual norms of those columns that go on, and their bounds. @returns whether they have stalled. */
  hasCome(iteration: number, norms: readonly number[], bounds: readonly number[]): boolean {
    let excess = 0;
    norms.forEach((norm, k) => (excess = Math.max(excess, norm / (bounds[k] || 1))));
    if (excess < FALL * this.least) [this.least, this.at] = [excess, iteration];
    return iteration - this.at > Math.max(this.patience, this.at);
  }
}
