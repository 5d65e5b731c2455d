/**
 * npm run bench [-- OPTIONS]: times reductions on both engines, dense algebra and solves, for each instruction set that
 * is asked for, beside yardsticks measured in the same run (yardsticks.mjs) and peers that Python finds. Prints one
 * JSON line per row and tables last. Times are the best of several repetitions, in rounds over all builds and widths;
 * only ratios within one run mean something. `--help` lists the options. Nothing is recorded when other processes took
 * part of the machine: a disturbed yardstick makes every ratio too good.
 */
import "../scripts/require-built.mjs";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { runChoices } from "./choices.mjs";
import { printMarkdown } from "./markdown.mjs";
import { clock, othersShare } from "./measure.mjs";
import { end, readOptions } from "./options.mjs";
import { drawPictures, printAgainst, printComparison, printSplits, printTable } from "./report.mjs";
import {
  Run,
  peerCases,
  reportYardsticks,
  timeDense,
  timeFewer,
  timeFirstCalls,
  timeOverhead,
  timeShapes,
  timeSolves,
  timeSums,
} from "./sections.mjs";
import { timeWebAssembly } from "./webassembly.mjs";
import { Worker } from "./workers.mjs";
import { Peers, Yardsticks } from "./yardsticks.mjs";

const require = createRequire(import.meta.url);
const { settings } = require("../dist/index.js");
const { nativeAddon, whyNoAddon } = require("../dist/device/native.js");
const { INSTRUCTION_SETS } = require("../dist/codegen/isa.js");

const here = fileURLToPath(new URL(".", import.meta.url));
const ROOT = join(here, "..");
const MOST_OTHERS = 0.05;

/** The instruction sets to run, the narrowest first. */
function wantedSets(wanted) {
  if (wanted === undefined) return [settings.instructionSet];
  const names = INSTRUCTION_SETS.map(({ name }) => name);
  const available = names.slice(0, names.indexOf(nativeAddon().isa()) + 1);
  if (wanted === "all") return available;
  const missing = wanted.split(",").find((name) => !available.includes(name));
  if (missing !== undefined) end(`--isa: expected all, or some of ${available.join(", ")}, got ${missing}`);
  return available.filter((name) => wanted.split(",").includes(name));
}

function checkoutAt(folder) {
  const root = resolve(folder);
  if (!existsSync(join(root, "dist", "index.js"))) end(`--against: expected a built checkout, got ${root}`);
  return root;
}

function startWorkers(isas, { against }) {
  const builds = [["this", ROOT], ...(against ? [["against", checkoutAt(against)]] : [])];
  return isas.flatMap((isa) => builds.map(([build, root]) => new Worker(root, build, isa)));
}

async function measure(run, options) {
  if (!options.quick && !options["no-peers"]) run.peers.run(peerCases(run));
  reportYardsticks(run);
  await timeSums(run);
  await timeDense(run);
  await timeSolves(run);
  await timeFewer(run);
  if (!options.quick) await timeShapes(run);
  await timeOverhead(run);
  await timeWebAssembly(run, ROOT);
  timeFirstCalls(run);
}

function printAll({ rows, isas, peers }, options) {
  printTable(rows, isas);
  printSplits(rows);
  if (options.against) printAgainst(rows, options.against);
  if (options.compare) printComparison(rows, options.compare);
  peers.told().forEach((line) => console.log(line));
  console.log(`other processes took at most ${(100 * othersShare()).toFixed(1)} % of the machine`);
}

/** Family and model too, where the system tells them: the names of virtual processors hide what they are. */
function processorName() {
  const text = existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : "";
  const numbers = ["cpu family", "model"].map((key) => new RegExp(`^${key}\\s*: (\\d+)$`, "m").exec(text)?.[1]);
  const [family, model] = numbers;
  return family === undefined ? cpus()[0].model : `${cpus()[0].model} (family ${family}, model ${model})`;
}

const machineOf = (run) => ({
  clock,
  cpu: processorName(),
  widest: nativeAddon().isa(),
  threads: settings.threads,
  isas: run.isas,
  node: process.version,
  othersShare: othersShare(),
  peers: run.peers.about,
});

async function record(text, { rows }) {
  if (clock === "wall" && othersShare() > MOST_OTHERS) {
    console.error(`not recorded: expected at most ${100 * MOST_OTHERS} % of the machine in other processes`);
    process.exitCode = 1;
    return;
  }
  mkdirSync(join(here, "results"), { recursive: true });
  const processor = `${cpus()[0].model} ${nativeAddon().isa()}`.replace(/\W+/g, "-").toLowerCase();
  writeFileSync(join(here, "results", `${new Date().toISOString().slice(0, 10)}-${processor}.json`), text);
  await drawPictures(rows, join(ROOT, "docs", "images"));
}

async function main(options) {
  if (nativeAddon() === null) end(`bench: expected the addon, got none: ${whyNoAddon()}`);
  const isas = wantedSets(options.isa);
  const work = mkdtempSync(join(tmpdir(), "tskeops-bench-"));
  const workers = startWorkers(isas, options);
  const yardsticks = new Yardsticks(work, options.quick ? 1 : 3);
  const peers = new Peers(options.python);
  const run = new Run({ workers, isas, widest: isas.at(-1), options, yardsticks, peers, work });
  try {
    if (options.choices) await runChoices(run, options);
    else {
      await measure(run, options);
      printAll(run, options);
    }
    const text = `${JSON.stringify({ machine: machineOf(run), rows: run.rows }, null, 2)}\n`;
    if (options.json) writeFileSync(options.json, text);
    if (options.record) await record(text, run);
  } finally {
    workers.forEach((worker) => worker.end());
    rmSync(work, { recursive: true });
  }
}

const options = readOptions(process.argv.slice(2));
if (options.markdown) printMarkdown(options.markdown);
else await main(options);
