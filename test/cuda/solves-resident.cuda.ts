/**
 * Solves whose vectors and scalars live on a device, on the simulated one: the same solutions, no waiting inside,
 * nothing left behind.
 */
import { join } from "node:path";
import { InterruptedError } from "../../src/errors";
import {
  KernelSolve,
  array,
  astype,
  cuda,
  dispose,
  grad,
  rand,
  randn,
  requiresGrad,
  toDevice,
  toHost,
} from "../../src/index";
import type { RealArray } from "../../src/index";
import { onSimulator, simulatorFolder } from "../cuda-sim/simulator";
import type { LogLine } from "../cuda-sim/simulator";
import { lentToTheLiving } from "./lent";

const Kinv = KernelSolve("Exp(-g * SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(2)", "g = Pm(1)"], "b", {
  axis: 1,
});
const N = 150;
const [x, b] = [rand([N, 3], { seed: 1 }), randn([N, 2], { seed: 2 })];
const G = 2;

/** The same with one right-hand side, for programs of their own. */
const SETTING = `
  const { KernelSolve, cuda, rand, randn, toDevice } = require(${JSON.stringify(join(__dirname, "..", "..", "dist", "index.js"))});
  const Kinv = KernelSolve("Exp(-g * SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)", "g = Pm(1)"], "b", { axis: 1 });
  const [x, b] = [toDevice(rand([${N}, 3], { seed: 1 })), toDevice(randn([${N}, 1], { seed: 2 }))];`;

function expectClose(got: RealArray, expected: RealArray, tolerance: number): void {
  expect(got.shape).toEqual(expected.shape);
  const wanted = Array.from(toHost(expected).data);
  const scale = Math.max(...wanted.map(Math.abs));
  Array.from(toHost(got).data).forEach((value, n) =>
    expect(Math.abs(value - wanted[n]!)).toBeLessThanOrEqual(tolerance * scale),
  );
}

const OPTIONS = [
  ["with a low-rank preconditioner", { alpha: 0.1, method: "cg", preconditioner: { rank: 32 } }],
  ["without a preconditioner", { alpha: 0.5, method: "cg", preconditioner: "none" }],
  ["in float64", { alpha: 0.1, method: "cg", precision: "float64" }],
  ["by factorisation", { alpha: 0.1 }],
] as const;

test.each(OPTIONS)("a solve of resident arrays %s is that of the processor", (_, options) => {
  const here = Kinv.report(x, x, b, G, options);
  const points = toDevice(x);
  const there = Kinv.report(points, points, toDevice(b), G, options);
  expect(there.solution.data).not.toBeInstanceOf(Float32Array);
  expect(there.history.at(-1)!.residual).toBeLessThanOrEqual(1e-6);
  expect([there.method, there.rank]).toEqual([here.method, here.rank]);
  expectClose(there.solution, here.solution, 2e-5);
});

test("float64 arrays are solved in float64, from a start, by columns of their own", () => {
  const [wide, right] = [astype(x, "float64"), astype(b, "float64")];
  right.data.forEach((_, n) => n % 2 === 1 && (right.data[n] = 0)); // one column is done before it begins
  const options = { alpha: 1e-3, method: "cg", rtol: 1e-10, eps: 0 } as const;
  const here = Kinv.report(wide, wide, right, G, options);
  const there = Kinv.report(wide, wide, right, G, { ...options, backend: "cuda", x0: here.solution });
  expect(there.iterations).toBeLessThan(here.iterations);
  expectClose(there.solution, here.solution, 1e-7);
});

/** Each half of the points with itself. */
const INTERVALS = [
  [0, N / 2],
  [N / 2, N],
];
const HALVES = [INTERVALS, [1, 2], INTERVALS, INTERVALS, [1, 2], INTERVALS] as const;

test("blocks of pairs count alone", () => {
  const options = { alpha: 0.5, ranges: HALVES, preconditioner: "none" } as const;
  expectClose(Kinv(x, x, b, G, { ...options, backend: "cuda" }), Kinv(x, x, b, G, options), 2e-5);
});

test("a start and a ridge may be resident, too", () => {
  const options = { method: "cg", preconditioner: "none", rtol: 1e-5, eps: 0 } as const;
  const here = Kinv.report(x, x, b, G, { ...options, alpha: 0.5 });
  const there = Kinv.report(toDevice(x), toDevice(x), toDevice(b), G, {
    ...options,
    alpha: toDevice(array([0.5], { dtype: "float32" })),
    x0: toDevice(here.solution),
  });
  expect(there.iterations).toBeLessThan(here.iterations);
  expectClose(there.solution, here.solution, 2e-5);
});

test("solves for several ridges, and with a user's preconditioner, are resident where the right-hand side is", () => {
  const points = toDevice(x);
  const [here, there] = [Kinv.shifted([0.1, 1], x, x, b, G), Kinv.shifted([0.1, 1], points, points, toDevice(b), G)];
  const onMachine = Kinv(x, x, b, G, { alpha: 1, preconditioner: (residual) => residual });
  const options = { alpha: 1, preconditioner: (residual: RealArray) => toDevice(residual) };
  for (const [got, expected] of [
    ...there.map((solution, n) => [solution, here[n]!] as const),
    [Kinv(points, points, toDevice(b), G, options), onMachine],
  ] as const) {
    expect(got.data).not.toBeInstanceOf(Float32Array);
    expectClose(got, expected, 2e-5);
  }
});

