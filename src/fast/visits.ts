/**
 * A user's own ranges over points in cells. The one idea: points of a leaf stand by their original index, so that what an
 * interval of columns has of a leaf is an interval of its places, found by bisection; and the rows of a leaf fall into
 * parts that visit the same columns. Knows no formula.
 */
import { at, integerAt, realAt } from "../asserts";
import type { Ranges } from "../device/native";
import { firstPlace } from "./cells";
import type { Cells } from "./cells";
import type { RangesWriter } from "./rangeswriter";

/** Places of rows, all of one leaf and one interval of the ranges; -1 where there are no ranges. */
export interface Unit {
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
