// npm run bench -- --choices: what is chosen (method and rank of solves, shapes of loops, tiers) beside everything else
// that could have been, all of it timed. The regret of a choice is its time over that of the best.
import { noteOthersShare } from "./measure.mjs";
import { cell, printLines } from "./report.mjs";
import { leastOf, timeOn } from "./workers.mjs";

const DTYPES = ["float32", "float64"];
const cross = (lists) =>
  lists.reduce((rows, list) => rows.flatMap((row) => list.map((value) => [...row, value])), [[]]);

/** Reports a row of what was chosen, and of all times by name; without a regret where there was nothing else. */
function reportChoice(run, head, chosen, times) {
  if (Object.keys(times).length === 1) return run.report({ ...head, chosen, times });
  const [best] = Object.entries(times).reduce((least, entry) => (entry[1] < least[1] ? entry : least));
  run.report({ ...head, chosen, best, regret: times[chosen] / times[best], times });
}

// ----------------------------------------------------------------------------------------------------------- solves

const systems = (quick) =>
  cross([[200, 500, 1000, 2000, 5000], [1, 2, 3], [1, 50, 500, 5000], [1e-2, 1e-6], DTYPES])
    .map(([n, d, g, alpha, dtype]) => ({ n, d, g, alpha, dtype }))
    .filter((_, k) => !quick || k % 23 === 0);

const nameOf = ({ n, d, g, alpha }) => `system: N = ${n}, D = ${d}, g = ${g}, alpha = ${alpha.toExponential()}`;
/** Probes of other methods may take so many times as long as what was chosen. */
const PATIENCE = 4;
/** What the first solve of a method may take beside, for kernels that no solve before has compiled. */
const COMPILE_SECONDS = 1;

async function chooseSolves(run, limit) {
  for (const system of systems(run.quick).filter((one) => run.isWanted(nameOf(one))))
    for (const worker of run.workers.filter(({ build }) => build === "this"))
      await chooseSolve(run, worker, system, limit);
}

/** One try of each method, stopped where it takes much longer than what was chosen; then those that ended, in turn. */
async function chooseSolve(run, worker, system, limit) {
  const head = { kind: "solve", name: nameOf(system), dtype: system.dtype, isa: worker.isa };
  const attempt = (options, seconds) => worker.prepare({ kind: "system", system, options, limit: seconds });
  const auto = await attempt({}, limit);
  if (auto.facts.why !== undefined) return run.report({ ...head, failed: auto.facts.why });
  const { method, rank, seconds } = auto.facts;
  const tries = new Map([["auto", auto]]);
  for (const [name, options] of Object.entries(othersThan(method, rank, system)))
    tries.set(name, await attempt(options, PATIENCE * seconds + COMPILE_SECONDS));
  const times = await timeInTurn(tries, run.seconds);
  const left = [...tries].filter(([, { facts }]) => facts.why !== undefined);
  const described = Object.fromEntries(left.map(([name, { facts }]) => [name, facts.why]));
  reportChoice(run, { ...head, method, rank, left: described }, "auto", times);
}

/** Other methods, and half and twice the rank, where one was chosen. */
function othersThan(method, rank, { n }) {
  const ranked = (of) => ({ method: "cg", preconditioner: { rank: Math.min(n, of) } });
  const isIterated = method === "cg" && rank > 0;
  return {
    cg: { method: "cg" },
    direct: { method: "direct" },
    plain: { method: "cg", preconditioner: "none" },
    ...(isIterated && { "half the rank": ranked(Math.ceil(rank / 2)), "twice the rank": ranked(2 * rank) }),
  };
}

const ROUNDS = 2;

async function timeInTurn(tries, seconds) {
  let least = {};
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, { worker, id, facts }] of tries)
      if (facts.why === undefined) {
        const { times, others } = await worker.ask({ do: "time", id, seconds: seconds / ROUNDS });
        noteOthersShare(others);
        least = { ...least, ...leastOf(least, { [name]: times.seconds }) };
      }
  for (const { worker, id } of tries.values()) await worker.ask({ do: "forget", id });
  return least;
}

// ------------------------------------------------------------------------------------------------- shapes of loops

