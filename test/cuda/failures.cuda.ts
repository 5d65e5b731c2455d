/**
 * What users meet when a device fails, through the unchanged addon on the simulated one: each case is a process of its
 * own, whose device fails in a chosen call. The rule: a call gives the right numbers or a DeviceError, nothing is lost,
 * and the process ends well.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { onSimulator, simulatorFolder } from "../cuda-sim/simulator";
import type { Outcome } from "../cuda-sim/simulator";

const INDEX = join(__dirname, "..", "..", "dist", "index.js");
let simulator = "";
beforeAll(() => {
  simulator = simulatorFolder();
}, 600_000);

/** What a program has in hand; `trying` tells how a call ended, and whether its numbers are those of the processor. */
const PRELUDE = `
  const t = require(${JSON.stringify(INDEX)});
  const K = t.Genred("Exp(-SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)"], { axis: 1 });
  const [x, y, b] = [t.rand([50, 3], { seed: 1 }), t.rand([40, 3], { seed: 2 }), t.randn([40, 1], { seed: 3 })];
  const expected = K(x, y, b, { backend: "reference" }).data;
  const isRight = (got) => got.every((value, n) => Math.abs(value - expected[n]) < 1e-4);
  const tell = (what) => console.log(JSON.stringify(what));
  const trying = (body) => {
    try {
      return tell({ right: isRight(t.toHost(body()).data) });
    } catch (error) {
      return tell({ error: error.name, message: error.message });
    }
  };
  const onDevice = () => K(t.toDevice(x), t.toDevice(y), t.toDevice(b));
  const throughDevice = () => K(x, y, b, { backend: "cuda" });
  const onProcessor = () => K(x, y, b, { backend: "cpu" });
  const copying = () => K(t.toDevice(t.toDevice(x)), t.toDevice(y), t.toDevice(b));
  const looking = () => (t.cuda.memory(), t.cuda.devices().length === 1 ? onDevice() : x);
`;

interface Ended {
  readonly right?: boolean;
  readonly error?: string;
  readonly message?: string;
}

function lines(body: string, settings: Readonly<Record<string, string>>): { ended: Ended[]; outcome: Outcome } {
  const command = [process.execPath, "--expose-gc", "-e", `${PRELUDE}${body}`] as const;
  const outcome = onSimulator(simulator, [...command], settings);
  expect({ status: outcome.status, errors: outcome.errors }).toEqual({ status: 0, errors: "" });
  const ended = outcome.output.split("\n").filter(Boolean);
  return { ended: ended.map((line) => JSON.parse(line) as Ended), outcome };
}

const told = (body: string, settings: Readonly<Record<string, string>>): Ended[] => lines(body, settings).ended;

const RIGHT: Ended = { right: true };
const deviceError = (message: RegExp): unknown => ({ error: "DeviceError", message: expect.stringMatching(message) });

test("without a device the reason is told, and the processor computes", () => {
  const body = `tell({ message: t.cuda.whyNot() }); trying(throughDevice); trying(onProcessor);`;
  expect(told(body, { CUDASIM_DEVICES: "0" })).toEqual([
    { message: expect.stringMatching(/^cuInit: expected a device, got CUDA_ERROR_NO_DEVICE/) },
    deviceError(/cuInit: expected a device/),
    RIGHT,
  ]);
});

test("a device that is too old for the compiler is named, with what is needed", () => {
  const sentence = /expected a device of compute capability \d\.\d or newer, for which .* compiles, got .* of 3\.0/;
  const body = `tell({ message: t.cuda.whyNot() }); trying(throughDevice); trying(onDevice); trying(onProcessor);`;
  expect(told(body, { CUDASIM_CAPABILITY: "30" })).toEqual([
    { message: expect.stringMatching(sentence) },
    deviceError(sentence),
    deviceError(sentence),
    RIGHT,
  ]);
});

/**
 * The simulated device takes PTX alone: for a capability that compilers know it is sent machine code, which it refuses.
 */
const CAPABILITY = { known: "90", unknown: "130" };

test.each(Object.values(CAPABILITY))(
  "PTX that is newer than the driver of a device of capability %s is a DeviceError with what to do",
  (capability) => {
    const settings = { CUDASIM_PTX: "60", CUDASIM_CAPABILITY: capability };
    expect(told(`trying(throughDevice); trying(onProcessor);`, settings)).toEqual([
      deviceError(
        /CUDA_ERROR_UNSUPPORTED_PTX_VERSION.*the driver is older than the compiler \(.*\): install a newer driver, or name an older NVRTC/,
      ),
      RIGHT,
    ]);
  },
);

