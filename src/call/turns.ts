/**
 * Calls with ranges whose columns other ranks have. The one idea: a row needs the columns that it visits, all at once, so
 * rows take turns: each rank asks for what some of its rows visit, and computes them. A row visits the same columns in
 * the same order as it does in a single process, and has the same bits. Knows ranks by `Ranks` alone.
 */
import { AskedRows } from "../array/rankrows";
import { tellsProgress } from "../array/exchange";
import type { RealArray } from "../array/view";
import { at, realAt } from "../asserts";
import type { Call, Routine } from "../device/device";
import type { Ranges, RealData } from "../device/native";
import { Category } from "../formula/formula";
import { Work, runAsync, runSync, waitFor } from "../task";
import type { Task } from "../task";
import { warnOnce } from "../warnings";
import { launchCall, otherOf } from "./result";
import type { Launch } from "./result";
import { MOST_GATHERED, columnsText, launchSpans } from "./travel";
import type { Travelling } from "./travel";

/** Numbers of columns that a turn asks for, where no interval of rows visits more: as many as a span has. */
const NUMBERS = 1 << 20;

/** A call whose arguments have the columns of this rank. */
export const launchTravelling = (routine: Routine, call: Call, travelling: Travelling): Launch =>
  call.ranges ? launchTurns(routine, call, call.ranges, travelling) : launchSpans(routine, call, travelling);

const launchTurns = (routine: Routine, call: Call, ranges: Ranges, travelling: Travelling): Launch =>
  new Work(
    () => {
      runSync(reduceTurns(routine, call, ranges, travelling));
    },
    (control) => runAsync(reduceTurns(routine, call, ranges, travelling), { control }),
  );

function* reduceTurns(routine: Routine, call: Call, ranges: Ranges, travelling: Travelling): Task<void> {
  const { ranks, placesOf } = travelling.columns;
  const width = widthOf(travelling);
  const turns = turnsOf(ranges, Math.max(1, Math.floor(NUMBERS / Math.max(1, width))));
  const what = `${String(travelling.of)}, ${columnsText(travelling)}`;
  const most = Math.max(...ranks.agree(() => `${what} of ranges`, turns.length));
  for (let k = 0; k < most; k++) {
    const turn = turns[k] ?? NOBODY;
    const columns = placesIn(turn.visited);
    warnOfMany(columns.length * width * call.out.BYTES_PER_ELEMENT);
    const asked = new AskedRows(travelling.columns, placesOf?.(columns) ?? columns, what);
    const part = partOf(call, travelling, turn, asked);
    if (turn.rows[0] === turn.rows[1]) continue;
    yield* waitFor(launchCall(routine, { ...part, columns: columns.length }));
    if (part.indices && travelling.of.settings.reduction.tellsRest !== true) numberByAll(part.indices, columns);
  }
}

/** Indices of all columns, in the place of those among a turn's; -1 stands for none. */
function numberByAll(indices: Int32Array, columns: Float64Array): void {
  indices.forEach((index, n) => {
    if (index >= 0) indices[n] = realAt(columns, index);
  });
}

/** Numbers of a column. */
const widthOf = ({ of: { args, settings } }: Travelling): number =>
  args.reduce((sum, { category, dim }) => sum + (category === otherOf(settings.rows) ? dim : 0), 0);

function warnOfMany(bytes: number): void {
  if (bytes <= MOST_GATHERED || !tellsProgress) return;
  const size = `${String(Math.round(bytes / 1e6))} MB`;
  warnOnce(
    "KEOPS_GATHER",
    `${size} of columns are gathered at once, because a range of rows visits as many; told once`,
  );
}

/** The rows of a turn, with the columns that they visit. */
function partOf(call: Call, { of: { args, settings }, arrays }: Travelling, turn: Turn, asked: AskedRows): Call {
  const [first, end] = turn.rows;
  const ofRows = <T extends RealData | Int32Array>(all: T): T =>
    all.subarray(first * (all.length / call.rows), end * (all.length / call.rows)) as T;
  const brought = new Map<RealArray, RealData>();
  const partOfArgument = (own: RealData, n: number): RealData => {
    const { category, dim } = at(args, n);
    if (category === Category.P) return own;
    if (category === settings.rows) return ofRows(own);
    const array = at(arrays, n);
    const came = brought.get(array) ?? asked.bring(own, dim);
    brought.set(array, came);
    return came;
  };
  return {
    ...call,
    args: call.args.map(partOfArgument),
    out: ofRows(call.out),
    ...(call.indices && { indices: ofRows(call.indices) }),
    rows: end - first,
    ranges: turn.ranges,
  };
}

// ------------------------------------------------------------------------------------------------------------ turns

/** Ascending intervals of columns, begin and end interleaved, that neither overlap nor touch. */
type Intervals = readonly number[];

/** Rows that are computed together. */
export interface Turn {
  readonly rows: readonly [first: number, end: number];
  /** All columns that they visit. */
  readonly visited: Intervals;
  /** Which of those each row visits: rows from `first` on, columns by their places among `visited`. */
  readonly ranges: Ranges;
}

const NO_RANGES: Ranges = { rows: new Float64Array(), slices: new Float64Array(), columns: new Float64Array() };
/** Of a rank that only gives columns to others. */
const NOBODY: Turn = { rows: [0, 0], visited: [], ranges: NO_RANGES };

