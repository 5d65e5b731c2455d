/**
 * The simulated CUDA device (test/cuda-sim): that it computes what the hardware would, and catches what it is there to
 * catch. Everything else that runs on it is only as trustworthy as this. Its programs are CUDA sources, so these tests
 * need nvcc.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import {
  HERE,
  compileErrors,
  nvcc,
  onSimulator,
  programOf,
  ptxOf,
  simulatorFolder,
  toolkitHeaders,
  type LogLine,
  type Outcome,
} from "./simulator";

/** What a case of selftest/faults.cc shows, the environment it runs in, and what the log must then say. */
interface Case {
  readonly name: string;
  readonly sentence: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** Of a fault: the message must match. Without one, nothing may be wrong. */
  readonly fault?: RegExp;
}

const RIGHT: readonly Case[] = [
  { name: "gaussian", sentence: "sums Gaussians over tiles in shared memory" },
  { name: "gaussian-fast", sentence: "sums them with ex2.approx, padded tiles and two rows per thread" },
  { name: "vectors", sentence: "loads and stores four floats at once" },
  { name: "dot", sentence: "makes a dot product of shuffles, dynamic shared memory and a float64 atomic" },
  { name: "last-block", sentence: "lets the last block finish, by a global counter that comes back to 0" },
  { name: "atomics", sentence: "has the atomic operations on global and shared memory" },
  { name: "divergence", sentence: "lets threads take different ways, call, loop and meet again" },
  { name: "votes", sentence: "counts the votes of a warp" },
  { name: "parameters", sentence: "passes a struct by value, and has constant tables" },
  { name: "wide-integers", sentence: "has exact integers of 64 bits and their conversions" },
  { name: "warp-ordered", sentence: "knows that a warp's barrier orders what its threads share" },
  { name: "pinned-memory", sentence: "reads pinned memory when the stream comes to it, pageable memory at once" },
  { name: "events", sentence: "orders streams by events, and times between them" },
  { name: "many-threads", sentence: "serves several threads at once" },
  { name: "polling", sentence: "gets on when a program polls" },
  { name: "default-stream", sentence: "orders the default stream with blocking streams" },
  { name: "stale-handles", sentence: "refuses handles and memory that were given back" },
  { name: "launch-limits", sentence: "refuses launches beyond the device's limits" },
  { name: "eager", sentence: "runs work at once if asked to", settings: { CUDASIM_EAGER: "1" } },
  {
    name: "gaussian-fast",
    sentence: "moves approximations, and a sound kernel stays right",
    settings: { CUDASIM_PERTURB: "1" },
  },
  { name: "last-block", sentence: "can run blocks in the opposite order", settings: { CUDASIM_REVERSE: "1" } },
];

const PLANTED: readonly Case[] = [
  {
    name: "no-first-barrier",
    sentence: "a missing barrier before a tile is read",
    fault: /race, read after write by thread \d+ .* thread \(\d+, 0, 0\), PTX line \d+: ld\.shared/,
  },
  {
    name: "no-second-barrier",
    sentence: "a missing barrier before a tile is written again",
    fault: /race, write after read by thread \d+ .* PTX line \d+: st\.shared/,
  },
  {
    name: "write-write-race",
    sentence: "two threads that write one place",
    fault: /race, write after write by thread 0 .* thread \(1, 0, 0\)/,
  },
  {
    name: "shared-overrun",
    sentence: "a store past the end of shared memory",
    fault: /store of 16 bytes at byte 2048 of 2048 bytes of shared memory; .* thread \(127, 0, 0\)/,
  },
  {
    name: "global-overrun",
    sentence: "a load past the end of an allocation",
    fault: /load of 4 bytes at 0x[0-9a-f]+, byte 1200 of an allocation of 1200; .* thread \(44, 0, 0\)/,
  },
  { name: "use-after-free", sentence: "a load from memory that was freed", fault: /allocation that was freed/ },
  { name: "misaligned", sentence: "a float4 at an address that is no multiple of 16", fault: /access of 16 bytes/ },
  {
    name: "uninitialised-global",
    sentence: "a load of global memory that nobody wrote",
    fault: /uninitialised global memory at 0x[0-9a-f]+, byte 0/,
  },
  {
    name: "uninitialised-shared",
    sentence: "a load of shared memory that nobody wrote",
    fault: /uninitialised shared memory at byte 28; .* thread \(56, 0, 0\)/,
  },
  { name: "early-leave", sentence: "a barrier after some threads have left", fault: /barrier after 56 threads/ },
  {
    name: "divergent-barriers",
    sentence: "threads that wait at different barriers",
    fault: /wait at different barriers/,
  },
  {
    name: "absent-shuffle",
    sentence: "a shuffle with a thread that is elsewhere",
    fault: /names thread 3, which is not/,
  },
  {
    name: "sticky-errors",
    sentence: "calls after a kernel's error, which fail until the context is destroyed",
    fault: /./,
  },
];

