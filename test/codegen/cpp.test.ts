/**
 * Routines of every shape that the CPU engine generates (many rows, narrow blocks, few rows; wide outputs, large dims),
 * on every instruction set of this machine, at sizes around those of vectors and blocks: against the reference engine,
 * on numbers whose distances are exact, so that indices must agree where values tie.
 */
import { sharedObject } from "../../src/device/compiler";
import { cpu } from "../../src/device/compiled";
import { program } from "../../src/codegen/cpp";
import type { Shape } from "../../src/codegen/cpp";
import type { Call } from "../../src/device/device";
import type { Dtype, Specification } from "../../src/codegen/specification";
import { nativeAddon, setThreads } from "../../src/device/native";
import type { InstructionSetName } from "../../src/codegen/isa";
import type { Plan, Ranges, RealData } from "../../src/device/native";
import { reference } from "../../src/device/reference";
import { Category } from "../../src/formula/formula";
import { parse } from "../../src/formula/parse";
import { extentOf, reductionNamed } from "../../src/formula/reductions";
import { uniform } from "../helpers/evaluate";
import { flatCall } from "../fixtures/routines";
import { sampled } from "../helpers/sample";
import { OWN_WIDTH, WIDTHS, describeWidths } from "../helpers/widths";

interface Case {
  readonly texts: readonly string[];
  readonly reduction?: string;
  readonly k?: number;
  readonly scheme?: Specification["sumScheme"];
  readonly dim?: number;
  readonly wide?: number;
}

const GAUSSIAN = "Exp(-SqDist(x, y) / g) * b";

const CASES: Readonly<Record<string, Case>> = {
  sums: { texts: [GAUSSIAN] },
  "sums of vectors": { texts: ["(x | y) * b"], wide: 3 },
  "sums of many components over large dims": { texts: [GAUSSIAN], dim: 18, wide: 19 },
  "sums of long columns": { texts: [GAUSSIAN], dim: 84, wide: 81 },
  "sums with compensation": { texts: [GAUSSIAN], scheme: "kahan" },
  "sums in double": { texts: [GAUSSIAN], scheme: "direct" },
  means: { texts: ["x * b + y"], reduction: "Mean" },
  products: { texts: ["1 + (x | y) / 128"], reduction: "Prod" },
  "smallest values and where they are": { texts: ["SqDist(x, y)"], reduction: "Min_ArgMin" },
  "largest components": { texts: ["x - y"], reduction: "ArgMax" },
  "the four nearest": { texts: ["SqDist(x, y)"], reduction: "KMin_ArgKMin", k: 4, dim: 17 },
  "log-sum-exp": { texts: ["-SqDist(x, y) / g"], reduction: "LogSumExp" },
  softmax: { texts: ["(x | y) / g", "b"], reduction: "SumSoftMaxWeight", wide: 17 },
};

const ROWS = [1, 7, 15, 16, 17, 33, 63, 65];
const COLUMNS = [0, 1, 255, 256, 257];
const MOST_ROWS = Math.max(...ROWS);
const MOST_COLUMNS = Math.max(...COLUMNS);
const BOUNDS: Readonly<Record<Dtype, number>> = { float32: 4e-6, float64: 1e-13 };

const SHAPES: readonly Shape[] = ["many", "narrow", "few"];
const DTYPES: readonly Dtype[] = ["float32", "float64"];

const turnOf = (name: string, dtype: Dtype): number => Object.keys(CASES).indexOf(name) + DTYPES.indexOf(dtype);

/** For a case in the width of this run: of a sample all shapes in one dtype, one of them in the other one. */
function shapesOf(name: string, dtype: Dtype): readonly Shape[] {
  const turn = turnOf(name, dtype);
  return turn % 2 === 0 ? SHAPES : sampled(SHAPES, 3, turn);
}

/** Widths and shapes for a case; of a sample one shape in each other width. */
function routinesOf(name: string, dtype: Dtype): (readonly [InstructionSetName, Shape])[] {
  return WIDTHS.flatMap((isa, n) => {
    const shapes = isa === OWN_WIDTH ? shapesOf(name, dtype) : sampled(SHAPES, 3, turnOf(name, dtype) + n);
    return shapes.map((shape) => [isa, shape] as const);
  });
}

