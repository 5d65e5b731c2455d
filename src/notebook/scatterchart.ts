/**
 * Pictures of points for `chart`, in colours of a number or a class for each: in the plane, and in three dimensions,
 * drawn from the farthest on. Knows nothing of formulas.
 */
import { atMost, optionsOf, withDefaults } from "../options";
import type { OptionsOf } from "../options";
import { COLORING, SCHEME, coloringOf } from "./coloring";
import { pointsOf } from "./columns";
import type { ChartValues, Ends } from "./columns";
import { dots } from "./marks";
import { AXES, FRAME, LIMITS, ZOOM, heightFor, linear, marginal, pictureOf, zoomed } from "./plane";
import { SPACE, UNFRAMED, boxLayers, cameraFor } from "./camera";

const isWithin = ([a, b]: Ends, number: number): boolean => Math.min(a, b) <= number && number <= Math.max(a, b);

/** How points look. */
const DOTS = {
  /** Area of a point in square pixels (default 15). */
  size: { kind: "number", least: 0, default: 15 },
  /** Opacity of points, from 0 to 1 (default 0.8). */
  opacity: { kind: "number", least: 0, default: 0.8 },
  /** Colour of all points, as CSS names it, where there is no value and no label. */
  color: { kind: "text" },
} as const;

type Plain = typeof AXES & typeof FRAME & typeof LIMITS & typeof ZOOM;
type Rows = typeof COLORING & typeof SCHEME & typeof DOTS & Plain;
const ALL: Rows = { ...COLORING, ...SCHEME, ...DOTS, ...AXES, ...FRAME, ...LIMITS, ...ZOOM };

/** Options of `scatterChart`. */
export type ScatterChartOptions = OptionsOf<Rows>;

/**
 * Describes points `[N, 2]` in vega-lite v5, for `chart`, in colours of a `value` or a `label` for each. Points that
 * are not finite, or whose value is not, are left out. Both axes have one scale unless there is a height.
 * @param points `[N, 2]`
 * @returns a description for `chart`
 * @throws ArgumentError for another shape, and unless there is a value for each point
 * @example console.log(typeof notebook.scatterChart(rand([100, 2]), { value: rand([100]) })); // object
 */
export function scatterChart(points: ChartValues, options?: ScatterChartOptions | null): object {
  atMost("scatterChart", 2, arguments);
  const checked = withDefaults(ALL, optionsOf("scatterChart", options, ALL));
  const { size, opacity, color, width = 400, zoom } = checked;
  const all = pointsOf("scatterChart", points, 2);
  const { xDomain = marginal(all, 0, 2), yDomain = marginal(all, 1, 2) } = checked;
  const plane = [xDomain, yDomain] as const;
  const numbers = Float64Array.from(all, (number, k) => (isWithin(plane[k % 2 === 0 ? 0 : 1], number) ? number : NaN));
  const height = checked.height ?? heightFor(width, plane);
  const axes = { x: linear("x", plane[0], width, checked.xTitle), y: linear("y", plane[1], height, checked.yTitle) };
  const colors = coloringOf("scatterChart", numbers.length / 2, checked);
  const layer = dots(numbers, plane, axes, colors, { size, opacity, ...(color === undefined ? {} : { color }) });
  return pictureOf(checked, { width, height }, [{ ...layer, ...zoomed(zoom) }]);
}

// ---------------------------------------------------------------------------------------------------- three dimensions

type RowsInSpace = typeof SPACE & typeof COLORING & typeof SCHEME & typeof DOTS & typeof FRAME;
const ALL_IN_SPACE: RowsInSpace = { ...SPACE, ...COLORING, ...SCHEME, ...DOTS, ...FRAME };

/** Options of `scatter3d`. */
export type Scatter3dOptions = OptionsOf<RowsInSpace>;

/**
 * Describes points `[N, 3]` in vega-lite v5, for `chart`, as they are seen from `view`, in colours of a `value` or a
 * `label` for each. All axes have one scale. Points that are not finite are left out.
 * @param points `[N, 3]`
 * @returns a description for `chart`
 * @throws ArgumentError for another shape, and unless there is a value for each point
 * @example console.log(typeof notebook.scatter3d(rand([100, 3]))); // object
 */
export function scatter3d(points: ChartValues, options?: Scatter3dOptions | null): object {
  atMost("scatter3d", 2, arguments);
  const checked = withDefaults(ALL_IN_SPACE, optionsOf("scatter3d", options, ALL_IN_SPACE));
  const { size, opacity, color, width = 400 } = checked;
  const height = checked.height ?? Math.round(0.9 * width);
  const numbers = pointsOf("scatter3d", points, 3);
  const camera = cameraFor(numbers, { ...checked, box: true, width, height });
  const count = numbers.length / 3;
  const seen = Array.from({ length: count }, (_, k) =>
    camera.project(...([0, 1, 2].map((axis) => numbers[3 * k + axis]) as [number, number, number])),
  );
  const order = seen.map((_, k) => k).sort((a, b) => (seen[a]?.[2] ?? 0) - (seen[b]?.[2] ?? 0));
  const placed = order.flatMap((k) => [seen[k]?.[0] ?? NaN, seen[k]?.[1] ?? NaN]);
  const found = coloringOf("scatter3d", count, checked);
  const colors = found && { ...found, codes: order.map((k) => found.codes[k] ?? NaN) };
  const pixels = { type: "quantitative", scale: null, axis: null };
  const look = { size, opacity, ...(color === undefined ? {} : { color }) };
  const layer = dots(
    placed,
    [
      [0, width],
      [0, height],
    ],
    { x: pixels, y: pixels },
    colors,
    look,
  );
  const { title } = checked;
  return { ...pictureOf({ title }, { width, height }, [...boxLayers(camera, checked), layer]), ...UNFRAMED };
}
