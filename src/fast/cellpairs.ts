/**
 * The bounds of a formula over pairs of cells. The one idea: a formula's bounds over boxes are a formula of the boxes'
 * corners, so that the addon's own kernels evaluate them as it walks down the trees of rows and columns. Knows which
 * variables are sorted into cells, and nothing of what the bounds are for.
 */
import { entryOf } from "../call/batches";
import type { Given } from "../call/prepared";
import { readable } from "../array/view";
import type { Dtype } from "../array/view";
import { asserted, at } from "../asserts";
import type { NativeRoutine } from "../device/addon";
import { evaluatorOf, tiles } from "../device/host";
import { changes } from "../device/native";
import type { RealData } from "../device/native";
import { extraArgument } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import { bounds } from "../formula/bounds";
import { Category, Depends, asVariable, lowerFormula, nodesOf, variablesOf } from "../formula/formula";
import type { Formula } from "../formula/formula";
import { minus } from "../formula/ops";
import { concat } from "../formula/vectors";
import { waitFor } from "../task";
import type { Task } from "../task";
import { MOST_CELL_DIM, boxesOf, cellWorks, depthFor, permuteRows, sortIntoCells } from "./cells";
import type { Cells } from "./cells";

type Side = Category.I | Category.J;

/** A formula whose bounds are asked for, and which of its indices are rows. */
export interface Bounded {
  readonly formula: Formula;
  readonly args: readonly Argument[];
  readonly rows: Side;
  /** -1 where the formula with the opposite sign is meant. */
  readonly sign: 1 | -1;
}

/** Rows or columns in cells: the arguments of their side in the order of places, and those that are bounded as boxes. */
export interface Sorted {
  readonly cells: Cells;
  /** By position; undefined for arguments of the other side, and parameters. */
  readonly arrays: readonly (RealData | undefined)[];
  readonly boxes: readonly (RealData | undefined)[];
  /** By what they were sorted. */
  readonly points: RealData;
}

/** The leaves of columns that are left of every leaf of rows (see `walkCells` of the addon). */
export interface Left {
  readonly ends: Int32Array;
  readonly best: Int32Array;
  readonly leaves: Int32Array;
  readonly lowers: RealData;
  readonly count: number;
}

export class CellPairs {
  /** Positions of the arguments whose coordinates sort the points of a side. */
  private readonly sorting: readonly [readonly number[], readonly number[]];
  private readonly read: ReadonlySet<number>;
  private readonly routines = new Map<string, NativeRoutine>();

  constructor(readonly of: Bounded) {
    this.read = new Set(variablesOf(of.formula).map((v) => asVariable(v).position));
    this.sorting = [positionsOf(of.formula, Category.I), positionsOf(of.formula, Category.J)];
  }

  get columns(): Side {
    return this.of.rows === Category.I ? Category.J : Category.I;
  }

  /** Why its bounds leave nothing out, whatever the points are; null where they may. */
  whyNot(dtype: Dtype): string | null {
    const dims = this.sorting.map((positions) => this.dimOf(positions));
    if (dims.some((dim) => dim === 0)) return "the formula does not depend on both i and j";
    const most = Math.max(...dims);
    if (most > MOST_CELL_DIM) return `points of dim ${most} are too many for cells: ${MOST_CELL_DIM} at most`;
    if (this.boundsIn(dtype).depends === Depends.Nothing) return "no bounds of the formula are known";
    return tiles.whyNot() ?? tiles.whyNotFormula(this.specification(dtype));
  }

  private dimOf(positions: readonly number[]): number {
    return positions.reduce((sum, position) => sum + at(this.of.args, position).dim, 0);
  }

  /** Lower bounds of all components, then upper ones. */
  private boundsIn(dtype: Dtype): Formula {
    const { formula, sign } = this.of;
    const { lower, upper } = bounds(formula, dtype);
    return sign === 1 ? concat(lower, upper) : concat(minus(upper), minus(lower));
  }

  private specification(dtype: Dtype): Parameters<typeof evaluatorOf>[0] {
    const variables = this.of.args.map(({ position, dim, category }) =>
      asVariable(extraArgument(position, this.isBounded(position) ? 2 * dim : dim, category).variable),
    );
    const settings = { reduction: null, k: 1, sumScheme: "block", accumulator: dtype } as const;
    return { ...settings, formulas: [this.boundsIn(dtype)], rows: this.of.rows, variables, dtype };
  }

