/**
 * Operators that are made of numbers or of other operators: diagonals, identities and blocks. The one idea: blocks cut
 * the vector into parts, and what becomes of them is put together again. Must not know solvers.
 */
import { add, mul, reshape } from "../array/arithmetic";
import { DTYPE, zeros } from "../array/array";
import { arrayIn, described } from "../array/check";
import type { ArrayInput } from "../array/check";
import { dtypeOf, shapeText, wrap } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import { at } from "../asserts";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { concat, split } from "../nd/rearrange";
import { atMost, describeValue, optionsOf } from "../options";
import type { OptionsOf } from "../options";
import { LinearOperator, combine, toOperator } from "../solve/linearoperator";
import { OF_ARRAYS, atOnce, numbersAs } from "../solve/ways";
import type { OperatorOperand } from "../solve/linearoperator";
import type { Recipe, Times, Way } from "../solve/ways";

/**
 * The diagonal matrix of numbers `[N]`, as an operator `[N, N]`; products are recorded for `grad`, by those too.
 * @param numbers an array or a list `[N]`
 * @returns an operator `[N, N]`
 * @throws ArgumentError for another shape
 * @example console.log(nd.toNested(linalg.diagonal([1, 2]).matvec(array([3, 4])))); // [ 3, 8 ]
 */
export function diagonal<T extends RealData>(numbers: ArrayInput<T>): LinearOperator<T> {
  atMost("diagonal", 1, arguments);
  const d = arrayIn("diagonal, d", numbers);
  const { shape } = d;
  if (shape.length !== 1) throw new ArgumentError(`diagonal, d: expected shape [N], got ${shapeText(shape)}`);
  const n = at(shape, 0);
  const times = (by: RealArray, x: RealArray): RealArray => mul(x.shape.length === 2 ? reshape(by, [n, 1]) : by, x);
  const way: Way = {
    once: (x) => times(d, x),
    often: () => {
      const wide = wrap(numbersAs("float64", d), [n]);
      return atOnce((x) => times(wide, x));
    },
  };
  return new LinearOperator<T>({
    ...OF_ARRAYS,
    shape: [n, n],
    dtype: dtypeOf(d),
    inputs: [d],
    forward: way,
    backward: way,
  });
}

/**
 * The identity `[n, n]`, an operator on float32 arrays unless `dtype` says otherwise.
 * @param n the number of rows and columns
 * @returns an operator `[n, n]`
 * @throws ArgumentError unless n is an integer of at least 0
 * @example console.log(linalg.identity(3).shape); // [ 3, 3 ]
 */
export function identity<T extends RealData = RealData>(
  n: number,
  options?: OptionsOf<typeof DTYPE> | null,
): LinearOperator<T> {
  atMost("identity", 2, arguments);
  if (!Number.isSafeInteger(n) || n < 0)
    throw new ArgumentError(`identity, n: expected an integer of at least 0, got ${describeValue(n)}`);
  const { dtype = "float32" } = optionsOf("identity", options, DTYPE);
  const way: Way = { once: (x) => x, often: () => atOnce((x) => x) };
  return new LinearOperator<T>({ ...OF_ARRAYS, shape: [n, n], dtype, inputs: [], forward: way, backward: way });
}

// --------------------------------------------------------------------------------------------------------- blocks

/**
 * An operator of blocks, `blocks([[A, B], [C, D]])`: operators, lazy tensors, matrices, or null for zeros.
 * @param rows rows of blocks
 * @returns an operator of the shape of all of them
 * @throws ArgumentError unless the shapes of each row and each column fit, and each has a block that tells its size
 * @example
 * const A = linalg.identity(2);
 * console.log(linalg.blocks([[A, null], [null, A]]).shape); // [ 4, 4 ]
 */
export function blocks<T extends RealData = RealData>(
  rows: readonly (readonly (OperatorOperand<T> | null)[])[],
): LinearOperator<T> {
  atMost("blocks", 1, arguments);
  const grid = readGrid<T>(rows);
  const dtype = dtypeOfAll(grid);
  const heights = sizesAlong(grid, 0, dtype);
  const widths = sizesAlong(transposed(grid), 1, dtype);
  const parts = grid.flat().filter((block) => block !== null);
  const shape = [total(heights), total(widths)] as const;
  const places = numbered(grid);
  return combine<T>(
    { shape, dtype },
    parts,
    recipe(places, heights, widths),
    recipe(transposed(places), widths, heights),
  );
}

type Grid<T extends RealData> = readonly (readonly (LinearOperator<T> | null)[])[];

function readGrid<T extends RealData>(rows: unknown): Grid<T> {
  const given: unknown[] = Array.isArray(rows) ? Array.from(rows as unknown[]) : [];
  const isGrid = given.length > 0 && given.every((row) => Array.isArray(row) && row.length > 0);
  if (!isGrid) throw new ArgumentError(`blocks: expected rows of blocks like [[A, B], [C, D]], got ${described(rows)}`);
  const list = given.map((row) => Array.from(row as unknown[]));
  const width = at(list, 0).length;
  return list.map((row, i) => {
    if (row.length !== width)
      throw new ArgumentError(`blocks, row ${i}: expected ${width} blocks as row 0 has, got ${row.length}`);
    return row.map((block, j) => (block === null ? null : toOperator<T>(`blocks, row ${i}, column ${j}`, block)));
  });
}

function dtypeOfAll(grid: Grid<RealData>): Dtype {
  const first = grid.flat().find((block) => block !== null);
  if (!first) throw new ArgumentError("blocks: expected a block that is not null, got none");
  return first.dtype;
}

/** The size of each row (axis 0) or, of a transposed grid, each column (axis 1). */
function sizesAlong(grid: Grid<RealData>, axis: 0 | 1, dtype: Dtype): number[] {
  const name = axis === 0 ? "row" : "column";
  return grid.map((line, n) => {
    const known = line.find((block) => block !== null);
    if (!known) throw new ArgumentError(`blocks, ${name} ${n}: expected a block that is not null, got none`);
    const size = known.shape[axis];
    for (const block of line)
      if (block && (block.shape[axis] !== size || block.dtype !== dtype))
        throw new ArgumentError(
          `blocks, ${name} ${n}: expected ${size} ${name}s in all its blocks, ${dtype}, got shape ${shapeText(block.shape)}, ${block.dtype}`,
        );
    return size;
  });
}

/** Lines of numbers or holes: which part stands there. */
type Places = readonly (readonly (number | null)[])[];

function numbered(grid: Grid<RealData>): Places {
  let count = 0;
  return grid.map((row) => row.map((block) => (block === null ? null : count++)));
}

const transposed = <E>(grid: readonly (readonly E[])[]): E[][] =>
  at(grid, 0).map((_, j) => grid.map((row) => row[j] as E));

const total = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0);

const recipe =
  (places: Places, heights: readonly number[], widths: readonly number[]): Recipe =>
  (parts) =>
    function* (x) {
      const cuts = widths.slice(0, -1).map((_, j) => total(widths.slice(0, j + 1)));
      const pieces = split(x, cuts);
      const sums: RealArray[] = [];
      for (const [i, line] of places.entries()) {
        let sum: RealArray | undefined;
        for (const [j, place] of line.entries()) {
          if (place === null) continue;
          const times: Times = at(parts, place);
          const y = yield* times(at(pieces, j));
          sum = sum ? add(sum, y) : y;
        }
        sums.push(sum ?? zeros([at(heights, i), ...x.shape.slice(1)], { dtype: dtypeOf(x) }));
      }
      return concat(sums);
    };
