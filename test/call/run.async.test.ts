/**
 * The promises of the doors: they give what the blocking calls give, on arrays of their own, and end early when they
 * are told to.
 */
import { join } from "node:path";
import { Worker } from "node:worker_threads";

import ndarray from "ndarray";
import { ArgumentError, InterruptedError } from "../../src/errors";
import { Genred, KernelSolve, grad, rand, randn, requiresGrad, zeros } from "../../src";
import type { BackendName, BlockRanges, RealArray, CallProgress } from "../../src";

jest.setTimeout(30000);
// Compiled in the background, a formula changes its rounding from one call to the next.
process.env["TSKEOPS_COMPILE"] = "never";

const SUM = ["Exp(-SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(2)"]] as const;
const points = (n: number, seed: number): RealArray => rand([n, 3], { seed });
const values = (x: RealArray): number[] => Array.from(x.data);

/** A reduction of `n`² pairs and a solve of n points, with their arrays. */
const sum = (n: number, m = n) =>
  [Genred(...SUM, { axis: 1 }), points(n, 1), points(m, 2), randn([m, 2], { seed: 3 })] as const;
const system = (n: number, dtype: "float32" | "float64" = "float32") =>
  [
    KernelSolve("Exp(-g * SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)", "g = Pm(1)"], "b", { axis: 1 }),
    rand([n, 3], { seed: 1, dtype }),
    randn([n, 1], { seed: 2, dtype }),
  ] as const;

/** A reduction that takes minutes where nobody stops it. */
const endless = () => {
  const n = 2 ** 20;
  return [Genred(...SUM, { axis: 1 }), zeros([n, 3]), zeros([n, 3]), zeros([n, 2])] as const;
};

