/**
 * Rows of the operation table: functions of real numbers, component by component. Circular, hyperbolic, rounding,
 * piecewise.
 */
import { add, constant, elementwise, formulaSlot, integerSlot, macro, minus, mult, square, subtract } from "./core";
import type { Binary, Operand, Unary } from "./core";
import type { Formula } from "./formula";
import { corners, isBounded, isPoint, monotone, valley } from "./intervals";
import type { BoundsRule, Interval, Ruled, Tools } from "./intervals";
import {
  abs,
  elementwiseWithInteger,
  equal,
  exp,
  inv,
  invOr0,
  lessOrEqual,
  lessThan,
  log,
  notEqual,
  rsqrt,
  step,
} from "./maths";
import { complementOfErf, errorFunction } from "./specialvalues";

// ---------------------------------------------------------------------------------------------- circular functions

export const sin: Unary = elementwise("Sin", "x", {
  doc: "Sine of x, an angle in radians.",
  value: Math.sin,
  code: (x) => `sin(${x})`,
  derivative: (x) => [cos(x)],
  bounds: boundsOfWave(0.25, 0.75),
  cost: 24,
});

export const cos: Unary = elementwise("Cos", "x", {
  doc: "Cosine of x, an angle in radians.",
  value: Math.cos,
  code: (x) => `cos(${x})`,
  derivative: (x) => [minus(sin(x))],
  bounds: boundsOfWave(0, 0.5),
  cost: 24,
});

/** How many numbers (phase + n) period, n an integer, an interval may hold: 1 or more, or 0 and less. */
function countOf({ lower, upper }: Interval<Formula>, period: number, phase: number, unit: number): Formula {
  const turns = (end: Formula, sign: 1 | -1): Formula => {
    const quotient = mult(1 / period, end);
    const margin = mult(sign * 8 * unit, add(1, abs(quotient)));
    return floor(add(subtract(quotient, phase), margin));
  };
  return subtract(turns(upper, 1), turns(lower, -1));
}

/** For waves between -1 and 1, from where they are largest and smallest in a turn. */
function boundsOfWave(crest: number, trough: number): BoundsRule<Formula> {
  return ({ at, unit }, x) => {
    const [first, last] = [at(x.lower), at(x.upper)];
    const holds = (phase: number): Formula => subtract(countOf(x, 2 * Math.PI, phase, unit), 1);
    return {
      lower: minimum(ifElse(holds(trough), -1, last), first),
      upper: maximum(ifElse(holds(crest), 1, first), last),
      range: [-1, 1],
      neverNaN: isBounded(x),
    };
  };
}

/** Grows between poles. */
function boundsOfTan({ at, unit, infinity }: Tools<Formula>, x: Interval<Formula>): Ruled<Formula> {
  const holdsPole = subtract(countOf(x, Math.PI, 0.5, unit), 1);
  return {
    lower: ifElse(holdsPole, minus(infinity), at(x.lower)),
    upper: ifElse(holdsPole, infinity, at(x.upper)),
  };
}

export const tan: Unary = elementwise("Tan", "x", {
  doc: "Tangent of x, an angle in radians.",
  value: Math.tan,
  code: (x) => `tan(${x})`,
  derivative: (x) => [add(1, square(tan(x)))],
  bounds: boundsOfTan,
  cost: 40,
});

export const sinXDivX: Unary = elementwise("SinXDivX", "x", {
  doc: "Sine of x over x; 1 at 0, where the derivative is 0.",
  method: "sinxdivx sinc",
  value: (x) => (x === 0 ? 1 : Math.sin(x) / x),
  code: (x) => `select(eq(${x}, 0.0), 1.0, sin(${x}) / ${x})`,
  derivative: (x) => [slopeOfSinc(x)],
  bounds: boundsOfSinc,
  ulps: 6,
  cost: 34,
});

/** Falls up to 4.493 from 0; beyond are waves between -0.2173 and 0.1284, and below 1 / |x|. */
function boundsOfSinc({ at, clamp }: Tools<Formula>, x: Interval<Formula>): Ruled<Formula> {
  const nearest = abs(clamp(0, x.lower, x.upper));
  const farthest = maximum(abs(x.lower), abs(x.upper));
  const [largest, smallest] = [at(nearest), at(farthest)];
  const [fallsThroughout, fallsAtFirst] = [subtract(4.493, farthest), subtract(4.493, nearest)];
  const crest = ifElse(fallsAtFirst, maximum(largest, 0.1284), minimum(0.1284, inv(nearest)));
  const trough = maximum(-0.2173, minus(inv(nearest)));
  return {
    lower: minimum(ifElse(fallsThroughout, smallest, trough), smallest),
    upper: maximum(ifElse(fallsThroughout, largest, crest), smallest),
    range: [-1, 1],
    neverNaN: isBounded(x),
  };
}

