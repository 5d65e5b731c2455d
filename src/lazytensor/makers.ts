/**
 * What users make tensors and operators with: calls without `new`, as pykeops and scipy spell them, and the ways to
 * make a tensor of one variable. The one idea of the former: a function and a type of one name, where `instanceof` and
 * hovers know the class behind them. Must not know operations.
 */
import { described, shapedArray } from "../array/check";
import type { ArrayInput } from "../array/check";
import type { RealArray } from "../array/view";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { Category } from "../formula/formula";
import { atMost, describeValue, optionsOf } from "../options";
import type { OptionsOf } from "../options";
import * as operators from "../solve/linearoperator";
import type { LinearOperatorLike } from "../solve/ways";
import { Expression } from "./expression";
import * as tensors from "./lazytensor";
import { indexedLeaf, isNumbers, parameterLeaf, symbolLeaf } from "./leaf";
import { expressionOf } from "./operand";

/**
 * A symbolic array `[...batch, M, N, dim]`: a formula, until a reduction over i or j computes it. `W` is true where it
 * waits for the arrays of symbolic variables, so that reductions are functions of them.
 */
export type LazyTensor<T extends RealData = RealData, W extends boolean = false> = tensors.LazyTensor<T, W>;
/** D complex numbers at every pair: `re, im, re, im, …` in arrays. */
export type ComplexLazyTensor<T extends RealData = RealData, W extends boolean = false> = tensors.ComplexLazyTensor<
  T,
  W
>;
/** A matrix `[M, N]` that is only known by its products with arrays. */
export type LinearOperator<T extends RealData = RealData> = operators.LinearOperator<T>;

const INDEX = {
  /** 0: the rows are indexed by i, as `Vi` does. 1: by j, as `Vj`. */
  axis: { kind: [0, 1] },
} as const;

/** How the axes of an array are meant. */
export type LazyTensorOptions = OptionsOf<typeof INDEX>;

/** What `LazyTensor` is: a function that makes one. */
export interface LazyTensorMaker {
  /**
   * A symbolic array: operations build formulas, and only a reduction over i or j computes. `LazyTensor(x, {axis: 0})`
   * is `Vi(x)`.
   * @param value a number, a list of numbers or an array `[D]`: a parameter; an array `[..., M, D]` with the option
   * axis; an array `[..., M, 1, D]`, `[..., 1, N, D]` or `[..., 1, 1, D]`, whose axes of length 1 tell its role.
   * @throws ArgumentError for anything else.
   */
  <T extends RealData = RealData>(
    value: RealArray<T> | number | readonly number[],
    options?: LazyTensorOptions | null,
  ): LazyTensor<T>;
  /**
   * The components of several tensors one after the other.
   * @param tensors a list of lazy tensors
   * @returns a lazy tensor whose dim is the sum of theirs
   * @throws ArgumentError for none
   * @example
   * ```ts
   * console.log(LazyTensor.concatenate([Vi(rand([5, 3])), Vj(rand([6, 2]))]).shape); // [ 5, 6, 5 ]
   * ```
   */
  concatenate<T extends RealData, W extends boolean>(
    tensors: readonly LazyTensor<T, W>[],
  ): LazyTensor<T, true extends W ? true : false>;
  /** What `instanceof` looks for. */
  readonly prototype: LazyTensor<RealData, boolean>;
}

/** What `ComplexLazyTensor` is: a function that makes one. */
export interface ComplexLazyTensorMaker {
  /**
   * A symbolic array of complex numbers.
   * @param value an array `[..., M, 2 D]` of complex numbers as `re, im, re, im, …`, as for `LazyTensor`.
   * @throws ArgumentError as `LazyTensor`, FormulaError for an odd number of components.
   */
  <T extends RealData = RealData>(
    value: RealArray<T> | readonly number[],
    options?: LazyTensorOptions | null,
  ): ComplexLazyTensor<T>;
  /** What `instanceof` looks for. */
  readonly prototype: ComplexLazyTensor<RealData, boolean>;
}

/** What `LinearOperator` is: a function that makes one. */
export interface LinearOperatorMaker {
  /**
   * A matrix by its products with arrays. @throws ArgumentError unless there are a shape, a dtype and both products.
   */
  <T extends RealData = RealData>(products: LinearOperatorLike<T>): LinearOperator<T>;
  /** What `instanceof` looks for. */
  readonly prototype: LinearOperator;
}

/** A function whose results `instanceof` takes for instances of a class. */
const instancesOf = <F extends object, C>(type: { readonly prototype: C }, make: F): F & { readonly prototype: C } =>
  Object.defineProperty(make, "prototype", { value: type.prototype }) as F & { readonly prototype: C };

/**
 * Makes a symbolic array; `x instanceof LazyTensor` tells one.
 * @param value a number, a list of numbers or an array `[D]`: a parameter; an array `[..., M, D]` with the option
 * axis; an array `[..., M, 1, D]`, `[..., 1, N, D]` or `[..., 1, 1, D]`
 * @returns a symbolic array
 * @throws ArgumentError for other shapes
 * @example
 * const x = LazyTensor(rand([10, 1, 3]));
 * const y = LazyTensor(rand([1, 20, 3]));
 * console.log(x.sqdist(y).shape); // [ 10, 20 ]
 */
