// The tables of docs/log/performance.md, from a file of rows: what is printed goes there as it is.
import { GROUPS, byKey, cell, ms, percent, rowsIn } from "./report.mjs";

const printed = (...lines) => console.log([...lines, ""].join("\n"));

/** A table as Prettier writes it. */
function printTable(title, head, rows) {
  if (rows.length === 0) return;
  const widths = head.map((text, k) => Math.max(3, ...[text, ...rows.map((row) => row[k])].map(widthOf)));
  const line = (texts) => `| ${texts.map((text, k) => text + " ".repeat(widths[k] - widthOf(text))).join(" | ")} |`;
  printed(`### ${title}`, "", line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line));
}

const widthOf = (text) => [...text].length;
const oneOf = (some, isa) => some.find((row) => row.isa === isa) ?? {};
const values = (map, keys) => keys.map((key) => map(key));

// ------------------------------------------------------------------------------------------------------------- sums

function sums({ rows, isas, dtype }) {
  const compiled = rows.filter((row) => row.gigapairs && row.engine === "cpu" && row.dtype === dtype);
  const ofTiles = byKey(rows.filter((row) => row.gigapairs && row.engine === "tiles" && row.dtype === dtype));
  const peers = [...new Set(compiled.flatMap(({ overPeers = {} }) => Object.keys(overPeers)))];
  const head = (isa) => [`${isa}: ms`, "Gpairs/s", "x plain", "of peak", "tiles, x plain"];
  const lines = [...byKey(compiled)].map(([key, some]) => {
    const tiles = ofTiles.get(key.replace(/cpu$/, "tiles")) ?? [];
    const ofIsa = (isa) => {
      const { seconds, gigapairs, overPlainLoop, ofPeak } = oneOf(some, isa);
      const time = seconds === undefined ? "" : cell(seconds * 1000);
      return [time, cell(gigapairs), cell(overPlainLoop), percent(ofPeak), cell(oneOf(tiles, isa).overPlainLoop)];
    };
    const widest = oneOf(some, isas.at(-1));
    return [some[0].name, ...isas.flatMap(ofIsa), ...values((peer) => cell(widest.overPeers?.[peer]), peers)];
  });
  const ofPeers = peers.map((peer) => `${peer} over ${isas.at(-1)}`);
  printTable(`Sums, ${dtype}`, ["sum", ...isas.flatMap(head), ...ofPeers], lines);
}

// -------------------------------------------------------------------------------------------- dense algebra, solves

function dense({ rows, isas }) {
  const head = (isa) => [`${isa}: GFLOP/s`, "of peak", "of OpenBLAS"];
  const lines = [...byKey(rows.filter(({ gigaflops }) => gigaflops))].map(([key, some]) => [
    key,
    ...isas.flatMap((isa) => {
      const { gigaflops, ofPeak, overLibrary } = oneOf(some, isa);
      return [cell(gigaflops), percent(ofPeak), cell(overLibrary)];
    }),
  ]);
  printTable("Dense algebra", ["what", ...isas.flatMap(head)], lines);
}

const isSolve = ({ name }) => name.startsWith("solve: ");

function solves({ rows, isas }) {
  const derivatives = byKey(rows.filter(({ name }) => name.startsWith("derivative by x of ")));
  const some = rows.filter((row) => isSolve(row) && row.failed === undefined);
  const peers = [...new Set(some.flatMap(({ overPeers = {} }) => Object.keys(overPeers)))];
  const head = (isa) => [`${isa}: solve`, "derivative", ...peers.map((peer) => `${peer} over it`)];
  const lines = [...byKey(some)].map(([key, solve]) => {
    const ofIsa = (isa) => {
      const [row, derivative] = [oneOf(solve, isa), oneOf(derivatives.get(`derivative by x of ${key}`) ?? [], isa)];
      return [ms(row.seconds), ms(derivative.seconds), ...values((peer) => cell(row.overPeers?.[peer]), peers)];
    };
    const { method, rank, iterations } = solve.at(-1);
    return [key.replace("solve: ", ""), `${method}, rank ${rank}, ${iterations} it.`, ...isas.flatMap(ofIsa)];
  });
  printTable("Solves", ["system", "method", ...isas.flatMap(head)], lines);
  for (const { overPlainIterations, isa, dtype } of some.filter((row) => row.overPlainIterations))
    printed(`KeOps's iterations of the plain loop take ${cell(overPlainIterations)} times as long (${isa}, ${dtype}).`);
}

