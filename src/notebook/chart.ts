/**
 * Charts for notebooks: a vega-lite v5 description in, a picture in the notebook out, with a PNG beside it for readers
 * that cannot draw vega-lite (nbconvert, code forges). The idea: one bundle of formats, and the reader picks the best
 * it knows. vega, vega-lite and resvg are found beside the notebook and loaded at the first chart only. Knows nothing
 * of formulas.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { inspect } from "node:util";
import { asserted } from "../asserts";
import { ArgumentError } from "../errors";
import { atMost, describeValue, optionsOf, withDefaults } from "../options";
import type { OptionsOf, RequiredOptionsOf } from "../options";

/**
 * One picture in the formats of a Jupyter output: `data` by MIME type, the PNG in base64, and its size in CSS pixels.
 */
export interface ChartBundle {
  readonly data: {
    readonly "application/vnd.vegalite.v5+json": object;
    readonly "image/png": string;
    readonly "text/plain": string;
  };
  readonly metadata: { readonly "image/png": { readonly width: number; readonly height: number } };
}

const CHART = {
  /** Show the picture when a tslab cell is running (default true). */
  show: { kind: [true, false], default: true },
} as const;

export type ChartOptions = OptionsOf<typeof CHART>;

/**
 * Draws a vega-lite v5 description, shows it in the running tslab cell, and resolves to the picture; outside tslab it
 * only resolves. Throws ArgumentError if vega, vega-lite or @resvg/resvg-js is not installed beside the notebook.
 */
export async function chart(spec: object, options?: ChartOptions | null): Promise<ChartBundle> {
  atMost("chart", 2, arguments);
  const { show } = withDefaults(CHART, optionsOf("chart", options, CHART));
  if (typeof spec !== "object" || (spec as unknown) === null || Array.isArray(spec))
    throw new ArgumentError(`chart: expected a vega-lite description, got ${describeValue(spec)}`);
  const versioned: object = { $schema: "https://vega.github.io/schema/vega-lite/v5.json", ...spec };
  const bundle = await draw(versioned);
  if (show) tslabWriter()?.({ ...bundle, transient: {} }, false);
  return bundle;
}

const POSITIONS = {
  /** Field of the horizontal position. */
  x: {
    expected: "the name of a field of the rows",
    accepts: (value: unknown): value is string => typeof value === "string",
    required: true,
  },
  /** Field of the vertical position. */
  y: {
    expected: "the name of a field of the rows",
    accepts: (value: unknown): value is string => typeof value === "string",
    required: true,
  },
} as const;

const LINES = {
  /** Field that names the lines: one colour and one dash pattern each, the first solid. */
  series: { kind: "text" },
  /** Field that stacks one picture for each of its values. */
  row: { kind: "text" },
  /** Scale of the horizontal axis (default `"linear"`). */
  xScale: { kind: ["linear", "log"], default: "linear" },
  /** Scale of the vertical axis (default `"linear"`). */
  yScale: { kind: ["linear", "log"], default: "linear" },
  /** Stands above the picture. */
  title: { kind: "text" },
  /** Width of one picture, in CSS pixels (default 600). */
  width: { kind: "number", least: 1, default: 600 },
  /** Height of one picture, in CSS pixels (default 160). */
  height: { kind: "number", least: 1, default: 160 },
} as const;

export type LineChartOptions = RequiredOptionsOf<typeof POSITIONS> & OptionsOf<typeof LINES>;

/**
 * Describes lines through `rows`, one object for each point, in vega-lite v5, for `chart`.
 * Throws ArgumentError unless `x` and `y` name fields, and for a scale that is none.
 */
