/**
 * Sums without the blocks of pairs that cannot matter, given a tolerance. The one idea: bounds of a formula over pairs
 * of cells bound what a block can add to a row, so that blocks are left out whose share of the error that is allowed is
 * certain to be kept: of a cell in proportion to its columns, of leaves as far as their sum allows. The scale of the
 * result is estimated from some rows, and what was promised is held against the result itself afterwards. Knows no
 * formula.
 */
import { Operator } from "../call/operator";
import { flopsPerPair } from "../call/plan";
import type { Given, How } from "../call/prepared";
import { allocate, readable, sizeOf, wrap } from "../array/view";
import type { RealArray } from "../array/view";
import { denseOf } from "../call/dense";
import { Category, Depends } from "../formula/formula";
import { log } from "../formula/maths";
import { split } from "./split";
import { at, realAt } from "../asserts";
import { add } from "../formula/core";
import { onceFor } from "../once";
import { visitedPairs } from "../device/addoncall";
import { memoryAmong } from "../device/memory";
import type { Ranges, RealData } from "../device/native";
import { logSumExp, logSumExpWeight, max, softMax, sum, sumSoftMaxWeight } from "../formula/reductions";
import type { Reduction } from "../formula/reductions";
import { waitFor } from "../task";
import type { Task } from "../task";
import { CellPairs, movedArrays } from "./cellpairs";
import type { Sorted } from "./cellpairs";
import { rangesOfBest, rangesOfLeft } from "./cellranges";
import { restoreRows } from "./cells";
import { placeAlone, placeOf, planEntries } from "./way";
import type { Plan, Way } from "./way";
import { FEW_PAIRS, MEASURED, firstDrop, operationNanoseconds, whyBefore } from "./paircosts";
import { ON_DEVICE, isOnProcessor, worstOf } from "./prune";

/** What calls of an operator compute with, made once. */
interface Parts {
  readonly pairs: CellPairs;
  readonly direct: Operator;
  /** What is known of reductions of exponentials; undefined for sums. */
  readonly exponential: Exponential | undefined;
}

interface Exponential {
  /** The largest terms, or their exponents, which the whole is not below. */
  readonly largest: Operator;
  readonly weights: Operator | undefined;
  /** Whether the weights are averaged, so that their signs do not matter. */
  readonly isMean: boolean;
}

const partsFor = onceFor(makeParts);

function makeParts(operator: Operator): Parts {
  const { formula, formulas, args, settings } = operator;
  const exponential = isExponential(settings.reduction) ? exponentialOf(operator) : undefined;
  return {
    pairs: new CellPairs({ formula, args, rows: settings.rows, sign: exponential ? -1 : "size" }),
    direct: new Operator(formulas, args, settings),
    exponential,
  };
}

function exponentialOf({ formula, formulas, args, settings }: Operator): Exponential {
  const [, weights] = formulas;
  const isMean = means.has(settings.reduction);
  const terms = weights && !isMean ? add(formula, log(weights)) : formula;
  return {
    largest: new Operator([terms], args, { ...settings, reduction: max }),
    weights: weights && new Operator([weights], args, { ...settings, reduction: sum }),
    isMean,
  };
}

const logarithms: ReadonlySet<Reduction> = new Set<Reduction>([logSumExp, logSumExpWeight]);
const means: ReadonlySet<Reduction> = new Set<Reduction>([sumSoftMaxWeight, softMax]);
const isExponential = (reduction: Reduction): boolean => logarithms.has(reduction) || means.has(reduction);

/** Operations of the exponential that such a reduction takes of every value. */
const EXPONENTIAL = 20;
const flopsOf = ({ formula, settings }: Operator): number =>
  flopsPerPair(formula) + (isExponential(settings.reduction) ? EXPONENTIAL : 0);

const MANY_MATTER = "too many pairs may matter";
const WEIGHTS_OF_PAIRS = "the weights depend on more than the columns";
const WEIGHTS_BELOW_0 = "some weights are below 0";

/** Sums, and what is made of sums of exponentials, without what cannot matter. */
export const drop: Way = {
  asked: ({ settings: { reduction } }, { tolerance = 0 }) =>
    tolerance > 0 && (reduction === sum || isExponential(reduction)),
  whyNot: (operator, given, how) =>
    whyNotOfCall(operator, given, how) ?? whyTooEarly(operator, given, how) ?? whyNotOfFormula(operator, given),
  *plan(operator, given, how) {
    if (!isOnProcessor(operator, given, how)) return ON_DEVICE;
    firstDrop.begin(how);
    return yield* planEntries(operator, given, (ofEntry) => new Dropping(operator, ofEntry, how).plan());
  },
  note(operator, given, how) {
    if (whyNotOfCall(operator, given, how) === null) firstDrop.note(how, directTime(operator, given));
  },
};

