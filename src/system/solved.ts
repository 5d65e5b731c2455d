/**
 * What a solve gives: the solution where its right-hand side was, with a report per entry of the batch, and the two as one for users.
 */
import { bringBeside } from "../array/device";
import type { RealArray } from "../array/view";
import type { Report } from "./method";
import type { SolveResult } from "./options";

/** The solution goes where its right-hand side is. */
export function placedAs(right: RealArray, solved: Solved): Solved {
  return { ...solved, solution: bringBeside(right, solved.solution) };
}

export interface Solved {
  readonly solution: RealArray;
  /** One per entry of the batch. */
  readonly reports: readonly Report[];
}

export function summary({ solution, reports }: Solved): SolveResult {
  const last = reports.at(-1) ?? { converged: "tolerance", method: "direct", rank: 0, library: null, history: [] };
  return {
    ...last,
    solution,
    iterations: reports.reduce((sum, { iterations }) => sum + iterations, 0),
    residual: reports.reduce((most, { residual }) => Math.max(most, residual), 0),
  };
}
