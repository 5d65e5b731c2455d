/**
 * Log-determinant and trace of the matrix of a system, in float64: exact where that is cheap, else estimated from random vectors of a fixed
 * seed, with the standard error. The log-determinant is recorded, too: logdetderivative.ts.
 */
import { generator } from "../array/array";
import { described } from "../array/check";
import { recording } from "../array/record";
import { wrap } from "../array/view";
import type { RealArray } from "../array/view";
import type { Real } from "../engine/native";
import { ArgumentError, ConvergenceError } from "../errors";
import type { Tell } from "../call/run";
import { logTrace } from "../solver/logdet";
import type { LogTrace } from "../solver/logdet";
import { exactInverse, lowRank } from "../solver/preconditioner";
import { GivenRank, LeastCost } from "../solver/costs";
import type { LowRank, Preconditioner } from "../solver/preconditioner";
import type { Task } from "../solver/task";
import { denseWork } from "./algebra";
import { AT_ONCE, systemMatrix } from "./matrix";
import type { MatrixOptions, SystemMatrix } from "./matrix";
import { logdetPullback } from "./logdetderivative";
import {
  alphaArray,
  alphaOf,
  checkAlpha,
  checkAtLeastZero,
  checkCount,
  checkPreconditioner,
  ofMachine,
} from "./options";
import { checkSymmetry } from "./product";
import type { System } from "./system";
import { recordedAs, widened } from "./widen";

export interface TraceOptions extends MatrixOptions {
  /** Ridge: of K + alpha I. Default 1e-10, as of solves. */
  readonly alpha?: number | undefined;
}

export interface LogdetOptions extends MatrixOptions {
  /** Ridge: of K + alpha I. Default 1e-10, as of solves. An array `[1]` takes part in derivatives. */
  readonly alpha?: number | RealArray | undefined;
  /**
   * `"direct"` factorises K + alpha I (Cholesky, n²·8 bytes), `"lanczos"` estimates; `"auto"` (the default) factorises up to 2000 rows of a
   * kernel, and 500 of other formulas.
   */
  readonly method?: "auto" | "direct" | "lanczos" | undefined;
  /** Of the estimate: random vectors, at least 2 (default 16; whole blocks of 8 are taken). Four times as many halve the standard error. */
  readonly probes?: number | undefined;
  /** Of the random vectors (default 0): the same seed gives the same vectors. */
  readonly seed?: number | undefined;
  /** Of the estimate, as of solves. */
  readonly preconditioner?: "auto" | "none" | { readonly rank: number } | undefined;
  /** Products with a block of vectors, for each block (default 500). */
  readonly maxIterations?: number | undefined;
}

/** A number, and how far it may be off. */
export interface Estimate {
  readonly value: number;
  /** One standard deviation of the mean over the random vectors; 0 where nothing is random. */
  readonly standardError: number;
}

export interface LogdetResult extends Estimate {
  /**
   * The value as `[1]` in the dtype of the data, recorded for `grad`. Its derivative, the trace of (K + alpha I)⁻¹ dK, is exact where the value is;
   * else it is the mean over as many random vectors: good by parameters, and by points mostly noise.
   */
  readonly array: RealArray;
  readonly method: "direct" | "lanczos";
  /** Random vectors. */
  readonly probes: number;
  /** Products with a block of vectors. */
  readonly iterations: number;
  /** Of the preconditioner; 0 where there was none. */
  readonly rank: number;
}

export const TRACE_OPTIONS: readonly string[] = Object.keys({
  alpha: true,
  backend: true,
  device: true,
  compile: true,
  ranges: true,
} satisfies Record<keyof TraceOptions, true>);

export const LOGDET_OPTIONS: readonly string[] = [
  ...TRACE_OPTIONS,
  ...Object.keys({
    method: true,
    probes: true,
    seed: true,
    preconditioner: true,
    maxIterations: true,
  } satisfies Record<Exclude<keyof LogdetOptions, keyof TraceOptions>, true>),
];

