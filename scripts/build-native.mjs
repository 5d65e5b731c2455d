// Builds the native addon, build/Release/tskeops.node.
// With --optional (as `npm ci` calls it) a failure is explained in a few lines and is no error: everything then runs,
// slowly, on the reference engine.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const addon = join(root, "build", "Release", "tskeops.node");
const generated = join(root, "native", "generated");
const optional = process.argv.includes("--optional");

/**
 * What the build makes of the table of instruction sets: the table for C++ and for CMake, and for each set the kernels of dense algebra and
 * of the tile evaluator. A file that stays as it is is not compiled again.
 */
function writeSources() {
  const { INSTRUCTION_SETS } = dist("isa");
  const { kernelSource } = dist("tilekernels");
  mkdirSync(generated, { recursive: true });
  write("instructionsets.h", headerOf(INSTRUCTION_SETS));
  write(
    "instructionsets.cmake",
    INSTRUCTION_SETS.map(({ name, flags }) => `set(FLAGS_${name} ${flags.join(" ")})\n`).join(""),
  );
  for (const set of INSTRUCTION_SETS) {
    write(`${set.name}-linalg.cc`, linalgOf(set));
    for (const dtype of ["float32", "float64"]) write(`${set.name}-${dtype}.cc`, kernelSource(set.name, dtype));
  }
}

const dist = (module) => createRequire(import.meta.url)(join(root, "dist", "engine", `${module}.js`));
const write = (file, text) => writeIfChanged(join(generated, file), text);

function headerOf(sets) {
  const rows = sets.map(({ name, vectorBytes, features }) => {
    const supported = features.map((feature) => `__builtin_cpu_supports("${feature}")`).join(" && ") || "true";
    return `  X(${name}, ${vectorBytes}, ${supported})`;
  });
  const head =
    "// X(name, bytes of a vector, whether this processor has it), the narrowest first: written from src/engine/isa.ts.";
  return `${head}\n#define EACH_INSTRUCTION_SET(X) \\\n${rows.join(" \\\n")}\n`;
}

function linalgOf({ name, vectorBytes, registers }) {
  const names = { KERNEL_SET: `kernels_${name}`, VECTOR_BYTES: vectorBytes, REGISTERS: registers };
  const defines = Object.entries(names).map(([key, value]) => `#define ${key} ${value}`);
  return [`// Kernels of dense algebra for ${name}.`, ...defines, '#include "linalg/kernelstext.h"', ""].join("\n");
}

function writeIfChanged(file, text) {
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeFileSync(file, text);
}

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

writeSources();
const outcome = compile();
const built = outcome.status === 0 && existsSync(addon);
if (!built) rmSync(addon, { force: true }); // an addon of older sources must not be loaded in its place
if (!built && optional) explain(outcome);
process.exitCode = built || optional ? 0 : 1;
