// The rows of a run, section by section: which jobs are timed, and what is told of each.
import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { FEWER_SOLVES, FEWER_SUMS, SHAPES, SOLVES, SUMS, TUTORIAL_ITERATIONS, aliasesOf, labelOf } from "./cases.mjs";
import { timeOn, timedEnvironment } from "./workers.mjs";

const require = createRequire(import.meta.url);
const { parse } = require("../dist/formula/parse.js");
const { reductionNamed } = require("../dist/formula/reductions.js");
const { program } = require("../dist/codegen/cpp.js");
const { lanesOfVector } = require("../dist/codegen/isa.js");

const DTYPES = ["float32", "float64"];
const bytesOf = (dtype) => (dtype === "float32" ? 4 : 8);

/** What a run is about: the workers that take part, what is wanted, and where rows go. */
export class Run {
  constructor({ workers, isas, widest, options, yardsticks, peers, work }) {
    Object.assign(this, { workers, isas, widest, yardsticks, peers, work });
    this.quick = options.quick === true;
    this.seconds = this.quick ? 0.1 : 0.25;
    this.wanted = new RegExp(options.only);
    this.rows = [];
  }

  isWanted(name) {
    return this.wanted.test(name);
  }

  report(row) {
    this.rows.push(row);
    console.log(JSON.stringify(row));
  }

  /**
   * Times a job on all workers, or on those of some instruction sets, and reports `heads`, one row for each with its
   * `call`.
   * @param details what else is told of a row, from its seconds and from `{isa, facts, times}`.
   */
  async time(job, heads, details = () => ({}), isas = this.isas) {
    const workers = this.workers.filter(({ isa }) => isas.includes(isa));
    const found = await timeOn(workers, job, this.seconds);
    for (const isa of isas) {
      const [own, other] = ["this", "against"].map((build) =>
        found.find(({ worker }) => worker.build === build && worker.isa === isa),
      );
      for (const { call, ...head } of heads)
        if (own.failed !== undefined) this.report({ ...head, isa, failed: own.failed });
        else this.report(row({ ...head, isa }, own, other, call, details));
    }
  }
}

function row(head, own, other, call, details) {
  const seconds = own.times[call];
  const against = other && (other.failed === undefined ? { seconds: other.times[call] } : { failed: other.failed });
  const ratio = against?.seconds && { overAgainst: against.seconds / seconds };
  return {
    ...head,
    seconds,
    ...details({ call, seconds, isa: head.isa, ...own }),
    ...(against && { against }),
    ...ratio,
  };
}

// ------------------------------------------------------------------------------------------------------- yardsticks

export function reportYardsticks(run) {
  const { yardsticks } = run;
  if (sumsOf(run).length === 0) return;
  for (const dtype of DTYPES) {
    const gigapairs = yardsticks.plain("gaussian3", 10_000)[dtype] / 1e9;
    run.report({ name: "plain loop, Gaussian, D = 3", dtype, gigapairs });
  }
  for (const isa of run.isas) {
    const gigapairs = yardsticks.hand(isa, 10_000) / 1e9;
    run.report({ name: "loop by hand, Gaussian, D = 3", dtype: "float32", isa, gigapairs });
    const rate = yardsticks.peak(isa) / 1e9;
    run.report({ name: "products and sums of vectors, 10^9 per second", dtype: "float32", isa, rate });
  }
}

// ------------------------------------------------------------------------------------------------------------- sums

export const sumsOf = (run) => SUMS.filter((sum) => run.isWanted(labelOf(sum)) && !(run.quick && sum.m * sum.n > 1e9));

export async function timeSums(run) {
  for (const dtype of DTYPES)
    for (const sum of sumsOf(run)) for (const engine of enginesFor(sum, dtype)) await timeSum(run, sum, dtype, engine);
}

/** Of sums that take seconds, other than the first, one engine and dtype are enough. */
function enginesFor({ name, m, n }, dtype) {
  if (m * n <= 4e9 || name === "Gaussian") return ["cpu", "tiles"];
  return dtype === "float32" ? ["cpu"] : [];
}

