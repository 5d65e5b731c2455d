/**
 * Genred: the door for formulas given as text. Reads the text and the options; an Operator does the rest. Here is also how the
 * types of a call follow from its aliases.
 */
import type { Dtype, RealArray } from "./array/view";
import { CALL_OPTIONS } from "./call/prepared";
import type { CallOptions } from "./call/prepared";
import type { Real } from "./device/native";
import { ArgumentError, FormulaError } from "./errors";
import { Category } from "./formula/formula";
import type { Formula } from "./formula/formula";
import { parse } from "./formula/parse";
import type { Argument } from "./formula/parse";
import { reductionNamed } from "./formula/reductions";
import type { Reduction, SumScheme } from "./formula/reductions";
import { Operator } from "./call/operator";
import { planOf } from "./call/plan";
import type { CallPlan } from "./call/plan";
import type { AsyncOptions, Tell } from "./call/run";
import type { Result, Settings } from "./call/result";
import { ASYNC_OPTIONS, inBackground } from "./call/run";
import type { ArgumentsFor, ReductionName, ResultOf } from "./call/signature";
import type { Task } from "./task";
import { atMost, described, optionsOf } from "./options";

// --------------------------------------------------------------------------------------------------- public types

/** How a formula is reduced. */
export interface GenredOptions<R extends ReductionName = ReductionName> {
  /** Name of the reduction; `"Sum"` by default. */
  readonly reductionOp?: R | undefined;
  /** The weights of LogSumExp and SumSoftMaxWeight: a second formula over the same aliases. */
  readonly formula2?: string | null | undefined;
  /** The K of the K smallest or largest. */
  readonly optArg?: number | null | undefined;
  /** 0: reduce over i, one result per j (the default, as in pykeops). 1: reduce over j, one result per i. */
  readonly axis?: 0 | 1 | undefined;
  /**
   * How sums are rounded. `"block"` (the default): every 256 terms are summed in the dtype of the data, and these in float64.
   * `"direct"`: one after the other in `dtypeAcc`. `"kahan"`: compensated.
   */
  readonly sumScheme?: "auto" | SumScheme | undefined;
  /** Dtype of the accumulator of `"direct"` sums; `"auto"` is the dtype of the data. */
  readonly dtypeAcc?: "auto" | Dtype | undefined;
  /** Short for `dtypeAcc: "float64"`. */
  readonly useDoubleAcc?: boolean | undefined;
}

/** How values at all pairs are computed. */
export interface DenseOptions extends Pick<CallOptions, "backend" | "device" | "compile"> {
  /** Bound on the memory of the result; 2^30 by default. */
  readonly maxBytes?: number | undefined;
}

/** What a call in the background takes. */
export interface AsyncCallOptions<T extends Real = Real> extends CallOptions<T>, AsyncOptions {}

/** A reduced formula, to be called on arrays. */
export interface GenredFunction<A extends readonly string[] = readonly string[], R extends ReductionName = "Sum"> {
  /**
   * Arrays in the order of the aliases: `Vi(d)` `[M, d]`, `Vj(d)` `[N, d]`, `Pm(d)` `[d]`, of one dtype; a `Pm(1)` may be a number.
   * Returns `[M, dim]` for axis 1, `[N, dim]` for axis 0, recorded for `grad` if an argument takes part; the K best are `[M, K]` for
   * dim 1, else `[M, K, dim]`. Arg… reductions return int32 indices, …_Arg… a pair of numbers and indices. With batch dimensions in
   * front, `[...batch, M, d]`, every entry is a call of its own; a dimension of length 1 serves all entries.
   * @throws ArgumentError for arrays that do not fit, CompileError, DeviceError, InterruptedError.
   */
  <T extends Real>(...args: [...ArgumentsFor<A, T>, (CallOptions<T> | null)?]): ResultOf<R, T>;
  /**
   * The formula's values at all pairs, `[...batch, M, N, dim]` whatever the axis; differentiable as the call.
   * @throws ArgumentError also for a result larger than `maxBytes`.
   */
  dense<T extends Real>(...args: [...ArgumentsFor<A, T>, (DenseOptions | null)?]): RealArray<T>;
  /**
   * The same as a promise: computed in the background on copies of the arrays, which may change meanwhile, and recorded as the call
   * would be. `out` is written when all is computed.
   * Rejects with what the call throws, and with InterruptedError when `signal` is aborted.
   */
  async<T extends Real>(...args: [...ArgumentsFor<A, T>, (AsyncCallOptions<T> | null)?]): Promise<ResultOf<R, T>>;
  /**
   * Where the call would run now, what it would cost, and what the formula becomes there; nothing is computed or compiled, and a backend that is named
   * need not be there.
   * @throws ArgumentError for arrays that do not fit, DeviceError for arrays that are elsewhere.
   */
  plan<T extends Real>(...args: [...ArgumentsFor<A, T>, (CallOptions<T> | null)?]): CallPlan;
  /** The formula as it was understood. */
  toString(): string;
}

/**
 * The reduction of `formula` over i (axis 0) or j (axis 1), in O(M N) time and O(M + N) memory.
 * @param aliases the arguments, such as `"x = Vi(3)"`: name, kind (Vi, Vj, Pm) and dim.
 * @throws FormulaError when the formula or an alias cannot be read, or dims do not fit.
 */
