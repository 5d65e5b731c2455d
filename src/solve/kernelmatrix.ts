/**
 * The matrix of a kernel: entries of an operator sum_j K(x_i, y_j) b_j, for preconditioners and factorisations, which
 * need columns and a diagonal where iterations need products alone. Its one idea: a kernel with values [D, D] is a
 * scalar kernel between the components of the points, e_d · K(x_i, y_j) e_c, so that there is one kind of matrix.
 */
import { allocate, contiguous, wrap } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import type { Given, How } from "../call/prepared";
import { chooser, routineFor } from "../device/routine";
import type { Routine } from "../device/device";
import type { Specification } from "../codegen/specification";
import type { Ranges, RealData } from "../device/native";
import { at } from "../asserts";
import { extraArgument } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import { isComponentwise } from "../formula/autodiff";
import { Category, substitute, variable } from "../formula/formula";
import type { Formula } from "../formula/formula";
import { constant, isSumT, scalprod, sumT } from "../formula/core";
import type { Interval, Matrix } from "./precondition";

/** The list with another element at `at`. */
export function replaceAt<T>(list: readonly T[], at: number, element: T): T[] {
  return list.map((old, n) => (n === at ? element : old));
}

/** k if the formula is k times the unknown, the same k for all components; else null. */
export function scalarKernel(
  formula: Formula,
  { position, dim, category, variable: unknown }: Argument,
): Formula | null {
  if (dim > 1 && !isComponentwise(formula, unknown)) return null;
  const one = variable(position, 1, category);
  const product = substitute(formula, unknown, sumT(one, dim));
  const scalar = dim === 1 ? product : isSumT(product) ? product.args[0] : null;
  return scalar && substitute(scalar, one, constant(1));
}

/** Columns that a preconditioner asks for, about. */
const COLUMNS_ABOUT = 300;

/** A scalar formula of the pairs of `rows` points with themselves, with its data. */
export interface Pairwise {
  readonly formula: Formula;
  readonly args: readonly Argument[];
  readonly data: readonly RealData[];
  readonly rows: number;
  readonly dtype: Dtype;
  /** The category of rows. */
  readonly kept: Category.I | Category.J;
}

/** The pairs of a scalar kernel: rows are points. */
export function scalarEntries(
  formula: Formula,
  args: readonly Argument[],
  unknown: Argument,
  { arrays, dtype, extents }: Given,
  kept: Category.I | Category.J,
): Pairwise {
  // The kernel does not read the unknown: a number takes its place.
  const unread = extraArgument(unknown.position, 1, Category.P);
  const data = arrays.map((array, n) => (n === unknown.position ? allocate(dtype, 1) : contiguous(array)));
  return { formula, args: replaceAt(args, unknown.position, unread), data, rows: extents[kept], dtype, kept };
}

/**
 * The pairs of a kernel with values [D, D]: rows are components of points, as in memory, and the unknown is a unit
 * vector.
 */
export function blockEntries(
  formula: Formula,
  args: readonly Argument[],
  unknown: Argument,
  { arrays, dtype, extents }: Given,
  kept: Category.I | Category.J,
): Pairwise {
  const { dim } = unknown;
  const points = extents[kept];
  const units = unitVectors(dtype, points, dim);
  const chosen = extraArgument(args.length, dim, kept);
  const data = args.map((argument, n) => {
    if (argument.position === unknown.position) return units;
    const own = contiguous(at(arrays, n));
    return argument.category === Category.P ? own : rowsAt(own, argument.dim, repeats(points, dim));
  });
  return {
    formula: scalprod(chosen.variable, formula),
    args: [...args, chosen],
    data: [...data, units],
    rows: points * dim,
    dtype,
    kept,
  };
}

/** 0 0 1 1 2 2 for 3 points of dim 2. */
const repeats = (points: number, dim: number): Int32Array =>
  Int32Array.from({ length: points * dim }, (_, n) => Math.floor(n / dim));

function unitVectors(dtype: Dtype, points: number, dim: number): RealData {
  const units = allocate(dtype, points * dim * dim);
  for (let row = 0; row < points * dim; row++) units[row * dim + (row % dim)] = 1;
  return units;
}

/** Entries for the data of one call without batch dimensions. */
export class KernelMatrix implements Matrix {
  readonly rows: number;
  readonly dtype: Dtype;
  private readonly kernel: Formula;
  private readonly args: readonly Argument[];
  private readonly data: readonly RealData[];
  private readonly kept: Category.I | Category.J;
  private readonly values: Routine;
  private ownDiagonal: Float64Array | undefined;

