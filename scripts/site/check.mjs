/**
 * npm run check:docs: holds the built site to what it promises. Every link and anchor leads somewhere; pages open in
 * headless Chromium from the disk and from a server's sub-folder, with pictures, interactive charts and search, without
 * errors and without a request to another host. Where there is no Chromium, that part is skipped, and says so.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, posix, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { chromiumCommand, withBrowser } from "./browser.mjs";
import { LIVE, MOVING, faultsOfMoving } from "./live.mjs";
import { hasModule, home, site } from "./paths.mjs";
import { whileServing } from "./server.mjs";

/** The site lies in a sub-folder. */
const FOLDER = "/some/folder/";

const faults = [];
const built = existsSync(site) ? readdirSync(site, { recursive: true }).map((name) => name.split(sep).join("/")) : [];
const htmlPages = built.filter((name) => name.endsWith(".html") && name !== "404.html");

// ------------------------------------------------------------------------------------------------------------ links

const anchors = new Map();

function anchorsOf(page) {
  if (!anchors.has(page)) {
    const found = readFileSync(join(site, page), "utf8").matchAll(/ id="([^"]*)"/g);
    anchors.set(page, new Set([...found].map(([, id]) => id)));
  }
  return anchors.get(page);
}

/** What is wrong with a link of a page, if anything. */
function faultOf(page, link) {
  if (/^(https?:|data:|mailto:)/.test(link)) return undefined;
  const [path, anchor] = link.split("#").map((part) => decodeURIComponent(part.replaceAll("&amp;", "&")));
  if (path.startsWith("/")) return "it begins at the root of the server";
  const target = path === "" ? page : posix.join(posix.dirname(page), path);
  if (!built.includes(target) || target.endsWith("/")) return "no such file";
  return anchor && !anchorsOf(target).has(anchor) ? "no such anchor" : undefined;
}

function checkLinks() {
  let count = 0;
  for (const page of htmlPages) {
    for (const [, link] of readFileSync(join(site, page), "utf8").matchAll(/ (?:href|src)="([^"]*)"/g)) {
      count++;
      const fault = faultOf(page, link);
      if (fault !== undefined) faults.push(`${page}: ${link}: ${fault}`);
    }
  }
  return count;
}

// ---------------------------------------------------------------------------------------------------------- browser

const MOUNTED = 'document.querySelector("#app").__vue_app__';
const CHART =
  'document.querySelector(".chart")?.scrollIntoView(), document.querySelector(".chart.interactive :is(svg, canvas).marks")';
const SEARCH = `(document.querySelector(".VPLocalSearchBox input") ?? document.querySelector(".DocSearch-Button"))?.click(),
  (() => {
    const input = document.querySelector(".VPLocalSearchBox input");
    if (input && input.value !== "KernelSolve") {
      input.value = "KernelSolve";
      input.dispatchEvent(new Event("input", { bubbles: true }));
    }
    return document.querySelector(".VPLocalSearchBox .result");
  })()`;
const FILTER = `(() => {
    const input = document.querySelector(".filter input");
    input.value = "sumsoftmaxweight";
    input.dispatchEvent(new Event("input", { bubbles: true }));
    return document.querySelectorAll(".vp-doc tbody tr[hidden]").length > 20;
  })()`;

/** A chart and a card have the dark ground of their theme, and neither a page nor a chart is scrolled sideways. */
const DARK = { dark: true, width: 420 };
const GROUNDS = `(() => {
    const painted = document.querySelector(".chart svg.marks > rect");
    const ground = painted && getComputedStyle(painted).fill;
    const grounds = [...document.querySelectorAll(".chart.interactive, .card .on-dark")];
    const colours = grounds.map((part) => getComputedStyle(part).backgroundColor);
    const wide = [document.documentElement, ...document.querySelectorAll(".chart")];
    const isWide = wide.some((part) => part.scrollWidth > part.clientWidth);
    return { ground, colours: [...new Set(colours)].join(), isWide };
  })()`;