const UNFAULTED: readonly Case[] = [
  { name: "missing-synchronise", sentence: "a result that is read before its stream was synchronised" },
  { name: "other-thread", sentence: "a call in a thread whose context was never made current" },
  { name: "cut-ptx", sentence: "PTX that is cut off" },
  { name: "images", sentence: "binaries, PTX that is too new, and unknown instructions, by line and text" },
];

const INJECTED: readonly Case[] = [
  { name: "no-device", sentence: "no device", settings: { CUDASIM_DEVICES: "0" } },
  { name: "old-device", sentence: "a device older than the code", settings: { CUDASIM_CAPABILITY: "50" } },
  { name: "new-ptx", sentence: "PTX newer than the driver", settings: { CUDASIM_PTX: "60" } },
  {
    name: "third-allocation",
    sentence: "an allocation that fails",
    settings: { CUDASIM_FAIL: "cuMemAlloc_v2:3:2" },
  },
  { name: "memory-limit", sentence: "little memory", settings: { CUDASIM_MEMORY: "1000" } },
  {
    name: "second-kernel",
    sentence: "a kernel that fails when it runs",
    settings: { CUDASIM_FAIL: "kernel:2:719" },
    fault: /injected by CUDASIM_FAIL; kernel add_one/,
  },
  {
    name: "failing-synchronise",
    sentence: "a synchronisation that fails, and stays so",
    settings: { CUDASIM_FAIL: "cuStreamSynchronize:1:700" },
    fault: /injected/,
  },
  {
    name: "three-devices",
    sentence: "several devices, none of which sees the memory of another",
    settings: { CUDASIM_DEVICES: "3" },
    fault: /in no allocation of this device/,
  },
];

/**
 * The greatest error that is allowed in units of the last place, and what NVIDIA's guide allows more in float32,
 * float64.
 */
const ULPS = 2;
const MORE_ULPS: Readonly<Record<string, readonly [number, number]>> = {
  tan: [4, 2],
  tan_of_great_angles: [4, 2],
  erfc: [4, 5],
  lgamma: [6, 4],
  tgamma: [5, 10],
};

const SYMBOLS = readFileSync(join(HERE, "driver-535-symbols.txt"), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));

