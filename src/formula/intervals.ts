/**
 * How rows of the operation table tell the bounds of their values from those of their arguments: the rules that many
 * rows share. A rule says what holds for exact arithmetic; `bounds.ts` rounds outwards and makes "unknown" of what
 * may be NaN. Knows no formula: `F` is whatever the tools build.
 */

/**
 * Two numbers between which values lie, known when the formula is built; an infinite one where they may be infinite.
 */
export type Range = readonly [low: number, high: number];

/**
 * Values lie from `lower` to `upper`, both included, and are numbers. Where nothing is known, `lower` and `upper` are
 * NaN.
 */
export interface Interval<F> {
  readonly lower: F;
  readonly upper: F;
  readonly range: Range;
}

/**
 * What a rule gives. Values that may be NaN must show: by an end that is NaN, or by the ends -Infinity and Infinity.
 */
export interface Ruled<F> {
  readonly lower: F;
  readonly upper: F;
  /** All numbers where absent. */
  readonly range?: Range;
  /** Whether no arguments within their intervals give NaN. */
  readonly neverNaN?: boolean;
}

/** What rules build with. */
export interface Tools<F> {
  /** The row at other arguments. */
  readonly at: (...args: readonly F[]) => F;
  /** The meaning of the row, on numbers. */
  readonly value: (...args: readonly number[]) => number;
  readonly minus: (x: F) => F;
  readonly minimum: (x: F | number, y: F | number) => F;
  readonly maximum: (x: F | number, y: F | number) => F;
  readonly clamp: (x: F | number, low: F | number, high: F | number) => F;
  /** a where f >= 0, else b, also where f is NaN. */
  readonly ifElse: (f: F | number, a: F | number, b: F | number) => F;
  /** Rounds outwards what formulas of the intervals' ends are: bounds of a formula of the arguments. */
  readonly bounds: (build: (...args: readonly F[]) => F) => Interval<F>;
  readonly infinity: F;
  /** The distance from 1 to the next number of the dtype. */
  readonly unit: number;
}

export type BoundsRule<F> = (tools: Tools<F>, ...args: Interval<F>[]) => Ruled<F>;

const { max, min } = Math;

export const isBounded = ({ range: [low, high] }: Interval<unknown>): boolean => low > -Infinity && high < Infinity;
/** Whether the interval is a number that is known exactly, such as a constant or a parameter. */
export const isPoint = <F>({ lower, upper }: Interval<F>): boolean => lower === upper;

/** For rows that grow (1) or fall (-1) with each of their arguments, wherever they are defined: a convex set. */
export function monotone<F>(...directions: readonly (1 | -1)[]): BoundsRule<F> {
  return ({ at, value }, ...args) => {
    const ends = (sign: 1 | -1): F[] => args.map(({ lower, upper }, n) => (sign === directions[n] ? lower : upper));
    const numbers = (sign: 1 | -1): number[] => args.map(({ range }, n) => range[sign === directions[n] ? 0 : 1]);
    const corners = combinations(args.map(({ range }) => range)).map((corner) => value(...corner));
    return {
      lower: at(...ends(1)),
      upper: at(...ends(-1)),
      range: rangeOf([value(...numbers(1)), value(...numbers(-1))]),
      neverNaN: !corners.some(Number.isNaN),
    };
  };
}

/** For rows of one argument that fall up to `bottom`, and grow from there on. */
export function valley<F>(bottom: number): BoundsRule<F> {
  return (tools, x) => {
    const { lower, upper, range } = x;
    if (range[0] >= bottom) return monotone<F>(1)(tools, x);
    if (range[1] <= bottom) return monotone<F>(-1)(tools, x);
    const { at, value, maximum, clamp } = tools;
    const ends = range.map((end) => value(end));
    return {
      lower: at(clamp(bottom, lower, upper)),
      upper: maximum(at(lower), at(upper)),
      range: rangeOf([value(bottom), max(...ends)]),
      neverNaN: !ends.some(Number.isNaN),
    };
  };
}

