/** The addon's transforms of real grids against plain sums, by every instruction set. */
import { randn } from "../../src/index";
import type { Dtype } from "../../src/index";
import { loadedAddon } from "../../src/device/native";
import { describeWidths } from "../helpers/widths";

type Real = Float32Array | Float64Array;

const addon = loadedAddon();
const algebra = addon.dense;
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const lastOf = (shape: readonly number[]): number => shape.at(-1) ?? 1;
const halfOf = (shape: readonly number[]): number => (sizeOf(shape) / lastOf(shape)) * (lastOf(shape) / 2 + 1);
const like = (values: Real, count: number): Real =>
  values instanceof Float32Array ? new Float32Array(count) : new Float64Array(count);

function transformed(values: Real, shape: readonly number[]): { re: Real; im: Real } {
  const [re, im] = [like(values, halfOf(shape)), like(values, halfOf(shape))];
  algebra.fourier(values, re, im, Int32Array.from(shape));
  return { re, im };
}

/** Indices of a place in a grid. */
function indicesOf(place: number, shape: readonly number[]): number[] {
  let left = place;
  return [...shape]
    .reverse()
    .map((length) => {
      const index = left % length;
      left = Math.floor(left / length);
      return index;
    })
    .reverse();
}

/** One entry of the transform, by a plain sum in float64. */
function plainEntry(values: Real, shape: readonly number[], k: readonly number[]): [number, number] {
  let [re, im] = [0, 0];
  for (let place = 0; place < values.length; place++) {
    const n = indicesOf(place, shape);
    const turns = n.reduce((sum, index, axis) => sum + ((index * k[axis]!) % shape[axis]!) / shape[axis]!, 0);
    re += values[place]! * Math.cos(2 * Math.PI * turns);
    im -= values[place]! * Math.sin(2 * Math.PI * turns);
  }
  return [re, im];
}

const SHAPES = [
  [2],
  [4],
  [6],
  [10],
  [14],
  [210],
  [1024],
  [1080],
  [2, 2],
  [7, 6],
  [5, 36],
  [12, 50],
  [3, 5, 14],
  [16, 9, 8],
  [4, 3, 5, 6],
] as const;
const DTYPES: readonly (readonly [Dtype, number])[] = [
  ["float32", 4e-7],
  ["float64", 1e-15],
];

describeWidths("transforms of real grids", () => {
  describe.each(DTYPES)("in %s", (dtype, roundoff) => {
    test.each(SHAPES.map((shape) => [shape]))("of shape %j are sums of roots of unity", (shape) => {
      const values = randn([...shape], { dtype, seed: 1 }).data;
      const { re, im } = transformed(values, shape);
      const scale = Math.sqrt(values.length) * Math.log2(values.length + 1);
      const halves = [...shape.slice(0, -1), lastOf(shape) / 2 + 1];
      const step = Math.max(1, Math.floor(re.length / 60));
      for (let place = 0; place < re.length; place += step) {
        const [plainRe, plainIm] = plainEntry(values, shape, indicesOf(place, halves));
        expect(Math.abs(re[place]! - plainRe)).toBeLessThanOrEqual(8 * roundoff * scale);
        expect(Math.abs(im[place]! - plainIm)).toBeLessThanOrEqual(8 * roundoff * scale);
      }
    });

    test.each([...SHAPES, [1728, 20], [5040], [40, 50, 60]].map((shape) => [shape]))(
      "of shape %j come back",
      (shape) => {
        const values = randn([...shape], { dtype, seed: 2 }).data;
        const { re, im } = transformed(values, shape);
        const back = like(values, values.length);
        algebra.inverseFourier(back, re, im, Int32Array.from(shape));
        const worst = Math.max(...Array.from(values, (value, n) => Math.abs(value - back[n]!)));
        expect(worst).toBeLessThanOrEqual(20 * roundoff);
      },
    );

    test("do not depend on the number of threads", () => {
      const before = addon.threads();
      for (const shape of [[30, 40, 50], [32768]]) {
        const values = randn(shape, { dtype, seed: 3 }).data;
        const runs = [1, 2, 5].map((count) => {
          addon.setThreads(count);
          const { re, im } = transformed(values, shape);
          const back = like(values, values.length);
          algebra.inverseFourier(back, re.slice(), im.slice(), Int32Array.from(shape));
          return Buffer.concat([re, im, back].map(({ buffer }) => Buffer.from(buffer)));
        });
        expect(runs.map((run) => run.equals(runs[0]!))).toEqual([true, true, true]);
      }
      addon.setThreads(before);
    });

    test("multiply by spectra, and add", () => {
      const [a, b, c, d, e, f] = [1, 2, 3, 4, 5, 6].map((seed) => randn([37], { dtype, seed }).data) as [
        Real,
        Real,
        Real,
        Real,
        Real,
        Real,
      ];
      const [re, im] = [e.slice(), f.slice()];
      algebra.multiplySpectrum(re, im, a, b, c, d, true);
      const [evenRe, evenIm] = [a.slice(), b.slice()];
      algebra.multiplySpectrum(evenRe, evenIm, evenRe, evenIm, c, undefined, false);
      for (let n = 0; n < 37; n++) {
        expect(re[n]).toBeCloseTo(e[n]! + a[n]! * c[n]! - b[n]! * d[n]!, 5);
        expect(im[n]).toBeCloseTo(f[n]! + a[n]! * d[n]! + b[n]! * c[n]!, 5);
        expect(evenRe[n]).toBeCloseTo(a[n]! * c[n]!, 5);
        expect(evenIm[n]).toBeCloseTo(b[n]! * c[n]!, 5);
      }
    });
  });
});

describe("arguments of transforms", () => {
  test("in the background give what they give now", async () => {
    const values = randn([20, 30], { dtype: "float64", seed: 4 }).data;
    const now = transformed(values, [20, 30]);
    const [re, im] = [like(values, 320), like(values, 320)];
    await algebra.later.fourier(values, re, im, Int32Array.of(20, 30));
    expect({ re, im }).toEqual(now);
  });

  const eight = (): Float64Array => new Float64Array(8);
  const call = (shape: number[], values = eight(), re: Real = new Float64Array(5)): void => {
    algebra.fourier(values, re, new Float64Array(5), Int32Array.from(shape));
  };
  test.each([
    ["no axes", () => call([]), /shape: expected 1 to 4 axes, got 0/],
    ["a length with another prime", () => call([22]), /shape: expected products of 2, 3, 5 and 7, got 22/],
    ["a negative length", () => call([-8]), /expected products/],
    ["an odd last axis", () => call([5]), /shape: expected an even last axis, got 5/],
    ["values of another length", () => call([10]), /values: expected 1 \* 10 elements, got 8/],
    ["a spectrum of another length", () => call([8], eight(), eight()), /re: expected 1 \* 5 elements, got 8/],
    ["two dtypes", () => call([8], eight(), new Float32Array(5)), /re: expected a Float64Array/],
    [
      "memory that is given twice",
      () => {
        const both = new Float64Array(8);
        call([8], both, both.subarray(0, 5));
      },
      /out: expected memory of its own, got memory of re/,
    ],
  ])("%s is refused", (_, run, message) => {
    expect(run).toThrow(message);
  });
});
