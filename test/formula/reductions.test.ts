/**
 * Every row of the table of reductions on every engine, on both axes and in both dtypes: values, indices and gradients
 * are what its definition says (fuzz/reducers.ts), which shares nothing with the table, or for a row that has none
 * there its meaning. A new row is tested by being there, and a wrong one fails.
 */
import "../helpers/quickcompiler";
import type { BackendName, Dtype } from "../../src/index";
import { grad } from "../../src/formula/autodiff";
import { abs } from "../../src/formula/ops";
import { reductionNamed, reductions } from "../../src/formula/reductions";
import type { Reduction } from "../../src/formula/reductions";
import { call } from "../fuzz/cases";
import { check, expectationOf } from "../fuzz/engines";
import type { Expectation } from "../fuzz/engines";
import type { Case, Data } from "../fuzz/oracle";
import { Random } from "../fuzz/random";
import { REDUCERS } from "../fuzz/reducers";
import type { Reducer } from "../fuzz/reducers";
import type { Node, VariableNode } from "../fuzz/structure";
import { meaningOf } from "../helpers/rowmeaning";
import { BACKENDS, DTYPES } from "../helpers/numbers";
import { sampled } from "../helpers/sample";

const NAMES = [...reductions.keys()];
const UNDEFINED = NAMES.filter((name) => !REDUCERS.has(name));
for (const name of UNDEFINED) define(name, meaningOf(reductionNamed(name)));

function define(name: string, definition: Reducer): void {
  (REDUCERS as Map<string, Reducer>).set(name, definition);
}

// ----------------------------------------------------------------------------------------------------------- cases

const { fround } = Math;

const variable = (name: string, category: VariableNode["category"], dim: number): VariableNode => ({
  kind: "variable",
  name,
  category,
  dim,
});

interface Parts {
  readonly data: Data;
  readonly x: Node;
  readonly y: Node;
  readonly p: Node;
}

/**
 * x over rows and y over columns, of `dim` components, and a number p; all between 0.5 and 1.5, multiples of `step`.
 */
function parts(rows: number, columns: number, dim: number, step: number): Parts {
  const [x, y, p] = [variable("x", "Vi", dim), variable("y", "Vj", dim), variable("p", "Pm", 1)];
  const random = new Random(rows, columns, dim);
  const numbers = [rows * dim, columns * dim, 1].map((count) =>
    Array.from({ length: count }, () => fround(step * Math.round(random.real(0.5, 1.5) / step))),
  );
  return { data: { variables: [x, y, p], rows, columns, numbers }, x, y, p };
}

const EIGHTH: Node = { kind: "number", text: "0.125", values: [0.125], dim: 1 };

/**
 * p (x - y) y, of both signs; its exponential where a product is made; y where x < y and 0 elsewhere where zeros are
 * counted.
 */
function formulaFor(reduction: string, { x, y, p }: Parts, dim: number): Node {
  const product = call("Mult", dim, call("Mult", dim, p, call("Subtract", dim, x, y)), y);
  if (reduction === "Prod") return call("Exp", dim, call("Mult", dim, EIGHTH, product));
  if (isCounting(reduction)) return call("Mult", dim, call("LessThan", dim, x, y), y);
  return /Exp|Soft/.test(reduction) && dim > 1 ? call("Sum", 1, product) : product;
}

const isCounting = (name: string): boolean => /^(Count|Any|All)$/.test(name);
const isWeighted = (name: string): boolean => reductions.get(name)?.weights === "required";

function caseOf(reduction: string, axis: 0 | 1, [rows, columns, dim]: readonly [number, number, number]): Case {
  // What is compared is equal or clearly is not.
  const of = parts(rows, columns, dim, isCounting(reduction) ? 2 ** -7 : 2 ** -24);
  const [kept, reduced] = axis === 1 ? [rows, columns] : [columns, rows];
  const random = new Random(kept, reduced);
  return {
    formula: formulaFor(reduction, of, dim),
    ...(isWeighted(reduction) && { weights: call("Add", dim, of.x, of.y) }),
    reduction,
    ...(reductions.get(reduction)!.takesK && { k: Math.min(3, reduced) }),
    axis,
    data: of.data,
    cotangent: Array.from({ length: 7 }, () => fround(random.real(-1.5, 1.5))),
  };
}

/**
 * Rows, columns, components: few of each, one row, one column, and more columns than a tile has, or than are summed in
 * one piece.
 */
const SIZES = [
  [5, 9, 3],
  [1, 4, 1],
  [4, 1, 2],
  [2, 300, 1],
] as const;
const AXES = [1, 0] as const;

/** Compiled code at one size only, on one axis in each dtype. */
function expectRow(name: string, backend: BackendName, dtype: Dtype): void {
  const isCompiled = backend === "cpu";
  for (const sizes of isCompiled ? SIZES.slice(0, 1) : SIZES)
    for (const axis of isCompiled ? ([dtype === "float64" ? 1 : 0] as const) : AXES) {
      const found = caseOf(name, axis, axis === 1 ? sizes : [sizes[1], sizes[0], sizes[2]]);
      expect(check(found, backend, dtype, expectationFor(found, dtype))).toBe(true);
    }
}

const expectations = new Map<string, Expectation | undefined>();

