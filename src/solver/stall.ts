/**
 * When iterations end without success: after their number, or when they have stopped bringing anything. That is where the largest
 * residual over its bound has not fallen for as many iterations as it took to get there, and for some thousands: residuals of
 * solvable systems rise and rest as well, for up to a fifth of the iterations done.
 */

/** Iterations without a lower residual that are always granted. */
const PATIENCE = 2000;
/** A residual that falls by less stands still. */
const FALL = 0.9;

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

/**
 * 10 n, at least 10 000 (small ill-conditioned systems need many n), at most 50 000: beyond, a system needs a
 * preconditioner, not patience.
 */
export function defaultMaxIterations(rows: number): number {
  return Math.min(Math.max(10 * rows, 10_000), 50_000);
}
