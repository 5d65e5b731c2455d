/**
 * Formulas as mathematics: random graphs over every row of the operation table are evaluated with a small evaluator
 * that takes a row's `value`, `segments` and `axes` as its meaning, and held against what simplification and lowering
 * make of them.
 */
import fc from "fast-check";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { freePosition } from "../../src/formula/autodiff";
import {
  Category,
  Depends,
  type Formula,
  asVariable,
  lowerFormula,
  nodesOf,
  print,
  substitute,
  variable,
  variablesOf,
} from "../../src/formula/formula";
import * as ops from "../../src/formula/ops";
import { allowances, apply, evaluate, expectWithin } from "../helpers/evaluate";
import type { Point, Rounding, Vector } from "../helpers/evaluate";
import { ROWS, assertMostly, b, formulas, pointFrom, read, s, trees, x, y } from "../helpers/trees";
import type { Tree } from "../helpers/trees";

function evaluateTree(root: Tree, point: Point, rounding: Rounding): Vector {
  const values = new Map<Tree, Vector>();
  const valueOf = (tree: Tree): Vector => {
    const known = values.get(tree);
    if (known) return known;
    const { operation, built, args, params } = tree;
    const value = operation
      ? apply(operation, args.map(valueOf), params, built.dim).map(rounding)
      : evaluate(built, point);
    values.set(tree, value);
    return value;
  };
  return valueOf(root);
}

// --------------------------------------------------------------------------------------------------------- tests

describe("equal formulas", () => {
  test("are the same object, however they were made", () => {
    expect(ops.sqDist(x, y)).toBe(read("x - y | x - y"));
    expect(ops.exp(ops.minus(ops.mult(s, x)))).toBe(ops.exp(ops.minus(ops.mult(s, x))));
    expect(variable(0, 3, Category.I)).toBe(x);
  });

  test("differ from formulas of other variables, dims and parameters", () => {
    const others = [
      x,
      y,
      variable(0, 3, Category.J),
      variable(0, 4, Category.I),
      ops.extract(x, 0, 2),
      ops.extract(x, 1, 2),
    ];
    expect(new Set(others).size).toBe(others.length);
  });

  test("have arguments with smaller ids, and know what they depend on", () => {
    fc.assert(
      fc.property(formulas, (formula) => {
        for (const node of nodesOf(formula)) for (const arg of node.args) expect(arg.id).toBeLessThan(node.id);
        const categories = new Set(variablesOf(formula).map((v) => asVariable(v).category));
        const expected = (categories.has(Category.I) ? Depends.I : 0) | (categories.has(Category.J) ? Depends.J : 0);
        expect(formula.depends).toBe(expected);
      }),
      { seed: 7 },
    );
  });

  test("are forgotten when nobody holds them", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const build = (): WeakRef<Formula> => new WeakRef(ops.exp(ops.mult(x, 12345.678)));
    const released = build();
    for (let n = 0; n < 10 && released.deref(); n++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      collect();
    }
    expect(released.deref()).toBeUndefined();
    expect(ops.exp(ops.mult(x, 12345.678))).toBe(ops.exp(ops.mult(x, 12345.678)));
  });
});

