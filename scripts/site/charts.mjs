/**
 * Charts in pages: the description in light and in dark colours, and its picture as SVG. The one idea: what differs is
 * the `config` of vega-lite, of which what a chart itself brought stays. Knows no page and no notebook.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { home, root } from "./paths.mjs";

const own = (name) => createRequire(import.meta.url)(join(root, "dist", "notebook", `${name}.js`));
const { themed } = own("theme");

/** A description that knows its dark config beside its own, which is light, and what it is made of. */
export function withBothThemes(spec, renderer = "svg") {
  const light = themed(spec, "light");
  const dark = swapped(light.config, themed({}, "light").config, themed({}, "dark").config);
  return { ...light, usermeta: { ...light.usermeta, dark, embedOptions: { renderer } } };
}

/** The same in dark colours. */
export const inDark = (spec) => ({ ...spec, config: spec.usermeta.dark });

/** Settings that are those of the light theme become those of the dark one. */
const swapped = (own, light, dark) =>
  Object.fromEntries(
    Object.entries(own).map(([name, value]) => {
      if (isSettings(value) && isSettings(light?.[name])) return [name, swapped(value, light[name], dark[name])];
      return [name, value === light?.[name] ? dark[name] : value];
    }),
  );

const isSettings = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** The chart as a picture, for readers without scripts and for cards. */
export async function svgOf(spec) {
  const require = createRequire(join(home, "package.json"));
  const [vega, vegaLite] = await Promise.all(["vega", "vega-lite"].map((name) => import(require.resolve(name))));
  const { compile } = vegaLite.default ?? vegaLite;
  return new vega.View(vega.parse(compile(spec).spec), { renderer: "none" }).toSVG();
}

/** The chart on dark ground as PNG, by the packages that stand beside the notebooks. */
export async function darkPngOf(spec) {
  process.chdir(join(root, "notebooks"));
  const { data } = await own("chart").chart(spec, { show: false, theme: "dark" });
  return Buffer.from(data["image/png"], "base64");
}

/** A chart in a page: its picture, and the description that makes it interactive and gives it the page's colours. */
export function chartText({ png, spec, alt, width, height }) {
  const description = spec === undefined ? "" : ` :spec="() => import('${spec}')"`;
  const size = width === undefined ? "" : ` :width="${Math.round(width)}" :height="${Math.round(height)}"`;
  return `<VegaChart alt="${alt}"${size}${description}><img src="${png}" alt="${alt}" loading="lazy"${size.replaceAll(":", "")}></VegaChart>`;
}
