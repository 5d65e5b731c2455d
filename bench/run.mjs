/**
 * npm run bench [-- --quick] [-- --record]: times reductions and solves beside two yardsticks measured in the same run. Prints one JSON
 * line per row and a table last; `--record` writes bench/results/<date>.json too, unless other processes took part of the machine: a
 * disturbed yardstick makes every ratio too good. Times are the best of several repetitions; only ratios within one run mean something.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SOLVES, SUMS, aliasesOf } from "./cases.mjs";

const require = createRequire(import.meta.url);
const { Genred, KernelSolve, grad, rand, randn, setThreads, threads } = require("../dist/index.js");
const { nativeAddon } = require("../dist/engine/native.js");
const { flagsFor } = require("../dist/engine/compiler.js");

const here = fileURLToPath(new URL(".", import.meta.url));
const quick = process.argv.includes("--quick");
const work = mkdtempSync(join(tmpdir(), "tskeops-bench-"));
const rows = [];

function report(row) {
  rows.push(row);
  console.log(JSON.stringify(row));
}

const MOST_OTHERS = 0.05;
const busySeconds = () =>
  cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + (user + nice + sys + irq) / 1000, 0);
const ownSeconds = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6;
let othersShare = 0;

/** Runs `action`, and notes the share of the machine that other processes took meanwhile. */
function watched(action, childSeconds = () => 0) {
  const [busy, own, start] = [busySeconds(), ownSeconds(), performance.now()];
  const result = action();
  const wall = (performance.now() - start) / 1000;
  const others = busySeconds() - busy - (ownSeconds() - own) - childSeconds(result);
  if (wall > 0.4) othersShare = Math.max(othersShare, others / (wall * cpus().length)); // else the clock of `cpus` is too coarse
  return result;
}

/** The best time in seconds of a call that has run once before. */
function best(call, most = quick ? 0.5 : 3) {
  call();
  return watched(() => bestOfRepeated(call, most));
}

function bestOfRepeated(call, most) {
  let [least, spent] = [Infinity, 0];
  for (let k = 0; k < 3 || (spent < most && k < 1000); k++) {
    const start = performance.now();
    call();
    const seconds = (performance.now() - start) / 1000;
    least = Math.min(least, seconds);
    spent += seconds;
  }
  return least;
}

// ------------------------------------------------------------------------------------------------------- yardsticks

function plainLoop(n) {
  const path = join(work, "plain");
  execFileSync("g++", ["-O3", "-std=c++11", join(here, "plain.cc"), "-o", path, "-pthread"]);
  const run = () => JSON.parse(execFileSync(path, [n, threads(), quick ? 1 : 3].map(String), { encoding: "utf8" }));
  const [float32, float64] = watched(run, ([, , cpuSeconds]) => cpuSeconds);
  return { float32: n ** 2 / float32, float64: n ** 2 / float64 };
}

/** The best loop by hand over the numbers of vectors per tile, as pairs per second. */
function handLoop(n) {
  const addon = nativeAddon();
  const [x, b] = [rand([n, 3], { seed: 1 }).data, rand([n, 1], { seed: 2 }).data];
  const out = new Float32Array(n);
  const seconds = [2, 3, 4].map((tile) => {
    const routine = addon.load(handRoutine(tile));
    const grain = addon.table(routine)[2];
    const plan = { rows: n, columns: n, blockRows: grain * 4, chunkColumns: 1e9, unitsPerTask: 1 };
    return best(() => addon.reduce(routine, [x, x, b, new Float32Array([50])], out, plan), 1);
  });
  return n ** 2 / Math.min(...seconds);
}

function handRoutine(tile) {
  const native = (file) => readFileSync(join(here, "..", "native", file), "utf8");
  const source = join(work, `hand${tile}.cc`);
  const head = `#define KEOPS_DOUBLE 0\n#define KEOPS_TILE ${tile}\n`;
  writeFileSync(
    source,
    [head, native("routine.h"), native("keops.h"), readFileSync(join(here, "hand.cc"), "utf8")].join("\n"),
  );
  const object = join(work, `hand${tile}.so`);
  execFileSync("g++", [...flagsFor(nativeAddon().isa()), source, "-o", object]);
  return object;
}

// ------------------------------------------------------------------------------------------------------------ cases

function timeSum(row, dtype, yardsticks) {
  const { name, formula, m, n, d, dv, extra, ...options } = row;
  const array = (shape, seed) => rand(shape, { dtype, seed });
  const args = [array([m, d], 1), array([n, d], 2), array([n, dv], 3), 50, ...(extra ? [array([m, 1], 4)] : [])];
  const reduced = Genred(formula, aliasesOf(row), { axis: 1, ...options });
  const seconds = best(() => reduced(...args));
  const perSecond = (m * n) / seconds;
  const isYardstick = name.startsWith("Gaussian, D = 3") && dv === 1;
  report({
    name: `${name}, ${m} x ${n}`,
    dtype,
    seconds,
    gigapairs: perSecond / 1e9,
    ...(isYardstick && { overPlainLoop: perSecond / yardsticks.plain[dtype] }),
    ...(isYardstick && dtype === "float32" && { overHandLoop: perSecond / yardsticks.hand }),
  });
}

