/**
 * What users meet when a device fails, through the unchanged addon on the simulated one: each case is a process of its own, whose device fails in a
 * chosen call. The rule: a call gives the right numbers or a DeviceError, nothing is lost, and the process ends well.
 */
import { join } from "node:path";
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

test("PTX that is newer than the driver is a DeviceError with what to do", () => {
  expect(told(`trying(throughDevice); trying(onProcessor);`, { CUDASIM_PTX: "60" })).toEqual([
    deviceError(
      /CUDA_ERROR_UNSUPPORTED_PTX_VERSION.*the driver is older than the compiler \(.*\): install a newer driver, or name an older NVRTC/,
    ),
    RIGHT,
  ]);
});

test("a kernel that fails is a DeviceError, as is every later call on its device; the processor still computes", () => {
  const body = `trying(throughDevice); trying(onDevice); trying(onProcessor);`;
  expect(told(body, { CUDASIM_FAIL: "kernel:1:719" })).toEqual([
    deviceError(/device 0 \(.*\).*CUDA_ERROR_LAUNCH_FAILED/),
    deviceError(/CUDA_ERROR_LAUNCH_FAILED/),
    RIGHT,
  ]);
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
    const [rows, columns] = [128 * 4 * 12, 1 << 21];
    const L = t.Genred("x * y", ["x = Vi(1)", "y = Vj(1)"], { axis: 1 });
    const [p, q] = [t.zeros([rows, 1]), t.zeros([columns, 1])];
    // Work is cut by rows times columns: a part of the columns makes as many launches, of some tenths of a second.
    const ranges = t.fromMatrix([[0, rows]], [[0, 1 << 17], [1 << 17, columns]], [[true, false]]);
    const before = t.cuda.memory().lent;
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    const ended = await L.async(p, q, { backend: "cuda", ranges, signal: controller.signal, onProgress }).catch((e) => e);
    tell({ error: ended.name });
    tell({ right: t.cuda.memory().lent === before });
    trying(throughDevice);
  })();`;
  expect(told(body, {})).toEqual([RIGHT, { error: "InterruptedError" }, RIGHT, RIGHT]);
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

const NOTHING_LEFT = { liveBytes: 0, pinnedBytes: 0, modules: 0, streams: 0, events: 0, retained: 0 };

/** Calls that the addon makes, each with an error that it may give. */
const CALLS: readonly (readonly [string, number])[] = [
  ["cuMemAlloc_v2", 2],
  ["cuMemHostAlloc", 2],
  ["cuDevicePrimaryCtxRetain", 2],
  ["cuCtxSetCurrent", 201],
  ["cuStreamCreate", 2],
  ["cuEventCreate", 2],
  ["cuEventRecord", 400],
  ["cuEventSynchronize", 400],
  ["cuModuleLoadDataEx", 2],
  ["cuModuleGetFunction", 500],
  ["cuModuleGetGlobal_v2", 500],
  ["cuMemcpyHtoDAsync_v2", 1],
  ["cuMemcpyDtoHAsync_v2", 1],
  ["cuLaunchKernel", 701],
];
const IS_SAMPLE = Number(process.env["TSKEOPS_CUDA_EVERY"] ?? 1) > 1;
const TIMES = IS_SAMPLE ? ["1", "2+"] : ["1", "2", "3", "4", "1+", "2+", "4+"];

test.each(CALLS)("wherever %s fails, calls are right or DeviceErrors, and nothing is left at the end", (call, code) => {
  const body = `
    trying(throughDevice); trying(onDevice); trying(() => t.toDevice(x)); trying(throughDevice); trying(onProcessor);
    trying(onDevice); trying(onDevice);`;
  for (const time of TIMES) {
    const { ended, outcome } = lines(body, { CUDASIM_FAIL: `${call}:${time}:${code}` });
    expect(ended).toHaveLength(7);
    const wrong = ended.filter(({ error }, n) => error !== undefined && (error !== "DeviceError" || n === 4));
    expect({ time, wrong }).toEqual({ time, wrong: [] });
    expect(ended.filter(({ right }, n) => right === false && n !== 2)).toEqual([]);
    const isOnce = !time.endsWith("+");
    if (isOnce) expect({ time, last: ended.at(-1) }).toEqual({ time, last: RIGHT });
    expect({ time, left: outcome.log.find((line) => "exit" in line) }).toMatchObject({ time, left: NOTHING_LEFT });
  }
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
