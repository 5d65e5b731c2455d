/**
 * The packages that draw: vega, vega-lite and resvg, found beside the notebook and loaded at the first chart only. The
 * one idea: what they know better than we do is asked of them here: colours of schemes, contours of grids, the text
 * of their scripts. Knows no chart.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { asserted } from "../asserts";
import { ArgumentError } from "../errors";
import { describeValue } from "../options";

const VERSIONS: Readonly<Record<string, string>> = { vega: "5", "vega-lite": "5", "@resvg/resvg-js": "2" };

export const vega = (): VegaModule => loadCompanion("vega") as VegaModule;
export const vegaLite = (): VegaLiteModule => loadCompanion("vega-lite") as VegaLiteModule;
export const resvg = (): ResvgModule => loadCompanion("@resvg/resvg-js") as ResvgModule;

/** The scripts that draw charts in a browser, vega first. */
export const browserScripts = (): readonly string[] =>
  ["vega/build/vega.min.js", "vega-lite/build/vega-lite.min.js"].map((file) =>
    readFileSync(findCompanion(file), "utf8"),
  );

/** Loads an optional package. @throws ArgumentError that says how to install it. */
const loadCompanion = (name: string): unknown => createRequire(__filename)(findCompanion(name));

/** Where a file of an optional package is: below the working directory of the kernel, else beside tskeops. */
function findCompanion(file: string): string {
  for (const base of [join(process.cwd(), "notebook.js"), __filename]) {
    const path = resolved(createRequire(base), file);
    if (path !== undefined) return path;
  }
  const install = Object.entries(VERSIONS).map(([companion, version]) => `${companion}@${version}`);
  const name = /^(@[^/]*\/)?[^/]*/.exec(file)?.[0] ?? file;
  throw new ArgumentError(
    `chart: expected the package ${name} beside the notebook, got none: run \`npm install ${install.join(" ")}\` there`,
  );
}

function resolved(require: NodeJS.Require, name: string): string | undefined {
  try {
    return require.resolve(name);
  } catch {
    return undefined;
  }
}

/** Red, green and blue from 0 to 255. */
export type Rgb = readonly number[];

/**
 * A continuous colour scheme of vega as `count` colours. Throws ArgumentError if there is none.
 */
export function colorsOf(scheme: unknown, count: number, reverse = false): readonly Rgb[] {
  const colorAt = typeof scheme === "string" ? vega().scheme(scheme) : undefined;
  if (typeof colorAt !== "function")
    throw new ArgumentError(
      `chart, scheme: expected a continuous colour scheme of vega, such as "viridis", got ${typeof scheme === "string" ? `"${scheme}"` : describeValue(scheme)}`,
    );
  const colors = Array.from({ length: count }, (_, n) => {
    const color = (colorAt as (part: number) => string)(n / (count - 1));
    return asserted(color.match(/\d+/g), "a colour").map(Number);
  });
  return reverse ? colors.reverse() : colors;
}

/** A ring of positions [x, y]: the first is the last. */
export type Ring = readonly (readonly [number, number])[];

/**
 * The boundaries of where `values`, rows of `width` numbers, are at least a threshold, for each threshold: number k of
 * a row is at k + 1/2. They run around the grid where it ends. (Marching squares: Lorensen and Cline, 1987, in 2-D.)
 */
export function boundariesOf(values: ArrayLike<number>, width: number, thresholds: readonly number[]): Ring[][] {
  const grid = { width, height: values.length / width, values };
  const transform = [{ type: "isocontour", thresholds, as: null }];
  const { View, parse } = vega();
  const view = new View(parse({ data: [{ name: "grid", values: [grid], transform }] }), { renderer: "none" }).run();
  const found = view.data("grid") as { readonly coordinates: readonly (readonly Ring[])[] }[];
  view.finalize();
  return found.map(({ coordinates }) => coordinates.flat());
}

interface VegaView {
  toSVG(): Promise<string>;
  signal(name: string, value: unknown): VegaView;
  run(): VegaView;
  data(name: string): readonly unknown[];
  finalize(): void;
}
export interface VegaModule {
  readonly parse: (spec: unknown) => unknown;
  /** A function of a number from 0 to 1 that gives "rgb(r, g, b)", for schemes that are continuous. */
  readonly scheme: (name: string) => unknown;
  readonly View: new (runtime: unknown, options: object) => VegaView;
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
