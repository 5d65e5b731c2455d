/**
 * Which cells meet as points and which as nodes: a walk down two trees at once (Appel 1985; Barnes and Hut 1986), and
 * how far a cell has to be from what meets its nodes. The one idea of the walk is that all of it is one list of
 * ranges, over points and, behind them, the nodes of all cells. That of the reach: the error of interpolation depends
 * on the size of a cell and on its distance, so it is measured on lines of the kernel's own values, for a ladder of
 * both.
 */
import { at, integerAt, realAt } from "../asserts";
import type { Ranges } from "../device/native";
import type { Task } from "../task";
import { leavesOf, placesOf } from "./cells";
import type { CellTree } from "./cells";
import { randomNumbers } from "./kerneltable";
import type { KernelTable } from "./kerneltable";
import { leastSquare } from "./near";
import { RangesWriter } from "./cellranges";
import { chebyshevPoints } from "./treenodes";
import type { TreeNodes } from "./treenodes";

/** Points in cells, with their nodes, and how far each cell has to be from what meets its nodes. */
export interface Reaching {
  readonly tree: CellTree;
  readonly nodes: TreeNodes;
  readonly reaches: Float64Array;
}

/** Begins and ends of columns, by cell of rows. */
type Met = (number[] | undefined)[];

export class TreeWalk {
  /** Pairs of points, and in all: of points, nodes, and both. */
  near = 0;
  pairs = 0;
  private readonly byNodes: Met = [];
  private readonly byPoints: Met = [];

  constructor(
    private readonly rows: Reaching,
    private readonly columns: Reaching,
    private readonly dim: number,
    private readonly most: number,
  ) {}

  /** False where there would be more pairs than `most`. */
  *run(): Task<boolean> {
    yield* this.visit(0, [0]);
    return this.pairs <= this.most;
  }

  /** A cell of rows, and the cells of columns that the cells around it have not met. */
  private *visit(row: number, columns: readonly number[]): Task<void> {
    const half = integerAt(this.rows.tree.halves, row);
    const left = this.meet(row, half === 0, [...columns]);
    if (row % CELLS_AT_ONCE === 0) yield;
    for (let child = half; left.length > 0 && child < half + 2 && this.pairs <= this.most; child++)
      yield* this.visit(child, left);
  }

  /** What is left for the halves of the cell: nothing, where it is a leaf. */
  private meet(row: number, isLeaf: boolean, stack: number[]): number[] {
    const left: number[] = [];
    for (let column = stack.pop(); column !== undefined; column = stack.pop()) {
      const half = integerAt(this.columns.tree.halves, column);
      if (this.isFar(row, column)) this.meetAsNodes(row, isLeaf, column);
      else if (half > 0 && (isLeaf || this.isLarger(column, row))) stack.push(half + 1, half);
      else if (isLeaf) this.meetAsPoints(row, column);
      else left.push(column);
    }
    return left;
  }

  private isFar(row: number, column: number): boolean {
    const { rows, columns, dim } = this;
    const reach = Math.max(realAt(rows.reaches, row), realAt(columns.reaches, column));
    return leastSquare(rows.tree.boxes, row, columns.tree.boxes, column, dim) >= reach * reach;
  }

  private isLarger(column: number, row: number): boolean {
    return realAt(this.columns.nodes.sizes, column) >= realAt(this.rows.nodes.sizes, row);
  }

  /** Points that are not more than nodes stand for themselves. */
  private meetAsNodes(row: number, isLeaf: boolean, column: number): void {
    const { rows, columns } = this;
    const { perCell } = columns.nodes;
    const [top, bottom] = placesOf(rows.tree, row);
    let [begin, end] = placesOf(columns.tree, column);
    if (end - begin > perCell) {
      begin = columns.tree.order.length + column * perCell;
      end = begin + perCell;
    }
    const isFew = isLeaf && bottom - top <= perCell;
    this.pairs += (isFew ? bottom - top : perCell) * (end - begin);
    add(isFew ? this.byPoints : this.byNodes, row, begin, end);
  }

