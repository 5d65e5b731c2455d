/**
 * Sums that evaluate each pair of points once, on every instruction set of this machine, at sizes around those of
 * squares: against the plain form; and when calls are given to them.
 */
import { InterruptedError } from "../../src/errors";
import { Genred } from "../../src/index";
import ndarray from "ndarray";
import type { Dtype, Specification } from "../../src/codegen/specification";
import { sharedObject } from "../../src/device/compiler";
import { cpu } from "../../src/device/compiled";
import { program } from "../../src/codegen/cpp";
import { nativeAddon, newControl, progress, setThreads } from "../../src/device/native";
import type { InstructionSetName } from "../../src/codegen/isa";
import type { Control, Plan, RealData } from "../../src/device/native";
import { sameData } from "../../src/device/compiled";
import { symmetricProgram } from "../../src/codegen/symmetric";
import { Category, nodesOf, variable } from "../../src/formula/formula";
import type { Formula } from "../../src/formula/formula";
import { entries, minus, operations, subtract } from "../../src/formula/ops";
import { parse } from "../../src/formula/parse";
import { reductionNamed } from "../../src/formula/reductions";
import { exchangeIndices, signOfTurn } from "../../src/formula/symmetry";
import { apply, uniform } from "../helpers/evaluate";
import { flatCall } from "../fixtures/routines";
import { sampled } from "../helpers/sample";
import { OWN_WIDTH, WIDTHS, describeWidths } from "../helpers/widths";

interface Case {
  readonly text: string;
  readonly wide?: number;
  readonly rows?: Specification["rows"];
}

const GAUSSIAN = "Exp(-SqDist(x, y) / g) * b";
const CASES: Readonly<Record<string, Case>> = {
  "a kernel times scalars": { text: GAUSSIAN },
  "a kernel times vectors": { text: GAUSSIAN, wide: 3 },
  "sums over i": { text: "Exp(-Norm2(x - y) / g) * x", rows: Category.J },
  "a kernel with hoisted values": { text: "Exp(-SqDist(x, y)) * Exp(b) * Sin(b) * Log(1 + x | x)" },
  "a gradient": { text: `Grad(${GAUSSIAN}, x, Var(4, 2, 0))`, wide: 2 },
};

const SIZES = [1, 2, 63, 128, 255, 256, 257, 500, 513, 770];
const BOUNDS: Readonly<Record<Dtype, number>> = { float32: 4e-6, float64: 1e-13 };
/** Of x, y, b, g and a cotangent: y is x. */
const SAME = [0, 0, 2, 3, 4];

function specificationOf({ text, wide = 1, rows = Category.I }: Case, dtype: Dtype): Specification {
  const aliases = ["x = Vi(3)", "y = Vj(3)", `b = Vj(${wide})`, "g = Pm(1)", "e = Vi(2)"];
  const { formulas, arguments: variables } = parse([text], aliases);
  return {
    ...{ formulas, reduction: reductionNamed("Sum"), k: 1, rows, variables },
    ...{ dtype, sumScheme: "block", accumulator: dtype },
  };
}

/** Positive numbers; the columns have those of the rows. */
function numbersFor({ variables, dtype }: Specification, points: number): RealData[] {
  const make = (count: number): RealData => (dtype === "float64" ? new Float64Array(count) : new Float32Array(count));
  const arrays = variables.map(({ category, dim }, n) => {
    const next = uniform(n + 1);
    return make((category === Category.P ? 1 : points) * dim).map(() => 0.1 + next());
  });
  return arrays.map((_, n) => arrays[SAME[n]!]!);
}

const wholePlan = (points: number): Plan => ({
  ...{ rows: points, columns: points, blockRows: 64, chunkColumns: 1e9, unitsPerTask: 1 },
});

function room({ formulas, dtype }: Specification, points: number): RealData {
  const size = points * formulas[0]!.dim;
  return dtype === "float64" ? new Float64Array(size).fill(-7) : new Float32Array(size).fill(-7);
}

function plain(
  specification: Specification,
  args: readonly RealData[],
  points: number,
  isa: InstructionSetName,
): RealData {
  const addon = nativeAddon()!;
  const out = room(specification, points);
  addon.reduce(
    ...flatCall(addon.load(sharedObject(program(specification, isa).source, isa)), args, out, wholePlan(points)),
  );
  return out;
}

interface Choice {
  readonly isa?: InstructionSetName;
  readonly control?: Control;
  readonly plan?: Partial<Plan>;
}

function once(
  specification: Specification,
  args: readonly RealData[],
  points: number,
  { isa = OWN_WIDTH, control, plan }: Choice = {},
): RealData {
  const addon = nativeAddon()!;
  const out = room(specification, points);
  const { source, takes } = symmetricProgram(specification, SAME, isa)!;
  const given = takes.map((n) => args[n]!);
  addon.reduce(
    ...flatCall(addon.load(sharedObject(source, isa)), given, out, { ...wholePlan(points), ...plan }, control),
  );
  return out;
}

