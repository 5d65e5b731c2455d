/**
 * Chooses where a specification runs, and keeps routines, so that a formula is compiled once per process.
 */
import { ArgumentError, DeviceError, warnOnce } from "../errors";
import type { Formula } from "../formula/formula";
import { described } from "../options";
import type { Backend, BackendName, Compile, Routine, Specification } from "./backend";
import { cpu, tiles } from "./cpu";
import { cuda } from "./cuda";
import { instructionSet } from "./instructions";
import { addonRemedy } from "./native";
import { reference } from "./reference";
import { Tiers } from "./tiers";
import type { Compilable } from "./tiers";
import { reporting } from "./verbose";

/** By name. */
const BACKENDS: readonly Backend[] = [cpu, tiles, cuda, reference];
/** Of the processor, best first; the last can always run. */
const ON_PROCESSOR: readonly Backend[] = [cpu, tiles, reference];

/** Where a specification may run. */
export interface Choice {
  readonly backend?: BackendName | "auto" | undefined;
  readonly compile?: Compile | undefined;
}

/** The routines for calls of one specification. With the backend "auto" they may differ from call to call: see {@link Tiers}. */
export interface Chooser {
  /** For the next call, which visits so many pairs. */
  next(pairs: number): Routine;
  /** What `next` would give; nothing is counted or compiled. */
  preview(pairs: number): Routine;
}

/** @throws DeviceError when a backend that was asked for by name cannot run, saying why; ArgumentError for an unknown name. */
export function chooser(specification: Specification, { backend = "auto", compile }: Choice): Chooser {
  const wanted = checkedCompile(compile);
  if (backend !== "auto") return constantly(required(named(backend), specification));
  if (wanted === "always") return constantly(compiledOrNext(specification));
  if (wanted === "never" || whyNot(tiles, specification) !== null)
    return constantly(first(wanted === "never" ? [tiles, reference] : ON_PROCESSOR, specification));
  // Looking for a compiler takes longer than a small call: it is done only when one is needed.
  const compilable = (): Compilable | null => (whyNot(cpu, specification) === null ? compiled(specification) : null);
  return kept(specification, "tiers", () => new Tiers(routineOf(tiles, specification), compilable));
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

const COMPILE: readonly string[] = ["auto", "never", "always"] satisfies Compile[];

function checkedCompile(option: Compile | undefined): Compile {
  const [where, wanted] =
    option === undefined ? ["TSKEOPS_COMPILE", process.env["TSKEOPS_COMPILE"] || "auto"] : ["compile", option];
  if (COMPILE.includes(wanted)) return wanted as Compile;
  throw unknownName(where, wanted, COMPILE);
}

function unknownName(where: string, name: unknown, known: readonly string[]): ArgumentError {
  const names = known.map((one) => `"${one}"`).join(", ");
  const got = typeof name === "string" ? `"${name}"` : described(name);
  return new ArgumentError(`${where}: expected one of ${names}, got ${got}`);
}

const constantly = (fixed: Routine): Chooser => ({ next: () => fixed, preview: () => fixed });

function named(name: string): Backend {
  const backend = BACKENDS.find((b) => b.name === name);
  if (backend) return backend;
  throw unknownName("backend", name, ["auto", ...BACKENDS.map((b) => b.name)]);
}

function required(backend: Backend, specification: Specification): Routine {
  const reason = whyNot(backend, specification);
  if (reason !== null) throw new DeviceError(`backend "${backend.name}": ${reason}`);
  return routineOf(backend, specification);
}

function first(backends: readonly Backend[], specification: Specification): Routine {
  const found = backends.find((b) => whyNot(b, specification) === null)!;
  if (found === reference) warnOnce("KEOPS_REFERENCE", whyReference(backends, specification));
  return routineOf(found, specification);
}

function whyReference(backends: readonly Backend[], specification: Specification): string {
  const reasons = new Set(backends.map((b) => whyNot(b, specification)).filter((why) => why !== null));
  const remedy = tiles.whyNot() === null ? "" : `: ${addonRemedy()}`;
  return `backend "auto": computing on the reference engine, in TypeScript and about 300 times slower, because ${[...reasons].join("; ")}${remedy}`;
}

function compiledOrNext(specification: Specification): Routine {
  const why = whyNot(cpu, specification);
  if (why !== null && whyNot(tiles, specification) === null)
    warnOnce("KEOPS_COMPILE", `compile "always": running precompiled kernels, up to half as fast, because ${why}`);
  return first(ON_PROCESSOR, specification);
}

const whyNot = (backend: Backend, specification: Specification): string | null =>
  backend.whyNot() ?? backend.whyNotFormula(specification);

const routineOf = (backend: Backend, specification: Specification): Routine =>
  kept(specification, backend.name, () => reporting(backend.routine(specification), specification));

const compiled = (specification: Specification): ReturnType<typeof cpu.routine> =>
  kept(specification, cpu.name, () => reporting(cpu.routine(specification), specification));

/** Formulas are interned and held weakly, so what is kept lives as long as somebody holds its formula. */
const keptOf = new WeakMap<Formula, Map<string, unknown>>();

function kept<T>(specification: Specification, kind: string, make: () => T): T {
  const { formulas, reduction, k, rows, variables, dtype, sumScheme, accumulator } = specification;
  const [formula, weights] = formulas;
  const ofFormula = keptOf.get(formula!) ?? new Map<string, unknown>();
  keptOf.set(formula!, ofFormula);
  const table = variables.map(({ category, dim }) => `${category}:${dim}`).join();
  const key = [
    kind,
    reduction?.name,
    weights?.id,
    k,
    rows,
    dtype,
    sumScheme,
    accumulator,
    table,
    instructionSet(),
  ].join("|");
  if (!ofFormula.has(key)) ofFormula.set(key, make());
  return ofFormula.get(key) as T;
}
