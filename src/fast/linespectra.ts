/**
 * Which frequencies a smooth kernel has, from its values along lines. The one idea: by Parseval's theorem the mean of
 * what lines in one direction lose when their high frequencies are left out is what the kernel loses on a grid that
 * lacks them. Lines are dense near the origin, where kernels vary. Pure functions, but for the samples that are asked
 * for.
 */
import { at } from "../asserts";
import type { Task } from "../task";
import { sampleLines } from "./gridsamples";
import type { Periodic } from "./gridsamples";
import { randomNumbers } from "./kerneltable";
import type { Component, KernelTable } from "./kerneltable";

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
  { axis, lengths, square, most }: ModesAsked,
): Task<number | null> {
  const { origins, parts } = linesAlong(axis, lengths);
  // Displacements of pairs are up to as dense, near 0, as if the whole period were one length.
  const density = (at(given.period, axis) / at(lengths, axis)) * 2 ** (lengths.length - 1);
  for (let count = 256; count <= MOST_SAMPLES; count *= 2) {
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
}

/** The least even number of modes beyond which the energies sum to less than `square`. */
export function modesBelow(energies: Float64Array, square: number): number {
  let tail = 0;
  for (let k = energies.length - 1; k > 0; k--) if ((tail += at(energies, k)) > square) return 2 * k + 2;
  return 2;
}

/** Adds the mean squares of frequencies 0 … count / 2, of both signs together. */
function addEnergies(into: Float64Array, samples: Float64Array, parts: readonly number[], factor: number): void {
  const count = samples.length / parts.length;
  for (const [line, part] of parts.entries()) {
    const { re, im } = transform(samples.subarray(line * count, (line + 1) * count));
    for (let k = 0; k <= count / 2; k++) {
      const twice = k === 0 || k === count / 2 ? 1 : 2;
      into[k]! += (factor * part * twice * (re[k]! ** 2 + im[k]! ** 2)) / count ** 2;
    }
  }
}

export interface Complex {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** The discrete Fourier transform of a power of two of real numbers (Cooley and Tukey 1965). */
export function transform(values: Float64Array): Complex {
  const count = values.length;
  const [re, im] = [reversedBits(values), new Float64Array(count)];
  const [cosines, sines] = [Math.cos, Math.sin].map((f) =>
    Float64Array.from({ length: count / 2 }, (_, k) => f((-2 * Math.PI * k) / count)),
  ) as [Float64Array, Float64Array];
  for (let half = 1; half < count; half *= 2)
    for (let k = 0; k < half; k++) {
      const [c, s] = [cosines[(k * count) / (2 * half)]!, sines[(k * count) / (2 * half)]!];
      for (let i = k; i < count; i += 2 * half) {
        const j = i + half;
        const [x, y] = [re[j]! * c - im[j]! * s, re[j]! * s + im[j]! * c];
        re[j] = re[i]! - x;
        im[j] = im[i]! - y;
        re[i]! += x;
        im[i]! += y;
      }
    }
  return { re, im };
}

function reversedBits(values: Float64Array): Float64Array {
  const reversed = new Float64Array(values.length);
  for (let i = 0, j = 0; i < values.length; i++) {
    reversed[j] = values[i]!;
    let bit = values.length >> 1;
    for (; bit > 0 && (j & bit) > 0; bit >>= 1) j ^= bit;
    j |= bit;
  }
  return reversed;
}
