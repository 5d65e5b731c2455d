/** Cells of a tree, their nodes, and the walk: what holds of them for any points. */
import { rand } from "../../src/array/array";
import { contiguous } from "../../src/array/view";
import { cutIntoCells, leavesOf, placesOf } from "../../src/fast/cells";
import type { CellTree } from "../../src/fast/cells";
import { TreeNodes } from "../../src/fast/treenodes";
import { TreeWalk } from "../../src/fast/treewalk";
import { runSync } from "../../src/task";
import { mixed } from "../helpers/mixed";

const DIM = 2;
const DEGREE = 4;
const data = (count: number, seed: number, dtype: "float32" | "float64" = "float64") =>
  contiguous(mixed(count, DIM, { dtype, seed }));
const treeOf = (count: number, leaf: number, seed: number): CellTree =>
  runSync(cutIntoCells(data(count, seed), DIM, leaf));
const reaching = (tree: CellTree, reach: (size: number) => number) => {
  const nodes = new TreeNodes(tree, DIM, DEGREE);
  return { tree, nodes, reaches: nodes.sizes.map(reach) };
};
const cellsOf = (tree: CellTree): number[] => [...tree.begins.keys()];

describe("cells", () => {
  const tree = treeOf(1000, 9, 1);

  test("every point has one place, and leaves hold all places in order", () => {
    expect([...tree.order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, n) => n));
    const places = leavesOf(tree).map((leaf) => placesOf(tree, leaf));
    expect(places.flat()).toEqual([0, ...places.slice(0, -1).flatMap(([, end]) => [end, end]), 1000]);
    expect(Math.max(...places.map(([begin, end]) => end - begin))).toBeLessThanOrEqual(9);
  });

  test("halves part the places of their cell, and boxes touch its outermost points", () => {
    for (const cell of cellsOf(tree)) {
      const [begin, end] = placesOf(tree, cell);
      const half = tree.halves[cell]!;
      if (half > 0) expect([placesOf(tree, half)[0], placesOf(tree, half + 1)[1]]).toEqual([begin, end]);
      if (half > 0) expect(placesOf(tree, half)[1]).toBe(placesOf(tree, half + 1)[0]);
      for (let k = 0; k < DIM; k++) {
        const own = Array.from({ length: end - begin }, (_, n) => tree.points[(begin + n) * DIM + k]!);
        expect(tree.boxes[cell * 2 * DIM + k]).toBe(Math.min(...own));
        expect(tree.boxes[cell * 2 * DIM + DIM + k]).toBe(Math.max(...own));
      }
    }
  });

  test("equal points stay together", () => {
    const equal = runSync(cutIntoCells(new Float64Array(60).fill(3), DIM, 4));
    expect([...equal.begins, ...equal.ends, ...equal.halves]).toEqual([0, 30, 0]);
  });
});

/** A polynomial of degree `DEGREE - 1` on each axis: interpolation is exact. */
const polynomial = (x: number, y: number): number => (1 + x - 2 * x * x + x ** 3) * (2 - y + y * y - 3 * y ** 3);
const polynomialAt = (points: ArrayLike<number>, n: number): number =>
  polynomial(points[n * DIM]!, points[n * DIM + 1]!);

