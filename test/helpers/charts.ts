/** A chart of every kind, with most of what their options do. */
import { nd, notebook, randn } from "../../src/index";

export const field = Array.from({ length: 12 }, (_, r) =>
  Array.from({ length: 9 }, (_, c) => Math.sin(r / 3) * Math.cos(c / 2)),
);
export const points = randn([30, 2], { seed: 1 });
export const inSpace = randn([30, 3], { seed: 2 });
export const x = nd.linspace(1, 30, 30);
export const radius = nd.norm(points, { axis: 1 });
export const pyramid = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0.5, 0.5, 1]]; // prettier-ignore
export const faces = [[0, 2, 1], [0, 3, 2], [0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]]; // prettier-ignore
export const table = {
  x,
  a: radius,
  b: nd.add(radius, 1),
  c: Array.from({ length: 30 }, (_, k) => (k % 2 ? "odd" : "even")),
};
const logarithmic = { xScale: "log", yScale: "log" } as const;

/** Charts by what they show. Some ask vega when they are made, from a folder beside it. */
export const CHARTS: Readonly<Record<string, () => object>> = {
  lines: () => notebook.lineChart(table, { x: "x", y: ["a", "b"], title: "two", zoom: true }),
  "lines with a band": () => notebook.lineChart(table, { x: "x", y: ["a"], band: ["a", "b"] }),
  "lines in rows with bands": () =>
    notebook.lineChart(table, { x: "x", y: "a", series: "c", row: "c", band: ["a", "b"] }),
  "logarithmic lines": () => notebook.lineChart(table, { x: "x", y: "b", ...logarithmic, points: true }),
  "lines under points": () => notebook.lineChart(table, { x: "x", y: "a", over: [notebook.scatterChart(points)] }),
  "lines with ends": () =>
    notebook.lineChart(table, { x: "x", y: "a", band: ["a", "b"], xDomain: [0, 1], yDomain: [-2, 2] }),
  "points with ends": () =>
    notebook.scatterChart(points, { yDomain: [0, 1], over: [notebook.lineChart(table, { x: "x", y: "a" })] }),
  times: () => notebook.benchChart([10, 100, 1e6], { lazy: [0.1, 0.2, 9], dense: [0.1, 2, NaN] }, { title: "times" }),
  picture: () => notebook.imageChart(field, { legend: "height", reverse: true, smooth: false }),
  "picture without axes": () => notebook.imageChart(field, { axes: false, origin: "upper", scheme: "greys" }),
  "levels over a picture": () =>
    notebook.imageChart(field, {
      legend: "a",
      over: [notebook.contour(field, { color: "white" }), notebook.scatterChart(points)],
    }),
  levels: () => notebook.contour(field, { levels: [0, 0.5], legend: "level", x: [-1, 1] }),
  arrows: () => notebook.quiver(points, points, { value: radius, legend: "length", zoom: true }),
  points: () => notebook.scatterChart(points, { label: table.c, legend: "class", zoom: true }),
  counts: () => notebook.histogram(radius, { bins: 7, xTitle: "radius" }),
  densities: () => notebook.histogram({ one: radius, other: x }, { density: true }),
  boxes: () => notebook.boxChart({ one: radius, other: [1, 2, 3, 100] }),
  "logarithmic boxes": () =>
    notebook.boxChart({ one: radius, other: [1, 2, 3, 100] }, { yScale: "log", outliers: false }),
  "points in space": () => notebook.scatter3d(inSpace, { label: table.c, legend: "class", view: [20, -10] }),
  surface: () => notebook.meshChart(pyramid, faces, { edges: true, box: true }),
  "surface in colours": () => notebook.meshChart(pyramid, faces, { value: [0, 1, 2, 3, 4], legend: "height" }),
  subplots: () =>
    notebook.subplots([
      [notebook.scatterChart(points, { zoom: true }), notebook.scatterChart(points, { zoom: true })],
      [notebook.contour(field)],
    ]),
  frames: () =>
    notebook.frames([1, 2, 3].map((t) => notebook.scatterChart(nd.mul(points, t), { zoom: true, title: `t = ${t}` }))),
  "frames of pictures": () =>
    notebook.frames(
      [1, 2].map(() => notebook.imageChart(field, { legend: "a", over: [notebook.contour(field, { color: "red" })] })),
    ),
  "frames of surfaces": () => notebook.frames([1, 2].map((t) => notebook.meshChart(pyramid, faces, { view: [t, 20] }))),
  "frames side by side": () =>
    notebook.subplots([1, 2].map(() => notebook.frames([notebook.contour(field), notebook.contour(field)]))),
};
