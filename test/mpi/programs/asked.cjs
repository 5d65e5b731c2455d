// Prints, on rank 0, a line for each of many calls whose columns are gathered, or asked for by those who need them: its
// name and a hash of the bits of its result. The lines must depend neither on that nor on the number of ranks.
const { join } = require("node:path");
const { dist, say } = require("./say.cjs");
const { own } = require("./rows.cjs");
const { Genred, cluster, detach, grad, nd, rand, requiresGrad } = require(dist);
const { broadcast, fromRows, gather } = require(join(dist, "mpi", "mpi.js"));
const [columns, compile] = process.argv.slice(2);

const list = (result) => (Array.isArray(result) ? result : [result]);
const rowsOfAll = (own) => gather(fromRows(detach(own)));

const blocks = (rows, count) =>
  Array.from({ length: count }, (_, k) => [0, 1].map((more) => Math.floor((rows * (k + more)) / count)));
/** Of 11 intervals of rows one visits nothing, one every second block, and one all: more than a turn asks for. */
function rangesOf(rows, many) {
  const keep = Array.from({ length: 11 }, (_, a) => Array.from({ length: 40 }, (_, b) => (7 * a + 3 * b) % 5 === 0));
  keep[2].fill(false);
  keep[6] = keep[6].map((_, b) => b % 2 === 0);
  keep[7].fill(true);
  return cluster.fromMatrix(blocks(rows, 11), blocks(many, 40), keep);
}

const DIM = 6;
const ALIASES = [`x = Vi(${DIM})`, `y = Vj(${DIM})`, "b = Vj(1)"];
const TABLE = [
  ["Sum", "Exp(-SqDist(x, y)) * b"],
  ["LogSumExp", "SqDist(x, y) + b"],
  ["SumSoftMaxWeight", "SqDist(x, y)", { formula2: "b" }],
  ["Min_ArgMin", "SqDist(x, y) + b"],
  ["ArgKMin", "SqDist(x, y) + b", { optArg: 5 }],
];

/** Columns of which a turn asks for some 150,000 at most. */
function visits(dtype) {
  const points = (seed, rows, dim) => rand([rows, dim], { seed, dtype });
  const [x, y, b] = [points(1, 67, DIM), points(2, 160_000, DIM), points(3, 160_000, 1)];
  const options = { columns, compile, ranges: rangesOf(67, 160_000), prune: "never" };
  const pieces = [x, y, b].map((each) => requiresGrad(own(each)));
  for (const [reductionOp, formula, more] of TABLE) {
    const K = Genred(formula, ALIASES, { reductionOp, axis: 1, ...more });
    say(`${reductionOp} of ranges in ${dtype}`, ...list(K(own(x), own(y), own(b), options)).map(gather));
    say(`${reductionOp} of ranges in ${dtype}, rows whole`, ...list(K(x, own(y), own(b), options)));
  }
  for (const [reductionOp, formula] of TABLE.slice(0, 2)) {
    const K = Genred(formula, ALIASES, { reductionOp, axis: 1 });
    const values = K(...pieces, options);
    const first = grad(values, pieces, values, { createGraph: true });
    say(`grad of ${reductionOp} of ranges in ${dtype}`, ...first.map(rowsOfAll));
    say(`second order in ${dtype}`, ...grad(first[0], pieces, detach(first[0])).map(rowsOfAll));
  }
  const { ranges } = options;
  const over = Genred("Exp(-SqDist(x, y))", ALIASES.slice(0, 2), { axis: 0 });
  say(`over i of ranges in ${dtype}`, gather(over(own(y), own(x), { ...options, ranges: cluster.swapAxes(ranges) })));
}

async function later() {
  const [x, y] = [rand([67, DIM], { seed: 5 }), rand([160_000, DIM], { seed: 6 })];
  const K = Genred("Exp(-SqDist(x, y))", ALIASES.slice(0, 2), { axis: 1 });
  say("async", gather(await K.async(own(x), own(y), { columns, compile, ranges: rangesOf(67, 160_000) })));
}

/** Pairs that minima choose: of rows of each rank, of rows that all have, and of none. */
function minima(dtype) {
  const points = (seed, rows, dim) => rand([rows, dim], { seed, dtype });
  const many = [points(2, 5000, 2), points(3, 5000, 1)].map((each) => requiresGrad(own(each)));
  const p = requiresGrad(nd.add(points(4, 1, 1), 1));
  const formula = "Elem(p, 0) * SqDist(x, y) + b * Sin(p)";
  const aliases = ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)", "p = Pm(1)"];
  const ranges = rangesOf(60, 5000);
  const points2 = points(1, 60, 2);
  const rows = { own: requiresGrad(own(points2)), whole: requiresGrad(broadcast(points2)) };
  for (const [reductionOp, more] of [["Min"], ["Max"], ["KMin", { optArg: 3 }]])
    for (const [name, x] of Object.entries(rows))
      for (const options of [{ columns, compile }, ...(name === "own" ? [{ columns, compile, ranges }] : [])]) {
        const K = Genred(formula, aliases, { reductionOp, axis: 1, ...more });
        const shown = (all) =>
          all.map((each, n) => (n === 3 || (n === 0 && name === "whole") ? each : rowsOfAll(each)));
        const total = (each) => nd.sum(nd.square(name === "own" ? gather(fromRows(each)) : each));
        const inputs = [x, ...many, nd.reshape(p, [1])];
        const first = grad(total(K(...inputs, options)), inputs, null, { createGraph: true });
        const what = `${reductionOp}, rows ${name}${options.ranges ? " of ranges" : ""} in ${dtype}`;
        say(`grad of ${what}`, ...shown(first));
        say(`second order of ${what}`, ...shown(grad(nd.add(total(first[0]), nd.sum(nd.square(first[3]))), inputs)));
      }
  const q = requiresGrad(broadcast(nd.reshape(points(7, 1, 2), [2])));
  const L = Genred("p * SqDist(q, y)", ["q = Pm(2)", "y = Vj(2)", "p = Pm(1)"], { reductionOp: "Min", axis: 1 });
  const inputs = [q, many[0], nd.reshape(p, [1])];
  const least = L(...inputs, { columns, compile });
  const first = grad(nd.sum(nd.square(least)), inputs, null, { createGraph: true });
  say(`grad of Min without rows in ${dtype}`, first[0], rowsOfAll(first[1]), first[2]);
  say(`second order in ${dtype}`, ...grad(nd.add(nd.sum(nd.square(first[0])), nd.square(first[2])), [q, inputs[2]]));
}

for (const dtype of ["float32", "float64"]) {
  visits(dtype);
  minima(dtype);
}
void later();
