import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { inspect } from "node:util";
import { ArgumentError } from "../../src/errors";
import { chart, lineChart } from "../../src/notebook/display";

const root = resolve(__dirname, "..", "..");
const notebooks = join(root, "notebooks");
const start = process.cwd();

const SPEC = {
  title: "a line",
  ...lineChart(
    [0, 1, 2].map((x) => ({ x, y: x * x })),
    { x: "x", y: "y" },
  ),
};

afterEach(() => process.chdir(start));

/** Width and height in the header of a PNG. */
function pngSize(base64: string): [number, number] {
  const bytes = Buffer.from(base64, "base64");
  expect(bytes.subarray(0, 8).toString("latin1")).toBe("\x89PNG\r\n\x1a\n");
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}

describe("chart", () => {
  test("gives the vega-lite description, a PNG of twice the stated size, and a line of text", async () => {
    process.chdir(notebooks);
    const { data, metadata } = await chart(SPEC);
    expect(data["application/vnd.vegalite.v5+json"]).toMatchObject({
      $schema: expect.stringContaining("vega-lite/v5"),
      ...SPEC,
    });
    const { width, height } = metadata["image/png"];
    expect(pngSize(data["image/png"])).toEqual([2 * width, 2 * height]);
    expect(data["text/plain"]).toMatch(/^\[chart: a line\]/);
  });

  test("is drawn by readers so that it shrinks with the page: as shapes, or as pixels where these are many", async () => {
    process.chdir(notebooks);
    const renderers = [10, 12_000].map(async (count) => {
      const values = Array.from({ length: count }, (_, x) => ({ x }));
      const { metadata } = await chart({ data: { values }, mark: "point", encoding: { x: { field: "x" } } });
      const { renderer, defaultStyle } = metadata["application/vnd.vegalite.v5+json"].embed_options;
      expect(defaultStyle).toContain("max-width:100%");
      return renderer;
    });
    expect(await Promise.all(renderers)).toEqual(["svg", "canvas"]);
  });

  test("prints as its line of text, not as its megabytes", async () => {
    process.chdir(notebooks);
    const bundle = await chart(SPEC);
    expect(inspect(bundle)).toBe(bundle.data["text/plain"]);
  });

  test("says in one sentence how to install a missing package", async () => {
    process.chdir(mkdtempSync(join(tmpdir(), "tskeops-chart-")));
    const failure = chart(SPEC);
    await expect(failure).rejects.toThrow(ArgumentError);
    await expect(failure).rejects.toThrow(
      /expected the package vega .*npm install vega@5 vega-lite@5 @resvg\/resvg-js@2/,
    );
  });
});

describe("lineChart", () => {
  const rows = [{ i: 0, value: 1, solution: "ours", column: "first" }];

  test("tells the series apart by colour and dash, in one legend, the first one solid", () => {
    const spec = lineChart(rows, { x: "i", y: "value", series: "solution", row: "column" });
    const field = { field: "solution", sort: null, title: null };
    expect(spec).toMatchObject({
      data: { values: rows },
      encoding: { color: field, strokeDash: field, row: { field: "column" } },
    });
    expect(spec).toHaveProperty("encoding.strokeDash.scale.range.0", [1, 0]);
  });

  test("has a logarithmic scale on demand", () => {
    expect(lineChart(rows, { x: "i", y: "value", yScale: "log" })).toHaveProperty("encoding.y.scale.type", "log");
  });

  test("writes numbers below 1, and thousands, out on a logarithmic horizontal axis", () => {
    const spec = lineChart(rows, { x: "i", y: "value", xScale: "log" }) as {
      encoding: { x: { axis: { format: string } } };
    };
    const { defaultLocale } = createRequire(join(notebooks, "notebook.js"))("vega") as VegaLocale;
    expect([0.001, 1, 30_000].map(defaultLocale().format(spec.encoding.x.axis.format))).toEqual([
      "0.001",
      "1",
      "30,000",
    ]);
  });
});

interface VegaLocale {
  readonly defaultLocale: () => { readonly format: (pattern: string) => (value: number) => string };
}

