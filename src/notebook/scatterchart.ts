/**
 * Pictures of points for `chart`. The one idea: a point travels as one integer, its place on a grid as fine as a picture
 * can show and the number of its colour, so that 10⁵ of them are less than a megabyte. Knows nothing of formulas.
 */
import { checkArray, described } from "../array/check";
import { elementsOf } from "../array/integers";
import { readable, shapeText } from "../array/view";
import type { RealArray } from "../array/view";
import { asserted } from "../asserts";
import { ArgumentError } from "../errors";
import { atMost, optionsOf, withDefaults } from "../options";
import type { OptionsOf } from "../options";

/** A number, or the name of a class, for each point. */
export type PointValues = RealArray | ArrayLike<number> | readonly string[] | { readonly data: ArrayLike<number> };

const SCATTER_CHART = {
  /** A value for each point, numbers, which become colours of a scheme with a legend. */
  value: { expected: "a number for each point", accepts: (value: unknown): value is PointValues => isMany(value) },
  /** The class of each point, integers or names: one colour each. */
  label: { expected: "a class for each point", accepts: (value: unknown): value is PointValues => isMany(value) },
  /** For values: a continuous colour scheme of vega (default `"viridis"`). */
  scheme: { kind: "text", default: "viridis" },
  /** Title of the legend; without one labels have none, and values have one without a title. */
  legend: { kind: "text" },
  /** Area of a point in square pixels (default 15). */
  size: { kind: "number", least: 0, default: 15 },
  /** Opacity of points, from 0 to 1 (default 0.8). */
  opacity: { kind: "number", least: 0, default: 0.8 },
  /** Stands above the picture. */
  title: { kind: "text" },
  /** Title of the horizontal axis. */
  xTitle: { kind: "text" },
  /** Title of the vertical axis. */
  yTitle: { kind: "text" },
  /** Layers of vega-lite that are drawn over the points. */
  over: {
    expected: "a list of layers",
    accepts: (value: unknown): value is readonly object[] => Array.isArray(value),
  },
  /** Width in CSS pixels (default 400). */
  width: { kind: "number", least: 1, default: 400 },
  /** Height in CSS pixels (default: as wide as both axes have the same scale, at most twice the width). */
  height: { kind: "number", least: 1 },
} as const;

const isMany = (value: unknown): value is PointValues =>
  typeof value === "object" && value !== null && ("length" in value || "data" in value);

export type ScatterChartOptions = OptionsOf<typeof SCATTER_CHART>;

/**
 * Describes points `[N, 2]` in vega-lite v5, for `chart`, in colours of a `value` or a `label` for each. Points that
 * are not finite, or whose value is not, are left out. Throws ArgumentError for another shape, and unless there is a value for each point.
 */
export function scatterChart(points: RealArray, options?: ScatterChartOptions | null): object {
  atMost("scatterChart", 2, arguments);
  const checked = withDefaults(SCATTER_CHART, optionsOf("scatterChart", options, SCATTER_CHART));
  const { title, width, size, opacity, over = [] } = checked;
  const { shape } = checkArray("scatterChart", points);
  if (shape.length !== 2 || shape[1] !== 2)
    throw new ArgumentError(`scatterChart: expected points of shape [N, 2], got ${shapeText(shape)}`);
  const numbers = readable(points);
  const ends = [0, 1].map((axis) => endsOf(numbers, axis)) as [Ends, Ends];
  const colors = colorsOfPoints(asserted(shape[0], "a count"), checked);
  const encoding = {
    x: axisOf("x", ends[0], checked.xTitle),
    y: axisOf("y", ends[1], checked.yTitle),
    ...(colors && { color: colors.encoding }),
  };
  const dots = { mark: { type: "circle", size, opacity, clip: true }, encoding };
  return {
    ...(title === undefined ? {} : { title }),
    width,
    height: checked.height ?? heightFor(width, ends),
    data: { values: packed(numbers, ends, colors?.numbers) },
    transform: [...unpacked(ends), ...(colors ? [{ calculate: colors.unpacked(COLOR), as: "c" }] : [])],
    ...(over.length === 0 ? dots : { layer: [dots, ...over] }),
  };
}

type Ends = readonly [number, number];

/** Least and largest coordinate, a little apart where they are equal. */
function endsOf(numbers: ArrayLike<number>, axis: number): Ends {
  let [low, high] = [Infinity, -Infinity];
  for (let k = axis; k < numbers.length; k += 2) {
    const number = numbers[k] as number;
    if (!Number.isFinite(number)) continue;
    low = Math.min(low, number);
    high = Math.max(high, number);
  }
  if (low > high) return [0, 1];
  const margin = (high - low) * MARGIN || Math.max(Math.abs(low), 1) * MARGIN;
  return [low - margin, high + margin];
}

