/**
 * Where the site is built, and which file of the repository is which page. The one idea: documents link to one another
 * as files of the repository, and a link is turned by what it leads to, so that pages may lie elsewhere than files.
 */
import { existsSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const home = join(root, "docs", ".vitepress");
export const pages = join(home, "pages");
export const site = join(home, "dist");
/** What the page of points to move computes with, where it is built. */
export const module = join(root, "dist", "web", "tskeops.wasm");
export const hasModule = () => existsSync(module);

/** Files whose pages lie elsewhere, by their paths below the root. */
const ELSEWHERE = {
  "README.md": "guide/overview.md",
  "CHANGELOG.md": "changelog.md",
  "CONTRIBUTING.md": "design/contributing.md",
  "docs/README.md": "guide/index.md",
  "docs/status.md": "log/status.md",
  notebooks: "gallery/index.md",
};

/** Pages that typedoc calls otherwise. */
const API = {
  README: undefined,
  "index/README": "reference/api/index.md",
  "lazytensor/lazytensor": "reference/api/lazytensor.md",
  "mpi/mpi": "reference/api/mpi.md",
};

/** The page of a file or folder of the repository; undefined if it has none. */
export function pageOf(path) {
  const file = path.replace(/\/$/, "");
  if (file in ELSEWHERE) return ELSEWHERE[file];
  const notebook = /^notebooks\/(\w+)\.ipynb$/.exec(file)?.[1];
  if (notebook !== undefined) return `gallery/${notebook}.md`;
  const api = /^docs\/reference\/api\/(.*)\.md$/.exec(file)?.[1];
  if (api !== undefined) return api in API ? API[api] : `reference/api/${api.replace("index/namespaces/", "")}.md`;
  if (/^docs\/images\//.test(file)) return file.slice("docs/".length);
  if (!/^docs\/.*\.md$/.test(file)) return undefined;
  return file.slice("docs/".length).replace(/(^|\/)README\.md$/, "$1index.md");
}

/** The anchor of a heading, as code forges make it. */
export const anchorOf = (heading) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-");

const CODE = /^```.*?^```$|`[^`\n]*`/gms;
const LINK = /(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g;

/** A document of the repository as a page of the site: links lead to pages, or are plain text where there is none. */
export function turnLinks(text, file, page = pageOf(file)) {
  const code = [];
  const kept = text.replaceAll(CODE, (piece) => `\0${code.push(piece) - 1}\0`);
  const turned = kept.replaceAll(LINK, (link, picture, label, target) => {
    if (/^(https?:|data:|#)/.test(target)) return link;
    const [path, anchor] = target.split("#");
    const found = pageOf(posix.normalize(posix.join(posix.dirname(file), path)));
    if (found === undefined) return label;
    return `${picture}[${label}](${relativeLink(page, found)}${anchor === undefined ? "" : `#${anchor}`})`;
  });
  return turned.replaceAll(/\0(\d+)\0/g, (_, n) => code[n]);
}

function relativeLink(from, to) {
  const path = posix.relative(posix.dirname(from), to);
  return path.startsWith(".") ? path : `./${path}`;
}

/** Whether what is at a path is there to be used. */
export const isThere = (...path) => existsSync(join(root, ...path));
