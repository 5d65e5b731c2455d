/**
 * The largest eigenpairs of the matrix K of a system, in float64, from random vectors of a fixed seed. They leave no
 * record: derivatives do not pass through.
 */
import { generator } from "../array/array";
import { at } from "../asserts";
import { allocate, wrap } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import type { Tell } from "../call/run";
import type { RealData } from "../device/native";
import { ArgumentError, ConvergenceError } from "../errors";
import { describeValue } from "../options";
import type { OptionsOf } from "../options";
import type { Task } from "../task";
import { EXACT } from "./attempt";
import type { Report } from "./attempt";
import { fastProducts } from "./fastproducts";
import { checkSymmetry } from "./symmetry";
import type { Columns, RealSpace } from "./product";
import { sampledNorms } from "./sampledresidual";
import type { MatrixOptions } from "./solveoptions";
import type { System } from "./system";
import { systemMatrix } from "./systemmatrix";
import type { SystemMatrix } from "./systemmatrix";
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
  /**
   * `"auto"`: products with K may lose what `rtol` allows: those of kernels of differences in up to three dimensions
   * take time that grows with n. Residuals are then those of 200 exact rows.
   */
  tolerance: { expected: '"auto"', accepts: (value: unknown): value is "auto" => value === "auto" },
} as const;

/** How eigenpairs are found. */
export type EigshOptions = OptionsOf<typeof EIGSH> & MatrixOptions;

export interface EigshResult<T extends RealData = RealData> {
  /** `[k]`, descending. */
  readonly values: RealArray<T>;
  /** `[n, k]`, orthonormal columns. */
  readonly vectors: RealArray<T>;
  /**
   * |K v - λ v| over the largest |λ|, one per pair, in float64 before rounding to the dtype; with exact products, or as
   * `checkedRows` exact rows tell it.
   */
  readonly residuals: readonly number[];
  /** Products with K. */
  readonly iterations: number;
  /** What products were, as of solves. */
  readonly products: Report["products"];
  /** How many rows of the residuals were computed, with all pairs, where products were not exact; else 0. */
  readonly checkedRows: number;
  /** With `tolerance: "auto"`: why products were exact all the same, in a clause; else null. */
  readonly whyExact: string | null;
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
  const { rtol = EIGSH.rtol.default, maxIterations = Math.max(1000, 10 * rows), tolerance } = options;
  const wanted = { count, rtol, maxIterations, tell };
  const fast = tolerance === "auto" ? yield* findFast(matrix, wanted) : null;
  const found = fast !== null && typeof fast !== "string" ? fast : yield* findExactly(matrix, wanted, fast);
  const result = roundPairs(found, rows, dtype);
  failUnlessFound(found.pairs, result);
  return result;
}

/** What is searched for. */
interface Wanted {
  readonly count: number;
  readonly rtol: number;
  readonly maxIterations: number;
  readonly tell: Tell | undefined;
}

/** Pairs, and what is told of them. */
interface Found {
  readonly pairs: Eigenpairs;
  readonly vectors: readonly RealData[];
  readonly told: Pick<EigshResult, "products" | "checkedRows" | "whyExact">;
}

function* findExactly(matrix: SystemMatrix, wanted: Wanted, whyExact: string | null): Task<Found> {
  yield* checkSymmetry(matrix.space(2, 0), true);
  return { ...(yield* findWith(matrix.space(1, 0), wanted)), told: { ...EXACT, whyExact } };
}

function* findWith(
  space: RealSpace,
  { count, rtol, maxIterations, tell }: Wanted,
): Task<Pick<Found, "pairs" | "vectors">> {
  const vectors = Array.from({ length: count }, () => space.vector());
  const random = generator(SEED);
  const pairs = yield* restartedLanczos(space, vectors, {
    count,
    rtol,
    maxIterations,
    random: (out) => out.forEach((_, n) => (out[n] = random() - 0.5)),
    onIteration: (iterations, residual) => tell?.({ doing: "iterations", iterations, residual, target: rtol }),
  });
  return { pairs, vectors };
}

// ----------------------------------------------------------------------------------------- products that are not exact

