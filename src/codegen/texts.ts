/** The texts of native/text that stand in front of what is compiled for the processor. Reads none of them. */

/** The number in `common/routine.h` that routines share with the addon: what was built with another is refused. */
export const ABI = 5;

/** In front of all. */
export const CORE: readonly string[] = [
  "common/routine.h",
  "cpu/keops.h",
  "cpu/powers.h",
  "common/tile.h",
  "cpu/lanes.h",
];
/** What a part needs stands in front of it. */
export const PARTS: readonly string[] = [
  "cpu/exponentials.h",
  "cpu/angles.h",
  "common/gammas.h",
  "cpu/reductions.h",
  "common/sums.h",
  "common/products.h",
  "common/best.h",
  "cpu/shortlist.h",
  "common/exponentialsums.h",
  "cpu/columnlanes.h",
  "cpu/columnsums.h",
];
