// Builds build-wasm/tskeops.wasm: the addon's C++ as a WebAssembly module, for machines that load no native addon. Needs
// emscripten, of Debian the package of that name, and cmake. With --optional (as `npm pack` calls it) there is none
// where emscripten is missing.
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileAddon, missingCommand } from "./addon.mjs";
import { placeModule } from "./build-web.mjs";
import { build, requireBuilt } from "./built.mjs";
import { wasmSources } from "./generated.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, "build-wasm");
const module = join(folder, "tskeops.wasm");

function compile() {
  const generated = join(folder, "generated");
  const outcome = compileAddon({ folder, generated, sources: wasmSources(), wrapper: ["emcmake"] });
  const missing = missingCommand(outcome);
  if (missing) console.error(`build:wasm: expected ${missing}, got none: install emscripten and cmake`);
  return outcome.status === 0 && existsSync(module);
}

const isOptional = process.argv.includes("--optional");
const hasEmscripten = spawnSync("emcmake", [], { stdio: "ignore" }).error === undefined;

requireBuilt("dist"); // its generator prints the tile kernels
if (isOptional && !hasEmscripten) console.warn("build:wasm: skipped: emscripten is not installed");
else if (build("wasm", compile)) placeModule();
else {
  rmSync(module, { force: true }); // of older sources, it must not be loaded in the place of the one that failed
  process.exitCode = 1;
}
