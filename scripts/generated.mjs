/**
 * The sources that the builds write, from the table of instruction sets (src/codegen/isa.ts) and the operation table: the
 * table for C++ and for CMake, and for each set the kernels of dense algebra and of the tile evaluator.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const project = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Names and texts for the sets of an architecture, or for those of them that are named, as dist/ below the root prints
 * them; of this machine they are in native/generated.
 */
export const generatedSources = (root = project, { arch = process.arch, sets } = {}) =>
  sourcesFor(root, ({ instructionSetsOf }) =>
    instructionSetsOf(arch).filter(({ name }) => sets?.includes(name) ?? true),
  );

/** Those for WebAssembly, in build-wasm/generated. */
export const wasmSources = (root = project) => sourcesFor(root, ({ WEBASSEMBLY }) => [WEBASSEMBLY]);

/** A file that stays as it is is not compiled again. */
export function writeSources(folder, sources) {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of sources) {
    const file = join(folder, name);
    if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeFileSync(file, text);
  }
}

function sourcesFor(root, setsOf) {
  const dist = (module) => createRequire(import.meta.url)(join(root, "dist", "codegen", `${module}.js`));
  const sets = setsOf(dist("isa"));
  const { kernelSource } = dist("tilekernels");
  return [
    ["instructionsets.h", headerOf(sets)],
    ["instructionsets.cmake", sets.map(flagsOf).join("")],
    ...sets.flatMap((set) => [
      [`${set.name}-linalg.cc`, linalgOf(set)],
      ...["float32", "float64"].map((dtype) => [`${set.name}-${dtype}.cc`, kernelSource(set.name, dtype)]),
    ]),
  ];
}

const flagsOf = ({ name, flags }) => `set(FLAGS_${name} ${flags.join(" ")})\n`;

function headerOf(sets) {
  const rows = sets.map(({ name, vectorBytes, features }) => {
    const supported = features.map((feature) => `__builtin_cpu_supports("${feature}")`).join(" && ") || "true";
    return `  X(${name}, ${vectorBytes}, ${supported})`;
  });
  const head =
    "// X(name, bytes of a vector, whether this processor has it), the narrowest first: written from src/codegen/isa.ts.";
  return `${head}\n#define EACH_INSTRUCTION_SET(X) \\\n${rows.join(" \\\n")}\n`;
}

function linalgOf({ name, vectorBytes, registers }) {
  const names = { KERNEL_SET: `kernels_${name}`, VECTOR_BYTES: vectorBytes, REGISTERS: registers };
  const defines = Object.entries(names).map(([key, value]) => `#define ${key} ${value}`);
  return [`// Kernels of dense algebra for ${name}.`, ...defines, '#include "linalg/kernelstext.h"', ""].join("\n");
}
