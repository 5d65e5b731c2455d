/** Which formulas are convolutions, and whether the kernel that is found gives their values. */
import { convolutionOf } from "../../src/formula/convolution";
import type { Convolution } from "../../src/formula/convolution";
import { Category } from "../../src/formula/formula";
import type { Argument } from "../../src/formula/arguments";
import { parse } from "../../src/formula/parse";
import { evaluate } from "../helpers/evaluate";
import type { Vector } from "../helpers/evaluate";

const ALIASES =
  "x=Vi(3) y=Vj(3) b=Vj(2) g=Pm(1) s=Pm(3) A=Pm(9) e=Vi(2) d=Vi(3) u=Vi(3) v=Vj(3) p=Vi(1) q=Vj(1) c=Vj(1)".split(" ");

const GAUSSIAN = "Exp(-g*SqDist(x,y))*b";
const BY_X = `Grad(${GAUSSIAN},x,e)`;

/** Only the aliases that a text names, so that positions follow each other. */
const aliasesOf = (text: string): string[] =>
  ALIASES.filter((alias) => new RegExp(`\\b${alias.split("=")[0]!}\\b`).test(text));

function read(text: string, rows: Category.I | Category.J = Category.I) {
  const { formulas, arguments: args } = parse([text], aliasesOf(text));
  return { formula: formulas[0]!, args, found: convolutionOf(formulas[0]!, args, rows) };
}

function requireConvolution(text: string, rows?: Category.I | Category.J) {
  const { formula, args, found } = read(text, rows);
  if ("why" in found) throw new Error(`${text}: ${found.why}`);
  return { formula, args, found };
}

/** Numbers that repeat. */
function* numbers(): Generator<number, never> {
  for (let n = 1; ; n++) yield Math.sin(12.9898 * n);
}

const names = (args: readonly Argument[]): string => args.map(({ name }) => name).join("");

/** The formula's values, and those of its kernel at the differences of the same points. */
function bothWays(formula: ReturnType<typeof read>["formula"], args: readonly Argument[], found: Convolution) {
  const random = numbers();
  const values = new Map(
    args.map((argument) => [argument.variable, Array.from({ length: argument.dim }, () => random.next().value)]),
  );
  const of = ({ variable }: Argument): Vector => values.get(variable)!;
  const z = found.points.flatMap(({ row, column }) => of(row).map((value, k) => value - of(column)[k]!));
  const others = [...found.factors, ...found.weights, ...found.parameters].map(of);
  const point = new Map(found.kernelArguments.map(({ variable }, n) => [variable, n === 0 ? z : others[n - 1]!]));
  return [evaluate(formula, values), evaluate(found.kernel, point)] as const;
}

const CONVOLUTIONS: readonly (readonly [text: string, weights: string, factors: string])[] = [
  [GAUSSIAN, "b", ""],
  ["Exp(-SqDist(x/s,y/s))*b", "b", ""],
  ["Exp(-WeightedSqDist(s,x,y))*b", "b", ""],
  ["Exp(-Norm2(MatVecMult(A,x)-MatVecMult(A,y)))*b", "b", ""],
  ["Exp(-SqNorm2(-x+y))*b", "b", ""],
  ["Exp(-SqNorm2(2*(x-y)+g*(x-y)))*b", "b", ""],
  ["Exp(-Square(Elem(x,0)-Elem(y,0))-Square(Elem(y,1)-Elem(x,1)))*b", "b", ""],
  ["Exp(-g*SqDist(x,y))", "", ""],
  ["Exp(-g*SqDist(x,y)) * e", "", "e"],
  ["(x-y)*(Inv(Powf(SqDist(x,y)+g,1.5))*c)", "c", ""],
  ["Cos((s|(x-y)))*Exp(-SqDist(x,y))*c", "c", ""],
  ["Exp(-SqDist(x,y))*c+c", "c", ""],
  ["Exp(-SqDist(x,y))*(u|v)*b", "bv", "u"],
  ["MatVecMult(TensorProd(x-y,x-y)*Exp(-SqDist(x,y)),v)", "v", ""],
  ["Exp(-SqDist(x,y)-Abs(p-q))*c", "c", ""],
  [BY_X, "b", "e"],
  [`Grad(${GAUSSIAN},y,e)`, "b", "e"],
  [`Grad(${GAUSSIAN},g,e)`, "b", "e"],
  [`Grad(${GAUSSIAN},b,e)`, "", "e"],
  [`Grad(${BY_X},x,d)`, "b", "ed"],
  [`Grad(${BY_X},y,d)`, "b", "ed"],
  [`Grad(${BY_X},g,d)`, "b", "ed"],
  [`Grad(${BY_X},e,d)`, "b", "d"],
  ["Inv(SqDist(x,y))*(c/Norm2(x-y))", "c", ""],
  ["Laplacian(Exp(-g*Norm2(x-y)),x)*c", "c", ""],
];