// ----------------------------------------------------------------------------------------------------------- trace

/** The trace of K + alpha I. */
export function* trace(system: System, arrays: readonly RealArray[], options: TraceOptions): Task<Estimate> {
  checkAtLeastZero("alpha", options.alpha);
  const { matrix } = systemMatrix("trace", system, arrays, options);
  const diagonal = yield* matrix.diagonal();
  const value = diagonal.reduce((sum, entry) => sum + entry, matrix.rows * alphaOf(options));
  return { value, standardError: 0 };
}

// ------------------------------------------------------------------------------------------------- log-determinant

/** Rows up to which a factorisation costs less than a good estimate: of a kernel, and where products alone tell the entries. */
const DIRECT_ROWS = 2000;
const DIRECT_ROWS_BY_PRODUCTS = 500;

/** With its ridge as a number. */
type Fixed = LogdetOptions & { readonly alpha: number };

/** What was found, and the inverse that helped. */
interface Found {
  readonly result: Omit<LogdetResult, "array">;
  readonly inverse: Preconditioner | null;
}

/** log det (K + alpha I). */
export function* logdet(
  system: System,
  arrays: readonly RealArray[],
  wanted: LogdetOptions,
  tell?: Tell,
): Task<LogdetResult> {
  const options = ofMachine(wanted);
  checkLogdet(options);
  const given = system.check(arrays);
  checkAlpha(options, given.dtype);
  const wide =
    given.dtype === "float64" ? given : { ...given, arrays: widened(given.arrays), dtype: "float64" as const };
  const alpha = alphaArray(options);
  const wideAlpha = alpha && (given.dtype === "float64" ? alpha : recordedAs(alpha, "float64"));
  const inputs = wideAlpha ? [...wide.arrays, wideAlpha] : wide.arrays;
  const recorded = recording(inputs) ? system.recorder(inputs, { where: "logdet", readsOutput: false }) : undefined;
  const fixed = { ...options, alpha: alphaOf(options) }; // an array may change before the end
  const { matrix } = systemMatrix("logdet", system, wide.arrays, options);
  yield* checkSymmetry(matrix.space(2, 0), true);
  const isDirect = choice(options, matrix);
  const { result, inverse } = yield* isDirect ? exactLogdet(matrix, fixed, tell) : estimatedLogdet(matrix, fixed, tell);
  const value = wrap(Float64Array.of(result.value), [1]);
  recorded?.(value, (cotangent, inputsWanted) => {
    if (recording(inputs))
      throw new ArgumentError("grad of logdet: expected no createGraph, as there are first derivatives only, got it");
    const random = isDirect ? null : signs(fixed.seed);
    const call = { system, matrix, given: wide, inverse, random, probes: result.probes, options: fixed };
    return logdetPullback({ ...call, alphaShape: alpha?.shape ?? [1] }, cotangent, inputsWanted);
  });
  return { ...result, array: recordedAs(value, given.dtype) };
}

function choice({ method = "auto" }: LogdetOptions, { rows, entries }: SystemMatrix): boolean {
  if (method !== "auto" || !denseWork()) return method === "direct";
  return rows <= (entries ? DIRECT_ROWS : DIRECT_ROWS_BY_PRODUCTS);
}

function* exactLogdet(matrix: SystemMatrix, options: Fixed, tell?: Tell): Task<Found> {
  const algebra = denseWork();
  if (!algebra) throw new ArgumentError(`logdet, method: expected "lanczos", as the addon is missing, got "direct"`);
  tell?.({ doing: "factorisation" });
  const found = yield* exactInverse(yield* matrix.dense(), options.alpha, algebra);
  if (!found) throw notPositive("a factorisation that ends before its last row", options);
  const result = {
    value: found.logdet,
    standardError: 0,
    method: "direct",
    probes: 0,
    iterations: 0,
    rank: 0,
  } as const;
  return { result, inverse: found };
}

