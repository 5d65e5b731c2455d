/**
 * Ranges of a reduction from points in cells, written one interval of rows after the other: which leaves of columns
 * each leaf of rows visits, or what a user's own ranges let it visit of them. The one idea of the latter: points of a
 * leaf stand by their original index, so that what an interval of columns has of a leaf is an interval of its places,
 * found by bisection; and the rows of a leaf fall into parts that visit the same columns. Knows no formula.
 */
import { at, integerAt, realAt } from "../asserts";
import type { Ranges } from "../device/native";
import { firstPlace } from "./cells";
import type { Cells } from "./cells";

// ------------------------------------------------------------------------------------------------- as they are written

/** Intervals, as many as come. */
class Intervals {
  count = 0;
  private numbers: Int32Array;

  constructor(about: number) {
    this.numbers = new Int32Array(2 * Math.max(1, about));
  }

  /** Joined with the last one where they are neighbours and that is not before `from`. */
  add(begin: number, end: number, from: number): void {
    const last = 2 * this.count;
    if (this.count > from && this.numbers[last - 1] === begin) {
      this.numbers[last - 1] = end;
      return;
    }
    if (last === this.numbers.length) {
      const wider = new Int32Array(2 * last);
      wider.set(this.numbers);
      this.numbers = wider;
    }
    this.numbers[last] = begin;
    this.numbers[last + 1] = end;
    this.count++;
  }

  all(): Int32Array {
    return this.numbers.slice(0, 2 * this.count);
  }
}

/** Rows come one interval after the other; intervals of columns that are neighbours are joined. */
export class RangesWriter {
  private readonly rows: Intervals;
  private readonly columns: Intervals;
  private readonly slices: number[] = [];
  /** Of the rows that are written now: where their intervals begin. */
  private begin = 0;

  constructor(about: number, leavesOfRows: number) {
    [this.rows, this.columns] = [new Intervals(leavesOfRows), new Intervals(about)];
  }

  add(begin: number, end: number): void {
    this.columns.add(begin, end, this.begin);
  }

  /** Takes back what the rows that are written now visit. */
  clear(): void {
    this.columns.count = this.begin;
  }

  endRows(begin: number, end: number): void {
    this.rows.add(begin, end, Infinity);
    this.slices.push((this.begin = this.columns.count));
  }

  ranges(): Ranges {
    return { rows: this.rows.all(), slices: Int32Array.from(this.slices), columns: this.columns.all() };
  }
}

// ------------------------------------------------------------------------------------------------------ those of users

/** Places of rows, all of one leaf and one interval of the ranges; -1 where there are no ranges. */
interface Unit {
  readonly begin: number;
  readonly end: number;
  readonly interval: number;
}

/** So few columns are visited as they are. */
const FEW_COLUMNS = 64;

export class Visits {
  /** Columns that each interval of rows visits. */
  private readonly counts: Float64Array;
  /** The place of each column. */
  private readonly places: Int32Array;
  private readonly few: number;

  /** @param ranges that cover all rows, in ascending order, as `checkRanges` makes them. */
  constructor(
    private readonly ranges: Ranges,
    private readonly rows: Cells,
    private readonly columns: Cells,
    k: number,
  ) {
    this.few = Math.max(k, FEW_COLUMNS);
    this.counts = Float64Array.from(ranges.slices, (_, interval) => this.count(interval));
    this.places = new Int32Array(columns.count);
    columns.order.forEach((column, place) => (this.places[column] = place));
  }

  /** Up to which of its intervals of columns an interval of rows has some. */
  private slice(interval: number): readonly [number, number] {
    const { slices } = this.ranges;
    return [interval === 0 ? 0 : at(slices, interval - 1), at(slices, interval)];
  }

  private count(interval: number): number {
    const [first, end] = this.slice(interval);
    let count = 0;
    for (let n = first; n < end; n++) count += at(this.ranges.columns, 2 * n + 1) - at(this.ranges.columns, 2 * n);
    return count;
  }

