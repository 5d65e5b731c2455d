/** All charts: vega-lite has nothing to say about them, wrong input is refused in a sentence, and many points stay small. */
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { ArgumentError } from "../../src/errors";
import { array, nd, notebook, rand, randn } from "../../src/index";
import { FRAME_PARAMETER } from "../../src/notebook/svg";
import { CHARTS, faces, field, inSpace, points, pyramid, radius, table } from "../helpers/charts";

const notebooks = resolve(__dirname, "..", "..", "notebooks");
const start = process.cwd();
beforeAll(() => process.chdir(notebooks)); // where vega is
afterAll(() => process.chdir(start));

const n = notebook;

interface VegaLite {
  readonly compile: (spec: object, options: object) => unknown;
}

function warningsOf(spec: object): string[] {
  const warnings: string[] = [];
  const keep = (...texts: unknown[]): unknown => (warnings.push(texts.join(" ")), logger);
  const logger: object = { level: () => logger, info: () => logger, debug: () => logger, warn: keep, error: keep };
  (createRequire(join(notebooks, "notebook.js"))("vega-lite") as VegaLite).compile(spec, { logger });
  return warnings;
}

test.each(Object.entries(CHARTS))("%s: vega-lite compiles it without a warning, and it is drawn", async (_, make) => {
  const spec = make();
  expect(warningsOf(spec)).toEqual([]);
  const { data } = await n.chart(spec, { show: false, theme: "dark" });
  expect(Buffer.from(data["image/png"], "base64").length).toBeGreaterThan(1000);
});

test("without a theme readers give colours, but that of the grid, which is seen on any ground; its PNG is light", async () => {
  const spec = n.scatterChart([[1, 2]]);
  const [own, light, dark] = await Promise.all(
    [undefined, "light", "dark"].map((theme) => n.chart(spec, { show: false, ...(theme && { theme }) } as object)),
  );
  const { gridColor, ...axis } = vegaLiteOf(own).config.axis;
  expect(gridColor).toBe("#888");
  const others = { ...vegaLiteOf(own).config, axis };
  expect(JSON.stringify(others)).not.toMatch(/background|labelColor|titleColor|gridColor|stroke/);
  expect([light, dark].map((bundle) => vegaLiteOf(bundle).config.background)).toEqual(["white", "#111"]);
  expect(own!.data["image/png"]).toBe(light!.data["image/png"]);
  expect(own!.data["image/png"]).not.toBe(dark!.data["image/png"]);
});

interface Themed {
  readonly config: { readonly background?: string; readonly axis: { readonly gridColor?: string } };
}
const vegaLiteOf = (bundle: Awaited<ReturnType<typeof n.chart>> | undefined): Themed =>
  bundle!.data["application/vnd.vegalite.v5+json"] as Themed;

test("a channel that vega-lite does not know is told, so that the test above can fail", () => {
  expect(warningsOf({ mark: "point", encoding: { colour: { value: "red" } }, data: { values: [] } })).toHaveLength(1);
});

test("what is drawn over a picture may be outside of it", async () => {
  const { data } = await n.chart(n.imageChart(field, { over: [n.scatterChart([[5, 5]])] }), { show: false });
  expect(data["image/png"].length).toBeGreaterThan(1000);
});

test("100 000 points take less than a megabyte, in lines and in space too", () => {
  const many = 100_000;
  const walk = nd.cumsum(randn([many], { seed: 3 }));
  const value = rand([many], { seed: 4 });
  for (const spec of [
    n.lineChart({ x: nd.arange(many), y: walk }, { x: "x", y: "y" }),
    n.scatter3d(randn([many, 3], { seed: 5 }), { value }),
    n.histogram(walk),
    n.boxChart({ walk }),
  ])
    expect(JSON.stringify(spec).length).toBeLessThan(2 ** 20);
});

const call =
  (name: keyof typeof n, ...args: unknown[]): (() => unknown) =>
  () =>
    (n[name] as unknown as (...given: unknown[]) => unknown)(...args);