function whyNotOfCall(operator: Operator, given: Given, how: How): string | null {
  const { rows, columns } = operator.sizes(given);
  const [, weights] = operator.formulas;
  if (weights && (weights.depends & ~(operator.settings.rows === Category.I ? Depends.J : Depends.I)) !== 0)
    return WEIGHTS_OF_PAIRS;
  if (rows === 0 || rows * columns < MEASURED.leastPairs) return FEW_PAIRS;
  if (how.ranges) return "the pairs to visit are given by ranges";
  return memoryAmong(given.arrays).device !== null || how.device !== undefined ? ON_DEVICE : null;
}

function whyTooEarly(operator: Operator, given: Given, how: How): string | null {
  const { rows, columns } = operator.sizes(given);
  return firstDrop.isBefore(how, directTime(operator, given)) ? whyBefore(rows, columns) : null;
}

/** Nanoseconds that all pairs take. */
function directTime(operator: Operator, given: Given): number {
  const { rows, columns } = operator.sizes(given);
  return sizeOf(given.batch) * rows * columns * flopsOf(operator) * operationNanoseconds(given.dtype);
}

function whyNotOfFormula(operator: Operator, given: Given): string | null {
  const { rows, columns } = operator.sizes(given);
  const { pairs } = partsFor(operator);
  const points = pairs.pointsOf(given);
  return MEASURED.whyNot({ rows, columns, points, flops: flopsOf(operator), dim: pairs.dim });
}

/** Rows from which the scale of a result is estimated. */
const ROWS_OF_SCALE = 64;
/** Part of the error that is allowed which is planned with: the scale is an estimate. */
const PLANNED = 0.5;
/** Of logarithms: the largest part of a sum that may be left out. */
const LARGEST_PART = 0.1;
/** Points of a leaf: blocks reach beyond what matters by about two sides of a leaf. */
const LEAF = 14;
/** Of sums: parts of the error for cells, in proportion to their columns, and for leaves; the rest is rounding. */
const OF_CELLS = 0.1;
const OF_LEAVES = 0.899;
/** Columns of which a sample of pairs is made. */
const COLUMNS_OF_SHARE = 256;
/** Part of the pairs up to which a plan is worth more than all of them. */
const MOST_LEFT = 0.5;
/** Columns of a row that take about as long as a row of a split sum. */
const FEW_COLUMNS = 8192;

class Dropping {
  private readonly parts: Parts;
  private readonly how: How;
  private readonly tolerance: number;

  constructor(
    private readonly operator: Operator,
    private readonly given: Given,
    private readonly whole: How,
  ) {
    this.parts = partsFor(operator);
    this.tolerance = whole.tolerance ?? 0;
    this.how = placeOf(operator, given, whole);
  }

  *plan(): Task<Plan | string> {
    const { given, operator, parts } = this;
    const { pairs } = parts;
    const error = PLANNED * this.tolerance * (yield* this.scale());
    if (!(error > 0 && error < Infinity)) return "the result is no finite number that is not 0";
    const margin = parts.exponential ? this.margin(parts.exponential, error) : 0;
    if (Number.isNaN(margin)) return WEIGHTS_BELOW_0;
    if (this.sharedByMany(error)) return MANY_MATTER;
    const whyNoBounds = pairs.whyNot(given.dtype);
    if (whyNoBounds !== null) return whyNoBounds;
    const columns = yield* pairs.sort(given, pairs.columns, LEAF);
    const rows = yield* pairs.sort(given, operator.settings.rows, LEAF, columns);
    const { best, worst } = yield* this.worst(rows, columns, error, margin);
    const capacity = this.capacity(rows, columns);
    const allowed = parts.exponential ? 0 : OF_LEAVES * error;
    const left = yield* pairs.walk(given, rows, columns, { worst, capacity, allowed });
    if (!left) return MANY_MATTER;
    return this.planWith(rows, columns, rangesOfLeft(rows.cells, columns.cells, left, best), error);
  }

  /** Of a sum: whether so many pairs matter, of a sample, that a look at all cells would be in vain. */
  private sharedByMany(error: number): boolean {
    const { given, operator, parts, how } = this;
    if (parts.exponential) return false;
    const { columns } = operator.sizes(given);
    const sides = [operator.settings.rows, parts.pairs.columns] as const;
    const arrays = this.sampled(this.sampled(given.arrays, sides[0], ROWS_OF_SCALE), sides[1], COLUMNS_OF_SHARE);
    const values = readable(denseOf(parts.direct, arrays, placeAlone(how), Infinity));
    let many = 0;
    for (const value of values) if (Math.abs(value) * columns > error) many++;
    return many > this.mostLeft() * values.length;
  }

  /** Part of the pairs up to which this way is the one to take. */
  private mostLeft(): number {
    const { operator, given, parts, whole } = this;
    if (parts.exponential || split.whyNot(operator, given, whole) !== null) return MOST_LEFT;
    return Math.min(MOST_LEFT, FEW_COLUMNS / operator.sizes(given).columns);
  }

  /** Some rows of the arrays of a side. */
  private sampled(arrays: readonly RealArray[], side: Category, most: number): RealArray[] {
    return arrays.map((array, n) => {
      const { category, dim } = at(this.operator.args, n);
      const count = Math.min(most, at(array.shape, 0));
      return category === side ? wrap(someRows(readable(array), dim, count), [count, dim]) : array;
    });
  }

