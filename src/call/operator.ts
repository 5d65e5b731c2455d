/**
 * Operator: formulas with their arguments and a reduction, over ndarrays; what every door is made of. A call is
 * checked, finds the routine that computes it and the arrays that take its result, runs now or later, and leaves a
 * record on the tape. Must not know texts.
 */
import { recorder, recording } from "../array/record";
import type { RecordOptions } from "../array/record";
import { areShards } from "../array/shard";
import { allocate, contiguous, sizeOf } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import { followArrays, free, memoryOf } from "../device/memory";
import { chooser, compileBySize, preview, routineFor } from "../device/routine";
import type { Chooser, Preview } from "../device/routine";
import { visitedPairs } from "../device/addoncall";
import type { Call } from "../device/device";
import type { Specification } from "../codegen/specification";
import { changes } from "../device/native";
import type { RealData } from "../device/native";
import { asserted, at } from "../asserts";
import { ArgumentError } from "../errors";
import { label } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import { Category, asVariable, print } from "../formula/formula";
import type { Formula } from "../formula/formula";
import { extentOf } from "../formula/reductions";
import type { Extent, Reduction } from "../formula/reductions";
import { Work } from "../task";
import type { Task } from "../task";
import { Gradients } from "./gradient";
import { axesOf } from "./batches";
import { arraysOf, checkArguments, checkPlacement, copyArguments } from "./prepared";
import type { CallOptions, Extents, Given, How } from "./prepared";
import { refuseShards } from "./shards";
import { checkCall, checkShards, launchOnRanks, whoseResult } from "./shares";
import type { CheckedCall } from "./shares";
import {
  DIRECT,
  NOTHING,
  asItIs,
  compute,
  fill,
  fillEmpty,
  finished,
  indexTargetOf,
  launchCall,
  loadOf,
  otherOf,
  shapesOf,
  targetOf,
  valuesOf,
  withoutIndices,
  workspaceOf,
} from "./result";
import type { IndexArray, Launch, Ready, Reduce, Result, Settings, Shortcut } from "./result";
import type { Tell } from "./run";
import { launchTravelling } from "./turns";

/** Formulas with their arguments and a reduction: what Genred, KernelSolve and gradients call. */
export class Operator {
  /** What is reduced: the first of the formulas. */
  readonly formula: Formula;
  /** Numbers of a row of the result. */
  readonly dim: number;
  /** Indices of a row of the result. */
  private readonly places: number;
  private readonly evaluated: readonly Formula[];
  private readonly extent: Extent;
  private readonly recordOptions: RecordOptions;
  private readonly choosers = new Map<string, Chooser>();
  /** When these were made: `changes` of the instruction set. */
  private chosenAt = 0;
  private differentiated: Gradients | undefined;
  private recorded: Operator | null | undefined;

