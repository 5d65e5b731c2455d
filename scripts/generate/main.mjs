/**
 * npm run generate: writes what follows from the rows of operations, reductions and options, so that it never differs
 * from them: the methods of lazy tensors, the functions of arrays, and the pages that list all rows. `npm run build:ts` begins with it.
 * `--check` writes nothing and ends with status 1 where a file is not what it would write.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { arrayMathsText } from "./arraymaths.mjs";
import { methodsText } from "./methods.mjs";
import { operationsText } from "./operations.mjs";
import { optionsText } from "./options.mjs";
import { readRows } from "./rows.mjs";

const project = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Paths below the root and texts, from the rows there. */
export function generatedFiles(root = project) {
  const rows = readRows(root);
  return [
    ["src/lazytensor/methods.ts", methodsText(rows)],
    ["src/nd/rows.ts", arrayMathsText(rows)],
    ["docs/reference/operations.md", operationsText(rows)],
    ["docs/reference/options.md", optionsText(root)],
  ];
}

const isStale = (file, text) => !existsSync(file) || readFileSync(file, "utf8") !== text;

/** Writes what has changed, so that nothing else is compiled again. */
export function generate(root = project) {
  for (const [path, text] of generatedFiles(root)) {
    const file = join(root, path);
    if (isStale(file, text)) writeFileSync(file, text);
  }
}

function check() {
  for (const [path, text] of generatedFiles()) {
    if (!isStale(join(project, path), text)) continue;
    console.error(`${path}: expected what the rows say, got something older: run \`npm run generate\``);
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes("--check")) check();
  else generate();
}
