/**
 * Operator: a formula with its arguments and its reduction, over ndarrays; what every door is made of. It checks arrays, finds the
 * routine, and leaves a record on the tape. Gradients are again formulas reduced over i or j, so operators compute them, to any
 * order. Must not know texts.
 */
import { checkArray, checkShape, described } from "./array/check";
import { checkOut, record } from "./array/record";
import {
  allocate,
  contiguous,
  dtypeOf,
  isContiguous,
  overlaps,
  positions,
  sameShape,
  shapeText,
  sizeOf,
  viewOf,
  wrap,
} from "./array/view";
import type { Dtype, RealArray } from "./array/view";
import type { BackendName, Routine, Specification } from "./engine/backend";
import type { Real } from "./engine/native";
import { routine } from "./engine/routine";
import { ArgumentError } from "./errors";
import { label } from "./formula/arguments";
import type { Argument } from "./formula/arguments";
import { Category, asVariable, print, variable } from "./formula/formula";
import type { Formula } from "./formula/formula";
import { isZero } from "./formula/ops";
import { reductionNamed } from "./formula/reductions";
import type { Reduction, SumScheme } from "./formula/reductions";

/** Where and how one call runs. */
export interface CallOptions<T extends Real = Real> {
  /** `"auto"` (the default) takes the fastest that can run; one that is named and cannot run is a DeviceError. */
  readonly backend?: "auto" | BackendName | undefined;
  /** An array of the result's shape and dtype to write into; it must not share memory with an argument. */
  readonly out?: RealArray<T> | null | undefined;
}

export const CALL_OPTIONS: readonly string[] = Object.keys({
  backend: true,
  out: true,
} satisfies Record<keyof CallOptions, true>);

/** The checked options of a reduction. */
export interface Settings {
  readonly reduction: Reduction;
  /** The kept index: I for axis 1. */
  readonly rows: Category.I | Category.J;
  readonly sumScheme: SumScheme;
  readonly accumulator: "auto" | Dtype;
}

/** What a call was given, checked. */
export interface Given {
  /** In argument order; numbers have become arrays. */
  readonly arrays: readonly RealArray[];
  readonly dtype: Dtype;
  readonly rows: number;
  readonly columns: number;
  /** Of i and of j. */
  readonly extents: Extents;
}

export type Extents = readonly [number, number];

/** A formula with its arguments and its reduction: what Genred, KernelSolve and gradients call. */
export class Operator {
  private readonly routines = new Map<string, Routine>();
  private readonly pullbacks = new Map<number, Operator | null>();

  constructor(
    readonly formula: Formula,
    readonly args: readonly Argument[],
    readonly settings: Settings,
  ) {}

  toString(): string {
    const index = this.settings.rows === Category.I ? "j" : "i";
    return `${this.settings.reduction.name} over ${index} of ${print(this.formula, (v) => this.nameOf(v))}`;
  }

  private nameOf(variable: Formula): string {
    const { position } = asVariable(variable);
    return this.args[position]?.name ?? String(variable);
  }

  /** Numbers become arrays `[1]`; everything else is checked later. @throws ArgumentError for a wrong count. */
  arrays(given: readonly unknown[]): RealArray[] {
    if (given.length !== this.args.length) throw wrongCount(this.args, given.length);
    const dtype = dtypeAmong(given);
    return given.map((value, n) => asArray(this.args[n]!, value, dtype));
  }

  /** Computes and records. @throws ArgumentError, CompileError, DeviceError, InterruptedError. */
  call(arrays: readonly RealArray[], options: CallOptions = {}): RealArray {
    const given = this.check(arrays);
    const out = this.target(given, options.out);
    const data = contiguous(out);
    this.compute(given, data, options);
    if (data.buffer !== out.data.buffer) positions(out).forEach((at, n) => (out.data[at] = data[n]!));
    return record(out, arrays, (cotangent, wanted) => this.pullback(arrays, cotangent, wanted, options.backend), {
      where: "Genred",
      names: this.args.map(label),
    });
  }

