/**
 * The trace of the matrix of a system, in float64, exactly. Knows nothing of products.
 */
import type { RealArray } from "../array/view";
import { isAtLeast } from "../options";
import type { OptionsOf } from "../options";
import type { Task } from "../task";
import type { EstimatedValue } from "./logdet";
import { alphaOf } from "./solveoptions";
import type { MatrixOptions } from "./solveoptions";
import type { System } from "./system";
import { systemMatrix } from "./systemmatrix";

/** The options of a trace. */
export const TRACE = {
  /** `"auto"` changes nothing here: a trace takes one sweep over the points, and is exact. */
  tolerance: { expected: '"auto"', accepts: (value: unknown): value is "auto" => value === "auto" },
  /** Ridge: of K + alpha I. Default 1e-10, as of solves. */
  alpha: {
    expected: "a number of at least 0",
    accepts: (value: unknown): value is number => isAtLeast(0, value),
    default: 1e-10,
  },
} as const;

/** How a trace is computed. */
export type TraceOptions = OptionsOf<typeof TRACE> & MatrixOptions;

/** A trace. */
export interface TraceResult extends EstimatedValue {
  /** With `tolerance: "auto"`: why it was computed exactly all the same, in a clause; else null. */
  readonly whyExact: string | null;
}

/** The trace of K + alpha I. */
export function* trace(system: System, arrays: readonly RealArray[], options: TraceOptions): Task<TraceResult> {
  const matrix = systemMatrix("trace", system, system.check(arrays, { ...options, tolerance: undefined }), options);
  const diagonal = yield* matrix.diagonal();
  const value = diagonal.reduce((sum, entry) => sum + entry, matrix.rows * alphaOf(options));
  const whyExact = options.tolerance === "auto" ? "the diagonal takes one sweep over the points" : null;
  return { value, standardError: 0, whyExact };
}
