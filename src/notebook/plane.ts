/**
 * What all charts share: titles, sizes, axes, and other charts drawn over them. The one idea: a chart is a list of
 * layers of vega-lite in a frame, so that one chart can be a layer of another. Must not know what the layers show.
 */
import { isOptions } from "../options";
import type { OptionsOf } from "../options";
import { everyOf, extent, isEnds } from "./columns";
import type { Ends } from "./columns";

/** What every chart takes. */
export const FRAME = {
  /** Stands above the picture. */
  title: { kind: "text" },
  /** Width of one picture, in CSS pixels (default: 600 of lines, 300 of images and contours, 400 of others). */
  width: { kind: "number", least: 1 },
  /** Height of one picture, in CSS pixels (default: as the width asks for, 160 of lines). */
  height: { kind: "number", least: 1 },
} as const;

/** What every chart with two axes takes. */
export const AXES = {
  /** Title of the horizontal axis. */
  xTitle: { kind: "text" },
  /** Title of the vertical axis. */
  yTitle: { kind: "text" },
  /** Drawn over the picture: other charts, or layers of vega-lite. */
  over: {
    expected: "a list of charts or layers",
    accepts: (value: unknown): value is readonly object[] => everyOf(value, isOptions),
  },
} as const;

/** What charts take whose axes end where their data do. */
export const LIMITS = {
  /** Ends of the horizontal axis; what is beyond is not drawn (default: where the data end). */
  xDomain: { expected: "two numbers like [0, 1]", accepts: (value: unknown): value is Ends => isEnds(value) },
  /** Ends of the vertical axis; what is beyond is not drawn (default: where the data end). */
  yDomain: { expected: "two numbers like [0, 1]", accepts: (value: unknown): value is Ends => isEnds(value) },
} as const;

/** What charts take that can be looked into. */
export const ZOOM = {
  /** Where the chart is shown with its description: dragging moves, and the wheel zooms (default false). */
  zoom: { kind: [true, false], default: false },
} as const;

type FrameOptions = OptionsOf<typeof FRAME & typeof AXES>;

/** A description of vega-lite. */
export type Layer = Readonly<Record<string, unknown>>;