export function lineChart(rows: readonly object[], options: LineChartOptions): object {
  atMost("lineChart", 2, arguments);
  const checked = optionsOf("lineChart", options, { ...POSITIONS, ...LINES });
  const { x, y, series, row, title, xScale, yScale, width, height } = withDefaults(LINES, checked);
  checkRows(rows);
  return {
    ...(title === undefined ? {} : { title }),
    data: { values: rows },
    mark: { type: "line", strokeJoin: "round" },
    width,
    height,
    encoding: {
      x: { field: x, type: "quantitative", ...X_SCALES[xScale] },
      y: { field: y, type: "quantitative", ...Y_SCALES[yScale] },
      ...(series === undefined ? {} : seriesEncoding(series)),
      ...(row === undefined ? {} : { row: { field: row, type: "nominal", title: null, sort: null } }),
    },
    resolve: { scale: { y: "independent" } },
  };
}

function checkRows(rows: unknown): void {
  const wrong = Array.isArray(rows) ? rows.findIndex((row) => typeof row !== "object" || row === null) : -1;
  if (Array.isArray(rows) && wrong < 0) return;
  const got = Array.isArray(rows) ? `${describeValue(rows[wrong])} at ${wrong}` : describeValue(rows);
  throw new ArgumentError(`lineChart, rows: expected a list of objects, one for each point, got ${got}`);
}

/** Grid lines of powers of ten stand out. */
const PALE_BETWEEN = {
  gridColor: {
    condition: { test: "abs(log(datum.value) / LN10 - round(log(datum.value) / LN10)) < 1e-9", value: "#ccc" },
    value: "#f0f0f0",
  },
};

const X_SCALES = {
  linear: { scale: { nice: false } },
  log: { scale: { type: "log", nice: false }, axis: { format: ",.6~g", tickCount: 6, ...PALE_BETWEEN } },
};

/** Powers of ten need few ticks, written as such. */
const Y_SCALES = {
  linear: { scale: { zero: false } },
  log: { scale: { type: "log" }, axis: { format: "~e", tickCount: 6, ...PALE_BETWEEN } },
};

const DASHES = [
  [1, 0],
  [6, 4],
  [2, 2],
  [8, 3, 2, 3],
];

/** The same field on both channels, so that vega-lite joins them into one legend. */
function seriesEncoding(field: string): object {
  const channel = { field, type: "nominal", sort: null, title: null, legend: { symbolSize: 400, labelLimit: 300 } };
  return { color: channel, strokeDash: { ...channel, scale: { range: DASHES } } };
}

const PNG_SCALE = 2;

async function draw(spec: object): Promise<ChartBundle> {
  const svg = await toSvg(spec);
  const { Resvg } = loadCompanion("@resvg/resvg-js") as ResvgModule;
  const image = new Resvg(svg, { ...RESVG_OPTIONS, fitTo: { mode: "zoom", value: PNG_SCALE } }).render();
  const bundle: ChartBundle = {
    data: {
      "application/vnd.vegalite.v5+json": spec,
      "image/png": image.asPng().toString("base64"),
      "text/plain": describe(spec, hasFonts(Resvg)),
    },
    metadata: { "image/png": { width: image.width / PNG_SCALE, height: image.height / PNG_SCALE } },
  };
  return withShortInspection(bundle);
}

async function toSvg(spec: object): Promise<string> {
  const vega = loadCompanion("vega") as VegaModule;
  const { compile } = loadCompanion("vega-lite") as VegaLiteModule;
  try {
    const view = new vega.View(vega.parse(compile(spec).spec), { renderer: "none" });
    return await view.toSVG().finally(() => view.finalize());
  } catch (error) {
    const message = `chart: expected a vega-lite v5 description that can be drawn, got ${(error as Error).message}`;
    throw new ArgumentError(message, { cause: error });
  }
}

/** DejaVu Sans is on nearly every Linux machine; resvg takes another font that it finds where that one is missing. */
const RESVG_OPTIONS = {
  background: "white",
  font: { loadSystemFonts: true, defaultFontFamily: "DejaVu Sans", sansSerifFamily: "DejaVu Sans" },
};

