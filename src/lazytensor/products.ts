/**
 * Lazy expressions as matrices. The one idea: a vector that the matrix is applied to is one more leaf, indexed by j.
 * Must not know how users write operations.
 */
import { zeros } from "../array/array";
import { arrayIn, checkArray, isList } from "../array/check";
import type { NumberList } from "../array/check";
import { keepShard, shapeOfAll } from "../array/shard";
import { bringToMachine } from "../array/transfer";
import { insertAxis, reshapeView, wrap } from "../array/view";
import type { RealArray } from "../array/view";
import type { Operator } from "../call/operator";
import { checkPlacement, copyArguments } from "../call/prepared";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { Category } from "../formula/formula";
import { complexMult } from "../formula/complex";
import { mult } from "../formula/core";
import { settingsOf } from "../genred";
import { atMost, optionsOf } from "../options";
import { convertGiven, replaceAt } from "../solve/kernelmatrix";
import { LinearOperator, toOperator } from "../solve/linearoperator";
import { OF_ARRAYS } from "../solve/ways";
import type { OperatorOperand } from "../solve/linearoperator";
import type { Times, Way } from "../solve/ways";
import { waitFor } from "../task";
import { Expression, arraysOf, bound, expressionIn, isLazy, operatorOf, sizesText } from "./expression";
import type { Symbolic } from "./expression";
import { categoryOf, indexedLeaf, isArray, leafText, otherLeaf, rowsOf, vectorLeaf, withoutShards } from "./leaf";
import type { Leaf } from "./leaf";
import { PRODUCT, checkClosed, reduceNow } from "./reduce";
import type { ReduceOptions } from "./reduce";

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
  const { vector, isFlat } = columnOf(where, expression, expression.formula.dim, vectorIn(where, expression, b));
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

/** A matrix of complex numbers times a vector of such numbers. */
export const complexTimes = (expression: Expression, vector: Leaf): Expression =>
  Expression.join(complexMult(expression.formula, vector.variable), [expression, Expression.of(vector)]);

/** The product of a matrix of complex numbers with `[..., N, 2 E]`. */
export function complexProduct(where: string, matrix: Expression, b: RealArray, options: object | null = {}): unknown {
  const terms = complexTimes(matrix, indexedLeaf(`${where}, b`, b, Category.J));
  return reduceNow(where, terms, "Sum", { ...options, axis: 1 }, {});
}

/** A vector that a matrix is applied to; `[N]` counts as `[N, 1]`. */
interface Column {
  readonly vector: Leaf;
  readonly isFlat: boolean;
}

/** Lists take the dtype of the matrix. */
const vectorIn = (where: string, { dtype }: Expression, b: unknown): RealArray =>
  isList(b) ? arrayIn(`${where}, b`, b as NumberList, dtype ?? undefined) : checkArray(`${where}, b`, b);

/** A vector as a leaf of j. @throws ArgumentError where sizes do not fit. */
export function columnOf(where: string, expression: Expression, dim: number, b: unknown): Column {
  const { sizes, batch } = expression;
  if (isLazy(b)) return { vector: variableOf(where, expressionIn(b)), isFlat: false };
  const array = vectorIn(where, expression, b);
  const isFlat = array.shape.length === 1 && batch.length === 0;
  const vector = vectorLeaf(`${where}, b`, isFlat ? keepShard(insertAxis(array, 1), array) : array);
  const rows = rowsOf(vector.value as RealArray);
  if (sizes[1] !== null && rows !== sizes[1])
    throw new ArgumentError(`${where}, b: expected ${sizes[1]} rows, got shape ${shapeOfAll(array)}`);
  if (dim !== 1 && vector.variable.dim !== 1 && dim !== vector.variable.dim)
    throw new ArgumentError(
      `${where}, b: expected ${dim} components or 1 as the LazyTensor has, got shape ${shapeOfAll(array)}`,
    );
  return { vector, isFlat };
}

function variableOf(where: string, { leaf }: Expression): Leaf {
  if (leaf && categoryOf(leaf) !== Category.P) return categoryOf(leaf) === Category.J ? leaf : otherLeaf(leaf);
  const got = leaf ? leafText(leaf) : "another expression";
  throw new ArgumentError(`${where}, b: expected an array or a variable such as Vj(b), got ${got}`);
}

/** `[..., N, 1]` as `[..., N]`. */
export const flat = (x: RealArray): RealArray => keepShard(reshapeView(x, x.shape.slice(0, -1)), x);

/**
 * A real lazy tensor, an object with products or a matrix `[M, N]` as a linear operator, for sums, chains and solvers.
 * @param operator a real lazy tensor without batches, an object with products, or a matrix `[M, N]`
 * @returns an operator `[M, N]`
 * @throws ArgumentError for anything else, and for a lazy tensor with batches or a dim above 1
 * @example console.log(asLinearOperator(Vi(rand([5, 2])).sqdist(Vj(rand([7, 2])))).shape); // [ 5, 7 ]
 */
export function asLinearOperator<T extends RealData>(operator: OperatorOperand<T>): LinearOperator<T> {
  atMost("asLinearOperator", 1, arguments);
  return toOperator("asLinearOperator", operator);
}

/** @param where what the user has called. */
export function linearOperator<T extends RealData>(where: string, tensor: Symbolic): LinearOperator<T> {
  const expression = expressionIn(tensor);
  const shape = matrixShape(where, expression);
  const { dtype, formula } = expression;
  withoutShards(where, expression.leaves);
  if (formula.dim !== 1 || dtype === null)
    throw new ArgumentError(`${where}: expected a LazyTensor over arrays, of dim 1, got dim ${formula.dim}`);
  const wayOf = (name: string, own: Expression): Way => ({
    once: (x) => product(name, own, x, null),
    often: (columns) => repeatedProduct(name, own, columns),
  });
  const [forward, backward] = [wayOf("matvec", expression), wayOf("rmatvec", expression.transpose())];
  const inputs = expression.leaves.flatMap(({ value }) => (isArray(value) ? [value] : []));
  return new LinearOperator<T>({ ...OF_ARRAYS, shape, dtype, inputs, forward, backward });
}

/** Products that are made of one matrix, about. */
const PRODUCTS_ABOUT = 30;

/** Products in float64 with blocks of so many columns, of copies of the data, on the machine. */
function repeatedProduct(where: string, expression: Expression, columns: number): Times {
  const [rows, places] = matrixShape(where, expression);
  const { vector } = columnOf(where, expression, 1, zeros([places, columns], { dtype: expression.dtype ?? "float64" }));
  checkClosed(where, expression.leaves);
  const { operator, arrays, position } = sumWith(expression, vector);
  const given = convertGiven(copyArguments(operator.check(arrays.map(bringToMachine))), "float64");
  const how = { ...checkPlacement(expression.where, given), repeats: PRODUCTS_ABOUT };
  return function* (x) {
    const out = new Float64Array(rows * columns);
    yield* waitFor(operator.work({ ...given, arrays: replaceAt(given.arrays, position, x) }, out, how));
    return wrap(out, [rows, columns]);
  };
}

/** The sum over j of an expression times a vector: the operator, its arrays, and where the vector stands among them. */
export function sumWith(
  expression: Expression,
  vector: Leaf,
): { readonly operator: Operator; readonly arrays: readonly RealArray[]; readonly position: number } {
  const terms = times(expression, vector);
  const of = bound([terms.formula], terms.leaves);
  const operator = operatorOf(of, settingsOf({ axis: 1 }));
  return { operator, arrays: operator.arrays(arraysOf(of, [])), position: of.leaves.indexOf(vector) };
}
