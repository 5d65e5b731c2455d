/**
 * Opens test/web/page.ts in headless Chromium, served with the headers by which it may have threads or without, and
 * prints what it found as JSON: `{ skipped }` where there is no Chromium. The library is dist/web as it is shipped; the
 * checks of reference data are those of Node, in a bundle that holds the data.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromiumCommand, withBrowser } from "../../scripts/site/browser.mjs";
import { ISOLATED, whileServing } from "../../scripts/site/server.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");

/** Reference data by their names, which the checks read as files. */
const data = join(root, "test", "data");
const files = Object.fromEntries(
  readdirSync(data)
    .filter((name) => name.endsWith(".json"))
    .map((name) => [name, readFileSync(join(data, name), "utf8")]),
);

/** Modules of Node that the checks import, and the library. */
const inPage = {
  name: "in a page",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/src\/index$/ }, () => ({ path: "/web/index.js", external: true }));
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: "node" }));
    onLoad({ filter: /.*/, namespace: "node" }, ({ path }) => ({
      contents:
        path === "node:path"
          ? "export const join = (...parts) => parts.at(-1);"
          : `const files = ${JSON.stringify(files)}; export const readFileSync = (name) => files[name];`,
    }));
  },
};

async function bundle(folder) {
  const entryPoints = [join(here, "page.ts")];
  const define = { __dirname: '""' };
  await build({
    entryPoints,
    outfile: join(folder, "page.js"),
    bundle: true,
    format: "esm",
    define,
    plugins: [inPage],
  });
  writeFileSync(
    join(folder, "index.html"),
    `<!doctype html><link rel="icon" href="data:,"><script type="module" src="page.js"></script>`,
  );
}

async function visit({ isIsolated, wanted }) {
  const command = chromiumCommand();
  if (command === undefined) return { skipped: "there is no Chromium" };
  const folder = mkdtempSync(join(tmpdir(), "tskeops-web-"));
  try {
    await bundle(folder);
    const folders = { "/web/": join(root, "dist", "web"), "/": folder };
    const check = (base) => withBrowser(command, (browser) => checkAt(browser, base, wanted));
    return await whileServing(folders, isIsolated ? ISOLATED : {}, check);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function checkAt(browser, base, wanted) {
  const read = `window.check(${JSON.stringify(wanted)})`;
  const { errors, value } = await browser.visit(`${base}/index.html`, { until: "window.check", read });
  return { errors, value: value ?? null };
}

console.log(JSON.stringify(await visit(JSON.parse(readFileSync(0, "utf8")))));
