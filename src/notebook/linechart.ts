/**
 * Lines through rows or columns of numbers, with bands around them, for `chart`; and times of routines against the
 * size of a problem as lines. The one idea: one layer for lines, one for bands, and vega-lite tells the series apart
 * by colour and dash. Knows nothing of formulas.
 */
import { ArgumentError } from "../errors";
import { atMost, describeValue, isOptions, optionsOf, withDefaults } from "../options";
import type { OptionsOf, RequiredOptionsOf } from "../options";
import { checkField, everyOf, extent, rowsOf, vectorOf } from "./columns";
import type { ChartTable, ChartValues, Row } from "./columns";
import { AXES, FRAME, LIMITS, ZOOM, logarithmic, numbersOn, pictureOf, zoomed } from "./plane";
import type { Layer } from "./plane";

const isText = (value: unknown): value is string => typeof value === "string";
const isTexts = (value: unknown): value is readonly string[] => everyOf(value, isText);

const POSITIONS = {
  /** Field of the horizontal position. */
  x: {
    expected: "the name of a field of the rows",
    accepts: (value: unknown): value is string => isText(value),
    required: true,
  },
  /** Field of the vertical position, or several: a line each. */
  y: {
    expected: "the name of a field of the rows, or names",
    accepts: (value: unknown): value is string | readonly string[] =>
      isText(value) || (isTexts(value) && value.length > 0),
    required: true,
  },
} as const;

const LINES = {
  /** Field that names the lines: one colour and one dash pattern each, the first solid. */
  series: { kind: "text" },
  /** Field that stacks one picture for each of its values. */
  row: { kind: "text" },
  /** Fields of the lower and of the upper end of a band. */
  band: {
    expected: "two names of fields of the rows",
    accepts: (value: unknown): value is readonly [string, string] => isTexts(value) && value.length === 2,
  },
  /** Draw a dot at each point (default false). */
  points: { kind: [true, false], default: false },
  /** Scale of the horizontal axis (default `"linear"`). */
  xScale: { kind: ["linear", "log"], default: "linear" },
  /** Scale of the vertical axis (default `"linear"`). */
  yScale: { kind: ["linear", "log"], default: "linear" },
} as const;

type Rows = typeof POSITIONS & typeof LINES & typeof AXES & typeof FRAME & typeof LIMITS & typeof ZOOM;
const ALL: Rows = { ...POSITIONS, ...LINES, ...AXES, ...FRAME, ...LIMITS, ...ZOOM };

/** Options of `lineChart`. */
export type LineChartOptions = RequiredOptionsOf<typeof POSITIONS> &
  OptionsOf<typeof LINES & typeof AXES & typeof FRAME & typeof LIMITS & typeof ZOOM>;

/**
 * Describes lines in vega-lite v5, for `chart`. The table is a list of objects, one for each point, or an object of
 * columns, lists of one length. Of many points as many are kept as the picture can show. On a logarithmic axis points
 * that are not positive are left out.
 * @param table a list of objects, or an object of lists
 * @returns a description for `chart`
 * @throws ArgumentError unless `x`, `y` and the others name fields
 * @example
 * const spec = notebook.lineChart({ n: [1, 2, 3], time: [2, 4, 9] }, { x: "n", y: "time" });
 * console.log("mark" in spec || "layer" in spec); // true
 */
export function lineChart(table: ChartTable, options: LineChartOptions): object {
  atMost("lineChart", 2, arguments);
  return linesOf("lineChart", table, options);
}

const SIZE = { width: 600, height: 160 };
const ROOM = 4000;

/** Lines by the checked options of `lineChart`; messages begin with `where`. */
function linesOf(where: string, table: ChartTable, options: LineChartOptions): object {
  const checked = withDefaults(ALL, optionsOf(where, options, ALL));
  const { width = SIZE.width, height = SIZE.height } = checked;
  const { rows: all, ...places } = inLongForm(where, rowsOf(where, table), checked);
  const fields = { ...checked, ...places, width, height };
  checkFields(where, all, fields);
  const { x, y, series, row, zoom, title } = fields;
  const band = fields.band ?? [];
  const columns = zoom ? 4 * width : width;
  const rows = all.length <= ROOM ? all : thinned(all, { x, y: [y, ...band], groups: [series, row], columns });
  const drawn = { data: { values: rows }, ...onlyPositive(fields) };
  const picture = pictureOf(fields, fields, layersOf(rows, fields)) as Layer;
  if (row === undefined) return { ...picture, ...drawn };
  const resolve = { scale: { y: "independent" } };
  if ("mark" in picture) return { ...picture, ...drawn, encoding: withRow(picture["encoding"], row), resolve };
  const { title: _title, ...spec } = picture;
  return { ...(title === undefined ? {} : { title }), ...drawn, facet: { row: stacked(row) }, spec, resolve };
}

interface Places {
  readonly y: string;
  readonly series: string | undefined;
  /** Of the series, where it is made of several fields of y. */
  readonly first?: string | undefined;
}