describe("Genred, async", () => {
  it.each<BackendName>(["cpu", "tiles", "reference"])("gives what the call gives (%s)", async (backend) => {
    const [K, x, y, b] = sum(70, 50);
    expect(values(await K.async(x, y, b, { backend }))).toEqual(values(K(x, y, b, { backend })));
  });

  it("gives indices, and pairs of numbers and indices", async () => {
    const [x, y] = [points(40, 1), points(50, 2)];
    const args = ["SqDist(x, y)", ["x = Vi(3)", "y = Vj(3)"]] as const;
    const nearest = Genred(...args, { axis: 1, reductionOp: "ArgKMin", optArg: 3 });
    expect((await nearest.async(x, y)).data).toEqual(nearest(x, y).data);
    const both = Genred(...args, { axis: 0, reductionOp: "Min_ArgMin" });
    const [distances, places] = await both.async(x, y);
    const expected = both(x, y);
    expect([values(distances), places.data]).toEqual([values(expected[0]), expected[1].data]);
  });

  it.each<BackendName>(["cpu", "reference"])(
    "computes with the arrays as they were at the call (%s)",
    async (backend) => {
      const [K, x, y, b] = sum(300);
      const expected = values(K(x, y, b, { backend }));
      const promise = K.async(x, y, b, { backend });
      for (const array of [x, y, b]) array.data.fill(NaN);
      expect(values(await promise)).toEqual(expected);
    },
  );

  it("writes `out` when all is computed, and not when it was stopped", async () => {
    const [K, x, y, b] = sum(50);
    const out = rand([50, 2], { seed: 9 });
    const before = values(out);
    const stopped = K.async(x, y, b, { out, signal: AbortSignal.abort() });
    await expect(stopped).rejects.toThrow(InterruptedError);
    const promise = K.async(x, y, b, { out });
    expect(values(out)).toEqual(before);
    expect(await promise).toBe(out);
    expect(values(out)).toEqual(values(K(x, y, b)));
  });

  it("rejects with what the call throws", async () => {
    const [K, x, y] = sum(5);
    await expect(K.async(x, y, rand([4, 2]))).rejects.toThrow(/expected shape \[5, 2\].*got \[4, 2\]/);
    await expect(K.async(x, y, rand([5, 2]), { signal: 3 as unknown as AbortSignal })).rejects.toThrow(
      "signal: expected an AbortSignal, got the number 3",
    );
    await expect(K.async(x, y, rand([5, 2]), { onProgress: "bar" as unknown as () => void })).rejects.toThrow(
      /onProgress: expected a function/,
    );
  });

  it.each<BackendName>(["cpu", "reference"])("stops when its signal is aborted (%s)", async (backend) => {
    const controller = new AbortController();
    const [K, x, y, b] = endless();
    const promise = K.async(x, y, b, { backend, signal: controller.signal });
    setTimeout(() => {
      controller.abort("enough");
    }, 50);
    await expect(promise).rejects.toThrow(InterruptedError);
    await expect(promise).rejects.toMatchObject({ code: "ERR_KEOPS_INTERRUPTED", cause: "enough" });
  });

  it("reports how far it is, and that it has ended", async () => {
    const controller = new AbortController();
    const seen: CallProgress[] = [];
    const [K, x, y, b] = endless();
    const onProgress = (progress: CallProgress): void => {
      seen.push(progress);
      if (seen.length === 3) controller.abort();
    };
    await expect(K.async(x, y, b, { signal: controller.signal, onProgress })).rejects.toThrow(InterruptedError);
    expect(seen.map(({ ended }) => ended)).toEqual([false, false, false, true]);
    const fractions = seen.map(({ fraction }) => fraction!);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions[2]).toBeGreaterThan(0);
    expect(fractions[2]).toBeLessThan(1);
    expect(seen[2]).toMatchObject({ doing: "reduction", rate: expect.any(Number) as number });
  });

  it("tells no rate where ranges leave out pairs", async () => {
    const [K, x, y, b] = sum(4);
    const ranges = [
      [[0, 4]],
      [1],
      [[0, 2]],
      [
        [0, 2],
        [2, 4],
      ],
      [1, 2],
      [
        [0, 4],
        [0, 0],
      ],
    ] as const;
    const seen: CallProgress[] = [];
    await K.async(x, y, b, { ranges: ranges as unknown as BlockRanges, onProgress: (progress) => seen.push(progress) });
    expect(seen.at(-1)).toMatchObject({ fraction: 1, rate: undefined, ended: true });
    await K.async(x, y, b, { onProgress: (progress) => seen.push(progress) });
    expect(seen.at(-1)).toMatchObject({ fraction: 1, rate: expect.any(Number) as number, ended: true });
  });

  it("stops with the error of its onProgress", async () => {
    const [K, x, y, b] = endless();
    const fault = new Error("broken bar");
    const onProgress = (): void => {
      throw fault;
    };
    await expect(K.async(x, y, b, { onProgress })).rejects.toBe(fault);
  });
});

