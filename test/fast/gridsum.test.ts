/** Sums over a periodic grid against plain exponential sums in float64, by every instruction set. */
import { rand, randn } from "../../src/index";
import type { Dtype } from "../../src/index";
import { loadedAddon } from "../../src/device/native";
import type { RealData } from "../../src/device/native";
import { PeriodicGrid, gridShapeAtLeast, windowFor } from "../../src/fast/gridsum";
import type { GridGiven, Places, Spectrum, Term } from "../../src/fast/gridsum";
import { degreeOf, windowPolynomials, windowTransform } from "../../src/fast/spreadwindow";
import { runAsync, runSync } from "../../src/task";
import { describeWidths } from "../helpers/widths";

const addon = loadedAddon();
const numbers = (dtype: Dtype, values: readonly number[]): RealData =>
  dtype === "float32" ? Float32Array.from(values) : Float64Array.from(values);

/** The modes of a kernel on each axis, by dimension. */
const MODES: readonly (readonly number[])[] = [[], [42], [20, 24], [10, 7, 8], [4, 5, 4, 6]];
const LOWER = [-1, 0.5, 2, 0];
const PERIOD = [2, 3, 1.5, 1];

function gridOf(dim: number, dtype: Dtype, tolerance: number, Grid = PeriodicGrid): PeriodicGrid {
  const window = windowFor(tolerance);
  const shape = gridShapeAtLeast(MODES[dim]!.map((m) => Math.max(window.width, m * window.oversampling)));
  return new Grid({ shape, lower: LOWER.slice(0, dim), period: PERIOD.slice(0, dim), window, dtype });
}

/** Random points around the period, most of them inside; some on borders of cells, some far away, two equal. */
function pointsOf(grid: GridGiven, count: number, seed: number): RealData {
  const dim = grid.shape.length;
  const unit = rand([count, dim], { dtype: grid.dtype, seed }).data;
  unit.set(unit.subarray(0, dim), dim);
  unit.forEach((u, n) => {
    const [point, axis] = [Math.floor(n / dim), n % dim];
    const [length, period, lower] = [grid.shape[axis]!, grid.period[axis]!, grid.lower[axis]!];
    const snapped = point % 5 === 2 ? Math.round(u * length) / length : u;
    const away = point % 7 === 3 ? 5 * (point % 2) - 3 : 0;
    unit[n] = lower + (snapped + away) * period;
  });
  return unit;
}

interface Mode {
  readonly k: readonly number[];
  readonly re: number;
  readonly im: number;
}

/** The coefficients of samples, by plain sums; those of frequencies whose sign is open are left out. */
function transformOf(samples: Float64Array, modes: readonly number[]): Mode[] {
  const indices = Array.from(samples, (_, place) =>
    modes.map((m, axis) => Math.floor(place / modes.slice(axis + 1).reduce((a, b) => a * b, 1)) % m),
  );
  const signed = indices.filter((index) => index.every((k, axis) => 2 * k !== modes[axis]));
  return signed.map((index) => {
    let [re, im] = [0, 0];
    indices.forEach((n, place) => {
      const angle = 2 * Math.PI * n.reduce((sum, at, axis) => sum + (at * index[axis]!) / modes[axis]!, 0);
      re += (samples[place]! * Math.cos(angle)) / samples.length;
      im -= (samples[place]! * Math.sin(angle)) / samples.length;
    });
    return { k: index.map((k, axis) => (2 * k < modes[axis]! ? k : k - modes[axis]!)), re, im };
  });
}

const known = new Map<string, Mode[]>();

/** Found once for each dimension, as its samples are the same ones. */
function coefficientsOf(samples: Float64Array, modes: readonly number[]): Mode[] {
  const key = String(modes);
  const found = known.get(key) ?? transformOf(samples, modes);
  known.set(key, found);
  return found;
}

