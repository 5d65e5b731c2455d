/**
 * Lower and upper bounds of a formula over boxes of its arguments, as formulas of the corners of these boxes: any
 * engine evaluates them over pairs of cells. The one idea is interval arithmetic (Moore 1966) on the graph that
 * engines compute, node by node: elementwise rows bring a rule, views and contractions have theirs by their shape.
 * Every step is rounded outwards by more than engines may be off by, so that what an engine computes at points of the
 * boxes lies between the bounds that it computes. Where a value may be NaN, nothing is known: the bounds are
 * -Infinity and Infinity. Knows no operation by name.
 */
import { Category, asVariable, isVariable, lowerFormula, make, nodesOf, placeSegments, variable } from "./formula";
import { at, lookUp } from "../asserts";
import type { Axis, Contraction, Elementwise, Formula, View } from "./formula";
import { isBounded, product as productRule } from "./intervals";
import type { Interval, Range, Ruled, Tools } from "./intervals";
import {
  abs,
  add,
  clamp,
  constant,
  constantValue,
  extract,
  ifElse,
  inv,
  log,
  matVecMult,
  maximum,
  minimum,
  minus,
  mult,
  repeatTo,
  sum,
  sumT,
  tensorDot,
} from "./ops";
import type { Binary } from "./ops";

/** Bounds of every component. */
export interface Bounds {
  readonly lower: Formula;
  readonly upper: Formula;
}

/** What stands for an argument. */
export interface Box extends Bounds {
  /** Whether both corners are finite numbers, or NaN where points are not: then nothing is known. */
  readonly finite: boolean;
}

type Dtype = "float32" | "float64";

/** What rounding depends on: the distance from 1 to the next number, the least and the largest normal number. */
interface Precision {
  readonly unit: number;
  readonly least: number;
  readonly largest: number;
}

const PRECISIONS: Readonly<Record<Dtype, Precision>> = {
  float32: { unit: 2 ** -23, least: 2 ** -126, largest: (2 - 2 ** -23) * 2 ** 127 },
  float64: { unit: 2 ** -52, least: 2 ** -1022, largest: Number.MAX_VALUE },
};

/**
 * Bounds of `formula` for an engine that computes in `dtype`.
 * @param boxOf what stands for each variable; by default {@link cornersOf}.
 */
export function bounds(formula: Formula, dtype: Dtype, boxOf: (variable: Formula) => Box = cornersOf): Bounds {
  const precision = PRECISIONS[dtype];
  const leaf = (node: Formula): Interval<Formula> => {
    const { lower, upper, finite } = boxOf(node);
    const end = finite ? precision.largest : Infinity;
    return { lower, upper, range: [-end, end] };
  };
  const { lower, upper } = new Walk(precision, leaf).intervalOf(formula);
  const infinity = infinite();
  return { lower: numberOr(lower, minus(infinity)), upper: numberOr(upper, infinity) };
}

/**
 * A variable of an index stands for a box: in its place comes one of twice its dim, the lower corner and then the
 * upper one. Parameters are points.
 */
export function cornersOf(node: Formula): Box {
  const { position, dim, category } = asVariable(node);
  if (category === Category.P) return { lower: node, upper: node, finite: false };
  const corners = variable(position, 2 * dim, category);
  return { lower: extract(corners, 0, dim), upper: extract(corners, dim, dim), finite: true };
}

/** Infinity is no constant of formulas, but the value of one. */
const infinite = (): Formula => inv(constant(0));

/** |x| is at least 0 unless x is NaN. */
const numberOr = (x: Formula, other: Formula): Formula => ifElse(abs(x), x, other);

type Own = Interval<Formula>;
type Terms = Required<Ruled<Formula>>;
const EVERYTHING: Range = [-Infinity, Infinity];
const COMPLETE = { range: EVERYTHING, neverNaN: false };
const PRODUCT_RULE = productRule<Formula>();
const BUILDERS = { minus, minimum, maximum, clamp, ifElse };
const LARGEST_PLACE = 1e6;
/** By which part ranges are wider than exact values, so that what engines compute lies within. */
const WIDER = 1e-4;

/** Of how many terms a value is the sum, and the sum of their sizes where some may be negative. */
interface Sums {
  readonly count: number;
  readonly size: Formula | undefined;
}

/** Walks a graph from its leaves up. */
class Walk {
  constructor(
    private readonly precision: Precision,
    private readonly leaf: (variable: Formula) => Own,
  ) {}

