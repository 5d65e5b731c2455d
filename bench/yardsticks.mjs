// What the engine is measured against in the same run: plain loops, a loop by hand, the limit of the machine, and peers.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { best, clock, watched } from "./measure.mjs";

const require = createRequire(import.meta.url);
const { rand, threads } = require("../dist/index.js");
const { nativeAddon } = require("../dist/engine/native.js");
const { flagsFor } = require("../dist/engine/compiler.js");
const { CORE } = require("../dist/engine/prelude.js");

const here = fileURLToPath(new URL(".", import.meta.url));
const PLAIN_PAIRS = 5e7;

/** `work`: a folder for what is compiled. */
export class Yardsticks {
  constructor(work, repetitions) {
    this.work = work;
    this.repetitions = repetitions;
    this.rates = new Map();
  }

  /** Pairs per second of a loop of plain.cc over so many columns, by dtype. */
  plain(name, columns) {
    const key = `${name} ${columns}`;
    if (!this.rates.has(key)) this.rates.set(key, this.timePlain(name, columns));
    return this.rates.get(key);
  }

  timePlain(name, columns) {
    this.plainPath ??= this.compiled("plain.cc", ["-O3", "-std=c++11", "-pthread"]);
    const rows = Math.ceil(PLAIN_PAIRS / columns / costOf(name));
    const args = [name, rows, columns, threads(), this.repetitions, clock].map(String);
    // The best of several processes: one of them may be unlucky for as long as it lives.
    const runs = [1, 2, 3].map(() =>
      watched(
        () => JSON.parse(execFileSync(this.plainPath, args, { encoding: "utf8" })),
        ([, , cpuSeconds]) => cpuSeconds,
      ),
    );
    const [float32, float64] = [0, 1].map((n) => Math.min(...runs.map((seconds) => seconds[n])));
    return { float32: (rows * columns) / float32, float64: (rows * columns) / float64 };
  }

  /** Fused products and sums of whole vectors per second, on all threads. */
  peak() {
    const isaFlags = flagsFor(nativeAddon().isa()).filter((flag) => /^-m/.test(flag));
    const path = this.compiled("peak.cc", ["-O2", "-std=c++17", "-pthread", ...isaFlags]);
    const run = () => JSON.parse(execFileSync(path, [String(threads()), clock], { encoding: "utf8" }));
    return watched(run, ([, cpuSeconds]) => cpuSeconds)[0];
  }

  /** Pairs per second of the best loop by hand over the numbers of vectors per tile. */
  hand(n) {
    const addon = nativeAddon();
    const [x, b] = [rand([n, 3], { seed: 1 }).data, rand([n, 1], { seed: 2 }).data];
    const out = new Float32Array(n);
    const seconds = [2, 3, 4].map((tile) => {
      const routine = addon.load(this.handRoutine(tile));
      const grain = addon.table(routine)[2];
      const plan = { rows: n, columns: n, blockRows: grain * 4, chunkColumns: 1e9, unitsPerTask: 1, batch: [] };
      return best(() => addon.reduce(routine, [x, x, b, new Float32Array([50])], out, plan), 0.3);
    });
    return n ** 2 / Math.min(...seconds);
  }

  handRoutine(tile) {
    const prelude = CORE.map((file) => join(here, "..", "native", "text", file));
    const source = join(this.work, `hand${tile}.cc`);
    const head = `#define KEOPS_DOUBLE 0\n#define KEOPS_TILE ${tile}\n`;
    const texts = [...prelude, join(here, "hand.cc")].map((file) => readFileSync(file, "utf8"));
    writeFileSync(source, [head, ...texts].join("\n"));
    const object = join(this.work, `hand${tile}.so`);
    execFileSync("g++", [...flagsFor(nativeAddon().isa()), source, "-o", object]);
    return object;
  }

  compiled(file, flags) {
    const path = join(this.work, file.replace(".cc", ""));
    execFileSync("g++", [...flags, join(here, file), "-o", path]);
    return path;
  }
}

/** How many pairs of three dimensions a pair costs. */
const costOf = (name) => Math.max(1, Number(/\d+$/.exec(name)?.[0] ?? 3) / 10);

/** Seconds of the peers that python3 finds, as rows {label, dtype, peer, seconds}. Says what is missing. */
export function peerRows(cases) {
  const { stdout, stderr, error } = spawnSync("python3", [join(here, "peers", "peers.py")], {
    input: JSON.stringify(cases),
    encoding: "utf8",
    env: {
      ...process.env,
      OMP_NUM_THREADS: String(threads()),
      OPENBLAS_NUM_THREADS: String(threads()),
      BENCH_CLOCK: clock,
    },
  });
  console.error(error ? `peers: skipped: ${error.message}` : stderr.trim());
  return (stdout ?? "")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}
