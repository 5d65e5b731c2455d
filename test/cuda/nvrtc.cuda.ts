/** Generated kernels through NVRTC, the compiler that users have: to machine code where it knows the architecture, else to PTX. */
import { cudaImage } from "../../src/engine/cudacompiler";
import { sample, sourcesOfSweep } from "./kernels";

const EVERY = Number(process.env["TSKEOPS_CUDA_EVERY"] ?? 1);
const SOURCES = sourcesOfSweep(1);
const ELF = "\x7fELF";

test.each([
  [90, EVERY],
  [75, 5 * EVERY],
  [80, 5 * EVERY],
])(
  "kernels of the sweep compile for the architecture %i",
  (capability, every) => {
    const images = sample(SOURCES, every).map(({ text }) => cudaImage(text, capability));
    expect(images.length).toBeGreaterThan(0);
    expect(images.filter((image) => image.toString("latin1", 0, 4) !== ELF)).toEqual([]);
  },
  1_800_000,
);

test("a device newer than the compiler gets PTX", () => {
  expect(cudaImage(SOURCES[0]!.text, 200).toString()).toMatch(/^\.version \d\.\d\n\.target sm_\d+$/m);
});
