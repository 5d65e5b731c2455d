// Reductions and solves that leave pairs out, beside all pairs of the same arguments in the same process.
import { MOST_DIRECT } from "./cases.mjs";

const ALIASES = ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)"];

function fewer(build, { row }) {
  const { formula, n, dtype, options, tolerance } = row;
  const [x, y] = [1, 2].map((seed) => build.rand([n, 3], { dtype, seed }));
  const b = build.rand([n, 1], { dtype, seed: 3 });
  const reduced = build.Genred(formula, ALIASES, { axis: 1, ...options });
  const how = tolerance === undefined ? {} : { tolerance };
  const run = () => reduced(x, y, b, how);
  run();
  const { method, pairsLeft } = reduced.plan(x, y, b, how);
  const all = { run: () => reduced(x, y, b, tolerance === undefined ? { prune: "never" } : {}) };
  return {
    facts: { method, ...(pairsLeft !== undefined && { ofPairs: pairsLeft / n ** 2 }) },
    calls: { fewer: { run }, ...(n <= MOST_DIRECT && { all }) },
  };
}

/** The iterations of the solve are told by its report. */
function fewerSolve(build, { row: { n } }) {
  const x = build.rand([n, 3], { dtype: "float64", seed: 1 });
  const b = build.randn([n, 1], { dtype: "float64", seed: 2 });
  const K = build.KernelSolve("Exp(-SqDist(x, y) / 0.18) * b", ALIASES, "b", { axis: 1 });
  const run = () => K.report(x, x, b, { alpha: 1e-2, tolerance: "auto" });
  const { method, iterations, residual } = run();
  return { facts: { method, iterations, residual }, calls: { fewer: { run } } };
}

export const FEWER_JOBS = { fewer, fewerSolve };
