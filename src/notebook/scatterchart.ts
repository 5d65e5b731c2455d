/** Pictures of points for `chart`, in colours of a number or a class for each. Knows nothing of formulas. */
import { atMost, optionsOf, withDefaults } from "../options";
import type { OptionsOf } from "../options";
import { COLORING, SCHEME, coloringOf } from "./coloring";
import { pointsOf } from "./columns";
import type { ChartValues, Ends } from "./columns";
import { dots } from "./marks";
import { AXES, FRAME, LIMITS, ZOOM, heightFor, linear, marginal, pictureOf, zoomed } from "./plane";

const isWithin = ([a, b]: Ends, number: number): boolean => Math.min(a, b) <= number && number <= Math.max(a, b);

/** How points look. */
export const DOTS = {
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
