/** Walks of cells that leave out one leaf of columns too many. */
import { loadedAddon } from "../../src/device/native";

/** The leaves of runs: each is its first leaf, and ~ the last one where that is another. */
export function leavesOfRuns(runs: Iterable<number>): number[] {
  const leaves: number[] = [];
  for (const number of runs) {
    if (number >= 0) leaves.push(number);
    else for (let leaf = leaves.at(-1)! + 1; leaf <= ~number; leaf++) leaves.push(leaf);
  }
  return leaves;
}

/** Until the spy is restored, every leaf of rows misses the one that `place` says of so many. */
export function withoutOneLeaf(place: (count: number) => number): jest.SpyInstance {
  const addon = loadedAddon();
  const walk = addon.walkCells.bind(addon);
  return jest.spyOn(addon, "walkCells").mockImplementation((...args) => {
    const count = walk(...args);
    const [, , , , ends, runs] = args;
    const found = Array.from(ends, (end, leaf) => leavesOfRuns(runs.slice(leaf === 0 ? 0 : ends[leaf - 1], end)));
    for (const own of found) own.splice(place(own.length), 1);
    runs.set(found.flat());
    let end = 0;
    ends.set(found.map((own) => (end += own.length)));
    return count - ends.length;
  });
}
