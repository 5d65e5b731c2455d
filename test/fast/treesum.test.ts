/** Sums over trees of cells against all pairs, of points of widths that differ by orders of magnitude. */
import { makePrepared } from "../../src/fast/splitplan";
import type { Prepared } from "../../src/fast/splitplan";
import { Operator } from "../../src/call/operator";
import { PLAIN_SUM } from "../../src/call/result";
import { convolutionOf } from "../../src/formula/convolution";
import { Category } from "../../src/formula/formula";
import { parse } from "../../src/formula/parse";
import { mean } from "../../src/formula/reductions";
import { wrap } from "../../src/array/view";
import type { RealArray } from "../../src/array/view";
import { array, randn } from "../../src/array/array";
import { runSync } from "../../src/task";
import { mixed } from "../helpers/mixed";
import { apart } from "../helpers/numbers";

interface Case {
  readonly text: string;
  readonly aliases: readonly string[];
  readonly rows?: Category.I | Category.J;
  readonly dtype?: "float32" | "float64";
  readonly tolerance?: number;
  readonly isMean?: boolean;
}

const COUNT = [2400, 2000] as const;

function operatorOf({ text, aliases, rows = Category.I, isMean = false }: Case): Operator {
  const { formulas, arguments: args } = parse([text], aliases);
  return new Operator(formulas, args, { ...PLAIN_SUM, ...(isMean && { reduction: mean }), rows });
}

function prepare(one: Case) {
  const { rows = Category.I, dtype = "float64", tolerance = 1e-4 } = one;
  const operator = operatorOf(one);
  const arrays = operator.args.map(({ category, dim, name }, n): RealArray => {
    if (category === Category.P) return array([3, 2].slice(0, dim), { dtype });
    const isPoint = /^[xypq]/.test(name!);
    return isPoint
      ? mixed(COUNT[category], dim, { dtype, seed: n })
      : randn([COUNT[category], dim], { dtype, seed: n });
  });
  const given = operator.check(arrays);
  const convolution = convolutionOf(operator.formula, operator.args, rows);
  if ("why" in convolution) throw new Error(convolution.why);
  // Plans that are used often pay for few points, too.
  const limits = { tolerance, most: Infinity };
  return {
    operator,
    arrays,
    given,
    made: runSync(makePrepared(operator, convolution, given, { repeats: 1e9 }, limits, "tree")),
  };
}

function errorOf(one: Case): { error: number; prepared: Prepared } {
  const { operator, arrays, given, made } = prepare(one);
  if (typeof made === "string") throw new Error(made);
  const exact = operator.values(arrays);
  const out = one.dtype === "float32" ? new Float32Array(exact.size) : new Float64Array(exact.size);
  runSync(made.run(given, out));
  return { error: apart(wrap(out, exact.shape), exact), prepared: made };
}

const points = (dim: number) => [`x=Vi(${dim})`, `y=Vj(${dim})`];

const SUMS: readonly Case[] = [
  { text: "Rsqrt(SqDist(x,y))*b", aliases: [...points(3), "b=Vj(1)"], tolerance: 1e-3 },
  { text: "Rsqrt(SqDist(x,y))*b", aliases: [...points(3), "b=Vj(1)"], dtype: "float32", tolerance: 1e-3 },
  { text: "Rsqrt(SqDist(x,y))*b", aliases: [...points(3), "b=Vj(1)"], tolerance: 1e-3, isMean: true },
  { text: "Exp(-g*Norm2(x-y))*b", aliases: [...points(1), "b=Vj(1)", "g=Pm(1)"] },
  { text: "Exp(-g*Norm2(x-y))*b", aliases: [...points(2), "b=Vj(2)", "g=Pm(1)"], tolerance: 1e-6 },
  { text: "Exp(-g*Norm2(x-y))", aliases: [...points(2), "g=Pm(1)"] },
  { text: "Exp(-g*SqDist(x,y))*b+b", aliases: [...points(2), "b=Vj(2)", "g=Pm(1)"], tolerance: 1e-8 },
  { text: "Exp(-g*SqDist(x,y)-Square(p-q))*b", aliases: [...points(2), "b=Vj(1)", "g=Pm(1)", "p=Vi(1)", "q=Vj(1)"] },
  { text: "Cos((w|(x-y)))*Exp(-Norm2(x-y))*b", aliases: [...points(2), "b=Vj(1)", "w=Pm(2)"] },
  { text: "Grad(Rsqrt(SqDist(x,y))*b,x,e)", aliases: [...points(3), "b=Vj(1)", "e=Vi(1)"], tolerance: 1e-3 },
  { text: "Grad(Exp(-Norm2(x-y))*b,y,e)", aliases: [...points(2), "b=Vj(1)", "e=Vi(1)"], rows: Category.J, tolerance: 1e-3 },
]; // prettier-ignore

test.each(SUMS)("$text keeps $tolerance", (one) => {
  const { error, prepared } = errorOf(one);
  expect(error).toBeLessThan(one.tolerance ?? 1e-4);
  expect(prepared.method).toBe("tree");
});

test("fewer pairs are computed than there are, and some of them are of nodes", () => {
  const { prepared } = errorOf(SUMS[0]!);
  expect(prepared.nearCount).toBeLessThan((COUNT[0] * COUNT[1]) / 2);
  expect(prepared.details["nodePairs"]).toBeGreaterThan(0);
});

test("rows and columns with the same points share a tree", () => {
  const operator = operatorOf(SUMS[0]!);
  const x = mixed(COUNT[0], 3, { dtype: "float64", seed: 1 });
  const arrays = [x, x, randn([COUNT[0], 1], { dtype: "float64", seed: 2 })];
  const given = operator.check(arrays);
  const convolution = convolutionOf(operator.formula, operator.args, Category.I);
  if ("why" in convolution) throw new Error(convolution.why);
  const limits = { tolerance: 1e-3, most: Infinity };
  const made = runSync(makePrepared(operator, convolution, given, { repeats: 1e9 }, limits, "tree"));
  if (typeof made === "string") throw new Error(made);
  const out = new Float64Array(COUNT[0]);
  runSync(made.run(given, out));
  expect(apart(wrap(out, [COUNT[0], 1]), operator.values(arrays))).toBeLessThan(1e-3);
});

test.each([
  ["Exp(-SqDist(x,y))*(u|v)*b", [...points(1), "b=Vj(2)", "u=Vi(2)", "v=Vj(2)"], "two weights"],
  ["Grad(Exp(-SqDist(x,y))*b,x,e)", [...points(2), "b=Vj(2)", "e=Vi(2)"], "factors of two components"],
])("%s has no tree: %s", (text, aliases) => {
  expect(typeof prepare({ text, aliases }).made).toBe("string");
});
