/**
 * The devices of the processor: `cpu` compiles the C++ file of a specification, `tiles` runs it as a program of
 * precompiled kernels. Both cut each call into units of work for the addon's threads. How a call is cut depends on
 * sizes alone, so results do not depend on the number of threads.
 */
import { program, whyTooLarge } from "../codegen/cpp";
import type { Program, Shape } from "../codegen/cpp";
import { lanesOfVector } from "../codegen/isa";
import type { InstructionSetName } from "../codegen/isa";
import { BLOCK } from "../codegen/specification";
import type { Specification } from "../codegen/specification";
import { symmetricProgram } from "../codegen/symmetric";
import { tileProgram, whyNoProgram } from "../codegen/tileprogram";
import { tileText } from "../codegen/tiletext";
import { Category } from "../formula/formula";
import type { Variable } from "../formula/formula";
import type { Addon, NativeRoutine } from "./addon";
import { entriesOf, rectangleSizes, sizesOf, tablesOf, visitedPairs } from "./addoncall";
import type { Plan, RealData } from "./addoncall";
import { compileInBackground, compiledBefore, loadCompiled } from "./compiler";
import type { Call, Device, RectangleCall, Routine } from "./device";
import { attended, instructionSet, loadedAddon, nativeAddon, whyNoAddon, whyNoCompiledRoutines } from "./native";
import { whyNoCompiler } from "./toolchain";

export const cpu: Omit<Device<"cpu">, "routine"> & { routine(specification: Specification): CompiledRoutine } = {
  name: "cpu",
  about: "a C++ compiler makes machine code of each formula",
  whyNot: () => whyNoCompiledRoutines() ?? whyNoCompiler(),
  whyNotFormula: whyTooLarge,
  routine: (specification) => new CompiledRoutine(specification),
  code: (specification) => program(specification, instructionSet(), "many").code,
  memories: null,
};

export const tiles: Device<"tiles"> = {
  name: "tiles",
  about: "formulas are interpreted, on vectors of numbers at a time",
  whyNot: whyNoAddon,
  whyNotFormula: ({ formulas }) => whyNoProgram(formulas, kernelNames()),
  routine: (specification) => new TileRoutine(specification),
  code: (specification) =>
    tileText(specification, lanesOfVector(instructionSet(), specification.dtype === "float64" ? 8 : 4)),
  memories: null,
};

let names: ReadonlySet<string> | undefined;

/** Names of the kernels of all instruction sets and dtypes; undefined without the addon. */
function kernelNames(): ReadonlySet<string> | undefined {
  const addon = nativeAddon();
  return addon ? (names ??= new Set(addon.tiles(instructionSet(), 8).kernels)) : undefined;
}

/** The program of a specification as a routine of the addon, for what the addon itself evaluates. */
export const evaluatorOf = (specification: Specification): NativeRoutine => new TileRoutine(specification).handle;

/** What the addon runs, and what the planner must know of it. */
interface Runnable {
  readonly costs: Costs;
  readonly handle: NativeRoutine;
  /** For each argument of the routine, the argument of the call that it is; the same ones if absent. */
  readonly takes?: readonly number[] | undefined;
}
type Costs = Pick<Program, "grain" | "instructions">;

/** A routine of the addon, which may be another one for calls of another shape. */
abstract class AddonRoutine implements Routine {
  abstract readonly backend: string;
  protected readonly addon: Addon = loadedAddon();
  protected readonly isa: InstructionSetName = instructionSet();
  private last: { readonly plan: Plan; readonly costs: Costs } | undefined;

  reduce(call: Call): void {
    const { args, out, control, indices } = call;
    const { costs, handle, takes } = this.chooseShape(call);
    const plan = this.planned(call, costs);
    this.addon.reduce(handle, choose(args, takes), out, indices, sizesOf(plan), tablesOf(plan), control);
  }

  reduceAsync(call: Call): Promise<void> {
    const { args, out, control, indices } = call;
    const { costs, handle, takes } = this.chooseShape(call);
    const plan = this.planned(call, costs);
    return this.addon.later.reduce(handle, choose(args, takes), out, indices, sizesOf(plan), tablesOf(plan), control);
  }

  block(call: RectangleCall): void {
    this.addon.block(this.usualShape().handle, call.args, call.out, rectangleSizes(call));
  }

  /** The plan of the call before serves those of the same sizes. */
  private planned(call: Call, costs: Costs): Plan {
    if (call.whole) return planOfPart(call, costs);
    const { last } = this;
    if (last?.costs === costs && isOfSizes(last.plan, call)) return last.plan;
    const plan = planOf(call, costs);
    this.last = { plan, costs };
    return plan;
  }