  /** Of the formula as engines compute it. */
  intervalOf(formula: Formula): Own {
    const root = lowerFormula(formula);
    const found = new Map<Formula, Own>();
    for (const node of nodesOf(root))
      found.set(
        node,
        this.ofNode(
          node,
          node.args.map((arg) => lookUp(found, arg)),
        ),
      );
    return lookUp(found, root);
  }

  private ofNode(node: Formula, args: readonly Own[]): Own {
    const { shape } = node.operation;
    if (shape.kind === "elementwise") return this.elementwise(node, shape, args);
    if (shape.kind === "view") return view(node, shape, args);
    if (shape.kind === "contraction") return this.contraction(node, shape, args);
    return isVariable(node) ? this.leaf(node) : this.constant(node);
  }

  private constant(node: Formula): Own {
    const value = constantValue(node)!;
    return { lower: node, upper: node, range: this.rangeIn([value, value]) };
  }

  private elementwise(node: Formula, shape: Elementwise, args: readonly Own[]): Own {
    const { bounds, ulps = 4 } = node.operation;
    if (!bounds) return unknown(node.dim);
    const { operation, params } = node;
    const value = (...numbers: readonly number[]): number => shape.value(numbers, params);
    const tools = this.toolsFor((...formulas) => make(operation, formulas, params), value, args);
    const found = bounds(tools, ...args);
    return this.finished(this.rounded(found, ulps), node.dim);
  }

  private toolsFor(at: Tools<Formula>["at"], value: Tools<Formula>["value"], args: readonly Own[]): Tools<Formula> {
    const { unit } = this.precision;
    return { ...BUILDERS, at, value, bounds: (build) => this.ofComposed(build, args), infinity: infinite(), unit };
  }

  /** Places that no user's variable has stand for the arguments. */
  private ofComposed(build: (...args: readonly Formula[]) => Formula, args: readonly Own[]): Own {
    const places = args.map(({ lower }, n) => variable(-LARGEST_PLACE - n, lower.dim, Category.P));
    const inner = new Walk(this.precision, (place) => at(args, places.indexOf(place)));
    return inner.intervalOf(build(...places));
  }

  // ---- sums of products

  private contraction(node: Formula, shape: Contraction, args: readonly Own[]): Own {
    const { kept, summed } = shape.axes(
      node.args.map(({ dim }) => dim),
      node.params,
    );
    const terms = this.termsOf(args, kept, summed);
    if (!terms) return unknown(node.dim);
    const { lower, upper, range: [low, high], neverNaN } = terms; // prettier-ignore
    const count = product(summed);
    const total = (x: Formula): Formula => sumOfGroups(x, count);
    const size = low >= 0 ? undefined : total(maximum(minus(lower), upper));
    const found: Ruled<Formula> = {
      lower: total(lower),
      upper: total(upper),
      range: [count * low, count * high],
      neverNaN: neverNaN && low >= 0,
    };
    return this.finished(this.rounded(found, (count + args.length - 1) / 2, { count, size }), node.dim);
  }

  /**
   * All products, those of a sum one after the other; undefined where an argument is not read in a way that is known
   * here.
   */
  private termsOf(args: readonly Own[], kept: readonly Axis[], summed: readonly Axis[]): Terms | undefined {
    const walks = args.map((_, n) =>
      [...kept, ...summed].map(({ size, strides }) => ({ size, stride: at(strides, n) })),
    );
    const factors = args.map((arg, n) => spread(arg, at(walks, n)));
    const [x, y] = factors;
    if (x && args.length === 1) return { ...x, neverNaN: isBounded(x) || x.range[0] >= 0 };
    if (!x || !y || args.length > 2) return undefined;
    const isSquare =
      args[0] === args[1] && at(walks, 0).every(({ stride }, axis) => stride === at(at(walks, 1), axis).stride);
    const tools = this.toolsFor(mult, (...numbers) => numbers.reduce((a, b) => a * b), [x, y]);
    return { ...COMPLETE, ...PRODUCT_RULE(tools, x, isSquare ? x : y) };
  }

  // ---- rounding

  /**
   * Moves the ends outwards by more than twice the error of engines: once for what they computed as an end, once for
   * values.
   */
  private rounded(found: Ruled<Formula>, ulps: number, sums?: Sums): Terms {
    const { lower, upper, range, neverNaN } = { ...COMPLETE, ...found };
    if (ulps === 0) return { lower, upper, range, neverNaN };
    const margin = (2 * ulps + 2) * this.precision.unit;
    return {
      lower: this.outwards(lower, -1, range, margin, sums),
      upper: this.outwards(upper, 1, range, margin, sums),
      range: [range[0] - WIDER * Math.abs(range[0]), range[1] + WIDER * Math.abs(range[1])],
      neverNaN,
    };
  }

