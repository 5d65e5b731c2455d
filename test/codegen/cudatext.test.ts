/** Kernels for GPUs, written from the same loop body as the processor's. What runs them is `npm run test:cuda`. */
import { program } from "../../src/codegen/cpp";
import type { Specification } from "../../src/codegen/specification";
import { cuda } from "../../src/device/cuda";
import { cudaProgram } from "../../src/codegen/cudatext";
import { Category } from "../../src/formula/formula";
import { parse } from "../../src/formula/parse";
import { reductionNamed } from "../../src/formula/reductions";

const POINTS = ["x = Vi(3)", "y = Vj(3)", "b = Vj(2)", "g = Pm(1)"];

interface Wanted {
  readonly text: string;
  readonly aliases?: readonly string[];
  readonly reduction?: string | null;
  readonly dtype?: Specification["dtype"];
  readonly sumScheme?: Specification["sumScheme"];
}

function specification({
  text,
  aliases = POINTS,
  reduction = "Sum",
  dtype = "float32",
  sumScheme = "block",
}: Wanted): Specification {
  const { formulas, arguments: variables } = parse([text], aliases);
  return {
    formulas,
    reduction: reduction === null ? null : reductionNamed(reduction),
    k: 1,
    rows: Category.I,
    variables,
    dtype,
    sumScheme,
    accumulator: dtype,
  };
}

describe("the generated kernel", () => {
  test.each([
    { text: "Exp(-g * SqDist(x, y)) * b" },
    { text: "Grad(Exp(-g * SqDist(x, y)) * b, x, Var(4, 2, 0))", aliases: [...POINTS, "Vi(2)"] },
    { text: "SqDist(x, y)", reduction: "ArgMin" },
    { text: "SqDist(x, y)", reduction: "LogSumExp", dtype: "float64" as const },
    { text: "Exp(-g * SqDist(x, y)) * b", reduction: null },
  ])("has the loop body of the processor: $reduction of $text", (wanted) => {
    const [of, processor] = [specification(wanted), program(specification(wanted), "avx512").source];
    // Where the processor takes several columns at a time, values of a pair are called Pairs.
    const body = processor
      .replace(/\bPairs\b/g, "Tile")
      .split("\n")
      .filter((line) => /^\s+(const Tile t\d+_\d+ =|reducer\.exponent|store\(target)/.test(line));
    const lines = cudaProgram(of)
      .source.split("\n")
      .map((line) => line.trim());
    expect(body.length).toBeGreaterThan(0);
    for (const line of body) expect(lines).toContain(line.trim());
  });

  test("gives several rows to a thread where their values fit into registers, one where they do not", () => {
    const grains = [
      specification({ text: "Exp(-g * SqDist(x, y)) * b" }),
      specification({ text: "Norm2(x - y) * b", aliases: ["x = Vi(40)", "y = Vj(40)", "b = Vj(37)"] }),
    ].map((of) => cudaProgram(of).grain / cudaProgram(of).threads);
    expect(grains).toEqual([4, 1]);
  });

  test("shares columns by shared memory, and reads the arrays themselves where one column alone would fill it", () => {
    const narrow = cudaProgram(specification({ text: "Exp(-g * SqDist(x, y)) * b" })).source;
    const wide = cudaProgram(specification({ text: "x | y", aliases: ["x = Vi(900)", "y = Vj(900)"] })).source;
    expect(narrow).toContain("__shared__");
    expect(wide.slice(wide.indexOf("keops_reduce"))).not.toContain("__shared__");
  });

  test("computes what depends on columns alone while they come in", () => {
    const { source } = cudaProgram(specification({ text: "Exp(y) * Log(y) * x", aliases: POINTS.slice(0, 2) }));
    expect(source).toMatch(
      /stage<|for \(int c = threadIdx\.x; c < count; c \+= THREADS \* TILE\) \{\n\s+scalar \*const h/,
    );
    expect(source).toContain("exp(x1[0])");
  });

  test.each([
    ["block", /reducer\.flush\(count\);/],
    ["direct", /reducer\.flush\(interval\.end - interval\.begin\);/],
    ["kahan", /Sum<2, true, Told::Total>/],
  ] as const)("sums by the scheme %s", (sumScheme, expected) => {
    expect(cudaProgram(specification({ text: "Exp(-g * SqDist(x, y)) * b", sumScheme })).source).toMatch(expected);
  });

  test("is refused where a thread would have to keep too much", () => {
    const of = (text: string, dim: number, k = 1): string | null => {
      const aliases = [`x = Vi(${dim})`, `y = Vj(${dim})`];
      return cuda.whyNotFormula({ ...specification({ text, aliases }), k });
    };
    expect(of("x - y", 3000)).toMatch(/takes 48000 bytes of a thread, more than 32768/);
    expect(of("SqDist(x, y)", 784, 10)).toBeNull();
    expect(of("Grad(Exp(-SqDist(x, y)), x, 1)", 784)).toBeNull();
    expect(of("x | y", 9000)).toMatch(/36012 bytes/);
  });
});
