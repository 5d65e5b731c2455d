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
import { allocate, sizeOf, wrap } from "../array/view";
import { asserted, at } from "../asserts";
import { ranksOf, visitedPairs } from "../device/addoncall";
import { memoryAmong } from "../device/memory";
import type { Ranges, RealData } from "../device/native";
import { extraArgument } from "../formula/arguments";
import { Category } from "../formula/formula";
import { kMax, kMin, max, min } from "../formula/reductions";
import { waitFor } from "../task";
import type { Task } from "../task";
import { CellPairs, entryGiven } from "./cellpairs";
import type { Left, Sorted } from "./cellpairs";
import { firstPlace, restoreRows } from "./cells";
import type { Plan, Way } from "./fewer";

/** What a call computes with, made once for its operator. */
interface Parts {
  readonly pairs: CellPairs;
  /** The K best values, whose indices nobody asks for. */
  readonly values: Operator;
  /** The same as the operator, of columns with ranks. */
  readonly ranked: Operator;
  readonly flops: number;
}

const partsOf = new WeakMap<Operator, Parts>();

function partsFor(operator: Operator): Parts {
  const found = partsOf.get(operator) ?? makeParts(operator);
  partsOf.set(operator, found);
  return found;
}

function makeParts({ formula, formulas, args, settings }: Operator): Parts {
  const { reduction, rows } = settings;
  const sign = asserted(reduction.keeps, "a reduction of the best");
  const pairs = new CellPairs({ formula, args, rows, sign });
  const operatorWith = (changed: Partial<Settings>, more = args): Operator =>
    new Operator(formulas, more, { ...settings, ...changed });
  const ranks = extraArgument(args.length, 1, pairs.columns);
  const values = reduction.takesK ? { 1: kMin, [-1]: kMax } : { 1: min, [-1]: max };
  return {
    pairs,
    values: operatorWith({ reduction: asserted(values[sign], "a reduction") }),
    ranked: operatorWith({ reduction: asserted(reduction.ranked, "a reduction with ranks") }, [...args, ranks]),
    flops: flopsPerPair(formula),
  };
}

/** Minima, maxima, the K best and their indices from the pairs that may hold them. */
export const prune: Way = {
  asked: ({ settings }, how) => settings.reduction.keeps !== undefined && how.prune !== "never",
  whyNot(operator, given, how) {
    const { rows, columns } = operator.sizes(given);
    const { pairs, flops } = partsFor(operator);
    if (directCost(rows * columns, flops) < LEAST_COST + sortingCost(rows + columns)) return "there are few pairs";
    if (how.ranges) return "the pairs to visit are given by ranges";
    if (memoryAmong(given.arrays).device !== null || how.device !== undefined) return "it runs on a device";
    if (operator.settings.k > columns) return "there are fewer columns than K";
    return pairs.whyNot(given.dtype);
  },
  *plan(operator, given, how) {
    const parts = partsFor(operator);
    const backend = operator.preview(given, how).backend;
    if (!ON_PROCESSOR.includes(backend)) return "it runs on a device";
    const inner: How = { backend, compile: backend === "cpu" ? "always" : "never" };
    const entries: PrunedEntry[] = [];
    for (let entry = 0; entry < sizeOf(given.batch); entry++) {
      const found = yield* planEntry(parts, operator, entryGiven(operator.args, given, entry), inner);
      if (typeof found === "string") return found;
      entries.push(found);
    }
    return planOf(parts, operator, given, inner, entries);
  },
};

const ON_PROCESSOR: readonly string[] = ["cpu", "tiles", "reference"];

// ------------------------------------------------------------------------------------------------------------- costs

/** Nanoseconds of a processor, measured on AVX2. */
const directCost = (pairs: number, flops: number): number => pairs * Math.max(0.2, 0.03 * flops);
const sortingCost = (points: number): number => 300 * points;
const LEAST_COST = 2e6;
/** Part of all pairs that may be left before the first values are known. */
const MOST_LEFT = 1 / 3;
/** Points of a leaf. */
const LEAF = 40;
const MOST_LISTED = 2 ** 24;

// -------------------------------------------------------------------------------------------------------------- plan

