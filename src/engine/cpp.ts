/**
 * The C++ file of a specification: the loops of the CPU around the loop body that the scheme writes. Lanes are rows; columns are
 * read one by one and broadcast; a reducer of native/reductions.h takes what each pair gives. Text in, text out: nothing is compiled.
 */
import { Category, Depends } from "../formula/formula";
import type { Variable } from "../formula/formula";
import type { Isa } from "./native";
import type { Extent } from "../formula/reductions";
import type { Specification } from "./backend";
import { UNROLL } from "./placement";
import { prelude } from "./prelude";
import { scheme } from "./scheme";
import type { Scheme } from "./scheme";

/** Columns whose partial sums are kept in the dtype of the data before they go to double. */
export const BLOCK = 256;

/** A generated file, and what the planner must know of it. */
export interface Program {
  readonly source: string;
  /** Vectors per tile. */
  readonly tile: number;
  /** Rows per tile. */
  readonly grain: number;
  /** Vector instructions per pair of a lane and a column, about. */
  readonly cost: number;
}

const VECTOR_BYTES: Readonly<Record<Isa, number>> = { avx512: 64, avx2: 32, baseline: 16 };
const REGISTERS: Readonly<Record<Isa, number>> = { avx512: 32, avx2: 16, baseline: 16 };
/** What arrays may take of a thread's stack: what is aimed at, and what a formula may take at most. */
const STACK_BYTES = 256 * 1024;
const LARGEST_STACK_BYTES = 1024 * 1024;

/** The generated file for one specification and instruction set. */
export function program(specification: Specification, isa: Isa): Program {
  const main = mainScheme(specification);
  const tile = tileOf(main, specification, isa);
  const bytes = specification.dtype === "float32" ? 4 : 8;
  const source = sourceOf(specification, main, tile);
  return { source, tile, grain: (tile * VECTOR_BYTES[isa]) / bytes, cost: main.cost };
}

/** Why the formula is too large for the stack of a thread, or null. */
export function whyTooLarge(specification: Specification): string | null {
  const { variables, dtype } = specification;
  const dims = variables.reduce((sum, { dim }) => sum + dim, 4 * tilesKept(specification));
  const bytes = dims * VECTOR_BYTES.avx512 * (dtype === "float32" ? 1 : 2);
  return bytes <= LARGEST_STACK_BYTES
    ? null
    : `the dims of the formula add up to ${dims}, too many for its registers and stack`;
}

function mainScheme(specification: Specification): Scheme {
  const { formulas, reduction } = specification;
  return scheme(reduction?.onDevice?.(formulas) ?? formulas, {
    lanes: lanesOf(specification),
    hoist: reduction !== null,
    consume: consumer(specification),
  });
}

/** A reduction works on many rows at once, a block on many columns, which are neighbours in its output. */
function lanesOf({ reduction, rows }: Specification): Depends.I | Depends.J {
  return (rows === Category.I) === (reduction !== null) ? Depends.I : Depends.J;
}

/** Instructions that a step of the loop should have for each instruction that waits for the step before. */
const WORK_WHILE_WAITING = 16;

/**
 * Vectors per tile: one where a step is long, for processors look ahead over many steps; several where a step is so short that it
 * would wait for the sums of the step before, or where vectors are read from memory, to use what else was read for all of them.
 */
function tileOf(main: Scheme, specification: Specification, isa: Isa): number {
  if (specification.k > 1) return 1;
  const kept = tilesKept(specification);
  const onStack = Math.floor(STACK_BYTES / ((main.tilesInMemory + 4 * kept) * VECTOR_BYTES[isa]));
  const chain = specification.sumScheme === "kahan" ? 4 : 1;
  const readsMemory = main.tilesInMemory > REGISTERS[isa] || kept > UNROLL;
  const wanted = readsMemory ? 4 : Math.ceil((chain * WORK_WHILE_WAITING) / (main.cost + 1));
  return Math.max(1, Math.min(4, wanted, onStack));
}

