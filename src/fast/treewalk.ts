/**
 * Which cells meet as points and which as nodes: a walk down two trees at once (Appel 1985; Barnes and Hut 1986). The one
 * idea is that all of it is one list of ranges, over points and, behind them, the nodes of all cells. Knows no formula.
 */
import { at, integerAt, realAt } from "../asserts";
import type { Ranges } from "../device/native";
import type { Task } from "../task";
import { leastSquare } from "./near";
import { RangesWriter } from "./rangeswriter";
import { leavesOf, placesOf } from "./treecells";
import type { CellTree } from "./treecells";
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
