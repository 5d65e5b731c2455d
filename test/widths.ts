/** Tests of what depends on the width of vectors: on every instruction set that the machine has; the others are told as skipped. */
import type { Isa } from "../src/engine/native";
import { nativeAddon } from "../src/engine/native";
import { instructionSet, setInstructionSet } from "../src/engine/instructions";

/** The narrowest first. */
const ALL: readonly Isa[] = ["baseline", "avx2", "avx512"];

/** Those of this machine, the narrowest first. */
export const WIDTHS: readonly Isa[] = ALL.slice(0, ALL.indexOf(nativeAddon()?.isa() ?? "baseline") + 1);

/** What formulas of this run are compiled for, unless a test sets another. */
export const OWN_WIDTH: Isa = instructionSet();

/** One group of tests per instruction set, which calls of the library use in it. */
export function describeWidths(name: string, body: (isa: Isa) => void): void {
  for (const isa of ALL)
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
