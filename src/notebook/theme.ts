/**
 * How all charts look: one font, titles in the middle, numbers under their ticks, in light and in dark colours. The one
 * idea: it is a `config` of vega-lite, so that charts that users write by hand look alike. Knows no chart.
 */

/** DejaVu Sans is on nearly every Linux machine, Verdana, as wide, on the others. */
const FONT = "DejaVu Sans, Verdana, sans-serif";

const COLORS = {
  light: { background: "white", text: "#222", line: "#888", frame: "#ccc" },
  dark: { background: "#111", text: "#ddd", line: "#888", frame: "#444" },
} as const;

export type ThemeName = keyof typeof COLORS;

/** What stands behind a chart. */
export const backgroundOf = (theme: ThemeName): string => COLORS[theme].background;

/**
 * Settings for vega-lite, below those that the description brings. Without a theme they bring no colours, so that the
 * reader's hold: JupyterLab has dark ones beside light ones.
 */
export function themed(spec: object, theme?: ThemeName): object {
  const { config } = spec as { readonly config?: Settings };
  return { ...spec, config: merged(theme ? merged(LAYOUT, colorsOf(theme)) : LAYOUT, config ?? {}) };
}

/**
 * Readers give words on a chart no colour of their own, and JupyterLab's dark colours have a bright grid: grey is seen on
 * any ground, and half transparent it stays behind points and lines.
 */
const LAYOUT: Settings = {
  font: FONT,
  title: { anchor: "middle", fontSize: 13 },
  axis: { labelFlush: false, gridColor: "#888", gridOpacity: 0.3 },
  text: { color: "#888" },
};

function colorsOf(theme: ThemeName): Settings {
  const { background, text, line, frame } = COLORS[theme];
  return {
    background,
    title: { color: text },
    axis: { labelColor: text, titleColor: text, domainColor: line, tickColor: line },
    legend: { labelColor: text, titleColor: text },
    header: { labelColor: text, titleColor: text },
    text: { color: text },
    view: { stroke: frame },
  };
}

interface Settings {
  readonly [name: string]: unknown;
}

/** The second settings over the first, object by object. */
const merged = (below: Settings, above: Settings): Settings => ({
  ...below,
  ...Object.fromEntries(
    Object.entries(above).map(([name, value]) => {
      const old = below[name];
      return [name, isSettings(old) && isSettings(value) ? merged(old, value) : value];
    }),
  ),
});

const isSettings = (value: unknown): value is Settings =>
  typeof value === "object" && value !== null && !Array.isArray(value);
