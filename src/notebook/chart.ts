/**
 * Charts for notebooks: a vega-lite v5 description in, a picture in the notebook out, with a PNG beside it for readers
 * that cannot draw vega-lite (nbconvert, code forges); or a file. The one idea: one bundle of formats, and the reader
 * picks the best it knows. Knows nothing of formulas.
 */
import { writeFileSync } from "node:fs";
import { inspect } from "node:util";
import { ArgumentError } from "../errors";
import { atMost, describeValue, optionsOf, withDefaults } from "../options";
import type { OptionsOf } from "../options";
import { resvg } from "./companions";
import { embedOptionsOf, htmlOf } from "./html";
import type { EmbedOptions } from "./html";
import { displayWriter, noteShown } from "./kernels";
import { titleOf } from "./plane";
import { drawSvg } from "./svg";
import { backgroundOf, themed } from "./theme";
import type { ThemeName } from "./theme";

/**
 * One picture in the formats of a Jupyter output: `data` by MIME type, the PNG in base64, and its size in CSS pixels.
 */
export interface ChartBundle {
  /** The picture in each format. */
  readonly data: {
    readonly "application/vnd.vegalite.v5+json": object;
    readonly "image/png": string;
    readonly "text/plain": string;
  };
  /** The size in CSS pixels, and how readers with vega-embed draw the description. */
  readonly metadata: {
    readonly "application/vnd.vegalite.v5+json": { readonly embed_options: EmbedOptions };
    readonly "image/png": { readonly width: number; readonly height: number };
  };
}

const THEME = {
  /** Colours of text, lines and background (default `"light"`). */
  theme: { kind: ["light", "dark"], default: "light" },
} as const;

const SHOWN = {
  /** Show the picture when a cell of a notebook is running (default true). */
  show: { kind: [true, false], default: true },
} as const;

const OWN_THEME = {
  /** Colours of text, lines and background (default: the reader's, light ones in the PNG). */
  theme: { kind: ["light", "dark"] },
} as const;

type ChartRows = typeof SHOWN & typeof OWN_THEME;
const CHART: ChartRows = { ...SHOWN, ...OWN_THEME };

/** Options of `chart`. */
export type ChartOptions = OptionsOf<ChartRows>;
/** Options of `saveChart`. */
export type SaveChartOptions = OptionsOf<typeof THEME>;

/**
 * Draws a vega-lite v5 description, shows it in the running cell, and resolves to the picture; outside of
 * notebooks it only resolves.
 * @param spec the description
 * @returns a promise of the picture, in the formats of a notebook's output
 * @throws ArgumentError if vega, vega-lite or @resvg/resvg-js is not installed beside the notebook
 * @example
 * const { data } = await notebook.chart(notebook.lineChart({ n: [1, 2, 3], y: [2, 4, 3] }, { x: "n", y: "y" }));
 * console.log(data["image/png"].length > 1000); // true
 */
export function chart(spec: object, options?: ChartOptions | null): Promise<ChartBundle> {
  const drawn = drawChart(arguments, spec, options);
  return options?.show === false ? drawn : noteShown(drawn, Infinity);
}

async function drawChart(given: IArguments, spec: object, options?: ChartOptions | null): Promise<ChartBundle> {
  atMost("chart", 2, given);
  const { show, theme } = withDefaults(CHART, optionsOf("chart", options, CHART));
  const bundle = await draw(versioned("chart", spec, theme), versioned("chart", spec, theme ?? "light"), theme);
  if (!show) return bundle;
  await displayWriter()?.({ ...bundle, transient: {} }, false);
  return noteShown(bundle);
}

/** What is written into a file, by how its name ends. */
const WRITERS: Readonly<Record<string, (spec: object, background: string) => Promise<string | Buffer>>> = {
  html: async (spec, background) => htmlOf(spec, background, await drawSvg(spec)),
  png: async (spec, background) => rastered(await drawSvg(spec), background).png,
  svg: (spec) => drawSvg(spec),
  json: (spec) => Promise.resolve(JSON.stringify(spec)),
};

/**
 * Draws a vega-lite v5 description into a file, and resolves to its name. A name that ends in `.html` makes a page
 * that needs nothing else, no network either, with tooltips, zoom and sliders; `.png` a picture of two pixels for each
 * CSS pixel; `.svg` and `.json` (the description) are there too.
 * @param spec the description
 * @param file its name ends in `.html`, `.png`, `.svg` or `.json`
 * @returns a promise of the name
 * @throws ArgumentError for another ending, and as `chart`
 * @example
 * const spec = notebook.histogram(randn([1000], { seed: 1 }));
 * const file = await notebook.saveChart(spec, "histogram.html");
 * console.log(file); // histogram.html
 */
