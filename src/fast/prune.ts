/**
 * Smallest and largest values from fewer pairs, exactly. The one idea: some K values of a row bound its K best, so that
 * columns of a cell whose values are all worse can be left out; what is left is a reduction with ranges over points in
 * the order of their cells, in which ties go by the indices that the points had. Its results are those of all pairs, bit
 * by bit. Knows no formula: it takes any whose bounds are known.
 */
import { Operator } from "../call/operator";
import { flopsPerPair } from "../call/plan";
import type { Given, How } from "../call/prepared";
import type { Settings } from "../call/result";
import { allocate, wrap } from "../array/view";
import { asserted, at, realAt } from "../asserts";
import { onceFor } from "../once";
import { ranksOf, visitedPairs } from "../device/addoncall";
import { memoryAmong } from "../device/memory";
import type { Ranges, RealData } from "../device/native";
import { extraArgument } from "../formula/arguments";
import { kMax, kMin, max, min } from "../formula/reductions";
import { waitFor } from "../task";
import type { Task } from "../task";
import { CellPairs, movedArrays } from "./cellpairs";
import type { Sorted } from "./cellpairs";
import { Visits, rangesOfBest, rangesOfLeft } from "./cellranges";
import type { Left } from "./cellranges";
import { firstPlace, restoreRows } from "./cells";
import { placeOf, planEntries } from "./way";
import type { Plan, Way } from "./way";
import { FEW_PAIRS, MANY_LEFT, MEASURED } from "./paircosts";
import type { Choice } from "./paircosts";

/** What calls of an operator compute with, made once. */
interface Parts {
  readonly pairs: CellPairs;
  /** The K best values, whose indices nobody asks for. */
  readonly values: Operator;
  /** The same as the operator, of columns with ranks. */
  readonly ranked: Operator;
  readonly flops: number;
}

const partsFor = onceFor(makeParts);

function makeParts({ formula, formulas, args, settings }: Operator): Parts {
  const { reduction, rows } = settings;
  const sign = asserted(reduction.keeps, "a reduction of the best");
  const pairs = new CellPairs({ formula, args, rows, sign });
  const operatorWith = (changed: Partial<Settings>, more = args): Operator =>
    new Operator(formulas, more, { ...settings, ...changed });
  const ranks = extraArgument(args.length, 1, pairs.columns);
  const [smallest, largest] = reduction.takesK ? [kMin, kMax] : [min, max];
  return {
    pairs,
    values: operatorWith({ reduction: sign === 1 ? smallest : largest }),
    ranked: operatorWith({ reduction: asserted(reduction.ranked, "a reduction with ranks") }, [...args, ranks]),
    flops: flopsPerPair(formula),
  };
}

const ON_PROCESSOR: readonly string[] = ["cpu", "tiles", "reference"];
export const ON_DEVICE = "it runs on a device";

export const isOnProcessor = (operator: Operator, given: Given, how: How): boolean =>
  ON_PROCESSOR.includes(operator.preview(given, how).backend);

/** Rows, columns, and how many columns a row visits in the mean. */
function sizesOf(operator: Operator, given: Given, how: How): { rows: number; columns: number; visited: number } {
  const sizes = operator.sizes(given);
  return { ...sizes, visited: sizes.rows === 0 ? 0 : operator.pairs(given, how) / sizes.rows };
}

/** Minima, maxima, the K best and their indices from the pairs that may hold them. */
export const pruneWith = (choice: Choice): Way => ({
  asked: ({ settings }, how) => settings.reduction.keeps !== undefined && how.prune !== "never",
  whyNot(operator, given, how) {
    const { rows, columns, visited } = sizesOf(operator, given, how);
    if (rows === 0 || columns === 0 || rows * visited < choice.leastPairs) return FEW_PAIRS;
    if (memoryAmong(given.arrays).device !== null || how.device !== undefined) return ON_DEVICE;
    if (operator.settings.k > columns) return "there are fewer columns than K";
    const { pairs, flops } = partsFor(operator);
    const points = pairs.pointsOf(given);
    return pairs.whyNot(given.dtype) ?? choice.whyNot({ rows, columns: visited, points, flops, dim: pairs.dim });
  },
  *plan(operator, given, how) {
    if (!isOnProcessor(operator, given, how)) return ON_DEVICE;
    const inner = { ...placeOf(operator, given, how), ranges: how.ranges };
    return yield* planEntries(operator, given, (ofEntry) => new Entry(operator, ofEntry, inner, choice).plan());
  },
});