interface PrunedEntry {
  readonly rows: Sorted;
  readonly columns: Sorted;
  readonly ranges: Ranges;
  /** At which the formula is computed, the first values included. */
  readonly pairs: number;
}

function* planEntry(parts: Parts, operator: Operator, given: Given, how: How): Task<PrunedEntry | string> {
  const { pairs } = parts;
  const { rows: rowCount, columns: columnCount } = operator.sizes(given);
  const { rows: side, k } = operator.settings;
  const columns = yield* pairs.sort(given, pairs.columns, LEAF);
  const rowLeaf = Math.max(8, Math.min(LEAF, Math.ceil((LEAF * rowCount) / columnCount)));
  const rows = yield* pairs.sort(given, side, rowLeaf, columns);
  const perLeaves = (rowCount * columnCount) / 2 ** (rows.cells.depth + columns.cells.depth);
  const capacity = Math.min(MOST_LISTED, Math.floor((MOST_LEFT * rowCount * columnCount) / perLeaves));
  const left = yield* pairs.walk(given, rows, columns, k, capacity);
  if (!left) return "too many pairs may hold a best value";
  const first = firstRanges(rows, columns, left, k);
  const values = allocate(given.dtype, rowCount * parts.values.dim);
  const arrays = arraysOf(operator, given, rows, columns);
  yield* waitFor(parts.values.work({ ...given, arrays }, values, { ...how, ranges: [first, first] }));
  const ranges = rangesWithin(rows, columns, left, worstOf(operator, rows, values));
  const size = { rows: rowCount, columns: columnCount };
  return { rows, columns, ranges, pairs: visitedPairs({ ...size, ranges: first }) + visitedPairs({ ...size, ranges }) };
}

/** Arguments in the order of places, parameters as they are. */
function arraysOf(operator: Operator, given: Given, rows: Sorted, columns: Sorted): Given["arrays"] {
  return operator.args.map(({ category, dim }, n) => {
    if (category === Category.P) return at(given.arrays, n);
    const data = asserted((category === operator.settings.rows ? rows : columns).arrays[n], "an array");
    return wrap(data, [data.length / dim, dim]);
  });
}

/** For every leaf of rows the columns with the least upper bounds, and those beside them until there are K. */
function firstRanges(rows: Sorted, columns: Sorted, { best, ends }: Left, k: number): Ranges {
  const leaves = ends.length;
  const { count, depth } = columns.cells;
  let wider = 0;
  while (wider < depth && count >> (depth - wider) < k) wider++;
  const found = new RangesWriter(rows, columns, leaves * Math.max(1, best.length / leaves));
  const perLeaf = best.length / leaves;
  for (let leaf = 0; leaf < leaves; leaf++) {
    const groups = new Set<number>();
    for (let n = leaf * perLeaf; n < (leaf + 1) * perLeaf; n++) groups.add(best[n]! >> wider);
    for (const group of [...groups].sort((a, b) => a - b)) found.add(group << wider, (group + 1) << wider);
    found.endRow(leaf);
  }
  return found.ranges();
}

/** Of every leaf of rows and component, the worst of the K-th best values that were found, with the sign of minima. */
function worstOf({ settings, formula: { dim } }: Operator, rows: Sorted, values: RealData): Float64Array {
  const { reduction, k } = settings;
  const sign = asserted(reduction.keeps, "a reduction of the best");
  const leaves = 2 ** rows.cells.depth;
  const worst = new Float64Array(leaves * dim).fill(-Infinity);
  for (let leaf = 0; leaf < leaves; leaf++)
    for (let row = firstPlace(rows.cells, leaf), end = firstPlace(rows.cells, leaf + 1); row < end; row++)
      for (let component = 0; component < dim; component++) {
        const value = sign * values[(row * k + k - 1) * dim + component]!;
        if (!(value <= worst[leaf * dim + component]!)) worst[leaf * dim + component] = value;
      }
  return worst;
}

