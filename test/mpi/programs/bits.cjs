// Prints, on rank 0, a line for each of many calls: its name and a hash of the bits of its result. The lines must not
// depend on the number of ranks.
const { join } = require("node:path");
const { dist, say } = require("./say.cjs");
const { Genred, KernelSolve, Vi, Vj, array, cluster, detach, grad, nd, rand, randn, requiresGrad } = require(dist);
const { allReduce, broadcast, fromRows, gather, shard, world } = require(join(dist, "mpi", "mpi.js"));

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
  const wide = [xi, x].map((points) => Vi(xi).sqdist(Vj(points)).neg().exp());
  say("their sizes", ...wide.map((K) => array(K.shape)));
  say("their products", ...wide.flatMap((K) => [K.matmul(x), K.matmul(x.pick(null, 0))].map(gather)));
  say("their products with shards", gather(wide[0].matmul(shard(x.pick(null, 0)))));
  const right = shard(x.pick(null, 0));
  say("their solutions", gather(wide[0].solve(right, { alpha: 1 })), wide[0].solve(x, { alpha: 1 }));
  say("their functions", wide[0].logdet({ alpha: 1 }).array, wide[0].eigsh(2).values);
  say("ranges", gather(K(xi, x, { ranges })));
  say("gather of what was computed", gather(nd.mul(xi, 2)));
  say("rows of its own", gather(K(fromRows(nd.mul(xi, 2)), x)));
  say("broadcast", broadcast(world.rank === world.size - 1 ? x : nd.mul(x, 0), world.size - 1));
  say("maximum", array([allReduce(world.rank + 1, { op: "max" }) / world.size]));
  say("sum", nd.div(allReduce(array([1, 2, 3])), world.size));
}

/** Gradients by arrays that all ranks have, which nd puts together with rows of each; of integers, so sums are exact. */
function mixed() {
  const integers = (shape, seed) => requiresGrad(nd.floor(nd.mul(rand(shape, { seed, dtype: "float64" }), 3)));
  const [x, w, v] = [integers([11, 2], 1), integers([2, 1], 2), integers([1], 3)];
  const [own, data] = [shard(x), shard(detach(x))];
  const K = Genred("SqDist(x, y) * b", ["x = Vi(2)", "y = Vj(2)", "b = Pm(1)"], { axis: 1 });
  const losses = {
    "rows of data": () => nd.square(nd.matmul(nd.mul(data, 2), w)),
    "rows of points": () => nd.mul(nd.square(nd.matmul(own, w)), v),
    "an elementwise function": () => nd.multOr0(nd.matmul(own, w), v),
    "a call": () => nd.mul(K(own, x, v), v),
    "a call of computed rows": () => nd.mul(K(nd.mul(data, 2), x, v), w.pick(0, null)),
  };
  const everywhere = (g) => [g, allReduce(g, { op: "min" }), allReduce(g, { op: "max" })];
  for (const [name, rows] of Object.entries(losses))
    for (const [of, loss] of [
      ["all", () => allReduce(nd.sum(rows()))],
      ["squares", () => nd.square(allReduce(nd.sum(rows())))],
      ["own", () => nd.sum(rows())],
    ]) {
      const first = grad(loss(), [x, w, v], null, { createGraph: true });
      say(`gradient of ${of} ${name}`, ...first.map(detach).flatMap(everywhere));
      const second = grad(
        first.map((g) => nd.sum(nd.square(g))).reduce((sum, part) => nd.add(sum, part)),
        [x, w, v],
      );
      say(`second order of ${of} ${name}`, ...second.flatMap(everywhere));
    }
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
mixed();
void later();