  /** What runs calls of many rows, and blocks. */
  protected abstract usualShape(): Runnable;

  protected chooseShape(_: Call): Runnable {
    return this.usualShape();
  }
}

function choose(args: readonly RealData[], takes: readonly number[] | undefined): readonly RealData[] {
  return takes ? takes.map((n) => args[n]!) : args;
}

/** Compiled for the formula, when it is first called or before. */
export class CompiledRoutine extends AddonRoutine {
  readonly backend = "cpu";
  private readonly shapes = new Map<Shape, Compiled>();
  /** By which arguments have the same numbers. */
  private readonly symmetric = new Map<string, Compiled | null>();

  constructor(private readonly specification: Specification) {
    super();
  }

  get plan(): string {
    return `${this.isa}, ${this.usualShape().costs.tiles}`;
  }
  private get source(): string {
    return this.usualShape().costs.source;
  }

  /** Whether it was compiled before, by this process or another. */
  isCompiled(): boolean {
    return compiledBefore(this.source, this.isa) !== undefined;
  }

  /** @throws CompileError; DeviceError where there is no compiler or no place to write. */
  compile(): void {
    this.usualShape().load();
  }

  /** Rejects with CompileError, or with DeviceError where there is no compiler or no place to write. */
  compileInBackground(): Promise<void> {
    return compileInBackground(this.source, this.isa);
  }

  protected usualShape(): Compiled {
    return this.shape("many");
  }

  /** By sizes and by which data are the same, so that the same call always gives the same bits. */
  protected override chooseShape(given: Call): Compiled {
    const call = wholeOf(given);
    const usual = this.usualShape();
    let [best, most] = [usual, LEAST_GAIN];
    for (const found of this.othersFor(call)) {
      const saved = gain(call, usual.costs, found.costs);
      if (saved > most) [best, most] = [found, saved];
    }
    return best;
  }

  private othersFor(call: Call): readonly Compiled[] {
    if (heightOf(call) < 1.5 * this.usualShape().costs.grain) return [this.shape("narrow"), this.shape("few")];
    const symmetric = this.symmetricFor(call);
    return symmetric ? [symmetric] : [];
  }

  /** What evaluates each pair once, where rows and columns read the same data. */
  private symmetricFor(call: Call): Compiled | null {
    const same = mayBeSymmetric(call) ? sameData(call.args, this.specification.variables) : null;
    if (same === null) return null;
    const key = same.join();
    let found = this.symmetric.get(key);
    if (found === undefined) {
      if (this.symmetric.size === MOST_PAIRINGS) return null;
      const made = symmetricProgram(this.specification, same, this.isa);
      this.symmetric.set(key, (found = made && new Compiled(this.addon, made, this.isa, made.takes)));
    }
    return found;
  }

  private shape(shape: Shape): Compiled {
    let found = this.shapes.get(shape);
    if (!found) {
      found = new Compiled(this.addon, program(this.specification, this.isa, shape), this.isa);
      this.shapes.set(shape, found);
    }
    return found;
  }
}

/** A program of the addon's precompiled kernels. */
class TileRoutine extends AddonRoutine {
  readonly backend = "tiles";
  readonly plan: string;
  private readonly loaded: Runnable;

  get handle(): NativeRoutine {
    return this.loaded.handle;
  }

  constructor(specification: Specification) {
    super();
    const realBytes = specification.dtype === "float32" ? 4 : 8;
    const kernels = this.addon.tiles(this.isa, realBytes);
    const { code, constants, cost, columns } = tileProgram(specification, kernels, this.addon.constants.kinds);
    this.plan = `${this.isa}, tiles of ${kernels.lanes} rows x ${columns} columns`;
    this.loaded = {
      costs: {
        grain: kernels.lanes,
        instructions: (rows, columns) => Math.ceil(rows / kernels.lanes) * columns * (cost + 1),
      },
      handle: this.addon.loadTiles(this.isa, realBytes, code, constants),
    };
  }

  protected usualShape(): Runnable {
    return this.loaded;
  }
}

/** A program, compiled and loaded when it is first run. */
class Compiled implements Runnable {
  private loaded: NativeRoutine | undefined;

  constructor(
    private readonly addon: Addon,
    readonly costs: Program,
    private readonly isa: InstructionSetName,
    readonly takes?: readonly number[] | undefined,
  ) {}

  get handle(): NativeRoutine {
    return this.load();
  }

  load(): NativeRoutine {
    return (this.loaded ??= attended((watch) => {
      const loaded = loadCompiled((path) => this.addon.load(path), this.costs.source, this.isa);
      watch(); // what was compiled is kept for the next call
      return loaded;
    }));
  }
}

// --------------------------------------------------------------------------------------------------- shapes of calls

