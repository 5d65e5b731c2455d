/**
 * How much a step of the generated loop takes at once: vectors of rows, and columns. Chosen from what a step computes,
 * what it keeps, and the registers of the instruction set; docs/log/performance.md tells what was measured. Writes no
 * text.
 */
import { instructionSetOf } from "./isa";
import type { InstructionSetName, Step } from "./isa";
import { UNROLL } from "./placement";
import type { Scheme } from "./scheme";
import { tilesKept } from "./specification";
import type { Specification } from "./specification";

/** A step, and the dim up to which components are separate values in its loop. */
export interface ChosenStep extends Step {
  readonly unrolled: number;
}

/** What arrays of a routine should take of a thread's stack. */
const STACK_BYTES = 256 * 1024;

/**
 * One vector of rows and one column where a step is long and keeps its values in registers: processors look ahead over
 * many steps. What reads vectors from memory, for sums of many terms or sums with many components, does more with each
 * of them in steps of several vectors and columns: small products of matrices. Reductions that mostly find that there
 * is nothing to do ask once for several columns. A step of one column computes components as separate values even where
 * registers are few: a few of them wait on the stack, which costs less than an array of all.
 * @param bodyOf the loop body where components up to a dim are separate values.
 */
export function stepOf(
  specification: Specification,
  isa: InstructionSetName,
  bodyOf: (unrolled: number) => Scheme,
): ChosenStep {
  const { unrolled, unrolledInColumns } = instructionSetOf(isa);
  const asksAtOnce = (specification.reduction?.columnsAtOnce ?? 1) > 1;
  const limits: [limit: number, isWanted: (main: Scheme) => boolean][] = [
    [LOOPS_ALONE, (main) => main.longSums === 1 && waits(main, specification, isa)],
    [unrolledInColumns, (main) => main.longSums === 1 && asksAtOnce],
    [unrolled, () => true],
  ];
  for (const [limit, isWanted] of limits) {
    const main = bodyOf(limit);
    const step = isWanted(main) ? stepOfSeveral({ unrolled: limit, main }, specification, isa) : undefined;
    if (step) return { ...step, unrolled: limit };
  }
  return { tile: tileOf(bodyOf(UNROLL), specification, isa), columns: 1, unrolled: UNROLL };
}

/** The limit at which whatever has two components is a loop over columns. */
const LOOPS_ALONE = 1;

/**
 * Whether a step of one column waits: each of its instructions for the one before, in a chain that is longer than
 * processors look ahead. Steps of several columns have as many chains at once, as long as one sum for each pair is all
 * that they keep.
 */
function waits({ chained, quotients }: Scheme, { dtype }: Specification, isa: InstructionSetName): boolean {
  const { longChain, chainOfQuotient } = instructionSetOf(isa);
  return chained + (dtype === "float64" ? quotients * chainOfQuotient : 0) >= longChain;
}

/** A loop body, and the dim up to which its components are separate values. */
interface Body {
  readonly unrolled: number;
  readonly main: Scheme;
}

function stepOfSeveral(body: Body, specification: Specification, isa: InstructionSetName): Step | undefined {
  const { main } = body;
  if (!specification.reduction || main.pairTilesInMemory > 0) return undefined;
  const step = wantedStep(body, specification, isa);
  return step && main.written * step.tile * step.columns <= MOST_WRITTEN ? step : undefined;
}

function wantedStep({ unrolled, main }: Body, specification: Specification, isa: InstructionSetName): Step | undefined {
  const { reduction, k } = specification;
  const { vectorBytes, longSums, wideResults, columnsAtOnce } = instructionSetOf(isa);
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

/**
 * Vectors of rows of a step of one column: several where it is so short that it would wait for the sums of the step
 * before.
 */
function tileOf(main: Scheme, specification: Specification, isa: InstructionSetName): number {
  if (specification.k > 1) return 1;
  const { vectorBytes, registers, unrolled } = instructionSetOf(isa);
  const kept = tilesKept(specification);
  const onStack = Math.floor(STACK_BYTES / ((main.tilesInMemory + 4 * kept) * vectorBytes));
  const chain = specification.sumScheme === "kahan" ? 4 : 1;
  const readsMemory = main.tilesInMemory > registers || kept > unrolled;
  const wanted = readsMemory ? 4 : Math.ceil((chain * WORK_WHILE_WAITING) / (main.cost + 1));
  return Math.max(1, Math.min(4, wanted, onStack));
}
