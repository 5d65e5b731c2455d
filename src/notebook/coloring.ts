/**
 * Colours of points: from a number or a class for each, with a legend. The one idea: a point carries the small number of
 * its colour, and what that stands for is said once, in the language of vega. Knows no chart.
 */
import { described } from "../array/check";
import { elementsOf } from "../array/integers";
import { ArgumentError } from "../errors";
import type { OptionsOf } from "../options";
import { extent, isEnds, isNames } from "./columns";
import type { Ends, PointValues } from "./columns";

const isMany = (value: unknown): value is PointValues =>
  typeof value === "object" && value !== null && ("length" in value || "data" in value);

/** What numbers become. */
export const SCHEME = {
  /** For numbers: a continuous colour scheme of vega (default `"viridis"`). */
  scheme: { kind: "text", default: "viridis" },
  /** For numbers: the scheme from its other end (default false). */
  reverse: { kind: [true, false], default: false },
  /** For numbers: those at the two ends of the colours (default: the least and the greatest). */
  domain: { expected: "two numbers like [0, 1]", accepts: (value: unknown): value is Ends => isEnds(value) },
  /** Title of the legend; without one there is none, but that the numbers of points have one without a title. */
  legend: { kind: "text" },
} as const;

/** What is coloured. */
export const COLORING = {
  /** A number for each point, which becomes a colour of a scheme with a legend. */
  value: { expected: "a number for each point", accepts: (value: unknown): value is PointValues => isMany(value) },
  /** The class of each point, integers or names: one colour each. */
  label: { expected: "a class for each point", accepts: (value: unknown): value is PointValues => isMany(value) },
} as const;

export type ColoringOptions = OptionsOf<typeof COLORING & typeof SCHEME>;

export interface Coloring {
  /** A small integer for each point; NaN for a value that is not finite. */
  readonly codes: readonly number[];
  /** What a code stands for, in the language of vega. */
  readonly unpacked: (code: string) => string;
  readonly encoding: object;
}

const LEVELS = 256;

/** The colours that options ask for, or null. @throws ArgumentError unless there is one for each of `count` points. */
export function coloringOf(where: string, count: number, options: ColoringOptions): Coloring | null {
  const { value, label } = options;
  if (value !== undefined && label !== undefined)
    throw new ArgumentError(`${where}: expected a value or a label for each point, got both`);
  if (value !== undefined) return coloringByValue(valuesOf(`${where}, value`, value, count), options);
  return label === undefined ? null : coloringByLabel(listOf(`${where}, label`, label, count), options.legend);
}

function valuesOf(where: string, value: PointValues, count: number): number[] {
  const values = listOf(where, value, count).map(Number);
  if (isNames(value)) throw new ArgumentError(`${where}: expected numbers, got text: label takes names`);
  return values;
}

export function coloringByValue(values: readonly number[], options: ColoringOptions): Coloring {
  const ends = options.domain ?? apart(extent(values));
  return {
    codes: values.map((each) => levelOf(each, ends, LEVELS)),
    unpacked: (code) => numberAt(code, ends, LEVELS),
    encoding: {
      field: "c",
      type: "quantitative",
      title: options.legend ?? "",
      scale: scaleOf(options),
      legend: { gradientOpacity: 1 },
    },
  };
}

/** The scale of colours as vega-lite has it. */
export const scaleOf = ({ scheme, reverse, domain }: ColoringOptions): object => ({
  scheme,
  ...(reverse === true ? { reverse } : {}),
  ...(domain === undefined ? {} : { domain, clamp: true }),
});

const apart = ([low, high]: Ends): Ends => (low < high ? [low, high] : [low, low + Math.max(1, Math.abs(low))]);

function coloringByLabel(labels: readonly unknown[], legend: string | undefined): Coloring {
  const numbered = new Map<unknown, number>();
  for (const label of labels) if (!numbered.has(label)) numbered.set(label, numbered.size);
  const names = [...numbered.keys()];
  const numeric = names.filter((name) => typeof name === "number");
  const sort = (numeric.length === names.length ? numeric.sort((a, b) => a - b) : names).map(String);
  const shown = legend === undefined ? { legend: null } : { title: legend };
  return {
    codes: labels.map((label) => numbered.get(label) ?? 0),
    unpacked: (code) => `${JSON.stringify(names.map(String))}[${code}]`,
    encoding: { field: "c", type: "nominal", sort, ...shown },
  };
}

/** Numbers or names, one for each point. */
function listOf(where: string, values: PointValues, count: number): readonly unknown[] {
  const list = isNames(values) ? values : Array.from(elementsOf(where, values)[1]);
  const wrong = list.find((each) => typeof each !== "number" && typeof each !== "bigint" && typeof each !== "string");
  if (wrong !== undefined) throw new ArgumentError(`${where}: expected numbers or names, got ${described(wrong)}`);
  if (list.length === count) return list;
  throw new ArgumentError(`${where}: expected one for each of ${String(count)} points, got ${String(list.length)}`);
}

/** What part of the way from low to high, in steps; NaN for what is not finite. */
export const levelOf = (number: number, [low, high]: Ends, steps: number): number =>
  Number.isFinite(number) ? Math.max(0, Math.min(steps - 1, Math.floor(((number - low) / (high - low)) * steps))) : NaN;

/** The middle of a step, in the language of vega. */
export const numberAt = (level: string, [low, high]: Ends, steps: number): string =>
  `${String(low)} + ${String((high - low) / steps)} * (${level} + 0.5)`;
