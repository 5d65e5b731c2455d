/**
 * npm run check:jupyterlab: the notebooks in JupyterLab itself, where `jupyter lab` is installed, in headless Chromium:
 * with their outputs (as `npm run notebooks` leaves them) and without, light and dark; then one is run with the kernel
 * of `npm run kernel`. Screenshots of pages and of their charts are left in notebooks/out/jupyterlab; look at them. Names
 * choose notebooks, `--run NAME` what is run, `--kind with` those with outputs alone, `--theme dark` one theme, and
 * `--width 420` a narrow window.
 */
import { randomUUID } from "node:crypto";
import { spawn, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { notebooks, root } from "./notebook-packages.mjs";
import { chromiumCommand, withBrowser } from "./site/browser.mjs";

const folder = join(notebooks, "out", "jupyterlab");
const VEGA = "application/vnd.vegalite.v5+json";
const TOKEN = randomUUID();
const GIVEN = parseArgs({
  allowPositionals: true,
  options: {
    width: { type: "string", default: "1200" },
    kind: { type: "string", multiple: true, default: ["with", "without"] },
    run: { type: "string", multiple: true, default: ["kernelsolve"] },
    theme: { type: "string", multiple: true, default: ["light", "dark"] },
  },
});
const JUPYTER = process.env.JUPYTER ?? "jupyter";
const THEMES = { light: "Light", dark: "Dark" };

/** What users would choose once: all cells drawn, though not in view, and no news. */
const settingsOf = (theme) => ({
  "notebook-extension/tracker": { windowingMode: "none" },
  "apputils-extension/themes": { theme },
  "apputils-extension/notification": { fetchNews: "false", checkForUpdates: false },
});

/** The debugger, which tslab has none of, logs errors. */
const PAGE_CONFIG = { disabledExtensions: { "@jupyterlab/debugger-extension": true } };

function writeSettings(place, theme) {
  mkdirSync(join(place, "labconfig"), { recursive: true });
  writeFileSync(join(place, "labconfig", "page_config.json"), JSON.stringify(PAGE_CONFIG));
  for (const [name, value] of Object.entries(settingsOf(theme))) {
    const file = join(place, "settings", "@jupyterlab", `${name}.jupyterlab-settings`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(value));
  }
}

/** Starts a server that writes its own files into `place` alone; resolves to its address and what ends it. */
async function openServer(place, theme) {
  writeSettings(place, theme);
  const options = {
    "ServerApp.root_dir": folder,
    "IdentityProvider.token": TOKEN,
    "ServerApp.port": 8899,
    "LabApp.user_settings_dir": join(place, "settings"),
    "LabApp.workspaces_dir": join(place, "workspaces"),
    "LabApp.expose_app_in_browser": "True",
  };
  const given = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const child = spawn(JUPYTER, ["lab", "--no-browser", "--allow-root", ...given], {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      ...process.env,
      JUPYTER_PATH: join(root, ".jupyter"),
      JUPYTER_CONFIG_DIR: place,
      JUPYTER_RUNTIME_DIR: place,
    },
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const close = () => (child.kill("SIGTERM"), ended);
  return { url: await addressOf(child), close };
}

/** The address that the server tells when it is ready. */
const addressOf = (child) =>
  new Promise((resolve, reject) => {
    let text = "";
    child.stderr.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
      const told = /http:\/\/localhost:\d+(?=\/lab)/.exec(text);
      if (told) resolve(told[0]);
    });
    child.once("exit", () => reject(new Error(`jupyter lab ended:\n${text}`)));
  });

const CHARTS = `[...document.querySelectorAll(".vega-embed :is(svg, canvas).marks")]`;
const PAGE = {
  charts: `${CHARTS}.length`,
  places: `${CHARTS}.map((chart) => chart.closest(".jp-OutputArea-output").getBoundingClientRect().toJSON())`,
  wide: `[...document.querySelectorAll(".jp-Cell :is(svg.marks, canvas.marks, img, table)")].filter((shown) => {
    const [area, cell] = [".jp-OutputArea-output", ".jp-Cell"].map((name) => shown.closest(name));
    const isBeyond = shown.getBoundingClientRect().right > cell.getBoundingClientRect().right;
    return isBeyond || area?.scrollWidth > area?.clientWidth;
  }).length`,
  cells: `document.querySelectorAll(".jp-Notebook .jp-Cell").length`,
  isIdle: `globalThis.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === "idle"`,
  failures: `document.querySelectorAll('.jp-RenderedText[data-mime-type="application/vnd.jupyter.error"]').length`,
};

const SEEN = `{ charts: ${PAGE.charts}, failures: ${PAGE.failures}, wide: ${PAGE.wide} }`;

/** Drives the notebook that is open: commands are JupyterLab's own. */
const driver = `
  const command = (name) => globalThis.jupyterapp.commands.execute("notebook:" + name);
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const until = async (holds) => { for (let n = 0; n < 2400 && !holds(); n++) await pause(50); };
  const isIdle = () => ${PAGE.isIdle};`;
const driven = (steps) => `(async () => {${driver} ${steps}})()`;

function cellsOf(file) {
  const { cells } = JSON.parse(readFileSync(file, "utf8"));
  return {
    count: cells.length,
    charts: cells.flatMap(({ outputs = [] }) => outputs).filter((o) => o.data?.[VEGA]).length,
  };
}

