/**
 * The CPU backend: compiles the C++ file of a specification, loads it, and cuts each call into units of work for the addon's
 * threads. How a call is cut depends on sizes alone, so results do not depend on the number of threads.
 */
import { discard, sharedObject, whyNoCompiler } from "./compiler";
import { BLOCK, program, whyTooLarge } from "./cpp";
import type { Program, Shape } from "./cpp";
import { nativeAddon, whyNoAddon } from "./native";
import type { Addon, Isa, NativeRoutine, Plan } from "./native";
import { entriesOf } from "./backend";
import type { Backend, Call, RectangleCall, Routine, Specification } from "./backend";

export const cpu: Backend = {
  name: "cpu",
  whyNot: () => whyNoAddon() ?? whyNoCompiler(),
  whyNotFormula: whyTooLarge,
  routine: (specification) => new CpuRoutine(specification),
};

class CpuRoutine implements Routine {
  private readonly addon: Addon = nativeAddon()!;
  private readonly isa: Isa = chosenIsa(this.addon);
  private readonly shapes = new Map<Shape, Compiled>();

  constructor(private readonly specification: Specification) {}

  get source(): string {
    return this.shape("many").program.source;
  }

  reduce(call: Call): void {
    const { program, handle } = this.fitting(call);
    this.addon.reduce(handle, call.args, call.out, planOf(call, program), call.control, call.indices);
  }

  reduceAsync(call: Call): Promise<void> {
    const { args, out, control, indices } = call;
    const { program, handle } = this.fitting(call);
    return this.addon.reduceAsync(handle, args, out, planOf(call, program), control, indices);
  }

  block(call: RectangleCall): void {
    this.addon.block(this.shape("many").handle, call.args, call.out, call);
  }

  /** By sizes alone, so that the same call always gives the same bits. */
  private fitting(call: Call): Compiled {
    const usual = this.shape("many");
    let [best, most] = [usual, LEAST_GAIN];
    for (const shape of othersFor(call, usual.program)) {
      const found = this.shape(shape);
      const saved = gain(call, usual.program, found.program);
      if (saved > most) [best, most] = [found, saved];
    }
    return best;
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

/** A program, compiled and loaded when it is first run. */
class Compiled {
  private loaded: NativeRoutine | undefined;

  constructor(
    private readonly addon: Addon,
    readonly program: Program,
    private readonly isa: Isa,
  ) {}

  get handle(): NativeRoutine {
    return (this.loaded ??= loadCompiled(this.addon, this.program.source, this.isa));
  }
}

/** Compiles and loads; an object that cannot be loaded (a cache folder mounted noexec, say) is made anew elsewhere, once. */
function loadCompiled(addon: Addon, source: string, isa: Isa): NativeRoutine {
  const path = sharedObject(source, isa);
  try {
    return addon.load(path);
  } catch {
    discard(path);
    return addon.load(sharedObject(source, isa));
  }
}

const ISAS: readonly Isa[] = ["baseline", "avx2", "avx512"];

/** The machine's instruction set, or a narrower one that TSKEOPS_ISA names. */
function chosenIsa(addon: Addon): Isa {
  const best = addon.isa();
  const wanted = ISAS.indexOf(process.env["TSKEOPS_ISA"] as Isa);
  return wanted < 0 ? best : ISAS[Math.min(wanted, ISAS.indexOf(best))]!;
}

// --------------------------------------------------------------------------------------------------- shapes of calls

/** Another shape is compiled only where a call gains so many vector instructions: some 10 µs, the overhead of two calls. */
const LEAST_GAIN = 1e5;

/** Shapes other than the usual one, where rows are few. */
function othersFor(call: Call, { grain }: Program): readonly Shape[] {
  return heightOf(call) < 1.5 * grain ? ["narrow", "few"] : [];
}

/** Vector instructions that the call saves in another shape than the usual one. */
function gain(call: Call, usual: Program, other: Program): number {
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

function planOf(call: Call, program: Program): Plan {
  const { rows, columns, batch, ranges } = call;
  const { grain } = program;
  const entries = entriesOf(call);
  const perTile = Math.max(1, program.instructions(Math.min(rows, grain), visitedColumns(call)));
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

/** Columns that a row visits, on average. */
function visitedColumns({ rows, columns, ranges }: Call): number {
  if (!ranges || rows === 0) return columns;
  let pairs = 0;
  for (let k = 0, n = 0; k < ranges.slices.length; k++) {
    const height = ranges.rows[2 * k + 1]! - ranges.rows[2 * k]!;
    for (; n < ranges.slices[k]!; n++) pairs += height * (ranges.columns[2 * n + 1]! - ranges.columns[2 * n]!);
  }
  return pairs / rows;
}
