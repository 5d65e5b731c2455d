/**
 * The files that may serve as the addon, native ones before WebAssembly, and why each of them does not. Browsers have
 * src/browser/webmodule.ts in its place. Must not know what an addon does.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { join } from "node:path";

import { abiOfTexts } from "../codegen/prelude";
import { ArgumentError, DeviceError, InterruptedError } from "../errors";
import { describeValue, messageOf } from "../options";
import { warnOnce } from "../warnings";
import type { Addon, AddonFile } from "./addon";
import { openWorker } from "./nodeworkers";
import { wasmAddon } from "./wasm";

/** What may serve as the addon: code of this machine, or a module of WebAssembly, at about a fifth of its speed. */
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

const PACKAGE_ROOT = join(__dirname, "..", "..");
const CANDIDATES: readonly (readonly [AddonKind, ...string[]])[] = [
  ["native", "build", "Release", "tskeops.node"],
  ["native", "prebuilds", `${process.platform}-${process.arch}`, "tskeops.node"],
  ["wasm", "build-wasm", "tskeops.wasm"],
  ["wasm", "dist", "web", "tskeops.wasm"],
];

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
  for (const [kind, ...parts] of CANDIDATES) {
    const path = join(PACKAGE_ROOT, ...parts);
    const found = kinds.includes(kind) ? tryLoad(kind, path) : "TSKEOPS_ADDON excludes it";
    const isServing = typeof found !== "string";
    candidates.push({ kind, path, why: isServing ? null : found });
    if (isServing) return { addon: found, serving: kind, candidates };
  }
  return { addon: null, serving: null, candidates };
}

const NOT_BUILT = "it is not built";

/** What was there and could not be loaded tells more than what is not there. */
export function whyNone(candidates: readonly Candidate[]): string {
  const allowed = candidates.filter(({ kind }) => allowedKinds().includes(kind));
  if (allowed.length === 0) return `TSKEOPS_ADDON is ${namedKinds()}`;
  const failed = allowed.filter(({ why }) => why !== NOT_BUILT);
  if (failed.length > 0) return failed.map(({ path, why }) => `${path}: ${why}`).join("; ");
  return `the addon is not built: expected ${allowed.map(({ path }) => path).join(" or ")}`;
}

function tryLoad(kind: AddonKind, path: string): Addon | string {
  if (!existsSync(path)) return NOT_BUILT;
  try {
    const file = kind === "wasm" ? readWasm(path) : (createRequire(__filename)(path) as AddonFile);
    const abi = abiOfTexts();
    if (file.abi !== abi) return `expected ABI ${abi}, got ${file.abi}: build it again`;
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

/** What a user can do where the addon cannot be used. */
export function addonRemedy(): string {
  if (!allowedKinds().includes("native")) return "unset TSKEOPS_ADDON";
  const isBundled = !existsSync(join(PACKAGE_ROOT, "dist", "device", "native.js"));
  return isBundled
    ? "keep tskeops out of the bundle (esbuild --external:tskeops, webpack externals), so that it finds its addon"
    : `build it with \`npm run build:native\` in a checkout of tskeops on this machine (${process.platform}-${process.arch})`;
}

/** Warns once where WebAssembly serves that nobody has asked for. */
export function warnOfSlow({ serving, candidates }: AddonReport): void {
  if (serving !== "wasm" || !allowedKinds().includes("native")) return;
  const slow = "computing in WebAssembly, up to ten times slower than this machine can";
  const why = whyNone(candidates.filter(({ kind }) => kind === "native"));
  warnOnce("KEOPS_WASM", `${slow}: ${why}; ${addonRemedy()}`);
}
