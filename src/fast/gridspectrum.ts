/**
 * Fourier transforms of periodic grids, which the addon makes, and their coefficients as it lays them out: half of
 * them tell the other half. The one idea is that coefficients of few modes take their places among those of a finer
 * grid, the rest being zero. Knows no points.
 */
import { at, realAt } from "../asserts";
import type { LongAlgebra } from "../device/addonfunctions";
import { sizeOf } from "../device/memory";
import { instructionSet, loadedAddon } from "../device/native";
import type { RealData } from "../device/native";
import { worksOf } from "../task";
import type { Task, Works } from "../task";

/** As work that waits or does not. */
export function gridAlgebra(): Works<LongAlgebra> {
  instructionSet(); // the dense algebra uses it, too
  const { dense } = loadedAddon();
  return worksOf<LongAlgebra>(dense, dense.later);
}

/**
 * What the transform of the spread weights is multiplied by: `[...shape but the last, last / 2 + 1]`, row-major, in the
 * grid's dtype; entry k > n / 2 of another axis than the last belongs to the frequency k - n. For a kernel
 * K(x - y) = sum over k of c[k] exp(2 pi i k · (x - y) / period) it is c[k] / product over axes of windowSpectrum[k]²,
 * and 0 beyond the modes that are kept. `im` is left out where all of it is zero: even kernels.
 */
export interface Spectrum {
  readonly re: RealData;
  readonly im?: RealData | undefined;
}

/** Both parts of a spectrum. */
export type Transform = Required<Record<"re" | "im", RealData>>;

/** A finer grid, and by axis what coefficients of frequencies 0 … n / 2 are multiplied by. */
interface Finer {
  readonly shape: readonly number[];
  readonly factors: readonly Float64Array[];
}

/** Entries between two pauses: some milliseconds. */
const PIECE = 1 << 17;

/** Takes the transform of samples `[...modes]` to its places in the spectrum of a finer grid. */
export function* placeModes(from: Transform, modes: readonly number[], to: Spectrum, finer: Finer): Task<void> {
  const last = modes.length - 1;
  const [length, factors] = [at(modes, last), at(finer.factors, last)];
  const [fromRow, toRow] = [length / 2 + 1, at(finer.shape, last) / 2 + 1];
  const rows = sizeOf(modes) / length;
  for (let row = 0; row < rows; row++) {
    if (row % Math.ceil(PIECE / length) === 0) yield;
    const place = placeOfRow(row, modes, finer);
    if (place === null) continue;
    const scale = place.factor / sizeOf(modes);
    for (let k = 0; 2 * k < length; k++) {
      const factor = scale * realAt(factors, k);
      to.re[place.row * toRow + k] = factor * realAt(from.re, row * fromRow + k);
      if (to.im) to.im[place.row * toRow + k] = factor * realAt(from.im, row * fromRow + k);
    }
  }
}

/** Where a row of modes goes, and its factor; null for frequencies of half the modes, whose sign is open. */
function placeOfRow(row: number, modes: readonly number[], finer: Finer): { row: number; factor: number } | null {
  const found = { row: 0, factor: 1 };
  for (let axis = modes.length - 2, scale = 1, left = row; axis >= 0; axis--) {
    const [count, length] = [at(modes, axis), at(finer.shape, axis)];
    const index = left % count;
    const frequency = 2 * index < count ? index : index - count;
    if (2 * index === count) return null;
    found.row += (frequency < 0 ? frequency + length : frequency) * scale;
    found.factor *= realAt(at(finer.factors, axis), Math.abs(frequency));
    scale *= length;
    left = Math.floor(left / count);
  }
  return found;
}
