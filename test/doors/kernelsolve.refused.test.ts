/** Every input that KernelSolve and its solves refuse, and in which words. */
import { ArgumentError, FormulaError } from "../../src/errors";
import { KernelSolve, astype, nd, rand } from "../../src";
import { ALIASES, D, G, GAUSSIAN, N, data, gaussian } from "../helpers/systems";
import { untyped, values, wide } from "../helpers/numbers";

// --------------------------------------------------------------------------------------------------------- wrong calls

describe("KernelSolve", () => {
  const make = (...args: unknown[]): unknown => (KernelSolve as unknown as (...args: unknown[]) => unknown)(...args);

  test.each([
    [
      "an unknown that no alias declares",
      [GAUSSIAN, ALIASES, "c"],
      /^varinvalias: expected one of "x", "y", "b", got the string "c"$/,
    ],
    [
      "a parameter as unknown",
      [GAUSSIAN, ALIASES, "g"],
      /^varinvalias: expected a Vi or a Vj, got the parameter g \(Pm, dim 1\)$/,
    ],
    ["no unknown", [GAUSSIAN, ALIASES], /^varinvalias: expected one of .*, got undefined$/],
    [
      "no unknown among aliases without names",
      ["Var(0,2,1)", ["Vj(2)"]],
      /^varinvalias: expected a Vi or a Vj with a name, got undefined$/,
    ],
    [
      "a formula that is not linear in the unknown",
      [GAUSSIAN, ALIASES, "x"],
      /^KernelSolve: expected a formula that is linear in x \(Vi, dim 2\), got Sum over i of/,
    ],
    [
      "a square of the unknown",
      ["Exp(-g * SqDist(x, y)) * Square(b)", ALIASES, "b"],
      /linear in b .*: its derivative depends on it$/,
    ],
    [
      "an affine formula",
      ["Exp(-g * SqDist(x, y)) * b + x", ALIASES, "b"],
      /linear in b .*: it is not 0 where that is 0$/,
    ],
    [
      "a formula without the unknown",
      ["Exp(-g * SqDist(x, y)) * x", ALIASES, "b"],
      /linear in b .*: it does not depend on it$/,
    ],
    [
      "a piecewise constant formula",
      ["Exp(-g * SqDist(x, y)) * Sign(b)", ALIASES, "b"],
      /linear in b .*: Sign is piecewise constant$/,
    ],
    [
      "a formula of another dim",
      ["Exp(-g * SqDist(x, y)) * Elem(b, 0)", ALIASES, "b"],
      /^KernelSolve: expected a formula of dim 2 as b \(Vj, dim 2\), got dim 1$/,
    ],
    ["one text in place of the list of aliases", ["b", "b = Vj(1)", "b"], /^aliases: expected a list of texts/],
  ])("refuses %s", (_what, args, message) => {
    expect(() => make(...args)).toThrow(FormulaError);
    expect(() => make(...args)).toThrow(message);
  });

  test.each([
    ["axis 2", { axis: 2 }, /^KernelSolve, axis: expected 0 or 1, got the number 2$/],
    [
      "another reduction",
      { reductionOp: "Sum" },
      /^KernelSolve, options: expected some of axis, .* got "reductionOp"$/,
    ],
    [
      "an option that belongs to the call",
      { alpha: 1 },
      /^KernelSolve, options: expected some of axis, .* got "alpha"$/,
    ],
    ["options as text", "axis", /^KernelSolve, options: expected an object, got the string "axis"$/],
  ])("refuses %s", (_what, options, message) => {
    expect(() => make(GAUSSIAN, ALIASES, "b", options)).toThrow(ArgumentError);
    expect(() => make(GAUSSIAN, ALIASES, "b", options)).toThrow(message);
  });

  test("can be printed", () => {
    expect(String(gaussian)).toBe("Inverse of (Sum over j of Exp(-(g * SqNorm2(x - y))) * b) as a function of b");
  });
});

