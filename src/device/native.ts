/**
 * How the addon is found and loaded, and the settings of later calls: threads, LAPACK, instruction set. The only file
 * that knows of the files that may serve, native ones before WebAssembly; addon.ts declares what they export.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { at } from "../asserts";
import { ISAS } from "../codegen/isa";
import type { InstructionSetName } from "../codegen/isa";
import { abiOfTexts } from "../codegen/prelude";
import { ArgumentError, DeviceError, InterruptedError } from "../errors";
import { describeValue, messageOf } from "../options";
import { warnOnce } from "../warnings";
import type { Addon, AddonFile } from "./addon";
import { wasmAddon } from "./wasm";

export { cancel, newControl, progress } from "./addoncall";
export type { BatchAxis, Control, Integers, Plan, Ranges, RealData, Rectangle } from "./addoncall";

/** What may serve as the addon: code of this machine, or a module of WebAssembly, at about a fifth of its speed. */
export type AddonKind = "native" | "wasm";

/** A file that may serve, and why it does not; null of the one that does. */
export interface Candidate {
  readonly kind: AddonKind;
  readonly path: string;
  readonly why: string | null;
}

/** Which file serves, if one does, and what became of each: in their order. */
export interface AddonReport {
  readonly serving: AddonKind | null;
  readonly candidates: readonly Candidate[];
}

interface Loaded extends AddonReport {
  readonly addon: Addon | null;
}

const PACKAGE_ROOT = join(__dirname, "..", "..");
const PLATFORM = `${process.platform}-${process.arch}`;

/** Platforms that have a package of their own with the addon (scripts/platforms.mjs). */
export const PACKAGED: readonly string[] = ["linux-x64", "linux-arm64", "win32-x64"];

/** What npm installs beside this package where it fits the machine. */
const PLATFORM_PACKAGE = `@tskeops/${PLATFORM}`;

/** In their order: what was built here, what was installed for this platform, what runs everywhere. */
const CANDIDATES: readonly (readonly [AddonKind, () => string])[] = [
  ["native", () => join(PACKAGE_ROOT, "build", "Release", "tskeops.node")],
  ["native", installedAddon],
  ["wasm", () => join(PACKAGE_ROOT, "build-wasm", "tskeops.wasm")],
];

/** What TSKEOPS_ADDON allows. */
const ALLOWED: Readonly<Record<string, readonly AddonKind[]>> = {
  auto: ["native", "wasm"],
  native: ["native"],
  wasm: ["wasm"],
  off: [],
};

let loaded: Loaded | undefined;

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

/** What a user can do where the addon cannot be used. */
export function addonRemedy(): string {
  if (!allowedKinds().includes("native")) return "unset TSKEOPS_ADDON";
  const isBundled = !existsSync(join(PACKAGE_ROOT, "dist", "device", "native.js"));
  if (isBundled)
    return "keep tskeops out of the bundle (esbuild --external:tskeops, webpack externals), so that it finds its addon";
  const isClone = existsSync(join(PACKAGE_ROOT, "src"));
  return `build it with \`${isClone ? "npm run build:native" : "npx tskeops build"}\`, which needs cmake and a C++ compiler`;
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

function load(): Loaded {
  if (loaded) return loaded;
  const kinds = allowedKinds();
  loaded = loadFirst(kinds);
  if (loaded.serving === "wasm" && kinds.includes("native")) warnOfWasm();
  return loaded;
}

function warnOfWasm(): void {
  const slow = "computing in WebAssembly, up to ten times slower than this machine can";
  warnOnce("KEOPS_WASM", `${slow}: ${whyNotNative() ?? ""}; ${addonRemedy()}`);
}

const namedKinds = (): string => process.env["TSKEOPS_ADDON"] || "auto";

function allowedKinds(): readonly AddonKind[] {
  const named = namedKinds();
  const allowed = ALLOWED[named];
  if (allowed !== undefined) return allowed;
  const known = Object.keys(ALLOWED).join(", ");
  throw new ArgumentError(`TSKEOPS_ADDON: expected one of ${known}, got ${describeValue(named)}`);
}

function loadFirst(kinds: readonly AddonKind[]): Loaded {
  const candidates: Candidate[] = [];
  for (const [kind, locate] of CANDIDATES) {
    const path = locate();
    const found = kinds.includes(kind) ? tryLoad(kind, path) : "TSKEOPS_ADDON excludes it";
    const isServing = typeof found !== "string";
    candidates.push({ kind, path, why: isServing ? null : found });
    if (isServing) return { addon: applyInitialSettings(found), serving: kind, candidates };
  }
  return { addon: null, serving: null, candidates };
}

/** Where the platform's package has its addon; the name of the package, if it is not installed. */
function installedAddon(): string {
  try {
    return createRequire(__filename).resolve(`${PLATFORM_PACKAGE}/tskeops.node`);
  } catch {
    return PACKAGED.includes(PLATFORM) ? `the package ${PLATFORM_PACKAGE}` : `a package, which ${PLATFORM} has none of`;
  }
}

const NOT_THERE = "it is not there";

/** What was there and could not be loaded tells more than what is not there. */
function whyNone(candidates: readonly Candidate[]): string {
  const allowed = candidates.filter(({ kind }) => allowedKinds().includes(kind));
  if (allowed.length === 0) return `TSKEOPS_ADDON is ${namedKinds()}`;
  const failed = allowed.filter(({ why }) => why !== NOT_THERE);
  if (failed.length > 0) return failed.map(({ path, why }) => `${path}: ${why}`).join("; ");
  return `no addon is there: expected ${allowed.map(({ path }) => path).join(", or ")}`;
}

function tryLoad(kind: AddonKind, path: string): Addon | string {
  if (!existsSync(path)) return NOT_THERE;
  try {
    const file = kind === "wasm" ? wasmAddon(path) : (createRequire(__filename)(path) as AddonFile);
    const abi = abiOfTexts();
    if (file.abi !== abi) return `expected ABI ${abi}, got ${file.abi}: build it again`;
    return file.initialize({ InterruptedError, DeviceError });
  } catch (error) {
    return messageOf(error);
  }
}

function applyInitialSettings(addon: Addon): Addon {
  const wanted = process.env["TSKEOPS_THREADS"];
  if (wanted !== undefined && wanted !== "")
    addon.initialThreads(checkThreads("TSKEOPS_THREADS", Number(wanted), wanted));
  setInitialLapack(addon, process.env["TSKEOPS_LAPACK"]);
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

const byDefault = (): InstructionSetName => available("TSKEOPS_ISA", process.env["TSKEOPS_ISA"] || machines());

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