describe("simplification", () => {
  test("never changes a value", () => {
    assertMostly(fc.tuple(trees, fc.nat()), 2000, 1000, ([tree, seed]) => {
      const point = pointFrom(seed);
      const expected = allowances((rounding) => evaluateTree(tree, point, rounding));
      if (expected)
        expectWithin(evaluate(tree.built, point), expected.value, expected.allowed, () => String(tree.built));
      return expected !== undefined;
    });
  });

  test("is tried by random trees on every row", () => {
    const seen = new Set(fc.sample(trees, { numRuns: 1000, seed: 7 }).flatMap(operationsIn));
    expect(ROWS.map((row) => row.name).filter((name) => !seen.has(name))).toEqual([]);
  });

  test.each([
    ["x + 0", "x"],
    ["0 + x", "x"],
    ["x - 0", "x"],
    ["0 - x", "-x"],
    ["1 * x", "x"],
    ["x / 1", "x"],
    ["0 * x", "Zero(3)"],
    ["0 / x", "Zero(3)"],
    ["x + x", "2 * x"],
    ["2 * x + 3 * x", "5 * x"],
    ["x - x", "Zero(3)"],
    ["x - 3 * x", "-2 * x"],
    ["x + -y", "x - y"],
    ["x - -y", "x + y"],
    ["-(-x)", "x"],
    ["(-x) * (-y)", "x * y"],
    ["2 * (3 * x)", "6 * x"],
    ["x * 2", "2 * x"],
    ["x * x", "Square(x)"],
    ["Square(-x)", "Square(x)"],
    ["Pow(x, 0)", "SumT(1, 3)"],
    ["Pow(x, 1)", "x"],
    ["x ** 2", "Square(x)"],
    ["Sum(s)", "s"],
    ["Sum(x * y)", "x | y"],
    ["Sum(Square(x))", "SqNorm2(x)"],
    ["Sum(s * x)", "s * Sum(x)"],
    ["Sum(SumT(s, 3))", "3 * s"],
    ["s | b", "s * b"],
    ["(s * x) | y", "s * (x | y)"],
    ["SumT(s, 3) | x", "s * Sum(x)"],
    ["SumT(s, 3) + x", "s + x"],
    ["x * SumT(s, 3)", "x * s"],
    ["SumT(s, 3) * SumT(b, 3)", "SumT(s * b, 3)"],
    ["Extract(Concat(x, y), 3, 3)", "y"],
    ["Extract(x, 0, 3)", "x"],
    ["ExtractT(x, 0, 3)", "x"],
    ["Exp(0)", "1"],
    ["1 / 4", "0.25"],
  ])("makes %s the same object as %s", (text, simpler) => {
    expect(read(text)).toBe(read(simpler));
  });
});

function operationsIn(root: Tree): string[] {
  const seen = new Set([root]);
  for (const tree of seen) for (const arg of tree.args) seen.add(arg);
  return [...seen].map((tree) => tree.operation?.name ?? "leaf");
}

describe("lowering", () => {
  test("never changes a value, and leaves only what has code", () => {
    assertMostly(fc.tuple(formulas, fc.nat()), 2000, 1000, ([formula, seed]) => {
      const point = pointFrom(seed);
      const cheap = lowerFormula(formula);
      for (const { operation } of nodesOf(cheap))
        if (operation.shape.kind === "elementwise")
          expect([operation.name, typeof operation.shape.code]).toEqual([operation.name, "function"]);
      const expected = allowances((rounding) => evaluate(formula, point, rounding));
      if (expected) expectWithin(evaluate(cheap, point), expected.value, expected.allowed, () => String(formula));
      return expected !== undefined;
    });
  });

  test("does not change the dim, and changes nothing when done twice", () => {
    fc.assert(
      fc.property(formulas, (formula) => {
        const cheap = lowerFormula(formula);
        expect(cheap.dim).toBe(formula.dim);
        expect(lowerFormula(cheap)).toBe(cheap);
      }),
      { seed: 7 },
    );
  });
});

describe("printing", () => {
  test("gives a text that is read as the same object", () => {
    assertMostly(formulas, 1000, 800, (formula) => {
      const text = String(formula);
      if (text.includes("…")) return false;
      expect(read(text)).toBe(formula);
      return true;
    });
  });

  test("names variables as it is told, and cuts what is too long", () => {
    expect(print(read("Exp(-s * SqDist(x, y))"), (v) => "xysb"[asVariable(v).position]!)).toBe(
      "Exp(-(s * SqNorm2(x - y)))",
    );
    const long = Array.from({ length: 3000 }, (_, n) => n).reduce<Formula>(
      (sum, n) => ops.add(sum, ops.extract(x, n % 3, 1)),
      s,
    );
    expect(String(long).length).toBeLessThan(20_000);
  });
});

describe("substitution", () => {
  test("puts a formula in the place of a variable, simplified again", () => {
    expect(substitute(read("Exp(-s * SqDist(x, y)) * b"), x, y)).toBe(b);
    expect(substitute(read("x + y"), y, ops.zero(3))).toBe(x);
  });

  test("leaves what lacks the variable as it is", () => {
    const formula = read("Exp(x)");
    expect(substitute(formula, y, x)).toBe(formula);
  });

  test("may use a position that is free", () => {
    expect(freePosition(read("x + y"), s)).toBe(3);
    expect(freePosition(ops.constant(1))).toBe(0);
  });
});
