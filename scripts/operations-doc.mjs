/**
 * Writes docs/operations.md from the tables of operations and reductions, so that it never differs from them.
 * `--check` writes nothing and ends with status 1 where the file is not what it would write. Needs `npm run build:ts`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const file = new URL("../docs/operations.md", import.meta.url);

/** The file that the tables ask for. */
export function operationsText() {
  require("../dist/formula/parse.js"); // with it, every row has been registered
  const { entries } = require("../dist/formula/ops.js");
  const { DECLARATIONS, signature } = require("../dist/formula/arguments.js");
  const { reductions } = require("../dist/formula/reductions.js");
  const row = (left, right) => `| ${[left, right].map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const named = (rows) => [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    "# Operations and reductions",
    "",
    "Every name that a formula may call, and every reduction. Made by `npm run docs:operations` from the tables in `src/formula`.",
    "Where dims may differ, an argument of dim 1 stands for all components. `[x]` may be left out.",
    "",
    "## Arguments of a call",
    "",
    "| in a formula or an alias | meaning |",
    "| --- | --- |",
    ...[...DECLARATIONS.values()].map((entry) => row(`\`${signature(entry)}\``, entry.doc)),
    "",
    "## Operations",
    "",
    "| call | value |",
    "| --- | --- |",
    ...named(entries)
      .filter(([name]) => !DECLARATIONS.has(name))
      .map(([, entry]) => row(`\`${signature(entry)}\``, entry.doc)),
    "",
    "## Reductions",
    "",
    "| `reductionOp` | value of a row | `formula2` | `optArg` | derivative |",
    "| --- | --- | --- | --- | --- |",
    ...[...reductions].map(([name, reduction]) => reductionRow(name, reduction)),
    "",
  ].join("\n");
}

function reductionRow(name, { doc, weights, takesK, gradient }) {
  const second = { none: "", optional: "weights, optional", required: "weights" }[weights];
  return `| \`${name}\` | ${doc} | ${second} | ${takesK ? "K" : ""} | ${gradient.kind === "none" ? "none" : "any order"} |`;
}

function main() {
  if (!process.argv.includes("--check")) return writeFileSync(file, operationsText());
  if (readFileSync(file, "utf8") === operationsText()) return;
  console.error("docs/operations.md: expected what the tables say, got something older: run `npm run docs:operations`");
  process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
