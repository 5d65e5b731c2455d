/**
 * Ranges of a reduction from the leaves of two trees of cells: which leaves of columns each leaf of rows visits. Knows no
 * formula.
 */
import { at } from "../asserts";
import type { Ranges } from "../device/native";
import { firstPlace } from "./cells";
import type { Cells } from "./cells";

/** The leaves of columns that are left of every leaf of rows, one after the other; `ends` says up to where. */
export interface Left {
  readonly ends: Int32Array;
  readonly leaves: Int32Array;
  readonly count: number;
}

/** Leaves of rows come one after the other; leaves of columns that are neighbours are joined. */
class RangesWriter {
  private readonly rowIntervals: Int32Array;
  private readonly slices: Int32Array;
  private readonly columnIntervals: Int32Array;
  private count = 0;
  /** Of the leaf of rows: where its intervals begin. */
  private begin = 0;
  private leaf = 0;

  constructor(
    private readonly rows: Cells,
    private readonly columns: Cells,
    most: number,
  ) {
    const leaves = 2 ** rows.depth;
    [this.rowIntervals, this.slices] = [new Int32Array(2 * leaves), new Int32Array(leaves)];
    this.columnIntervals = new Int32Array(2 * most);
  }

  add(firstLeaf: number, endLeaf: number): void {
    const { columnIntervals, columns } = this;
    const [first, end] = [firstPlace(columns, firstLeaf), firstPlace(columns, endLeaf)];
    const isNeighbour = this.count > this.begin && columnIntervals[2 * this.count - 1] === first;
    if (!isNeighbour) columnIntervals[2 * this.count++] = first;
    columnIntervals[2 * this.count - 1] = end;
  }

  endLeaf(): void {
    this.rowIntervals[2 * this.leaf] = firstPlace(this.rows, this.leaf);
    this.rowIntervals[2 * this.leaf + 1] = firstPlace(this.rows, this.leaf + 1);
    this.slices[this.leaf++] = this.begin = this.count;
  }

  ranges(): Ranges {
    return { rows: this.rowIntervals, slices: this.slices, columns: this.columnIntervals.slice(0, 2 * this.count) };
  }
}

/** Of every leaf of rows one leaf of columns for each component, `[leaves, components]`. */
type Best = Int32Array;

/**
 * For every leaf of rows that is looked at, the columns that are likely to be the best, and those beside them until there
 * are K. @param every of so many leaves of rows one is looked at.
 */
export function rangesOfBest(rows: Cells, columns: Cells, best: Best, k: number, every: number): Ranges {
  const leaves = 2 ** rows.depth;
  const perLeaf = best.length / leaves;
  let wider = 0;
  while (wider < columns.depth && columns.count >> (columns.depth - wider) < k) wider++;
  const writer = new RangesWriter(rows, columns, best.length);
  for (let leaf = 0; leaf < leaves; leaf++) {
    const groups = new Set<number>();
    if (leaf % every === 0)
      for (let n = leaf * perLeaf; n < (leaf + 1) * perLeaf; n++) groups.add(at(best, n) >> wider);
    for (const group of groups) writer.add(group << wider, (group + 1) << wider);
    writer.endLeaf();
  }
  return writer.ranges();
}

/**
 * What is left; first the columns that are likely to be the best, if they are known, so that few others have to take their
 * places.
 */
export function rangesOfLeft(rows: Cells, columns: Cells, { ends, leaves, count }: Left, best: Best | null): Ranges {
  const perLeaf = best ? best.length / ends.length : 0;
  const writer = new RangesWriter(rows, columns, count + ends.length);
  for (let leaf = 0, n = 0; leaf < ends.length; leaf++) {
    const first = best ? at(best, leaf * perLeaf) : -1;
    if (best) writer.add(first, first + 1);
    for (; n < at(ends, leaf); n++) if (leaves[n] !== first) writer.add(at(leaves, n), at(leaves, n) + 1);
    writer.endLeaf();
  }
  return writer.ranges();
}
