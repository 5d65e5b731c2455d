// Builds the addon for a platform of the table, build-crossed/PLATFORM-ARCH/Release/tskeops.node, which is printed:
//   node scripts/build-crossed.mjs linux-arm64
// What is up to date is not compiled again.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileAddon, definitions, missingCommand } from "./addon.mjs";
import { requireBuilt } from "./built.mjs";
import { generatedSources } from "./generated.mjs";
import { nameOf, platformNamed } from "./platforms.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const settingsFor = ({ compiler, system, processor }) => ({
  CMAKE_CXX_COMPILER: compiler,
  ...(system && { CMAKE_SYSTEM_NAME: system, CMAKE_SYSTEM_PROCESSOR: processor }),
  ...(system === "Windows" && { NODE_API_DEFINITIONS: definitions() }),
});

/** Path of the addon. @throws Error where it cannot be built. */
export function buildCrossed(row, stdio = "inherit") {
  const folder = join(root, "build-crossed", nameOf(row));
  const generated = join(folder, "generated");
  const sources = generatedSources(root, row);
  const outcome = compileAddon({ folder, generated, sources, settings: settingsFor(row), stdio });
  const addon = join(folder, "Release", "tskeops.node");
  if (outcome.status === 0 && existsSync(addon)) return addon;
  const got = missingCommand(outcome)
    ? `no ${missingCommand(outcome)}`
    : `the messages of ${row.compiler} and cmake above`;
  throw new Error(`${nameOf(row)}: expected ${row.compiler} and cmake to build the addon, got ${got}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  requireBuilt("dist"); // its generator prints the tile kernels
  try {
    console.log(buildCrossed(platformNamed(process.argv[2] ?? nameOf(process))));
  } catch ({ message }) {
    console.error(message);
    process.exitCode = 1;
  }
}
