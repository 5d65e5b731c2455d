// Prints, on rank 0, a line for each of many calls whose columns are gathered, travel, or are there: its name and a hash
// of the bits of its result. The lines must depend neither on that nor on the number of ranks.
const { join } = require("node:path");
const { dist, say } = require("./say.cjs");
const { Genred, Vi, Vj, cluster, detach, grad, nd, rand, requiresGrad } = require(dist);
const { own } = require("./rows.cjs");
const { broadcast, fromRows, gather, shard, world } = require(join(dist, "mpi", "mpi.js"));
const [columns, compile] = process.argv.slice(2);

const list = (result) => (Array.isArray(result) ? result : [result]);
const options = { columns, compile };

const TABLE = [
  ["Sum", "Exp(-SqDist(x, y)) * b"],
  ["Sum", "Exp(-SqDist(x, y)) * b", { sumScheme: "kahan_scheme" }],
  ["Mean", "SqDist(x, y) * b"],
  ["LogSumExp", "SqDist(x, y) + b"],
  ["SumSoftMaxWeight", "SqDist(x, y)", { formula2: "b" }],
  ["Min_ArgMin", "SqDist(x, y) + b"],
  ["Max", "SqDist(x, y) + b"],
  ["KMin_ArgKMin", "SqDist(x, y) + b", { optArg: 5 }],
];
const ALIASES = ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"];

function reductions(dtype, rows, many) {
  const [x, y] = [rand([rows, 2], { seed: 1, dtype }), rand([many, 2], { seed: 2, dtype })];
  const b = rand([many, 1], { seed: 3, dtype });
  for (const [reductionOp, formula, more] of TABLE) {
    const K = Genred(formula, ALIASES, { reductionOp, axis: 1, ...more });
    const name = `${reductionOp} of ${formula} ${JSON.stringify(more)} ${rows} x ${many} in ${dtype}`;
    say(name, ...list(K(own(x), own(y), own(b), options)).map(gather));
    say(`${name}, rows whole`, ...list(K(x, own(y), own(b), options)));
  }
  const over = Genred("Exp(-SqDist(x, y))", ["x = Vi(2)", "y = Vj(2)"], { axis: 0 });
  say(`over i of ${dtype}`, gather(over(own(y), own(x), options)));
}

function gradients(dtype) {
  const points = (seed, rows, dim) => requiresGrad(rand([rows, dim], { seed, dtype }));
  const [x, y, b] = [points(1, 40, 2), points(2, 70_001, 2), points(3, 70_001, 1)];
  const pieces = [x, y, b].map((each) => requiresGrad(own(detach(each))));
  for (const [reductionOp, formula] of [TABLE[0], TABLE[3]]) {
    const K = Genred(formula, ALIASES, { axis: 1, reductionOp });
    const values = K(...pieces, options);
    const first = grad(values, pieces, values, { createGraph: true });
    say(`grad of ${reductionOp} in ${dtype}`, ...first.map((each) => gather(fromRows(detach(each)))));
    const second = grad(first[0], pieces, detach(first[0]));
    say(`second order of ${reductionOp} in ${dtype}`, ...second.map((each) => gather(fromRows(each))));
  }
}

/** By parameters, and by rows and columns that are whole beside shards. */
function gradientsOfWhole(dtype) {
  const points = (seed, rows, dim) => requiresGrad(broadcast(rand([rows, dim], { seed, dtype })));
  const [x, y, b] = [points(1, 40, 2), own(points(2, 70_001, 2)), points(3, 70_001, 1)];
  const p = requiresGrad(rand([3], { seed: 4, dtype }));
  const K = Genred("Exp(-Elem(p, 0) * SqDist(x, y)) * b * Elem(p, 1)", [...ALIASES, "p = Pm(3)"], { axis: 1 });
  for (const [name, rows] of [
    ["whole rows", x],
    ["rows", own(x)],
  ]) {
    const values = K(rows, y, b, p, options);
    const loss = nd.sum(nd.square(name === "rows" ? gather(values) : values));
    const first = grad(loss, [x, b, p], null, { createGraph: true });
    say(`grad by whole arrays beside ${name} in ${dtype}`, ...first);
    say(`second order beside ${name} in ${dtype}`, ...grad(nd.sum(nd.square(first[2])), [x, b, p]));
  }
}

