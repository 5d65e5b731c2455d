/**
 * Three dimensions on paper: where points are in a picture that is seen from far away (orthographic projection), and
 * the box around them. The one idea: everything is in pixels here, so that layers need no axes. Must not know what is
 * drawn in it.
 */
import { everyOf, extent, isEnds } from "./columns";
import type { Ends } from "./columns";
import type { Layer } from "./plane";

type Bounds = readonly [Ends, Ends, Ends];

const isBounds = (value: unknown): value is Bounds =>
  everyOf(value, (ends) => isEnds(ends) && ends[0] < ends[1]) && value.length === 3;

/** What charts in three dimensions take. */
export const SPACE = {
  /** Where it is seen from: degrees around the vertical axis, and degrees above the ground (default [-60, 30]). */
  view: { expected: "two angles like [-60, 30]", accepts: (value: unknown): value is Ends => isEnds(value) },
  /** The box that is in the picture, for several pictures of one scale (default: where points are). */
  bounds: {
    expected: "three pairs of numbers like [[0, 1], [0, 1], [0, 1]]",
    accepts: (value: unknown): value is Bounds => isBounds(value),
  },
  /** Title of the first axis of the box (default `"x"`). */
  xTitle: { kind: "text", default: "x" },
  /** Title of the second axis of the box (default `"y"`). */
  yTitle: { kind: "text", default: "y" },
  /** Title of the vertical axis of the box (default `"z"`). */
  zTitle: { kind: "text", default: "z" },
} as const;

type Point = readonly [number, number, number];

export interface Camera {
  readonly bounds: Bounds;
  readonly width: number;
  readonly height: number;
  /** Pixels from the left, pixels from the top, and pixels nearer than the middle of the box. */
  readonly project: (x: number, y: number, z: number) => Point;
}

interface Looking {
  readonly view?: Ends | undefined;
  readonly bounds?: Bounds | undefined;
  readonly width: number;
  readonly height: number;
  /** Whether the box itself is in the picture. */
  readonly box: boolean;
}

/** A camera that sees the points, or the box, from any side in one scale. */
export function cameraFor(
  numbers: ArrayLike<number>,
  { view = [-60, 30], bounds, box, width, height }: Looking,
): Camera {
  const ends = bounds ?? ([0, 1, 2].map((axis) => extent(numbers, axis, 3)) as unknown as Bounds);
  const [azimuth, elevation] = [(view[0] * Math.PI) / 180, (view[1] * Math.PI) / 180];
  const [ca, sa, ce, se] = [Math.cos(azimuth), Math.sin(azimuth), Math.cos(elevation), Math.sin(elevation)];
  const middle = ends.map(([low, high]) => (low + high) / 2) as unknown as Point;
  const [mx, my, mz] = middle;
  const diagonal = Math.hypot(...ends.map(([low, high]) => high - low));
  const across = box || bounds ? diagonal : 2.05 * farthest(numbers, middle);
  const scale = Math.min(width, height) / (across || 1);
  const project = (px: number, py: number, pz: number): Point => {
    const [x, y, z] = [px - mx, py - my, pz - mz];
    const up = ce * z - se * (ca * x + sa * y);
    return [width / 2 + scale * (ca * y - sa * x), height / 2 - scale * up, scale * (ce * (ca * x + sa * y) + se * z)];
  };
  return { bounds: ends, width, height, project };
}

function farthest(numbers: ArrayLike<number>, [mx, my, mz]: Point): number {
  let most = 0;
  for (let k = 0; k < numbers.length; k += 3) {
    const [x, y, z] = [numbers[k] ?? NaN, numbers[k + 1] ?? NaN, numbers[k + 2] ?? NaN];
    const away = Math.hypot(x - mx, y - my, z - mz);
    if (Number.isFinite(away)) most = Math.max(most, away);
  }
  return most;
}

// -------------------------------------------------------------------------------------------------------- shapes

/** Steps along the longer side of a picture. */
const STEPS = 4096;

/** Shapes of GeoJSON whose places are whole steps. */
export const stepsIn = ({ width, height }: Camera): number => STEPS / Math.max(width, height);

/** How vega-lite brings steps to pixels. */
export const projectionOf = (camera: Camera): Layer => ({
  projection: { type: "identity", scale: 1 / stepsIn(camera), translate: [0, 0] },
});

/** Without the frame that charts with axes have. */
export const UNFRAMED = { view: { stroke: null } } as const;

// ----------------------------------------------------------------------------------------------------------- box

const SIDES = [0, 1] as const;

interface Titles {
  readonly xTitle: string;
  readonly yTitle: string;
  readonly zTitle: string;
}

