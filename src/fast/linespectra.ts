/**
 * Which frequencies a smooth kernel has, from its values along lines. The one idea: by Parseval's theorem the mean of
 * what lines in one direction lose when their high frequencies are left out is what the kernel loses on a grid that
 * lacks them. Lines are dense near the origin, where kernels vary. Needs the addon.
 */
import { at, realAt } from "../asserts";
import { waitFor } from "../task";
import type { Task } from "../task";
import { sampleLines } from "./gridsamples";
import type { Periodic } from "./gridsamples";
import { gridAlgebra } from "./gridspectrum";
import { randomNumbers } from "./kerneltable";
import type { KernelTable } from "./kerneltable";

/** Origins `[lines, dim]` of lines along an axis, and what part of all lines each stands for. */
export interface Lines {
  readonly origins: Float64Array;
  readonly parts: readonly number[];
}

/** Rings around an axis, each half as wide as the next. */
const RINGS = 7;

/** @param lengths how far differences reach, on each axis. */
export function linesAlong(axis: number, lengths: readonly number[]): Lines {
  const dim = lengths.length;
  if (dim === 1) return { origins: new Float64Array(1), parts: [1] };
  const random = randomNumbers();
  const origins = new Float64Array(RINGS * dim);
  const parts: number[] = [];
  for (let ring = 0; ring < RINGS; ring++) {
    const [inner, outer] = [ring === 0 ? 0 : 2 ** (ring - RINGS), 2 ** (ring + 1 - RINGS)];
    parts.push(outer ** (dim - 1) - inner ** (dim - 1));
    const direction = directionOf(dim - 1, random);
    // In the middle of the innermost ring is the axis itself, where kernels are roughest.
    const radius = ring === 0 ? 0 : Math.sqrt(inner * outer);
    let next = 0;
    for (let k = 0; k < dim; k++)
      if (k !== axis) origins[ring * dim + k] = radius * at(direction, next++) * at(lengths, k);
  }
  return { origins, parts };
}

/** A random unit vector of one to three components, all being as likely (on a sphere, all heights are: Archimedes). */
function directionOf(dim: number, random: () => number): number[] {
  const angle = 2 * Math.PI * random();
  if (dim === 1) return [random() < 0.5 ? -1 : 1];
  const circle = [Math.cos(angle), Math.sin(angle)];
  if (dim === 2) return circle;
  const height = 2 * random() - 1;
  return [height, ...circle.map((value) => Math.sqrt(1 - height * height) * value)];
}

/** The most samples of a line. */
const MOST_SAMPLES = 2 ** 16;
/** Samples of a line for each mode that is found: frequencies beyond half of them would be folded onto lower ones. */
const SAMPLES_PER_MODE = 4;
/** How many times as many samples are tried next. */
const MORE = 4;

/**
 * How many modes an axis needs so that the others carry less than `square`, in the mean square over displacements of
 * pairs; null where more than `most` would be needed. Lines are sampled until they have enough for these.
 */
export function* modesFor(
  table: KernelTable,
  given: Periodic,
  { axis, lengths, square, most, effort }: ModesAsked,
): Task<number | null> {
  const { origins, parts } = linesAlong(axis, lengths);
  // Displacements of pairs are up to as dense, near 0, as if the whole period were one length.
  const density = (at(given.period, axis) / at(lengths, axis)) * 2 ** (lengths.length - 1);
  const mostSamples = Math.min(MOST_SAMPLES, effort / (parts.length * table.components.length));
  for (let count = 256; count <= mostSamples; count *= MORE) {
    const energies = new Float64Array(count / 2 + 1);
    for (const component of table.components) {
      const samples = yield* sampleLines(table, component, given, { axis, count, origins });
      yield* addEnergies(energies, samples, parts, density * component.count);
    }
    const modes = modesBelow(energies, square);
    if (SAMPLES_PER_MODE * modes <= count) return modes <= most ? modes : null;
    if (count > SAMPLES_PER_MODE * most) return null;
  }
  return null;
}

export interface ModesAsked {
  readonly axis: number;
  readonly lengths: readonly number[];
  readonly square: number;
  readonly most: number;
  /** How many values of the kernel may be taken at once. */
  readonly effort: number;
}

/** The least even number of modes beyond which the energies sum to less than `square`. */
export function modesBelow(energies: Float64Array, square: number): number {
  let tail = 0;
  for (let k = energies.length - 1; k > 0; k--) if ((tail += realAt(energies, k)) > square) return 2 * k + 2;
  return 2;
}

/**
 * Adds the mean squares of frequencies 0 … count / 2, of both signs together. Lines are the rows of one grid that is
 * transformed as a whole: across lines that keeps the sum of their squares, over how many they are.
 */
function* addEnergies(into: Float64Array, samples: Float64Array, parts: readonly number[], factor: number): Task<void> {
  const lines = parts.length;
  const count = samples.length / lines;
  const scaled = scaledLines(samples, parts, Math.sqrt(factor / lines) / count);
  const [re, im] = [new Float64Array(lines * into.length), new Float64Array(lines * into.length)];
  yield* waitFor(gridAlgebra().fourier(scaled, re, im, Int32Array.of(lines, count)));
  for (let place = 0, line = 0; line < lines; line++)
    for (let k = 0; k < into.length; k++, place++)
      into[k]! += signsOf(k, count) * (realAt(re, place) ** 2 + realAt(im, place) ** 2);
}

/** How many frequencies of `count` samples are k or -k. */
const signsOf = (k: number, count: number): number => (k === 0 || 2 * k === count ? 1 : 2);

/** Each line times the root of its part, and a number. */
function scaledLines(samples: Float64Array, parts: readonly number[], by: number): Float64Array {
  const count = samples.length / parts.length;
  const scaled = new Float64Array(samples.length);
  for (let line = 0, place = 0; line < parts.length; line++)
    for (const [factor, end] = [by * Math.sqrt(at(parts, line)), place + count]; place < end; place++)
      scaled[place] = factor * realAt(samples, place);
  return scaled;
}
