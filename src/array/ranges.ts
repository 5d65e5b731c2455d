/**
 * Block-sparse ranges: KeOps's six integer arrays, checked, and turned into what the engine runs over. The one idea: a
 * checked half covers every row of its kept index exactly once, in order, with disjoint ascending column intervals;
 * rows that nobody listed visit nothing. So engines need no case for gaps, and ties go to the lowest index. Must not
 * know how ranges are found, nor formulas.
 */
import type { Ranges } from "../device/native";
import { at, realAt } from "../asserts";
import { ArgumentError } from "../errors";
import { atMost } from "../options";
import { described } from "./check";
import { elementsOf, int32, integersOf, intervalsOf } from "./integers";
import type { Int32NdArray, IntegerArray, IntervalArray } from "./integers";
import type { NumberArray } from "./array";
import { shapeText } from "./view";

/**
 * Which pairs (i, j) a reduction visits, as in KeOps: `[rangesI, slicesI, redrangesJ, rangesJ, slicesJ, redrangesI]`.
 * Rows of interval k of `rangesI` `[A, 2]` visit the columns of the intervals from `slicesI[k - 1]` (0 for k = 0) to
 * `slicesI[k]` of `redrangesJ` `[B, 2]`; the other three list the same pairs with i and j exchanged.
 */
export type BlockRanges = readonly [
  rangesI: IntervalArray,
  slicesI: IntegerArray,
  redrangesJ: IntervalArray,
  rangesJ: IntervalArray,
  slicesJ: IntegerArray,
  redrangesI: IntervalArray,
];

/** `BlockRanges` as the tools of this library make them: int32 ndarrays. */
export type RangeArrays = readonly [Int32NdArray, Int32NdArray, Int32NdArray, Int32NdArray, Int32NdArray, Int32NdArray];

/** A block matrix of what to keep: rows of numbers or booleans, or an ndarray `[A, B]`. */
export type KeepMatrix = readonly ArrayLike<number | boolean>[] | NumberArray;

const NAMES = ["rangesI", "slicesI", "redrangesJ", "rangesJ", "slicesJ", "redrangesI"] as const;

/**
 * Exchanges the roles of i and j: the ranges of the transposed problem.
 * @param ranges the six arrays that `fromMatrix` gives
 * @returns six arrays
 * @throws ArgumentError for other lists
 * @example
 * const halves = cluster.clusterRanges([0, 0, 1, 1]);
 * console.log(cluster.swapAxes(cluster.fromMatrix(halves, halves, [[1, 0], [0, 1]])).length); // 6
 */
export function swapAxes<A, B, C, D, E, F>(ranges: readonly [A, B, C, D, E, F]): readonly [D, E, F, A, B, C] {
  atMost("swapAxes", 1, arguments);
  checkSix("swapAxes, ranges", ranges);
  const [a, b, c, d, e, f] = ranges;
  return [d, e, f, a, b, c];
}

/**
 * The ranges that visit block (a, b) of rows `rangesI[a]` and columns `rangesJ[b]` where `keep[a][b]` is true or not
 * 0.
 * @param rangesI intervals `[A, 2]`, as of `clusterRanges`
 * @param rangesJ intervals `[B, 2]`
 * @param keep `[A, B]`
 * @returns ranges for the option `ranges` of calls
 * @throws ArgumentError for arrays that do not fit each other
 * @example
 * const halves = cluster.clusterRanges([0, 0, 1, 1]);
 * const ranges = cluster.fromMatrix(halves, halves, [[1, 0], [0, 1]]);
 * const x = rand([4, 2]);
 * console.log(Vi(x).sqdist(Vj(x)).sum({ axis: 1, ranges }).shape); // [ 4, 1 ]
 */
export function fromMatrix(rangesI: IntervalArray, rangesJ: IntervalArray, keep: KeepMatrix): RangeArrays {
  atMost("fromMatrix", 3, arguments);
  const [rows, columns] = [intervalsOf("fromMatrix, rangesI", rangesI), intervalsOf("fromMatrix, rangesJ", rangesJ)];
  const [a, b] = [rows.length / 2, columns.length / 2];
  const [shape, kept] = elementsOf("fromMatrix, keep", keep);
  const isEmpty = a === 0 && kept.length === 0;
  if (!isEmpty && (shape.length !== 2 || shape[0] !== a || shape[1] !== b))
    throw new ArgumentError(`fromMatrix, keep: expected shape [${a}, ${b}] as the ranges, got ${shapeText(shape)}`);
  const visits = (i: number, j: number): boolean => Boolean(kept[i * b + j]);
  return rangeArrays(
    "fromMatrix",
    rows,
    columns,
    listOf(a, b, visits),
    listOf(b, a, (j, i) => visits(i, j)),
  );
}

