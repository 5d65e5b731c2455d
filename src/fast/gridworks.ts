/** What the addon does with periodic grids. Knows no grid. */
import type { LongAlgebra } from "../device/densealgebra";
import { instructionSet, loadedAddon } from "../device/native";
import { worksOf } from "../task";
import type { Works } from "../task";

/** As work that waits or does not. */
export function gridAlgebra(): Works<LongAlgebra> {
  instructionSet(); // the dense algebra uses it, too
  const { dense } = loadedAddon();
  return worksOf<LongAlgebra>(dense, dense.later);
}
