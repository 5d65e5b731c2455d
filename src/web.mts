/**
 * The public names in browsers, as an ES module: scripts/build-web.mjs makes dist/web of it. Those of Node but for
 * `notebook`, with a `ready` that loads the module beside the script.
 */
import { begin } from "./browser/webmodule.js";
import { atMost, optionsOf } from "./options.js";
import { READY } from "./ready.js";
import type { Readiness, ReadyOptions } from "./ready.js";

export * from "./publicnames.js";

/**
 * Loads what computes: to be awaited before the first call.
 * @param options where the module is, and how many threads a call uses
 * @returns a promise of the threads that calls use, and why there is but one
 * @throws ArgumentError for options that are none; DeviceError (by its promise) where there is no module
 */
export function ready(options?: ReadyOptions): Promise<Readiness> {
  atMost("ready", 1, arguments);
  return begin(optionsOf("ready", options, READY), new URL("./tskeops.wasm", import.meta.url));
}
