/**
 * npm run build:web: makes dist/web of src/web.mts, an ES module for browsers, with the WebAssembly module beside it where
 * that is built. What depends on Node has a half for browsers, in the one table here; src knows nothing of the exchange.
 */
import { copyFileSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const src = join(root, "src");

/** What Node has, and what stands in its place in browsers. */
const HALVES = {
  "platform/process": "browser/page",
  "device/addonfiles": "browser/webmodule",
  "device/compiled": "browser/nocompiler",
  "device/cuda": "browser/nocuda",
};

export const web = join(root, "dist", "web");
const wasm = join(root, "build-wasm", "tskeops.wasm");

const halves = {
  name: "halves",
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) => {
      const file = relative(src, join(resolveDir, path)).split(sep).join("/");
      const half = HALVES[file.replace(/\.js$/, "")];
      return half === undefined ? undefined : { path: join(src, `${half}.ts`) };
    }),
};

const COMMON = { bundle: true, target: "es2022", platform: "browser", plugins: [halves], absWorkingDir: root };

/** The program of workers, which the script holds as text. */
async function workerProgram() {
  const entryPoints = [join(src, "browser", "worker.ts")];
  const { outputFiles } = await build({ ...COMMON, entryPoints, format: "iife", minify: true, write: false });
  return outputFiles[0].text;
}

async function buildWeb() {
  await build({
    ...COMMON,
    entryPoints: [join(src, "web.mts")],
    outfile: join(web, "index.js"),
    format: "esm",
    minifyWhitespace: true, // not names: programs that are bundled shorten those themselves
    minifySyntax: true,
    sourcemap: "external", // for those who look into a build; the script goes without
    define: { TSKEOPS_WORKER: JSON.stringify(await workerProgram()) },
  });
  writeFileSync(join(web, "package.json"), '{ "type": "module" }\n');
}

/** The module beside the script; none where it is not built. */
export function placeModule() {
  rmSync(join(web, "tskeops.wasm"), { force: true });
  if (existsSync(wasm)) copyFileSync(wasm, join(web, "tskeops.wasm"));
  return existsSync(wasm);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildWeb();
  if (!placeModule()) console.log("dist/web: no WebAssembly: npm run build:wasm makes it, with emscripten");
}