export function Genred<const A extends readonly string[], const R extends ReductionName = "Sum">(
  formula: string,
  aliases: A,
  options?: GenredOptions<R> | null,
): GenredFunction<A, R> {
  atMost("Genred", 3, arguments);
  const checked = optionsOf("Genred", options, GENRED_OPTIONS);
  const settings = settingsOf("Genred", checked);
  const [formulas, args] = readFormulas([formula, ...weightsOf(settings.reduction, checked)], aliases);
  const operator = new Operator(formulas, args, settings);
  const dense = (...given: unknown[]): RealArray => {
    const [args, { maxBytes = 2 ** 30, ...where }] = splitOptions<DenseOptions>(given, DENSE_OPTIONS);
    checkBytes(maxBytes);
    return operator.dense(operator.arrays(args), where, maxBytes);
  };
  const plan = (...given: unknown[]): CallPlan => {
    const [args, options] = splitOptions<CallOptions>(given, CALL_OPTIONS);
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
    const [args, options] = splitOptions<CallOptions>(given, CALL_OPTIONS);
    return answer(operator.call(arrays(args), { ...held, ...options }));
  };
  const async = async (...given: unknown[]): Promise<unknown> => {
    const [args, { signal, onProgress, ...options }] = splitOptions<AsyncCallOptions>(given, ASYNC_CALL_OPTIONS);
    const begin = (tell: Tell | undefined): Task<Result> =>
      operator.calling(arrays(args), { ...held, ...options }, tell);
    return answer(await inBackground("reduction", begin, { signal, onProgress }));
  };
  return Object.assign(call, { async, toString: () => String(operator) });
}

const answer = ({ values, indices }: Result): unknown => (values && indices ? [values, indices] : (values ?? indices));

const ASYNC_CALL_OPTIONS = [...CALL_OPTIONS, ...ASYNC_OPTIONS];

export const DENSE_OPTIONS: readonly string[] = Object.keys({
  backend: true,
  device: true,
  compile: true,
  maxBytes: true,
} satisfies Record<keyof DenseOptions, true>);

/** @throws ArgumentError unless it is a number of bytes. */
export function checkBytes(maxBytes: unknown): void {
  if (typeof maxBytes === "number" && maxBytes >= 0) return;
  throw new ArgumentError(`dense, maxBytes: expected a number of at least 0, got ${described(maxBytes)}`);
}

function weightsOf({ name, weights }: Reduction, { formula2 }: GenredOptions): string[] {
  const isGiven = formula2 !== undefined && formula2 !== null;
  if (isGiven && weights === "none")
    throw new ArgumentError(`formula2: expected none for ${name}, got ${described(formula2)}`);
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
    throw new FormulaError(`aliases: expected a list of texts like ["x = Vi(3)"], got ${described(aliases)}`);
  const parsed = parse(texts, aliases);
  if (parsed.arguments.length === 0)
    throw new FormulaError(
      'aliases: expected at least one, like "x = Vi(3)", got none: no call could give sizes and dtype',
    );
  return [parsed.formulas, parsed.arguments];
}

// -------------------------------------------------------------------------------------------------------- options

const GENRED_OPTIONS = Object.keys({
  reductionOp: true,
  formula2: true,
  optArg: true,
  axis: true,
  sumScheme: true,
  dtypeAcc: true,
  useDoubleAcc: true,
} satisfies Record<keyof GenredOptions, true>);

/** The last argument is the options object iff it has no `shape`. Lists and typed arrays are data that nobody converted. */
export function splitOptions<O extends object>(given: readonly unknown[], accepted: readonly string[]): [unknown[], O] {
  const last = given.at(-1);
  const isOptions = given.length > 0 && (last === null || last === undefined || (isPlain(last) && !("shape" in last)));
  return isOptions
    ? [given.slice(0, -1), optionsOf("call", last as O | null | undefined, accepted)]
    : [[...given], {} as O];
}

/** Also an object that holds no options, such as a Map: what it is will be told. */
function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

const SUM_SCHEMES: Readonly<Record<string, SumScheme>> = {
  auto: "block",
  block: "block",
  block_sum: "block",
  direct: "direct",
  direct_sum: "direct",
  kahan: "kahan",
  kahan_scheme: "kahan",
};

/** @throws ArgumentError, FormulaError for options that name nothing. */
export function settingsOf(where: string, options: GenredOptions): Settings {
  const { reductionOp = "Sum", axis = 0, sumScheme = "auto", dtypeAcc = "auto", useDoubleAcc = false } = options;
  oneOf(`${where}, axis`, [0, 1], axis);
  oneOf(`${where}, sumScheme`, Object.keys(SUM_SCHEMES), sumScheme);
  oneOf(`${where}, dtypeAcc`, ["auto", "float32", "float64"], dtypeAcc);
  oneOf(`${where}, useDoubleAcc`, [false, true], useDoubleAcc);
  const reduction = reductionNamed(reductionOp);
  return {
    reduction,
    k: kOf(reduction, options),
    rows: axis === 1 ? Category.I : Category.J,
    sumScheme: SUM_SCHEMES[sumScheme]!,
    accumulator: useDoubleAcc ? "float64" : dtypeAcc,
  };
}

function kOf({ name, takesK }: Reduction, { optArg }: GenredOptions): number {
  const isGiven = optArg !== undefined && optArg !== null;
  if (!takesK && isGiven) throw new ArgumentError(`optArg: expected none for ${name}, got ${described(optArg)}`);
  if (!takesK) return 1;
  if (isGiven && Number.isSafeInteger(optArg) && optArg >= 1) return optArg;
  throw new ArgumentError(`optArg: expected the K of ${name}, an integer of at least 1, got ${described(optArg)}`);
}

function oneOf(where: string, accepted: readonly unknown[], got: unknown): void {
  if (accepted.includes(got)) return;
  throw new ArgumentError(`${where}: expected one of ${accepted.join(", ")}, got ${described(got)}`);
}
