// The packages that notebooks need (tslab, vega …) live in notebooks/node_modules, apart from the library's own: tslab
// brings a `tsc` of its own. They are installed by whoever needs them first.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const notebooks = join(root, "notebooks");

/** Installs what a folder's package-lock.json lists, unless that has been done since the lock last changed. */
export function ensurePackages(folder, what) {
  if (isInstalled(folder)) return;
  console.log(`Installing ${what} once ...`);
  // Without scripts: none of these packages needs one, and npm would rebuild the library through its link.
  const command = ["--prefix", folder, "ci", "--ignore-scripts", "--no-fund", "--no-audit"];
  const { status } = spawnSync("npm", command, { stdio: "inherit", shell: process.platform === "win32" });
  if (status !== 0) throw new Error(`${relative(root, folder)}: \`npm ci\` failed, see above`);
}

export const ensureNotebookPackages = () => ensurePackages(notebooks, "the notebooks' packages (tslab, vega)");

function isInstalled(folder) {
  const record = join(folder, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  return statSync(record).mtimeMs >= statSync(join(folder, "package-lock.json")).mtimeMs;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensureNotebookPackages();
