/**
 * The smooth step that parts near pairs from far ones: 1 at 0, 0 at 1, and as good as free of frequencies beyond a band.
 * It is the integral of a Kaiser-Bessel window (Kaiser and Schafer 1980), as split sums use for the same end (Jiang and
 * Greengard 2025); the one idea is to write it as a polynomial, so that engines compute it like any other formula.
 */
import { at } from "../asserts";
import { add, constant, mult, square, subtract } from "../formula/core";
import type { Formula } from "../formula/formula";
import { clamp } from "../formula/functions";

export interface Step {
  at(rho: number): number;
  /** Component by component. */
  of(rho: Formula): Formula;
}

/** A step whose spectrum beyond its band is below the tolerance, as is what the polynomial's degree leaves out. */
export function stepFor(tolerance: number): Step {
  const shape = Math.log(1 / tolerance) + BEYOND;
  const coefficients = stepCoefficients(shape, Math.ceil(0.55 * shape + 1));
  return { at: (rho) => stepAt(coefficients, rho), of: (rho) => stepFormula(coefficients, rho) };
}

/** How far the window falls below the tolerance at its ends, as a logarithm. */
const BEYOND = 2.5;

function stepAt(coefficients: readonly number[], rho: number): number {
  const u = Math.min(1, Math.max(-1, 2 * rho - 1));
  const v = 2 * u * u - 1;
  return 0.5 - u * coefficients.reduceRight((sum, c) => sum * v + c, 0);
}

function stepFormula(coefficients: readonly number[], rho: Formula): Formula {
  const u = clamp(subtract(mult(2, rho), 1), -1, 1);
  const v = subtract(mult(2, square(u)), 1);
  const q = coefficients.reduceRight<Formula | undefined>(
    (sum, c) => (sum ? add(mult(sum, v), c) : constant(c)),
    undefined,
  );
  return subtract(0.5, mult(u, q ?? 0));
}

// -------------------------------------------------------------------------------------------------- the polynomial

/**
 * With u = 2 rho - 1 the step is 1/2 - u q(v), v = 2 u² - 1: the coefficients of q, lowest first, interpolated at
 * Chebyshev points.
 */
function stepCoefficients(shape: number, degree: number): number[] {
  const window = (u: number): number => besselI0(shape * Math.sqrt(Math.max(0, 1 - u * u)));
  const nodes = legendreNodes(48);
  const count = degree + 1;
  const angles = Array.from({ length: count }, (_, k) => (Math.PI * (2 * k + 1)) / (2 * count));
  const values = angles.map((angle) => {
    const u = Math.sqrt((Math.cos(angle) + 1) / 2);
    return integrate(window, u, nodes) / u;
  });
  const series = angles.map((_, m) => {
    const sum = values.reduce((sum, value, k) => sum + value * Math.cos(m * at(angles, k)), 0);
    return (sum * (m === 0 ? 1 : 2)) / count;
  });
  const powers = powersOf(series);
  const atEnd = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / (2 * atEnd));
}

/** The coefficients of powers, from those of Chebyshev polynomials. */
function powersOf(series: readonly number[]): number[] {
  const powers = series.map(() => 0);
  let [before, polynomial]: [number[], number[]] = [[], [1]];
  for (const [m, c] of series.entries()) {
    for (const [k, p] of polynomial.entries()) powers[k] = at(powers, k) + c * p;
    const next = [0, ...polynomial.map((p) => (m === 0 ? p : 2 * p))];
    for (const [k, p] of before.entries()) next[k] = at(next, k) - p;
    [before, polynomial] = [polynomial, next];
  }
  return powers;
}

/** The modified Bessel function of order 0, by its series. */
function besselI0(x: number): number {
  let [sum, term] = [1, 1];
  for (let k = 1; term > 1e-17 * sum; k++) sum += term *= (x * x) / (4 * k * k);
  return sum;
}

type Nodes = readonly (readonly [node: number, weight: number])[];

/** From 0 to `end`. */
function integrate(f: (x: number) => number, end: number, nodes: Nodes): number {
  return (end / 2) * nodes.reduce((sum, [node, weight]) => sum + weight * f((end / 2) * (node + 1)), 0);
}

/** Gauss-Legendre: nodes by Newton's method, and their weights. */
function legendreNodes(count: number): Nodes {
  return Array.from({ length: count }, (_, i) => {
    let x = Math.cos((Math.PI * (i + 0.75)) / (count + 0.5));
    let slope = 1;
    for (let step = 0; step < NEWTON; step++) {
      const [value, derivative] = legendre(count, x);
      [x, slope] = [x - value / derivative, derivative];
    }
    return [x, 2 / ((1 - x * x) * slope ** 2)] as const;
  });
}

/** Steps until nothing changes: starts are off by less than 1e-4, and errors are squared. */
const NEWTON = 4;

/** The Legendre polynomial of a degree, and its derivative. */
function legendre(degree: number, x: number): readonly [number, number] {
  let [before, value] = [1, x];
  for (let k = 2; k <= degree; k++) [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
  return [value, (degree * (x * value - before)) / (x * x - 1)];
}
