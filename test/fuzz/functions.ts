/**
 * Functions that work component by component, with their derivatives, as textbooks have them: nothing here comes from
 * the library. Domains keep away from poles and from where results become too large to compare.
 */
import type { Elementary } from "./dual";
import type { Rule, Vector } from "./structure";

const { PI, LN2, abs, acos, asin, atan, atan2, ceil, cos, cosh, exp, expm1, floor, log, log1p } = Math;
const { max, sign, sin, sinh, sqrt, tan, tanh } = Math;
const nearest = (x: number): number => sign(x) * floor(abs(x) + 0.5);
const sigmoid = (x: number): number => 1 / (1 + exp(-x));
const flat = (): number[] => [0, 0, 0];
const isSmall = (x: number): boolean => abs(x) < 4;

/** Abramowitz and Stegun, 7.1.6. */
function erf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 120; n++) sum += term *= (2 * x * x) / (2 * n + 1);
  return (2 / sqrt(PI)) * exp(-x * x) * sum;
}

/** The slope of sin(x) / x, by its series near 0. */
const slopeOfSinc = (x: number): number =>
  abs(x) < 0.3
    ? x * (-1 / 3 + (x * x) / 30 - x ** 4 / 840 + x ** 6 / 45360 - x ** 8 / 3991680)
    : (cos(x) - sin(x) / x) / x;

const logAddExp = (x: number, y: number): number => max(x, y) + log1p(exp(-abs(x - y)));
const mask = (holds: boolean): number => (holds ? 1 : 0);

type One = (x: number) => number;
type Two = (x: number, y: number) => number;
type Three = (x: number, y: number, z: number) => number;

const one = (value: One, slope: One, domain?: (x: number) => boolean): Elementary => ({
  value: value,
  slopes: (x) => [slope(x)],
  ...(domain && { domain: domain }),
});
const two = (value: Two, byX: Two, byY: Two, domain?: (x: number, y: number) => boolean): Elementary => ({
  value: value,
  slopes: (x, y) => [byX(x, y), byY(x, y)],
  ...(domain && { domain: domain }),
});
const three = (
  value: Three,
  slopes: (x: number, y: number, z: number) => number[],
  domain?: (x: number, y: number, z: number) => boolean,
): Elementary => ({
  value: value,
  slopes: slopes,
  ...(domain && { domain: domain }),
});
/** Equal or clearly not: what differs by rounding alone may be equal for an engine. */
const isClear = (x: number, y: number): boolean => x === y || abs(x - y) > 1e-3;
const isClearOf0 = (x: number): boolean => isClear(x, 0);
const isClearOfWhole = (x: number): boolean => isClear(x, nearest(x));

const compared = (holds: (x: number, y: number) => boolean): Elementary => ({
  value: (x, y) => mask(holds(x, y)),
  slopes: flat,
  domain: isClear,
});
const piecewiseConstant = (value: One, domain?: (x: number) => boolean): Elementary => one(value, () => 0, domain);