  private isBounded(position: number): boolean {
    return this.read.has(position) && at(this.of.args, position).category !== Category.P;
  }

  private routine(dtype: Dtype): NativeRoutine {
    const key = `${dtype} ${changes}`;
    const found = this.routines.get(key) ?? evaluatorOf(this.specification(dtype));
    this.routines.set(key, found);
    return found;
  }

  /**
   * The rows or columns of one entry of a call, in cells of about so many points.
   * @param like the other side, whose cells serve where its points are the same memory.
   */
  *sort(given: Given, side: Side, leaf: number, like?: Sorted): Task<Sorted> {
    const own = this.of.args.map((argument, n) => (argument.category === side ? readable(at(given.arrays, n)) : undefined));
    const count = given.extents[side];
    const sorting = at(this.sorting, side);
    const points = joinRows(sorting.map((n) => [asserted(own[n], "an array"), at(this.of.args, n).dim] as const), count);
    const depth = depthFor(count, leaf);
    const isShared = like !== undefined && like.points === points && like.cells.depth === depth;
    const cells = isShared ? like.cells : yield* sortIntoCells(points, this.dimOf(sorting), depth);
    const arrays = own.map((data, n) => data && permuteRows(cells, data, at(this.of.args, n).dim));
    const boxes: (RealData | undefined)[] = [];
    for (const [n, data] of arrays.entries())
      boxes.push(data && this.isBounded(n) ? yield* boxesOf(cells, data, at(this.of.args, n).dim) : data);
    return { cells, arrays, boxes, points };
  }

  /** Null where more than `capacity` are left. @param k how many values are sought of each row. */
  *walk(given: Given, rows: Sorted, columns: Sorted, k: number, capacity: number): Task<Left | null> {
    const { dim } = this.of.formula;
    const args = this.of.args.map(({ category }, n) => {
      if (category === Category.P) return readable(at(given.arrays, n));
      return asserted((category === this.of.rows ? rows : columns).boxes[n], "boxes");
    });
    const sizes = [rows, columns].flatMap(({ cells: { count, depth } }) => [count, depth]);
    const leavesOfRows = 2 ** rows.cells.depth;
    const [ends, best] = [new Int32Array(leavesOfRows), new Int32Array(leavesOfRows * dim)];
    const leaves = new Int32Array(capacity);
    const lowers = given.dtype === "float64" ? new Float64Array(capacity * dim) : new Float32Array(capacity * dim);
    const told = Float64Array.from([...sizes, dim, k, capacity]);
    const { walkCells } = cellWorks();
    const count = yield* waitFor(walkCells(this.routine(given.dtype), args, told, ends, best, leaves, lowers));
    return count > capacity ? null : { ends, best, leaves, lowers, count };
  }
}

/**
 * The variables of a side by which points are sorted: those of the nodes in which i and j meet, such as the x and y of
 * their difference, and not what is added or multiplied afterwards.
 */
function positionsOf(formula: Formula, side: Side): number[] {
  const isOfBoth = ({ depends }: Formula): boolean => depends === Depends.Both;
  const meetings = nodesOf(lowerFormula(formula)).filter((node) => isOfBoth(node) && !node.args.some(isOfBoth));
  return variablesOf(...meetings)
    .map(asVariable)
    .filter(({ category }) => category === side)
    .map(({ position }) => position);
}

/** Rows beside each other. */
function joinRows(parts: readonly (readonly [data: RealData, dim: number])[], count: number): RealData {
  const [[first]] = parts as [readonly [RealData, number]];
  if (parts.length === 1) return first;
  const width = parts.reduce((sum, [, dim]) => sum + dim, 0);
  const joined = first instanceof Float64Array ? new Float64Array(count * width) : new Float32Array(count * width);
  let start = 0;
  for (const [data, dim] of parts) {
    for (let row = 0; row < count; row++)
      for (let k = 0; k < dim; k++) joined[row * width + start + k] = data[row * dim + k]!;
    start += dim;
  }
  return joined;
}

/** One entry of the batch of a call, as a call of its own. */
export function entryGiven(args: readonly Argument[], given: Given, entry: number): Given {
  if (given.batch.length === 0) return given;
  return { ...given, arrays: given.arrays.map((array, n) => entryOf(at(args, n), array, given.batch, entry)), batch: [] };
}