/** The edges of the box that are not in front of what is in it, with a name and the ends of each axis. */
export function boxLayers(camera: Camera, titles: Titles): Layer[] {
  return [edgesOf(camera), textsOf(camera, titles)];
}

/** The corner on the given sides. */
const cornerOf = ({ bounds: [x, y, z], project }: Camera, [a, b, c]: Point): Point =>
  project(x[a as 0 | 1], y[b as 0 | 1], z[c as 0 | 1]);

/** The sides of the corner that is nearest. */
function nearestCorner(camera: Camera): Point {
  const corners = SIDES.flatMap((a) => SIDES.flatMap((b) => SIDES.map((c): Point => [a, b, c])));
  return corners.reduce((best, each) => (cornerOf(camera, each)[2] > cornerOf(camera, best)[2] ? each : best));
}

function edgesOf(camera: Camera): Layer {
  const near = nearestCorner(camera);
  const steps = stepsIn(camera);
  const edges = [0, 1, 2].flatMap((axis) =>
    SIDES.flatMap((a) => SIDES.map((b) => SIDES.map((c) => along(axis, [a, b], c)))),
  );
  const behind = edges.filter((ends) => !ends.some((end) => end.every((side, axis) => side === near[axis])));
  const values = behind.map((ends) => ({
    type: "Feature",
    geometry: {
      type: "LineString",
      coordinates: ends.map((end) =>
        cornerOf(camera, end)
          .slice(0, 2)
          .map((at) => Math.round(at * steps)),
      ),
    },
  }));
  const mark = { type: "geoshape", filled: false, stroke: "#888", strokeWidth: 1, opacity: 0.5 };
  return { data: { values }, ...projectionOf(camera), mark };
}

/** The sides of the end `c` of an edge along an axis, with the sides of the two other axes in their order. */
function along(axis: number, [a, b]: readonly [number, number], c: number): Point {
  const others = [a, b];
  return [0, 1, 2].map((each) => (each === axis ? c : (others.shift() ?? 0))) as unknown as Point;
}

/** Pixels from an edge to its texts, and from a corner, where two edges end, to the numbers of both. */
const AWAY = 16;
const FROM_CORNER = 30;

/** Texts stand at the two lowest edges on paper, and at the leftmost upright one. */
function textsOf(camera: Camera, { xTitle, yTitle, zTitle }: Titles): Layer {
  const near = nearestCorner(camera);
  // From above the edges in front are the lowest on paper, from below those behind.
  const [atX = 0, atY = 0] = near[2] === 1 ? near : near.map((side) => 1 - side);
  const left = SIDES.flatMap((a) => SIDES.map((b): [number, number] => [a, b])).reduce((best, sides) =>
    cornerOf(camera, along(2, sides, 0))[0] < cornerOf(camera, along(2, best, 0))[0] ? sides : best,
  );
  const values = [
    ...textsAlong(camera, 0, [atY, 0], xTitle),
    ...textsAlong(camera, 1, [atX, 0], yTitle),
    ...textsAlong(camera, 2, left, zTitle),
  ];
  const pixel = (field: string): Layer => ({ field, type: "quantitative", scale: null, axis: null });
  return {
    data: { values },
    mark: { type: "text", fontSize: 10 },
    encoding: { x: pixel("x"), y: pixel("y"), text: { field: "text", type: "nominal" } },
  };
}

function textsAlong(camera: Camera, axis: 0 | 1 | 2, sides: readonly [number, number], title: string): object[] {
  const [from, to] = SIDES.map((c) => cornerOf(camera, along(axis, sides, c))) as [Point, Point];
  const [dx, dy] = [(from[0] + to[0] - camera.width) / 2, (from[1] + to[1] - camera.height) / 2];
  const away = axis === 2 ? [-AWAY, 0] : [(AWAY * dx) / Math.hypot(dx, dy), AWAY];
  const inside = Math.min(0.25, FROM_CORNER / Math.hypot(to[0] - from[0], to[1] - from[1]));
  const texts = [
    [inside, numberText(camera.bounds[axis][0])],
    [0.5, title],
    [1 - inside, numberText(camera.bounds[axis][1])],
  ] as const;
  return texts.map(([part, text]) => {
    const [x, y] = [0, 1].map((k) => (from[k] ?? 0) + part * ((to[k] ?? 0) - (from[k] ?? 0)) + (away[k] ?? 0));
    return { x: Math.round(x ?? 0), y: Math.round(y ?? 0), text };
  });
}

const numberText = (number: number): string => String(Number(number.toPrecision(2))).replace("-", "−");
