/**
 * The sources that the build writes into native/generated, from the table of instruction sets (src/codegen/isa.ts) and the operation table:
 * the table for C++ and for CMake, and for each set the kernels of dense algebra and of the tile evaluator.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const project = dirname(dirname(fileURLToPath(import.meta.url)));

/** Names and texts, as dist/ below the root prints them. */
export function generatedSources(root = project) {
  const dist = (module) => createRequire(import.meta.url)(join(root, "dist", "codegen", `${module}.js`));
  const { INSTRUCTION_SETS } = dist("isa");
  const { kernelSource } = dist("tilekernels");
  return [
    ["instructionsets.h", headerOf(INSTRUCTION_SETS)],
    ["instructionsets.cmake", INSTRUCTION_SETS.map(flagsOf).join("")],
    ...INSTRUCTION_SETS.flatMap((set) => [
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