describe("a wrong solve", () => {
  const { x, b } = data();
  const call = untyped(gaussian);
  const other = rand([N, D], { ...wide, seed: 7 });

  test.each([
    [
      "points that differ",
      [x, other, b, G],
      /^KernelSolve: expected a symmetric operator \(the same points as x and y, and a symmetric formula; else say symmetry: "none"\), got u·Kv = /,
    ],
    [
      "one point that differs a little",
      [x, nd.add(x, nd.mul(other, 1e-5)), b, G],
      /^KernelSolve: expected a symmetric operator/,
    ],
    [
      "more rows than columns",
      [x, x.hi(50, D), b.hi(50, 2), G],
      /^KernelSolve: expected a square operator, got 60 rows and 50 columns$/,
    ],
    [
      "a right-hand side of other rows",
      [x, x, b.hi(50, 2), G],
      /^b \(Vj, dim 2\): expected shape \[60, 2\] as y .*, got \[50, 2\]$/,
    ],
    ["a right-hand side that is a vector", [x, x, b.pick(null, 0), G], /^b \(Vj, dim 2\): expected shape \[60, 2\]/],
    ["mixed dtypes", [x, x, astype(b, "float32"), G], /^b \(Vj, dim 2\): expected float64 as x .* has, got float32/],
    ["too few arrays", [x, x, b], /^call: expected 4 arrays: .*; got 3 arguments$/],
    [
      "a number for the right-hand side",
      [x, x, 1, G],
      /^b \(Vj, dim 2\): expected an array \[N, 2\], got the number 1$/,
    ],
  ])("with %s is refused", (_what, args, message) => {
    expect(() => call(...args)).toThrow(ArgumentError);
    expect(() => call(...args)).toThrow(message);
  });

  test.each([
    ["a misspelt option", { alhpa: 1 }, /^call, options: expected some of alpha, eps, .* got "alhpa"$/],
    ["an out, which a solve does not take", { out: b }, /^call, options: .* got "out"$/],
    ["a negative alpha", { alpha: -1 }, /^alpha: expected a number of at least 0, got the number -1$/],
    ["alpha NaN", { alpha: NaN }, /^alpha: expected a number of at least 0, got the number NaN$/],
    ["alpha as text", { alpha: "1" }, /^alpha: expected a number of at least 0, got the string "1"$/],
    ["alpha null", { alpha: null }, /^alpha: expected a number of at least 0, got null$/],
    ["an infinite eps", { eps: Infinity }, /^eps: expected a number of at least 0, got the number Infinity$/],
    ["a negative rtol", { rtol: -1e-3 }, /^rtol: expected a number of at least 0/],
    ["no iterations", { maxIterations: 0 }, /^maxIterations: expected an integer of at least 1, got the number 0$/],
    ["half an iteration", { maxIterations: 1.5 }, /^maxIterations: expected an integer of at least 1/],
    ["endless iterations", { maxIterations: Infinity }, /^maxIterations: expected an integer of at least 1/],
    [
      "a start of another shape",
      { x0: b.hi(50, 2) },
      /^x0: expected shape \[60, 2\] as the solution has, got \[50, 2\]$/,
    ],
    ["a start of another dtype", { x0: astype(b, "float32") }, /^x0: expected a float64 ndarray, got a float32 one/],
    ["a list of another shape", { x0: [1] }, /^x0: expected shape \[60, 2\] as the solution has, got \[1\]$/],
    ["a ragged list", { x0: [[1], [2, 3]] }, /^x0: expected/],
    [
      "a report that is no function",
      { onIteration: "print" },
      /^onIteration: expected a function, got the string "print"$/,
    ],
    ["an unknown backend", { backend: "GPU" }, /^backend: expected "auto", "cpu", "tiles", .* got the string "GPU"$/],
  ])("with %s is refused", (_what, options, message) => {
    expect(() => call(x, x, b, G, options)).toThrow(ArgumentError);
    expect(() => call(x, x, b, G, options)).toThrow(message);
  });

  test("of a formula that is not symmetric is refused, though its points are the same", () => {
    const Kinv = untyped(KernelSolve("Exp(-g * SqDist(x, 2 * y)) * b", ALIASES, "b", { axis: 1 }));
    expect(() => Kinv(x, x, b, G, { alpha: 1 })).toThrow(/^KernelSolve: expected a symmetric operator/);
  });

  test("is none where options are null or undefined", () => {
    const plain = values(gaussian(x, x, b, 2000));
    expect(values(call(x, x, b, 2000, null))).toEqual(plain);
    expect(values(call(x, x, b, 2000, { alpha: undefined, x0: null, onIteration: null }))).toEqual(plain);
  });
});
