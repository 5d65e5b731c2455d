/**
 * The site: what VitePress is told. Its pages are written by scripts/site/pages.mjs, and what it builds is made to run
 * from any folder by scripts/site/portable.mjs.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitepress";
import { notebookNames } from "../../scripts/site/gallery.mjs";
import { anchorOf, pages, root } from "../../scripts/site/paths.mjs";
import { portable } from "../../scripts/site/portable.mjs";

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const titleOf = (page) => /^# (.*)$/m.exec(readFileSync(join(pages, page), "utf8"))?.[1].replaceAll("`", "") ?? page;
const link = (page) => ({ text: titleOf(page), link: `/${page.replace(/\.md$/, "")}.html` });
const group = (text, list) => ({ text, items: list.map(link) });
const inFolder = (folder, first = []) => [
  ...first.map((name) => `${folder}/${name}.md`),
  ...readdirSync(join(pages, folder))
    .filter((name) => name.endsWith(".md") && !first.includes(name.slice(0, -3)))
    .sort()
    .map((name) => `${folder}/${name}`),
];

/** Two clouds of points. */
const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><g fill="#3451b2"><circle cx="4" cy="4" r="2"/>
<circle cx="3" cy="11" r="2"/></g><g fill="#f58518"><circle cx="12" cy="6" r="2"/><circle cx="11" cy="13" r="2"/></g></svg>`;

/** The guide's pages, in the order of the list in docs/README.md. */
const guide = [...readFileSync(join(pages, "guide/index.md"), "utf8").matchAll(/^- \[[^\]]*\]\(\.\/([\w-]+)\.md\)/gm)]
  .map(([, name]) => `guide/${name}.md`)
  .filter((page, n, all) => all.indexOf(page) === n);

export default defineConfig({
  title: "tskeops",
  description: "KeOps for TypeScript: reductions over all pairs of two point clouds, without the matrix",
  head: [["link", { rel: "icon", href: `data:image/svg+xml,${encodeURIComponent(ICON)}` }]],
  srcDir: ".vitepress/pages",
  metaChunk: true,
  lastUpdated: false,
  cacheDir: ".vitepress/cache",
  markdown: {
    languageAlias: { cuda: "cpp" },
    math: true,
    anchor: { slugify: anchorOf },
    theme: { light: "github-light", dark: "github-dark" },
  },
  vite: { plugins: [portable()], build: { chunkSizeWarningLimit: 4000 } },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    docFooter: { prev: "Before", next: "Next" },
    nav: [
      { text: "Guide", link: "/guide/getting-started.html", activeMatch: "/guide/(?!porting|performance)" },
      { text: "Gallery", link: "/gallery/index.html", activeMatch: "/gallery/" },
      { text: "Reference", link: "/reference/index.html", activeMatch: "/reference/" },
      { text: "Porting", link: "/guide/porting-from-pykeops.html" },
      { text: "Performance", link: "/guide/performance.html" },
      {
        text: version,
        items: [
          { text: "Design", link: "/design/index.html" },
          { text: "Log", link: "/log/index.html" },
          { text: "Changelog", link: "/changelog.html" },
        ],
      },
    ],
    sidebar: {
      "/guide/": [group("Guide", guide)],
      "/gallery/": [group("Gallery", ["gallery/index.md", ...notebookNames().map((name) => `gallery/${name}.md`)])],
      "/reference/": [
        group("Reference", ["reference/index.md", "reference/operations.md", "reference/options.md"]),
        group("Operations", inFolder("reference/operations", ["functions", "arithmetic", "vectors"])),
        group("Public names", inFolder("reference/api", ["index", "lazytensor", "mpi"])),
      ],
      "/design/": [group("Design", inFolder("design", ["index"]))],
      "/log/": [group("Log", inFolder("log", ["index"]))],
    },
  },
});
