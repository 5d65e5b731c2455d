/**
 * npm run bench [-- --quick] [-- --only REGEXP] [-- --record] [-- --processor] [-- --compare FILE]: times reductions on both engines, and solves, beside
 * yardsticks measured in the same run (yardsticks.mjs) and peers that python3 finds, in three minutes. Prints one JSON line per row and a
 * table last. `--record` writes bench/results/<date>.json and docs/images/bench.png too, unless other processes took part of the machine:
 * a disturbed yardstick makes every ratio too good. `--processor` times by processor seconds per thread, which bear company. Times are the best of several repetitions; only ratios within one run mean something.
 */
import "../scripts/require-built.mjs";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SOLVES, SUMS, aliasesOf, labelOf } from "./cases.mjs";
import { best, clock, othersShare, timed } from "./measure.mjs";
import { drawRatios, printComparison, printTable } from "./report.mjs";
import { Yardsticks, peerRows } from "./yardsticks.mjs";

const require = createRequire(import.meta.url);
const { Genred, KernelSolve, grad, rand, randn, threads } = require("../dist/index.js");
const { parse } = require("../dist/formula/parse.js");
const { reductionNamed } = require("../dist/formula/reductions.js");
const { program } = require("../dist/engine/cpp.js");
const { nativeAddon } = require("../dist/engine/native.js");

const here = fileURLToPath(new URL(".", import.meta.url));
const [quick, records] = ["--quick", "--record"].map((flag) => process.argv.includes(flag));
const [compared, only = "."] = ["--compare", "--only"].map(valueOf);
const MOST_OTHERS = 0.05;
const MANY = 4096;
const MOST_SECONDS = quick ? 0.1 : 0.25;
const rows = [];

function valueOf(flag) {
  const at = process.argv.indexOf(flag);
  return at < 0 ? undefined : process.argv[at + 1];
}

function report(row) {
  rows.push(row);
  console.log(JSON.stringify(row));
}

// ------------------------------------------------------------------------------------------------------------- sums

function timeSum(row, dtype, engine, { yardsticks, hand, peak, peers }) {
  const { formula, m, n, d, dv, extra = [], batch, blocks, plain } = row;
  const pairs = (m * n * (batch ?? 1)) / (blocks ?? 1);
  const array = (count, dim, seed) => rand([...(batch ? [batch] : []), count, dim], { dtype, seed });
  const args = [array(m, d, 1), array(n, d, 2), array(n, dv, 3), 50, ...extra.map((dim, k) => array(m, dim, 4 + k))];
  const reduced = Genred(formula, aliasesOf(row), { axis: 1, ...row.options });
  const ranges = blocks && diagonalBlocks(m, n, blocks);
  const seconds = best(() => reduced(...args, { backend: engine, ranges }), MOST_SECONDS);
  const perSecond = pairs / seconds;
  const isHand = plain === "gaussian3" && m >= 1000 && dtype === "float32";
  report({
    name: labelOf(row),
    dtype,
    engine,
    seconds,
    gigapairs: perSecond / 1e9,
    ofPeak: (instructionsPerPair(row, dtype) * perSecond) / peak,
    ...(plain && { overPlainLoop: perSecond / yardsticks.plain(plain, n)[dtype] }),
    ...(isHand && { overHandLoop: perSecond / hand }),
    ...overPeers(peers, row, dtype, seconds),
  });
}

/** Of sums that take seconds, other than the first, one engine and dtype are enough. */
function enginesFor({ name, m, n }, dtype) {
  if (m * n <= 4e9 || name === "Gaussian") return ["cpu", "tiles"];
  return dtype === "float32" ? ["cpu"] : [];
}

/** As many row clusters as blocks, each with the columns of its own: a fraction 1 / blocks of all pairs. */
function diagonalBlocks(m, n, blocks) {
  const cuts = (count) =>
    Array.from({ length: blocks }, (_, k) => [
      Math.floor((k * count) / blocks),
      Math.floor(((k + 1) * count) / blocks),
    ]);
  const slices = Array.from({ length: blocks }, (_, k) => k + 1);
  return [cuts(m), slices, cuts(n), cuts(n), slices, cuts(m)];
}

/** Vector instructions that the generator counts for a pair, where all lanes are busy. */
function instructionsPerPair({ formula, options, ...row }, dtype) {
  const { formulas, arguments: variables } = parse([formula], aliasesOf(row));
  const { reductionOp = "Sum", optArg = 1 } = options;
  const specification = { formulas, reduction: reductionNamed(reductionOp), k: optArg, rows: 0, variables, dtype };
  const generated = program({ ...specification, sumScheme: "block", accumulator: dtype }, nativeAddon().isa());
  return generated.instructions(MANY, MANY) / MANY ** 2;
}

function overPeers(peers, row, dtype, seconds) {
  const found = peers.filter((peer) => peer.label === labelOf(row) && peer.dtype === dtype);
  if (found.length === 0) return {};
  return { overPeers: Object.fromEntries(found.map((peer) => [peer.peer, peer.seconds / seconds])) };
}

function peerCases(sums) {
  const gaussians = sums.filter(
    ({ name, batch, blocks, m, n }) => name.startsWith("Gaussian") && !batch && !blocks && m * n <= 1e8,
  );
  return ["float32", "float64"].flatMap((dtype) =>
    gaussians.map((row) => ({ label: labelOf(row), kind: "gaussian", ...row, dtype })),
  );
}

// ----------------------------------------------------------------------------------------------------------- solves

