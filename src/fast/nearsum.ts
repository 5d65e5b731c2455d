/**
 * The near part of a split sum: the formula times a step of the distance, over ranges of near pairs. The engine that
 * computes all pairs computes it. Knows no grid.
 */
import { wrap } from "../array/view";
import { at, integerAt, realAt } from "../asserts";
import { Operator } from "../call/operator";
import type { Given, How } from "../call/prepared";
import { PLAIN_SUM } from "../call/result";
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
import type { Boxed, NearPairs } from "./near";
import { gatherRows } from "./samplecheck";
import type { Split } from "./splitchoice";
import { pairNanoseconds } from "./splitcosts";
import type { Points } from "./splitpoints";
import type { Step } from "./step";

/** Cells of rows and of columns, and the pairs of them that are near. */
export interface NearCells {
  readonly rows: Boxed;
  readonly columns: Boxed;
  readonly near: NearPairs;
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
  *find(
    { dim, rows: ofRows, columns: ofColumns, lengths }: Points,
    { radius, step }: Split,
    dtype: Dtype,
    most: number,
  ): Task<NearCells | null | undefined> {
    if (radius === 0) return undefined;
    const leaf = leafSize(ofColumns.length / dim, radius, lengths);
    const rows = yield* boxed(ofRows, dim, leaf);
    const columns = ofColumns === ofRows ? rows : yield* boxed(ofColumns, dim, leaf);
    const near = nearPairs(rows, columns, dim, radius, most / this.nanoseconds(dtype, step));
    return near && { rows, columns, near };
  }
}

export interface Near extends NearCells {
  readonly operator: Operator;
}

/** In the order of cells, and back. */
export function* addNear(
  { operator, rows, columns, near }: Near,
  given: Given,
  how: How,
  inverse: number,
  into: Float64Array,
): Task<void> {
  const arrays = given.arrays.map((array, n) => {
    const { category, dim } = at(operator.args, n);
    if (category === Category.P) return array;
    return gatherRows(array, category === operator.settings.rows ? rows.cells.order : columns.cells.order, dim);
  });
  arrays.push(wrap<RealData>(allocate(given.dtype, 1).fill(inverse), [1]));
  const out = allocate(given.dtype, into.length);
  const ranges = [near.ranges, near.ranges] as const; // the half of the kept index is read alone
  yield* waitFor(operator.work(operator.check(arrays), out, { ...how, ranges }));
  const { dim } = operator;
  const { order } = rows.cells;
  for (let n = 0; n < order.length; n++)
    for (let k = 0; k < dim; k++) into[integerAt(order, n) * dim + k]! += realAt(out, n * dim + k);
}
