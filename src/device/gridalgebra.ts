/**
 * What the addon does with periodic grids: Fourier transforms of real ones, and points that are spread to them and read
 * from them. A part of its dense algebra (addon.ts). Knows only types.
 */
import type { RealData } from "./addoncall";

/** Grids are row-major; their axes are products of 2, 3, 5 and 7 where they are transformed, the last one even. */
export interface GridAlgebra {
  /**
   * The spectrum of a real grid of one to four axes, as `re` and `im` `[...shape but the last, last / 2 + 1]`:
   * sum over n of values[n] exp(-2 pi i k n / shape). Axes are products of 2, 3, 5 and 7, the last one is even.
   */
  fourier(values: RealData, re: RealData, im: RealData, shape: Int32Array): void;
  /** The grid from its spectrum, which is overwritten. */
  inverseFourier(values: RealData, re: RealData, im: RealData, shape: Int32Array): void;
  /** `re` and `im` become a b, or a b is added to them; without `bIm`, b is real. */
  multiplySpectrum(
    re: RealData,
    im: RealData,
    aRe: RealData,
    aIm: RealData,
    bRe: RealData,
    bIm: RealData | undefined,
    isAdded: boolean,
  ): void;
  /**
   * Sorts points `[count, axes]` by the cells of a periodic grid, `corner` being its lower corner and then its periods:
   * entry i is point order[i], `cells` are the first that it reaches. Returns the index of a point that is not finite,
   * or -1.
   */
  place(
    points: RealData,
    shape: Int32Array,
    corner: Float64Array,
    width: number,
    order: Int32Array,
    cells: Int32Array,
    fractions: RealData,
  ): number;
  /** The grid becomes a column of weights times windows, whose polynomials are `[degree + 1, width]`. */
  spread(
    grid: RealData,
    shape: Int32Array,
    order: Int32Array,
    cells: Int32Array,
    fractions: RealData,
    polynomials: RealData,
    width: number,
    weights: RealData,
    columns: number,
    column: number,
  ): void;
  /** A column of `out` becomes the grid's values times windows: the transpose of `spread`. */
  interpolate(
    grid: RealData,
    shape: Int32Array,
    order: Int32Array,
    cells: Int32Array,
    fractions: RealData,
    polynomials: RealData,
    width: number,
    out: RealData,
    columns: number,
    column: number,
  ): void;
}
