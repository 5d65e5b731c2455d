/**
 * How many plain iterations K + alpha I takes where it is near its diagonal, as of kernels that are narrow beside the
 * distance of points. Judged by the discs of some rows (Gershgorin, Über die Abgrenzung der Eigenwerte einer Matrix,
 * 1931): others may be worse, so that it is a guess. Must not know how systems are solved.
 */
import { generator } from "../array/array";
import { integerAt, realAt } from "../asserts";
import type { RealData } from "../device/native";
import { iterationsFor } from "./costs";
import type { Matrix } from "./precondition";

/** Rows whose discs are looked at. */
const SAMPLES = 64;
const SEED = 7;

/** Infinity where the discs say nothing: they reach zero, or there are none. */
export function iterationsNearDiagonal(matrix: Matrix, alpha: number): number {
  const { rows } = matrix;
  const random = generator(SEED);
  const samples = Int32Array.from({ length: Math.min(SAMPLES, rows) }, () => Math.floor(random() * rows));
  const { least, largest } = boundsOfDiscs(matrix.entries(null, samples), samples, rows);
  return largest >= least && least + alpha > 0 ? iterationsFor(largest - least, least + alpha) : Infinity;
}

/** Bounds of the eigenvalues that these columns of the symmetric K allow. @param columns `[rows, samples]` */
function boundsOfDiscs(
  columns: RealData,
  samples: Int32Array,
  rows: number,
): { readonly least: number; readonly largest: number } {
  const width = samples.length;
  const radii = new Float64Array(width);
  for (let n = 0; n < rows * width; n++) radii[n % width]! += Math.abs(columns[n]!);
  let [least, largest] = [Infinity, -Infinity];
  for (let k = 0; k < width; k++) {
    const centre = realAt(columns, integerAt(samples, k) * width + k);
    const radius = realAt(radii, k) - Math.abs(centre);
    [least, largest] = [Math.min(least, centre - radius), Math.max(largest, centre + radius)];
  }
  return { least, largest };
}
