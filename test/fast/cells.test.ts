/**
 * Trees of cells: every point stands in one leaf, boxes hold just their points, and points that are near share cells.
 */
import {
  MOST_CELL_DIM,
  boxesOf,
  depthFor,
  firstPlace,
  permuteRows,
  restoreRows,
  sortIntoCells,
} from "../../src/fast/cells";
import type { Cells } from "../../src/fast/cells";
import { loadedAddon } from "../../src/device/native";
import { runSync } from "../../src/task";
import { uniform } from "../helpers/evaluate";

const next = uniform(7);
const cube = (count: number, dim: number): Float64Array => Float64Array.from({ length: count * dim }, next);
const clusters = (count: number, dim: number): Float64Array =>
  cube(count, dim).map((x, n) => 1e-3 * x + Math.floor(uniform(Math.floor(n / dim) % 20)() * 8));
const copies = (count: number, dim: number): Float64Array => cube(count, dim).map((_, n, all) => all[n % (5 * dim)]!);

const POINTS: readonly (readonly [string, (count: number, dim: number) => Float64Array])[] = [
  ["in a cube", cube],
  ["in clusters", clusters],
  ["of which many are the same", copies],
  ["that are all the same", (count, dim) => new Float64Array(count * dim).fill(-3)],
  [
    "of which some are not finite",
    (count, dim) => cube(count, dim).map((x, n) => (n % 97 === 0 ? NaN : n % 101 === 5 ? Infinity : x)),
  ],
  ["far apart", (count, dim) => cube(count, dim).map((x) => (x - 0.5) * 1e300)],
];
const CASES = POINTS.flatMap(([name, make]) => [1, 2, 3, 4, MOST_CELL_DIM].map((dim) => ({ name, make, dim })));
const COUNT = 1500;

const range = (end: number): number[] => Array.from({ length: end }, (_, n) => n);

/** The least and the largest number of a coordinate among places; NaN twice where one is not finite. */
function sideOf(moved: Float64Array, dim: number, begin: number, end: number, k: number): [number, number] {
  const numbers = range(end - begin).map((n) => moved[(begin + n) * dim + k]!);
  return numbers.every(Number.isFinite) ? [Math.min(...numbers), Math.max(...numbers)] : [NaN, NaN];
}

/** The places of cell c of a level, which has those of all its leaves. */
const placesOf = (cells: Cells, level: number, cell: number): [number, number] => [
  firstPlace(cells, cell * 2 ** (cells.depth - level)),
  firstPlace(cells, (cell + 1) * 2 ** (cells.depth - level)),
];

describe.each(CASES)("of points $name in $dim dimensions", ({ make, dim }) => {
  const points = make(COUNT, dim);
  const cells = runSync(sortIntoCells(points, dim, depthFor(COUNT, 16)));
  const moved = runSync(permuteRows(cells, points, dim));

  test("places are a permutation, whose rows come back", () => {
    expect([...cells.order].sort((a, b) => a - b)).toEqual(range(COUNT));
    expect(moved).toEqual(points.map((_, n) => points[cells.order[Math.floor(n / dim)]! * dim + (n % dim)]!));
    const back = new Float64Array(points.length);
    runSync(restoreRows(cells, moved, back));
    expect(back).toEqual(points);
  });

  test("a box has the least and largest numbers of its points", () => {
    const boxes = runSync(boxesOf(cells, moved, dim));
    const all = range(cells.depth + 1).flatMap((level) =>
      range(2 ** level).map((cell) => placesOf(cells, level, cell)),
    );
    const expected = all.flatMap(([begin, end]) => {
      const sides = range(dim).map((k) => sideOf(moved, dim, begin, end, k));
      return [...sides.map(([low]) => low), ...sides.map(([, high]) => high)];
    });
    expect(boxes).toEqual(Float64Array.from(expected));
  });

  test("single precision sorts alike", () => {
    const rounded = Float32Array.from(points);
    const { order } = runSync(sortIntoCells(rounded, dim, cells.depth));
    expect([...order].sort((a, b) => a - b)).toEqual(range(COUNT));
  });
});

test("leaves of uniform points are small cubes", () => {
  const [dim, count] = [3, 4096];
  const points = cube(count, dim);
  const cells = runSync(sortIntoCells(points, dim, 9));
  const boxes = runSync(boxesOf(cells, runSync(permuteRows(cells, points, dim)), dim));
  const sides = range(512).flatMap((leaf) =>
    range(dim).map((k) => boxes[(511 + leaf) * 2 * dim + dim + k]! - boxes[(511 + leaf) * 2 * dim + k]!),
  );
  expect(Math.max(...sides)).toBeLessThan(0.3);
});

test("leaves have about as many points as are asked for, and at least one", () => {
  for (const count of [1, 2, 3, 5, 100, 4097])
    for (const leaf of [1, 4, 48]) {
      const depth = depthFor(count, leaf);
      expect(count / 2 ** depth).toBeGreaterThanOrEqual(Math.min(count, leaf));
      expect(count / 2 ** depth).toBeLessThan(2 * leaf);
    }
});

describe("the addon refuses", () => {
  const addon = loadedAddon();
  const points = new Float64Array(12);
  const order = new Int32Array(4);
  test("what does not fit before anything is read", () => {
    expect(() => addon.sortIntoCells(points, 3, 3, 4, order)).toThrow(/expected/);
    expect(() => addon.sortIntoCells(points, 9, 0, 4, order)).toThrow(/expected/);
    expect(() => addon.sortIntoCells(points, 2, 1, 4, order)).toThrow(/expected/);
    expect(() => addon.boundCells(points, 3, 1, 4, new Float64Array(17))).toThrow(/expected/);
    expect(() => addon.boundCells(points, 3, 1, 4, new Float32Array(18))).toThrow(/expected/);
    expect(() => addon.moveRows(points, new Float64Array(12), Int32Array.of(0, 1, 2, 4), true)).toThrow(/expected/);
    expect(() => addon.moveRows(points, new Float64Array(12), Int32Array.of(0, 1, 2, -1), false)).toThrow(/expected/);
    expect(() => addon.moveRows(points, points, order, true)).toThrow(/expected/);
    expect(() => addon.moveRows(points, new Float64Array(11), order, true)).toThrow(/expected/);
  });
});
