/**
 * Lazy expressions as matrices: products, systems, entries. The one idea: a vector that the matrix is applied to is one more leaf, and
 * a system is what KernelSolve solves. Must not know how users write operations.
 */
import { checkArray, described } from "../array/check";
import { expanded, reshaped, shapeText, sizeOf, viewOf } from "../array/view";
import type { RealArray } from "../array/view";
import type { Real } from "../engine/native";
import { ArgumentError, FormulaError } from "../errors";
import { Category } from "../formula/formula";
import { mult } from "../formula/ops";
import { optionsOf, settingsOf } from "../genred";
import type { DenseOptions } from "../genred";
import { System } from "../system/system";
import type { Solved } from "../system/system";
import { SOLVE_OPTIONS } from "../system/options";
import type { SolveOptions } from "../system/options";
import { PairValues } from "../operator/values";
import { Expression, arraysOf, bound, operatorOf } from "./expression";
import { categoryOf, indexedLeaf, isArray, leafOf, leafText } from "./leaf";
import type { Leaf } from "./leaf";
import { LinearOperator } from "./operator";
import { reduced } from "./reduce";

const SUM = settingsOf("sum", { axis: 1 });

/** `[M, N]`. @throws ArgumentError where an axis has no size, or there are batches. */
export function matrixShape(where: string, { sizes, batch }: Expression): readonly [number, number] {
  const [rows, columns] = sizes;
  if (rows !== null && columns !== null && batch.length === 0) return [rows, columns];
  throw new ArgumentError(
    `${where}: expected an expression over i and j without batches, got ${sizesText(sizes, batch)}`,
  );
}

const sizesText = (sizes: Expression["sizes"], batch: readonly number[]): string =>
  `sizes ${shapeText(sizes.map((size) => size ?? 1))} and batch ${shapeText(batch)}`;

/** The product with `[...batch, N, E]`, or with `[N]`. */
export function product(where: string, expression: Expression, b: unknown, options: unknown): RealArray {
  const { vector, isFlat } = column(where, expression, expression.formula.dim, b);
  const terms = Expression.join(mult(expression.formula, vector.variable), [expression, Expression.of(vector)]);
  const values = reduced(where, terms, "Sum", { ...(options as object | null), axis: 1 }, {}) as RealArray;
  return isFlat ? flat(values) : values;
}

/** A vector as a leaf of j; `[N]` counts as `[N, 1]`. @throws ArgumentError where sizes do not fit. */
function column(
  where: string,
  { sizes, batch }: Expression,
  dim: number,
  b: unknown,
): { vector: Leaf; isFlat: boolean } {
  const array = checkArray(`${where}, b`, b);
  const isFlat = array.shape.length === 1 && batch.length === 0;
  const vector = indexedLeaf(`${where}, b`, isFlat ? expanded(array, 1) : array, Category.J);
  const rows = (vector.value as RealArray).shape.at(-2)!;
  if (sizes[1] !== null && rows !== sizes[1])
    throw new ArgumentError(`${where}, b: expected ${sizes[1]} rows, got shape ${shapeText(array.shape)}`);
  if (dim !== 1 && vector.variable.dim !== 1 && dim !== vector.variable.dim)
    throw new ArgumentError(
      `${where}, b: expected ${dim} components or 1 as the LazyTensor has, got shape ${shapeText(array.shape)}`,
    );
  return { vector, isFlat };
}

const flat = (x: RealArray): RealArray => reshaped(x, x.shape.slice(0, -1));

/** A real lazy tensor as a linear operator, of the shape that iterative solvers take. @throws ArgumentError for batches, or a dim above 1. */
export function asLinearOperator<T extends Real>(tensor: LazyMatrix<T>): LinearOperator<T> {
  const { expression } = tensor;
  const shape = matrixShape("asLinearOperator", expression);
  const { dtype, formula } = expression;
  if (formula.dim !== 1 || dtype === null)
    throw new ArgumentError(`asLinearOperator: expected a LazyTensor over arrays, of dim 1, got dim ${formula.dim}`);
  const transposed = expression.transposed();
  return new LinearOperator<T>({
    shape,
    dtype,
    matvec: (x) => product("matvec", expression, x, null) as RealArray<T>,
    rmatvec: (x) => product("rmatvec", transposed, x, null) as RealArray<T>,
  });
}

/** A LazyTensor, as far as this file knows. */
export interface LazyMatrix<T extends Real> {
  readonly expression: Expression;
  matvec(b: RealArray<T>): RealArray<T>;
}

// ------------------------------------------------------------------------------------------------------- systems

/**
 * Solves sum_j K_ij a_j + alpha a_i = b_i for a.
 * @param unknown a variable that the expression is linear in; if absent, K is a kernel and a is what it is multiplied with.
 */
