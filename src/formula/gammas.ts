/**
 * Rows of the operation table: the gamma function's logarithm and derivatives, and modified Bessel functions. The one
 * idea for those with a number in them, an order, is that the number is known when the formula is built: so they become
 * sums of other rows, with coefficients that are computed once, and no device knows them.
 */
import { add, constant, elementwise, expect, minus, mult, square, subtract } from "./core";
import type { Operand, Unary } from "./core";
import type { Formula } from "./formula";
import { floor, ifElse, minimum, maximum, sinh, tan } from "./functions";
import { monotone, valley } from "./intervals";
import type { BoundsRule } from "./intervals";
import { abs, elementwiseWithInteger, elementwiseWithNumber, equal, exp, inv, invOr0, log, pow, sqrt } from "./maths";
import {
  CORRECTIONS,
  besselKOf,
  chebyshevCoefficients,
  cotangentSlope,
  digammaOf,
  factorial,
  gammaPair,
  logGamma,
  polygammaOf,
  scaledBesselK,
  termsOfZeta,
} from "./specialvalues";

/** A rule for positive numbers; where an interval may hold others, nothing is known. */
function wherePositive(rule: BoundsRule<Formula>): BoundsRule<Formula> {
  return (tools, x) => {
    const { lower, upper } = rule(tools, x);
    const { ifElse: choose, minus: negate, infinity } = tools;
    const holdsOther = negate(x.lower);
    return { lower: choose(holdsOther, negate(infinity), lower), upper: choose(holdsOther, infinity, upper) };
  };
}

const sumOf = (terms: readonly Formula[]): Formula => terms.reduce((sum, term) => add(sum, term));

/** c[0] + c[1] x + … */
const polynomial = (coefficients: readonly number[], x: Formula): Formula =>
  coefficients.reduceRight<Formula>((sum, c) => add(c, mult(x, sum)), constant(0));

// -------------------------------------------------------------------------------------------------------- gamma

/** A slope, and 0 at 0, -1, -2, …, where it is infinite, and at -Infinity, where it has no limit. */
function besidePoles(x: Formula, slope: Formula): Formula {
  const isWhole = subtract(equal(x, floor(x)), 1); // 0, or -1 where it is not
  return ifElse(minimum(isWhole, minus(x)), 0, slope);
}

export const lgamma: Unary = elementwise("LGamma", "x", {
  doc: "Logarithm of the size of the gamma function of x; the derivative is 0 at 0, -1, -2, ….",
  method: "lgamma",
  value: logGamma,
  code: (x) => `lgamma(${x})`,
  derivative: (x) => [besidePoles(x, digamma(x))],
  bounds: wherePositive(valley(1.4616321449683622)),
  cost: 150,
  domain: [0.5, 2],
});

export const digamma: Unary = elementwise("Digamma", "x", {
  doc: "Derivative of LGamma(x), NaN at -1, -2, …; its own derivative is 0 there and at 0.",
  value: digammaOf,
  code: (x) => `digamma(${x})`,
  derivative: (x) => [besidePoles(x, polygamma(x, 1))],
  bounds: wherePositive(monotone(1)),
  cost: 150,
  domain: [0.5, 2],
});

/** Derivatives beyond have factorials that no dtype holds. */
const HIGHEST = 100;

/** The derivative number n of digamma. */
export const polygamma: (x: Operand, n: number) => Formula = elementwiseWithInteger("Polygamma", "n", {
  doc: "The derivative number n of Digamma(x), n from 0 to 100.",
  value: (x, n) => (n === 0 ? digammaOf(x) : polygammaOf(n, x)),
  derivative: (x, n) => besidePoles(x, polygamma(x, n + 1)),
  simplify: (x, n) => {
    expect(n >= 0 && n <= HIGHEST, "Polygamma(x, n)", `an integer n from 0 to ${HIGHEST}`, n);
    return n === 0 ? digamma(x) : undefined;
  },
  lower: lowerPolygamma,
  cost: 150,
});

/** At negative numbers by reflection (Abramowitz and Stegun 6.4.7): derivatives of a cotangent are polynomials of it. */
function lowerPolygamma(x: Formula, n: number): Formula {
  const sign = n % 2 === 1 ? 1 : -1;
  const size = mult(sign * factorial(n), zetaOf(n + 1, ifElse(x, x, subtract(1, x))));
  const angle = mult(Math.PI, subtract(x, floor(add(x, 0.5))));
  const slope = cotangentPolynomial(n, inv(tan(ifElse(x, 1, angle))));
  return ifElse(x, size, subtract(mult(-sign, size), mult(Math.PI ** (n + 1), slope)));
}

