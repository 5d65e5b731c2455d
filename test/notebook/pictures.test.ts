/**
 * One picture of each kind of chart beside an approved one (test/data/pictures), as readers see it. The measure is the
 * mean colour of squares of 3 x 3 pixels, so that a smoother line passes and a lost mark or a moved axis does not. After a
 * change that is meant to be seen, TSKEOPS_APPROVE=1 writes the pictures anew: look at each of them.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { notebook } from "../../src/index";
import { png } from "../../src/notebook/png";
import { CHARTS } from "../helpers/charts";

const root = resolve(__dirname, "..", "..");
const notebooks = join(root, "notebooks");
const approved = join(root, "test", "data", "pictures");
const start = process.cwd();
beforeAll(() => process.chdir(notebooks)); // where vega is
afterAll(() => process.chdir(start));

interface Resvg {
  readonly Resvg: new (
    svg: string,
    options: object,
  ) => {
    render(): { readonly pixels: Uint8Array; readonly width: number; readonly height: number };
    getBBox(): { readonly width: number } | undefined;
  };
}
const { Resvg } = createRequire(join(notebooks, "notebook.js"))("@resvg/resvg-js") as Resvg;
const FONT = { font: { loadSystemFonts: true, defaultFontFamily: "DejaVu Sans", sansSerifFamily: "DejaVu Sans" } };

/** Pictures were approved with DejaVu Sans, whose M is so wide; another font has other letters. */
function hasFont(): boolean {
  const text = `<text x="0" y="100" font-family="DejaVu Sans" font-size="100">MMMMMMMMMM</text>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="1000" height="200">${text}</svg>`;
  const { width } = new Resvg(svg, FONT).getBBox() ?? { width: 0 };
  return Math.abs(width - WIDTH_OF_LETTERS) < 1;
}
const WIDTH_OF_LETTERS = 843.2;

