/**
 * Eigenpairs of the matrix K of a system, whose derivatives are refused: with exact products, or with faster ones,
 * whose pairs exact rows confirm. Knows no search.
 */
import { localAmong, markLocal, recorder, recording } from "../array/record";
import type { RealArray } from "../array/view";
import { at, realAt } from "../asserts";
import type { Tell } from "../call/run";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import type { OptionsOf } from "../options";
import type { Task } from "../task";
import { EXACT } from "./attempt";
import { PAIRS, checkWanted, findPairs, roundPairs } from "./eigenpairs";
import type { EigshResult, FoundPairs, PairOptions } from "./eigenpairs";
import { fastProducts } from "./fastproducts";
import type { Spectral } from "./nearest";
import { checkSymmetry } from "./probes";
import type { Columns, RealSpace } from "./product";
import type { MatrixOptions } from "./solveoptions";
import type { System } from "./system";
import { systemMatrix } from "./systemmatrix";
import type { SystemMatrix } from "./systemmatrix";
import { sampledNorms } from "./verified";

/** What eigenpairs of kernels take beside that. */
const FAST = {
  /**
   * `"auto"`: products with K may lose what `rtol` allows: those of kernels of differences in up to four dimensions
   * take time that grows with n. Residuals are then those of 200 exact rows.
   */
  tolerance: { expected: '"auto"', accepts: (value: unknown): value is "auto" => value === "auto" },
} as const;

type EigshRows = typeof PAIRS & typeof FAST;

/** The options of eigenpairs of kernels. */
export const EIGSH: EigshRows = { ...PAIRS, ...FAST };

/** How eigenpairs of kernels are found. */
export type EigshOptions = PairOptions & OptionsOf<typeof FAST> & MatrixOptions;

/** Eigenpairs of K. */
export function* eigsh(
  system: System,
  k: unknown,
  arrays: readonly RealArray[],
  options: EigshOptions,
  tell?: Tell,
): Task<EigshResult> {
  const given = system.check(arrays, options);
  const { dtype } = given;
  const matrix = systemMatrix("eigsh", system, given, options);
  checkWanted("eigsh", k, matrix.rows, options);
  const count = k as number;
  const inputs = arrays.filter((_, n) => n !== system.unknown.position);
  const reads = { where: "eigsh", readsInputs: inputs.map(() => false) };
  const recorded = recording(inputs) ? recorder(inputs, reads) : null;
  const fast = options.tolerance === "auto" ? yield* fastPairs(matrix, count, options, tell) : null;
  let told: Parameters<typeof roundPairs>[2] = { ...EXACT, whyExact: typeof fast === "string" ? fast : null };
  if (fast !== null && typeof fast !== "string") ({ told } = fast);
  else yield* checkSymmetry(matrix.space(2, 0), true);
  const space = (columns: number): ReturnType<typeof matrix.space> => matrix.space(columns, 0);
  const found =
    fast !== null && typeof fast !== "string"
      ? fast
      : yield* findPairs({ where: "eigsh", space }, count, options, tell);
  const result = roundPairs(found, { where: "eigsh", dtype }, told);
  const local = given.shards ? undefined : localAmong(given.arrays);
  for (const each of [result.values, result.vectors]) markLocal(each, local);
  recorded?.(result.values, refuseGradient);
  recorded?.(result.vectors, refuseGradient);
  return result;
}

const refuseGradient = (): never => {
  throw new ArgumentError("grad of eigsh: expected linalg.eigsh, whose values have derivatives, got this one");
};

// ----------------------------------------------------------------------------------------- products that are not exact

/** Products may lose so much of rtol, and the search's own residuals leave so much. */
const [SHARE, OWN_SHARE] = [0.1, 0.5];
const FINER = [1, 100];

/** Pairs, and what is told of them. */
interface FastPairs extends FoundPairs {
  readonly told: Pick<EigshResult, "products" | "checkedRows" | "whyExact">;
}

/** Pairs by products that are not exact, which exact rows confirm; or why there are none, in a clause. */
function* fastPairs(matrix: SystemMatrix, count: number, options: PairOptions, tell?: Tell): Task<FastPairs | string> {
  const { rtol = PAIRS.rtol.default, which } = options;
  if (rtol === 0) return "rtol is 0";
  if (which === "nearest") return 'which is "nearest"';
  const request = matrix.request(tell);
  const least = yield* leastLargest(matrix);
  let missed = Infinity;
  for (const finer of FINER) {
    const allowed = (SHARE * rtol * least) / (Math.sqrt(matrix.rows) * finer);
    const found = yield* fastProducts(request, matrix.ridged(0, 1), allowed);
    if (typeof found === "string") return missed < Infinity ? missText(missed, rtol) : found;
    const { pairs, vectors } = yield* findPairs(
      spectralOf(found.space),
      count,
      { ...options, rtol: OWN_SHARE * rtol },
      tell,
    );
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
      x[n * columns + k] = realAt(vector, n);
      right[n * columns + k] = at(values, k) * realAt(vector, n);
    }
  return { x, right, columns };
}

const spectralOf = (space: RealSpace): Spectral => ({ where: "eigsh", space: () => space });
