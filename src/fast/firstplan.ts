/**
 * When a process makes the first plan of a kind. The one idea: code that has never run takes ten times as long, so that
 * the first plan has to save more than those that follow; it is made once calls with a tolerance would have taken some
 * time without one.
 */
import type { How } from "../call/prepared";
import { groupOfCall } from "./shared";
import type { CallGroup } from "./shared";

/** The first plan of a kind, as calls come. */
export class FirstPlan {
  /** What all pairs of the calls before would have taken; Infinity once there was a plan. */
  private readonly spent: Record<CallGroup, number> = { alone: 0, onRanks: 0 };

  /** @param least nanoseconds of processor time that calls take before the first of them is planned. */
  constructor(private readonly least: number) {}

  /** Whether a call whose pairs take so many nanoseconds comes before it. */
  isBefore(how: How, nanoseconds: number): boolean {
    return this.spent[groupOfCall(how)] + nanoseconds < this.least;
  }

  /** Counts a call whose pairs take so many nanoseconds. */
  note(how: How, nanoseconds: number): void {
    this.spent[groupOfCall(how)] += nanoseconds;
  }

  /** Is told that it is made: none comes before it any more. */
  begin(how: How): void {
    this.spent[groupOfCall(how)] = Infinity;
  }
}

/** Why a call has no plan that comes before the first one. */
export const whyBefore = (rows: number, columns: number): string =>
  `all ${rows} x ${columns} pairs take less time than a plan, the first of this process`;

// Measured with AVX2: a first plan that is in vain takes about a tenth of this.
export const firstDrop: FirstPlan = new FirstPlan(3e8);
export const firstSplit: FirstPlan = new FirstPlan(8e8);
export const firstTree: FirstPlan = new FirstPlan(2.5e9);
