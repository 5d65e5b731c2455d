// Builds dist/ from src/, generating what follows from the rows first and compiling again what has changed alone, and
// leaves a stamp of the sources (built.mjs).
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, removeOrphans } from "./built.mjs";
import { writeModuleEntry } from "./module-entry.mjs";
import { generate } from "./generate/main.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");

/** What the compiler knows of its last run lies in dist/, and is gone where that is. */
export const TSC = [tsc, "-p", root, "--incremental", "--tsBuildInfoFile", join(root, "dist", ".tsbuildinfo")];

const compile = () => spawnSync(process.execPath, TSC, { stdio: "inherit" }).status === 0 && bundle();

/** dist/web, from the same sources. */
export const bundle = () =>
  spawnSync(process.execPath, [join(root, "scripts", "build-web.mjs")], { stdio: "inherit" }).status === 0;

/** Whether the rows could be read; the compiler says better than this what is wrong with them. */
function isGenerated() {
  try {
    generate();
    return true;
  } catch (error) {
    console.error(`npm run generate: ${error.message}`);
    return false;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const hasRows = isGenerated();
  const isBuilt = build("dist", () => compile() && hasRows && writeModuleEntry());
  if (isBuilt) removeOrphans();
  process.exitCode = isBuilt ? 0 : 1;
}