const functions = [...readFileSync(join(HERE, "selftest", "maths.h"), "utf8").matchAll(/^ {2}X\((\w+),/gm)].map(
  ([, name]) => name!,
);

const describeCuda = nvcc() === undefined ? describe.skip : describe;
const SKIPPED = nvcc() === undefined ? ": skipped, as no nvcc is in PATH, CUDA_HOME or CUDA_PATH" : "";

describeCuda(`the simulated CUDA device${SKIPPED}`, () => {
  let simulator = "";
  let kernels = "";
  let faults = "";

  beforeAll(() => {
    simulator = simulatorFolder();
    kernels = ptxOf("kernels");
    faults = programOf("faults", simulator);
  }, 600_000);

  function run({ name, settings, fault }: Case): Outcome {
    const outcome = onSimulator(simulator, [faults, kernels, name], settings);
    expect({ status: outcome.status, errors: outcome.errors }).toEqual({ status: 0, errors: "" });
    const messages = outcome.log.filter((line) => "fault" in line).map((line) => line.message);
    expect(messages).toEqual(fault === undefined ? [] : [expect.stringMatching(fault)]);
    return outcome;
  }

  const left = (log: readonly LogLine[]): unknown => ({ ...log.find((line) => "exit" in line), exit: 0 });
  const NOTHING_LEFT = { exit: 0, liveBytes: 0, pinnedBytes: 0, modules: 0, streams: 0, events: 0, retained: 0 };

  describe("runs programs", () => {
    it.each(RIGHT)("that are right: $sentence", (row) => {
      const { log } = run(row);
      expect(left(log)).toEqual(NOTHING_LEFT);
      expect(log.filter((line) => "warning" in line)).toEqual([]);
    });

    it("and counts what their threads do", () => {
      const { log } = run({ name: "gaussian-fast", sentence: "" });
      const kernel = log.find((line) => line.kernel === "gaussian_fast" && "instructions" in line)!;
      const [rows, threads, columns] = [2 * 256, 256, 512]; // 300 rows and 500 columns, padded to whole tiles
      expect(kernel).toMatchObject({ grid: [2, 1, 1], block: [128, 1, 1], approximations: rows * columns });
      expect(kernel).toMatchObject({ sharedLoads: threads * columns, barriers: 2 * 2 * (columns / 128), atomics: 0 });
      const perPair = (kernel.instructions as number) / (rows * columns);
      expect(perPair).toBeGreaterThan(8); // 3 differences, 3 products, a negation, ex2, and the sum
      expect(perPair).toBeLessThan(12);
    });

    it("and moves every approximation by up to 2 ulp if asked to", () => {
      const worst = (settings: Readonly<Record<string, string>>): number => {
        const { output } = onSimulator(simulator, [programOf("maths", simulator), ptxOf("maths")], settings);
        return Number(/^exp2 float (.*)$/m.exec(output)![1]);
      };
      expect(worst({})).toBeLessThanOrEqual(0.5);
      expect(worst({ CUDASIM_PERTURB: "1" })).toBeGreaterThan(1);
      expect(worst({ CUDASIM_PERTURB: "1" })).toBeLessThanOrEqual(4.5);
    });
  });

  describe("catches", () => {
    it.each([...PLANTED, ...UNFAULTED])("$sentence", (row) => {
      run(row);
    });

    it("what a program leaves alive", () => {
      const { log } = run({ name: "leak", sentence: "" });
      expect(left(log)).toMatchObject({ liveBytes: 1000 + 20, modules: 1, streams: 1, events: 1, retained: 1 });
    });
  });

  describe("plays", () => {
    it.each(INJECTED)("$sentence", (row) => {
      run(row);
    });

    it("a log of calls in which synchronisations can be counted", () => {
      const { log } = run({ name: "dot", sentence: "" });
      const count = (call: string): number => log.filter((line) => line.call === call).length;
      expect(["cuLaunchKernel", "cuStreamSynchronize", "cuMemAlloc_v2", "cuMemFree_v2"].map(count)).toEqual([
        1, 1, 3, 3,
      ]);
    });
  });

  it("computes single instructions, in their corners too, as the PTX manual says", () => {
    const { status, errors, output } = onSimulator(simulator, [programOf("instructions", simulator)]);
    expect({ status, errors }).toEqual({ status: 0, errors: "" });
    expect(Number.parseInt(output)).toBeGreaterThan(100);
  });

  describe("computes NVIDIA's mathematical functions to a few units in the last place", () => {
    let errors = new Map<string, number>();

    beforeAll(() => {
      const { status, output } = onSimulator(simulator, [programOf("maths", simulator), ptxOf("maths")]);
      expect(status).toBe(0);
      errors = new Map([...output.matchAll(/^(\w+ \w+) (\S+)$/gm)].map(([, name, ulps]) => [name!, Number(ulps)]));
    }, 600_000);

    it.each(functions)("%s in float32 and float64", (name) => {
      const [single, double] = MORE_ULPS[name] ?? [ULPS, ULPS];
      expect(errors.get(`${name} float`)).toBeLessThanOrEqual(single);
      expect(errors.get(`${name} double`)).toBeLessThanOrEqual(double);
    });
  });

  describe("the driver's calls", () => {
    it("are declared as in the toolkit's cuda.h", () => {
      expect(compileErrors(join(HERE, "abi.cc"), [toolkitHeaders()])).toBe("");
    });
  });
});

describe("the driver's symbols", () => {
  const declared = (file: string): string[] =>
    [...readFileSync(file, "utf8").matchAll(/^\s*X\((cu\w+),/gm)].map(([, name]) => name!);
  const product = join(HERE, "..", "..", "native", "cuda", "cudadriver.h");

  it("that the simulated device exports exist in driver 535, the oldest that is supported", () => {
    const names = declared(join(HERE, "driver", "calls.h"));
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter((name) => !SYMBOLS.includes(name))).toEqual([]);
    expect(SYMBOLS).not.toContain("cuEventElapsedTime_v2"); // what CUDA 13's header makes of cuEventElapsedTime
  });

  (existsSync(product) ? it : it.skip)("that the addon uses exist there, and in the simulated device", () => {
    const names = declared(product);
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !SYMBOLS.includes(name))).toEqual([]);
    expect(names.filter((name) => !declared(join(HERE, "driver", "calls.h")).includes(name))).toEqual([]);
  });
});