test("its derivatives are those of the processor, and resident", () => {
  const e = randn([N, 2], { seed: 3 });
  const options = { alpha: 0.1, method: "cg", preconditioner: { rank: 32 } } as const;
  const [there, here] = [true, false].map((resident) => {
    const [points, right] = [x, b].map((array) => requiresGrad(resident ? toDevice(array) : toHost(array)));
    const solution = Kinv(points!, points!, right!, G, options);
    return grad(solution, [points!, right!], resident ? toDevice(e) : e);
  });
  there!.forEach((gradient, n) => {
    expect(gradient.data).not.toBeInstanceOf(Float32Array);
    expectClose(gradient, here![n]!, 1e-4);
  });
});

test("a solve leaves no memory behind but its solution, however it ends", async () => {
  const points = toDevice(x);
  const right = toDevice(b);
  const options = { alpha: 0.1, method: "cg" } as const;
  const before = await lentToTheLiving();
  for (const more of [{}, { ranges: HALVES, preconditioner: "none" }] as const) {
    dispose(Kinv(points, points, right, G, { ...options, ...more }));
    expect(cuda.memory().lent).toBe(before);
  }
  const stop = (): never => {
    throw new RangeError("enough");
  };
  expect(() => Kinv(points, points, right, G, { ...options, onIteration: stop })).toThrow("enough");
  expect(cuda.memory().lent).toBe(before);
  const controller = new AbortController();
  const hopeless = { alpha: 1e-9, method: "cg", preconditioner: "none", eps: 0, rtol: 1e-13 } as const;
  const stopped = Kinv.async(points, points, right, G, {
    ...hopeless,
    signal: controller.signal,
    onIteration: () => controller.abort(),
  });
  await expect(stopped).rejects.toThrow(InterruptedError);
  expect(cuda.memory().lent).toBe(before);
});

test("a promise gives the same to the last bit", async () => {
  const points = toDevice(x);
  const options = { alpha: 0.1, method: "cg" } as const;
  const [now, later] = [
    Kinv(points, points, toDevice(b), G, options),
    await Kinv.async(points, points, toDevice(b), G, options),
  ];
  expect(toHost(later).data).toEqual(toHost(now).data);
});

test.each([
  "cuMemAlloc_v2:14:2,cuMemAlloc_v2:15:2",
  "cuMemAlloc_v2:22:2,cuMemAlloc_v2:23:2",
  "cuLaunchKernel:12:1",
  "cuLaunchKernel:60:1",
])("a solve that fails at %s is a DeviceError and leaves no memory behind", (fault) => {
  const program = `${SETTING}
      const before = cuda.memory().lent;
      try { Kinv(x, x, b, ${G}, { alpha: 0.5, method: "cg", preconditioner: { rank: 32 } }); }
      catch ({ code }) { console.log(code, cuda.memory().lent - before); }`;
  const settings = { CUDASIM_FAIL: fault };
  const done = onSimulator(simulatorFolder(), [process.execPath, "-e", program], settings);
  expect([done.output, done.errors]).toEqual(["ERR_KEOPS_DEVICE 0\n", ""]);
});

// ---- what the driver saw

const PROGRAM = `${SETTING}
  const { iterations } = Kinv.report(x, x, b, ${G}, { alpha: 0.1, method: "cg", ...JSON.parse(process.argv[1]) });
  console.log(iterations);
`;

const isProduct = ({ call, kernel }: LogLine): boolean => call === "cuLaunchKernel" && kernel === "keops_reduce";
const WITHOUT_WAITING = ["cuLaunchKernel", "cuCtxSetCurrent", "cuDeviceGetCount"];

test.each([
  { preconditioner: "none" },
  { preconditioner: { rank: 32 }, eps: 1e-12 },
  { preconditioner: "none", ranges: HALVES },
])("nothing waits for the device from one reading of residuals to the next: %j", (options) => {
  const done = onSimulator(simulatorFolder(), [process.execPath, "-e", PROGRAM, JSON.stringify(options)]);
  expect(done.errors).toBe("");
  const calls = done.log.filter(({ call }) => call !== undefined);
  const stretches = splitAt(calls, "cuMemcpyDtoHAsync_v2").map(fromFirstProduct);
  const inner = stretches.filter((calls) => calls.filter(isProduct).length === 4);
  expect(4 * inner.length).toBeGreaterThanOrEqual(Number(done.output) / 2);
  const waiting = inner.flat().filter(({ call }) => !WITHOUT_WAITING.includes(call as string));
  expect(waiting).toEqual([]);
  expect(done.log.at(-1)).toMatchObject({ liveBytes: 0, modules: 0, streams: 0, events: 0 });
});

function splitAt(lines: readonly LogLine[], call: string): LogLine[][] {
  const parts: LogLine[][] = [[]];
  for (const line of lines)
    if (line["call"] === call) parts.push([]);
    else parts.at(-1)!.push(line);
  return parts;
}

/** To the last launch. */
function fromFirstProduct(lines: readonly LogLine[]): readonly LogLine[] {
  const first = lines.findIndex(isProduct);
  const last = lines.map(({ call }) => call).lastIndexOf("cuLaunchKernel");
  return first < 0 ? [] : lines.slice(first, last + 1);
}