/** Computed once for all engines, as it takes longer than they do. */
function expectationFor(found: Case, dtype: Dtype): Expectation | undefined {
  const key = `${found.reduction} ${found.axis} ${dtype} ${found.data.rows} ${found.data.columns}`;
  if (!expectations.has(key)) expectations.set(key, expectationOf(found, dtype));
  return expectations.get(key);
}

// ----------------------------------------------------------------------------------------------------------- tests

test("every definition is that of a row", () => {
  expect([...REDUCERS.keys()].filter((name) => !reductions.has(name))).toEqual([]);
});

describe.each(BACKENDS.flatMap((backend) => DTYPES.map((dtype) => [backend, dtype] as const)))(
  "on the engine %s in %s",
  (backend, dtype) => {
    // Compiling takes longer than all else: of a sample every row is compiled in one dtype.
    const names = backend === "cpu" ? sampled(NAMES, 2, DTYPES.indexOf(dtype)) : NAMES;
    test.each(names)("%s, its indices and its gradients are what its definition says", (name) => {
      expectRow(name, backend, dtype);
    });
  },
);

// ------------------------------------------------------------------------------------------------------ wrong rows

const sum = reductionNamed("Sum");
const sumAbs: Reduction = {
  ...sum,
  name: "SumAbs",
  evaluated: ([f]) => [abs(f!)],
  gradient: {
    kind: "sum",
    saved: () => [],
    formula: ({ formulas: [f], by, cotangent }) => grad(abs(f!), by, cotangent),
  },
};
const mean = reductionNamed("Mean");
const DEFINITION: Reducer = (f) => {
  const components = f[0]!.map((_, k) => f.map((values) => values[k]!));
  return {
    values: components.map((column) => column.reduce((total, value) => total + Math.abs(value), 0)),
    pull: (e) => ({ f: f.map((values) => values.map((value, k) => Math.sign(value) * e[k]!)) }),
  };
};

let count = 0;

/** Holds one more row of the table, under a name that nothing has been kept for, to a definition. */
function expectNewRow(row: Reduction, backend: BackendName, dtype: Dtype, definition: Reducer): void {
  const name = `SumAbs${count++}`;
  (reductions as Map<string, Reduction>).set(name, { ...row, name });
  define(name, definition);
  expectRow(name, backend, dtype);
}

interface Mutant {
  readonly fault: string;
  readonly engines: readonly BackendName[];
  readonly change: Partial<Reduction>;
  readonly message: RegExp;
  /** Whether its own meaning is enough to find it. */
  readonly contradictsItself: boolean;
}

const MUTANTS: readonly Mutant[] = [
  {
    fault: "evaluates another formula",
    engines: BACKENDS,
    change: { evaluated: ([f]) => [f!] },
    message: /^value: expected/,
    contradictsItself: false,
  },
  {
    fault: "has the gradient of another formula",
    engines: BACKENDS,
    change: { gradient: sum.gradient },
    message: /^gradient by \w: expected/,
    contradictsItself: true,
  },
  {
    fault: "means something else",
    engines: ["reference"],
    change: { meaning: (extent, round) => mean.meaning(extent, round) },
    message: /^value: expected/,
    contradictsItself: false,
  },
  {
    fault: "means something else",
    engines: ["tiles", "cpu"],
    change: { meaning: (extent, round) => mean.meaning(extent, round) },
    message: /^value: expected/,
    contradictsItself: true,
  },
  {
    fault: "has another reducer",
    engines: ["tiles", "cpu"],
    change: { reducer: (extent, scheme) => mean.reducer(extent, scheme) },
    message: /^value: expected/,
    contradictsItself: true,
  },
];

describe.each(BACKENDS)("on the engine %s a new row", (backend) => {
  const wrong = MUTANTS.filter(({ engines }) => engines.includes(backend));

  describe("with a definition", () => {
    test("passes if it is right", () => {
      for (const dtype of DTYPES) expectNewRow(sumAbs, backend, dtype, DEFINITION);
    });

    // Its meaning is what the reference engine computes with, and no other.
    test.each(wrong.filter(({ fault }) => backend === "reference" || fault !== "means something else"))(
      "fails if it $fault",
      ({ change, message }) => {
        for (const dtype of DTYPES)
          expect(() => expectNewRow({ ...sumAbs, ...change }, backend, dtype, DEFINITION)).toThrow(message);
      },
    );
  });

  describe("without one", () => {
    test("passes if it is right", () => {
      for (const dtype of DTYPES) expectNewRow(sumAbs, backend, dtype, meaningOf(sumAbs));
    });

    test.each(wrong.filter(({ contradictsItself }) => contradictsItself))(
      "fails if it $fault",
      ({ change, message }) => {
        const row = { ...sumAbs, ...change };
        for (const dtype of DTYPES) expect(() => expectNewRow(row, backend, dtype, meaningOf(row))).toThrow(message);
      },
    );
  });
});

afterAll(() => {
  if (UNDEFINED.length === 0) return;
  const advice = "what they evaluate is held to nothing else until test/fuzz/reducers.ts defines them";
  process.stdout.write(`reductions: ${UNDEFINED.join(", ")} were held to their own meaning; ${advice}\n`);
});