export async function saveChart(spec: object, file: string, options?: SaveChartOptions | null): Promise<string> {
  atMost("saveChart", 3, arguments);
  const { theme } = withDefaults(THEME, optionsOf("saveChart", options, THEME));
  const ending = typeof file === "string" ? /\.(\w+)$/.exec(file)?.[1]?.toLowerCase() : undefined;
  const write = ending !== undefined && Object.hasOwn(WRITERS, ending) ? WRITERS[ending] : undefined;
  if (write === undefined) {
    const endings = Object.keys(WRITERS).map((name) => `.${name}`);
    throw new ArgumentError(`saveChart, file: expected a name with ${endings.join(", ")}, got ${describeValue(file)}`);
  }
  writeFileSync(file, await write(versioned("saveChart", spec, theme), backgroundOf(theme)));
  return file;
}

function versioned(where: string, spec: unknown, theme?: ThemeName): object {
  if (typeof spec !== "object" || spec === null || Array.isArray(spec))
    throw new ArgumentError(`${where}: expected a vega-lite description, got ${describeValue(spec)}`);
  return themed({ $schema: "https://vega.github.io/schema/vega-lite/v5.json", ...spec }, theme);
}

const PNG_SCALE = 2;

/** The bundle of a description, and its picture by one with all colours. */
async function draw(spec: object, colored: object, theme: ThemeName = "light"): Promise<ChartBundle> {
  const svg = await drawSvg(colored);
  const { png, width, height } = rastered(svg, backgroundOf(theme));
  const bundle: ChartBundle = {
    data: {
      "application/vnd.vegalite.v5+json": spec,
      "image/png": png.toString("base64"),
      "text/plain": describe(spec, hasFonts()),
    },
    metadata: {
      "application/vnd.vegalite.v5+json": { embed_options: embedOptionsOf(svg) },
      "image/png": { width: width / PNG_SCALE, height: height / PNG_SCALE },
    },
  };
  return withShortInspection(bundle);
}

function rastered(
  svg: string,
  background: string,
): { readonly png: Buffer; readonly width: number; readonly height: number } {
  const { Resvg } = resvg();
  const image = new Resvg(drawable(svg), { background, ...FONTS, fitTo: { mode: "zoom", value: PNG_SCALE } }).render();
  return { png: image.asPng(), width: image.width, height: image.height };
}

/**
 * resvg 2.6 ends the process where something that is painted as a whole, because it is half transparent or clipped, has
 * no part in the picture, as points beyond the axes: so shapes have half transparent paint, and clips something inside.
 */
const drawable = (svg: string): string =>
  svg
    .replaceAll(/<(?:path|line|rect|text) [^>]*>/g, (shape) =>
      /(fill|stroke)-opacity=/.test(shape)
        ? shape
        : shape.replace(/ opacity="([\d.]+)"/, ' fill-opacity="$1" stroke-opacity="$1"'),
    )
    .replaceAll(/<g [^>]*clip-path="[^>]*>/g, '$&<path d="M0,0h1v1h-1Z" fill="white" fill-opacity="0"/>');

/** resvg takes another font that it finds where this one is missing. */
const FONTS = { font: { loadSystemFonts: true, defaultFontFamily: "DejaVu Sans", sansSerifFamily: "DejaVu Sans" } };

/** Without any font on the machine, resvg leaves all text out and says nothing: one letter tells. */
function hasFonts(): boolean {
  const letter = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><text x="9" y="30">M</text></svg>`;
  const { Resvg } = resvg();
  return new Resvg(letter, FONTS).getBBox() !== undefined;
}

function describe(spec: object, readable: boolean): string {
  const title = titleOf(spec);
  const name = title === undefined ? "[chart]" : `[chart: ${title}]`;
  return readable
    ? name
    : `${name} (its PNG has no text: no font on this machine; install fonts-dejavu-core or another)`;
}

/** A cell that ends in a chart prints its value: the plain text, not the megabytes. */
function withShortInspection(bundle: ChartBundle): ChartBundle {
  return Object.defineProperty(bundle, inspect.custom, { value: () => bundle.data["text/plain"] });
}
