/**
 * When a process makes the first plan of a kind. The one idea: code that has never run takes ten times as long, so that
 * the first plan has to save more than those that follow; it is made once calls with a tolerance would have taken some
 * time without one.
 */
import type { How } from "../call/prepared";
import { deciding } from "./shared";

type Place = "alone" | "onRanks";

const placeOf = (how: How): Place => (deciding(how) ? "onRanks" : "alone");

/** Plans of a kind. Ranks plan alike, whatever each has computed for itself: they are counted apart. */
export class FirstPlan {
  /** What all pairs of the calls before would have taken; Infinity once there was a plan. */
  private readonly spent: Record<Place, number> = { alone: 0, onRanks: 0 };

  /** @param least nanoseconds of processor time that calls take before the first of them is planned. */
  constructor(private readonly least: number) {}

  /** Whether a call whose pairs take so many nanoseconds comes before it. */
  isBefore(how: How, nanoseconds: number): boolean {
    return this.spent[placeOf(how)] + nanoseconds < this.least;
  }

  note(how: How, nanoseconds: number): void {
    this.spent[placeOf(how)] += nanoseconds;
  }

  begin(how: How): void {
    this.spent[placeOf(how)] = Infinity;
  }
}

/** Why a call has no plan that comes before the first one. */
export const whyBefore = (rows: number, columns: number): string =>
  `all ${rows} x ${columns} pairs take less time than a plan, the first of this process`;

// What they have to be worth, on AVX2: what a first plan in vain takes is a tenth of it.
export const firstDrop: FirstPlan = new FirstPlan(3e8);
export const firstSplit: FirstPlan = new FirstPlan(8e8);
export const firstTree: FirstPlan = new FirstPlan(2.5e9);
