/** What charts make of numbers before vega sees them: levels, counts, quartiles, projections, shades. */
import { resolve } from "node:path";
import { notebook, randn } from "../../src/index";
import { boundariesOf } from "../../src/notebook/companions";
import { quantile, sortedFinite } from "../../src/notebook/distributions";
import { cameraFor } from "../../src/notebook/camera";
import { drawSvg } from "../../src/notebook/svg";

const start = process.cwd();
beforeAll(() => process.chdir(resolve(__dirname, "..", "..", "notebooks"))); // where vega is
afterAll(() => process.chdir(start));

interface Lines {
  readonly data: { readonly values: readonly { readonly l: number; readonly d: readonly number[] }[] };
}

/** Lines of one level are one list, with -1 behind each. */
const piecesOf = (codes: readonly number[]): number[][] => {
  const ends = codes.flatMap((code, k) => (code === -1 ? [k] : []));
  return ends.map((end, k) => codes.slice(k === 0 ? 0 : ends[k - 1]! + 1, end));
};

/** The lines of a chart of levels, in the units of its axes from -1 to 1. */
const linesOf = (spec: object): [number, number][][] =>
  (spec as Lines).data.values
    .flatMap(({ d }) => piecesOf(d))
    .map((line) =>
      line.map(
        (code) =>
          [code % 4096, Math.floor(code / 4096)].map((step) => (2 * (step + 0.5)) / 4096 - 1) as [number, number],
      ),
    );

const SIDE = 60;
const square = { x: [-1, 1], y: [-1, 1] } as const;
const grid = (f: (x: number, y: number) => number): number[][] => {
  const middle = (k: number): number => (2 * k + 1) / SIDE - 1;
  return Array.from({ length: SIDE }, (_, r) => Array.from({ length: SIDE }, (_, c) => f(middle(c), middle(r))));
};

test("a level of a cone is a closed circle", () => {
  const [circle, ...others] = linesOf(notebook.contour(grid(Math.hypot), { ...square, levels: [0.5] }));
  expect(others).toEqual([]);
  for (const [x, y] of circle!) expect(Math.abs(Math.hypot(x, y) - 0.5)).toBeLessThan(2e-3);
  expect(circle![0]).toEqual(circle!.at(-1));
});

test("a level that leaves the grid ends there, and does not run around it", () => {
  const [line, ...others] = linesOf(
    notebook.contour(
      grid((x, y) => x - y / 2),
      { ...square, levels: [0.1] },
    ),
  );
  expect(others).toEqual([]);
  for (const [x, y] of line!) expect(Math.abs(x - y / 2 - 0.1)).toBeLessThan(1e-3);
  const heights = line!.map(([, y]) => y);
  expect([Math.min(...heights), Math.max(...heights)].map((y) => Math.abs(y).toFixed(2))).toEqual(["0.98", "0.98"]);
});

test("with row 0 above, the picture is upside down", () => {
  const cone = grid((x, y) => Math.hypot(x, y - 0.4));
  const mean = (lines: [number, number][][]): number => lines[0]!.reduce((sum, [, y]) => sum + y / lines[0]!.length, 0);
  expect(mean(linesOf(notebook.contour(cone, { ...square, levels: [0.2] })))).toBeCloseTo(0.4, 1);
  expect(mean(linesOf(notebook.contour(cone, { ...square, levels: [0.2], origin: "upper" })))).toBeCloseTo(-0.4, 1);
});

test("lines of one level are one mark, and one clip in a picture", async () => {
  const hills = grid((x, y) => Math.sin(8 * x) * Math.sin(8 * y));
  const spec = notebook.contour(hills, { ...square, levels: [0.5, 0.8] });
  expect(linesOf(spec).length).toBeGreaterThan(20);
  const svg = await drawSvg(spec);
  expect(svg.match(/<clipPath/g)).toHaveLength(2);
});

test("a box of one number is seen", async () => {
  const svg = await drawSvg(notebook.boxChart({ one: [0.5] }));
  expect(svg).toMatch(/aria-roledescription="bar"[^>]* d="[^"]*h38v0h-38[^"]*"[^>]* stroke="#4c78a8" stroke-width="3"/);
});

test("there are no lines around NaN", () => {
  const holed = grid((x, y) => (Math.hypot(x, y) < 0.3 ? NaN : 1));
  expect(linesOf(notebook.contour(holed, { ...square, levels: [0.5] }))).toEqual([]);
});

test("levels are round numbers between the ends", () => {
  const { encoding } = notebook.contour(
    grid((x) => 3.3 * x),
    { ...square, levels: 6, domain: [-3, 3] },
  ) as {
    encoding: { color: { scale: object } };
  };
  expect(encoding.color.scale).toMatchObject({ domain: [-3, 3] });
  const lines = linesOf(
    notebook.contour(
      grid((x) => 3.3 * x),
      { ...square, levels: 6 },
    ),
  );
  const found = lines.map((line) => (3.3 * line[0]![0]).toFixed(1)).sort();
  expect(found).toEqual(["-1.0", "-2.0", "-3.0", "0.0", "1.0", "2.0", "3.0"]);
});

