/**
 * The device `tiles`, which runs a specification as a program of the addon's precompiled kernels, and what it shares with
 * compiled routines (compiled.ts): each call is cut into units of work for the addon's threads. How it is cut depends on
 * sizes alone, so results do not depend on the number of threads.
 */
import type { Program } from "../codegen/cpp";
import { lanesOfVector } from "../codegen/isa";
import type { InstructionSetName } from "../codegen/isa";
import { BLOCK, columnBytes } from "../codegen/specification";
import type { Specification } from "../codegen/specification";
import { tileProgram, whyNoProgram } from "../codegen/tileprogram";
import { tileText } from "../codegen/tiletext";
import type { Addon, NativeRoutine } from "./addon";
import { entriesOf, rectangleSizes, sizesOf, tablesOf, visitedPairs } from "./addoncall";
import type { Plan, RealData, Tables } from "./addoncall";
import type { Call, Device, RectangleCall, Routine } from "./device";
import { instructionSet, loadedAddon, nativeAddon, whyNoAddon } from "./native";

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
export interface Runnable {
  readonly costs: Costs;
  readonly handle: NativeRoutine;
  /** For each argument of the routine, the argument of the call that it is; the same ones if absent. */
  readonly takes?: readonly number[] | undefined;
}
export type Costs = Pick<Program, "grain" | "instructions" | "columnBytes">;

/** A routine of the addon, which may be another one for calls of another shape. */
export abstract class AddonRoutine implements Routine {
  abstract readonly backend: string;
  protected readonly addon: Addon = loadedAddon();
  protected readonly isa: InstructionSetName = instructionSet();
  private last: FlatPlan | undefined;

  reduce(call: Call): void {
    const { args, out, control, indices, span } = call;
    const { costs, handle, takes } = this.chooseShape(call);
    if (span) {
      this.addon.reduceSpan(handle, args, out, indices, sizesOf(planOfPart(call, costs)), endsOf(span), span.state);
      return;
    }
    const { sizes, tables } = this.planned(call, costs);
    this.addon.reduce(handle, choose(args, takes), out, indices, sizes, tables, control);
  }

  reduceAsync(call: Call): Promise<void> {
    const { args, out, control, indices, span } = call;
    const { costs, handle, takes } = this.chooseShape(call);
    if (span) {
      const sizes = sizesOf(planOfPart(call, costs));
      return this.addon.later.reduceSpan(handle, args, out, indices, sizes, endsOf(span), span.state, control);
    }
    const { sizes, tables } = this.planned(call, costs);
    return this.addon.later.reduce(handle, choose(args, takes), out, indices, sizes, tables, control);
  }

  spans(call: Call): { ends: readonly number[]; stateBytes: number } | null {
    const { costs, handle } = this.chooseShape(call);
    const [stateBytes, ...ends] = this.addon.spans?.(handle, sizesOf(planOfPart(call, costs))) ?? [];
    return stateBytes === undefined ? null : { ends, stateBytes };
  }

  block(call: RectangleCall): void {
    this.addon.block(this.usualShape().handle, call.args, call.out, rectangleSizes(call));
  }

  /** The plan of the call before serves those of the same sizes. */
  private planned(call: Call, costs: Costs): FlatPlan {
    if (call.partOf) return flatten(planOfPart(call, costs), costs);
    const { last } = this;
    if (last?.costs === costs && isOfSizes(last.plan, call)) return last;
    return (this.last = flatten(planOf(call, costs), costs));
  }

  /** What runs calls of many rows, and blocks. */
  protected abstract usualShape(): Runnable;

  protected chooseShape(_: Call): Runnable {
    return this.usualShape();
  }
}

const endsOf = ({ first, end }: NonNullable<Call["span"]>): Float64Array => Float64Array.of(first, end);

function choose(args: readonly RealData[], takes: readonly number[] | undefined): readonly RealData[] {
  return takes ? takes.map((n) => args[n]!) : args;
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
    const { code, constants, cost, columns } = tileProgram(specification, kernels, this.addon.constants);
    this.plan = `${this.isa}, tiles of ${kernels.lanes} rows x ${columns} columns`;
    this.loaded = {
      costs: {
        grain: kernels.lanes,
        instructions: (rows, columns) => Math.ceil(rows / kernels.lanes) * columns * (cost + 1),
        columnBytes: columnBytes(specification),
      },
      handle: this.addon.loadTiles(this.isa, realBytes, code, constants),
    };
  }

  protected usualShape(): Runnable {
    return this.loaded;
  }
}

