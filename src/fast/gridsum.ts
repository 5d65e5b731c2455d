/**
 * Sums over pairs of points whose terms depend on differences, by Fourier coefficients on a periodic grid: weights are
 * spread to the grid, transformed, multiplied, transformed back and interpolated (the nonuniform fast Fourier transform:
 * Dutt and Rokhlin 1993; Barnett, Magland and af Klinteberg 2019). The one idea is that spreading and interpolation use
 * the same numbers, so that a symmetric kernel stays symmetric to rounding. Needs the addon. Knows no formula.
 */
import { at, lookUp } from "../asserts";
import type { LongAlgebra } from "../device/addonfunctions";
import { allocate, bytesOf, sizeOf } from "../device/memory";
import type { Dtype } from "../device/memory";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { shapeText } from "../array/view";
import { waitFor } from "../task";
import type { Task, Works } from "../task";
import { gridAlgebra, placeModes } from "./gridspectrum";
import type { Spectrum, Transform } from "./gridspectrum";
import { checkWindow, windowPolynomials, windowTransform } from "./spreadwindow";
import type { Window } from "./spreadwindow";

export type { Spectrum } from "./gridspectrum";
export { windowFor } from "./spreadwindow";
export type { Window } from "./spreadwindow";

export interface GridGiven {
  /** One to four axes, at least `window.width` long, of lengths that have transforms (`gridShapeAtLeast`). */
  readonly shape: readonly number[];
  /** Where the grid begins and how long it is, on each axis. Points beyond are taken around. */
  readonly lower: readonly number[];
  readonly period: readonly number[];
  readonly window: Window;
  /** Of the weights, the grid and the results. */
  readonly dtype: Dtype;
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

/** Points whose weights are spread by others, or in another way. */
export interface Sources {
  readonly count: number;
  /** `into` `[...shape]` becomes what a column of the weights `[count, columns]` is on the grid. */
  spread(grid: PeriodicGrid, into: RealData, weights: RealData, column: number): Task<void>;
}

const MOST_AXES = 4;
const MOST_CELLS = 2 ** 31 - 1;

/** The least lengths not below these that have transforms: products of 2, 3, 5 and 7, the last one even. */
export function gridShapeAtLeast(least: readonly number[]): number[] {
  return least.map((length, axis) => {
    const step = axis === least.length - 1 ? 2 : 1;
    let found = Math.max(step, Math.ceil(length / step) * step);
    while (!hasTransform(found)) found += step;
    return found;
  });
}

function hasTransform(length: number): boolean {
  let left = length;
  for (const prime of [2, 3, 5, 7]) while (left % prime === 0) left /= prime;
  return left === 1;
}

export class PeriodicGrid implements GridGiven {
  readonly shape: readonly number[];
  readonly lower: readonly number[];
  readonly period: readonly number[];
  readonly window: Window;
  readonly dtype: Dtype;
  protected readonly polynomials: RealData;
  private readonly algebra: Works<LongAlgebra>;
  private readonly lengths: Int32Array;

  /** @throws ArgumentError for a grid that cannot be. */
  constructor(given: GridGiven) {
    checkGrid(given);
    ({ shape: this.shape, lower: this.lower, period: this.period, window: this.window, dtype: this.dtype } = given);
    this.lengths = Int32Array.from(this.shape);
    const exact = windowPolynomials(this.window);
    this.polynomials = this.dtype === "float32" ? Float32Array.from(exact) : exact;
    this.algebra = gridAlgebra();
  }

  get cells(): number {
    return sizeOf(this.shape);
  }

  /** Numbers of a spectrum's real parts. */
  get modes(): number {
    const last = at(this.shape, this.shape.length - 1);
    return (this.cells / last) * (last / 2 + 1);
  }

  /**
   * Bytes that a call of `convolve` takes beside its arguments, where every column has one term: the grid and its
   * transform. The addon's threads add a block of cells each.
   */
  get bytes(): number {
    return bytesOf(this.dtype) * (this.cells + 2 * this.modes);
  }

  /** The window's Fourier coefficients for frequencies 0 … n / 2 of an axis, over the root of n. */
  windowSpectrum(axis: number): Float64Array {
    const length = at(this.shape, axis);
    return windowTransform(this.window, length).map((value) => value / Math.sqrt(length));
  }

