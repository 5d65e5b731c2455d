// Builds the native addon, build/Release/tskeops.node.
// With --optional (as `npm ci` calls it) a failure is explained in a few lines and is no error: everything then runs,
// slowly, on the reference engine.
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, firstStale, isOfAnother } from "./built.mjs";
import { generatedSources, writeSources } from "./generated.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, "build");
const addon = join(folder, "Release", "tskeops.node");
const prebuilds = join(root, "prebuilds");
const generated = join(root, "native", "generated");
const optional = process.argv.includes("--optional");

function compile() {
  const manifest = createRequire(import.meta.url).resolve("cmake-js/package.json");
  const command = [join(dirname(manifest), "bin", "cmake-js"), "compile", "--directory", root, "--parallel", "2"];
  return spawnSync(process.execPath, command, { cwd: root, encoding: "utf8", stdio: optional ? "pipe" : "inherit" });
}

/** The lines that tell a reader what went wrong: the first errors, else the end of the log. */
function causes({ error, stdout, stderr }) {
  const log = `${error?.message ?? ""}\n${stdout ?? ""}\n${stderr ?? ""}`;
  const lines = [...new Set(log.split("\n").map((line) => line.trim()))].filter((line) => line !== "");
  const telling = lines.filter((line) => /error|not found|could not find/i.test(line));
  return telling.length > 0 ? telling.slice(0, 4) : lines.slice(-4);
}

function explain(outcome) {
  console.warn("tskeops: the native addon could not be built:");
  for (const line of causes(outcome)) console.warn(`  ${line}`);
  console.warn("tskeops: the reference engine (slow, in TypeScript) will be used instead.");
  console.warn("tskeops: it needs a C++20 compiler, cmake and make; then run `npm run build:native`.");
}

function compileAll() {
  writeSources(generated, generatedSources());
  const outcome = compile();
  const isBuilt = outcome.status === 0 && existsSync(addon);
  if (!isBuilt && optional) explain(outcome);
  return isBuilt;
}

/** An addon of older sources must not be loaded in the place of the one that could not be built. */
function removeOlder() {
  rmSync(addon, { force: true });
  rmSync(prebuilds, { recursive: true, force: true });
}

const staleDist = firstStale(["dist"]); // its generator prints the tile kernels
if (staleDist !== null) console.error(staleDist);
if (isOfAnother(folder)) rmSync(folder, { recursive: true }); // a copied or moved checkout builds its own sources
const isBuilt = staleDist === null && build("addon", compileAll);
if (!isBuilt) removeOlder();
process.exitCode = isBuilt || (optional && staleDist === null) ? 0 : 1;
