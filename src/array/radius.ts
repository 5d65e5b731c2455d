/**
 * Ranges from distances: which runs of rows and columns may hold pairs that are near each other. The one idea:
 * consecutive points are put into bounding boxes, boxes into a binary tree, and a pair of runs is left out only if its
 * boxes are further apart than the radius, computed so that rounding never leaves out a near pair. Must not know
 * kernels.
 */
import type { RealData } from "../device/native";
import { at, realAt } from "../asserts";
import { ArgumentError } from "../errors";
import { atMost } from "../options";
import { described } from "./check";
import type { ArrayInput } from "./check";
import { clouds } from "./clusters";
import { rangeArrays } from "./ranges";
import type { RangeArrays, Visits } from "./ranges";

/** A run is not cut before it has so many points: shorter ones cost more than they spare. */
const LEAST_RUN = 32;

/**
 * Ranges that visit every pair of `x` `[M, D]` and `y` `[N, D]` whose Euclidean distance is at most `radius`, and
 * whole blocks around them: a formula that is negligible beyond `radius` loses nothing else. They hold for the arrays
 * in the order they are in, whatever it is, but leave out much only if neighbours in space are neighbours in memory:
 * sort first, as by `const [[xs, bs]] = sortClusters([x, b], gridCluster(x, radius))`. NaN is near everything.
 * @param x points `[M, D]`
 * @param y points `[N, D]`
 * @param radius a distance
 * @returns ranges for the option `ranges` of calls
 * @throws ArgumentError for points of different dims, or a radius that is not a number of at least 0
 * @example
 * const x = rand([100, 2]);
 * console.log(cluster.rangesFromRadius(x, x, 0.1).length); // 6
 */
export function rangesFromRadius(x: ArrayInput, y: ArrayInput, radius: number): RangeArrays {
  atMost("rangesFromRadius", 3, arguments);
  const {
    counts: [rows, columns],
    dim,
    data: [ofX, ofY],
  } = clouds("rangesFromRadius", x, y);
  if (typeof radius !== "number" || !(radius >= 0))
    throw new ArgumentError(`rangesFromRadius, radius: expected a number of at least 0, got ${described(radius)}`);
  const a = runsOf(ofX, rows, dim, radius);
  const b = ofX === ofY ? a : runsOf(ofY, columns, dim, radius);
  const limit = radius * radius * (1 + (dim + 4) * 2 ** -52) + dim * Number.MIN_VALUE;
  const ofRows = visits(a, b, limit);
  const ofColumns = a === b ? ofRows : visits(b, a, limit);
  return rangeArrays("rangesFromRadius", a.intervals, b.intervals, ofRows, ofColumns);
}

/** Lowest and highest coordinates. */
interface Box {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

interface Runs {
  /** `[n, 2]`: where each run begins and ends. */
  readonly intervals: Float64Array;
  readonly boxes: readonly Box[];
}

/** Cuts points into runs whose boxes have edges of at most half the radius, or few points. */
function runsOf(data: RealData, count: number, dim: number, radius: number): Runs {
  const runs: { start: number; box: Box }[] = [];
  for (let row = 0; row < count; row++) {
    const [last, begin] = [runs.at(-1), row * dim];
    if (last && (row - last.start < LEAST_RUN || fitsWith(last.box, data, begin, radius / 2)))
      extend(last.box, data, begin);
    else {
      const low = Float64Array.from(data.subarray(begin, begin + dim));
      runs.push({ start: row, box: { low, high: low.slice() } });
    }
  }
  const intervals = Float64Array.from(runs.flatMap(({ start }, k) => [start, runs[k + 1]?.start ?? count]));
  return { intervals, boxes: runs.map(({ box }) => box) };
}

/** Whether a box that takes a point as well has edges of at most so much. */
function fitsWith({ low, high }: Box, points: RealData, begin: number, edge: number): boolean {
  for (let k = 0; k < low.length; k++) {
    const value = realAt(points, begin + k);
    if (!(Math.max(realAt(high, k), value) - Math.min(realAt(low, k), value) <= edge)) return false;
  }
  return true;
}

/** NaN spreads: a box with a NaN is near everything. */
function extend({ low, high }: Box, points: RealData, begin = 0): void {
  for (let k = 0; k < low.length; k++) {
    const value = realAt(points, begin + k);
    low[k] = Math.min(realAt(low, k), value);
    high[k] = Math.max(realAt(high, k), value);
  }
}

/**
 * The squared distance of two boxes. Rounding is monotone, and every operation here is, so this never exceeds the same
 * sum over the differences of any two points inside, nor that of smaller boxes inside.
 */
function squaredGap(a: Box, b: Box): number {
  let sum = 0;
  for (let k = 0; k < a.low.length; k++) {
    const gap = Math.max(0, realAt(a.low, k) - realAt(b.high, k), realAt(b.low, k) - realAt(a.high, k));
    sum += gap * gap;
  }
  return sum;
}

/** For each run, the runs of the other cloud whose boxes are within the limit, in order. */
function visits(own: Runs, other: Runs, limit: number): Visits {
  if (other.boxes.length === 0) return own.boxes.map(() => []);
  const tree = treeOf(other.boxes, 0, other.boxes.length);
  return own.boxes.map((box) => collectNear(tree, box, limit, []));
}

/** The boxes from `first` on, `count` of them, under a box that holds them all. */
interface Tree extends Box {
  readonly first: number;
  readonly halves: readonly [Tree, Tree] | null;
}

function treeOf(boxes: readonly Box[], first: number, count: number): Tree {
  if (count === 1) return { ...at(boxes, first), first, halves: null };
  const half = count >> 1;
  const halves = [treeOf(boxes, first, half), treeOf(boxes, first + half, count - half)] as const;
  const box = { low: halves[0].low.slice(), high: halves[0].high.slice() };
  extend(box, halves[1].low);
  extend(box, halves[1].high);
  return { ...box, first, halves };
}

function collectNear(tree: Tree, box: Box, limit: number, found: number[]): number[] {
  if (squaredGap(tree, box) > limit) return found;
  if (!tree.halves) found.push(tree.first);
  else for (const half of tree.halves) collectNear(half, box, limit, found);
  return found;
}
