/** Every input that Genred and its calls refuse, and in which words. */
import ndarray from "ndarray";
import { ArgumentError, FormulaError } from "../../src/errors";
import { Genred, array, astype, rand, zeros } from "../../src";
import { G, M, N, data, overJ } from "../helpers/gaussian";
import { untyped, values } from "../helpers/numbers";

// ------------------------------------------------------------------------------------------------------- wrong calls

describe("a wrong call", () => {
  const { x, y, b } = data();
  const call = untyped(overJ);
  const detached = rand([M, 3], { dtype: "float64" });
  structuredClone(detached.data.buffer, { transfer: [detached.data.buffer as ArrayBuffer] });
  const half =
    "Float16Array" in globalThis
      ? (globalThis as unknown as { Float16Array: typeof Float32Array }).Float16Array
      : Uint16Array;

  const cases: readonly (readonly [string, readonly unknown[], RegExp])[] = [
    ["too few arrays", [x, y, b], /^call: expected 4 arrays: x \(Vi, dim 3\), .*, g \(Pm, dim 1\); got 3 arguments$/],
    ["too many arrays", [x, y, b, G, G], /^call: expected 4 arrays: .*; got 5 arguments$/],
    ["no array", [], /^call: expected 4 arrays: .*; got 0 arguments$/],
    ["options in the place of an array", [x, y, b, {}], /^call: expected 4 arrays: .*; got 3 arguments$/],
    ["a wrong dim", [y.hi(M, 2), y, b, G], /^x \(Vi, dim 3\): expected shape \[M, 3\], got \[7, 2\]$/],
    [
      "a wrong dim of a later argument",
      [x, x.hi(M, 2), b, G],
      /^y \(Vj, dim 3\): expected shape \[N, 3\], got \[7, 2\]$/,
    ],
    [
      "rows that differ",
      [x, y, b.hi(5, 2), G],
      /^b \(Vj, dim 2\): expected shape \[11, 2\] as y \(Vj, dim 3\) has 11 rows, got \[5, 2\]$/,
    ],
    ["one row where there are many", [x, y, b.hi(1, 2), G], /^b \(Vj, dim 2\): expected shape \[11, 2\]/],
    ["a vector for a Vi", [x.pick(null, 0), y, b, G], /^x \(Vi, dim 3\): expected shape \[M, 3\], got \[7\]$/],
    [
      "a Pm of another dim",
      [x, y, b, zeros([2], { dtype: "float64" })],
      /^g \(Pm, dim 1\): expected shape \[1\], got \[2\]$/,
    ],
    [
      "mixed dtypes",
      [x, astype(y, "float32"), b, G],
      /^y \(Vj, dim 3\): expected float64 as x \(Vi, dim 3\) has, got float32: convert it with astype\(x, "float64"\)$/,
    ],
    ["a parameter of another dtype", [x, y, b, array([G])], /^g \(Pm, dim 1\): expected float64 as x .* got float32/],
    ["a number for a Vi", [1, y, b, G], /^x \(Vi, dim 3\): expected an array \[M, 3\], got the number 1$/],
    ["a number for a Vj", [x, y, 1, G], /^b \(Vj, dim 2\): expected an array \[N, 2\], got the number 1$/],
    [
      "a list of other rows",
      [x, y, [[1, 2]], G],
      /^b \(Vj, dim 2\): expected shape \[11, 2\] as y \(Vj, dim 3\) has 11 rows, got \[1, 2\]$/,
    ],
    [
      "a ragged list",
      [[[1, 2, 3], [4]], y, b, G],
      /^x \(Vi, dim 3\): expected 3 elements at values\[1\], as in its neighbours, got 1$/,
    ],
    [
      "a list of text",
      [[["1", "2", "3"]], y, b, G],
      /^x \(Vi, dim 3\): expected a number at values\[0\]\[0\], got the string "1"$/,
    ],
    [
      "a typed array of another dtype at the end",
      [x, y, b, new Float32Array(1)],
      /^g \(Pm, dim 1\): expected a float64 ndarray, got a float32 one/,
    ],
    ["a typed array without rows", [x, y, new Float64Array(10), G], /^b \(Vj, dim 2\): expected shape .* got \[10\]$/],
    ["a string", [x, "y", b, G], /^y \(Vj, dim 3\): expected .* ndarray, got the string "y"$/],
    ["undefined for an array", [x, undefined, b, G], /^y \(Vj, dim 3\): expected .* ndarray, got undefined$/],
    ["null for an array", [null, y, b, G], /^x \(Vi, dim 3\): expected .* ndarray, got null$/],
    [
      "an integer ndarray",
      [ndarray(new Int32Array(3 * M), [M, 3]), y, b, G],
      /^x \(Vi, dim 3\): expected .* got an int32 ndarray: convert it with astype\(x, "float32"\)$/,
    ],
    [
      "a bigint ndarray",
      [ndarray(new BigInt64Array(3 * M) as never, [M, 3]), y, b, G],
      /^x \(Vi, dim 3\): expected .* got a bigint64 ndarray/,
    ],
    [
      "half precision",
      [ndarray(new half(3 * M) as never, [M, 3]), y, b, G],
      /^x \(Vi, dim 3\): expected .* got a (float|uint)16 ndarray: convert it/,
    ],
    [
      "an ndarray over a plain array",
      [ndarray([...values(x)], [M, 3]), y, b, G],
      /^x \(Vi, dim 3\): expected .* got an array ndarray/,
    ],
    [
      "a view past its data",
      [ndarray(x.data, [M + 1, 3]), y, b, G],
      /^x \(Vi, dim 3\): expected a view inside its data of 21 elements, got \[8, 3\] that reaches from 0 to 23$/,
    ],
    [
      "a view before its data",
      [x, ndarray(y.data, [N, 3], [-3, 1], 0), b, G],
      /^y \(Vj, dim 3\): expected a view inside .* reaches from -30 to 2$/,
    ],
    [
      "a fractional stride",
      [ndarray(x.data, [2, 3], [1.5, 1]), y, b, G],
      /^x \(Vi, dim 3\): expected integer shape, stride and offset/,
    ],
    [
      "a negative length",
      [{ ...x, data: x.data, shape: [-1, 3], stride: [3, 1], offset: 0 }, y, b, G],
      /^x \(Vi, dim 3\): expected integer shape/,
    ],
    [
      "a detached buffer",
      [detached, y, b, G],
      /^x \(Vi, dim 3\): expected a view inside its data of 0 elements \(a detached or empty buffer\)/,
    ],
    ["a bigint for a Pm(1)", [x, y, b, 1n], /^g \(Pm, dim 1\): expected .* ndarray, got the bigint 1$/],
  ];

  test.each(cases)("with %s is refused in words that name the argument", (_what, args, message) => {
    expect(() => call(...args)).toThrow(ArgumentError);
    expect(() => call(...args)).toThrow(message);
  });

  test.each([
    [
      "a misspelt option",
      { bakend: "cpu" },
      /^call, options: expected some of backend, device, compile, ranges, prune, tolerance, columns, out, got "bakend": did you mean backend\?$/,
    ],
    [
      "an option that belongs to a solve",
      { alpha: 1 },
      /^call, options: expected some of backend, device, compile, ranges, prune, tolerance, columns, out, got "alpha"$/,
    ],
    ["a misspelt option without a value", { ouput: undefined }, /^call, options: expected some of .* got "ouput"$/],
    ["an unknown backend", { backend: "GPU" }, /^backend: expected "auto", "cpu", "tiles", .* got the string "GPU"$/],
    ["a backend that is null", { backend: null }, /^backend: expected "auto", .* got null$/],
  ])("with %s is refused", (_what, options, message) => {
    expect(() => call(x, y, b, G, options)).toThrow(ArgumentError);
    expect(() => call(x, y, b, G, options)).toThrow(message);
  });

  test("on an unknown backend is refused for empty arrays too", () => {
    const none = zeros([0, 3], { dtype: "float64" });
    expect(() => call(none, y, b, G, { backend: "GPU" })).toThrow(/^backend: expected "auto", "cpu"/);
  });

  test("leaves an error that can be told by class, name and code", () => {
    expect(() => call(x)).toThrow(expect.objectContaining({ name: "ArgumentError", code: "ERR_KEOPS_ARGUMENT" }));
  });
});

