/**
 * How much a turn of the generated loop takes on a GPU: rows of a thread, and columns. Chosen from what a turn
 * computes, what it keeps, and the registers of a thread; docs/log/cuda.md tells what was counted. Writes no text.
 */
import { UNROLL } from "./placement";
import type { Scheme } from "./scheme";
import { flushEvery, resultDims, tilesKept } from "./specification";
import type { Specification } from "./specification";

export interface Step {
  /** Rows of a thread. */
  readonly tile: number;
  readonly columns: number;
  /** Whether rows are in memory. */
  readonly isWide: boolean;
}

/**
 * One column where what lives through the loop stays in registers. Wide formulas keep it in the thread's own memory, of
 * which a warp reads whole lines: they take a number from there once for many columns, and a number of a column once
 * for several rows, as products of matrices do.
 */
export function stepOf(main: Scheme, specification: Specification): Step {
  const words = wordsOf(specification);
  const [inputs, kept] = [main.tilesInMemory * words, keptWords(specification)];
  const isWide = inputs + kept > MOST_LIVING;
  if (!specification.reduction) return { tile: 1, columns: 1, isWide };
  if (!isWide) return { tile: tileOf(main, specification), columns: 1, isWide };
  const isSingle = main.pairTilesInMemory > 0 || main.written > MOST_WRITTEN || flushEvery(specification) === 1;
  if (isSingle) return { tile: 1, columns: 1, isWide };
  const keepsInRegisters = specification.k === 1 && tilesKept(specification) <= UNROLL;
  // Values of a pair live on through its sums of many terms: differences of narrow points, for their derivatives.
  const valuesOfPair = main.longSums > 0 ? main.longSums + main.liveTiles : 1;
  const registers = COLUMNS * words * valuesOfPair + (keepsInRegisters ? kept : 0);
  const memory = inputs + (keepsInRegisters ? 0 : kept);
  const fits = (tile: number): boolean =>
    tile * registers <= MOST_IN_TURN && tile * memory <= MEMORY && tile * main.written <= MOST_WRITTEN;
  return { tile: [4, 2].find(fits) ?? 1, columns: COLUMNS, isWide };
}

/** Columns of a turn of wide formulas. */
const COLUMNS = 16;
/** Registers for what lives through the loop; where a row has more, it is in memory. */
const MOST_LIVING = 160;
/** Registers for what the rows and columns of a turn of wide formulas have. */
const MOST_IN_TURN = 128;
/** Words of memory that a thread should take at most: a GPU sets it aside for every thread that it can hold. */
const MEMORY = 8192;

/** Instructions of a pair, times rows, that may stand in the text for each of the columns. */
const MOST_WRITTEN = 256;

/** Registers for rows in steps of one column. */
const REGISTERS = 72;

/** Rows per thread: as many as registers hold, for each shares what was read of a column; one where a pair is long. */
function tileOf(main: Scheme, specification: Specification): number {
  const words = wordsOf(specification);
  const kept = specification.k > 1 ? Infinity : keptWords(specification);
  const perRow = (main.liveTiles + 4) * words + kept;
  const isLong = main.cost > 60 || main.tilesInMemory > 16;
  return [4, 2].find((tile) => !isLong && tile * perRow <= REGISTERS) ?? 1;
}

/**
 * Words that a reducer keeps of a row: beside values, of sums a total in double, of products the rest of a double, of
 * the K best where they are.
 */
export function keptWords(specification: Specification): number {
  if (!specification.reduction) return 0;
  const words = wordsOf(specification);
  const [values] = resultDims(specification);
  const beside = specification.k > 1 ? words : values > 0 ? 2 : 1;
  return tilesKept(specification) * (words + beside);
}

const wordsOf = ({ dtype }: Specification): number => (dtype === "float64" ? 2 : 1);

/** Instructions of a turn of the loop, about, at which its own are few among them. */
const UNROLLED_INSTRUCTIONS = 256;
/**
 * Pairs of one thread in a turn: their instructions are mixed, so that they do not wait for each other, and share the
 * turn's own.
 */
const UNROLLED_PAIRS = 32;

/**
 * Columns per turn of the loop: more where a pair is short. A power of two: of other factors that divide the columns of
 * a tile less one, such as 3 and 5 of 255, NVIDIA's compilers up to 13.0 lose the rest of the loop (docs/log/cuda.md).
 */
export function unrollFactor(instructions: number, tile: number): number {
  const wanted = Math.max(1, Math.min(UNROLLED_PAIRS / tile, UNROLLED_INSTRUCTIONS / instructions));
  return 2 ** Math.floor(Math.log2(wanted));
}