/**
 * Each of two ways takes its own part of the numbers, and elsewhere a number of that part: no overflow of what is not
 * chosen may reach the next derivative.
 */
function slopeOfSinc(x: Formula): Formula {
  const isFar = subtract(abs(x), 0.5);
  return ifElse(isFar, slopeOfSincFarFromZero(ifElse(isFar, x, 1)), slopeOfSincNearZero(ifElse(isFar, 0, x)));
}

/** (cos x - sin x / x) / x. */
const slopeOfSincFarFromZero = (x: Formula): Formula => mult(subtract(cos(x), sinXDivX(x)), inv(x));

/** Sum of (-1)^n 2 n x^(2n-1) / (2n+1)!: the difference above has no digits left near 0. */
function slopeOfSincNearZero(x: Formula): Formula {
  const terms = [-1 / 3, 1 / 30, -1 / 840, 1 / 45360, -1 / 3991680, 1 / 518918400];
  const z = square(x);
  const last = constant(-1 / 93405312000);
  return mult(
    x,
    terms.reduceRight<Formula>((sum, term) => add(term, mult(z, sum)), last),
  );
}

export const asin: Unary = elementwise("Asin", "x", {
  doc: "Arcsine of x.",
  value: Math.asin,
  code: (x) => `asin(${x})`,
  derivative: (x) => [slopeOfAsin(x)],
  bounds: monotone(1),
  cost: 32,
  domain: [-0.9, 0.9],
});

export const acos: Unary = elementwise("Acos", "x", {
  doc: "Arccosine of x.",
  value: Math.acos,
  code: (x) => `acos(${x})`,
  derivative: (x) => [minus(slopeOfAsin(x))],
  bounds: monotone(-1),
  cost: 34,
  domain: [-0.9, 0.9],
});

/** 1 / sqrt(1 - x^2), 0 at -1 and 1; by factors that lose no digits there. */
const slopeOfAsin = (x: Formula): Formula => rsqrt(mult(subtract(1, x), add(1, x)));

export const atan: Unary = elementwise("Atan", "x", {
  doc: "Arctangent of x.",
  value: Math.atan,
  code: (x) => `atan(${x})`,
  derivative: (x) => [inv(add(1, square(x)))],
  bounds: monotone(1),
  cost: 34,
});

export const atan2: Binary = elementwise("Atan2", "y x", {
  doc: "The angle of the point (x, y), from -pi to pi.",
  value: Math.atan2,
  code: (y, x) => `atan2(${y}, ${x})`,
  derivative: (y, x) => [overSquares(x, y), minus(overSquares(y, x))],
  bounds: boundsOfAngle,
  cost: 40,
});

/** The angles of a box's corners are its extreme ones, unless the box touches the half-line where they jump. */
function boundsOfAngle(tools: Tools<Formula>, y: Interval<Formula>, x: Interval<Formula>): Ruled<Formula> {
  const { lower, upper } = corners<Formula>()(tools, y, x);
  const holdsAxis = mult(lessOrEqual(y.lower, 0), lessOrEqual(0, y.upper));
  const jumps = subtract(mult(holdsAxis, lessOrEqual(x.lower, 0)), 1);
  return {
    lower: ifElse(jumps, -Math.PI, lower),
    upper: ifElse(jumps, Math.PI, upper),
    range: [-Math.PI, Math.PI],
    neverNaN: true,
  };
}

/** A sum q of squares equals 2 q only where it is 0 or infinite. */
const overSquares: Binary = elementwise("OverSquares", "x y", {
  doc: "x / (x² + y²); 0 where both are 0 or one is infinite.",
  value: (x, y) => {
    const squares = x * x + y * y;
    return squares === 0 || squares === Infinity ? 0 : x / squares;
  },
  code: (x, y) => {
    const squares = `(${x} * ${x} + ${y} * ${y})`;
    return `select(eq(${squares}, ${squares} + ${squares}), 0.0, ${x} * inverse(${squares}))`;
  },
  derivative: (x, y) => {
    const [ofX, ofY] = [overSquares(x, y), overSquares(y, x)];
    return [subtract(square(ofY), square(ofX)), mult(-2, mult(ofX, ofY))];
  },
  bounds: (tools) => tools.bounds((x, y) => mult(x, inv(add(square(x), square(y))))),
  ulps: 0,
  cost: 14,
  domain: [0.5, 2],
});

