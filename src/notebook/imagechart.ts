/**
 * Pictures of grids for `chart`: a matrix in colours, with axes and a legend. The one idea: the pixels travel as a PNG
 * inside the vega-lite description, so that a fine grid costs kilobytes and not a mark for each pixel. Knows nothing of
 * formulas.
 */
import { crc32, deflateSync } from "node:zlib";
import { checkArray } from "../array/check";
import { readable, shapeText } from "../array/view";
import type { RealArray } from "../array/view";
import { ArgumentError } from "../errors";
import { colorsOf } from "./chart";
import { atMost, optionsOf, withDefaults } from "../options";
import type { OptionsOf } from "../options";

type Ends = readonly [number, number];

const isEnds = (value: unknown): value is Ends =>
  Array.isArray(value) && value.length === 2 && value.every((end) => typeof end === "number");

const IMAGE_CHART = {
  /** What the two ends of the horizontal axis stand for (default 0 and 1). */
  x: { expected: "two numbers like [0, 1]", accepts: (value: unknown): value is Ends => isEnds(value) },
  /** What the two ends of the vertical axis stand for (default 0 and 1). */
  y: { expected: "two numbers like [0, 1]", accepts: (value: unknown): value is Ends => isEnds(value) },
  /** Title of the horizontal axis. */
  xTitle: { kind: "text" },
  /** Title of the vertical axis. */
  yTitle: { kind: "text" },
  /** Stands above the picture. */
  title: { kind: "text" },
  /** For a matrix: the values at the two ends of the colours (default: the least and the greatest). */
  domain: { expected: "two numbers like [0, 1]", accepts: (value: unknown): value is Ends => isEnds(value) },
  /** For a matrix: a continuous colour scheme of vega (default `"viridis"`). */
  scheme: { kind: "text", default: "viridis" },
  /** For a matrix: title of its legend; without one there is no legend. */
  legend: { kind: "text" },
  /** Layers of vega-lite that are drawn over the picture. */
  over: {
    expected: "a list of layers",
    accepts: (value: unknown): value is readonly object[] => Array.isArray(value),
  },
  /** Width in CSS pixels (default 300). */
  width: { kind: "number", least: 1, default: 300 },
  /** Height in CSS pixels (default 300). */
  height: { kind: "number", least: 1, default: 300 },
} as const;

export type ImageChartOptions = OptionsOf<typeof IMAGE_CHART>;

/**
 * Describes a picture in vega-lite v5, for `chart`, of a matrix `[rows, columns]` in colours, or of colours
 * `[rows, columns, 3]`: red, green and blue from 0 to 1. Row 0 is at the bottom, column 0 on the left. NaN is white.
 * Throws ArgumentError for another shape, or for a scheme that vega does not have.
 */
export function imageChart(values: RealArray, options?: ImageChartOptions | null): object {
  atMost("imageChart", 2, arguments);
  const checked = withDefaults(IMAGE_CHART, optionsOf("imageChart", options, IMAGE_CHART));
  const { width, height, title, over = [] } = checked;
  const { shape } = checkArray("imageChart", values);
  const [rows, columns, colors] = shape;
  if (!rows || !columns || shape.length > 3 || (colors !== undefined && colors !== 3))
    throw new ArgumentError(
      `imageChart: expected shape [rows, columns] or [rows, columns, 3], got ${shapeText(shape)}`,
    );
  const numbers = readable(values);
  const scale = { domain: checked.domain ?? extent(numbers), scheme: checked.scheme };
  const pixels = colors ? bytesOf(numbers) : colorPixels(numbers, scale);
  const url = `data:image/png;base64,${png(upsideDown(pixels, 3 * columns), columns).toString("base64")}`;
  const legend = colors === undefined && checked.legend !== undefined ? [legendOf(checked.legend, scale)] : [];
  return {
    ...(title === undefined ? {} : { title }),
    width,
    height,
    layer: [picture(url, width, height, checked), ...legend, ...over],
  };
}

function picture(url: string, width: number, height: number, { x, y, xTitle, yTitle }: ImageChartOptions): object {
  return {
    data: { values: [{}] },
    mark: { type: "image", url, width, height, aspect: false },
    encoding: { x: middleOf(x, xTitle), y: middleOf(y, yTitle) },
  };
}

function middleOf(ends: readonly [number, number] = [0, 1], title = ""): object {
  return {
    datum: (ends[0] + ends[1]) / 2,
    type: "quantitative",
    title,
    scale: { domain: ends, nice: false },
    axis: { tickCount: 5 },
  };
}

/** vega-lite draws a legend of what a layer encodes: one without visible marks will do. */
function legendOf(title: string, scale: ColorScale): object {
  return {
    data: { values: scale.domain.map((value) => ({ value })) },
    mark: { type: "point", opacity: 0 },
    encoding: { color: { field: "value", type: "quantitative", title, scale, legend: { gradientOpacity: 1 } } },
  };
}

// ------------------------------------------------------------------------------------------------------- pixels

type Numbers = RealArray["data"];

interface ColorScale {
  readonly domain: readonly [number, number];
  readonly scheme: string;
}

function extent(numbers: Numbers): [number, number] {
  let [least, greatest] = [Infinity, -Infinity];
  for (const number of numbers) {
    if (number < least) least = number;
    if (number > greatest) greatest = number;
  }
  return least <= greatest ? [least, greatest] : [0, 1];
}

const SHADES = 256;
const WHITE = [255, 255, 255];

function colorPixels(numbers: Numbers, { domain: [least, greatest], scheme }: ColorScale): Uint8Array {
  const shades = colorsOf(scheme, SHADES);
  const pixels = new Uint8Array(3 * numbers.length);
  for (const [k, number] of numbers.entries()) {
    const part = (number - least) / (greatest - least || 1);
    const shade = Math.round(Math.min(1, Math.max(0, part)) * (SHADES - 1));
    pixels.set(shades[shade] ?? WHITE, 3 * k);
  }
  return pixels;
}

const bytesOf = (parts: Numbers): Uint8Array =>
  Uint8Array.from(parts, (part) => Math.round(255 * Math.min(1, Math.max(0, part))));

/** Pictures begin with their highest row. */
function upsideDown(pixels: Uint8Array, rowBytes: number): Uint8Array {
  const rows = pixels.length / rowBytes;
  const turned = new Uint8Array(pixels.length);
  for (let r = 0; r < rows; r++)
    turned.set(pixels.subarray(r * rowBytes, (r + 1) * rowBytes), (rows - 1 - r) * rowBytes);
  return turned;
}

// ---------------------------------------------------------------------------------------------------------- PNG

const SIGNATURE = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");

/** A PNG of 8-bit RGB pixels (Portable Network Graphics, W3C Recommendation, sections 5 and 11). */
function png(pixels: Uint8Array, columns: number): Buffer {
  const rowBytes = 3 * columns;
  const rows = pixels.length / rowBytes;
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  header.writeUInt32BE(columns, 0);
  header.writeUInt32BE(rows, 4);
  // Before each row stands how it is filtered: 0, not at all.
  const lines = Buffer.alloc(rows * (rowBytes + 1));
  for (let r = 0; r < rows; r++) lines.set(pixels.subarray(r * rowBytes, (r + 1) * rowBytes), r * (rowBytes + 1) + 1);
  return Buffer.concat([SIGNATURE, chunk("IHDR", header), chunk("IDAT", deflateSync(lines)), chunk("IEND")]);
}

/** Length, name, content and checksum. */
function chunk(name: string, content: Uint8Array = new Uint8Array()): Buffer {
  const named = Buffer.concat([Buffer.from(name, "latin1"), content]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, check]);
}
