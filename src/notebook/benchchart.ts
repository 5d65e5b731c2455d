/** Times of routines against the size of a problem, for `chart`: lines on logarithmic axes. Measures nothing. */
import { ArgumentError } from "../errors";
import { atMost, describeValue, isOptions, optionsOf } from "../options";
import type { OptionsOf } from "../options";
import { vectorOf } from "./columns";
import type { ChartValues } from "./columns";
import { linesOf } from "./linechart";
import { AXES, FRAME, ZOOM } from "./plane";

type Rows = typeof AXES & typeof FRAME & typeof ZOOM;
const BENCH_CHART: Rows = { ...AXES, ...FRAME, ...ZOOM };

/** Options of `benchChart`. */
export type BenchChartOptions = OptionsOf<Rows>;

/**
 * Describes times (in seconds) against sizes `[n]` in vega-lite v5, for `chart`: a line for each routine, from an
 * object of times `[n]` by its name. Where there is none, the time is NaN.
 * @param sizes `[n]`
 * @param times seconds `[n]` by the name of the routine
 * @returns a description for `chart`
 * @throws ArgumentError unless there is a time for each size
 * @example console.log(typeof notebook.benchChart([100, 1000], { tskeops: [0.001, 0.05] })); // object
 */
export function benchChart(
  sizes: ChartValues,
  times: Readonly<Record<string, ChartValues>>,
  options?: BenchChartOptions | null,
): object {
  atMost("benchChart", 3, arguments);
  const checked = optionsOf("benchChart", options, BENCH_CHART);
  const { xTitle: x = "N", yTitle: y = "time (s)" } = checked;
  const along = vectorOf("benchChart, sizes", sizes);
  if (!isOptions(times))
    throw new ArgumentError(`benchChart, times: expected an object of times by routine, got ${describeValue(times)}`);
  const rows = Object.entries(times).flatMap(([routine, values]) =>
    Array.from(timesOf(routine, values, along.length), (time, k) => ({ [x]: along[k], [y]: time, routine })),
  );
  const scales = { xScale: "log", yScale: "log" } as const;
  const measured = rows.filter((row) => Number.isFinite(row[y]));
  return linesOf("benchChart", measured, { height: 300, ...checked, ...scales, x, y, series: "routine", points: true });
}

function timesOf(routine: string, values: ChartValues, count: number): ArrayLike<number> {
  const times = vectorOf(`benchChart, times, ${routine}`, values);
  if (times.length === count) return times;
  const expected = `a time for each of ${String(count)} sizes`;
  throw new ArgumentError(`benchChart, times, ${routine}: expected ${expected}, got ${String(times.length)}`);
}
