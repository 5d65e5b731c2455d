/** What a method of minimisation is given, and what it ends with. Knows no method. */
import type { Task } from "../task";

/** A function of a vector at one point, with its gradient. */
export interface Evaluation {
  readonly value: number;
  readonly gradient: Float64Array;
}

/**
 * Why a minimisation ended: its gradient is small enough, values hardly fall any more, all iterations are done, the
 * line search finds no lower point, or `onIteration` returned false.
 */
export type Ending = "gradient" | "decrease" | "iterations" | "lineSearch" | "stopped";

/** The function that is minimised, over vectors of float64 numbers. */
export interface Problem {
  evaluate(x: Float64Array): Task<Evaluation>;
  /** Ends an iteration at x; why it is the last one, or null. The vector is read before it returns. */
  accept(x: Float64Array, at: Evaluation): Ending | null;
}

/** Goes from a start to an ending. */
export type Minimise<Settings> = (problem: Problem, start: Float64Array, settings: Settings) => Task<Ending>;

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += (a[k] as number) * (b[k] as number);
  return sum;
}

/** x + t d */
export const along = (x: Float64Array, t: number, d: Float64Array): Float64Array =>
  x.map((value, k) => value + t * (d[k] as number));