export const LazyTensor: LazyTensorMaker = Object.assign(
  instancesOf(tensors.LazyTensor, function LazyTensor<
    T extends RealData,
  >(value: RealArray<T> | number | readonly number[], options?: LazyTensorOptions | null): LazyTensor<T> {
    atMost("LazyTensor", 2, arguments);
    return new tensors.LazyTensor<T>(expressionOf("LazyTensor", value, axisOf("LazyTensor", options)));
  }),
  { concatenate },
);

/**
 * Makes a symbolic array of complex numbers; `x instanceof ComplexLazyTensor` tells one.
 * @param value complex numbers as pairs `re, im` along the last axis, in the shapes of `LazyTensor`
 * @returns a symbolic array of complex numbers
 * @throws ArgumentError for other shapes
 * @example console.log(ComplexLazyTensor(rand([10, 4]), { axis: 0 }).real().shape); // [ 10, 1, 2 ]
 */
export const ComplexLazyTensor: ComplexLazyTensorMaker = instancesOf(
  tensors.ComplexLazyTensor,
  function ComplexLazyTensor<T extends RealData>(
    value: RealArray<T> | readonly number[],
    options?: LazyTensorOptions | null,
  ): ComplexLazyTensor<T> {
    atMost("ComplexLazyTensor", 2, arguments);
    const axis = axisOf("ComplexLazyTensor", options);
    return new tensors.ComplexLazyTensor<T>(expressionOf("ComplexLazyTensor", value, axis));
  },
);

/**
 * Makes a linear operator of its products; `x instanceof LinearOperator` tells one.
 * @param products its `shape` `[M, N]`, `dtype`, `matvec`, and `rmatvec` where there is one
 * @returns an operator `[M, N]`
 * @throws ArgumentError for what has no such products
 * @example
 * const matvec = (v: RealArray): RealArray => nd.mul(v, 2);
 * const twice = LinearOperator({ shape: [3, 3], dtype: "float32", matvec, rmatvec: matvec });
 * console.log(nd.toNested(twice.matvec(nd.ones([3])))); // [ 2, 2, 2 ]
 */
export const LinearOperator: LinearOperatorMaker = instancesOf(operators.LinearOperator, function LinearOperator<
  T extends RealData,
>(products: LinearOperatorLike<T>): LinearOperator<T> {
  atMost("LinearOperator", 1, arguments);
  return new operators.LinearOperator<T>(products);
});

const axisOf = (where: string, options: LazyTensorOptions | null | undefined): 0 | 1 | undefined =>
  optionsOf(where, options, INDEX).axis;

function concatenate<T extends RealData, W extends boolean>(
  list: readonly LazyTensor<T, W>[],
): LazyTensor<T, true extends W ? true : false> {
  atMost("LazyTensor.concatenate", 1, arguments);
  if (!Array.isArray(list) || list.length === 0)
    throw new ArgumentError(
      `LazyTensor.concatenate: expected a list of at least one LazyTensor, got ${Array.isArray(list) ? "none" : describeValue(list)}`,
    );
  const wrong = list.findIndex((tensor: unknown) => !(tensor instanceof tensors.LazyTensor));
  if (wrong >= 0)
    throw new ArgumentError(
      `LazyTensor.concatenate: expected LazyTensors, got ${describeValue(list[wrong])} at ${wrong}`,
    );
  const [first, ...rest] = list as unknown as [LazyTensor<T>, ...LazyTensor<T>[]];
  return rest.reduce((all, next) => all.concat(next), first) as LazyTensor<T, true extends W ? true : false>;
}

// ----------------------------------------------------------------------------------------------------------- variables

type AnyTensor<T extends RealData> = LazyTensor<T> | LazyTensor<T, true>;

/**
 * Points indexed by i: an array or lists `[...batch, M, D]`.
 * @param x an array or lists `[...batch, M, D]`
 * @param numbers numbers in row-major order
 * @param shape `[...batch, M, D]`
 * @param index which argument of the call
 * @param dim its number of components
 * @returns a symbolic array
 * @throws ArgumentError for anything else
 * @example console.log(Vi(rand([10, 3])).shape); // [ 10, 1, 3 ]
 */
export function Vi<T extends RealData>(x: ArrayInput<T>): LazyTensor<T>;
/** The numbers of a list or a typed array as points of `shape`. @throws ArgumentError unless they are as many. */
export function Vi<T extends RealData>(numbers: T | readonly number[], shape: readonly number[]): LazyTensor<T>;
/** Argument number `index` of a deferred call, of dim `dim`, indexed by i. */
export function Vi<T extends RealData = RealData>(index: number, dim: number): LazyTensor<T, true>;
export function Vi<T extends RealData>(x: unknown, second?: number | readonly number[]): AnyTensor<T> {
  atMost("Vi", 2, arguments);
  return makeIndexed("Vi", x, second, Category.I);
}

