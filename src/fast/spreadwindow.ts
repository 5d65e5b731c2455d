/**
 * The window by which points reach the cells of a grid, exp(beta (sqrt(1 - z²) - 1)) for |z| <= 1 (the exponential of
 * a semicircle: Barnett, Magland and af Klinteberg 2019), as polynomials, and its transform. The one idea is that what
 * cell k counts is a polynomial of where between two cells the point is. Knows no grid.
 */
import { at, realAt } from "../asserts";
import { ArgumentError } from "../errors";
import { describeValue } from "../options";

/** How far a point reaches: `width` cells on each axis, for frequencies of up to 1 / (2 oversampling) per cell. */
export interface Window {
  readonly width: number;
  readonly oversampling: number;
}

/** Cells that a window can have (native/linalg/spread.h). */
const WIDTHS = { least: 3, most: 16 } as const;
const TOLERANCES = { least: 1e-13, most: 0.1 } as const;
/** Below it, few cells between the modes need too wide a window. */
const FINE = 1e-7;

/**
 * The narrowest window whose relative error is below `tolerance`, 0.1 to 1e-13.
 * @param oversampling cells for each mode on an axis; more of them need narrower windows.
 */
export function windowFor(tolerance: number, oversampling: number = tolerance >= FINE ? 1.25 : 2): Window {
  const { least, most } = TOLERANCES;
  if (!(tolerance >= least && tolerance <= most))
    throw new ArgumentError(`tolerance: expected ${least} to ${most}, got ${describeValue(tolerance)}`);
  const width = Math.ceil(Math.log(scaleOf(oversampling) / tolerance) / decayOf(oversampling));
  return { width: Math.min(WIDTHS.most, Math.max(WIDTHS.least, width)), oversampling };
}

/** A window's error is at most about scale · exp(-width · decay), measured where all modes are of one size. */
const decayOf = (oversampling: number): number => Math.PI * Math.sqrt(1 - 1 / oversampling);
const scaleOf = (oversampling: number): number => Math.max(3, 3 + 12 * (oversampling - 1.25));

/** @throws ArgumentError for one that cannot be. */
export function checkWindow(where: string, { width, oversampling }: Window): void {
  if (!(Number.isInteger(width) && width >= WIDTHS.least && width <= WIDTHS.most))
    throw new ArgumentError(
      `${where}.width: expected ${WIDTHS.least} to ${WIDTHS.most} cells, got ${describeValue(width)}`,
    );
  if (!(oversampling > 1 && oversampling <= 4))
    throw new ArgumentError(`${where}.oversampling: expected more than 1 to 4, got ${describeValue(oversampling)}`);
}

/** Wide enough to concentrate the transform on the modes, with a margin for their last ones. */
const betaOf = ({ width, oversampling }: Window): number => 0.97 * Math.PI * width * (1 - 1 / (2 * oversampling));

function valueAt(z: number, beta: number): number {
  const square = 1 - z * z;
  return square < 0 ? 0 : Math.exp(beta * (Math.sqrt(square) - 1));
}

/**
 * Coefficients `[degree + 1, width]` from the highest power on: polynomial k of x in [-1, 1] is the window at the k-th
 * cell of a point whose first cell is (x + 1) / 2 cells inside the window.
 */
export function windowPolynomials(window: Window, degree: number = degreeOf(window)): Float64Array {
  const { width } = window;
  const out = new Float64Array((degree + 1) * width);
  for (let cell = 0; cell < width; cell++)
    fitted(pieceOf(window, cell), degree).forEach((coefficient, power) => {
      out[(degree - power) * width + cell] = coefficient;
    });
  return out;
}

const pieceOf = (window: Window, cell: number): ((x: number) => number) => {
  const beta = betaOf(window);
  return (x) => valueAt((2 * cell + 1 + x) / window.width - 1, beta);
};

/** The least degree whose polynomials are nearer to the window than its own error. */
export function degreeOf(window: Window): number {
  const enough = Math.max(1e-14, 0.1 * Math.exp(-window.width * decayOf(window.oversampling)));
  let degree = 3;
  while (degree < MOST_DEGREE && missOf(window, degree) > enough) degree++;
  return degree;
}

const MOST_DEGREE = 20;

/**
 * The largest error of the polynomials at some points that they were not fitted to; of cells within, as at its ends the
 * window is no polynomial, but as small as its error.
 */
function missOf(window: Window, degree: number): number {
  const middle = window.width >> 1;
  let miss = 0;
  for (let cell = 1; cell <= middle; cell++) {
    const piece = pieceOf(window, cell);
    const coefficients = fitted(piece, degree);
    for (let x = -1; x <= 1; x += 0.0625) miss = Math.max(miss, Math.abs(piece(x) - horner(coefficients, x)));
  }
  return miss;
}

const horner = (coefficients: readonly number[], x: number): number =>
  coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);

/** Coefficients, from the constant on, of the polynomial through a function at the Chebyshev points of [-1, 1]. */
function fitted(f: (x: number) => number, degree: number): number[] {
  const count = degree + 1;
  const angles = Array.from({ length: count }, (_, n) => (Math.PI * (2 * n + 1)) / (2 * count));
  const values = angles.map((angle) => f(Math.cos(angle)));
  const out = new Array<number>(count).fill(0);
  let [before, chebyshev]: number[][] = [[], [1]];
  for (let m = 0; m < count; m++) {
    const sum = values.reduce((total, value, n) => total + value * Math.cos(m * at(angles, n)), 0);
    const coefficient = (sum * (m === 0 ? 1 : 2)) / count;
    chebyshev?.forEach((c, power) => (out[power] = at(out, power) + coefficient * c));
    [before, chebyshev] = [chebyshev ?? [], nextChebyshev(before ?? [], chebyshev ?? [])];
  }
  return out;
}

/** T(1) = x, and T(m + 1) = 2 x T(m) - T(m - 1), as coefficients. */
function nextChebyshev(before: readonly number[], now: readonly number[]): number[] {
  if (before.length === 0) return [0, 1];
  return [0, ...now.map((c) => 2 * c)].map((c, power) => c - (before[power] ?? 0));
}

/**
 * Its Fourier coefficients on an axis of `length` cells, for frequencies 0 … length / 2: the integral of the window
 * times cos(2 pi k u / length) over u in cells.
 */
export function windowTransform(window: Window, length: number): Float64Array {
  const { width } = window;
  const beta = betaOf(window);
  const nodes = 4 * width + 100;
  const out = new Float64Array(Math.floor(length / 2) + 1);
  for (let node = 0; node < nodes; node++) {
    const angle = (Math.PI * (node + 0.5)) / nodes; // z = cos(angle): what is left of the integrand is smooth and periodic
    const z = Math.cos(angle);
    const weight = (valueAt(z, beta) * Math.sin(angle) * Math.PI * width) / (2 * nodes);
    for (let k = 0; k < out.length; k++)
      out[k] = realAt(out, k) + weight * Math.cos((Math.PI * k * width * z) / length);
  }
  return out;
}
