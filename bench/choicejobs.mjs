// Jobs of --choices: solves by a method of one's own, and compiled routines that are made to run in another shape than
// they would choose.
import { SOLVE_ALIASES, reductionOf } from "./jobs.mjs";

/**
 * A Gaussian system, solved as the options say; `facts.why` tells where it did not end within `limit` seconds, or could
 * not.
 */
async function system(build, { system: { n, d, g, alpha, dtype }, options, limit }) {
  const K = build.KernelSolve("Exp(-g * SqDist(x, y)) * b", SOLVE_ALIASES(d, 1), "b", { axis: 1 });
  const [x, b] = [build.rand([n, d], { dtype, seed: 1 }), build.randn([n, 1], { dtype, seed: 2 })];
  const given = { alpha, compile: "always", ...options };
  const warm = build.randn([n, 1], { dtype, seed: 3 });
  try {
    // Compiles the products, whose time is not that of a method.
    build.Genred("Exp(-g * SqDist(x, y)) * b", SOLVE_ALIASES(d, 1), { axis: 1 })(x, x, warm, g, { compile: "always" });
    const start = performance.now();
    const signal = AbortSignal.timeout(Math.ceil(1000 * limit));
    const { method, rank, iterations, residual } = await K.report.async(x, x, b, g, { ...given, signal });
    const seconds = (performance.now() - start) / 1000;
    const run = () => K.report(x, x, b, g, given);
    return { facts: { method, rank, iterations, residual, seconds }, calls: { seconds: { run } } };
  } catch (error) {
    return { facts: { why: String(error.message).split("\n")[0] }, calls: {} };
  }
}

// ---------------------------------------------------------------------------------------------------- forced shapes

/** How `CompiledRoutine` of device/host.ts gives each way; null where there is none for the call. */
const WAYS = {
  many: (routine) => routine.usualShape(),
  narrow: (routine) => routine.shape("narrow"),
  few: (routine) => routine.shape("few"),
  once: (routine, call) => routine.symmetricFor(call),
};

/** The call in every way that there is for it. `facts.chosen` is the one that it takes by itself. */
function forced(build, { row, ways, dtype }) {
  const { CompiledRoutine } = build.module("device/compiled.js");
  const call = reductionOf(build, { row, dtype })("cpu");
  const possible = waysOf(CompiledRoutine.prototype, ways, call);
  const runs = ways
    .filter((way) => possible[way])
    .map((way) => [way, { run: () => within(CompiledRoutine, way, call) }]);
  for (const [, { run }] of runs) run();
  return { facts: { chosen: possible.chosen }, calls: Object.fromEntries(runs) };
}

/** Runs the call once, and looks which ways its routine has and which it takes. */
function waysOf(prototype, ways, call) {
  const original = prototype.chooseShape;
  const found = {};
  prototype.chooseShape = function (given) {
    const chosen = original.call(this, given);
    for (const way of ways) {
      const made = WAYS[way](this, given);
      found[way] = made !== null && made !== undefined;
      if (made === chosen) found.chosen ??= way;
    }
    return chosen;
  };
  try {
    call();
  } finally {
    prototype.chooseShape = original;
  }
  if (found.chosen === undefined) throw new Error(`expected one of ${ways.join(", ")} to be chosen, got another way`);
  return found;
}

function within({ prototype }, way, call) {
  const original = prototype.chooseShape;
  prototype.chooseShape = function (given) {
    return WAYS[way](this, given);
  };
  try {
    call();
  } finally {
    prototype.chooseShape = original;
  }
}

// ------------------------------------------------------------------------------------------------------------ tiers

/** Both engines, and what the compiler takes: of a formula that nobody has compiled. */
function tiers(build, { row, dtype }) {
  const call = reductionOf(build, { row, dtype });
  const calls = Object.fromEntries(["tiles", "cpu"].map((engine) => [engine, { run: call(engine) }]));
  calls.tiles.run();
  const never = `${Math.random()}`; // a constant that no cache knows
  const fresh = { ...row, formula: `${row.formula} + ${never} * b`, m: 16, n: 16 };
  const start = performance.now();
  reductionOf(build, { row: fresh, dtype })("cpu")();
  const compileSeconds = (performance.now() - start) / 1000;
  calls.cpu.run();
  return { facts: { compileSeconds }, calls };
}

export const CHOICE_JOBS = { system, forced, tiers };