function timeSolve({ name, n, g, alpha }, dtype, { yardsticks }) {
  const K = KernelSolve("Exp(-g * SqDist(x, y)) * b", ["x = Vi(2)", "y = Vj(2)", "b = Vj(2)", "g = Pm(1)"], "b", {
    axis: 1,
  });
  const x = rand([n, 2], { dtype, seed: 1, requiresGrad: true });
  const [b, e] = [2, 3].map((seed) => randn([n, 2], { dtype, seed }));
  const solve = () => K.solve(x, x, b, g, { alpha, compile: "always" });
  const { method, rank, iterations, residual } = solve();
  const plainProduct = n ** 2 / yardsticks.plain("gaussian3", n)[dtype];
  const seconds = best(solve, MOST_SECONDS);
  const found = { method, rank, iterations, residual };
  report({ name: `solve: ${name}, N = ${n}`, dtype, seconds, ...found, plainLoopProducts: seconds / plainProduct });
  const derivative = Math.min(
    ...[1, 2, 3].map(() => {
      const { solution } = solve();
      return timed(() => grad(solution, [x], e));
    }),
  );
  report({ name: `its derivative by x`, dtype, seconds: derivative, plainLoopProducts: derivative / plainProduct });
}

// ------------------------------------------------------------------------------------------------------ small calls

/** Microseconds of a call on a few points, where the work is nothing. */
function timeOverhead() {
  const x = rand([10, 3], { seed: 1 });
  const K = Genred("Exp(-g * SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)", "g = Pm(1)"], { axis: 1 });
  const b = rand([10, 1], { seed: 2 });
  for (const engine of ["cpu", "tiles"]) {
    const thousand = () => {
      for (let k = 0; k < 1000; k++) K(x, x, b, 50, { backend: engine });
    };
    const microseconds = best(thousand, MOST_SECONDS) * 1000;
    report({ name: "overhead of a call, 10 x 10", dtype: "float32", engine, microseconds });
  }
}

/** Of processes of their own: the first call of a formula over 1000 points, evaluated, compiled, and compiled before. */
function timeFirstCalls(work) {
  const run = (compile) => {
    const code = `
    const { Genred, rand } = require(${JSON.stringify(join(here, "../dist/index.js"))});
    const x = rand([1000, 3]), b = rand([1000, 1]);
    const K = Genred("Exp(-Norm2(x - y) * 0.37) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)"], { axis: 1 });
    const start = performance.now();
    K(x, x, b, { compile: "${compile}" });
    console.log((performance.now() - start) / 1000);`;
    const env = { ...process.env, TSKEOPS_CACHE: join(work, "cache") };
    return Number(spawnSync(process.execPath, ["-e", code], { env, encoding: "utf8" }).stdout);
  };
  const least = (compile) => Math.min(run(compile), run(compile), run(compile));
  const first = (name, seconds) => report({ name: `first call, ${name}`, dtype: "float32", seconds });
  first("evaluated", least("auto"));
  first("compiled", run("always"));
  first("from the cache on disk", least("always"));
}

// ------------------------------------------------------------------------------------------------------------- main

function measure(work) {
  const n = 10_000;
  const yardsticks = new Yardsticks(work, quick ? 1 : 3);
  const isWanted = new RegExp(only);
  const sums = SUMS.filter((row) => isWanted.test(labelOf(row)) && !(quick && row.m * row.n > 1e9));
  const solves = SOLVES.filter(({ name }) => isWanted.test(`solve: ${name}`)).slice(0, quick ? 2 : undefined);
  const peers = quick ? [] : peerRows(peerCases(sums));
  const beside = { yardsticks, hand: yardsticks.hand(n), peak: yardsticks.peak(), peers };
  for (const dtype of ["float32", "float64"])
    report({ name: "plain loop, Gaussian, D = 3", dtype, gigapairs: yardsticks.plain("gaussian3", n)[dtype] / 1e9 });
  report({ name: "loop by hand, Gaussian, D = 3", dtype: "float32", gigapairs: beside.hand / 1e9 });
  report({ name: "vector instructions, 10^9 per second", dtype: "float32", rate: beside.peak / 1e9 });
  for (const dtype of ["float32", "float64"]) {
    for (const row of sums) for (const engine of enginesFor(row, dtype)) timeSum(row, dtype, engine, beside);
    for (const row of solves) timeSolve(row, dtype, beside);
  }
  timeOverhead();
  timeFirstCalls(work);
}

async function record() {
  if (clock === "wall" && othersShare() > MOST_OTHERS) {
    console.error(`not recorded: expected at most ${100 * MOST_OTHERS} % of the machine in other processes`);
    process.exitCode = 1;
    return;
  }
  const folder = join(here, "results");
  mkdirSync(folder, { recursive: true });
  const machine = { clock, cpu: cpus()[0].model, threads: threads(), isa: nativeAddon().isa(), node: process.version };
  const file = join(folder, `${new Date().toISOString().slice(0, 10)}.json`);
  writeFileSync(file, `${JSON.stringify({ machine, rows }, null, 2)}\n`);
  await drawRatios(rows, join(here, "..", "docs", "images", "bench.png"));
}

const work = mkdtempSync(join(tmpdir(), "tskeops-bench-"));
try {
  measure(work);
  printTable(rows);
  if (compared) printComparison(rows, compared);
  console.log(`other processes took at most ${(100 * othersShare()).toFixed(1)} % of the machine`);
  if (records) await record();
} finally {
  rmSync(work, { recursive: true });
}
