// What the engine is measured against in the same run: plain loops, a loop by hand, the limit of the machine, and
// peers.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { best, clock, watched } from "./measure.mjs";
import { timedEnvironment } from "./workers.mjs";

const require = createRequire(import.meta.url);
const { rand, settings } = require("../dist/index.js");
const { nativeAddon } = require("../dist/device/native.js");
const { flagsFor } = require("../dist/device/compiler.js");
const { CORE } = require("../dist/codegen/texts.js");

const here = fileURLToPath(new URL(".", import.meta.url));
const PLAIN_PAIRS = 5e7;

/** `work`: a folder for what is compiled. */
export class Yardsticks {
  constructor(work, repetitions) {
    this.work = work;
    this.repetitions = repetitions;
    this.known = new Map();
  }

  once(key, measure) {
    if (!this.known.has(key)) this.known.set(key, measure());
    return this.known.get(key);
  }

  /** Pairs per second of a loop of plain.cc over so many columns, by dtype. */
  plain(name, columns) {
    return this.once(`plain ${name} ${columns}`, () => this.timePlain(name, columns));
  }

  timePlain(name, columns) {
    const path = this.compiled("plain.cc", "plain", ["-O3", "-std=c++11", "-pthread"]);
    const rows = Math.ceil(PLAIN_PAIRS / columns / costOf(name));
    const args = [name, rows, columns, settings.threads, this.repetitions, clock].map(String);
    // The best of several processes: one of them may be unlucky for as long as it lives.
    const runs = [1, 2, 3].map(() =>
      watched(
        () => JSON.parse(execFileSync(path, args, { encoding: "utf8" })),
        ([, , cpuSeconds]) => cpuSeconds,
      ),
    );
    const [float32, float64] = [0, 1].map((n) => Math.min(...runs.map((seconds) => seconds[n])));
    return { float32: (rows * columns) / float32, float64: (rows * columns) / float64 };
  }

  /**
   * Products and sums of whole vectors of float32 per second, on all threads: fused where the instruction set has that.
   */
  peak(isa) {
    return this.once(`peak ${isa}`, () => {
      const isaFlags = flagsFor(isa).filter((flag) => /^-m/.test(flag));
      const path = this.compiled("peak.cc", `peak-${isa}`, ["-O2", "-std=c++17", "-pthread", ...isaFlags]);
      const run = () => JSON.parse(execFileSync(path, [String(settings.threads), clock], { encoding: "utf8" }));
      return watched(run, ([, cpuSeconds]) => cpuSeconds)[0];
    });
  }

  /** Pairs per second of the best loop by hand over the numbers of vectors per tile. */
  hand(isa, n) {
    return this.once(`hand ${isa} ${n}`, () => this.timeHand(isa, n));
  }

  timeHand(isa, n) {
    const addon = nativeAddon();
    const [x, b] = [rand([n, 3], { seed: 1 }).data, rand([n, 1], { seed: 2 }).data];
    const out = new Float32Array(n);
    const seconds = [2, 3, 4].map((tile) => {
      const routine = addon.load(this.handRoutine(isa, tile));
      const grain = addon.table(routine)[2];
      const plan = Float64Array.of(n, n, grain * 4, 1e9, 1, 0); // sizes, as src/device/addoncall.ts has them
      const run = () => addon.reduce(routine, [x, x, b, new Float32Array([50])], out, undefined, plan);
      run();
      return best({ run }, 0.3);
    });
    return n ** 2 / Math.min(...seconds);
  }

  handRoutine(isa, tile) {
    const prelude = CORE.map((file) => join(here, "..", "native", "text", file));
    const source = join(this.work, `hand-${isa}-${tile}.cc`);
    const head = `#define KEOPS_DOUBLE 0\n#define KEOPS_TILE ${tile}\n`;
    const texts = [...prelude, join(here, "hand.cc")].map((file) => readFileSync(file, "utf8"));
    writeFileSync(source, [head, ...texts].join("\n"));
    const object = source.replace(/cc$/, "so");
    execFileSync("g++", [...flagsFor(isa), source, "-o", object]);
    return object;
  }

  compiled(file, name, flags) {
    return this.once(`compiled ${name}`, () => {
      const path = join(this.work, name);
      execFileSync("g++", [...flags, join(here, file), "-o", path]);
      return path;
    });
  }
}

/** How many pairs of three dimensions a pair costs. */
const costOf = (name) => Math.max(1, Number(/\d+$/.exec(name)?.[0] ?? 3) / 10);

// ------------------------------------------------------------------------------------------------------------ peers

const PEERS = join(here, "peers", "peers.py");
const PEER_NAMES = ["numpy", "scipy", "torch", "pykeops"];

/** Seconds of peers by case, and what is said about each peer: its version, or why it was not run. */
export class Peers {
  constructor(python) {
    this.interpreters = python ? [python] : ["/usr/bin/python3", "python3"];
    this.rows = [];
    this.about = {};
  }

  /** Times all cases by every peer, in the first interpreter that has it, and says which are not run. */
  run(cases) {
    const asked = this.interpreters.map((interpreter) => ({ interpreter, ...listed(interpreter) }));
    for (const name of PEER_NAMES) this.find(name, asked);
    for (const { interpreter } of asked) {
      const peers = PEER_NAMES.filter((name) => this.about[name].interpreter === interpreter);
      if (peers.length > 0) this.rows.push(...timedBy(interpreter, peers, cases));
    }
  }

  find(name, asked) {
    const found = asked.find(({ peers }) => peers?.[name]?.version !== undefined);
    if (found) this.about[name] = { interpreter: found.interpreter, ...found.peers[name] };
    else this.about[name] = { why: asked.map(({ why, peers }) => why ?? peers[name].why).join("; ") };
  }

  /** How many times as long each peer takes, by name. */
  over(label, dtype, seconds) {
    const found = this.rows.filter((row) => row.label === label && row.dtype === dtype);
    if (found.length === 0) return {};
    return { overPeers: Object.fromEntries(found.map((row) => [row.peer, row.seconds / seconds])) };
  }

  /** A line per peer. */
  told() {
    return Object.entries(this.about).map(([name, { why, version, kernel, interpreter }]) =>
      why === undefined
        ? `peer ${name} ${version}${kernel && `, ${kernel}`} (${interpreter})`
        : `peer ${name}: not run: ${why}`,
    );
  }
}

function listed(interpreter) {
  const { stdout, error, stderr } = spawnSync(interpreter, [PEERS, "--list"], peerOptions());
  if (error) return { why: `${interpreter}: ${error.message}` };
  if (!stdout) return { why: `${interpreter}: ${stderr.trim().split("\n").at(-1)}` };
  return { peers: JSON.parse(stdout) };
}

function timedBy(interpreter, peers, cases) {
  const { stdout, stderr } = spawnSync(interpreter, [PEERS], {
    ...peerOptions(),
    input: JSON.stringify({ peers, cases }),
  });
  if (stderr.trim()) console.error(stderr.trim());
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

function peerOptions() {
  const count = String(settings.threads);
  const env = timedEnvironment({ OMP_NUM_THREADS: count, OPENBLAS_NUM_THREADS: count, MKL_NUM_THREADS: count });
  return { env, encoding: "utf8", maxBuffer: 2 ** 26 };
}
