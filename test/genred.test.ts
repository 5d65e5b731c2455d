/**
 * Genred as its users meet it: what a call computes, against plain loops; every input it must refuse, and in which words; and its
 * gradients, against finite differences in float64.
 */
import ndarray from "ndarray";
import type { NdArray } from "ndarray";
import { ArgumentError, DeviceError, FormulaError } from "../src/errors";
import { Genred, array, astype, grad, nd, rand, randn, requiresGrad, zeros } from "../src";
import type { CallOptions, Dtype, GenredOptions, RealArray } from "../src";
import { cpu } from "../src/device/host";

const [M, N, G] = [7, 11, 0.7];
const BACKENDS = ["cpu", "tiles", "reference"] as const;
const DTYPES = ["float32", "float64"] as const;
const ROUNDING = { float32: 1e-5, float64: 1e-13 } as const;

const ALIASES = ["x = Vi(3)", "y = Vj(3)", "b = Vj(2)", "g = Pm(1)"] as const;
const gaussian = (options?: GenredOptions): ReturnType<typeof Genred<typeof ALIASES>> =>
  Genred("Exp(-g * SqDist(x, y)) * b", ALIASES, options);
const overJ = gaussian({ axis: 1 });

interface Data {
  readonly x: RealArray;
  readonly y: RealArray;
  readonly b: RealArray;
}
const data = (dtype: Dtype = "float64"): Data => ({
  x: rand([M, 3], { dtype, seed: 1 }),
  y: rand([N, 3], { dtype, seed: 2 }),
  b: randn([N, 2], { dtype, seed: 3 }),
});

/** A call as JavaScript makes it, with whatever it likes. */
const untyped = (f: unknown) => f as (...args: unknown[]) => RealArray;

/** Elements of an array of at most two axes, row by row, through `get`: nothing of ours is trusted to read them. */
function values(a: RealArray): number[] {
  const [rows = 1, columns = 1] = a.shape;
  return Array.from({ length: rows * columns }, (_, n) => a.get(Math.floor(n / columns), n % columns));
}

/** The Gaussian sums by two loops, `[M, 2]` or `[N, 2]` row by row. */
function looped({ x, y, b }: Data, axis: 0 | 1, g = G): number[] {
  const [rows, columns] = axis === 1 ? [x.shape[0]!, y.shape[0]!] : [y.shape[0]!, x.shape[0]!];
  const sums = new Array<number>(rows * 2).fill(0);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const [i, j] = axis === 1 ? [row, column] : [column, row];
      const squares = [0, 1, 2].map((k) => (x.get(i, k) - y.get(j, k)) ** 2);
      const weight = Math.exp(-g * (squares[0]! + squares[1]! + squares[2]!));
      for (const k of [0, 1]) sums[row * 2 + k]! += weight * b.get(j, k);
    }
  return sums;
}

function expectClose(got: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(got).toHaveLength(expected.length);
  const scale = Math.max(...expected.map(Math.abs), Number.MIN_VALUE);
  const worst = Math.max(...got.map((value, n) => Math.abs(value - expected[n]!) / scale));
  expect(worst).toBeLessThanOrEqual(tolerance);
}

/** The same numbers, in memory laid out with gaps and backwards. */
function scattered(a: RealArray): RealArray {
  const [rows, columns] = a.shape as [number, number];
  const memory = a.data.BYTES_PER_ELEMENT === 8 ? new Float64Array(6 * a.size + 5) : new Float32Array(6 * a.size + 5);
  const view = ndarray(memory.fill(NaN), [rows, columns], [-2 * columns, 2], 2 * (rows - 1) * columns + 3);
  for (let i = 0; i < rows; i++) for (let k = 0; k < columns; k++) view.set(i, k, a.get(i, k));
  return view;
}

// ------------------------------------------------------------------------------------------------------------- values

