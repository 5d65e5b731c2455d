/**
 * npm run docs: builds the site, from nothing, to docs/.vitepress/dist. `npm run docs:dev` (`--dev`) serves it, and shows
 * what is saved in docs/ as it is saved. Notebooks are executed only where they have not been.
 */
import "../require-built.mjs";
import { spawn, spawnSync } from "node:child_process";
import { watch } from "node:fs";
import { join, relative } from "node:path";
import { ensureNotebookPackages, ensurePackages } from "../notebook-packages.mjs";
import { unexecuted } from "./gallery.mjs";
import { writePages } from "./pages.mjs";
import { home, root, site } from "./paths.mjs";
import { makePortable } from "./portable.mjs";

function run(...command) {
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: "inherit" });
  if (status !== 0) throw new Error(`${relative(root, command[0])}: failed, see above`);
}

/** Everything that pages are made of. */
async function prepare() {
  ensurePackages(home, "the site's packages (VitePress, vega)");
  ensureNotebookPackages();
  for (const name of unexecuted())
    run(join(root, "scripts", "run-notebook.mjs"), join(root, "notebooks", `${name}.ipynb`));
  run(join(root, "node_modules", "typedoc", "bin", "typedoc"));
  await writePages();
}

const vitepress = () => join(home, "node_modules", "vitepress", "bin", "vitepress.js");

function build() {
  run(vitepress(), "build", join(root, "docs"));
  console.log(`${makePortable()} pages: open ${relative(root, join(site, "index.html"))}`);
}

/** Milliseconds in which what an editor writes belongs together. */
const QUIET = 200;

function serve() {
  let timer;
  watch(join(root, "docs"), { recursive: true }, (_, file) => {
    if (file === null || file.startsWith(".vitepress")) return;
    clearTimeout(timer);
    timer = setTimeout(writePages, QUIET);
  });
  const server = spawn(process.execPath, [vitepress(), "dev", join(root, "docs")], { cwd: root, stdio: "inherit" });
  server.on("exit", (status) => process.exit(status ?? 1));
}

await prepare();
if (process.argv.includes("--dev")) serve();
else build();
