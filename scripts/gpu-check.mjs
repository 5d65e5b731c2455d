/**
 * One script for a real GPU: whether it computes what the reference engine does, and how fast it is. Prints JSON lines
 * and a table; the share of the chip's limit is that of its special-function units, 16 exponentials per clock and
 * multiprocessor. Needs `npm run build`.
 *   npm run gpu-check                sums of 10^4 to 10^6 points, and a solve
 *   npm run gpu-check -- 100 200     other numbers of points
 */
import "./require-built.mjs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { Genred, KernelSolve, cuda, grad, rand, randn, requiresGrad, toDevice, toHost } = createRequire(import.meta.url)(
  join(root, "dist", "index.js"),
);

const ALIASES = ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)", "g = Pm(1)"];
const GAUSSIAN = "Exp(-g * SqDist(x, y)) * b";
const given = process.argv.slice(2).map(Number);
const SIZES = given.length > 0 ? given : [1e4, 3e4, 1e5, 3e5, 1e6];
const POINTS_OF_SOLVE = Math.min(5000, SIZES[0]);
const EXPONENTIALS_PER_CLOCK = 16;

const why = cuda.whyNot();
if (why !== null) {
  console.log(`gpu-check: skipped: ${why}`);
} else {
  const [device] = cuda.devices();
  report("device", device);
  const isRight = [...checks()].every(({ within }) => within);
  if (isRight) console.table([...timings(device), ...solves()]);
  process.exitCode = isRight ? 0 : 1;
}

function report(what, values) {
  console.log(JSON.stringify({ what, ...values }));
}

// ------------------------------------------------------------------------------------------------------- correctness

function* checks() {
  for (const [dtype, tolerance] of [
    ["float32", 2e-5],
    ["float64", 1e-12],
  ])
    for (const reductionOp of ["Sum", "Mean", "Max", "ArgKMin", "LogSumExp"]) {
      const found = { dtype, reductionOp, ...differenceOf(dtype, reductionOp) };
      const within = Math.max(found.value, found.gradient) <= tolerance;
      report("check", { ...found, within });
      yield { within };
    }
}

/** Largest differences from the reference engine, relative to the largest number. */
function differenceOf(dtype, reductionOp) {
  const [onDevice, expected] = ["cuda", "reference"].map((backend) => {
    const x = requiresGrad(rand([700, 3], { seed: 1, dtype }));
    const [y, b] = [rand([600, 3], { seed: 2, dtype }), rand([600, 1], { seed: 3, dtype })];
    const K = Genred(GAUSSIAN, ALIASES, { axis: 1, reductionOp, optArg: reductionOp === "ArgKMin" ? 5 : null });
    const value = K(x, y, b, 2, { backend });
    const hasGradient = reductionOp !== "ArgKMin";
    return { value, gradient: hasGradient ? grad(value, [x], randn(value.shape, { seed: 4, dtype }))[0] : value };
  });
  return { value: distance(onDevice.value, expected.value), gradient: distance(onDevice.gradient, expected.gradient) };
}

function distance({ data: got }, { data: expected }) {
  const scale = Math.max(...expected.map(Math.abs)) || 1;
  return Math.max(...got.map((value, n) => (value === expected[n] ? 0 : Math.abs(value - expected[n])))) / scale;
}

// ------------------------------------------------------------------------------------------------------------ timing

/** Seconds of the best of five calls; reading one number waits for the device. */
function secondsOf(call) {
  toHost(call()); // compiles, loads
  const seconds = Array.from({ length: 5 }, () => {
    const begin = performance.now();
    call().get(0, 0);
    return (performance.now() - begin) / 1000;
  });
  return Math.min(...seconds);
}

function* timings({ multiprocessors, megahertz }) {
  const K = Genred(GAUSSIAN, ALIASES, { axis: 1 });
  for (const n of SIZES) {
    const [x, b] = [toDevice(rand([n, 3], { seed: 1 })), toDevice(randn([n, 1], { seed: 2 }))];
    const seconds = secondsOf(() => K(x, x, b, 50));
    const rate = n ** 2 / seconds;
    const limit = EXPONENTIALS_PER_CLOCK * multiprocessors * megahertz * 1e6;
    const row = { case: `Gaussian, ${n} points`, seconds, pairsPerSecond: rate, percentOfLimit: (100 * rate) / limit };
    report("time", row);
    yield row;
  }
}

/** The system of the tutorial. */
function* solves() {
  const aliases = ["x = Vi(2)", "y = Vj(2)", "b = Vj(2)", "g = Pm(1)"];
  const Kinv = KernelSolve("Exp(- g * SqDist(x,y)) * b", aliases, "b", { axis: 1 });
  const [x, b] = [rand([POINTS_OF_SOLVE, 2], { seed: 1 }), randn([POINTS_OF_SOLVE, 2], { seed: 2 })];
  for (const backend of ["cuda", "auto"]) {
    const options = { alpha: 0.01, backend, method: "cg" };
    Kinv(x, x, b, 50, options);
    const begin = performance.now();
    Kinv(x, x, b, 50, options);
    const row = {
      case: `solve, ${POINTS_OF_SOLVE} points, backend ${backend}`,
      seconds: (performance.now() - begin) / 1000,
    };
    report("time", row);
    yield row;
  }
}