describe.each(BACKENDS)("on the backend %s", (backend) => {
  describe.each(DTYPES)("in %s", (dtype) => {
    const given = data(dtype);
    const close = ROUNDING[dtype];

    test.each([0, 1] as const)("sums over the other index of axis %i equal those of two loops", (axis) => {
      const result = gaussian({ axis })(given.x, given.y, given.b, G, { backend });
      expect(result.shape).toEqual([axis === 1 ? M : N, 2]);
      expect(result.data).toBeInstanceOf(dtype === "float64" ? Float64Array : Float32Array);
      expectClose(values(result), looped(given, axis), close);
    });

    test("views with gaps, negative strides and offsets give the numbers of their copies, to the last bit", () => {
      const [x, y, b] = [scattered(given.x), scattered(given.y), scattered(given.b)];
      expect(values(overJ(x, y, b, G, { backend }))).toEqual(values(overJ(given.x, given.y, given.b, G, { backend })));
    });

    test("stride 0 repeats a row as a copy would", () => {
      const row = given.y.pick(4, null);
      const repeated = ndarray(row.data, [N, 3], [0, 1], row.offset);
      const copied = ndarray(array(repeated, { dtype }).data, [N, 3]);
      expect(values(overJ(given.x, repeated, given.b, G, { backend }))).toEqual(
        values(overJ(given.x, copied, given.b, G, { backend })),
      );
    });

    test("transposed points are read as they are shown", () => {
      const transposed = nd.transpose(array(nd.transpose(given.x), { dtype }));
      expect(transposed.stride).toEqual([1, M]);
      expectClose(values(overJ(transposed, given.y, given.b, G, { backend })), looped(given, 1), close);
    });

    test("one point and one point", () => {
      const one = { x: given.x.hi(1, 3), y: given.y.hi(1, 3), b: given.b.hi(1, 2) };
      expectClose(values(overJ(one.x, one.y, one.b, G, { backend })), looped(one, 1), close);
    });

    test("no columns give sums of 0, no rows give an empty array", () => {
      const [none, noValues] = [zeros([0, 3], { dtype }), zeros([0, 2], { dtype })];
      const sums = overJ(given.x, none, noValues, G, { backend });
      expect([sums.shape, values(sums)]).toEqual([[M, 2], new Array(2 * M).fill(0)]);
      expect(overJ(none, given.y, given.b, G, { backend }).shape).toEqual([0, 2]);
      expect(gaussian({ axis: 0 })(none, given.y, given.b, G, { backend }).shape).toEqual([N, 2]);
      expect(overJ(none, none, noValues, G, { backend }).shape).toEqual([0, 2]);
    });

    test("a NaN reaches the rows that read it, and no others", () => {
      const x = array(given.x, { dtype });
      x.set(2, 1, NaN);
      const result = values(overJ(x, given.y, given.b, G, { backend }));
      expect(result.map(Number.isNaN)).toEqual(Array.from({ length: 2 * M }, (_, n) => n === 4 || n === 5));
    });

    test("infinitely far points have weight 0", () => {
      const x = array(given.x, { dtype });
      x.set(2, 1, Infinity);
      expect(values(overJ(x, given.y, given.b, G, { backend })).slice(4, 6)).toEqual([0, 0]);
    });

    test.each(["direct", "kahan", "block", "auto"] as const)("the sum scheme %s gives the sums", (sumScheme) => {
      const K = gaussian({ axis: 1, sumScheme, useDoubleAcc: true });
      expectClose(values(K(given.x, given.y, given.b, G, { backend })), looped(given, 1), close);
    });

    test("an object with data, shape, stride and offset is an ndarray, whoever made it", () => {
      const { x, y, b } = data();
      const { data: memory, shape, stride, offset } = x;
      expect(untyped(overJ)({ data: memory, shape, stride, offset }, y, b, G)).toEqual(overJ(x, y, b, G));
    });

    test("a number for a Pm(1), an array [1] and a view of one element are the same", () => {
      const written = array([G], { dtype });
      const shown = array([5, G, 5], { dtype }).lo(1).hi(1);
      const results = [G, written, shown].map((g) => values(overJ(given.x, given.y, given.b, g, { backend })));
      expect(results[1]).toEqual(results[0]);
      expect(results[2]).toEqual(results[0]);
    });

    test("formulas of one kind of variable take the other extent as 1", () => {
      const rows = values(Genred("Square(x)", ["x = Vi(3)"], { axis: 1 })(given.x, { backend }));
      expectClose(rows, values(nd.mul(given.x, given.x)), close);
      const columns = Genred("b", ["b = Vj(2)"], { axis: 1 })(given.b, { backend });
      expect(columns.shape).toEqual([1, 2]);
      expectClose(values(columns), values(nd.sum(given.b, 0)), close);
      const parameter = Genred("p * p", ["p = Pm(2)"])(array([3, 4], { dtype }), { backend });
      expect([parameter.shape, values(parameter)]).toEqual([
        [1, 2],
        [9, 16],
      ]);
    });

    test("an argument that the formula does not mention still counts its rows", () => {
      const counted = Genred("x", ["x = Vi(3)", "y = Vj(3)"], { axis: 1 })(given.x, given.y, { backend });
      expectClose(values(counted), values(nd.mul(given.x, N)), close);
    });
  });
});

