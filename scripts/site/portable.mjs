/**
 * Makes what VitePress builds run from any folder, of a server or of the disk (file://), where browsers load no modules
 * and fetch nothing. The one idea: modules become SystemJS modules, which classic scripts load; every URL is relative to
 * its page; and each link loads a page anew (theme/index.mjs), so that no URL outlives its page. Knows what VitePress
 * 1.6 writes, and says so where it finds something else.
 */
import { copyFileSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, sep } from "node:path";
import { home, site } from "./paths.mjs";

/** The folder of the site as the browser sees it, with a slash at its end; each page sets it. */
const BASE = "window.__tskeopsBase";
const LOADER = "assets/system.js";

/** For Vite: modules for classic scripts, whose URLs begin where the site lies. */
export function portable() {
  let isServerBuild;
  return {
    name: "tskeops:portable",
    enforce: "pre",
    apply: "build",
    config(_, { isSsrBuild }) {
      isServerBuild = isSsrBuild;
      if (isSsrBuild) return undefined;
      return {
        build: { rollupOptions: { output: { format: "system" } } },
        experimental: {
          renderBuiltUrl: (file, { hostType }) =>
            hostType === "js" ? { runtime: `${BASE}+${JSON.stringify(file)}` } : { relative: true },
        },
      };
    },
    transform: (code) => (isServerBuild ? undefined : code.replaceAll("import.meta.env.BASE_URL", BASE)),
  };
}

/** Turns the built pages. */
export function makePortable() {
  const require = createRequire(join(home, "package.json"));
  copyFileSync(require.resolve("systemjs/dist/s.min.js"), join(site, LOADER));
  const files = readdirSync(site, { recursive: true }).filter((name) => name.endsWith(".html"));
  for (const file of files) {
    const page = join(site, file);
    writeFileSync(page, portableText(readFileSync(page, "utf8"), "../".repeat(file.split(sep).length - 1)));
  }
  return files.length;
}

/** A page whose URLs are relative; `up` leads from it to the site's folder. */
export function portableText(html, up) {
  const top = up === "" ? "./" : up;
  const scripts = [
    `<script>${BASE}=new URL("${top}",location.href).pathname</script>`,
    one(html, /<script type="module" src="(\/assets\/chunks\/metadata\.[\w-]+\.js)"><\/script>/),
    `<script>__VP_SITE_DATA__.base=${BASE}</script>`,
    `<script src="/${LOADER}"></script>`,
  ].map((script) => script.replace(' type="module"', ""));
  const app = /<script type="module" src="\/(assets\/app\.[\w-]+\.js)"><\/script>/;
  const start = `<script>System.import("${top}${app.exec(one(html, app))[1]}")</script>`;
  const turned = html
    .replaceAll(/<script type="module"[^>]*><\/script>\s*|<link rel="modulepreload"[^>]*>\s*/g, "")
    .replaceAll('<link rel="preload stylesheet"', '<link rel="stylesheet"')
    .replace("</head>", () => `${scripts.join("")}</head>`)
    .replace("</body>", () => `${start}</body>`);
  return turned
    .replaceAll(/ (href|src)="\/([^"]*)"/g, (_, name, path) => ` ${name}="${top}${withIndex(path)}"`)
    .replaceAll(
      / href="((?:\.\.?\/)+(?:[^"#?]*\/)?)(#[^"]*)?"/g,
      (_, path, anchor = "") => ` href="${path}index.html${anchor}"`,
    );
}

const withIndex = (path) => path.replace(/(^|\/)(?=$|#)/, "$1index.html");

function one(html, pattern) {
  const found = pattern.exec(html)?.[0];
  if (found === undefined)
    throw new Error(`a page of the site: expected ${pattern}, got none: VitePress writes something else now`);
  return found;
}
