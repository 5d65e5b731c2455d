/**
 * Special functions of numbers that JavaScript lacks: error functions, gamma functions, Bessel functions. The one idea
 * is series and sums of positive terms, which lose no digits, however many steps they take: they say what rows mean,
 * and give coefficients once. Knows no formula.
 */
import { at } from "../asserts";

const { PI, abs, cos, exp, floor, log, log1p, round, sign, sin, sinh, sqrt, tan } = Math;

// ------------------------------------------------------------------------------------------------- error functions

/** The series (Abramowitz and Stegun 7.1.6) up to 3, the continued fraction (7.1.14) beyond. */
export function errorFunction(x: number): number {
  const size = abs(x);
  return sign(x) * (size < 3 ? seriesOfErf(size) : 1 - restOfErf(size));
}

/** 1 less the error function, by the continued fraction from 1 on, so that it keeps its digits where it is small. */
export function complementOfErf(x: number): number {
  return x < 1 ? 1 - errorFunction(x) : restOfErf(x);
}

function seriesOfErf(x: number): number {
  let [term, total] = [x, x];
  for (let n = 1; term > 1e-18 * total; n++) total += term *= (2 * x * x) / (2 * n + 1);
  return (2 / sqrt(PI)) * exp(-x * x) * total;
}

function restOfErf(x: number): number {
  let fraction = x;
  for (let n = 60 + round(800 / (x * x)); n >= 1; n--) fraction = x + n / 2 / fraction;
  return exp(-x * x) / (sqrt(PI) * fraction);
}

// ------------------------------------------------------------------------------------------------- gamma functions

/** B(2j) / (2j)! for j = 1, 2, …: what Euler and Maclaurin's sums are corrected by. */
export const CORRECTIONS: readonly number[] = [
  1 / 12,
  -1 / 720,
  1 / 30240,
  -1 / 1209600,
  1 / 47900160,
  -691 / 1307674368000,
  1 / 74724249600,
  -3617 / 10670622842880000,
];

/** Terms that are summed one by one before the rest is taken for an integral. */
export const termsOfZeta = (s: number): number => 8 + Math.ceil(s / 2);

/** Hurwitz's zeta function: the sum over k = 0, 1, … of (x + k)^-s, for s > 1 and x >= 0. */
export function hurwitzZeta(s: number, x: number): number {
  let sum = 0;
  const count = termsOfZeta(s);
  for (let k = 0; k < count; k++) sum += (x + k) ** -s;
  const end = x + count;
  let term = s * end ** (-s - 1);
  let corrections = 0;
  CORRECTIONS.forEach((correction, j) => {
    corrections += correction * term;
    term *= ((s + 2 * j + 1) * (s + 2 * j + 2)) / (end * end);
  });
  return sum + (end ** (1 - s) / (s - 1) + 0.5 * end ** -s + corrections);
}

export const EULER_GAMMA = 0.5772156649015329;

let zetas: readonly number[] | undefined;
/** zeta(k) - 1 for k = 2, 3, …, 40, at place k. */
const zetasLess1 = (): readonly number[] =>
  (zetas ??= Array.from({ length: 41 }, (_, k) => (k < 2 ? 0 : hurwitzZeta(k, 2))));

/** log gamma(2 + t), and its derivative, for |t| <= 1/2: Taylor's series (Abramowitz and Stegun 6.1.33). */
const logGammaFrom2 = (t: number): number => t * powerSeries(t, (k) => at(zetasLess1(), k) / k);
const digammaFrom2 = (t: number): number => powerSeries(t, (k) => at(zetasLess1(), k));

/** 1 - Euler's constant less the sum of coefficient(k) (-t)^(k - 1). */
function powerSeries(t: number, coefficient: (k: number) => number): number {
  let sum = 0;
  for (let k = 40; k >= 2; k--) sum = -t * (sum + coefficient(k));
  return 1 - EULER_GAMMA - sum;
}

/** log |gamma(x)|; infinity at 0, -1, -2, … */
export function logGamma(x: number): number {
  if (x < 0) return x === -Infinity ? Infinity : log(PI / abs(sin(PI * (x - round(x))))) - logGamma(1 - x);
  if (x < 0.5) return logGamma(x + 1) - log(x);
  if (x < 1.5) return logGammaFrom2(x - 1) - log1p(x - 1);
  if (x > 15) return (x - 0.5) * (log(x) - 1) + stirling(x);
  let [rest, product] = [x, 1];
  while (rest > 2.5) product *= rest -= 1;
  return log(product) + logGammaFrom2(rest - 2);
}

/** (log(2 pi) - 1) / 2 and Stirling's series, as Euler and Maclaurin have it. */
function stirling(x: number): number {
  const terms = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156];
  return 0.4189385332046727 + terms.reduceRight((sum, term) => term + sum / (x * x), 0) / x;
}

