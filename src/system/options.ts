/**
 * How a linear system is solved, as users say it: the options with their checks, and what is said where a solve fails.
 */
import { checkArray, described } from "../array/check";
import { onMachine } from "../array/device";
import { contiguous, sameShape, shapeText, sizeOf } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import type { CallOptions } from "../call/prepared";
import type { Real } from "../engine/native";
import { ArgumentError, ConvergenceError } from "../errors";
import { checkSymmetryOptions } from "./krylov";
import type { Symmetry } from "./krylov";
import type { Method, Precision, PreconditionerOption, Report, Situation } from "./method";
import type { Tell } from "../call/run";
import type { Progress } from "../solver/refine";

/** What becomes of a solution that does not meet the tolerance. */
export type Missed = "warn" | "throw" | "accept";

/** How one system is solved. */
export interface SolveOptions<T extends Real = Real> extends Omit<CallOptions, "out"> {
  /** Ridge: K + alpha I is inverted. Default 1e-10, as in pykeops. An array `[1]` takes part in derivatives. */
  readonly alpha?: number | RealArray<T> | undefined;
  /**
   * Column k is done when ‖r_k‖ <= max(rtol ‖b_k‖, eps √n min(1, rms(b_k))), r the residual recomputed in float64. Default 1e-6; with
   * rtol = 0 too the solver runs until the residual no longer falls. A residual that stops falling earlier, at what rounding allows,
   * is accepted as well, unless it is above a tenth of ‖b_k‖.
   */
  readonly eps?: number | undefined;
  /** Relative tolerance, default 0; see `eps`. */
  readonly rtol?: number | undefined;
  /** Bound on the iterations, default 10 n but at least 10 000 and at most 50 000. */
  readonly maxIterations?: number | undefined;
  /**
   * `"direct"` factorises K + alpha I in float64 (Cholesky, n²·8 bytes), `"cg"` iterates; `"auto"` (the default) factorises small
   * systems, and larger ones where iterations fail. Factorisations need a formula that is a kernel k(x, y) times the unknown.
   */
  readonly method?: Method | undefined;
  /**
   * Of the iterations: randomly pivoted Cholesky of a rank that a model of the cost finds (`"auto"`, the default) or of a given rank,
   * with `ranges` the inverses of diagonal blocks; `"none"`; or a function that multiplies residuals, in the shape of the solution, by
   * something near the inverse of K + alpha I, symmetric and positive definite.
   */
  readonly preconditioner?: PreconditionerOption | undefined;
  /**
   * What K + alpha I is: symmetric positive definite (`"positive"`, the default), symmetric (`"indefinite"`: MINRES), or square
   * (`"none"`: GMRES; derivatives solve with the transpose). The last two know neither preconditioners nor factorisations.
   */
  readonly symmetry?: Symmetry | undefined;
  /**
   * Of the iterations; residuals are always recomputed in float64, and they alone decide. `"auto"` (the default): float32 data are
   * iterated in float32 where that is stable; `"mixed"`: in float32, with as many rounds as the residual asks for; `"float64"`; and
   * `"float32"`: one such round, whose residual is told, and accepted, wherever it ends.
   */
  readonly precision?: Precision | undefined;
  /**
   * What becomes of a solution that rounding keeps from meeting `eps` and `rtol`: a process warning with the code KEOPS_RESIDUAL, once for a
   * formula and an alpha (`"warn"`, the default), a ConvergenceError (`"throw"`), or nothing (`"accept"`).
   */
  readonly missed?: Missed | undefined;
  /** Where to start, in the shape of the solution; default 0. */
  readonly x0?: RealArray<T> | null | undefined;
  /**
   * Called after every iteration of every entry of a batch with its number and the largest relative residual over the columns; may throw to stop. A `verified`
   * residual is that of the float64 iterate: the result of float32 arrays is that iterate rounded to float32, whose residual is told in
   * reports.
   */
  readonly onIteration?: ((progress: Progress) => void) | null | undefined;
}

