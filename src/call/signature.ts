/**
 * The types of calls: how the arguments of a door follow from its alias strings, and its result from the row of its
 * reduction.
 */
import type { ArrayInput } from "../array/check";
import type { RealArray } from "../array/view";
import type { RealData } from "../device/native";
import type * as rows from "../formula/reductions";
import type { Reduction, ResultKind } from "../formula/reductions";
import type { IndexArray } from "./result";

type Trimmed<S extends string> = S extends ` ${infer R}` ? Trimmed<R> : S extends `${infer R} ` ? Trimmed<R> : S;
type Declared<S extends string> = S extends `${string}=${infer K}` ? Trimmed<K> : Trimmed<S>;
type ArgumentFor<S extends string, T extends RealData> = string extends S
  ? ArrayInput<T> | number
  : Declared<S> extends `Vi(${string})` | `Vj(${string})`
    ? ArrayInput<T>
    : Declared<S> extends `Pm(${infer D})`
      ? Trimmed<D> extends "1"
        ? ArrayInput<T> | number
        : D extends `${string},${string}`
          ? ArrayInput<T> | number
          : ArrayInput<T>
      : ArrayInput<T> | number;

/** The arguments that aliases declare: an array for each, or lists for one; a number does for `Pm(1)`. */
export type ArgumentsFor<A extends readonly string[], T extends RealData> = {
  -readonly [K in keyof A]: ArgumentFor<A[K], T>;
};

type UnknownIn<S extends string> = string extends S
  ? string
  : S extends `${infer Name}=${infer K}`
    ? Trimmed<K> extends `Pm${string}`
      ? never
      : Trimmed<Name>
    : never;

/** The names of the aliases that a system may be solved for: those of Vi and Vj. */
export type UnknownOf<A extends readonly string[]> = UnknownIn<A[number]>;

/** The rows that the table exports, each with its name and what it gives in its type. */
type Row = Extract<(typeof rows)[keyof typeof rows], Reduction>;

/** The reductions by name. */
export type ReductionName = Row["name"];

/** What a call returns: numbers, indices, or a pair of both. */
export type ResultOf<R extends ReductionName, T extends RealData> =
  R extends NameGiving<"both">
    ? [values: RealArray<T>, indices: IndexArray]
    : R extends NameGiving<"indices">
      ? IndexArray
      : RealArray<T>;

/** The reductions of which a call gives that. */
type NameGiving<Kind extends ResultKind> = Extract<Row, Reduction<string, Kind>>["name"];
