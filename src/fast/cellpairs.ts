/**
 * The bounds of a formula over pairs of cells. The one idea: a formula's bounds over boxes are a formula of the boxes'
 * corners, so that the addon's own kernels evaluate them as it walks down the trees of rows and columns. Knows which
 * variables are sorted into cells, and nothing of what the bounds are for.
 */
import type { Operator } from "../call/operator";
import type { Given } from "../call/prepared";
import { checksum } from "../array/record";
import { readable, sameShape, wrap } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import { asserted, at, realAt } from "../asserts";
import type { NativeRoutine } from "../device/addon";
import { evaluatorOf, tiles } from "../device/host";
import { changes } from "../device/native";
import type { RealData } from "../device/native";
import { extraArgument } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import { bounds } from "../formula/bounds";
import { Category, Depends, asVariable, lowerFormula, nodesOf, variablesOf } from "../formula/formula";
import type { Formula } from "../formula/formula";
import { abs, maximum, minus } from "../formula/ops";
import { concat } from "../formula/vectors";
import { waitFor } from "../task";
import type { Task } from "../task";
import type { Left } from "./cellranges";
import { MOST_CELL_DIM, boxesOf, cellWorks, depthFor, permuteRows, sortIntoCells, sortLeaves } from "./cells";
import type { Cells } from "./cells";

type Side = Category.I | Category.J;

/** A formula whose bounds are asked for, and which of its indices are rows. */
export interface Bounded {
  readonly formula: Formula;
  readonly args: readonly Argument[];
  readonly rows: Side;
  /** What is asked for the least values: the formula, with the opposite sign, or minus its size. */
  readonly sign: 1 | -1 | "size";
}

/**
 * Rows or columns in cells: the arguments of their side as they were given, in the order of places, and as boxes those
 * that the formula reads. By position; undefined for arguments of the other side, and parameters.
 */
export interface Sorted {
  readonly cells: Cells;
  readonly own: readonly (RealData | undefined)[];
  readonly arrays: readonly (RealData | undefined)[];
  readonly boxes: readonly (RealData | undefined)[];
  /** By what they were sorted. */
  readonly points: RealData;
}

/** What the addon is asked: lower bounds alone, or upper ones behind them. */
type Ends = "lower" | "both";