/** Only even or only odd powers are there, of one sign. */
function cotangentPolynomial(n: number, c: Formula): Formula {
  const coefficients = cotangentSlope(n);
  const isOdd = n % 2 === 0;
  const ofSquare = polynomial(
    coefficients.filter((_, k) => k % 2 === (isOdd ? 1 : 0)),
    square(c),
  );
  return isOdd ? mult(c, ofSquare) : ofSquare;
}

/** The sum of (x + k)^-s by Euler and Maclaurin: some terms, and what the integral of the rest is corrected by. */
function zetaOf(s: number, x: Formula): Formula {
  const count = termsOfZeta(s);
  const terms = Array.from({ length: count }, (_, k) => pow(inv(add(x, k)), s));
  const end = inv(add(x, count));
  let factor = s;
  const corrections = CORRECTIONS.map((correction, j) => {
    const coefficient = correction * factor;
    factor *= (s + 2 * j + 1) * (s + 2 * j + 2);
    return coefficient;
  });
  const rest = add(1 / (s - 1), mult(end, add(0.5, mult(end, polynomial(corrections, square(end))))));
  return add(sumOf(terms.reverse()), mult(pow(end, s - 1), rest));
}

// ------------------------------------------------------------------------------------------------------- Bessel

/** An order takes as many steps of the recurrence, each with its rounding. */
const LARGEST_ORDER = 100;

/** The modified Bessel function K. */
export const besselK: (x: Operand, order: number) => Formula = elementwiseWithNumber("BesselK", "order", {
  doc: "Modified Bessel function K of an order, any number from -100 to 100; infinity at 0, where the derivative is 0.",
  value: (x, order) => besselKOf(order, x),
  derivative: (x, order) => {
    const neighbours = add(besselK(x, Math.abs(order - 1)), besselK(x, order + 1));
    return ifElse(minus(abs(x)), 0, mult(-0.5, neighbours));
  },
  simplify: (x, order) => {
    const size = Math.abs(order);
    expect(size <= LARGEST_ORDER, "BesselK(x, order)", `an order from -${LARGEST_ORDER} to ${LARGEST_ORDER}`, order);
    return order < 0 ? besselK(x, size) : undefined;
  },
  lower: lowerBesselK,
  cost: 200,
});

/** K of orders that differ by 1, the lower one from -1/2 to 1/2. */
type Neighbours = readonly [Formula, Formula];

/** From two low orders up by K(v + 1) = K(v - 1) + 2 v / x K(v), whose terms are positive. */
function lowerBesselK(x: Formula, order: number): Formula {
  const steps = Math.round(order);
  const low = order - steps;
  const positive = Math.abs(low) === 0.5 ? halfIntegerOrder(x, order) : raised(x, low, steps);
  return ifElse(minus(x), minus(log(x)), positive);
}

function raised(x: Formula, low: number, steps: number): Formula {
  const [first, second] = lowOrders(x, low);
  if (steps === 0) return first;
  const doubled = inv(mult(0.5, x));
  let [before, current] = [first, second];
  for (let n = 1; n < steps; n++) [before, current] = [current, add(before, mult(low + n, mult(doubled, current)))];
  return current;
}

/** sqrt(pi / (2 x)) exp(-x) times a polynomial of 1 / (2 x). */
function halfIntegerOrder(x: Formula, order: number): Formula {
  const n = Math.round(order - 0.5);
  const coefficients = Array.from({ length: n + 1 }, (_, j) => factorial(n + j) / (factorial(j) * factorial(n - j)));
  return mult(decay(x), polynomial(coefficients, inv(mult(2, x))));
}

/** The reciprocal of exp(x), and not exp(-x), which engines take for a power of 2, off by as many roundings as x is large. */
const decay = (x: Formula): Formula => mult(sqrt(mult(Math.PI / 2, inv(x))), inv(exp(x)));

/** Up to 1 by series, beyond by Chebyshev's; each has numbers of its own part for those of the other. */
function lowOrders(x: Formula, low: number): Neighbours {
  const isFar = subtract(x, 1);
  const near = seriesNear0(minimum(x, 1), low);
  const far = seriesFarFrom0(maximum(x, 1), low);
  return [ifElse(isFar, far[0], near[0]), ifElse(isFar, far[1], near[1])];
}

