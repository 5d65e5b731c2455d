/**
 * Kernels as products of real features: K(x, y) is near the sum of phi[n](x) phi[n](y), where phi is a cosine or a sine
 * of a mode times the root of twice its coefficient. The one idea is that all inner products of features are sums of
 * exp(-2 pi i q · x) at differences and sums q of two modes, so that their matrix is filled from one transform of the
 * points. Knows no systems.
 */
import { at, integerAt, realAt } from "../asserts";
import type { RealData } from "../device/native";
import type { Task } from "../task";
import { frequencyAt } from "./kernelseries";
import type { KernelSeries } from "./kernelseries";

/** Modes in falling order of their coefficients: one of each pair k, -k, without 0. */
export interface ModeList {
  /** `[count, axes]` */
  readonly frequencies: Int32Array;
  /** Roots of twice their coefficients. */
  readonly scales: Float64Array;
  readonly count: number;
  /** The root of the coefficient of 0. */
  readonly constant: number;
  /** The largest frequencies on each axis. */
  readonly bands: readonly number[];
}

/** Features: that of 0, then cosines, then sines. */
export const featuresOf = ({ count }: ModeList): number => 1 + 2 * count;

/** Places in `coefficients` of one of each pair of modes, from the largest coefficient on. */
export function orderModes(series: KernelSeries): Int32Array {
  const { coefficients, modes } = series;
  const places: number[] = [];
  for (let place = 0; place < coefficients.length; place++)
    if (realAt(coefficients, place) > 0 && isOneOfPair(frequencyAt(place, modes), modes)) places.push(place);
  return Int32Array.from(places).sort((a, b) => realAt(coefficients, b) - realAt(coefficients, a) || a - b);
}

/** The last axis has no negative frequencies; where it has 0, the first of the others that is not 0 decides. */
function isOneOfPair(frequency: readonly number[], modes: readonly number[]): boolean {
  if (frequency.some((k, axis) => 2 * Math.abs(k) === modes[axis])) return false;
  const last = at(frequency, frequency.length - 1);
  return last > 0 || (frequency.find((k) => k !== 0) ?? 0) > 0;
}

/** The modes at the first places of an order. */
export function listModes(series: KernelSeries, order: Int32Array, count: number): ModeList {
  const { coefficients, modes } = series;
  const axes = modes.length;
  const frequencies = new Int32Array(count * axes);
  const scales = new Float64Array(count);
  const bands = modes.map(() => 0);
  for (let n = 0; n < count; n++) {
    const frequency = frequencyAt(integerAt(order, n), modes);
    frequencies.set(frequency, n * axes);
    scales[n] = Math.sqrt(2 * realAt(coefficients, integerAt(order, n)));
    frequency.forEach((k, axis) => (bands[axis] = Math.max(at(bands, axis), Math.abs(k))));
  }
  return { frequencies, scales, count, constant: Math.sqrt(Math.max(0, realAt(coefficients, 0))), bands };
}

/** C(q) = sum over points of cos(q · x), and S(q) of the sines, for |q| <= 2 bands: the place of q is linear in it. */
export interface PointSums {
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
  readonly strides: readonly number[];
  /** The place of 0. */
  readonly origin: number;
}

/** Rows of the matrix between two pauses: some milliseconds. */
const PIECE = 2 ** 20;

/** The lower half of the matrix `[features, features]` of inner products over the points, plus alpha times the unit. */
export function* gramOf(list: ModeList, sums: PointSums, alpha: number): Task<Float64Array> {
  const { count, scales } = list;
  const width = featuresOf(list);
  const out = new Float64Array(width * width);
  const { cosines, sines, origin } = sums;
  const places = placesOf(list, sums);
  const [constant, ofCosines, ofSines] = [list.constant, 1, 1 + count];
  out[0] = constant ** 2 * realAt(cosines, origin);
  for (let a = 0; a < count; a++) {
    if (a % Math.ceil(PIECE / count) === 0) yield;
    const [rowOfCosine, rowOfSine] = [(ofCosines + a) * width, (ofSines + a) * width];
    const [scale, own] = [realAt(scales, a) / 2, integerAt(places, a)];
    out[rowOfCosine] = 2 * scale * constant * realAt(cosines, origin + own);
    out[rowOfSine] = 2 * scale * constant * realAt(sines, origin + own);
    for (let b = 0; b < count; b++) {
      const [less, more] = [origin + own - integerAt(places, b), origin + own + integerAt(places, b)];
      const both = scale * realAt(scales, b);
      out[rowOfSine + ofCosines + b] = both * (realAt(sines, more) + realAt(sines, less));
      if (b > a) continue;
      out[rowOfCosine + ofCosines + b] = both * (realAt(cosines, less) + realAt(cosines, more));
      out[rowOfSine + ofSines + b] = both * (realAt(cosines, less) - realAt(cosines, more));
    }
  }
  for (let n = 0; n < width; n++) out[n * (width + 1)] = realAt(out, n * (width + 1)) + alpha;
  return out;
}