/** A solution, and how it was found: of a batch the iterations of all entries, the largest residual, and the rest of the last entry. */
export interface SolveResult<T extends Real = Real> extends Report {
  readonly solution: RealArray<T>;
}

export const SOLVE_OPTIONS: readonly string[] = Object.keys({
  alpha: true,
  eps: true,
  rtol: true,
  maxIterations: true,
  x0: true,
  onIteration: true,
  method: true,
  preconditioner: true,
  symmetry: true,
  precision: true,
  missed: true,
  backend: true,
  device: true,
  compile: true,
  ranges: true,
} satisfies Record<keyof SolveOptions, true>);

/** The ridge where it is an array. */
export const alphaArray = ({ alpha }: Pick<SolveOptions, "alpha">): RealArray | null =>
  typeof alpha === "object" ? alpha : null;

export function alphaOf(options: Pick<SolveOptions, "alpha">): number {
  const array = alphaArray(options);
  return array ? contiguous(array)[0]! : ((options.alpha as number | undefined) ?? 1e-10);
}

export function checkOptions(options: SolveOptions, shape: readonly number[], dtype: Dtype): void {
  const { eps, rtol, maxIterations, method, preconditioner, precision, missed, x0, onIteration } = options;
  checkAlpha(options, dtype);
  for (const [name, value] of Object.entries({ eps, rtol })) checkAtLeastZero(name, value);
  checkCount("maxIterations", maxIterations, 1);
  checkMethod(method, preconditioner);
  checkSymmetryOptions(options);
  if (precision !== undefined && !PRECISIONS.includes(precision))
    throw new ArgumentError(`precision: expected "auto", "float32", "mixed" or "float64", got ${described(precision)}`);
  if (missed !== undefined && !MISSED.includes(missed))
    throw new ArgumentError(`missed: expected "warn", "throw" or "accept", got ${described(missed)}`);
  if (onIteration !== undefined && onIteration !== null && typeof onIteration !== "function")
    throw new ArgumentError(`onIteration: expected a function, got ${described(onIteration)}`);
  if (x0 !== undefined && x0 !== null && !sameShape(checkArray("x0", x0, dtype).shape, shape))
    throw new ArgumentError(`x0: expected shape ${shapeText(shape)} as the solution has, got ${shapeText(x0.shape)}`);
}

const PRECISIONS: readonly Precision[] = ["auto", "float32", "mixed", "float64"];
const MISSED: readonly Missed[] = ["warn", "throw", "accept"];

/** With arrays of the machine: a start, and a ridge that takes part in derivatives. */
export function ofMachine<O extends Pick<SolveOptions, "alpha" | "x0">>(options: O): O {
  const { x0 } = options;
  const alpha = alphaArray(options);
  return { ...options, ...(x0 && { x0: onMachine(x0) }), ...(alpha && { alpha: onMachine(alpha) }) };
}

/** @throws ArgumentError unless it is a ridge, of that dtype where it is an array. */
export function checkAlpha(options: Pick<SolveOptions, "alpha">, dtype: Dtype): void {
  const array = alphaArray(options);
  if (array && sizeOf(checkArray("alpha", array, dtype).shape) !== 1)
    throw new ArgumentError(`alpha: expected a number or an array [1], got shape ${shapeText(array.shape)}`);
  checkAtLeastZero("alpha", array ? alphaOf(options) : options.alpha);
}

function checkMethod(method: unknown, preconditioner: unknown): void {
  if (method !== undefined && !["auto", "cg", "direct"].includes(method as string))
    throw new ArgumentError(`method: expected "auto", "cg" or "direct", got ${described(method)}`);
  checkPreconditioner(preconditioner);
}