function seriesFarFrom0(x: Formula, low: number): Neighbours {
  const decays = decay(x);
  const w = subtract(mult(2, inv(x)), 1);
  const of = (order: number): Formula => mult(decays, chebyshev(coefficientsOf(order), w));
  return [of(low), of(low + 1)];
}

const kept = new Map<number, readonly number[]>();

/** Of K without sqrt(pi / (2 x)) exp(-x), in 1 / x. */
function coefficientsOf(order: number): readonly number[] {
  const found =
    kept.get(order) ?? chebyshevCoefficients((w) => scaledBesselK(order, 1 / w) * Math.sqrt(2 / (Math.PI * w)), 64);
  if (kept.size > 100) kept.clear();
  kept.set(order, found);
  const matters = found.map((c) => Math.abs(c) > 2e-16);
  return found.slice(0, matters.lastIndexOf(true) + 1);
}

/** Clenshaw's recurrence (1955). */
function chebyshev(coefficients: readonly number[], w: Formula): Formula {
  const twice = mult(2, w);
  let [last, before]: [Formula, Formula] = [constant(0), constant(0)];
  for (const c of [...coefficients.slice(1)].reverse())
    [last, before] = [add(subtract(mult(twice, last), before), c), last];
  return add(subtract(mult(w, last), before), coefficients[0] ?? 0);
}

const TERMS = 12;

/** Temme's series (1975), whose terms are multiples of three functions with powers of x² / 4. */
function seriesNear0(x: Formula, m: number): Neighbours {
  const logarithm = log(mult(2, inv(x)));
  const sigma = mult(m, logarithm);
  const [f, p, q] = m === 0 ? atOrder0(logarithm) : besideOrder0(logarithm, sigma, m);
  const z = mult(0.25, square(x));
  const [own, next] = temmeCoefficients(m);
  const combined = (c: Coefficients): Formula =>
    add(mult(polynomial(c.f, z), f), add(mult(polynomial(c.p, z), p), mult(polynomial(c.q, z), q)));
  return [combined(own), mult(inv(mult(0.5, x)), combined(next))];
}

const atOrder0 = (logarithm: Formula): readonly [Formula, Formula, Formula] => [
  add(logarithm, gammaPair(0)[0]),
  constant(0.5),
  constant(0.5),
];

function besideOrder0(logarithm: Formula, sigma: Formula, m: number): readonly [Formula, Formula, Formula] {
  const [difference, mean] = gammaPair(m);
  const power = exp(sigma);
  const hyperbolicSinc = add(mult(sinh(sigma), invOr0(sigma)), equal(sigma, 0));
  const cosine = mult(0.5, add(power, inv(power)));
  const factor = (Math.PI * m) / Math.sin(Math.PI * m);
  const f = add(mult(factor * difference, cosine), mult(factor * mean, mult(logarithm, hyperbolicSinc)));
  const [above, below] = [Math.exp(logGamma(1 + m)), Math.exp(logGamma(1 - m))];
  return [f, mult(0.5 * above, power), mult(0.5 * below, inv(power))];
}

/** How often each of the three functions is there, by powers of x² / 4. */
interface Coefficients {
  readonly f: number[];
  readonly p: number[];
  readonly q: number[];
}

/** For K of order m, and for x / 2 times K of order m + 1. */
function temmeCoefficients(m: number): readonly [Coefficients, Coefficients] {
  const [own, next]: [Coefficients, Coefficients] = [
    { f: [], p: [], q: [] },
    { f: [], p: [], q: [] },
  ];
  let [f, p, q, scale] = [{ f: 1, p: 0, q: 0 }, 1, 1, 1];
  for (let k = 0; k <= TERMS; k++) {
    if (k > 0) {
      const divisor = k * k - m * m;
      f = { f: (k * f.f) / divisor, p: (k * f.p + p) / divisor, q: (k * f.q + q) / divisor };
      [p, q, scale] = [p / (k - m), q / (k + m), scale / k];
    }
    for (const name of ["f", "p", "q"] as const) {
      own[name].push(scale * f[name]);
      next[name].push(scale * ((name === "p" ? p : 0) - k * f[name]));
    }
  }
  return [own, next];
}
