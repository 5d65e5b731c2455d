/**
 * A chart as a page of its own: the scripts that draw it are in it, so that it needs no network and no other file.
 * Knows no other chart.
 */
import { browserScripts } from "./companions";
import { SHRUNK, rendererOf } from "./embed";
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