/** The places of modes, relative to that of 0. */
function placesOf({ frequencies, count }: ModeList, { strides }: Pick<PointSums, "strides">): Int32Array {
  const axes = strides.length;
  return Int32Array.from({ length: count }, (_, n) =>
    strides.reduce((place, stride, axis) => place + integerAt(frequencies, n * axes + axis) * stride, 0),
  );
}

// ------------------------------------------------------------------------------------- transforms of a periodic grid

/** Where modes are in the transform of a grid, over the window's transforms. */
export class GridModes {
  private readonly places: Int32Array;
  /** Of the opposite of a mode, where the transform has it; else -1. */
  private readonly opposites: Int32Array;
  private readonly factors: Float64Array;
  private readonly ofZero: number;

  /** @param windows of each axis, for frequencies from 0 on: transforms of the window in cells. */
  constructor(
    private readonly list: ModeList,
    private readonly shape: readonly number[],
    windows: readonly Float64Array[],
  ) {
    const { frequencies, count } = list;
    const axes = shape.length;
    [this.places, this.opposites] = [new Int32Array(count), new Int32Array(count)];
    this.factors = new Float64Array(count);
    for (let n = 0; n < count; n++) {
      const k = [...frequencies.subarray(n * axes, (n + 1) * axes)];
      this.places[n] = placeOf(k, shape);
      const isOnEdge = at(k, axes - 1) === 0;
      this.opposites[n] = isOnEdge
        ? placeOf(
            k.map((f) => -f),
            shape,
          )
        : -1;
      this.factors[n] = k.reduce((factor, f, axis) => factor / realAt(at(windows, axis), Math.abs(f)), 1);
    }
    this.ofZero = windows.reduce((factor, window) => factor / realAt(window, 0), 1);
  }

  /** Features' sums over points: out `[features]` from the transform of what was spread. */
  read(re: RealData, im: RealData, out: Float64Array): void {
    const { list, places, factors } = this;
    out[0] = list.constant * this.ofZero * realAt(re, 0);
    for (let n = 0; n < list.count; n++) {
      const factor = realAt(list.scales, n) * realAt(factors, n);
      out[1 + n] = factor * realAt(re, integerAt(places, n));
      out[1 + list.count + n] = -factor * realAt(im, integerAt(places, n));
    }
  }

  /** The transform, of zeros before, of which interpolation makes the sum of features times `weights` `[features]`. */
  write(weights: Float64Array, re: RealData, im: RealData): void {
    const { list, places, opposites, factors } = this;
    const cells = this.shape.reduce((product, length) => product * length, 1);
    re[0] = list.constant * this.ofZero * cells * realAt(weights, 0);
    for (let n = 0; n < list.count; n++) {
      const factor = (realAt(list.scales, n) * realAt(factors, n) * cells) / 2;
      const [cosine, sine] = [factor * realAt(weights, 1 + n), factor * realAt(weights, 1 + list.count + n)];
      re[integerAt(places, n)] = cosine;
      im[integerAt(places, n)] = -sine;
      if (integerAt(opposites, n) < 0) continue;
      re[integerAt(opposites, n)] = cosine;
      im[integerAt(opposites, n)] = sine;
    }
  }
}

/** The entry of a frequency, whose last component is not negative. */
function placeOf(frequency: readonly number[], shape: readonly number[]): number {
  const last = shape.length - 1;
  return frequency.reduce((place, k, axis) => {
    const length = at(shape, axis);
    return axis === last ? place * (length / 2 + 1) + k : place * length + (k < 0 ? k + length : k);
  }, 0);
}

