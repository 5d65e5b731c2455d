/**
 * Calls of which each rank computes some rows. The one idea: kept rows are shared, and each is reduced over all columns
 * in their order; so a row is computed by one rank as one process would, and has the same bits on any number of them.
 * Columns are there, gathered or travel. Where the rows of a call are a shard, its result is one; where the caller wants
 * the whole result, or derivatives with gathered columns, the rows of all ranks are gathered. Knows ranks by `Ranks` alone.
 */
import type { CheckedRanges } from "../array/ranges";
import { gatherElements } from "../array/exchange";
import type { Ranks } from "../array/exchange";
import { recording } from "../array/record";
import { cutRows, evenCounts, joinRows, markShard, ownRows, shardOf, sumOf } from "../array/shard";
import type { Shard } from "../array/shard";
import { viewOf } from "../array/view";
import type { RealArray } from "../array/view";
import { asserted, at } from "../asserts";
import type { Ranges, RealData } from "../device/native";
import { ArgumentError } from "../errors";
import type { Argument } from "../formula/arguments";
import { Category } from "../formula/formula";
import { checkArguments, checkPlacement } from "./prepared";
import type { CallOptions, Extents, Given, How } from "./prepared";
import { asItIs, otherOf } from "./result";
import type { Kept, Launch, Reduce, Result } from "./result";
import { commonShard, cutAll, joinAll, shardAmong } from "./shards";
import { columnsTravel } from "./travel";
import type { Reducing } from "./travel";

/** Arrays of a call with shards among them, as it is computed. */
interface SharedCall {
  readonly arrays: readonly RealArray[];
  /** Whose rows the arrays of the kept index have: only these are computed. */
  readonly own?: Shard;
  /** Who shares the rows of a call whose arrays are whole now. */
  readonly ranks?: Ranks;
  /** What the whole result is cut to. */
  readonly cut?: Shard | undefined;
  /** Whose columns travel. */
  readonly travelling?: Shard | undefined;
  /** Whether the rows of all ranks are the result. */
  readonly joins?: boolean;
}

/**
 * How a call with shards is computed; null where there are none.
 * @throws ArgumentError for shards that do not fit each other, or an option.
 */
function shareCall(
  args: readonly Argument[],
  arrays: readonly RealArray[],
  settings: Reducing,
  options: CallOptions,
): SharedCall | null {
  const { rows } = settings;
  const { out } = options;
  const found = shardAmong(args, arrays);
  if (!found) return null;
  const kept = commonShard(args, arrays, rows);
  if (columnsTravel(args, settings, arrays, options)) {
    const cuts = recording(arrays) || (options.tolerance ?? 0) > 0;
    const shared = shareTravelling(args, arrays, rows, { ranks: found.ranks, cuts });
    if (shared.joins) refuseOut(out);
    return shared;
  }
  const { tolerance = 0 } = options;
  if (kept && tolerance === 0 && !recording(arrays))
    return { arrays: joinAll(args, arrays, (category) => category !== rows), own: kept };
  if (kept) refuseOut(out);
  return { arrays: joinAll(args, arrays, () => true), ranks: found.ranks, cut: kept };
}

/** @throws ArgumentError for one. */
function refuseOut(out: CallOptions["out"]): void {
  if (out !== undefined && out !== null)
    throw new ArgumentError("out: expected none for shards with derivatives or a tolerance, got an array");
}

/**
 * Where columns travel, arrays that all ranks have are cut to the rows of the shards beside them.
 * @param cuts whether those of the kept index are, too.
 */
function shareTravelling(
  args: readonly Argument[],
  arrays: readonly RealArray[],
  rows: Kept,
  { ranks, cuts }: { readonly ranks: Ranks; readonly cuts: boolean },
): SharedCall {
  const travelling = asserted(shardOf(asserted(arrays.find(isShardOf(args, otherOf(rows))), "a shard")), "a shard");
  const columns = cutAll(args, arrays, otherOf(rows), travelling);
  commonShard(args, columns, otherOf(rows));
  const kept = commonShard(args, arrays, rows);
  if (kept) return { arrays: columns, own: kept, travelling };
  const first = args.findIndex(({ category }) => category === rows);
  if (first < 0 || !cuts) return { arrays: columns, ranks, travelling };
  const own = { ranks, counts: evenCounts(at(at(arrays, first).shape, 0), ranks) };
  return { arrays: cutAll(args, columns, rows, own), own, travelling, joins: true };
}

