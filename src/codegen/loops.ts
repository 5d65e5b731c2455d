/**
 * The pieces of a loop that every device has, and the loops of the CPU around a loop body: `keops_reduce`, in the
 * shapes that calls come in. Lanes are rows, and columns are read one by one and broadcast; or, for few rows and many
 * columns, the other way round. Text in, text out.
 */
import type { Variable } from "../formula/formula";
import type { Scheme } from "./scheme";

export const braces = (head: string, ...lines: readonly string[]): string[] => [
  `${head} {`,
  ...lines.map((line) => (line.startsWith("#") ? line : `  ${line}`)),
  "}",
];

// ------------------------------------------------------------------------------------------------------- parts

/** Parameters, and what depends on them alone. */
export function perCall({ variables, lines }: Scheme): string[] {
  const pointers = variables.call.map(({ position }) => `const scalar *const p${position} = ${argument(position)};`);
  return [...pointers, ...lines.call];
}

/** The lane values of a block of lanes that begins at `first`; `count` is the extent of the lane index. */
export function perLane({ variables, lines }: Scheme, first: string, count: string): string[] {
  const loads = variables.lane.flatMap(({ position, dim }) => [
    `Tile x${position}[${dim}];`,
    `load(x${position}, ${argument(position)}, ${first}, ${count});`,
  ]);
  return [...loads, ...lines.lane];
}

/** The values of one step of the loop, and of its pairs. @param at where the values of a variable stand, as text. */
export function perStep(
  { variables, lines }: Scheme,
  step: string,
  at: (variable: Variable) => string = ({ position, dim }) => `${argument(position)} + ${dim} * ${step}`,
): string[] {
  const pointers = variables.loop.map((v) => `const scalar *const y${v.position} = ${at(v)};`);
  return [...pointers, ...lines.loop, ...lines.pair];
}

export const argument = (position: number): string => `((const scalar *)job->arguments[${position}])`;

// ------------------------------------------------------------------------------------------------- keops_reduce

const HEAD = 'extern "C" void keops_reduce(const Job *job, const Block *block, void *accumulators)';

/** Lanes are rows. @param flushEvery columns between two flushes, as text. @param columns that a step takes at once. */
export function reduceByRows(main: Scheme, flushEvery: string, columns: number): string[] {
  const blocks = braces(
    `for (int64 first = block->intervals[2 * n]; first < end; first += ${flushEvery})`,
    `const int64 last = end - first < ${flushEvery} ? end : first + ${flushEvery};`,
    ...(columns === 1 ? columnByColumn(main) : columnsTogether("int64 column", "first", "last", columns)),
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
    "Reducer reducer;",
    "reducer.begin(firstColumn(block));",
    ...(columns === 1 ? [] : stepFunction("int64 column", perColumn(main))),
    ...intervals,
    "reducer.store((Accumulator *)accumulators + (row - block->firstRow), block->endRow - row);",
  );
  return braces(HEAD, ...perCall(main), ...rows);
}

function columnByColumn(main: Scheme): string[] {
  return braces("for (int64 column = first; column < last; column++)", ...perColumn(main));
}

function perColumn(main: Scheme): string[] {
  const hoisted = "const scalar *const h = (const scalar *)job->hoisted + HOISTED * column;";
  return [...(main.hoisted.length > 0 ? [hoisted] : []), ...perStep(main, "column")];
}

/**
 * Steps of `columns` columns; what is left in the end is taken one by one, by the same text. @param index its type and
 * name.
 */
export function columnsTogether(index: string, first: string, last: string, columns: number): string[] {
  const name = nameIn(index);
  return [
    `${index} = ${first};`,
    `for (; ${name} + ${columns} <= ${last}; ${name} += ${columns}) step(${name}, Columns<real, ${columns}>());`,
    `for (; ${name} < ${last}; ${name}++) step(${name}, Columns<real, 1>());`,
  ];
}

/** `lines` as a function of where a step begins and of how many columns it takes. */
export function stepFunction(index: string, lines: readonly string[]): string[] {
  const text = braces(
    `const auto step = [&](${index}, auto kind) __attribute__((always_inline))`,
    "using Steps = decltype(kind);",
    "using Pairs = Columns<Tile, COUNT<Steps>>;",
    ...lines,
  );
  return [...text.slice(0, -1), "};"];
}

const nameIn = (declaration: string): string => declaration.split(" ").at(-1)!;

/** Lanes are columns; `group` rows at a time share what was read of them. */
export function reduceByColumns(main: Scheme, flushEvery: string, group: number): string[] {
  const groups = braces(
    `for (int64 firstRow = block->firstRow; firstRow < block->endRow; firstRow += ${group})`,
    `const int64 endRow = block->endRow - firstRow < ${group} ? block->endRow : firstRow + ${group}, rows = endRow - firstRow;`,
    "Accumulator *const to = (Accumulator *)accumulators + (firstRow - block->firstRow);",
    `Reducer reducers[${group}];`,
    "storeNeutral(reducers[0], rows, to);",
    ...wholeAndRest(
      "bool isBegun = false;",
      ...stretches(main, flushEvery),
      "if (isBegun && !isRest) mergeLanes(reducers, rows, TILE_LANES, to);",
    ),
  );
  return braces(HEAD, ...perCall(main), ...groups);
}

/** The columns of every interval: its whole tiles, or what is left of it. */
function stretches(main: Scheme, flushEvery: string): string[] {
  const step = `${flushEvery} * TILE_LANES`;
  const blocks = braces(
    `for (int64 from = stretch.first; from < stretch.end; from += ${step})`,
    `const int64 last = stretch.end - from < ${step} ? stretch.end : from + ${step};`,
    ...columnTiles(main),
    "flushRows(reducers, rows, (last - from + TILE_LANES - 1) / TILE_LANES);",
  );
  return braces(
    "for (int64 n = 0; n < block->intervalCount; n++)",
    "const Stretch stretch = stretchOf(block->intervals + 2 * n, isRest);",
    "if (stretch.first == stretch.end) continue;",
    "if (isRest || !isBegun) beginRows(reducers, rows, columnsFrom(stretch.first));",
    "isBegun = true;",
    ...blocks,
    "if (isRest) mergeLanes(reducers, rows, stretch.end - stretch.first, to);",
  );
}

/** One tile of columns after the other, for all rows. */
function columnTiles(main: Scheme): string[] {
  const rows = braces(
    "for (int64 row = firstRow; row < endRow; row++)",
    "Reducer &reducer = reducers[row - firstRow];",
    ...perStep(main, "row"),
  );
  return braces(
    "for (int64 first = from; first < last; first += TILE_LANES)",
    "const TileIndex column = columnsFrom(first);",
    ...perLane(main, "first", "isRest ? job->columns : first + TILE_LANES"),
    ...rows,
  );
}

/**
 * `lines` for whole tiles of columns, then for what is left of each interval: compiled apart, so that whole tiles are
 * loaded by vectors alone.
 */
function wholeAndRest(...lines: readonly string[]): string[] {
  const pass = braces(
    "const auto pass = [&](auto ofRest) __attribute__((always_inline))",
    "constexpr bool isRest = ofRest.value;",
    ...lines,
  );
  return [...pass.slice(0, -1), "};", "pass(Constant<false>());", "pass(Constant<true>());"];
}