/** For each of `count` blocks, the blocks of the other index that it visits. */
export type Visits = readonly (readonly number[])[];

function listOf(count: number, others: number, visits: (own: number, other: number) => boolean): Visits {
  const all = Array.from({ length: others }, (_, other) => other);
  return Array.from({ length: count }, (_, own) => all.filter((other) => visits(own, other)));
}

/** The six arrays from blocks and from who visits whom, both ways. */
export function rangeArrays(
  where: string,
  rows: Float64Array,
  columns: Float64Array,
  ofRows: Visits,
  ofColumns: Visits,
): RangeArrays {
  const half = (own: Float64Array, other: Float64Array, visits: Visits): [Int32NdArray, Int32NdArray, Int32NdArray] => {
    let end = 0;
    const slices = visits.map((list) => (end += list.length));
    const visited = visits.flatMap((list) => list.flatMap((block) => intervalAt(other, block)));
    return [
      int32(where, own, [own.length / 2, 2]),
      int32(where, slices, [slices.length]),
      int32(where, visited, [end, 2]),
    ];
  };
  return [...half(rows, columns, ofRows), ...half(columns, rows, ofColumns)];
}

// --------------------------------------------------------------------------------------------------------- checks

/** Both halves of the ranges of a call: axis 1 takes the first (rows are i), axis 0 the second (rows are j). */
export type CheckedRanges = readonly [Ranges, Ranges];

/**
 * The ranges of a call over `[M, N]` pairs, ready for the engine. Throws ArgumentError, naming the array and the place,
 * unless intervals lie inside the arrays and do not overlap, slices ascend to the number of intervals, and both halves
 * list the same pairs.
 */
export function checkRanges(ranges: BlockRanges, extents: readonly [number, number]): CheckedRanges {
  checkSix("ranges", ranges);
  const ofI = checkedHalf(ranges, 0, extents[0], extents[1]);
  const ofJ = checkedHalf(ranges, 3, extents[1], extents[0]);
  if (signature(ofI, hashOfI, hashOfJ) !== signature(ofJ, hashOfJ, hashOfI))
    throw new ArgumentError(
      "ranges: expected the last three arrays to list the same pairs (i, j) as the first three, got different ones: fromMatrix makes both halves",
    );
  return [ofI, ofJ];
}

function checkSix(where: string, ranges: unknown): void {
  if (Array.isArray(ranges) && ranges.length === NAMES.length) return;
  const got = Array.isArray(ranges) ? `${ranges.length} of them` : described(ranges);
  throw new ArgumentError(`${where}: expected a list of the six arrays ${NAMES.join(", ")}, got ${got}`);
}

const nameAt = (position: number): string => `ranges[${position}] (${at(NAMES, position)})`;

/** Begin and end of interval k. */
const intervalAt = (intervals: Float64Array, k: number): readonly [number, number] => [
  realAt(intervals, 2 * k),
  realAt(intervals, 2 * k + 1),
];

function checkedHalf(ranges: BlockRanges, place: 0 | 3, rows: number, columns: number): Ranges {
  const own = insideIntervals(nameAt(place), ranges[place], rows);
  const visited = insideIntervals(nameAt(place + 2), ranges[place + 2], columns);
  const slices = checkedSlices(nameAt(place + 1), ranges[place + 1], own.length / 2, visited.length / 2);
  const cover = new Cover();
  for (const k of ascending(own)) {
    const [begin, end] = intervalAt(own, k);
    if (begin === end) continue;
    if (begin < cover.end) throw overlapping(nameAt(place), `interval ${k}`, begin);
    cover.reach(begin);
    const first = k === 0 ? 0 : realAt(slices, k - 1);
    const union = visited.subarray(2 * first, 2 * realAt(slices, k));
    cover.add(end, disjointUnion(`${nameAt(place + 2)}, of interval ${k}`, union));
  }
  cover.reach(rows);
  return cover.ranges();
}

/** Row intervals from 0 on without gaps, each with the column intervals that it visits. */
class Cover {
  end = 0;
  private readonly rows: number[] = [];
  private readonly slices: number[] = [];
  private readonly columns: number[] = [];

  /** Rows up to `end` that visit nothing, if there are any. */
  reach(end: number): void {
    if (end > this.end) this.add(end, []);
  }

