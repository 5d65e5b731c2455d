/**
 * Bundles the example with each bundler, for browsers and for Node, runs what comes out, and prints what each run says
 * as JSON, by bundler and target. Packages lie in node_modules beside this file.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import commonjs from "@rollup/plugin-commonjs";
import resolve from "@rollup/plugin-node-resolve";
import { build as esbuild } from "esbuild";
import { rollup } from "rollup";
import { build as vite } from "vite";
import webpack from "webpack";
import { chromiumCommand, withBrowser } from "../../../scripts/site/browser.mjs";
import { whileServing } from "../../../scripts/site/server.mjs";

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
const PRINTING = `main().then((told) => console.log(JSON.stringify(told)));`;
const ENDINGS = {
  browser: `main().then((told) => (window.told = told), (error) => (window.told = { error: String(error) }));`,
  node: PRINTING,
  module: PRINTING,
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
    const bundle = await (target === "browser" ? rolledForBrowsers(entry) : rolledForNode(entry));
    await bundle.write({ file: join(out, "main.js"), format: target === "node" ? "cjs" : "es" });
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
const rolled = (input, plugins) => rollup({ input, plugins, external: /^node:/, onwarn: () => undefined });
const rolledForBrowsers = (entry) => rolled(entry, [resolve({ browser: true })]);
/** Read once for CommonJS and ES modules, whose entries are the same. */
let forNode;
const rolledForNode = (entry) => (forNode ??= rolled(entry, [resolve(), commonjs()]));
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
  else writeFileSync(join(out, "package.json"), target === "module" ? '{ "type": "module" }' : "{}");
  return out;
}

/** From another folder: what is found is found from where the script lies. */
function runInNode(script, cwd = tmpdir()) {
  const { stdout, stderr } = spawnSync(process.execPath, [script], { cwd, encoding: "utf8" });
  return { ...(stdout && JSON.parse(stdout)), stderr };
}

/**
 * Where the library is installed, where it is not, and where the module is that somebody has copied: started by its path
 * or by a link, and loaded by a script that lies where a module is, too.
 */
async function inNode(folder, bundler, target = "node") {
  const out = await bundle(folder, bundler, target);
  const name = `${bundler}, ${target}`;
  const alone = mkdtempSync(join(tmpdir(), "tskeops-bundle-"));
  try {
    const [main, link] = [join(alone, "main.js"), join(folder, `${bundler}-${target}-link.js`)];
    for (const file of ["main.js", "package.json"]) copyFileSync(join(out, file), join(alone, file));
    symlinkSync(main, link);
    const loader = writeLoader(folder, name, main);
    const told = {
      [name]: runInNode(join(out, "main.js")),
      [`${name}, alone`]: runInNode(main, dirname(loader)),
      [`${name}, loaded from elsewhere`]: runInNode(loader, dirname(loader)),
    };
    copyFileSync(WASM, join(alone, "tskeops.wasm"));
    return {
      ...told,
      [`${name}, with the module`]: runInNode(main),
      [`${name}, with the module, by a link`]: runInNode(link),
      [`${name}, with the module, loaded from elsewhere`]: runInNode(loader, dirname(loader)),
    };
  } finally {
    rmSync(alone, { recursive: true });
  }
}

/** A script below the packages, beside a module: neither is the bundle's. */
function writeLoader(folder, name, main) {
  const beside = join(folder, `loads ${name}`);
  mkdirSync(beside);
  copyFileSync(WASM, join(beside, "tskeops.wasm"));
  writeFileSync(join(beside, "main.mjs"), `import ${JSON.stringify(pathToFileURL(main).href)};`);
  return join(beside, "main.mjs");
}

async function all(folder, browser, base) {
  const visit = async (path) =>
    (await browser.visit(`${base}/${path}/index.html`, { until: "window.told", read: "window.told" })).value ?? null;
  const told = {};
  for (const bundler of Object.keys(BUNDLERS)) {
    const out = await bundle(folder, bundler, "browser");
    if (COPIED.includes(bundler)) {
      told[`${bundler}, without the module`] = await visit(`${bundler}-browser`);
      copyFileSync(WASM, join(out, "tskeops.wasm"));
    }
    told[`${bundler}, browser`] = await visit(`${bundler}-browser`);
    Object.assign(told, await inNode(folder, bundler));
  }
  return { ...told, ...(await inNode(folder, "rollup", "module")) };
}

/** Below this folder, where packages are found. */
const folder = mkdtempSync(join(here, "out-"));
try {
  const inBrowser = (base) => withBrowser(chromiumCommand(), (browser) => all(folder, browser, base));
  console.log(JSON.stringify(await whileServing({ "/": folder }, {}, inBrowser)));
} finally {
  rmSync(folder, { recursive: true });
}
