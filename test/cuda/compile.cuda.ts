/**
 * Generated kernels, and those on vectors, through nvcc: they compile for every architecture, and keep in registers all
 * but what they mean to keep elsewhere.
 */
import { sample, sourcesOfSweep, vectorSources } from "./kernels";
import { byNvcc, outsideRegisters, told, usageByNvcc, usageInCubin } from "./usage";
import { compileErrors, toolkitHeaders } from "../cuda-sim/simulator";
import { join } from "node:path";

/** One source in so many for the first architecture, a ninth of these for the others. */
const EVERY = Number(process.env["TSKEOPS_CUDA_EVERY"] ?? 1);
const SOURCES = sourcesOfSweep(1);

test.each([
  ["sm_90", EVERY],
  ["sm_75", 9 * EVERY],
  ["sm_80", 9 * EVERY],
  ["sm_120", 9 * EVERY],
])(
  "kernels of the sweep compile for %s without spills",
  (architecture, every) => {
    const usages = usageByNvcc(sample(SOURCES, every), architecture);
    process.stdout.write(`${architecture}: ${told(usages)}\n`);
    expect(outsideRegisters(usages)).toEqual([]);
  },
  1_800_000,
);

test.each(vectorSources())("$name compile without stack", ({ text }) => {
  const { usages, image } = byNvcc(text, "sm_90");
  process.stdout.write(`sm_90: ${told(usages)}\n`);
  expect(usages).toHaveLength(text.match(/^ENTRY /gm)!.length);
  expect(usages.filter(({ stack, spills }) => stack > 0 || spills! > 0)).toEqual([]);
  expectSame(image, usages);
});

test("a CUBIN says of itself what nvcc tells, of stack, too", () => {
  const { usages, image } = byNvcc(SOURCES.find(({ name }) => /\bSin\(.* in float64$/.test(name))!.text, "sm_90");
  expect(usages.some(({ stack }) => stack > 0)).toBe(true);
  expectSame(image, usages);
});

function expectSame(image: Buffer, usages: ReturnType<typeof usageInCubin>): void {
  const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
  const withoutSpills = usages.map(({ name, registers, stack }) => ({ name, registers, stack }));
  expect(usageInCubin(image).sort(byName)).toEqual(withoutSpills.sort(byName));
}

// A loop over min(n, 256) columns that is unrolled by 3, 5, 15 or 17, which divide 255, loses its rest in NVIDIA's
// compilers (docs/log/cuda.md).
test("loops are unrolled by powers of two, whose rest no compiler loses", () => {
  const factors = SOURCES.flatMap(({ text }) => [...text.matchAll(/#pragma unroll (\d+)/g)].map(([, n]) => Number(n)));
  expect(factors.length).toBeGreaterThan(SOURCES.length / 2);
  expect(factors.filter((factor) => !Number.isInteger(Math.log2(factor)))).toEqual([]);
});

test("the addon's declarations of the driver are those of NVIDIA's header", () => {
  const native = join(__dirname, "..", "..", "native");
  expect(compileErrors(join(__dirname, "abi.cc"), [toolkitHeaders(), native])).toBe("");
});