test.each(CONVOLUTIONS)("%s is a convolution: its kernel gives its values", (text, weights, factors) => {
  const { formula, args, found } = requireConvolution(text);
  expect([names(found.weights), names(found.factors)]).toEqual([weights, factors]);
  const [expected, got] = bothWays(formula, args, found);
  for (const [k, value] of expected.entries()) expect(got[k]).toBeCloseTo(value, 12);
  expect(got).toHaveLength(formula.dim);
});

test("a kernel reads the difference of a row and a column, whichever index is kept", () => {
  const { found, formula, args } = requireConvolution(BY_X, Category.J);
  expect(found.points.map(({ row, column }) => `${row.name}${column.name}`)).toEqual(["yx"]);
  expect([names(found.weights), names(found.factors)]).toEqual(["e", "b"]);
  const [expected, got] = bothWays(formula, args, found);
  for (const [k, value] of expected.entries()) expect(got[k]).toBeCloseTo(value, 12);
});

test("pairs of points make one difference, of the sum of their dims", () => {
  const { found } = requireConvolution("Exp(-SqDist(x,y)-Abs(p-q))*c");
  expect(found.points).toHaveLength(2);
  expect(found.kernelArguments.map(({ dim, category }) => [dim, category])).toEqual([
    [4, Category.I],
    [1, Category.P],
  ]);
});

const OTHERWISE = /reads .* neither linearly nor through differences of points alone/;
const REFUSED: readonly (readonly [text: string, why: RegExp])[] = [
  ["Exp(-SqDist(x,y)/Square(p))*b", OTHERWISE],
  ["Exp(-Square(c)*SqDist(x,y))*b", OTHERWISE],
  ["Exp(-SqDist(x,y))*Square((u|v))*b", OTHERWISE],
  ["Exp(-g*(SqNorm2(x)-2*(x|y)+SqNorm2(y)))*b", OTHERWISE],
  ["Square((x|y))*b", OTHERWISE],
  ["Exp(-SqDist(x,y))*(c+1)", OTHERWISE],
  ["Exp(-SqDist(x,y))*Abs(c)", OTHERWISE],
  ["Exp(-SqDist(x,y))*Round(b,0)", OTHERWISE],
  ["Exp(-SqDist(x,y))*(b+e)", OTHERWISE],
  ["Exp(-SqDist(x,y)-SqNorm2(x))*b", OTHERWISE],
  ["Exp(-SqNorm2(Square(x)-Square(y)))*b", OTHERWISE],
  ["Exp(-SqNorm2(x-2*y))*b", OTHERWISE],
  ["(x|y)*b", /no difference of points/],
  ["Exp(-SqDist(x,y))/c", OTHERWISE],
  ["g*b", /no difference of points/],
];

test.each(REFUSED)("%s is none, and why is said", (text, why) => {
  const { found } = read(text);
  expect("why" in found ? found.why : "").toMatch(why);
});

test("a refusal names the arguments", () => {
  const { found } = read("Exp(-SqDist(x,y)/Square(p))*b");
  expect("why" in found && found.why).toContain("p (Vi, dim 1)");
});
