/** Lines and axes as they are drawn: the texts at ticks, bands, and what is left of many points. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { nd, notebook } from "../../src/index";
import { thinned } from "../../src/notebook/linechart";

const start = process.cwd();
const folder = mkdtempSync(join(tmpdir(), "tskeops-lines-"));
beforeAll(() => process.chdir(resolve(__dirname, "..", "..", "notebooks"))); // where vega is
afterAll(() => {
  process.chdir(start);
  rmSync(folder, { recursive: true });
});

async function svgOf(spec: object): Promise<string> {
  return readFileSync(await notebook.saveChart(spec, join(folder, "picture.svg")), "utf8");
}

/** Texts in the order of the file, with the horizontal place of each and how it is aligned. */
const textsOf = (svg: string): { text: string; anchor: string }[] =>
  [...svg.matchAll(/<text text-anchor="(\w+)"[^>]*>([^<]*)<\/text>/g)].map(([, anchor, text]) => ({
    text: text!,
    anchor: anchor!,
  }));

const powers = (from: number, to: number, count: number): { i: number; value: number }[] =>
  Array.from({ length: count }, (_, k) => {
    const i = 10 ** (from + ((to - from) * k) / (count - 1));
    return { i, value: 1 / i };
  });

const SCALES = { x: "i", y: "value", xScale: "log", yScale: "log" } as const;

test.each([
  [0, 2, ["1", "2", "5", "10", "20", "50", "100"]],
  [-1, 1, ["0.1", "0.2", "0.5", "1", "2", "5", "10"]],
  [-6, 6, ["1e-6", "1e-5", "0.0001", "0.001", "0.01", "0.1", "1", "10", "100", "1,000", "10,000", "100,000", "1e6"]],
])("a logarithmic axis from 10^%d to 10^%d has round numbers", async (from, to, expected) => {
  const svg = await svgOf(notebook.lineChart(powers(from, to, 50), { ...SCALES, width: 900 }));
  const shown = textsOf(svg).filter(({ text }) => text !== "");
  const labels = shown.map(({ text }) => text);
  const end = labels.indexOf("i");
  expect(labels.slice(end - expected.length, end)).toEqual(expected);
});

test("small numbers are written with powers of ten, others as they are", async () => {
  const labelsFor = async (largest: number): Promise<string[]> => {
    const spec = notebook.lineChart({ t: [0, 1], u: [0, largest] }, { x: "t", y: "u", height: 70 });
    return textsOf(await svgOf(spec)).map(({ text }) => text);
  };
  expect(await labelsFor(4e-7)).toEqual(expect.arrayContaining(["0", "2e-7", "4e-7", "0.5"]));
  expect(await labelsFor(0.004)).toEqual(expect.arrayContaining(["0.000", "0.002", "0.004"]));
});

test("on a short logarithmic axis all ticks have numbers", async () => {
  const rows = [0.3, 0.5, 0.8].map((value, i) => ({ i, value }));
  const svg = await svgOf(notebook.lineChart(rows, { x: "i", y: "value", yScale: "log" }));
  const labels = textsOf(svg).map(({ text }) => text);
  expect(labels).toEqual(expect.arrayContaining(["0.3", "0.4", "0.5", "0.6", "0.7", "0.8"]));
});

test("numbers stand in the middle under their ticks, those at the ends too, and titles in the middle", async () => {
  const rows = [0, 1].map((i) => ({ i, value: i }));
  const one = notebook.lineChart(rows, { x: "i", y: "value", title: "one" });
  const svg = await svgOf(notebook.subplots([one, one], { title: "both" }));
  const anchorsOf = (name: string): string[] =>
    textsOf(svg).filter(({ text }) => text === name).map(({ anchor }) => anchor); // prettier-ignore
  expect(anchorsOf("0.0")).toContain("middle");
  expect(anchorsOf("0.0")).not.toContain("start");
  for (const title of ["one", "both"]) expect(new Set(anchorsOf(title))).toEqual(new Set(["middle"]));
});

test("lines beside another chart, or over one, have one legend", async () => {
  const one = notebook.lineChart({ t: [0, 1], u: [2, 3] }, { x: "t", y: ["u"] });
  for (const chart of [
    notebook.subplots([one, notebook.imageChart([[1]])]),
    notebook.imageChart([[1]], { over: [one] }),
  ])
    expect(textsOf(await svgOf(chart)).filter(({ text }) => text === "u")).toHaveLength(1);
});

test("points that are not positive are left out where there are logarithms", async () => {
  const rows = [-1, 0, 1, 10].map((i) => ({ i, value: 1 }));
  const svg = await svgOf(notebook.lineChart(rows, { x: "i", y: "value", xScale: "log", points: true }));
  expect(svg.match(/aria-roledescription="point"/g)).toHaveLength(2);
});

test("several fields become one series, and a band has the colour of the first", () => {
  const spec = notebook.lineChart({ t: [0, 1], u: [2, 3], v: [4, 5] }, { x: "t", y: ["u", "v"], band: ["u", "v"] });
  expect(spec).toMatchObject({
    data: {
      values: [
        { t: 0, line: "u", value: 2 },
        { t: 1, line: "u", value: 3 },
        { t: 0, line: "v", value: 4 },
        { t: 1, line: "v", value: 5 },
      ],
    },
    layer: [
      { mark: { type: "area" }, transform: [{ filter: 'datum["line"] === "u"' }], encoding: { y2: { field: "v" } } },
      { mark: { type: "line", tooltip: true }, encoding: { color: { field: "line" }, strokeDash: { field: "line" } } },
    ],
  });
});

test("lines have one legend of colours and dashes, also under another chart, beside one, and in frames", async () => {
  const table = { t: [0, 1], up: [2, 3], down: [4, 5] };
  const chart = notebook.lineChart(table, { x: "t", y: ["up", "down"], over: [notebook.scatterChart([[0, 1]])] });
  expect((await svgOf(chart)).match(/>up</g)).toHaveLength(1);
  const lines = notebook.lineChart(table, { x: "t", y: ["up", "down"] });
  expect((await svgOf(notebook.subplots([[lines, notebook.scatterChart([[0, 1]])]]))).match(/>up</g)).toHaveLength(1);
  const layers = (notebook.frames([chart, chart]) as { layer: readonly object[] }).layer;
  expect(JSON.stringify(layers[1]).match(/"legend":null/g)).toHaveLength(2);
  expect(JSON.stringify(layers[0])).not.toContain('"legend":null');
});

test("float32 columns have no more digits than they know", () => {
  const spec = notebook.lineChart({ x: nd.linspace(0, 1, 11), y: nd.linspace(0, 1, 11) }, { x: "x", y: "y" });
  expect(JSON.stringify(spec)).toContain('"x":0.1,');
});

test("of many points those stay that make the line of each column of pixels", () => {
  const count = 10_000;
  const rows = Array.from({ length: count }, (_, i) => ({ i, value: Math.sin(i) * (i % 977), line: i % 2 }));
  const columns = 50;
  const kept = thinned(rows, { x: "i", y: ["value"], groups: ["line"], columns });
  expect(kept.length).toBeLessThan(4 * 2 * (columns + 1) + 1);
  const span = (list: readonly object[], column: number, line: number): number[] => {
    const values = (list as typeof rows)
      .filter((row) => Math.floor((row.i / (count - 1)) * columns) === column && row.line === line)
      .map(({ value }) => value);
    return [Math.min(...values), Math.max(...values), values[0]!, values.at(-1)!];
  };
  for (let column = 0; column < columns; column++)
    for (const line of [0, 1]) expect(span(kept, column, line)).toEqual(span(rows, column, line));
});
