// The packages that notebooks need (tslab, vega …) live in notebooks/node_modules, apart from the library's own: tslab
// brings a `tsc` of its own. They are installed by whoever needs them first.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const notebooks = join(root, "notebooks");

/** Installs what notebooks/package-lock.json lists, unless that has been done since the lock last changed. */
export function ensureNotebookPackages() {
  if (isInstalled()) return;
  console.log("Installing the notebooks' packages (tslab, vega) once ...");
  // Without scripts: none of these packages needs one, and npm would rebuild the library through its link.
  const command = ["--prefix", notebooks, "ci", "--ignore-scripts", "--no-fund", "--no-audit"];
  const { status } = spawnSync("npm", command, { stdio: "inherit", shell: process.platform === "win32" });
  if (status !== 0) throw new Error("notebooks/: `npm ci` failed, see above");
}

function isInstalled() {
  const record = join(notebooks, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  return statSync(record).mtimeMs >= statSync(join(notebooks, "package-lock.json")).mtimeMs;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensureNotebookPackages();