describe("Genred", () => {
  const make = (...args: unknown[]): unknown => (Genred as unknown as (...args: unknown[]) => unknown)(...args);

  test.each([
    ["axis 2", { axis: 2 }, ArgumentError, /^Genred, axis: expected 0 or 1, got the number 2$/],
    ["a negative axis", { axis: -1 }, ArgumentError, /^Genred, axis: expected 0 or 1, got the number -1$/],
    ["an axis written as text", { axis: "1" }, ArgumentError, /^Genred, axis: .* got the string "1"$/],
    [
      "an unknown reduction",
      { reductionOp: "Product" },
      FormulaError,
      /^reductionOp: expected one of .*Sum.*, got "Product"$/,
    ],
    [
      "an unknown sum scheme",
      { sumScheme: "pairwise" },
      ArgumentError,
      /^Genred, sumScheme: expected "auto", "block", .* got the string "pairwise"$/,
    ],
    ["a name that all objects have", { sumScheme: "toString" }, ArgumentError, /^Genred, sumScheme: expected/],
    [
      "an unknown accumulator",
      { dtypeAcc: "float16" },
      ArgumentError,
      /^Genred, dtypeAcc: expected "auto", "float32" or "float64", got the string "float16"$/,
    ],
    [
      "text for a boolean",
      { useDoubleAcc: "yes" },
      ArgumentError,
      /^Genred, useDoubleAcc: expected true or false, got the string "yes"$/,
    ],
    [
      "a misspelt option",
      { axes: 1 },
      ArgumentError,
      /^Genred, options: expected some of reductionOp, .* got "axes": did you mean axis\?$/,
    ],
    ["options as text", "axis", ArgumentError, /^Genred, options: expected an object, got the string "axis"$/],
    ["options as a list", [1], ArgumentError, /^Genred, options: expected an object, got a plain array$/],
    ["options as a number", 1, ArgumentError, /^Genred, options: expected an object, got the number 1$/],
  ])("refuses %s", (_what, options, kind, message) => {
    expect(() => make("x", ["x = Vi(3)"], options)).toThrow(kind);
    expect(() => make("x", ["x = Vi(3)"], options)).toThrow(message);
  });

  test.each([
    [
      "one text in place of the list of aliases",
      ["x", "x = Vi(3)"],
      /^aliases: expected a list of texts like \["x = Vi\(3\)"\], got the string/,
    ],
    ["no aliases", ["x"], /^aliases: expected a list of texts .* got undefined$/],
    ["an alias that is no text", ["x", [3]], /^alias: expected a string, got number$/],
    ["a formula that is no text", [3, ["x = Vi(3)"]], /^formula: expected a string, got number$/],
    ["a formula without arguments", ["1 + 2", []], /^aliases: expected at least one, .* got none/],
    ["an unknown variable", ["Exp(z)", ["x = Vi(3)"]], /unknown variable "z"/],
    ["an unknown operation", ["Expo(x)", ["x = Vi(3)"]], /unknown operation "Expo": did you mean Exp\?/],
    ["dims that do not fit", ["x + y", ["x = Vi(3)", "y = Vj(2)"]], /expected .*got 3 and 2/],
    ["an index outside a vector", ["Elem(x, -1)", ["x = Vi(3)"]], /Elem/],
    ["an index past a vector", ["Elem(x, 3)", ["x = Vi(3)"]], /Elem/],
    ["a wrong kind", ["x", ["x = Vz(3)"]], /^alias: expected Vi, Vj, Pm or Var, got "Vz"/],
    ["a colon for an equals sign", ["x", ["x:Vi(3)"]], /^alias: expected "="/],
    ["dim 0", ["x", ["x = Vi(0)"]], /dim/],
    ["two aliases of one name", ["x", ["x = Vi(3)", "x = Vj(3)"]], /^alias: expected a new name, got "x" again/],
  ])("refuses %s when the formula is read", (_what, args, message) => {
    expect(() => make(...args)).toThrow(FormulaError);
    expect(() => make(...args)).toThrow(message);
  });

  test("refuses a float32 accumulator for float64 arrays when it meets them", () => {
    const K = Genred("x", ["x = Vi(3)"], { dtypeAcc: "float32" });
    expect(() => K(data().x)).toThrow(/^dtypeAcc: expected "float64" or "auto" for float64 arrays, got "float32"$/);
    expect(K(data("float32").x).shape).toEqual([1, 3]);
  });
});
