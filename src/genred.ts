/**
 * Genred: the door for formulas given as text. Reads the text and the options; an Operator does the rest. Here is also how the
 * types of a call follow from its aliases.
 */
import { described } from "./array/check";
import type { Dtype, RealArray } from "./array/view";
import type { Real } from "./engine/native";
import { ArgumentError, FormulaError } from "./errors";
import { Category } from "./formula/formula";
import type { Formula } from "./formula/formula";
import { parse } from "./formula/parse";
import type { Argument } from "./formula/parse";
import { reductionNamed } from "./formula/reductions";
import type { SumScheme } from "./formula/reductions";
import { CALL_OPTIONS, Operator } from "./operator";
import type { CallOptions, Settings } from "./operator";

// --------------------------------------------------------------------------------------------------- public types

/** How a formula is reduced. */
export interface GenredOptions {
  /** Name of the reduction; `"Sum"` by default. */
  readonly reductionOp?: "Sum" | undefined;
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

/** A reduced formula, to be called on arrays. */
export interface GenredFunction<A extends readonly string[] = readonly string[]> {
  /**
   * Arrays in the order of the aliases: `Vi(d)` `[M, d]`, `Vj(d)` `[N, d]`, `Pm(d)` `[d]`, of one dtype; a `Pm(1)` may be a number.
   * Returns `[M, dim]` for axis 1, `[N, dim]` for axis 0, recorded for `grad` if an argument takes part.
   * @throws ArgumentError for arrays that do not fit, CompileError, DeviceError, InterruptedError.
   */
  <T extends Real>(...args: [...ArgumentsFor<A, T>, (CallOptions<T> | null)?]): RealArray<T>;
  /** The formula as it was understood. */
  toString(): string;
}

/**
 * The reduction of `formula` over i (axis 0) or j (axis 1), in O(M N) time and O(M + N) memory.
 * @param aliases the arguments, such as `"x = Vi(3)"`: name, kind (Vi, Vj, Pm) and dim.
 * @throws FormulaError when the formula or an alias cannot be read, or dims do not fit.
 */
export function Genred<const A extends readonly string[]>(
  formula: string,
  aliases: A,
  options?: GenredOptions | null,
): GenredFunction<A> {
  const [read, args] = readFormula(formula, aliases);
  const operator = new Operator(read, args, settingsOf("Genred", optionsOf("Genred", options, GENRED_OPTIONS)));
  const call = (...given: unknown[]): RealArray => {
    const [args, callOptions] = splitOptions<CallOptions>(given, CALL_OPTIONS);
    return operator.call(operator.arrays(args), callOptions);
  };
  return Object.assign(call, { toString: () => String(operator) }) as GenredFunction<A>;
}

/** @throws FormulaError when a text cannot be read, or when there is nothing to call the formula with. */
export function readFormula(formula: string, aliases: readonly string[]): [Formula, readonly Argument[]] {
  if (!Array.isArray(aliases))
    throw new FormulaError(`aliases: expected a list of texts like ["x = Vi(3)"], got ${described(aliases)}`);
  const parsed = parse([formula], aliases);
  if (parsed.arguments.length === 0)
    throw new FormulaError(
      'aliases: expected at least one, like "x = Vi(3)", got none: no call could give sizes and dtype',
    );
  return [parsed.formulas[0]!, parsed.arguments];
}

// -------------------------------------------------------------------------------------------------------- options

const GENRED_OPTIONS = Object.keys({
  reductionOp: true,
  axis: true,
  sumScheme: true,
  dtypeAcc: true,
  useDoubleAcc: true,
} satisfies Record<keyof GenredOptions, true>);

/** What a door was given as options; null and undefined mean absent. @throws ArgumentError for a name that is not accepted. */
export function optionsOf<O extends object>(
  where: string,
  options: O | null | undefined,
  accepted: readonly string[],
): O {
  if (options === null || options === undefined) return {} as O;
  if (!isPlain(options)) throw new ArgumentError(`${where}, options: expected an object, got ${described(options)}`);
  const unknown = Object.keys(options).find((name) => !accepted.includes(name));
  if (unknown === undefined) return options;
  throw new ArgumentError(`${where}, options: expected some of ${accepted.join(", ")}, got ${JSON.stringify(unknown)}`);
}

/** The last argument is the options object iff it has no `shape`. Lists and typed arrays are data that nobody converted. */
export function splitOptions<O extends object>(given: readonly unknown[], accepted: readonly string[]): [unknown[], O] {
  const last = given.at(-1);
  const isOptions = given.length > 0 && (last === null || last === undefined || (isPlain(last) && !("shape" in last)));
  return isOptions
    ? [given.slice(0, -1), optionsOf("call", last as O | null | undefined, accepted)]
    : [[...given], {} as O];
}

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
  return {
    reduction: reductionNamed(reductionOp),
    rows: axis === 1 ? Category.I : Category.J,
    sumScheme: SUM_SCHEMES[sumScheme]!,
    accumulator: useDoubleAcc ? "float64" : dtypeAcc,
  };
}

function oneOf(where: string, accepted: readonly unknown[], got: unknown): void {
  if (accepted.includes(got)) return;
  throw new ArgumentError(`${where}: expected one of ${accepted.join(", ")}, got ${described(got)}`);
}
