/** Writes ranges of a reduction, one interval of rows after the other. Knows no cells. */
import type { Ranges } from "../device/native";

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
