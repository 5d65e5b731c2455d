/**
 * The largest eigenpairs of the matrix K of a system, in float64, from random vectors of a fixed seed. They leave no
 * record: derivatives do not pass through.
 */
import { generator } from "../array/array";
import { allocate, wrap } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import type { Tell } from "../call/run";
import type { RealData } from "../device/native";
import { ArgumentError, ConvergenceError } from "../errors";
import { describeValue } from "../options";
import type { OptionsOf } from "../options";
import type { Task } from "../task";
import { checkSymmetry } from "./product";
import type { MatrixOptions } from "./solveoptions";
import type { System } from "./system";
import { systemMatrix } from "./systemmatrix";
import { restartedLanczos } from "./thickrestart";
import type { Eigenpairs } from "./thickrestart";

/** The options of eigenpairs. */
export const EIGSH = {
  /** Which eigenvalues: the algebraically largest, the only choice. */
  which: { kind: ["largest"], default: "largest" },
  /** A pair is found when |K v - λ v| is at most rtol times the largest |λ| (default 1e-9). */
  rtol: { kind: "number", least: 0, default: 1e-9 },
  /** Products with K (default 10 n, at least 1000). */
  maxIterations: { kind: "integer", least: 1 },
} as const;

/** How eigenpairs are found. */
export type EigshOptions = OptionsOf<typeof EIGSH> & MatrixOptions;

export interface EigshResult<T extends RealData = RealData> {
  /** `[k]`, descending. */
  readonly values: RealArray<T>;
  /** `[n, k]`, orthonormal columns. */
  readonly vectors: RealArray<T>;
  /** |K v - λ v| over the largest |λ|, one per pair, in float64 before rounding to the dtype. */
  readonly residuals: readonly number[];
  /** Products with K. */
  readonly iterations: number;
}

const SEED = 11;

/** The k largest eigenpairs of K. */
export function* eigsh(
  system: System,
  k: unknown,
  arrays: readonly RealArray[],
  options: EigshOptions,
  tell?: Tell,
): Task<EigshResult> {
  const { matrix, dtype } = systemMatrix("eigsh", system, arrays, options);
  const { rows } = matrix;
  const count = checkPairs(k, rows);
  yield* checkSymmetry(matrix.space(2, 0), true);
  const space = matrix.space(1, 0);
  const vectors = Array.from({ length: count }, () => space.vector());
  const { rtol = EIGSH.rtol.default, maxIterations = Math.max(1000, 10 * rows) } = options;
  const random = generator(SEED);
  const found = yield* restartedLanczos(space, vectors, {
    count,
    rtol,
    maxIterations,
    random: (out) => out.forEach((_, n) => (out[n] = random() - 0.5)),
    onIteration: (iterations, residual) => tell?.({ doing: "iterations", iterations, residual, target: rtol }),
  });
  const result = roundPairs(found, vectors, rows, dtype);
  failUnlessFound(found, result);
  return result;
}

function checkPairs(k: unknown, rows: number): number {
  if (Number.isSafeInteger(k) && (k as number) >= 1 && (k as number) <= rows) return k as number;
  throw new ArgumentError(`eigsh, k: expected an integer from 1 to ${rows}, the order of K, got ${describeValue(k)}`);
}

function roundPairs(
  { values, residuals, iterations }: Eigenpairs,
  vectors: readonly RealData[],
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

function failUnlessFound({ converged, iterations, residuals }: Eigenpairs, lastIterate: EigshResult): void {
  const residual = residuals.reduce((most, one) => (one <= most ? most : one), 0);
  if (converged && Number.isFinite(residual)) return;
  const what = Number.isFinite(residual)
    ? `a residual of ${residual.toExponential(1)} after ${iterations} products: raise maxIterations or rtol`
    : "numbers that are not finite: look for NaN or infinity in the arrays";
  throw new ConvergenceError(`eigsh: expected convergence, got ${what}`, { iterations, residual, lastIterate });
}
