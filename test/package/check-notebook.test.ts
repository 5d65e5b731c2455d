/** What an executed notebook is held to, and that the notebooks of this project promise something. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(__dirname, "..", "..");

interface Notebook {
  readonly metadata: { readonly tskeops?: { readonly charts: number; readonly atMost: object } };
  readonly cells: readonly { readonly outputs?: readonly object[]; readonly execution_count?: number | null }[];
}

/** Exit status and errors of the check of a notebook with these outputs. */
function check(
  outputs: readonly object[],
  metadata: object,
): { readonly status: number | null; readonly said: string } {
  const folder = mkdtempSync(join(tmpdir(), "tskeops-check-"));
  const file = join(folder, "executed.ipynb");
  writeFileSync(file, JSON.stringify({ metadata, cells: [{ cell_type: "code", outputs }] }));
  const run = spawnSync(process.execPath, [join(root, "scripts", "check-notebook.mjs"), file], { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  return { status: run.status, said: run.stderr };
}

const promises = { tskeops: { charts: 1, atMost: { "relative error": [1e-3, 1e-2] } } };
const picture = {
  output_type: "display_data",
  data: { "application/vnd.vegalite.v5+json": {}, "image/png": "", "text/plain": "[chart]" },
};
const printed = (...text: string[]): object => ({ output_type: "stream", name: "stdout", text });
const numbers = printed("relative error = 1e-4\n", "another line\n", "  relative error = 0.01\n");

test("a notebook that keeps its promises passes", () => {
  expect(check([numbers, picture], promises)).toEqual({ status: 0, said: "" });
});

test.each([
  ["a number above its bound", [printed("relative error = 1e-4\nrelative error = 0.02\n"), picture], "got 1e-4, 0.02"],
  ["no number", [printed("relative error = 1e-4\nrelative error = NaN\n"), picture], "got 1e-4, NaN"],
  ["a number too few", [printed("relative error = 1e-4\n"), picture], "at most 0.001, 0.01, got 1e-4"],
  ["a missing chart", [numbers], "expected 1 charts as vega-lite and PNG, got 0"],
  ["a chart without a PNG", [numbers, { data: { "application/vnd.vegalite.v5+json": {} } }], "got 0"],
  ["an error", [numbers, picture, { output_type: "error", evalue: "Error: broken" }], "got Error: broken"],
  ["a warning", [numbers, picture, { output_type: "stream", name: "stderr", text: ["beware"] }], "got beware"],
])("%s fails", (_, outputs, message) => {
  const { status, said } = check(outputs, promises);
  expect(status).toBe(1);
  expect(said).toContain(message);
});

test("a notebook that promises nothing fails", () => {
  expect(check([], {}).said).toContain("expected promises in its metadata");
});

const folder = join(root, "notebooks");
test.each(readdirSync(folder).filter((name) => name.endsWith(".ipynb")))("%s has promises and no outputs", (name) => {
  const { metadata, cells } = JSON.parse(readFileSync(join(folder, name), "utf8")) as Notebook;
  expect(metadata.tskeops?.charts).toBeGreaterThanOrEqual(0); // a notebook may have none, but says so
  expect(
    cells.every(({ outputs = [], execution_count = null }) => outputs.length === 0 && execution_count === null),
  ).toBe(true);
});
