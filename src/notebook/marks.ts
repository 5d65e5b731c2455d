/**
 * Marks of many charts: dots, lines, arrows and areas as layers of vega-lite. The one idea: places travel as integers,
 * steps on a grid as fine as a picture can show, so that 10⁵ points are less than a megabyte. Must not know what they
 * show.
 */
import { levelOf, numberAt } from "./coloring";
import type { Coloring } from "./coloring";
import type { Ends } from "./columns";
import type { Layer } from "./plane";

/** The two axes. */
export type Plane = readonly [Ends, Ends];

/** Steps of an axis. */
const STEPS = 1024;
/** Where lines should look smooth. */
const FINE_STEPS = 4096;

const axes = { x: { field: "x" }, y: { field: "y" } } as const;
export type PlaneAxes = { readonly [axis in keyof typeof axes]: Layer };

const placed = (given: PlaneAxes): Layer => ({ x: { ...axes.x, ...given.x }, y: { ...axes.y, ...given.y } });

interface DotLook {
  readonly size: number;
  readonly opacity: number;
  readonly color?: string | undefined;
}

/** Points: one integer each, x + STEPS y + STEPS² c. Those that are not finite are left out. */
export function dots(
  numbers: ArrayLike<number>,
  plane: Plane,
  given: PlaneAxes,
  colors: Coloring | null,
  look: DotLook,
): Layer {
  const [ofX, ofY] = plane;
  const integers: number[] = [];
  for (let k = 0; 2 * k < numbers.length; k++) {
    const integer = packed(numbers, 2 * k, plane, STEPS) + STEPS ** 2 * (colors?.codes[k] ?? 0);
    if (Number.isFinite(integer)) integers.push(integer);
  }
  const code = `floor(datum.data / ${String(STEPS ** 2)})`;
  return {
    data: { values: integers },
    transform: [
      { calculate: numberAt(`datum.data % ${String(STEPS)}`, ofX, STEPS), as: "x" },
      { calculate: numberAt(`floor(datum.data / ${String(STEPS)}) % ${String(STEPS)}`, ofY, STEPS), as: "y" },
      ...(colors ? [{ calculate: colors.unpacked(code), as: "c" }] : []),
    ],
    mark: { type: "circle", clip: true, ...look },
    encoding: { ...placed(given), ...(colors && { color: colors.encoding }) },
  };
}

/** Two numbers as one integer, x + steps y. */
function packed(numbers: ArrayLike<number>, at: number, [ofX, ofY]: Plane, steps: number): number {
  return levelOf(numbers[at] as number, ofX, steps) + steps * levelOf(numbers[at + 1] as number, ofY, steps);
}

/** A line, and the code of its colour. */
export interface Polyline {
  readonly points: readonly (readonly [number, number])[];
  readonly code: number;
}

/** Where one line ends and the next of its colour begins. */
const GAP = -1;

/** Lines through points: x + FINE_STEPS y for each. Those of one colour are one mark, so that they share a clip. */
export function polylines(
  lines: readonly Polyline[],
  plane: Plane,
  given: PlaneAxes,
  colors: Coloring | null,
  mark: object,
): Layer {
  const [ofX, ofY] = plane;
  const ofCode = new Map<number, number[]>();
  for (const { points, code } of lines) {
    const places = points.map((at) => packed(at, 0, plane, FINE_STEPS));
    ofCode.set(code, (ofCode.get(code) ?? []).concat(places, GAP));
  }
  const unlessGap = (place: string): string => `datum.d === ${String(GAP)} ? null : ${place}`;
  return {
    data: { values: Array.from(ofCode, ([l, d]) => ({ l, d })) },
    transform: [
      { flatten: ["d"] },
      { calculate: unlessGap(numberAt(`datum.d % ${String(FINE_STEPS)}`, ofX, FINE_STEPS)), as: "x" },
      { calculate: unlessGap(numberAt(`floor(datum.d / ${String(FINE_STEPS)})`, ofY, FINE_STEPS)), as: "y" },
      ...(colors ? [{ calculate: colors.unpacked("datum.l"), as: "c" }] : []),
    ],
    mark: { type: "line", clip: true, strokeJoin: "round", ...mark },
    encoding: {
      ...placed(given),
      order: { value: null },
      detail: { field: "l" },
      ...(colors && { color: colors.encoding }),
    },
  };
}

interface Arrows {
  readonly from: ArrayLike<number>;
  readonly to: ArrayLike<number>;
  /** Of the picture: heads have an angle and a size in pixels. */
  readonly size: { readonly width: number; readonly height: number };
}

/** Half the angle of a head, and its length: in pixels, and as a part of the arrow. */
const HEAD = { angle: 0.4, length: 7, part: 0.4 } as const;

/** Arrows: three straight lines each. Those that are not finite are left out. */
export function arrows(
  { from, to, size }: Arrows,
  plane: Plane,
  given: PlaneAxes,
  colors: Coloring | null,
  mark: object,
): Layer {
  const pixel = [size.width, size.height].map(
    (pixels, axis) => (plane[axis as 0 | 1][1] - plane[axis as 0 | 1][0]) / pixels,
  );
  const values: { a: number; b: number; c: number }[] = [];
  for (let k = 0; k < from.length; k += 2) {
    const [tail, tip] = [placeIn(from, k), placeIn(to, k)];
    const c = colors?.codes[k / 2] ?? 0;
    if (![...tail, ...tip, c].every(Number.isFinite)) continue;
    const b = packed(tip, 0, plane, FINE_STEPS);
    for (const start of [tail, ...headOf(tail, tip, pixel as [number, number])])
      values.push({ a: packed(start, 0, plane, FINE_STEPS), b, c });
  }
  const [ofX, ofY] = plane;
  const unpacked = (field: string, end: string): object[] => [
    { calculate: numberAt(`datum.${field} % ${String(FINE_STEPS)}`, ofX, FINE_STEPS), as: `x${end}` },
    { calculate: numberAt(`floor(datum.${field} / ${String(FINE_STEPS)})`, ofY, FINE_STEPS), as: `y${end}` },
  ];
  return {
    data: { values },
    transform: [
      ...unpacked("a", ""),
      ...unpacked("b", "2"),
      ...(colors ? [{ calculate: colors.unpacked("datum.c"), as: "c" }] : []),
    ],
    mark: { type: "rule", clip: true, strokeCap: "round", ...mark },
    encoding: { ...placed(given), x2: { field: "x2" }, y2: { field: "y2" }, ...(colors && { color: colors.encoding }) },
  };
}

type Place = readonly [number, number];

const placeIn = (list: ArrayLike<number>, at: number): Place => [list[at] ?? NaN, list[at + 1] ?? NaN];

/** Where the two lines of a head begin that end at the tip. */
function headOf(tail: Place, tip: Place, pixel: Place): Place[] {
  const [dx, dy] = [(tail[0] - tip[0]) / pixel[0], (tail[1] - tip[1]) / pixel[1]];
  const length = Math.hypot(dx, dy);
  if (length === 0) return [];
  const part = Math.min(HEAD.length / length, HEAD.part);
  return [HEAD.angle, -HEAD.angle].map((angle) => {
    const [cos, sin] = [Math.cos(angle) * part, Math.sin(angle) * part];
    return [tip[0] + pixel[0] * (cos * dx - sin * dy), tip[1] + pixel[1] * (sin * dx + cos * dy)];
  });
}
