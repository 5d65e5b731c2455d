/**
 * Genred: the door for formulas given as text. Reads the text and the options; an Operator does the rest. Here is also
 * how the types of a call follow from its aliases.
 */
import type { RealArray } from "./array/view";
import { CALL } from "./call/prepared";
import type { CallOptions } from "./call/prepared";
import type { RealData } from "./device/native";
import { ArgumentError, FormulaError } from "./errors";
import { Category } from "./formula/formula";
import type { Formula } from "./formula/formula";
import { parse } from "./formula/parse";
import type { Argument } from "./formula/parse";
import { reductionNamed } from "./formula/reductions";
import type { Reduction, SumScheme } from "./formula/reductions";
import { denseOf } from "./call/dense";
import type { Operator } from "./call/operator";
import { FewerPairs } from "./fast/fewer";
import { planOf } from "./call/plan";
import type { CallPlan } from "./call/plan";
import type { AsyncOptions, Tell } from "./call/run";
import type { Result, Settings } from "./call/result";
import { ASYNC, inBackground } from "./call/run";
import type { ArgumentsFor, ReductionName, ResultOf } from "./call/signature";
import type { Task } from "./task";
import { atMost, describeValue, isAtLeast, optionsOf, splitOptions, withDefaults, withoutRows } from "./options";
import type { OptionsOf } from "./options";

// --------------------------------------------------------------------------------------------------- public types

/** Which reduction. */
export const REDUCTION = {
  /** Name of the reduction; `"Sum"` by default. */
  reductionOp: {
    expected: "the name of a reduction",
    accepts: (value: unknown): value is ReductionName => typeof value === "string", // which there are: reductionNamed
    default: "Sum",
  },
  /** The weights of LogSumExp and SumSoftMaxWeight: a second formula over the same aliases. */
  formula2: {
    expected: "the text of a formula",
    accepts: (value: unknown): value is string | null => value === null || typeof value === "string",
  },
  /** The K of the K smallest or largest. */
  optArg: {
    expected: "an integer of at least 1",
    accepts: (value: unknown): value is number | null =>
      value === null || (isAtLeast(1, value) && Number.isInteger(value)),
  },
} as const;

/** Over what is reduced. */
export const AXIS = {
  /** 0: reduce over i, one result per j (the default, as in pykeops). 1: reduce over j, one result per i. */
  axis: { kind: [0, 1], default: 0 },
} as const;

/** How sums are rounded. */
export const ROUNDING = {
  /**
   * How sums are rounded. `"block"` (what `"auto"`, the default, means): every 256 terms are summed in the dtype of the
   * data, and these in float64. `"direct"`: one after the other in `dtypeAcc`. `"kahan"`: compensated. pykeops's names
   * are accepted as well.
   */
  sumScheme: {
    kind: ["auto", "block", "direct", "kahan", "block_sum", "direct_sum", "kahan_scheme"],
    default: "auto",
  },
  /** Dtype of the accumulator of `"direct"` sums; `"auto"` (the default) is the dtype of the data. */
  dtypeAcc: { kind: ["auto", "float32", "float64"], default: "auto" },
  /** Short for `dtypeAcc: "float64"`. Default false. */
  useDoubleAcc: { kind: [true, false], default: false },
} as const;

type GenredRows = typeof REDUCTION & typeof AXIS & typeof ROUNDING;

const GENRED: GenredRows = { ...REDUCTION, ...AXIS, ...ROUNDING };

/** How a formula is reduced. */
export type GenredOptions<R extends ReductionName = ReductionName> = OptionsOf<GenredRows, ReductionName, R>;

const BYTES = {
  /** Bound on the memory of the result; 2^30 by default. */
  maxBytes: {
    expected: "a number of at least 0",
    accepts: (value: unknown): value is number => typeof value === "number" && value >= 0,
    default: 1_073_741_824,
  },
} as const;

type DenseRows = Pick<typeof CALL, "backend" | "device" | "compile"> & typeof BYTES;

export const DENSE: DenseRows = { ...withoutRows(CALL, "ranges", "prune", "tolerance", "columns", "out"), ...BYTES };

/** How values at all pairs are computed. */
export type DenseOptions = OptionsOf<DenseRows>;

/** What a call in the background takes. */
export type AsyncCallOptions<T extends RealData = RealData> = CallOptions<T> & AsyncOptions;

