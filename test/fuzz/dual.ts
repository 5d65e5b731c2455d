/**
 * Numbers with their derivatives by the components of all variables at one pair: forward differentiation, written for
 * tests alone. Every step may be disturbed by a little noise, which tells how far rounding can lead.
 */
import type { Rounding } from "../helpers/evaluate";

export interface Dual {
  readonly v: number;
  /** By each component of the variables. NaN where derivatives are not known. */
  readonly d: readonly number[];
}

/** A function of numbers with its derivatives, and where it is defined and far from poles. */
export interface Elementary {
  readonly value: (...x: number[]) => number;
  readonly slopes: (...x: number[]) => readonly number[];
  readonly domain?: (...x: number[]) => boolean;
}

const rule = (value: Elementary["value"], slopes: Elementary["slopes"], domain?: Elementary["domain"]): Elementary => ({
  value,
  slopes,
  ...(domain && { domain }),
});

const { abs, atan2, cos, exp, log, sin, sqrt } = Math;

/** What vectors are computed with. */
const RULES = {
  add: rule(
    (x, y) => x + y,
    () => [1, 1],
  ),
  subtract: rule(
    (x, y) => x - y,
    () => [1, -1],
  ),
  multiply: rule(
    (x, y) => x * y,
    (x, y) => [y, x],
  ),
  divide: rule(
    (x, y) => x / y,
    (x, y) => [1 / y, -x / (y * y)],
    (_, y) => abs(y) > 0.1,
  ),
  sqrt: rule(
    (x) => sqrt(x),
    (x) => [0.5 / sqrt(x)],
    (x) => x > 0.01,
  ),
  exp: rule(
    (x) => exp(x),
    (x) => [exp(x)],
    (x) => x < 5,
  ),
  log: rule(
    (x) => log(x),
    (x) => [1 / x],
    (x) => x > 0.01,
  ),
  sin: rule(
    (x) => sin(x),
    (x) => [cos(x)],
  ),
  cos: rule(
    (x) => cos(x),
    (x) => [-sin(x)],
  ),
  atan2: rule(
    (y, x) => atan2(y, x),
    (y, x) => [x / (x * x + y * y), -y / (x * x + y * y)],
    (y, x) => x * x + y * y > 0.01 && (x > 0 || abs(y) > 0.02),
  ),
};

export class Calculus {
  /** Whether a function was asked for a value outside its domain. */
  failed = false;

  /** @param size how many components the variables have. */
  constructor(
    readonly rounding: Rounding,
    readonly size: number,
  ) {}

  number(value: number): Dual {
    return { v: this.rounding(value), d: this.filled(0) };
  }

  variable(value: number, at: number): Dual {
    const d = this.filled(0);
    d[at] = 1;
    return { v: value, d };
  }

  /** A number whose derivatives are not known. */
  underived(value: number): Dual {
    return { v: this.rounding(value), d: this.filled(NaN) };
  }

  private filled(value: number): number[] {
    const d: number[] = [];
    for (let at = 0; at < this.size; at++) d.push(value);
    return d;
  }

  need(condition: boolean): void {
    if (!condition) this.failed = true;
  }

  apply({ value, slopes, domain }: Elementary, args: readonly Dual[]): Dual {
    const numbers = args.map(({ v }) => v);
    if (domain) this.need(domain(...numbers));
    const factors = slopes(...numbers);
    const d: number[] = [];
    for (let at = 0; at < this.size; at++) {
      let slope = 0;
      // A factor 0 hides what is not known.
      for (let n = 0; n < args.length; n++) if (factors[n] !== 0) slope += this.rounding(factors[n]! * args[n]!.d[at]!);
      d.push(slope);
    }
    return { v: this.rounding(value(...numbers)), d };
  }

  add = (x: Dual, y: Dual): Dual => this.apply(RULES.add, [x, y]);
  subtract = (x: Dual, y: Dual): Dual => this.apply(RULES.subtract, [x, y]);
  multiply = (x: Dual, y: Dual): Dual => this.apply(RULES.multiply, [x, y]);
  divide = (x: Dual, y: Dual): Dual => this.apply(RULES.divide, [x, y]);
  atan2 = (y: Dual, x: Dual): Dual => this.apply(RULES.atan2, [y, x]);
  sqrt = (x: Dual): Dual => this.apply(RULES.sqrt, [x]);
  exp = (x: Dual): Dual => this.apply(RULES.exp, [x]);
  log = (x: Dual): Dual => this.apply(RULES.log, [x]);
  sin = (x: Dual): Dual => this.apply(RULES.sin, [x]);
  cos = (x: Dual): Dual => this.apply(RULES.cos, [x]);
  square = (x: Dual): Dual => this.multiply(x, x);
  scale = (factor: number, x: Dual): Dual => this.multiply(this.number(factor), x);
  sum = (list: readonly Dual[]): Dual => list.reduce((total, x) => this.add(total, x));
  dot = (x: readonly Dual[], y: readonly Dual[]): Dual => this.sum(x.map((value, k) => this.multiply(value, y[k]!)));
}
