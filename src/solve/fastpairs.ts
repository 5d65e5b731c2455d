/** Eigenpairs by products that are not exact, which exact rows confirm. Knows no search. */
import { at, realAt } from "../asserts";
import type { Tell } from "../call/run";
import type { RealData } from "../device/native";
import type { Task } from "../task";
import { PAIRS, findPairs } from "./eigenpairs";
import type { EigshResult, FoundPairs, PairOptions } from "./eigenpairs";
import { fastProducts } from "./fastproducts";
import type { Spectral } from "./nearest";
import type { Columns, RealSpace } from "./product";
import { sampledNorms } from "./sampledresidual";
import type { SystemMatrix } from "./systemmatrix";

/** Products may lose so much of rtol, and the search's own residuals leave so much. */
const [SHARE, OWN_SHARE] = [0.1, 0.5];
const FINER = [1, 100];

/** Pairs, and what is told of them. */
interface FastPairs extends FoundPairs {
  readonly told: Pick<EigshResult, "products" | "checkedRows" | "whyExact">;
}

/** Pairs by products that are not exact, which exact rows confirm; or why there are none, in a clause. */
export function* fastPairs(
  matrix: SystemMatrix,
  count: number,
  options: PairOptions,
  tell?: Tell,
): Task<FastPairs | string> {
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
