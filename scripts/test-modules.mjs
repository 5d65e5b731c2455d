/**
 * The library in other hands: a ten-line example as ES module and as CommonJS on Node 20, 22, 24, Deno and Bun; its
 * declarations under TypeScript 5.0 and the newest; cells in Deno's Jupyter kernel. All come from npm into
 * test/modules/node_modules. Ends with a line "N passed, N failed, N skipped".
 */
import "./require-built.mjs";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import deno from "../test/modules/deno.cjs";
import { ensureNotebookPackages, ensurePackages } from "./notebook-packages.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const fixture = join(root, "test", "modules");
const fetched = (...parts) => join(fixture, "node_modules", ...parts);

const RUNTIMES = [
  ["this Node", [process.execPath]],
  ["Node 22", [fetched("node-22", "bin", "node")]],
  ["Node 24", [fetched("node-24", "bin", "node")]],
  ["Bun", [fetched("@oven", "bun-linux-x64", "bin", "bun")]],
  ["Deno", [deno, "run", "--allow-all"]],
];
const COMPILERS = ["typescript-5.0", "typescript-newest"];
const RIGHT = /^(baseline|avx2|avx512|wasm) 7\.4 78\.4 155\.7\n$/;

let folder;

/** What a check says: its own words, and null where it could not be made. */
function rows() {
  const run = (command, ...args) => spawnSync(command, args, { cwd: folder, encoding: "utf8", timeout: 120_000 });
  const engines = RUNTIMES.flatMap(([name, [command, ...args]]) =>
    ["example.mjs", "example.cjs"].map((file) => {
      if (!existsSync(command)) return [`${name}, ${file}`, "skipped", "npm has none for this machine"];
      const { stdout, stderr } = run(command, ...args, file);
      const version = run(command, "--version").stdout.trim().split("\n")[0];
      return [`${name} (${version}), ${file}`, RIGHT.test(stdout) ? "passed" : "failed", `${stdout}${stderr}`.trim()];
    }),
  );
  const types = COMPILERS.map((name) => {
    const { stdout, stderr } = run(process.execPath, join(fixture, "compile.mjs"), fetched(name, "bin", "tsc"), folder);
    const said = `${stdout}${stderr}`.trim();
    return [`declarations under ${name}`, said === "" ? "passed" : "failed", said];
  });
  return [...engines, ...types, denoKernel()];
}

/** Cells with arrays, charts and progress; jest speaks Jupyter's protocol, and skips them where there is no Deno. */
function denoKernel() {
  const name = "Deno's Jupyter kernel";
  if (!existsSync(deno)) return [name, "failed", `expected ${deno}, got none`];
  const jest = join(root, "node_modules", "jest", "bin", "jest.js");
  const { status, stderr } = spawnSync(process.execPath, [jest, "notebook/deno"], { cwd: root, encoding: "utf8" });
  const isPassed = status === 0 && !/^Tests: .*\bskipped/m.test(stderr);
  return [name, isPassed ? "passed" : "failed", isPassed ? "" : stderr.trim()];
}

function main() {
  folder = mkdtempSync(join(tmpdir(), "tskeops-modules-"));
  try {
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(root, join(folder, "node_modules", "tskeops"));
    writeFileSync(join(folder, "package.json"), '{ "dependencies": { "tskeops": "*" } }'); // Deno asks for it
    for (const file of ["example.mjs", "example.cjs"]) copyFileSync(join(fixture, file), join(folder, file));
    const found = rows();
    for (const [name, outcome, said] of found) console.log(`${outcome}: ${name}: ${said}`);
    const count = (wanted) => found.filter(([, outcome]) => outcome === wanted).length;
    console.log(`${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`);
    process.exitCode = count("failed") > 0 ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

ensurePackages(fixture, "other runtimes and compilers");
ensureNotebookPackages(); // Jupyter's protocol is spoken by one of them
main();
