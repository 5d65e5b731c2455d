/**
 * The Fourier series of a positive definite kernel of differences on a box: K(z) = sum over k of c[k] exp(2 pi i k · z /
 * period) for all differences of points in it, to a tolerance. The one idea is a period so long that the copies of K do
 * not reach the box; then coefficients are samples of K's transform, and positive as that is (Greengard, Rachh and
 * Barnett 2022). Knows no points and no systems.
 */
import { at, realAt } from "../asserts";
import { sizeOf } from "../device/memory";
import { sampleGrid, sampleLines } from "../fast/gridsamples";
import type { Periodic } from "../fast/gridsamples";
import { gridShapeAtLeast } from "../fast/gridsum";
import type { KernelTable } from "../fast/kerneltable";
import { stepFor } from "../fast/step";
import { waitFor } from "../task";
import type { Task } from "../task";
import type { Algebra } from "./precondition";

export interface KernelSeries {
  readonly period: readonly number[];
  /** How many frequencies there are on each axis, and K at as many displacements of period / modes. */
  readonly modes: readonly number[];
  readonly samples: Float64Array;
  /** c, `[...modes but the last, last / 2 + 1]`; entry k > modes / 2 of another axis belongs to k - modes. */
  readonly coefficients: Float64Array;
  /** K(0). */
  readonly origin: number;
}

const FEWEST_MODES = 12;

export interface SeriesLimits {
  /** Of the values, relative to K(0), as a root mean square. */
  readonly tolerance: number;
  /** Samples at most. */
  readonly samples: number;
}

/**
 * @param lengths of the box on each axis.
 * @returns why there is none, in a clause, where it has none of few modes.
 */
export function* seriesOf(
  table: KernelTable,
  lengths: readonly number[],
  limits: SeriesLimits,
  algebra: Algebra,
): Task<KernelSeries | string> {
  const component = at(table.components, 0);
  const origin = yield* originOf(table);
  if (!(origin > 0)) return "the kernel is not positive at 0";
  const level = (limits.tolerance * origin) / Math.sqrt(lengths.length);
  const reach = yield* reachOf(table, lengths, level);
  if (reach === null) return "the kernel does not vanish far away";
  const period = lengths.map((length, axis) => length + at(reach, axis));
  const box = { period, reach, step: stepFor(0.1), radius: 0, lengths, pads: lengths.map(() => 0) };
  const least: number[] = [];
  for (let axis = 0; axis < lengths.length; axis++) {
    const count = yield* modesOnLine(table, box, axis, level, algebra);
    if (count === null) return "the kernel is not smooth: its transform does not end";
    least.push(count);
  }
  if (sizeOf(least) > limits.samples) return `the kernel has ${sizeOf(least)} modes, too many for so few points`;
  const modes = gridShapeAtLeast(least);
  const samples = yield* sampleGrid(table, component, box, modes);
  const coefficients = yield* transformOf(samples, modes, algebra);
  const smallest = coefficients.reduce((a, b) => Math.min(a, b), 0);
  if (smallest < -NEGATIVE * level) return "the kernel's transform is negative somewhere";
  return { period, modes, samples, coefficients, origin };
}

/** Coefficients that are rounding may be negative, and so much larger than what is left out. */
const NEGATIVE = 10;

/** K(0) */
export function* originOf(table: KernelTable): Task<number> {
  return realAt(yield* table.valuesOf(at(table.components, 0), new Float64Array(table.dim)), 0);
}

// ---------------------------------------------------------------------------------------------------- modes of a line

const MOST_ON_LINE = 2 ** 13;
/** Part of the frequencies that must be negligible, so that what is beyond is so, too. */
const MARGIN = 0.2;

/**
 * How many modes an axis needs. The coefficients of K along it are sums of those of all modes with that frequency: what
 * they leave out bounds what these leave out, as none is negative.
 */
function* modesOnLine(
  table: KernelTable,
  box: Periodic,
  axis: number,
  level: number,
  algebra: Algebra,
): Task<number | null> {
  const origins = new Float64Array(table.dim);
  for (let count = 2 * FEWEST_MODES; count <= MOST_ON_LINE; count *= 2) {
    const samples = yield* sampleLines(table, at(table.components, 0), box, { axis, count, origins });
    const band = bandOf(yield* transformOf(samples, [count], algebra), level);
    if (2 * band <= count * (1 - MARGIN)) return Math.max(FEWEST_MODES, 2 * band + 2);
  }
  return null;
}

/** The frequency beyond which coefficients, and their opposites, have a root of their sum of squares below a level. */
function bandOf(coefficients: Float64Array, level: number): number {
  let [k, squares] = [coefficients.length, 0];
  while (k > 0 && Math.sqrt(2 * squares) <= level) squares += realAt(coefficients, --k) ** 2;
  return k;
}

function* transformOf(samples: Float64Array, modes: readonly number[], algebra: Algebra): Task<Float64Array> {
  const last = at(modes, modes.length - 1);
  const count = (samples.length / last) * (last / 2 + 1);
  const [re, im] = [new Float64Array(count), new Float64Array(count)];
  yield* waitFor(algebra.fourier(samples, re, im, Int32Array.from(modes)));
  return re.map((value) => value / samples.length);
}

/** The frequency of an entry of `coefficients`. */
export function frequencyAt(place: number, modes: readonly number[]): number[] {
  const last = modes.length - 1;
  const half = at(modes, last) / 2 + 1;
  const frequency = modes.map(() => 0);
  frequency[last] = place % half;
  let left = Math.floor(place / half);
  for (let axis = last - 1; axis >= 0; axis--) {
    const count = at(modes, axis);
    const index = left % count;
    frequency[axis] = 2 * index <= count ? index : index - count;
    left = Math.floor(left / count);
  }
  return frequency;
}

// ------------------------------------------------------------------------------------------------------------ reach

/** Distances are looked at in steps of this factor, from a thousandth of the box to so many times its length. */
const STEP = 1.02;
const FARTHEST = 32;

/** The distance on each axis beyond which values are below `level`, by lines through the origin and beside it. */
function* reachOf(table: KernelTable, lengths: readonly number[], level: number): Task<number[] | null> {
  const longest = Math.max(...lengths);
  const count = Math.ceil(Math.log(1000 * FARTHEST) / Math.log(STEP));
  const distances = Array.from({ length: count }, (_, n) => (longest * FARTHEST) / STEP ** (count - 1 - n));
  const reach: number[] = [];
  for (let axis = 0; axis < lengths.length; axis++) {
    let last = 0;
    for (const beside of [0, 0.5]) {
      const points = distances.flatMap((distance) => lengths.map((l, k) => (k === axis ? distance : beside * l)));
      const values = yield* table.valuesOf(at(table.components, 0), Float64Array.from(points));
      values.forEach((value, n) => {
        if (!(Math.abs(value) <= level)) last = Math.max(last, n + 1);
      });
    }
    if (last >= count) return null;
    reach.push(at(distances, last));
  }
  return reach;
}
