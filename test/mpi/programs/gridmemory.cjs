// Prints what a sum with a tolerance over columns that no rank has whole adds to the memory of each rank, in megabytes.
const { join } = require("node:path");
const dist = join(__dirname, "..", "..", "..", "dist");
const { Genred, array, nd, rand } = require(dist);
const { fromRows, gather, world } = require(join(dist, "mpi", "mpi.js"));

const COLUMNS = 4_000_000;
const some = (rows, dim, seed) => fromRows(rand([rows, dim], { seed: seed + world.rank }));
const K = Genred("Exp(-SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)"], { axis: 1 });
const sum = (columns) => {
  const [y, b] = [some(columns / world.size, 3, 10), some(columns / world.size, 1, 20)];
  globalThis.gc?.();
  const before = process.resourceUsage().maxRSS;
  K(some(2000, 3, 0), y, b, { columns: process.argv[2], tolerance: 1e-3, compile: "never" });
  return (process.resourceUsage().maxRSS - before) / 1024;
};
sum(800_000);
const ofAll = gather(fromRows(array([[sum(COLUMNS)]], { dtype: "float64" })));
if (world.rank === 0) console.log(JSON.stringify(nd.toNested(ofAll).flat()));