/** Minima, maxima, the K best and their indices from the pairs that may hold them, where that pays. */
export const prune: Way = pruneWith(MEASURED);

/** Pairs of leaves that a plan may list. */
const MOST_LISTED = 2 ** 24;

/** Rows, columns and parameters of one entry of a call. */
class Entry {
  readonly parts: Parts;

  constructor(
    readonly operator: Operator,
    readonly given: Given,
    readonly how: How,
    private readonly choice: Choice,
  ) {
    this.parts = partsFor(operator);
  }

  *plan(): Task<Plan | string> {
    const pruned = yield* this.prune();
    if (typeof pruned === "string") return pruned;
    const tells = { method: "pruned", whyDirect: null, pairsLeft: pruned.pairs, details: {} } as const;
    return {
      tells,
      *run(out, indices) {
        yield* pruned.run(out, indices);
        return tells;
      },
    };
  }

  /** Its pairs that are left, or why they are not fewer. */
  private *prune(): Task<Pruned | string> {
    const { given, operator, choice } = this;
    const { pairs } = this.parts;
    const { leaf, sampled } = choice;
    const sizes = operator.sizes(given);
    const own = this.how.ranges?.[operator.settings.rows];
    const columns = yield* pairs.sort(given, pairs.columns, leaf, undefined, own !== undefined);
    const leafOfRows = Math.max(Math.min(leaf, 8), Math.min(leaf, Math.ceil((leaf * sizes.rows) / sizes.columns)));
    const rows = yield* pairs.sort(given, operator.settings.rows, leafOfRows, columns, own !== undefined);
    const visits = own && new Visits(own, rows.cells, columns.cells, operator.settings.k);
    const best = yield* pairs.seek(given, rows, columns);
    const look = new Look(this, rows, columns, best, choice, visits);
    if (2 ** rows.cells.depth >= 4 * sampled && !(yield* look.at(sampled))) return MANY_LEFT;
    const left = yield* look.at(1);
    if (!left) return MANY_LEFT;
    const ranges = rangesOfLeft(rows.cells, columns.cells, left, best, visits);
    if (visits && paddedPairs(ranges) > look.mostPairs()) return MANY_LEFT;
    return new Pruned(this, rows, columns, ranges, look.pairs + visitedPairs({ ...sizes, ranges }));
  }
}

/** Rows of an interval take as long as a few vectors, and intervals of columns as long as some columns. */
const [ROWS_AT_ONCE, COLUMNS_OF_INTERVAL] = [8, 2];

/** How many pairs of long intervals would take as long. */
function paddedPairs({ rows, slices, columns }: Ranges): number {
  let pairs = 0;
  for (let k = 0, n = 0; k < slices.length; k++) {
    const height = Math.ceil((at(rows, 2 * k + 1) - at(rows, 2 * k)) / ROWS_AT_ONCE) * ROWS_AT_ONCE;
    for (; n < at(slices, k); n++)
      pairs += height * (at(columns, 2 * n + 1) - at(columns, 2 * n) + COLUMNS_OF_INTERVAL);
  }
  return pairs;
}

/** Finds some K values of rows, and what may be better. */
class Look {
  /** At which the formula was computed. */
  pairs = 0;
  /** Rows that visit all that they may, whatever is found. */
  private readonly skipped: Uint8Array | undefined;

  constructor(
    private readonly entry: Entry,
    private readonly rows: Sorted,
    private readonly columns: Sorted,
    private readonly best: Int32Array,
    private readonly choice: Choice,
    private readonly visits: Visits | undefined,
  ) {
    this.skipped = visits?.shortRows();
  }