const loadings = ({ log }: Outcome): unknown[] =>
  log.filter(({ call }) => call === "cuModuleLoadDataEx").map(({ result }) => result);

test("a device that refuses machine code gets PTX", () => {
  const { ended, outcome } = lines(`trying(throughDevice);`, { CUDASIM_CAPABILITY: CAPABILITY.known });
  expect(ended).toEqual([RIGHT]);
  expect(loadings(outcome)).toEqual(["CUDA_ERROR_NO_BINARY_FOR_GPU", "CUDA_SUCCESS"]);
});

test("an image in the cache that a device refuses is compiled anew, and takes its place", () => {
  const cache = mkdtempSync(join(tmpdir(), "tskeops-stale-"));
  try {
    const compute = (): unknown[] => loadings(lines(`trying(throughDevice);`, { TSKEOPS_CACHE: cache }).outcome);
    expect(compute()).toEqual(["CUDA_SUCCESS"]);
    const keep = `const { keptObject } = require(${JSON.stringify(join(INDEX, "..", "device", "cache.js"))});`;
    for (const file of readdirSync(cache)) {
      const script = `${keep} keptObject(process.argv[1], Buffer.from("of other times"));`;
      execFileSync(process.execPath, ["-e", script, basename(file, ".so")], {
        env: { ...process.env, TSKEOPS_CACHE: cache },
      });
    }
    expect(compute()).toEqual(["CUDA_ERROR_INVALID_IMAGE", "CUDA_SUCCESS"]);
    expect(compute()).toEqual(["CUDA_SUCCESS"]);
  } finally {
    rmSync(cache, { recursive: true });
  }
});

test("a kernel that fails is a DeviceError, as is every later call on its device; the processor still computes", () => {
  const body = `trying(throughDevice); trying(onDevice); trying(onProcessor);`;
  expect(told(body, { CUDASIM_FAIL: "kernel:1:719" })).toEqual([
    deviceError(/device 0 \(.*\).*CUDA_ERROR_LAUNCH_FAILED/),
    deviceError(/CUDA_ERROR_LAUNCH_FAILED/),
    RIGHT,
  ]);
});

test("a launch without room for the memory of its threads frees what is kept, and is tried again", () => {
  const body = `trying(throughDevice); t.dispose(t.toDevice(t.zeros([1 << 18, 1])));
    tell({ right: t.cuda.memory().kept >= 1 << 20 }); trying(throughDevice); tell({ right: t.cuda.memory().kept < 1 << 20 });`;
  expect(told(body, { CUDASIM_FAIL: "cuLaunchKernel:2:2" })).toEqual([RIGHT, RIGHT, RIGHT, RIGHT]);
});

test("a launch that is refused is a DeviceError, and the next one is right", () => {
  expect(told(`trying(throughDevice); trying(throughDevice);`, { CUDASIM_FAIL: "cuLaunchKernel:1:701" })).toEqual([
    deviceError(/cuLaunchKernel: .*CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES/),
    RIGHT,
  ]);
});

test("a call that is stopped between launches rejects, gives its memory back, and the next one is right", () => {
  const body = `(async () => {
    trying(throughDevice);
    const [first, rows, columns] = [128 * 4 * 20, 128 * 4 * 50, 1 << 21];
    const L = t.Genred("x * y", ["x = Vi(1)", "y = Vj(1)"], { axis: 1 });
    const [p, q] = [t.zeros([rows, 1]), t.zeros([columns, 1])];
    // Every block of rows is a launch, as the later ones visit 2^30 pairs; the first ones take some tenths of a second.
    const ranges = t.fromMatrix([[0, first], [first, rows]], [[0, 1 << 17], [1 << 17, columns]], [[true, false], [true, true]]);
    const before = t.cuda.memory().lent;
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    const ended = await L.async(p, q, { backend: "cuda", ranges, signal: controller.signal, onProgress }).catch((e) => e);
    tell({ error: ended.name });
    tell({ right: t.cuda.memory().lent === before });
    trying(throughDevice);
  })();`;
  const { ended, outcome } = lines(body, {});
  expect(ended).toEqual([RIGHT, { error: "InterruptedError" }, RIGHT, RIGHT]);
  expect(outcome.log.filter(({ kernel }) => kernel === "keops_reduce").length).toBeLessThan(2 + 20);
});

