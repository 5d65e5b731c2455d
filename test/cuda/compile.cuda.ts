/** Generated kernels through nvcc: they compile for every architecture, and keep everything in registers. */
import { sourcesOfSweep, usageOf } from "./kernels";
import type { Source, Usage } from "./kernels";
import { compileErrors, toolkitHeaders } from "../cuda-sim/simulator";
import { join } from "node:path";

const IS_FULL = process.env["TSKEOPS_CUDA_FULL"] === "1";
const SOURCES = sourcesOfSweep(IS_FULL ? 2 : 1);

/** Every n-th kernel: the same in every run. */
const sample = (sources: readonly Source[], every: number): Source[] => sources.filter((_, n) => n % every === 0);

/** What may use memory of the thread, and so local loads: NVIDIA's reduction of large angles, in float32. */
const MAY_USE_STACK = /\b(Sin|Cos|Tan|SinXDivX|Sinc)\(.* in float32$/;

function told(usages: readonly Usage[]): string {
  const registers = usages.map((usage) => usage.registers).sort((a, b) => a - b);
  const withStack = usages.filter(({ stack }) => stack > 0).length;
  const spilled = usages.filter(({ spills }) => spills > 0).length;
  return `${usages.length} kernels, registers ${registers[0]!} to ${registers.at(-1)!}, median ${registers[registers.length >> 1]!}; ${withStack} with stack, ${spilled} with spills`;
}

test.each([
  ["sm_90", 4],
  ["sm_75", 60],
  ["sm_80", 60],
  ["sm_120", 60],
])(
  "kernels of the sweep compile for %s without spills",
  (architecture, every) => {
    const usages = usageOf(sample(SOURCES, IS_FULL ? 1 : every), architecture);
    process.stdout.write(`${architecture}: ${told(usages)}\n`);
    expect(usages.filter(({ spills }) => spills > 0)).toEqual([]);
    expect(usages.filter(({ stack, name }) => stack > 0 && !MAY_USE_STACK.test(name))).toEqual([]);
  },
  1_800_000,
);

test("the addon's declarations of the driver are those of NVIDIA's header", () => {
  const native = join(__dirname, "..", "..", "native");
  expect(compileErrors(join(__dirname, "abi.cc"), [native, toolkitHeaders()])).toBe("");
});