type Fields = Omit<LineChartOptions, "y" | "series" | "width" | "height"> &
  Places & {
    readonly width: number;
    readonly height: number;
    readonly points: boolean;
    readonly zoom: boolean;
    readonly xScale: "linear" | "log";
    readonly yScale: "linear" | "log";
  };

function checkFields(where: string, rows: readonly Row[], { x, y, series, row, band }: Fields): void {
  const named = { x, y, series, row };
  for (const [name, field] of Object.entries(named))
    if (field !== undefined) checkField(`${where}, ${name}`, rows, field);
  for (const field of band ?? []) checkField(`${where}, band`, rows, field);
}

/** Rows with one vertical position each: of several fields, one row for each, with a field that tells them apart. */
function inLongForm(
  where: string,
  rows: readonly Row[],
  { x, y, series, row, band, yTitle }: LineChartOptions,
): Places & { readonly rows: readonly Row[] } {
  if (isText(y)) return { rows, y, series };
  if (series !== undefined) throw new ArgumentError(`${where}: expected several fields of y or a series, got both`);
  for (const field of y) checkField(`${where}, y`, rows, field);
  const kept = [x, row, ...(band ?? [])].filter((field) => field !== undefined);
  const unused = (name: string): string => (kept.includes(name) ? unused(`${name} `) : name);
  const [value, line] = [unused(yTitle ?? "value"), unused("line")];
  const shared = rows.map((each) => Object.fromEntries(kept.map((field) => [field, each[field]])));
  const long = y.flatMap((field) => rows.map((each, k) => ({ ...shared[k], [line]: field, [value]: each[field] })));
  return { rows: long, y: value, series: line, first: y[0] };
}

const withRow = (encoding: unknown, row: string): object => ({ ...(encoding as object), row: stacked(row) });
const stacked = (field: string): object => ({ field, type: "nominal", title: null, sort: null });

/** Logarithms have no other. */
function onlyPositive({ x, y, xScale, yScale }: Fields): object {
  const positive = [...(xScale === "log" ? [x] : []), ...(yScale === "log" ? [y] : [])];
  const filters = positive.map((field) => ({ filter: `datum[${JSON.stringify(field)}] > 0` }));
  return filters.length === 0 ? {} : { transform: filters };
}

/** Points that show what they are when they are pointed at cost time: so many may. */
const MOST_POINTS = 2000;

function layersOf(rows: readonly Row[], fields: Fields): Layer[] {
  const { series, band, points, zoom } = fields;
  const position = { x: axisOf("x", rows, fields), y: axisOf("y", rows, fields) };
  const dot = points ? { point: true } : rows.length <= MOST_POINTS ? { point: "transparent" } : {};
  const lines = {
    mark: { type: "line", strokeJoin: "round", clip: isClipped(fields), tooltip: true, ...dot },
    ...zoomed(zoom),
    encoding: { ...position, ...(series === undefined ? {} : seriesEncoding(series)) },
  };
  return band === undefined ? [lines] : [bandOf(band, position, fields), lines];
}

/** Lines go beyond the axes where these are moved, or have ends of their own. */
const isClipped = ({ zoom, xDomain, yDomain }: Fields): boolean =>
  zoom || xDomain !== undefined || yDomain !== undefined;

const channelOf = (field: string): object => ({
  field,
  type: "nominal",
  sort: null,
  title: null,
  legend: { symbolType: "stroke", symbolSize: 400, symbolStrokeWidth: 2, labelLimit: 300 },
});

/** In the colours of the series, or of the first of several fields of y. */
function bandOf([low, high]: readonly [string, string], { x, y }: { x: Layer; y: Layer }, fields: Fields): Layer {
  const { series, first } = fields;
  const one = { filter: `datum[${JSON.stringify(series)}] === ${JSON.stringify(first)}` };
  const many = series !== undefined && first === undefined;
  return {
    ...(first === undefined ? {} : { transform: [one] }),
    mark: { type: "area", opacity: 0.25, clip: isClipped(fields), ...(many ? {} : { fill: FIRST_COLOR }) },
    encoding: {
      x,
      y: { ...y, field: low },
      y2: { field: high },
      ...(many ? { fill: { field: series, type: "nominal", sort: null, legend: null } } : {}),
    },
  };
}

/** Of vega's colours for classes. */
const FIRST_COLOR = "#4c78a8";

function axisOf(axis: "x" | "y", rows: readonly Row[], fields: Fields): Layer {
  const [field, title, scale] = [fields[axis], fields[`${axis}Title`] ?? fields[axis], fields[`${axis}Scale`]];
  const size = axis === "x" ? fields.width : fields.height;
  const numbers = rows.map((row) => Number(row[field]));
  const domain = fields[`${axis}Domain`];
  const look =
    scale === "log"
      ? logarithmic(axis, numbers, size)
      : { ...LINEAR[axis], axis: numbersOn(axis, size, domain ?? extent(numbers)) };
  const channel: Layer = { field, type: "quantitative", title, ...look };
  if (domain === undefined) return channel;
  return { ...channel, scale: { ...(channel["scale"] as Layer), nice: false, domain } };
}