  private meetAsPoints(row: number, column: number): void {
    const [begin, end] = placesOf(this.columns.tree, column);
    const [top, bottom] = placesOf(this.rows.tree, row);
    this.near += (bottom - top) * (end - begin);
    this.pairs += (bottom - top) * (end - begin);
    add(this.byPoints, row, begin, end);
  }

  /** Rows are points in the order of their places, and the nodes of one cell after the other. */
  ranges(): Ranges {
    const { tree, nodes } = this.rows;
    const writer = new RangesWriter(2 * tree.begins.length, 2 * tree.begins.length);
    for (const leaf of leavesOf(tree)) {
      addSorted(writer, this.byPoints[leaf]);
      writer.endRows(...placesOf(tree, leaf));
    }
    for (let cell = 0, begin = tree.order.length; cell < tree.begins.length; cell++, begin += nodes.perCell) {
      addSorted(writer, this.byNodes[cell]);
      writer.endRows(begin, begin + nodes.perCell);
    }
    return writer.ranges();
  }
}

/** Cells between pauses: some milliseconds. */
const CELLS_AT_ONCE = 64;

function add(met: Met, row: number, begin: number, end: number): void {
  const list = (met[row] ??= []);
  list.push(begin, end);
}

function addSorted(writer: RangesWriter, intervals: readonly number[] = []): void {
  const order = Array.from({ length: intervals.length / 2 }, (_, n) => 2 * n);
  order.sort((a, b) => at(intervals, a) - at(intervals, b));
  for (const n of order) writer.add(at(intervals, n), at(intervals, n + 1));
}

// -------------------------------------------------------------------------------------------- how far cells have to be

/** The least distance, from half the longest side of a cell; Infinity where there is none. */
export type Reach = (half: number) => number;

/** Sizes of cells, each half of the one before, from the longest side of all on. */
const SIZES = 26;
/** Distances, in halves of the longest side: 0, and a ladder of half powers of 2. */
const DISTANCES = [0, ...Array.from({ length: 21 }, (_, n) => Math.SQRT2 ** (n - 13))];
/** For a distance of 0: powers of this, so that poles and cusps are met. */
const CLOSE = 2 ** -4;
/** Lines in the direction of each axis. */
const LINES = 6;

/**
 * @param lengths how far differences reach, on each axis.
 * @param degree nodes on each axis.
 * @param allowed how large the error of any component of the kernel may be.
 */
export function* reachFor(
  table: KernelTable,
  lengths: readonly number[],
  degree: number,
  allowed: number,
): Task<Reach> {
  const longest = Math.max(...lengths) / 2;
  const errors = yield* measureErrors(table, longest, degree);
  const reaches = Array.from({ length: SIZES }, (_, size) => {
    const own = errors.subarray(size * DISTANCES.length, (size + 1) * DISTANCES.length);
    return longest * 2 ** -size * distanceFor(own, allowed);
  });
  return (half) => {
    const size = Math.max(0, Math.min(SIZES - 1, Math.log2(longest / half)));
    const [larger, smaller] = [at(reaches, Math.floor(size)), at(reaches, Math.ceil(size))];
    return larger === smaller ? larger : larger + (smaller - larger) * (size % 1);
  };
}

/** From where on errors stay below what is allowed, between two distances by logarithms. */
function distanceFor(errors: Float64Array, allowed: number): number {
  let last = errors.length - 1;
  if (!(realAt(errors, last) <= allowed)) return Infinity;
  while (last > 0 && realAt(errors, last - 1) <= allowed) last--;
  if (last === 0) return 0;
  const [near, far] = [realAt(errors, last - 1), realAt(errors, last)];
  const part = far > 0 && near < Infinity ? Math.log(near / allowed) / Math.log(near / far) : 1;
  return at(DISTANCES, last - 1) * (1 - part) + at(DISTANCES, last) * part;
}