/** Without any font on the machine, resvg leaves all text out and says nothing: one letter tells. */
function hasFonts(Resvg: ResvgModule["Resvg"]): boolean {
  const letter = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><text x="9" y="30">M</text></svg>`;
  return new Resvg(letter, RESVG_OPTIONS).getBBox() !== undefined;
}

function describe(spec: object, readable: boolean): string {
  const name = "title" in spec && typeof spec.title === "string" ? `[chart: ${spec.title}]` : "[chart]";
  return readable
    ? name
    : `${name} (its PNG has no text: no font on this machine; install fonts-dejavu-core or another)`;
}

/** A cell that ends in a chart prints its value: the plain text, not the megabytes. */
function withShortInspection(bundle: ChartBundle): ChartBundle {
  return Object.defineProperty(bundle, inspect.custom, { value: () => bundle.data["text/plain"] });
}

/**
 * A continuous colour scheme of vega as `count` colours: red, green and blue from 0 to 255. Throws ArgumentError if
 * there is none.
 */
export function colorsOf(scheme: unknown, count: number): readonly (readonly number[])[] {
  const { scheme: schemeNamed } = loadCompanion("vega") as VegaModule;
  const colorAt = typeof scheme === "string" ? schemeNamed(scheme) : undefined;
  if (typeof colorAt !== "function")
    throw new ArgumentError(
      `chart, scheme: expected a continuous colour scheme of vega, such as "viridis", got ${typeof scheme === "string" ? `"${scheme}"` : describeValue(scheme)}`,
    );
  return Array.from({ length: count }, (_, n) => {
    const color = (colorAt as (part: number) => string)(n / (count - 1));
    return asserted(color.match(/\d+/g), "a colour").map(Number);
  });
}

const VERSIONS: Readonly<Record<string, string>> = { vega: "5", "vega-lite": "5", "@resvg/resvg-js": "2" };

/**
 * Loads an optional package from the notebook's folder (the working directory of the kernel), else from beside tskeops.
 */
function loadCompanion(name: string): unknown {
  for (const base of [join(process.cwd(), "notebook.js"), __filename]) {
    const require = createRequire(base);
    if (isResolvable(require, name)) return require(name);
  }
  const install = Object.entries(VERSIONS).map(([companion, version]) => `${companion}@${version}`);
  throw new ArgumentError(
    `chart: expected the package ${name} beside the notebook, got none: run \`npm install ${install.join(" ")}\` there`,
  );
}

function isResolvable(require: NodeJS.Require, name: string): boolean {
  try {
    return require.resolve(name) !== "";
  } catch {
    return false;
  }
}

/** Writes an output of the running cell, or an update of one. */
export type DisplayWriter = (content: object, update: boolean) => void;

/**
 * tslab's public `display` sends one format per output; its own writer sends a bundle. The kernel that runs us is the
 * copy of tslab whose writer is set.
 */
export function tslabWriter(): DisplayWriter | undefined {
  for (const [path, loaded] of Object.entries(require.cache)) {
    if (!/[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(path)) continue;
    const { lastWriteDisplayData } = loaded?.exports as { lastWriteDisplayData?: DisplayWriter | null };
    if (lastWriteDisplayData) return lastWriteDisplayData;
  }
  return undefined;
}

interface VegaModule {
  readonly parse: (spec: unknown) => unknown;
  /** A function of a number from 0 to 1 that gives "rgb(r, g, b)", for schemes that are continuous. */
  readonly scheme: (name: string) => unknown;
  readonly View: new (runtime: unknown, options: object) => { toSVG(): Promise<string>; finalize(): void };
}
interface VegaLiteModule {
  readonly compile: (spec: object) => { readonly spec: unknown };
}
interface ResvgModule {
  readonly Resvg: new (
    svg: string,
    options: object,
  ) => {
    render(): { asPng(): Buffer; readonly width: number; readonly height: number };
    getBBox(): object | undefined;
  };
}