test("boundaries are those of the grid's entries at least a threshold", () => {
  const [[ring]] = boundariesOf([0, 0, 0, 0, 1, 0, 0, 0, 0], 3, [0.5]) as [[[number, number][]]];
  expect(new Set(ring.map(([x, y]) => Math.hypot(x - 1.5, y - 1.5)))).toEqual(new Set([0.5]));
});

test("quantiles are NumPy's", () => {
  const sorted = sortedFinite([7, NaN, 1, 3, Infinity, 4]); // numpy.quantile([1, 3, 4, 7], ...)
  for (const [part, expected] of [[0, 1], [0.25, 2.5], [0.5, 3.5], [0.9, 6.1], [1, 7]] as const)
    expect(quantile(sorted, part)).toBeCloseTo(expected, 12); // prettier-ignore
});

test("bars count every value once, the greatest in the last bin", () => {
  const values = [0, 0.1, 0.25, 0.5, 0.99, 1, NaN];
  const { data } = notebook.histogram(values, { bins: 4 }) as { data: { values: object[] } };
  expect(data.values).toEqual([
    { from: 0, to: 0.25, count: 2 },
    { from: 0.25, to: 0.5, count: 1 },
    { from: 0.5, to: 0.75, count: 1 },
    { from: 0.75, to: 1, count: 2 },
  ]);
});

test("densities have area 1, beyond the domain nothing counts", () => {
  const { data } = notebook.histogram(randn([1000], { seed: 1 }), { density: true, domain: [-1, 1] }) as {
    data: { values: { from: number; to: number; density: number }[] };
  };
  expect(data.values.reduce((sum, { from, to, density }) => sum + (to - from) * density, 0)).toBeCloseTo(1, 12);
});

test("whiskers end at the last value within 1.5 times the box, what is beyond is a dot", () => {
  const { layer } = notebook.boxChart({ a: [1, 2, 3, 4, 5, 100, -90] }) as {
    layer: { data: { values: object[] } }[];
  };
  expect(layer[0]!.data.values).toEqual([{ group: "a", low: 1, quartile1: 1.5, median: 3, quartile3: 4.5, high: 5 }]);
  expect(layer.at(-1)!.data.values).toEqual([
    { group: "a", value: -90 },
    { group: "a", value: 100 },
  ]);
});

test("a camera keeps lengths, looks from its angles, and sees the vertical upright", () => {
  const bounds = [[-1, 1], [-1, 1], [-1, 1]] as const; // prettier-ignore
  const { project } = cameraFor([], { view: [30, 40], bounds, box: true, width: 200, height: 100 });
  const scale = 100 / Math.hypot(2, 2, 2);
  const at = (x: number, y: number, z: number): [number, number, number] => {
    const [right, down, near] = project(x, y, z);
    return [right - 100, 50 - down, near];
  };
  for (const p of [at(1, 0, 0), at(0, 1, 0), at(0, 0, 1)]) expect(Math.hypot(...p)).toBeCloseTo(scale, 10);
  const [azimuth, elevation] = [(30 * Math.PI) / 180, (40 * Math.PI) / 180];
  const towards = [
    Math.cos(elevation) * Math.cos(azimuth),
    Math.cos(elevation) * Math.sin(azimuth),
    Math.sin(elevation),
  ];
  const seen = at(...(towards as [number, number, number]));
  for (const [k, expected] of [0, 0, scale].entries()) expect(seen[k]).toBeCloseTo(expected, 10);
  expect(at(0, 0, 1)[0]).toBeCloseTo(0, 10);
  expect(at(0, 0, 1)[1]).toBeGreaterThan(0);
});

test("faces are drawn from the farthest on, and the darker the less they face the light", () => {
  const square = (y: number): number[][] => [[0, y, 0], [1, y, 0], [1, y, 1], [0, y, 1]]; // prettier-ignore
  const faces = [[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]]; // prettier-ignore
  const value = [0, 0, 1, 1];
  const { layer, data } = notebook.meshChart([...square(0), ...square(1)], faces, { view: [-90, 0], value }) as {
    layer?: { data: { values: number[][] } }[];
    data: { values: number[][] };
  };
  const colors = (layer ? layer[0]!.data : data).values.map((face) => face[3]);
  expect(colors[0]).toBe(colors[1]); // seen along y, the square at y = 1 is behind
  expect(colors[0]! >> 16).toBeGreaterThan(colors[2]! >> 16); // and it is yellow, the other one violet
  const light = (view: [number, number]): number => {
    const spec = notebook.meshChart([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]], { view, color: "#ffffff" }); // prettier-ignore
    return (spec as { data: { values: number[][] } }).data.values[0]![3]! & 255;
  };
  expect(light([-90, 60])).toBeGreaterThan(light([-90, 5]));
  expect(light([-90, 60])).toBe(light([-90, 60 - 360]));
});
