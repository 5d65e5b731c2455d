/**
 * The types of calls: how the arguments of a door follow from its alias strings, and its result from the name of its reduction.
 */
import type { RealArray } from "../array/view";
import type { Real } from "../engine/native";
import type { IndexArray } from "./result";

type Trimmed<S extends string> = S extends ` ${infer R}` ? Trimmed<R> : S extends `${infer R} ` ? Trimmed<R> : S;
type Declared<S extends string> = S extends `${string}=${infer K}` ? Trimmed<K> : Trimmed<S>;
type ArgumentFor<S extends string, T extends Real> = string extends S
  ? RealArray<T> | number
  : Declared<S> extends `Vi(${string})` | `Vj(${string})`
    ? RealArray<T>
    : Declared<S> extends `Pm(${infer D})`
      ? Trimmed<D> extends "1"
        ? RealArray<T> | number
        : D extends `${string},${string}`
          ? RealArray<T> | number
          : RealArray<T>
      : RealArray<T> | number;

/** The arguments that aliases declare: an array for each, or a number for `Pm(1)`. */
export type ArgumentsFor<A extends readonly string[], T extends Real> = {
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

type Extreme = "Min" | "Max";

/** The reductions by name. */
export type ReductionName =
  | "Sum"
  | "Mean"
  | "Prod"
  | "Count"
  | "Any"
  | "All"
  | Extreme
  | `Arg${Extreme}`
  | "Min_ArgMin"
  | "Max_ArgMax"
  | `K${Extreme}`
  | `ArgK${Extreme}`
  | "KMin_ArgKMin"
  | "KMax_ArgKMax"
  | "LogSumExp"
  | "LogSumExpWeight"
  | "SumSoftMaxWeight"
  | "SoftMax";

/** What a call returns: numbers, indices, or a pair of both. */
export type ResultOf<R extends ReductionName, T extends Real> = R extends `${string}_${string}`
  ? [values: RealArray<T>, indices: IndexArray]
  : R extends `Arg${string}`
    ? IndexArray
    : RealArray<T>;
