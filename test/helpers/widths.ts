/**
 * Tests of what depends on the width of vectors: on every instruction set that the machine has; the others are told as
 * skipped.
 */
import { ISAS } from "../../src/codegen/isa";
import type { InstructionSetName } from "../../src/codegen/isa";
import { instructionSet, nativeAddon, setInstructionSet } from "../../src/device/native";

const best = nativeAddon()?.isa() ?? "baseline";

/** Those of this machine, the narrowest first; one where WebAssembly serves. */
export const WIDTHS: readonly InstructionSetName[] = best === "wasm" ? [best] : ISAS.slice(0, ISAS.indexOf(best) + 1);

/** What formulas of this run are compiled for, unless a test sets another. */
export const OWN_WIDTH: InstructionSetName = instructionSet();

/** One group of tests per instruction set, which calls of the library use in it. */
export function describeWidths(name: string, body: (isa: InstructionSetName) => void): void {
  for (const isa of best === "wasm" ? WIDTHS : ISAS)
    if (WIDTHS.includes(isa))
      describe(`${name}, with ${isa}`, () => {
        beforeAll(() => {
          setInstructionSet(isa);
        });
        afterAll(() => {
          setInstructionSet(OWN_WIDTH);
        });
        body(isa);
      });
    else test.skip(`${name}, with ${isa}: this machine lacks it`, () => undefined);
}

/**
 * For tests of ways that are chosen by what pairs cost: with AVX-512 more of them are computed than sizes of tests repay
 * to leave out, so these run as where vectors are narrower.
 */
export function leaveAvx512Out(): void {
  beforeAll(() => {
    setInstructionSet(OWN_WIDTH === "avx512" ? "avx2" : OWN_WIDTH);
  });
  afterAll(() => {
    setInstructionSet(OWN_WIDTH);
  });
}

/**
 * A size beyond which a way pays, or up to which it does not, by the width of vectors: pairs cost more where they are
 * narrow, factorisations by a library cost the same.
 */
export const forWidth = (narrow: number, wide: number): number =>
  ["baseline", "wasm"].includes(instructionSet()) ? narrow : wide;

/** What `work` returns, computed as wide as this run computes what is not restricted: all pairs, to compare with. */
export function inOwnWidth<R>(work: () => R): R {
  const before = instructionSet();
  setInstructionSet(OWN_WIDTH);
  try {
    return work();
  } finally {
    setInstructionSet(before);
  }
}