/**
 * Another shape is compiled only where a call gains so many vector instructions: some 10 µs, the overhead of two calls.
 */
const LEAST_GAIN = 1e5;

/** Fewer points gain less than what looking for the same data costs. */
const LEAST_POINTS = 512;

/** Arguments that are the same by chance, in a loop, must not keep the compiler busy. */
const MOST_PAIRINGS = 4;

/** Never for some rows of a call: whoever has others would evaluate the same pairs. */
function mayBeSymmetric({ rows, columns, batch = [], ranges, indices, whole }: Call): boolean {
  return !whole && rows === columns && rows >= LEAST_POINTS && batch.length === 0 && !ranges && !indices;
}

/**
 * For each argument of a call, the first one of its dim that has the same numbers, in the same memory or in other; null
 * where no argument of the rows has those of one of the columns.
 */
export function sameData(args: readonly RealData[], variables: readonly Variable[]): readonly number[] | null {
  const same = variables.map(({ category, dim }, n) =>
    category === Category.P
      ? n
      : variables.findIndex((v, m) => v.category !== Category.P && v.dim === dim && areSame(args[m]!, args[n]!)),
  );
  const isShared = same.some((first, n) => variables[first]!.category !== variables[n]!.category);
  return isShared ? same : null;
}

function areSame(a: RealData, b: RealData): boolean {
  if (a === b || a.length !== b.length) return a === b;
  if (a.buffer === b.buffer && a.byteOffset === b.byteOffset) return true;
  for (let n = 0; n < a.length; n++) if (a[n] !== b[n]) return false;
  return true;
}

/** Vector instructions that the call saves in another shape than the usual one. */
function gain(call: Call, usual: Costs, other: Costs): number {
  const [rows, columns] = [heightOf(call), visitedColumns(call)];
  const rectangles = (entriesOf(call) * call.rows) / Math.max(1, rows);
  return rectangles * (usual.instructions(rows, columns) - other.instructions(rows, columns));
}

/** Rows that visit the same columns, on average. */
function heightOf({ rows, ranges }: Call): number {
  return ranges ? Math.ceil(rows / Math.max(1, ranges.slices.length)) : rows;
}

// ---------------------------------------------------------------------------------------------------------- plans

/** A unit of work is about 4 to 40 µs, at 2 vector instructions per cycle: as long as leaves units for many threads. */
const LEAST_UNIT = 30_000;
const LARGEST_UNIT = 300_000;
const MANY_UNITS = 128;
/** Row blocks below which columns are cut into parts as well, so that all cores have work. */
const FEW_BLOCKS = 32;
const LEAST_PART = 16 * BLOCK;

function planOf(call: Call, { grain, instructions }: Costs): Plan {
  const { rows, columns, batch, ranges } = call;
  const entries = batch === undefined ? 1 : entriesOf(call);
  const perTile = Math.max(1, instructions(Math.min(rows, grain), visitedColumns(call)));
  const blocks = Math.ceil(rows / grain);
  const total = Math.max(1, entries * blocks * perTile);
  const unit = Math.min(LARGEST_UNIT, Math.max(LEAST_UNIT, total / MANY_UNITS));
  const blockRows = grain * Math.max(1, Math.floor(unit / perTile));
  const parts = entries * blocks >= FEW_BLOCKS ? 1 : Math.ceil((2 * FEW_BLOCKS) / Math.max(1, entries * blocks));
  const part = Math.max(LEAST_PART, Math.ceil(columns / parts / BLOCK) * BLOCK);
  // Small entries and short row intervals make units smaller than one would like, so that a task takes several.
  const units = entries * (Math.ceil(rows / blockRows) + (ranges?.slices.length ?? 0));
  const unitsPerTask = Math.max(1, Math.floor((unit * units) / total));
  return { rows, columns, blockRows, chunkColumns: part, unitsPerTask, batch, ranges };
}

/** The call that these rows are a part of. */
const wholeOf = (call: Call): Call => (call.whole ? { ...call, ...call.whole } : call);

function planOfPart(call: Call, costs: Costs): Plan {
  const { rows, ranges } = call;
  return { ...planOf(wholeOf(call), costs), rows, ranges };
}

/** Whether a plan is for these rows and columns, and nothing else decides: ranges may have changed in place. */
function isOfSizes(plan: Plan, { rows, columns, batch, ranges }: Call): boolean {
  const areAlone = ranges === undefined && batch === undefined && plan.ranges === undefined && plan.batch === undefined;
  return areAlone && plan.rows === rows && plan.columns === columns;
}

/** Columns that a row visits, on average. */
const visitedColumns = (call: Call): number =>
  call.ranges === undefined || call.rows === 0 ? call.columns : visitedPairs(call) / call.rows;