export function checkPreconditioner(preconditioner: unknown): void {
  const rank = (preconditioner as { readonly rank?: unknown } | null | undefined)?.rank;
  const isRank = Number.isSafeInteger(rank) && (rank as number) >= 1;
  if (preconditioner === undefined || preconditioner === "auto" || preconditioner === "none" || isRank) return;
  if (typeof preconditioner === "function") return;
  throw new ArgumentError(
    `preconditioner: expected "auto", "none", a function, or {rank} with an integer of at least 1, got ${described(preconditioner)}`,
  );
}

/** @throws ArgumentError where entries of K are asked for that there are not. */
export function checkSituation({ method, preconditioner, matrix, blocks }: Situation): void {
  if (matrix && !blocks) return;
  const because = blocks ? "with ranges" : "for a formula with another kernel for every component";
  if (method === "direct") throw new ArgumentError(`method: expected "auto" or "cg" ${because}, got "direct"`);
  if (typeof preconditioner === "object")
    throw new ArgumentError(`preconditioner: expected "auto", "none" or a function ${because}, got {rank}`);
}

export function checkCount(name: string, value: unknown, least: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && (value as number) >= least)) return;
  throw new ArgumentError(`${name}: expected an integer of at least ${least}, got ${described(value)}`);
}

export function checkAtLeastZero(name: string, value: unknown): void {
  if (value === undefined || (typeof value === "number" && value >= 0 && value < Infinity)) return;
  throw new ArgumentError(`${name}: expected a number of at least 0, got ${described(value)}`);
}

/** The relative residual at which the last column is done. */
export function relativeTarget(right: Float64Array, columns: number, { eps = 1e-6, rtol = 0 }: SolveOptions): number {
  const squares = new Float64Array(columns);
  for (let n = 0; n < right.length; n++) squares[n % columns]! += right[n]! ** 2;
  const bound = Math.sqrt(right.length / columns);
  return squares.reduce(
    (least, square) => Math.min(least, Math.max(rtol, eps * Math.min(1, bound / Math.sqrt(square)))),
    1,
  );
}

/** Every iteration is progress too. */
export function told(
  options: SolveOptions,
  tell: Tell | undefined,
  right: Float64Array,
  columns: number,
): ((progress: Progress) => void) | undefined {
  const { onIteration } = options;
  if (!tell) return onIteration ?? undefined;
  const target = relativeTarget(right, columns, options);
  return (progress) => {
    const { iteration, residual, verified } = progress;
    tell({ doing: "iterations", iterations: iteration, residual, target, verified });
    onIteration?.(progress);
  };
}

/** Of ‖b‖: x = 0 leaves 1, and what singular systems leave when they stop moving is no solution. */
export const USELESS_RESIDUAL = 0.1;

const ADVICE = {
  precision: "stopped falling there: K + alpha I is singular as far as rounding can tell; raise alpha",
  iterations: "ran out of iterations: raise maxIterations, alpha or eps",
  indefinite:
    'met a direction p with p·(K + alpha I)p <= 0: K + alpha I is not positive definite; raise alpha, or say symmetry: "indefinite"',
  stagnation: "stopped falling, over thousands of iterations or whole cycles of GMRES: raise alpha or eps",
  nan: "met numbers that are not finite: look for NaN or infinity in the arrays",
} as const;

/** "precision" is success if it brought anything: the residual fell as far as rounding allows. */
export function isSolved({ converged, residual }: Pick<Report, "converged" | "residual">): boolean {
  return converged === "tolerance" || (converged === "precision" && residual <= USELESS_RESIDUAL);
}

/** @throws ConvergenceError */
export function failUnlessConverged(report: Report, lastIterate: () => RealArray, alpha: number, entry: string): void {
  const { converged, iterations, residual } = report;
  if (converged === "tolerance" || isSolved(report)) return;
  throw new ConvergenceError(
    `KernelSolve, alpha ${alpha}${entry}: expected convergence, got a relative residual of ${residual.toExponential(1)} after ${iterations} iterations; it ${ADVICE[converged]}`,
    { iterations, residual, lastIterate: lastIterate() },
  );
}
