/**
 * The matrix of a scalar kernel: entries k(x_i, y_j) of an operator sum_j k(x_i, y_j) b_j, for preconditioners and factorisations, which
 * need columns and a diagonal where iterations need products alone.
 */
import { allocate, contiguous, wrap } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import type { Given } from "../operator/arguments";
import type { How } from "../operator/call";
import type { Routine, Specification } from "../engine/backend";
import { denseAlgebra } from "../engine/native";
import type { Real } from "../engine/native";
import { chooser, routineFor } from "../engine/routine";
import { extraArgument } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import { isComponentwise } from "../formula/autodiff";
import { Category, substitute, variable } from "../formula/formula";
import type { Formula } from "../formula/formula";
import { constant, isSumT, sumT } from "../formula/ops";
import type { Algebra, Matrix } from "../solver/preconditioner";
import { Work } from "../solver/task";

/** k if the formula is k times the unknown, the same k for all components; else null. */
export function scalarKernel(
  formula: Formula,
  { position, dim, category, variable: unknown }: Argument,
): Formula | null {
  if (dim > 1 && !isComponentwise(formula, unknown)) return null;
  const one = variable(position, 1, category);
  const product = substitute(formula, unknown, sumT(one, dim));
  const scalar = dim === 1 ? product : isSumT(product) ? product.args[0]! : null;
  return scalar && substitute(scalar, one, constant(1));
}

/** Columns that a preconditioner asks for, about. */
const COLUMNS_ABOUT = 300;

/** Entries for the data of one call without batch dimensions. */
export class KernelMatrix implements Matrix {
  readonly rows: number;
  readonly dtype: Dtype;
  private readonly args: readonly Argument[];
  private readonly data: readonly Real[];
  private readonly values: Routine;

  /** @param kept the category of rows. */
  constructor(
    private readonly kernel: Formula,
    args: readonly Argument[],
    unknown: Argument,
    given: Given,
    private readonly kept: Category.I | Category.J,
    private readonly how: How,
  ) {
    this.rows = given.extents[kept];
    this.dtype = given.dtype;
    // The kernel does not read the unknown: a number takes its place.
    const unread = extraArgument(unknown.position, 1, Category.P);
    this.args = args.map((argument) => (argument === unknown ? unread : argument));
    this.data = given.arrays.map((array, n) => (n === unknown.position ? allocate(given.dtype, 1) : contiguous(array)));
    this.values = this.routine(this.specification([kernel], this.args, kept), this.rows * COLUMNS_ABOUT);
  }

  diagonal(): Float64Array {
    const args = this.args.map((argument) =>
      argument.category === Category.P ? argument : extraArgument(argument.position, argument.dim, Category.I),
    );
    const kernel = args.reduce((f, { variable }, n) => substitute(f, this.args[n]!.variable, variable), this.kernel);
    const values = this.routine(this.specification([kernel], args, Category.I), this.rows);
    return Float64Array.from(this.evaluated(values, this.data, this.rows, 1));
  }

  entries(rows: readonly number[] | null, columns: readonly number[] | null, out?: Real): Real {
    const data = this.args.map(({ category, dim }, n) => {
      const places = category === Category.P ? null : category === this.kept ? rows : columns;
      return places ? rowsAt(this.data[n]!, dim, places) : this.data[n]!;
    });
    return this.evaluated(this.values, data, rows?.length ?? this.rows, columns?.length ?? this.rows, out);
  }

  private routine(specification: Specification, pairs: number): Routine {
    return routineFor(chooser(specification, this.how), pairs, this.how.begun);
  }

  private evaluated(values: Routine, args: readonly Real[], rows: number, columns: number, memory?: Real): Real {
    const out = memory ? memory.subarray(0, rows * columns) : allocate(this.dtype, rows * columns);
    values.block({ args, out, rows, columns, firstRow: 0, endRow: rows, firstColumn: 0, endColumn: columns });
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

function rowsAt(data: Real, dim: number, places: readonly number[]): Real {
  const rows = allocate(data instanceof Float32Array ? "float32" : "float64", places.length * dim);
  places.forEach((place, n) => {
    rows.set(data.subarray(place * dim, (place + 1) * dim), n * dim);
  });
  return rows;
}

/** The same data in float64. */
export function inFloat64(given: Given): Given {
  const arrays = given.arrays.map((array): RealArray => wrap(Float64Array.from(contiguous(array)), array.shape));
  return { ...given, arrays, dtype: "float64" };
}

/** Dense algebra whose long steps have two forms. */
export function denseWork(): Algebra | null {
  const dense = denseAlgebra();
  return (
    dense && {
      ...dense,
      cholesky: (a, n) =>
        new Work(
          () => dense.cholesky(a, n),
          (control) => dense.choleskyAsync(a, n, control),
        ),
      choleskySolve: (l, x, n, columns) =>
        new Work(
          () => {
            dense.choleskySolve(l, x, n, columns);
          },
          (control) => dense.choleskySolveAsync(l, x, n, columns, control),
        ),
    }
  );
}
