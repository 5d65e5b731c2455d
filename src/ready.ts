/**
 * What a program awaits once before it computes. Node loads its addon at the first call, so that there is little to wait
 * for; browsers load a module first (web.mts). A program with `await ready()` is one for both.
 */
import { setThreads, threads } from "./device/native";
import { atMost, optionsOf } from "./options";
import type { OptionsOf } from "./options";

const SOURCES = ["String", "URL", "ArrayBuffer", "Uint8Array", "WebAssembly.Module"];

/** The options of `ready`, each one a row. */
export const READY = {
  /**
   * Where a browser finds the module: its URL as a text or an object, its bytes, or a WebAssembly.Module. Default:
   * `tskeops.wasm` beside the script. Node finds its addon by itself, and does not look at this.
   */
  wasm: {
    expected: "a URL, an ArrayBuffer, a Uint8Array or a WebAssembly.Module",
    accepts: (value: unknown): value is string | object =>
      SOURCES.includes(Object.prototype.toString.call(value).slice(8, -1)),
  },
  /** Threads of a call. Default: the processors, and 1 in pages that get no threads. */
  threads: { kind: "integer", least: 1, most: 1024 },
} as const;

/** What `ready` takes. */
export type ReadyOptions = OptionsOf<typeof READY>;

/** What `ready` resolves to. */
export interface Readiness {
  /** Threads of a call. */
  readonly threads: number;
  /** Why a page gets one thread alone, in one sentence; null where it gets several. */
  readonly whyOneThread: string | null;
}

/**
 * Makes ready what computes. Browsers must await it before the first call; in Node it may be left out.
 * @param options where the module is, and how many threads a call uses
 * @returns a promise of the threads that calls use, and why there is but one
 * @throws ArgumentError for options that are none; DeviceError (by its promise) where a browser gets no module
 * @example const { threads } = await ready();
 * console.log(threads === settings.threads); // true
 */
export function ready(options?: ReadyOptions): Promise<Readiness> {
  atMost("ready", 1, arguments);
  const { threads: wanted } = optionsOf("ready", options, READY);
  if (wanted !== undefined) setThreads(wanted);
  return Promise.resolve({ threads: threads(), whyOneThread: null });
}
