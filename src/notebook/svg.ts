/**
 * A vega-lite description as SVG: for a chart with a slider a strip of its pictures, some of them in rows. The one idea:
 * the pictures of a strip are those of the same description, with another value of the slider. Knows no other chart.
 */
import { asserted } from "../asserts";
import { ArgumentError, KeopsError } from "../errors";
import { messageOf } from "../options";
import { vega, vegaLite } from "./companions";
import type { VegaModule } from "./companions";

/** What the parameter behind the slider is called. */
export const FRAME_PARAMETER = "frame";

/** Draws a description. @throws ArgumentError for one that cannot be drawn. */
export async function drawSvg(spec: object): Promise<string> {
  try {
    const drawing = vega();
    const count = framesOf(spec);
    const compiled = vegaLite().compile(spec).spec;
    if (count === 0) return await svgOf(drawing, compiled);
    const pictures = await Promise.all(spread(count).map((frame) => svgOf(drawing, compiled, frame)));
    return strip(pictures, backgroundIn(spec));
  } catch (error) {
    if (error instanceof KeopsError) throw error;
    const message = `chart: expected a vega-lite v5 description that can be drawn, got ${messageOf(error)}`;
    throw new ArgumentError(message, { cause: error });
  }
}

async function svgOf({ View, parse }: VegaModule, compiled: unknown, frame?: number): Promise<string> {
  const view = new View(parse(compiled), { renderer: "none" });
  if (frame !== undefined) view.signal(FRAME_PARAMETER, frame);
  return await view.toSVG().finally(() => view.finalize());
}

/** How many pictures the slider of a description goes through, 0 without one. */
function framesOf(spec: object): number {
  const { params } = spec as { readonly params?: unknown };
  const list = Array.isArray(params) ? (params as { name?: unknown; bind?: { max?: number } }[]) : [];
  const slider = list.find(({ name }) => name === FRAME_PARAMETER);
  return slider?.bind?.max === undefined ? 0 : slider.bind.max + 1;
}

const MOST = 8;

/** The first, the last, and some between. */
const spread = (count: number): number[] => {
  const shown = Math.min(count, MOST);
  return Array.from({ length: shown }, (_, k) => (shown === 1 ? 0 : Math.round((k * (count - 1)) / (shown - 1))));
};

const backgroundIn = (spec: object): string =>
  (spec as { readonly config?: { readonly background?: string } }).config?.background ?? "white";

/** Pictures beside and below each other. */
function strip(pictures: readonly string[], background: string): string {
  const sizes = pictures.map((svg) => {
    const [, width, height] = asserted(/<svg[^>]* width="([\d.]+)" height="([\d.]+)"/.exec(svg), "a size");
    return [Number(width), Number(height)] as const;
  });
  const [width, height] = [0, 1].map((axis) => Math.max(...sizes.map((size) => size[axis as 0 | 1]))) as [
    number,
    number,
  ];
  const columns = pictures.length <= MOST / 2 ? pictures.length : Math.ceil(pictures.length / 2);
  const placed = pictures.map((svg, k) => {
    const [x, y] = [(k % columns) * width, Math.floor(k / columns) * height];
    return ownNames(svg, k).replace(/<svg /, `<svg x="${String(x)}" y="${String(y)}" `);
  });
  const [all, down] = [columns * width, Math.ceil(pictures.length / columns) * height];
  const names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"';
  const box = `width="${String(all)}" height="${String(down)}" viewBox="0 0 ${String(all)} ${String(down)}"`;
  return `<svg ${names} ${box}><rect width="100%" height="100%" fill="${background}"/>${placed.join("")}</svg>`;
}

/** Clips and gradients have names that would meet those of the other pictures. */
const ownNames = (svg: string, picture: number): string =>
  svg.replaceAll(/(\sid="|url\(#)/g, (found) => `${found}p${String(picture)}-`);