  /**
   * The spectrum of a real kernel from its samples `[...modes]` at displacements of k period / modes, those beyond half
   * the period being negative. `modes` have transforms, and are at most shape / oversampling.
   * @param isEven whether K(z) = K(-z): the rest is then rounding, and left out.
   */
  *spectrumOf(samples: Float64Array, modes: readonly number[], isEven: boolean): Task<Spectrum> {
    checkModes(this, samples, modes);
    const half = (samples.length / at(modes, modes.length - 1)) * (at(modes, modes.length - 1) / 2 + 1);
    const [re, im] = [new Float64Array(half), new Float64Array(half)];
    yield* waitFor(this.algebra.fourier(samples, re, im, Int32Array.from(modes)));
    const spectrum = { re: this.numbers(this.modes), im: isEven ? undefined : this.numbers(this.modes) };
    const factors = modes.map((_, axis) => this.windowSpectrum(axis).map((value) => 1 / value ** 2));
    yield* placeModes({ re, im }, modes, spectrum, { shape: this.shape, factors });
    return spectrum;
  }

  /** Sorts points `[count, axes]`, of any dtype. @throws ArgumentError where one is not finite. */
  *place(points: RealData): Task<Places> {
    const axes = this.shape.length;
    const count = points.length / axes;
    if (!Number.isInteger(count))
      throw new ArgumentError(`points: expected rows of ${axes} coordinates, got ${points.length} numbers`);
    const places = {
      count,
      order: allocate("int32", count),
      cells: allocate("int32", points.length),
      fractions: this.numbers(points.length),
    };
    const corner = Float64Array.from([...this.lower, ...this.period]);
    const { order, cells, fractions } = places;
    const wrong = yield* waitFor(
      this.algebra.place(points, this.lengths, corner, this.window.width, order, cells, fractions),
    );
    if (wrong < 0) return places;
    const point = points.subarray(wrong * axes, (wrong + 1) * axes);
    throw new ArgumentError(`points: expected finite numbers, got row ${wrong}: ${[...point].join(", ")}`);
  }

  /**
   * out `[to.count, columns]` is set to the sum of the terms, from weights `[from.count, columns]`; both have the
   * grid's dtype. Memory beside: `bytes`, and one more transform where a column has several terms.
   */
  *convolve(terms: readonly Term[], from: Places | Sources, weights: RealData, to: Places, out: RealData): Task<void> {
    this.checkTerms(terms, columnsOf("weights", weights, from), columnsOf("out", out, to));
    const grid = this.numbers(this.cells);
    const transforms = new Map<number, Transform>();
    out.fill(0);
    const left = new Set(terms);
    for (const column of new Set(terms.map((term) => term.to))) {
      const own = terms.filter((term) => term.to === column);
      for (const term of own) {
        left.delete(term);
        if (!transforms.has(term.column))
          transforms.set(term.column, yield* this.analyse(from, weights, term.column, grid));
      }
      const sum = yield* this.sumOf(own, transforms, new Set([...left].map((term) => term.column)));
      yield* this.synthesise(sum, to, out, column, grid);
    }
  }

  /** Sum over points of a column of weights times exp(-2 pi i k · x / period), times the window's transforms. */
  *analyse(
    from: Places | Sources,
    weights: RealData,
    column: number,
    grid: RealData = this.numbers(this.cells),
  ): Task<Transform> {
    if ("spread" in from) yield* from.spread(this, grid, weights, column);
    else yield* this.spread(from, weights, column, grid);
    const { re, im } = this.transform();
    yield* waitFor(this.algebra.fourier(grid, re, im, this.lengths));
    return { re, im };
  }

  /** `grid` becomes the sum over points of a column of weights times windows. */
  *spread(from: Places, weights: RealData, column: number, grid: RealData): Task<void> {
    const { algebra, lengths, polynomials, window } = this;
    const { order, cells, fractions } = from;
    const columns = columnsOf("weights", weights, from);
    const { width } = window;
    yield* waitFor(
      algebra.spread(grid, lengths, order, cells, fractions, polynomials, width, weights, columns, column),
    );
  }