const gaussian = (name, m, n, d, dv, more = {}) => ({
  name,
  formula: "Exp(-g * SqDist(x, y)) * b",
  ...{ m, n, d, dv, options: {} },
  ...more,
});

const FEW = cross([
  [1, 2, 4, 8, 16, 24],
  [1000, 10_000, 100_000, 1_000_000],
  [1, 3, 5, 10, 100],
])
  .filter(([m, n]) => m * n >= 1e4)
  .map(([m, n, d]) => gaussian(`few rows: ${m} x ${n}, D = ${d}`, m, n, d, 1));
const ONCE = cross([
  [512, 1000, 2000, 5000],
  [1, 2, 3, 4, 10, 100],
  [1, 2, 8],
]).map(([n, d, dv]) => gaussian(`pairs once: N = ${n}, D = ${d}, Dv = ${dv}`, n, n, d, dv, { isShared: true }));

/** What a compiled routine can be made to run, by the kind of the case. */
const FORCED = {
  "few rows": { rows: FEW, ways: ["many", "narrow", "few"] },
  "pairs once": { rows: ONCE, ways: ["many", "once"] },
};

async function chooseShapes(run) {
  for (const [kind, { rows, ways }] of Object.entries(FORCED))
    for (const row of rows.filter(({ name }, k) => run.isWanted(name) && (!run.quick || k % 17 === 0)))
      for (const dtype of DTYPES) await chooseShape(run, kind, row, ways, dtype);
}

async function chooseShape(run, kind, row, ways, dtype) {
  const workers = run.workers.filter(({ build }) => build === "this");
  const job = { kind: "forced", row, ways, dtype };
  for (const { worker, facts, times, failed } of await timeOn(workers, job, run.seconds)) {
    const head = { kind, name: row.name, dtype, isa: worker.isa };
    if (failed !== undefined) run.report({ ...head, failed });
    else reportChoice(run, head, facts.chosen, times);
  }
}

// ------------------------------------------------------------------------------------------------------------ tiers

const TIERS = cross([
  [3, 10, 100],
  [1, 32],
]).map(([d, dv]) => gaussian(`tiers: D = ${d}, Dv = ${dv}`, 3000, 3000, d, dv));

/**
 * Compiled code is chosen for good once enough pairs were evaluated: beside tiles, which is right where it is faster;
 * and after how many pairs compiling would have paid.
 */
async function chooseTiers(run) {
  const workers = run.workers.filter(({ build }) => build === "this");
  for (const row of TIERS.filter(({ name }) => run.isWanted(name)))
    for (const dtype of DTYPES)
      for (const { worker, times, facts, failed } of await timeOn(
        workers,
        { kind: "tiers", row, dtype },
        run.seconds,
      )) {
        const head = { kind: "tiers", name: row.name, dtype, isa: worker.isa };
        if (failed !== undefined) run.report({ ...head, failed });
        else {
          const gain = (times.tiles - times.cpu) / (row.m * row.n);
          const paysAfterPairs = gain > 0 ? facts.compileSeconds / gain : null;
          reportChoice(run, { ...head, ...facts, paysAfterPairs }, "cpu", times);
        }
      }
}

// ---------------------------------------------------------------------------------------------------------- the run

export async function runChoices(run, { limit }) {
  await chooseSolves(run, Number(limit));
  await chooseShapes(run);
  await chooseTiers(run);
  printChoices(run.rows);
}

function printChoices(rows) {
  const told = rows.filter(({ regret }) => regret);
  if (told.length > 0)
    printLines([
      ["case", "dtype", "width", "chosen", "best", "regret"],
      ...told.map((row) => [row.name, row.dtype, row.isa, describe(row), row.best, cell(row.regret)]),
    ]);
  for (const { name, dtype, isa, failed } of rows.filter((row) => row.failed))
    console.log(`${name}, ${dtype}, ${isa}: not timed: ${failed}`);
}

const describe = ({ chosen, method, rank, paysAfterPairs }) => {
  if (method !== undefined) return `${method}, rank ${rank}`;
  if (paysAfterPairs === undefined) return chosen;
  return `${chosen}, pays ${paysAfterPairs === null ? "never" : `after ${cell(paysAfterPairs)} pairs`}`;
};
