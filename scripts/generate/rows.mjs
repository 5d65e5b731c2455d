/** The rows of operations and reductions, read from src/formula as it stands: nothing has to be built before. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { transformSync } from "esbuild";

const options = { loader: "ts", format: "cjs", target: "es2022" };

/** Modules of TypeScript run without their types. */
createRequire(import.meta.url).extensions[".ts"] = (module, file) => {
  module._compile(transformSync(readFileSync(file, "utf8"), options).code, file);
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