test("several devices compute by themselves, and a call takes its arrays from one", () => {
  const body = `
    const at = (device) => [x, y, b].map((array) => t.toDevice(array, { device }));
    trying(() => K(...at(1))); trying(() => K(...at(0)));
    trying(() => K(at(0)[0], ...at(1).slice(1))); trying(() => t.toDevice(x, { device: 2 })); trying(() => K(...at(1)));`;
  expect(told(body, { CUDASIM_DEVICES: "2" })).toEqual([
    RIGHT,
    RIGHT,
    deviceError(/expected arrays on one device, got some on 0 and 1/),
    { error: "ArgumentError", message: expect.stringMatching(/from 0 to 1, got 2/) },
    RIGHT,
  ]);
});

test("the first failure on one of several devices ends the shares of the others before their work is done", () => {
  const launches = 20;
  // A block of rows is a launch. What is queued would take minutes, so the process does not wait for it; nor is it
  // waited for.
  const body = `
    const L = t.Genred("x * y", ["x = Vi(1)", "y = Vj(1)"], { axis: 1 });
    const [p, q] = [t.zeros([2 * ${launches} * 512, 1]), t.zeros([1 << 21, 1])];
    try { L(p, q, { device: "all" }); } catch ({ name }) { require("node:fs").writeSync(1, name); }
    process.kill(process.pid, "SIGKILL");`;
  const command = ["timeout", "-s", "KILL", "30", process.execPath, "-e", `${PRELUDE}${body}`] as const;
  const settings = { CUDASIM_DEVICES: "2", CUDASIM_FAIL: "cuLaunchKernel:1:701" };
  const { output, log } = onSimulator(simulator, [...command], settings);
  expect(output).toBe("DeviceError");
  const launched = log.filter(({ call, result }) => call === "cuLaunchKernel" && result === "CUDA_SUCCESS");
  expect(launched.length).toBeLessThan(launches / 2);
});

const NOTHING_LEFT = { liveBytes: 0, pinnedBytes: 0, modules: 0, streams: 0, events: 0, retained: 0 };
/** What is left in a context when it is destroyed. */
const EMPTY = { liveBytes: 0, modules: 0, streams: 0, events: 0 };

const STEPS = [
  "throughDevice",
  "onDevice",
  "copying",
  "looking",
  "throughDevice",
  "onProcessor",
  "onDevice",
  "onDevice",
] as const;
const ALL_STEPS = STEPS.map((step) => `trying(${step});`).join(" ");

/**
 * Runs all steps: each is right or a DeviceError, that of the processor is right, and so is the last where it has to
 * be.
 */
function allSteps(settings: Readonly<Record<string, string>>, isLastRight: boolean): Outcome {
  const { ended, outcome } = lines(ALL_STEPS, settings);
  expect(ended).toHaveLength(STEPS.length);
  ended.forEach((end, n) => {
    const isSound = end.right === true || (end.error === "DeviceError" && STEPS[n] !== "onProcessor");
    expect({ ...settings, step: STEPS[n], end, isSound }).toMatchObject({ isSound: true });
  });
  if (isLastRight) expect({ ...settings, last: ended.at(-1) }).toEqual({ ...settings, last: RIGHT });
  return outcome;
}

/**
 * Calls that the addon makes while it works, each with an error that it may give, and what else fails that it is made
 * at all.
 */
const CALLS: readonly (readonly [string, number, string?])[] = [
  ["cuDeviceGet", 101],
  ["cuDeviceGetAttribute", 1],
  ["cuDeviceGetName", 1],
  ["cuDeviceTotalMem_v2", 1],
  ["cuMemAlloc_v2", 2],
  ["cuMemGetInfo_v2", 1],
  ["cuMemHostAlloc", 2],
  ["cuDevicePrimaryCtxRetain", 2],
  ["cuCtxSetCurrent", 201],
  ["cuStreamCreate", 2],
  ["cuStreamSynchronize", 400, "cuMemAlloc_v2:3:2"],
  ["cuEventCreate", 2],
  ["cuEventRecord", 400],
  ["cuEventQuery", 400],
  ["cuEventSynchronize", 400],
  ["cuModuleLoadDataEx", 2],
  ["cuModuleGetFunction", 500],
  ["cuModuleGetGlobal_v2", 500],
  ["cuMemcpyHtoDAsync_v2", 1],
  ["cuMemcpyDtoHAsync_v2", 1],
  ["cuMemcpyDtoDAsync_v2", 1],
  ["cuLaunchKernel", 701],
];
const IS_SAMPLE = Number(process.env["TSKEOPS_CUDA_EVERY"] ?? 1) > 1;
const TIMES = IS_SAMPLE ? ["1", "2+"] : ["1", "2", "3", "4", "1+", "2+", "4+"];