  /** Whether its rows visit so few columns that none is left out. */
  isShort({ interval }: Unit): boolean {
    return realAt(this.counts, interval) <= this.few;
  }

  /** The rows of a leaf, in order. */
  units(leaf: number): Unit[] {
    const { rows, ranges } = this;
    const end = firstPlace(rows, leaf + 1);
    const found: Unit[] = [];
    for (let begin = firstPlace(rows, leaf); begin < end;) {
      const interval = firstEndAbove(ranges.rows, 0, ranges.slices.length, integerAt(rows.order, begin));
      const stop = placeOf(rows.order, begin, end, at(ranges.rows, 2 * interval + 1));
      found.push({ begin, end: stop, interval });
      begin = stop;
    }
    return found;
  }

  /** The rows that visit few columns, by place. */
  shortRows(): Uint8Array {
    const short = new Uint8Array(this.rows.count);
    for (let leaf = 0; leaf < 2 ** this.rows.depth; leaf++)
      for (const unit of this.units(leaf)) if (this.isShort(unit)) short.fill(1, unit.begin, unit.end);
    return short;
  }

  /** Adds what rows visit of some leaves of columns, and returns how many columns that is. */
  addLeaves(writer: RangesWriter, unit: Unit, firstLeaf: number, endLeaf: number): number {
    let count = 0;
    for (let leaf = firstLeaf; leaf < endLeaf; leaf++)
      count += this.addLeaf(writer, unit, firstPlace(this.columns, leaf), firstPlace(this.columns, leaf + 1));
    return count;
  }

  private addLeaf(writer: RangesWriter, { interval }: Unit, begin: number, end: number): number {
    const { order } = this.columns;
    const intervals = this.ranges.columns;
    const [first, last] = this.slice(interval);
    let [n, count] = [first, 0];
    for (let place = begin; place < end;) {
      const column = integerAt(order, place);
      n = firstEndAbove(intervals, n, last, column);
      if (n === last) break;
      const from = column < at(intervals, 2 * n) ? placeOf(order, place, end, at(intervals, 2 * n)) : place;
      place = placeOf(order, from, end, at(intervals, 2 * n + 1));
      if (place > from) writer.add(from, place);
      count += place - from;
    }
    return count;
  }

  /** Adds the first columns that rows visit, so many or all. */
  addFirst(writer: RangesWriter, { interval }: Unit, most: number): void {
    const [first, end] = this.slice(interval);
    let count = 0;
    for (let n = first; n < end; n++)
      for (let column = at(this.ranges.columns, 2 * n); column < at(this.ranges.columns, 2 * n + 1); column++) {
        if (count++ === most) return;
        writer.add(integerAt(this.places, column), integerAt(this.places, column) + 1);
      }
  }
}

/** Of ascending intervals [first, last), the first that ends above a number; `last` if none does. */
function firstEndAbove(intervals: ArrayLike<number>, first: number, last: number, number: number): number {
  let [low, high] = [first, last];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(intervals, 2 * middle + 1) > number) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Of the places [begin, end) of a leaf, the first whose index is not below a number. */