/** For rows of one argument that fall on either side of a pole at 0. */
export function fallingBesidePole<F>(): BoundsRule<F> {
  return (tools, x) => {
    const { lower, upper, range } = x;
    if (range[0] > 0 || range[1] < 0) return monotone<F>(-1)(tools, x);
    const { at, minus, minimum, ifElse, infinity } = tools;
    const holds0 = minimum(minus(lower), upper);
    return {
      lower: ifElse(holds0, minus(infinity), at(upper)),
      upper: ifElse(holds0, infinity, at(lower)),
    };
  };
}

/** For rows whose extreme values over a box are at its corners. */
export function corners<F>(): BoundsRule<F> {
  return ({ at, minimum, maximum }, ...args) => {
    const values = combinations(args.map(endsOf)).map((corner) => at(...corner));
    return { lower: extremeOf(values, minimum), upper: extremeOf(values, maximum) };
  };
}

/** For products of two arguments. */
export function product<F>(): BoundsRule<F> {
  return (tools, x, y) => {
    if (x === y) return squared(x, tools);
    const [ofX, ofY] = [directionOf(x, y), directionOf(y, x)];
    const { at, minimum, maximum } = tools;
    const extreme = (sign: 1 | -1, better: (a: F, b: F) => F): F => {
      const found = wantedEnds(x, ofY * sign).flatMap((a) => wantedEnds(y, ofX * sign).map((b) => at(a, b)));
      return extremeOf(found, better);
    };
    return {
      lower: extreme(1, minimum),
      upper: extreme(-1, maximum),
      range: rangeOfProduct(x.range, y.range),
      neverNaN: (isBounded(x) && isBounded(y)) || isBoundedAndNot0(x) || isBoundedAndNot0(y),
    };
  };
}

function squared<F>({ lower, upper, range }: Interval<F>, { at, maximum, clamp }: Tools<F>): Ruled<F> {
  const nearest = clamp(0, lower, upper);
  return {
    lower: at(nearest, nearest),
    upper: maximum(at(lower, lower), at(upper, upper)),
    range: [0, max(range[0] ** 2, range[1] ** 2)],
    neverNaN: true,
  };
}

const isBoundedAndNot0 = (x: Interval<unknown>): boolean => isBounded(x) && (x.range[0] > 0 || x.range[1] < 0);

/**
 * Whether products of x with y grow (1) or fall (-1) with y; 0 where that is not known, or 0 times infinity may hide
 * in the interval.
 */
function directionOf(x: Interval<unknown>, y: Interval<unknown>): number {
  if (!isBoundedAndNot0(x) && !(isBounded(x) && isBounded(y))) return 0;
  return x.range[0] >= 0 ? 1 : x.range[1] <= 0 ? -1 : 0;
}

const extremeOf = <F>(values: readonly F[], better: (a: F, b: F) => F): F =>
  [...new Set(values)].reduce((best, value) => better(best, value));

const endsOf = <F>(x: Interval<F>): F[] => (isPoint(x) ? [x.lower] : [x.lower, x.upper]);
const wantedEnds = <F>(x: Interval<F>, direction: number): F[] =>
  direction === 0 ? endsOf(x) : [direction > 0 ? x.lower : x.upper];

/** Zero times infinity counts as 0: what is told of a range are numbers. */
function rangeOfProduct(x: Range, y: Range): Range {
  const products = combinations([x, y]).map(([a, b]) => (a === 0 || b === 0 ? 0 : a! * b!));
  return [min(...products), max(...products)];
}

/** What is not a number is unknown. */
function rangeOf([low, high]: Range): Range {
  return [Number.isNaN(low) ? -Infinity : low, Number.isNaN(high) ? Infinity : high];
}

function combinations<T>(choices: readonly (readonly T[])[]): T[][] {
  return choices.reduce<T[][]>((all, choice) => all.flatMap((list) => choice.map((value) => [...list, value])), [[]]);
}
