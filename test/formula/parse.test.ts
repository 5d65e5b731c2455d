/** Formula texts and aliases: what they are read as. */
import { FormulaError } from "../../src/errors";
import { Category, type Formula, isVariable, lowerFormula, nodesOf, variable } from "../../src/formula/formula";
import type { Slot } from "../../src/formula/slots";
import * as ops from "../../src/formula/ops";
import { label, parse } from "../../src/formula/parse";
import { errorOf, read } from "../helpers/texts";

const x = variable(0, 3, Category.I);
const y = variable(1, 3, Category.J);
const b = variable(2, 2, Category.J);
const s = variable(3, 1, Category.P);
const t = variable(4, 1, Category.P);

describe("a formula text", () => {
  test.each<[string, Formula]>([
    ["x", x],
    ["  x\n\t+\r\n y ", ops.add(x, y)],
    ["((x))", x],
    ["3", ops.constant(3)],
    [".5", ops.constant(0.5)],
    ["2.", ops.constant(2)],
    ["1e-3", ops.constant(0.001)],
    ["1.5E+2*x", ops.mult(150, x)],
    ["-x", ops.minus(x)],
    ["+x", x],
    ["- - x", x],
    ["x-y|x-y", ops.sqNorm2(ops.subtract(x, y))],
    ["SqDist(x,y)", ops.sqNorm2(ops.subtract(x, y))],
    ["x|y+y", ops.scalprod(x, ops.add(y, y))],
    ["x|y < s", ops.lessThan(ops.scalprod(x, y), s)],
    ["s-t-s", ops.subtract(ops.subtract(s, t), s)],
    ["s/t/x", ops.divide(ops.divide(s, t), x)],
    ["s/t*x", ops.mult(ops.divide(s, t), x)],
    ["s+t*x", ops.add(s, ops.mult(t, x))],
    ["(s+t)*x", ops.mult(ops.add(s, t), x)],
    ["s*-x", ops.mult(s, ops.minus(x))],
    ["-s*x", ops.mult(ops.minus(s), x)],
    ["-x**2", ops.minus(ops.square(x))],
    ["(-x)**2", ops.square(x)],
    ["-s**-t", ops.minus(ops.powf(s, ops.minus(t)))],
    ["2**-1", ops.constant(0.5)],
    ["2**3**2", ops.constant(512)],
    ["-2**2", ops.constant(-4)],
    ["x**3", ops.pow(x, 3)],
    ["x**-1", ops.pow(x, -1)],
    ["x**(1+2)", ops.pow(x, 3)],
    ["x**0.5", ops.sqrt(x)],
    ["x**-0.5", ops.rsqrt(x)],
    ["x**1.5", ops.powf(x, 1.5)],
    ["x**s", ops.powf(x, s)],
    ["x<y", ops.lessThan(x, y)],
    ["x<=y", ops.lessOrEqual(x, y)],
    ["x>y", ops.lessThan(y, x)],
    ["x>=y", ops.lessOrEqual(y, x)],
    ["x==y", ops.equal(x, y)],
    ["x!=y", ops.notEqual(x, y)],
    ["(s<t)<s", ops.lessThan(ops.lessThan(s, t), s)],
    ["s<(t<s)", ops.lessThan(s, ops.lessThan(t, s))],
    ["Exp(-s*SqDist(x,y))*b", ops.mult(ops.exp(ops.mult(ops.minus(s), ops.sqDist(x, y))), b)],
    ["Elem(x,2)", ops.extract(x, 2, 1)],
    ["Elem(x, 4/2 - +1)", ops.extract(x, 1, 1)],
    ["IntCst(-3)", ops.constant(-3)],
    ["IntCst(1)/2 + IntCst(3)", ops.constant(3.5)],
    ["RatCst(1,4)", ops.constant(0.25)],
    ["1/2*x", ops.mult(0.5, x)],
    ["Grad(x|y, x, s)", ops.mult(s, y)],
    ["Var(0,3,0)", x],
    ["Vj(1,3) - Pm(3,1)", ops.subtract(y, s)],
  ])("%j means what its operators say", (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  test("prints as a text that a reader recognises", () => {
    expect(String(read("Exp(-s*SqDist(x,y))*b"))).toBe("Exp(-(Pm(3,1) * SqNorm2(Vi(0,3) - Vj(1,3)))) * Vj(2,2)");
  });

  test("every entry of the operation table can be called", () => {
    const seen = [...ops.entries].map(([name, entry]) => {
      const call = firstThatFits(name, entry.slots);
      expect(`${name}: ${String(call !== undefined)}`).toBe(`${name}: true`);
      return name;
    });
    expect(seen).toEqual(expect.arrayContaining(["Exp", "Grad", "Scalprod", "Var"]));
  });

  test("several texts share one table of arguments", () => {
    const parsed = parse(["Exp(x|y)", "b * Pm(3,1)"], ["x = Vi(3)", "y = Vj(3)", "b = Vj(2)"]);
    expect(parsed.formulas).toEqual([ops.exp(ops.scalprod(x, y)), ops.mult(b, s)]);
    expect(parsed.arguments.map(label)).toEqual([
      "x (Vi, dim 3)",
      "y (Vj, dim 3)",
      "b (Vj, dim 2)",
      "argument 3 (Pm, dim 1)",
    ]);
  });

  test("an alias may hide an operation, which cannot be called then", () => {
    expect(read("Exp + 1", ["Exp = Vi(3)"])).toBe(ops.add(x, 1));
    expect(errorOf(["Exp(Exp)"], ["Exp = Vi(3)"]).message).toContain("expected an operation, got Exp (Vi, dim 3)");
  });

  test("a sum of 10⁴ terms is read, printed, lowered and walked", () => {
    const aliases = Array.from({ length: 10_000 }, (_, n) => `a${n} = Vj(2)`);
    const sum = read(aliases.map((_, n) => `a${n}`).join(" + "), aliases);
    expect(nodesOf(sum).filter(isVariable)).toHaveLength(10_000);
    expect(nodesOf(lowerFormula(sum)).filter(isVariable)).toHaveLength(10_000);
    expect(String(sum).length).toBeGreaterThan(1000);
  });

  test.each(["+", "-", "*", "/"])(
    "10⁴ scalars joined by %s to a vector and summed do not exhaust the stack",
    (symbol) => {
      const names = Array.from({ length: 50 }, (_, n) => `p${n}`);
      const aliases = ["x = Vi(3)", ...names.map((name) => `${name} = Pm(1)`)];
      const terms = Array.from({ length: 10_000 }, (_, n) => symbol + names[n % 50]!).join("");
      for (const text of [`Sum(x${terms})`, `(x${terms}|x)`, `Exp(-(x${terms}))`])
        expect(nodesOf(read(text, aliases)).length).toBeGreaterThan(10_000);
    },
  );
});

/** A call of `name` whose arguments fit, found by trying. */
function firstThatFits(name: string, slots: readonly Slot[]): string | undefined {
  const texts: Record<Slot["kind"], readonly string[]> = {
    formula: ["x", "s", "2", "Concat(s, 2)"],
    variable: ["x"],
    integer: ["1", "3", "0", "2"],
    number: ["1", "0.5"],
    list: ["[0]", "[]", "[3]"],
  };
  const calls = slots.reduce<string[][]>(
    (lists, slot) => lists.flatMap((list) => texts[slot.kind].map((text) => [...list, text])),
    [[]],
  );
  return calls.map((args) => `${name}(${args.join(", ")})`).find((call) => isFormula(call));
}

function isFormula(text: string): boolean {
  try {
    return read(text).dim >= 1;
  } catch (error) {
    if (error instanceof FormulaError) return false;
    throw error;
  }
}

describe("aliases", () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ["take the position of their place", ["x = Vi(3)", "y=Vj(2)"], ["x (Vi, dim 3)", "y (Vj, dim 2)"]],
    ["may be spaced freely", [" x\t=\nVi ( 3 ) "], ["x (Vi, dim 3)"]],
    ["may say their position", ["y = Vj(1,2)", "x = Vi(0,3)"], ["x (Vi, dim 3)", "y (Vj, dim 2)"]],
    [
      "may mix places and positions",
      ["p = Pm(0,1)", "a = Vj(1)", "x = Vi(2,3)"],
      ["p (Pm, dim 1)", "a (Vj, dim 1)", "x (Vi, dim 3)"],
    ],
    ["may be nameless", ["Vi(3)", "Vj(1,2)"], ["argument 0 (Vi, dim 3)", "argument 1 (Vj, dim 2)"]],
    ["may be variables", ["Var(0,3,0)", "y = Var(1,3,1)"], ["argument 0 (Vi, dim 3)", "y (Vj, dim 3)"]],
    [
      "may use names of JavaScript's own",
      ["__proto__ = Vi(3)", "constructor = Pm(1)"],
      ["__proto__ (Vi, dim 3)", "constructor (Pm, dim 1)"],
    ],
    ["may be missing", [], []],
  ])("%s", (_, aliases, labels) => {
    const parsed = parse(["1"], aliases);
    expect(parsed.arguments.map(label)).toEqual(labels);
    expect(parsed.arguments.map(({ position }) => position)).toEqual(labels.map((__, n) => n));
  });

  test("carry the leaf that formulas use", () => {
    const parsed = parse(["x"], ["x = Vi(3)"]);
    expect(parsed.arguments[0]!.variable).toBe(parsed.formulas[0]);
  });

  test("are not changed by literals in the formula, which come after them", () => {
    const aliases = Object.freeze(["x = Vi(3)"]);
    expect(parse(["x * Var(1,1,2)"], aliases).arguments.map(label)).toEqual([
      "x (Vi, dim 3)",
      "argument 1 (Pm, dim 1)",
    ]);
  });
});
