/**
 * The addon: its types, and how it is found and loaded. The only file that knows of the .node file.
 * It speaks of routines, plain contiguous typed arrays and plans; it must not know formulas, ndarrays or compilers.
 * Texts of wrong calls come from the addon as TypeError or RangeError: they are bugs of tskeops, so they pass unchanged.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { ArgumentError } from "../errors";
import { atMost, described } from "../options";
import { interruptible, messageOf, rethrow } from "./control";
import type { Control } from "./control";
import { cudaOf } from "./cudaaddon";
import type { CudaAddon, RawCuda } from "./cudaaddon";
import { rectangleSizes, sizesOf, tablesOf } from "./flat";
import type { Plan, RawTables, Real, Rectangle } from "./flat";
import { denseOf } from "./dense";
import type { Dense } from "./dense";
import type { Isa } from "./isa";

export { cancel, newControl, progress } from "./control";
export type { Control } from "./control";
export type { BatchAxis, Integers, Plan, Ranges, Real, Rectangle } from "./flat";

declare const routineBrand: unique symbol;

/** A loaded routine: opaque, valid in every thread of this process, never unloaded. */
export type NativeRoutine = number & { readonly [routineBrand]: true };

/** What the addon's tile kernels and reducers are called, in its order. */
export interface TileNames {
  readonly lanes: number;
  readonly kernels: readonly string[];
  readonly reducers: readonly string[];
}

/** The addon's functions. Wrong arguments are a TypeError or RangeError before anything is read or written. */
export interface Addon {
  readonly abi: number;
  readonly dense: Dense;
  readonly cuda: CudaAddon;
  /** The best instruction set of this machine. */
  isa(): Isa;
  /** Sets what the dense algebra uses, one that the machine has. */
  setInstructionSet(name: Isa): void;
  /** Threads that one call uses, the calling one included. */
  threads(): number;
  setThreads(count: number): void;
  /** The library that factorises large matrices, "" for none. */
  lapack(): string;
  /** `"auto"`, `"off"`, or a path; throws Error with the loader's reason. */
  setLapack(choice: string): void;
  /** Loads a compiled routine, once per path and process; throws Error with the loader's reason. */
  load(path: string): NativeRoutine;
  /** The precompiled kernels of the tile evaluator: lanes of a vector, and names by number. */
  tiles(isa: Isa, realBytes: number): TileNames;
  /** A routine that runs a program of these kernels (native/run/tileprogram.h); throws RangeError for one that makes no sense. */
  loadTiles(isa: Isa, realBytes: number, program: Int32Array, constants: Float64Array): NativeRoutine;
  /** The routine's `keops_table` (native/text/common/routine.h). */
  table(routine: NativeRoutine): number[];
  /**
   * Reduces now, on this thread and the pool. `args` in alias order, `[rows | columns | 1, dim]`; `out` is `[rows, resultDim]`, `indices`
   * are `[entries, rows, indexDim]` where the reduction gives some.
   * Throws InterruptedError when cancelled through `control` or, on the main thread, by Ctrl-C; `out` is then partly written.
   */
  reduce(
    routine: NativeRoutine,
    args: readonly Real[],
    out: Real,
    plan: Plan,
    control?: Control,
    indices?: Int32Array,
  ): void;
  /** The same in the background. The arrays must not be changed, resized or transferred until the promise settles. */
  reduceAsync(
    routine: NativeRoutine,
    args: readonly Real[],
    out: Real,
    plan: Plan,
    control?: Control,
    indices?: Int32Array,
  ): Promise<void>;
  /** The formula's values on a rectangle of pairs: `out` is `[endRow - firstRow, endColumn - firstColumn, resultDim]`. */
  block(routine: NativeRoutine, args: readonly Real[], out: Real, rectangle: Rectangle): void;
  /** Calls `body`; on the main thread, Ctrl-C meanwhile is counted by `interrupts` and does not end the process. */
  attend<T>(body: () => T): T;
  /** How often Ctrl-C came during calls and `attend`. */
  interrupts(): number;
}

/** What the .node file exports: as `Addon`, but plans come flat, because reading properties costs more than a tiny call. */
interface RawAddon extends Omit<Addon, "reduce" | "reduceAsync" | "block" | "dense" | "cuda">, Dense, RawCuda {
  /** Sets the thread count unless `setThreads` was called anywhere in the process. */
  initialThreads(count: number): void;
  /** The same for `setLapack`. */
  initialLapack(choice: string): void;
  reduce(...call: RawCall): void;
  reduceAsync(...call: RawCall): Promise<void>;
  block(routine: NativeRoutine, args: readonly Real[], out: Real, sizes: Float64Array): void;
}
type RawCall = [
  routine: NativeRoutine,
  args: readonly Real[],
  out: Real,
  indices: Int32Array | undefined,
  sizes: Float64Array,
  tables: RawTables | undefined,
  control: Control | undefined,
];
type Loaded = { readonly addon: Addon; readonly why: null } | { readonly addon: null; readonly why: string };

const ABI = 3;
const PACKAGE_ROOT = join(__dirname, "..", "..");
const CANDIDATES = [
  join(PACKAGE_ROOT, "build", "Release", "tskeops.node"),
  join(PACKAGE_ROOT, "prebuilds", `${process.platform}-${process.arch}`, "tskeops.node"),
];

let loaded: Loaded | undefined;

/** The addon, or null where it cannot be used; throws ArgumentError if TSKEOPS_THREADS or TSKEOPS_LAPACK say nothing that can be. */
export function nativeAddon(): Addon | null {
  return load().addon;
}

