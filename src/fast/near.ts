/**
 * Pairs of points within a radius, as ranges of a reduction over the cells of two trees: every pair within it is there,
 * and few others. Knows no formula.
 */
import { integerAt, realAt } from "../asserts";
import type { RealData, Ranges } from "../device/native";
import type { Task } from "../task";
import { MOST_CELL_DIM, boxesOf, depthFor, firstPlace, permuteRows, sortIntoCells } from "./cells";
import type { Cells } from "./cells";

/** Points in cells, with the boxes of all cells. */
export interface Boxed {
  readonly cells: Cells;
  /** In the order of their places. */
  readonly points: RealData;
  readonly boxes: RealData;
}

/** Ranges over the places of rows and of columns, and how many pairs they visit. */
export interface NearPairs {
  readonly ranges: Ranges;
  readonly pairs: number;
}

/** Points `[count, dim]` in cells of about so many, sorted by as many coordinates as cells have. */
export function* boxed(points: RealData, dim: number, leaf: number): Task<Boxed> {
  const by = Math.min(dim, MOST_CELL_DIM);
  const keys = by === dim ? points : points.filter((_, n) => n % dim < by);
  const cells = yield* sortIntoCells(keys, by, depthFor(points.length / dim, leaf));
  const sorted = yield* permuteRows(cells, points, dim);
  return { cells, points: sorted, boxes: yield* boxesOf(cells, sorted, dim) };
}

/** Points of a leaf that is about a quarter of a radius wide, of so many in a box. */
export function leafSize(count: number, radius: number, lengths: readonly number[]): number {
  const inCube = lengths.reduce((product, length) => product * Math.min(1, radius / (4 * length)), count);
  return Math.max(16, Math.min(128, Math.round(inCube)));
}

/** Boxes are in the dtype of the points; distances are not. */
const MARGIN = 1 + 1e-6;

/** Null where there are more than `most`. */
export function nearPairs(rows: Boxed, columns: Boxed, dim: number, radius: number, most: number): NearPairs | null {
  const leaves = 2 ** rows.cells.depth;
  const walk = new Walk(columns, dim, (radius * MARGIN) ** 2);
  const [intervals, slices] = [new Float64Array(2 * leaves), new Float64Array(leaves)];
  let pairs = 0;
  for (let leaf = 0; leaf < leaves; leaf++) {
    const [begin, end] = [firstPlace(rows.cells, leaf), firstPlace(rows.cells, leaf + 1)];
    pairs += (end - begin) * walk.visit(rows.boxes, leaves - 1 + leaf);
    if (pairs > most) return null;
    intervals.set([begin, end], 2 * leaf);
    slices[leaf] = walk.visited.length / 2;
  }
  return { ranges: { rows: intervals, slices, columns: Float64Array.from(walk.visited) }, pairs };
}

/**
 * Down the tree of columns, once for every box. Cells stand level by level, so the children of cell n are 2 n + 1 and
 * 2 n + 2.
 */
class Walk {
  /** Begins and ends of places. */
  readonly visited: number[] = [];
  private readonly stack = new Int32Array(64);

  constructor(
    private readonly columns: Boxed,
    private readonly dim: number,
    private readonly square: number,
  ) {}

  /** Adds the places of columns that may be near a box, in order and joined, and returns how many they are. */
  visit(boxes: RealData, box: number): number {
    const { columns, dim, square, stack, visited } = this;
    const first = visited.length;
    const firstLeaf = 2 ** columns.cells.depth - 1;
    let [count, top] = [0, 0];
    stack[top++] = 0;
    while (top > 0) {
      const cell = integerAt(stack, --top);
      if (leastSquare(boxes, box, columns.boxes, cell, dim) > square) continue;
      if (cell < firstLeaf && largestSquare(boxes, box, columns.boxes, cell, dim) > square) {
        stack[top++] = 2 * cell + 2;
        stack[top++] = 2 * cell + 1;
        continue;
      }
      const [begin, end] = placesOf(columns.cells, cell);
      if (visited.length > first && visited[visited.length - 1] === begin) visited[visited.length - 1] = end;
      else visited.push(begin, end);
      count += end - begin;
    }
    return count;
  }
}

/** The first place of a cell of any level, and the first behind it. */
function placesOf({ count }: Cells, cell: number): readonly [number, number] {
  const cells = 2 ** (31 - Math.clz32(cell + 1));
  const place = (n: number): number => Math.floor((n * count) / cells);
  return [place(cell + 1 - cells), place(cell + 2 - cells)];
}

/** The square of the least distance between points of two boxes. */
export function leastSquare(a: RealData, one: number, b: RealData, other: number, dim: number): number {
  let square = 0;
  for (let k = 0, i = one * 2 * dim, j = other * 2 * dim; k < dim; k++, i++, j++) {
    const up = realAt(a, i) - realAt(b, j + dim);
    const down = realAt(b, j) - realAt(a, i + dim);
    const gap = up > down ? up : down;
    if (gap > 0) square += gap * gap;
  }
  return square;
}

/** The square of the largest one. */
function largestSquare(a: RealData, one: number, b: RealData, other: number, dim: number): number {
  let square = 0;
  for (let k = 0, i = one * 2 * dim, j = other * 2 * dim; k < dim; k++, i++, j++) {
    const up = realAt(b, j + dim) - realAt(a, i);
    const down = realAt(a, i + dim) - realAt(b, j);
    const span = up > down ? up : down;
    square += span * span;
  }
  return square;
}