  /** Runs the routine on checked arrays, `[rows, dim]` into `out`; leaves no record. */
  compute({ arrays, dtype, rows, columns }: Given, out: Real, options: CallOptions): void {
    const routine = this.routine(dtype, options.backend);
    if (rows === 0) return;
    if (columns === 0) out.fill(this.settings.reduction.neutral);
    else routine.reduce({ args: arrays.map(contiguous), out, rows, columns });
  }

  private target({ arrays, dtype, rows }: Given, out: RealArray | null | undefined): RealArray {
    const shape = checkShape("result", [rows, this.formula.dim]);
    if (out === null || out === undefined) return wrap(allocate(dtype, sizeOf(shape)), shape);
    const checked = checkArray("out", out, dtype);
    if (!sameShape(checked.shape, shape))
      throw new ArgumentError(`out: expected shape ${shapeText(shape)}, got ${shapeText(checked.shape)}`);
    const shared = arrays.findIndex((array) => overlaps(array, checked));
    if (shared >= 0)
      throw new ArgumentError(`out: expected memory of its own, got memory that ${label(this.args[shared]!)} uses`);
    if (!isContiguous(checked) && new Set(positions(checked)).size < checked.size)
      throw new ArgumentError(
        `out: expected a place of its own for every element, got stride ${shapeText(checked.stride)}`,
      );
    checkOut("out", checked);
    return checked;
  }

  private routine(dtype: Dtype, backend: CallOptions["backend"] = "auto"): Routine {
    const key = `${dtype} ${backend}`;
    const found = this.routines.get(key) ?? routine(this.specification(dtype), backend);
    this.routines.set(key, found);
    return found;
  }

  private specification(dtype: Dtype): Specification {
    const { reduction, rows, sumScheme, accumulator } = this.settings;
    if (accumulator === "float32" && dtype === "float64")
      throw new ArgumentError(`dtypeAcc: expected "float64" or "auto" for float64 arrays, got "float32"`);
    return {
      formula: this.formula,
      reduction,
      rows,
      variables: this.args,
      dtype,
      sumScheme,
      accumulator: accumulator === "auto" ? dtype : accumulator,
    };
  }

  // ---- checks

  /**
   * @param unseen extents of i and j where no array tells them.
   * @throws ArgumentError that names the argument, unless dtypes and shapes fit the aliases and each other.
   */
  check(arrays: readonly RealArray[], unseen: Extents = [1, 1]): Given {
    const dtype = dtypeOf(checkArray(label(this.args[0]!), arrays[0]));
    const extents: [number, number] = [...unseen];
    const firsts: (Argument | undefined)[] = [undefined, undefined];
    for (let n = 0; n < arrays.length; n++) this.checkOne(n, arrays[n]!, dtype, extents, firsts);
    const { rows } = this.settings;
    return { arrays, dtype, rows: extents[rows], columns: extents[1 - rows]!, extents };
  }

  private checkOne(
    n: number,
    value: RealArray,
    dtype: Dtype,
    extents: number[],
    firsts: (Argument | undefined)[],
  ): void {
    const argument = this.args[n]!;
    const { category, dim } = argument;
    const array = n === 0 ? value : checkArray(label(argument), value, undefined);
    if (dtypeOf(array) !== dtype) throw mixedDtypes(this.args[0]!, dtype, argument, array);
    const { shape } = array;
    if (category === Category.P) {
      if (shape.length !== 1 || shape[0] !== dim) throw wrongShape(argument, `[${dim}]`, shape);
      return;
    }
    const first = firsts[category];
    if (shape.length !== 2 || shape[1] !== dim || (first && shape[0] !== extents[category]))
      throw wrongShape(
        argument,
        first ? expectedShape(argument, extents[category], first) : expectedShape(argument),
        shape,
      );
    extents[category] = shape[0]!;
    firsts[category] = first ?? argument;
  }

  // ---- derivatives

  /** One gradient per argument that is wanted, as calls of this same door; null where it is zero. */
  pullback(
    arrays: readonly RealArray[],
    cotangent: RealArray,
    wanted: readonly boolean[],
    backend: CallOptions["backend"],
  ): (RealArray | null)[] {
    return this.args.map((argument, n) => {
      const operator = wanted[n] ? this.gradient(n) : null;
      if (!operator) return null;
      const gradient = operator.call([...arrays, cotangent], { backend });
      return argument.category === Category.P ? sumOfRows(gradient, backend) : gradient;
    });
  }