function* estimatedLogdet(matrix: SystemMatrix, options: Fixed, tell?: Tell): Task<Found> {
  const { alpha, probes = 16, maxIterations = 500 } = options;
  const low = yield* approximation(matrix, options, tell);
  const inverse = low && (yield* low.inverse(alpha));
  const space = matrix.space(AT_ONCE, alpha, inverse ?? undefined);
  const found = yield* logTrace(space, {
    probes,
    maxIterations,
    random: low && inverse ? correlated(low, alpha, options.seed) : signs(options.seed),
    onIteration: (iterations) => tell?.({ doing: "iterations", iterations }),
  });
  failUnlessSettled(found, options);
  const { standardError, iterations } = found;
  const value = found.value + (inverse?.logdet ?? 0);
  const rank = inverse?.rank ?? 0;
  return { result: { value, standardError, method: "lanczos", probes: found.probes, iterations, rank }, inverse };
}

function* approximation(matrix: SystemMatrix, options: Fixed, tell?: Tell): Task<LowRank | null> {
  const { preconditioner = "auto", seed = 0 } = options;
  const algebra = denseWork();
  if (!algebra || !matrix.entries || preconditioner === "none" || options.alpha === 0) return null;
  tell?.({ doing: "preconditioner" });
  const rule =
    typeof preconditioner === "object"
      ? new GivenRank(preconditioner.rank)
      : new LeastCost(algebra.costs, options.alpha, Infinity);
  return yield* lowRank(matrix.entries, algebra, generator("logdet, seed", seed), rule);
}

/** Entries ±1. */
function signs(seed = 0): (out: Real) => void {
  const random = generator("logdet, seed", seed);
  return (out) => {
    for (let n = 0; n < out.length; n++) out[n] = random() < 0.5 ? -1 : 1;
  };
}

/** Normal vectors of covariance F Fᵀ + alpha I. */
function correlated(low: LowRank, alpha: number, seed = 0): (out: Real) => void {
  const normal = normals("logdet, seed", seed);
  return (out) => {
    for (let n = 0; n < out.length; n++) out[n] = Math.sqrt(alpha) * normal();
    low.subtract(Float64Array.from({ length: low.width * AT_ONCE }, normal), out, AT_ONCE);
  };
}

/** Box and Muller 1958. */
function normals(where: string, seed: number): () => number {
  const random = generator(where, seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function checkLogdet({ method, probes, seed, preconditioner, maxIterations }: LogdetOptions): void {
  if (method !== undefined && !["auto", "direct", "lanczos"].includes(method))
    throw new ArgumentError(`method: expected "auto", "direct" or "lanczos", got ${described(method)}`);
  checkCount("probes", probes, 2);
  checkCount("seed", seed, 0);
  checkCount("maxIterations", maxIterations, 1);
  if (typeof (preconditioner as unknown) === "function")
    throw new ArgumentError(`preconditioner: expected "auto", "none" or {rank} for log-determinants, got a function`);
  checkPreconditioner(preconditioner);
}

function failUnlessSettled({ converged, value, standardError, iterations }: LogTrace, options: Fixed): void {
  if (converged === "tolerance") return;
  if (converged === "indefinite") throw notPositive("an eigenvalue of at most 0", options);
  const what =
    converged === "nan"
      ? "numbers that are not finite: look for NaN or infinity in the arrays"
      : `one that still moves after ${iterations} products: raise maxIterations or alpha`;
  throw new ConvergenceError(`logdet, alpha ${options.alpha}: expected a quadrature that settles, got ${what}`, {
    iterations,
    residual: standardError / Math.abs(value),
    lastIterate: value,
  });
}

const notPositive = (got: string, options: Fixed): ArgumentError =>
  new ArgumentError(
    `logdet, alpha ${options.alpha}: expected K + alpha I to be positive definite as far as rounding can tell, got ${got}: raise alpha`,
  );
