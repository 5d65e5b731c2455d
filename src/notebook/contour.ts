/** Lines at levels of a grid for `chart`, often over a picture. Knows nothing of formulas. */
import { atMost, isAtLeast, optionsOf, withDefaults } from "../options";
import type { OptionsOf } from "../options";
import { SCHEME, coloringByValue } from "./coloring";
import { everyOf, extent, gridOf } from "./columns";
import type { ChartValues, Ends } from "./columns";
import { boundariesOf } from "./companions";
import type { Ring } from "./companions";
import { PLACE, endsOf } from "./imagechart";
import { polylines } from "./marks";
import type { Polyline } from "./marks";
import { AXES, FRAME, linear, pictureOf } from "./plane";

type Levels = number | readonly number[];
const MOST_LEVELS = 1000;

const isLevels = (value: unknown): value is Levels =>
  Array.isArray(value)
    ? value.length > 0 && everyOf(value, Number.isFinite)
    : isAtLeast(1, value) && Number.isInteger(value) && value <= MOST_LEVELS;

const CONTOUR = {
  /** The values at which there are lines, or about how many of them, at round values (default 10). */
  levels: {
    expected: "a number of levels from 1 to 1000, or a list of them",
    accepts: (value: unknown): value is Levels => isLevels(value),
  },
  /** Colour of all lines, as CSS names it, instead of one for each level. */
  color: { kind: "text" },
  /** Width of lines in pixels (default 1.2). */
  strokeWidth: { kind: "number", least: 0, default: 1.2 },
} as const;

type Rows = typeof PLACE & typeof CONTOUR & typeof SCHEME & typeof AXES & typeof FRAME;
const ALL: Rows = { ...PLACE, ...CONTOUR, ...SCHEME, ...AXES, ...FRAME };

/** Options of `contour`. */
export type ContourOptions = OptionsOf<Rows>;

/**
 * Describes in vega-lite v5, for `chart`, the lines where a matrix `[rows, columns]` has certain values. Entry [r, c]
 * is in the middle of its pixel, as in `imageChart`. There are no lines where it is NaN.
 * @param values `[rows, columns]`
 * @returns a description for `chart`
 * @throws ArgumentError for another shape, or for a scheme that vega does not have
 * @example console.log(typeof notebook.contour(rand([20, 30]))); // object
 */
export function contour(values: ChartValues, options?: ContourOptions | null): object {
  atMost("contour", 2, arguments);
  const checked = withDefaults(ALL, optionsOf("contour", options, ALL));
  const { columns, numbers } = gridOf("contour", values);
  const size = { width: checked.width ?? 300, height: checked.height ?? 300 };
  const [ofX, ofY] = endsOf(checked);
  const lower = checked.origin === "upper" ? ([ofY[1], ofY[0]] as const) : ofY;
  const levels = levelsOf(checked.levels ?? 10, extent(numbers));
  const lines = linesAt(numbers, columns, levels, [ofX, lower]);
  const axes = { x: linear("x", ofX, size.width, checked.xTitle), y: linear("y", ofY, size.height, checked.yTitle) };
  const { color, strokeWidth } = checked;
  const colors =
    color === undefined ? coloringByValue(levels, { ...checked, domain: checked.domain ?? extent(levels) }) : null;
  const coded = lines.map(({ points, code }) => ({ points, code: colors?.codes[code] ?? 0 }));
  const mark = { strokeWidth, ...(color === undefined ? {} : { color }) };
  return pictureOf(checked, size, [polylines(coded, [sorted(ofX), sorted(ofY)], axes, colors, mark)]);
}

const sorted = ([a, b]: Ends): Ends => (a < b ? [a, b] : [b, a]);

/** Round numbers between the ends: about as many as asked for. */
function levelsOf(levels: Levels, [low, high]: Ends): readonly number[] {
  if (typeof levels !== "number") return levels;
  const rough = (high - low) / (levels + 1) || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10);
  const first = Math.floor(low / step) + 1;
  const count = Math.ceil(high / step) - first;
  return Array.from({ length: Math.max(0, count) }, (_, k) => Number(((first + k) * step).toPrecision(12)));
}

/** The lines at levels, where the axes say; the code of each is the number of its level. */
function linesAt(
  numbers: ArrayLike<number>,
  columns: number,
  levels: readonly number[],
  ends: readonly [Ends, Ends],
): Polyline[] {
  const sizes = [columns, numbers.length / columns];
  const inside = (point: readonly [number, number]): boolean =>
    [0, 1].every((axis) => point[axis as 0 | 1] >= 0.5 && point[axis as 0 | 1] <= (sizes[axis] ?? 0) - 0.5);
  const placed = (point: readonly [number, number]): [number, number] =>
    [0, 1].map((axis) => {
      const [low, high] = ends[axis as 0 | 1];
      return low + ((high - low) * point[axis as 0 | 1]) / (sizes[axis] ?? 1);
    }) as [number, number];
  return boundariesOf(numbers, columns, levels).flatMap((rings, code) =>
    rings.flatMap((ring) => piecesOf(ring, inside)).map((piece) => ({ points: piece.map(placed), code })),
  );
}

/** What of a ring is between entries of the grid: not the ways around its border, and around entries that are NaN. */
function piecesOf(ring: Ring, inside: (point: readonly [number, number]) => boolean): Ring[] {
  const outside = ring.findIndex((point) => !inside(point));
  if (outside < 0) return [ring];
  const open = ring.slice(0, -1);
  const pieces: (readonly [number, number])[][] = [[]];
  for (const point of [...open.slice(outside), ...open.slice(0, outside)])
    if (inside(point)) pieces.at(-1)?.push(point);
    else pieces.push([]);
  return pieces.filter((piece) => piece.length > 1);
}
