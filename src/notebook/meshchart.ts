/**
 * Surfaces of triangles for `chart`. The one idea: triangles are drawn from the farthest on (the painter's algorithm),
 * each in one colour that is the darker, the less it faces the light (Lambert's law).
 */
import { ArgumentError } from "../errors";
import { at, realAt } from "../asserts";
import { atMost, optionsOf, withDefaults } from "../options";
import type { OptionsOf } from "../options";
import { SCHEME } from "./coloring";
import type { ColoringOptions } from "./coloring";
import { extent, pointsOf, vectorOf } from "./columns";
import type { ChartValues } from "./columns";
import { colorsOf } from "./companions";
import type { Rgb } from "./companions";
import { legendOf } from "./imagechart";
import { FRAME, pictureOf } from "./plane";
import type { Layer } from "./plane";
import { SPACE, UNFRAMED, boxLayers, cameraFor, projectionOf, stepsIn } from "./camera";
import type { Camera } from "./camera";

const isColor = (value: unknown): value is string => typeof value === "string" && /^#[0-9a-f]{6}$/i.test(value);
const isMany = (value: unknown): value is ChartValues => typeof value === "object" && value !== null;

const MESH_CHART = {
  /** A number for each vertex or for each face, which becomes a colour of a scheme. */
  value: {
    expected: "a number for each vertex or face",
    accepts: (value: unknown): value is ChartValues => isMany(value),
  },
  /** Colour of all faces where there is no value (default `"#7fa8d6"`). */
  color: {
    expected: 'a colour like "#7fa8d6"',
    accepts: (value: unknown): value is string => isColor(value),
    default: "#7fa8d6",
  },
  /** Draw the edges of faces (default false). */
  edges: { kind: [true, false], default: false },
  /** Draw the box with its axes (default false). */
  box: { kind: [true, false], default: false },
} as const;

type Rows = typeof MESH_CHART & typeof SPACE & typeof SCHEME & typeof FRAME;
const ALL: Rows = { ...MESH_CHART, ...SPACE, ...SCHEME, ...FRAME };

/** Options of `meshChart`. */
export type MeshChartOptions = OptionsOf<Rows>;

/**
 * Describes a surface in vega-lite v5, for `chart`, as it is seen from `view`: vertices `[V, 3]`, and faces `[F, 3]`,
 * the numbers of the three vertices of each. All axes have one scale.
 * @param vertices `[V, 3]`
 * @param faces integers `[F, 3]`
 * @returns a description for `chart`
 * @throws ArgumentError for other shapes, for a face with a vertex that is not there, and for vertices that are not
 * finite
 * @example console.log(typeof notebook.meshChart(nd.eye(3), [[0, 1, 2]])); // object
 */
export function meshChart(vertices: ChartValues, faces: ChartValues, options?: MeshChartOptions | null): object {
  atMost("meshChart", 3, arguments);
  const checked = withDefaults(ALL, optionsOf("meshChart", options, ALL));
  const { width = 400, value, edges, box, title, legend } = checked;
  const height = checked.height ?? Math.round(0.9 * width);
  const corners = verticesOf(vertices);
  const triangles = facesOf(faces, corners.length / 3);
  const camera = cameraFor(corners, { ...checked, width, height });
  const values = value === undefined ? null : valuesOfFaces(value, corners.length / 3, triangles);
  const domain = checked.domain ?? extent(values ?? []);
  const colors = values === null ? null : shadesOf(values, { ...checked, domain });
  const base = [1, 3, 5].map((from) => parseInt(checked.color.slice(from, from + 2), 16));
  const painted = paint(corners, triangles, camera, (face) => colors?.[face] ?? base);
  const layers = [
    ...(box ? boxLayers(camera, checked) : []),
    surface(painted, camera, edges),
    ...(values === null || legend === undefined ? [] : [legendOf(legend, { ...checked, domain })]),
  ];
  return { ...pictureOf({ title }, { width, height }, layers), ...UNFRAMED };
}

function verticesOf(vertices: ChartValues): ArrayLike<number> {
  const corners = pointsOf("meshChart, vertices", vertices, 3, "vertices");
  const wrong = corners.findIndex((number) => !Number.isFinite(number));
  if (wrong < 0) return corners;
  const [row, got] = [Math.floor(wrong / 3), String(corners[wrong])];
  throw new ArgumentError(`meshChart, vertices: expected finite numbers, got ${got} in row ${String(row)}`);
}

function facesOf(faces: ChartValues, count: number): ArrayLike<number> {
  const triangles = pointsOf("meshChart, faces", faces, 3, "faces");
  const wrong = triangles.findIndex((vertex) => !(Number.isInteger(vertex) && vertex >= 0 && vertex < count));
  if (wrong < 0) return triangles;
  const [row, got] = [Math.floor(wrong / 3), String(triangles[wrong])];
  throw new ArgumentError(
    `meshChart, faces: expected vertices from 0 to ${String(count - 1)}, got ${got} in row ${String(row)}`,
  );
}

