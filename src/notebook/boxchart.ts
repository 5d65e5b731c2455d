/** Distributions side by side as boxes, for `chart`. The one idea: quartiles are taken here, so that only they travel. */
import { ArgumentError } from "../errors";
import { atMost, optionsOf, withDefaults } from "../options";
import type { OptionsOf } from "../options";
import { extent, groupsOf } from "./columns";
import type { ChartGroups } from "./histogram";
import { AXES, FRAME, logarithmic, numbersOn, pictureOf } from "./plane";
import type { Layer } from "./plane";
import { quantile, sortedFinite } from "./quantiles";

const BOX_CHART = {
  /** Scale of the vertical axis (default `"linear"`). */
  yScale: { kind: ["linear", "log"], default: "linear" },
  /** Draw a dot for each value beyond the whiskers (default true). */
  outliers: { kind: [true, false], default: true },
} as const;

type Rows = typeof BOX_CHART & typeof AXES & typeof FRAME;
const ALL: Rows = { ...BOX_CHART, ...AXES, ...FRAME };

/** Options of `boxChart`. */
export type BoxChartOptions = OptionsOf<Rows>;

/**
 * Describes in vega-lite v5, for `chart`, how values `[N]` spread, a box for each name of an object: from the lower to
 * the upper quartile with a line at the median, whiskers to the last value within 1.5 times that range, and dots for
 * those beyond (Tukey, Exploratory data analysis, 1977). Values that are not finite are left out.
 * @param values `[N]`, or an object of such arrays by name
 * @returns a description for `chart`
 * @throws ArgumentError for another shape, and for values that are not positive on a logarithmic axis
 * @example console.log(typeof notebook.boxChart({ first: randn([99]), second: rand([99]) })); // object
 */
export function boxChart(values: ChartGroups, options?: BoxChartOptions | null): object {
  atMost("boxChart", 2, arguments);
  const checked = withDefaults(ALL, optionsOf("boxChart", options, ALL));
  const groups = [...groupsOf("boxChart", values)].map(([name, numbers]) => boxOf(name, sortedFinite(numbers)));
  const size = { width: checked.width ?? Math.min(400, 80 * groups.length + 40), height: checked.height ?? 240 };
  const all = groups.flatMap(({ low, high, outside }) => [low, high, ...outside]);
  const wrong = checked.yScale === "log" ? all.find((value) => value <= 0) : undefined;
  if (wrong !== undefined)
    throw new ArgumentError(`boxChart: expected positive values on a logarithmic axis, got ${String(wrong)}`);
  return pictureOf(checked, size, layersOf(groups, all, size.height, checked));
}

interface Box {
  readonly group: string;
  readonly low: number;
  readonly quartile1: number;
  readonly median: number;
  readonly quartile3: number;
  readonly high: number;
  readonly outside: readonly number[];
}

const REACH = 1.5;

function boxOf(group: string, sorted: Float64Array): Box {
  const [quartile1, median, quartile3] = [0.25, 0.5, 0.75].map((part) => quantile(sorted, part)) as [
    number,
    number,
    number,
  ];
  const reach = REACH * (quartile3 - quartile1);
  const isInside = (value: number): boolean => value >= quartile1 - reach && value <= quartile3 + reach;
  const inside = sorted.filter(isInside);
  const outside = Array.from(sorted.filter((value) => !isInside(value)));
  return { group, low: inside[0] ?? NaN, quartile1, median, quartile3, high: inside.at(-1) ?? NaN, outside };
}

const padded = ({ scale, ...axis }: Layer): Layer => ({ ...axis, scale: { ...(scale as object), padding: 6 } });

const dots = (values: readonly object[], encoding: object): Layer => ({
  data: { values },
  mark: { type: "circle", size: 12, tooltip: true },
  encoding,
});

function layersOf(groups: readonly Box[], all: readonly number[], height: number, checked: BoxChartOptions): Layer[] {
  const { xTitle = "", yTitle = "" } = checked;
  const x = { field: "group", type: "nominal", sort: null, title: xTitle, axis: { labelAngle: 0, grid: false } };
  const color = { field: "group", type: "nominal", sort: null, legend: null };
  const look =
    checked.yScale === "log"
      ? padded(logarithmic("y", all, height))
      : { scale: { zero: false }, axis: numbersOn("y", height, extent(all)) };
  const y = (field: string): Layer => ({ field, type: "quantitative", title: yTitle, ...look });
  const span = (from: string, to: string, mark: object): Layer => ({
    mark: { tooltip: { content: "data" }, ...mark },
    encoding: { x, y: y(from), y2: { field: to } },
  });
  const boxes = groups.map(({ outside: _outside, ...box }) => box);
  const beyond = groups.flatMap(({ group, outside }) => outside.map((value) => ({ group, value })));
  // With an outline, as a box of equal numbers has no height.
  const bar = span("quartile1", "quartile3", { type: "bar", size: 38, strokeWidth: 3 });
  return [
    { data: { values: boxes }, ...span("low", "high", { type: "rule" }) },
    { data: { values: boxes }, ...bar, encoding: { ...(bar["encoding"] as object), color, stroke: color } },
    {
      data: { values: boxes },
      mark: { type: "tick", size: 40, thickness: 1, color: "white" },
      encoding: { x, y: y("median") },
    },
    ...(checked.outliers === false || beyond.length === 0 ? [] : [dots(beyond, { x, y: y("value"), color })]),
  ];
}