test("what a Pm(1) alone is computed in is float32, as all that is made of numbers", () => {
  const result = Genred("p + p", ["p = Pm(1)"])(0.1);
  expect(result.data).toEqual(new Float32Array([Math.fround(0.1) * 2]));
});

test("absent options may be left out, null or undefined, also where the formula is read", () => {
  const { x, y, b } = data();
  const expected = values(Genred("Exp(-g*SqDist(x,y))*b", ALIASES)(x, y, b, G));
  expect(values(Genred("Exp(-g*SqDist(x,y))*b", ALIASES, null)(x, y, b, G, null))).toEqual(expected);
  expect(values(Genred("Exp(-g*SqDist(x,y))*b", ALIASES, undefined)(x, y, b, G, undefined))).toEqual(expected);
  expect(values(Genred("Exp(-g*SqDist(x,y))*b", ALIASES, {})(x, y, b, G, { out: null, backend: undefined }))).toEqual(
    expected,
  );
});

test("aliases may be written with positions, in any order, or without names", () => {
  const { x, y } = data();
  const plain = values(Genred("SqDist(x, y)", ["x = Vi(3)", "y = Vj(3)"], { axis: 1 })(x, y));
  expect(values(Genred("SqDist(x, y)", ["y = Vj(1, 3)", "x = Vi(0, 3)"], { axis: 1 })(x, y))).toEqual(plain);
  expect(values(Genred("SqDist(Var(0,3,0), Vj(1,3))", ["Vi(3)", "Var(1,3,1)"], { axis: 1 })(x, y))).toEqual(plain);
});

test("a call can be printed", () => {
  expect(String(overJ)).toBe("Sum over j of Exp(-(g * SqNorm2(x - y))) * b");
});

test("inputs are left as they were", () => {
  const { x, y, b } = data();
  const before = [x, y, b].map(values);
  overJ(x, y, b, G);
  expect([x, y, b].map(values)).toEqual(before);
});

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
      "a plain array",
      [[[1, 2, 3]], y, b, G],
      /^x \(Vi, dim 3\): expected a float32 or float64 ndarray, got a plain array: convert it with array\(values\)$/,
    ],
    [
      "a plain array at the end",
      [x, y, b, [G]],
      /^g \(Pm, dim 1\): expected .* ndarray, got a plain array: convert it with array\(values\)$/,
    ],
    [
      "a typed array at the end",
      [x, y, b, new Float64Array(1)],
      /^g \(Pm, dim 1\): expected .* ndarray, got .* without a shape: convert it/,
    ],
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
      /^call, options: expected some of backend, device, compile, ranges, out, got "bakend": did you mean backend\?$/,
    ],
    [
      "an option that belongs to a solve",
      { alpha: 1 },
      /^call, options: expected some of backend, device, compile, ranges, out, got "alpha"$/,
    ],
    ["a misspelt option without a value", { ouput: undefined }, /^call, options: expected some of .* got "ouput"$/],
    ["an unknown backend", { backend: "GPU" }, /^backend: expected one of "auto", "cpu", "tiles", .*, got "GPU"$/],
    ["a backend that is null", { backend: null }, /^backend: expected one of .*, got null$/],
  ])("with %s is refused", (_what, options, message) => {
    expect(() => call(x, y, b, G, options)).toThrow(ArgumentError);
    expect(() => call(x, y, b, G, options)).toThrow(message);
  });

  test("on an unknown backend is refused for empty arrays too", () => {
    const none = zeros([0, 3], { dtype: "float64" });
    expect(() => call(none, y, b, G, { backend: "GPU" })).toThrow(/^backend: expected one of/);
  });

  test("leaves an error that can be told by class, name and code", () => {
    expect(() => call(x)).toThrow(expect.objectContaining({ name: "ArgumentError", code: "ERR_KEOPS_ARGUMENT" }));
  });
});