/** A number for each face: its own, or the mean of its vertices. */
function valuesOfFaces(value: ChartValues, vertices: number, triangles: ArrayLike<number>): ArrayLike<number> {
  const numbers = vectorOf("meshChart, value", value);
  const faces = triangles.length / 3;
  if (numbers.length === faces && faces !== vertices) return numbers;
  if (numbers.length !== vertices) {
    const expected = `one for each of ${String(vertices)} vertices or ${String(faces)} faces`;
    throw new ArgumentError(`meshChart, value: expected ${expected}, got ${String(numbers.length)}`);
  }
  return Float64Array.from({ length: faces }, (_, face) =>
    [0, 1, 2].reduce((sum, k) => sum + realAt(numbers, at(triangles, 3 * face + k)) / 3, 0),
  );
}

const SHADES = 256;
const GREY = [160, 160, 160];

function shadesOf(values: ArrayLike<number>, { scheme, reverse, domain = [0, 1] }: ColoringOptions): Rgb[] {
  const shades = colorsOf(scheme, SHADES, reverse);
  const [low, high] = domain;
  return Array.from(values, (value) => {
    const part = Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
    return shades[Math.round(part * (SHADES - 1))] ?? GREY;
  });
}

/** From the left, above and behind who looks: pixels go down, nearness comes towards. */
const LIGHT = [-0.4, -0.5, 0.77] as const;
const AMBIENT = 0.42;

/** Triangles from the farthest on: the three places as steps x + 4096 y, and the colour as an integer. */
function paint(
  corners: ArrayLike<number>,
  triangles: ArrayLike<number>,
  camera: Camera,
  colorOf: (face: number) => Rgb,
): number[][] {
  const steps = stepsIn(camera);
  const seen = Array.from({ length: corners.length / 3 }, (_, k) =>
    camera.project(at(corners, 3 * k), at(corners, 3 * k + 1), at(corners, 3 * k + 2)),
  );
  const faces = Array.from({ length: triangles.length / 3 }, (_, face) => {
    const [a, b, c] = [0, 1, 2].map((k) => at(seen, at(triangles, 3 * face + k))) as [Seen, Seen, Seen];
    const bright = AMBIENT + (1 - AMBIENT) * facing(a, b, c);
    const [red, green, blue] = colorOf(face).map((part) => Math.round(part * bright)) as [number, number, number];
    const places = [a, b, c].map(([x, y]) => clamped(x * steps) + STEPS * clamped(y * steps));
    return { far: a[2] + b[2] + c[2], datum: [...places, 65536 * red + 256 * green + blue] };
  });
  return faces.sort((one, other) => one.far - other.far).map(({ datum }) => datum);
}

type Seen = readonly [number, number, number];

const STEPS = 4096;
const clamped = (step: number): number => Math.min(STEPS - 1, Math.max(0, Math.round(step)));

/** The cosine between a triangle's normal, on whichever side, and the light. */
function facing(a: Seen, b: Seen, c: Seen): number {
  const [u, v] = [b, c].map((p) => [p[0] - a[0], p[1] - a[1], p[2] - a[2]]) as [number[], number[]];
  const [ux = 0, uy = 0, uz = 0] = u;
  const [vx = 0, vy = 0, vz = 0] = v;
  const normal = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
  const towards = normal[2] !== undefined && normal[2] < 0 ? -1 : 1;
  const cosine = LIGHT.reduce((sum, part, k) => sum + part * (normal[k] ?? 0), 0) / (Math.hypot(...normal) || 1);
  return Math.max(0, towards * cosine);
}

function surface(values: number[][], camera: Camera, edges: boolean): Layer {
  const place = (k: number): string =>
    `[datum[${String(k)}] % ${String(STEPS)}, floor(datum[${String(k)}] / ${String(STEPS)})]`;
  const ring = [0, 1, 2, 0].map(place).join(", ");
  const color = { field: "fill", type: "nominal", scale: null, legend: null };
  return {
    data: { values },
    transform: [
      { calculate: `{type: 'Feature', geometry: {type: 'Polygon', coordinates: [[${ring}]]}}`, as: "shape" },
      { calculate: "'#' + format(datum[3], '06x')", as: "fill" },
    ],
    ...projectionOf(camera),
    mark: { type: "geoshape", strokeWidth: 0.5, strokeJoin: "round", ...(edges ? { stroke: "#333" } : {}) },
    encoding: { shape: { field: "shape", type: "geojson" }, fill: color, ...(edges ? {} : { stroke: color }) },
  };
}
