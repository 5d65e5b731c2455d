/**
 * Log-determinant of the matrix of a system, in float64: exact where that is cheap, else estimated from random vectors
 * of a fixed seed, with the standard error. It is recorded, too: logdetgradient.ts.
 */
import { add } from "../array/arithmetic";
import { generator } from "../array/array";
import { localAmong, markLocal, recording } from "../array/record";
import { contiguous, dtypeOf, wrap } from "../array/view";
import type { RealArray } from "../array/view";
import type { Tell } from "../call/run";
import type { RealData } from "../device/native";
import { ArgumentError, ConvergenceError } from "../errors";
import { withDefaults } from "../options";
import type { OptionsOf, SettledOf } from "../options";
import type { Task } from "../task";
import { isOfEntries } from "./choose";
import type { PreconditionerOfEntries } from "./choose";
import { Costs, LeastCost, ruleOf } from "./costs";
import { logTrace } from "./lanczos";
import type { LogTrace } from "./lanczos";
import { standardErrors } from "./logdetestimate";
import { logdetPullback } from "./logdetgradient";
import { lowRank } from "./lowrank";
import type { LowRank } from "./lowrank";
import { logdetInModes } from "./modelogdet";
import type { ModeFactor } from "./modes";
import { denseWork, exactInverse } from "./precondition";
import type { Preconditioner } from "./precondition";
import { checkSymmetry } from "./probes";
import { alphaArray, alphaOf, checkAlpha, copyToHost } from "./solveoptions";
import type { MatrixOptions, RIDGE } from "./solveoptions";
import { recordAs, widen } from "./system";
import type { System } from "./system";
import { AT_ONCE, systemMatrix } from "./systemmatrix";
import type { SystemMatrix } from "./systemmatrix";

/** The options of a log-determinant, beside its ridge. */
export const LOGDET = {
  /**
   * `"direct"` factorises K + alpha I (Cholesky, n²·8 bytes), `"lanczos"` estimates; `"auto"` (the default) factorises
   * up to 3000 rows of a kernel, and 500 of other formulas.
   */
  method: { kind: ["auto", "direct", "lanczos"], default: "auto" },
  /**
   * Random vectors of the estimate, at least 2 (default 16; whole blocks of 8 are taken). Four times as many halve the
   * standard error.
   */
  probes: { kind: "integer", least: 2, default: 16 },
  /** Seed of the random vectors (default 0): the same seed gives the same vectors. */
  seed: { kind: "integer", least: 0, default: 0 },
  /** What the estimate is preconditioned by, as of solves. */
  preconditioner: {
    expected: '"auto", "none", or {rank} with an integer of at least 1',
    accepts: (value: unknown): value is PreconditionerOfEntries => isOfEntries(value),
    default: "auto",
  },
  /** Products with a block of vectors, for each block (default 500). */
  maxIterations: { kind: "integer", least: 1, default: 500 },
  /**
   * `"auto"`: smooth kernels of differences in up to three dimensions are factorised in the space of their Fourier
   * modes, in time that grows with n, and so is the derivative. 200 exact rows confirm the factor.
   */
  tolerance: { expected: '"auto"', accepts: (value: unknown): value is "auto" => value === "auto" },
} as const;

/** How a log-determinant is computed; an alpha that is an array `[1]` takes part in derivatives. */
export type LogdetOptions = OptionsOf<typeof RIDGE> & OptionsOf<typeof LOGDET> & MatrixOptions;

/** A number, and how far it may be off. */
export interface EstimatedValue {
  /** The value, exact or estimated. */
  readonly value: number;
  /** One standard deviation of the mean over the random vectors; 0 where nothing is random. */
  readonly standardError: number;
}

/** What `logdet` gives: the value, and how it was found. */
export interface LogdetResult extends EstimatedValue {
  /**
   * The value as `[1]` in the dtype of the data, recorded for `grad`, which the number `value` is not. Its derivative,
   * the trace of (K + alpha I)⁻¹ dK, is exact where the value is; else it is the mean over as many random vectors, of
   * what the preconditioner does not tell exactly.
   */
  readonly array: RealArray;
  /**
   * For each array by which `grad` was asked: the standard error of its derivative, in its shape. Empty before `grad`,
   * and where the derivative is exact.
   */
  readonly gradientErrors: ReadonlyMap<RealArray, RealArray>;
  /** `"modes"`: from the factor of the kernel's Fourier modes. */
  readonly method: "direct" | "lanczos" | "modes";
  /** Random vectors. */
  readonly probes: number;
  /** Products with a block of vectors. */
  readonly iterations: number;
  /** Rank of the preconditioner, or the number of modes; 0 where there was none. */
  readonly rank: number;
  /**
   * With method `"modes"`: norm of v - (K + alpha I) H v over that of v, H being the inverse that the factor gives and v
   * random, as `checkedRows` exact rows tell it. The value is off by about n times that at most. 0 for other methods.
   */
  readonly residual: number;
  /** With method `"modes"`: how many rows were computed exactly, else 0. */
  readonly checkedRows: number;
  /** With `tolerance: "auto"`: why no modes were taken all the same, in a clause; else null. */
  readonly whyExact: string | null;
}