/** Tiles that a reducer keeps from pair to pair. */
function tilesKept({ formulas, k }: Specification): number {
  return formulas.reduce((sum, { dim }) => sum + dim * k, 0);
}

const extentOf = ({ formulas, k }: Specification): Extent => ({ dims: formulas.map(({ dim }) => dim), k });

// ---------------------------------------------------------------------------------------------------- the file

function sourceOf(specification: Specification, main: Scheme, tile: number): string {
  const { reduction, variables, dtype } = specification;
  const functions = reduction ? reduceFunctions(specification, main) : [blockFunction(main)];
  return [
    `// ${reduction ? `${reduction.name} over the columns of` : "Values of"} ${main.text}`,
    ...variables.map((v) => `//   argument ${v.position}: ${kindOf(v, specification)} of dim ${v.dim}`),
    `#define KEOPS_DOUBLE ${dtype === "float64" ? 1 : 0}`,
    `#define KEOPS_TILE ${tile}`,
    prelude(functions.flat().join("\n")),
    ...constants(specification, main),
    tableText(specification),
    ...functions.flatMap((lines) => ["", ...lines]),
    "",
  ].join("\n");
}

function constants(specification: Specification, main: Scheme): string[] {
  const { reduction, formulas, sumScheme } = specification;
  const extent = extentOf(specification);
  const dims = reduction ? [reduction.values(extent), reduction.indices(extent)] : [formulas[0]!.dim, 0];
  const sizes = `enum { RESULT_DIM = ${dims[0]!}, INDEX_DIM = ${dims[1]!}, HOISTED = ${dimOf(main)} };`;
  if (!reduction) return [sizes];
  return [
    sizes,
    `using Reducer = ${reduction.reducer(extent, sumScheme)};`,
    "using Accumulator = Reducer::Accumulator;",
  ];
}

function kindOf({ category }: Variable, { rows }: Specification): "row" | "column" | "parameter" {
  if (category === Category.P) return "parameter";
  return category === rows ? "row" : "column";
}

function tableText(specification: Specification): string {
  const { reduction, variables } = specification;
  const kinds = variables.map((v) => `KIND_${kindOf(v, specification).toUpperCase()}, ${v.dim}`);
  const accumulator = reduction ? "sizeof(Accumulator)" : "0";
  const entries = [
    "TSKEOPS_ABI",
    "sizeof(scalar)",
    "TILE_LANES",
    accumulator,
    "RESULT_DIM",
    "INDEX_DIM",
    "HOISTED",
    variables.length,
    ...kinds,
  ];
  return `extern "C" const int64 keops_table[] = {${entries.join(", ")}};`;
}

const dimOf = ({ hoisted }: Scheme): number => hoisted.reduce((sum, { dim }) => sum + dim, 0);
const braces = (head: string, ...lines: readonly string[]): string[] => [
  `${head} {`,
  ...lines.map((line) => (line.startsWith("#") ? line : `  ${line}`)),
  "}",
];

// ------------------------------------------------------------------------------------------------------- parts

/** Parameters, and what depends on them alone. */
function perCall({ variables, lines }: Scheme): string[] {
  const pointers = variables.call.map(({ position }) => `const scalar *const p${position} = ${argument(position)};`);
  return [...pointers, ...lines.call];
}

/** The lane values of a block of lanes that begins at `first`; `count` is the extent of the lane index. */
function perLane({ variables, lines }: Scheme, first: string, count: string): string[] {
  const loads = variables.lane.flatMap(({ position, dim }) => [
    `Tile x${position}[${dim}];`,
    `load(x${position}, ${argument(position)}, ${first}, ${count});`,
  ]);
  return [...loads, ...lines.lane];
}