/** Within `bound` of the largest component, as the components of gradients cancel. */
function expectNear(got: RealData, wanted: RealData, bound: number): void {
  const scale = Math.max(...wanted.map(Math.abs));
  const worst = Math.max(...got.map((value, n) => Math.abs(value - wanted[n]!)));
  expect(got).toHaveLength(wanted.length);
  expect(worst).toBeLessThanOrEqual(bound * scale);
}

afterEach(() => {
  setThreads(2);
});

describe.each(Object.keys(CASES))("%s", (name) => {
  describe.each<Dtype>(["float32", "float64"])("in %s", (dtype) => {
    const specification = specificationOf(CASES[name]!, dtype);

    const turn = Object.keys(CASES).indexOf(name) + Number(dtype === "float64");
    const others = WIDTHS.filter((isa) => isa !== OWN_WIDTH);

    test.each([OWN_WIDTH, ...sampled(others, 2, turn)])("are those of the plain form at all sizes, for %s", (isa) => {
      for (const points of SIZES) {
        const args = numbersFor(specification, points);
        const got = once(specification, args, points, { isa });
        expectNear(got, plain(specification, args, points, isa), BOUNDS[dtype]);
      }
    });

    test("have the same bits for any number of threads", () => {
      const args = numbersFor(specification, 1300);
      const results = [1, 2, 5].map((count) => {
        setThreads(count);
        return once(specification, args, 1300);
      });
      for (const result of results) expect(result).toEqual(results[0]);
    });
  });
});

describe("a sum over pairs that are evaluated once", () => {
  const specification = specificationOf({ text: "(x | y) * b" }, "float64");

  it("hands on infinities and what is no number as the plain form does", () => {
    const points = 300;
    const kinds = (values: RealData): number[] => Array.from(values, (value) => (Number.isFinite(value) ? 0 : value));
    for (const [at, value] of [
      [5, NaN],
      [299, Infinity],
      [150, -Infinity],
    ] as const)
      for (const argument of [0, 2]) {
        const args = numbersFor(specification, points);
        args[argument]![at] = value;
        const got = kinds(once(specification, args, points));
        expect(got).toEqual(kinds(plain(specification, args, points, OWN_WIDTH)));
        expect(got.some((kind) => kind !== 0)).toBe(true);
      }
  });

  it("counts its squares, and ends when it is cancelled", () => {
    const args = numbersFor(specification, 1300);
    const control = newControl();
    once(specification, args, 1300, { control });
    const squares = (6 * 7) / 2;
    expect([progress(control), ...control.subarray(1, 3)]).toEqual([1, squares, squares]);
    const cancelled = newControl();
    cancelled[0] = 1;
    expect(() => once(specification, args, 1300, { control: cancelled })).toThrow(InterruptedError);
  });

  it("is refused for other columns than rows, for ranges and for batches", () => {
    const args = numbersFor(specification, 300);
    const all = [0, 300];
    const ranges = { rows: Int32Array.from(all), slices: Int32Array.of(1), columns: Int32Array.from(all) };
    const { takes } = symmetricProgram(specification, SAME, OWN_WIDTH)!;
    const batch = [{ length: 1, steps: [...takes.map(() => 0), 0] }];
    expect(() => once(specification, args, 300, { plan: { columns: 299 } })).toThrow(
      /columns: expected as many as rows/,
    );
    expect(() => once(specification, args, 300, { plan: { ranges } })).toThrow(/neither ranges nor a batch/);
    expect(() => once(specification, args, 300, { plan: { batch } })).toThrow(/neither ranges nor a batch/);
  });
});

describeWidths("a call", (isa) => {
  const POINTS = 2000;
  const specification = specificationOf({ text: GAUSSIAN, wide: 2 }, "float32");
  const args = numbersFor(specification, POINTS);
  const called = (given: readonly RealData[], points = POINTS): RealData => {
    const out = room(specification, points);
    cpu.routine(specification).reduce({ args: given, out, rows: points, columns: points });
    return out;
  };
  const replacedY = (y: RealData): readonly RealData[] => args.map((array, n) => (n === 1 ? y : array));

  it("evaluates pairs once where rows and columns read the same memory, or the same numbers", () => {
    const expected = once(specification, args, POINTS, { isa });
    expect(called(args)).toEqual(expected);
    expect(called(replacedY(args[0]!.slice()))).toEqual(expected);
  });

  it("evaluates every pair where a number differs, or where points are few", () => {
    const y = args[0]!.slice();
    y[y.length - 1]! += 0.5;
    const other = replacedY(y);
    expectNear(called(other), plain(specification, other, POINTS, isa), BOUNDS.float32);
    const few = numbersFor(specification, 300);
    expect(called(few, 300)).toEqual(plain(specification, few, 300, isa));
  });

  it("from the public door gives what ranges of all pairs give", () => {
    const x = ndarray(args[0]!, [POINTS, 3]);
    const [b, g] = [ndarray(args[2]!, [POINTS, 2]), ndarray(args[3]!, [1])];
    const operation = Genred(GAUSSIAN, ["x = Vi(3)", "y = Vj(3)", "b = Vj(2)", "g = Pm(1)"], { axis: 1 });
    const all = [[0, POINTS], [1], [0, POINTS]] as const;
    const ranges = [...all, ...all].map((list) => ndarray(Int32Array.from(list), list.length === 2 ? [1, 2] : [1]));
    const got = operation(x, x, b, g, { backend: "cpu" });
    const wanted = operation(x, x, b, g, { backend: "cpu", ranges: ranges as never });
    expect(got.data).not.toEqual(wanted.data);
    expectNear(got.data, wanted.data, BOUNDS.float32);
  });
});

