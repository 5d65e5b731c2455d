/** Complex numbers: D of them are 2 D components, re, im, re, im, …; computed one number after the other. */
import type { Calculus, Dual } from "./dual";
import type { Parameter, Rule, Vector } from "./structure";
import { kronPairs, kronParameters, tensorDotPairs, tensorDotParameters } from "./tensors";

type Complex = readonly [re: Dual, im: Dual];
const { abs, max } = Math;

const isEven = (dim: number): boolean => dim % 2 === 0;
const when = (fits: boolean, parameters: readonly Parameter[] = []): readonly Parameter[] | undefined =>
  fits ? parameters : undefined;
const numbers = (x: Vector): Complex[] =>
  Array.from({ length: x.length / 2 }, (_, n) => [x[2 * n]!, x[2 * n + 1]!] as const);

// ----------------------------------------------------------------------------------------------- on single numbers

const conj = (c: Calculus, [re, im]: Complex): Complex => [re, c.scale(-1, im)];
const squareAbs = (c: Calculus, [re, im]: Complex): Dual => c.add(c.square(re), c.square(im));
const multiply = (c: Calculus, [a, b]: Complex, [x, y]: Complex): Complex => [
  c.subtract(c.multiply(a, x), c.multiply(b, y)),
  c.add(c.multiply(a, y), c.multiply(b, x)),
];
const times = (c: Calculus, factor: Dual, [re, im]: Complex): Complex => [
  c.multiply(factor, re),
  c.multiply(factor, im),
];
const reciprocal = (c: Calculus, x: Complex): Complex => {
  const size = squareAbs(c, x);
  return [c.divide(x[0], size), c.divide(c.scale(-1, x[1]), size)];
};
const exp = (c: Calculus, [re, im]: Complex): Complex => times(c, c.exp(re), [c.cos(im), c.sin(im)]);
const log = (c: Calculus, [re, im]: Complex): Complex => [c.scale(0.5, c.log(squareAbs(c, [re, im]))), c.atan2(im, re)];

/** The part that does not cancel first; the other is half the imaginary part over it. */
function sqrt(c: Calculus, [re, im]: Complex): Complex {
  c.need(re.v > 0 || abs(im.v) > 0.02);
  const modulus = c.sqrt(squareAbs(c, [re, im]));
  const large = c.sqrt(c.scale(0.5, re.v < 0 ? c.subtract(modulus, re) : c.add(modulus, re)));
  const small = c.divide(c.scale(0.5, im), large);
  if (re.v >= 0) return [large, small];
  return im.v < 0 ? [c.scale(-1, small), c.scale(-1, large)] : [small, large];
}

function power(c: Calculus, x: Complex, exponent: Complex | Dual): Complex {
  return exp(c, "v" in exponent ? times(c, exponent, log(c, x)) : multiply(c, exponent, log(c, x)));
}

// ---------------------------------------------------------------------------------------------------------- rules

const one = (name: string, of: (c: Calculus, x: Complex) => readonly Dual[]): Rule => ({
  name,
  arity: 1,
  parameters: (_, [dim]) => when(isEven(dim!)),
  value: (c, [x]) => numbers(x!).flatMap((number) => of(c, number)),
});

const fits = (x: number, y: number): boolean => isEven(x) && isEven(y) && (x === y || x === 2 || y === 2);

/** Where one of both is a single number it stands beside all of the other. */
function paired(x: Vector, y: Vector): (readonly [Complex, Complex])[] {
  const [left, right] = [numbers(x), numbers(y)];
  const at = (list: readonly Complex[], n: number): Complex => list[list.length === 1 ? 0 : n]!;
  return Array.from({ length: max(left.length, right.length) }, (_, n) => [at(left, n), at(right, n)]);
}

const two = (name: string, of: (c: Calculus, x: Complex, y: Complex) => Complex): Rule => ({
  name,
  arity: 2,
  parameters: (_, [x, y]) => when(fits(x!, y!)),
  value: (c, [x, y]) => paired(x!, y!).flatMap(([left, right]) => of(c, left, right)),
});

const ofReals = (name: string, of: (c: Calculus, x: Dual) => Complex): Rule => ({
  name,
  arity: 1,
  parameters: () => [],
  value: (c, [x]) => x!.flatMap((value) => of(c, value)),
});

