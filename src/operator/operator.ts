/**
 * Operator: formulas with their arguments and a reduction, over ndarrays; what every door is made of. It checks arrays, finds the
 * routine, and leaves a record on the tape. Gradients are again formulas reduced over i or j, so operators compute them, to any
 * order. Must not know texts.
 */
import { arraysOf, checkArguments, copied } from "./arguments";
import type { Extents, Given } from "./arguments";
import { recorder, recording } from "../array/record";
import { allocate, contiguous, hosted, sizeOf } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import { axesOf, summedTo } from "./batch";
import { howOf, placedHow } from "./call";
import type { CallOptions, How } from "./call";
import { visitedPairs } from "../engine/backend";
import type { Call, Routine } from "../engine/backend";
import type { Real } from "../engine/native";
import { routineFor } from "../engine/routine";
import { Choosers } from "./choosers";
import type { Settings } from "./choosers";
import { ArgumentError } from "../errors";
import { extraArgument, label } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import { Category, asVariable, print } from "../formula/formula";
import type { Formula } from "../formula/formula";
import { isZero } from "../formula/ops";
import { reductionNamed, withIndices } from "../formula/reductions";
import type { Extent, SumGradient } from "../formula/reductions";
import { Pairs } from "./pairs";
import type { Tell } from "./progress";
import { fill, fillEmpty, indexTargetOf, restsOf, targetOf } from "./result";
import type { IndexArray, Result } from "./result";
import { Work, runSync, settled } from "../task";
import type { Task } from "../task";

/** A value that gradients take as an argument: of the call, of another reduction, or the rest of the value before it. */
interface SavedValue {
  readonly argument: Argument;
  readonly from: "result" | "rest" | Operator;
}

/** Formulas with their arguments and a reduction: what Genred, KernelSolve and gradients call. */
export class Operator {
  private readonly choosers: Choosers;
  private readonly gradients = new Map<number, Operator | null>();
  private savedValues: readonly SavedValue[] | undefined;
  private recorded: Operator | null | undefined;
  private readonly extent: Extent;
  private readonly evaluated: readonly Formula[];

  /** @param formulas the formula, and the weights if the reduction has some. */
  constructor(
    readonly formulas: readonly Formula[],
    readonly args: readonly Argument[],
    readonly settings: Settings,
  ) {
    this.evaluated = settings.reduction.evaluated(formulas);
    this.choosers = new Choosers(this.evaluated, args, settings);
    this.extent = { dims: this.evaluated.map(({ dim }) => dim), k: settings.k };
  }

  toString(): string {
    const { reduction, rows } = this.settings;
    const texts = this.formulas.map((formula) => print(formula, (v) => this.nameOf(v)));
    return `${reduction.name} over ${rows === Category.I ? "j" : "i"} of ${texts.join(" with weights ")}`;
  }

  private nameOf(variable: Formula): string {
    const { position } = asVariable(variable);
    return this.args[position]?.name ?? String(variable);
  }

  // ---- calls

  /** @throws ArgumentError for a wrong count. */
  arrays(given: readonly unknown[]): RealArray[] {
    return arraysOf(this.args, given);
  }

  /** @throws ArgumentError unless the arrays fit. */
  check(arrays: readonly RealArray[], unseen?: Extents): Given {
    return checkArguments(this.args, arrays, unseen);
  }

  /** Rows (kept) and columns (reduced over) of one entry of a call. */
  sizes({ extents }: Given): { rows: number; columns: number } {
    const { rows } = this.settings;
    return { rows: extents[rows], columns: extents[1 - rows]! };
  }

  /** How many pairs a call visits in one entry. */
  pairs(given: Given, { ranges }: How): number {
    return visitedPairs({ ...this.sizes(given), ranges: ranges?.[this.settings.rows] });
  }

  /** Computes and records. @throws ArgumentError, CompileError, DeviceError, InterruptedError. */
  call(arrays: readonly RealArray[], options: CallOptions = {}): Result {
    const given = this.check(arrays);
    return runSync(this.run(given, given, howOf(options, given.extents), options.out));
  }

  /** The same as a task that may wait: from its first step on, the arrays may change. */
  *calling(arrays: readonly RealArray[], options: CallOptions, tell?: Tell): Task<Result> {
    const given = this.check(arrays);
    const { rows, columns } = this.sizes(given);
    // With ranges they are counted later, for what they name is checked later.
    tell?.({ doing: "reduction", ...(!options.ranges && { pairs: sizeOf(given.batch) * rows * columns }) });
    return yield* this.run(given, copied(given), howOf(options, given.extents), options.out);
  }

