// What many machines cost and gain. Lines of JSON, on rank 0:
//   mpirun -n 4 node bench/ranks.mjs          exchanges, a sum and a solve on these ranks; --rows changes their size
//   node bench/ranks.mjs --picture FILE       draws the model of docs/guide/mpi.md up to 1024 ranks, from such lines on
//                                             standard input: times of exchanges between machines, and the rate of one
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { Genred, KernelSolve, notebook, rand, randn, settings } from "../dist/index.js";
import { allReduce, fromRows, gather, shard, world } from "../dist/mpi/mpi.js";

const { values: options } = parseArgs({
  options: { rows: { type: "string", default: "40000" }, picture: { type: "string" } },
});

const say = (line) => world.rank === 0 && console.log(JSON.stringify(line));

/** The least milliseconds of `times` calls, on the rank where they take longest. */
function milliseconds(times, call) {
  let least = Infinity;
  for (let n = 0; n < times; n++) {
    allReduce(0); // ranks begin together
    const begin = performance.now();
    call();
    least = Math.min(least, performance.now() - begin);
  }
  return allReduce(least, { op: "max" });
}

/** Microseconds of an exchange: of one number, and of a vector of so many float64 numbers. */
function measureExchanges() {
  const one = milliseconds(200, () => allReduce(1));
  for (const numbers of [5000, 1_000_000]) {
    const own = fromRows(rand([Math.floor(numbers / world.size), 1], { dtype: "float64" }));
    const all = milliseconds(50, () => gather(own));
    say({
      what: "exchanges",
      ranks: world.size,
      numbers,
      allReduceMicroseconds: one * 1e3,
      gatherMicroseconds: all * 1e3,
    });
  }
}

function measureSum(rows) {
  const [x, y, b] = [rand([rows, 3], { seed: 1 }), rand([rows, 3], { seed: 2 }), randn([rows, 1], { seed: 3 })];
  const K = Genred("Exp(-SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)"], { axis: 1 });
  const xi = shard(x);
  const ms = milliseconds(5, () => K(xi, y, b, { compile: "always" }));
  say({ what: "sum", ...where(), rows, ms, pairsPerSecond: rows ** 2 / ms / 1e-3 });
}

/** As many pairs, of few rows and many columns of which no rank has all: gathered, and travelling. */
function measureTravel(rows) {
  const [few, many] = [Math.ceil(rows / 10), rows * 10];
  const part = (all) => Math.floor(all / world.size);
  const xi = fromRows(rand([part(few), 3], { seed: world.rank }));
  const [yi, bi] = [
    fromRows(rand([part(many), 3], { seed: world.rank })),
    fromRows(randn([part(many), 1], { seed: 3 })),
  ];
  const K = Genred("Exp(-SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)"], { axis: 1 });
  for (const columns of ["gather", "travel"]) {
    const before = process.cpuUsage();
    const ms = milliseconds(5, () => K(xi, yi, bi, { compile: "always", columns }));
    const { user, system } = process.cpuUsage(before);
    say({
      what: "columns",
      ...where(),
      rows: few,
      columns: many,
      held: columns,
      ms,
      processorMs: (user + system) / 5e3,
    });
  }
}

function measureSolve(rows) {
  const [x, b] = [rand([rows, 2], { seed: 1, dtype: "float64" }), randn([rows, 1], { seed: 2, dtype: "float64" })];
  const Kinv = KernelSolve("Exp(-SqDist(x, y)) * b", ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"], "b", { axis: 1 });
  const [xi, bi] = [shard(x), shard(b)];
  let report;
  const ms = milliseconds(1, () => (report = Kinv.report(xi, xi, bi, { alpha: 0.1, compile: "always" })));
  say({ what: "solve", ...where(), rows, ms, iterations: report.iterations, method: report.method });
}

const where = () => ({
  ranks: world.size,
  threads: settings.threads,
  isa: settings.instructionSet,
  cpus: cpus().length,
});

// ------------------------------------------------------------------------------------------------------- the model

/** Operations on each number of a vector in an iteration, which every rank does for itself, and how many a second. */
const VECTOR = { operations: 20, rate: 1e9 };

/**
 * Seconds of an iteration of a solve of N points: pairs, two exchanges of which one carries N numbers of 8 bytes, and
 * what is done with vectors.
 */
function secondsOf({ rate, latency, bandwidth }, N, ranks) {
  const alone = (N * VECTOR.operations) / VECTOR.rate;
  const exchanges = ranks === 1 ? 0 : 2 * latency * Math.ceil(Math.log2(ranks)) + (8 * N) / bandwidth;
  return N ** 2 / ranks / rate + exchanges + alone;
}

async function drawModel(file) {
  const network = JSON.parse(readFileSync(0, "utf8"));
  const points = [];
  for (const N of [1e4, 1e5, 1e6])
    for (let ranks = 1; ranks <= 1024; ranks *= 2) {
      const efficiency = secondsOf(network, N, 1) / secondsOf(network, N, ranks) / ranks;
      points.push({ ranks, efficiency, points: `N = ${N.toLocaleString("en")}` });
    }
  const { rate, latency, bandwidth } = network;
  const title = `A model: ${rate / 1e9} Gp/s a rank, ${latency * 1e6} µs and ${bandwidth / 1e9} GB/s between ranks`;
  const positions = { x: "ranks", y: "efficiency", series: "points", xScale: "log", points: true };
  const spec = notebook.lineChart(points, { ...positions, title, height: 240, yDomain: [0, 1] });
  console.log(await notebook.saveChart(spec, file));
}

if (options.picture !== undefined) await drawModel(options.picture);
else {
  measureExchanges();
  measureSum(Number(options.rows));
  measureTravel(Number(options.rows));
  measureSolve(Math.ceil(Number(options.rows) / 8));
}
