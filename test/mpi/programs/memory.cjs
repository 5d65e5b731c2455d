// Prints what a sum over columns that no rank has whole adds to the memory of each rank, in megabytes.
const { join } = require("node:path");
const dist = join(__dirname, "..", "..", "..", "dist");
const { Genred, cluster, rand } = require(dist);
const { fromRows, gather, world } = require(join(dist, "mpi", "mpi.js"));

const [COLUMNS, DIM] = [4_200_000, 8];
const own = fromRows(rand([COLUMNS / world.size, DIM], { seed: world.rank, dtype: "float64" }));
const x = fromRows(rand([4, DIM], { seed: 9, dtype: "float64" }));
const K = Genred("Exp(-SqDist(x, y))", [`x = Vi(${DIM})`, `y = Vj(${DIM})`], { axis: 1 });
K(x, fromRows(rand([4, DIM], { dtype: "float64" })), { compile: "never" });
globalThis.gc?.();
/** Four rows of each rank visit a sixtieth of the columns, elsewhere than the others. */
function someRanges() {
  const quarters = [0, 1, 2, 3];
  const rows = quarters.map((k) => [4 * k, 4 * k + 4]);
  const columns = quarters.map((k) => [k, k + 1 / 15].map((quarter) => (quarter * COLUMNS) / 4));
  const keep = quarters.map((k) => quarters.map((other) => k === other));
  return cluster.fromMatrix(rows, columns, keep);
}

const all = () => cluster.fromMatrix([[0, 16]], [[0, COLUMNS]], [[true]]);
const ranges = { ranges: someRanges, all }[process.argv[3]]?.() ?? null;
const before = process.resourceUsage().maxRSS;
K(x, own, { columns: process.argv[2], compile: "never", ranges });
const grown = [[(process.resourceUsage().maxRSS - before) / 1024]];
const ofAll = gather(fromRows(require(dist).array(grown, { dtype: "float64" })));
if (world.rank === 0) console.log(JSON.stringify(require(dist).nd.toNested(ofAll).flat()));