// ---------------------------------------------------------------------------------------------------------- plans

/** A plan with what it was made for, and as the addon takes it. */
interface FlatPlan {
  readonly plan: Plan;
  readonly costs: Costs;
  readonly sizes: Float64Array;
  readonly tables: Tables | undefined;
}

const flatten = (plan: Plan, costs: Costs): FlatPlan => ({
  plan,
  costs,
  sizes: sizesOf(plan),
  tables: tablesOf(plan),
});

/** A unit of work is about 4 to 40 µs, at 2 vector instructions per cycle: as long as leaves units for many threads. */
const LEAST_UNIT = 30_000;
const LARGEST_UNIT = 300_000;
const MANY_UNITS = 128;
/** Row blocks below which columns are cut into parts as well, so that all cores have work. */
const FEW_BLOCKS = 32;
const LEAST_PART = 16 * BLOCK;

/** Bytes of columns that the cache of a core does not keep from one tile of rows to the next. */
const CACHE_BYTES = 1 << 20;
const TILES_TOGETHER = 8;

/**
 * Tiles of rows of a unit at least. Those of a unit read each span of columns one after the other, so that where columns
 * do not stay in the cache they come from the memory once for all; as many tiles as leave units for many threads.
 */
function tilesTogether({ columns, ranges }: Call, blocks: number, columnBytes: number): number {
  if (ranges !== undefined || columns * columnBytes <= CACHE_BYTES) return 1;
  const parts = Math.max(1, Math.floor(columns / LEAST_PART));
  return Math.max(1, Math.min(TILES_TOGETHER, Math.floor((blocks * parts) / (2 * FEW_BLOCKS))));
}

/** How a call is cut into units of work. */
export function planOf(call: Call, { grain, instructions, columnBytes }: Costs): Plan {
  const { rows, columns, batch, ranges } = call;
  const entries = batch === undefined ? 1 : entriesOf(call);
  const perTile = Math.max(1, instructions(Math.min(rows, grain), visitedColumns(call)));
  const tiles = Math.ceil(rows / grain);
  const together = tilesTogether(call, entries * tiles, columnBytes);
  const blocks = Math.ceil(tiles / together);
  const total = Math.max(1, entries * tiles * perTile);
  const unit = Math.min(LARGEST_UNIT, Math.max(LEAST_UNIT, total / MANY_UNITS));
  const blockRows = grain * Math.max(together, Math.floor(unit / perTile));
  const parts = entries * blocks >= FEW_BLOCKS ? 1 : Math.ceil((2 * FEW_BLOCKS) / Math.max(1, entries * blocks));
  const part = Math.max(LEAST_PART, Math.ceil(columns / parts / BLOCK) * BLOCK);
  // Small entries and short row intervals make units smaller than one would like, so that a task takes several.
  const units = entries * (Math.ceil(rows / blockRows) + (ranges?.slices.length ?? 0));
  const unitsPerTask = Math.max(1, Math.floor((unit * units) / total));
  return { rows, columns, blockRows, chunkColumns: part, unitsPerTask, batch, ranges };
}

/** The call that these rows are a part of. */
export const undivided = (call: Call): Call => (call.partOf ? { ...call, ...call.partOf } : call);

function planOfPart(call: Call, costs: Costs): Plan {
  const { rows, ranges } = call;
  return { ...planOf(undivided(call), costs), rows, ranges };
}

/** Whether a plan is for these rows and columns, and nothing else decides: ranges may have changed in place. */
function isOfSizes(plan: Plan, { rows, columns, batch, ranges }: Call): boolean {
  const areAlone = ranges === undefined && batch === undefined && plan.ranges === undefined && plan.batch === undefined;
  return areAlone && plan.rows === rows && plan.columns === columns;
}

/** Columns that a row visits, on average. */
export const visitedColumns = (call: Call): number =>
  call.ranges === undefined || call.rows === 0 ? call.columns : visitedPairs(call) / call.rows;