/** Ends all kernels. */
async function endSessions(url) {
  const headers = { Authorization: `token ${TOKEN}` };
  const sessions = await (await globalThis.fetch(`${url}/api/sessions`, { headers })).json();
  for (const { id } of sessions) await globalThis.fetch(`${url}/api/sessions/${id}`, { method: "DELETE", headers });
}

/** Opens a notebook and tells what is wrong with it, in words. */
async function faultsOf(browser, url, name, shot, options) {
  const { count, charts } = cellsOf(join(folder, name));
  const seen = await browser.visit(`${url}/doc/tree/${name}?token=${TOKEN}`, {
    width: Number(GIVEN.values.width),
    height: 14000,
    until: `${PAGE.cells} >= ${count} && ${PAGE.charts} >= ${charts} && ${PAGE.isIdle}`,
    read: driven(`await pause(1000); return ${SEEN};`),
    parts: PAGE.places,
    patience: 90000,
    ...options,
  });
  writeFileSync(join(folder, `${shot}.png`), seen.png);
  seen.pictures.forEach((png, n) => writeFileSync(join(folder, `${shot}.${n}.png`), png));
  await endSessions(url);
  const elsewhere = seen.urls.filter((asked) => !asked.startsWith(url) && !/^(data|blob):/.test(asked));
  const faults = [...seen.errors, ...elsewhere.map((asked) => `it asks another host: ${asked}`)];
  if (!seen.isReady)
    faults.push(`expected ${count} cells, ${charts} charts and a kernel, got ${JSON.stringify(seen.value)}`);
  if (seen.value?.wide > 0) faults.push(`expected no output to be scrolled sideways, got ${seen.value.wide}`);
  return { ...seen, faults: faults.map((fault) => `${shot}: ${fault}`) };
}

/** Runs a notebook that has no outputs; all its charts and no error must be there. */
async function runFaults(browser, url, name) {
  const { charts } = cellsOf(join(folder, "with", `${name}.ipynb`));
  const read = driven(`
    await command("run-all-cells");
    await until(() => ${PAGE.charts} >= ${charts} && isIdle());
    await pause(1000);
    return ${SEEN};`);
  const { value, faults } = await faultsOf(browser, url, `without/${name}.ipynb`, `${name}.run`, { read });
  if (value?.failures !== 0 || value.charts < charts)
    faults.push(`${name}.run: expected ${charts} charts, got ${JSON.stringify(value)}`);
  return told(faults);
}

function told(faults) {
  for (const fault of faults) console.error(fault);
  return faults;
}

/** Copies of the notebooks, with outputs and without, so that nothing that is opened is written to. */
function copyNotebooks(names) {
  for (const [kind, from] of [
    ["with", join(notebooks, "out")],
    ["without", notebooks],
  ]) {
    mkdirSync(join(folder, kind), { recursive: true });
    for (const name of names) copyFileSync(join(from, `${name}.ipynb`), join(folder, kind, `${name}.ipynb`));
  }
}

async function checkAll(browser, url, names, theme) {
  const faults = [];
  for (const name of names)
    for (const kind of GIVEN.values.kind) {
      const shot = `${name}.${kind}.${theme}.${GIVEN.values.width}`;
      const { faults: found } = await faultsOf(browser, url, `${kind}/${name}.ipynb`, shot);
      faults.push(...told(found));
    }
  return faults;
}

async function runAll(browser, url, names) {
  const faults = [];
  for (const name of names) faults.push(...(await runFaults(browser, url, name)));
  return faults;
}

async function withServer(theme, use) {
  const place = mkdtempSync(join(tmpdir(), "tskeops-jupyterlab-"));
  const server = await openServer(place, theme);
  try {
    return await use(server.url);
  } finally {
    await server.close();
    rmSync(place, { recursive: true, force: true });
  }
}

function skip(why) {
  console.log(`JupyterLab: skipped: ${why}`);
}

async function main() {
  const command = chromiumCommand();
  if (command === undefined) return skip("there is no Chromium");
  if (spawnSync(JUPYTER, ["lab", "--version"]).status !== 0) return skip("`jupyter lab` is not installed");
  const executed = join(notebooks, "out");
  const all = existsSync(executed) ? readdirSync(executed).filter((name) => name.endsWith(".ipynb")) : [];
  const named = GIVEN.positionals;
  const names = named.length > 0 ? named : all.map((name) => basename(name, ".ipynb"));
  const opened = [...new Set([...names, ...GIVEN.values.run])];
  const missing = opened.filter((name) => !all.includes(`${name}.ipynb`));
  if (missing.length > 0)
    throw new Error(`notebooks/out: expected executed notebooks, got no ${missing.join(", ")}: \`npm run notebooks\``);
  spawnSync(process.execPath, [join(root, "scripts", "install-kernel.mjs")], { stdio: "ignore" });
  copyNotebooks(opened);
  const faults = await withBrowser(command, async (browser) => {
    const found = [];
    for (const theme of GIVEN.values.theme)
      await withServer(`JupyterLab ${THEMES[theme]}`, async (url) => {
        found.push(...(await checkAll(browser, url, names, theme)));
        if (theme === "light") found.push(...(await runAll(browser, url, GIVEN.values.run)));
      });
    return found;
  });
  console.log(`${names.length} notebooks in JupyterLab, ${faults.length} faults`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}

await main();