function splits({ rows }) {
  const lines = rows
    .filter(({ split }) => split)
    .map(({ name, dtype, isa, split }) => [
      name.replace("solve: ", ""),
      dtype,
      isa,
      ms(split.total),
      ...GROUPS.map((group) => percent(split[group] / split.total)),
    ]);
  printTable("Where the time of solves goes", ["system", "dtype", "width", "in all", ...GROUPS], lines);
}

// ------------------------------------------------------------------------------------------------------------ others

function shapes({ rows, isas }) {
  const some = rows.filter(({ overTiles }) => overTiles);
  const names = [...new Set(some.map(({ name }) => name))];
  const head = isas.flatMap((isa) => ["float32", "float64"].map((dtype) => `${isa}, ${dtype}`));
  const ratio = (name, isa, dtype) =>
    some.find((row) => row.name === name && row.isa === isa && row.dtype === dtype)?.overTiles;
  const lines = names.map((name) => [
    name.replace("shape: ", ""),
    ...isas.flatMap((isa) => ["float32", "float64"].map((dtype) => cell(ratio(name, isa, dtype)))),
  ]);
  printTable("Compiled code, times as fast as tiles", ["shape", ...head], lines);
}

function fewer({ rows, isas }) {
  const some = [...byKey(rows.filter(({ name }) => name.startsWith("fewer pairs: ")))];
  const head = (isa) => [`${isa}: time`, "all pairs over it"];
  const lines = some.map(([key, group]) => [
    key.replace("fewer pairs: ", ""),
    group[0].method ?? "",
    percent(group[0].ofPairs),
    ...isas.flatMap((isa) => [ms(oneOf(group, isa).seconds), cell(oneOf(group, isa).overAll)]),
  ]);
  printTable("Fewer pairs", ["what", "method", "of pairs", ...isas.flatMap(head)], lines);
}

function smallCalls({ rows, isas }) {
  const some = rows.filter(({ name }) => /^(first call|overhead)/.test(name));
  const time = ({ seconds, microseconds }) => (microseconds === undefined ? ms(seconds) : `${cell(microseconds)} us`);
  const lines = [...byKey(some)].map(([key, group]) => [key, ...isas.map((isa) => time(oneOf(group, isa)))]);
  printTable("Small and first calls", ["call", ...isas], lines);
}

function against({ rows, isas }) {
  const some = [...byKey(rows.filter(({ overAgainst }) => overAgainst))];
  const lines = some.map(([key, group]) => [key, ...isas.map((isa) => cell(oneOf(group, isa).overAgainst))]);
  printTable("Times of the other build over those of this one", ["row", ...isas], lines);
}

/** Of a run of `--choices`: what was chosen, and by how much the best was faster. */
function choices({ rows, isas }) {
  const some = rows.filter(({ regret }) => regret);
  const kinds = [...new Set(some.map(({ kind }) => kind))];
  const lines = kinds.flatMap((kind) =>
    isas.map((isa) => {
      const regrets = some.filter((row) => row.kind === kind && row.isa === isa).map(({ regret }) => regret);
      const mean = Math.exp(regrets.reduce((sum, regret) => sum + Math.log(regret), 0) / regrets.length);
      const above = regrets.filter((regret) => regret > 1.3).length;
      return [kind, isa, `${regrets.length}`, cell(mean), cell(Math.max(...regrets)), `${above}`];
    }),
  );
  printTable("Choices", ["choice", "width", "cases", "mean regret", "largest", "above 1.3"], lines);
  const worst = some.filter(({ regret }) => regret > 1.3).sort((a, b) => b.regret - a.regret);
  const told = worst.map((row) => [row.name, row.dtype, row.isa, row.chosen, row.best, cell(row.regret)]);
  printTable("Choices whose regret is above 1.3", ["case", "dtype", "width", "chosen", "best", "regret"], told);
}

export function printMarkdown(file) {
  const { machine, rows } = rowsIn(file);
  const { isas, clock, threads, node, othersShare } = machine;
  const others = othersShare === undefined ? "" : `; other processes took at most ${cell(100 * othersShare, 2)} %`;
  printed(`${machine.cpu}, ${threads} threads, ${clock} time, Node ${node}${others}.`);
  for (const [name, { why, version, kernel }] of Object.entries(machine.peers ?? {}))
    printed(why === undefined ? `${name} ${version}${kernel && `, ${kernel}`}.` : `${name}: not run (${why}).`);
  const run = { rows, isas };
  for (const dtype of ["float32", "float64"]) sums({ ...run, dtype });
  for (const section of [dense, solves, splits, fewer, shapes, smallCalls, against, choices]) section(run);
}
