/**
 * Charts of the last run of the bench (bench/results): how many pairs a second, and how many times as long peers take.
 * Every one belongs to the machine that it names. Knows the rows of the bench, and nothing of pages.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { chartText, svgOf, withBothThemes } from "./charts.mjs";
import { root } from "./paths.mjs";

const folder = join(root, "bench", "results");
const PEERS = { numpy: "NumPy", torch: "PyTorch", scipy: "SciPy", pykeops: "pykeops" };

/** Pages' text, and the files beside it, as paths and contents. */
export async function performanceCharts() {
  const file = readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .at(-1);
  const { machine, rows } = JSON.parse(readFileSync(join(folder, file), "utf8"));
  const specs = { rate: withBothThemes(rateSpec(rows)), peers: withBothThemes(peersSpec(rows)) };
  const files = [];
  for (const [name, spec] of Object.entries(specs)) {
    files.push(
      [`guide/performance/${name}.json`, JSON.stringify(spec)],
      [`guide/performance/${name}.svg`, await svgOf(spec)],
    );
  }
  const charts = Object.entries(specs).map(([name, { title: alt }]) =>
    chartText({ png: `./performance/${name}.svg`, spec: `./performance/${name}.json`, alt }),
  );
  const [isa, threads] = [machine.isas ?? [machine.isa], machine.threads];
  const note = `Measured ${file.slice(0, 10)} on ${machine.cpu} with ${isa.join(", ")} and ${threads} threads (\`bench/results/${file}\`).
Another machine has other figures. [The log](../log/performance.md) has all tables.`;
  return { text: `## In pictures\n\n${note}\n\n${charts.join("\n\n")}\n`, files };
}

const sums = (rows) => rows.filter(({ gigapairs, engine }) => gigapairs !== undefined && engine !== undefined);

/** Bars of each sum, side by side by a field. */
function bars(title, values, { field, label, by, log }) {
  const quantitative = { field, type: "quantitative", title: label, scale: { type: log ? "log" : "linear" } };
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v5.json",
    title,
    width: 380,
    data: { values },
    params: [{ name: "chosen", select: { type: "point", fields: [by] }, bind: "legend" }],
    mark: { type: log ? "point" : "bar", filled: true, size: log ? 70 : undefined, tooltip: true },
    encoding: {
      y: { field: "sum", type: "nominal", title: null, sort: null, axis: { labelLimit: 260 } },
      x: quantitative,
      ...(log ? {} : { yOffset: { field: by } }),
      color: { field: by, type: "nominal", title: null },
      opacity: { condition: { param: "chosen", value: 1 }, value: 0.15 },
    },
  };
}

function rateSpec(rows) {
  const values = sums(rows)
    .filter(({ dtype, name }) => dtype === "float32" && name.includes("10000 x 10000"))
    .map(({ name, engine, gigapairs }) => ({ sum: name.replace(", 10000 x 10000", ""), engine, pairs: gigapairs }));
  return bars("Sums of 10 000 x 10 000 pairs, float32", values, {
    field: "pairs",
    label: "10⁹ pairs per second",
    by: "engine",
  });
}

function peersSpec(rows) {
  const values = sums(rows)
    .filter(({ engine, overPeers }) => engine === "cpu" && overPeers !== undefined)
    .flatMap(({ name, dtype, overPeers }) =>
      Object.entries(overPeers).map(([peer, times]) => ({
        sum: `${name}, ${dtype}`,
        peer: PEERS[peer] ?? peer,
        times,
      })),
    );
  return bars("How many times as long others take", values, {
    field: "times",
    label: "time over that of tskeops",
    by: "peer",
    log: true,
  });
}
