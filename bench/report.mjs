// What a run has found: tables, comparisons with another build and with an earlier file, a chart.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

export const cell = (value, digits = 3) => (value === undefined ? "" : Number(value).toPrecision(digits));
export const ms = (seconds) => (seconds === undefined ? "" : `${cell(seconds * 1000)} ms`);
export const percent = (share) => (share === undefined ? "" : `${Math.round(100 * share)} %`);
const times = (ratio, of) => (ratio === undefined ? "" : `${cell(ratio)} x ${of}`);

const joined = (...texts) => texts.filter(Boolean).join(", ");
const timeOf = ({ seconds, microseconds }) => (microseconds === undefined ? ms(seconds) : `${cell(microseconds)} us`);
const unit = (value, name) => (value === undefined ? "" : `${cell(value)} ${name}`);
const rateOf = ({ gigapairs, gigaflops, rate }) =>
  joined(unit(gigapairs, "Gpairs/s"), unit(gigaflops, "GFLOP/s"), cell(rate));

/** What is told of a row for each instruction set. */
const PER_ISA = [
  (row) => (row.failed === undefined ? timeOf(row) : "failed"),
  rateOf,
  ({ ofPeak }) => (ofPeak === undefined ? "" : `${percent(ofPeak)} of peak`),
  (row) =>
    joined(
      times(row.overPlainLoop, "plain loop"),
      times(row.overHandLoop, "loop by hand"),
      times(row.overTiles, "tiles"),
      times(row.overLibrary, row.library ?? "library"),
      times(row.overPlainIterations, "plain iterations"),
      times(row.overAll, "all pairs"),
      ...Object.entries(row.overPeers ?? {}).map(([peer, ratio]) => times(ratio, peer)),
    ),
];
const LAST = ({ method, rank, iterations, failed }) =>
  failed ?? joined(method, rank !== undefined && `rank ${rank}`, iterations !== undefined && `${iterations} it.`);

const keyOf = ({ name, dtype, engine }) => [name, dtype, engine].filter(Boolean).join(", ");

/** Rows of different instruction sets that are otherwise one, by key and in order. */
export function byKey(rows) {
  const groups = new Map();
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row]);
  return groups;
}

export const printLines = (table) => {
  const widths = table[0].map((_, k) => Math.max(...table.map((row) => row[k].length)));
  for (const row of table)
    console.log(
      row
        .map((text, k) => text.padEnd(widths[k]))
        .join("  ")
        .trimEnd(),
    );
};

/** A line per row, with columns for each instruction set side by side. */
export function printTable(rows, isas) {
  const head = ["", "", "", ...isas.flatMap((isa) => PER_ISA.map((_, k) => (k === 0 ? isa : ""))), ""];
  const lines = [...byKey(rows).values()].map((some) => {
    const [{ name, dtype, engine = "" }] = some;
    const ofIsas = isas.flatMap((isa) => {
      const row = some.find((row) => row.isa === isa) ?? (some[0].isa === undefined && isa === isas[0] ? some[0] : {});
      return PER_ISA.map((column) => column(row));
    });
    return [name, dtype, engine, ...ofIsas, LAST(some.at(-1))];
  });
  printLines([head, ...lines]);
}

export const GROUPS = ["products", "preconditioner", "dense", "other"];

/** Where the time of solves and of their derivatives went. */
export function printSplits(rows) {
  const lines = rows
    .filter(({ split }) => split)
    .map(({ name, dtype, isa, split }) => [
      name,
      dtype,
      isa,
      ms(split.total),
      ...GROUPS.map((group) => `${group} ${percent(split[group] / split.total)}`),
      mostOf(split),
    ]);
  if (lines.length === 0) return;
  console.log("\nwhere the time of solves went (one run with clocks inside):");
  printLines(lines);
}

/** The parts that took a tenth or more. */
const mostOf = ({ parts, total }) =>
  Object.entries(parts)
    .filter(([, seconds]) => seconds >= 0.1 * total)
    .sort(([, a], [, b]) => b - a)
    .map(([part, seconds]) => `${part} ${percent(seconds / total)}`)
    .join(", ");

/** Times of the other build over those of this one: above 1 is faster here. */
export function printAgainst(rows, folder) {
  console.log(`\ntimes of ${folder} over those of this build, the same run:`);
  const lines = rows
    .filter(({ against }) => against)
    .map((row) => [cell(row.overAgainst) || "-", keyOf(row), row.isa ?? "", row.against.failed ?? ""]);
  if (lines.length > 0) printLines(lines);
}

