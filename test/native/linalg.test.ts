/** The addon's dense algebra against plain loops. */
import { randn } from "../../src/index";
import type { Dtype } from "../../src/index";
import { nativeAddon } from "../../src/device/native";

describe("the addon's dense algebra", () => {
  const algebra = nativeAddon()!.dense;
  const numbers = (count: number, dtype: Dtype, seed: number): Float32Array | Float64Array =>
    randn([count], { dtype, seed }).data;

  /** a `[rows, columns]` turned. */
  const turned = (a: ArrayLike<number>, rows: number, columns: number): Float64Array =>
    Float64Array.from({ length: rows * columns }, (_, n) => a[(n % rows) * columns + Math.floor(n / rows)]!);
  const product = (a: ArrayLike<number>, b: ArrayLike<number>, rows: number, inner: number, columns: number) =>
    Float64Array.from({ length: rows * columns }, (_, n) => {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += a[Math.floor(n / columns) * inner + k]! * b[k * columns + (n % columns)]!;
      return sum;
    });
  const expectNear = (got: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void => {
    expect(got).toHaveLength(expected.length);
    const scale = Array.from(expected).reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    const worst = Array.from(expected).reduce((most, value, n) => Math.max(most, Math.abs(got[n]! - value)), 0);
    expect(worst).toBeLessThanOrEqual(tolerance * scale);
  };
  /** A symmetric positive definite matrix. */
  const positive = (n: number, seed: number): Float64Array => {
    const root = numbers(n * n, "float64", seed);
    const matrix = product(root, turned(root, n, n), n, n, n);
    for (let k = 0; k < n; k++) matrix[k * (n + 1)]! += 0.1;
    return matrix;
  };

  test.each([0, 1, 7, 48, 49, 200])("Cholesky of order %i", (n) => {
    const matrix = positive(n, 1);
    const [factor, x] = [matrix.slice(), numbers(3 * n, "float64", 2) as Float64Array];
    const solution = x.slice();
    expect(algebra.cholesky(factor, n)).toBe(0);
    algebra.choleskySolve(factor, solution, n, 3);
    expectNear(product(matrix, solution, n, n, 3), x, 1e-9);
  });

  test.each([0, 1, 7, 48, 49, 200])("the inverse of order %i, from its factor", (n) => {
    const matrix = positive(n, 1);
    const factor = matrix.slice();
    const inverse = new Float64Array(n * n).fill(3);
    expect(algebra.cholesky(factor, n)).toBe(0);
    algebra.choleskyInverse(inverse, factor, n);
    expectNear(
      product(matrix, inverse, n, n, n),
      Float64Array.from(inverse, (_, k) => +(k % (n + 1) === 0)),
      1e-8,
    );
    expect(turned(inverse, n, n)).toEqual(inverse);
  });

  /** `[n, n]` without symmetry. */
  const square = (n: number): Float64Array => numbers(n * n, "float64", 7) as Float64Array;

  test.each([0, 1, 2, 7, 63, 64, 65, 200])("LU factors of order %i, pivots and solutions, transposed too", (n) => {
    const matrix = square(n);
    const [lu, order] = [matrix.slice(), new Int32Array(n)];
    expect(algebra.lu(lu, order, n)).toBe(0);
    const part = (of: (i: number, k: number, value: number) => number): Float64Array =>
      lu.map((value, at) => of(Math.floor(at / n), at % n, value));
    const lower = part((i, k, value) => (i === k ? 1 : i > k ? value : 0));
    const upper = part((i, k, value) => (i <= k ? value : 0));
    const rows = Float64Array.from(matrix, (_, at) => matrix[order[Math.floor(at / n)]! * n + (at % n)]!);
    expectNear(product(lower, upper, n, n, n), rows, 1e-13);
    expect(Math.max(...lower.map(Math.abs), 1)).toBe(1); // each pivot is the largest of its column
    for (const columns of [1, 3, 20]) {
      const b = numbers(columns * n, "float64", 2) as Float64Array;
      const [x, y] = [b.slice(), b.slice()];
      algebra.luSolve(lu, order, x, n, columns, 0);
      expectNear(product(matrix, x, n, n, columns), b, 1e-9);
      algebra.luSolve(turned(lu, n, n), order, y, n, columns, 1);
      expectNear(product(turned(matrix, n, n), y, n, n, columns), b, 1e-9);
    }
  });

  test("pivots that are 0 are counted, and NaN stays where it is", () => {
    const [order, singular] = [new Int32Array(3), Float64Array.of(1, 2, 3, 2, 4, 6, 1, 0, 1)];
    expect(algebra.lu(singular, order, 3)).toBe(1);
    expect(algebra.lu(new Float64Array(9), order, 3)).toBe(3);
    const broken = square(3).fill(NaN, 4, 5);
    expect(algebra.lu(broken, order, 3)).toBe(0);
    expect(broken.some(Number.isNaN)).toBe(true);
  });

  const SIZES = [
    [1, [16], 1],
    [67, [32, 16], 2],
    [130, [16, 64, 32], 3],
    [300, [48], 40],
  ] as const;
  const DTYPES = [
    ["float32", 2e-5],
    ["float64", 1e-13],
  ] as const;

  describe.each(SIZES)("F of %i rows and blocks of %p columns", (rows, widths, columns) => {
    const width = widths.reduce<number>((sum, w) => sum + w, 0);
    const made = (dtype: Dtype): { blocks: (Float32Array | Float64Array)[]; f: Float64Array } => {
      const blocks = widths.map((w, n) => numbers(rows * w, dtype, 10 + n));
      const f = new Float64Array(rows * width);
      let from = 0;
      blocks.forEach((block, n) => {
        block.forEach((value, at) => {
          f[Math.floor(at / widths[n]!) * width + from + (at % widths[n]!)] = value;
        });
        from += widths[n]!;
      });
      return { blocks, f };
    };

    test.each(DTYPES)("in %s has its Gram matrix, products and inverse", (dtype, tolerance) => {
      const { blocks, f } = made(dtype);
      const gram = new Float64Array(width * width);
      algebra.gram(gram, blocks, rows, dtype === "float32" ? 4 : 8);
      const expected = product(turned(f, rows, width), f, width, rows, width);
      const lower = (a: Float64Array): Float64Array => a.map((v, n) => (n % width > Math.floor(n / width) ? 0 : v));
      expectNear(lower(gram), lower(expected), tolerance);

      const x = numbers(width * columns, "float64", 3) as Float64Array;
      const out = numbers(rows * columns, dtype, 4);
      const fx = product(f, x, rows, width, columns);
      const left = out.map((value, n) => value - fx[n]!);
      algebra.subtractTall(out, blocks, x, rows, columns);
      expectNear(out, left, tolerance);

      const projected = new Float64Array(width * columns);
      algebra.project(projected, blocks, out, rows, columns);
      expectNear(projected, product(turned(f, rows, width), out, width, rows, columns), tolerance);

      const alpha = 3 * rows;
      for (let k = 0; k < width; k++) expected[k * (width + 1)]! += alpha;
      expect(algebra.cholesky(expected, width)).toBe(0);
      const [right, solution] = [numbers(rows * columns, dtype, 5), numbers(rows * columns, dtype, 6)];
      algebra.lowRankSolve(solution, right, blocks, expected, alpha, rows, columns);
      const inner = product(turned(f, rows, width), solution, width, rows, columns);
      const product1 = product(f, inner, rows, width, columns).map((value, n) => value + alpha * solution[n]!);
      expectNear(product1, right, 10 * tolerance);
    });
  });

  test.each(DTYPES)("pivots of a matrix in %s are accepted, and give columns that reproduce it", (dtype, tolerance) => {
    const n = 16;
    const matrix = positive(n, 1);
    const typed = dtype === "float32" ? Float32Array.from(matrix) : matrix.slice();
    const candidates = Int32Array.from({ length: n }, (_, k) => (5 * k) % n);
    const between = typed.map((_, at) => typed[candidates[Math.floor(at / n)]! * n + candidates[at % n]!]!);
    const [accepted, factor] = [new Int32Array(n), new Float64Array(n * n)];
    // A chance of 0 takes every candidate whose residual is positive.
    const found = algebra.choosePivots(between, [], candidates, new Float64Array(n), accepted, factor, n, n, 1e-9, 0);
    expect(found).toBe(n);
    const pivots = Int32Array.from(accepted, (place) => candidates[place]!);
    const left = typed.map((_, at) => typed[Math.floor(at / n) * n + pivots[at % n]!]!);
    const [columns, residual] = [typed.slice(), Float64Array.from({ length: n }, (_, k) => matrix[k * (n + 1)]!)];
    const largest = algebra.extend(columns, left, [], pivots, factor, residual, n, n);
    expectNear(product(columns, turned(columns, n, n), n, n, n), matrix, 10 * tolerance);
    expect(Math.max(...residual)).toBeLessThanOrEqual(1e-3);
    const squares = Array.from({ length: n }, (_, k) =>
      Array.from({ length: n }, (_, row) => columns[row * n + k]! ** 2).reduce((a, b) => a + b),
    );
    expect(largest).toBeCloseTo(Math.max(...squares.slice(-8)), 3);
  });

  test("a chance of 1 accepts a candidate only where nothing was taken off its residual", () => {
    const ones = new Float64Array(4).fill(1);
    const [accepted, factor] = [new Int32Array(2), new Float64Array(4)];
    const chances = new Float64Array([1, 1]);
    expect(algebra.choosePivots(ones, [], new Int32Array([0, 1]), chances, accepted, factor, 2, 2, 1e-9, 0)).toBe(1);
  });

  test("a matrix that is not positive definite is told by the first such minor", () => {
    expect(algebra.cholesky(new Float64Array([1, 0, 0, 2, 3, 0, 0, 0, 1]), 3)).toBe(2);
    expect(algebra.cholesky(new Float64Array([1, 0, NaN, 1]), 2)).toBe(2);
  });

  test("the number of threads does not change a bit", () => {
    const addon = nativeAddon()!;
    const before = addon.threads();
    const runs = [1, 2, 5].map((count) => {
      addon.setThreads(count);
      const out = new Float64Array(48 * 48);
      const blocks = [numbers(3000 * 48, "float32", 1)];
      algebra.gram(out, blocks, 3000, 4);
      for (let k = 0; k < 48; k++) out[k * 49]! += 1;
      algebra.cholesky(out, 48);
      const [x, solution] = [numbers(3000, "float32", 2), new Float32Array(3000)];
      algebra.lowRankSolve(solution, x, blocks, out, 1, 3000, 1);
      return [...out, ...solution];
    });
    addon.setThreads(before);
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).toEqual(runs[0]);
  });

  test.each([
    [
      "a length that does not fit",
      () => algebra.cholesky(new Float64Array(8), 3),
      /a: expected 3 \* 3 elements, got 8/,
    ],
    [
      "an inverse in its factor",
      () => ((l) => algebra.choleskyInverse(l, l, 3))(new Float64Array(9)),
      /expected memory of its own/,
    ],
    ["a small LU matrix", () => algebra.lu(new Float64Array(8), new Int32Array(3), 3), /a: expected/],
    ["a short order", () => algebra.lu(new Float64Array(9), new Int32Array(2), 3), /order: expected/],
    [
      "an order that is none",
      () => algebra.luSolve(new Float64Array(4), Int32Array.of(0, 2), new Float64Array(2), 2, 1, 0),
      /order: expected rows below 2, got 2/,
    ],
    [
      "factors as right-hand sides",
      () => ((lu) => algebra.luSolve(lu, Int32Array.of(0, 1), lu, 2, 2, 0))(new Float64Array(4)),
      /memory of its own/,
    ],
    ["a small inverse", () => algebra.choleskyInverse(new Float64Array(8), new Float64Array(9), 3), /out: expected/],
    ["another dtype", () => algebra.cholesky(new Float32Array(9) as unknown as Float64Array, 3), /Float64Array/],
    ["sizes that overflow", () => algebra.cholesky(new Float64Array(0), 2 ** 33), /expected 8589934592 \* 8589934592/],
    [
      "out that is an argument",
      () => {
        const a = new Float64Array(16);
        algebra.lowRankSolve(a, a, [new Float64Array(128)], new Float64Array(64), 1, 16, 1);
      },
      /out: expected memory of its own, got memory of x/,
    ],
    [
      "a block of another width",
      () => {
        algebra.gram(new Float64Array(9), [new Float64Array(9)], 3, 8);
      },
      /block: expected 3 rows of a multiple of 8 numbers, got 9 elements/,
    ],
    [
      "a pivot outside of the rows",
      () =>
        algebra.extend(
          new Float64Array(16),
          new Float64Array(16),
          [],
          new Int32Array(8).fill(2),
          new Float64Array(1),
          new Float64Array(2),
          2,
          1,
        ),
      /pivots: expected rows below 2, got 2/,
    ],
  ])("%s is refused", (_, call, message) => {
    expect(call).toThrow(message);
  });
});
