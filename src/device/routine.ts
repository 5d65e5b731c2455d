/**
 * Which routine computes a formula: that of the device that was named, or on the processor the one that costs least.
 * The tile evaluator runs a formula at once; compiling takes about 0.1 s and gains a quarter to a half of the time of
 * every later call. So what has been evaluated is counted, and each step is taken when it has cost as much as it gains.
 * Routines are kept, so that a formula is compiled once per process.
 */
import { asserted, at } from "../asserts";
import type { Specification } from "../codegen/specification";
import { DeviceError, InterruptedError } from "../errors";
import type { Formula } from "../formula/formula";
import { variable } from "../platform/process";
import { warnOnce } from "../warnings";
import { cpu } from "./compiled";
import type { Compile, Device, Routine } from "./device";
import { deviceNamed, unknownName } from "./devices";
import type { BackendName } from "./devices";
import { tiles } from "./host";
import { addonRemedy, instructionSet } from "./native";
import { reference } from "./reference";
import { reporting } from "./verbose";

/** Devices of the processor, best first; the last can always run. */
const ON_PROCESSOR: readonly Device[] = [cpu, tiles, reference];

/** Where a specification may run. */
export interface Choice {
  readonly backend?: BackendName | "auto" | undefined;
  readonly compile?: Compile | undefined;
}

/** What would compute calls of a formula. */
export interface Preview {
  readonly backend: BackendName;
  /** Why it cannot, in one sentence, or null. */
  readonly whyNot: string | null;
  /** Instruction set and tiles, in words; undefined where there are none. */
  readonly tiles: string | undefined;
  /** What the formula becomes there, written when it is read; undefined where nothing is written, or nothing can be. */
  readonly code: string | undefined;
}

/**
 * What would compute a call of so many pairs; a device that is named need not be there. @throws ArgumentError for an
 * unknown name.
 */
export function preview(specification: Specification, choice: Choice, pairs: number): Preview {
  const { backend = "auto" } = choice;
  const named = backend === "auto" ? null : deviceNamed(backend);
  const reason = named && whyNot(named, specification);
  if (named && reason !== null) {
    const canWrite = named.whyNotFormula(specification) === null;
    return {
      backend: named.name,
      whyNot: reason,
      tiles: undefined,
      get code() {
        return canWrite ? named.code(specification) : undefined;
      },
    };
  }
  const { backend: name, plan } = chooser(specification, choice).preview(pairs);
  const device = deviceNamed(name);
  return {
    backend: device.name,
    whyNot: null,
    tiles: plan,
    get code() {
      return device.code(specification);
    },
  };
}

/**
 * The routines for calls of one specification. With the backend "auto" they may differ from call to call: see {@link
 * Tiers}.
 */
export interface Chooser {
  /** For the next call, which visits so many pairs. */
  next(pairs: number): Routine;
  /** What `next` would give; nothing is counted or compiled. */
  preview(pairs: number): Routine;
}

/**
 * @throws DeviceError when a backend that was asked for by name cannot run, saying why; ArgumentError for an unknown
 * name.
 */
export function chooser(specification: Specification, { backend = "auto", compile }: Choice): Chooser {
  const wanted = checkedCompile(compile);
  if (backend !== "auto") return constantly(requireRoutine(deviceNamed(backend), specification));
  if (wanted === "always") return constantly(compiledOrNext(specification));
  const known = wanted === "auto" ? keptFor(specification).get(keyOf(specification, "tiers")) : undefined;
  if (known instanceof Tiers) return known;
  if (wanted === "never" || whyNot(tiles, specification) !== null)
    return constantly(first(wanted === "never" ? [tiles, reference] : ON_PROCESSOR, specification));
  // Looking for a compiler takes longer than a small call: it is done only when one is needed.
  const compilable = (): Compilable | null =>
    whyNot(cpu, specification) === null ? findCompilable(specification) : null;
  return keepRoutine(specification, "tiers", () => new Tiers(routineOf(tiles, specification), compilable));
}

/** What a call or a solve has begun with: it keeps to it, so that its numbers fit together. */
export type Begun = Map<Chooser, Routine>;