describe("whether pairs are evaluated once", () => {
  const programOf = (text: string, same = SAME, changes: Partial<Specification> = {}) =>
    symmetricProgram({ ...specificationOf({ text }, "float32"), ...changes }, same, OWN_WIDTH);

  it("is decided by what both values of a pair have in common", () => {
    expect(programOf("Exp(-Sum(Square(x - y)) / g) * b")).not.toBeNull();
    expect(programOf("Exp(-Norm2(y - x)) * b")).not.toBeNull();
    expect(programOf("Exp(-SqDist(x, 2 * y) / g) * b")).toBeNull();
    expect(programOf("x * b")).toBeNull();
    expect(programOf(GAUSSIAN, [0, 1, 2, 3, 4])).toBeNull();
  });

  it("takes sums in blocks alone, of few components", () => {
    expect(programOf(GAUSSIAN, SAME, { reduction: reductionNamed("Mean") })).toBeNull();
    expect(programOf(GAUSSIAN, SAME, { reduction: reductionNamed("Max") })).toBeNull();
    expect(programOf(GAUSSIAN, SAME, { sumScheme: "kahan" })).toBeNull();
    expect(programOf("Exp(-SqDist(x, y)) * OneHot(b, 40)")).toBeNull();
  });

  it("asks which arguments have the same numbers", () => {
    const variables = specificationOf({ text: GAUSSIAN }, "float32").variables;
    const [x, b, e, g] = [6, 2, 4, 1].map((count, n) => Float32Array.from({ length: count }, uniform(n))) as RealData[];
    expect(sameData([x!, x!, b!, g!, e!], variables)).toEqual(SAME);
    expect(sameData([x!, x!.slice(), b!, g!, e!], variables)).toEqual(SAME);
    expect(sameData([x!, x!.map((value) => value + 1), b!, g!, e!], variables)).toBeNull();
  });
});

describe("a formula with i and j exchanged", () => {
  const [xi, xj, bi, bj] = [variable(0, 3, 0), variable(1, 3, 1), variable(2, 1, 0), variable(3, 1, 1)];
  const partners = new Map<Formula, Formula>([
    [xi, xj],
    [xj, xi],
    [bi, bj],
    [bj, bi],
  ]);
  const ofText = (text: string): Formula =>
    parse([text], ["x = Vi(3)", "y = Vj(3)", "c = Vi(1)", "b = Vj(1)"]).formulas[0]!;
  const turned = (text: string): Formula => exchangeIndices(ofText(text), (node) => partners.get(node)!);

  it("is itself where it is symmetric, and its opposite where it is antisymmetric", () => {
    for (const text of ["Exp(-SqDist(x, y))", "x | y", "x * y", "Norm2(x - y)", "c + b", "IfElse(c == b, c * b, 2)"])
      expect(turned(text)).toBe(ofText(text));
    expect(turned("x - y")).toBe(minus(subtract(xi, xj)));
    expect(turned("Exp(c) - b")).toBe(ofText("Exp(b) - c"));
  });

  it("shares the kernel with a formula that multiplies it by a vector", () => {
    const kernel = ofText("Exp(-SqDist(x, y))");
    expect(nodesOf(turned("Exp(-SqDist(x, y)) * b"))).toContain(kernel);
  });
});

test("where a row says what becomes of it when its arguments change places, that is so", () => {
  const numbers = [-2, -0.5, 0, 0.5, 3];
  const declared = [...operations.values()].filter(({ shape }) => shape.kind === "elementwise" && shape.turned);
  expect(declared.map(({ name }) => name)).toEqual(expect.arrayContaining(["Add", "Subtract", "Mult"]));
  for (const operation of declared)
    for (const x of numbers)
      for (const y of numbers) {
        const [there, back] = [apply(operation, [[x], [y]], [], 1), apply(operation, [[y], [x]], [], 1)];
        const sign = operation.shape.kind === "elementwise" ? operation.shape.turned! : 1;
        expect(there[0]! - sign * back[0]!).toBe(0);
      }
  expect(signOfTurn(entries.get("MatVecMult")!.build([variable(0, 4, 0), variable(1, 2, 1)]))).toBeUndefined();
});
