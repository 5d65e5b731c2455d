/** Points in three dimensions for `chart`. The one idea: they are drawn from the farthest on. */
import { atMost, optionsOf, withDefaults } from "../options";
import type { OptionsOf } from "../options";
import { COLORING, SCHEME, coloringOf } from "./coloring";
import { pointsOf } from "./columns";
import type { ChartValues } from "./columns";
import { dots } from "./marks";
import { FRAME, pictureOf } from "./plane";
import { DOTS } from "./scatterchart";
import { SPACE, UNFRAMED, boxLayers, cameraFor } from "./space";

type Rows = typeof SPACE & typeof COLORING & typeof SCHEME & typeof DOTS & typeof FRAME;
const ALL: Rows = { ...SPACE, ...COLORING, ...SCHEME, ...DOTS, ...FRAME };

/** Options of `scatter3d`. */
export type Scatter3dOptions = OptionsOf<Rows>;

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
  const checked = withDefaults(ALL, optionsOf("scatter3d", options, ALL));
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
