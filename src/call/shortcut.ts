/** What is told of a call that does not compute all of its pairs. Knows no way to do so. */

/** How a call gets its result. */
export interface Shortcut {
  /**
   * `"direct"`: from all pairs. `"pruned"`: without blocks that hold no extreme, exactly. `"dropped"`: without blocks
   * whose bounds are below the tolerance. `"split"`: near pairs exactly, and the smooth rest on a grid.
   * `"tree"`: near pairs exactly, and of far cells a few nodes in the place of their points.
   */
  readonly method: "direct" | "pruned" | "dropped" | "split" | "tree";
  /** Why all pairs are computed, in one sentence; null where they are not, or nobody asked for less. */
  readonly whyDirect: string | null;
  /** Pairs (i, j) at which the formula is computed, in all entries of a batch; undefined for all. */
  readonly pairsLeft?: number | undefined;
  /** Numbers that a way has chosen, such as the radius of near pairs, by name. */
  readonly details: Readonly<Record<string, number | readonly number[] | string>>;
}

/** All pairs. */
export const DIRECT: Shortcut = { method: "direct", whyDirect: null, details: {} };