// -------------------------------------------------------------------------------------------- hyperbolic and kin

export const sinh: Unary = elementwise("Sinh", "x", {
  doc: "Hyperbolic sine of x.",
  value: Math.sinh,
  code: (x) => `sinh(${x})`,
  derivative: (x) => [cosh(x)],
  bounds: monotone(1),
  cost: 34,
});

export const cosh: Unary = elementwise("Cosh", "x", {
  doc: "Hyperbolic cosine of x.",
  value: Math.cosh,
  code: (x) => `cosh(${x})`,
  derivative: (x) => [sinh(x)],
  bounds: valley(0),
  cost: 26,
});

export const tanh: Unary = elementwise("Tanh", "x", {
  doc: "Hyperbolic tangent of x.",
  value: Math.tanh,
  code: (x) => `tanh(${x})`,
  derivative: (x) => [subtract(1, square(tanh(x)))],
  bounds: monotone(1),
  cost: 36,
});

export const asinh: Unary = elementwise("Asinh", "x", {
  doc: "Inverse hyperbolic sine of x.",
  value: Math.asinh,
  code: (x) => `asinh(${x})`,
  derivative: (x) => [rsqrt(add(1, square(x)))],
  bounds: monotone(1),
  cost: 50,
});

export const acosh: Unary = elementwise("Acosh", "x", {
  doc: "Inverse hyperbolic cosine of x; the derivative at 1 is 0.",
  value: Math.acosh,
  code: (x) => `acosh(${x})`,
  derivative: (x) => [mult(rsqrt(subtract(x, 1)), rsqrt(add(x, 1)))],
  bounds: monotone(1),
  cost: 60,
  domain: [1.5, 3],
});

export const atanh: Unary = elementwise("Atanh", "x", {
  doc: "Inverse hyperbolic tangent of x; the derivative at -1 and 1 is 0.",
  value: Math.atanh,
  code: (x) => `atanh(${x})`,
  derivative: (x) => [mult(invOr0(subtract(1, x)), invOr0(add(1, x)))],
  bounds: monotone(1),
  cost: 40,
  domain: [-0.9, 0.9],
});

export const sigmoid: Unary = elementwise("Sigmoid", "x", {
  doc: "1 / (1 + exp(-x)).",
  value: (x) => 1 / (1 + Math.exp(-x)),
  code: (x) => `inverse(1.0 + exp(-${x}))`,
  derivative: (x) => [mult(sigmoid(x), sigmoid(minus(x)))],
  bounds: monotone(1),
  ulps: 6,
  cost: 22,
});

export const softplus: Unary = elementwise("Softplus", "x", {
  doc: "log(1 + exp(x)), without overflow.",
  value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  code: (x) => `select(lt(${x}, 0.0), 0.0, ${x}) + log1p(exp(-abs(${x})))`,
  derivative: (x) => [sigmoid(x)],
  bounds: monotone(1),
  ulps: 6,
  cost: 40,
});

export const log1p: Unary = elementwise("Log1p", "x", {
  doc: "log(1 + x), precise near 0.",
  value: Math.log1p,
  code: (x) => `log1p(${x})`,
  derivative: (x) => [invOr0(add(1, x))],
  bounds: monotone(1),
  cost: 24,
  domain: [-0.5, 1],
});

export const log2: Unary = elementwise("Log2", "x", {
  doc: "Logarithm of x to the base 2.",
  value: Math.log2,
  code: (x) => `log2(${x})`,
  derivative: (x) => [mult(Math.LOG2E, invOr0(x))],
  bounds: monotone(1),
  cost: 40,
  domain: [0.5, 2],
});

export const log10: Unary = elementwise("Log10", "x", {
  doc: "Logarithm of x to the base 10.",
  value: Math.log10,
  code: (x) => `log10(${x})`,
  derivative: (x) => [mult(Math.LOG10E, invOr0(x))],
  bounds: monotone(1),
  cost: 45,
  domain: [0.5, 2],
});

