/**
 * The gallery: every executed notebook as a page, and a page of their thumbnails. A chart is its picture, which becomes
 * an interactive chart when it is looked at. Knows the format of notebooks, and nothing of how pages are drawn.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { chartText, darkPngOf, inDark, svgOf, withBothThemes } from "./charts.mjs";
import { isThere, root, turnLinks } from "./paths.mjs";

const VEGA = "application/vnd.vegalite.v5+json";
const textOf = (source) => [source ?? ""].flat().join("");

/** Names of all notebooks, in the order of the guide's list, then of the alphabet. */
export function notebookNames() {
  const list = readFileSync(join(root, "docs", "guide", "notebooks.md"), "utf8");
  const place = (name) => list.indexOf(`${name}.ipynb`) >>> 0;
  const names = readdirSync(join(root, "notebooks")).filter((name) => name.endsWith(".ipynb"));
  return names.map((name) => name.slice(0, -".ipynb".length)).sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
}

/** Names of the notebooks that have not been executed. */
export const unexecuted = () => notebookNames().filter((name) => !isThere("notebooks", "out", `${name}.ipynb`));

let read;

/** All that have been executed, read once. */
function executed() {
  const names = notebookNames().filter((name) => !unexecuted().includes(name));
  return (read ??= Promise.all(names.map(readNotebook)));
}

/** Cards of the first notebooks, for a page beside the gallery. */
export const firstCards = async (count) => cardsText((await executed()).slice(0, count), "./gallery/");

/** Pages, pictures and descriptions of charts, as paths and contents. */
export async function galleryPages() {
  const notebooks = await executed();
  return [["gallery/index.md", indexText(notebooks)], ...notebooks.flatMap(({ files }) => files)];
}

async function readNotebook(name) {
  const { cells, metadata } = JSON.parse(readFileSync(join(root, "notebooks", "out", `${name}.ipynb`), "utf8"));
  const files = [];
  /** Keeps a file beside the page, and gives what the page calls it. */
  const keep = (ending, content) => {
    files.push([`gallery/${name}/${files.length}.${ending}`, content]);
    return `./${name}/${files.length - 1}.${ending}`;
  };
  const body = cells.map((cell) => cellText(cell, name, keep)).join("\n\n");
  const title = /^# (.*)$/m.exec(body)?.[1] ?? name;
  const pictures = files.map(([path]) => path).filter((path) => path.endsWith(".png"));
  const thumbnail = pictures[metadata.tskeops?.thumbnail ?? 0];
  files.push([`public/notebooks/${name}.ipynb`, readFileSync(join(root, "notebooks", `${name}.ipynb`))]);
  const download = `<a href="/notebooks/${name}.ipynb" download>${name}.ipynb</a>`;
  const note = `\n\n::: tip The notebook\n${download}, without outputs. In a clone: \`notebooks/${name}.ipynb\`.\n:::\n`;
  files.push([`gallery/${name}.md`, `---\npageClass: notebook\n---\n\n${body}${note}`]);
  const thumbnails = thumbnail === undefined ? [] : [thumbnail, ...(await darkThumbnail(thumbnail, files))];
  return { name, title, thumbnails: thumbnails.map((path) => path.slice("gallery/".length)), files };
}

/** Bytes above which a picture of shapes is slower to show than what it is for is worth. */
const LARGEST = 400_000;

/** The picture of a card on dark ground, where it is that of a chart; it becomes one of the files. */
async function darkThumbnail(light, files) {
  const following = files[files.findIndex(([path]) => path === light) + 1];
  if (!following?.[0].endsWith(".json")) return [];
  const spec = inDark(JSON.parse(following[1]));
  const svg = await svgOf(spec);
  const [ending, picture] = svg.length > LARGEST ? ["png", await darkPngOf(spec)] : ["svg", svg];
  const path = light.replace(/png$/, `dark.${ending}`);
  files.push([path, picture]);
  return [path];
}

function cellText(cell, name, keep) {
  const source = textOf(cell.source);
  if (cell.cell_type === "markdown") return turnLinks(source, `notebooks/${name}.ipynb`);
  return [fenced("typescript", source), ...(cell.outputs ?? []).map((output) => outputText(output, keep))].join("\n\n");
}

const fenced = (language, text) => `\`\`\`\`${language}\n${text.replace(/\n$/, "")}\n\`\`\`\``;

function outputText({ text, data = {}, metadata }, keep) {
  if (text !== undefined) return printed(textOf(text));
  if (data["image/png"] !== undefined) return pictureText(data, metadata, keep);
  if (data["text/html"] !== undefined) return `<div class="output" v-pre>${textOf(data["text/html"]).trim()}</div>`;
  return data["text/plain"] === undefined ? "" : printed(textOf(data["text/plain"]));
}

const printed = (text) => `<div class="printed">\n\n${fenced("text", stripVTControlCharacters(text))}\n\n</div>`;

function pictureText(data, metadata, keep) {
  const alt = textOf(data["text/plain"]).replaceAll(/["<>&\n]/g, " ");
  const png = keep("png", Buffer.from(textOf(data["image/png"]), "base64"));
  const { renderer } = metadata?.[VEGA]?.embed_options ?? {};
  const spec = data[VEGA] && keep("json", JSON.stringify(withBothThemes(data[VEGA], renderer)));
  return chartText({ png, spec, alt, ...metadata?.["image/png"] });
}

function indexText(notebooks) {
  return `---\naside: false\n---\n\n# Gallery\n\nTutorials as executed notebooks. Charts are interactive.\n\n${cardsText(notebooks)}\n`;
}

/** A card with a picture for each notebook; `folder` leads to the gallery. */
function cardsText(notebooks, folder = "./") {
  const cards = notebooks.map(
    ({ name, title, thumbnails }) =>
      `<a class="card" href="${folder}${name}.html">${picturesText(thumbnails, folder)}<span>${title}</span></a>`,
  );
  return `<div class="cards">\n${cards.join("\n")}\n</div>`;
}

/** The picture on light ground, and the one on dark ground where there is one. */
function picturesText(thumbnails, folder) {
  const kinds = thumbnails.length > 1 ? ["light", "dark"] : ["both"];
  return thumbnails
    .map((path, n) => `<img class="on-${kinds[n]}" src="${folder}${path}" alt="" loading="lazy">`)
    .join("");
}
