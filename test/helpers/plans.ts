/** Plans of sums in tests. */
import { firstDrop, firstSplit, firstTree } from "../../src/fast/paircosts";

/** The first plans of a process are made for long calls alone: after this, short ones have plans too. */
export function passFirstPlans(): void {
  for (const first of [firstDrop, firstSplit, firstTree]) first.begin({});
}
