/**
 * The C++ file of a specification: prelude, table, and the loops of the CPU around the loop body that the scheme
 * writes, in one of the shapes that calls come in; and what a call costs in that shape. Text in, text out: nothing is
 * compiled.
 */
import { holdsTerms, instructionSetOf, lanesOfVector } from "./isa";
import type { InstructionSetName } from "./isa";
import { braces, perCall, perLane, perStep, reduceByColumns, reduceByRows } from "./loops";
import { prelude } from "./prelude";
import type { Scheme } from "./scheme";
import {
  columnBytes,
  constants,
  flushEvery,
  headline,
  hoistedScheme,
  kindOf,
  lanesOf,
  mainScheme,
  otherThan,
  tilesKept,
  vectorsKept,
} from "./specification";
import type { Specification } from "./specification";
import { stepOf } from "./steps";

/**
 * What a routine is made for. `many`: as many rows as there are lanes, or more. `narrow`: the same with one vector per
 * tile, for as many rows as that has lanes. `few`: a handful of rows over so many columns that these are the lanes.
 */
export type Shape = "many" | "narrow" | "few";

/** A generated file, and what the planner must know of it. */
export interface Program {
  readonly source: string;
  /** The source without the prelude that all files share. */
  readonly code: string;
  /** What a step of the loop is, in words. */
  readonly tiles: string;
  /** Rows that share a step: blocks of rows are best multiples of it. */
  readonly grain: number;
  /** Vector instructions for a rectangle of pairs, about. */
  instructions(rows: number, columns: number): number;
  /** Bytes that the arguments have of each column. */
  readonly columnBytes: number;
}

/** The generated file for one specification, instruction set and shape. */
export function program(specification: Specification, isa: InstructionSetName, shape: Shape = "many"): Program {
  const lanes = lanesOfVector(isa, specification.dtype === "float32" ? 4 : 8);
  return shape === "few" ? fewRows(specification, isa, lanes) : manyRows(specification, isa, lanes, shape);
}

function manyRows(specification: Specification, isa: InstructionSetName, lanes: number, shape: Shape): Program {
  const lanesAre = lanesOf(specification);
  const usual = {
    hoist: specification.reduction !== null,
    fetchedAhead: FETCHED_BYTES / (specification.dtype === "float32" ? 4 : 8),
  };
  const bodies = new Map<number, Scheme>();
  const bodyOf = (unrolled: number): Scheme => {
    const body = bodies.get(unrolled) ?? mainScheme(specification, lanesAre, { ...usual, unrolled });
    bodies.set(unrolled, body);
    return body;
  };
  const { unrolled, ...step } = stepOf(specification, isa, bodyOf);
  const { columns } = step;
  const tile = shape === "narrow" ? 1 : step.tile;
  const columnByColumn = !holdsTerms(instructionSetOf(isa), step);
  const main =
    columns === 1
      ? bodyOf(unrolled)
      : mainScheme(specification, lanesAre, { ...usual, unrolled, columnStride: (dim) => dim, columnByColumn });
  const functions = specification.reduction
    ? [...prepareFunctions(specification, main), reduceByRows(main, flushText(specification), columns), FINISH]
    : [blockFunction(main)];
  const costOfTile = (count: number): number => tile * (count * (main.cost + 1) + PER_BLOCK);
  return {
    ...sourceOf(specification, main, { tile, grain: tile * lanes, functions }),
    tiles: `tiles of ${tile * lanes} rows (${tile} x ${lanes} lanes)${columns === 1 ? "" : ` x ${columns} columns`}`,
    grain: tile * lanes,
    instructions: (rows, count) => Math.ceil(rows / (tile * lanes)) * costOfTile(count),
  };
}

/** Columns of so many bytes, five lines of a cache, are fetched ahead: shorter ones come fast enough by themselves. */
const FETCHED_BYTES = 320;

/** What a block of rows costs beside its columns. */
const PER_BLOCK = 50;

function fewRows(specification: Specification, isa: InstructionSetName, lanes: number): Program {
  const main = mainScheme(specification, otherThan(lanesOf(specification)), { hoist: false });
  const tile = columnVectorsOf(main, isa);
  const kept = tilesKept(specification);
  const grain = rowsTogether(vectorsKept(specification, lanes) * instructionSetOf(isa).vectorBytes * tile);
  const functions = [reduceByColumns(main, flushText(specification), grain), FINISH];
  const loads = main.variables.lane.reduce((sum, { dim }) => sum + loadCost(dim, isa, lanes), 0);
  const costPerRow = (steps: number): number => steps * (main.cost + 3 + kept) + PER_MERGE * kept * lanes * tile;
  return {
    ...sourceOf(specification, main, { tile, grain, functions }),
    tiles: `tiles of ${tile * lanes} columns, for ${grain} rows together`,
    grain,
    instructions: (rows, columns) => {
      const steps = Math.ceil(columns / (lanes * tile)) * tile;
      return rows * costPerRow(steps) + Math.ceil(rows / grain) * steps * loads;
    },
  };
}

/** Where components are many, they are in memory, and several vectors of each would leave the first cache. */
function columnVectorsOf(main: Scheme, isa: InstructionSetName): number {
  return main.variables.lane.every(({ dim }) => dim <= MOST_PERMUTED) ? instructionSetOf(isa).columnVectors : 1;
}

