/**
 * The methods of lazy tensors: made by a script from the table of operations, none left out, and each is the row that
 * it names.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Category } from "../../src/formula/formula";
import type { Entry, Formula } from "../../src/formula/formula";
import { entries } from "../../src/formula/ops";
import { reductions } from "../../src/formula/reductions";
import { Expression, expressionIn } from "../../src/lazytensor/expression";
import { ComplexLazyTensor, LazyTensor } from "../../src/lazytensor/lazytensor";
import { symbolLeaf } from "../../src/lazytensor/leaf";
import { fitsOf } from "../helpers/evaluate";
import type { Fit } from "../helpers/evaluate";

const root = join(__dirname, "..", "..");
const text = readFileSync(join(root, "src", "lazytensor", "methods.ts"), "utf8");

/**
 * A method as its documentation says it: the row, which of its arguments the tensor is, and the order of the others.
 */
interface Method {
  readonly entry: Entry;
  readonly name: string;
  readonly self: string;
  readonly order: readonly string[];
  readonly isComplex: boolean;
}

const DOCUMENTED =
  /`(\w+)\([^`]*\)` in formulas; (\w+) is this tensor\.(?:(?!\*\/)[^])*\*\/\s+(\w+)(?:<[^>]*>)?\(([^)]*)\)/g;
const METHODS = [...text.matchAll(DOCUMENTED)].map(({ index, ...found }): Method => {
  const [row, self, name, parameters] = [found[1]!, found[2]!, found[3]!, found[4]!];
  const order = parameters.split(",").flatMap((parameter) => /^\s*(\w+)\??:/.exec(parameter)?.[1] ?? []);
  return { entry: entries.get(row)!, name, self, order, isComplex: index > text.indexOf("class ComplexMethods") };
});

/**
 * Rows that have another form: integer powers and products by a real number are `pow` and `mul`, sums are reductions
 * too.
 */
const OTHERWISE = ["Complex", "ComplexRealScal", "ComplexScal", "ComplexSum", "Pow"];

test("every method that is left out is written otherwise", () => {
  const left = [...entries.values()].filter(({ method }) => method?.names.length === 0);
  expect(left.map(({ name }) => name).sort()).toEqual(OTHERWISE);
});

test("every operation on formulas is a method, or is written otherwise", () => {
  const rows = new Set(METHODS.map(({ entry }) => entry.name));
  expect(rows.size).toBeGreaterThan(100);
  const onComponents = [...text.matchAll(/`(\w+)\(x\)` in formulas\.(?:(?!\*\/)[^])*\*\//g)].map(([, name]) => name!);
  const named = new Set([...rows, ...onComponents, ...OTHERWISE]);
  const taking = [...entries.values()].filter(({ slots }) => slots[0]?.kind === "formula").map(({ name }) => name);
  expect(taking.filter((name) => !named.has(name))).toEqual([]);
  expect(onComponents).toEqual(expect.arrayContaining(["Sum", "Mean", "Min", "ArgMax", "LogSumExp"]));
});

const hasVariables = ({ entry }: Method): boolean => entry.slots.some(({ kind }) => kind === "variable");

/** Of dim 1 only exponents are real where the rest is complex. */
const operand = (tensor: LazyTensor, isComplex: boolean): LazyTensor | ComplexLazyTensor =>
  isComplex && tensor.dim % 2 === 0 ? new ComplexLazyTensor(expressionIn(tensor)) : tensor;

/** What the method and the row build of the same symbolic variables. */
function built({ entry, name, self, order, isComplex }: Method, { dims, params }: Fit): [Formula, Formula] {
  const tensors = dims.map((dim, n) => new LazyTensor(Expression.of(symbolLeaf(n, dim, Category.I))));
  const values = [...tensors.map((tensor) => operand(tensor, isComplex)), ...params];
  const given = new Map(entry.slots.map((slot, n) => [slot.name, values[n]]));
  const receiver = given.get(self) as unknown as Record<string, (...args: unknown[]) => LazyTensor>;
  const got = receiver[name]!(...order.map((slot) => given.get(slot)));
  return [
    expressionIn(got).formula,
    entry.build([...tensors.map((tensor) => expressionIn(tensor).formula), ...params]),
  ];
}

test.each(METHODS.filter((method) => !hasVariables(method)).map((method) => [method.entry.name, method] as const))(
  "the method of %s builds that row",
  (_name, method) => {
    const fits = fitsOf(method.entry, [1, 2, 3, 4], 20).slice(-3);
    expect(fits.length).toBeGreaterThan(0);
    for (const fit of fits) {
      const [got, expected] = built(method, fit);
      expect(got).toBe(expected);
    }
  },
);

/** The names of a method, by row: what pykeops writes without underscores is the only one. */
const NAMES = [
  ...[...entries.values()].flatMap(({ method }) => (method ? [method.names] : [])),
  ...[...reductions.values()].map(({ methods }) => methods),
];

test("no method has two names that only differ in their capitals", () => {
  const plain = (name: string): string => name.replaceAll("_", "").toLowerCase();
  const twice = NAMES.filter(([first, ...others]) =>
    others.some((other) => !other.includes("_") && plain(other) === plain(first!)),
  );
  expect(twice).toEqual([]);
  expect(NAMES.filter((names) => names.length > 2)).toEqual([]);
});
