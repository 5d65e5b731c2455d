/**
 * The ways to make a lazy tensor of one variable: an array, a number, or the index of an argument of later calls.
 */
import { described, shapedArray } from "../array/check";
import type { ArrayInput } from "../array/check";
import type { RealArray } from "../array/view";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { Category } from "../formula/formula";
import { atMost } from "../options";
import { Expression } from "./expression";
import { LazyTensor } from "./lazytensor";
import { indexedLeaf, isNumbers, parameterLeaf, symbolLeaf } from "./leaf";

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
  if (dim === undefined) return new LazyTensor<T>(Expression.of(parameterLeaf("Pm", value)));
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
  return new LazyTensor<T>(Expression.of(indexedLeaf(where, x, category)));
}

function symbolic<T extends RealData>(
  where: string,
  index: unknown,
  dim: number,
  category: Category,
): LazyTensor<T, true> {
  if (typeof index !== "number")
    throw new ArgumentError(`${where}: expected an index and a dim, got ${described(index)} and ${described(dim)}`);
  return new LazyTensor<T, true>(Expression.of(symbolLeaf(index, dim, category)));
}
