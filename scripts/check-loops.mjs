/**
 * Holds the machine code of inner loops to what was recorded of it (test/data/loops.json): no more instructions, but
 * for a twentieth, and no more vector registers that pass through the stack. For every instruction set, whatever the
 * machine has: nothing is run.
 *
 *   npm run check:loops                 the routines of scripts/loops/routines.mjs, and the addon's kernels
 *   npm run check:loops -- --record     records what they are now
 *     --why "TEXT"                      the reason for vectors that are written to the stack and were not before
 *   node scripts/check-loops.mjs --recorded FILE.json [--record] TEXT.cc ...     routines of these texts alone
 *
 * Needs `npm run build:ts`, a compiler, and objdump. Kernels are taken from the build where it is up to date, else
 * compiled.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { functionsOf } from "./loops/disassembly.mjs";
import { measureKernels, measureRoutine } from "./loops/measures.mjs";
import { compilerVersion, eachKernelObject, eachRoutine } from "./loops/objects.mjs";
import { faultsOf, recordText } from "./loops/record.mjs";
import { ROUTINES } from "./loops/routines.mjs";
import { sourceOf } from "./specification.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { INSTRUCTION_SETS, instructionSetOf } = createRequire(import.meta.url)("../dist/codegen/isa.js");
const { values: options, positionals: files } = parseArgs({
  options: { record: { type: "boolean" }, recorded: { type: "string" }, why: { type: "string" } },
  allowPositionals: true,
});
const path = options.recorded ?? join(root, "test", "data", "loops.json");

/** The routines to compile: those of the files given, or of the table. */
function jobs() {
  const texts = files.map((file) => [basename(file, ".cc"), () => readFileSync(file, "utf8")]);
  const rows = Object.entries(ROUTINES).map(([name, routine]) => [name, (isa) => sourceOf(routine, isa)]);
  return INSTRUCTION_SETS.flatMap(({ name: isa }) =>
    (texts.length > 0 ? texts : rows).map(([name, source]) => ({ isa, name: `${isa}: ${name}`, source: source(isa) })),
  );
}

/** All loops that are to be looked at, by name, in the order of the lists. */
async function measureAll() {
  const routines = jobs();
  const measured = Object.fromEntries(routines.map(({ name }) => [name, undefined]));
  await eachRoutine(routines, ({ name, source, isa }, object) => {
    measured[name] = measureRoutine(name, source, functionsOf(object), instructionSetOf(isa).vectorBytes);
  });
  if (files.length === 0) Object.assign(measured, await measureAllKernels());
  return measured;
}

async function measureAllKernels() {
  const found = [];
  await eachKernelObject((file, object) => {
    for (const [name, loops] of Object.entries(measureKernels(functionsOf(object))))
      found.push([`${file}: ${name}`, loops]);
  });
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const NOTHING = { compiler: "none", loops: {} };
const recorded = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : NOTHING;

function report(faults, version) {
  for (const fault of faults) console.error(fault);
  if (faults.length === 0) return;
  if (version !== recorded.compiler)
    console.error(`recorded with ${recorded.compiler}, compiled with ${version}: counts may differ by that alone`);
  console.error("npm run check:loops -- --record records what the loops are now (see CONTRIBUTING.md)");
  process.exitCode = 1;
}

async function main() {
  if (process.arch !== "x64") return console.log(`check:loops: skipped: it reads code of x64, this is ${process.arch}`);
  const [measured, version] = [await measureAll(), await compilerVersion()];
  if (options.record) writeFileSync(path, recordText(measured, version, recorded, options.why));
  else report(faultsOf(measured, recorded, files.length === 0), version);
  console.log(`${Object.keys(measured).length} loops and kernels ${options.record ? "recorded" : "checked"}`);
}

try {
  await main();
} catch (error) {
  console.error(`check:loops: ${error.message}`);
  process.exitCode = 1;
}