  add(end: number, visited: readonly number[]): void {
    for (const bound of visited) this.columns.push(bound);
    this.rows.push(this.end, end);
    this.slices.push(this.columns.length / 2);
    this.end = end;
  }

  ranges(): Ranges {
    const { rows, slices, columns } = this;
    return { rows: Float64Array.from(rows), slices: Float64Array.from(slices), columns: Float64Array.from(columns) };
  }
}

function insideIntervals(where: string, value: unknown, extent: number): Float64Array {
  const intervals = intervalsOf(where, value);
  for (let n = 0; n < intervals.length; n += 2) {
    const [begin, end] = intervalAt(intervals, n / 2);
    if (begin < 0 || end < begin || end > extent)
      throw new ArgumentError(
        `${where}[${n / 2}]: expected 0 <= begin <= end <= ${extent}, got ${shapeText([begin, end])}`,
      );
  }
  return intervals;
}

function checkedSlices(where: string, value: unknown, count: number, total: number): Float64Array {
  const slices = integersOf(where, value);
  if (slices.length !== count)
    throw new ArgumentError(`${where}: expected ${count} integers, one for each row interval, got ${slices.length}`);
  let least = 0;
  slices.forEach((slice, k) => {
    if (slice < least || slice > total)
      throw new ArgumentError(`${where}[${k}]: expected an integer from ${least} to ${total}, got ${slice}`);
    least = slice;
  });
  if ((slices.at(-1) ?? 0) !== total)
    throw new ArgumentError(`${where}: expected slices up to the ${total} intervals listed, got ${slices.at(-1) ?? 0}`);
  return slices;
}

/** Interval numbers by their begin, empty ones first among equals. */
function ascending(intervals: Float64Array): number[] {
  const order = Array.from({ length: intervals.length / 2 }, (_, k) => k);
  const compare = (a: number, b: number): number => {
    const [[beginA, endA], [beginB, endB]] = [intervalAt(intervals, a), intervalAt(intervals, b)];
    return beginA - beginB || endA - endB;
  };
  return order.every((k) => k === 0 || compare(k - 1, k) <= 0) ? order : order.sort(compare);
}

/** Sorts intervals of columns; neighbours that touch become one. Throws ArgumentError for a column listed twice. */
function disjointUnion(where: string, intervals: Float64Array): number[] {
  const union: number[] = [];
  for (const k of ascending(intervals)) {
    const [begin, end] = intervalAt(intervals, k);
    const before = union.at(-1) ?? -1;
    if (begin === end) continue;
    if (begin < before) throw overlapping(where, `interval ${k} of these`, begin);
    if (begin === before) union[union.length - 1] = end;
    else union.push(begin, end);
  }
  return union;
}

function overlapping(where: string, which: string, index: number): ArgumentError {
  return new ArgumentError(`${where}: expected intervals that do not overlap, got index ${index} again in ${which}`);
}

// ------------------------------------------------------------------------------------------------- the same pairs

/** The largest prime below 2^26: products of two residues are exact. */
const PRIME = 67_108_859;

/**
 * A weighted count of the visited pairs, modulo a prime: row i weighs h(i + 1) - h(i) with a pseudorandom h, so an
 * interval weighs h(end) - h(begin). Equal sets give equal counts; different ones do so with a chance of 2 in 10^7 at
 * most (DeMillo and Lipton, 1978; Schwartz, 1980), at a cost that does not depend on the number of pairs.
 */
function signature({ rows, slices, columns }: Ranges, ofRow: Hash, ofColumn: Hash): number {
  let [sum, n] = [0, 0];
  slices.forEach((slice, k) => {
    let weight = 0;
    for (; n < slice; n++) weight += weightOf(columns, n, ofColumn);
    sum = (sum + weightOf(rows, k, ofRow) * (weight % PRIME)) % PRIME;
  });
  return sum;
}

type Hash = (bound: number) => number;

const weightOf = (intervals: ArrayLike<number>, k: number, hash: Hash): number =>
  (hash(intervals[2 * k + 1]!) - hash(intervals[2 * k]!) + PRIME) % PRIME;

/** Scrambled bits, as in the last steps of MurmurHash3 (Appleby, public domain). */
function scrambleBits(bound: number, seed: number): number {
  let bits = Math.imul(bound ^ seed, 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return ((bits ^ (bits >>> 16)) >>> 0) % PRIME;
}

const hashOfI: Hash = (bound) => scrambleBits(bound, 0x3c6ef372);
const hashOfJ: Hash = (bound) => scrambleBits(bound, 0x1b873593);
