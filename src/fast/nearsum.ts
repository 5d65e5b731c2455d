/**
 * The near part of a split sum: the formula times a step of the distance, over ranges of near pairs. The engine that
 * computes all pairs computes it. Knows no grid.
 */
import { sumOf } from "../array/shard";
import type { Shard } from "../array/shard";
import { wrap } from "../array/view";
import { at, integerAt, realAt } from "../asserts";
import { Operator } from "../call/operator";
import type { Given, How } from "../call/prepared";
import { PLAIN_SUM, otherOf } from "../call/result";
import type { Kept } from "../call/result";
import { withExtent } from "../call/shares";
import { allocate } from "../device/memory";
import type { Dtype } from "../device/memory";
import type { RealData } from "../device/native";
import { extraArgument } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import type { Convolution } from "../formula/convolution";
import { add, mult } from "../formula/core";
import { Category } from "../formula/formula";
import type { Formula } from "../formula/formula";
import { sqrt } from "../formula/maths";
import { sqDist } from "../formula/vectors";
import { waitFor } from "../task";
import type { Task } from "../task";
import { boxed, leafSize, nearPairs } from "./near";
import type { NearPairs } from "./near";
import { gatherRows } from "./samplecheck";
import { Lattice, SharedColumns } from "./sharednear";
import type { Split } from "./splitchoice";
import { pairNanoseconds } from "./paircosts";
import type { Points } from "./splitpoints";
import type { Step } from "./step";

/** Pairs that are near, by places of rows and of columns. */
export interface NearCells {
  /** The point that stands at each place; of ranks those of this one. */
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  readonly near: NearPairs;
  /** Whose columns these are, where ranks have some each, and how many rows all have. */
  readonly shared?: { readonly columns: Shard; readonly allRows: number };
}

/** The formula times the step of the distance over a radius, of which the inverse is the last argument. */
export class NearFormula {
  private readonly inverse: Argument;

  constructor(
    private readonly operator: Operator,
    private readonly convolution: Convolution,
  ) {
    this.inverse = extraArgument(operator.args.length, 1, Category.P);
  }

  private formulaWith(step: Step): Formula {
    const squares = this.convolution.points.map(({ row, column }) => sqDist(row.variable, column.variable));
    const distance = sqrt(squares.reduce((sum, square) => add(sum, square)));
    return mult(step.of(mult(distance, this.inverse.variable)), this.operator.formula);
  }

  operatorWith(step: Step): Operator {
    const settings = { ...PLAIN_SUM, rows: this.operator.settings.rows };
    return new Operator([this.formulaWith(step)], [...this.operator.args, this.inverse], settings);
  }

  /** Of a pair in a block. */
  nanoseconds(dtype: Dtype, step: Step): number {
    return pairNanoseconds(this.formulaWith(step), dtype);
  }

  /** The cells of near pairs; undefined where there are none, null where there are too many. */
  *find(points: Points, { radius, step }: Split, dtype: Dtype, limit: number): Task<NearCells | null | undefined> {
    if (radius === 0) return undefined;
    const most = limit / this.nanoseconds(dtype, step);
    const { dim, rows: ofRows, columns: ofColumns, lengths, shards } = points;
    if (shards) return yield* findShared(points, shards, radius, most);
    const leaf = leafSize(ofColumns.length / dim, radius, lengths);
    const rows = yield* boxed(ofRows, dim, leaf);
    const columns = ofColumns === ofRows ? rows : yield* boxed(ofColumns, dim, leaf);
    const near = nearPairs(rows, columns, dim, radius, most);
    return near && { rows: rows.cells.order, columns: columns.cells.order, near };
  }
}

/** The same among the points of ranks, which tell each other how many they have in each cell. */
function* findShared(
  { lower, lengths, rows: ofRows, columns: ofColumns }: Points,
  shards: NonNullable<Points["shards"]>,
  radius: number,
  most: number,
): Task<NearCells | null> {
  const { ranks, counts } = shards.columns;
  const lattice = new Lattice(lower, lengths, sumOf(counts), radius);
  const rows = lattice.sort(ofRows);
  yield;
  const columns = lattice.sort(ofColumns);
  yield;
  const all = new SharedColumns(columns, shards.columns);
  const { ranges, pairs } = yield* lattice.near(rows, all, most);
  const total = sumOf(ranks.agree(() => "pairs that may be near", pairs));
  if (total > most) return null;
  const placesOf = (counted: Float64Array): Float64Array => all.placesOf(counted);
  return {
    rows: rows.order,
    columns: columns.order,
    near: { ranges, pairs: total },
    shared: { columns: { ranks, counts, placesOf }, allRows: sumOf(shards.rows.counts) },
  };
}

export interface Near extends NearCells {
  readonly operator: Operator;
}

/** In the order of cells, and back. */
export function* addNear(
  { operator, rows, columns, near, shared }: Near,
  given: Given,
  how: How,
  inverse: number,
  into: Float64Array,
): Task<void> {
  const arrays = given.arrays.map((array, n) => {
    const { category, dim } = at(operator.args, n);
    if (category === Category.P) return array;
    return gatherRows(array, category === operator.settings.rows ? rows : columns, dim);
  });
  arrays.push(wrap<RealData>(allocate(given.dtype, 1).fill(inverse), [1]));
  const out = allocate(given.dtype, into.length);
  const ranges = [near.ranges, near.ranges] as const; // the half of the kept index is read alone
  const all = operator.check(arrays);
  const kept = operator.settings.rows;
  if (shared) {
    const some = { ...all, extents: withExtent(all.extents, otherOf(kept), sumOf(shared.columns.counts)) };
    yield* waitFor(operator.work(some, out, { ...howOfSome(how, kept, shared), ranges }));
  } else yield* waitFor(operator.work(all, out, { ...how, ranges }));
  const { dim } = operator;
  for (let n = 0; n < rows.length; n++)
    for (let k = 0; k < dim; k++) into[integerAt(rows, n) * dim + k]! += realAt(out, n * dim + k);
}

/** How rows of this rank are computed, which asks others for the columns that they visit. */
function howOfSome(how: How, kept: Kept, { columns, allRows }: NonNullable<NearCells["shared"]>): How {
  const shards: How["shards"] = kept === Category.I ? [undefined, columns] : [columns, undefined];
  return { ...how, shards, partOf: { rows: allRows } };
}
