/** Split sums against all pairs, on a slow and exact stand-in for the grid: what the tolerance asks for is kept. */
import { makePrepared } from "../../src/fast/splitplan";
import type { Prepared } from "../../src/fast/splitplan";
import { Operator } from "../../src/call/operator";
import { PLAIN_SUM } from "../../src/call/result";
import { convolutionOf } from "../../src/formula/convolution";
import { Category } from "../../src/formula/formula";
import { parse } from "../../src/formula/parse";
import { wrap } from "../../src/array/view";
import type { RealArray } from "../../src/array/view";
import { rand, randn } from "../../src/array/array";
import { runSync } from "../../src/task";
import { apart } from "../helpers/numbers";
import { sampled } from "../helpers/sample";

jest.mock("../../src/fast/gridsum", () => jest.requireActual<object>("../helpers/slowgrid"));

interface Case {
  readonly text: string;
  readonly aliases: readonly string[];
  readonly count?: readonly [number, number];
  readonly rows?: Category.I | Category.J;
  readonly tolerance?: number;
}

function prepare({ text, aliases, count = [240, 200], rows = Category.I, tolerance = 1e-4 }: Case) {
  const { formulas, arguments: args } = parse([text], aliases);
  const operator = new Operator(formulas, args, { ...PLAIN_SUM, rows });
  const arrays = args.map(({ category, dim, name }, n): RealArray => {
    if (category === Category.P)
      return wrap(
        Float64Array.from({ length: dim }, (_, k) => 3 + k),
        [dim],
      );
    const shape = [count[category], dim] as const;
    return /^[xypq]/.test(name!)
      ? rand([...shape], { dtype: "float64", seed: n })
      : randn([...shape], { dtype: "float64", seed: n });
  });
  const given = operator.check(arrays);
  const convolution = convolutionOf(operator.formula, args, rows);
  if ("why" in convolution) throw new Error(convolution.why);
  const prepared = runSync(makePrepared(operator, convolution, given, {}, { tolerance, most: Infinity }));
  if (typeof prepared === "string") throw new Error(prepared);
  return { operator, arrays, given, prepared };
}

function errorOf(one: Case): { error: number; prepared: Prepared } {
  const { operator, arrays, given, prepared } = prepare(one);
  const exact = operator.values(arrays);
  const out = new Float64Array(exact.size);
  runSync(prepared.run(given, out));
  return { error: apart(wrap(out, exact.shape), exact), prepared };
}

const points = (dim: number) => [`x=Vi(${dim})`, `y=Vj(${dim})`];

test.each([1, 2])("a Gaussian in dimension %p is smooth: there are no near pairs", (dim) => {
  const { error, prepared } = errorOf({
    text: "Exp(-g*SqDist(x,y))*b",
    aliases: [...points(dim), "b=Vj(1)", "g=Pm(1)"],
  });
  expect(prepared.details["radius"]).toBe(0);
  expect(error).toBeLessThan(1e-4);
});

const SUMS: readonly Case[] = [
  { text: "Exp(-g*SqDist(x,y))*b", aliases: [...points(1), "b=Vj(1)", "g=Pm(1)"], tolerance: 1e-9 },
  { text: "Exp(-g*Norm2(x-y))*b", aliases: [...points(1), "b=Vj(1)", "g=Pm(1)"] },
  { text: "Exp(-g*Norm2(x-y))*b", aliases: [...points(2), "b=Vj(2)", "g=Pm(1)"], tolerance: 1e-3 },
  { text: "Rsqrt(SqDist(x,y))*b", aliases: [...points(2), "b=Vj(1)"], tolerance: 1e-3 },
  { text: "Norm2(x-y)*b", aliases: [...points(1), "b=Vj(1)"] },
  { text: "(IntCst(1)+g*Norm2(x-y))*Exp(-g*Norm2(x-y))*b", aliases: [...points(2), "b=Vj(1)", "g=Pm(1)"] },
  { text: "Inv(IntCst(1)+g*SqDist(x,y))*b", aliases: [...points(2), "b=Vj(1)", "g=Pm(1)"] },
  { text: "Rsqrt(IntCst(1)+g*SqDist(x,y))*b", aliases: [...points(2), "b=Vj(1)", "g=Pm(1)"] },
  { text: "Exp(-g*SqDist(x,y))", aliases: [...points(2), "g=Pm(1)"] },
  { text: "Exp(-g*SqDist(x,y))*(u|v)*b", aliases: [...points(1), "b=Vj(2)", "g=Pm(1)", "u=Vi(2)", "v=Vj(2)"] },
  { text: "Exp(-g*SqDist(x,y))*b+b", aliases: [...points(1), "b=Vj(2)", "g=Pm(1)"] },
  { text: "Exp(-g*SqDist(x,y)-Square(p-q))*b", aliases: [...points(1), "b=Vj(1)", "g=Pm(1)", "p=Vi(1)", "q=Vj(1)"] },
  { text: "Cos((w|(x-y)))*Exp(-g*SqDist(x,y))*b", aliases: [...points(2), "b=Vj(1)", "g=Pm(1)", "w=Pm(2)"] },
  { text: "Sin((w|(x-y)))*Exp((w|(x-y)))*b", aliases: [...points(2), "b=Vj(1)", "w=Pm(2)"] },
  { text: "Grad(Exp(-g*SqDist(x,y))*b,x,e)", aliases: [...points(2), "b=Vj(1)", "g=Pm(1)", "e=Vi(1)"] },
  { text: "Grad(Exp(-g*Norm2(x-y))*b,x,e)", aliases: [...points(2), "b=Vj(1)", "g=Pm(1)", "e=Vi(1)"], tolerance: 1e-2 },
  {
    text: "Grad(Exp(-g*SqDist(x,y))*b,y,e)",
    aliases: [...points(2), "b=Vj(1)", "g=Pm(1)", "e=Vi(1)"],
    rows: Category.J,
  },
  {
    text: "Grad(Grad(Exp(-g*SqDist(x,y))*b,x,e),x,d)",
    aliases: [...points(2), "b=Vj(1)", "g=Pm(1)", "e=Vi(1)", "d=Vi(2)"],
  },
  {
    text: "Grad(Grad(Exp(-g*SqDist(x,y))*b,x,e),y,d)",
    aliases: [...points(1), "b=Vj(1)", "g=Pm(1)", "e=Vi(1)", "d=Vi(1)"],
    rows: Category.J,
  },
];

test.each(sampled(SUMS, 3, 1))("$text keeps its tolerance", (one) => {
  const { error } = errorOf(one);
  expect(error).toBeLessThan(one.tolerance ?? 1e-4);
});
