/**
 * What some rows, columns and products tell of the matrix of a system: whether it is symmetric, and how near its
 * diagonal it is. Knows no solver.
 */
import { generator, randn } from "../array/array";
import { integerAt, realAt } from "../asserts";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { waitFor } from "../task";
import type { Task } from "../task";
import { iterationsFor } from "./costs";
import type { Matrix } from "./precondition";
import type { RealSpace } from "./product";

/** Rows and columns that are compared, and how far entries may lie apart, relative to the largest. */
const SAMPLE = 64;
const ASYMMETRY_OF_ENTRIES = 1e-5;

/** Whether K of some random rows and columns is, but for rounding, the transpose of K of these columns and rows. */
export function looksSymmetric(matrix: Matrix): boolean {
  const random = generator(1);
  const drawIndices = (): Int32Array => Int32Array.from({ length: SAMPLE }, () => Math.floor(random() * matrix.rows));
  const [rows, columns] = [drawIndices(), drawIndices()];
  const [one, other] = [matrix.entries(rows, columns), matrix.entries(columns, rows)];
  let [largest, apart] = [0, 0];
  for (let row = 0; row < SAMPLE; row++)
    for (let column = 0; column < SAMPLE; column++) {
      const value = one[row * SAMPLE + column]!;
      largest = Math.max(largest, Math.abs(value));
      apart = Math.max(apart, Math.abs(value - other[column * SAMPLE + row]!));
    }
  return apart <= ASYMMETRY_OF_ENTRIES * largest;
}

/**
 * How far u · K v and v · K u may lie apart, relative to |u| |K v| + |v| |K u|: rounding is orders of magnitude below.
 */
const ASYMMETRY = 1e-9;
/** In units of roundoff: operators of users may round to float32. */
const NOISE = 64;

const SYMMETRIC_KERNEL =
  'KernelSolve: expected a symmetric operator (the same points as x and y, and a symmetric formula; else say symmetry: "none")';

/**
 * One random probe. @throws ArgumentError if u · K v differs from v · K u by more than rounding.
 * @param isShared whether K is the same for all columns: u and v are then two columns of one product.
 * @param expected what the message says before what was got.
 */
export function* checkSymmetry(space: RealSpace, isShared: boolean, expected: string = SYMMETRIC_KERNEL): Task<void> {
  const { u, v, ku, kv } = yield* isShared && space.columns > 1 ? probeAtOnce(space) : probeTwice(space);
  const [uKv, vKu] = [dot(u, kv), dot(v, ku)];
  const scale = Math.sqrt(dot(u, u) * dot(kv, kv)) + Math.sqrt(dot(v, v) * dot(ku, ku));
  if (Math.abs(uKv - vKu) > Math.max(ASYMMETRY, NOISE * space.roundoff) * scale)
    throw new ArgumentError(
      `${expected}, got u·Kv = ${uKv.toPrecision(6)} and v·Ku = ${vKu.toPrecision(6)} for random u and v`,
    );
}

interface Probe {
  readonly u: RealData;
  readonly v: RealData;
  readonly ku: RealData;
  readonly kv: RealData;
}

const randomBlock = (size: number, seed: number): RealData => randn([size], { dtype: "float64", seed }).data;

function* probeTwice(space: RealSpace): Task<Probe> {
  const [u, v] = [1, 2].map((seed) => randomBlock(space.rows * space.columns, seed)) as [RealData, RealData];
  const [ku, kv] = [space.vector(), space.vector()];
  yield* waitFor(space.apply(u, ku));
  yield* waitFor(space.apply(v, kv));
  return { u, v, ku, kv };
}

function* probeAtOnce(space: RealSpace): Task<Probe> {
  const both = randomBlock(space.rows * space.columns, 1);
  const product = space.vector();
  yield* waitFor(space.apply(both, product));
  const column = (of: RealData, k: number): RealData =>
    Float64Array.from({ length: space.rows }, (_, n) => of[n * space.columns + k]!);
  return { u: column(both, 0), v: column(both, 1), ku: column(product, 0), kv: column(product, 1) };
}

function dot(a: RealData, b: RealData): number {
  let sum = 0;
  for (let n = 0; n < a.length; n++) sum += a[n]! * b[n]!;
  return sum;
}

// --------------------------------------------------------------------------------------------------- near the diagonal

/** Rows whose discs are looked at. */
const SAMPLES = 64;
const SEED = 7;

/**
 * How many plain iterations K + alpha I takes where it is near its diagonal, as of kernels that are narrow beside the
 * distance of points: as the discs of some rows tell (Gershgorin, Über die Abgrenzung der Eigenwerte einer Matrix,
 * 1931). Others may be worse, so that it is a guess. Infinity where the discs say nothing: they reach zero, or there are
 * none.
 */
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