export class CellPairs {
  /** Positions of the arguments whose coordinates sort the points of a side. */
  private readonly sorting: readonly [readonly number[], readonly number[]];
  private readonly read: ReadonlySet<number>;
  private readonly routines = new Map<string, NativeRoutine>();
  /** Of the last call: in which order points stand. */
  private readonly kept = new Map<Side, { readonly key: string; readonly cells: Cells }>();
  /** Why the formula's bounds leave nothing out, by dtype: bounds are long formulas, and every call asks. */
  private readonly refusals = new Map<Dtype, string | null>();

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
    if (this.dim > MOST_CELL_DIM)
      return `points of dim ${this.dim} do not go into cells, which have ${MOST_CELL_DIM} at most`;
    return tiles.whyNot() ?? this.whyNotBounds(dtype);
  }

  private whyNotBounds(dtype: Dtype): string | null {
    let why = this.refusals.get(dtype);
    if (why === undefined) this.refusals.set(dtype, (why = this.refusalOf(dtype)));
    return why;
  }

  private refusalOf(dtype: Dtype): string | null {
    if (this.boundsIn(dtype, "lower").depends !== Depends.Both) return "no bounds of the formula are known";
    return tiles.whyNotFormula(this.specification(dtype, "both"));
  }

  /** The most coordinates by which points are sorted. */
  get dim(): number {
    return Math.max(...this.sorting.map((positions) => this.dimOf(positions)));
  }

  /** How many points of a call have to be sorted: those of i and j, or of one of them where both are the same. */
  pointsOf({ arrays, extents }: Given): number {
    const [i, j] = this.sorting.map((positions) => positions.map((n) => at(arrays, n)));
    const isSame = asserted(i, "rows").every((array, n) => isSameArray(array, j?.[n])) && i?.length === j?.length;
    return isSame ? extents[0] : extents[0] + extents[1];
  }

  private dimOf(positions: readonly number[]): number {
    return positions.reduce((sum, position) => sum + at(this.of.args, position).dim, 0);
  }

  private boundsIn(dtype: Dtype, ends: Ends): Formula {
    const { formula, sign } = this.of;
    const own = bounds(formula, dtype);
    if (sign === "size") return minus(maximum(abs(own.lower), abs(own.upper)));
    const [lower, upper] = sign === 1 ? [own.lower, own.upper] : [minus(own.upper), minus(own.lower)];
    return ends === "both" ? concat(lower, upper) : lower;
  }

  /** Its rows are the columns that are sought (native/run/walk.h). */
  private specification(dtype: Dtype, ends: Ends): Parameters<typeof evaluatorOf>[0] {
    const variables = this.of.args.map(({ position, dim, category }) =>
      asVariable(extraArgument(position, this.isBounded(position) ? 2 * dim : dim, category).variable),
    );
    const settings = { reduction: null, k: 1, sumScheme: "block", accumulator: dtype } as const;
    return { ...settings, formulas: [this.boundsIn(dtype, ends)], rows: this.columns, variables, dtype };
  }

  private isBounded(position: number): boolean {
    return this.read.has(position) && at(this.of.args, position).category !== Category.P;
  }

  private routine(dtype: Dtype, ends: Ends): NativeRoutine {
    const key = `${dtype} ${ends} ${changes}`;
    const found = this.routines.get(key) ?? evaluatorOf(this.specification(dtype, ends));
    this.routines.set(key, found);
    return found;
  }

  /**
   * The rows or columns of one entry of a call, in cells of about so many points.
   * @param like the other side, whose cells serve where its points are the same memory.
   * @param byIndex whether the points of a leaf are to stand in the order of their indices.
   */
  *sort(given: Given, side: Side, leaf: number, like?: Sorted, byIndex = false): Task<Sorted> {
    const own = this.of.args.map((argument, n) =>
      argument.category === side ? readable(at(given.arrays, n)) : undefined,
    );
    const count = given.extents[side];
    const sorting = at(this.sorting, side);
    const points = joinRows(
      sorting.map((n) => [asserted(own[n], "an array"), at(this.of.args, n).dim] as const),
      count,
    );
    const depth = depthFor(count, leaf);
    const isShared =
      like !== undefined && like.points === points && like.cells.count === count && like.cells.depth === depth;
    const cells = isShared ? like.cells : yield* this.cellsOf(side, points, depth, byIndex);
    const [arrays, boxes]: [(RealData | undefined)[], (RealData | undefined)[]] = [[], []];
    for (const [n, data] of own.entries()) {
      const same = isShared ? like.own.indexOf(data) : -1;
      const { dim } = at(this.of.args, n);
      arrays.push(data && ((same < 0 ? undefined : like?.arrays[same]) ?? (yield* permuteRows(cells, data, dim))));
      boxes.push(arrays[n] && this.isBounded(n) ? yield* boxesOf(cells, arrays[n], dim) : arrays[n]);
    }
    return { cells, own, arrays, boxes, points };
  }

  /** Sorted again only where points have changed since the last call; boxes are made of the points of every call. */
  private *cellsOf(side: Side, points: RealData, depth: number, byIndex: boolean): Task<Cells> {
    const key = `${checksum(wrap(points, [points.length]))} ${points.length} ${depth} ${byIndex}`;
    const known = this.kept.get(side);
    if (known?.key === key) return known.cells;
    this.kept.delete(side);
    const cells = yield* sortIntoCells(points, this.dimOf(at(this.sorting, side)), depth);
    if (byIndex) sortLeaves(cells);
    this.kept.set(side, { key, cells });
    return cells;
  }

  /** Of every leaf of rows and component, the leaf of columns that is likely to hold its best values. */
  *seek(given: Given, rows: Sorted, columns: Sorted): Task<Int32Array> {
    const best = new Int32Array(2 ** rows.cells.depth * this.of.formula.dim);
    const [args, sizes] = [this.boxesFor(given, rows, columns), this.sizesOf(rows, columns)];
    yield* waitFor(cellWorks().seekCells(this.routine(given.dtype, "both"), args, sizes, best));
    return best;
  }

  /**
   * The leaves of columns that may hold a value that is not worse than `worst`, `[leaves of rows, components]`; null where
   * more than `capacity` are left. @param allowed of sizes, what may be left out of a row beside, in sum.
   */
  *walk(
    given: Given,
    rows: Sorted,
    columns: Sorted,
    {
      worst,
      capacity,
      allowed = 0,
    }: { readonly worst: RealData; readonly capacity: number; readonly allowed?: number },
  ): Task<Left | null> {
    const [args, sizes] = [this.boxesFor(given, rows, columns), this.sizesOf(rows, columns)];
    const [ends, runs] = [new Int32Array(2 ** rows.cells.depth), new Int32Array(capacity)];
    const routine = this.routine(given.dtype, "lower");
    const count = yield* waitFor(cellWorks().walkCells(routine, args, sizes, worst, ends, runs, allowed));
    return count > capacity ? null : { ends, runs };
  }

  private boxesFor(given: Given, rows: Sorted, columns: Sorted): RealData[] {
    return this.of.args.map(({ category }, n) => {
      if (category === Category.P) return readable(at(given.arrays, n));
      return asserted((category === this.of.rows ? rows : columns).boxes[n], "boxes");
    });
  }

  private sizesOf(rows: Sorted, columns: Sorted): Float64Array {
    const sizes = [rows, columns].flatMap(({ cells: { count, depth } }) => [count, depth]);
    return Float64Array.from([...sizes, this.of.formula.dim]);
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

function isSameArray(a: RealArray, b: RealArray | undefined): boolean {
  return a.data === b?.data && a.offset === b.offset && sameShape(a.shape, b.shape) && sameShape(a.stride, b.stride);
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
      for (let k = 0; k < dim; k++) joined[row * width + start + k] = realAt(data, row * dim + k);
    start += dim;
  }
  return joined;
}

/** The arguments of a call in the order of places, parameters as they are. */
export function movedArrays({ args, settings }: Operator, given: Given, rows: Sorted, columns: Sorted): RealArray[] {
  return args.map(({ category, dim }, n) => {
    if (category === Category.P) return at(given.arrays, n);
    const data = asserted((category === settings.rows ? rows : columns).arrays[n], "an array");
    return wrap(data, [data.length / dim, dim]);
  });
}