/** Rows whose reducers, of so many bytes each, are in memory together. */
const rowsTogether = (bytes: number): number => Math.max(1, Math.min(16, Math.floor(GROUP_BYTES / bytes)));

/** What the reducers of the rows that share columns may take: a part of the first cache. */
const GROUP_BYTES = 16 * 1024;
/** What it costs to merge a lane, twice. */
const PER_MERGE = 30;

/** Short rows are transposed by permutations, others number by number, through memory. */
function loadCost(dim: number, isa: InstructionSetName, lanes: number): number {
  const { permutedLoad, loadThroughMemory } = instructionSetOf(isa);
  return permutedLoad && dim <= MOST_PERMUTED ? permutedLoad(dim) : loadThroughMemory * dim * lanes;
}
const MOST_PERMUTED = 4; // native/text/cpu/lanes.h has it too

/** Bounds hold for every instruction set, so that a formula runs on all of them or on none. */
const LARGEST_VECTOR_BYTES = 64;
/** What arrays of a routine may take of a thread's stack. */
const LARGEST_STACK_BYTES = 1024 * 1024;

/** Why the formula is too large for the stack of a thread, or null. */
export function whyTooLarge(specification: Specification): string | null {
  const { variables, dtype } = specification;
  const lanes = LARGEST_VECTOR_BYTES / (dtype === "float32" ? 4 : 8);
  const dims = variables.reduce((sum, { dim }) => sum + dim, vectorsKept(specification, lanes));
  const bytes = dims * LARGEST_VECTOR_BYTES * (dtype === "float32" ? 1 : 2);
  return bytes <= LARGEST_STACK_BYTES
    ? null
    : `the dims of the formula add up to ${dims}, too many for its registers and stack`;
}

// ---------------------------------------------------------------------------------------------------- the file

interface Parts {
  readonly tile: number;
  readonly grain: number;
  readonly functions: readonly (readonly string[])[];
}

export function sourceOf(
  specification: Specification,
  main: Scheme,
  { tile, grain, functions }: Parts,
): Pick<Program, "source" | "code" | "columnBytes"> {
  const text = [
    ...constants(specification, main),
    tableText(specification, grain),
    ...functions.flatMap((lines) => ["", ...lines]),
    "",
  ].join("\n");
  const head = [
    ...headline(specification, main),
    `#define KEOPS_DOUBLE ${specification.dtype === "float64" ? 1 : 0}`,
    `#define KEOPS_TILE ${tile}`,
  ].join("\n");
  return {
    source: [head, prelude(text), text].join("\n"),
    code: [head, text].join("\n"),
    columnBytes: columnBytes(specification),
  };
}

function tableText(specification: Specification, grain: number): string {
  const { reduction, variables, rows } = specification;
  const kinds = variables.map((v) => `KIND_${kindOf(v, rows).toUpperCase()}, ${v.dim}`);
  const accumulator = reduction ? "sizeof(Accumulator)" : "0";
  const entries = [
    "TSKEOPS_ABI",
    "sizeof(scalar)",
    grain,
    accumulator,
    "RESULT_DIM",
    "INDEX_DIM",
    "HOISTED",
    variables.length,
    ...kinds,
  ];
  return `extern "C" const int64 keops_table[] = {${entries.join(", ")}};`;
}

// ------------------------------------------------------------------------------------------------- form reduce

/** What depends on the columns alone and is worth an array, computed once per call with columns as lanes. */
export function prepareFunctions(specification: Specification, main: Scheme): string[][] {
  if (main.hoisted.length === 0) return [];
  const columns = hoistedScheme(
    specification,
    main,
    (offset, value) => `store(h + ${offset}, HOISTED, endColumn - column, ${value});`,
  );
  const tiles = braces(
    "for (int64 column = firstColumn; column < endColumn; column += TILE_LANES)",
    "scalar *const h = (scalar *)job->hoisted + HOISTED * column;",
    ...perLane(columns, "column", "job->columns"),
    ...columns.lines.pair,
  );
  const head = 'extern "C" void keops_prepare(const Job *job, int64 firstColumn, int64 endColumn)';
  return [braces(head, ...perCall(columns), ...tiles)];
}

function flushText(specification: Specification): string {
  const every = flushEvery(specification);
  return every === Infinity ? "(int64(1) << 40)" : String(every);
}

export const FINISH: string[] = braces(
  'extern "C" void keops_finish(int64 rows, void *accumulators, int64 parts, int64 partBytes, void *out, int32 *indices)',
  "finishRows<Accumulator>(rows, accumulators, parts, partBytes, (scalar *)out, RESULT_DIM, indices, INDEX_DIM);",
);

// -------------------------------------------------------------------------------------------------- form block

function blockFunction(main: Scheme): string[] {
  const rows = braces(
    "for (int64 row = firstRow; row < endRow; row++)",
    "scalar *const target = (scalar *)out + ((row - firstRow) * (endColumn - firstColumn) + column - firstColumn) * RESULT_DIM;",
    ...perStep(main, "row"),
  );
  const columns = braces(
    "for (int64 column = firstColumn; column < endColumn; column += TILE_LANES)",
    "const int64 lanes = endColumn - column;",
    ...perLane(main, "column", "job->columns"),
    ...rows,
  );
  const head =
    'extern "C" void keops_block(const Job *job, int64 firstRow, int64 endRow, int64 firstColumn, int64 endColumn, void *out)';
  return braces(head, ...perCall(main), ...columns);
}
