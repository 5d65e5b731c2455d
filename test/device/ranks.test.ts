/**
 * Columns that stand in another order than the indices that name them: the smallest and largest values, with ties by
 * these indices, are those of the columns in their own order, to the last bit, on every engine.
 */
import { wrap } from "../../src/array/view";
import { Operator } from "../../src/call/operator";
import { PLAIN_SUM } from "../../src/call/result";
import type { Result } from "../../src/call/result";
import { ranksOf } from "../../src/device/addoncall";
import type { RealData } from "../../src/device/native";
import { asserted, at } from "../../src/asserts";
import { extraArgument } from "../../src/formula/arguments";
import { Category } from "../../src/formula/formula";
import { mult, sqDist, subtract } from "../../src/formula/ops";
import { reductions } from "../../src/formula/reductions";
import type { Reduction } from "../../src/formula/reductions";
import type { RealArray } from "../../src/index";
import { BACKENDS } from "../helpers/numbers";
import { uniform } from "../helpers/evaluate";
import { isFull, sampled } from "../helpers/sample";
import "../helpers/quicksample";
import { OWN_WIDTH, WIDTHS, describeWidths } from "../helpers/widths";

const RANKED = [...reductions.values()].filter(({ ranked }) => ranked);
const DTYPES = ["float32", "float64"] as const;
type Dtype = (typeof DTYPES)[number];
const DIM = 2;
const [X, Y, RANKS] = [
  extraArgument(0, DIM, Category.I),
  extraArgument(1, DIM, Category.J),
  extraArgument(2, 1, Category.J),
];
/** Of one component, and of two. */
const FORMULAS = [
  sqDist(X.variable, Y.variable),
  mult(subtract(X.variable, Y.variable), subtract(X.variable, Y.variable)),
];

/** Few numbers, so that most values are equal to others; among them infinities and NaN. */
function points(count: number, dtype: Dtype, seed: number): RealData {
  const random = uniform(seed);
  const special = [Infinity, -Infinity, NaN];
  const next = (): number => (random() < 0.02 ? special[Math.floor(3 * random())]! : Math.floor(4 * random()));
  const length = count * DIM;
  return dtype === "float32" ? Float32Array.from({ length }, next) : Float64Array.from({ length }, next);
}

function permutationOf(count: number, seed: number): Int32Array {
  const random = uniform(seed);
  const order = Int32Array.from({ length: count }, (_, n) => n);
  for (let n = count - 1; n > 0; n--) {
    const m = Math.floor(random() * (n + 1));
    [order[n], order[m]] = [order[m]!, order[n]!];
  }
  return order;
}

const array = (data: RealData, rows: number): RealArray => wrap(data, [rows, data.length / rows]);

function permuted(data: RealData, order: Int32Array): RealData {
  const moved = data.slice();
  order.forEach((from, to) => {
    for (let k = 0; k < DIM; k++) moved[to * DIM + k] = data[from * DIM + k]!;
  });
  return moved;
}

interface Case {
  readonly rows: number;
  readonly columns: number;
  readonly k: number;
}
/** As many rows as lanes and more; few rows over parts of many columns; lists in order and not. */
const CASES: readonly Case[] = [
  { rows: 37, columns: 150, k: 3 },
  { rows: 2, columns: 9000, k: 5 },
  { rows: 3, columns: 1500, k: 600 },
];

const ALL = RANKED.flatMap((row) => DTYPES.map((dtype) => ({ name: row.name, row, dtype })));

describeWidths("ranks", (isa) => {
  const isOwn = isa === OWN_WIDTH;
  // The reference engine has no width.
  describe.each(BACKENDS.filter((backend) => isOwn || backend !== "reference"))("on %s", (backend) => {
    // Of a sample every case is compiled for one of the widths.
    test.each(isOwn && backend !== "cpu" ? ALL : sampled(ALL, 3, WIDTHS.indexOf(isa)))(
      "$name takes ties by the indices of permuted columns, $dtype",
      ({ row, dtype }) => {
        const compile = backend === "cpu" ? "always" : undefined;
        // Compiling takes longer than all else.
        const formulas = isFull || backend !== "cpu" ? FORMULAS : [at(FORMULAS, 1)];
        for (const formula of formulas)
          for (const { rows, columns, k: wanted } of isFull || backend !== "cpu" ? CASES : CASES.slice(0, 2)) {
            const k = row.takesK ? wanted : 1;
            const [x, y] = [points(rows, dtype, 1), points(columns, dtype, columns)];
            const order = permutationOf(columns, 3);
            const how = { backend, compile } as const;
            const operatorOf = (reduction: Reduction, args = [X, Y]): Operator =>
              new Operator([formula], args, { ...PLAIN_SUM, reduction, k });
            const expected = operatorOf(row).results([array(x, rows), array(y, columns)], how);
            const ranks = array(ranksOf(order, dtype), columns);
            const got = operatorOf(asserted(row.ranked, "a row with ranks"), [X, Y, RANKS]).results(
              [array(x, rows), array(permuted(y, order), columns), ranks],
              how,
            );
            expectSame(got, expected);
          }
      },
    );
  });
});

function expectSame(got: Result, expected: Result): void {
  expect(got.indices?.data).toEqual(expected.indices?.data);
  expect(got.values?.data).toEqual(expected.values?.data);
}