const UNARY: Readonly<Record<string, Elementary>> = {
  Minus: one(
    (x) => -x,
    () => -1,
  ),
  Square: one(
    (x) => x * x,
    (x) => 2 * x,
  ),
  Inv: one(
    (x) => 1 / x,
    (x) => -1 / (x * x),
    (x) => abs(x) > 0.2,
  ),
  InvOr0: one(
    (x) => (x === 0 ? 0 : 1 / x),
    (x) => (x === 0 ? 0 : -1 / (x * x)),
    (x) => x === 0 || abs(x) > 0.2,
  ),
  Sqrt: one(
    sqrt,
    (x) => 0.5 / sqrt(x),
    (x) => x > 0.05,
  ),
  Rsqrt: one(
    (x) => 1 / sqrt(x),
    (x) => -0.5 / (x * sqrt(x)),
    (x) => x > 0.05,
  ),
  Exp: one(exp, exp, (x) => x < 4),
  Exp2: one(
    (x) => 2 ** x,
    (x) => LN2 * 2 ** x,
    (x) => x < 6,
  ),
  Log: one(
    log,
    (x) => 1 / x,
    (x) => x > 0.05,
  ),
  Abs: one(abs, sign),
  Sign: piecewiseConstant(sign, isClearOf0),
  Step: piecewiseConstant((x) => mask(x >= 0), isClearOf0),
  Sin: one(sin, cos),
  Cos: one(cos, (x) => -sin(x)),
  Tan: one(
    tan,
    (x) => 1 + tan(x) ** 2,
    (x) => abs(cos(x)) > 0.2,
  ),
  SinXDivX: one((x) => (x === 0 ? 1 : sin(x) / x), slopeOfSinc),
  Asin: one(
    asin,
    (x) => 1 / sqrt(1 - x * x),
    (x) => abs(x) < 0.95,
  ),
  Acos: one(
    acos,
    (x) => -1 / sqrt(1 - x * x),
    (x) => abs(x) < 0.95,
  ),
  Atan: one(atan, (x) => 1 / (1 + x * x)),
  Sinh: one(sinh, cosh, isSmall),
  Cosh: one(cosh, sinh, isSmall),
  Tanh: one(tanh, (x) => 1 / cosh(x) ** 2, isSmall),
  Sigmoid: one(sigmoid, (x) => sigmoid(x) * sigmoid(-x)),
  Softplus: one((x) => max(x, 0) + log1p(exp(-abs(x))), sigmoid),
  Log1p: one(
    log1p,
    (x) => 1 / (1 + x),
    (x) => x > -0.9,
  ),
  Expm1: one(expm1, exp, (x) => x < 4),
  Erf: one(erf, (x) => (2 / sqrt(PI)) * exp(-x * x), isSmall),
  XLogX: one(
    (x) => x * log(x),
    (x) => log(x) + 1,
    (x) => x > 0.05,
  ),
  ReLU: one(
    (x) => (x < 0 ? 0 : x),
    (x) => mask(x >= 0),
  ),
  Floor: piecewiseConstant(floor, isClearOfWhole),
  Ceil: piecewiseConstant(ceil, isClearOfWhole),
};

const BINARY: Readonly<Record<string, Elementary>> = {
  Add: two(
    (x, y) => x + y,
    () => 1,
    () => 1,
  ),
  Subtract: two(
    (x, y) => x - y,
    () => 1,
    () => -1,
  ),
  Mult: two(
    (x, y) => x * y,
    (_, y) => y,
    (x) => x,
  ),
  MultOr0: two(
    (x, y) => (x === 0 ? 0 : x * y),
    (_, y) => y,
    (x) => x,
  ),
  OverSquares: two(
    (x, y) => x / (x * x + y * y),
    (x, y) => (y * y - x * x) / (x * x + y * y) ** 2,
    (x, y) => (-2 * x * y) / (x * x + y * y) ** 2,
    (x, y) => x * x + y * y > 0.05,
  ),
  Divide: two(
    (x, y) => x / y,
    (_, y) => 1 / y,
    (x, y) => -x / (y * y),
    (_, y) => abs(y) > 0.2,
  ),
  Powf: two(
    (x, y) => x ** y,
    (x, y) => y * x ** (y - 1),
    (x, y) => log(x) * x ** y,
    (x, y) => x > 0.1 && abs(y) < 4,
  ),
  PowfOr0: two(
    (x, y) => x ** y,
    (x, y) => y * x ** (y - 1),
    (x, y) => log(x) * x ** y,
    (x, y) => x > 0.1 && abs(y) < 4,
  ),
  LessThan: compared((x, y) => x < y),
  LessOrEqual: compared((x, y) => x <= y),
  Equal: compared((x, y) => x === y),
  NotEqual: compared((x, y) => x !== y),
  Atan2: two(
    atan2,
    (y, x) => x / (x * x + y * y),
    (y, x) => -y / (x * x + y * y),
    (y, x) => x * x + y * y > 0.01 && (x > 0 || abs(y) > 0.02),
  ),
  Minimum: two(
    (x, y) => (y < x ? y : x),
    (x, y) => mask(x <= y),
    (x, y) => mask(y < x),
  ),
  Maximum: two(
    (x, y) => (x < y ? y : x),
    (x, y) => mask(y <= x),
    (x, y) => mask(x < y),
  ),
  ExpShare: two(
    (x, y) => sigmoid(x - y),
    (x, y) => sigmoid(x - y) * sigmoid(y - x),
    (x, y) => -sigmoid(x - y) * sigmoid(y - x),
  ),
  LogAddExp: two(
    logAddExp,
    (x, y) => sigmoid(x - y),
    (x, y) => sigmoid(y - x),
  ),
};