/** The values of one step of the loop, and of its pairs. */
function perStep({ variables, lines }: Scheme, step: string): string[] {
  const pointers = variables.loop.map(
    ({ position, dim }) => `const scalar *const y${position} = ${argument(position)} + ${dim} * ${step};`,
  );
  return [...pointers, ...lines.loop, ...lines.pair];
}

const argument = (position: number): string => `((const scalar *)job->arguments[${position}])`;

// ------------------------------------------------------------------------------------------------- form reduce

/** How a value enters its reducer, or the output of a block. */
function consumer({ reduction, formulas }: Specification): (n: number, k: number | string, value: string) => string {
  if (!reduction) return (_, k, value) => `store(target + ${k}, RESULT_DIM, lanes, ${value});`;
  return (n, k, value) => reduction.enter(n, k, value, formulas.length);
}

function reduceFunctions(specification: Specification, main: Scheme): string[][] {
  const prepare = main.hoisted.length > 0 ? [prepareFunction(specification, main)] : [];
  return [...prepare, reduceFunction(specification, main), FINISH];
}

/** What depends on the columns alone and is worth an array, computed once per call with columns as lanes. */
function prepareFunction(specification: Specification, main: Scheme): string[] {
  const offsets = main.hoisted.map((_, n) => dimOf({ ...main, hoisted: main.hoisted.slice(0, n) }));
  const columns = scheme(main.hoisted, {
    lanes: lanesOf(specification) === Depends.I ? Depends.J : Depends.I,
    hoist: false,
    consume: (n, k, value) => `store(h + ${offsets[n]!} + ${k}, HOISTED, endColumn - column, ${value});`,
  });
  const tiles = braces(
    "for (int64 column = firstColumn; column < endColumn; column += TILE_LANES)",
    "scalar *const h = (scalar *)job->hoisted + HOISTED * column;",
    ...perLane(columns, "column", "job->columns"),
    ...columns.lines.pair,
  );
  const head = 'extern "C" void keops_prepare(const Job *job, int64 firstColumn, int64 endColumn)';
  return braces(head, ...perCall(columns), ...tiles);
}

function reduceFunction(specification: Specification, main: Scheme): string[] {
  const hoisted = "const scalar *const h = (const scalar *)job->hoisted + HOISTED * column;";
  const columns = braces(
    "for (int64 column = first; column < last; column++)",
    ...(main.hoisted.length > 0 ? [hoisted] : []),
    ...perStep(main, "column"),
  );
  const blocks = braces(
    `for (int64 first = block->intervals[2 * n]; first < end; first += ${flushEvery(specification)})`,
    `const int64 last = end - first < ${flushEvery(specification)} ? end : first + ${flushEvery(specification)};`,
    ...columns,
    "reducer.flush(last - first);",
  );
  const intervals = braces(
    "for (int64 n = 0; n < block->intervalCount; n++)",
    "const int64 end = block->intervals[2 * n + 1];",
    ...blocks,
  );
  const rows = braces(
    "for (int64 row = block->firstRow; row < block->endRow; row += TILE_LANES)",
    ...perLane(main, "row", "job->rows"),
    "Reducer reducer(firstColumn(block));",
    ...intervals,
    "reducer.store((Accumulator *)accumulators + (row - block->firstRow), block->endRow - row);",
  );
  const head = 'extern "C" void keops_reduce(const Job *job, const Block *block, void *accumulators)';
  return braces(head, ...perCall(main), ...rows);
}

/** Columns between two flushes to double: the scheme `direct` never flushes, or always if it accumulates in double. */
function flushEvery({ sumScheme, dtype, accumulator }: Specification): string {
  if (sumScheme === "block") return String(BLOCK);
  return dtype === "float32" && accumulator === "float64" ? "1" : "(int64(1) << 40)";
}

const FINISH: string[] = braces(
  'extern "C" void keops_finish(int64 rows, const void *accumulators, int64 parts, int64 partBytes, void *out, int32 *indices)',
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
