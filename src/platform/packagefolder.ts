/**
 * Where the files of this package are: its texts and what may serve as the addon. A script that was bundled looks for the
 * package that is installed where it lies. Must not know what the files are.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { version } from "../version";

/** Some bundles have no such name. */
const ABOVE = typeof __dirname === "undefined" ? "." : join(__dirname, "..", "..");

let found: string | null | undefined;

/** The folder of the package; null for a bundle beside which there is none. */
export function packageFolder(): string | null {
  if (found === undefined) found = isBundled() ? installed() : ABOVE;
  return found;
}

/** Whether this is part of another script, which left the files of the package behind. */
export const isBundled = (): boolean => !holdsThis(ABOVE);

/** A file beside the script that was bundled. */
export const besideScript = (name: string): string => join(dirname(resolve(process.argv[1] ?? "main.js")), name);

function installed(): string | null {
  try {
    const folder = dirname(createRequire(besideScript("main.js")).resolve("tskeops/package.json"));
    return holdsThis(folder) ? folder : null;
  } catch {
    return null; // it is not installed there
  }
}

/** Of this version: others have other texts. */
function holdsThis(root: string): boolean {
  const manifest = join(root, "package.json");
  if (!existsSync(manifest)) return false;
  const told = JSON.parse(readFileSync(manifest, "utf8")) as Record<string, unknown>;
  return told["name"] === "tskeops" && told["version"] === version;
}