/** Sums over points for |q| <= 2 bands, from the transform of weights 1 on a grid that holds them. */
export function pointSums(
  list: ModeList,
  { re, im }: { readonly re: RealData; readonly im: RealData },
  shape: readonly number[],
  windows: readonly Float64Array[],
): PointSums {
  const { sides, strides, size, origin } = placesOfPairs(list);
  const [cosines, sines] = [new Float64Array(size), new Float64Array(size)];
  for (let n = 0; n < size; n++) {
    const q = frequencyOfPair(n, sides, strides);
    const factor = q.reduce((product, f, axis) => product / realAt(at(windows, axis), Math.abs(f)), 1);
    const isTurned = at(q, q.length - 1) < 0;
    const place = placeOf(isTurned ? q.map((f) => -f) : q, shape);
    cosines[n] = factor * realAt(re, place);
    sines[n] = (isTurned ? factor : -factor) * realAt(im, place);
  }
  return { cosines, sines, strides, origin };
}

/** Sums and differences of two modes side by side: |q| <= 2 bands. */
function placesOfPairs({ bands }: ModeList): { sides: number[]; strides: number[]; size: number; origin: number } {
  const sides = bands.map((band) => 4 * band + 1);
  const strides = sides.map((_, axis) => sides.slice(axis + 1).reduce((product, side) => product * side, 1));
  const size = sides.reduce((product, side) => product * side, 1);
  return { sides, strides, size, origin: (size - 1) / 2 };
}

const frequencyOfPair = (place: number, sides: readonly number[], strides: readonly number[]): number[] =>
  sides.map((side, axis) => (Math.floor(place / at(strides, axis)) % side) - (side - 1) / 2);

// -------------------------------------------------------------------------------------- quadratic forms of features

/**
 * phi(x) · H phi(x) as the sum over q of C(q) cos(q · x) + S(q) sin(q · x): the transpose of `gramOf`.
 * @param form H, `[features, features]`, symmetric.
 */
export function* formOf(list: ModeList, form: Float64Array): Task<PointSums> {
  const { count, scales, constant } = list;
  const width = featuresOf(list);
  const { strides, size, origin } = placesOfPairs(list);
  const [cosines, sines] = [new Float64Array(size), new Float64Array(size)];
  const places = placesOf(list, { strides });
  const entry = (row: number, column: number): number => realAt(form, row * width + column);
  cosines[origin] = constant ** 2 * entry(0, 0);
  for (let a = 0; a < count; a++) {
    if (a % Math.ceil(PIECE / count) === 0) yield;
    const [ofCosine, ofSine] = [1 + a, 1 + count + a];
    const [scale, own] = [realAt(scales, a), integerAt(places, a)];
    cosines[origin + own]! += 2 * constant * scale * entry(ofCosine, 0);
    sines[origin + own]! += 2 * constant * scale * entry(ofSine, 0);
    for (let b = 0; b < count; b++) {
      const [less, more] = [origin + own - integerAt(places, b), origin + own + integerAt(places, b)];
      const half = (scale * realAt(scales, b)) / 2;
      const [both, sine] = [half * entry(ofCosine, 1 + b), half * entry(ofSine, 1 + count + b)];
      const mixed = 2 * half * entry(ofSine, 1 + b);
      cosines[less]! += both + sine;
      cosines[more]! += both - sine;
      sines[less]! += mixed;
      sines[more]! += mixed;
    }
  }
  return { cosines, sines, strides, origin };
}

/** The transform, of zeros before, of which interpolation makes the derivative of such a sum by the points' `axis`. */
export function writeDerivative(
  list: ModeList,
  { cosines, sines, origin }: PointSums,
  { axis, period }: { readonly axis: number; readonly period: number },
  shape: readonly number[],
  windows: readonly Float64Array[],
  { re, im }: { readonly re: RealData; readonly im: RealData },
): void {
  const { sides, strides, size } = placesOfPairs(list);
  const cells = shape.reduce((product, length) => product * length, 1);
  for (let n = 0; n < size; n++) {
    const q = frequencyOfPair(n, sides, strides);
    if (at(q, q.length - 1) < 0) continue;
    const factor = q.reduce((product, f, k) => product / realAt(at(windows, k), Math.abs(f)), cells);
    const half = (factor * Math.PI * at(q, axis)) / period;
    const [place, opposite] = [placeOf(q, shape), 2 * origin - n];
    re[place] = half * (realAt(sines, n) - realAt(sines, opposite));
    im[place] = half * (realAt(cosines, n) + realAt(cosines, opposite));
  }
}
