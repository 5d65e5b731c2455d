// Rows of WebAssembly, which serves where no native addon does: in Node, and in a page of Chromium where that is there.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromiumCommand, withBrowser } from "../scripts/site/browser.mjs";
import { ISOLATED, whileServing } from "../scripts/site/server.mjs";
import { SUMS, aliasesOf, labelOf } from "./cases.mjs";
import { Worker, timeOn } from "./workers.mjs";

/** The first of the sums: a Gaussian of 10 000 points. */
const [SUM] = SUMS;
const DTYPES = ["float32", "float64"];
const PLACES = [
  { name: `WebAssembly in Node: ${labelOf(SUM)}`, time: timeInNode },
  { name: `WebAssembly in Chromium: ${labelOf(SUM)}`, time: timeInPage },
];

/** Seconds and threads by dtype of each place, or why there are none. */
export async function timeWebAssembly(run, root) {
  for (const { name, time } of PLACES.filter((place) => run.isWanted(place.name))) {
    const found = existsSync(join(root, "dist", "web", "tskeops.wasm"))
      ? await time(run, root)
      : { failed: "not run: there is no WebAssembly, which npm run build:wasm makes" };
    for (const dtype of DTYPES) run.report({ name, dtype, engine: "tiles", ...rowOf(found, dtype) });
  }
}

function rowOf({ failed, seconds, threads }, dtype) {
  if (failed !== undefined) return { failed };
  return { seconds: seconds[dtype], gigapairs: (SUM.m * SUM.n) / seconds[dtype] / 1e9, threads };
}

async function timeInNode({ seconds: wanted }, root) {
  const worker = new Worker(root, "this", "baseline", { TSKEOPS_ADDON: "wasm" });
  try {
    const { threads } = await worker.ask({ do: "about" });
    const seconds = {};
    for (const dtype of DTYPES) {
      const [{ failed, times }] = await timeOn([worker], { kind: "sum", row: SUM, dtype, engine: "tiles" }, wanted);
      if (failed !== undefined) return { failed };
      seconds[dtype] = times.seconds;
    }
    return { seconds, threads };
  } finally {
    worker.end();
  }
}

/** The best of repetitions by the clock: a page has no processor seconds. */
const PAGE = `
import { Genred, rand, ready } from "/web/index.js";
window.time = async (milliseconds) => {
  const { threads } = await ready();
  const K = Genred(${JSON.stringify(SUM.formula)}, ${JSON.stringify(aliasesOf(SUM))}, { axis: 1 });
  const seconds = {};
  for (const dtype of ${JSON.stringify(DTYPES)}) {
    const [x, y, b] = [${SUM.d}, ${SUM.d}, ${SUM.dv}].map((dim, k) => rand([${SUM.n}, dim], { dtype, seed: k + 1 }));
    let [least, spent] = [Infinity, 0];
    for (let warm = 0; warm < 3; warm++) K(x, y, b, 50); // the browser compiles what is called often once more
    for (let k = 0; spent < milliseconds || k < 5; k++) {
      const begin = performance.now();
      K(x, y, b, 50);
      const once = performance.now() - begin;
[least, spent] = [Math.min(least, once), spent + once];
    }
    seconds[dtype] = least / 1000;
  }
  return { seconds, threads };
};`;

async function timeInPage({ seconds }, root) {
  const command = chromiumCommand();
  if (command === undefined) return { failed: "not run: there is no Chromium" };
  const folder = mkdtempSync(join(tmpdir(), "tskeops-bench-page-"));
  try {
    writePage(folder);
    const folders = { "/web/": join(root, "dist", "web"), "/": folder };
    const time = (base) => withBrowser(command, (browser) => timeAt(browser, base, seconds));
    return await whileServing(folders, ISOLATED, time);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function writePage(folder) {
  writeFileSync(join(folder, "page.js"), PAGE);
  writeFileSync(
    join(folder, "index.html"),
    `<!doctype html><link rel="icon" href="data:,"><script type="module" src="page.js"></script>`,
  );
}

async function timeAt(browser, base, seconds) {
  const read = `window.time(${String(1000 * seconds)})`;
  const { errors, value } = await browser.visit(`${base}/index.html`, { until: "window.time", read });
  return value ?? { failed: errors.join("; ") };
}
