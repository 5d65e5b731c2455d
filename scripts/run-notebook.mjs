// Executes a notebook without Jupyter: node scripts/run-notebook.mjs [notebook.ipynb] [--out executed.ipynb]
// With `--converted cells.json`, a file of what a converter of scripts/tslab-session.mjs made of the cells, it runs that.
// Text is shown as it comes, the executed notebook holds the pictures too, and a failing cell makes the exit status 1.
import "./require-built.mjs";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { ensureNotebookPackages, notebooks, root } from "./notebook-packages.mjs";
import { openSession } from "./tslab-session.mjs";

function readOptions() {
  const options = { out: { type: "string" }, converted: { type: "string" } };
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const notebook = resolve(positionals[0] ?? join(notebooks, "kernelsolve.ipynb"));
  const converted = values.converted && JSON.parse(readFileSync(values.converted, "utf8"));
  return { notebook, converted, out: resolve(values.out ?? join(dirname(notebook), "out", basename(notebook))) };
}

/** Runs the code cells in order up to the first that fails; returns whether all went well. */
async function execute(cells, session) {
  const total = cells.filter((cell) => cell.cell_type === "code").length;
  let count = 0;
  let heading = "";
  for (const cell of cells) {
    heading = headingOf(cell) ?? heading;
    if (cell.cell_type !== "code") continue;
    cell.execution_count = ++count;
    console.log(`\n── cell ${count} of ${total}${heading && `: ${heading}`}`);
    const { ok, outputs } = await session.run(textOf(cell));
    cell.outputs = outputs;
    if (!ok) return false;
  }
  return true;
}

function textOf(cell) {
  return [cell.source].flat().join("");
}

function headingOf(cell) {
  return cell.cell_type === "markdown" ? /^#+ +(.*)$/m.exec(textOf(cell))?.[1] : undefined;
}

/** Jupyter's format wants texts as lists of lines. */
function withLines(output) {
  return "text" in output ? { ...output, text: output.text.split(/(?<=\n)/) } : output;
}

function save(content, cells, out) {
  const written = cells.map((cell) => (cell.outputs ? { ...cell, outputs: cell.outputs.map(withLines) } : cell));
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, `${JSON.stringify({ ...content, cells: written }, null, 1)}\n`);
}

function forgetOutputs(cell) {
  return cell.cell_type === "code" ? { ...cell, execution_count: null, outputs: [] } : cell;
}

function explainJupyter(notebook, out) {
  console.log(`\nExecuted notebook, with its pictures: ${relative(root, out)}`);
  console.log("To work in it: `npm run kernel` prepares the TypeScript kernel for Jupyter and prints how to start it.");
  console.log(`Then open ${relative(root, notebook)}, or ${relative(root, out)} to see these results.`);
  console.log(`\nThe gallery of all notebooks, guide and reference: ${siteAdvice()}`);
}

function siteAdvice() {
  const page = join("docs", ".vitepress", "dist", "gallery", "index.html");
  return existsSync(join(root, page)) ? `open ${page}` : `\`npm run docs\` makes them as a site, ${page}`;
}

async function main() {
  const { notebook, converted, out } = readOptions();
  ensureNotebookPackages();
  const content = JSON.parse(readFileSync(notebook, "utf8"));
  const cells = content.cells.map(forgetOutputs);
  const session = openSession(dirname(notebook), notebooks, converted);
  const started = performance.now();
  const ok = await execute(cells, session).finally(() => session.close());
  save(content, cells, out);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `\n${relative(root, notebook)}: ${ok ? "all cells ran" : "FAILED in the last cell shown"} (${seconds} s)`,
  );
  if (ok) explainJupyter(notebook, out);
  process.exitCode = ok ? 0 : 1;
}

await main();