/** The addon's dense algebra, or null. */
export function denseAlgebra(): Dense | null {
  return nativeAddon()?.dense ?? null;
}

/** Why `nativeAddon` gives null, in one sentence; null if it does not. */
export function whyNoAddon(): string | null {
  return load().why;
}

/** What a user can do where the addon cannot be used. */
export function addonRemedy(): string {
  const isBundled = !existsSync(join(PACKAGE_ROOT, "dist", "engine", "native.js"));
  return isBundled
    ? "keep tskeops out of the bundle (esbuild --external:tskeops, webpack externals), so that it finds its addon"
    : `build it with \`npm run build:native\` in a checkout of tskeops on this machine (${process.platform}-${process.arch})`;
}

/** Threads that a call uses, the calling one included: TSKEOPS_THREADS, else the CPUs that this process may use. */
export function threads(): number {
  atMost("threads", 0, arguments);
  return nativeAddon()?.threads() ?? 1;
}

/** Sets the number of threads of all later calls in this process, 1 to 1024; throws ArgumentError. */
export function setThreads(count: number): void {
  atMost("setThreads", 1, arguments);
  const checked = checkThreads("setThreads", count, count); // also where nobody will need it
  nativeAddon()?.setThreads(checked);
}

/** The library that factorises matrices of 1024 rows and more, null where that is the project's own code. */
export function lapack(): string | null {
  atMost("lapack", 0, arguments);
  return nativeAddon()?.lapack() || null;
}

/**
 * Sets it for all later calls in this process, over TSKEOPS_LAPACK: `"auto"` is MKL or OpenBLAS where the system has one, `"off"` the project's
 * own code, anything else the path of a library with `dpotrf_`, `dtrsm_`, `dsyrk_` and `dgemm_`. @throws ArgumentError if it cannot be used.
 */
export function setLapack(choice: string): void {
  atMost("setLapack", 1, arguments);
  if (typeof choice !== "string")
    throw new ArgumentError(`setLapack: expected "auto", "off" or a library, got ${described(choice)}`);
  try {
    nativeAddon()?.setLapack(choice);
  } catch (error) {
    throw new ArgumentError(`setLapack: expected "auto", "off" or a library, got ${choice}: ${messageOf(error)}`);
  }
}

function load(): Loaded {
  loaded ??= loadFirst(CANDIDATES);
  return loaded;
}

function loadFirst(paths: readonly string[]): Loaded {
  const present = paths.filter((path) => existsSync(path));
  const reasons: string[] = [];
  for (const path of present) {
    const raw = tryLoad(path);
    if (typeof raw !== "string") return { addon: prepared(raw), why: null };
    reasons.push(raw);
  }
  const why = present.length > 0 ? reasons.join("; ") : `the addon is not built: expected ${paths.join(" or ")}`;
  return { addon: null, why };
}

function tryLoad(path: string): RawAddon | string {
  try {
    const raw = createRequire(__filename)(path) as RawAddon;
    return raw.abi === ABI ? raw : `${path}: expected ABI ${String(ABI)}, got ${String(raw.abi)}: build it again`;
  } catch (error) {
    return `${path}: ${messageOf(error)}`;
  }
}

function prepared(raw: RawAddon): Addon {
  const wanted = process.env["TSKEOPS_THREADS"];
  if (wanted !== undefined && wanted !== "")
    raw.initialThreads(checkThreads("TSKEOPS_THREADS", Number(wanted), wanted));
  initialLapack(raw, process.env["TSKEOPS_LAPACK"]);
  return wrapped(raw);
}

/** @throws ArgumentError if TSKEOPS_LAPACK names no library that can be used. */
function initialLapack(raw: RawAddon, choice: string | undefined): void {
  if (choice === undefined || choice === "") return;
  try {
    raw.initialLapack(choice);
  } catch (error) {
    throw new ArgumentError(`TSKEOPS_LAPACK: expected auto, off or a library, got ${choice}: ${messageOf(error)}`);
  }
}

function checkThreads(where: string, count: number, given: unknown): number {
  if (Number.isInteger(count) && count >= 1 && count <= 1024) return count;
  throw new ArgumentError(`${where}: expected an integer from 1 to 1024, got ${described(given)}`);
}

function wrapped(raw: RawAddon): Addon {
  return {
    abi: raw.abi,
    dense: denseOf(raw),
    cuda: cudaOf(raw),
    isa: () => raw.isa(),
    setInstructionSet: (name) => {
      raw.setInstructionSet(name);
    },
    threads: () => raw.threads(),
    setThreads: (count) => {
      raw.setThreads(count);
    },
    lapack: () => raw.lapack(),
    setLapack: (choice) => {
      raw.setLapack(choice);
    },
    load: (path) => raw.load(path),
    tiles: (isa, realBytes) => raw.tiles(isa, realBytes),
    loadTiles: (isa, realBytes, program, constants) => raw.loadTiles(isa, realBytes, program, constants),
    table: (routine) => raw.table(routine),
    reduce: (routine, args, out, plan, control, indices) => {
      interruptible(() => {
        raw.reduce(routine, args, out, indices, sizesOf(plan), tablesOf(plan), control);
      });
    },
    reduceAsync: async (routine, args, out, plan, control, indices) => {
      await raw.reduceAsync(routine, args, out, indices, sizesOf(plan), tablesOf(plan), control).catch(rethrow);
    },
    block: (routine, args, out, rectangle) => {
      interruptible(() => {
        raw.block(routine, args, out, rectangleSizes(rectangle));
      });
    },
    attend: (body) => raw.attend(body),
    interrupts: () => raw.interrupts(),
  };
}