/** `[SIZES, DISTANCES]`: the largest errors of a component on lines of an axis, summed over axes. */
function* measureErrors(table: KernelTable, longest: number, degree: number): Task<Float64Array> {
  const errors = new Float64Array(SIZES * DISTANCES.length);
  const places = Float64Array.from([...chebyshevPoints(degree), ...worstPoints(degree)]);
  const points = pointsOnLines(table.dim, longest, places);
  const matrix = interpolationMatrix(degree);
  const perAxis = LINES * places.length;
  for (const component of table.components) {
    const values = yield* table.valuesOf(component, points);
    for (const n of errors.keys()) {
      let sum = 0;
      for (let axis = n * table.dim; axis < (n + 1) * table.dim; axis++)
        sum += largestError(values.subarray(axis * perAxis, (axis + 1) * perAxis), matrix, degree);
      if (!(sum <= realAt(errors, n))) errors[n] = sum;
    }
    yield;
  }
  return errors;
}

/** Between nodes, where polynomials that vanish at them are largest. */
const worstPoints = (degree: number): number[] =>
  Array.from({ length: degree + 1 }, (_, k) => Math.cos((Math.PI * k) / degree));

/** `[degree + 1, degree]`: values between nodes from those at nodes. */
function interpolationMatrix(degree: number): Float64Array {
  const nodes = chebyshevPoints(degree);
  const entry = (x: number, k: number): number =>
    nodes.reduce((product, node, m) => (m === k ? product : (product * (x - node)) / (realAt(nodes, k) - node)), 1);
  return Float64Array.from(worstPoints(degree).flatMap((x) => Array.from(nodes, (_, k) => entry(x, k))));
}

/** On lines that give the values at nodes, and then those between. */
function largestError(values: Float64Array, matrix: Float64Array, degree: number): number {
  let worst = 0;
  for (let line = 0; line < values.length; line += 2 * degree + 1)
    for (let row = 0; row <= degree; row++) {
      let error = realAt(values, line + degree + row);
      for (let k = 0; k < degree; k++) error -= realAt(matrix, row * degree + k) * realAt(values, line + k);
      if (!(Math.abs(error) <= worst)) worst = Math.abs(error);
    }
  return worst;
}

/**
 * `[SIZES, DISTANCES, dim, LINES, places, dim]`: on lines in the direction of an axis, through the point of a cube that is
 * nearest to the origin: a corner, or somewhere on an edge or a face.
 */
function pointsOnLines(dim: number, longest: number, places: Float64Array): Float64Array {
  const random = randomNumbers();
  const points = new Float64Array(SIZES * DISTANCES.length * dim * LINES * places.length * dim);
  let place = 0;
  for (let size = 0; size < SIZES; size++)
    for (const distance of DISTANCES)
      for (let axis = 0; axis < dim; axis++)
        for (let line = 1; line <= LINES; line++) {
          const half = longest * 2 ** -size;
          const nearest = pointAt(dim, half * (distance || CLOSE ** line), random);
          const own = at(nearest, axis);
          const isInside = own === 0 || (distance === 0 && line % 2 === 0);
          const centre = isInside ? half * (2 * random() - 1) : own + Math.sign(own) * half;
          for (let n = 0; n < places.length; n++)
            for (let k = 0; k < dim; k++)
              points[place++] = k === axis ? centre + half * realAt(places, n) : at(nearest, k);
        }
  return points;
}

/** In a random direction, some of whose components are 0. */
function pointAt(dim: number, distance: number, random: () => number): number[] {
  const along = Math.floor(random() * dim);
  const direction = Array.from({ length: dim }, (_, k) => (random() - 0.5) * (k === along || random() < 0.5 ? 1 : 0));
  const norm = Math.hypot(...direction);
  return direction.map((x) => (distance * x) / norm);
}