test.each<[string, () => unknown, string]>([
  ["rows without the field", call("lineChart", [{ i: 1 }], { x: "i", y: "value" }), 'lineChart, y: expected a field of the rows (i), got "value"'],
  ["a field near one", call("lineChart", table, { x: "x", y: "bb" }), "did you mean b?"],
  ["columns of two lengths", call("lineChart", { x: [1, 2], y: [1] }, { x: "x", y: "y" }), "lineChart, y: expected 2 as of x, got 1"],
  ["several fields and a series", call("lineChart", table, { x: "x", y: ["a"], series: "c" }), "got both"],
  ["rows of numbers", call("lineChart", [1, 2], { x: "x", y: "y" }), "expected a list of objects, one for each point, or columns, got the number 1 at 0"],
  ["an end", call("lineChart", table, { x: "x", y: "a", yDomain: [1] }), "lineChart, yDomain: expected two numbers like [0, 1], got a plain array"],
  ["times of another length", call("benchChart", [1, 2], { lazy: [1] }), "benchChart, times, lazy: expected a time for each of 2 sizes, got 1"],
  ["ragged lists", call("imageChart", [[1, 2], [3]]), "imageChart: expected 2 elements"],
  ["levels of a list", call("contour", [1, 2]), "contour: expected shape [rows, columns], got [2]"],
  ["no level", call("contour", field, { levels: [] }), "contour, levels: expected a number of levels from 1 to 1000, or a list of them"],
  ["arrows for other points", call("quiver", points, [[1, 2]]), "quiver, vectors: expected one for each of 30 points, got 1"],
  ["arrows in space", call("quiver", points, inSpace), "quiver, vectors: expected vectors of shape [N, 2], got [30, 3]"],
  ["a matrix of values", call("histogram", field), "histogram: expected numbers of shape [N], got [12, 9]"],
  ["half a bin", call("histogram", radius, { bins: 2.5 }), "histogram, bins: expected an integer of at least 1"],
  ["logarithms of 0", call("boxChart", { a: [0, 1] }, { yScale: "log" }), "expected positive values on a logarithmic axis, got 0"],
  ["points in the plane", call("scatter3d", points), "scatter3d: expected points of shape [N, 3], got [30, 2]"],
  ["a vertex that is not there", call("meshChart", pyramid, [[0, 1, 5]]), "meshChart, faces: expected vertices from 0 to 4, got 5 in row 0"],
  ["values of neither", call("meshChart", pyramid, faces, { value: [1, 2] }), "expected one for each of 5 vertices or 6 faces, got 2"],
  ["a vertex that is nowhere", call("meshChart", [[0, NaN, 0]], [[0, 0, 0]]), "expected finite numbers, got NaN in row 0"],
  ["a colour by name", call("meshChart", pyramid, faces, { color: "red" }), 'meshChart, color: expected a colour like "#7fa8d6"'],
  ["a scheme that is none", call("contour", field, { colour: "red" }), 'got "colour": did you mean color?'],
  ["no charts", call("subplots", []), "subplots: expected rows of charts, got none"],
  ["columns of rows", call("subplots", [[{ mark: "point" }]], { columns: 2 }), "subplots: expected one list of charts beside columns, got a list for each row"],
  ["no columns", call("subplots", [{ mark: "point" }], { columns: 0 }), "subplots, columns: expected an integer of at least 1"],
  ["a row of numbers", call("subplots", [[1]]), "subplots[0]: expected charts, got the number 1"],
  ["no frames", call("frames", []), "frames: expected charts, got none"],
  ["frames of several pictures", call("frames", [{ hconcat: [] }]), "frames[0]: expected a chart of one picture, got one of several"],
  ["a start beyond the end", call("frames", [{ mark: "point" }], { start: 1 }), "frames, start: expected at most 0, got 1"],
])("%s: refused", (_, misuse, message) => {
  expect(misuse).toThrow(ArgumentError);
  expect(misuse).toThrow(message);
}); // prettier-ignore

test("nothing is drawn beyond the ends of axes", () => {
  const inside = n.scatterChart([[0, 0], [1, 5], [2, 0]], { xDomain: [0, 1], yDomain: [-1, 1] }); // prettier-ignore
  expect(inside).toMatchObject({
    data: { values: [expect.any(Number)] },
    encoding: { y: { scale: { domain: [-1, 1] } } },
  });
  const lines = n.lineChart(table, { x: "x", y: "a", yDomain: [0, 1] });
  expect(lines).toMatchObject({ mark: { clip: true }, encoding: { y: { scale: { domain: [0, 1], nice: false } } } });
  const over = n.scatterChart(points, { over: [n.lineChart(table, { x: "x", y: "a" })] });
  expect(over).toMatchObject({ layer: [{}, { mark: { clip: true } }] });
});

test("a file has one of four endings", async () => {
  await expect(n.saveChart(CHARTS["points"]!(), "picture.pdf")).rejects.toThrow(
    'saveChart, file: expected a name with .html, .png, .svg, .json, got the string "picture.pdf"',
  );
});

test("frames have one slider, which chooses the layer and its title", () => {
  expect(CHARTS["frames"]!()).toMatchObject({
    title: { text: { expr: `["t = 1","t = 2","t = 3"][${FRAME_PARAMETER}]` } },
    params: [{ name: FRAME_PARAMETER, value: 0, bind: { input: "range", min: 0, max: 2, step: 1 } }],
    layer: [0, 1, 2].map((k) => ({ transform: expect.arrayContaining([{ filter: `${FRAME_PARAMETER} == ${k}` }]) })),
  });
});

test("frames have the axes of all of them", () => {
  const ends = (scale: number): object => n.scatterChart(array([[0, 0], [scale, 1]])); // prettier-ignore
  const domain = (spec: object): number[] =>
    (spec as { encoding: { x: { scale: { domain: number[] } } } }).encoding.x.scale.domain;
  const { layer } = n.frames([ends(1), ends(-2)]) as { layer: [object, object] };
  expect(domain(layer[0])[0]).toBeCloseTo(-2.06);
  expect(domain(layer[0])[1]).toBeCloseTo(1.03);
  expect(layer[1]).not.toHaveProperty("encoding.x.scale");
});

test("selections of subplots have names of their own", () => {
  const names = JSON.stringify(CHARTS["subplots"]!()).match(/"zoom[^"]*"/g);
  expect(names).toEqual(['"zoom_0_0"', '"zoom_0_1"']);
});

test("a list of subplots stands in rows of as many as are asked for", () => {
  const charts = ["a", "b", "c"].map((title) => n.scatterChart(points, { title }));
  const { columns, concat } = n.subplots(charts, { columns: 2 }) as { columns: number; concat: { title: string }[] };
  expect([columns, ...concat.map(({ title }) => title)]).toEqual([2, "a", "b", "c"]);
  expect(n.subplots(charts)).toHaveProperty("columns", 3);
  expect(n.subplots(charts, { columns: 5 })).toHaveProperty("columns", 3);
});
