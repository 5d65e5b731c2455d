/**
 * The addon's dense algebra as solvers want it: what is long as work in two forms.
 */
import type { LongAlgebra } from "../engine/addon";
import { instructionSet } from "../engine/instructions";
import { lapack, nativeAddon } from "../engine/native";
import { Costs } from "../solver/costs";
import type { Algebra } from "../solver/pivoted";
import { worksOf } from "../solver/task";

/** Null without the addon. */
export function denseWork(): Algebra | null {
  const costs = new Costs(instructionSet()); // once it is known, the dense algebra uses it, too
  const addon = nativeAddon();
  if (!addon) return null;
  const { dense, constants } = addon;
  const libraryFor = (n: number): string | null => (n >= constants.leastLapackRows ? lapack() : null);
  return { costs, lapack: libraryFor, ...dense, ...worksOf<LongAlgebra>(dense, dense.later) };
}
