// Executes all notebooks, each in a process of its own, and checks what came out: node scripts/notebooks.mjs
import "./require-built.mjs";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { notebooks, root } from "./notebook-packages.mjs";

function run(script, file) {
  return spawnSync(process.execPath, [join(root, "scripts", script), file], { stdio: "inherit" }).status === 0;
}

const names = readdirSync(notebooks).filter((name) => name.endsWith(".ipynb"));
const broken = names.filter((name) => {
  const ok = run("run-notebook.mjs", join(notebooks, name)) && run("check-notebook.mjs", join(notebooks, "out", name));
  return !ok;
});
console.log(
  `\n${names.length} notebooks executed; ${broken.length === 0 ? "all keep their promises" : `broken: ${broken.join(", ")}`}`,
);
process.exitCode = broken.length === 0 ? 0 : 1;