export const cbrt: Unary = elementwise("Cbrt", "x", {
  doc: "Cube root of x; the derivative at 0 is 0.",
  value: Math.cbrt,
  code: (x) => `cbrt(${x})`,
  derivative: (x) => [mult(1 / 3, square(invOr0(cbrt(x))))],
  bounds: monotone(1),
  cost: 60,
  domain: [0.5, 2],
});

export const expm1: Unary = elementwise("Expm1", "x", {
  doc: "exp(x) - 1, precise near 0.",
  value: Math.expm1,
  code: (x) => `expm1(${x})`,
  derivative: (x) => [exp(x)],
  bounds: monotone(1),
  cost: 24,
});

export const erf: Unary = elementwise("Erf", "x", {
  doc: "Error function of x.",
  value: errorFunction,
  code: (x) => `erf(${x})`,
  derivative: (x) => [mult(2 / Math.sqrt(Math.PI), exp(minus(square(x))))],
  bounds: monotone(1),
  cost: 50,
});

export const erfc: Unary = elementwise("Erfc", "x", {
  doc: "1 - Erf(x), precise where that is small.",
  value: complementOfErf,
  code: (x) => `erfc(${x})`,
  derivative: (x) => [mult(-2 / Math.sqrt(Math.PI), exp(minus(square(x))))],
  bounds: monotone(-1),
  ulps: 6,
  cost: 70,
});

export const xLogX: Unary = elementwise("XLogX", "x", {
  doc: "x log(x); 0 at 0, and its derivative too.",
  method: "xlogx",
  value: (x) => (x === 0 ? 0 : x * Math.log(x)),
  code: (x) => `select(eq(${x}, 0.0), 0.0, ${x} * log(${x}))`,
  derivative: (x) => [add(log(add(x, equal(x, 0))), notEqual(x, 0))],
  bounds: valley(1 / Math.E),
  ulps: 6,
  cost: 25,
  domain: [0.5, 2],
});

// ------------------------------------------------------------------------------------------------ piecewise linear

export const relu: Unary = elementwise("ReLU", "x", {
  doc: "x, or 0 where x is negative.",
  method: "relu",
  value: (x) => (x < 0 ? 0 : x),
  code: (x) => `select(lt(${x}, 0.0), 0.0, ${x})`,
  derivative: (x) => [step(x)],
  bounds: monotone(1),
  ulps: 0,
  cost: 2,
});

/** Where both are equal, the first one counts. */
export const minimum: Binary = elementwise("Minimum", "x y", {
  doc: "The smaller of x and y, component by component; the gradient at ties goes to x.",
  value: (x, y) => (x <= y || Number.isNaN(x) ? x : y),
  code: (x, y) => `select(le(${x}, ${y}), ${x}, select(eq(${x}, ${x}), ${y}, ${x}))`,
  derivative: (x, y) => [lessOrEqual(x, y), lessThan(y, x)],
  bounds: monotone(1, 1),
  ulps: 0,
  cost: 4,
});

export const maximum: Binary = elementwise("Maximum", "x y", {
  doc: "The larger of x and y, component by component; the gradient at ties goes to x.",
  value: (x, y) => (y <= x || Number.isNaN(x) ? x : y),
  code: (x, y) => `select(le(${y}, ${x}), ${x}, select(eq(${x}, ${x}), ${y}, ${x}))`,
  derivative: (x, y) => [lessOrEqual(y, x), lessThan(x, y)],
  bounds: monotone(1, 1),
  ulps: 0,
  cost: 4,
});

/** x between the bounds a and b. */
export const clamp: (x: Operand, a: Operand, b: Operand) => Formula = elementwise("Clamp", "x a b", {
  doc: "x, or a where x is smaller, or b where x is larger.",
  value: (x, a, b) => (x < a || Number.isNaN(a) ? a : x > b || Number.isNaN(b) ? b : x),
  code: (x, a, b) => `select(le(${a}, ${x}), select(le(${x}, ${b}), ${x}, ${b}), select(eq(${x}, ${x}), ${a}, ${x}))`,
  derivative: (x, a, b) => [isBetween(x, a, b), lessThan(x, a), mult(lessOrEqual(a, x), lessThan(b, x))],
  bounds: boundsOfClamp,
  ulps: 0,
  cost: 6,
});

