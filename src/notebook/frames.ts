/**
 * Pictures one after the other, with a slider, for `chart`. The one idea: all are layers of one chart, and each shows
 * its data where the slider stands at its number.
 */
import { ArgumentError } from "../errors";
import { atMost, describeValue, isOptions, optionsOf } from "../options";
import type { OptionsOf } from "../options";
import { extent } from "./columns";
import type { Ends } from "./columns";
import { asLayer, eachUnit, onAxes } from "./plane";
import type { Layer } from "./plane";
import { FRAME_PARAMETER } from "./svg";

const FRAMES = {
  /** Stands beside the slider (default `"frame"`). */
  label: { kind: "text" },
  /** Number of the picture that is shown first (default 0). */
  start: { kind: "integer", least: 0, default: 0 },
} as const;

/** Options of `frames`. */
export type FramesOptions = OptionsOf<typeof FRAMES>;

/**
 * Describes charts of one kind, one of which is shown at a time, in vega-lite v5, for `chart`: a slider chooses. Its
 * PNG is a strip of pictures, of up to eight. Axes and colours are those of all charts together: give pictures of
 * matrices one `domain`.
 * @param charts descriptions of charts of one kind
 * @returns a description for `chart`
 * @throws ArgumentError for charts that are made of several pictures
 * @example
 * const clouds = [1, 2, 3].map((seed) => notebook.scatterChart(rand([100, 2], { seed })));
 * console.log(typeof notebook.frames(clouds)); // object
 */
export function frames(charts: readonly object[], options?: FramesOptions | null): object {
  atMost("frames", 2, arguments);
  const { label = "frame", start = 0 } = optionsOf("frames", options, FRAMES);
  const list = checkCharts(charts);
  const most = list.length - 1;
  if (start > most) throw new ArgumentError(`frames, start: expected at most ${String(most)}, got ${String(start)}`);
  const { width, height } = list[0] as Layer;
  const slider = { input: "range", min: 0, max: most, step: 1, name: `${label} ` };
  const titles = list.map(({ title }) => (typeof title === "string" ? title : ""));
  return {
    ...(titles.some(Boolean) ? { title: { text: { expr: `${JSON.stringify(titles)}[${FRAME_PARAMETER}]` } } } : {}),
    width,
    height,
    params: [{ name: FRAME_PARAMETER, value: start, bind: slider }],
    layer: onCommonAxes(list).map(shownAt),
  };
}

/** The axes of the first chart, as long as those of all are together. */
function onCommonAxes([first, ...others]: readonly Layer[]): Layer[] {
  const domains = { x: [] as Ends[], y: [] as Ends[] };
  const collect = (channel: Layer, axis: "x" | "y"): Layer => {
    const { domain } = (channel["scale"] ?? {}) as { readonly domain?: Ends };
    if (domain) domains[axis].push(domain);
    return channel;
  };
  const widen = (channel: Layer, axis: "x" | "y"): Layer => {
    const { domain, ...scale } = (channel["scale"] ?? {}) as { readonly domain?: Ends };
    return domain ? { ...channel, scale: { ...scale, domain: union(domains[axis]) } } : channel;
  };
  const onUnits = (chart: Layer, change: typeof collect): Layer =>
    eachUnit(chart, (unit) => ({ ...unit, encoding: onAxes(unit["encoding"], change) }));
  for (const chart of [first ?? {}, ...others]) onUnits(chart, collect);
  return [onUnits(first ?? {}, widen), ...others.map((chart) => withoutLegends(asLayer(chart)))];
}

/** Channels with a legend. */
const LEGENDS: ReadonlySet<string> = new Set(["color", "strokeDash"]);

/** Charts whose layers have colours of their own would show a legend each: that of the first is enough. */
function withoutLegends(chart: Layer): Layer {
  if (!("resolve" in chart)) return chart;
  return eachUnit(chart, (unit) => {
    const channels = Object.entries(unit["encoding"] as Readonly<Record<string, object>>);
    const silent = channels.map(([name, channel]) => [
      name,
      LEGENDS.has(name) ? { ...channel, legend: null } : channel,
    ]);
    return { ...unit, encoding: Object.fromEntries(silent) as object };
  });
}

/** All that the ends are around, in the direction of the first. */
function union(ends: readonly Ends[]): Ends {
  const [low, high] = extent(ends.flat());
  return (ends[0] ?? [0, 1])[0] <= (ends[0] ?? [0, 1])[1] ? [low, high] : [high, low];
}

function checkCharts(charts: unknown): readonly Layer[] {
  if (!Array.isArray(charts) || charts.length === 0)
    throw new ArgumentError(`frames: expected charts, got ${Array.isArray(charts) ? "none" : describeValue(charts)}`);
  const wrong = charts.findIndex(
    (chart) => !isOptions(chart) || !("mark" in chart || "layer" in chart) || hasRows(chart),
  );
  if (wrong < 0) return charts as Layer[];
  const got = isOptions(charts[wrong]) ? "one of several, or with a slider" : describeValue(charts[wrong]);
  throw new ArgumentError(`frames[${String(wrong)}]: expected a chart of one picture, got ${got}`);
}

/** Whether it is stacked, or has a slider of its own. */
function hasRows(chart: object): boolean {
  const { encoding, params } = chart as { encoding?: object; params?: readonly { bind?: unknown }[] };
  const slides = params?.some(({ bind }) => typeof bind === "object") === true;
  return slides || (encoding !== undefined && "row" in encoding);
}

/** Parameters that move the chart are those of the first. */
function shownAt(chart: Layer, k: number): Layer {
  const { title: _title, width: _width, height: _height, ...layer } = chart;
  const shown = { filter: `${FRAME_PARAMETER} == ${String(k)}` };
  return eachUnit(layer, ({ params, transform = [], ...unit }) => ({
    ...unit,
    ...(k === 0 && params !== undefined ? { params } : {}),
    transform: [shown, ...(transform as readonly object[])],
  }));
}