const TERNARY: Readonly<Record<string, Elementary>> = {
  Clamp: three(
    (x, a, b) => (x < a ? a : x > b ? b : x),
    (x, a, b) => [mask(a <= x && x <= b), mask(x < a), mask(x >= a && x > b)],
    (_, a, b) => a < b,
  ),
  IfElse: three(
    (f, a, b) => (f >= 0 ? a : b),
    (f) => [0, mask(f >= 0), mask(f < 0)],
    isClearOf0,
  ),
  RoundTo: three(
    (x, a, b) => (nearest((x * a) / b) * b) / a,
    (x, a, b) => [0, (-nearest((x * a) / b) * b) / (a * a), nearest((x * a) / b) / a],
    (_, a, b) => abs(a) > 0.3 && abs(b) > 0.3,
  ),
  Mod: three(
    (x, n, d) => x - n * floor((x - d) / n),
    (x, n, d) => [1, -floor((x - d) / n), 0],
    (_, n) => abs(n) > 0.3,
  ),
};

/** Of one number and integers: which integers, and the function that they make. */
const WITH_INTEGERS: Readonly<
  Record<string, readonly [readonly (readonly number[])[], (...n: number[]) => Elementary]>
> = {
  Pow: [
    [[-2], [-1], [0], [1], [2], [3], [4], [5]],
    (m) =>
      one(
        (x) => x ** m,
        (x) => (m === 0 ? 0 : m * x ** (m - 1)),
        (x) => m >= 0 || abs(x) > 0.3,
      ),
  ],
  Round: [[[0], [1], [2], [-1]], (digits) => piecewiseConstant((x) => nearest(x * 10 ** digits) / 10 ** digits)],
  ClampInt: [
    [
      [-1, 1],
      [0, 1],
      [0, 3],
    ],
    (a, b) =>
      one(
        (x) => (x < a ? a : x > b ? b : x),
        (x) => mask(a <= x && x <= b),
      ),
  ],
  DiffClampInt: [
    [
      [-1, 1],
      [0, 2],
    ],
    (a, b) => piecewiseConstant((x) => mask(a <= x && x <= b)),
  ],
};

const INFIX: Readonly<Record<string, Rule["infix"] & object>> = {
  LessThan: { symbol: "<", precedence: 1 },
  LessOrEqual: { symbol: "<=", precedence: 1 },
  Equal: { symbol: "==", precedence: 1 },
  NotEqual: { symbol: "!=", precedence: 1 },
  Add: { symbol: "+", precedence: 3 },
  Subtract: { symbol: "-", precedence: 3 },
  Mult: { symbol: "*", precedence: 4 },
  Divide: { symbol: "/", precedence: 4 },
  Minus: { symbol: "-", precedence: 5 },
  Powf: { symbol: "**", precedence: 6 },
  Pow: { symbol: "**", precedence: 6 },
};

/** Vectors component by component; numbers stand beside every component. */
function broadcast(
  name: string,
  arity: number,
  of: (integers: readonly number[]) => Elementary,
  choices: readonly (readonly number[])[],
): Rule {
  const infix = INFIX[name];
  return {
    name,
    arity,
    parameters: (random, dims) => {
      const dim = max(...dims);
      return dims.every((d) => d === 1 || d === dim) ? random.pick(choices) : undefined;
    },
    value: (c, args, parameters) => {
      const elementary = of(parameters as readonly number[]);
      const dim = max(...args.map((arg: Vector) => arg.length));
      return Array.from({ length: dim }, (_, k) =>
        c.apply(
          elementary,
          args.map((arg) => arg[arg.length === 1 ? 0 : k]!),
        ),
      );
    },
    ...(infix && { infix }),
  };
}

const tabulated = (table: Readonly<Record<string, Elementary>>, arity: number): Rule[] =>
  Object.entries(table).map(([name, elementary]) => broadcast(name, arity, () => elementary, [[]]));

export const FUNCTIONS: readonly Rule[] = [
  ...tabulated(UNARY, 1),
  ...tabulated(BINARY, 2),
  ...tabulated(TERNARY, 3),
  ...Object.entries(WITH_INTEGERS).map(([name, [choices, of]]) => broadcast(name, 1, (n) => of(...n), choices)),
];
