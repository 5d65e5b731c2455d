/**
 * How values are spread, for `chart`: histograms, and boxes side by side. The one idea: values are counted and
 * quartiles are taken here, so that only these travel.
 */
import { ArgumentError } from "../errors";
import { atMost, isAtLeast, optionsOf, withDefaults } from "../options";
import type { OptionsOf } from "../options";
import { extent, groupsOf, isEnds } from "./columns";
import type { ChartValues, Ends } from "./columns";
import { AXES, FRAME, linear, logarithmic, numbersOn, pictureOf } from "./plane";
import type { Layer } from "./plane";

const HISTOGRAM = {
  /** Number of bins (default: by the rule of Freedman and Diaconis, 1981, from 5 to 100). */
  bins: { kind: "integer", least: 1 },
  /** Ends of the first and the last bin; what is beyond is left out (default: the least and the greatest value). */
  domain: { expected: "two numbers like [0, 1]", accepts: (value: unknown): value is Ends => isEnds(value) },
  /** Draw densities, whose area is 1, and not counts (default false). */
  density: { kind: [true, false], default: false },
} as const;

type Rows = typeof HISTOGRAM & typeof AXES & typeof FRAME;
const ALL: Rows = { ...HISTOGRAM, ...AXES, ...FRAME };

/** Options of `histogram`. */
export type HistogramOptions = OptionsOf<Rows>;

/** Values, or lists of values by name. */
export type ChartGroups = ChartValues | Readonly<Record<string, ChartValues>>;

/**
 * Describes in vega-lite v5, for `chart`, how often values `[N]` occur; of an object of values by name, one histogram
 * over the other. Values that are not finite are left out.
 * @param values `[N]`, or an object of such arrays by name
 * @returns a description for `chart`
 * @throws ArgumentError for another shape
 * @example console.log(typeof notebook.histogram(randn([1000]))); // object
 */
export function histogram(values: ChartGroups, options?: HistogramOptions | null): object {
  atMost("histogram", 2, arguments);
  const checked = withDefaults(ALL, optionsOf("histogram", options, ALL));
  const size = { width: checked.width ?? 400, height: checked.height ?? 240 };
  const groups = [...groupsOf("histogram", values)].map(([name, numbers]) => [name, sortedFinite(numbers)] as const);
  const domain =
    checked.domain ?? apart(extent(groups.flatMap(([, sorted]) => [sorted[0] ?? NaN, sorted.at(-1) ?? NaN])));
  const bins = checked.bins ?? Math.max(...groups.map(([, sorted]) => binsFor(sorted, domain)));
  const bars = groups.flatMap(([name, sorted]) => barsOf(name, sorted, domain, bins, checked.density));
  const title = checked.yTitle ?? (checked.density ? "density" : "count");
  const several = groups.length > 1;
  const bar = {
    data: { values: bars },
    mark: { type: "bar", binSpacing: 0, opacity: several ? 0.55 : 1, tooltip: true },
    encoding: {
      x: { field: "from", bin: { binned: true }, ...linear("x", domain, size.width, checked.xTitle) },
      x2: { field: "to" },
      y: { field: title, type: "quantitative", title, stack: null },
      ...(several ? { color: { field: "group", type: "nominal", sort: null, title: null } } : {}),
    },
  };
  return pictureOf(checked, size, [bar]);
}

const apart = ([low, high]: Ends): Ends => (low < high ? [low, high] : [low - 0.5, high + 0.5]);

/** Twice the interquartile range by the cube root of the count. */
function binsFor(sorted: Float64Array, [low, high]: Ends): number {
  const width = (2 * (quantile(sorted, 0.75) - quantile(sorted, 0.25))) / Math.cbrt(sorted.length);
  const bins = Math.ceil((high - low) / width);
  return isAtLeast(1, bins) ? Math.min(100, Math.max(5, bins)) : 5;
}

/** One object for each bin; the last bin has its upper end. */
function barsOf(group: string, sorted: Float64Array, [low, high]: Ends, bins: number, density: boolean): object[] {
  const counts = new Float64Array(bins);
  for (const value of sorted) {
    const bin = value === high ? bins - 1 : Math.floor(((value - low) / (high - low)) * bins);
    if (bin >= 0 && bin < bins) counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const width = (high - low) / bins;
  const whole = counts.reduce((sum, count) => sum + count, 0) * width || 1;
  return Array.from(counts, (count, k) => ({
    ...(group === "" ? {} : { group }),
    from: low + k * width,
    to: low + (k + 1) * width,
    ...(density ? { density: count / whole } : { count }),
  }));
}

// ---------------------------------------------------------------------------------------------------- order statistics

/** The finite numbers, in order. */
export const sortedFinite = (numbers: ArrayLike<number>): Float64Array =>
  Float64Array.from(Array.from(numbers).filter(Number.isFinite)).sort();

/** A quantile of sorted numbers, with lines between them (type 7 of Hyndman and Fan, 1996, as in NumPy). */
export function quantile(sorted: Float64Array, part: number): number {
  const place = part * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)] ?? NaN, sorted[Math.ceil(place)] ?? NaN];
  return low + (high - low) * (place - Math.floor(place));
}

// --------------------------------------------------------------------------------------------------------------- boxes

const BOX_CHART = {
  /** Scale of the vertical axis (default `"linear"`). */
  yScale: { kind: ["linear", "log"], default: "linear" },
  /** Draw a dot for each value beyond the whiskers (default true). */
  outliers: { kind: [true, false], default: true },
} as const;

type BoxRows = typeof BOX_CHART & typeof AXES & typeof FRAME;
const ALL_OF_BOXES: BoxRows = { ...BOX_CHART, ...AXES, ...FRAME };

/** Options of `boxChart`. */
export type BoxChartOptions = OptionsOf<BoxRows>;

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
  const checked = withDefaults(ALL_OF_BOXES, optionsOf("boxChart", options, ALL_OF_BOXES));
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
