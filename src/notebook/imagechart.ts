/**
 * Pictures of grids for `chart`: a matrix in colours, with axes and a legend. The one idea: the pixels travel as a PNG inside the
 * vega-lite description, so that a fine grid costs kilobytes and not a mark for each pixel. Knows nothing of formulas.
 */
import { crc32, deflateSync } from "node:zlib";
import { checkArray } from "../array/check";
import { readable, shapeText } from "../array/view";
import type { RealArray } from "../array/view";
import { ArgumentError } from "../errors";
import { atMost, described, optionsOf } from "../options";
import { colorsOf } from "./chart";

export interface ImageChartOptions {
  /** What the two ends of the horizontal and of the vertical axis stand for (default 0 and 1). */
  readonly x?: readonly [number, number];
  readonly y?: readonly [number, number];
  readonly xTitle?: string;
  readonly yTitle?: string;
  readonly title?: string;
  /** Of a matrix: the values at the two ends of the colours (default: the least and the greatest). */
  readonly domain?: readonly [number, number];
  /** Of a matrix: a continuous colour scheme of vega (default `"viridis"`). */
  readonly scheme?: string;
  /** Of a matrix: title of its legend; without one there is no legend. */
  readonly legend?: string;
  /** Layers of vega-lite that are drawn over the picture. */
  readonly over?: readonly object[];
  /** Size in CSS pixels (default 300 by 300). */
  readonly width?: number;
  readonly height?: number;
}

const IMAGE_CHART_OPTIONS = Object.keys({
  x: true,
  y: true,
  xTitle: true,
  yTitle: true,
  title: true,
  domain: true,
  scheme: true,
  legend: true,
  over: true,
  width: true,
  height: true,
} satisfies Record<keyof ImageChartOptions, true>);

/**
 * Describes a picture in vega-lite v5, for `chart`, of a matrix `[rows, columns]` in colours, or of colours
 * `[rows, columns, 3]`: red, green and blue from 0 to 1. Row 0 is at the bottom, column 0 on the left. NaN is white.
 * Throws ArgumentError for another shape, or for a scheme that vega does not have.
 */
export function imageChart(values: RealArray, options?: ImageChartOptions | null): object {
  atMost("imageChart", 2, arguments);
  const checked = optionsOf("imageChart", options, IMAGE_CHART_OPTIONS);
  const { width = 300, height = 300, title, over = [] } = checked;
  for (const name of ["x", "y", "domain"] as const) checkEnds(name, checked[name]);
  if (!Array.isArray(over))
    throw new ArgumentError(`imageChart, over: expected a list of layers, got ${described(over)}`);
  const layers: readonly object[] = over;
  const { shape } = checkArray("imageChart", values);
  const [rows, columns, colors] = shape;
  if (!rows || !columns || shape.length > 3 || (colors !== undefined && colors !== 3))
    throw new ArgumentError(
      `imageChart: expected shape [rows, columns] or [rows, columns, 3], got ${shapeText(shape)}`,
    );
  const numbers = readable(values);
  const scale = { domain: checked.domain ?? extent(numbers), scheme: checked.scheme ?? "viridis" };
  const pixels = colors ? bytesOf(numbers) : colored(numbers, scale);
  const url = `data:image/png;base64,${png(upsideDown(pixels, 3 * columns), columns).toString("base64")}`;
  const legend = colors === undefined && checked.legend !== undefined ? [legendOf(checked.legend, scale)] : [];
  return {
    ...(title === undefined ? {} : { title }),
    width,
    height,
    layer: [picture(url, width, height, checked), ...legend, ...layers],
  };
}

function checkEnds(name: string, ends: unknown): void {
  const fits = Array.isArray(ends) && ends.length === 2 && ends.every((end) => typeof end === "number");
  if (ends === undefined || fits) return;
  throw new ArgumentError(`imageChart, ${name}: expected two numbers like [0, 1], got ${described(ends)}`);
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

interface ColorScale {
  readonly domain: readonly [number, number];
  readonly scheme: string;
}

function extent(numbers: ArrayLike<number>): [number, number] {
  let [least, greatest] = [Infinity, -Infinity];
  for (let k = 0; k < numbers.length; k++) {
    if (numbers[k]! < least) least = numbers[k]!;
    if (numbers[k]! > greatest) greatest = numbers[k]!;
  }
  return least <= greatest ? [least, greatest] : [0, 1];
}

const SHADES = 256;
const WHITE = [255, 255, 255];

function colored(numbers: ArrayLike<number>, { domain: [least, greatest], scheme }: ColorScale): Uint8Array {
  const shades = colorsOf(scheme, SHADES);
  const pixels = new Uint8Array(3 * numbers.length);
  for (let k = 0; k < numbers.length; k++) {
    const part = (numbers[k]! - least) / (greatest - least || 1);
    const shade = Math.round(Math.min(1, Math.max(0, part)) * (SHADES - 1));
    pixels.set(shades[shade] ?? WHITE, 3 * k);
  }
  return pixels;
}

const bytesOf = (parts: ArrayLike<number>): Uint8Array =>
  Uint8Array.from({ length: parts.length }, (_, k) => Math.round(255 * Math.min(1, Math.max(0, parts[k]!))));

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
