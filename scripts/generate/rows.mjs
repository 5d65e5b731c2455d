/** The rows of operations and reductions, read from src/formula as it stands: nothing has to be built before. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import ts from "typescript";

const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true };

/** Modules of TypeScript run without their types. */
createRequire(import.meta.url).extensions[".ts"] = (module, file) => {
  const { outputText } = ts.transpileModule(readFileSync(file, "utf8"), { compilerOptions, fileName: file });
  module._compile(outputText, file);
};

/** What the generators read of src/formula below the root. */
export function readRows(root) {
  const require = createRequire(join(root, "src", "formula", "ops.ts"));
  require("./parse"); // with it, every row has been registered
  const named = [...require("./ops").entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
  return {
    ...require("./arguments"),
    ...require("./autodiff"),
    ...require("./formula"),
    ...require("./ops"),
    operations: named,
    reductions: [...require("./reductions").reductions.values()],
  };
}
