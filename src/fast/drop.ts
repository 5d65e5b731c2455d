/**
 * Sums without the blocks of pairs that cannot matter, given a tolerance. The one idea: bounds of a formula over pairs of
 * cells bound what a block can add to a row, so that blocks are left out whose share of the error that is allowed is
 * certain to be kept: 1 / columns of it for each pair. The scale of the result is estimated from some rows, and what was
 * promised is held against the result itself afterwards. Knows no formula.
 */
import { Operator } from "../call/operator";
import { flopsPerPair } from "../call/plan";
import type { Given, How } from "../call/prepared";
import { allocate, readable, wrap } from "../array/view";
import type { RealArray } from "../array/view";
import { denseOf } from "../call/dense";
import type { Category } from "../formula/formula";
import { split } from "./split";
import { at } from "../asserts";
import { onceFor } from "../once";
import { visitedPairs } from "../device/addoncall";
import { memoryAmong } from "../device/memory";
import type { Ranges, RealData } from "../device/native";
import { logSumExp, max, sum } from "../formula/reductions";
import { waitFor } from "../task";
import type { Task } from "../task";
import { CellPairs, movedArrays } from "./cellpairs";
import type { Sorted } from "./cellpairs";
import { rangesOfBest, rangesOfLeft } from "./cellranges";
import { restoreRows } from "./cells";
import type { Plan, Way } from "./way";
import { ON_DEVICE, isOnProcessor, placeOf, worstOf } from "./prune";
import { FEW_PAIRS, MEASURED } from "./prunecosts";

/** What calls of an operator compute with, made once. */
interface Parts {
  readonly pairs: CellPairs;
  readonly direct: Operator;
  /** The largest values, which logarithms of sums of exponentials are not below. */
  readonly largest: Operator | undefined;
  readonly flops: number;
}

const partsFor = onceFor(makeParts);

function makeParts({ formula, formulas, args, settings }: Operator): Parts {
  const { reduction, rows } = settings;
  const isLogarithm = reduction === logSumExp;
  return {
    pairs: new CellPairs({ formula, args, rows, sign: isLogarithm ? -1 : "size" }),
    direct: new Operator(formulas, args, settings),
    largest: isLogarithm ? new Operator(formulas, args, { ...settings, reduction: max }) : undefined,
    flops: flopsPerPair(formula) + (isLogarithm ? EXPONENTIAL : 0),
  };
}

/** Operations of the exponential that such a reduction takes of every value. */
const EXPONENTIAL = 20;

const PER_BATCH = "blocks are left out of sums without batches alone";
const MANY_MATTER = "too many pairs may matter";

/** Sums, and logarithms of sums of exponentials, without what cannot matter. */
export const drop: Way = {
  asked: ({ settings: { reduction }, formulas }, { tolerance = 0 }) =>
    tolerance > 0 && formulas.length === 1 && (reduction === sum || reduction === logSumExp),
  whyNot(operator, given, how) {
    const { rows, columns } = operator.sizes(given);
    if (rows === 0 || rows * columns < MEASURED.leastPairs) return FEW_PAIRS;
    if (given.batch.length > 0) return PER_BATCH;
    if (how.ranges) return "the pairs to visit are given by ranges";
    if (memoryAmong(given.arrays).device !== null || how.device !== undefined) return ON_DEVICE;
    const { pairs, flops } = partsFor(operator);
    const points = pairs.pointsOf(given);
    return pairs.whyNot(given.dtype) ?? MEASURED.whyNot({ rows, columns, points, flops, dim: pairs.dim });
  },
  *plan(operator, given, how) {
    if (!isOnProcessor(operator, given, how)) return ON_DEVICE;
    return yield* new Dropping(operator, given, how).plan();
  },
};

/** Rows from which the scale of a result is estimated. */
const ROWS_OF_SCALE = 64;
/** Part of the error that is allowed which is planned with: the scale is an estimate. */
const PLANNED = 0.5;
/** Of logarithms: the largest part of a sum that may be left out. */
const LARGEST_PART = 0.1;
/** Columns of which a sample of pairs is made. */
const COLUMNS_OF_SHARE = 1024;
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
    if (this.sharedByMany(error)) return MANY_MATTER;
    const columns = yield* pairs.sort(given, pairs.columns, MEASURED.leaf);
    const rows = yield* pairs.sort(given, operator.settings.rows, MEASURED.leaf, columns);
    const { best, worst } = yield* this.worst(rows, columns, error);
    const left = yield* pairs.walk(given, rows, columns, worst, this.capacity(rows, columns));
    if (!left) return MANY_MATTER;
    return this.planWith(rows, columns, rangesOfLeft(rows.cells, columns.cells, left, best), error);
  }

  /** Of a sum: whether so many pairs matter, of a sample, that a look at all cells would be in vain. */
  private sharedByMany(error: number): boolean {
    const { given, operator, parts, how } = this;
    if (parts.largest) return false;
    const { columns } = operator.sizes(given);
    const sides = [operator.settings.rows, parts.pairs.columns] as const;
    const arrays = this.sampled(this.sampled(given.arrays, sides[0], ROWS_OF_SCALE), sides[1], COLUMNS_OF_SHARE);
    const values = readable(denseOf(parts.direct, arrays, { backend: how.backend, compile: how.compile }, Infinity));
    let many = 0;
    for (const value of values) if (Math.abs(value) * columns > error) many++;
    return many > this.mostLeft() * values.length;
  }

  /** Part of the pairs up to which this way is the one to take. */
  private mostLeft(): number {
    const { operator, given, parts, whole } = this;
    if (parts.largest || split.whyNot(operator, given, whole) !== null) return MOST_LEFT;
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

  /** Up to where values of pairs matter, with the opposite sign, of every leaf of rows and component. */
  private *worst(rows: Sorted, columns: Sorted, error: number): Task<{ best: Int32Array | null; worst: RealData }> {
    const { given, operator, parts, how } = this;
    const count = columns.cells.count;
    const length = 2 ** rows.cells.depth * operator.formula.dim;
    if (!parts.largest) return { best: null, worst: allocate(given.dtype, length).fill(-error / count) };
    const best = yield* parts.pairs.seek(given, rows, columns);
    const ranges = rangesOfBest(rows.cells, columns.cells, best, 1, 1);
    const largest = allocate(given.dtype, rows.cells.count * operator.formula.dim);
    const moved = { ...given, arrays: movedArrays(operator, given, rows, columns) };
    yield* waitFor(parts.largest.work(moved, largest, { ...how, ranges: [ranges, ranges] }));
    const margin = Math.log(Math.min(LARGEST_PART, 0.9 * error) / count);
    return { best, worst: worstOf(parts.largest, rows, largest, 1).map((value) => value - margin) };
  }

  private capacity(rows: Sorted, columns: Sorted): number {
    const size = { rows: rows.cells.count, columns: columns.cells.count };
    const most = MEASURED.mostPairs({ ...size, flops: this.parts.flops, dim: this.parts.pairs.dim });
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

const norm = (values: RealData): number => {
  let squares = 0;
  for (const value of values) squares += value * value;
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
