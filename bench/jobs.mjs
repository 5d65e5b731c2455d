// What a worker times, by kind: each takes a build of the package and a job, runs it once, and gives the calls to time
// by name (`run`, after an untimed `before`) with the facts that the run told.
import { aliasesOf } from "./cases.mjs";
import { splitOf } from "./split.mjs";

const called = (run, facts) => {
  run();
  return { calls: { seconds: { run } }, facts };
};

// ------------------------------------------------------------------------------------------------------------- sums

/** A reduction with its arguments, for each engine that is asked for. */
export function reductionOf(build, { row, dtype }) {
  const { formula, m, n, d, dv, g = 50, extra = [], batch, blocks, options, isShared } = row;
  const array = (count, dim, seed) => build.rand([...(batch ? [batch] : []), count, dim], { dtype, seed });
  const x = array(m, d, 1);
  const args = [x, isShared ? x : array(n, d, 2), array(n, dv, 3), g, ...extra.map((dim, k) => array(m, dim, 4 + k))];
  const reduced = build.Genred(formula, aliasesOf(row), { axis: 1, ...options });
  const ranges = blocks && diagonalBlocks(m, n, blocks);
  return (backend) => () => reduced(...args, { backend, ranges });
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

const sum = (build, job) => called(reductionOf(build, job)(job.engine), {});

/** The compiled routine and the tile evaluator, of the same arguments. */
function engines(build, job) {
  const call = reductionOf(build, job);
  const calls = Object.fromEntries(["cpu", "tiles"].map((engine) => [engine, { run: call(engine) }]));
  for (const { run } of Object.values(calls)) run();
  return { calls };
}

/** A thousand calls on a few points, where the work is nothing. */
function overhead(build, { engine }) {
  const row = { formula: "Exp(-g * SqDist(x, y)) * b", m: 10, n: 10, d: 3, dv: 1, options: {}, isShared: true };
  const call = reductionOf(build, { row, dtype: "float32" })(engine);
  return called(() => {
    for (let k = 0; k < 1000; k++) call();
  });
}

// ----------------------------------------------------------------------------------------------------------- solves

export const SOLVE_ALIASES = (d, dv) => [`x = Vi(${d})`, `y = Vj(${d})`, `b = Vj(${dv})`, "g = Pm(1)"];

/** A Gaussian system of points in the unit cube, its solution, and the derivative by the points. */
function solve(build, { row, dtype, build: which }) {
  const { n, g, alpha, method, lapack } = row;
  const K = build.KernelSolve("Exp(-g * SqDist(x, y)) * b", SOLVE_ALIASES(2, 2), "b", { axis: 1 });
  const x = build.rand([n, 2], { dtype, seed: 1, requiresGrad: true });
  const [b, e] = [2, 3].map((seed) => build.randn([n, 2], { dtype, seed }));
  const run = () => K.report(x, x, b, g, { alpha, compile: "always", ...(method && { method }) });
  const derivative = { before: () => run().solution, run: (solution) => build.grad(solution, [x], e) };
  const around = (call) => withLapack(build, lapack, call);
  const facts = around(() => {
    const { method: used, rank, iterations, residual, library } = run();
    derivative.run(derivative.before());
    const split = which === "this" ? { solve: splitOf(build, { run }), derivative: splitOf(build, derivative) } : {};
    return { method: used, rank, iterations, residual, library, split };
  });
  return { facts, calls: { solve: { run }, derivative }, around };
}

/** Runs `call` with that LAPACK, and with the usual one again afterwards. */
function withLapack(build, choice, call) {
  if (choice === undefined) return call();
  build.settings.lapack = choice;
  try {
    return call();
  } finally {
    build.settings.lapack = process.env.TSKEOPS_LAPACK || "auto";
  }
}

// ---------------------------------------------------------------------------------------------------- dense algebra

const RANK = 512;
const WIDTH = 64;
const ROWS = 8192;

const realArray = (dtype, length) => (dtype === "float32" ? new Float32Array(length) : new Float64Array(length));
const filled = (array) => array.map((_, n) => Math.sin(n) / 8);
const denseOf = (build) => {
  void build.settings.instructionSet; // the addon's dense algebra is told by it
  return build.module("device/native.js").nativeAddon().dense;
};

/**
 * The product of a new block of a low-rank factor with the blocks before it, which is nearly all that `extend` does.
 */
function product(build, { dtype }) {
  const dense = denseOf(build);
  const blocks = Array.from({ length: RANK / WIDTH }, () => filled(realArray(dtype, ROWS * WIDTH)));
  const pivots = Int32Array.from({ length: WIDTH }, (_, k) => 7 * k);
  const factor = new Float64Array(WIDTH * WIDTH);
  for (let k = 0; k < WIDTH; k++) factor[k * (WIDTH + 1)] = 1;
  const [out, left] = [1, 2].map(() => realArray(dtype, ROWS * WIDTH).fill(0));
  const residual = new Float64Array(ROWS);
  const flops = 2 * ROWS * WIDTH * RANK + ROWS * WIDTH ** 2;
  return called(() => dense.extend(out, left, blocks, pivots, factor, residual, ROWS, WIDTH), { flops });
}

/** The lower half of Fᵀ F. */
function gram(build, { dtype }) {
  const dense = denseOf(build);
  const blocks = Array.from({ length: RANK / WIDTH }, () => filled(realArray(dtype, ROWS * WIDTH)));
  const out = new Float64Array(RANK * RANK);
  const flops = ROWS * RANK * (RANK + 1);
  return called(() => dense.gram(out, blocks, ROWS, dtype === "float32" ? 4 : 8), { flops });
}

/** A factorisation by the project's own code and, where the system has one, by a LAPACK library. */
function cholesky(build, { n }) {
  const dense = denseOf(build);
  const matrix = Float64Array.from({ length: n * n }, (_, k) => {
    const [row, column] = [Math.floor(k / n), k % n];
    return Math.exp(-Math.abs(row - column) / 10) + (row === column ? 1 : 0);
  });
  const call = (choice) => ({
    before: () => {
      build.settings.lapack = choice;
      return matrix.slice();
    },
    run: (a) => dense.cholesky(a, n),
  });
  const around = (timing) => withLapack(build, "auto", timing);
  const found = around(() => build.settings.lapack);
  const library = found === "off" ? null : found;
  const calls = { own: call("off"), ...(library !== null && { library: call("auto") }) };
  around(() => Object.values(calls).forEach(({ before, run }) => run(before())));
  return { facts: { library, flops: n ** 3 / 3 }, calls, around };
}

export const JOBS = { sum, engines, overhead, solve, product, gram, cholesky };
