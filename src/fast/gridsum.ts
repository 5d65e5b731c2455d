/**
 * Sums over pairs of points whose terms depend on differences, by Fourier coefficients on a periodic grid: weights are
 * spread to the grid, transformed, multiplied, transformed back and interpolated (the nonuniform fast Fourier transform:
 * Dutt and Rokhlin 1993; Barnett, Magland and af Klinteberg 2019). The one idea is that spreading and interpolation use
 * the same numbers, so that a symmetric kernel stays symmetric to rounding. Knows no formula.
 */
import type { Dtype } from "../device/memory";
import type { RealData } from "../device/native";
import type { Task } from "../task";

/** How far a point reaches: `width` cells on each axis, for frequencies of up to 1 / (2 oversampling) per cell. */
export interface Window {
  readonly width: number;
  readonly oversampling: number;
}

/** The cheapest window whose relative error is below `tolerance`, from 1e-2 to 1e-12. */
export declare function windowFor(tolerance: number): Window;

/** The least lengths not below these that have transforms: products of 2, 3, 5 and 7, the last one even. */
export declare function gridShapeAtLeast(least: readonly number[]): number[];

export interface GridGiven {
  /** One to three axes, at least `window.width` long, of lengths that have transforms (`gridShapeAtLeast`). */
  readonly shape: readonly number[];
  /** Where the grid begins and how long it is, on each axis. Points beyond are taken around. */
  readonly lower: readonly number[];
  readonly period: readonly number[];
  readonly window: Window;
  /** Of the weights, the grid and the results. */
  readonly dtype: Dtype;
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

/** out[:, to] += kernel · weights[:, column]. */
export interface Term {
  readonly spectrum: Spectrum;
  readonly column: number;
  readonly to: number;
}

/** Points that were sorted by their cells, of one grid: opaque. */
export interface Places {
  readonly count: number;
  readonly order: Int32Array;
  readonly cells: Int32Array;
  readonly fractions: RealData;
}

export declare class PeriodicGrid implements GridGiven {
  readonly shape: readonly number[];
  readonly lower: readonly number[];
  readonly period: readonly number[];
  readonly window: Window;
  readonly dtype: Dtype;

  /** @throws ArgumentError for a grid that cannot be. */
  constructor(given: GridGiven);

  /** Bytes that a call of `convolve` takes beside its arguments, where every term has a column of its own. */
  get bytes(): number;

  /** The window's Fourier coefficients for frequencies 0 … n / 2 of an axis, over the root of n. */
  windowSpectrum(axis: number): Float64Array;

  /**
   * The spectrum of a real kernel from its samples `[...modes]` at displacements of k period / modes, those beyond half
   * the period being negative. `modes` have transforms, and are at most shape / oversampling.
   * @param isEven whether K(z) = K(-z): the rest is then rounding, and left out.
   */
  spectrumOf(samples: Float64Array, modes: readonly number[], isEven: boolean): Task<Spectrum>;

  /** Sorts points `[count, axes]`, of any dtype. @throws ArgumentError where one is not finite. */
  place(points: RealData): Task<Places>;

  /**
   * out `[to.count, columnsOut]` is set to the sum of the terms, from weights `[from.count, columnsIn]`; both have the
   * grid's dtype. Memory beside: `bytes`, and one more spectrum for every column that a later term needs once more.
   */
  convolve(terms: readonly Term[], from: Places, weights: RealData, to: Places, out: RealData): Task<void>;
}
