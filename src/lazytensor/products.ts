/**
 * Lazy expressions as matrices. The one idea: a vector that the matrix is applied to is one more leaf, indexed by j.
 * Must not know how users write operations.
 */
import { checkArray, described } from "../array/check";
import { insertAxis, reshapeView, shapeText } from "../array/view";
import type { RealArray } from "../array/view";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { Category } from "../formula/formula";
import { mult } from "../formula/core";
import { atMost, optionsOf } from "../options";
import { Expression, sizesText } from "./expression";
import { categoryOf, leafText, otherLeaf, vectorLeaf } from "./leaf";
import type { Leaf } from "./leaf";
import { LinearOperator } from "../solve/linearoperator";
import { PRODUCT, reduceNow } from "./reduce";
import type { ReduceOptions } from "./reduce";
import { expressionIn, isLazy } from "./symbolic";
import type { Symbolic } from "./symbolic";

/** `[M, N]`. @throws ArgumentError where an axis has no size, or there are batches. */
export function matrixShape(where: string, expression: Expression): readonly [number, number] {
  const [rows, columns] = expression.sizes;
  if (rows !== null && columns !== null && expression.batch.length === 0) return [rows, columns];
  throw new ArgumentError(`${where}: expected a LazyTensor over i and j without batches, got ${sizesText(expression)}`);
}

/** The product with `[...batch, N, E]`, or with `[N]`. */
export function product(
  where: string,
  expression: Expression,
  b: unknown,
  options: Omit<ReduceOptions, "axis"> | null | undefined,
): RealArray {
  const { vector, isFlat } = columnOf(where, expression, expression.formula.dim, checkArray(`${where}, b`, b));
  const { out, ...how } = optionsOf(where, options, PRODUCT);
  const target = out && isFlat ? { out: insertAxis(checkArray("out", out), out.shape.length) } : {};
  const values = reduceNow(
    where,
    times(expression, vector),
    "Sum",
    { ...how, ...(out && { out }), ...target, axis: 1 },
    {},
  ) as RealArray;
  return isFlat ? (out ?? flat(values)) : values;
}

export const times = (expression: Expression, vector: Leaf): Expression =>
  Expression.join(mult(expression.formula, vector.variable), [expression, Expression.of(vector)]);

/** A vector that a matrix is applied to; `[N]` counts as `[N, 1]`. */
interface Column {
  readonly vector: Leaf;
  readonly isFlat: boolean;
}

/** A vector as a leaf of j. @throws ArgumentError where sizes do not fit. */
export function columnOf(where: string, { sizes, batch }: Expression, dim: number, b: unknown): Column {
  if (isLazy(b)) return { vector: variableOf(where, expressionIn(b)), isFlat: false };
  const array = checkArray(`${where}, b`, b);
  const isFlat = array.shape.length === 1 && batch.length === 0;
  const vector = vectorLeaf(`${where}, b`, isFlat ? insertAxis(array, 1) : array);
  const [rows] = (vector.value as RealArray).shape.slice(-2);
  if (sizes[1] !== null && rows !== sizes[1])
    throw new ArgumentError(`${where}, b: expected ${sizes[1]} rows, got shape ${shapeText(array.shape)}`);
  if (dim !== 1 && vector.variable.dim !== 1 && dim !== vector.variable.dim)
    throw new ArgumentError(
      `${where}, b: expected ${dim} components or 1 as the LazyTensor has, got shape ${shapeText(array.shape)}`,
    );
  return { vector, isFlat };
}

function variableOf(where: string, { leaf }: Expression): Leaf {
  if (leaf && categoryOf(leaf) !== Category.P) return categoryOf(leaf) === Category.J ? leaf : otherLeaf(leaf);
  const got = leaf ? leafText(leaf) : "another expression";
  throw new ArgumentError(`${where}, b: expected an array or a variable such as Vj(b), got ${got}`);
}

/** `[..., N, 1]` as `[..., N]`. */
export const flat = (x: RealArray): RealArray => reshapeView(x, x.shape.slice(0, -1));

/**
 * A real lazy tensor as a linear operator, of the shape that iterative solvers take. @throws ArgumentError for batches,
 * or a dim above 1.
 */
export function asLinearOperator<T extends RealData>(tensor: LazyMatrix<T>): LinearOperator<T> {
  atMost("asLinearOperator", 1, arguments);
  return linearOperator("asLinearOperator", tensor);
}

/** @param where what the user has called. */
export function linearOperator<T extends RealData>(where: string, tensor: unknown): LinearOperator<T> {
  if (!isLazy(tensor)) throw new ArgumentError(`${where}: expected a LazyTensor, got ${described(tensor)}`);
  if (tensor.isComplex) throw new ArgumentError(`${where}: expected a real LazyTensor, got a ComplexLazyTensor`);
  const expression = expressionIn(tensor);
  const shape = matrixShape(where, expression);
  const { dtype, formula } = expression;
  if (formula.dim !== 1 || dtype === null)
    throw new ArgumentError(`${where}: expected a LazyTensor over arrays, of dim 1, got dim ${formula.dim}`);
  const transposed = expression.transpose();
  return new LinearOperator<T>({
    shape,
    dtype,
    matvec: (x) => product("matvec", expression, x, null) as RealArray<T>,
    rmatvec: (x) => product("rmatvec", transposed, x, null) as RealArray<T>,
  });
}

/** A LazyTensor, as far as this file knows. */
export interface LazyMatrix<T extends RealData> extends Symbolic {
  readonly isComplex: false;
  matvec(b: RealArray<T>): RealArray<T>;
}