  /** @param formulas the formula, and the weights if the reduction has some. */
  constructor(
    readonly formulas: readonly Formula[],
    readonly args: readonly Argument[],
    readonly settings: Settings,
  ) {
    const { reduction, k } = settings;
    this.formula = at(formulas, 0);
    this.evaluated = reduction.evaluated(formulas);
    this.extent = extentOf(this.evaluated, k);
    [this.dim, this.places] = [reduction.values(this.extent), reduction.indices(this.extent)];
    const readsOutput = reduction.gradient.kind === "sum" && reduction.gradient.saved(formulas).includes("result");
    this.recordOptions = { where: settings.where ?? "Genred", nameOf: (k) => label(args[k]!), readsOutput };
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

  /** @throws ArgumentError unless the arrays fit, and for shards. */
  check(arrays: readonly RealArray[], unseen?: Extents): Given {
    if (areShards) refuseShards(this.args, arrays);
    return checkArguments(this.args, arrays, unseen);
  }

  /** Rows (kept) and columns (reduced over) of one entry of a call. */
  sizes({ extents }: Given): { rows: number; columns: number } {
    return { rows: extents[this.settings.rows], columns: extents[otherOf(this.settings.rows)] };
  }

  /** How many pairs a call visits in one entry. */
  pairs(given: Given, { ranges }: How): number {
    return visitedPairs({ ...this.sizes(given), ranges: ranges?.[this.settings.rows] });
  }

  /** Computes and records. @throws ArgumentError, CompileError, DeviceError, InterruptedError. */
  call(arrays: readonly RealArray[], options: CallOptions = {}): Result {
    const { given, how, finish } = this.checked(arrays, options);
    return finish(compute(this.prepare(given, given, how, options.out)));
  }

  /** What is computed with, how, and what callers get of the result where it is shared among ranks. */
  private checked(arrays: readonly RealArray[], options: CallOptions): CheckedCall {
    if (areShards) return checkCall(this.args, this.settings, arrays, options);
    const given = checkArguments(this.args, arrays);
    return { given, how: checkPlacement(options, given), finish: asItIs };
  }

  /** A call as a task that may wait: from its first step on, the arrays may change. */
  *calling(arrays: readonly RealArray[], options: CallOptions, tell?: Tell): Task<Result> {
    const { given, how, finish } = this.checked(arrays, options);
    const { rows, columns } = this.sizes(given);
    // With ranges they are counted later, for what they name is checked later.
    tell?.({ doing: "reduction", ...(!options.ranges && { pairs: sizeOf(given.batch) * rows * columns }) });
    const read = copyArguments(given);
    try {
      return finish(yield* finished(this.prepare(given, read, how, options.out)));
    } finally {
      for (const { data } of read.arrays) free(data);
    }
  }

  /** The numbers of a call, where the reduction gives numbers. */
  values(arrays: readonly RealArray[], how: How = {}): RealArray {
    return valuesOf(this.results(arrays, how));
  }

  results(arrays: readonly RealArray[], how: How): Result {
    const { given, how: own } = how.shards ? checkShards(this, arrays, how) : { given: this.check(arrays), how };
    return compute(this.prepare(given, given, own));
  }

  /** All decisions of a call. @param read what is computed with: `given`, or a copy of it. */
  private prepare(given: Given, read: Given, how: How, out?: CallOptions["out"]): Ready {
    const isRecorded = recording(given.arrays);
    const recorded = isRecorded ? this.recordedAs() : null;
    if (recorded) return withoutIndices(recorded.prepare(given, read, how, out));
    const shape = shapesOf(given, this.sizes(given).rows, this.settings, this.extent);
    const values = this.dim > 0 ? targetOf(given, shape(this.dim), out, this.args) : null;
    const indices = this.places > 0 ? indexTargetOf(given, shape(this.places)) : null;
    const data = values ? workspaceOf(values, given === read || !out) : allocate(given.dtype, 0);
    const record = isRecorded ? this.recorder(given, how) : undefined;
    const end = (): Result => {
      if (values) fill(values, data);
      return { values: values && record ? record(values, indices) : values, indices };
    };
    const place = followArrays(out ? [...given.arrays, out] : given.arrays, how);
    const launch = this.launch(read, data, place, indices?.data);
    const abandon = (): void => {
      if (values && data.buffer !== values.data.buffer) free(data);
      if (values && !out) free(values.data);
      if (indices) free(indices.data);
    };
    return { ...launch, end, abandon };
  }

  /** The routine on checked arrays, `[...batch, rows, dim]` into `out` and `indices`; leaves no record. */
  work(given: Given, out: RealData, how: How, indices?: Int32Array): Work<void> {
    const { now, later } = this.launch(given, out, how, indices);
    return new Work(now, later);
  }

  private launch(given: Given, out: RealData, how: How, indices: Int32Array | undefined): Launch {
    const call = { given, out, how, indices };
    if (how.ranks && given.batch.length === 0)
      return launchOnRanks(call, how.ranks, this, {
        some: (rows) => this.launch(rows.given, rows.out, rows.how, rows.indices),
        fewer: (all) => this.launchFewer(call, all),
      });
    return asksForLess(how, this.settings.reduction)
      ? this.launchFewer(call, () => this.launchAll(call))
      : this.launchAll(call);
  }

  /** For those that know how. */
  protected launchFewer(_call: Reduce, all: () => Launch): Launch {
    return all();
  }

  private launchAll({ given, out, how, indices }: Reduce): Launch {
    const { rows, columns } = this.sizes(given);
    const load = loadOf(given, how, { rows, columns });
    const routine = routineFor(this.chooser(given.dtype, how, load), load, how.begun);
    this.checkK(columns);
    if (columns === 0) fillEmpty(this.settings.reduction, out, indices);
    const travelling = how.shards?.[otherOf(this.settings.rows)];
    if (columns === 0 || (sizeOf(given.batch) * rows === 0 && !travelling)) return NOTHING;
    const call: Call = {
      args: given.arrays.map(contiguous),
      out,
      ...(indices && { indices }),
      rows,
      columns,
      batch: given.batch.length === 0 ? undefined : axesOf(this.args, given.arrays, given.batch, rows * this.dim),
      ranges: how.ranges?.[this.settings.rows],
      device: how.device,
      kept: how.kept,
      partOf: how.partOf,
    };
    if (travelling) return launchTravelling(routine, call, { of: this, arrays: given.arrays, columns: travelling });
    return launchCall(routine, call);
  }

  private checkK(columns: number): void {
    const { reduction, k } = this.settings;
    if (reduction.takesK && k > columns && columns > 0)
      throw new ArgumentError(`optArg: expected a K of at most ${columns}, the number of columns, got ${k}`);
  }

  /** How a call on these arrays would get its result; nothing of it is kept. */
  shortcut(_given: Given, _how: How): Shortcut {
    return DIRECT;
  }

  // ---- routines

  /**
   * What would compute a call on these arrays, or a small one; nothing is counted or compiled. @throws DeviceError for
   * arrays elsewhere.
   */
  preview(of: Given | Dtype, how: How): Preview {
    if (typeof of === "string") return preview(this.specification(of), how, 0);
    return preview(this.specification(of.dtype), followArrays(of.arrays, how), loadOf(of, how, this.sizes(of)));
  }

  /** @throws DeviceError for a backend that cannot run, ArgumentError for an accumulator that does not fit. */
  private chooser(dtype: Dtype, { backend, compile: wanted, partOf }: How, load: number): Chooser {
    const compile = partOf ? compileBySize(this.specification(dtype), { backend, compile: wanted }, load) : wanted;
    if (this.chosenAt !== changes) this.choosers.clear();
    this.chosenAt = changes;
    const key = `${dtype} ${backend} ${compile}`;
    let found = this.choosers.get(key);
    if (!found) this.choosers.set(key, (found = chooser(this.specification(dtype), { backend, compile })));
    return found;
  }

  private specification(dtype: Dtype): Specification {
    const { accumulator, where: _where, ...settings } = this.settings;
    if (accumulator === "float32" && dtype === "float64")
      throw new ArgumentError(`dtypeAcc: expected "float64" or "auto" for float64 arrays, got "float32"`);
    return {
      ...settings,
      formulas: this.evaluated,
      variables: this.args,
      dtype,
      accumulator: accumulator === "auto" ? dtype : accumulator,
    };
  }

  // ---- derivatives

  private get gradients(): Gradients {
    return (this.differentiated ??= new Gradients(this, (...made) => this.make(...made)));
  }

  /** Another operator that computes in the way of this one. */
  protected make(formulas: readonly Formula[], args: readonly Argument[], settings: Settings): Operator {
    return new Operator(formulas, args, settings);
  }

  /** One gradient per argument that is wanted, as calls of this same door; null where it is zero. */
  pullback(
    arrays: readonly RealArray[],
    cotangent: RealArray,
    wanted: readonly boolean[],
    how: How,
  ): (RealArray | null)[] {
    return this.gradients.pullback(arrays, cotangent, wanted, how);
  }

  /** Takes the arguments down as they are now, and returns what records the result. */
  private recorder(given: Given, how: How): (values: RealArray, indices: IndexArray | null) => RealArray {
    const { gradient } = this.settings.reduction;
    const recorded = recorder(given.arrays, { ...this.recordOptions, ...whoseResult(how, this.settings.rows) });
    return (values, indices) =>
      recorded(values, (cotangent, wanted) => {
        if (gradient.kind === "none") return wanted.map(() => null);
        if (gradient.kind === "sum")
          return this.gradients.pullback(given.arrays, cotangent, wanted, how, { values, indices });
        const { data } = asserted(indices, "indices");
        const columns = memoryOf(data).toHost(data);
        const choice = { ...given, rows: this.sizes(given).rows, columns, perRow: this.places };
        return this.gradients.routeToPairs(choice, this.extent.dims[0], cotangent, wanted, how);
      });
  }

  /**
   * What is computed instead where a record is kept: routed gradients go where the indices point, others need more than
   * the result.
   */
  private recordedAs(): Operator | null {
    if (this.recorded !== undefined) return this.recorded;
    const { recordedAs } = this.settings.reduction;
    return (this.recorded = recordedAs
      ? this.make(this.formulas, this.args, { ...this.settings, reduction: recordedAs })
      : null);
  }
}

/** Whether a call may do with fewer pairs than all; where columns travel, only sums with a tolerance may. */
const asksForLess = ({ tolerance = 0, prune, shards }: How, { keeps }: Reduction): boolean =>
  shards ? tolerance > 0 && !shards.includes(undefined) : tolerance > 0 || (prune !== "never" && keeps !== undefined);
