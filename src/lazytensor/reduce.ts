/**
 * Reductions of lazy expressions, by the door that Genred uses: an Operator and its arrays. Deferred ones wait for the
 * arrays of symbolic variables. Must not know operations.
 */
import type { ArrayInput } from "../array/check";
import type { RealArray } from "../array/view";
import { CALL } from "../call/prepared";
import type { CallOptions } from "../call/prepared";
import type { Settings } from "../call/result";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { ROUNDING, reductionOf, settingsOf } from "../genred";
import type { AsyncCallOptions, GenredOptions } from "../genred";
import { entries } from "../formula/core";
import "../formula/ops"; // with all rows
import { reductionNamed } from "../formula/reductions";
import type { Reduction } from "../formula/reductions";
import { describeValue, namedOptions, optionsOf } from "../options";
import type { OptionRow, OptionRows, OptionsOf, RequiredOptionsOf } from "../options";
import type { ReductionName, ResultOf } from "../call/signature";
import { Expression, arraysOf, bound, operatorOf } from "./expression";
import { leafText, union } from "./leaf";
import type { Leaf } from "./leaf";
import type { LazyOperand, OperandOf } from "./operand";

const REDUCED = {
  /** 0: over i, one result per j. 1: over j, one result per i. Batch dimensions do not count. */
  axis: {
    expected: "0 (over i) or 1 (over j), not counting batches",
    accepts: (value: unknown): value is 0 | 1 => value === 0 || value === 1,
    required: true,
  },
} as const;

/** What is given beside the array of a product. */
export const PRODUCT: typeof CALL & typeof ROUNDING = { ...CALL, ...ROUNDING };

/** How a lazy tensor is reduced over i (axis 0) or j (axis 1). */
export type ReduceOptions<T extends RealData = RealData> = RequiredOptionsOf<typeof REDUCED> & ProductOptions<T>;

/** What is given beside the array of a product. */
export type ProductOptions<T extends RealData = RealData> = CallOptions<T> & OptionsOf<typeof ROUNDING>;

/** When it is computed. */
export const WHEN = {
  /**
   * False gives a function of the arrays of symbolic variables, to be called later; true computes. Where absent, it
   * computes unless there are symbolic variables.
   */
  call: { kind: [true, false] },
} as const;

const WEIGHTED = {
  /** The weights of exponential sums. */
  weight: { expected: "the weights", accepts: (value: unknown): value is LazyOperand => value !== undefined },
} as const;

/** How a lazy tensor is reduced by the name of a reduction. */
export type AnyReduction<T extends RealData> = ReduceOptions<T> &
  Pick<GenredOptions, "optArg"> &
  OptionsOf<typeof WHEN> &
  OptionsOf<typeof WEIGHTED>;

/**
 * What a reduction over i or j takes. One signature for all cases has one message where something is wrong.
 * `C` is whether it computes now.
 */
export interface ReductionOptions<T extends RealData, C extends boolean> extends ProductOptions<T>, Calling<C> {
  /** 0: over i, one result per j. 1: over j, one result per i. Batch dimensions do not count. */
  readonly axis: 0 | 1;
}

/** The same with components: `A` of -1, or none, is of those of every vector. */
export interface AxisReductionOptions<T extends RealData, A extends Axis, C extends boolean>
  extends ProductOptions<T>, Calling<C> {
  /** 0: over i, one result per j. 1: over j, one result per i. -1: over the components of every vector. */
  readonly axis?: A | undefined;
}

export type Axis = -1 | 0 | 1;

export interface Calling<C extends boolean> {
  /** False gives a function of the arrays of symbolic variables, to be called later. */
  readonly call?: C | undefined;
}

/** Weights of exponential sums over i or j: those of a call now must not wait for arrays. */
export interface Weighted<A extends Axis, W extends boolean, C extends boolean> {
  readonly weight?: (A extends -1 ? never : OperandOf<C extends false ? true : W>) | undefined;
}

/** For the components of every vector. */
export interface InnerOptions {
  readonly axis?: -1 | undefined;
}

/** What a reduction gives: a function of arrays where it waits (`C` is false) or the tensor does, else the result. */
export type Reduced<R extends ReductionName, T extends RealData, W extends boolean, C extends boolean> = C extends false
  ? DeferredReduction<R, T>
  : W extends true
    ? DeferredReduction<R, T>
    : ResultOf<R, T>;

/** What it gives, where it may be about components: a tensor `L`. */
export type ReducedAny<
  L,
  A extends Axis,
  R extends ReductionName,
  T extends RealData,
  W extends boolean,
  C extends boolean,
> = A extends -1 ? L : Reduced<R, T, W, C>;

/** Whether it is about components: no axis, or the last. @throws ArgumentError for what means nothing then. */
export function isInner(
  where: string,
  options: { readonly axis?: number | undefined } | null | undefined,
): options is InnerOptions | null | undefined {
  if (options?.axis !== undefined && options.axis !== -1) return false;
  const needless = Object.keys(namedOptions(where, options, WEIGHTED_SUM)).find((name) => name !== "axis");
  if (needless === undefined) return true;
  throw new ArgumentError(
    `${where}, axis: expected 0 or 1 with the option ${needless}, got ${options?.axis ?? "none"}`,
  );
}

/** Arrays of the symbolic variables in their order, and options. */
export type Given<O> = readonly (ArrayInput | number | O | null | undefined)[];