const isShardOf =
  (args: readonly Argument[], category: Category) =>
  (array: RealArray, n: number): boolean =>
    at(args, n).category === category && shardOf(array) !== undefined;

/** The result of a call with shards as its caller gets it. */
function resultOfShared({ own, cut, joins }: SharedCall, { values, indices }: Result): Result {
  if (own && joins) return { values: values && joinRows(values, own), indices: indices && joinRows(indices, own) };
  if (cut) return { values: values && cutRows(values, cut), indices: indices && cutRows(indices, cut) };
  if (!own) return { values, indices };
  const { ranks, counts } = own; // not what was cut
  return {
    values: values && markShard(values, { ranks, counts }),
    indices: indices && markShard(indices, { ranks, counts }),
  };
}

export const withExtent = ([i, j]: Extents, kept: Kept, rows: number): Extents =>
  kept === Category.I ? [rows, j] : [i, rows];

/** What a call computes with, how, and what its caller gets of the result. */
export interface CheckedCall {
  readonly given: Given;
  readonly how: How;
  readonly finish: (result: Result) => Result;
}

/** @throws ArgumentError unless arrays and options fit. */
export function checkCall(
  args: readonly Argument[],
  settings: Reducing,
  arrays: readonly RealArray[],
  options: CallOptions,
): CheckedCall {
  const { rows } = settings;
  const shared = shareCall(args, arrays, settings, options);
  const checked = checkArguments(args, shared?.arrays ?? arrays);
  if (!shared) return { given: checked, how: checkPlacement(options, checked), finish: asItIs };
  const { own, ranks, travelling } = shared;
  const shards = travelling && shardsOf(rows, own, travelling);
  const given = { ...checked, ranks, shards, extents: extentsOf(checked, otherOf(rows), travelling) };
  const finish = (result: Result): Result => resultOfShared(shared, result);
  if (!own) return { given, how: checkPlacement(options, given), finish };
  const extents = extentsOf(given, rows, own);
  return { given, how: howOfRows(checkPlacement(options, { extents, shards }), own, rows), finish };
}

/** With the rows of all ranks where there is a shard. */
const extentsOf = ({ extents }: Given, of: Kept, shard: Shard | undefined): Extents =>
  shard ? withExtent(extents, of, sumOf(shard.counts)) : extents;

const shardsOf = (rows: Kept, kept: Shard | undefined, reduced: Shard): How["shards"] =>
  rows === Category.I ? [kept, reduced] : [reduced, kept];

/** How a result is recorded: of shards without a row of their own it is a total, the same on all ranks. */
export const whoseResult = ({ shards }: How, rows: Kept): { totals: boolean; joins: boolean } => ({
  totals: shards !== undefined,
  joins: shards !== undefined && !shards[rows],
});

/** A call of arrays that are shards, of which a call before knows whose. */
export function checkShards(
  { args, settings: { rows } }: Reduced,
  arrays: readonly RealArray[],
  how: How,
): { given: Given; how: How } {
  const [kept, reduced] = [how.shards?.[rows], how.shards?.[otherOf(rows)]];
  const checked = checkArguments(args, arrays);
  const given = { ...checked, extents: extentsOf(checked, otherOf(rows), reduced) };
  return { given, how: kept ? howOfRows(how, kept, rows) : howOfAll(how, given.extents[rows], rows) };
}

// ------------------------------------------------------------------------------------------------------ some rows

/** How the rows of one rank are computed, as a part of all rows. */
function howOfRows(how: How, shard: Shard, kept: Kept): How {
  const rangesOfAll = how.rangesOfAll ?? how.ranges;
  const ranges = rangesOfAll?.[kept];
  const own = ranges && cutRanges(ranges, ...ownRows(shard));
  const both: CheckedRanges | undefined = own && [own, own]; // the half of the kept index is read alone
  return { ...how, ranks: undefined, partOf: { rows: sumOf(shard.counts), ranges }, ranges: both, rangesOfAll };
}

/** How all rows are computed after some, which stay parts of as many to whoever decides. */
function howOfAll(how: How, rows: number, kept: Kept): How {
  const ranges = how.rangesOfAll ?? how.ranges;
  return { ...how, partOf: { rows, ranges: ranges?.[kept] }, ranges };
}