  /** The gradient by argument n: the cotangent is a new last argument of the category of the result. Null if it is zero. */
  private gradient(n: number): Operator | null {
    let found = this.pullbacks.get(n);
    if (found === undefined) this.pullbacks.set(n, (found = this.makeGradient(n)));
    return found;
  }

  private makeGradient(n: number): Operator | null {
    const { reduction, rows } = this.settings;
    const by = this.args[n]!;
    const cotangent = extraArgument(this.args.length, this.formula.dim, rows);
    const formula = reduction.gradient(this.formula, by.variable, cotangent.variable);
    if (isZero(formula)) return null;
    const kept = by.category === Category.P ? rows : by.category;
    return new Operator(formula, [...this.args, cotangent], { ...this.settings, rows: kept });
  }
}

/** An argument that no alias declared. */
export function extraArgument(position: number, dim: number, category: Category): Argument {
  return { name: undefined, position, dim, category, variable: variable(position, dim, category) };
}

const PLAIN_SUM: Settings = {
  reduction: reductionNamed("Sum"),
  rows: Category.I,
  sumScheme: "block",
  accumulator: "auto",
};
const rowSums = new Map<number, Operator>();

/** `[rows, dim]` to `[dim]`, by the same door, so that it is differentiable as all else. */
function sumOfRows(array: RealArray, backend: CallOptions["backend"]): RealArray {
  const dim = array.shape[1]!;
  const argument = extraArgument(0, dim, Category.J);
  const operator = rowSums.get(dim) ?? new Operator(argument.variable, [argument], PLAIN_SUM);
  rowSums.set(dim, operator);
  const sums = operator.call([array], { backend });
  return viewOf(sums, { shape: [dim], stride: [1], offset: 0 });
}

// ------------------------------------------------------------------------------------------------------ arguments

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

function wrongCount(args: readonly Argument[], got: number): ArgumentError {
  const names = args.map(label).join(", ");
  return new ArgumentError(`call: expected ${plural(args.length, "array")}: ${names}; got ${plural(got, "argument")}`);
}

/** The dtype of the first array, for numbers to follow; float32 where there is none. */
function dtypeAmong(given: readonly unknown[]): Dtype {
  const data = given.map((value) => (value as { data?: unknown } | null | undefined)?.data);
  const first = data.find((d) => d !== undefined);
  return first instanceof Float64Array || (first as { BYTES_PER_ELEMENT?: number } | undefined)?.BYTES_PER_ELEMENT === 8
    ? "float64"
    : "float32";
}

/** A number stands for an array `[1]`, where a Pm(1) is expected. */
function asArray(argument: Argument, value: unknown, dtype: Dtype): RealArray {
  if (typeof value !== "number") return value as RealArray;
  if (argument.category === Category.P && argument.dim === 1) return wrap(allocate(dtype, 1).fill(value), [1]);
  const expected =
    argument.category === Category.P ? `an array [${argument.dim}]` : `an array ${expectedShape(argument)}`;
  throw new ArgumentError(`${label(argument)}: expected ${expected}, got ${described(value)}`);
}

const EXTENTS = ["M", "N"] as const;

/** The shape an argument must have; the extent is a number once an earlier argument has fixed it. */
function expectedShape({ category, dim }: Argument, extent?: number, fixedBy?: Argument): string {
  const rows = extent ?? EXTENTS[category as Category.I | Category.J];
  return `[${rows}, ${dim}]${fixedBy ? ` as ${label(fixedBy)} has ${extent} rows` : ""}`;
}

function wrongShape(argument: Argument, expected: string, got: readonly number[]): ArgumentError {
  return new ArgumentError(`${label(argument)}: expected shape ${expected}, got ${shapeText(got)}`);
}

function mixedDtypes(first: Argument, dtype: Dtype, argument: Argument, array: RealArray): ArgumentError {
  return new ArgumentError(
    `${label(argument)}: expected ${dtype} as ${label(first)} has, got ${dtypeOf(array)}: convert it with astype(x, "${dtype}")`,
  );
}