  /** The numbers of a call, where the reduction gives numbers. */
  values(arrays: readonly RealArray[], how: How = {}): RealArray {
    return this.results(arrays, how).values!;
  }

  private results(arrays: readonly RealArray[], how: How): Result {
    const given = this.check(arrays);
    return runSync(this.run(given, given, how));
  }

  /** @param read what is computed with: `given`, or a copy of it. */
  private *run(given: Given, read: Given, how: How, out?: CallOptions["out"]): Task<Result> {
    const recorded = this.recordedAs();
    if (recorded && recording(given.arrays)) return { ...(yield* recorded.run(given, read, how, out)), indices: null };
    const [numbers, places] = [
      this.settings.reduction.values(this.extent),
      this.settings.reduction.indices(this.extent),
    ];
    const values = numbers > 0 ? targetOf(given, this.shape(given, numbers), out, this.args) : null;
    const indices = places > 0 ? indexTargetOf(given, this.shape(given, places)) : null;
    const data =
      values && (given === read || !out)
        ? contiguous(values)
        : allocate(given.dtype, values ? sizeOf(values.shape) : 0);
    const record = recording(given.arrays) ? this.recorder(given, how) : undefined;
    yield* settled(this.work(read, data, how, indices?.data));
    if (values) fill(values, data);
    return { values: values && record ? record(values, indices) : values, indices };
  }

  /** The routine on checked arrays, `[...batch, rows, dim]` into `out` and `indices`; leaves no record. */
  work(given: Given, out: Real, how: How, indices?: Int32Array): Work<void> {
    const { rows, columns } = this.sizes(given);
    const placed = placedHow(given.arrays, how);
    const routine = routineFor(this.choosers.of(given.dtype, placed), this.load(given, how), how.begun);
    this.checkK(columns);
    if (columns === 0) fillEmpty(this.settings.reduction, out, indices);
    if (columns === 0 || sizeOf(given.batch) * rows === 0) return Work.NOTHING;
    const call: Call = {
      args: given.arrays.map(contiguous),
      out,
      ...(indices && { indices }),
      rows,
      columns,
      batch: axesOf(this.args, given.arrays, given.batch, rows * this.dim),
      ranges: how.ranges?.[this.settings.rows],
      device: placed.device,
      kept: how.kept,
    };
    return new Work(
      () => {
        routine.reduce(call);
      },
      (control) => routine.reduceAsync({ ...call, control }),
    );
  }

  /** What a call computes, as a number of pairs. */
  private load(given: Given, { repeats = 1 }: How): number {
    const { rows, columns } = this.sizes(given);
    return sizeOf(given.batch) * Math.ceil(rows / LANES_ABOUT) * LANES_ABOUT * columns * repeats;
  }

  private checkK(columns: number): void {
    const { reduction, k } = this.settings;
    if (reduction.takesK && k > columns && columns > 0)
      throw new ArgumentError(`optArg: expected a K of at most ${columns}, the number of columns, got ${k}`);
  }

  /** What would compute a call on these arrays, or a small one; nothing is counted or compiled. @throws DeviceError as a call. */
  preview(of: Given | Dtype, how: How): Routine {
    if (typeof of === "string") return this.choosers.of(of, how).preview(0);
    return this.choosers.of(of.dtype, placedHow(of.arrays, how)).preview(this.load(of, how));
  }

  // ---- results

  /** `[...batch, rows, size]`; the K best of a dim above 1 are `[...batch, rows, K, dim]`. */
  private shape(given: Given, size: number): readonly number[] {
    const { reduction, k } = this.settings;
    const { rows } = this.sizes(given);
    const dim = this.extent.dims[0]!;
    return [...given.batch, rows, ...(reduction.takesK && dim > 1 ? [k, dim] : [size])];
  }

  // ---- derivatives

  /** Takes the arguments down as they are now, and returns what records the result. */
  private recorder(given: Given, how: How): (values: RealArray, indices: IndexArray | null) => RealArray {
    const { gradient } = this.settings.reduction;
    const readsOutput = gradient.kind === "sum" && gradient.saved(this.formulas).includes("result");
    const recorded = recorder(given.arrays, { where: "Genred", names: this.args.map(label), readsOutput });
    return (values, indices) =>
      recorded(values, (cotangent, wanted) => {
        if (gradient.kind === "none") return wanted.map(() => null);
        return gradient.kind === "sum"
          ? this.pullback(given.arrays, cotangent, wanted, how, { values, indices })
          : this.routedPullback(given, hosted(indices!.data), cotangent, wanted, how);
      });
  }