function cutRanges({ rows, slices, columns }: Ranges, begin: number, end: number): Ranges {
  const cut: { rows: number[]; slices: number[]; columns: number[] } = { rows: [], slices: [], columns: [] };
  for (let k = 0, n = 0; k < slices.length; n = at(slices, k), k++) {
    const [first, last] = [Math.max(at(rows, 2 * k), begin), Math.min(at(rows, 2 * k + 1), end)];
    if (first >= last) continue;
    cut.rows.push(first - begin, last - begin);
    for (let c = 2 * n; c < 2 * at(slices, k); c++) cut.columns.push(at(columns, c));
    cut.slices.push(cut.columns.length / 2);
  }
  return {
    rows: Float64Array.from(cut.rows),
    slices: Float64Array.from(cut.slices),
    columns: Float64Array.from(cut.columns),
  };
}

/** Calls that end with an exchange are numbered as their turns come, so that none takes the rows of another. */
let begun = 0;

/** What is computed, and what it is called. */
interface Reduced {
  readonly args: readonly Argument[];
  readonly settings: Reducing;
  toString(): string;
}

/**
 * A call of whole arrays, of which each rank computes some rows and gets all. What may be off by a tolerance is planned
 * by all ranks alike, for all rows, so that bits do not depend on who has which; what the plan computes is shared.
 * @param launch `some` computes some rows, `fewer` the whole call from fewer pairs.
 */
export function launchOnRanks(
  call: Reduce,
  ranks: Ranks,
  of: Reduced,
  launch: { readonly some: (rows: Reduce) => Launch; readonly fewer: (all: () => Launch) => Launch },
): Launch {
  const { tolerance = 0 } = call.how;
  if (tolerance === 0 || of.settings.reduction.keeps) return launchShares(call, ranks, of, launch.some);
  const exact = { ...call, how: { ...call.how, tolerance: undefined } };
  return launch.fewer(() => launchShares(exact, ranks, of, launch.some));
}

function launchShares(
  { given, out, how, indices }: Reduce,
  ranks: Ranks,
  of: Reduced,
  launch: (rows: Reduce) => Launch,
): Launch {
  const { args } = of;
  const { rows: kept } = of.settings;
  const rows = given.extents[kept];
  const shard: Shard = how.shards?.[kept] ?? { ranks, counts: evenCounts(rows, ranks) };
  const [begin, end] = ownRows(shard);
  const part = <T extends RealData | Int32Array>(all: T): T =>
    all.subarray(begin * (all.length / rows), end * (all.length / rows)) as T;
  const reduced = how.shards?.[otherOf(kept)];
  const columns = reduced ? cutGiven(given, args, otherOf(kept), ownRows(reduced)) : given;
  if (rows === 0) return launch({ given: columns, out, how: howOfRows(how, shard, kept), indices });
  const own = launch({
    given: { ...cutGiven(columns, args, kept, [begin, end]), extents: withExtent(given.extents, kept, end - begin) },
    out: part(out),
    how: howOfRows(how, shard, kept),
    indices: indices && part(indices),
  });
  return thenDo(own, (number) => {
    ranks.agree(
      () => `call ${String(number)}, ${String(of)}, of ${given.extents.join(" x ")} pairs in ${given.dtype}`,
      0,
    );
    for (const all of indices ? [out, indices] : [out])
      gatherElements(String(of), ranks, all, { counts: shard.counts, width: all.length / rows });
  });
}

/** In both forms, with something that follows, which is told the number of the call. */
const thenDo = ({ now, later }: Launch, next: (number: number) => void): Launch => ({
  now: () => {
    const number = begun++;
    now();
    next(number);
  },
  later: async (control) => {
    const number = begun++;
    await later(control);
    next(number);
  },
});

/** Arrays of this category that have all rows, cut to these; others have them already. */
function cutGiven(
  given: Given,
  args: readonly Argument[],
  category: Kept,
  [begin, end]: readonly [number, number],
): Given {
  const arrays = given.arrays.map((array, n) => {
    const [rows, ...rest] = array.shape;
    if (at(args, n).category !== category || rows !== given.extents[category]) return array;
    const offset = array.offset + begin * at(array.stride, 0);
    return viewOf(array, { shape: [end - begin, ...rest], stride: array.stride, offset });
  });
  return { ...given, arrays };
}