/** A reduced formula, to be called on arrays. */
export interface GenredFunction<A extends readonly string[] = readonly string[], R extends ReductionName = "Sum"> {
  /**
   * The reduction of arrays of one dtype, recorded for `grad` if an argument takes part. With batch dimensions in
   * front, `[...batch, M, d]`, every entry is a call of its own; a dimension of length 1 serves all entries.
   * @param args arrays in the order of the aliases: `Vi(d)` `[M, d]`, `Vj(d)` `[N, d]`, `Pm(d)` `[d]`; then options; a
   * `Pm(1)` may be a number
   * @returns `[M, dim]` for axis 1, `[N, dim]` for axis 0; the K best are `[M, K]` for dim 1, else `[M, K, dim]`. Arg…
   * reductions give int32 indices, …_Arg… a pair of numbers and indices
   * @throws ArgumentError for arrays that do not fit, CompileError, DeviceError, InterruptedError
   * @example
   * ```ts
   * const K = Genred("Exp(-SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)"], { axis: 1 });
   * console.log(K(rand([10, 3]), rand([20, 3]), rand([20, 1])).shape); // [ 10, 1 ]
   * ```
   */
  <T extends RealData>(...args: [...ArgumentsFor<A, T>, (CallOptions<T> | null)?]): ResultOf<R, T>;
  /**
   * The formula's values at all pairs, whatever the axis; differentiable as the call.
   * @param args arrays in the order of the aliases: `Vi(d)` `[M, d]`, `Vj(d)` `[N, d]`, `Pm(d)` `[d]`; then options
   * @returns `[...batch, M, N, dim]`
   * @throws ArgumentError for arrays that do not fit, or a result larger than `maxBytes`
   * @example
   * ```ts
   * const K = Genred("Exp(-SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)"], { axis: 1 });
   * console.log(K.dense(rand([10, 3]), rand([20, 3]), rand([20, 1])).shape); // [ 10, 20, 1 ]
   * ```
   */
  dense<T extends RealData>(...args: [...ArgumentsFor<A, T>, (DenseOptions | null)?]): RealArray<T>;
  /**
   * The call as a promise: computed in the background on copies of the arrays, which may change meanwhile, and recorded
   * as the call would be. `out` is written when all is computed.
   * @param args arrays in the order of the aliases: `Vi(d)` `[M, d]`, `Vj(d)` `[N, d]`, `Pm(d)` `[d]`; then options
   * @returns a promise of what the call returns
   * @throws by rejecting, what the call throws, and InterruptedError when `signal` is aborted
   * @example
   * ```ts
   * const K = Genred("Exp(-SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)"], { axis: 1 });
   * const sums = await K.async(rand([10, 3]), rand([20, 3]), rand([20, 1]));
   * console.log(sums.shape); // [ 10, 1 ]
   * ```
   */
  async<T extends RealData>(...args: [...ArgumentsFor<A, T>, (AsyncCallOptions<T> | null)?]): Promise<ResultOf<R, T>>;
  /**
   * Where the call would run now, what it would cost, and what the formula becomes there; nothing is computed or
   * compiled, and a backend that is named need not be there.
   * @param args arrays in the order of the aliases: `Vi(d)` `[M, d]`, `Vj(d)` `[N, d]`, `Pm(d)` `[d]`; then options
   * @returns backend, pairs, operations, bytes, and the code
   * @throws ArgumentError for arrays that do not fit, DeviceError for arrays that are elsewhere
   * @example
   * ```ts
   * const K = Genred("Exp(-SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)"], { axis: 1 });
   * console.log(K.plan(rand([10, 3]), rand([20, 3]), rand([20, 1])).pairs); // 200
   * ```
   */
  plan<T extends RealData>(...args: [...ArgumentsFor<A, T>, (CallOptions<T> | null)?]): CallPlan;
  /** The formula as it was understood. */
  toString(): string;
}

/**
 * The reduction of `formula` over i (axis 0) or j (axis 1), in O(M N) time and O(M + N) memory.
 * @param formula the formula, such as `"Exp(-SqDist(x, y)) * b"`
 * @param aliases the arguments, such as `"x = Vi(3)"`: name, kind (Vi, Vj, Pm) and dim
 * @returns a function of arrays, `[M, D]` for a Vi, `[N, D]` for a Vj, `[D]` for a Pm, in the order of the aliases
 * @throws FormulaError when the formula or an alias cannot be read, or dims do not fit
 * @example
 * const K = Genred("Exp(-SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)"], { axis: 1 });
 * console.log(K(rand([10, 3]), rand([20, 3]), rand([20, 1])).shape); // [ 10, 1 ]
 */