export function solved(expression: Expression, b: unknown, unknown: Expression | undefined, options: unknown): Solved {
  const checked = optionsOf("solve", options as SolveOptions | null | undefined, SOLVE_OPTIONS);
  const { vector, isFlat } = column("solve", expression, unknown?.formula.dim ?? 1, b);
  const terms = unknown ? systemOf(expression, unknown, vector) : timesVector(expression, vector);
  const of = bound([terms.formula], terms.leaves);
  const operator = operatorOf(of, SUM);
  const system = new System(operator, operator.args[of.leaves.indexOf(vector)]!);
  const x0 = checked.x0 && isFlat ? expanded(checked.x0, 1) : checked.x0;
  const found = system.solve(operator.arrays(arraysOf(of, [])), { ...expression.where, ...checked, x0 });
  return isFlat ? { ...found, solution: flat(found.solution) } : found;
}

function timesVector(expression: Expression, vector: Leaf): Expression {
  if (expression.formula.dim !== 1)
    throw new FormulaError(
      `solve: expected a LazyTensor of dim 1, or the option var, got dim ${expression.formula.dim}`,
    );
  return Expression.join(mult(expression.formula, vector.variable), [expression, Expression.of(vector)]);
}

/** The expression with the right-hand side in the place of the unknown. */
function systemOf(expression: Expression, unknown: Expression, vector: Leaf): Expression {
  const { leaf } = unknown;
  if (!leaf || categoryOf(leaf) !== Category.J || !expression.leaves.includes(leaf))
    throw new ArgumentError(
      `solve, var: expected a variable of this LazyTensor that is indexed by j, got ${leaf ? leafText(leaf) : "another expression"}`,
    );
  return expression.mapped((own) => (own === leaf ? vector : own));
}

// ------------------------------------------------------------------------------------------------------- entries

const DENSE_OPTIONS = ["backend", "maxBytes"];

/** All values `[...batch, M, N, dim]`. */
export function denseValues(expression: Expression, options: unknown): RealArray {
  const { backend = expression.where.backend, maxBytes = 2 ** 30 } = optionsOf(
    "dense",
    options as DenseOptions,
    DENSE_OPTIONS,
  );
  if (expression.where.ranges)
    throw new ArgumentError("dense: expected no ranges, got some: dense values are all values");
  const of = bound([expression.formula], expression.leaves);
  const operator = operatorOf(of, SUM);
  return new PairValues(operator).compute(operator.arrays(arraysOf(of, [])), { backend }, maxBytes);
}

/** The values at i = j as an expression over i alone. @throws ArgumentError unless there are as many i as j. */
export function diagonal(expression: Expression): Expression {
  const [rows, columns] = matrixShape("diag", expression);
  if (rows !== columns) throw new ArgumentError(`diag: expected as many i as j, got ${rows} and ${columns}`);
  const onRows = expression.mapped((leaf) =>
    categoryOf(leaf) === Category.J && isArray(leaf.value) ? leafOf(leaf.value, Category.I) : leaf,
  );
  return onRows.with({ ranges: null });
}

/** Begin, inclusive, and end, exclusive; null for all. */
export type Span = readonly [begin: number, end: number] | null;

/** The expression on rows and columns within two spans. */
export function sliced(expression: Expression, rows: Span, columns: Span): Expression {
  if (expression.where.ranges) throw new ArgumentError("slice: expected no ranges, got some");
  checkSpan("slice, rows", rows, expression.sizes[0]);
  checkSpan("slice, columns", columns, expression.sizes[1]);
  return expression.mapped((leaf) => {
    const category = categoryOf(leaf);
    const span = category === Category.I ? rows : category === Category.J ? columns : null;
    return span && isArray(leaf.value) ? leafOf(within(leaf.value, span), category) : leaf;
  });
}

function checkSpan(where: string, span: unknown, size: number | null): void {
  if (span === null) return;
  const [begin, end] = Array.isArray(span) && span.length === 2 ? (span as unknown[]) : [];
  const fits = Number.isSafeInteger(begin) && Number.isSafeInteger(end) && size !== null;
  if (fits && 0 <= (begin as number) && (begin as number) <= (end as number) && (end as number) <= size) return;
  const got = Array.isArray(span) ? `[${span.join(", ")}]` : described(span);
  throw new ArgumentError(`${where}: expected null or [begin, end] within [0, ${size ?? "a size"}], got ${got}`);
}

function within(array: RealArray, [begin, end]: readonly [number, number]): RealArray {
  const axis = array.shape.length - 2;
  const shape = array.shape.map((length, n) => (n === axis ? end - begin : length));
  return viewOf(array, { shape, stride: array.stride, offset: array.offset + begin * array.stride[axis]! });
}

/** The same numbers without the axes of an array that have length 1 and are named. */
export function without(array: RealArray, axis: number): RealArray {
  const shape = array.shape.filter((_, n) => n !== axis);
  if (sizeOf(shape) === sizeOf(array.shape)) return reshaped(array, shape);
  throw new ArgumentError(`expected an axis of length 1, got ${shapeText(array.shape)}`);
}