describe("Genred", () => {
  const make = (...args: unknown[]): unknown => (Genred as unknown as (...args: unknown[]) => unknown)(...args);

  test.each([
    ["axis 2", { axis: 2 }, ArgumentError, /^Genred, axis: expected one of 0, 1, got the number 2$/],
    ["a negative axis", { axis: -1 }, ArgumentError, /^Genred, axis: expected one of 0, 1, got the number -1$/],
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
      /^Genred, sumScheme: expected one of auto, block, .* got the string "pairwise"$/,
    ],
    ["a name that all objects have", { sumScheme: "toString" }, ArgumentError, /^Genred, sumScheme: expected/],
    [
      "an unknown accumulator",
      { dtypeAcc: "float16" },
      ArgumentError,
      /^Genred, dtypeAcc: expected one of auto, float32, float64, got/,
    ],
    [
      "text for a boolean",
      { useDoubleAcc: "yes" },
      ArgumentError,
      /^Genred, useDoubleAcc: expected one of false, true, got/,
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

describe("without a compiler", () => {
  const kept = { ...process.env };
  beforeEach(() => {
    delete process.env["CXX"];
    delete process.env["TSKEOPS_CXX"];
    process.env["PATH"] = "";
  });
  afterEach(() => {
    process.env = { ...kept };
  });

  test("the backend cpu says why it cannot run, and auto runs all the same", () => {
    const { x } = data();
    const K = Genred("x * 3", ["x = Vi(3)"], { axis: 1 });
    expect(() => K(x, { backend: "cpu" })).toThrow(DeviceError);
    expect(() => K(x, { backend: "cpu" })).toThrow(/^backend "cpu": .*compiler/);
    expect(values(K(x))).toEqual(values(nd.mul(x, 3)));
  });
});

// --------------------------------------------------------------------------------------------------------------- out

describe("out", () => {
  const { x, y, b } = data();
  const expected = values(overJ(x, y, b, G));
  const into = (out: unknown): RealArray => untyped(overJ)(x, y, b, G, { out });

  test("is returned, filled, and may be used again", () => {
    const out = zeros([M, 2], { dtype: "float64" });
    for (let time = 0; time < 2; time++) {
      expect(into(out)).toBe(out);
      expect(values(out)).toEqual(expected);
    }
  });

  test.each([
    ["a transposed one", ndarray(new Float64Array(2 * M), [M, 2], [1, M], 0)],
    ["a reversed one", ndarray(new Float64Array(2 * M), [M, 2], [-2, -1], 2 * M - 1)],
    ["a part of a larger one", ndarray(new Float64Array(6 * M), [M, 2], [6, 2], 1)],
    ["an end of a larger one", ndarray(new Float64Array(9 + 2 * M), [M, 2], [2, 1], 9)],
  ])("may be %s, and nothing beside it is written", (_what, out) => {
    out.data.fill(-7);
    into(out);
    expect(values(out)).toEqual(expected);
    expect(out.data.filter((value) => value === -7)).toHaveLength(out.data.length - 2 * M);
  });

  const interleaved = new Float64Array(6 * M + 3);
  const shared = new Float64Array(3 * M);
  test.each([
    ["a wrong shape", zeros([M, 3], { dtype: "float64" }), /^out: expected shape \[7, 2\], got \[7, 3\]$/],
    ["a vector of the right size", zeros([2 * M], { dtype: "float64" }), /^out: expected shape \[7, 2\], got \[14\]$/],
    ["a wrong dtype", zeros([M, 2]), /^out: expected a float64 ndarray, got a float32 one: convert it/],
    ["a plain array", [], /^out: expected a float64 ndarray, got a plain array/],
    ["a number", 0, /^out: expected a float64 ndarray, got the number 0/],
    [
      "a view past its data",
      ndarray(new Float64Array(5), [M, 2]),
      /^out: expected a view inside its data of 5 elements/,
    ],
    [
      "rows in one place",
      ndarray(new Float64Array(2), [M, 2], [0, 1]),
      /^out: expected a place of its own for every element, got stride \[0, 1\]$/,
    ],
    [
      "rows that overlap",
      ndarray(new Float64Array(M + 1), [M, 2], [1, 1]),
      /^out: expected a place of its own for every element, got stride \[1, 1\]$/,
    ],
  ])("with %s is refused", (_what, out, message) => {
    expect(() => into(out)).toThrow(ArgumentError);
    expect(() => into(out)).toThrow(message);
  });

  test("that shares memory with an argument is refused, and both are left as they were", () => {
    const K = Genred("x + p", ["x = Vi(3)", "p = Pm(1)"], { axis: 1 });
    const points = ndarray(shared.fill(1), [M, 3]);
    const bytes = new Float64Array(shared.buffer);
    expect(() => K(points, 1, { out: points })).toThrow(
      /^out: expected memory of its own, got memory that x \(Vi, dim 3\) uses$/,
    );
    expect(() => K(points, 1, { out: ndarray(bytes, [M, 3]) })).toThrow(/memory that x \(Vi, dim 3\) uses$/);
    expect([...shared]).toEqual(new Array(3 * M).fill(1));
  });

  test("beside an argument in one buffer is fine", () => {
    const K = Genred("x + p", ["x = Vi(3)", "p = Pm(1)"], { axis: 1 });
    const points = ndarray(interleaved.fill(2).subarray(0, 3 * M), [M, 3]);
    const beside = ndarray(interleaved.subarray(3 * M, 6 * M), [M, 3]);
    expect(values(K(points, 1, { out: beside }))).toEqual(new Array(3 * M).fill(3));
  });

  test("that is marked for gradients is refused", () => {
    const out = zeros([M, 2], { dtype: "float64", requiresGrad: true });
    expect(() => overJ(requiresGrad(array(x)), y, b, G, { out })).toThrow(
      /^out: expected memory that takes no part in derivatives/,
    );
  });

  test("takes part in derivatives as a fresh result does", () => {
    const marked = requiresGrad(array(x));
    const e = randn([M, 2], { dtype: "float64", seed: 9 });
    const out = zeros([M, 2], { dtype: "float64" });
    const [fresh] = grad(overJ(marked, y, b, G), [marked], e);
    const [reused] = grad(overJ(marked, y, b, G, { out }), [marked], e);
    expect(values(reused)).toEqual(values(fresh));
  });
});

// --------------------------------------------------------------------------------------------------------- gradients

/** sum(a * b) as a recorded array of one element. */
const inner = (a: RealArray, b: RealArray): RealArray => nd.sum(nd.mul(a, b));

/** a + t d, unmarked. */
const moved = (a: RealArray, d: RealArray, t: number): RealArray => array(nd.add(a, nd.mul(d, t)));

/** The derivative at t = 0, to fourth order in the step. */
function slope(f: (t: number) => number, h = 1e-3): number {
  return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
}

/**
 * L_0 = e · K(a), L_{k+1} = v_k · dL_k/da: each must be the slope of the one before along v_k.
 */
function expectDerivatives(K: (a: RealArray) => RealArray, a: RealArray, orders: number): void {
  const directions = Array.from({ length: orders }, (_, k) => randn(a.shape, { dtype: "float64", seed: 20 + k }));
  const levels = (at: RealArray): RealArray[] => {
    const marked = requiresGrad(array(at));
    const result = K(marked);
    const found = [inner(result, randn(result.shape, { dtype: "float64", seed: 19 }))];
    for (const v of directions) found.push(inner(grad(found.at(-1)!, [marked], null, { createGraph: true })[0], v));
    return found;
  };
  const exact = levels(a);
  directions.forEach((v, k) => {
    const expected = slope((t) => levels(moved(a, v, t))[k]!.data[0]!);
    const got = exact[k + 1]!.data[0]!;
    expect(Math.abs(got - expected)).toBeLessThanOrEqual(1e-7 * Math.max(1, Math.abs(expected)));
  });
}

describe.each([0, 1] as const)("gradients over axis %i", (axis) => {
  const { x, y, b } = data();
  const g = array([G], { dtype: "float64" });
  const p = randn([2], { dtype: "float64", seed: 8 });
  const K = gaussian({ axis });
  const parameters = Genred(
    "Exp(-Norm2(x - y)) * p * Square(p | b)",
    ["x = Vi(3)", "y = Vj(3)", "b = Vj(2)", "p = Pm(2)"],
    { axis },
  );
  const same = Genred("Exp(-g * SqDist(x, y)) * x", ["x = Vi(3)", "y = Vj(3)", "g = Pm(1)"], { axis });

  test.each<[string, RealArray, (a: RealArray) => RealArray]>([
    ["a Vi", x, (a) => K(a, y, b, g)],
    ["a Vj", y, (a) => K(x, a, b, g)],
    ["a Vj in which the formula is linear", b, (a) => K(x, y, a, g)],
    ["a Pm(1)", g, (a) => K(x, y, b, a)],
    ["a Pm(2)", p, (a) => parameters(x, y, b, a)],
    ["an array given twice", x, (a) => same(a, a, g)],
    ["two views of one array", y, (a) => same(a.hi(6, 3), a.lo(3, 0).step(-1, 1), g)],
    ["a result of the same formula", b.hi(M, 2), (a) => K(x, x, K(x, x, a, g), g)],
  ])("by %s are slopes, to the third order", (_what, a, f) => {
    expectDerivatives(f, array(a), 3);
  });
});

describe("a gradient", () => {
  const { y, b } = data();
  const marked = (): RealArray => requiresGrad(array(data().x));
  const e = randn([M, 2], { dtype: "float64", seed: 9 });

  test("runs on the backend that the call named", () => {
    const compiled = jest.spyOn(cpu, "routine");
    const K = Genred("Exp(-3 * SqDist(x, y)) * p", ["x = Vi(3)", "y = Vj(3)", "p = Pm(2)"], { axis: 1 });
    const [x, p] = [marked(), requiresGrad(array([1, 2], { dtype: "float64" }))];
    const [u, v] = grad(K(x, y, p, { backend: "reference" }), [x, p], e);
    expect(compiled).not.toHaveBeenCalled();
    const [w, z] = grad(K(x, y, p, { backend: "cpu" }), [x, p], e);
    expect(compiled).toHaveBeenCalled();
    compiled.mockRestore();
    expectClose([...values(w), ...values(z)], [...values(u), ...values(v)], 1e-13);
  });

  test("has the dtype of its input, and is 0 where nothing depends on it", () => {
    const { x, y, b } = data("float32");
    requiresGrad(x);
    const other = zeros([4], { dtype: "float64" });
    const [u, none] = grad(overJ(x, y, b, G), [x, other], randn([M, 2], { seed: 9 }));
    expect(u.data).toBeInstanceOf(Float32Array);
    expect([none.shape, values(none)]).toEqual([[4], [0, 0, 0, 0]]);
  });

  test("may be asked for several inputs and more than once", () => {
    const [x, weights] = [marked(), requiresGrad(array(b))];
    const result = overJ(x, y, weights, G);
    const [u, v] = grad(result, [x, weights], e);
    expect(values(grad(result, [weights, x], e)[1])).toEqual(values(u));
    expect(values(grad(result, [weights], e)[0])).toEqual(values(v));
  });

  test("of a view is its part of the gradient of the whole", () => {
    const whole = requiresGrad(rand([M + 2, 3], { dtype: "float64", seed: 4 }));
    const view = whole.lo(1, 0).hi(M, 3);
    const [ofWhole, ofView] = grad(overJ(view, y, b, G), [whole, view], e);
    expect(values(ofView)).toEqual(values(ofWhole).slice(3, 3 + 3 * M));
    expect(values(ofWhole).slice(0, 3)).toEqual([0, 0, 0]);
  });

  test("needs no cotangent for one element, and needs one for more", () => {
    const x = marked();
    const total = Genred("Sum(x) * Sum(x)", ["x = Vi(3)"], { axis: 0 })(x);
    expect(total.shape).toEqual([1, 1]);
    const slopes = nd.mul(nd.sum(x, 1), 2);
    expectClose(
      values(grad(total, [x])[0]),
      values(x).map((_, n) => slopes.get(Math.floor(n / 3))),
      1e-13,
    );
    expect(() => grad(overJ(x, y, b, G), [x])).toThrow(/^grad, cotangent: expected an array of shape \[7, 2\]/);
  });

  test.each([
    [
      "of another shape",
      zeros([2, M], { dtype: "float64" }),
      /^grad, cotangent: expected shape \[7, 2\], got \[2, 7\]$/,
    ],
    ["of another dtype", zeros([M, 2]), /^grad, cotangent: expected a float64 ndarray, got a float32 one/],
  ])("refuses a cotangent %s", (_what, cotangent, message) => {
    const x = marked();
    expect(() => grad(overJ(x, y, b, G), [x], cotangent)).toThrow(message);
  });

  test("takes any view as cotangent", () => {
    const x = marked();
    const result = overJ(x, y, b, G);
    expect(values(grad(result, [x], scattered(e))[0])).toEqual(values(grad(result, [x], e)[0]));
    const ones = ndarray(new Float64Array([1]), [M, 2], [0, 0]);
    const written = ndarray(new Float64Array(2 * M).fill(1), [M, 2]);
    expect(values(grad(result, [x], ones)[0])).toEqual(values(grad(result, [x], written)[0]));
  });

  test("is differentiable again only if asked", () => {
    const x = marked();
    const [once] = grad(overJ(x, y, b, G), [x], e);
    expect(() => grad(once, [x], once)).toThrow(/without a record$/);
  });

  test("of overwritten data is refused, by the name of what was overwritten", () => {
    const [x, weights] = [marked(), array(b)];
    const result = overJ(x, y, weights, G);
    weights.set(3, 1, weights.get(3, 1) + 1);
    expect(() => grad(result, [x], e)).toThrow(
      /^grad: expected the arrays of Genred unchanged since its call, got b \(Vj, dim 2\) overwritten$/,
    );
  });

  test("of an unmarked result is refused", () => {
    const { x } = data();
    expect(() => grad(overJ(x, y, b, G), [x], e)).toThrow(/^grad, output: expected an array computed from one marked/);
  });

  test("at empty arrays is empty or 0", () => {
    const none = requiresGrad(zeros([0, 3], { dtype: "float64" }));
    expect(grad(overJ(none, y, b, G), [none], zeros([0, 2], { dtype: "float64" }))[0].shape).toEqual([0, 3]);
    const g = requiresGrad(array([G], { dtype: "float64" }));
    expect(values(grad(overJ(none, y, b, g), [g], zeros([0, 2], { dtype: "float64" }))[0])).toEqual([0]);
    const x = marked();
    const alone = overJ(x, none, zeros([0, 2], { dtype: "float64" }), G);
    expect(values(grad(alone, [x], e)[0])).toEqual(new Array(3 * M).fill(0));
  });
});

test("an options object of a call is not written to", () => {
  const { x, y, b } = data();
  const options: CallOptions = Object.freeze({ backend: "auto" });
  expect(overJ(x, y, b, G, options as never).shape).toEqual([M, 2]);
});

test("a result is an ordinary ndarray", () => {
  const { x, y, b } = data();
  const result: NdArray<Float32Array | Float64Array> = overJ(x, y, b, G);
  expect([result.shape, result.stride, result.offset, result.dtype]).toEqual([[M, 2], [2, 1], 0, "float64"]);
});
