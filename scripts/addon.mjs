/**
 * The addon's C++ compiled by cmake: natively, for another platform, or as WebAssembly. It must not know which; whoever
 * asks says where, from which generated sources, and with which settings of cmake.
 */
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isOfAnother } from "./built.mjs";
import { writeSources } from "./generated.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { resolve } = createRequire(import.meta.url);

/** Where headers of Node-API are, for C and C++: in an installed package beside the sources. */
const headerFolders = () =>
  existsSync(join(root, "src"))
    ? [dirname(resolve("node-addon-api")), join(dirname(resolve("node-api-headers")), "include")]
    : [join(root, "headers")];

/** For linkers on Windows: the names that node.exe has. */
export const definitions = () => join(dirname(resolve("node-api-headers")), "def", "node_api.def");

/**
 * Configures and compiles in a folder, whose Release/tskeops.node, or tskeops.wasm, is made; 2 files at a time unless
 * CMAKE_BUILD_PARALLEL_LEVEL says otherwise. Gives the outcome of the first command that fails, else of the last.
 */
export function compileAddon({ folder, generated, sources, settings = {}, wrapper = [], stdio = "inherit" }) {
  if (isOfAnother(folder)) rmSync(folder, { recursive: true }); // a copied or moved checkout builds its own sources
  writeSources(generated, sources);
  const all = {
    CMAKE_BUILD_TYPE: "Release",
    NODE_API_INCLUDES: headerFolders().join(";"),
    GENERATED: generated,
    ...settings,
  };
  const defined = Object.entries(all).map(([name, value]) => `-D${name}=${value}`);
  const configured = run([...wrapper, "cmake", "-S", root, "-B", folder, ...defined], stdio);
  return configured.status === 0 ? run(["cmake", "--build", folder], stdio) : configured;
}

function run([command, ...args], stdio) {
  const env = { CMAKE_BUILD_PARALLEL_LEVEL: "2", ...process.env };
  return spawnSync(command, args, { cwd: root, env, encoding: "utf8", stdio });
}

/** What was missing where a command could not be started; undefined where it could. */
export const missingCommand = ({ error }) => (error?.code === "ENOENT" ? error.path : undefined);
