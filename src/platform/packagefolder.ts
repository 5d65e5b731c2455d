/**
 * Where the files of this package are: its texts and what may serve as the addon. A script that was bundled looks for
 * the package that is installed where it lies. Who started or loaded it, and from where, does not count: native code is
 * found from here. Must not know what the files are.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { version } from "../version";

/** The folder of this file, or of the bundle that it became a part of; null where none is told. */
const HERE: string | null = toldFolder() ?? folderOnStack();
const ABOVE: string | null = HERE === null ? null : join(HERE, "..", "..");

let found: string | null | undefined;

/** The folder of the package; null for a bundle beside which there is none. */
export function packageFolder(): string | null {
  if (found === undefined) found = isBundled() ? installed() : ABOVE;
  return found;
}

/** Whether this is part of another script, which left the files of the package behind. */
export const isBundled = (): boolean => ABOVE === null || !existsSync(join(ABOVE, "dist", "device", "native.js"));

/** The path of a file beside the bundle; its name alone where it is not told where that lies. */
export const besideBundle = (name: string): string => (HERE === null ? name : join(HERE, name));

/** ES modules have no such name, and some bundlers write the folder of the source, from where they ran. */
function toldFolder(): string | null {
  return typeof __dirname !== "undefined" && isAbsolute(__dirname) ? __dirname : null;
}

/** CommonJS cannot say `import.meta`: a bundle that is an ES module is found by where its functions stand. */
function folderOnStack(): string | null {
  const file = fileOnStack();
  if (file.startsWith("file:")) return dirname(fileURLToPath(file));
  return isAbsolute(file) ? dirname(file) : null;
}

/** The file or URL of this function; anything else where the engine tells none. */
function fileOnStack(): string {
  const before: unknown = Reflect.get(Error, "prepareStackTrace");
  Error.prepareStackTrace = (_, [here]) => here?.getFileName();
  const file: unknown = new Error("here").stack;
  Reflect.set(Error, "prepareStackTrace", before);
  return String(file);
}

/** That of this version: others have other texts. */
function installed(): string | null {
  if (HERE === null) return null;
  try {
    const manifest = createRequire(join(HERE, "main.js")).resolve("tskeops/package.json");
    const told = JSON.parse(readFileSync(manifest, "utf8")) as Record<string, unknown>;
    return told["version"] === version ? dirname(manifest) : null;
  } catch {
    return null; // it is not installed there
  }
}
