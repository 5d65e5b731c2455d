/**
 * The addon, loaded once, and the settings of later calls: threads, LAPACK, instruction set. Must not know what may serve
 * (addonfiles.ts); addon.ts declares what it exports.
 */
import { at } from "../asserts";
import { ISAS } from "../codegen/isa";
import type { InstructionSetName } from "../codegen/isa";
import { ArgumentError, InterruptedError } from "../errors";
import { describeValue, messageOf } from "../options";
import { variable } from "../platform/process";
import type { Addon } from "./addon";
import { findAddon, warnOfSlow, whyNone } from "./addonfiles";
import type { AddonReport, Found } from "./addonfiles";

export { addonRemedy } from "./addonfiles";
export { cancel, newControl, progress } from "./addoncall";
export type { BatchAxis, Control, Integers, Plan, Ranges, RealData, Rectangle } from "./addoncall";

let loaded: Found | undefined;

/**
 * The addon, or null where it cannot be used; throws ArgumentError if TSKEOPS_THREADS or TSKEOPS_LAPACK say nothing
 * that can be.
 */
export function nativeAddon(): Addon | null {
  return load().addon;
}

/** The addon, for what runs only where it is. */
export function loadedAddon(): Addon {
  const { addon } = load();
  if (addon) return addon;
  throw new Error(`tskeops has a bug: expected the addon, got none: ${whyNoAddon()}`);
}

/** Why `nativeAddon` gives null, in one sentence; null if it does not. */
export function whyNoAddon(): string | null {
  const { addon, candidates } = load();
  return addon ? null : whyNone(candidates);
}

/** Why no routine that is compiled can be loaded, in one sentence; null where the addon loads some. */
export function whyNoCompiledRoutines(): string | null {
  return whyNoAddon() ?? (load().serving === "wasm" ? "WebAssembly, which serves as the addon, loads no code" : null);
}

/** Which file serves as the addon, and why each of those before it does not. @throws ArgumentError as `nativeAddon`. */
export function addonReport(): AddonReport {
  const { serving, candidates } = load();
  return { serving, candidates };
}

/** Why the native addon does not serve, in a clause; null where it does. */
export function whyNotNative(): string | null {
  const { serving, candidates } = load();
  return serving === "native" ? null : whyNone(candidates.filter(({ kind }) => kind === "native"));
}

/**
 * Runs what blocks JavaScript, and counts Ctrl-C and the stop button meanwhile, which nothing else would see.
 * @param action is given a function that throws InterruptedError once they came (on the main thread).
 */
export function attended<T>(action: (watch: () => void) => T): T {
  const addon = nativeAddon();
  if (!addon) return action(() => undefined);
  const before = addon.interrupts();
  const watch = (): void => {
    if (addon.interrupts() !== before) throw new InterruptedError("stopped by Ctrl-C or the stop button");
  };
  return addon.attend(() => action(watch));
}

/** The dense algebra of the addon, null where it cannot be used. */
export function denseAlgebra(): Addon["dense"] | null {
  const addon = nativeAddon();
  if (addon) instructionSet(); // what computes is told by it
  return addon && addon.dense;
}

/** Threads that a call uses, the calling one included: TSKEOPS_THREADS, else the CPUs that this process may use. */
export function threads(): number {
  return nativeAddon()?.threads() ?? 1;
}

/** Sets the number of threads of all later calls in this process, 1 to 1024; throws ArgumentError. */
export function setThreads(count: number): void {
  const checked = checkThreads("settings.threads", count, count); // also where nobody will need it
  nativeAddon()?.setThreads(checked);
}

/** The library that factorises matrices of 1024 rows and more, null where that is the project's own code. */
export function lapack(): string | null {
  return nativeAddon()?.lapack() || null;
}

/**
 * Sets it for all later calls in this process, over TSKEOPS_LAPACK: `"auto"` is MKL or OpenBLAS where the system
 * has one, `"off"` the project's own code, anything else the path of a library with `dpotrf_`, `dtrsm_`, `dsyrk_` and
 * `dgemm_`. @throws ArgumentError if it cannot be used.
 */
export function setLapack(choice: string): void {
  if (typeof choice !== "string")
    throw new ArgumentError(`settings.lapack: expected "auto", "off" or a library, got ${describeValue(choice)}`);
  try {
    nativeAddon()?.setLapack(choice);
  } catch (error) {
    throw new ArgumentError(`settings.lapack: expected "auto", "off" or a library, got ${choice}: ${messageOf(error)}`);
  }
}

function load(): Found {
  if (loaded) return loaded;
  const { addon, ...report } = findAddon();
  loaded = { addon: addon && applyInitialSettings(addon), ...report };
  warnOfSlow(report);
  return loaded;
}

function applyInitialSettings(addon: Addon): Addon {
  const wanted = variable("TSKEOPS_THREADS");
  if (wanted !== undefined && wanted !== "")
    addon.initialThreads(checkThreads("TSKEOPS_THREADS", Number(wanted), wanted));
  setInitialLapack(addon, variable("TSKEOPS_LAPACK"));
  return addon;
}

/** @throws ArgumentError if TSKEOPS_LAPACK names no library that can be used. */
function setInitialLapack(addon: Addon, choice: string | undefined): void {
  if (choice === undefined || choice === "") return;
  try {
    addon.initialLapack(choice);
  } catch (error) {
    throw new ArgumentError(`TSKEOPS_LAPACK: expected auto, off or a library, got ${choice}: ${messageOf(error)}`);
  }
}

function checkThreads(where: string, count: number, given: unknown): number {
  if (Number.isInteger(count) && count >= 1 && count <= 1024) return count;
  throw new ArgumentError(`${where}: expected an integer from 1 to 1024, got ${describeValue(given)}`);
}

// ---------------------------------------------------------------------------------------------- instruction sets

// What a program has set, else TSKEOPS_ISA, else the machine's best; looked up at every call, so that one process can
// compare several.

let current: InstructionSetName | undefined;

/** Another number after each change, for those who keep what was made for one set. */
export let changes = 0;

/**
 * The instruction set of later calls, `"baseline"` without the addon. @throws ArgumentError if TSKEOPS_ISA names none.
 */
export function instructionSet(): InstructionSetName {
  return current ?? use(byDefault());
}

/**
 * Sets the widest instruction set of all later calls in this process, over TSKEOPS_ISA; one that the machine lacks
 * means its best, and `"auto"` what TSKEOPS_ISA says. Results then differ by rounding.
 * @throws ArgumentError for a name of none.
 */
export function setInstructionSet(name: InstructionSetName | "auto"): void {
  use(name === "auto" ? byDefault() : available("settings.instructionSet", name));
}

const byDefault = (): InstructionSetName => available("TSKEOPS_ISA", variable("TSKEOPS_ISA") || machines());

/** Routines ask for the name; the dense algebra of the addon is told. */
function use(name: InstructionSetName): InstructionSetName {
  nativeAddon()?.setInstructionSet(name);
  changes++;
  return (current = name);
}

const machines = (): InstructionSetName => nativeAddon()?.isa() ?? "baseline";

function available(where: string, name: string): InstructionSetName {
  const best = machines();
  const known = best === "wasm" ? [...ISAS, best] : ISAS; // it is what serves, and nothing that could be chosen
  const wanted = known.indexOf(name as InstructionSetName);
  if (wanted < 0) throw new ArgumentError(`${where}: expected one of ${known.join(", ")}, got ${describeValue(name)}`);
  return best === "wasm" ? best : at(ISAS, Math.min(wanted, ISAS.indexOf(best)));
}