/** The routine for a call of so many pairs, or the one that was begun with. */
export function routineFor(choose: Chooser, pairs: number, begun: Begun | undefined): Routine {
  const chosen = choose.next(pairs); // asked in any case: it counts the pairs
  const routine = begun?.get(choose) ?? chosen;
  begun?.set(choose, routine);
  return routine;
}

/**
 * What `compile` means where the answer must depend on the pairs of a call alone, and not on what was computed before or
 * on when a compiler ends.
 */
export function compileBySize(
  specification: Specification,
  { backend = "auto", compile }: Choice,
  pairs: number,
): Choice["compile"] {
  if (backend !== "auto" || checkedCompile(compile) !== "auto") return compile;
  return pairs >= COMPILE_PAIRS || whyNot(tiles, specification) !== null ? "always" : "never";
}

const COMPILE: readonly string[] = ["auto", "never", "always"] satisfies Compile[];

function checkedCompile(option: Compile | undefined): Compile {
  const [where, wanted] =
    option === undefined ? ["TSKEOPS_COMPILE", variable("TSKEOPS_COMPILE") || "auto"] : ["compile", option];
  if (COMPILE.includes(wanted)) return wanted as Compile;
  throw unknownName(where, wanted, COMPILE);
}

const constantly = (fixed: Routine): Chooser => ({ next: () => fixed, preview: () => fixed });

function requireRoutine(device: Device, specification: Specification): Routine {
  const reason = whyNot(device, specification);
  if (reason !== null) throw new DeviceError(`backend "${device.name}": ${reason}`);
  return routineOf(device, specification);
}

function first(devices: readonly Device[], specification: Specification): Routine {
  const found = asserted(
    devices.find((d) => whyNot(d, specification) === null),
    "a device that runs any formula",
  );
  if (found === reference) warnOnce("KEOPS_REFERENCE", whyReference(devices, specification));
  return routineOf(found, specification);
}

function whyReference(devices: readonly Device[], specification: Specification): string {
  const reasons = new Set(devices.map((d) => whyNot(d, specification)).filter((why) => why !== null));
  const remedy = tiles.whyNot() === null ? "" : `: ${addonRemedy()}`;
  return `backend "auto": computing on the reference engine, in TypeScript and about 300 times slower, because ${[...reasons].join("; ")}${remedy}`;
}

function compiledOrNext(specification: Specification): Routine {
  const why = whyNot(cpu, specification);
  if (why !== null && whyNot(tiles, specification) === null)
    warnOnce("KEOPS_COMPILE", `compile "always": running precompiled kernels, up to half as fast, because ${why}`);
  return first(ON_PROCESSOR, specification);
}

const whyNot = (device: Device, specification: Specification): string | null =>
  device.whyNot() ?? device.whyNotFormula(specification);

const routineOf = (device: Device, specification: Specification): Routine =>
  keepRoutine(specification, device.name, () => reported(device.routine(specification), specification));

const findCompilable = (specification: Specification): ReturnType<typeof cpu.routine> =>
  keepRoutine(specification, cpu.name, () => reported(cpu.routine(specification), specification));

/** The routine, or one that prints each of its calls if TSKEOPS_VERBOSE is set now. */
const reported = <R extends Routine>(routine: R, specification: Specification): R =>
  variable("TSKEOPS_VERBOSE") ? reporting(routine, specification) : routine;

/** Formulas are interned and held weakly, so what is kept lives as long as somebody holds its formula. */
const keptOf = new WeakMap<Formula, Map<string, unknown>>();

const keptFor = ({ formulas }: Specification): Map<string, unknown> => {
  const formula = at(formulas, 0);
  let ofFormula = keptOf.get(formula);
  if (!ofFormula) keptOf.set(formula, (ofFormula = new Map<string, unknown>()));
  return ofFormula;
};

function keyOf(specification: Specification, kind: string): string {
  const { formulas, reduction, k, rows, variables, dtype, sumScheme, accumulator } = specification;
  const table = variables.map(({ category, dim }) => `${category}:${dim}`).join();
  const settings = [k, rows, dtype, sumScheme, accumulator];
  return [kind, reduction?.name, formulas[1]?.id, ...settings, table, instructionSet()].join("|");
}

