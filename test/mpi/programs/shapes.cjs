// Prints, on rank 0, what errors say of shards that do not fit.
const { join } = require("node:path");
const { dist } = require("./say.cjs");
const { Genred, KernelSolve, Vi, Vj, rand } = require(dist);
const { fromRows, world } = require(join(dist, "mpi", "mpi.js"));

const aliases = ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"];
const K = Genred("Exp(-SqDist(x, y)) * b", aliases, { axis: 1 });
const Kinv = KernelSolve("Exp(-SqDist(x, y)) * b", aliases, "b", { axis: 1 });
const own = (rows, dim) => fromRows(rand([rows, dim], { dtype: "float64" }));
const spread = { alpha: 1, columns: "travel" };

const CALLS = [
  () => K(own(6, 3), own(5, 2), own(5, 1)),
  () => K(own(6, 2), own(5, 3), own(5, 1), { columns: "travel" }),
  () => K(own(6, 2), own(5, 2), own(5, 2), { columns: "travel" }),
  () => Kinv(own(6, 2), own(6, 2), own(6, 2), spread),
  () => Kinv(own(6, 3), own(6, 2), own(6, 1), spread),
  () => Kinv(own(6, 2), own(6, 2), own(5, 1), spread),
  () => Vi(own(6, 2)).add(Vi(own(5, 2))),
  () =>
    Vi(own(6, 2))
      .sqdist(Vj(own(5, 2)))
      .solve(own(6, 1)),
];
for (const call of CALLS)
  try {
    call();
  } catch ({ message }) {
    if (world.rank === 0) console.log(message);
  }
