/**
 * The CUDA sources of the sweep: every row of the operation table and its gradient, and every reduction, in both dtypes; and their way
 * through nvcc, many to a translation unit. Reads from the compiler what each kernel takes.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Dtype } from "../../src/index";
import type { Specification } from "../../src/engine/backend";
import { cudaProgram } from "../../src/engine/cudatext";
import { DECLARATIONS } from "../../src/formula/arguments";
import { Category } from "../../src/formula/formula";
import { entries } from "../../src/formula/ops";
import { parse } from "../../src/formula/parse";
import { reductionNamed, reductions } from "../../src/formula/reductions";
import { samplesOf, wideSamplesOf } from "../sweep";
import type { Sample } from "../sweep";

/** A generated source, and what it is of. */
export interface Source {
  readonly name: string;
  readonly text: string;
}

const DTYPES: readonly Dtype[] = ["float32", "float64"];

/** @param count calls of each row of the operation table. */
export function sourcesOfSweep(count: number): Source[] {
  return [...operationSources(count), ...reductionSources()];
}

function operationSources(count: number): Source[] {
  const rows = [...entries.values()].filter(({ name, slots }) => {
    return !DECLARATIONS.has(name) && slots.every(({ kind }) => kind !== "variable");
  });
  const samples = rows.flatMap((row) => [...samplesOf(row, count), ...wideSamplesOf(row, 1)]);
  return samples.flatMap((sample) =>
    DTYPES.map((dtype) => ({
      name: `${String(sample.formula)} in ${dtype}`,
      text: cudaProgram(specificationOf(sample, dtype)).source,
    })),
  );
}

const specificationOf = ({ formula, args }: Sample, dtype: Dtype): Specification => ({
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
      return [Category.I, Category.J].map((rows) => ({
        name: `${reduction?.name ?? "values"} over ${rows === Category.I ? "j" : "i"} in ${dtype}`,
        text: cudaProgram({
          formulas: evaluated,
          reduction,
          k: reduction?.takesK ? 3 : 1,
          rows: rows as Category.I | Category.J,
          variables,
          dtype,
          sumScheme: "block",
          accumulator: dtype,
        }).source,
      }));
    }),
  );
}

/** Every n-th kernel: the same in every run. */
export const sample = (sources: readonly Source[], every: number): Source[] =>
  sources.filter((_, n) => n % every === 0);

/** What a compiled kernel takes of a thread. */
export interface Usage {
  readonly name: string;
  readonly registers: number;
  readonly stack: number;
  readonly spills: number;
}

const NVCC = ["--std=c++17", "--ftz=true", "-diag-suppress", "177", "-cubin", "--resource-usage"];

/** Compiles all sources for one architecture. Throws Error with nvcc's messages. */
export function usageOf(sources: readonly Source[], architecture: string): Usage[] {
  const units = DTYPES.flatMap((dtype) =>
    chunks(
      sources.filter(({ name }) => name.endsWith(dtype)),
      60,
    ),
  );
  return units.flatMap((unit) => compiled(unit, architecture));
}

function compiled(unit: readonly Source[], architecture: string): Usage[] {
  const folder = mkdtempSync(join(tmpdir(), "tskeops-kernels-"));
  try {
    writeFileSync(join(folder, "unit.cu"), unit.map(({ text }, n) => renamed(text, n)).join("\n"));
    const args = [...NVCC, `-arch=${architecture}`, "-o", "unit.cubin", "unit.cu"];
    const done = spawnSync("nvcc", args, { cwd: folder, encoding: "utf8", maxBuffer: 2 ** 28 });
    if (done.status !== 0) throw new Error(`nvcc: ${done.stderr.slice(0, 4000)}`);
    return usages(`${done.stdout}${done.stderr}`, unit);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each in a namespace of its own, with entry points of its own. */
function renamed(text: string, n: number): string {
  const undefined_ = ["DOUBLE", "TILE", "THREADS", "VARIABLES"].map((name) => `#undef KEOPS_${name}`);
  return [
    ...undefined_,
    text.replace("namespace keops {", `namespace keops${n} {`).replace(/\bkeops_(\w+)/g, `keops_$1_${n}`),
  ].join("\n");
}

function usages(output: string, unit: readonly Source[]): Usage[] {
  const entry =
    /entry function 'keops_(\w+)_(\d+)'[^]*?(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads[^]*?Used (\d+) registers/g;
  return [...output.matchAll(entry)].map(([, kernel, n, stack, stores, loads, registers]) => ({
    name: `${kernel!} of ${unit[Number(n)]!.name}`,
    registers: Number(registers),
    stack: Number(stack),
    spills: Number(stores) + Number(loads),
  }));
}

function chunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, n) => list.slice(n * size, (n + 1) * size));
}