async function timeSum(run, sum, dtype, engine) {
  const { m, n, batch = 1, blocks = 1, plain } = sum;
  const pairs = (m * n * batch) / blocks;
  const label = labelOf(sum);
  const isHand = plain === "gaussian3" && m >= 1000 && dtype === "float32";
  const details = ({ seconds, isa }) => ({
    gigapairs: pairs / seconds / 1e9,
    ofPeak: (instructionsPerPair(sum, dtype, isa) * pairs) / seconds / run.yardsticks.peak(isa),
    ...(plain && { overPlainLoop: pairs / seconds / run.yardsticks.plain(plain, n)[dtype] }),
    ...(isHand && { overHandLoop: pairs / seconds / run.yardsticks.hand(isa, 10_000) }),
    ...run.peers.over(label, dtype, seconds),
  });
  const isas = m * n > 4e9 ? [run.widest] : run.isas;
  await run.time(
    { kind: "sum", row: sum, dtype, engine },
    [{ name: label, dtype, engine, call: "seconds" }],
    details,
    isas,
  );
}

const MANY = 4096;

/** Vector instructions that the generator counts for a pair, where all lanes are busy. */
function instructionsPerPair({ formula, options, ...sum }, dtype, isa) {
  const { formulas, arguments: variables } = parse([formula], aliasesOf(sum));
  const { reductionOp = "Sum", optArg = 1 } = options;
  const specification = { formulas, reduction: reductionNamed(reductionOp), k: optArg, rows: 0, variables, dtype };
  const generated = program({ ...specification, sumScheme: "block", accumulator: dtype }, isa);
  return generated.instructions(MANY, MANY) / MANY ** 2;
}

// ------------------------------------------------------------------------------------------------------------ peers

/** The case of peers.py that a sum is, by its plain loop or its formula. */
function peerKind({ plain, name }) {
  if (name.startsWith("Gaussian")) return "gaussian";
  if (plain?.startsWith("nearest")) return plain === "nearest" ? "argmin" : "argkmin";
  return plain;
}

/** What peers time: sums of up to 4·10⁹ pairs that they know, in float64 Gaussians alone, and solves. */
export function peerCases(run) {
  const known = sumsOf(run).filter((sum) => peerKind(sum) !== undefined && sum.m * sum.n <= 4e9);
  const sums = known.flatMap((sum) => {
    const kind = peerKind(sum);
    const dtypes = kind === "gaussian" ? DTYPES : ["float32"];
    return dtypes.map((dtype) => ({ ...sum, label: labelOf(sum), kind, aliases: aliasesOf(sum), dtype }));
  });
  const solves = solvesOf(run).filter(({ peer }) => peer);
  const ofSolve = (solve) => ({ ...solve, label: solveName(solve), kind: "solve", m: solve.n, d: 2, dv: 2 });
  return [...sums, ...solves.flatMap((solve) => DTYPES.map((dtype) => ({ ...ofSolve(solve), dtype })))];
}

// ---------------------------------------------------------------------------------------------------- dense algebra

const DENSE = [
  { name: "dense product, 8192 x 512 times 512 x 64", job: { kind: "product" }, dtypes: DTYPES, call: "seconds" },
  { name: "Gram matrix, 8192 x 512", job: { kind: "gram" }, dtypes: DTYPES, call: "seconds" },
  { name: "Cholesky, n = 2000", job: { kind: "cholesky", n: 2000 }, dtypes: ["float64"], call: "own" },
];

export async function timeDense(run) {
  for (const { name, job, dtypes, call } of DENSE.filter((dense) => run.isWanted(dense.name)))
    for (const dtype of dtypes)
      await run.time({ ...job, dtype }, [{ name, dtype, call }], ({ isa, seconds, facts, times }) => {
        const peak = 2 * run.yardsticks.peak(isa) * lanesOfVector(isa, bytesOf(dtype));
        const { flops, library } = facts;
        const beside = times.library && { library, overLibrary: times.library / seconds };
        const without = library === null && { library: "none: OpenBLAS was not found" };
        return { gigaflops: flops / seconds / 1e9, ofPeak: flops / seconds / peak, ...beside, ...without };
      });
}

// ----------------------------------------------------------------------------------------------------------- solves

const solveName = ({ name, n }) => `solve: ${name}, N = ${n}`;
const solvesOf = (run) => SOLVES.filter((solve) => run.isWanted(solveName(solve))).slice(0, run.quick ? 2 : undefined);

export async function timeSolves(run) {
  for (const dtype of DTYPES) for (const solve of solvesOf(run)) await timeSolve(run, solve, dtype);
}

