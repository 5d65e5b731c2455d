/**
 * The tests of the CUDA backend, rung by rung (docs/design/cuda.md): each says that it ran and how long, or that it was
 * skipped and why. Ends with a line "N passed, N failed, N skipped". Rungs run side by side, one per processor. Needs
 * `npm run build`.
 *   --full   every row on the first architecture, a part on the others, and all reference data; without it a sample, the same in every run
 */
import "./require-built.mjs";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const { cuda } = require(join(root, "dist", "index.js"));
const { cudaCompiler } = require(join(root, "dist", "device", "cudacompiler.js"));

const isFull = process.argv.includes("--full");
const compiler = cudaCompiler();
const hasNvrtc = compiler?.startsWith("NVRTC") ?? false;
/** Bytes of the simulated device: small, so that tests can ask for more. */
const SIMULATED_MEMORY = 2 ** 26;
/** nvcc takes so much longer than NVRTC for one kernel; so many fewer are taken where it compiles. */
const FEWER = hasNvrtc ? 1 : 3;

const withoutNvcc = runs("nvcc") ? null : "there is no nvcc on PATH";
const withoutNvrtc = hasNvrtc ? null : "there is no NVRTC (TSKEOPS_NVRTC, CUDA_HOME, the loader's path)";
const withoutCompiler = compiler === null ? "there is no compiler for PTX" : null;

/** What each rung proves, why it cannot run here, or the file of its tests, of which a sample takes one in `every`. */
const RUNGS = [
  { name: "the simulated device itself", whyNot: null, tests: "simulator" },
  {
    name: "d: the reference data, on the simulated device",
    whyNot: withoutCompiler,
    tests: "reference",
    every: 16 * FEWER,
  },
  { name: "a, b: kernels compile with nvcc, without spills", whyNot: withoutNvcc, tests: "compile", every: 9 },
  {
    name: "d: every row of the table, on the simulated device",
    whyNot: withoutCompiler,
    tests: "sweep",
    every: 5 * FEWER,
  },
  { name: "a: kernels compile with NVRTC", whyNot: withoutNvrtc, tests: "nvrtc", every: 25 },
  {
    name: "c: resident arrays, solves, several devices, on the simulated device",
    whyNot: withoutCompiler,
    tests: "resident",
  },
  { name: "c: injected failures, on the simulated device", whyNot: withoutCompiler, tests: "failures", every: 4 },
  { name: "e: a real GPU", whyNot: cuda.whyNot() },
];

function runs(program) {
  return spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;
}

/** Runs a command; gives what it wrote, and whether it ended well. */
function output(command, args, env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env } });
    const chunks = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => chunks.push(chunk));
    child.on("close", (status) => resolve({ isWell: status === 0, text: Buffer.concat(chunks).toString() }));
  });
}

async function simulator() {
  const { isWell, text } = await output(process.execPath, [join("test", "cuda-sim", "build.mjs")], {});
  if (!isWell) throw new Error(`the simulated device could not be built: ${text}`);
  return text.trim();
}

/** Counts of a rung. What jest did not report, it failed at. */
async function ran({ name, tests, every = 1 }, device, folder) {
  if (tests === undefined) {
    const { isWell, text } = await output(process.execPath, [join("scripts", "gpu-check.mjs")], {});
    process.stdout.write(text);
    return { passed: Number(isWell), failed: Number(!isWell), skipped: 0 };
  }
  const file = join(folder, `${tests}.json`);
  const args = ["-c", "jest.cuda.config.json", "--runInBand", "--json", `--outputFile=${file}`, `${tests}.cuda.ts`];
  const { isWell, text } = await output(process.execPath, [require.resolve("jest/bin/jest"), ...args], {
    LD_LIBRARY_PATH: device,
    CUDASIM_MEMORY: String(SIMULATED_MEMORY),
    TSKEOPS_CUDA_EVERY: isFull ? "1" : String(every),
  });
  process.stdout.write(`\n── ${name}\n${text}`);
  const counts = counted(file);
  return isWell || counts.failed > 0 ? counts : { ...counts, failed: 1 };
}

function counted(file) {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites } = JSON.parse(
      readFileSync(file, "utf8"),
    );
    return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites, skipped: numPendingTests };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

async function climb(device, folder) {
  const report = new Map(RUNGS.map((rung) => [rung, { passed: 0, failed: 0, skipped: 1, seconds: 0 }]));
  const left = RUNGS.filter(({ whyNot }) => whyNot === null);
  const worker = async () => {
    for (let rung = left.shift(); rung !== undefined; rung = left.shift()) {
      const begin = performance.now();
      const counts = await ran(rung, device, folder);
      report.set(rung, { ...counts, seconds: Math.round((performance.now() - begin) / 1000) });
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return [...report].map(([{ name, whyNot }, counts]) => ({ name, whyNot, ...counts }));
}

function told({ name, whyNot, passed, failed, skipped, seconds }) {
  if (whyNot !== null) return `${name}: skipped: ${whyNot}`;
  return `${name}: ${failed > 0 ? "FAILED" : "ran"}, ${passed} passed, ${failed} failed, ${skipped} skipped, ${seconds} s`;
}

const folder = mkdtempSync(join(tmpdir(), "tskeops-cuda-"));
try {
  const begin = performance.now();
  const rungs = await climb(await simulator(), folder);
  const sum = (kind) => rungs.reduce((total, rung) => total + rung[kind], 0);
  const seconds = Math.round((performance.now() - begin) / 1000);
  const total = { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") };
  const what = isFull ? "in full" : "a sample";
  console.log(
    `\nCUDA, rung by rung (${what}; ${seconds} s on ${availableParallelism()} processors; PTX by ${compiler}):`,
  );
  for (const rung of rungs) console.log(`  ${told(rung)}`);
  if (isFull) {
    const record = { date: new Date().toISOString(), seconds, compiler, ...total, rungs };
    writeFileSync(join(root, "docs", "log", "cuda-full.json"), `${JSON.stringify(record, null, 2)}\n`);
  }
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.exitCode = total.failed > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true });
}
