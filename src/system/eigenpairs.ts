/**
 * The largest eigenpairs of the matrix K of a system, in float64, from random vectors of a fixed seed. They leave no record: derivatives do
 * not pass through.
 */
import { generator } from "../array/array";
import { described } from "../array/check";
import { allocate, wrap } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import type { Real } from "../engine/native";
import { ArgumentError, ConvergenceError } from "../errors";
import type { Tell } from "../call/run";
import { eigsh } from "../solver/eigsh";
import type { Eigenpairs } from "../solver/eigsh";
import type { Task } from "../solver/task";
import { systemMatrix } from "./matrix";
import type { MatrixOptions } from "./matrix";
import { checkAtLeastZero, checkCount } from "./options";
import { checkSymmetry } from "./product";
import type { System } from "./system";

export interface EigshOptions extends MatrixOptions {
  /** Which eigenvalues: the algebraically largest, the only choice. */
  readonly which?: "largest" | undefined;
  /** A pair is found when |K v - λ v| is at most rtol times the largest |λ| (default 1e-9). */
  readonly rtol?: number | undefined;
  /** Products with K (default 10 n, at least 1000). */
  readonly maxIterations?: number | undefined;
}

export interface EigshResult<T extends Real = Real> {
  /** `[k]`, descending. */
  readonly values: RealArray<T>;
  /** `[n, k]`, orthonormal columns. */
  readonly vectors: RealArray<T>;
  /** |K v - λ v| over the largest |λ|, one per pair, in float64 before rounding to the dtype. */
  readonly residuals: readonly number[];
  /** Products with K. */
  readonly iterations: number;
}

export const EIGSH_OPTIONS: readonly string[] = Object.keys({
  which: true,
  rtol: true,
  maxIterations: true,
  backend: true,
  device: true,
  compile: true,
  ranges: true,
} satisfies Record<keyof EigshOptions, true>);

const SEED = 11;

/** The k largest eigenpairs of K. */
export function* largestEigenpairs(
  system: System,
  k: unknown,
  arrays: readonly RealArray[],
  options: EigshOptions,
  tell?: Tell,
): Task<EigshResult> {
  checkEigsh(options);
  const { matrix, dtype } = systemMatrix("eigsh", system, arrays, options);
  const { rows } = matrix;
  if (!(Number.isSafeInteger(k) && (k as number) >= 1 && (k as number) <= rows))
    throw new ArgumentError(`eigsh, k: expected an integer from 1 to ${rows}, the order of K, got ${described(k)}`);
  yield* checkSymmetry(matrix.space(2, 0), true);
  const space = matrix.space(1, 0);
  const vectors = Array.from({ length: k as number }, () => space.vector());
  const { rtol = 1e-9, maxIterations = Math.max(1000, 10 * rows) } = options;
  const random = generator("eigsh", SEED);
  const found = yield* eigsh(space, vectors, {
    count: vectors.length,
    rtol,
    maxIterations,
    random: (out) => out.forEach((_, n) => (out[n] = random() - 0.5)),
    onIteration: (iterations, residual) => tell?.({ doing: "iterations", iterations, residual, target: rtol }),
  });
  const result = rounded(found, vectors, rows, dtype);
  failUnlessFound(found, result);
  return result;
}

function rounded(
  { values, residuals, iterations }: Eigenpairs,
  vectors: readonly Real[],
  rows: number,
  dtype: Dtype,
): EigshResult {
  const count = vectors.length;
  const [ofValues, ofVectors] = [allocate(dtype, count), allocate(dtype, rows * count)];
  ofValues.set(values);
  vectors.forEach((vector, k) => {
    for (let n = 0; n < rows; n++) ofVectors[n * count + k] = vector[n]!;
  });
  return { values: wrap(ofValues, [count]), vectors: wrap(ofVectors, [rows, count]), residuals, iterations };
}

function checkEigsh({ which = "largest", rtol, maxIterations }: { readonly [K in keyof EigshOptions]: unknown }): void {
  if (which !== "largest") throw new ArgumentError(`which: expected "largest", got ${described(which)}`);
  checkAtLeastZero("rtol", rtol);
  checkCount("maxIterations", maxIterations, 1);
}

function failUnlessFound({ converged, iterations, residuals }: Eigenpairs, lastIterate: EigshResult): void {
  const residual = residuals.reduce((most, one) => (one <= most ? most : one), 0);
  if (converged && Number.isFinite(residual)) return;
  const what = Number.isFinite(residual)
    ? `a residual of ${residual.toExponential(1)} after ${iterations} products: raise maxIterations or rtol`
    : "numbers that are not finite: look for NaN or infinity in the arrays";
  throw new ConvergenceError(`eigsh: expected convergence, got ${what}`, { iterations, residual, lastIterate });
}