async function timeSolve(run, solve, dtype) {
  const { n, isTutorial } = solve;
  const name = solveName(solve);
  const plainProduct = n ** 2 / run.yardsticks.plain("gaussian2x2", n)[dtype];
  const heads = [
    { name, dtype, call: "solve" },
    { name: `derivative by x of ${name}`, dtype, call: "derivative" },
  ];
  await run.time({ kind: "solve", row: solve, dtype }, heads, ({ call, seconds, facts }) => {
    const { split, ...found } = facts;
    const isSolve = call === "solve";
    return {
      ...(isSolve && found),
      plainLoopProducts: seconds / plainProduct,
      ...(isTutorial && isSolve && { overPlainIterations: (TUTORIAL_ITERATIONS * plainProduct) / seconds }),
      ...(isSolve && run.peers.over(name, dtype, seconds)),
      ...(split[call] && { split: split[call] }),
    };
  });
}

// ------------------------------------------------------------------------------------------------------ fewer pairs

/** Beside all pairs where those take seconds; above 30 000 points on the widest instruction set alone. */
export async function timeFewer(run) {
  const most = run.quick ? 10_000 : Infinity;
  const wanted = ({ label, n }) => run.isWanted(label) && n <= most;
  const details = ({ times, seconds, facts }) => ({ ...facts, ...(times.all && { overAll: times.all / seconds }) });
  for (const [kind, rows] of [
    ["fewer", FEWER_SUMS],
    ["fewerSolve", FEWER_SOLVES],
  ])
    for (const row of rows.filter(wanted)) {
      const { label: name, n, dtype = "float64" } = row;
      const isas = n > 30_000 ? [run.widest] : run.isas;
      await run.time({ kind, row }, [{ name, dtype, n, call: "fewer" }], details, isas);
    }
}

// ----------------------------------------------------------------------------------------------------------- shapes

/** Compiled code beside tiles, of the same arguments in the same process. */
export async function timeShapes(run) {
  for (const shape of SHAPES.filter((shape) => run.isWanted(labelOf(shape))))
    for (const dtype of DTYPES) {
      const heads = [{ name: labelOf(shape), dtype, engine: "cpu", call: "cpu" }];
      const details = ({ times }) => ({ tiles: times.tiles, overTiles: times.tiles / times.cpu });
      await run.time({ kind: "engines", row: shape, dtype }, heads, details);
    }
}

// ------------------------------------------------------------------------------------------------------ small calls

/** Microseconds of a call on a few points, where the work is nothing. */
export async function timeOverhead(run) {
  const name = "overhead of a call, 10 x 10";
  if (!run.isWanted(name)) return;
  for (const engine of ["cpu", "tiles"])
    await run.time(
      { kind: "overhead", engine },
      [{ name, dtype: "float32", engine, call: "seconds" }],
      ({ seconds }) => ({
        microseconds: seconds * 1000,
      }),
    );
}

/** The first call of a formula over 1000 points, in a process of its own; with a fresh cache, what compiling costs. */
const FIRST_CALLS = [
  { name: "first call of a process, N = 1000, evaluated", compile: "auto", runs: 5 },
  { name: "first call of a process, N = 1000, compiled", compile: "always", runs: 2, isFresh: true },
  { name: "first call of a process, N = 1000, from the cache on disk", compile: "always", runs: 5 },
];

export function timeFirstCalls(run) {
  for (const { name, compile, runs, isFresh } of FIRST_CALLS.filter((call) => run.isWanted(call.name))) {
    const least = new Map(run.workers.map((worker) => [worker, Infinity]));
    for (let k = 0; k < runs; k++)
      for (const worker of run.workers) {
        const cache = isFresh ? mkdtempSync(join(run.work, "cache-")) : join(run.work, "cache");
        least.set(worker, Math.min(least.get(worker), firstCall(worker, compile, cache)));
      }
    for (const isa of run.isas) {
      const [seconds, other] = ["this", "against"].map((build) =>
        least.get(run.workers.find((worker) => worker.isa === isa && worker.build === build)),
      );
      const against = other !== undefined && { against: { seconds: other }, overAgainst: other / seconds };
      run.report({ name, dtype: "float32", isa, seconds, ...against });
    }
  }
}

function firstCall({ root, isa }, compile, cache) {
  const code = `
    const { Genred, rand } = require(${JSON.stringify(join(root, "dist", "index.js"))});
    const x = rand([1000, 3]), b = rand([1000, 1]);
    const K = Genred("Exp(-Norm2(x - y) * 0.37) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)"], { axis: 1 });
    const start = performance.now();
    K(x, x, b, { compile: "${compile}" });
    console.log((performance.now() - start) / 1000);`;
  const env = timedEnvironment({ TSKEOPS_CACHE: cache, TSKEOPS_ISA: isa });
  return Number(spawnSync(process.execPath, ["-e", code], { env, encoding: "utf8" }).stdout);
}
