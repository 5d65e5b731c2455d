/**
 * The files that may serve as the addon, native ones before WebAssembly, and why each of them does not. Browsers have
 * src/browser/webmodule.ts in its place. Must not know what an addon does.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { isAbsolute, join } from "node:path";

import { ABI } from "../codegen/texts";
import { ArgumentError, DeviceError, InterruptedError } from "../errors";
import { describeValue, messageOf } from "../options";
import { besideBundle, isBundled, packageFolder } from "../platform/packagefolder";
import { warnOnce } from "../warnings";
import type { Addon, AddonFile } from "./addon";
import { openWorker } from "./nodeworkers";
import { wasmAddon } from "./wasm";

/** What may serve as the addon: code of this machine, or a module of WebAssembly, at a sixth of the speed of AVX2. */
export type AddonKind = "native" | "wasm";

/** A file that may serve, and why it does not; null of the one that does. */
export interface Candidate {
  readonly kind: AddonKind;
  readonly path: string;
  readonly why: string | null;
}

/** Which file serves, if one does, and what became of each: in their order. */
export interface AddonReport {
  readonly serving: AddonKind | null;
  readonly candidates: readonly Candidate[];
}

export interface Found extends AddonReport {
  readonly addon: Addon | null;
}

const PLATFORM = `${process.platform}-${process.arch}`;

/** Platforms that have a package of their own with the addon (scripts/platforms.mjs). */
export const PACKAGED: readonly string[] = ["linux-x64", "linux-arm64", "win32-x64"];

/** What npm installs beside this package where it fits the machine. */
const PLATFORM_PACKAGE = `@tskeops/${PLATFORM}`;

/**
 * In their order: what was built here, what was installed for this platform, and the module that runs everywhere, as it
 * was built here and as it is shipped, for browsers too. A bundle without the package, whose texts native code needs, may
 * have the module beside it.
 */
function candidatesIn(folder: string | null): (readonly [AddonKind, string])[] {
  if (folder === null)
    return [
      ["native", "the package tskeops, installed where the bundle lies"],
      ["wasm", besideBundle("tskeops.wasm")],
    ];
  return [
    ["native", join(folder, "build", "Release", "tskeops.node")],
    ["native", installedAddon(folder)],
    ["wasm", join(folder, "build-wasm", "tskeops.wasm")],
    ["wasm", join(folder, "dist", "web", "tskeops.wasm")],
  ];
}

/** What TSKEOPS_ADDON allows. */
const ALLOWED: Readonly<Record<string, readonly AddonKind[]>> = {
  auto: ["native", "wasm"],
  native: ["native"],
  wasm: ["wasm"],
  off: [],
};

/** The first that can be loaded. @throws ArgumentError if TSKEOPS_ADDON names none. */
export function findAddon(): Found {
  const kinds = allowedKinds();
  const candidates: Candidate[] = [];
  for (const [kind, path] of candidatesIn(packageFolder())) {
    const found = kinds.includes(kind) ? tryLoad(kind, path) : "TSKEOPS_ADDON excludes it";
    const isServing = typeof found !== "string";
    candidates.push({ kind, path, why: isServing ? null : found });
    if (isServing) return { addon: found, serving: kind, candidates };
  }
  return { addon: null, serving: null, candidates };
}

/** Where the platform's package has its addon; the name of the package, if it is not installed. */
function installedAddon(folder: string): string {
  try {
    return createRequire(join(folder, "package.json")).resolve(`${PLATFORM_PACKAGE}/tskeops.node`);
  } catch {
    return PACKAGED.includes(PLATFORM) ? `the package ${PLATFORM_PACKAGE}` : `a package, which ${PLATFORM} has none of`;
  }
}

const NOT_THERE = "it is not there";

/** What was there and could not be loaded tells more than what is not there. */
export function whyNone(candidates: readonly Candidate[]): string {
  const allowed = candidates.filter(({ kind }) => allowedKinds().includes(kind));
  if (allowed.length === 0) return `TSKEOPS_ADDON is ${namedKinds()}`;
  const failed = allowed.filter(({ why }) => why !== NOT_THERE);
  if (failed.length > 0) return failed.map(({ path, why }) => `${path}: ${why}`).join("; ");
  return `no addon is there: expected ${allowed.map(({ path }) => path).join(", or ")}`;
}

function tryLoad(kind: AddonKind, path: string): Addon | string {
  if (!isAbsolute(path) || !existsSync(path)) return NOT_THERE; // words would be sought where the process is
  try {
    const file = kind === "wasm" ? readWasm(path) : (createRequire(path)(path) as AddonFile);
    if (file.abi !== ABI) return `expected ABI ${ABI}, got ${file.abi}: build it again`;
    return file.initialize({ InterruptedError, DeviceError });
  } catch (error) {
    return messageOf(error);
  }
}

const readWasm = (path: string): AddonFile =>
  wasmAddon(new WebAssembly.Module(readFileSync(path)), {
    openWorker,
    processors: availableParallelism(),
    mayWait: true,
  });

const namedKinds = (): string => process.env["TSKEOPS_ADDON"] || "auto";

function allowedKinds(): readonly AddonKind[] {
  const named = namedKinds();
  const allowed = ALLOWED[named];
  if (allowed !== undefined) return allowed;
  const known = Object.keys(ALLOWED).join(", ");
  throw new ArgumentError(`TSKEOPS_ADDON: expected one of ${known}, got ${describeValue(named)}`);
}

const OF_BUNDLES =
  "install tskeops where the bundle lies, or keep it out of the bundle (esbuild --external:tskeops, webpack externals); " +
  "tskeops/dist/web/tskeops.wasm, copied beside the bundle, serves too, but slower";

/** What a user can do where the addon cannot be used. */
export function addonRemedy(): string {
  if (!allowedKinds().includes("native")) return "unset TSKEOPS_ADDON";
  const folder = packageFolder();
  if (folder === null || isBundled()) return OF_BUNDLES;
  const isClone = existsSync(join(folder, "src"));
  return `build it with \`${isClone ? "npm run build:native" : "npx tskeops build"}\`, which needs cmake and a C++ compiler`;
}

/** Warns once where WebAssembly serves that nobody has asked for. */
export function warnOfSlow({ serving, candidates }: AddonReport): void {
  if (serving !== "wasm" || !allowedKinds().includes("native")) return;
  const slow = "computing in WebAssembly, up to ten times slower than this machine can";
  const why = whyNone(candidates.filter(({ kind }) => kind === "native"));
  warnOnce("KEOPS_WASM", `${slow}: ${why}; ${addonRemedy()}`);
}