/** Pixels as red, green and blue. */
interface Picture {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** The pixels of a PNG, by the package that draws it. */
function decoded(bytes: Uint8Array): Picture {
  const header = Buffer.from(bytes);
  const size = `width="${String(header.readUInt32BE(16))}" height="${String(header.readUInt32BE(20))}"`;
  const image = `<image ${size} href="data:image/png;base64,${header.toString("base64")}"/>`;
  const { pixels, width, height } = new Resvg(
    `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${image}</svg>`,
    {},
  ).render();
  return { pixels: withoutOpacity(pixels), width, height };
}

/** Loops over millions of numbers are plain here and below: they take most of the time otherwise. */
function withoutOpacity(pixels: Uint8Array): Uint8Array {
  const colours = new Uint8Array((pixels.length / 4) * 3);
  for (let from = 0, to = 0; from < pixels.length; from += 4) {
    colours[to++] = pixels[from]!;
    colours[to++] = pixels[from + 1]!;
    colours[to++] = pixels[from + 2]!;
  }
  return colours;
}

/** The mean colours of squares of so many pixels; what is left at the ends is left out. */
function averaged({ pixels, width, height }: Picture, side: number): Picture {
  const [across, down] = [Math.floor(width / side), Math.floor(height / side)];
  const sums = new Float64Array(3 * across * down);
  for (let y = 0; y < down * side; y++)
    addRow(pixels.subarray(3 * y * width), side, sums.subarray(3 * across * Math.floor(y / side)), across);
  return { pixels: Uint8Array.from(sums, (sum) => Math.round(sum / side ** 2)), width: across, height: down };
}

/** Adds the numbers of a row to the sums of its squares. */
function addRow(row: Uint8Array, side: number, sums: Float64Array, across: number): void {
  for (let square = 0; square < across; square++) {
    let [red, green, blue] = [0, 0, 0];
    for (let at = 3 * side * square; at < 3 * side * (square + 1); at += 3) {
      red += row[at]!;
      green += row[at + 1]!;
      blue += row[at + 2]!;
    }
    sums[3 * square]! += red;
    sums[3 * square + 1]! += green;
    sums[3 * square + 2]! += blue;
  }
}

const WIDTH = 240;
const CELL = 3;

/** A chart in the size in which it is compared. */
async function drawn(spec: object, theme: "light" | "dark" = "light"): Promise<Picture> {
  const { data } = await notebook.chart(spec, { show: false, theme });
  const picture = decoded(Buffer.from(data["image/png"], "base64"));
  return averaged(picture, Math.ceil(picture.width / WIDTH));
}

/** The largest difference between squares, of 255; infinite between pictures of two sizes. */
function difference(a: Picture, b: Picture): number {
  if (a.width !== b.width || a.height !== b.height) return Infinity;
  const [first, second] = [a, b].map((picture) => averaged(picture, CELL).pixels) as [Uint8Array, Uint8Array];
  return first.reduce((most, value, k) => Math.max(most, Math.abs(value - second[k]!)), 0);
}

/** What rounding in another build of the drawing packages may change. */
const MOST = 3;

const KINDS = {
  "lines with a band": "lines",
  times: "times",
  points: "points",
  "lines under points": "lines-under-points",
  picture: "picture",
  levels: "levels",
  arrows: "arrows",
  counts: "counts",
  densities: "densities",
  boxes: "boxes",
  "points in space": "points-in-space",
  "surface in colours": "surface",
  subplots: "subplots",
  frames: "frames",
} as const;

const PICTURES: readonly (readonly [string, string, "light" | "dark"])[] = [
  ...Object.entries(KINDS).map(([name, file]) => [name, file, "light"] as const),
  ["lines with a band", "lines-dark", "dark"],
];

const isHere = hasFont();
const fileOf = (file: string): string => join(approved, `${file}.png`);
const read = (file: string): Picture => decoded(readFileSync(fileOf(file)));

(isHere ? test : test.skip).each(PICTURES)("%s: as approved in %s.png", async (name, file, theme) => {
  const picture = await drawn(CHARTS[name]!(), theme);
  if (process.env["TSKEOPS_APPROVE"] === "1") {
    mkdirSync(approved, { recursive: true });
    writeFileSync(fileOf(file), png(picture.pixels, picture.width));
  }
  expect(existsSync(fileOf(file))).toBe(true);
  expect(difference(picture, read(file))).toBeLessThan(MOST);
});

/** What readers would see as another chart. */
const FAULTS: readonly (readonly [string, keyof typeof KINDS, (spec: Spec) => object])[] = [
  ["a mark is missing", "points", ({ data, ...spec }) => ({ ...spec, data: { values: data.values.slice(1) } })],
  ["an axis is moved", "points", (spec) => withChannel(spec, "x", { scale: { domain: [-3, 3] } })],
  ["the ground is another", "boxes", (spec) => ({ ...spec, config: { background: "#eee" } })],
  ["the title is missing", "times", (spec) => ({ ...spec, title: undefined })],
  ["a legend is missing", "arrows", (spec) => withChannel(spec, "color", { legend: null })],
];

interface Spec {
  readonly data: { readonly values: readonly unknown[] };
  readonly encoding: Readonly<Record<string, object>>;
}

const withChannel = (spec: Spec, name: string, rest: object): Spec => ({
  ...spec,
  encoding: { ...spec.encoding, [name]: { ...spec.encoding[name], ...rest } },
});

(isHere ? test : test.skip).each(FAULTS)("a fault is seen: %s", async (_, name, planted) => {
  const spec = CHARTS[name]!() as Spec;
  expect(difference(await drawn(spec), read(KINDS[name]))).toBeLessThan(MOST);
  expect(difference(await drawn(planted(spec)), read(KINDS[name]))).toBeGreaterThan(2 * MOST);
});

if (!isHere)
  test.skip("pictures: skipped, as there is no DejaVu Sans on this machine (fonts-dejavu-core)", () => undefined);
