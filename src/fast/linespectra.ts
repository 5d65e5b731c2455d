/**
 * Which frequencies a smooth kernel has, from its values along lines. The one idea: by Parseval's theorem the mean of
 * what lines in one direction lose when their high frequencies are left out is what the kernel loses on a grid that
 * lacks them. Lines are dense near the origin, where kernels vary. Pure functions, but for the samples that are asked
 * for.
 */
import { at, realAt } from "../asserts";
import type { Task } from "../task";
import { sampleLines } from "./gridsamples";
import type { Periodic } from "./gridsamples";
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
    const angle = 2 * Math.PI * random();
    const directions = dim === 2 ? [random() < 0.5 ? -1 : 1] : [Math.cos(angle), Math.sin(angle)];
    // In the middle of the innermost ring is the axis itself, where kernels are roughest.
    const radius = ring === 0 ? 0 : Math.sqrt(inner * outer);
    let next = 0;
    for (let k = 0; k < dim; k++)
      if (k !== axis) origins[ring * dim + k] = radius * at(directions, next++) * at(lengths, k);
  }
  return { origins, parts };
}

/** The most samples of a line. */
const MOST_SAMPLES = 2 ** 16;
/** Samples of a line for each mode that is found: frequencies beyond half of them would be folded onto lower ones. */
const SAMPLES_PER_MODE = 4;

/**
 * How many modes an axis needs so that the others carry less than `square`, in the mean square over displacements of
 * pairs; null where more than `most` would be needed. Lines are sampled until twice as many samples change nothing.
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
  for (let count = 256; count <= mostSamples; count *= 2) {
    const energies = new Float64Array(count / 2 + 1);
    for (const component of table.components) {
      const samples = yield* sampleLines(table, component, given, { axis, count, origins });
      addEnergies(energies, samples, parts, density * component.count);
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

/** Adds the mean squares of frequencies 0 … count / 2, of both signs together. */
function addEnergies(into: Float64Array, samples: Float64Array, parts: readonly number[], factor: number): void {
  const count = samples.length / parts.length;
  const root = Math.sqrt(factor) / count;
  const roots = rootsOfUnity(count);
  // Two lines are transformed at once, as the parts of complex numbers: their energies add up over both signs.
  for (let line = 0; line < parts.length; line += 2) {
    const scaled = (n: number): Float64Array => {
      const part = root * Math.sqrt(parts[n] ?? 0);
      return samples.subarray(n * count, (n + 1) * count).map((value) => part * value);
    };
    const [re, im] = [scaled(line), line + 1 < parts.length ? scaled(line + 1) : new Float64Array(count)];
    transform(re, im, roots);
    for (let k = 0; k < count; k++)
      into[Math.min(k, count - k)]! += realAt(re, k) * realAt(re, k) + realAt(im, k) * realAt(im, k);
  }
}

/** exp(-2 pi i k / count), as cosines and sines. */
export function rootsOfUnity(count: number): readonly [Float64Array, Float64Array] {
  const [cosines, sines] = [new Float64Array(count / 2), new Float64Array(count / 2)];
  for (let k = 0; k < count / 2; k++) {
    cosines[k] = Math.cos((2 * Math.PI * k) / count);
    sines[k] = -Math.sin((2 * Math.PI * k) / count);
  }
  return [cosines, sines];
}

/** The discrete Fourier transform of a power of two of complex numbers, in place (Cooley and Tukey 1965). */
export function transform(
  re: Float64Array,
  im: Float64Array,
  [cosines, sines]: readonly [Float64Array, Float64Array],
): void {
  const count = re.length;
  reverseBits(re, im);
  for (let half = 1; half < count; half *= 2)
    for (let k = 0; k < half; k++) {
      const turn = (k * count) / (2 * half);
      const [c, s] = [realAt(cosines, turn), realAt(sines, turn)];
      for (let i = k; i < count; i += 2 * half) {
        const j = i + half;
        const x = realAt(re, j) * c - realAt(im, j) * s;
        const y = realAt(re, j) * s + realAt(im, j) * c;
        re[j] = realAt(re, i) - x;
        im[j] = realAt(im, i) - y;
        re[i]! += x;
        im[i]! += y;
      }
    }
}

function reverseBits(re: Float64Array, im: Float64Array): void {
  for (let i = 0, j = 0; i < re.length; i++) {
    if (i < j) {
      const [x, y] = [realAt(re, i), realAt(im, i)];
      re[i] = realAt(re, j);
      im[i] = realAt(im, j);
      re[j] = x;
      im[j] = y;
    }
    let bit = re.length >> 1;
    for (; bit > 0 && (j & bit) > 0; bit >>= 1) j ^= bit;
    j |= bit;
  }
}