/** Sum over points y of K(x - y) w, for the kernel of these coefficients. */
function plainSums(modes: readonly Mode[], grid: GridGiven, x: RealData, y: RealData, w: ArrayLike<number>): number[] {
  const dim = grid.shape.length;
  const turnsOf = (points: RealData, point: number, k: readonly number[]): number =>
    k.reduce((sum, frequency, axis) => sum + (frequency * points[point * dim + axis]!) / grid.period[axis]!, 0);
  const sums = modes.map((mode) => {
    let [re, im] = [0, 0];
    for (let j = 0; j < y.length / dim; j++) {
      const angle = -2 * Math.PI * turnsOf(y, j, mode.k);
      re += w[j]! * Math.cos(angle);
      im += w[j]! * Math.sin(angle);
    }
    return { k: mode.k, re: mode.re * re - mode.im * im, im: mode.re * im + mode.im * re };
  });
  return Array.from({ length: x.length / dim }, (_, i) =>
    sums.reduce((sum, { k, re, im }) => {
      const angle = 2 * Math.PI * turnsOf(x, i, k);
      return sum + re * Math.cos(angle) - im * Math.sin(angle);
    }, 0),
  );
}

function relativeError(got: ArrayLike<number>, expected: readonly number[]): number {
  const norm = (values: readonly number[]): number => Math.hypot(...values);
  return norm(expected.map((value, n) => value - got[n]!)) / norm(expected);
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => Array.from(a).reduce((s, v, n) => s + v * b[n]!, 0);

/** A random kernel, its spectrum, points x and y, and weights of y. */
function problemOf(grid: PeriodicGrid) {
  const modes = MODES[grid.shape.length]!;
  const samples = randn([modes.reduce((a, b) => a * b)], { dtype: "float64", seed: 1 }).data;
  const [x, y] = [pointsOf(grid, 25, 2), pointsOf(grid, 30, 3)];
  const spectrum = runSync(grid.spectrumOf(samples, modes, false));
  const [from, to] = [runSync(grid.place(y)), runSync(grid.place(x))];
  const weights = randn([30], { dtype: grid.dtype, seed: 4 }).data;
  return { modes, samples, x, y, spectrum, from, to, weights };
}

function convolved(grid: PeriodicGrid, spectrum: Spectrum, from: Places, weights: RealData, to: Places): RealData {
  const out = numbers(grid.dtype, new Array<number>(to.count).fill(NaN));
  runSync(grid.convolve([{ spectrum, column: 0, to: 0 }], from, weights, to, out));
  return out;
}

function errorOf(grid: PeriodicGrid): number {
  const { modes, samples, x, y, spectrum, from, to, weights } = problemOf(grid);
  const expected = plainSums(coefficientsOf(samples, modes), grid, x, y, weights);
  return relativeError(convolved(grid, spectrum, from, weights, to), expected);
}

/** Polynomials of half the degree, which is a fault that tests must see. */
class CoarseGrid extends PeriodicGrid {
  protected override readonly polynomials: RealData = numbers(this.dtype, [
    ...windowPolynomials(this.window, degreeOf(this.window) >> 1),
  ]);
}

const KINDS: readonly (readonly [Dtype, number])[] = [
  ["float32", 1e-2],
  ["float32", 1e-3],
  ["float32", 1e-4],
  ["float64", 1e-3],
  ["float64", 1e-6],
  ["float64", 1e-9],
  ["float64", 1e-12],
];

describeWidths("sums over a periodic grid", () => {
  describe.each([1, 2, 3, 4])("of %i axes", (dim) => {
    test.each(KINDS)("in %s are as near as %p", (dtype, tolerance) => {
      expect(errorOf(gridOf(dim, dtype, tolerance))).toBeLessThan(tolerance);
    });

    test("are far from it with polynomials of half the degree", () => {
      expect(errorOf(gridOf(dim, "float64", 1e-6, CoarseGrid))).toBeGreaterThan(1e-6);
    });

    test.each(["float32", "float64"] as const)("in %s are a transpose of those the other way round", (dtype) => {
      const grid = gridOf(dim, dtype, 1e-3);
      const { spectrum, from, to, weights } = problemOf(grid);
      const others = randn([to.count], { dtype, seed: 5 }).data;
      const turned = { re: spectrum.re, im: spectrum.im?.map((value) => -value) as RealData };
      const one = convolved(grid, spectrum, from, weights, to);
      const other = convolved(grid, turned, to, others, from);
      const scale = Math.sqrt(dot(one, one) * dot(others, others));
      const difference = Math.abs(dot(others, one) - dot(weights, other));
      expect(difference).toBeLessThanOrEqual((dtype === "float32" ? 1e-6 : 1e-15) * 4 * scale);
    });

    test("do not depend on the number of threads", () => {
      const grid = gridOf(dim, "float32", 1e-3);
      const { spectrum } = problemOf(grid);
      const points = pointsOf(grid, 36000, 6);
      for (let n = 0; n < 20000 * dim; n++) points[n] = points[n % dim]! + 1e-3 * points[n]!;
      const weights = randn([36000], { dtype: "float32", seed: 7 }).data;
      const before = addon.threads();
      const runs = [1, 2, 5].map((count) => {
        addon.setThreads(count);
        const places = runSync(grid.place(points));
        return Buffer.from(convolved(grid, spectrum, places, weights, places).buffer);
      });
      addon.setThreads(before);
      expect(runs.map((run) => run.equals(runs[0]!))).toEqual([true, true, true]);
    });
  });

  test("of many blocks and parts are those of few points at a time", () => {
    const window = windowFor(1e-3);
    const grid = new PeriodicGrid({
      shape: [70, 48, 80],
      lower: [0, 0, 0],
      period: [1, 1, 1],
      window,
      dtype: "float64",
    });
    const [re, count] = [new Float64Array(grid.modes).fill(1), 40000];
    const points = rand([count, 3], { dtype: "float64", seed: 8 }).data;
    points.subarray(0, 60000).forEach((value, n) => (points[n] = 0.3 + 1e-3 * value));
    const weights = randn([count], { dtype: "float64", seed: 9 }).data;
    const to = runSync(grid.place(points.subarray(0, 300)));
    const whole = convolved(grid, { re }, runSync(grid.place(points)), weights, to);
    const sum = new Array<number>(to.count).fill(0);
    for (let first = 0; first < count; first += 5000) {
      const from = runSync(grid.place(points.subarray(3 * first, 3 * (first + 5000))));
      const part = convolved(grid, { re }, from, weights.subarray(first, first + 5000), to);
      part.forEach((value, n) => (sum[n] = sum[n]! + value));
    }
    expect(relativeError(whole, sum)).toBeLessThan(1e-13);
  });

  test("have columns of their own, and sums of several terms", () => {
    const grid = gridOf(2, "float64", 1e-6);
    const { spectrum, from, to } = problemOf(grid);
    const other = { re: spectrum.re.map((value, n) => value * ((n % 3) - 1)) };
    const weights = randn([30, 2], { dtype: "float64", seed: 10 }).data;
    const columns = [0, 1].map((column) => weights.filter((_, n) => n % 2 === column));
    const single = (kernel: Spectrum, column: number): RealData => convolved(grid, kernel, from, columns[column]!, to);
    const terms: Term[] = [
      { spectrum, column: 0, to: 2 },
      { spectrum: other, column: 1, to: 2 },
      { spectrum: other, column: 0, to: 0 },
    ];
    const out = new Float64Array(3 * to.count).fill(NaN);
    runSync(grid.convolve(terms, from, weights, to, out));
    const [first, second, third] = [single(spectrum, 0), single(other, 1), single(other, 0)];
    for (let row = 0; row < to.count; row++) {
      expect(out[3 * row]).toBeCloseTo(third[row]!, 12);
      expect(out[3 * row + 1]).toBe(0);
      expect(out[3 * row + 2]).toBeCloseTo(first[row]! + second[row]!, 12);
    }
  });
});

describe("a periodic grid", () => {
  test("convolves in the background as now, and can be stopped", async () => {
    const grid = gridOf(3, "float64", 1e-6);
    const { spectrum, from, to, weights } = problemOf(grid);
    const out = new Float64Array(to.count);
    const task = () => grid.convolve([{ spectrum, column: 0, to: 0 }], from, weights, to, out);
    await runAsync(task());
    expect(out).toEqual(convolved(grid, spectrum, from, weights, to));
    const stop = new AbortController();
    const stopped = runAsync(task(), { signal: stop.signal });
    stop.abort();
    await expect(stopped).rejects.toThrow(/stopped by its signal/);
  });

  test("takes no points, and one", () => {
    const grid = gridOf(2, "float64", 1e-6);
    const { spectrum, to } = problemOf(grid);
    const none = runSync(grid.place(new Float64Array(0)));
    expect([...convolved(grid, spectrum, none, new Float64Array(0), to)].every((value) => value === 0)).toBe(true);
    const one = runSync(grid.place(Float64Array.of(0.1, 1)));
    expect(convolved(grid, spectrum, one, Float64Array.of(2), one)).toHaveLength(1);
  });

  test("keeps lengths that have transforms", () => {
    expect(gridShapeAtLeast([1, 11, 13.2])).toEqual([1, 12, 14]);
    expect(gridShapeAtLeast([11, 121, 3])).toEqual([12, 125, 4]);
    expect(gridShapeAtLeast([1, 0])).toEqual([1, 2]);
    expect(gridShapeAtLeast([2047])).toEqual([2048]);
  });

  test("has a window whose transform is that of its polynomials", () => {
    const window = windowFor(1e-6);
    const [length, coefficients] = [64, windowPolynomials(window)];
    const transform = windowTransform(window, length);
    for (const k of [0, 5, 25]) {
      let sum = 0;
      for (let x = -1 + 1 / 64; x < 1; x += 1 / 32)
        for (let cell = 0; cell < window.width; cell++) {
          let value = 0;
          for (let n = cell; n < coefficients.length; n += window.width) value = value * x + coefficients[n]!;
          sum += (value * Math.cos((2 * Math.PI * k * (cell + (x + 1) / 2 - window.width / 2)) / length)) / 64;
        }
      expect(Math.abs(sum / transform[k]! - 1)).toBeLessThan(1e-5);
    }
  });

  const made = (given: Partial<GridGiven>): PeriodicGrid =>
    new PeriodicGrid({
      shape: [20, 20],
      lower: [0, 0],
      period: [1, 1],
      window: windowFor(1e-3),
      dtype: "float64",
      ...given,
    });
  const place = (points: readonly number[]): unknown => runSync(made({}).place(Float64Array.from(points)));
  test.each([
    ["NaN", () => place([0, 0, 1, NaN]), /points: expected finite numbers, got row 1: 1, NaN/],
    ["infinity", () => place([-Infinity, 0]), /got row 0: -Infinity, 0/],
    ["rows of another length", () => place([1, 2, 3]), /points: expected rows of 2 coordinates, got 3 numbers/],
    ["a length without transform", () => made({ shape: [20, 22] }), /shape: expected lengths of gridShapeAtLeast/],
    ["an axis within the window", () => made({ shape: [4, 20] }), /from 6 on, got/],
    ["no axes", () => made({ shape: [] }), /shape: expected 1 to 4 axes/],
    ["a period of zero", () => made({ period: [1, 0] }), /period: expected positive numbers/],
    ["a window too wide", () => made({ window: { width: 17, oversampling: 2 } }), /window.width: expected 3 to 16/],
    ["a tolerance of zero", () => windowFor(0), /tolerance: expected 1e-13 to 0.1, got the number 0/],
    [
      "modes beyond the grid",
      () => runSync(made({}).spectrumOf(new Float64Array(400), [20, 20], true)),
      /modes: expected lengths of gridShapeAtLeast up to those of the grid/,
    ],
    [
      "places of another grid",
      () => {
        const { order, cells, fractions } = runSync(made({ shape: [50, 50] }).place(Float64Array.of(0.9, 0.9)));
        const [shape, polynomials] = [Int32Array.of(20, 20), windowPolynomials(windowFor(1e-3))];
        addon.dense.spread(
          new Float64Array(400),
          shape,
          order,
          cells,
          fractions,
          polynomials,
          6,
          Float64Array.of(1),
          1,
          0,
        );
      },
      /cells: expected places of points on this grid/,
    ],
  ])("refuses %s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});