test.each(CALLS)(
  "wherever %s fails, calls are right or DeviceErrors, and nothing is left at the end",
  (call, code, ...others) => {
    for (const time of TIMES) {
      const fault = [`${call}:${time}:${code}`, ...others].join();
      const { log } = allSteps({ CUDASIM_FAIL: fault }, !time.endsWith("+"));
      const failed = log.filter((line) => line["call"] === call && line["result"] !== "CUDA_SUCCESS");
      if (time === "1") expect({ call, failed: failed.length > 0 }).toEqual({ call, failed: true });
      expect({ fault, left: log.find((line) => "exit" in line) }).toMatchObject({ fault, left: NOTHING_LEFT });
      const destroyed = log.filter((line) => "destroyed" in line);
      expect(destroyed).toEqual(destroyed.map((line) => ({ ...line, ...EMPTY })));
    }
  },
);

/** Calls that give back, and what is left where they fail. */
test.each([
  ["cuMemFree_v2", "liveBytes"],
  ["cuMemFreeHost", "pinnedBytes"],
  ["cuModuleUnload", "modules"],
  ["cuStreamDestroy_v2", "streams"],
  ["cuEventDestroy_v2", "events"],
  ["cuDevicePrimaryCtxRelease_v2", "retained"],
])("where %s fails nobody notices, and everything else is given back", (call, kind) => {
  const { log } = allSteps({ CUDASIM_FAIL: `${call}:1+:1` }, true);
  const left = log.filter((line) => "destroyed" in line || "exit" in line);
  const kinds = Object.keys(NOTHING_LEFT).filter((name) => left.some((line) => Number(line[name] ?? 0) > 0));
  expect(kinds.filter((name) => name === kind)).toEqual([kind]);
  // Variables of a module are memory; what a context that is never released holds, only the driver knows.
  const follows = { modules: ["liveBytes"], retained: Object.keys(EMPTY) }[kind] ?? [];
  expect(kinds.filter((name) => name !== kind && !follows.includes(name))).toEqual([]);
});

test.each(["cuInit", "cuDeviceGetCount"])(
  "a driver whose %s fails at once is told, and the processor computes",
  (call) => {
    const body = `tell({ message: t.cuda.whyNot() }); tell({ right: t.cuda.devices().length === 0 }); ${ALL_STEPS}`;
    const [why, devices, ...ended] = told(body, { CUDASIM_FAIL: `${call}:1:999` });
    const message = new RegExp(`${call}: expected a device, got 999$`);
    expect([why, devices]).toEqual([{ message: expect.stringMatching(message) }, RIGHT]);
    expect(ended).toEqual(STEPS.map((step) => (step === "onProcessor" ? RIGHT : deviceError(message))));
  },
);

test("devices are counted once: a driver that could not do it again does no harm", () => {
  const body = `trying(throughDevice); trying(looking); const before = t.cuda.memory().lent; t.dispose(t.toDevice(x)); tell({ right: t.cuda.memory().lent === before });`;
  expect(told(body, { CUDASIM_FAIL: "cuDeviceGetCount:2+:3" })).toEqual([RIGHT, RIGHT, RIGHT]);
});

test("an error that the driver has no name for is told by its number", () => {
  expect(told(`trying(throughDevice); trying(throughDevice);`, { CUDASIM_FAIL: "cuMemAlloc_v2:1:5" })).toEqual([
    deviceError(/cuMemAlloc_v2: expected \d+ bytes on device 0 \(.*\), got 5$/),
    RIGHT,
  ]);
});

test("to ask whether there is a GPU opens none", () => {
  const { outcome } = lines(`tell({ right: t.cuda.available() }); tell({ right: t.cuda.whyNot() === null });`, {});
  expect(outcome.output).toBe('{"right":true}\n{"right":true}\n');
  const calls = new Set(outcome.log.map(({ call }) => call).filter((call) => call !== undefined));
  expect([...calls].filter((call) => !/^cu(Init|DeviceGet|DeviceTotalMem)/.test(String(call)))).toEqual([]);
});

test("memory that runs out is lent again when arrays are given back", () => {
  const body = `
    const kept = t.toDevice(x);
    const held = [];
    try { for (;;) held.push(t.toDevice(t.zeros([1 << 18, 1]))); } catch (error) { tell({ error: error.name }); }
    trying(() => K(kept, y, b, { backend: "cuda" }));
    held.forEach((array) => t.dispose(array));
    trying(() => K(kept, y, b, { backend: "cuda" }));`;
  const { ended, outcome } = lines(body, { CUDASIM_MEMORY: String(2 ** 23) });
  expect(ended[0]).toEqual({ error: "DeviceError" });
  expect(ended.at(-1)).toEqual(RIGHT);
  expect(outcome.log.find((line) => "exit" in line)).toMatchObject(NOTHING_LEFT);
});
