/**
 * What readers that draw with vega-embed, as JupyterLab does, are told beside a description: charts are no wider than
 * the room that they have. The one idea: shapes that a browser scales, with a style of the page, as descriptions know
 * no widest width. Knows no chart.
 */

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
export const rendererOf = (svg: string): EmbedOptions["renderer"] =>
  (svg.match(/<(?:path|line|rect|text|image) /g) ?? []).length > MANY ? "canvas" : "svg";

/** Charts on a page are no wider than what they stand in. */
export const SHRUNK = ":is(svg,canvas).marks{max-width:100%;height:auto!important}";

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