/** Grows with all three where a is at most b; else a and b are what may come out. */
function boundsOfClamp(
  { at }: Tools<Formula>,
  x: Interval<Formula>,
  a: Interval<Formula>,
  b: Interval<Formula>,
): Ruled<Formula> {
  const [low, high] = [at(x.lower, a.lower, b.lower), at(x.upper, a.upper, b.upper)];
  if (a.range[1] <= b.range[0]) return { lower: low, upper: high, range: [a.range[0], b.range[1]], neverNaN: true };
  const isOrdered = subtract(b.lower, a.upper);
  return {
    lower: ifElse(isOrdered, low, minimum(low, minimum(a.lower, b.lower))),
    upper: ifElse(isOrdered, high, maximum(high, maximum(a.upper, b.upper))),
  };
}

const isBetween = (x: Operand, a: Operand, b: Operand): Formula => mult(lessOrEqual(a, x), lessOrEqual(x, b));
const boundSlots = [formulaSlot("x"), integerSlot("a"), integerSlot("b")];

macro("ClampInt", {
  doc: "x, or the integer `a` where x is smaller, or `b` where x is larger.",
  slots: boundSlots,
  build: ([x, a, b]) => clamp(x as Formula, constant(a as number), constant(b as number)),
});
macro("DiffClampInt", {
  doc: "1 where x is from the integer `a` to `b`, else 0.",
  slots: boundSlots,
  build: ([x, a, b]) => isBetween(x as Formula, constant(a as number), constant(b as number)),
});

/** a where f >= 0, else b. */
export const ifElse: (f: Operand, a: Operand, b: Operand) => Formula = elementwise("IfElse", "f a b", {
  doc: "a where f >= 0, else b, also where f is NaN.",
  method: "ifelse",
  value: (f, a, b) => (f >= 0 ? a : b),
  code: (f, a, b) => `select(le(0.0, ${f}), ${a}, ${b})`,
  derivative: (f) => [null, lessOrEqual(0, f), subtract(1, lessOrEqual(0, f))],
  bounds: boundsOfChoice,
  ulps: 0,
  cost: 2,
});

/** What is taken where the sign of f is certain, else both. */
function boundsOfChoice(_: unknown, f: Interval<Formula>, a: Interval<Formula>, b: Interval<Formula>): Ruled<Formula> {
  const isNegative = subtract(lessThan(f.upper, 0), 1);
  const chosen = (ofA: Formula, ofB: Formula, extreme: Binary): Formula =>
    ifElse(f.lower, ofA, ifElse(isNegative, ofB, extreme(ofA, ofB)));
  const { min, max } = Math;
  return {
    lower: chosen(a.lower, b.lower, minimum),
    upper: chosen(a.upper, b.upper, maximum),
    range: [min(a.range[0], b.range[0]), max(a.range[1], b.range[1])],
    neverNaN: true,
  };
}

// -------------------------------------------------------------------------------------------------------- rounding

export const floor: Unary = elementwise("Floor", "x", {
  doc: "The largest integer that is not above x; the derivative is 0.",
  value: Math.floor,
  code: (x) => `floor(${x})`,
  derivative: () => [null],
  bounds: monotone(1),
  ulps: 0,
  cost: 2,
});

export const ceil: Unary = elementwise("Ceil", "x", {
  doc: "The smallest integer that is not below x; the derivative is 0.",
  value: Math.ceil,
  code: (x) => `(-floor(-${x}))`,
  derivative: () => [null],
  bounds: monotone(1),
  ulps: 0,
  cost: 4,
});

/**
 * x rounded to a multiple of b / a. Two numbers, because powers of ten below 1 are not exact; 0 has no multiples, and
 * gives NaN.
 */
const roundTo: (x: Operand, a: Operand, b: Operand) => Formula = elementwise("RoundTo", "x a b", {
  doc: "x rounded to a multiple of b / a, halves away from 0; the derivative by x is 0.",
  value: (x, a, b) => roundMultiples(x + (b - b) / b, (x * a) / b, (n) => (n * b) / a),
  code: (x, a, b) =>
    `select(le(1.0e16, abs(${x} * ${a} / ${b})), ${x} + (${b} - ${b}) / ${b}, roundHalfAway(${x} * ${a} / ${b}) * ${b} / ${a})`,
  derivative: (x, a, b) => [null, minus(mult(roundTo(x, a, b), inv(a))), mult(roundTo(x, a, b), inv(b))],
  bounds: boundsOfRounding,
  cost: 14,
  domain: [0.5, 2],
});