describe("KernelSolve, async", () => {
  it.each([
    ["float32", "cg", 700],
    ["float64", "cg", 700],
    ["float64", "direct", 700],
    ["float32", "auto", 1500],
  ] as const)("gives what the call gives (%s, %s, %d points)", async (dtype, method, n) => {
    const [Kinv, x, b] = system(n, dtype);
    const options = { alpha: 0.01, method };
    expect(values(await Kinv.async(x, x, b, 5, options))).toEqual(values(Kinv(x, x, b, 5, options)));
  });

  it("says how it was solved, for batches too, and begins at x0", async () => {
    const [Kinv] = system(1);
    const x = rand([3, 40, 3], { seed: 1, dtype: "float64" });
    const b = randn([3, 40, 1], { seed: 2, dtype: "float64" });
    const options = { alpha: 0.1, x0: randn([3, 40, 1], { seed: 3, dtype: "float64" }) };
    const expected = Kinv.report(x, x, b, 5, options);
    const found = await Kinv.report.async(x, x, b, 5, options);
    expect({ ...found, solution: values(found.solution) }).toEqual({
      ...expected,
      solution: values(expected.solution),
    });
  });

  it("computes with the arrays as they were at the call", async () => {
    const [Kinv, x, b] = system(800);
    const x0 = randn([800, 1], { seed: 4 });
    const expected = values(Kinv(x, x, b, 5, { alpha: 0.1, x0 }));
    const promise = Kinv.async(x, x, b, 5, { alpha: 0.1, x0 });
    for (const array of [x, b, x0]) array.data.fill(NaN);
    expect(values(await promise)).toEqual(expected);
  });

  it.each([
    ["iterations", 3000, { method: "cg", preconditioner: "none", eps: 0, alpha: 0 }],
    ["factorisation", 5000, { method: "direct", alpha: 0.1 }],
    ["preconditioner", 10000, { preconditioner: { rank: 4000 }, alpha: 1e-3 }],
  ] as const)("can be stopped during its %s", async (stage, n, options) => {
    const controller = new AbortController();
    const [Kinv, x, b] = system(n, "float64");
    const stages = new Set<string>();
    const onProgress = ({ doing, ended }: CallProgress): void => {
      if (!ended) stages.add(doing);
      if (doing === stage) controller.abort();
    };
    const promise = Kinv.async(x, x, b, 500, { ...options, signal: controller.signal, onProgress });
    await expect(promise).rejects.toThrow(InterruptedError);
    expect(stages).toContain(stage);
  });

  it("reports iterations, residual and an estimate of what is left", async () => {
    const seen: CallProgress[] = [];
    const [Kinv, x, b] = system(1000, "float64");
    const options = { method: "cg", preconditioner: "none", alpha: 0.1 } as const;
    await Kinv.async(x, x, b, 5, { ...options, onProgress: (progress) => seen.push(progress) });
    expect(seen.at(-1)).toMatchObject({ doing: "iterations", fraction: 1, secondsLeft: 0, ended: true });
    expect(seen.at(-1)!.residual).toBeLessThanOrEqual(1e-6);
    expect(seen.at(-1)!.iterations).toBeGreaterThan(10);
  });

  it("lets others have their turn", async () => {
    const [Kinv, x, b] = system(2000);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await Kinv.async(x, x, b, 5, { alpha: 0.01, method: "cg", preconditioner: { rank: 500 } });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });
});

describe("derivatives", () => {
  it("of promised sums, minima and solutions are those of the calls", async () => {
    const x = requiresGrad(points(60, 1));
    const [y, b] = [points(60, 2), randn([60, 2], { seed: 3 })];
    const K = Genred(...SUM, { axis: 1 });
    const nearest = Genred("SqDist(x, y)", ["x = Vi(3)", "y = Vj(3)"], { axis: 1, reductionOp: "Min" });
    const [Kinv, , right] = system(60);
    const gradients = (results: readonly RealArray[]): number[][] =>
      results.map((result) => values(grad(result, [x], randn(result.shape, { seed: 7 }))[0]));
    const calls = [K(x, y, b), nearest(x, y), Kinv(x, x, right, 5, { alpha: 0.1 })];
    const promises = [K.async(x, y, b), nearest.async(x, y), Kinv.async(x, x, right, 5, { alpha: 0.1 })];
    expect(gradients(await Promise.all(promises))).toEqual(gradients(calls));
  });

  it("notice arrays that changed while the promise was pending", async () => {
    const [K, x, y, b] = sum(20);
    requiresGrad(x);
    const promise = K.async(x, y, b);
    y.data[0] = 5;
    const result = await promise;
    expect(() => grad(result, [x], result)).toThrow(/expected the arrays of Genred unchanged since its call/);
  });
});

