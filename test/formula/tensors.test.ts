/**
 * Products with matrices that are too large to be written out: values against plain loops, on every engine, and how
 * long the text is.
 */
import "../helpers/quicksample";
import { program } from "../../src/codegen/cpp";
import { parse } from "../../src/formula/parse";
import { reductionNamed } from "../../src/formula/reductions";
import { Genred, rand } from "../../src/index";
import type { RealArray } from "../../src/index";
import { BACKENDS, DTYPES } from "../helpers/numbers";

const [ROWS, COLUMNS] = [19, 33];

interface Case {
  readonly text: string;
  readonly aliases: readonly string[];
  readonly shapes: readonly (readonly number[])[];
  readonly dim: number;
  /** Component k of a pair, from rows of the arguments. */
  readonly value: (of: readonly Float64Array[], k: number) => number;
}

function sum(count: number, term: (d: number) => number): number {
  let total = 0;
  for (let d = 0; d < count; d++) total += term(d);
  return total;
}

const CASES: Readonly<Record<string, Case>> = {
  "a matrix times a vector": {
    text: "MatVecMult(w, x - y)",
    aliases: ["w = Pm(144)", "x = Vi(12)", "y = Vj(12)"],
    shapes: [[144], [ROWS, 12], [COLUMNS, 12]],
    dim: 12,
    value: ([w, x, y], k) => sum(12, (d) => w![12 * k + d]! * (x![d]! - y![d]!)),
  },
  "a vector times a matrix": {
    text: "VecMatMult(Exp(x - y), w)",
    aliases: ["w = Pm(132)", "x = Vi(11)", "y = Vj(11)"],
    shapes: [[132], [ROWS, 11], [COLUMNS, 11]],
    dim: 12,
    value: ([w, x, y], k) => sum(11, (d) => Math.exp(x![d]! - y![d]!) * w![12 * d + k]!),
  },
  "the product of all pairs of components": {
    text: "TensorProd(x - y, Exp(x + y))",
    aliases: ["x = Vi(10)", "y = Vj(10)"],
    shapes: [
      [ROWS, 10],
      [COLUMNS, 10],
    ],
    dim: 100,
    value: ([x, y], k) => {
      const [p, q] = [Math.floor(k / 10), k % 10];
      return (x![p]! - y![p]!) * Math.exp(x![q]! + y![q]!);
    },
  },
  "a derivative by a matrix": {
    text: "Grad(ReLU(MatVecMult(w, x - y)), w, e)",
    aliases: ["w = Pm(256)", "x = Vi(16)", "y = Vj(16)", "e = Vi(16)"],
    shapes: [[256], [ROWS, 16], [COLUMNS, 16], [ROWS, 16]],
    dim: 256,
    value: ([w, x, y, e], k) => {
      const [p, q] = [Math.floor(k / 16), k % 16];
      const before = sum(16, (d) => w![16 * p + d]! * (x![d]! - y![d]!));
      return before > 0 ? e![p]! * (x![q]! - y![q]!) : 0;
    },
  },
};

/** The rows of an array, or all of a parameter for each. */
function rowsOf({ data, shape }: RealArray, count: number): Float64Array[] {
  const dim = shape.at(-1)!;
  const rowAt = (at: number): typeof data => (shape.length === 1 ? data : data.subarray(at * dim, (at + 1) * dim));
  return Array.from({ length: count }, (_, at) => Float64Array.from(rowAt(at)));
}

function expected({ aliases, dim, value }: Case, args: readonly RealArray[]): number[] {
  const isRow = aliases.map((alias) => alias.includes("Vi"));
  const rows = args.map((arg, v) => rowsOf(arg, isRow[v] ? ROWS : COLUMNS));
  const pairs = Array.from({ length: ROWS }, (_, i) =>
    Array.from({ length: COLUMNS }, (_pair, j) => rows.map((of, v) => of[isRow[v] ? i : j]!)),
  );
  return Array.from({ length: ROWS * dim }, (_, n) =>
    sum(COLUMNS, (j) => value(pairs[Math.floor(n / dim)]![j]!, n % dim)),
  );
}

describe.each(Object.keys(CASES))("%s", (name) => {
  const found = CASES[name]!;

  test.each(BACKENDS.flatMap((backend) => DTYPES.map((dtype) => [backend, dtype] as const)))(
    "is that of plain loops on the engine %s in %s",
    (backend, dtype) => {
      const args = found.shapes.map((shape, n) => rand([...shape], { seed: n + 1, dtype }));
      const got = Genred(found.text, found.aliases, { axis: 1 })(...args, { backend }) as RealArray;
      const bound = COLUMNS * found.dim * (dtype === "float32" ? 2 ** -22 : 2 ** -51);
      expected(found, args).forEach((value, n) => {
        expect(Math.abs(got.data[n]! - value)).toBeLessThanOrEqual(bound * (1 + Math.abs(value)));
      });
    },
  );

  test("is a text of few lines, whatever the size of the matrix", () => {
    const { formulas, arguments: variables } = parse([found.text], found.aliases);
    const reduction = reductionNamed("Sum");
    const common = { formulas, reduction, k: 1, rows: 0, variables, sumScheme: "block" } as const;
    for (const isa of ["avx2", "avx512"] as const)
      for (const dtype of DTYPES) {
        const { code } = program({ ...common, dtype, accumulator: dtype }, isa);
        expect(code.split("\n").length).toBeLessThan(100);
      }
  });
});
