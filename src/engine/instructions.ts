/**
 * Which instruction set routines of the processor are made for: what a program has set, else TSKEOPS_ISA, else the machine's best. It is
 * looked up at every call, so one process can compare several.
 */
import { ArgumentError } from "../errors";
import { described } from "../options";
import { ISAS } from "./isa";
import type { Isa } from "./isa";
import { nativeAddon } from "./native";

let current: Isa | undefined;

/** Another number after each change, for those who keep what was made for one set. */
export let changes = 0;

/** The instruction set of later calls, `"baseline"` without the addon. @throws ArgumentError if TSKEOPS_ISA names none. */
export function instructionSet(): Isa {
  return current ?? use(byDefault());
}

/**
 * Sets the widest instruction set of all later calls in this process, over TSKEOPS_ISA; one that the machine lacks
 * means its best, and `"auto"` what TSKEOPS_ISA says. Results then differ by rounding.
 * @throws ArgumentError for a name of none.
 */
export function setInstructionSet(name: Isa | "auto"): void {
  use(name === "auto" ? byDefault() : available("settings.instructionSet", name));
}

const byDefault = (): Isa => available("TSKEOPS_ISA", process.env["TSKEOPS_ISA"] || machines());

/** Routines ask for the name; the dense algebra of the addon is told. */
function use(name: Isa): Isa {
  nativeAddon()?.setInstructionSet(name);
  changes++;
  return (current = name);
}

const machines = (): Isa => nativeAddon()?.isa() ?? "baseline";

function available(where: string, name: string): Isa {
  const wanted = ISAS.indexOf(name as Isa);
  if (wanted < 0) throw new ArgumentError(`${where}: expected one of ${ISAS.join(", ")}, got ${described(name)}`);
  return ISAS[Math.min(wanted, ISAS.indexOf(machines()))]!;
}