interface Output {
  readonly output_type: string;
  readonly name?: string;
  readonly text?: string[];
  readonly evalue?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly metadata?: unknown;
}
interface Executed {
  readonly status: number | null;
  readonly shown: string;
  readonly cells: readonly { readonly execution_count: number | null; readonly outputs: readonly Output[] }[];
}

/**
 * Runs a notebook of these cells as `npm start` does; its folder is below notebooks/, where tslab and the packages are
 * found.
 */
function runNotebook(...sources: string[]): Executed {
  mkdirSync(join(notebooks, "out"), { recursive: true });
  const folder = mkdtempSync(join(notebooks, "out", "test-"));
  const [file, out] = [join(folder, "in.ipynb"), join(folder, "executed", "out.ipynb")];
  const cells = sources.map((source) => ({
    cell_type: "code",
    metadata: {},
    execution_count: null,
    outputs: [],
    source,
  }));
  writeFileSync(file, JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 4 }));
  try {
    const run = spawnSync(process.execPath, [join(root, "scripts", "run-notebook.mjs"), file, "--out", out], {
      encoding: "utf8",
    });
    const executed = JSON.parse(readFileSync(out, "utf8")) as Pick<Executed, "cells">;
    return { status: run.status, shown: run.stdout + run.stderr, cells: executed.cells };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("npm start", () => {
  let executed: Executed;
  beforeAll(() => {
    executed = runNotebook(
      `const answer = 42;\nconsole.log("from the first");`,
      `console.log(answer);\nconsole.error("aside");`,
      `import { notebook } from "tskeops";\nawait notebook.chart(${JSON.stringify(SPEC)});`,
    );
  }, 60_000);

  test("shows what cells print and keeps it, with their numbers, in the executed notebook", () => {
    const { status, shown, cells } = executed;
    expect(shown).toMatch(/cell 1 of 3\s+from the first\s+── cell 2 of 3\s+42/);
    expect(cells.map((cell) => cell.execution_count)).toEqual([1, 2, 3]);
    expect(cells[0]?.outputs).toEqual([{ output_type: "stream", name: "stdout", text: ["from the first\n"] }]);
    expect(cells[1]?.outputs).toEqual([
      { output_type: "stream", name: "stdout", text: ["42\n"] },
      { output_type: "stream", name: "stderr", text: ["aside\n"] },
    ]);
    expect(status).toBe(0);
  });

  test("keeps a chart as vega-lite and as PNG of stated size", () => {
    const [output] = executed.cells[2]?.outputs.filter((found) => found.output_type === "display_data") ?? [];
    expect(Object.keys(output?.data ?? {})).toEqual(["application/vnd.vegalite.v5+json", "image/png", "text/plain"]);
    expect(output?.metadata).toHaveProperty(["image/png", "width"]);
  });

  test("ends with status 1 at the first failing cell and shows its error", () => {
    const { status, shown, cells } = runNotebook(`throw new Error("broken on purpose");`, `console.log("never");`);
    expect(status).toBe(1);
    expect(shown).toContain("Error: broken on purpose");
    expect(shown).not.toContain("never");
    expect(cells[0]?.outputs.at(-1)).toMatchObject({ output_type: "error", evalue: "Error: broken on purpose" });
    expect(cells[1]?.outputs).toEqual([]);
  }, 60_000);

  test("reports a cell that does not type-check", () => {
    const { status, shown } = runNotebook(`const n: number = "text";`);
    expect(status).toBe(1);
    expect(shown).toContain("Type 'string' is not assignable to type 'number'");
  }, 60_000);
});

test("npm run kernel writes a kernel inside the project and prints how to start Jupyter", () => {
  const { stdout } = spawnSync(process.execPath, [join(root, "scripts", "install-kernel.mjs")], { encoding: "utf8" });
  expect(stdout).toContain(`JUPYTER_PATH="${join(root, ".jupyter")}" jupyter lab "${notebooks}"`);
  const kernel = JSON.parse(readFileSync(join(root, ".jupyter", "kernels", "tslab", "kernel.json"), "utf8")) as object;
  expect(kernel).toMatchObject({
    argv: expect.arrayContaining(["kernel", "{connection_file}"]),
    language: "typescript",
  });
});