const MARGIN = 0.03;
const axisOf = (field: string, domain: Ends, title = ""): object => ({
  field,
  type: "quantitative",
  title,
  scale: { domain, nice: false, zero: false },
});

const heightFor = (width: number, [[left, right], [low, high]]: readonly [Ends, Ends]): number =>
  Math.round(Math.min(2 * width, Math.max(width / 4, (width * (high - low)) / (right - left))));

/** Steps of an axis, and of a scale of colours. */
const STEPS = 1024;
const LEVELS = 256;

/** The integers of points that are finite: x + STEPS y + STEPS² c. */
function packed(numbers: ArrayLike<number>, ends: readonly [Ends, Ends], colors?: readonly number[]): number[] {
  const integers: number[] = [];
  for (let k = 0; 2 * k < numbers.length; k++) {
    const [x, y] = ends.map((axis, n) => levelOf(numbers[2 * k + n] as number, axis, STEPS)) as [number, number];
    const integer = x + STEPS * y + STEPS ** 2 * (colors?.[k] ?? 0);
    if (Number.isFinite(integer)) integers.push(integer);
  }
  return integers;
}

/** What part of the way from low to high, in steps; NaN for what is not finite. */
const levelOf = (number: number, [low, high]: Ends, steps: number): number =>
  Number.isFinite(number) ? Math.min(steps - 1, Math.floor(((number - low) / (high - low)) * steps)) : NaN;

/** The middle of a step, in the language of vega. */
const numberAt = (level: string, [low, high]: Ends, steps: number): string =>
  `${String(low)} + ${String((high - low) / steps)} * (${level} + 0.5)`;

const unpacked = ([ofX, ofY]: readonly [Ends, Ends]): object[] => [
  { calculate: numberAt(`datum.data % ${String(STEPS)}`, ofX, STEPS), as: "x" },
  { calculate: numberAt(`floor(datum.data / ${String(STEPS)}) % ${String(STEPS)}`, ofY, STEPS), as: "y" },
];

const COLOR = `floor(datum.data / ${String(STEPS ** 2)})`;

interface Colors {
  /** One for each point. */
  readonly numbers: readonly number[];
  /** What the number stands for, in the language of vega. */
  unpacked(number: string): string;
  readonly encoding: object;
}

function colorsOfPoints(count: number, options: ScatterChartOptions): Colors | null {
  const { value, label, scheme, legend } = options;
  if (value !== undefined && label !== undefined)
    throw new ArgumentError("scatterChart: expected a value or a label for each point, got both");
  if (value !== undefined) {
    const values = listOf("scatterChart, value", value, count).map(Number);
    if (isNames(value)) throw new ArgumentError("scatterChart, value: expected numbers, got text: label takes names");
    const ends = valueEnds(values);
    return {
      numbers: values.map((each) => levelOf(each, ends, LEVELS)),
      unpacked: (number) => numberAt(number, ends, LEVELS),
      encoding: { field: "c", type: "quantitative", title: legend ?? "", scale: { scheme } },
    };
  }
  return label === undefined ? null : colorsOfLabels(listOf("scatterChart, label", label, count), legend);
}

/** Least and largest value that is finite, apart. */
function valueEnds(values: readonly number[]): Ends {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  return low < high ? [low, high] : [low, low + Math.max(1, Math.abs(low))];
}

function colorsOfLabels(labels: readonly unknown[], legend: string | undefined): Colors {
  const numbered = new Map<unknown, number>();
  for (const label of labels) if (!numbered.has(label)) numbered.set(label, numbered.size);
  const names = [...numbered.keys()];
  const numeric = names.filter((name) => typeof name === "number");
  const sort = (numeric.length === names.length ? numeric.sort((a, b) => a - b) : names).map(String);
  const shown = legend === undefined ? { legend: null } : { title: legend };
  return {
    numbers: labels.map((label) => numbered.get(label) ?? 0),
    unpacked: (number) => `${JSON.stringify(names.map(String))}[${number}]`,
    encoding: { field: "c", type: "nominal", sort, ...shown },
  };
}

const isNames = (values: PointValues): values is readonly string[] =>
  Array.isArray(values) && values.some((each) => typeof each === "string");

/** Numbers or names, one for each point. */
function listOf(where: string, values: PointValues, count: number): readonly unknown[] {
  const list = isNames(values) ? values : Array.from(elementsOf(where, values)[1]);
  const wrong = list.find((each) => typeof each !== "number" && typeof each !== "bigint" && typeof each !== "string");
  if (wrong !== undefined) throw new ArgumentError(`${where}: expected numbers or names, got ${described(wrong)}`);
  if (list.length === count) return list;
  throw new ArgumentError(`${where}: expected one for each of ${String(count)} points, got ${String(list.length)}`);
}
