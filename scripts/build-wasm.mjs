// Builds build-wasm/tskeops.wasm: the addon's C++ as a WebAssembly module, for machines that load no native addon. Needs
// emscripten, of Debian the package of that name, and cmake.
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { placeModule } from "./build-web.mjs";
import { build, isOfAnother, requireBuilt } from "./built.mjs";
import { wasmSources, writeSources } from "./generated.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, "build-wasm");
const module = join(folder, "tskeops.wasm");
const { resolve } = createRequire(import.meta.url);

/** Headers of Node-API, for C and C++. */
const includes = [
  dirname(resolve("node-addon-api")),
  join(dirname(resolve("node-api-headers/package.json")), "include"),
].join(";");

function runs(command, ...args) {
  const { error, status } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (error?.code === "ENOENT")
    console.error(`build:wasm: expected ${command}, got none: install emscripten and cmake`);
  return status === 0;
}

function compile() {
  writeSources(join(folder, "generated"), wasmSources());
  return (
    runs(
      "emcmake",
      "cmake",
      "-S",
      ".",
      "-B",
      folder,
      "-DCMAKE_BUILD_TYPE=Release",
      `-DNODE_API_INCLUDES=${includes}`,
    ) &&
    runs("cmake", "--build", folder, "--parallel", "2") &&
    existsSync(module)
  );
}

requireBuilt("dist"); // its generator prints the tile kernels
if (isOfAnother(folder)) rmSync(folder, { recursive: true });
if (build("wasm", compile)) placeModule();
else {
  rmSync(module, { force: true }); // of older sources, it must not be loaded in the place of the one that failed
  process.exitCode = 1;
}
