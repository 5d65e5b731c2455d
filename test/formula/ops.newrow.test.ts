/**
 * One row in a table gives everything. Of an operation: parser, dim check, gradient to any order, engines, dtypes. Of a
 * reduction that sums: every door, gradients, engines.
 */
import { Genred, grad, rand, requiresGrad } from "../../src/index";
import { elementwise, entries, mult, square } from "../../src/formula/ops";
import type { Formula } from "../../src/formula/formula";
import { sumLike } from "../../src/formula/reductions";
import { check, samplesOf } from "../helpers/sweep";

const cubeMinus: (...args: (Formula | number)[]) => Formula = elementwise("CubeMinus", "x y", {
  doc: "x³ - y.",
  value: (x, y) => x * x * x - y,
  code: (x, y) => `${x} * ${x} * ${x} - ${y}`,
  derivative: (x) => [mult(3, mult(x, x)), mult(-1, 1)],
  cost: 3,
});

test("a new row can be called by its name, with the dims that it can take", () => {
  const F = Genred("CubeMinus(x, y)", ["x = Vi(2)", "y = Vj(1)"]);
  expect(String(F)).toBe("Sum over i of CubeMinus(x, y)");
  expect(() => Genred("CubeMinus(x, y)", ["x = Vi(2)", "y = Vj(3)"])).toThrow("equal dims, or 1, got 2 and 3");
  expect(() => Genred("CubeMinu(x, y)", ["x = Vi(2)", "y = Vj(3)"])).toThrow("CubeMinus");
});

test.each(["reference", "cpu"] as const)("it has values and gradients on the engine %s", (backend) => {
  for (const sample of samplesOf(entries.get("CubeMinus")!, 3)) {
    expect(check(sample, backend, "float64")).toBe(true);
    expect(check(sample, backend, "float32")).toBe(true);
  }
});

test("the tile evaluator, which was built without it, says so, and auto runs it all the same", () => {
  const [x, y] = [rand([4, 1], { seed: 1 }), rand([3, 1], { seed: 2 })];
  const F = Genred("CubeMinus(x, y)", ["x = Vi(1)", "y = Vj(1)"], { axis: 1 });
  expect(() => F(x, y, { backend: "tiles" })).toThrow(
    'backend "tiles": the addon was built without the operation CubeMinus',
  );
  expect(F(x, y).data).toEqual(F(x, y, { backend: "cpu" }).data);
});

test("it has derivatives of second and third order", () => {
  const x = requiresGrad(rand([4, 1], { dtype: "float64", seed: 1 }));
  const y = rand([3, 1], { dtype: "float64", seed: 2 });
  const one = rand([4, 1], { dtype: "float64", seed: 3 });
  one.data.fill(1);
  const sums = Genred("CubeMinus(x, y)", ["x = Vi(1)", "y = Vj(1)"], { axis: 1 })(x, y);
  const [first] = grad(sums, [x], one, { createGraph: true });
  const [second] = grad(first, [x], one, { createGraph: true });
  const [third] = grad(second, [x], one);
  x.data.forEach((value, n) => {
    expect(first.data[n]).toBeCloseTo(3 * 3 * value ** 2, 12);
    expect(second.data[n]).toBeCloseTo(3 * 6 * value, 12);
    expect(third.data[n]).toBeCloseTo(3 * 6, 12);
  });
});

test("it is simplified and folded like all others", () => {
  expect(String(cubeMinus(2, 3))).toBe("5");
});

// ------------------------------------------------------------------------------------------------------ a reduction

sumLike("SumOfSquares", { doc: "Sum of the squares of the formula.", evaluated: (f) => square(f) });

test.each(["reference", "cpu", "tiles"] as const)("a new sum has values and gradients on the engine %s", (backend) => {
  for (const dtype of ["float64", "float32"] as const) {
    const [x, y] = [requiresGrad(rand([4, 2], { dtype, seed: 1 })), requiresGrad(rand([3, 2], { dtype, seed: 2 }))];
    const sumOf = (formula: string, reductionOp: string): ReturnType<typeof grad> => {
      const options = { axis: 1, reductionOp: reductionOp as "Sum" } as const;
      const sums = Genred(formula, ["x = Vi(2)", "y = Vj(2)"], options)(x, y, { backend });
      return [sums, ...grad(sums, [x, y], rand([4, 2], { dtype, seed: 3 }))];
    };
    const [got, expected] = [sumOf("x * y - y", "SumOfSquares"), sumOf("Square(x * y - y)", "Sum")];
    got.forEach(({ data }, n) => {
      data.forEach((value, k) => expect(value).toBeCloseTo(expected[n]!.data[k]!, dtype === "float64" ? 12 : 5));
    });
  }
});