/** Times of an earlier run over those of this one: above 1 is faster now. */
export function printComparison(rows, file) {
  const before = new Map(rowsIn(file).rows.map((row) => [widthKeyOf(row), row]));
  console.log(`\ntimes in ${file} over those of this run:`);
  for (const row of rows) {
    const { seconds } = before.get(widthKeyOf(row)) ?? {};
    if (seconds && row.seconds) console.log(`  ${cell(seconds / row.seconds)}  ${widthKeyOf(row)}`);
  }
}

const widthKeyOf = (row) => [keyOf(row), row.isa].filter(Boolean).join(", ");

/**
 * What a file holds. In files of one width only the machine tells it, and derivatives are named by the solve before
 * them.
 */
export function rowsIn(file) {
  const { machine, rows } = JSON.parse(readFileSync(file, "utf8"));
  if (machine.isas) return { machine, rows };
  const isa = (row) => (row.name.startsWith("plain loop") ? {} : { isa: machine.isa });
  const name = ({ name }, n) => (name === "its derivative by x" ? `derivative by x of ${rows[n - 1].name}` : name);
  const told = rows.map((row, n) => ({ ...row, ...isa(row), name: name(row, n) }));
  return { machine: { ...machine, isas: [machine.isa] }, rows: told };
}

/** The charts of what was run, as PNG. */
export async function drawPictures(rows, folder) {
  if (rows.some(({ overPlainLoop }) => overPlainLoop)) await drawRatios(rows, join(folder, "bench.png"));
  if (rows.some(({ overAll }) => overAll)) await drawGrowth(rows, join(folder, "growth.png"));
}

/** A bar per row that has a plain loop beside it. */
async function drawRatios(rows, file) {
  const values = rows
    .filter(({ overPlainLoop, dtype }) => overPlainLoop && dtype === "float32")
    .map(({ name, engine, isa, overPlainLoop }) => ({ name, engine: `${engine}, ${isa}`, overPlainLoop }));
  await draw(file, {
    data: { values },
    mark: "bar",
    width: 420,
    encoding: {
      y: { field: "name", type: "nominal", sort: null, title: null, axis: { labelLimit: 460 } },
      yOffset: { field: "engine", sort: null },
      x: { field: "overPlainLoop", type: "quantitative", title: "times as fast as the plain loop, float32" },
      color: { field: "engine", title: "engine", sort: null },
    },
  });
}

/** Seconds against the number of points, of fewer pairs and of all. */
async function drawGrowth(rows, file) {
  const some = rows.filter(({ name, overAll, n, failed }) => isFewerSum(name) && n && !failed && (overAll || n > 1e5));
  const values = some.flatMap(({ name, n, seconds, overAll }) => [
    { name: shortName(name), n, seconds, pairs: "fewer pairs" },
    ...(overAll ? [{ name: shortName(name), n, seconds: seconds * overAll, pairs: "all pairs" }] : []),
  ]);
  const axis = (field, title) => ({ field, type: "quantitative", scale: { type: "log" }, title });
  await draw(file, {
    data: { values },
    facet: { field: "name", type: "nominal", title: null, sort: null },
    columns: 4,
    spec: {
      width: 170,
      height: 150,
      mark: { type: "line", point: true },
      encoding: {
        x: { ...axis("n", "N"), axis: { values: [1e4, 1e5, 1e6], format: "~e", grid: true } },
        y: { ...axis("seconds", "seconds"), axis: { values: [1e-3, 1e-2, 0.1, 1, 10, 100], format: "~g" } },
        color: { field: "pairs", title: null, sort: null },
      },
    },
  });
}

const isFewerSum = (name) => name.startsWith("fewer pairs: ") && !name.includes("solve");
const shortName = (name) => name.replace("fewer pairs: ", "").replace(/, N = .*/, "");

async function draw(file, spec) {
  const ofNotebooks = createRequire(new URL("../notebooks/package.json", import.meta.url));
  const [{ parse, View }, { compile }, { Resvg }] = ["vega", "vega-lite", "@resvg/resvg-js"].map((name) =>
    ofNotebooks(name),
  );
  const svg = await new View(parse(compile(spec).spec), { renderer: "none" }).toSVG();
  writeFileSync(file, new Resvg(svg, { background: "white", fitTo: { mode: "zoom", value: 2 } }).render().asPng());
}
