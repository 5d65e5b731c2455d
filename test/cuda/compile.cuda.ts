/** Generated kernels through nvcc: they compile for every architecture, and keep everything in registers. */
import { sample, sourcesOfSweep, usageOf } from "./kernels";
import type { Usage } from "./kernels";
import { compileErrors, toolkitHeaders } from "../cuda-sim/simulator";
import { join } from "node:path";

/** One kernel in so many, an odd number as dtypes take turns, for the first architecture, a ninth of these for the others. */
const EVERY = Number(process.env["TSKEOPS_CUDA_EVERY"] ?? 1);
const SOURCES = sourcesOfSweep(1);

/**
 * What may use memory of the thread, and so local loads: NVIDIA's reduction of large angles; and, in float64, loops over many components whose
 * functions are too long to be written out.
 */
const MAY_USE_STACK = /\b(Sin|Cos|Tan|SinXDivX|Sinc)\(|\b(Softplus|LogAddExp)\(.*,18,.* in float64$/;

/** What registers cannot hold: 36 sums, 37 values of a row and a complex power between them, in float64. */
const MAY_SPILL = /^reduce of Complex\(SumT\(0, 9\), .*Powf\(Square\(ComplexReal\(Var\(0,18,0\)\)\).* in float64$/;

function told(usages: readonly Usage[]): string {
  const registers = usages.map((usage) => usage.registers).sort((a, b) => a - b);
  const withStack = usages.filter(({ stack }) => stack > 0).length;
  const spilled = usages.filter(({ spills }) => spills > 0).length;
  return `${usages.length} kernels, registers ${registers[0]!} to ${registers.at(-1)!}, median ${registers[registers.length >> 1]!}; ${withStack} with stack, ${spilled} with spills`;
}

test.each([
  ["sm_90", EVERY],
  ["sm_75", 9 * EVERY],
  ["sm_80", 9 * EVERY],
  ["sm_120", 9 * EVERY],
])(
  "kernels of the sweep compile for %s without spills, but for one that registers cannot hold",
  (architecture, every) => {
    const usages = usageOf(sample(SOURCES, every), architecture);
    process.stdout.write(`${architecture}: ${told(usages)}\n`);
    const usual = usages.filter(({ name }) => !MAY_SPILL.test(name));
    expect(usual.filter(({ spills }) => spills > 0)).toEqual([]);
    expect(usual.filter(({ stack, name }) => stack > 0 && !MAY_USE_STACK.test(name))).toEqual([]);
  },
  1_800_000,
);

// A loop over min(n, 256) columns that is unrolled by 3, 5, 15 or 17, which divide 255, loses its rest in NVIDIA's compilers (docs/cuda.md).
test("loops are unrolled by powers of two, whose rest no compiler loses", () => {
  const factors = SOURCES.flatMap(({ text }) => [...text.matchAll(/#pragma unroll (\d+)/g)].map(([, n]) => Number(n)));
  expect(factors.length).toBeGreaterThan(SOURCES.length / 2);
  expect(factors.filter((factor) => !Number.isInteger(Math.log2(factor)))).toEqual([]);
});

test("the addon's declarations of the driver are those of NVIDIA's header", () => {
  const native = join(__dirname, "..", "..", "native");
  expect(compileErrors(join(__dirname, "abi.cc"), [toolkitHeaders(), native])).toBe("");
});