  /** What is left of every n-th leaf of rows; null where that is too much to pay. */
  *at(every: number): Task<Left | null> {
    const { entry, rows, columns, best, visits } = this;
    const { operator, given, how, parts } = entry;
    const sizes = operator.sizes(given);
    const ranges = rangesOfBest(rows.cells, columns.cells, best, operator.settings.k, every, visits);
    this.pairs += visitedPairs({ ...sizes, ranges });
    const values = allocate(given.dtype, sizes.rows * parts.values.dim);
    const moved = { ...given, arrays: movedArrays(operator, given, rows, columns) };
    yield* waitFor(parts.values.work(moved, values, { ...how, ranges: [ranges, ranges] }));
    const worst = worstOf(operator, rows, values, every, this.skipped);
    return yield* parts.pairs.walk(given, rows, columns, { worst, capacity: this.capacity(every) });
  }

  private capacity(every: number): number {
    const { operator, given } = this.entry;
    const { rows, columns } = operator.sizes(given);
    const leaves = 2 ** (this.rows.cells.depth + this.columns.cells.depth);
    const wanted = Math.max(0, this.mostPairs() / (rows * columns) / every) * leaves;
    return Math.min(MOST_LISTED, leaves, Math.floor(wanted));
  }

  /** Pairs that may be left. */
  mostPairs(): number {
    const { operator, given, how, parts } = this.entry;
    const { rows, visited } = sizesOf(operator, given, how);
    return this.choice.mostPairs({ rows, columns: visited, flops: parts.flops, dim: parts.pairs.dim });
  }
}

/**
 * Of every leaf of rows and component, the worst of the K-th best values that were found, with the sign of minima; of
 * leaves that were not looked at, or whose rows are all skipped, less than all.
 */
export function worstOf(
  { settings, formula: { dim } }: Operator,
  { cells }: Sorted,
  values: RealData,
  every: number,
  skipped?: Uint8Array,
): RealData {
  const { reduction, k } = settings;
  const sign = asserted(reduction.keeps, "a reduction of the best");
  const length = 2 ** cells.depth * dim;
  const worst = (values instanceof Float64Array ? new Float64Array(length) : new Float32Array(length)).fill(-Infinity);
  for (let leaf = 0; leaf * dim < length; leaf += every)
    for (let row = firstPlace(cells, leaf), end = firstPlace(cells, leaf + 1); row < end; row++)
      for (let component = 0; component < dim && skipped?.[row] !== 1; component++) {
        const value = sign * realAt(values, (row * k + k - 1) * dim + component);
        if (!(value <= realAt(worst, leaf * dim + component))) worst[leaf * dim + component] = value;
      }
  return worst;
}

/** What ranked reductions give where a row visits fewer than K columns (native/text/common/best.h). */
const NO_RANK = 2 ** 31 - 1;

/** An entry whose pairs are fewer. */
class Pruned {
  constructor(
    private readonly entry: Entry,
    private readonly rows: Sorted,
    private readonly columns: Sorted,
    private readonly ranges: Ranges,
    /** At which the formula is computed, those included at which it has been. */
    readonly pairs: number,
  ) {}

  *run(out: RealData, indices: Int32Array | undefined): Task<void> {
    const { entry, rows, columns, ranges } = this;
    const { operator, given, how, parts } = entry;
    const { order } = columns.cells;
    const arrays = [
      ...movedArrays(operator, given, rows, columns),
      wrap(ranksOf(order, given.dtype), [order.length, 1]),
    ];
    const moved = { out: allocate(given.dtype, out.length), indices: indices && new Int32Array(indices.length) };
    const work = parts.ranked.work(
      { ...given, arrays },
      moved.out,
      { ...how, ranges: [ranges, ranges] },
      moved.indices,
    );
    yield* waitFor(work);
    yield* restoreRows(rows.cells, moved.out, out);
    if (!indices || !moved.indices) return;
    if (entry.how.ranges) for (const [n, rank] of moved.indices.entries()) if (rank === NO_RANK) moved.indices[n] = -1;
    yield* restoreRows(rows.cells, moved.indices, indices);
  }
}
