/** Ranges of bands and triangles: sums over them are those of all pairs with a mask, on either axis. */
import { bandRanges, triangleRanges } from "../../src/cluster";
import { Genred, rand } from "../../src/index";
import type { BlockRanges } from "../../src/index";
import { ArgumentError } from "../../src/errors";
import { checkRanges } from "../../src/array/ranges";
import { BACKENDS, DTYPES, list } from "../helpers/numbers";

const SHAPES = [[9, 9], [7, 12], [12, 5], [1, 1], [0, 4]] as const; // prettier-ignore
const BANDS = [[0, 0], [2, 1], [-1, 3], [20, 0], [3, -2], [-30, 40]] as const; // prettier-ignore

/** The pairs that ranges visit, as rows of 0 and 1, as the half of `axis` lists them. */
function visited(ranges: BlockRanges, [rows, columns]: readonly [number, number], axis: 0 | 1): number[][] {
  const half = checkRanges(ranges, [rows, columns])[axis === 1 ? 0 : 1];
  const mask = Array.from({ length: rows }, () => Array.from({ length: columns }, () => 0));
  let n = 0;
  half.slices.forEach((slice, k) => {
    for (; n < slice; n++)
      for (let own = half.rows[2 * k]!; own < half.rows[2 * k + 1]!; own++)
        for (let other = half.columns[2 * n]!; other < half.columns[2 * n + 1]!; other++)
          mask[axis === 1 ? own : other]![axis === 1 ? other : own]! += 1;
  });
  return mask;
}

const masked = ([rows, columns]: readonly [number, number], holds: (i: number, j: number) => boolean): number[][] =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => Number(holds(i, j))));

describe.each(SHAPES)("of %d rows and %d columns", (rows, columns) => {
  const shape = [rows, columns] as const;

  test.each(BANDS)("a band of %d below and %d above holds its pairs, once", (below, above) => {
    const expected = masked(shape, (i, j) => i - below <= j && j <= i + above);
    const ranges = bandRanges(shape, below, above);
    expect([visited(ranges, shape, 1), visited(ranges, shape, 0)]).toEqual([expected, expected]);
  });

  test.each(BANDS)("in blocks of 4, the blocks that a band of %d and %d touches", (below, above) => {
    const isInside = (i: number, j: number): boolean => i - below <= j && j <= i + above;
    const inBlock = (n: number, length: number): number[] =>
      [0, 1, 2, 3].map((k) => n - (n % 4) + k).filter((k) => k < length);
    const touches = (i: number, j: number): boolean =>
      inBlock(i, rows).some((a) => inBlock(j, columns).some((b) => isInside(a, b)));
    const ranges = bandRanges(shape, below, above, { block: 4 });
    expect([visited(ranges, shape, 1), visited(ranges, shape, 0)]).toEqual([
      masked(shape, touches),
      masked(shape, touches),
    ]);
  });

  test.each([0, 1, -2])("triangles moved by %d hold their pairs", (offset) => {
    expect(visited(triangleRanges(shape, { offset }), shape, 1)).toEqual(masked(shape, (i, j) => j <= i + offset));
    expect(visited(triangleRanges(shape, { offset, side: "upper" }), shape, 0)).toEqual(
      masked(shape, (i, j) => j >= i + offset),
    );
  });
});

describe.each(BACKENDS)("on %s", (backend) => {
  test.each(DTYPES)("sums over a band are those with a mask, in %s", (dtype) => {
    const n = 50;
    const [x, b] = [rand([n, 2], { dtype, seed: 1 }), rand([n, 1], { dtype, seed: 2 })];
    const [aliases, masks] = [
      ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"],
      ["i = Vi(1)", "j = Vj(1)"],
    ];
    const index = rand([n, 1], { dtype });
    index.data.forEach((_, k) => (index.data[k] = k));
    for (const axis of [0, 1] as const) {
      const text = "Exp(-SqDist(x, y)) * b";
      const band = Genred(text, aliases, { axis })(x, x, b, { backend, ranges: bandRanges(n, 7) });
      const all = Genred(`${text} * (Abs(i - j) <= 7)`, [...aliases, ...masks], { axis });
      const expected = list(all(x, x, b, index, index, { backend }));
      list(band).forEach((value, k) => expect(value).toBeCloseTo(expected[k]!, dtype === "float32" ? 5 : 12));
    }
  });
});

test.each<[string, () => unknown, RegExp]>([
  ["a shape that is none", () => bandRanges([3] as never, 1), /^bandRanges, shape: expected \[M, N\] or one number/],
  ["a broken width", () => bandRanges(3, 0.5), /^bandRanges, below: expected an integer, got the number 0.5$/],
  ["no diagonal", () => bandRanges(3, -2, 1), /^bandRanges: expected below \+ above of at least 0, got -2 \+ 1$/],
  ["a block of 0", () => bandRanges(3, 1, 1, { block: 0 }), /^bandRanges, block: expected an integer of at least 1/],
  [
    "another side",
    () => triangleRanges(3, { side: "left" as "lower" }),
    /^triangleRanges, side: expected "lower" or "up/,
  ],
  ["a misspelt option", () => triangleRanges(3, { offsett: 1 } as object), /got "offsett"/],
])("%s is refused", (_, call, message) => {
  expect(call).toThrow(ArgumentError);
  expect(call).toThrow(message);
});