/**
 * Points indexed by j: an array or lists `[...batch, N, D]`.
 * @param y an array or lists `[...batch, N, D]`
 * @param numbers numbers in row-major order
 * @param shape `[...batch, N, D]`
 * @param index which argument of the call
 * @param dim its number of components
 * @returns a symbolic array
 * @throws ArgumentError for anything else
 * @example console.log(Vj(rand([20, 3])).shape); // [ 1, 20, 3 ]
 */
export function Vj<T extends RealData>(y: ArrayInput<T>): LazyTensor<T>;
/** The numbers of a list or a typed array as points of `shape`. @throws ArgumentError unless they are as many. */
export function Vj<T extends RealData>(numbers: T | readonly number[], shape: readonly number[]): LazyTensor<T>;
/** Argument number `index` of a deferred call, of dim `dim`, indexed by j. */
export function Vj<T extends RealData = RealData>(index: number, dim: number): LazyTensor<T, true>;
export function Vj<T extends RealData>(y: unknown, second?: number | readonly number[]): AnyTensor<T> {
  atMost("Vj", 2, arguments);
  return makeIndexed("Vj", y, second, Category.J);
}

/**
 * A parameter: a number, a list of numbers, or an array `[D]` or `[...batch, D]`. Another value needs no other
 * routine.
 * @param value a number, a list of numbers, or an array `[D]` or `[...batch, D]`
 * @param index which argument of the call
 * @param dim its number of components
 * @returns a symbolic array
 * @throws ArgumentError for anything else
 * @example console.log(Vi(rand([10, 3])).mul(Pm(0.5)).sum({ axis: 0 }).shape); // [ 1, 3 ]
 */
export function Pm<T extends RealData = RealData>(value: RealArray<T> | T | number | readonly number[]): LazyTensor<T>;
/** Argument number `index` of a deferred call, a parameter of dim `dim`. */
export function Pm<T extends RealData = RealData>(index: number, dim: number): LazyTensor<T, true>;
export function Pm<T extends RealData>(
  value: RealArray<T> | T | number | readonly number[],
  dim?: number,
): AnyTensor<T> {
  atMost("Pm", 2, arguments);
  if (dim === undefined) return new tensors.LazyTensor<T>(Expression.of(parameterLeaf("Pm", value)));
  return symbolic("Pm", value, dim, Category.P);
}

const CATEGORIES = [Category.I, Category.J, Category.P] as const;

/**
 * An array in the role of Vi (category 0), Vj (1) or Pm (2).
 * @param x an array, `[...batch, M, D]` for categories 0 and 1, `[D]` or `[...batch, D]` for 2
 * @param category 0 (Vi), 1 (Vj) or 2 (Pm)
 * @param index which argument of the call
 * @param dim its number of components
 * @returns a symbolic array
 * @throws ArgumentError for another category or shape
 * @example console.log(Var(rand([10, 3]), 0).shape); // [ 10, 1, 3 ]
 */
export function Var<T extends RealData>(x: RealArray<T>, category: 0 | 1 | 2): LazyTensor<T>;
/** Argument number `index` of a deferred call, of dim `dim` and category 0 (Vi), 1 (Vj) or 2 (Pm). */
export function Var<T extends RealData = RealData>(
  index: number,
  dim: number,
  category: 0 | 1 | 2,
): LazyTensor<T, true>;
export function Var<T extends RealData>(x: RealArray<T> | number, second: number, third?: number): AnyTensor<T> {
  atMost("Var", 3, arguments);
  const number = third ?? second;
  const category = typeof number === "number" ? CATEGORIES[number] : undefined;
  if (category === undefined)
    throw new ArgumentError(`Var, category: expected 0 (Vi), 1 (Vj) or 2 (Pm), got ${described(number)}`);
  if (third !== undefined) return symbolic("Var", x, second, category);
  return category === Category.P ? Pm(x as RealArray<T>) : makeIndexed("Var", x, undefined, category);
}

function makeIndexed<T extends RealData>(
  where: string,
  x: unknown,
  second: number | readonly number[] | undefined,
  category: Category.I | Category.J,
): AnyTensor<T> {
  if (Array.isArray(second)) return makeIndexed(where, shapedArray<T>(where, x as T, second), undefined, category);
  if (second !== undefined) return symbolic(where, x, second as number, category);
  if (typeof x === "number" || isNumbers(x))
    throw new ArgumentError(`${where}: expected an array [rows, D], or an index and a dim, got ${described(x)}`);
  return new tensors.LazyTensor<T>(Expression.of(indexedLeaf(where, x, category)));
}

function symbolic<T extends RealData>(
  where: string,
  index: unknown,
  dim: number,
  category: Category,
): LazyTensor<T, true> {
  if (typeof index !== "number")
    throw new ArgumentError(`${where}: expected an index and a dim, got ${described(index)} and ${described(dim)}`);
  return new tensors.LazyTensor<T, true>(Expression.of(symbolLeaf(index, dim, category)));
}
