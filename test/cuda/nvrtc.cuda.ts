/**
 * Generated kernels, and those on vectors, through NVRTC, the compiler that users have, one by one as calls do it: to
 * machine code that keeps everything in registers where it knows the architecture, else to PTX.
 */
import { loadedFrom } from "../../src/device/cudacompiler";
import { sample, sourcesOfSweep, vectorSources } from "./kernels";
import type { Source } from "./kernels";
import { outsideRegisters, told, usageInCubin } from "./usage";
import type { Usage } from "./usage";

/** One source in so many for the first architecture, a ninth of these for the others. */
const EVERY = Number(process.env["TSKEOPS_CUDA_EVERY"] ?? 1);
const SOURCES = sourcesOfSweep(1);

const imageOf = (text: string, capability: number): Buffer => loadedFrom(text, capability, (image) => image);

const usageOf = (sources: readonly Source[], capability: number): Usage[] =>
  sources.flatMap(({ name, text }) =>
    usageInCubin(imageOf(text, capability)).map((usage) => ({ ...usage, name: `${usage.name} of ${name}` })),
  );

test.each([
  [90, EVERY],
  [75, 9 * EVERY],
  [80, 9 * EVERY],
])(
  "kernels of the sweep compile for sm_%i and stay in registers, but for wide formulas",
  (capability, every) => {
    const usages = usageOf([...sample(SOURCES, every), ...vectorSources()], capability);
    process.stdout.write(`sm_${capability}: ${told(usages)}\n`);
    expect(outsideRegisters(usages)).toEqual([]);
  },
  1_800_000,
);

test("the few best compile, of which NVRTC 12.4 found no end where the merge of parts stood in the same kernel", () => {
  const usages = usageOf(
    SOURCES.filter(({ name }) => name.startsWith("ArgKMin ")),
    90,
  );
  expect(usages.filter(({ name }) => name.startsWith("reduce"))).toHaveLength(4);
  expect(outsideRegisters(usages)).toEqual([]);
});

test("a device newer than the compiler gets PTX", () => {
  expect(imageOf(SOURCES[0]!.text, 200).toString()).toMatch(/^\.version \d\.\d\n\.target sm_\d+$/m);
});
