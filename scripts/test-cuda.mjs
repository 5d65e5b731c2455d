/**
 * The tests of the CUDA backend, rung by rung (docs/cuda.md): each says that it ran, or that it was skipped and why.
 *   --full   every row on every architecture, and all reference data; without it a sample
 */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const isFull = process.argv.includes("--full");
const jest = createRequire(import.meta.url).resolve("jest/bin/jest.js");

/** Bytes of the simulated device: small, so that tests can ask for more. */
const SIMULATED_MEMORY = 2 ** 26;

function run(command, args, env = {}) {
  return spawnSync(command, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } }).status === 0;
}

const runs = (program) => spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;
const withoutNvcc = runs("nvcc") ? null : "there is no nvcc on PATH";

function jestOf(pattern, env) {
  const args = [jest, "-c", "jest.cuda.config.json", "--runInBand", pattern];
  return run(process.execPath, args, { TSKEOPS_CUDA_FULL: isFull ? "1" : "", ...env });
}

function onSimulator() {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "test", "cuda-sim", "build.mjs")], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the simulated device could not be built: ${stderr}`);
  return { LD_LIBRARY_PATH: stdout.trim(), CUDASIM_MEMORY: String(SIMULATED_MEMORY) };
}

/** What a real device would need: the driver says so itself. */
function whyNoDevice() {
  const { cuda } = createRequire(import.meta.url)(join(root, "dist", "index.js"));
  return cuda.whyNot();
}

const RUNGS = [
  ["a, b: kernels compile, without spills; declarations are the driver's", withoutNvcc, () => jestOf("compile")],
  ["c: resident arrays and failures, on the simulated device", withoutNvcc, () => jestOf("resident", onSimulator())],
  ["d: the reference data, on the simulated device", withoutNvcc, () => jestOf("reference", onSimulator())],
  ["d: every row of the table, on the simulated device", withoutNvcc, () => jestOf("sweep", onSimulator())],
  ["e: a real GPU", whyNoDevice(), () => run(process.execPath, [join("scripts", "gpu-check.mjs")])],
];

const report = [];
for (const [name, whyNot, body] of RUNGS) {
  const outcome = whyNot !== null ? `skipped: ${whyNot}` : body() ? "ran" : "FAILED";
  report.push(`${name}: ${outcome}`);
  if (outcome === "FAILED") process.exitCode = 1;
}
console.log(`\nCUDA, rung by rung${isFull ? " (in full)" : ""}:\n${report.map((line) => `  ${line}`).join("\n")}`);
