/**
 * Ranges of pairs near the diagonal, and of those on one side of it. The one idea: what a block of rows visits is one
 * interval of columns, of the rows' own indices alone, so the ranges take no more memory than the rows. Knows no points.
 */
import { ArgumentError } from "../errors";
import { atMost, describeValue, optionsOf } from "../options";
import type { OptionsOf } from "../options";
import { int32 } from "./integers";
import type { Int32NdArray } from "./integers";
import type { RangeArrays } from "./ranges";

const BLOCK = {
  /**
   * Rows and columns of a block; blocks that the band touches are visited whole. Default 1: the pairs of the band alone.
   */
  block: { kind: "integer", least: 1, default: 1 },
} as const;

/** How fine the ranges are. */
export type BandOptions = OptionsOf<typeof BLOCK>;

const SIDE = {
  /** "lower", the default: the pairs with j <= i + offset. "upper": those with j >= i + offset. */
  side: { kind: ["lower", "upper"] },
  /** Diagonals that the triangle is moved by, to the right; default 0. */
  offset: {
    expected: "an integer",
    accepts: (value: unknown): value is number => Number.isSafeInteger(value),
    default: 0,
  },
} as const;

const TRIANGLE: typeof BLOCK & typeof SIDE = { ...BLOCK, ...SIDE };

/** Which triangle, and how fine the ranges are. */
export type TriangleOptions = OptionsOf<typeof BLOCK> & OptionsOf<typeof SIDE>;

/** Numbers of rows and of columns; one number for both. */
export type PairsShape = number | readonly [rows: number, columns: number];

/**
 * The ranges of the pairs with i - below <= j <= i + above.
 * @param shape `[M, N]`, or one number for both
 * @param below how far j may lie below i
 * @param above as many as below where absent
 * @returns ranges for the option `ranges` of calls
 * @throws ArgumentError for what is no integer, or a band without a diagonal
 * @example
 * const x = nd.ones([5, 1]);
 * const ranges = cluster.bandRanges(5, 1);
 * console.log(nd.toNested(Vi(x).mul(Vj(x)).sum({ axis: 1, ranges }))); // [ [ 2 ], [ 3 ], [ 3 ], [ 3 ], [ 2 ] ]
 */
export function bandRanges(
  shape: PairsShape,
  below: number,
  above: number = below,
  options?: BandOptions | null,
): RangeArrays {
  atMost("bandRanges", 4, arguments);
  const { block = 1 } = optionsOf("bandRanges", options, BLOCK);
  const [rows, columns] = extentsOf("bandRanges", shape);
  for (const [name, value] of Object.entries({ below, above }))
    if (!Number.isSafeInteger(value))
      throw new ArgumentError(`bandRanges, ${name}: expected an integer, got ${describeValue(value)}`);
  if (below + above < 0)
    throw new ArgumentError(`bandRanges: expected below + above of at least 0, got ${below} + ${above}`);
  return [
    ...half("bandRanges", { rows, columns, below, above, block }),
    ...half("bandRanges", { rows: columns, columns: rows, below: above, above: below, block }),
  ];
}

/**
 * The ranges of the pairs on one side of the diagonal and on it, such as those of a sum over the past.
 * @param shape `[M, N]`, or one number for both
 * @returns ranges for the option `ranges` of calls
 * @throws ArgumentError for other shapes and options
 * @example
 * const x = nd.ones([3, 1]);
 * const ranges = cluster.triangleRanges(3);
 * console.log(nd.toNested(Vi(x).mul(Vj(x)).sum({ axis: 1, ranges }))); // [ [ 1 ], [ 2 ], [ 3 ] ]
 */
export function triangleRanges(shape: PairsShape, options?: TriangleOptions | null): RangeArrays {
  atMost("triangleRanges", 2, arguments);
  const { block = 1, side = "lower", offset = 0 } = optionsOf("triangleRanges", options, TRIANGLE);
  const [rows, columns] = extentsOf("triangleRanges", shape);
  const farthest = rows + columns + Math.abs(offset);
  const [below, above] = side === "lower" ? [farthest, offset] : [-offset, farthest];
  return bandRanges([rows, columns], below, above, { block });
}

function extentsOf(where: string, shape: unknown): readonly [number, number] {
  const extents: unknown[] = Array.isArray(shape) ? shape : [shape, shape];
  if (extents.length === 2 && extents.every((extent) => Number.isSafeInteger(extent) && (extent as number) >= 0))
    return extents as [number, number];
  throw new ArgumentError(`${where}, shape: expected [M, N] or one number for both, got ${describeValue(shape)}`);
}

interface Band {
  readonly rows: number;
  readonly columns: number;
  readonly below: number;
  readonly above: number;
  readonly block: number;
}

/** Blocks of rows, and the columns that each visits, from whole blocks. */
function half(
  where: string,
  { rows, columns, below, above, block }: Band,
): readonly [Int32NdArray, Int32NdArray, Int32NdArray] {
  const [own, slices, visited]: [number[], number[], number[]] = [[], [], []];
  for (let begin = 0; begin < rows; begin += block) {
    const end = Math.min(begin + block, rows);
    const first = Math.max(0, begin - below);
    const last = Math.min(columns - 1, end - 1 + above);
    own.push(begin, end);
    if (first <= last) visited.push(first - (first % block), Math.min(columns, last - (last % block) + block));
    slices.push(visited.length / 2);
  }
  return [
    int32(where, own, [own.length / 2, 2]),
    int32(where, slices, [slices.length]),
    int32(where, visited, [visited.length / 2, 2]),
  ];
}