/** Products may lose so much of rtol, and the search's own residuals leave so much. */
const [SHARE, OWN_SHARE] = [0.1, 0.5];
const FINER = [1, 100];

/** Pairs by products that are not exact, which exact rows confirm; or why there are none, in a clause. */
function* findFast(matrix: SystemMatrix, wanted: Wanted): Task<Found | string> {
  const { rtol, count } = wanted;
  if (rtol === 0) return "rtol is 0";
  const request = matrix.request(wanted.tell);
  const least = yield* leastLargest(matrix);
  let missed = Infinity;
  for (const finer of FINER) {
    const allowed = (SHARE * rtol * least) / (Math.sqrt(matrix.rows) * finer);
    const found = yield* fastProducts(request, matrix.ridged(0, 1), allowed);
    if (typeof found === "string") return missed < Infinity ? missText(missed, rtol) : found;
    const { pairs, vectors } = yield* findWith(found.space, { ...wanted, rtol: OWN_SHARE * rtol });
    const scaled = scaledColumns(vectors, pairs.values);
    const { residuals: norms, rows } = yield* sampledNorms(matrix.ridged(0, count), scaled);
    const largest = pairs.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const residuals = norms.map((norm) => norm / largest);
    missed = residuals.reduce((most, one) => Math.max(most, one), 0);
    const told = { products: found.products, checkedRows: rows, whyExact: null };
    if (pairs.converged && missed <= rtol) return { pairs: { ...pairs, residuals }, vectors, told };
  }
  return missText(missed, rtol);
}

const missText = (missed: number, rtol: number): string =>
  `the residual of exact rows was ${missed.toExponential(1)}, above ${rtol.toExponential(1)}`;

/** Half of a lower bound of the largest eigenvalue, as some exact rows tell it: the norm of K 1 over that of 1. */
function* leastLargest(matrix: SystemMatrix): Task<number> {
  const { rows } = matrix;
  const block = { right: new Float64Array(rows), x: new Float64Array(rows).fill(1), columns: 1 };
  return at((yield* sampledNorms(matrix.ridged(0, 1), block)).residuals, 0) / (2 * Math.sqrt(rows));
}

/** Vectors as columns, and as right-hand sides times their values. */
function scaledColumns(vectors: readonly RealData[], values: readonly number[]): Columns {
  const columns = vectors.length;
  const rows = at(vectors, 0).length;
  const [x, right] = [new Float64Array(rows * columns), new Float64Array(rows * columns)];
  for (const [k, vector] of vectors.entries())
    for (let n = 0; n < rows; n++) {
      x[n * columns + k] = at(vector, n);
      right[n * columns + k] = at(values, k) * at(vector, n);
    }
  return { x, right, columns };
}

function checkPairs(k: unknown, rows: number): number {
  if (Number.isSafeInteger(k) && (k as number) >= 1 && (k as number) <= rows) return k as number;
  throw new ArgumentError(`eigsh, k: expected an integer from 1 to ${rows}, the order of K, got ${describeValue(k)}`);
}

function roundPairs(
  { pairs: { values, residuals, iterations }, vectors, told }: Found,
  rows: number,
  dtype: Dtype,
): EigshResult {
  const count = vectors.length;
  const [ofValues, ofVectors] = [allocate(dtype, count), allocate(dtype, rows * count)];
  ofValues.set(values);
  vectors.forEach((vector, k) => {
    for (let n = 0; n < rows; n++) ofVectors[n * count + k] = vector[n]!;
  });
  return { values: wrap(ofValues, [count]), vectors: wrap(ofVectors, [rows, count]), residuals, iterations, ...told };
}

function failUnlessFound({ converged, iterations, residuals }: Eigenpairs, lastIterate: EigshResult): void {
  const residual = residuals.reduce((most, one) => (one <= most ? most : one), 0);
  if (converged && Number.isFinite(residual)) return;
  const what = Number.isFinite(residual)
    ? `a residual of ${residual.toExponential(1)} after ${iterations} products: raise maxIterations or rtol`
    : "numbers that are not finite: look for NaN or infinity in the arrays";
  throw new ConvergenceError(`eigsh: expected convergence, got ${what}`, { iterations, residual, lastIterate });
}
