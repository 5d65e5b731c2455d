/**
 * The entry for `import`: dist/index.mjs, which gives the names of the CommonJS entry. One library serves both, so that
 * an array of the one is an array of the other.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const dist = join(dirname(dirname(fileURLToPath(import.meta.url))), "dist");
const NAMES = 'Object.keys(require("./index.js")).sort().join(", ")';

/** Writes the entry and its types; gives true. */
export function writeModuleEntry() {
  // In a process of its own: one that watches sources has loaded an older library.
  const names = execFileSync(process.execPath, ["-p", NAMES], { cwd: dist, encoding: "utf8" }).trim();
  writeFileSync(join(dist, "index.mjs"), `export { ${names} } from "./index.js";\n`);
  writeFileSync(join(dist, "index.d.mts"), 'export * from "./index.js";\n');
  return true;
}
