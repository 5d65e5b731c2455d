/** How often values occur, for `chart`. The one idea: values are counted here, so that only bars travel. */
import { atMost, isAtLeast, optionsOf, withDefaults } from "../options";
import type { OptionsOf } from "../options";
import { extent, groupsOf, isEnds } from "./columns";
import type { ChartValues, Ends } from "./columns";
import { AXES, FRAME, linear, pictureOf } from "./plane";
import { quantile, sortedFinite } from "./quantiles";

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
