/**
 * Which points lie within a radius of each other, as lists. The one idea: boxes of cells are compared as points are, in
 * float64, so that what a tree leaves out or takes whole is what all pairs would say. Knows no arrays of users.
 */
import { at, integerAt, realAt } from "../asserts";
import { nativeAddon } from "../device/native";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { waitFor } from "../task";
import type { Task } from "../task";
import { cellWorks, permuteRows, restoreRows } from "./cells";
import { boxed } from "./near";
import type { Boxed } from "./near";

/** Row i has the columns `indices[offsets[i]]` up to `indices[offsets[i + 1]]`, ascending. */
export interface NearLists {
  /** `[rows + 1]` */
  readonly offsets: Int32Array;
  readonly indices: Int32Array;
}

/** Points of a leaf. */
const LEAF = 16;

/**
 * Of points `[rows, dim]` and `[columns, dim]` of one dtype, those at a distance of at most `radius`, as
 * native/run/within.h says. Where there is no addon all pairs are looked at, as everything is there.
 */
export function* pointsWithin(x: RealData, y: RealData, dim: number, radius: number): Task<NearLists> {
  if (x.length === 0 || y.length === 0)
    return { offsets: new Int32Array(x.length / dim + 1), indices: new Int32Array(0) };
  if (nativeAddon() === null) return yield* withinOfAll(x, y, dim, radius);
  const rows = yield* boxed(x, dim, LEAF);
  const columns = y === x ? rows : yield* boxed(y, dim, LEAF);
  const clouds = [rows.points, rows.boxes, columns.points, columns.boxes] as const;
  const sizes = Float64Array.of(...sizesOf(rows), ...sizesOf(columns), dim, radius);
  const counts = new Int32Array(rows.cells.count);
  yield* waitFor(cellWorks().countWithin(...clouds, sizes, counts));
  const byRow = new Int32Array(counts.length);
  yield* restoreRows(rows.cells, counts, byRow);
  const offsets = offsetsOf(byRow);
  const starts = yield* permuteRows(rows.cells, offsets.subarray(0, counts.length), 1);
  const indices = new Int32Array(integerAt(offsets, counts.length));
  yield* waitFor(cellWorks().listWithin(...clouds, sizes, columns.cells.order, starts, counts, indices));
  return { offsets, indices };
}

const sizesOf = ({ cells: { count, depth } }: Boxed): [number, number] => [count, depth];

const MOST_LISTED = 2 ** 31 - 1;

function offsetsOf(counts: ArrayLike<number>): Int32Array {
  const offsets = new Int32Array(counts.length + 1);
  let end = 0;
  for (let row = 0; row < counts.length; row++) {
    end += at(counts, row);
    if (end > MOST_LISTED)
      throw new ArgumentError(
        `neighbours, radius: expected fewer than 2^31 neighbours in all, got more up to row ${row}`,
      );
    offsets[row + 1] = end;
  }
  return offsets;
}

/** Rows between pauses have about so many pairs. */
const PAIRS_AT_ONCE = 1e6;

/** Looks at all pairs, in JavaScript. */
export function* withinOfAll(x: RealData, y: RealData, dim: number, radius: number): Task<NearLists> {
  const [rows, columns] = [x.length / dim, y.length / dim];
  const exponent = radius > 0 ? Math.floor(Math.log2(radius)) : -Infinity;
  const scale = 2 ** -Math.max(-1000, Math.min(1000, exponent));
  const limit = (radius * scale) ** 2;
  const found: number[][] = [];
  for (let row = 0; row < rows; row++) {
    const list: number[] = [];
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let k = 0; k < dim; k++) sum += ((realAt(x, row * dim + k) - realAt(y, column * dim + k)) * scale) ** 2;
      if (sum <= limit) list.push(column);
    }
    found.push(list);
    if (row % Math.ceil(PAIRS_AT_ONCE / columns) === 0) yield;
  }
  return { offsets: offsetsOf(found.map(({ length }) => length)), indices: Int32Array.from(found.flat()) };
}