/** What stands above a chart, if it is text. */
export function titleOf({ title }: { readonly title?: unknown }): string | undefined {
  const text = isOptions(title) ? (title as Layer)["text"] : title;
  return typeof text === "string" ? text : undefined;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Charts keep their own colours, and dashes with them: lines have one legend of both only if neither is shared. */
export const OWN_COLORS = { scale: { color: "independent", fill: "independent", strokeDash: "independent" } };

/** A chart: one or more layers in a frame, and what is drawn over them; a single one is a layer too if so `layered`. */
export function pictureOf(
  { title, over = [] }: FrameOptions,
  { width, height }: Size,
  layers: readonly Layer[],
  layered: boolean = layers.length + over.length > 1,
): object {
  const frame = { ...(title === undefined ? {} : { title }), width, height };
  if (!layered) return { ...frame, ...layers[0] };
  const charts = over.map((chart) => ("width" in chart ? asLayer(chart) : chart));
  const ownColors = over.some((chart) => "width" in chart) ? { resolve: OWN_COLORS } : {};
  return { ...frame, layer: [...layers, ...charts], ...ownColors };
}

/** Of a chart what a layer of another may have, inside of its frame, with nothing to say about axes and size. */
export function asLayer(chart: object): Layer {
  const { title: _title, width: _width, height: _height, params: _params, ...rest } = chart as Layer;
  const clipped = (mark: unknown): unknown => (isOptions(mark) ? { ...mark, clip: true } : mark);
  return eachUnit(rest, (unit) => ({
    ...unit,
    mark: clipped(unit["mark"]),
    encoding: onAxes(unit["encoding"], withoutAxis),
  }));
}

/** A description with each of its units, which have marks, as `change` makes it. */
export function eachUnit(spec: Layer, change: (unit: Layer) => Layer): Layer {
  const { layer } = spec as { readonly layer?: readonly Layer[] };
  return Array.isArray(layer) ? { ...spec, layer: layer.map((each: Layer) => eachUnit(each, change)) } : change(spec);
}

/** Both channels of position as `change` makes them. */
export const onAxes = (encoding: unknown, change: (channel: Layer, axis: "x" | "y") => Layer): Layer =>
  Object.fromEntries(
    Object.entries((encoding ?? {}) as Readonly<Record<string, Layer>>).map(([name, channel]) => [
      name,
      name === "x" || name === "y" ? change(channel, name) : channel,
    ]),
  );

/** The axis is that of the chart below, with what it stands for. */
function withoutAxis({ title: _title, axis, scale, ...rest }: Layer): Layer {
  const { domain: _domain, nice: _nice, zero: _zero, ...kept } = (scale ?? {}) as Layer;
  return {
    ...rest,
    ...(axis === null ? { axis } : {}),
    ...(scale === null ? { scale } : Object.keys(kept).length > 0 ? { scale: kept } : {}),
  };
}

/** Parameters by which a chart is moved and zoomed. */
export const zoomed = (zoom: boolean): object =>
  zoom ? { params: [{ name: "zoom", select: "interval", bind: "scales" }] } : {};

// ---------------------------------------------------------------------------------------------------------- axes

/** Pixels from one number of an axis to the next. */
const APART = { x: 55, y: 35 } as const;

/** As many numbers as have room. */
const ticksIn = (axis: "x" | "y", size: number): number => Math.max(2, Math.ceil(size / APART[axis]));

/** Where all numbers of an axis are smaller, each is written with a power of ten: vega fills them with zeros. */
const TINY = 1e-3;

/** The numbers of a linear axis that goes through `ends`. */
export const numbersOn = (axis: "x" | "y", size: number, ends: Ends): Layer => ({
  tickCount: ticksIn(axis, size),
  ...(Math.max(...ends.map(Math.abs)) < TINY ? { labelExpr: "datum.value ? format(datum.value, '~e') : '0'" } : {}),
});

/** A linear axis that ends where the domain does. */
export const linear = (axis: "x" | "y", domain: Ends, size: number, title = ""): Layer => ({
  type: "quantitative",
  title,
  scale: { domain, nice: false, zero: false },
  axis: { title, ...numbersOn(axis, size, domain) },
});

const MARGIN = 0.03;

/** The ends of an axis: a little beyond the numbers, every `step`th from `from`. */
export function marginal(numbers: ArrayLike<number>, from = 0, step = 1): Ends {
  const [low, high] = extent(numbers, from, step);
  const margin = (high - low) * MARGIN || Math.max(Math.abs(low), 1) * MARGIN;
  return [low - margin, high + margin];
}

/** Both axes have one scale, as far as the picture does not become a strip. */
export const heightFor = (width: number, [[left, right], [low, high]]: readonly [Ends, Ends]): number =>
  Math.round(Math.min(2 * width, Math.max(width / 4, (width * (high - low)) / (right - left))));

const POWER = "floor(log(datum.value) / LN10 + 1e-9)";
const LEADING = `round(datum.value / pow(10, ${POWER}))`;
const TEXT = `(${POWER} > -5 && ${POWER} < 6 ? format(datum.value, ',.6~g') : replace(format(datum.value, '~e'), '+', ''))`;

/** Pixels from one number of a logarithmic axis to the next that leave room for both. */
const roomFor = (axis: "x" | "y", low: number, high: number): number =>
  axis === "y" ? 16 : 18 + 6 * Math.max(...[low, high].map((end) => lengthOf(Math.floor(Math.log10(end)))));

/** Characters of a number with this power of ten. */
const lengthOf = (power: number): number =>
  power < -4 || power > 5 ? 4 : power < 0 ? 2 - power : power + (power > 2 ? 2 : 1);

/**
 * A logarithmic axis for numbers: it has ticks at 1, 2, 5, 10, 20 … where there is room, else at powers of ten, which
 * stand out from what is between.
 */
export function logarithmic(axis: "x" | "y", numbers: readonly number[], size: number): Layer {
  const [low, high] = extent(numbers.filter((number) => number > 0));
  const decades = Math.log10(high / low);
  const room = roomFor(axis, low, high);
  const ticks = Math.max(1, Math.floor(size / room));
  const labelled = Math.log10(2) * size >= room * decades ? "[1, 2, 5]" : "[1]";
  const tickCount =
    decades < 1 ? ticks : labelled === "[1]" ? Math.min(ticks, Math.floor(decades)) : Math.ceil(decades) + 1;
  return {
    scale: { type: "log", nice: axis === "y" && decades >= 2 },
    axis: {
      format: ",.6~g",
      tickCount,
      labelExpr: decades < 1 ? TEXT : `indexof(${labelled}, ${LEADING}) < 0 ? '' : ${TEXT}`,
      gridOpacity: { condition: { test: `${LEADING} == 1`, value: 1 }, value: 0.4 }, // times that of the theme
      tickOpacity: { condition: { test: `indexof(${labelled}, ${LEADING}) < 0`, value: 0.3 }, value: 1 },
    },
  };
}