  /**
   * A column of `out` becomes the sum over frequencies of a transform, which is overwritten, times exp(2 pi i k · x /
   * period), times the window's transforms over the number of cells.
   */
  *synthesise(
    { re, im }: Transform,
    to: Places,
    out: RealData,
    column: number,
    grid: RealData = this.numbers(this.cells),
  ): Task<void> {
    const { algebra, lengths, polynomials, window } = this;
    const { order, cells, fractions } = to;
    const columns = columnsOf("out", out, to);
    yield* waitFor(algebra.inverseFourier(grid, re, im, lengths));
    yield* waitFor(
      algebra.interpolate(grid, lengths, order, cells, fractions, polynomials, window.width, out, columns, column),
    );
  }

  /** The sum of terms of one column; transforms whose columns are not needed any more are forgotten, or overwritten. */
  private *sumOf(
    terms: readonly Term[],
    transforms: Map<number, Transform>,
    needed: ReadonlySet<number>,
  ): Task<Transform> {
    const first = lookUp(transforms, at(terms, 0).column);
    const sum = terms.length > 1 || needed.has(at(terms, 0).column) ? this.transform() : first;
    for (const [n, { column, spectrum }] of terms.entries()) {
      const { re, im } = lookUp(transforms, column);
      yield* waitFor(this.algebra.multiplySpectrum(sum.re, sum.im, re, im, spectrum.re, spectrum.im, n > 0));
    }
    for (const { column } of terms) if (!needed.has(column)) transforms.delete(column);
    return sum;
  }

  private numbers(count: number): RealData {
    return allocate(this.dtype, count);
  }

  private transform(): Transform {
    return { re: this.numbers(this.modes), im: this.numbers(this.modes) };
  }

  private checkTerms(terms: readonly Term[], columnsIn: number, columnsOut: number): void {
    for (const { spectrum, column, to } of terms) {
      const fits = [spectrum.re, spectrum.im ?? spectrum.re].every((part) => part.length === this.modes);
      if (!fits) throw new ArgumentError(`terms: expected ${this.modes} numbers, got ${spectrum.re.length}`);
      if (!(column < columnsIn && to < columnsOut))
        throw new ArgumentError(`terms: expected columns below ${columnsIn} and ${columnsOut}, got ${column}, ${to}`);
    }
  }
}

/** No points have as many columns as anybody asks for. */
const AS_MANY = 2 ** 20;

/** Columns of a matrix with a row for each point. */
function columnsOf(name: string, matrix: RealData, { count }: Pick<Places, "count">): number {
  const columns = count === 0 ? AS_MANY : matrix.length / count;
  if (Number.isInteger(columns) && columns > 0) return columns;
  throw new ArgumentError(`${name}: expected ${count} rows, got ${matrix.length} numbers`);
}

function checkGrid({ shape, lower, period, window, dtype }: GridGiven): void {
  checkWindow("window", window);
  const axes = shape.length;
  if (!(axes >= 1 && axes <= MOST_AXES && lower.length === axes && period.length === axes))
    throw new ArgumentError(
      `shape: expected 1 to ${MOST_AXES} axes, with corners and periods, got ${shapeText(shape)}`,
    );
  const fits = shape.every((length) => Number.isInteger(length) && length >= window.width && hasTransform(length));
  if (!fits || at(shape, axes - 1) % 2 !== 0 || sizeOf(shape) > MOST_CELLS)
    throw new ArgumentError(
      `shape: expected lengths of gridShapeAtLeast from ${window.width} on, got ${shapeText(shape)}`,
    );
  if (!lower.every(Number.isFinite) || !period.every((length) => length > 0 && Number.isFinite(length)))
    throw new ArgumentError(`period: expected positive numbers, got ${period.join(", ")} from ${lower.join(", ")}`);
  if (!["float32", "float64"].includes(dtype))
    throw new ArgumentError(`dtype: expected float32 or float64, got ${dtype}`);
}

function checkModes({ shape, window }: GridGiven, samples: Float64Array, modes: readonly number[]): void {
  const fits = (length: number, axis: number): boolean =>
    hasTransform(length) && length * window.oversampling <= at(shape, axis) * (1 + ROUNDING);
  if (modes.length !== shape.length || !modes.every(fits) || at(modes, modes.length - 1) % 2 !== 0)
    throw new ArgumentError(
      `modes: expected lengths of gridShapeAtLeast up to those of the grid, ${shapeText(shape)}, ` +
        `over ${window.oversampling}, got ${shapeText(modes)}`,
    );
  if (samples.length !== sizeOf(modes))
    throw new ArgumentError(`samples: expected ${sizeOf(modes)} numbers, got ${samples.length}`);
}

const ROUNDING = 1e-9;