/** A reduction that waits: called on the arrays of the symbolic variables in their order, and options. */
export interface DeferredReduction<R extends ReductionName = ReductionName, T extends RealData = RealData> {
  /**
   * The reduction of these arrays, recorded for `grad`.
   * @param args the arrays of the symbolic variables in their order, `[M, d]`, `[N, d]` or `[d]`; then options
   * @returns what the reduction gives: an array, indices, or a pair of both
   * @throws ArgumentError for arrays that do not fit, CompileError, DeviceError, InterruptedError
   * @example
   * ```ts
   * const sums = Vi(0, 3).sqdist(Vj(1, 3)).neg().exp().sum({ axis: 1 });
   * console.log(sums(rand([10, 3]), rand([20, 3])).shape); // [ 10, 1 ]
   * ```
   */
  (...args: Given<CallOptions>): ResultOf<R, T>;
  /**
   * The call as a promise: computed in the background, on copies of the arrays.
   * @param args the arrays of the symbolic variables in their order, `[M, d]`, `[N, d]` or `[d]`; then options
   * @returns a promise of what the call returns
   * @throws by rejecting, what the call throws, and InterruptedError when `signal` is aborted
   * @example
   * ```ts
   * const sums = Vi(0, 3).sqdist(Vj(1, 3)).neg().exp().sum({ axis: 1 });
   * console.log((await sums.async(rand([10, 3]), rand([20, 3]))).shape); // [ 10, 1 ]
   * ```
   */
  async(...args: Given<AsyncCallOptions>): Promise<ResultOf<R, T>>;
  toString(): string;
}

/** What a reduction takes beside its options. */
export interface Extra {
  readonly optArg?: number | null | undefined;
  readonly weights?: Expression | undefined;
}

const SUM: OptionRows = { ...PRODUCT, ...REDUCED, ...WHEN };
const WEIGHTED_SUM: OptionRows = { ...SUM, ...WEIGHTED };
const INNER_AXIS: OptionRow = {
  ...REDUCED.axis,
  expected: "0 (over i), 1 (over j) or -1 (of components); batches by sumBatches",
};

/** Made once for each reduction. */
const rowsByName = new Map<ReductionName, OptionRows>();

/** The options of a reduction. */
function rowsOf(name: ReductionName): OptionRows {
  let rows = rowsByName.get(name);
  if (!rows) {
    rows = reductionNamed(name).weights === "none" ? SUM : WEIGHTED_SUM;
    if (entries.has(name)) rows = { ...rows, axis: INNER_AXIS };
    rowsByName.set(name, rows);
  }
  return rows;
}

/** Whether some leaves stand for arrays of later calls. */
export const isOpen = (leaves: readonly Leaf[]): boolean => leaves.some(({ place }) => place !== null);

/** What a reduction gives: a function where it is told to wait or there are symbolic variables, else the result. */
export function reduce(
  where: string,
  expression: Expression,
  name: ReductionName,
  options: unknown,
  extra: Extra,
): unknown {
  const call = (options as AnyReduction<RealData> | null | undefined)?.call;
  const isNow = call ?? !isOpen([...expression.leaves, ...(extra.weights?.leaves ?? [])]);
  return (isNow ? reduceNow : deferReduction)(where, expression, name, options, extra);
}

/** A reduction as a function of the arrays that symbolic variables stand for. */
export function deferReduction(
  where: string,
  expression: Expression,
  name: ReductionName,
  options: unknown,
  extra: Extra,
): DeferredReduction {
  checkK(where, reductionNamed(name), extra.optArg);
  const checked = optionsOf(where, options as AnyReduction<RealData> | null | undefined, rowsOf(name));
  const [settings, call] = separateSettings(where, name, checked, extra);
  const parts = extra.weights ? [expression, extra.weights] : [expression];
  const formulas = parts.map(({ formula }) => formula);
  const { leaves, where: held } = Expression.join(expression.formula, parts);
  const of = bound(formulas, leaves);
  const operator = operatorOf(of, settings);
  const arrays = (given: readonly unknown[]): RealArray[] => operator.arrays(arraysOf(of, given));
  return reductionOf(operator, arrays, { ...held, ...call }) as DeferredReduction;
}

/** @throws ArgumentError where symbolic variables have no arrays. */
export function checkClosed(where: string, leaves: readonly Leaf[]): void {
  const symbolic = leaves.find(({ place }) => place !== null);
  if (!symbolic) return;
  const got = `the symbolic variable ${leafText(symbolic)}`;
  throw new ArgumentError(`${where}: expected arrays, got ${got}, which stands for one of a later call`);
}

/** @throws ArgumentError where symbolic variables have no arrays. */
export function reduceNow(
  where: string,
  expression: Expression,
  name: ReductionName,
  options: unknown,
  extra: Extra,
): unknown {
  checkClosed(where, union(expression.leaves, extra.weights?.leaves ?? []));
  return deferReduction(where, expression, name, options, extra)();
}

function separateSettings(
  where: string,
  reductionOp: ReductionName,
  { axis, sumScheme, dtypeAcc, useDoubleAcc, call: _call, ...place }: AnyReduction<RealData>,
  { optArg, weights }: Extra,
): [Settings, CallOptions] {
  const settings = settingsOf({ reductionOp, axis, sumScheme, dtypeAcc, useDoubleAcc, optArg });
  const wanted = settings.reduction.weights;
  if (wanted === "required" && !weights) throw new ArgumentError(`${where}, weight: expected the weights, got none`);
  if (wanted === "none" && weights) throw new ArgumentError(`${where}, weight: expected none, got one`);
  return [settings, place];
}

/** The K comes first, so whoever forgets it has given the options in its place. */
function checkK(where: string, { takesK }: Reduction, k: unknown): void {
  if (!takesK || (Number.isSafeInteger(k) && (k as number) >= 1)) return;
  throw new ArgumentError(
    `${where}, k: expected an integer of at least 1, and then the options, got ${describeValue(k)}`,
  );
}
