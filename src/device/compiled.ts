/**
 * The device `cpu`, which compiles the C++ file of a specification, in several shapes: which one runs a call depends on its
 * sizes, and on which data are the same. Browsers have src/browser/nocompiler.ts in its place.
 */
import { program, whyTooLarge } from "../codegen/cpp";
import type { Program, Shape } from "../codegen/cpp";
import type { InstructionSetName } from "../codegen/isa";
import { whyNoTexts } from "../codegen/prelude";
import type { Specification } from "../codegen/specification";
import { symmetricProgram } from "../codegen/symmetric";
import { Category } from "../formula/formula";
import type { Variable } from "../formula/formula";
import type { Addon, NativeRoutine } from "./addon";
import { entriesOf } from "./addoncall";
import type { RealData } from "./addoncall";
import { compileInBackground, compiledBefore, loadCompiled } from "./compiler";
import type { Call, Device } from "./device";
import { AddonRoutine, visitedColumns, undivided } from "./host";
import type { Costs, Runnable } from "./host";
import { attended, instructionSet, whyNoCompiledRoutines } from "./native";
import { whyNoCompiler } from "./toolchain";

export const cpu: Omit<Device<"cpu">, "routine"> & { routine(specification: Specification): CompiledRoutine } = {
  name: "cpu",
  about: "a C++ compiler makes machine code of each formula",
  whyNot: () => whyNoCompiledRoutines() ?? whyNoTexts() ?? whyNoCompiler(),
  whyNotFormula: whyTooLarge,
  routine: (specification) => new CompiledRoutine(specification),
  code: (specification) => (whyNoTexts() === null ? program(specification, instructionSet(), "many").code : undefined),
  memories: null,
};

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
    const call = undivided(given);
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
function mayBeSymmetric({ rows, columns, batch = [], ranges, indices, partOf }: Call): boolean {
  return !partOf && rows === columns && rows >= LEAST_POINTS && batch.length === 0 && !ranges && !indices;
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
