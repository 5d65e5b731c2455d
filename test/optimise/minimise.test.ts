/** Minimisation against PyTorch and SciPy (scripts/record-optimisers.py), and how it ends. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Vi, Vj, array, detach, errors, grad, minimise, nd, rand, requiresGrad, zeros } from "../../src";
import type { MinimiseOptions, RealArray } from "../../src";
import { wide } from "../helpers/numbers";
import { sampledCount } from "../helpers/sample";

interface Recorded {
  readonly points: number[][];
  readonly start: number[];
  readonly firstOrder: readonly { readonly options: MinimiseOptions; readonly path: readonly number[][] }[];
  readonly smooth: readonly { readonly name: string; start: number[]; value: number; evaluations: number }[];
}

const file = join(__dirname, "..", "data", "optimisers.json");
const recorded = JSON.parse(readFileSync(file, "utf8")) as Recorded;
const points = array(recorded.points, wide);

function rosenbrock(x: RealArray): RealArray {
  const [first, rest] = [x.hi(x.shape[0]! - 1), x.lo(1)];
  const valley = nd.square(nd.sub(rest, nd.square(first)));
  return nd.sum(nd.add(nd.mul(valley, 100), nd.square(nd.sub(1, first))));
}

function mixture(theta: RealArray): RealArray {
  const means = nd.reshape(theta.hi(4), [2, 2]);
  const [widths, logits] = [theta.lo(4).hi(2), theta.lo(6)];
  const gaps = nd.sub(nd.reshape(points, [120, 1, 2]), means);
  const squares = nd.div(nd.sum(nd.square(gaps), { axis: -1 }), nd.mul(nd.exp(nd.mul(widths, 2)), 2));
  const weights = nd.sub(logits, nd.logsumexp(logits));
  const terms = nd.sub(nd.sub(weights, squares), nd.mul(widths, 2));
  return nd.neg(nd.mean(nd.logsumexp(terms, { axis: 1 })));
}

function matching(x: RealArray): RealArray {
  const moved = nd.reshape(x, [20, 2]);
  const target = points.hi(25) as RealArray;
  const first = points.lo(60).hi(20);
  const k = (a: RealArray, b: RealArray): RealArray => nd.mean(Vi(a).sqdist(Vj(b)).mul(-2).exp().sum({ axis: 1 }));
  const price = nd.mul(nd.sum(nd.square(nd.sub(moved, first))), 0.01);
  const overlap = nd.sub(nd.div(k(moved, moved), 20), nd.mul(nd.div(k(moved, target), 25), 2));
  return nd.add(nd.add(overlap, nd.div(k(target, target), 25)), price);
}

const SMOOTH: Readonly<Record<string, (x: RealArray) => RealArray>> = { rosenbrock, mixture, matching };

describe("first order methods", () => {
  test.each(recorded.firstOrder)("take the steps of PyTorch with $options", ({ options, path }) => {
    const visited: number[][] = [];
    const f = (x: RealArray): RealArray => {
      visited.push(nd.toNested(x) as number[]);
      return rosenbrock(x);
    };
    const { iterations, ending } = minimise(f, array(recorded.start, wide), { ...options, maxIterations: 60 });
    expect([iterations, ending]).toEqual([60, "iterations"]);
    path.forEach((expected, step) => {
      expected.forEach((value, k) => {
        expect(Math.abs(visited[step]![k]! - value)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(value)));
      });
    });
  });
});

describe("L-BFGS", () => {
  test.each(recorded.smooth)("needs as many evaluations as SciPy for $name", ({ name, start, value, evaluations }) => {
    const found = minimise(SMOOTH[name]!, array(start, wide));
    expect(found.value).toBeLessThanOrEqual(value + 1e-6 * Math.max(1, Math.abs(value)));
    expect(found.evaluations).toBeLessThanOrEqual(Math.ceil(1.1 * evaluations));
    expect(["gradient", "decrease"]).toContain(found.ending);
    expect(found.history).toHaveLength(found.iterations + 1);
    expect(found.history.at(-1)).toBe(found.value);
  });

  test("finds the minimum of a parabola in float32, for arrays by name", () => {
    const f = ({ a, b }: { a: RealArray; b: RealArray }): RealArray =>
      nd.add(nd.sum(nd.square(nd.sub(a, 3))), nd.sum(nd.square(nd.add(b, 2))));
    const { parameters, ending } = minimise(f, { a: zeros([2, 2]), b: zeros([3]) });
    expect([parameters.a.shape, parameters.a.dtype, ending]).toEqual([[2, 2], "float32", "gradient"]);
    expect((nd.toNested(parameters.a) as number[][]).flat().every((value) => Math.abs(value - 3) < 1e-5)).toBe(true);
    expect((nd.toNested(parameters.b) as number[]).every((value) => Math.abs(value + 2) < 1e-5)).toBe(true);
  });

  test("starts from lists and typed arrays, alone and by name", () => {
    const away = (x: RealArray): RealArray => nd.sum(nd.square(nd.sub(x, 3)));
    const { parameters } = minimise(away, [[0, 1]]);
    expect([parameters.shape, parameters.dtype]).toEqual([[1, 2], "float32"]);
    expect(minimise(away, Float64Array.of(1, 2)).parameters.dtype).toBe("float64");
    const { a, b } = minimise(({ a, b }) => nd.add(away(a), away(b)), {
      a: [1, 2],
      b: zeros([2], { dtype: "float64" }),
    }).parameters;
    expect([a.dtype, b.dtype]).toEqual(["float64", "float64"]);
    for (const found of [...a.data, ...b.data]) expect(found).toBeCloseTo(3, 4);
  });

  test("steps back from where a function is not finite", () => {
    const f = (x: RealArray): RealArray => nd.sum(nd.sub(x, nd.log(x)));
    const { parameters, ending } = minimise(f, array([0.01, 20], wide));
    expect(ending).toMatch(/gradient|decrease/);
    for (const value of nd.toNested(parameters) as number[]) expect(Math.abs(value - 1)).toBeLessThan(1e-4);
  });

  test("begins again with the gradient where updates mislead, without an iteration of its own", () => {
    const f = (x: RealArray): RealArray => nd.sum(nd.abs(nd.sub(x, 0.3)));
    const { history, evaluations, iterations } = minimise(f, array([3, -2, 5], wide), { valueTolerance: 0 });
    expect(new Set(history).size).toBe(history.length);
    expect(iterations).toBeLessThan(evaluations);
  });

  test("ends where no lower point is found", () => {
    const wrong = (x: RealArray): RealArray => nd.sum(nd.sub(x, nd.mul(detach(x), 2))); // rises along its gradient
    expect(minimise(wrong, array([1, 2], wide)).ending).toBe("lineSearch");
  });
});

test("the results take no part in derivatives, and the start is left alone", () => {
  const start = requiresGrad(array([1, 2], wide));
  const { parameters } = minimise((x) => nd.sum(nd.square(x)), start);
  expect(nd.toNested(start)).toEqual([1, 2]);
  expect(() => grad(nd.sum(parameters), [parameters])).toThrow(errors.ArgumentError);
});

test("ends at once at a minimum, after no iteration, and when it is told to", () => {
  const f = (x: RealArray): RealArray => nd.sum(nd.square(x));
  expect(minimise(f, zeros([2]))).toMatchObject({ iterations: 0, evaluations: 1, ending: "gradient", value: 0 });
  expect(minimise(f, rand([2], { seed: 1 }), { maxIterations: 0 })).toMatchObject({
    iterations: 0,
    ending: "iterations",
  });
  const onIteration = jest.fn(({ iteration }: { iteration: number }) => iteration < 2);
  const stopped = minimise(rosenbrock, array(recorded.start, wide), { onIteration });
  expect([stopped.ending, onIteration.mock.calls.length]).toEqual(["stopped", 3]);
});

test("iterations tell their parameters, in the form of the start and unmarked", () => {
  const paths = { m: [] as number[][] };
  const start = { m: array([1, 2], wide), k: zeros([1, 1], wide) };
  const f = ({ m, k }: typeof start): RealArray => nd.add(nd.sum(nd.square(m)), nd.sum(nd.square(k)));
  const { parameters } = minimise(f, start, {
    onIteration: (reached) => {
      expect(reached.parameters.k.shape).toEqual([1, 1]);
      expect(() => grad(nd.sum(reached.parameters.m), [reached.parameters.m])).toThrow(errors.ArgumentError);
      paths.m.push(nd.toNested(reached.parameters.m) as number[]);
    },
  });
  expect(paths.m[0]).toEqual([1, 2]);
  expect(paths.m.at(-1)).toEqual(nd.toNested(parameters.m));
});

test("no step adds to a history", () => {
  const spy = jest.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  const f = (x: RealArray): RealArray => nd.sum(nd.square(nd.sub(x, 1)));
  const { evaluations } = minimise(f, zeros([3]), { method: "sgd", learningRate: 1e-6, maxIterations: 1500 });
  expect(evaluations).toBe(1501);
  expect(spy).not.toHaveBeenCalled(); // a history of 1000 records would warn
  spy.mockRestore();
});

describe("later", () => {
  test("gives what the blocking form gives, for functions that give promises too", async () => {
    const start = array(recorded.start, wide);
    const now = minimise(rosenbrock, start);
    const later = await minimise.async((x: RealArray) => Promise.resolve(rosenbrock(x)), start);
    expect([later.value, later.evaluations, nd.toNested(later.parameters)]).toEqual([
      now.value,
      now.evaluations,
      nd.toNested(now.parameters),
    ]);
  });

  test("is stopped by a signal", async () => {
    const controller = new AbortController();
    const onIteration = (): void => controller.abort();
    const options = { signal: controller.signal, onIteration, method: "adam", maxIterations: 1e6 } as const;
    await expect(minimise.async(rosenbrock, array(recorded.start, wide), options)).rejects.toThrow(
      errors.InterruptedError,
    );
  });
});

test.each([
  [(): unknown => minimise(1 as never, zeros([2])), "minimise, f: expected a function, got the number 1"],
  [
    (): unknown => minimise((x) => nd.square(x), zeros([2])),
    "minimise, result of f: expected one element, got shape [2]",
  ],
  [(): unknown => minimise(() => array(1), zeros([2])), /^grad, output: expected an array computed from one marked/],
  [
    (): unknown => minimise((p: { a: RealArray }) => nd.sum(p.a), { a: 1 as never }),
    /^minimise, a: expected a float32 or float64 ndarray/,
  ],
  [(): unknown => minimise((x) => nd.sum(x), [[1], [2, 3]]), /^minimise, start: expected/],
  [(): unknown => minimise((x) => nd.sum(x), zeros([2]), { method: "newton" as never }), /^minimise, method: expected/],
  [
    (): unknown => minimise((x) => nd.sum(x), zeros([2]), { momentum: 0.5 }),
    'minimise, momentum: expected none with the method "lbfgs", got the number 0.5',
  ],
  [
    (): unknown => minimise((x) => nd.sum(x), zeros([2]), { method: "adam", memory: 3 }),
    'minimise, memory: expected none with the method "adam", got the number 3',
  ],
  [(): unknown => minimise((x) => nd.sum(x), zeros([2]), { learningrate: 1 } as never), /did you mean learningRate\?$/],
])("refuses %#", (call, message) => {
  expect(call).toThrow(errors.ArgumentError);
  expect(call).toThrow(message);
});

test("a value that is not finite is a ConvergenceError", () => {
  const call = (): unknown => minimise((x) => nd.sum(nd.log(x)), array([-1], wide), { method: "adam" });
  expect(call).toThrow(errors.ConvergenceError);
  expect(call).toThrow(/^minimise: expected finite values and gradients, got a value of NaN/);
});

/** Steps of the test below; a few thousand if long tables are sampled. */
const STEPS = sampledCount(10_000, 4);

test(`${STEPS} steps leave nothing behind`, () => {
  const target = array([1, 2, 3], wide);
  const sizes: number[] = [];
  const collect = exposedGc();
  const { iterations } = minimise((x) => nd.sum(nd.square(nd.sub(x, target))), zeros([3], wide), {
    ...{ method: "adam", learningRate: 1e-3, gradientTolerance: 0, maxIterations: STEPS },
    onIteration({ iteration }) {
      if (iteration % (STEPS / 10) !== 0) return;
      collect();
      sizes.push(process.memoryUsage().heapUsed);
    },
  });
  expect(iterations).toBe(STEPS);
  expect(Math.max(...sizes.slice(6)) - Math.max(...sizes.slice(3, 6))).toBeLessThan(5e5);
});

/** Jest is not started with --expose-gc. */
function exposedGc(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
