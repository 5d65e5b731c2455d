/** Rows that are written into the tables of a copy of the sources: methods of lazy tensors, types and documents. */
import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";

// ------------------------------------------------------------------------------------------------- in a source file

const root = resolve(__dirname, "..", "..");

/** A checkout whose tables have a row more each, in which `npm run generate` has run. */
function checkoutWithRows(): string {
  const copy = mkdtempSync(join(tmpdir(), "tskeops-rows-"));
  for (const part of ["src", "native/text", "docs/reference/operations.md", "package.json", "tsconfig.json"])
    cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  appendFileSync(
    join(copy, "src", "formula", "maths.ts"),
    `export const cubeMinus: Binary = elementwise("CubeMinus", "x y=0", {
      doc: "x³ - y.",
      method: "cubeMinus cube_minus",
      value: (x, y) => x * x * x - y,
      derivative: (x) => [mult(3, square(x)), constant(-1)],
    });`,
  );
  appendFileSync(
    join(copy, "src", "formula", "reductions.ts"),
    `export const sumOfSquares: Reduction<"SumOfSquares", "values"> = sumLike("SumOfSquares", {
      doc: "Sum of the squares of the formula.",
      evaluated: (f) => mult(f, f),
    });`,
  );
  return copy;
}

describe("rows that are written into the tables", () => {
  let copy: string;
  let got: unknown;
  beforeAll(() => {
    copy = checkoutWithRows();
    got = inCopy(`(() => {
      const x = requiresGrad(array([[1], [2], [3]], { dtype: "float64" }));
      const values = Vi(x).cubeMinus(1).sum({ axis: 0, backend: "reference" });
      const sums = Vi(x).sumOfSquares({ axis: 0, backend: "reference" });
      const named = Genred("CubeMinus(x)", ["x = Vi(1)"], { reductionOp: "SumOfSquares" });
      return {
        values: [...values.data],
        sums: [...sums.data],
        gradient: [...grad(sums, [x], array([[1]], { dtype: "float64" }))[0].data],
        text: String(named),
      };
    })()`);
  }, 60_000);
  afterAll(() => {
    rmSync(copy, { recursive: true, force: true });
  });

  /** What a module's last expression gives in a process of its own, to which the copy has been generated and loaded. */
  function inCopy(code: string): unknown {
    const [generator, rows] = ["main", "rows"].map((name) =>
      JSON.stringify(pathToFileURL(join(root, "scripts", "generate", `${name}.mjs`)).href),
    );
    const script = `
      import { createRequire } from "node:module";
      import ${rows!};
      import { generate } from ${generator!};
      const copy = ${JSON.stringify(copy)};
      generate(copy);
      const { Genred, Vi, array, grad, requiresGrad } = createRequire(import.meta.url)(copy + "/src/index.ts");
      console.log(JSON.stringify(${code}));`;
    const options = { encoding: "utf8", env: { ...process.env, TSKEOPS_VERBOSE: "" } } as const;
    return JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", script], options));
  }

  test("are methods, with values and gradients, and can be asked for by name", () => {
    expect(got).toEqual({
      values: [33],
      sums: [14],
      gradient: [2, 4, 6],
      text: "SumOfSquares over i of CubeMinus(x, 0)",
    });
  });

  test("have types, documentation in editors, and a line in the documents", () => {
    const probe = join(copy, "src", "probe.ts");
    writeFileSync(
      probe,
      `import { Genred, rand, Vi } from "./index";
      import type { RealArray, ReductionName } from "./index";
      const x = rand([3, 1]);
      export const sums: RealArray = Genred("x", ["x = Vi(1)"], { reductionOp: "SumOfSquares" })(x);
      export const same: RealArray<Float32Array> = Vi(x).cubeMinus().cube_minus(x).sumOfSquares({ axis: 0 });
      export const known: ReductionName = "SumOfSquares";
      // @ts-expect-error No row has this name.
      export const unknown: ReductionName = "SumOfCubes";
      `,
    );
    const { options } = ts.parseJsonConfigFileContent(
      ts.readConfigFile(join(copy, "tsconfig.json"), (file) => ts.sys.readFile(file)).config,
      ts.sys,
      copy,
    );
    const program = ts.createProgram([probe], options);
    const wrong = program.getSemanticDiagnostics(program.getSourceFile(probe));
    expect(wrong.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([]);
    expect(readFileSync(join(copy, "src", "lazytensor", "methods.ts"), "utf8")).toMatch(
      /\/\*\*\s+\* x³ - y\. `CubeMinus\(x, y\)` in formulas; x is this tensor\.(?:(?!\*\/)[^])*\*\/\s+cubeMinus[<(]/,
    );
    const documents = readFileSync(join(copy, "docs", "reference", "operations.md"), "utf8");
    expect(documents).toContain("- `CubeMinus(x, [y])`: x³ - y.");
    expect(documents).toContain("- `SumOfSquares`: Sum of the squares of the formula.");
  }, 60_000);
});

test("methods and documents are what the tables say", () => {
  const check = [join(root, "scripts", "generate", "main.mjs"), "--check"];
  expect(() => execFileSync(process.execPath, check, { stdio: "pipe" })).not.toThrow();
});