/** Grows with x; what is close to half of a multiple may be rounded to either side. */
function boundsOfRounding(
  { at, unit, infinity }: Tools<Formula>,
  x: Interval<Formula>,
  a: Interval<Formula>,
  b: Interval<Formula>,
): Ruled<Formula> {
  if (!isPoint(a) || !isPoint(b)) return { lower: minus(infinity), upper: infinity };
  const moved = (end: Formula, sign: 1 | -1): Formula => add(end, mult(sign * 4 * unit, abs(end)));
  return { lower: at(moved(x.lower, -1), a.lower, b.lower), upper: at(moved(x.upper, 1), a.lower, b.lower) };
}

const roundHalfAway = (x: number): number => Math.sign(x) * Math.round(Math.abs(x));

/** Numbers of 2^53 multiples and more are rounded already; so are those whose multiples would overflow. */
const roundMultiples = (x: number, multiples: number, times: (n: number) => number): number =>
  Math.abs(multiples) >= 1e16 ? x : times(roundHalfAway(multiples));

/** x rounded to `digits` decimal places, halves away from 0. */
export const round: (x: Operand, digits: number) => Formula = elementwiseWithInteger("Round", "digits=0", {
  doc: "x rounded to `digits` decimal places, halves away from 0; the derivative is 0.",
  value: (x, digits) => {
    const unit = 10 ** Math.abs(digits);
    return digits < 0 ? roundMultiples(x, x / unit, (n) => n * unit) : roundMultiples(x, x * unit, (n) => n / unit);
  },
  lower: (x, digits) => roundTo(x, 10 ** Math.max(0, digits), 10 ** Math.max(0, -digits)),
  derivative: () => null,
});

/** x - n floor((x - d) / n). */
export const mod: (x: Operand, n: Operand, d: Operand) => Formula = elementwise("Mod", "x n d=0", {
  doc: "x modulo n, from d on: x - n floor((x - d) / n).",
  value: (x, n, d) => x - n * Math.floor((x - d) / n),
  code: (x, n, d) => `(${x} - ${n} * floor((${x} - ${d}) / ${n}))`,
  // The quotient of the value itself: another rounding of it would give another integer where x is a multiple of n.
  derivative: (x, n, d) => [constant(1), minus(round(mult(subtract(x, mod(x, n, d)), inv(n)), 0)), null],
  bounds: boundsOfRemainder,
  ulps: 0,
  cost: 14,
  domain: [0.5, 2],
});

/** From d to d + n; in an interval without jump, x less as many n as everywhere in it. */
function boundsOfRemainder(
  { unit, infinity }: Tools<Formula>,
  x: Interval<Formula>,
  n: Interval<Formula>,
  d: Interval<Formula>,
): Ruled<Formula> {
  const sizeOf = ({ lower, upper }: Interval<Formula>): Formula => maximum(abs(lower), abs(upper));
  const size = add(add(sizeOf(x), sizeOf(d)), sizeOf(n));
  const margin = mult(16 * unit, size);
  const [low, high] = [add(d.lower, minimum(n.lower, 0)), add(d.upper, maximum(n.upper, 0))];
  const [first, last] = isPoint(n) && isPoint(d) ? withoutJump(x, n.lower, d.lower, unit, [low, high]) : [low, high];
  // Where quotients may overflow, nothing is known.
  const least = abs(maximum(maximum(n.lower, minus(n.upper)), 0));
  const isFinite = subtract(1 / unit ** 4, mult(size, inv(least)));
  return {
    lower: ifElse(isFinite, subtract(first, margin), minus(infinity)),
    upper: ifElse(isFinite, add(last, margin), infinity),
  };
}

function withoutJump(
  { lower, upper }: Interval<Formula>,
  n: Formula,
  d: Formula,
  unit: number,
  [low, high]: readonly [Formula, Formula],
): readonly [Formula, Formula] {
  const quotients = [lower, upper].map((end) => mult(subtract(end, d), inv(n))) as [Formula, Formula];
  const [least, most] = [minimum(...quotients), maximum(...quotients)];
  const [fewest, largest] = [
    floor(subtract(least, mult(8 * unit, abs(least)))),
    floor(add(most, mult(8 * unit, abs(most)))),
  ];
  const isSame = subtract(fewest, largest);
  const rest = (end: Formula): Formula => subtract(end, mult(n, fewest));
  return [ifElse(isSame, rest(lower), low), ifElse(isSame, rest(upper), high)];
}