const LINEAR = { x: { scale: { nice: false } }, y: { scale: { zero: false } } } as const;

const DASHES = [
  [1, 0],
  [6, 4],
  [2, 2],
  [8, 3, 2, 3],
];

/** One field on both channels, so that vega-lite joins them into one legend. */
const seriesEncoding = (field: string): object => ({
  color: channelOf(field),
  strokeDash: { ...channelOf(field), scale: { range: DASHES } },
});

// -------------------------------------------------------------------------------------------------------- fewer points

interface Lines {
  readonly x: string;
  /** Fields of vertical positions. */
  readonly y: readonly string[];
  /** Fields that tell lines apart. */
  readonly groups: readonly (string | undefined)[];
  /** Columns of pixels. */
  readonly columns: number;
}

/**
 * The rows that show the same lines, in their order: in each column of pixels a line is what its first, last, least and
 * greatest point there make it (Jugel, Jerzak, Hackenbroich and Markl, M4, 2014). Rows that have something else than
 * numbers stay.
 */
export function thinned(rows: readonly Row[], { x, y, groups, columns }: Lines): readonly Row[] {
  const [low, high] = extent(rows.map((row) => Number(row[x])));
  const kept = new Set<number>();
  const cells = new Map<string, number[]>();
  for (const [k, row] of rows.entries()) {
    const column = Math.floor(((Number(row[x]) - low) / (high - low || 1)) * columns);
    if (![column, ...y.map((field) => row[field])].every(Number.isFinite)) kept.add(k);
    else add(cells, JSON.stringify([column, ...groups.map((field) => field && row[field])]), k);
  }
  for (const cell of cells.values())
    for (const field of [x, ...y]) for (const k of endsIn(rows, cell, field)) kept.add(k);
  return rows.filter((_, k) => kept.has(k));
}

function add(cells: Map<string, number[]>, name: string, k: number): void {
  const cell = cells.get(name);
  if (cell) cell.push(k);
  else cells.set(name, [k]);
}

/** The rows with the least and the greatest number of a field. */
function endsIn(rows: readonly Row[], cell: readonly number[], field: string): readonly [number, number] {
  const numberAt = (k: number): number => rows[k]?.[field] as number;
  const pick = (better: (a: number, b: number) => boolean): number =>
    cell.reduce((best, k) => (better(numberAt(k), numberAt(best)) ? k : best));
  return [pick((a, b) => a < b), pick((a, b) => a > b)];
}

// --------------------------------------------------------------------------------------------------- times of routines

type BenchRows = typeof AXES & typeof FRAME & typeof ZOOM;
const BENCH_CHART: BenchRows = { ...AXES, ...FRAME, ...ZOOM };

/** Options of `benchChart`. */
export type BenchChartOptions = OptionsOf<BenchRows>;

/**
 * Describes times (in seconds) against sizes `[n]` in vega-lite v5, for `chart`: a line for each routine, from an
 * object of times `[n]` by its name. Where there is none, the time is NaN.
 * @param sizes `[n]`
 * @param times seconds `[n]` by the name of the routine
 * @returns a description for `chart`
 * @throws ArgumentError unless there is a time for each size
 * @example console.log(typeof notebook.benchChart([100, 1000], { tskeops: [0.001, 0.05] })); // object
 */
export function benchChart(
  sizes: ChartValues,
  times: Readonly<Record<string, ChartValues>>,
  options?: BenchChartOptions | null,
): object {
  atMost("benchChart", 3, arguments);
  const checked = optionsOf("benchChart", options, BENCH_CHART);
  const { xTitle: x = "N", yTitle: y = "time (s)" } = checked;
  const along = vectorOf("benchChart, sizes", sizes);
  if (!isOptions(times))
    throw new ArgumentError(`benchChart, times: expected an object of times by routine, got ${describeValue(times)}`);
  const rows = Object.entries(times).flatMap(([routine, values]) =>
    Array.from(timesOf(routine, values, along.length), (time, k) => ({ [x]: along[k], [y]: time, routine })),
  );
  const scales = { xScale: "log", yScale: "log" } as const;
  const measured = rows.filter((row) => Number.isFinite(row[y]));
  return linesOf("benchChart", measured, { height: 300, ...checked, ...scales, x, y, series: "routine", points: true });
}

function timesOf(routine: string, values: ChartValues, count: number): ArrayLike<number> {
  const times = vectorOf(`benchChart, times, ${routine}`, values);
  if (times.length === count) return times;
  const expected = `a time for each of ${String(count)} sizes`;
  throw new ArgumentError(`benchChart, times, ${routine}: expected ${expected}, got ${String(times.length)}`);
}