function timeSolve({ name, n, g, alpha }, dtype, yardsticks) {
  const K = KernelSolve("Exp(-g * SqDist(x, y)) * b", ["x = Vi(2)", "y = Vj(2)", "b = Vj(2)", "g = Pm(1)"], "b", {
    axis: 1,
  });
  const x = rand([n, 2], { dtype, seed: 1, requiresGrad: true });
  const [b, e] = [2, 3].map((seed) => randn([n, 2], { dtype, seed }));
  const solve = () => K.solve(x, x, b, g, { alpha });
  const { method, rank, iterations, residual } = solve();
  report({ name: `solve: ${name}, N = ${n}`, dtype, seconds: best(solve), method, rank, iterations, residual });
  const seconds = Math.min(
    ...[1, 2, 3].map(() => {
      const { solution } = solve();
      const start = performance.now();
      grad(solution, [x], e);
      return (performance.now() - start) / 1000;
    }),
  );
  report({
    name: `its derivative by x`,
    dtype,
    seconds,
    plainLoopProducts: seconds / (n ** 2 / yardsticks.plain[dtype]),
  });
}

/** Microseconds of a call on a few points, where the work is nothing. */
function timeOverhead() {
  const x = rand([10, 3], { seed: 1 });
  const K = Genred("Exp(-g * SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)", "g = Pm(1)"], { axis: 1 });
  const b = rand([10, 1], { seed: 2 });
  const thousand = () => {
    for (let k = 0; k < 1000; k++) K(x, x, b, 50);
  };
  report({ name: "overhead of a call, 10 x 10", dtype: "float32", microseconds: best(thousand) * 1000 });
}

/** Of a process of its own: the first call of a formula, without and with what an earlier process has compiled. */
function timeFirstCalls() {
  const cache = join(work, "cache");
  const code = `
    const { Genred, rand } = require(${JSON.stringify(join(here, "../dist/index.js"))});
    const x = rand([10, 3]), b = rand([10, 1]);
    const K = Genred("Exp(-Norm2(x - y) * 0.37) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)"], { axis: 1 });
    const start = performance.now();
    K(x, x, b);
    console.log((performance.now() - start) / 1000);`;
  const run = () => {
    const { stdout } = spawnSync(process.execPath, ["-e", code], {
      env: { ...process.env, TSKEOPS_CACHE: cache },
      encoding: "utf8",
    });
    return Number(stdout);
  };
  report({ name: "first call, compiled", dtype: "float32", seconds: run() });
  report({ name: "first call, from the cache on disk", dtype: "float32", seconds: Math.min(run(), run(), run()) });
}

// ------------------------------------------------------------------------------------------------------------- main

function main() {
  setThreads(Math.max(1, threads()));
  const n = quick ? 5000 : 20_000;
  const yardsticks = { plain: plainLoop(n), hand: handLoop(n) };
  report({
    name: `plain loop (-O3, no -march), ${n} x ${n}`,
    dtype: "float32",
    gigapairs: yardsticks.plain.float32 / 1e9,
  });
  report({
    name: `plain loop (-O3, no -march), ${n} x ${n}`,
    dtype: "float64",
    gigapairs: yardsticks.plain.float64 / 1e9,
  });
  report({ name: `loop by hand, ${n} x ${n}`, dtype: "float32", gigapairs: yardsticks.hand / 1e9 });
  const sums = quick ? SUMS.filter(({ m, n }) => m * n <= 4e8) : SUMS;
  for (const dtype of ["float32", "float64"]) {
    for (const row of sums) timeSum(row, dtype, yardsticks);
    for (const row of quick ? SOLVES.slice(0, 2) : SOLVES) timeSolve(row, dtype, yardsticks);
  }
  timeOverhead();
  timeFirstCalls();
  printTable();
  console.log(`other processes took at most ${(100 * othersShare).toFixed(1)} % of the machine`);
  if (process.argv.includes("--record")) record();
}

function printTable() {
  const cell = (value, digits = 3) => (value === undefined ? "" : Number(value).toPrecision(digits));
  const table = rows.map(
    ({ name, dtype, seconds, microseconds, gigapairs, overPlainLoop, overHandLoop, method, rank, iterations }) => [
      name,
      dtype,
      seconds === undefined
        ? microseconds === undefined
          ? ""
          : `${cell(microseconds)} us`
        : `${cell(seconds * 1000)} ms`,
      gigapairs === undefined ? "" : `${cell(gigapairs)} Gpairs/s`,
      overPlainLoop === undefined ? "" : `${cell(overPlainLoop)} x plain loop`,
      overHandLoop === undefined ? "" : `${cell(overHandLoop)} x loop by hand`,
      method === undefined ? "" : `${method}, rank ${rank}, ${iterations} it.`,
    ],
  );
  const widths = table[0].map((_, k) => Math.max(...table.map((row) => row[k].length)));
  for (const row of table)
    console.log(
      row
        .map((text, k) => text.padEnd(widths[k]))
        .join("  ")
        .trimEnd(),
    );
}

function record() {
  if (othersShare > MOST_OTHERS) {
    console.error(`not recorded: expected at most ${100 * MOST_OTHERS} % of the machine in other processes`);
    process.exitCode = 1;
    return;
  }
  const folder = join(here, "results");
  mkdirSync(folder, { recursive: true });
  const machine = { cpu: cpus()[0].model, threads: threads(), isa: nativeAddon().isa(), node: process.version };
  writeFileSync(
    join(folder, `${new Date().toISOString().slice(0, 10)}.json`),
    `${JSON.stringify({ machine, rows }, null, 2)}\n`,
  );
}

try {
  main();
} finally {
  rmSync(work, { recursive: true });
}
