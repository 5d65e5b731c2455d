/** Arrows at points for `chart`. Knows nothing of formulas. */
import { ArgumentError } from "../errors";
import { atMost, optionsOf, withDefaults } from "../options";
import type { OptionsOf } from "../options";
import { COLORING, SCHEME, coloringOf } from "./coloring";
import { extent, pointsOf } from "./columns";
import type { ChartValues } from "./columns";
import { arrows } from "./marks";
import { AXES, FRAME, ZOOM, heightFor, linear, marginal, pictureOf, zoomed } from "./plane";

const QUIVER = {
  /** Length of an arrow, as a multiple of its vector (default: the longest is as long as arrows are apart). */
  scale: { kind: "number", least: 0 },
  /** Colour of all arrows, as CSS names it, where there is no value and no label. */
  color: { kind: "text" },
  /** Width of lines in pixels (default 1.2). */
  strokeWidth: { kind: "number", least: 0, default: 1.2 },
} as const;

type Rows = typeof QUIVER & typeof COLORING & typeof SCHEME & typeof AXES & typeof FRAME & typeof ZOOM;
const ALL: Rows = { ...QUIVER, ...COLORING, ...SCHEME, ...AXES, ...FRAME, ...ZOOM };

/** Options of `quiver`. */
export type QuiverOptions = OptionsOf<Rows>;

/**
 * Describes arrows in vega-lite v5, for `chart`: from points `[N, 2]` along vectors `[N, 2]`, in colours of a `value`
 * or a `label` for each. What is not finite is left out.
 * @param points `[N, 2]`
 * @param vectors `[N, 2]`
 * @returns a description for `chart`
 * @throws ArgumentError for other shapes
 * @example console.log(typeof notebook.quiver(rand([9, 2]), randn([9, 2]))); // object
 */
export function quiver(points: ChartValues, vectors: ChartValues, options?: QuiverOptions | null): object {
  atMost("quiver", 3, arguments);
  const checked = withDefaults(ALL, optionsOf("quiver", options, ALL));
  const { width = 400, zoom, color, strokeWidth } = checked;
  const [from, along] = [pointsOf("quiver", points, 2), pointsOf("quiver, vectors", vectors, 2, "vectors")];
  if (from.length !== along.length) {
    const [expected, got] = [from.length / 2, along.length / 2].map(String);
    throw new ArgumentError(`quiver, vectors: expected one for each of ${String(expected)} points, got ${String(got)}`);
  }
  const scale = checked.scale ?? scaleFor(from, along);
  const to = Float64Array.from(from, (at, k) => at + scale * (along[k] as number));
  const both = [...from, ...to];
  const plane = [marginal(both, 0, 2), marginal(both, 1, 2)] as const;
  const size = { width, height: checked.height ?? heightFor(width, plane) };
  const axes = {
    x: linear("x", plane[0], size.width, checked.xTitle),
    y: linear("y", plane[1], size.height, checked.yTitle),
  };
  const colors = coloringOf("quiver", from.length / 2, checked);
  const mark = { strokeWidth, ...(color === undefined ? {} : { color }) };
  return pictureOf(checked, size, [{ ...arrows({ from, to, size }, plane, axes, colors, mark), ...zoomed(zoom) }]);
}

/** The longest arrow is about as long as points are apart. */
function scaleFor(from: ArrayLike<number>, along: ArrayLike<number>): number {
  const [width, height] = [0, 1].map((axis) => extent(from, axis, 2)).map(([low, high]) => high - low);
  const apart = Math.sqrt(((width || 1) * (height || 1)) / Math.max(1, from.length / 2));
  let longest = 0;
  for (let k = 0; k < along.length; k += 2) {
    const length = Math.hypot(along[k] as number, along[k + 1] as number);
    if (Number.isFinite(length)) longest = Math.max(longest, length);
  }
  return apart / (longest || 1);
}