function specificationOf({ texts, reduction = "Sum", k = 1, scheme = "block", dim = 3, wide = 1 }: Case, dtype: Dtype) {
  const aliases = [`x = Vi(${dim})`, `y = Vj(${dim})`, `b = Vj(${wide})`, "g = Pm(1)"];
  const { formulas, arguments: variables } = parse(texts, aliases);
  return {
    formulas,
    reduction: reductionNamed(reduction),
    k,
    rows: Category.I,
    variables,
    dtype,
    sumScheme: scheme,
    accumulator: scheme === "direct" ? "float64" : dtype,
  } satisfies Specification;
}

/** Whole numbers from 0 to 4, and a divisor. */
function numbersFor({ variables, dtype }: Specification): RealData[] {
  const make = (count: number): RealData => (dtype === "float64" ? new Float64Array(count) : new Float32Array(count));
  const extents = { [Category.I]: MOST_ROWS, [Category.J]: MOST_COLUMNS };
  return variables.map(({ category, dim }, n) => {
    if (category === Category.P) return make(1).fill(8);
    const next = uniform(n + 1);
    return make(extents[category] * dim).map(() => Math.floor(5 * next()));
  });
}

interface Result {
  readonly values: RealData;
  readonly indices: Int32Array;
}

function room({ reduction, formulas, k, dtype }: Specification, rows: number): Result {
  const extent = extentOf(formulas, k);
  const size = rows * reduction!.values(extent);
  const values = dtype === "float64" ? new Float64Array(size) : new Float32Array(size);
  return { values: values.fill(-7), indices: new Int32Array(rows * reduction!.indices(extent)).fill(-7) };
}

function expected(
  specification: Specification,
  args: readonly RealData[],
  call: Pick<Call, "rows" | "columns" | "ranges">,
) {
  const { values: out, indices } = room(specification, call.rows);
  reference.routine(specification).reduce({ args, out, indices, ...call });
  return { values: out, indices };
}

const sources = new Map<Specification, Map<string, string>>();

/** Printed once for all sizes. */
function sourceOf(specification: Specification, isa: InstructionSetName, shape: Shape): string {
  const known = sources.get(specification) ?? new Map<string, string>();
  sources.set(specification, known);
  const source = known.get(`${isa} ${shape}`) ?? program(specification, isa, shape).source;
  known.set(`${isa} ${shape}`, source);
  return source;
}

function computed(
  specification: Specification,
  args: readonly RealData[],
  isa: InstructionSetName,
  shape: Shape,
  plan: Omit<Plan, "unitsPerTask">,
): Result {
  const addon = nativeAddon()!;
  const entries = plan.batch?.[0]?.length ?? 1;
  const { values, indices } = room(specification, plan.rows * entries);
  const routine = addon.load(sharedObject(sourceOf(specification, isa, shape), isa));
  addon.reduce(...flatCall(routine, args, values, { ...plan, unitsPerTask: 2 }, undefined, indices));
  return { values, indices };
}

/** Of the first `rows` rows of what is right. */
function expectEqual(got: Result, right: Result, rows: number, bound: number, about: string): void {
  const places = right.indices.length / MOST_ROWS;
  expect([about, ...got.indices]).toEqual([about, ...right.indices.subarray(0, rows * places)]);
  const isNear = (value: number, wanted: number): boolean =>
    Object.is(value, wanted) || value === wanted || Math.abs(value - wanted) <= bound * Math.abs(wanted);
  const wrong = Array.from(got.values).findIndex((value, n) => !isNear(value, right.values[n]!));
  expect([about, wrong, got.values[wrong]]).toEqual([about, -1, undefined]);
}

afterEach(() => {
  setThreads(2);
});

