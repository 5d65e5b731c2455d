/**
 * The CUDA sources that the ladder compiles: every row of the operation table and its gradient, every reduction, and
 * wide formulas, in both dtypes; and the operations on vectors. Knows no compiler.
 */
import type { Dtype } from "../../src/index";
import type { Specification } from "../../src/codegen/specification";
import { cudaProgram } from "../../src/codegen/cudatext";
import { cudaVectorsSource } from "../../src/codegen/prelude";
import { DECLARATIONS } from "../../src/formula/arguments";
import { Category } from "../../src/formula/formula";
import { entries } from "../../src/formula/ops";
import { parse } from "../../src/formula/parse";
import { reductionNamed, reductions } from "../../src/formula/reductions";
import { samplesOf, wideSamplesOf } from "../helpers/sweep";
import type { Sample } from "../helpers/sweep";

/** A generated source, and what it is of. */
export interface Source {
  readonly name: string;
  readonly text: string;
}

const DTYPES: readonly Dtype[] = ["float32", "float64"];

/**
 * Each text once, though many rows make the same; dtypes take turns.
 * @param count calls of each row of the operation table.
 */
export function sourcesOfSweep(count: number): Source[] {
  const all = [...operationSources(count), ...reductionSources(), ...wideSources()];
  return [...new Map(all.map((source) => [source.text, source])).values()];
}

/** The operations on vectors, which solves on the device are made of. */
export const vectorSources = (): Source[] =>
  DTYPES.map((dtype) => ({ name: `vectors in ${dtype}`, text: cudaVectorsSource(dtype) }));

function operationSources(count: number): Source[] {
  const rows = [...entries.values()].filter(({ name, slots }) => {
    return !DECLARATIONS.has(name) && slots.every(({ kind }) => kind !== "variable");
  });
  const samples = rows.flatMap((row) => [...samplesOf(row, count), ...wideSamplesOf(row, 1)]);
  return samples.flatMap((sample) =>
    DTYPES.map((dtype) => sourceOf(String(sample.formula), specificationOf(sample, dtype))),
  );
}

/** The name tells where rows are in memory. */
function sourceOf(what: string, specification: Specification): Source {
  const text = cudaProgram(specification).source;
  const isWide = text.includes("#define KEOPS_IN_MEMORY 1");
  return { name: `${what}${isWide ? ", in memory," : ""} in ${specification.dtype}`, text };
}

const specificationOf = ({ formula, args }: Pick<Sample, "formula" | "args">, dtype: Dtype): Specification => ({
  formulas: [formula],
  reduction: reductionNamed("Sum"),
  k: 1,
  rows: Category.I,
  variables: args,
  dtype,
  sumScheme: "block",
  accumulator: dtype,
});

const ALIASES = ["x = Vi(3)", "y = Vj(3)", "b = Vj(2)", "g = Pm(1)"];
const GAUSSIAN = "Exp(-g * SqDist(x, y))";

/** Every reduction of a Gaussian, over j and over i; and the values of its pairs. */
function reductionSources(): Source[] {
  return DTYPES.flatMap((dtype) =>
    [...reductions.values(), null].flatMap((reduction) => {
      const texts = reduction && reduction.weights !== "none" ? [GAUSSIAN, "b"] : [`${GAUSSIAN} * b`];
      const { formulas, arguments: variables } = parse(texts, ALIASES);
      const evaluated = reduction?.evaluated(formulas) ?? formulas;
      return ([Category.I, Category.J] as const).map((rows) =>
        sourceOf(`${reduction?.name ?? "values"} over ${rows === Category.I ? "j" : "i"}`, {
          formulas: evaluated,
          reduction,
          k: reduction?.takesK ? 3 : 1,
          rows,
          variables,
          dtype,
          sumScheme: "block",
          accumulator: dtype,
        }),
      );
    }),
  );
}

/** Dims of points and of what is summed: each in registers, in shared memory, and in neither. */
const WIDE_DIMS = [
  [100, 1],
  [784, 1],
  [3, 100],
  [3, 300],
  [100, 100],
] as const;

/** Sums of a Gaussian with so many components, their derivative by points, and the nearest neighbours. */
function wideSources(): Source[] {
  return WIDE_DIMS.flatMap(([dim, outputs]) => {
    const aliases = [`x = Vi(${dim})`, `y = Vj(${dim})`, `b = Vj(${outputs})`, "g = Pm(1)", `e = Vi(${outputs})`];
    return [`${GAUSSIAN} * b`, `Grad(${GAUSSIAN} * b, x, e)`, "SqDist(x, y)"].flatMap((text) => {
      const { formulas, arguments: args } = parse([text], aliases);
      const reduction = reductionNamed(text.startsWith("SqDist") ? "ArgKMin" : "Sum");
      return DTYPES.map((dtype) =>
        sourceOf(`${text} of dims ${dim} and ${outputs}`, {
          ...specificationOf({ formula: formulas[0]!, args }, dtype),
          reduction,
          k: reduction.takesK ? 5 : 1,
        }),
      );
    });
  });
}

/** Every n-th source, the same in every run: n must be odd, that both dtypes are among them. */
export const sample = (sources: readonly Source[], every: number): Source[] =>
  sources.filter((_, n) => n % every === 0);