const total = (c: Calculus, terms: readonly Complex[]): Complex => [
  c.sum(terms.map(([re]) => re)),
  c.sum(terms.map(([, im]) => im)),
];

/** What is bilinear: which numbers of x and y are multiplied for each number of the result. */
function contraction(
  name: string,
  parametersOf: typeof tensorDotParameters,
  pairsOf: (parameters: readonly Parameter[]) => (readonly (readonly [number, number])[])[],
): Rule {
  return {
    name,
    arity: 2,
    parameters: (random, dims) =>
      dims.every(isEven)
        ? parametersOf(
            random,
            dims.map((dim) => dim / 2),
          )
        : undefined,
    value: (c, [x, y], parameters) => {
      const [left, right] = [numbers(x!), numbers(y!)];
      return pairsOf(parameters).flatMap((pairs) =>
        total(
          c,
          pairs.map(([a, b]) => multiply(c, left[a]!, right[b]!)),
        ),
      );
    },
  };
}

const nothing = (c: Calculus, x: Dual): Dual => c.scale(0, x);

export const COMPLEX: readonly Rule[] = [
  one("ComplexReal", (_, [re]) => [re]),
  one("ComplexImag", (_, [, im]) => [im]),
  one("Conj", conj),
  one("ComplexAbs", (c, x) => [c.sqrt(squareAbs(c, x))]),
  one("ComplexSquareAbs", (c, x) => [squareAbs(c, x)]),
  one("ComplexAngle", (c, [re, im]) => [c.atan2(im, re)]),
  one("ComplexReciprocal", reciprocal),
  one("ComplexExp", exp),
  one("ComplexLog", log),
  one("ComplexSqrt", sqrt),
  ofReals("Real2Complex", (c, x) => [x, nothing(c, x)]),
  ofReals("Imag2Complex", (c, x) => [nothing(c, x), x]),
  ofReals("ComplexExp1j", (c, x) => [c.cos(x), c.sin(x)]),
  two("ComplexAdd", (c, x, y) => [c.add(x[0], y[0]), c.add(x[1], y[1])]),
  two("ComplexSubtract", (c, x, y) => [c.subtract(x[0], y[0]), c.subtract(x[1], y[1])]),
  two("ComplexMult", multiply),
  two("ComplexScal", multiply),
  two("ComplexDivide", (c, x, y) => multiply(c, x, reciprocal(c, y))),
  {
    name: "Complex",
    arity: 2,
    parameters: (_, [re, im]) => when(re === im),
    value: (_, [re, im]) => re!.flatMap((value, n) => [value, im![n]!]),
  },
  {
    name: "ComplexSum",
    arity: 1,
    parameters: (_, [dim]) => when(isEven(dim!)),
    value: (c, [x]) => total(c, numbers(x!)),
  },
  contraction("ComplexTensorDot", tensorDotParameters, tensorDotPairs),
  contraction("ComplexKron", kronParameters, (parameters) => kronPairs(parameters).map((pair) => [pair])),
  {
    name: "ComplexScalprod",
    arity: 2,
    parameters: (_, [x, y]) => when(isEven(x!) && x === y),
    value: (c, [x, y]) =>
      total(
        c,
        paired(x!, y!).map(([left, right]) => multiply(c, left, right)),
      ),
  },
  {
    name: "ComplexSumT",
    arity: 1,
    parameters: (random, [dim]) => when(dim === 2, [2 * random.integer(1, 3)]),
    value: (_, [x], [dim]) => Array.from({ length: (dim as number) / 2 }, () => x!).flat(),
  },
  {
    name: "ComplexRealScal",
    arity: 2,
    parameters: (_, [x, y]) => when((x === 1 && isEven(y!)) || (isEven(x!) && y === 1)),
    value: (c, [x, y]) =>
      (x!.length === 1 ? y! : x!).map((value) => c.multiply((x!.length === 1 ? x! : y!)[0]!, value)),
  },
  {
    name: "ComplexPow",
    arity: 2,
    parameters: (_, [x, y]) => when(isEven(x!) && (y === 1 || fits(x!, y!))),
    value: (c, [x, y]) =>
      y!.length === 1
        ? numbers(x!).flatMap((number) => power(c, number, y![0]!))
        : paired(x!, y!).flatMap(([base, exponent]) => power(c, base, exponent)),
  },
];