/** The derivative of log gamma; NaN at -1, -2, … */
export function digammaOf(x: number): number {
  if (x < 0) return x === floor(x) ? NaN : digammaOf(1 - x) - PI / tan(PI * (x - round(x)));
  if (x < 0.5) return digammaOf(x + 1) - 1 / x;
  if (x < 1.5) return digammaFrom2(x - 1) - 1 / x;
  let [rest, sum] = [x, 0];
  if (x > 15) return log(x) - 1 / (2 * x) - restOfDigamma(x);
  while (rest > 2.5) sum += 1 / (rest -= 1);
  return sum + digammaFrom2(rest - 2);
}

function restOfDigamma(x: number): number {
  const terms = [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12];
  return terms.reduceRight((sum, term) => term + sum / (x * x), 0) / (x * x);
}

export const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));

/**
 * Coefficients of the derivative number n of cot(pi x) / pi^n as a polynomial of c = cot(pi x), lowest first: with each
 * derivative p(c) becomes -(1 + c²) p'(c). All that are not 0 have one sign.
 */
export function cotangentSlope(n: number): readonly number[] {
  let p: readonly number[] = [0, 1];
  for (let order = 0; order < n; order++) {
    const slope = p.slice(1).map((coefficient, k) => -(k + 1) * coefficient);
    p = [...slope, 0, 0].map((coefficient, k) => coefficient + (slope[k - 2] ?? 0));
  }
  return p;
}

/** The derivative number n >= 1 of digamma. */
export function polygammaOf(n: number, x: number): number {
  const size = (n % 2 === 1 ? 1 : -1) * factorial(n) * hurwitzZeta(n + 1, x < 0 ? 1 - x : x);
  if (!(x < 0)) return size;
  const c = 1 / tan(PI * (x - floor(x + 0.5)));
  const slope = cotangentSlope(n).reduce(
    (sum, coefficient, k) => (coefficient === 0 ? sum : sum + coefficient * c ** k),
    0,
  );
  return (n % 2 === 1 ? -size : size) - PI ** (n + 1) * slope;
}

// ------------------------------------------------------------------------------------------------ Bessel functions

/** exp(x) times the modified Bessel function K of an order at x. */
export function scaledBesselK(order: number, x: number): number {
  if (!(x > 0)) return x === 0 ? Infinity : NaN;
  if (x === Infinity) return 0;
  // The integral of exp(-x cosh t) cosh(order t) (Abramowitz and Stegun 9.6.24) by the trapezoidal rule, whose error falls
  // exponentially with the step (Trefethen and Weideman 2014).
  const step = Math.min(0.125, 0.45 / sqrt(x));
  let sum = 0.5;
  for (let n = 1; ; n++) {
    const t = n * step;
    const [falls, grows] = [2 * x * sinh(t / 2) ** 2, order * t];
    const term = 0.5 * (exp(grows - falls) + exp(-grows - falls));
    sum += term;
    if (!(term > 1e-18 * sum) || sum === Infinity) return step * sum;
  }
}

export const besselKOf = (order: number, x: number): number => exp(-x) * scaledBesselK(order, x);

/** 1 / gamma(1 - m) and 1 / gamma(1 + m): half their difference over m, and half their sum, for |m| <= 1/2. */
export function gammaPair(m: number): readonly [difference: number, mean: number] {
  const even = -0.5 * (logGamma(1 - m) + logGamma(1 + m));
  const zeta = (k: number): number => 1 + at(zetasLess1(), k);
  let odd = 0; // of log gamma(1 + m), over m
  for (let k = 39; k >= 3; k -= 2) odd = m * m * (odd - zeta(k) / k);
  odd -= EULER_GAMMA;
  const half = odd * m;
  return [exp(even) * odd * (half === 0 ? 1 : sinh(half) / half), exp(even) * Math.cosh(half)];
}

/** Coefficients of Chebyshev's polynomials of 2 w - 1 whose sum is f(w) for w from 0 to 1, of so many points. */
export function chebyshevCoefficients(f: (w: number) => number, count: number): readonly number[] {
  // Whole turns are left out as integers: of a large angle the cosine has few digits.
  const cosine = (k: number, n: number): number => cos((PI * ((k * (2 * n + 1)) % (4 * count))) / (2 * count));
  const values = Array.from({ length: count }, (_, n) => f(0.5 + 0.5 * cosine(1, n)));
  return values.map((_, k) => {
    const sum = values.reduce((total, value, n) => total + value * cosine(k, n), 0);
    return ((k === 0 ? 1 : 2) / count) * sum;
  });
}