describe.each(Object.keys(CASES))("%s", (name) => {
  describe.each(DTYPES)("in %s", (dtype) => {
    const specification = specificationOf(CASES[name]!, dtype);
    const args = numbersFor(specification);
    const right = COLUMNS.map((columns) => expected(specification, args, { rows: MOST_ROWS, columns }));

    test.each(routinesOf(name, dtype))("are those of the reference at all sizes, for %s and %s rows", (isa, shape) => {
      for (const rows of ROWS)
        COLUMNS.forEach((columns, n) => {
          const got = computed(specification, args, isa, shape, { rows, columns, blockRows: 48, chunkColumns: 1000 });
          expectEqual(got, right[n]!, rows, BOUNDS[dtype], `${rows} x ${columns}`);
        });
    });

    test.each(shapesOf(name, dtype))("are those of the reference over ranges, in a batch, for %s rows", (shape) => {
      const ranges = { rows: [0, 5, 5, 38, 38, 65], slices: [3, 3, 4], columns: [0, 40, 41, 42, 60, 257, 7, 200] };
      const [rows, columns] = [MOST_ROWS, MOST_COLUMNS];
      const plan = { rows, columns, blockRows: 20, chunkColumns: 1000, ranges: integers(ranges) };
      const wanted = expected(specification, args, plan);
      const [length, perEntry] = [2, wanted.values.length];
      const got = computed(specification, args, OWN_WIDTH, shape, {
        ...plan,
        batch: [{ length, steps: [...args.map(() => 0), perEntry] }],
      });
      for (const n of [0, 1]) expectEqual(entryOf(got, n, length), wanted, rows, BOUNDS[dtype], `entry ${n}`);
    });

    test.each(shapesOf(name, dtype))("have the same bits for any number of threads, for %s rows", (shape) => {
      for (const chunkColumns of [70, 128]) {
        const plan = { rows: 33, columns: MOST_COLUMNS, blockRows: 7, chunkColumns };
        const results = [1, 2, 5].map((count) => {
          setThreads(count);
          return computed(specification, args, OWN_WIDTH, shape, plan);
        });
        for (const result of results) expect(result).toEqual(results[0]);
        expectEqual(results[0]!, right.at(-1)!, 33, BOUNDS[dtype], `parts of ${chunkColumns}`);
      }
    });
  });
});

type Lists = Readonly<Record<keyof Ranges, readonly number[]>>;

function integers({ rows, slices, columns }: Lists): Ranges {
  return { rows: Int32Array.from(rows), slices: Int32Array.from(slices), columns: Int32Array.from(columns) };
}

function entryOf({ values, indices }: Result, n: number, entries: number): Result {
  const [size, places] = [values.length / entries, indices.length / entries];
  return {
    values: values.subarray(n * size, (n + 1) * size),
    indices: indices.subarray(n * places, (n + 1) * places),
  };
}

describeWidths("what the next step reads of columns", (isa) => {
  const fetches = (dims: Pick<Case, "dim" | "wide">, shape: Shape): string[] =>
    program(specificationOf({ texts: [GAUSSIAN], ...dims }, "float32"), isa, shape).code.match(/prefetch\(.*\)/g) ?? [];

  test.each(["many", "narrow"] as const)("is fetched ahead where columns are long, for %s rows", (shape) => {
    expect(fetches({ dim: 100 }, shape)).toEqual(["prefetch(y1 + COUNT<Steps> * (100 + k))"]);
    expect(fetches({ wide: 100 }, shape)).toEqual(["prefetch(y2 + COUNT<Steps> * (100 + k))"]);
    expect(fetches({ dim: 20, wide: 20 }, shape)).toEqual([]);
  });

  test("is in the cache already where the columns are lanes", () => expect(fetches({ dim: 100 }, "few")).toEqual([]));
});

/** Up to how many rows columns as lanes pay at the least. */
const FEW: Readonly<Record<InstructionSetName, number>> = { baseline: 1, avx2: 4, avx512: 8, wasm: 1 };

describeWidths("few rows", (isa) => {
  const specification = specificationOf(CASES["sums"]!, "float32");

  test("over many columns cost less with columns as lanes, many rows or few columns do not", () => {
    const [many, few] = (["many", "few"] as const).map((shape) => program(specification, isa, shape));
    const isFewBetter = (rows: number, columns: number): boolean =>
      few!.instructions(rows, columns) < many!.instructions(rows, columns);
    expect([1, 4, 8].map((rows) => rows > FEW[isa] || isFewBetter(rows, 1e6))).toEqual([true, true, true]);
    expect([isFewBetter(16, 1e6), isFewBetter(1000, 1e6), isFewBetter(10, 20)]).toEqual([false, false, false]);
  });

  test("have the bits of the routine that is made for them in a call, whatever the number of threads", () => {
    const [rows, columns] = [Math.min(3, FEW[isa]), 200_000];
    const args = [rows * 3, columns * 3, columns, 1].map((count, n) =>
      Float32Array.from({ length: count }, uniform(n + 1)),
    );
    const results = [1, 2, 5].map((count) => {
      setThreads(count);
      const out = new Float32Array(rows);
      cpu.routine(specification).reduce({ args, out, rows, columns });
      return out;
    });
    const plan = { rows, columns, blockRows: 16, chunkColumns: 4096 };
    expect(computed(specification, args, isa, "few", plan).values).toEqual(results[0]);
    for (const result of results) expect(result).toEqual(results[0]);
  });
});
