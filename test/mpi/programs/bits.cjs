// Prints, on rank 0, a line for each of many calls: its name and a hash of the bits of its result. The lines must not
// depend on the number of ranks.
const { createHash } = require("node:crypto");
const { join } = require("node:path");
const dist = join(__dirname, "..", "..", "..", "dist");
const { Genred, KernelSolve, Vi, Vj, array, cluster, grad, nd, rand, randn, requiresGrad } = require(dist);
const { allReduce, broadcast, fromRows, gather, shard, world } = require(join(dist, "mpi", "mpi.js"));

function hash(...arrays) {
  const md5 = createHash("md5");
  for (const x of arrays.flat()) md5.update(`${x.shape}`).update(JSON.stringify(nd.toNested(x)));
  return md5.digest("hex");
}
const say = (name, ...arrays) => world.rank === 0 && console.log(`${name} ${hash(...arrays)}`);
const list = (result) => (Array.isArray(result) ? result : [result]);

const ALIASES = ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)", "g = Pm(1)"];
const GAUSSIAN = "Exp(-g * SqDist(x, y)) * b";

function reductions(dtype, compile) {
  const [x, y] = [rand([301, 2], { seed: 1, dtype }), rand([2103, 2], { seed: 2, dtype })];
  const b = rand([2103, 1], { seed: 3, dtype });
  const table = [
    ["Sum", GAUSSIAN],
    ["LogSumExp", "g * SqDist(x, y) + b"],
    ["ArgMin", "g * SqDist(x, y) + b"],
    ["KMin_ArgKMin", "g * SqDist(x, y) + b", { optArg: 3 }],
  ];
  for (const [reductionOp, formula, more] of table)
    for (const axis of [0, 1]) {
      const K = Genred(formula, ALIASES, { reductionOp, axis, ...more });
      const own = list(K(shard(x), y, b, 2, { compile }));
      say(`${reductionOp} over ${axis} of ${dtype}, x a shard`, ...(axis === 1 ? own.map(gather) : own));
      const all = list(K(shard(x), shard(y), shard(b), 2, { compile }));
      say(`${reductionOp} over ${axis} of ${dtype}, all shards`, ...all.map(gather));
    }
}

function gradients(dtype) {
  const points = (seed, dim) => requiresGrad(rand([150, dim], { seed, dtype }));
  const [x, y, b, g] = [points(1, 2), points(2, 2), points(3, 1), requiresGrad(array([2], { dtype }))];
  const K = Genred(GAUSSIAN, ALIASES, { axis: 1 });
  const loss = nd.sum(nd.square(gather(K(shard(x), y, shard(b), g))));
  const first = grad(loss, [x, y, b, g], null, { createGraph: true });
  say(`grad in ${dtype}`, ...first);
  say(`second order in ${dtype}`, ...grad(nd.sum(nd.square(first[1])), [x, y, b, g]));
  const least = Genred("SqDist(x, y)", ["x = Vi(2)", "y = Vj(2)"], { axis: 1, reductionOp: "Min" });
  say(`grad of minima in ${dtype}`, ...grad(nd.sum(gather(least(shard(x), y))), [x, y]));
}

function solves(dtype) {
  const [x, b] = [requiresGrad(rand([400, 2], { seed: 1, dtype })), requiresGrad(randn([400, 1], { seed: 2, dtype }))];
  const [xi, bi] = [shard(x), shard(b)];
  const Kinv = KernelSolve(GAUSSIAN, ALIASES, "b", { axis: 1 });
  for (const options of [
    {},
    { method: "cg", preconditioner: "none" },
    { method: "cg", preconditioner: { rank: 20 } },
  ]) {
    const { solution, iterations } = Kinv.report(xi, xi, bi, 20, { alpha: 0.1, ...options });
    say(`solve ${JSON.stringify(options)} of ${dtype} in ${iterations} iterations`, gather(solution));
  }
  const solution = gather(Kinv(xi, xi, bi, 20, { alpha: 0.1 }));
  say(`grad of a solution in ${dtype}`, ...grad(nd.sum(nd.square(solution)), [x, b]));
  say(`shifted in ${dtype}`, ...Kinv.shifted([0.1, 1], xi, xi, bi, 20).map(gather));
  say(`solve from a start in ${dtype}`, gather(Kinv(xi, xi, bi, 20, { alpha: 0.1, x0: shard(solution) })));
  const logdet = Kinv.logdet(xi, xi, bi, 20, { alpha: 0.1, method: "lanczos" }).array;
  say(`logdet in ${dtype}`, logdet, ...grad(logdet, [x]));
  const { values, vectors } = Kinv.eigsh(2, xi, xi, bi, 20);
  say(`eigsh in ${dtype}`, values, vectors);
}

function others() {
  const x = rand([40, 2], { seed: 1, dtype: "float64" });
  const xi = shard(x);
  say("lazy tensors", gather(Vi(xi).sqdist(Vj(x)).neg().exp().sum({ axis: 1 })));
  const intervals = [
    [0, 15],
    [15, 40],
  ];
  const ranges = cluster.fromMatrix(intervals, intervals, [
    [1, 0],
    [1, 1],
  ]);
  const K = Genred("Exp(-SqDist(x, y))", ["x = Vi(2)", "y = Vj(2)"], { axis: 1 });
  say("ranges", gather(K(xi, x, { ranges })));
  say("gather of what was computed", gather(nd.mul(xi, 2)));
  say("rows of its own", gather(K(fromRows(nd.mul(xi, 2)), x)));
  say("broadcast", broadcast(world.rank === world.size - 1 ? x : nd.mul(x, 0), world.size - 1));
  say("maximum", array([allReduce(world.rank + 1, { op: "max" }) / world.size]));
  say("sum", nd.div(allReduce(array([1, 2, 3])), world.size));
}

async function later() {
  const x = rand([90, 2], { seed: 1 });
  const K = Genred("Exp(-SqDist(x, y))", ["x = Vi(2)", "y = Vj(2)"], { axis: 0 });
  say("async", await K.async(shard(x), x));
}

for (const dtype of ["float32", "float64"]) {
  for (const compile of process.argv.slice(2)) reductions(dtype, compile);
  gradients(dtype);
  solves(dtype);
}
others();
void later();