function keepRoutine<T>(specification: Specification, kind: string, make: () => T): T {
  const ofFormula = keptFor(specification);
  const key = keyOf(specification, kind);
  if (!ofFormula.has(key)) ofFormula.set(key, make());
  return ofFormula.get(key) as T;
}

// ------------------------------------------------------------------------------------------------------------- tiers

/** A routine that may have to be compiled before it runs. */
export interface Compilable extends Routine {
  isCompiled(): boolean;
  compile(): void;
  compileInBackground(): Promise<void>;
}

/** Pairs after which it is looked up whether another process has compiled the formula: some milliseconds. */
const LOOK_UP_PAIRS = 1e8;
/** Pairs after which it is compiled in the background; a single call of as many waits for the compiler. */
const COMPILE_PAIRS = 3e9;
/**
 * Pairs after which nobody waits for the background any longer: it cannot report while calls follow each other without
 * a pause.
 */
const PATIENCE_PAIRS = 3 * COMPILE_PAIRS;

type State = "unknown" | "evaluated" | "compiling" | "compiled" | "failed";

/** When a formula is worth compiling. */
export class Tiers {
  private state: State = "unknown";
  private pairs = 0;
  private found: Compilable | null = null;

  constructor(
    private readonly evaluated: Routine,
    /** Null where there is no compiler, or it cannot take the formula. */
    private readonly find: () => Compilable | null,
  ) {}

  /** Once found it is kept, whatever becomes of the compiler. */
  private findCompilable(): Compilable | null {
    return (this.found ??= this.find());
  }

  /** The routine for a call of so many pairs. What cannot be compiled stays evaluated. */
  next(pairs: number): Routine {
    this.pairs += pairs;
    if (this.state === "unknown" && this.pairs >= LOOK_UP_PAIRS) this.lookUp();
    if (this.state === "evaluated" && pairs >= COMPILE_PAIRS) this.compileNow();
    if (this.state === "evaluated" && this.pairs >= COMPILE_PAIRS) this.compileSoon();
    if (this.state === "compiling" && this.pairs >= PATIENCE_PAIRS) this.compileNow();
    return this.state === "compiled" ? asserted(this.findCompilable(), "a routine to compile") : this.evaluated;
  }

  private lookUp(): void {
    const compiled = this.findCompilable();
    if (compiled === null) this.state = "failed";
    else if (compiled.isCompiled()) this.compileNow();
    else this.state = "evaluated";
  }

  /** What {@link Tiers.next} would give, if the compiler succeeds. Counts and compiles nothing. */
  preview(pairs: number): Routine {
    const total = this.pairs + pairs;
    const isCompiled = (): boolean => total >= LOOK_UP_PAIRS && this.findCompilable()?.isCompiled() === true;
    const wouldCompile: Readonly<Record<State, () => boolean>> = {
      unknown: () => pairs >= COMPILE_PAIRS || isCompiled(),
      evaluated: () => pairs >= COMPILE_PAIRS,
      compiling: () => total >= PATIENCE_PAIRS,
      compiled: () => true,
      failed: () => false,
    };
    return (wouldCompile[this.state]() && this.findCompilable()) || this.evaluated;
  }

  private compileSoon(): void {
    this.state = "compiling";
    // What a compiler has made may still not be what it should be: loading it tells.
    asserted(this.findCompilable(), "a routine to compile")
      .compileInBackground()
      .then(() => this.compileNow())
      .catch((error: unknown) => this.fail(error));
  }

  private compileNow(): void {
    try {
      asserted(this.findCompilable(), "a routine to compile").compile();
      this.state = "compiled";
    } catch (error) {
      if (error instanceof InterruptedError) throw error;
      this.fail(error);
    }
  }

  /** The next calls take the time that they took until now, but not less, as somebody may expect. */
  private fail(error: unknown): void {
    this.state = "failed";
    const [why] = (error as Error).message.split("\n");
    warnOnce(
      "KEOPS_COMPILE",
      `compile "auto": staying with precompiled kernels, up to half as fast, because ${asserted(why, "a reason")}`,
    );
  }
}