  /**
   * One gradient per argument that is wanted, as calls of this same door; null where it is zero.
   * @param result of the call, where the reduction needs it for its gradient.
   */
  pullback(
    arrays: readonly RealArray[],
    cotangent: RealArray,
    wanted: readonly boolean[],
    how: How,
    result?: Result,
  ): (RealArray | null)[] {
    const saved: RealArray[] = [];
    let last = result;
    for (const { from } of this.saved()) {
      if (typeof from !== "string") last = from.results([...arrays, ...saved], how);
      saved.push(from === "rest" ? restsOf(last!) : last!.values!);
    }
    return this.args.map((argument, n) => {
      const operator = wanted[n] ? this.gradient(n) : null;
      if (!operator) return null;
      return summedTo(operator.values([...arrays, ...saved, cotangent], how), argument, arrays[n]!.shape);
    });
  }

  /** What gradients need of the forward pass, each computed from the arguments and those before it. */
  private saved(): readonly SavedValue[] {
    return (this.savedValues ??= this.makeSaved());
  }

  private makeSaved(): SavedValue[] {
    const { reduction, rows } = this.settings;
    const made: SavedValue[] = [];
    const save = (from: SavedValue["from"], dim: number): unknown =>
      made.push({ argument: extraArgument(this.args.length + made.length, dim, rows), from });
    for (const wanted of (reduction.gradient as SumGradient).saved(this.formulas)) {
      if (typeof wanted === "string") {
        save(wanted, this.dim);
        continue;
      }
      const args = [...this.args, ...made.map(({ argument }) => argument)];
      const formulas = wanted.formulas(made.map(({ argument }) => argument.variable));
      const operator = new Operator(formulas, args, { ...this.settings, reduction: wanted.reduction });
      save(operator, operator.dim);
      if (wanted.reduction.tellsRest) save("rest", operator.dim);
    }
    return made;
  }

  private get dim(): number {
    return this.settings.reduction.values(this.extent);
  }

  /** The gradient by argument n: saved values and the cotangent are new last arguments of the category of the result. */
  private gradient(n: number): Operator | null {
    let found = this.gradients.get(n);
    if (found === undefined) this.gradients.set(n, (found = this.makeGradient(n)));
    return found;
  }

  private makeGradient(n: number): Operator | null {
    const { reduction, rows } = this.settings;
    const saved = this.saved().map(({ argument }) => argument);
    const cotangent = extraArgument(this.args.length + saved.length, this.dim, rows);
    const by = this.args[n]!;
    const gradient = (reduction.gradient as SumGradient).formula({
      formulas: this.formulas,
      by: by.variable,
      cotangent: cotangent.variable,
      saved: saved.map(({ variable }) => variable),
    });
    if (isZero(gradient)) return null;
    const kept = by.category === Category.P ? rows : by.category;
    return new Operator([gradient], [...this.args, ...saved, cotangent], {
      ...this.settings,
      reduction: PLAIN_SUM.reduction,
      k: 1,
      rows: kept,
    });
  }

  // ---- derivatives of the best: at the pairs that the indices name, the result is the formula itself

  /** What is computed instead where a record is kept: routed gradients go where the indices point, others need more than the result. */
  private recordedAs(): Operator | null {
    if (this.recorded !== undefined) return this.recorded;
    const { reduction } = this.settings;
    const isRouted = reduction.gradient.kind === "routed" && reduction.indices(this.extent) === 0;
    const other = isRouted ? withIndices(reduction) : reduction.recordedAs;
    return (this.recorded = other
      ? new Operator(this.formulas, this.args, { ...this.settings, reduction: other })
      : null);
  }

  private routedPullback(
    given: Given,
    columns: Int32Array,
    cotangent: RealArray,
    wanted: readonly boolean[],
    { backend, device, compile }: How,
  ): (RealArray | null)[] {
    const { reduction, rows: kept } = this.settings;
    const { rows } = this.sizes(given);
    const choice = { ...given, rows, columns, perRow: reduction.indices(this.extent) };
    const pairs = new Pairs(this.formulas, this.args, kept, choice);
    const onPairs = new Operator(pairs.formulas, pairs.args, PLAIN_SUM);
    const routed = pairs.cotangent(cotangent, this.extent.dims[0]!);
    const gradients = onPairs.pullback(pairs.arrays, routed, wanted, { backend, device, compile });
    return gradients.map((gradient, n) => gradient && pairs.scattered(gradient, n));
  }
}

/** Rows that are computed together, so that fewer take as long. */
const LANES_ABOUT = 16;

/** Sums over j in the default way. */
export const PLAIN_SUM: Settings = {
  reduction: reductionNamed("Sum"),
  k: 1,
  rows: Category.I,
  sumScheme: "block",
  accumulator: "auto",
};