function placeOf(order: Int32Array, begin: number, end: number, number: number): number {
  let [low, high] = [begin, end];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (integerAt(order, middle) < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

// ----------------------------------------------------------------------------------------------------------- of leaves

/**
 * The leaves of columns that are left of every leaf of rows, as runs, one after the other; `ends` says up to where. A
 * run is its first leaf, and ~ the last one where that is another.
 */
export interface Left {
  readonly ends: Int32Array;
  readonly runs: Int32Array;
}

/** Of every leaf of rows one leaf of columns for each component, `[leaves, components]`. */
type Best = Int32Array;

/** What is written of leaves: their rows as parts that visit the same columns, and of columns what these may visit. */
interface Writing {
  readonly writer: RangesWriter;
  readonly units: (leaf: number) => readonly Unit[];
  /** Of leaves of columns what rows may visit, and how many columns that is. */
  readonly addLeaves: (unit: Unit, first: number, end: number) => number;
}

/** Without ranges of a user, each leaf of rows is one part, which may visit everything. */
function writingOf(rows: Cells, columns: Cells, about: number, visits: Visits | undefined): Writing {
  const writer = new RangesWriter(about, 2 ** rows.depth);
  const add = (first: number, end: number): number => {
    const [begin, stop] = [firstPlace(columns, first), firstPlace(columns, end)];
    writer.add(begin, stop);
    return stop - begin;
  };
  if (visits)
    return { writer, units: (leaf) => visits.units(leaf), addLeaves: (...all) => visits.addLeaves(writer, ...all) };
  return {
    writer,
    units: (leaf) => [{ begin: firstPlace(rows, leaf), end: firstPlace(rows, leaf + 1), interval: -1 }],
    addLeaves: (_, first, end) => add(first, end),
  };
}

/**
 * For every leaf of rows that is looked at, the columns that are likely to be the best, and those beside them until there
 * are K. @param every of so many leaves of rows one is looked at.
 */
export function rangesOfBest(
  rows: Cells,
  columns: Cells,
  best: Best,
  k: number,
  every: number,
  visits?: Visits,
): Ranges {
  const leaves = 2 ** rows.depth;
  const perLeaf = best.length / leaves;
  const { writer, units, addLeaves } = writingOf(rows, columns, best.length, visits);
  let wider = 0;
  while (wider < columns.depth && columns.count >> (columns.depth - wider) < k) wider++;
  for (let leaf = 0; leaf < leaves; leaf++) {
    const own = best.subarray(leaf * perLeaf, (leaf + 1) * perLeaf);
    for (const unit of units(leaf)) {
      if (leaf % every === 0 && visits?.isShort(unit) !== true) addBest(unit, own, wider);
      writer.endRows(unit.begin, unit.end);
    }
  }
  return writer.ranges();

  function addBest(unit: Unit, own: Best, from: number): void {
    for (let wide = from; wide <= Math.min(columns.depth, from + MOST_WIDER); wide++) {
      let found = 0;
      for (const group of new Set(own.map((leaf) => leaf >> wide)))
        found += addLeaves(unit, group << wide, (group + 1) << wide);
      if (found >= k) return;
      writer.clear();
    }
    visits?.addFirst(writer, unit, k);
  }
}

/** How often a search for K columns that may be visited looks at cells of twice the size. */
const MOST_WIDER = 5;

/**
 * What is left; first the columns that are likely to be the best, if they are known, so that few others have to take their
 * places.
 */
export function rangesOfLeft(rows: Cells, columns: Cells, left: Left, best: Best | null, visits?: Visits): Ranges {
  const { ends, runs } = left;
  const perLeaf = best ? best.length / ends.length : 0;
  const { writer, units, addLeaves } = writingOf(rows, columns, (ends[ends.length - 1] ?? 0) + ends.length, visits);
  for (let leaf = 0; leaf < ends.length; leaf++) {
    const first = best ? integerAt(best, leaf * perLeaf) : -1;
    for (const unit of units(leaf)) {
      if (visits?.isShort(unit) === true) visits.addFirst(writer, unit, Infinity);
      else addLeft(unit, leaf, first);
      writer.endRows(unit.begin, unit.end);
    }
  }
  return writer.ranges();

  function addLeft(unit: Unit, leaf: number, first: number): void {
    if (best) addLeaves(unit, first, first + 1);
    const end = integerAt(ends, leaf);
    for (let n = leaf === 0 ? 0 : integerAt(ends, leaf - 1); n < end; n++) {
      const begin = integerAt(runs, n);
      const last = n + 1 < end && integerAt(runs, n + 1) < 0 ? ~integerAt(runs, ++n) : begin;
      addRun(unit, begin, last, first);
    }
  }

  /** Without the leaf that was added before all others. */
  function addRun(unit: Unit, begin: number, last: number, first: number): void {
    if (first < begin || first > last) return void addLeaves(unit, begin, last + 1);
    if (first > begin) addLeaves(unit, begin, first);
    if (first < last) addLeaves(unit, first + 1, last + 1);
  }
}
