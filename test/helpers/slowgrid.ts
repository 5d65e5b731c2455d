/**
 * Sums over a periodic grid as src/fast/gridsum.ts has them, by every mode and every point in turn: slow, without
 * windows, and as exact as double precision. It shares no code with what it stands for.
 */
import type { GridGiven, Places, Spectrum, Term } from "../../src/fast/gridsum";
import type { RealData } from "../../src/device/native";
import type { Task } from "../../src/task";

export const windowFor = (tolerance: number) => ({ width: Math.ceil(-Math.log10(tolerance)) + 1, oversampling: 1.25 });

export const gridShapeAtLeast = (least: readonly number[]): number[] => least.map((n) => 2 * Math.ceil(n / 2));

interface SlowPlaces extends Places {
  readonly points: RealData;
}

export class PeriodicGrid {
  readonly dtype;
  private modes: readonly number[] = [];

  constructor(private readonly given: GridGiven) {
    this.dtype = given.dtype;
  }

  readonly bytes = 0;

  // eslint-disable-next-line require-yield
  *spectrumOf(samples: Float64Array, modes: readonly number[]): Task<Spectrum> {
    this.modes = modes;
    return dft(samples, modes);
  }

  // eslint-disable-next-line require-yield
  *place(points: RealData): Task<SlowPlaces> {
    const count = points.length / this.given.shape.length;
    return { count, points, order: new Int32Array(), cells: new Int32Array(), fractions: points };
  }

  // eslint-disable-next-line require-yield
  *convolve(terms: readonly Term[], from: Places, weights: RealData, to: Places, out: RealData): Task<void> {
    out.fill(0);
    const [columns, outputs] = [weights.length / from.count, out.length / to.count];
    for (const { spectrum, column, to: output } of terms)
      for (const [place, k] of frequencies(this.modes).entries()) {
        const [re, im] = [spectrum.re[place]!, spectrum.im![place]!];
        const [sumRe, sumIm] = this.sumOver(k, from as SlowPlaces, (n) => weights[n * columns + column]!);
        const [cRe, cIm] = [re * sumRe - im * sumIm, re * sumIm + im * sumRe];
        this.eachPhase(k, to as SlowPlaces, (n, cos, sin) => (out[n * outputs + output]! += cRe * cos - cIm * sin));
      }
  }

  private sumOver(k: readonly number[], from: SlowPlaces, weight: (n: number) => number): [number, number] {
    const sum: [number, number] = [0, 0];
    this.eachPhase(k, from, (n, cos, sin) => {
      sum[0] += weight(n) * cos;
      sum[1] -= weight(n) * sin;
    });
    return sum;
  }

  private eachPhase(k: readonly number[], at: SlowPlaces, take: (n: number, cos: number, sin: number) => void): void {
    const dim = k.length;
    for (let n = 0; n < at.count; n++) {
      const phase = k.reduce((sum, f, d) => sum + (f * at.points[n * dim + d]!) / this.given.period[d]!, 0);
      take(n, Math.cos(2 * Math.PI * phase), Math.sin(2 * Math.PI * phase));
    }
  }
}

/** The frequency of every mode, row-major. */
function frequencies(modes: readonly number[]): number[][] {
  const own = modes.map((m) => Array.from({ length: m }, (_, k) => (k < m / 2 ? k : k - m)));
  return own.reduce<number[][]>((all, axis) => all.flatMap((before) => axis.map((k) => [...before, k])), [[]]);
}

/** Axis by axis; the highest frequency, which has no opposite, is left out. */
function dft(samples: Float64Array, modes: readonly number[]) {
  let [re, im] = [Float64Array.from(samples), new Float64Array(samples.length)];
  for (const [axis, m] of modes.entries()) {
    const inner = modes.slice(axis + 1).reduce((a, b) => a * b, 1);
    const [nextRe, nextIm] = [new Float64Array(re.length), new Float64Array(re.length)];
    for (let n = 0; n < re.length; n++) {
      const k = Math.floor(n / inner) % m;
      const start = n - k * inner;
      for (let q = 0; q < m && k !== m / 2; q++) {
        const [cos, sin] = [Math.cos((2 * Math.PI * k * q) / m), -Math.sin((2 * Math.PI * k * q) / m)];
        const [a, b] = [re[start + q * inner]!, im[start + q * inner]!];
        nextRe[n]! += (a * cos - b * sin) / m;
        nextIm[n]! += (a * sin + b * cos) / m;
      }
    }
    [re, im] = [nextRe, nextIm];
  }
  return { re, im };
}
