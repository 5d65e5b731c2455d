/**
 * Pictures of grids for `chart`: a matrix in colours, with axes and a legend. The one idea: the pixels travel as a PNG
 * inside the vega-lite description, so that a fine grid costs kilobytes and not a mark for each pixel. Knows nothing of
 * formulas.
 */
import { shapeText } from "../array/view";
import { ArgumentError } from "../errors";
import { atMost, optionsOf, withDefaults } from "../options";
import type { OptionsOf, SettledOf } from "../options";
import { SCHEME, scaleOf } from "./coloring";
import { extent, isEnds, numbersOf } from "./columns";
import type { ChartValues, Ends, Numbers } from "./columns";
import { colorsOf } from "./companions";
import { AXES, FRAME, linear, pictureOf } from "./plane";
import type { Layer } from "./plane";
import { png } from "./png";

/** Where a grid is. */
export const PLACE = {
  /** What the two ends of the horizontal axis stand for (default 0 and 1). */
  x: { expected: "two numbers like [0, 1]", accepts: (value: unknown): value is Ends => isEnds(value) },
  /** What the two ends of the vertical axis stand for (default 0 and 1). */
  y: { expected: "two numbers like [0, 1]", accepts: (value: unknown): value is Ends => isEnds(value) },
  /** Where row 0 is (default `"lower"`: at the bottom). */
  origin: { kind: ["lower", "upper"], default: "lower" },
} as const;

const IMAGE = {
  /** Blend pixels that are larger than those of the screen (default true). */
  smooth: { kind: [true, false], default: true },
  /** Draw the axes (default true). */
  axes: { kind: [true, false], default: true },
} as const;

type Rows = typeof PLACE & typeof IMAGE & typeof SCHEME & typeof AXES & typeof FRAME;
const ALL: Rows = { ...PLACE, ...IMAGE, ...SCHEME, ...AXES, ...FRAME };

/** Options of `imageChart`. */
export type ImageChartOptions = OptionsOf<Rows>;
type Settled = ImageChartOptions & SettledOf<Rows>;

const SIDE = 300;

/**
 * Describes a picture in vega-lite v5, for `chart`, of a matrix `[rows, columns]` in colours, or of colours
 * `[rows, columns, 3]`: red, green and blue from 0 to 1. Row 0 is at the bottom, column 0 on the left. NaN is white.
 * @param values `[rows, columns]`, or `[rows, columns, 3]`
 * @returns a description for `chart`
 * @throws ArgumentError for another shape, or for a scheme that vega does not have
 * @example console.log(typeof notebook.imageChart(rand([20, 30]))); // object
 */
export function imageChart(values: ChartValues, options?: ImageChartOptions | null): object {
  atMost("imageChart", 2, arguments);
  const checked = withDefaults(ALL, optionsOf("imageChart", options, ALL));
  const size = { width: checked.width ?? SIDE, height: checked.height ?? SIDE };
  const { shape, numbers } = numbersOf("imageChart", values);
  const [rows, columns, colors] = shape;
  if (!rows || !columns || shape.length > 3 || (colors !== undefined && colors !== 3))
    throw new ArgumentError(
      `imageChart: expected shape [rows, columns] or [rows, columns, 3], got ${shapeText(shape)}`,
    );
  const look = { ...checked, domain: checked.domain ?? extent(numbers) };
  const pixels = colors ? bytesOf(numbers) : colorPixels(numbers, look);
  const turned = look.origin === "lower" ? upsideDown(pixels, 3 * columns) : pixels;
  const times = look.smooth ? 1 : Math.ceil(2 * Math.max(size.width / columns, size.height / rows));
  const url = `data:image/png;base64,${png(enlarged(turned, columns, times), times * columns).toString("base64")}`;
  const legend = colors === undefined && look.legend !== undefined ? [legendOf(look.legend, look)] : [];
  return pictureOf(checked, size, [{ ...imageOf(url, look, size) }, ...legend], true);
}

/** The ends of both axes. */
export const endsOf = ({ x = [0, 1], y, origin }: OptionsOf<typeof PLACE>): readonly [Ends, Ends] => [
  x,
  y ?? (origin === "upper" ? [1, 0] : [0, 1]),
];

function imageOf(url: string, look: Settled, { width, height }: { width: number; height: number }): Layer {
  const [x, y] = endsOf(look);
  return {
    data: { values: [{}] },
    mark: { type: "image", url, width, height, aspect: false },
    encoding: {
      x: middleOf(x, linear("x", x, width, look.xTitle), look),
      y: middleOf(y, linear("y", y, height, look.yTitle), look),
    },
  };
}

const middleOf = (ends: Ends, axis: Layer, { axes }: Settled): Layer => ({
  datum: (ends[0] + ends[1]) / 2,
  ...axis,
  ...(axes ? {} : { axis: null }),
});

/** vega-lite draws a legend of what a layer encodes: one without visible marks will do. */
export function legendOf(title: string, look: Parameters<typeof scaleOf>[0] & { readonly domain: Ends }): Layer {
  const { clamp: _clamp, ...scale } = scaleOf(look) as Layer;
  return {
    data: { values: look.domain.map((value) => ({ value })) },
    mark: { type: "point", opacity: 0 },
    encoding: { color: { field: "value", type: "quantitative", title, scale, legend: { gradientOpacity: 1 } } },
  };
}

// ------------------------------------------------------------------------------------------------------- pixels

const SHADES = 256;
const WHITE = [255, 255, 255];

function colorPixels(numbers: Numbers["numbers"], { domain, scheme, reverse }: Settled & { domain: Ends }): Uint8Array {
  const [least, greatest] = domain;
  const shades = colorsOf(scheme, SHADES, reverse);
  const pixels = new Uint8Array(3 * numbers.length);
  for (const [k, number] of numbers.entries()) {
    const part = (number - least) / (greatest - least || 1);
    const shade = Math.round(Math.min(1, Math.max(0, part)) * (SHADES - 1));
    pixels.set(shades[shade] ?? WHITE, 3 * k);
  }
  return pixels;
}

const bytesOf = (parts: Numbers["numbers"]): Uint8Array =>
  Uint8Array.from(parts, (part) => Math.round(255 * Math.min(1, Math.max(0, part))));

/** Pictures begin with their highest row. */
function upsideDown(pixels: Uint8Array, rowBytes: number): Uint8Array {
  const rows = pixels.length / rowBytes;
  const turned = new Uint8Array(pixels.length);
  for (let r = 0; r < rows; r++)
    turned.set(pixels.subarray(r * rowBytes, (r + 1) * rowBytes), (rows - 1 - r) * rowBytes);
  return turned;
}

/** Each pixel as a square of `times` by `times`. */
function enlarged(pixels: Uint8Array, columns: number, times: number): Uint8Array {
  if (times === 1) return pixels;
  const [row, wide] = [3 * columns, 3 * columns * times];
  const large = new Uint8Array(pixels.length * times ** 2);
  for (let k = 0; k < large.length; k += 3) {
    const [r, c] = [Math.floor(k / wide / times), Math.floor((k % wide) / 3 / times)];
    large.set(pixels.subarray(r * row + 3 * c, r * row + 3 * c + 3), k);
  }
  return large;
}