/** Columns of many numbers, of which spans are shorter. */
function wide() {
  const [x, y] = [rand([30, 100], { seed: 1 }), rand([20_000, 100], { seed: 2 })];
  const K = Genred("Exp(-SqDist(x, y))", ["x = Vi(100)", "y = Vj(100)"], { axis: 1 });
  say("wide columns", gather(K(own(x), own(y), options)));
}

/** By arrays that all ranks have, of which each has some rows. */
function gradientsOfAll() {
  const points = (rows) => broadcast(rand([rows, 2], { seed: rows + world.rank, dtype: "float64" }));
  const [x, y] = [50, 70_001].map((rows) => requiresGrad(points(rows)));
  const K = Genred("Exp(-SqDist(x, y))", ["x = Vi(2)", "y = Vj(2)"], { axis: 1 });
  const loss = nd.sum(nd.square(gather(K(shard(x), own(y), options))));
  say("grad by all", ...grad(loss, [x, y]));
}

async function others() {
  const y = own(rand([140_000, 3], { seed: 4 }));
  const x = own(rand([50, 3], { seed: 5 }));
  say(
    "lazy tensors",
    gather(
      Vi(x)
        .sqdist(Vj(y))
        .neg()
        .exp()
        .sum({ axis: 1, ...options }),
    ),
  );
  const K = Genred("Exp(-SqDist(x, y))", ["x = Vi(3)", "y = Vj(3)"], { axis: 1 });
  let last = 0;
  const onProgress = ({ fraction = 1 }) => {
    if (fraction < last) throw new Error(`${fraction} after ${last}`);
    last = fraction;
  };
  const sums = await K.async(x, y, { ...options, onProgress });
  say("async", gather(sums));
  say("async, rows whole", await K.async(rand([30, 3], { seed: 6 }), y, options));
  const out = rand([x.shape[0], 1], { seed: 7 });
  K(x, y, { ...options, out });
  say("out", gather(out));
  say("no columns", gather(K(x, own(rand([0, 3])), options)));
}

/** Nothing has the kept index: the result is a total, which all ranks have. */
function totals(dtype) {
  const [y, p, w] = [rand([300, 1], { seed: 2, dtype }), rand([1], { seed: 4, dtype }), rand([1], { seed: 5, dtype })];
  for (const reductionOp of ["Sum", "LogSumExp", "Min"]) {
    const K = Genred("Exp(-SqDist(y, p))", ["y = Vj(1)", "p = Pm(1)"], { reductionOp, axis: 1 });
    for (const ranges of [
      undefined,
      cluster.fromMatrix(
        [[0, 1]],
        [
          [3, 90],
          [120, 180],
        ],
        [[1, 1]],
      ),
    ]) {
      const [piece, ...others] = [own(y), p, w].map((each) => requiresGrad(each));
      const name = `${reductionOp} without rows ${ranges ? "and with ranges" : ""} in ${dtype}`;
      const loss = nd.mul(nd.sum(K(piece, others[0], { ...options, ranges })), others[1]);
      const [first, ...firsts] = grad(loss, [piece, ...others], null, { createGraph: true });
      say(name, gather(fromRows(detach(first))), ...firsts);
      const [second, ...seconds] = grad(nd.sum(nd.square(first)), [piece, ...others]);
      say(`second order of ${name}`, gather(fromRows(second)), ...seconds);
    }
  }
}

for (const dtype of ["float32", "float64"]) {
  totals(dtype);
  reductions(dtype, 7, 200_000);
  reductions(dtype, 1500, 66_000);
  gradients(dtype);
  gradientsOfWhole(dtype);
}
wide();
gradientsOfAll();
void others();
