// Prints, on rank 0, a line for each of many calls that leave out pairs, or look for neighbours: its name and a hash of the
// bits of its result. The lines must not depend on the number of ranks.
const { join } = require("node:path");
const { dist, say } = require("./say.cjs");
const { Genred, cluster, grad, nd, rand, requiresGrad } = require(dist);
const { firstDrop, firstSplit } = require(join(dist, "fast", "paircosts.js"));
const { fromRows, gather, shard, world } = require(join(dist, "mpi", "mpi.js"));

const ALIASES = ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"];
const points = (rows, seed, dim = 2) => rand([rows, dim], { seed });
const [x, y, b] = [points(60_000, 1), points(30_001, 2), points(30_001, 3, 1)];
const own = fromRows(shard(y));

// The first plans of a process are made for long calls alone; so are those of all ranks.
for (const plans of [firstDrop, firstSplit]) for (const ranks of [undefined, world]) plans.begin({ ranks });

for (const [reductionOp, formula, method] of [
  ["Sum", "Exp(-SqDist(x, y)) * b", "split"],
  ["Sum", "Exp(-SqDist(x, y) * IntCst(300)) * b", "dropped"],
  ["LogSumExp", "-SqDist(x, y) * IntCst(3000) + b", "dropped"],
]) {
  const options = { tolerance: 1e-3 };
  const K = Genred(formula, ALIASES, { axis: 1, reductionOp });
  // Whoever asks for a plan by himself changes nothing of what all do.
  if (world.rank === 0) console.log(`${formula} is ${K.plan(x, y, b, options).method}, as it should be ${method}`);
  say(`${formula} with rows of each`, gather(K(shard(x), own, b, options)));
  say(`${formula} with rows of all`, K(x, own, b, options));
}
const few = requiresGrad(points(2000, 4));
const K = Genred("Exp(-SqDist(x, y) * IntCst(300))", ALIASES.slice(0, 2), { axis: 1 });
say("gradients", ...grad(nd.sum(nd.square(gather(K(shard(few), y, { tolerance: 1e-3 })))), [few]));

for (const [rows, columns] of [
  [shard(x), y],
  [shard(x), own],
  [fromRows(shard(x)), shard(y)],
]) {
  const nearest = cluster.neighbours(rows, columns, { k: 4 });
  say("nearest", ...[nearest.indices, nearest.squaredDistances].map(gather));
  const within = cluster.neighbours(rows, columns, { radius: 0.005 });
  say("within", ...[within.rows, within.indices].map(gather));
}