/** As many intervals of rows to a turn as visit no more columns than these in all, and at least one. */
export function turnsOf(ranges: Ranges, most: number): Turn[] {
  const turns: Turn[] = [];
  const { length } = ranges.slices;
  for (let first = 0, end = 0; first < length; first = end) {
    const visited = new Visited();
    do visited.add(columnsOf(ranges, end++));
    while (end < length && visited.fits(columnsOf(ranges, end), most));
    turns.push(turnOf(ranges, [first, end], visited.intervals()));
  }
  return turns;
}

/** The intervals of columns that interval k of the rows visits. */
function columnsOf({ slices, columns }: Ranges, k: number): Intervals {
  const begin = k === 0 ? 0 : at(slices, k - 1);
  return Array.from(columns.subarray(2 * begin, 2 * at(slices, k)));
}

const countOf = (intervals: Intervals): number =>
  intervals.reduce((sum, bound, n) => sum + (n % 2 === 0 ? -bound : bound), 0);

/** Columns whose bits are one number, and those whose bits are kept together, of which a turn visits some or none. */
const [WORD, PAGE] = [32, 2 ** 15];

/** Columns that are visited, a bit each, so that 32 are counted at once. Memory is that of the pages with such columns. */
class Visited {
  count = 0;
  private readonly pages = new Map<number, Uint32Array>();

  /** Whether they are no more than `most` with these columns. */
  fits(intervals: Intervals, most: number): boolean {
    if (countOf(intervals) > most) return false;
    let count = 0;
    eachWord(intervals, (column, bits) => {
      const page = this.pages.get(Math.floor(column / PAGE));
      count += countBits(page ? bits & ~at(page, wordOf(column)) : bits);
    });
    return this.count + count <= most;
  }

  add(intervals: Intervals): void {
    eachWord(intervals, (column, bits) => {
      const [page, word] = [this.pageOf(column), wordOf(column)];
      const before = at(page, word);
      this.count += countBits(bits & ~before);
      page[word] = before | bits;
    });
  }

  intervals(): Intervals {
    const found: number[] = [];
    for (const number of [...this.pages.keys()].sort((a, b) => a - b))
      this.pageOf(number * PAGE).forEach((bits, word) => {
        addRuns(bits, number * PAGE + word * WORD, found);
      });
    return found;
  }

  private pageOf(column: number): Uint32Array {
    const number = Math.floor(column / PAGE);
    const page = this.pages.get(number) ?? new Uint32Array(PAGE / WORD);
    this.pages.set(number, page);
    return page;
  }
}

const wordOf = (column: number): number => Math.floor((column % PAGE) / WORD);

/** Calls `visit` with the first column of intervals in each word that has some, and the bits of all of them. */
function eachWord(intervals: Intervals, visit: (column: number, bits: number) => void): void {
  for (let k = 0; k < intervals.length; k += 2)
    for (let column = at(intervals, k); column < at(intervals, k + 1);) {
      const first = column % WORD;
      const next = Math.min(at(intervals, k + 1), column - first + WORD);
      visit(column, (ALL_BITS >>> (WORD - next + column)) << first);
      column = next;
    }
}

const ALL_BITS = 2 ** WORD - 1;

function countBits(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Adds the columns whose bits are set, the first of which is `column`, to ascending intervals before it. */
function addRuns(bits: number, column: number, intervals: number[]): void {
  if (bits === 0) return;
  if (bits === ALL_BITS) addRun(column, column + WORD, intervals);
  else for (let n = 0; n < WORD; n++) if ((bits >>> n) & 1) addRun(column + n, column + n + 1, intervals);
}

function addRun(begin: number, end: number, intervals: number[]): void {
  if (intervals.at(-1) === begin) intervals[intervals.length - 1] = end;
  else intervals.push(begin, end);
}

function turnOf(ranges: Ranges, [first, end]: readonly [number, number], visited: Intervals): Turn {
  const [firstRow, firstSlice] = [at(ranges.rows, 2 * first), first === 0 ? 0 : at(ranges.slices, first - 1)];
  const place = placer(visited);
  const columns: number[] = [];
  for (let n = firstSlice; n < at(ranges.slices, end - 1); n++) {
    const [from, to] = [at(ranges.columns, 2 * n), at(ranges.columns, 2 * n + 1)];
    const begin = place(from);
    columns.push(begin, begin + to - from);
  }
  return {
    rows: [firstRow, at(ranges.rows, 2 * end - 1)],
    visited,
    ranges: {
      rows: Float64Array.from(ranges.rows.subarray(2 * first, 2 * end), (row) => row - firstRow),
      slices: Float64Array.from(ranges.slices.subarray(first, end), (slice) => slice - firstSlice),
      columns: Float64Array.from(columns),
    },
  };
}

/** The place of a column among those of the intervals, one of which has it. */
function placer(intervals: Intervals): (column: number) => number {
  const before: number[] = [];
  for (let n = 0, sum = 0; n < intervals.length; n += 2) {
    before.push(sum);
    sum += at(intervals, n + 1) - at(intervals, n);
  }
  return (column) => {
    let [low, high] = [0, before.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (at(intervals, 2 * middle) <= column) low = middle;
      else high = middle - 1;
    }
    return at(before, low) + column - at(intervals, 2 * low);
  };
}

function placesIn(intervals: Intervals): Float64Array {
  const places = new Float64Array(countOf(intervals));
  for (let n = 0, k = 0; n < intervals.length; n += 2)
    for (let column = at(intervals, n); column < at(intervals, n + 1); column++) places[k++] = column;
  return places;
}
