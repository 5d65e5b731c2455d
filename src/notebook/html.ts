/**
 * A chart in a browser: as a page of its own, which has the scripts that draw it, so that it needs no network and no
 * other file; and what readers that draw with vega-embed, as JupyterLab does, are told beside a description, as it
 * knows no widest width: shapes that a browser scales, with a style of the page. Knows no other chart.
 */
import { browserScripts } from "./companions";
import { titleOf } from "./plane";

/** A page that draws a vega-lite description, whose SVG is known. */
export function htmlOf(spec: object, background: string, svg: string): string {
  const scripts = browserScripts().map((text) => `<script>${text.replaceAll("</script", "<\\/script")}</script>`);
  return [
    "<!doctype html>",
    `<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">`,
    `<title>${escaped(titleOf(spec) ?? "chart")}</title>`,
    `<style>body { background: ${background}; color: gray; font: 12px DejaVu Sans, Verdana, sans-serif }`,
    `${SHRUNK}</style></head>`,
    `<body><div id="chart"></div>`,
    ...scripts,
    `<script>const spec = ${JSON.stringify(spec).replaceAll("<", "\\u003c")};`,
    `new vega.View(vega.parse(vegaLite.compile(spec).spec), { renderer: "${rendererOf(svg)}" })`,
    `.initialize("#chart").hover().run();</script>`,
    "</body></html>",
    "",
  ].join("\n");
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
export const escaped = (text: string): string => text.replaceAll(/[&<>]/g, (sign) => ENTITIES[sign] ?? sign);

// ----------------------------------------------------------------------------------------------------- pages of others

/** The settings of vega-embed, as the metadata of a description in a notebook. */
export interface EmbedOptions {
  /** What charts are made of: one that a browser scales finds what the pointer is on, pixels do not. */
  readonly renderer: "svg" | "canvas";
  /** The style of charts and of the menu beside them; the first chart on a page gives it to all. */
  readonly defaultStyle: string;
}

/** Above so many shapes pixels are faster. */
const MANY = 10_000;

/** The settings for a chart, by its SVG. */
export const embedOptionsOf = (svg: string): EmbedOptions => ({ renderer: rendererOf(svg), defaultStyle: STYLE });

/** What a chart should be made of, by its SVG. */
const rendererOf = (svg: string): EmbedOptions["renderer"] =>
  (svg.match(/<(?:path|line|rect|text|image) /g) ?? []).length > MANY ? "canvas" : "svg";

/** Charts on a page are no wider than what they stand in. */
const SHRUNK = ":is(svg,canvas).marks{max-width:100%;height:auto!important}";

/** Colours are those of JupyterLab, where there are some. */
const [GROUND, WORDS, EDGE] = ["layout-color1,#fff", "ui-font-color1,#333", "border-color1,#bbb"].map(
  (name) => `var(--jp-${name})`,
) as [string, string, string];

const STYLE = [
  ".vega-embed{position:relative;display:inline-block;box-sizing:border-box;max-width:100%}",
  ".vega-embed.has-actions{padding-right:38px}",
  `.vega-embed ${SHRUNK}`,
  "@media(max-width:700px){.vega-embed.has-actions{padding-right:8px}",
  ".vega-embed:not(:hover,:focus-within) summary{opacity:0}}",
  ".vega-embed details:not([open])>:not(summary){display:none!important}",
  `.vega-embed summary{position:absolute;top:0;right:8px;padding:6px;line-height:0;list-style:none;cursor:pointer`,
  `;background:${GROUND};color:${WORDS};border:1px solid ${EDGE};border-radius:50%;opacity:0.3}`,
  ".vega-embed summary::-webkit-details-marker{display:none}",
  ".vega-embed summary svg{width:14px;height:14px}",
  ".vega-embed:hover summary,.vega-embed:focus-within summary{opacity:1}",
  `.vega-embed .vega-actions{position:absolute;top:32px;right:8px;z-index:1001;display:flex;flex-direction:column`,
  `;padding:6px 0;background:${GROUND};border:1px solid ${EDGE};border-radius:4px}`,
  `.vega-embed .vega-actions a{padding:6px 14px;color:${WORDS};font:13px sans-serif;white-space:nowrap`,
  ";text-decoration:none}",
  ".vega-embed .vega-actions a:hover{text-decoration:underline}",
].join("");
