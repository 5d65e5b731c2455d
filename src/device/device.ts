/**
 * What a device is: the one interface behind which formulas run. A file implements it, a row of the table in devices.ts
 * makes it known, and nobody else knows which devices there are.
 */
import type { Routine, Specification } from "../engine/backend";
import type { Memory } from "./memory";

export interface Device<Name extends string = string> {
  /** What the option `backend` calls it. */
  readonly name: Name;
  /** Why nothing can run here, in one sentence, or null. */
  whyNot(): string | null;
  /** Why this one formula cannot run here, or null. */
  whyNotFormula(specification: Specification): string | null;
  /** What computes calls of a formula. There must be no reason why not. */
  routine(specification: Specification): Routine;
  /**
   * What a formula becomes for it, to be read; undefined where nothing is written. Needs no device, but a formula that
   * can run.
   */
  code(specification: Specification): string | undefined;
  /** Its own memories, which arrays can be taken to; null where it computes in the machine's. */
  readonly memories: Memories | null;
}

/** The memories of devices of one kind, which are numbered from 0. */
export interface Memories {
  /** @throws DeviceError where there is no such device, ArgumentError for a number of none. */
  numbered(where: string, device: number): Memory;
}