  private outwards(end: Formula, sign: 1 | -1, [low, high]: Range, margin: number, sums?: Sums): Formula {
    const { least, largest } = this.precision;
    const inside = sign === 1 ? cappedFrom(end, low, maximum, -largest) : cappedFrom(end, high, minimum, largest);
    const isTowards0 = sign === 1 ? high <= 0 : low >= 0;
    if (isTowards0) return mult(1 - margin, inside);
    const underflow = sign * (sums?.count ?? 1) * least;
    if (low >= 0 || high <= 0) return add(mult(1 + margin, inside), underflow);
    return add(inside, add(mult(sign * margin, sums?.size ?? abs(inside)), underflow));
  }

  /** Both ends become NaN where a value may be. */
  private finished({ lower, upper, range, neverNaN }: Terms, dim: number): Own {
    const [low, high] = [repeatTo(lower, dim), repeatTo(upper, dim)];
    if (neverNaN) return { lower: low, upper: high, range: this.rangeIn(range) };
    const isKnown = abs(add(low, high));
    return { lower: ifElse(isKnown, low, isKnown), upper: ifElse(isKnown, high, isKnown), range: this.rangeIn(range) };
  }

  /** In the dtype what is large may overflow, and what is small vanish. */
  private rangeIn([low, high]: Range): Range {
    const { least, largest } = this.precision;
    const end = (x: number): number =>
      Math.abs(x) > largest / 2 ? Math.sign(x) * Infinity : Math.abs(x) < 2 * least ? 0 : x;
    return [end(low), end(high)];
  }
}

/** What overflows at the end of an interval need not do so within. */
function cappedFrom(end: Formula, farthest: number, nearer: Binary, largest: number): Formula {
  return Number.isFinite(farthest) ? end : nearer(end, largest);
}

function unknown(dim: number): Own {
  const notANumber = repeatTo(log(-1), dim);
  return { lower: notANumber, upper: notANumber, range: EVERYTHING };
}

function view(node: Formula, shape: View, args: readonly Own[]): Own {
  const dims = node.args.map(({ dim }) => dim);
  const shown = placeSegments(shape.segments(dims, node.params)).map(({ arg }): Range =>
    arg === undefined ? [0, 0] : at(args, arg).range,
  );
  const of = (ends: readonly Formula[]): Formula => make(node.operation, ends, node.params);
  return {
    lower: of(args.map(({ lower }) => lower)),
    upper: of(args.map(({ upper }) => upper)),
    range: [Math.min(...shown.map(([low]) => low)), Math.max(...shown.map(([, high]) => high))],
  };
}

// ------------------------------------------------------------------------------------------------ sums of products

/** How an argument is read along an axis of a contraction. */
interface Steps {
  readonly size: number;
  readonly stride: number;
}

const product = (steps: readonly Pick<Steps, "size">[]): number => steps.reduce((all, { size }) => all * size, 1);

function spread(x: Own, steps: readonly Steps[]): Own | undefined {
  const [lower, upper] = [spreadOver(x.lower, steps), spreadOver(x.upper, steps)];
  return lower && upper && { lower, upper, range: x.range };
}

/**
 * Component `sum of index times stride` for all indices in row-major order, if these read every component equally
 * often.
 */
function spreadOver(x: Formula, all: readonly Steps[]): Formula | undefined {
  const steps = all.filter(({ size }) => size > 1);
  const [own, repeated] = [steps.filter(({ stride }) => stride !== 0), steps.filter(({ stride }) => stride === 0)];
  const sorted = [...own].sort((a, b) => b.stride - a.stride);
  const isWhole = product(own) === x.dim && sorted.every(({ stride }, k) => stride === product(sorted.slice(k + 1)));
  if (!isWhole) return undefined;
  if (repeated.length === 0 && sorted.every((step, k) => step === own[k])) return x;
  const sizes = (of: readonly Steps[]): number[] => of.map(({ size }) => size);
  const places = [...sorted, ...repeated].map((step) => steps.indexOf(step));
  return tensorDot(x, sumT(1, product(repeated)), sizes(sorted), sizes(repeated), [], [], places);
}

/** Sums of every `count` components. */
function sumOfGroups(x: Formula, count: number): Formula {
  if (count === 1) return x;
  return x.dim === count ? sum(x) : matVecMult(x, sumT(1, count));
}
