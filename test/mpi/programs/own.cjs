// Prints, on rank 0, gradients of two ranks by rows that are each one's own, or of an array that all have: what each
// rank has of them, rank by rank. All numbers are small integers, so sums are exact.
const { join } = require("node:path");
const dist = join(__dirname, "..", "..", "..", "dist");
const { array, detach, grad, nd, requiresGrad } = require(dist);
const { broadcast, fromRows, gather, world } = require(join(dist, "mpi", "mpi.js"));

const { rank } = world;
const float64 = (rows) => array(rows, { dtype: "float64" });
/** Of rank 0 and 1. */
const FACTORS = [float64([[1], [2]]), float64([[3], [4]])];
const factor = FACTORS[rank];

function say(name, gradient) {
  const all = gather(fromRows(float64([nd.toNested(gradient).flat()])));
  if (rank === 0) console.log(JSON.stringify([name, ...nd.toNested(all)]));
}
const weighted = (rows) => nd.sum(nd.mul(rows, factor));

for (const [name, last] of [
  ["equal numbers", 0],
  ["other numbers", rank],
]) {
  const mine = requiresGrad(float64([[0], [last]]));
  say(name, grad(weighted(fromRows(mine)), [mine])[0]);
}
const w = requiresGrad(float64([[1], [1]]));
const late = float64([[5], [6]]);
const own = fromRows(late);
requiresGrad(late);
say("marked later", grad(nd.add(weighted(own), nd.sum(nd.square(w))), [late, w])[0]);

const part = float64([[7], [8], [9]]);
const rows = fromRows(part.lo(1, 0));
requiresGrad(part);
say("a part, marked later", grad(weighted(rows), [part])[0]);
say("a view of a part", grad(weighted(fromRows(part.hi(2, 1))), [part])[0]);

const rowsOfMine = (x) => fromRows(x.lo(2 * rank, 0).hi(2, 1));
const common = broadcast(float64([[1], [2], [3], [4]]));
const before = rowsOfMine(common);
requiresGrad(common);
say("of all, marked later", grad(weighted(before), [common])[0]);
say("of all", grad(weighted(rowsOfMine(common)), [common])[0]);
const again = requiresGrad(detach(common));
say("of all, detached", grad(weighted(rowsOfMine(again)), [again])[0]);
say("of all, twice", grad(nd.sum(nd.square(weighted(nd.square(rowsOfMine(common))))), [common])[0]);
const pieces = requiresGrad(float64([[1 + rank], [3]]));
const joined = gather(fromRows(pieces));
say("rows that were joined", grad(weighted(rowsOfMine(joined)), [pieces])[0]);
say("rows of the other", grad(weighted(fromRows(joined.lo(2 - 2 * rank, 0).hi(2, 1))), [pieces])[0]);
