/**
 * Trees of cells: every point stands in one leaf, boxes hold just their points, and points that are near share cells.
 */
import { cellsOf } from "../../src/fast/cells";
import type { Cells } from "../../src/fast/cells";
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
const CASES = POINTS.flatMap(([name, make]) => [1, 2, 3, 4, 8].map((dim) => ({ name, make, dim })));

const range = (begin: number, end: number): number[] => Array.from({ length: end - begin }, (_, n) => begin + n);
const leavesOf = ({ children }: Cells): number[] => [...children.keys()].filter((cell) => children[cell] === 0);

/** The least and the largest number of a coordinate among the points of a cell; NaN twice where one is not finite. */
function sideOf(points: Float64Array, dim: number, cells: Cells, cell: number, k: number): [number, number] {
  const numbers = range(cells.begins[cell]!, cells.ends[cell]!).map((place) => points[cells.order[place]! * dim + k]!);
  return numbers.every(Number.isFinite) ? [Math.min(...numbers), Math.max(...numbers)] : [NaN, NaN];
}

describe.each(CASES)("of points $name in $dim dimensions", ({ make, dim }) => {
  const [count, leaf] = [1500, 16];
  const points = make(count, dim);
  const cells = cellsOf(points, dim, leaf);

  test("places are a permutation, and leaves share them out", () => {
    expect([...cells.order].sort((a, b) => a - b)).toEqual(range(0, count));
    const leaves = leavesOf(cells).map((cell) => [cells.begins[cell]!, cells.ends[cell]!] as const);
    const sorted = [...leaves].sort(([a], [b]) => a - b);
    expect(sorted.flatMap(([begin, end]) => range(begin, end))).toEqual(range(0, count));
    expect(sorted.every(([begin, end]) => end - begin <= leaf && end > begin)).toBe(true);
  });

  test("the children of a cell are its halves, on the next level", () => {
    const levelOf = (cell: number): number => cells.levels.filter((first) => first <= cell).length;
    const { begins, ends, children } = cells;
    const parents = [...children.keys()].filter((cell) => children[cell] !== 0);
    const isCut = (cell: number, child: number): boolean =>
      begins[child] === begins[cell] && ends[child] === begins[child + 1] && ends[child + 1] === ends[cell];
    expect(parents.filter((cell) => !isCut(cell, children[cell]!))).toEqual([]);
    expect(parents.filter((cell) => levelOf(children[cell]!) !== levelOf(cell) + 1)).toEqual([]);
    expect(parents.length).toBe((children.length - 1) / 2);
  });

  test("a box has the least and largest numbers of its points", () => {
    const sides = [...cells.begins.keys()].flatMap((cell) =>
      range(0, dim).map((k) => sideOf(points, dim, cells, cell, k)),
    );
    const found = sides.map((_, n) => {
      const at = 2 * dim * Math.floor(n / dim) + (n % dim);
      return [cells.boxes[at], cells.boxes[at + dim]];
    });
    expect(found).toEqual(sides);
  });
});

test("cells that hold what is not finite hold nothing else, from the second level on", () => {
  const points = cube(1000, 3).map((x, n) => (n % 97 === 0 ? NaN : x));
  const cells = cellsOf(points, 3, 16);
  const isMixed = (cell: number): boolean => {
    const finite = range(cells.begins[cell]!, cells.ends[cell]!).map((place) => points.subarray(3 * cells.order[place]!, 3 * cells.order[place]! + 3).every(Number.isFinite)); // prettier-ignore
    return finite.includes(true) && finite.includes(false);
  };
  expect([...cells.begins.keys()].filter(isMixed)).toEqual([0]);
});

test.each([1, 2, 3, 4, 8])("leaves are small: of the volume of all, about their share, in %s dimensions", (dim) => {
  const cells = cellsOf(cube(4096, dim), dim, 16);
  const leaves = leavesOf(cells);
  const volume = (cell: number): number => range(0, dim).reduce((all, k) => all * (cells.boxes[2 * dim * cell + dim + k]! - cells.boxes[2 * dim * cell + k]!), 1); // prettier-ignore
  expect(leaves.reduce((sum, cell) => sum + volume(cell), 0)).toBeLessThan(1);
});

test("equal points stay in the order of their indices, and boxes have the dtype of the points", () => {
  const cells = cellsOf(
    Float32Array.from({ length: 300 }, (_, n) => n % 3),
    1,
    8,
  );
  for (const value of [0, 1, 2]) {
    const places = [...cells.order].filter((n) => n % 3 === value);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  }
  expect(cells.boxes).toBeInstanceOf(Float32Array);
});

test.each([0, 1, 2])("%s points have a tree, too", (count) => {
  const cells = cellsOf(cube(count, 2), 2, 1);
  expect(cells.begins.length).toBe(count === 2 ? 3 : 1);
});