export function Genred<const A extends readonly string[], const R extends ReductionName = "Sum">(
  formula: string,
  aliases: A,
  options?: GenredOptions<R> | null,
): GenredFunction<A, R> {
  atMost("Genred", 3, arguments);
  const checked = optionsOf("Genred", options, GENRED);
  const settings = settingsOf(checked);
  const [formulas, args] = readFormulas([formula, ...weightsOf(settings.reduction, checked)], aliases);
  const operator = new FewerPairs(formulas, args, settings);
  const dense = (...given: unknown[]): RealArray => {
    const [args, { maxBytes = DENSE.maxBytes.default, ...where }] = splitOptions<DenseOptions>(given, DENSE);
    return denseOf(operator, operator.arrays(args), where, maxBytes);
  };
  const plan = (...given: unknown[]): CallPlan => {
    const [args, options] = splitOptions<CallOptions>(given, CALL);
    return planOf(operator, operator.arrays(args), options);
  };
  const call = reductionOf(operator, (given) => operator.arrays(given));
  return Object.assign(call, { dense, plan }) as unknown as GenredFunction<A, R>;
}

/** A reduction in both its forms, as a function of what `arrays` makes arrays of; `held` are options for all calls. */
export function reductionOf(
  operator: Operator,
  arrays: (given: readonly unknown[]) => RealArray[],
  held: CallOptions = {},
): ((...given: unknown[]) => unknown) & { async(...given: unknown[]): Promise<unknown> } {
  const call = (...given: unknown[]): unknown => {
    const [args, options] = splitOptions<CallOptions>(given, CALL);
    return answer(operator.call(arrays(args), { ...held, ...options }));
  };
  const async = async (...given: unknown[]): Promise<unknown> => {
    const [args, { signal, onProgress, ...options }] = splitOptions<AsyncCallOptions>(given, ASYNC_CALL);
    const begin = (tell: Tell | undefined): Task<Result> =>
      operator.calling(arrays(args), { ...held, ...options }, tell);
    return answer(await inBackground("reduction", begin, { signal, onProgress }));
  };
  return Object.assign(call, { async, toString: () => String(operator) });
}

const answer = ({ values, indices }: Result): unknown => (values && indices ? [values, indices] : (values ?? indices));

const ASYNC_CALL: typeof CALL & typeof ASYNC = { ...CALL, ...ASYNC };

function weightsOf({ name, weights }: Reduction, { formula2 }: GenredOptions): string[] {
  const isGiven = formula2 !== undefined && formula2 !== null;
  if (isGiven && weights === "none")
    throw new ArgumentError(`formula2: expected none for ${name}, got ${describeValue(formula2)}`);
  if (!isGiven && weights === "required")
    throw new ArgumentError(`formula2: expected the weights of ${name}, got none`);
  return isGiven ? [formula2] : [];
}

/** @throws FormulaError when a text cannot be read, or when there is nothing to call the formula with. */
export function readFormulas(
  texts: readonly string[],
  aliases: readonly string[],
): [readonly Formula[], readonly Argument[]] {
  if (!Array.isArray(aliases))
    throw new FormulaError(`aliases: expected a list of texts like ["x = Vi(3)"], got ${describeValue(aliases)}`);
  const parsed = parse(texts, aliases);
  if (parsed.arguments.length === 0)
    throw new FormulaError(
      'aliases: expected at least one, like "x = Vi(3)", got none: no call could give sizes and dtype',
    );
  return [parsed.formulas, parsed.arguments];
}

// -------------------------------------------------------------------------------------------------------- options

const SUM_SCHEMES: Readonly<Record<(typeof ROUNDING.sumScheme.kind)[number], SumScheme>> = {
  auto: "block",
  block: "block",
  block_sum: "block",
  direct: "direct",
  direct_sum: "direct",
  kahan: "kahan",
  kahan_scheme: "kahan",
};

/**
 * What checked options mean. @throws ArgumentError, FormulaError for a reduction that there is not, or without its K.
 */
export function settingsOf(options: GenredOptions): Settings {
  const { reductionOp, optArg, axis, sumScheme, dtypeAcc, useDoubleAcc } = withDefaults(GENRED, options);
  const reduction = reductionNamed(reductionOp);
  return {
    reduction,
    k: kOf(reduction, optArg),
    rows: axis === 1 ? Category.I : Category.J,
    sumScheme: SUM_SCHEMES[sumScheme],
    accumulator: useDoubleAcc ? "float64" : dtypeAcc,
  };
}

function kOf({ name, takesK }: Reduction, k: number | null | undefined): number {
  const isGiven = k !== undefined && k !== null;
  if (!takesK && isGiven) throw new ArgumentError(`optArg: expected none for ${name}, got ${describeValue(k)}`);
  if (!takesK) return 1;
  if (isGiven) return k;
  throw new ArgumentError(`optArg: expected the K of ${name}, an integer of at least 1, got ${describeValue(k)}`);
}
