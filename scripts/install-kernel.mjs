// Writes the TypeScript kernel's description into .jupyter/ of this project, and says how to start Jupyter with it.
// Nothing outside the project is touched: JUPYTER_PATH tells Jupyter where to look.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureNotebookPackages, notebooks, root } from "./notebook-packages.mjs";

ensureNotebookPackages();
const tslab = join(root, "scripts", "tslab-kernel.cjs");
const description = {
  argv: [process.execPath, tslab, "kernel", "--config-path", "{connection_file}"],
  display_name: "TypeScript",
  language: "typescript",
};
const folder = join(root, ".jupyter", "kernels", "tslab");
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "kernel.json"), `${JSON.stringify(description, null, 2)}\n`);
console.log(`Kernel "tslab" (TypeScript) written to ${folder}. Start Jupyter with:\n`);
console.log(`  JUPYTER_PATH="${join(root, ".jupyter")}" jupyter lab "${notebooks}"`);