// ------------------------------------------------------------------------------------------------- log-determinant

/**
 * Rows up to which a factorisation costs less than a good estimate: of a kernel, and where products alone tell the
 * entries.
 */
const DIRECT_ROWS = 3000;
const DIRECT_ROWS_BY_PRODUCTS = 500;

/** All options, with the ridge as a number: an array may change before the end. */
type LogdetSettings = SettledOf<typeof LOGDET> & MatrixOptions & { readonly alpha: number };

/** What was found, and the inverse that helped. */
interface FoundLogdet {
  readonly result: Omit<LogdetResult, "array" | "gradientErrors">;
  readonly inverse: Preconditioner | null;
  readonly modes: ModeFactor | null;
}

const EXACT = { residual: 0, checkedRows: 0, whyExact: null } as const;

/** log det (K + alpha I). */
export function* logdet(
  system: System,
  arrays: readonly RealArray[],
  wanted: LogdetOptions,
  tell?: Tell,
): Task<LogdetResult> {
  const options = copyToHost(wanted);
  const given = system.check(arrays, options);
  checkAlpha(options, given.dtype);
  const alpha = alphaArray(options);
  const settings: LogdetSettings = { ...withDefaults(LOGDET, options), alpha: alphaOf(options) };
  const call = { system, given: widen(given), settings, alphaShape: alpha?.shape ?? [1] };
  const inputs = [...call.given.arrays, ...(alpha ? [widenToFloat64(alpha)] : [])];
  const where = "logdet";
  const recorded = recording(inputs) ? system.recorder(inputs, given, { where, readsOutput: false }) : undefined;
  const matrix = systemMatrix(where, system, call.given, settings);
  const found = yield* findLogdet(matrix, settings, tell);
  const local = given.shards ? undefined : localAmong(inputs);
  const value = markLocal(wrap(Float64Array.of(found.result.value), [1]), local);
  const gradientErrors = new Map<RealArray, RealArray>();
  recorded?.(value, (cotangent, inputsWanted) => {
    refuseSecond(inputs);
    const { inverse, modes, result } = found;
    const { method, probes } = result;
    const random = method === "lanczos" ? signs(settings.seed) : null;
    const gradients = logdetPullback({ ...call, matrix, inverse, modes, random, probes }, cotangent, inputsWanted);
    const users = [...arrays, ...(alpha ? [alphaArray(wanted) ?? alpha] : [])];
    const returned = gradients.estimates.map((sums) =>
      sums.map((sum, n) => sum && system.returnRows(given, n, sum, users)),
    );
    fillErrors(gradientErrors, users, returned);
    return gradients.values;
  });
  const { value: number, ...report } = found.result; // the first names are those that messages tell
  return { value: number, array: recordAs(value, given.dtype), ...report, gradientErrors };
}

/** Standard errors for each input; one that stands in several places has the sum of their derivatives. */
function fillErrors(
  errors: Map<RealArray, RealArray>,
  inputs: readonly RealArray[],
  estimates: readonly (RealArray | null)[][],
): void {
  if (estimates.length < 2) return;
  for (const input of new Set(inputs)) {
    const places = inputs.flatMap((other, n) => (other === input ? [n] : []));
    const sums = estimates.map((estimate) => totalOf(places.flatMap((n) => estimate[n] ?? [])));
    if (sums.some((sum) => sum !== null))
      errors.set(input, wrap(standardErrors(sums.map((sum) => (sum ? contiguous(sum) : []))), input.shape));
  }
}

const totalOf = (terms: readonly RealArray[]): RealArray | null =>
  terms.reduce<RealArray | null>((sum, term) => (sum ? add(sum, term) : term), null);

/** In the space of modes where that is asked for and can be. */
function* findLogdet(matrix: SystemMatrix, settings: LogdetSettings, tell?: Tell): Task<FoundLogdet> {
  const isFast = settings.tolerance === "auto";
  const fast = isFast ? yield* logdetByModes(matrix, settings, tell) : null;
  if (fast !== null && typeof fast !== "string") return fast;
  yield* checkSymmetry(matrix.space(2, 0), true);
  const isDirect = factorises(settings, matrix);
  const found = yield* isDirect ? exactLogdet(matrix, settings, tell) : estimatedLogdet(matrix, settings, tell);
  return { ...found, result: { ...found.result, whyExact: fast } };
}

function* logdetByModes(
  matrix: SystemMatrix,
  { method, preconditioner, alpha }: LogdetSettings,
  tell?: Tell,
): Task<FoundLogdet | string> {
  if (method !== "auto" || preconditioner !== "auto") return "it asks for a method or a preconditioner";
  const found = yield* logdetInModes(matrix.request(tell), matrix.ridged(alpha, 1), matrix.rows);
  if (typeof found === "string") return found;
  const { factor, residual, checkedRows } = found;
  const rank = factor.modes.features;
  const none = { standardError: 0, probes: 0, iterations: 0, whyExact: null } as const;
  const result = { ...none, value: factor.logdet, method: "modes", rank, residual, checkedRows } as const;
  return { result, inverse: null, modes: factor };
}