  /** @param ofAll the rows of the matrix of which these are some. */
  constructor(
    { formula, args, data, rows, dtype, kept }: Pairwise,
    private readonly how: How,
    ofAll: number = rows,
  ) {
    [this.kernel, this.args, this.data] = [formula, args, data];
    [this.rows, this.dtype, this.kept] = [rows, dtype, kept];
    this.values = this.routine(this.specification([formula], args, kept), ofAll * COLUMNS_ABOUT);
  }

  diagonal(): Float64Array {
    return (this.ownDiagonal ??= this.makeDiagonal()).slice();
  }

  private makeDiagonal(): Float64Array {
    const args = this.args.map((argument) =>
      argument.category === Category.P ? argument : extraArgument(argument.position, argument.dim, Category.I),
    );
    const kernel = args.reduce((f, { variable }, n) => substitute(f, at(this.args, n).variable, variable), this.kernel);
    const values = this.routine(this.specification([kernel], args, Category.I), this.rows);
    return Float64Array.from(this.evaluate(values, this.data, this.rows, 1));
  }

  entries(rows: Int32Array | null, columns: Int32Array | null, out?: RealData): RealData {
    const data = this.args.map(({ category, dim }, n) => {
      const places = category === Category.P ? null : category === this.kept ? rows : columns;
      return places ? rowsAt(at(this.data, n), dim, places) : at(this.data, n);
    });
    return this.valuesOf(data, rows?.length ?? this.rows, columns?.length ?? this.rows, out);
  }

  /** Entries between so many points for rows and for columns. */
  valuesOf(points: readonly RealData[], rows: number, columns: number, out?: RealData): RealData {
    return this.evaluate(this.values, points, rows, columns, out);
  }

  private routine(specification: Specification, pairs: number): Routine {
    return routineFor(chooser(specification, this.how), pairs, this.how.begun);
  }

  private evaluate(
    values: Routine,
    args: readonly RealData[],
    rows: number,
    columns: number,
    memory?: RealData,
  ): RealData {
    const out = memory ? memory.subarray(0, rows * columns) : allocate(this.dtype, rows * columns);
    const { device } = this.how;
    values.block({ args, out, rows, columns, firstRow: 0, endRow: rows, firstColumn: 0, endColumn: columns, device });
    return out;
  }

  private specification(
    formulas: readonly Formula[],
    variables: readonly Argument[],
    rows: Category.I | Category.J,
  ): Specification {
    const { dtype } = this;
    return { formulas, reduction: null, k: 1, rows, variables, dtype, sumScheme: "block", accumulator: dtype };
  }
}

function rowsAt(data: RealData, dim: number, places: Int32Array): RealData {
  const rows = allocate(data instanceof Float32Array ? "float32" : "float64", places.length * dim);
  places.forEach((place, n) => {
    rows.set(data.subarray(place * dim, (place + 1) * dim), n * dim);
  });
  return rows;
}

/** The data in another dtype, rounded where that is necessary. */
export function convertGiven(given: Given, dtype: Dtype): Given {
  if (given.dtype === dtype) return given;
  const arrays = given.arrays.map((array): RealArray => {
    const data = contiguous(array);
    return wrap(dtype === "float32" ? new Float32Array(data) : new Float64Array(data), array.shape);
  });
  return { ...given, arrays, dtype };
}

// --------------------------------------------------------------------------- what block-sparse ranges leave of K

/** The intervals of rows that visit themselves. */
function* squares({ rows, slices, columns }: Ranges): Generator<Interval> {
  let interval = 0;
  for (const [block, last] of slices.entries())
    for (; interval < last; interval++) {
      const begin = Math.max(at(rows, 2 * block), at(columns, 2 * interval));
      const end = Math.min(at(rows, 2 * block + 1), at(columns, 2 * interval + 1));
      if (begin < end) yield [begin, end];
    }
}

/**
 * The parts of row intervals that are among their own column intervals, in rows of a system with `dim` of them per
 * point.
 */
export function diagonalBlocks(ranges: Ranges, dim: number): Interval[] {
  return [...squares(ranges)].map(([begin, end]) => [begin * dim, end * dim]);
}

/** Diagonal entries `[N dim]` of pairs that are not visited are 0. */
export function leaveVisited(diagonal: Float64Array, ranges: Ranges, dim: number): void {
  const isVisited = new Uint8Array(diagonal.length / dim);
  for (const [begin, end] of squares(ranges)) isVisited.fill(1, begin, end);
  for (let n = 0; n < diagonal.length; n++) if (isVisited[Math.floor(n / dim)] === 0) diagonal[n] = 0;
}