describe("many at once", () => {
  it("promises share the threads with calls", async () => {
    const [K, x, y, b] = sum(500);
    const [Kinv, u, v] = system(600);
    const promises = Array.from({ length: 8 }, () => [K.async(x, y, b), Kinv.async(u, u, v, 5, { alpha: 0.1 })]);
    const expected = [values(K(x, y, b)), values(Kinv(u, u, v, 5, { alpha: 0.1 }))];
    for (const pair of promises) expect((await Promise.all(pair)).map(values)).toEqual(expected);
  });

  it("workers with promises of their own share the threads with this one", async () => {
    const script = `
      const { parentPort, workerData } = require("node:worker_threads");
      const { KernelSolve, rand, randn } = require(workerData);
      const Kinv = KernelSolve("Exp(-g * SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)", "g = Pm(1)"], "b", { axis: 1 });
      const [x, b] = [rand([600, 3], { seed: 1 }), randn([600, 1], { seed: 2 })];
      Promise.all([1, 2, 3].map(() => Kinv.async(x, x, b, 5, { alpha: 0.1 })))
        .then((found) => parentPort.postMessage(found.map(({ data }) => Array.from(data))));`;
    const workers = Array.from({ length: 3 }, () => {
      const workerData = join(__dirname, "..", "..", "dist", "index.js");
      // The environment of the tests is not that of the process, which workers get by default.
      const worker = new Worker(script, { eval: true, workerData, env: { ...process.env } });
      return new Promise<number[][]>((resolve, reject) => worker.once("message", resolve).once("error", reject));
    });
    const [Kinv, x, b] = system(600);
    const own = await Promise.all([1, 2, 3].map(() => Kinv.async(x, x, b, 5, { alpha: 0.1 })));
    const expected = values(Kinv(x, x, b, 5, { alpha: 0.1 }));
    for (const found of [own.map(values), ...(await Promise.all(workers))])
      expect(found).toEqual([expected, expected, expected]);
  });
});

describe("an out that changes while its numbers are computed", () => {
  const x = rand([2000, 3], { seed: 1, dtype: "float64" });
  const K = Genred("Exp(-SqDist(x, y))", ["x = Vi(3)", "y = Vj(3)"], { axis: 1 });

  test("is refused when its memory was transferred", async () => {
    const out = zeros([2000, 1], { dtype: "float64" });
    const waiting = K.async(x, x, { out });
    structuredClone(out.data, { transfer: [out.data.buffer as ArrayBuffer] });
    await expect(waiting).rejects.toThrow(ArgumentError);
    await expect(waiting).rejects.toThrow(/^out: expected a view inside its data of 0 elements .*detached/);
  });

  test.each(["with its length", "of a fixed length"])("is refused when its memory shrank, %s", async (kind) => {
    // Resizable buffers are newer than the types that the project is written for.
    const Resizable = ArrayBuffer as unknown as new (
      bytes: number,
      options: { maxByteLength: number },
    ) => ArrayBuffer & { resize(bytes: number): void };
    const buffer = new Resizable(16_000, { maxByteLength: 32_000 });
    const data = kind === "with its length" ? new Float64Array(buffer) : new Float64Array(buffer, 0, 2000);
    const waiting = K.async(x, x, { out: ndarray(data, [2000, 1]) });
    buffer.resize(8_000);
    await expect(waiting).rejects.toThrow(ArgumentError);
    await expect(waiting).rejects.toThrow(/^out: expected a view inside its data of \d+ elements/);
  });

  test("of a look-alike is written as any", async () => {
    const out = { data: new Float64Array(2000), shape: [2000, 1], stride: [1, 1], offset: 0 };
    await K.async(x, x, { out: out as unknown as ReturnType<typeof K> });
    expect(out.data).toEqual(K(x, x).data);
  });
});

test("a signal that cannot be listened to is refused before anything is computed", async () => {
  const x = rand([5, 1]);
  const K = Genred("x - y", ["x = Vi(1)", "y = Vj(1)"], { axis: 1 });
  const halves = [{ aborted: false, addEventListener: () => undefined }, { aborted: false }, {}, "signal", NaN, ""];
  for (const signal of halves) {
    const waiting = K.async(x, x, { signal: signal as unknown as AbortSignal });
    await expect(waiting).rejects.toThrow(/^signal: expected an AbortSignal, got /);
  }
  expect((await K.async(x, x, { signal: new AbortController().signal })).shape).toEqual([5, 1]);
});