  /** The root of the mean square of the numbers of some rows. */
  private *scale(): Task<number> {
    const { given, operator, parts } = this;
    const { rows: side } = operator.settings;
    const count = Math.min(ROWS_OF_SCALE, given.extents[side]);
    const arrays = this.sampled(given.arrays, side, count);
    const extents: [number, number] = [...given.extents];
    extents[side] = count;
    const values = allocate(given.dtype, count * operator.dim);
    yield* waitFor(parts.direct.work({ ...given, arrays, extents }, values, this.how));
    return norm(values) / Math.sqrt(values.length);
  }

  /**
   * How far below the largest term an exponent may be that matters: all that are left out, `columns` at most, have less
   * than the error that is allowed. A mean is moved by at most twice the largest weight times their part of the sum.
   * NaN for logarithms of weights below 0.
   */
  private margin({ weights, isMean }: Exponential, error: number): number {
    const count = this.operator.sizes(this.given).columns;
    const [least, most] = weights ? this.rangeOf(weights) : [1, 1];
    if (isMean) return Math.log(Math.min(LARGEST_PART, (0.9 * error) / (2 * Math.max(-least, most))) / count);
    return least < 0 ? NaN : Math.log(Math.min(LARGEST_PART, 0.9 * error) / count) - Math.log(most);
  }

  /** The least and the largest of the values of a formula of columns. */
  private rangeOf(operator: Operator): readonly [number, number] {
    const arrays = this.sampled(this.given.arrays, operator.settings.rows, 1);
    const values = readable(denseOf(operator, arrays, placeAlone(this.how), Infinity));
    let [least, most] = [Infinity, -Infinity];
    for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
    return [least, most];
  }

  /** Up to where values of pairs matter, with the opposite sign, of every leaf of rows and component. */
  private *worst(
    rows: Sorted,
    columns: Sorted,
    error: number,
    margin: number,
  ): Task<{ best: Int32Array | null; worst: RealData }> {
    const { given, operator, parts, how } = this;
    const { dim } = operator.formula;
    const length = 2 ** rows.cells.depth * dim;
    if (!parts.exponential)
      return { best: null, worst: allocate(given.dtype, length).fill((-OF_CELLS * error) / columns.cells.count) };
    const { largest } = parts.exponential;
    const best = yield* parts.pairs.seek(given, rows, columns);
    const ranges = rangesOfBest(rows.cells, columns.cells, best, 1, 1);
    const terms = allocate(given.dtype, rows.cells.count * largest.dim);
    const moved = { ...given, arrays: movedArrays(operator, given, rows, columns) };
    yield* waitFor(largest.work(moved, terms, { ...how, ranges: [ranges, ranges] }));
    const least = worstOf(largest, rows, terms, 1).map((value) => value - margin);
    return { best, worst: dim === largest.dim ? least : largestOfGroups(least, largest.dim) };
  }

  private capacity(rows: Sorted, columns: Sorted): number {
    const size = { rows: rows.cells.count, columns: columns.cells.count };
    const most = MEASURED.mostPairs({ ...size, flops: flopsOf(this.operator), dim: this.parts.pairs.dim });
    const part = Math.max(0, Math.min(this.mostLeft(), most / (size.rows * size.columns)));
    return Math.floor(part * 2 ** (rows.cells.depth + columns.cells.depth));
  }

  private planWith(rows: Sorted, columns: Sorted, ranges: Ranges, error: number): Plan {
    const { given, operator, parts, how, tolerance } = this;
    const pairsLeft = visitedPairs({ ...operator.sizes(given), ranges });
    const tells = { method: "dropped", whyDirect: null, pairsLeft, details: { largestError: error } } as const;
    return {
      tells,
      *run(out) {
        const moved = { ...given, arrays: movedArrays(operator, given, rows, columns) };
        const values = allocate(given.dtype, out.length);
        yield* waitFor(parts.direct.work(moved, values, { ...how, ranges: [ranges, ranges] }));
        const [most, size] = [error * Math.sqrt(values.length), norm(values)];
        if (!(size < Infinity && most <= tolerance * (size - most))) return null;
        yield* restoreRows(rows.cells, values, out);
        return tells;
      },
    };
  }
}

/** Of every `size` numbers the largest, where one exponent has several weights. */
const largestOfGroups = (values: RealData, size: number): RealData =>
  values
    .filter((_, n) => n % size === 0)
    .map((_, group) => Math.max(...values.subarray(group * size, (group + 1) * size)));

const norm = (values: RealData): number => {
  let squares = 0;
  for (let n = 0; n < values.length; n++) squares += realAt(values, n) ** 2;
  return Math.sqrt(squares);
};

/** Rows `[rows, dim]`, evenly spread. */
function someRows(data: RealData, dim: number, count: number): RealData {
  const some = data.slice(0, count * dim);
  const rows = data.length / dim;
  for (let n = 0; n < count; n++) {
    const row = Math.floor((n * rows) / count);
    some.set(data.subarray(row * dim, (row + 1) * dim), n * dim);
  }
  return some;
}
