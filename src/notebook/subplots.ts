/** Several charts in one: side by side and below each other. The one idea: each keeps its own scales and legends. */
import { ArgumentError } from "../errors";
import { atMost, describeValue, isOptions, optionsOf } from "../options";
import type { OptionsOf } from "../options";
import { everyOf } from "./columns";
import { OWN_COLORS, eachUnit } from "./plane";
import type { Layer } from "./plane";

const SUBPLOTS = {
  /** Stands above all pictures. */
  title: { kind: "text" },
  /** How many pictures stand side by side, where the charts are one list (default: all). */
  columns: { kind: "integer", least: 1 },
  /** Pixels between pictures (default 20). */
  spacing: { kind: "number", least: 0 },
} as const;

/** A title of several pictures stands out from theirs. */
const ABOVE = { fontSize: 15, offset: 10 } as const;

/** Options of `subplots`. */
export type SubplotsOptions = OptionsOf<typeof SUBPLOTS>;

/**
 * Describes charts in rows in vega-lite v5, for `chart`: `[[above left, above right], [below]]`, or a list for one
 * row, or for rows of `columns` charts.
 * @param rows descriptions, in a list for each row, or in one list
 * @returns a description for `chart`
 * @throws ArgumentError for a row without charts, and for `columns` beside lists for each row
 * @example
 * const points = notebook.scatterChart(rand([100, 2]));
 * console.log(typeof notebook.subplots([points, points])); // object
 */
export function subplots(
  rows: readonly object[] | readonly (readonly object[])[],
  options?: SubplotsOptions | null,
): object {
  atMost("subplots", 2, arguments);
  const { title, columns, spacing = 20 } = optionsOf("subplots", options, SUBPLOTS);
  const grid = rowsOfCharts(rows, columns);
  const sliders = new Map(
    grid
      .flat()
      .flatMap(slidersOf)
      .map((slider) => [slider.name, slider]),
  );
  const cells = grid.map((row, r) => row.map((chart, c) => cellOf(chart, `_${String(r)}_${String(c)}`)));
  const resolve = OWN_COLORS;
  const wide = cells[0]?.length ?? 0;
  const even = cells.every((row, r) => row.length === wide || (columns !== undefined && r === cells.length - 1));
  const list = even
    ? { columns: wide, concat: cells.flat() }
    : { vconcat: cells.map((hconcat) => ({ hconcat, spacing, resolve })) };
  const params = sliders.size === 0 ? {} : { params: [...sliders.values()] };
  return { ...(title === undefined ? {} : { title: { text: title, ...ABOVE } }), ...params, ...list, spacing, resolve };
}

function rowsOfCharts(rows: unknown, columns: number | undefined): readonly (readonly Layer[])[] {
  const list = Array.isArray(rows) ? (rows as unknown[]) : [];
  const isOne = list.length > 0 && everyOf(list, isOptions);
  if (columns !== undefined && list.length > 0 && list.every(Array.isArray))
    throw new ArgumentError("subplots: expected one list of charts beside columns, got a list for each row");
  const grid = isOne ? inRows(list, columns ?? list.length) : list;
  if (grid.length > 0) return grid.map(rowOfCharts);
  throw new ArgumentError(
    `subplots: expected rows of charts, got ${Array.isArray(rows) ? "none" : describeValue(rows)}`,
  );
}

const inRows = (list: readonly unknown[], columns: number): unknown[][] =>
  Array.from({ length: Math.ceil(list.length / columns) }, (_, r) => list.slice(r * columns, (r + 1) * columns));

function rowOfCharts(row: unknown, r: number): readonly Layer[] {
  const charts = Array.isArray(row) ? (row as unknown[]) : [];
  const wrong = charts.findIndex((chart) => !isOptions(chart));
  if (charts.length > 0 && wrong < 0) return charts as Layer[];
  const got = wrong >= 0 ? describeValue(charts[wrong]) : Array.isArray(row) ? "none" : describeValue(row);
  throw new ArgumentError(`subplots[${String(r)}]: expected charts, got ${got}`);
}

interface Parameter {
  readonly name: string;
  readonly select?: unknown;
}
const parametersOf = (chart: object): readonly Parameter[] => (chart as { params?: readonly Parameter[] }).params ?? [];

/** Sliders stand below all pictures: those of one name are one. */
const slidersOf = (chart: object): Parameter[] => parametersOf(chart).filter(({ select }) => select === undefined);

/** A chart that can be in another: what moves it has a name of its own. */
function cellOf(chart: Layer, suffix: string): Layer {
  const { params: _params, config: _config, $schema: _schema, ...rest } = chart;
  const own = parametersOf(chart).filter(({ select }) => select !== undefined);
  const kept = own.length === 0 ? rest : { ...rest, params: own };
  return renamed(kept, suffix);
}

/** Names of selections are of the whole description. */
function renamed(chart: Layer, suffix: string): Layer {
  const change = (unit: Layer): Layer => {
    const params = parametersOf(unit).map((parameter) => ({ ...parameter, name: `${parameter.name}${suffix}` }));
    return params.length === 0 ? unit : { ...unit, params };
  };
  const { spec } = chart as { readonly spec?: Layer };
  return spec === undefined ? eachUnit(chart, change) : { ...chart, spec: eachUnit(spec, change) };
}