const GROUND = "rgb(17, 17, 17)";
const faultsOfGrounds = ({ ground, colours, isWide }) => [
  ...(colours === GROUND ? [] : [`expected charts on dark ground, got ${colours || "none"}`]),
  ...(ground === null || ground === GROUND ? [] : [`expected a dark chart, got ${ground}`]),
  ...(isWide ? ["expected a page and charts as wide as the window, got wider ones"] : []),
];

/** Pages that are opened, what becomes true there, what is read then, what is wrong with that, and the window. */
const OPENED = [
  ["index.html", "true"],
  ["index.html", SEARCH],
  ["guide/getting-started.html", "true"],
  ["guide/porting-from-pykeops.html", FILTER],
  ["gallery/kernelsolve.html", CHART],
  ["guide/performance.html", CHART],
  ["gallery/kernelsolve.html", CHART, GROUNDS, faultsOfGrounds, DARK],
  ["gallery/index.html", 'document.querySelector(".card .on-dark")', GROUNDS, faultsOfGrounds, DARK],
  ...(hasModule() ? [["guide/web.html", LIVE, MOVING, faultsOfMoving]] : []),
  ["reference/api/index.html", "true"],
  [
    "reference/operations/functions.html",
    'document.querySelector("svg.curve") && document.querySelector("mjx-container")',
  ],
];
const LEAST_COLOURS = 40;

async function checkPages(browser, base) {
  for (const [page, until, read, faultsOf, window = {}] of OPENED) {
    const url = `${base}${page}`;
    const seen = await browser.visit(url, { until: `${MOUNTED} && (${until})`, ...(read && { read }), ...window });
    const elsewhere = seen.urls.filter((asked) => !asked.startsWith(base) && !/^(data|blob):/.test(asked));
    const wrong = [
      ...seen.errors,
      ...elsewhere.map((asked) => `it asks another host: ${asked}`),
      ...(faultsOf?.(seen.value) ?? []),
      ...(seen.isReady ? [] : [`expected that ${until.slice(0, 60)} ..., got nothing`]),
      ...(seen.colours >= LEAST_COLOURS ? [] : [`expected a picture of ${LEAST_COLOURS} colours, got ${seen.colours}`]),
    ];
    faults.push(...wrong.map((fault) => `${url}: ${fault}`));
    keepPicture(`${window.dark ? "dark-" : ""}${page}`, seen.png);
  }
}

/** No page is scrolled sideways in a narrow window. */
async function checkWidths(browser, base) {
  const { width } = DARK;
  for (const page of htmlPages) {
    const { value } = await browser.visit(`${base}${page}`, {
      width,
      until: MOUNTED,
      read: "document.documentElement.scrollWidth",
    });
    if (!(value <= width)) faults.push(`${page}: expected at most ${width} pixels in a narrow window, got ${value}`);
  }
}

/** Screenshots are kept for eyes. */
function keepPicture(page, png) {
  const folder = join(home, "cache", "screenshots");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${page.replaceAll("/", "-").replace(".html", "")}.png`), png);
}

async function checkInBrowser() {
  const command = chromiumCommand();
  if (command === undefined) return "opening pages: skipped: there is no Chromium";
  const checkBoth = async (browser, base) => {
    for (const each of [`${pathToFileURL(site)}/`, `${base}${FOLDER}`]) await checkPages(browser, each);
  };
  await whileServing({ [FOLDER]: site }, {}, (base) => withBrowser(command, (browser) => checkBoth(browser, base)));
  await withBrowser(command, (browser) => checkWidths(browser, `${pathToFileURL(site)}/`));
  const live = hasModule() ? "" : "; the page of points to move: skipped: there is no WebAssembly";
  return `${OPENED.length} pages opened from the disk and from a server${live}`;
}

if (htmlPages.length === 0) faults.push(`${dirname(site)}: expected a site, got none: run \`npm run docs\``);
else console.log(`${checkLinks()} links of ${htmlPages.length} pages checked; ${await checkInBrowser()}`);
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
