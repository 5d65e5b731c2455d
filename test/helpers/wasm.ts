/**
 * Tests on the WebAssembly module, in the place of the native addon: to be imported before anything that loads that.
 * Where it is not built, they are told as skipped.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";

/** The module of this checkout. */
export const MODULE = join(__dirname, "..", "..", "build-wasm", "tskeops.wasm");
const isBuilt = existsSync(MODULE);

process.env["TSKEOPS_ADDON"] = "wasm";

/** A group of tests that need it. */
export function describeWasm(name: string, body: () => void): void {
  if (isBuilt) describe(name, body);
  else test.skip(`${name}: build-wasm/tskeops.wasm is not built: npm run build:wasm, with emscripten`, () => undefined);
}