const widenToFloat64 = (x: RealArray): RealArray => (dtypeOf(x) === "float64" ? x : recordAs(x, "float64"));

/** @throws ArgumentError where a derivative would have one in its turn. */
function refuseSecond(inputs: readonly RealArray[]): void {
  if (recording(inputs))
    throw new ArgumentError("grad of logdet: expected no createGraph, as there are first derivatives only, got it");
}

function factorises({ method }: LogdetSettings, { rows, entries, isSpread }: SystemMatrix): boolean {
  if (isSpread) return false;
  if (method !== "auto" || !denseWork()) return method === "direct";
  return rows <= (entries ? DIRECT_ROWS : DIRECT_ROWS_BY_PRODUCTS);
}

function* exactLogdet(matrix: SystemMatrix, settings: LogdetSettings, tell?: Tell): Task<FoundLogdet> {
  const algebra = denseWork();
  if (!algebra) throw new ArgumentError(`logdet, method: expected "lanczos", as the addon is missing, got "direct"`);
  tell?.({ doing: "factorisation" });
  const found = yield* exactInverse(yield* matrix.dense(), settings.alpha, algebra);
  if (!found) throw notPositive("a factorisation that ends before its last row", settings);
  const none = { standardError: 0, probes: 0, iterations: 0, rank: 0, ...EXACT } as const;
  const result = { value: found.logdet, method: "direct", ...none } as const;
  return { result, inverse: found, modes: null };
}

function* estimatedLogdet(matrix: SystemMatrix, settings: LogdetSettings, tell?: Tell): Task<FoundLogdet> {
  const { alpha, probes, maxIterations, seed } = settings;
  const low = yield* approximation(matrix, settings, tell);
  const inverse = low && (yield* low.inverse(alpha));
  const space = matrix.space(AT_ONCE, alpha, inverse ?? undefined);
  const found = yield* logTrace(space, {
    probes,
    maxIterations,
    random: low && inverse ? correlatedNormals(low, alpha, seed) : signs(seed),
    onIteration: (iterations) => tell?.({ doing: "iterations", iterations }),
  });
  failUnlessSettled(found, settings);
  const { standardError, iterations } = found;
  const value = found.value + (inverse?.logdet ?? 0);
  const rank = inverse?.rank ?? 0;
  const result = { value, standardError, method: "lanczos", probes: found.probes, iterations, rank, ...EXACT } as const;
  return { result, inverse, modes: null };
}

function* approximation(matrix: SystemMatrix, settings: LogdetSettings, tell?: Tell): Task<LowRank | null> {
  const { preconditioner, seed } = settings;
  const algebra = denseWork();
  if (!algebra || !matrix.entries || preconditioner === "none" || settings.alpha === 0) return null;
  tell?.({ doing: "preconditioner" });
  const costs = new Costs(algebra);
  const rule = ruleOf(preconditioner, new LeastCost(costs, settings.alpha, Infinity));
  return yield* lowRank(matrix.entries, algebra, generator(seed), rule);
}

/** Entries ±1. */
function signs(seed: number): (out: RealData) => void {
  const random = generator(seed);
  return (out) => {
    for (let n = 0; n < out.length; n++) out[n] = random() < 0.5 ? -1 : 1;
  };
}

/** Normal vectors of covariance F Fᵀ + alpha I. */
function correlatedNormals(low: LowRank, alpha: number, seed: number): (out: RealData) => void {
  const normal = normals("logdet, seed", seed);
  return (out) => {
    for (let n = 0; n < out.length; n++) out[n] = Math.sqrt(alpha) * normal();
    low.subtract(Float64Array.from({ length: low.width * AT_ONCE }, normal), out, AT_ONCE);
  };
}

/** Normal numbers (Box and Muller 1958). */
function normals(where: string, seed: number): () => number {
  const random = generator(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function failUnlessSettled({ converged, value, standardError, iterations }: LogTrace, settings: LogdetSettings): void {
  if (converged === "tolerance") return;
  if (converged === "indefinite") throw notPositive("an eigenvalue of at most 0", settings);
  const what =
    converged === "nan"
      ? "numbers that are not finite: look for NaN or infinity in the arrays"
      : `one that still moves after ${iterations} products: raise maxIterations or alpha`;
  throw new ConvergenceError(`logdet, alpha ${settings.alpha}: expected a quadrature that settles, got ${what}`, {
    iterations,
    residual: standardError / Math.abs(value),
    lastIterate: value,
  });
}

const notPositive = (got: string, settings: LogdetSettings): ArgumentError =>
  new ArgumentError(
    `logdet, alpha ${settings.alpha}: expected K + alpha I to be positive definite as far as rounding can tell, got ${got}: raise alpha`,
  );
