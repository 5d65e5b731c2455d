// Builds the native addon, build/Release/tskeops.node, in a clone (`npm run build:native`) or in an installed package
// (`npx tskeops build`).
// With --optional (as `npm ci` calls it) a failure is explained in a few lines and is no error: everything then runs on
// WebAssembly, or, slowly, on the reference engine.
import { existsSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileAddon, missingCommand } from "./addon.mjs";
import { build, firstStale } from "./built.mjs";
import { generatedSources } from "./generated.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, "build");
const addon = join(folder, "Release", "tskeops.node");
const generated = join(root, "native", "generated");
const optional = process.argv.includes("--optional");
const isClone = existsSync(join(root, "src"));

/** The lines that tell a reader what went wrong: the first errors, else the end of the log. */
function causes(outcome) {
  const missing = missingCommand(outcome);
  if (missing) return [`expected the command ${missing}, got none`];
  const log = `${outcome.error?.message ?? ""}\n${outcome.stdout ?? ""}\n${outcome.stderr ?? ""}`;
  const lines = [...new Set(log.split("\n").map((line) => line.trim()))].filter((line) => line !== "");
  const telling = lines.filter((line) => /error|not found|could not find/i.test(line));
  return telling.length > 0 ? telling.slice(0, 4) : lines.slice(-4);
}

function explain(outcome) {
  console.warn("tskeops: the native addon could not be built:");
  for (const line of causes(outcome)) console.warn(`  ${line}`);
  console.warn("tskeops: it needs cmake, make and a C++20 compiler (Debian: apt install cmake make g++).");
  console.warn(
    `tskeops: then run \`${isClone ? "npm run build:native" : "npx tskeops build"}\`; until then sums are slow.`,
  );
}

function compileAll() {
  const stdio = optional ? "pipe" : "inherit";
  const outcome = compileAddon({ folder, generated, sources: generatedSources(), stdio });
  const isBuilt = outcome.status === 0 && existsSync(addon);
  if (!isBuilt) explain(outcome);
  return isBuilt;
}

const staleDist = isClone ? firstStale(["dist"]) : null; // its generator prints the tile kernels
if (staleDist !== null) console.error(staleDist);
const isBuilt = staleDist === null && build("addon", compileAll);
if (!isBuilt) rmSync(addon, { force: true }); // of older sources, it must not be loaded in the place of the one that failed
process.exitCode = isBuilt || (optional && staleDist === null) ? 0 : 1;
