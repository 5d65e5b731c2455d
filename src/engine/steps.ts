/**
 * How much a step of the generated loop takes at once: vectors of rows, and columns. Chosen from what a step computes, what it keeps, and
 * the registers of the instruction set; docs/performance.md tells what was measured. Writes no text.
 */
import type { Specification } from "./backend";
import { tilesKept } from "./generated";
import { instructionSetOf } from "./isa";
import type { Isa, Step } from "./isa";
import type { Scheme } from "./scheme";

/** What arrays of a routine should take of a thread's stack. */
const STACK_BYTES = 256 * 1024;

/**
 * One vector of rows and one column where a step is long and keeps its values in registers: processors look ahead over many steps. What
 * reads vectors from memory, for sums of many terms or sums with many components, does more with each of them in steps of several
 * vectors and columns: small products of matrices. Reductions that mostly find that there is nothing to do ask once for several columns.
 */
export function stepOf(main: Scheme, specification: Specification, isa: Isa): Step {
  const single = { tile: tileOf(main, specification, isa), columns: 1 };
  if (!specification.reduction || main.pairTilesInMemory > 0) return single;
  const step = stepOfSeveral(main, specification, isa);
  return step && main.written * step.tile * step.columns <= MOST_WRITTEN ? step : single;
}

function stepOfSeveral(main: Scheme, specification: Specification, isa: Isa): Step | undefined {
  const { reduction, k } = specification;
  const { vectorBytes, unrolled, longSums, wideResults, columnsAtOnce } = instructionSetOf(isa);
  const kept = tilesKept(specification);
  const takesMuch = 2 * kept * vectorBytes > STACK_BYTES / 4;
  if (kept > unrolled && k === 1) return { tile: takesMuch ? 1 : wideResults.tile, columns: wideResults.columns };
  if (main.longSums > 0) return longSums;
  const columns = Math.min(reduction!.columnsAtOnce, columnsAtOnce);
  return columns > 1 ? { tile: 1, columns } : undefined;
}

/** Instructions of a step above which compiling it takes too long. */
const MOST_WRITTEN = 500;

/** Instructions that a step of the loop should have for each instruction that waits for the step before. */
const WORK_WHILE_WAITING = 16;

/** Vectors of rows of a step of one column: several where it is so short that it would wait for the sums of the step before. */
function tileOf(main: Scheme, specification: Specification, isa: Isa): number {
  if (specification.k > 1) return 1;
  const { vectorBytes, registers, unrolled } = instructionSetOf(isa);
  const kept = tilesKept(specification);
  const onStack = Math.floor(STACK_BYTES / ((main.tilesInMemory + 4 * kept) * vectorBytes));
  const chain = specification.sumScheme === "kahan" ? 4 : 1;
  const readsMemory = main.tilesInMemory > registers || kept > unrolled;
  const wanted = readsMemory ? 4 : Math.ceil((chain * WORK_WHILE_WAITING) / (main.cost + 1));
  return Math.max(1, Math.min(4, wanted, onStack));
}
