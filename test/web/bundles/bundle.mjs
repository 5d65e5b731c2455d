/**
 * Bundles the example with each bundler, for browsers and for Node, runs what comes out, and prints what each run says
 * as JSON, by bundler and target. Packages lie in node_modules beside this file.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import commonjs from "@rollup/plugin-commonjs";
import resolve from "@rollup/plugin-node-resolve";
import { build as esbuild } from "esbuild";
import { rollup } from "rollup";
import { build as vite } from "vite";
import webpack from "webpack";
import { chromiumCommand, openBrowser } from "../../../scripts/site/browser.mjs";
import { serve } from "../../../scripts/site/server.mjs";

const here = import.meta.dirname;
const WASM = join(here, "..", "..", "..", "dist", "web", "tskeops.wasm");

/** Ten lines, for browsers and for Node. */
const EXAMPLE = `
import { Genred, rand, ready, settings } from "tskeops";

async function main() {
  await ready();
  const x = rand([300, 3], { seed: 1, dtype: "float64" });
  const b = rand([300, 1], { seed: 2, dtype: "float64" });
  const sum = Genred("Exp(-SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)"], { axis: 1 });
  const { backend } = sum.plan(x, x, b);
  return { instructionSet: settings.instructionSet, backend, first: sum(x, x, b).data[0] };
}`;
const ENDINGS = {
  browser: `main().then((told) => (window.told = told), (error) => (window.told = { error: String(error) }));`,
  node: `main().then((told) => console.log(JSON.stringify(told)));`,
};

/** Each makes `out`/main.js of an entry. */
const BUNDLERS = {
  esbuild: (entry, out, target) =>
    esbuild({
      entryPoints: [entry],
      outfile: join(out, "main.js"),
      bundle: true,
      minify: true,
      ...FORMATS.esbuild[target],
    }),
  rollup: async (entry, out, target) => {
    const plugins = target === "browser" ? [resolve({ browser: true })] : [resolve(), commonjs()];
    const bundle = await rollup({ input: entry, plugins, external: /^node:/, onwarn: () => undefined });
    await bundle.write({ file: join(out, "main.js"), format: target === "browser" ? "es" : "cjs" });
  },
  webpack: (entry, path, target) =>
    promisify(webpack)({
      entry,
      mode: "production",
      target: target === "browser" ? "web" : "node",
      output: { path, filename: "main.js" },
      performance: false,
      optimization: { minimize: false },
    }),
  vite: (entry, outDir, target) =>
    vite({
      root: here,
      logLevel: "silent",
      ...(target === "node" && { ssr: { noExternal: true } }),
      build: {
        outDir,
        emptyOutDir: false,
        minify: false,
        ssr: target === "node",
        // The library is linked here, and so does not lie in node_modules, where it is looked for.
        commonjsOptions: { include: [/tskeops/, /dist/, /node_modules/] },
        rollupOptions: {
          input: entry,
          output: { entryFileNames: "main.js", format: target === "node" ? "cjs" : "es" },
        },
      },
      base: "./",
    }),
};
const FORMATS = { esbuild: { browser: { format: "esm" }, node: { platform: "node", format: "cjs" } } };

/** What these do not find by themselves. */
const COPIED = ["esbuild", "rollup"];

async function bundle(folder, bundler, target) {
  const out = join(folder, `${bundler}-${target}`);
  mkdirSync(out);
  const entry = join(folder, `${target}.js`);
  writeFileSync(entry, EXAMPLE + ENDINGS[target]);
  await BUNDLERS[bundler](entry, out, target);
  if (target === "browser") writeFileSync(join(out, "index.html"), '<script type="module" src="main.js"></script>');
  else writeFileSync(join(out, "package.json"), "{}");
  return out;
}

/** From another folder: what is found is found from where the script lies. */
function runInNode(out) {
  const { stdout, stderr } = spawnSync(process.execPath, [join(out, "main.js")], { cwd: tmpdir(), encoding: "utf8" });
  return { ...(stdout && JSON.parse(stdout)), stderr };
}

/** Where the library is installed, where it is not, and where the module is that somebody has copied. */
async function inNode(folder, bundler) {
  const out = await bundle(folder, bundler, "node");
  const alone = mkdtempSync(join(tmpdir(), "tskeops-bundle-"));
  try {
    copyFileSync(join(out, "main.js"), join(alone, "main.js"));
    const told = { [`${bundler}, node`]: runInNode(out), [`${bundler}, node, alone`]: runInNode(alone) };
    copyFileSync(WASM, join(alone, "tskeops.wasm"));
    return { ...told, [`${bundler}, node, with the module`]: runInNode(alone) };
  } finally {
    rmSync(alone, { recursive: true });
  }
}

async function all(folder) {
  const browser = await openBrowser(chromiumCommand());
  const server = await serve({ "/": folder });
  const visit = async (path) =>
    (await browser.visit(`${server.base}/${path}/index.html`, { until: "window.told", read: "window.told" })).value ??
    null;
  const told = {};
  try {
    for (const bundler of Object.keys(BUNDLERS)) {
      const out = await bundle(folder, bundler, "browser");
      if (COPIED.includes(bundler)) {
        told[`${bundler}, without the module`] = await visit(`${bundler}-browser`);
        copyFileSync(WASM, join(out, "tskeops.wasm"));
      }
      told[`${bundler}, browser`] = await visit(`${bundler}-browser`);
      Object.assign(told, await inNode(folder, bundler));
    }
  } finally {
    await browser.close();
    server.close();
  }
  return told;
}

/** Below this folder, where packages are found. */
const folder = mkdtempSync(join(here, "out-"));
try {
  console.log(JSON.stringify(await all(folder)));
} finally {
  rmSync(folder, { recursive: true });
}
