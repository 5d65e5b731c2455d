// Executes notebooks, each in a process of its own, and checks what came out: node scripts/notebooks.mjs [NAME ...]
// All of them, or those named. Types are read and cells checked here, once for all, while the notebook before runs.
import "./require-built.mjs";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureNotebookPackages, notebooks, root } from "./notebook-packages.mjs";
import { openConverter } from "./tslab-session.mjs";

function run(script, ...args) {
  const child = spawn(process.execPath, [join(root, "scripts", script), ...args], { stdio: "inherit" });
  return new Promise((resolve) => child.on("close", (status) => resolve(status === 0)));
}

function sourcesOf(file) {
  const { cells } = JSON.parse(readFileSync(file, "utf8"));
  return cells.filter((cell) => cell.cell_type === "code").map((cell) => [cell.source].flat().join(""));
}

async function keepsPromises(name, converted) {
  const ran = await run("run-notebook.mjs", join(notebooks, name), "--converted", converted);
  return ran && (await run("check-notebook.mjs", join(notebooks, "out", name)));
}

/** Names of the notebooks that fail; only one runs at a time, as some of them measure time. */
async function executeAll(names, folder) {
  const converter = openConverter(notebooks);
  const outcomes = [];
  for (const name of names) {
    const converted = join(folder, `${name}.json`);
    writeFileSync(converted, JSON.stringify(converter.convert(sourcesOf(join(notebooks, name)))));
    await outcomes.at(-1);
    outcomes.push(keepsPromises(name, converted));
  }
  converter.close();
  const kept = await Promise.all(outcomes);
  return names.filter((_, n) => !kept[n]);
}

ensureNotebookPackages();
const wanted = process.argv.slice(2).map((name) => `${name}.ipynb`);
const names = wanted.length > 0 ? wanted : readdirSync(notebooks).filter((name) => name.endsWith(".ipynb"));
const folder = mkdtempSync(join(tmpdir(), "tskeops-notebooks-"));
try {
  const broken = await executeAll(names, folder);
  const outcome = broken.length === 0 ? "all keep their promises" : `broken: ${broken.join(", ")}`;
  console.log(`\n${names.length} notebooks executed; ${outcome}`);
  process.exitCode = broken.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
