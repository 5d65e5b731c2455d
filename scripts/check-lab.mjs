/**
 * npm run check:lab: executed notebooks (notebooks/out, or the files that are named) as JupyterLab shows their outputs:
 * its renderers in headless Chromium, which come from npm into test/lab/node_modules. Every chart must become one, in a
 * narrow window no wider than that, and nothing may be logged as an error or asked of a host. Screenshots are left in
 * notebooks/out/lab; look at them.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { ensurePackages, notebooks, root } from "./notebook-packages.mjs";
import { chromiumCommand, withBrowser } from "./site/browser.mjs";

const lab = join(root, "test", "lab");
const folder = join(notebooks, "out");
const shots = join(folder, "lab");
const VEGA = "application/vnd.vegalite.v5+json";

/** Writes the pages' script and style. */
async function bundle() {
  const require = createRequire(join(lab, "package.json"));
  await require("esbuild").build({
    entryPoints: [join(lab, "page.mjs")],
    outfile: join(shots, "page.js"),
    bundle: true,
    loader: { ".svg": "text" },
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "error",
  });
  const theme = require.resolve("@jupyterlab/theme-light-extension/style/variables.css");
  appendFileSync(join(shots, "page.css"), readFileSync(theme, "utf8"));
}

const pageOf = (outputs) =>
  `<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="page.css"><body style="background: white">` +
  `<script src="page.js"></script><script>show(${JSON.stringify(outputs).replaceAll("<", "\\u003c")})</script>`;

/** Outputs with their texts in one piece, as Jupyter loads them. */
function outputsOf(file) {
  const { cells } = JSON.parse(readFileSync(file, "utf8"));
  const joined = (value) => (Array.isArray(value) ? value.join("") : value);
  return cells
    .flatMap(({ outputs = [] }) => outputs)
    .map(({ text, data, ...rest }) => ({
      ...rest,
      ...(text !== undefined && { text: joined(text) }),
      ...(data && { data: Object.fromEntries(Object.entries(data).map(([type, value]) => [type, joined(value)])) }),
    }));
}

const CHARTS = `[...document.querySelectorAll(".vega-embed :is(svg, canvas).marks")]`;
const DRAWN = `${CHARTS}.length`;
const NARROW = 420;

/** How far the widest chart of a page goes in a narrow window, in pixels. */
async function widest(browser, page, charts) {
  const read = `Math.max(0, ...${CHARTS}.map((chart) => chart.getBoundingClientRect().right))`;
  return (await browser.visit(page, { width: NARROW, until: `${DRAWN} >= ${charts}`, read })).value;
}

/** What is wrong with a notebook, in words. */
async function faultsOf(browser, file) {
  const outputs = outputsOf(file);
  const charts = outputs.filter(({ data }) => data?.[VEGA]).length;
  const page = join(shots, `${basename(file, ".ipynb")}.html`);
  writeFileSync(page, pageOf(outputs));
  const { href } = pathToFileURL(page);
  const seen = await browser.visit(href, { height: 3000, until: `${DRAWN} >= ${charts}`, read: DRAWN });
  const reached = await widest(browser, href, charts);
  writeFileSync(page.replace(/html$/, "png"), seen.png);
  const elsewhere = seen.urls.filter((url) => !/^(file|data|blob):/.test(url));
  return [
    ...seen.errors,
    ...elsewhere.map((url) => `it asks another host: ${url}`),
    ...(seen.isReady ? [] : [`expected ${charts} charts, got ${seen.value}`]),
    ...(reached <= NARROW ? [] : [`expected charts within ${NARROW} pixels, got one that goes to ${reached}`]),
  ].map((fault) => `${basename(file)}: ${fault}`);
}

async function allFaults(browser, files) {
  const faults = [];
  for (const file of files) faults.push(...(await faultsOf(browser, file)));
  return faults;
}

/** What is skipped where nobody reads along has failed. */
function skip(why) {
  console.log(`JupyterLab's renderers: skipped: ${why}`);
  process.exitCode = process.env.CI ? 1 : 0;
}

async function main() {
  const command = chromiumCommand();
  if (command === undefined) return skip("there is no Chromium");
  const named = process.argv.slice(2);
  const executed = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".ipynb")) : [];
  const files = named.length > 0 ? named : executed.map((name) => join(folder, name));
  if (files.length === 0) throw new Error("notebooks/out: expected executed notebooks, got none: `npm run notebooks`");
  ensurePackages(lab, "JupyterLab's renderers");
  mkdirSync(shots, { recursive: true });
  await bundle();
  const faults = await withBrowser(command, (browser) => allFaults(browser, files));
  for (const fault of faults) console.error(fault);
  console.log(`${files.length} notebooks in JupyterLab's renderers, ${faults.length} faults`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}

await main();
