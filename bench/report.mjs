// What a run has found: a table, a file, a comparison with an earlier file, a chart.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const cell = (value, digits = 3) => (value === undefined ? "" : Number(value).toPrecision(digits));
const ms = (seconds) => (seconds === undefined ? "" : `${cell(seconds * 1000)} ms`);
const times = (ratio, of) => (ratio === undefined ? "" : `${cell(ratio)} x ${of}`);

const COLUMNS = [
  ({ name }) => name,
  ({ dtype }) => dtype,
  ({ engine }) => engine ?? "",
  ({ seconds, microseconds }) => (microseconds === undefined ? ms(seconds) : `${cell(microseconds)} us`),
  ({ gigapairs, rate }) =>
    rate !== undefined ? cell(rate) : gigapairs === undefined ? "" : `${cell(gigapairs)} Gpairs/s`,
  ({ ofPeak }) => (ofPeak === undefined ? "" : `${Math.round(100 * ofPeak)} % of peak`),
  ({ overPlainLoop }) => times(overPlainLoop, "plain loop"),
  ({ overHandLoop }) => times(overHandLoop, "loop by hand"),
  ({ overPeers = {} }) =>
    Object.entries(overPeers)
      .map(([peer, ratio]) => times(ratio, peer))
      .join(", "),
  ({ method, rank, iterations }) => (method === undefined ? "" : `${method}, rank ${rank}, ${iterations} it.`),
];

export function printTable(rows) {
  const table = rows.map((row) => COLUMNS.map((column) => column(row)));
  const widths = COLUMNS.map((_, k) => Math.max(...table.map((row) => row[k].length)));
  for (const row of table)
    console.log(
      row
        .map((text, k) => text.padEnd(widths[k]))
        .join("  ")
        .trimEnd(),
    );
}

const keyOf = ({ name, dtype, engine }) => [name, dtype, engine].filter(Boolean).join(", ");

/** Times of an earlier run over those of this one: above 1 is faster now. */
export function printComparison(rows, file) {
  const before = new Map(keyed(JSON.parse(readFileSync(file, "utf8")).rows));
  console.log(`\ntimes in ${file} over those of this run:`);
  for (const [key, row] of keyed(rows)) {
    const { seconds } = before.get(key) ?? {};
    if (seconds && row.seconds) console.log(`  ${cell(seconds / row.seconds)}  ${keyOf(row)}`);
  }
}

/** Rows with a key each: derivatives have one name, whatever they follow, so they are counted. */
function keyed(rows) {
  const counts = new Map();
  return rows.map((row) => {
    const key = keyOf(row);
    counts.set(key, (counts.get(key) ?? 0) + 1);
    return [`${key}, ${counts.get(key)}`, row];
  });
}

/** A bar per row that has a plain loop beside it, as PNG. */
export async function drawRatios(rows, file) {
  const values = rows
    .filter(({ overPlainLoop, dtype }) => overPlainLoop && dtype === "float32")
    .map(({ name, engine, overPlainLoop }) => ({ name, engine, overPlainLoop }));
  const ofNotebooks = createRequire(new URL("../notebooks/package.json", import.meta.url));
  const [{ parse, View }, { compile }, { Resvg }] = ["vega", "vega-lite", "@resvg/resvg-js"].map((name) =>
    ofNotebooks(name),
  );
  const spec = {
    data: { values },
    mark: "bar",
    width: 420,
    encoding: {
      y: { field: "name", type: "nominal", sort: null, title: null, axis: { labelLimit: 460 } },
      yOffset: { field: "engine", sort: null },
      x: { field: "overPlainLoop", type: "quantitative", title: "times as fast as the plain loop, float32" },
      color: { field: "engine", title: "engine", sort: null },
    },
  };
  const svg = await new View(parse(compile(spec).spec), { renderer: "none" }).toSVG();
  writeFileSync(file, new Resvg(svg, { background: "white", fitTo: { mode: "zoom", value: 2 } }).render().asPng());
}