/** The columns whose lower bounds are not above the worst of the values that were found. */
function rangesWithin(rows: Sorted, columns: Sorted, { ends, leaves, lowers, count }: Left, worst: Float64Array): Ranges {
  const dim = worst.length / ends.length;
  const found = new RangesWriter(rows, columns, count);
  for (let leaf = 0, n = 0; leaf < ends.length; leaf++) {
    for (; n < ends[leaf]!; n++) if (mayMatter(lowers, n, worst, leaf, dim)) found.add(leaves[n]!, leaves[n]! + 1);
    found.endRow(leaf);
  }
  return found.ranges();
}

function mayMatter(lowers: RealData, n: number, worst: Float64Array, leaf: number, dim: number): boolean {
  for (let k = 0; k < dim; k++) if (!(lowers[n * dim + k]! > worst[leaf * dim + k]!)) return true;
  return false;
}

/** Ranges from leaves of rows, one after the other, and leaves of columns, ascending; neighbours are joined. */
class RangesWriter {
  private readonly rowIntervals: Int32Array;
  private readonly slices: Int32Array;
  private readonly columnIntervals: Int32Array;
  private count = 0;
  /** Of the row: where its intervals begin. */
  private begin = 0;

  constructor(
    private readonly rows: Sorted,
    private readonly columns: Sorted,
    most: number,
  ) {
    const leaves = 2 ** rows.cells.depth;
    [this.rowIntervals, this.slices] = [new Int32Array(2 * leaves), new Int32Array(leaves)];
    this.columnIntervals = new Int32Array(2 * most);
  }

  add(firstLeaf: number, endLeaf: number): void {
    const { columnIntervals, columns } = this;
    const [first, end] = [firstPlace(columns.cells, firstLeaf), firstPlace(columns.cells, endLeaf)];
    const isNeighbour = this.count > this.begin && columnIntervals[2 * this.count - 1] === first;
    if (!isNeighbour) columnIntervals[2 * this.count++] = first;
    columnIntervals[2 * this.count - 1] = end;
  }

  endRow(leaf: number): void {
    this.rowIntervals[2 * leaf] = firstPlace(this.rows.cells, leaf);
    this.rowIntervals[2 * leaf + 1] = firstPlace(this.rows.cells, leaf + 1);
    this.slices[leaf] = this.begin = this.count;
  }

  ranges(): Ranges {
    return { rows: this.rowIntervals, slices: this.slices, columns: this.columnIntervals.slice(0, 2 * this.count) };
  }
}

// --------------------------------------------------------------------------------------------------------------- run

function planOf(parts: Parts, operator: Operator, given: Given, how: How, entries: readonly PrunedEntry[]): Plan {
  const pairsLeft = entries.reduce((sum, { pairs }) => sum + pairs, 0);
  const tells = { method: "pruned", whyDirect: null, pairsLeft, details: {} } as const;
  return {
    tells,
    *run(out, indices) {
      for (const [entry, pruned] of entries.entries())
        yield* runEntry(parts, operator, entryGiven(operator.args, given, entry), how, pruned, {
          out: partOf(out, entry, entries.length),
          indices: indices && partOf(indices, entry, entries.length),
        });
      return tells;
    },
  };
}

function partOf<T extends RealData | Int32Array>(data: T, part: number, parts: number): T {
  const size = data.length / parts;
  return data.subarray(part * size, (part + 1) * size) as T;
}

interface Target {
  readonly out: RealData;
  readonly indices: Int32Array | undefined;
}

function* runEntry(
  { ranked }: Parts,
  operator: Operator,
  given: Given,
  how: How,
  { rows, columns, ranges }: PrunedEntry,
  { out, indices }: Target,
): Task<void> {
  const { order } = columns.cells;
  const ranks = wrap(ranksOf(order, given.dtype), [order.length, 1]);
  const arrays = [...arraysOf(operator, given, rows, columns), ranks];
  const moved = { out: allocate(given.dtype, out.length), indices: indices && new Int32Array(indices.length) };
  yield* waitFor(ranked.work({ ...given, arrays }, moved.out, { ...how, ranges: [ranges, ranges] }, moved.indices));
  restoreRows(rows.cells, moved.out, out);
  if (indices && moved.indices) restoreRows(rows.cells, moved.indices, indices);
}
