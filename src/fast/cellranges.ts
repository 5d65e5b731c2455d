/**
 * Ranges of a reduction from the leaves of two trees of cells: which leaves of columns each leaf of rows visits, or what a
 * user's own ranges let it visit of them. Knows no formula.
 */
import { integerAt } from "../asserts";
import type { Ranges } from "../device/native";
import { firstPlace } from "./cells";
import type { Cells } from "./cells";
import { RangesWriter } from "./rangeswriter";
import type { Unit, Visits } from "./visits";

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
