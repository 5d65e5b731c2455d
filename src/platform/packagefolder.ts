/**
 * Where the files of this package are: its texts and what may serve as the addon. A script that was bundled looks for
 * the package that is installed where it lies. Must not know what the files are.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { version } from "../version";

/** Some bundles have no such name. */
const HERE = typeof __dirname === "undefined" ? "." : __dirname;
const ABOVE = join(HERE, "..", "..");

let found: string | null | undefined;

/** The folder of the package; null for a bundle beside which there is none. */
export function packageFolder(): string | null {
  if (found === undefined) found = isBundled() ? installed() : ABOVE;
  return found;
}

/** Whether this is part of another script, which left the files of the package behind. */
export const isBundled = (): boolean => !existsSync(join(ABOVE, "dist", "device", "native.js"));

/** A file beside the script that was bundled. */
export function besideScript(name: string): string {
  const script = process.argv[1];
  return join(script === undefined ? HERE : dirname(resolve(script)), name);
}

/** That of this version: others have other texts. */
function installed(): string | null {
  try {
    const manifest = createRequire(besideScript("main.js")).resolve("tskeops/package.json");
    const told = JSON.parse(readFileSync(manifest, "utf8")) as Record<string, unknown>;
    return told["version"] === version ? dirname(manifest) : null;
  } catch {
    return null; // it is not installed there
  }
}