describe.each(["float32", "float64"] as const)("nodes of %s points", (dtype) => {
  const tree = runSync(cutIntoCells(data(600, 2, dtype), DIM, 20));
  const nodes = new TreeNodes(tree, DIM, DEGREE);
  const { perCell } = nodes;

  test("weights of nodes sum polynomials as weights of points do, in every cell and column", () => {
    const weights = Float64Array.from(contiguous(rand([600, 3], { dtype: "float64", seed: 3 })));
    const gathered = runSync(nodes.gather(weights, 3));
    for (const cell of cellsOf(tree))
      for (let c = 0; c < 3; c++) {
        const [begin, end] = placesOf(tree, cell);
        let [ofPoints, ofNodes] = [0, 0];
        for (let n = begin; n < end; n++) ofPoints += weights[n * 3 + c]! * polynomialAt(tree.points, n);
        for (let n = cell * perCell; n < (cell + 1) * perCell; n++)
          ofNodes += gathered[n * 3 + c]! * polynomialAt(nodes.points, n);
        expect(Math.abs(ofNodes - ofPoints)).toBeLessThan(1e-10 * (end - begin) * 1000);
      }
  });

  test("polynomials at the nodes of a cell are those at its points, and nothing elsewhere", () => {
    for (const cell of cellsOf(tree)) {
      const values = new Float64Array(tree.begins.length * perCell);
      for (let n = cell * perCell; n < (cell + 1) * perCell; n++) values[n] = polynomialAt(nodes.points, n);
      const into = new Float64Array(600);
      runSync(nodes.scatter(values, 1, into));
      const [begin, end] = placesOf(tree, cell);
      for (const [n, value] of into.entries()) {
        const expected = n >= begin && n < end ? polynomialAt(tree.points, n) : 0;
        expect(Math.abs(value - expected)).toBeLessThan(1e-10 * Math.max(1, Math.abs(expected)) * 100);
      }
    }
  });
});

test.each([0, 0.5, 2, Infinity])("with a reach of %d sizes every pair of points meets once", (times) => {
  const [rows, columns] = [1, 2].map((seed) => reaching(treeOf(250 + 50 * seed, 12, seed), (size) => times * size));
  const walk = new TreeWalk(rows!, columns!, DIM, Infinity);
  expect(runSync(walk.run())).toBe(true);
  const met = meetingsOf(walk.ranges(), rows!, columns!);
  expect(Math.min(...met)).toBe(1);
  expect(Math.max(...met)).toBe(1);
  expect(walk.pairs > walk.near).toBe(times < Infinity);
});

test("one block that is dropped shows: its pairs do not meet", () => {
  const own = reaching(treeOf(300, 12, 1), (size) => 2 * size);
  const walk = new TreeWalk(own, own, DIM, Infinity);
  runSync(walk.run());
  const { rows, slices, columns } = walk.ranges();
  const last = columns.length / 2 - 1;
  const less = { rows, slices: slices.map((end) => Math.min(end, last)), columns: columns.slice(0, 2 * last) };
  expect(Math.min(...meetingsOf(less, own, own))).toBe(0);
});

test("a walk ends where there are more pairs than may be", () => {
  const own = reaching(treeOf(500, 12, 1), (size) => 2 * size);
  expect(runSync(new TreeWalk(own, own, DIM, 100).run())).toBe(false);
});

type Reaching = ReturnType<typeof reaching>;

/** How often each pair of points meets: as itself, or by the nodes of cells that hold them. */
function meetingsOf(ranges: ReturnType<TreeWalk["ranges"]>, rows: Reaching, columns: Reaching): Int32Array {
  const [m, n] = [rows.tree.order.length, columns.tree.order.length];
  const met = new Int32Array(m * n);
  for (let k = 0, from = 0; k < ranges.slices.length; from = ranges.slices[k++]!) {
    const ofRows = pointsOf(rows, ranges.rows[2 * k]!, ranges.rows[2 * k + 1]!);
    for (let interval = from; interval < ranges.slices[k]!; interval++)
      for (const column of pointsOf(columns, ranges.columns[2 * interval]!, ranges.columns[2 * interval + 1]!))
        for (const row of ofRows) met[row * n + column]!++;
  }
  return met;
}

/** The places of points of an interval, which may begin with points and go on with nodes of whole cells. */
function pointsOf({ tree, nodes }: Reaching, begin: number, end: number): number[] {
  const count = tree.order.length;
  const places: number[] = [];
  for (let n = begin; n < Math.min(end, count); n++) places.push(n);
  for (let n = Math.max(begin, count); n < end; n += nodes.perCell) {
    const [first, stop] = placesOf(tree, (n - count) / nodes.perCell);
    for (let place = first; place < stop; place++) places.push(place);
  }
  return places;
}
