// Prints, on rank 0, a line for each of many sums with a tolerance whose columns no rank has whole: a name and a hash of
// the bits of its result. The lines must not depend on the number of ranks. With "errors": how far results are from exact
// sums of gathered columns, relative to these.
const { join } = require("node:path");
const { dist, say } = require("./say.cjs");
const { own } = require("./rows.cjs");
const { Genred, array, detach, grad, nd, rand, randn, requiresGrad } = require(dist);
const { firstSplit } = require(join(dist, "fast", "paircosts.js"));
const { fromRows, gather, shard, world } = require(join(dist, "mpi", "mpi.js"));
const isCompared = process.argv[2] === "errors";

/** @param some takes rows of a result, of which alone `exact` gives what `work` gives of all. */
function tell(name, work, tolerance = 1e-3, some = (all) => all, exact = work) {
  const results = work({ columns: "travel", tolerance });
  if (!isCompared) return say(name, ...results);
  const others = exact({ columns: "gather" });
  const errors = results.map((x, n) => nd.relativeError(some(x), others[n]));
  if (world.rank === 0) console.log(`${name} ${Math.max(...errors) / tolerance}`);
}
const fewOf = (all) => detach(all).step(50, 1);

const points = (rows, dim, seed, dtype = "float32") => rand([rows, dim], { seed, dtype });
const aliases = (dim) => [`x = Vi(${dim})`, `y = Vj(${dim})`, "b = Vj(1)"];
const [M, N] = [60_000, 30_001];

const double = (rows, dim, seed) => points(rows, dim, seed, "float64");
/** In clusters, so that some cells have many points and most have none. */
const clustered = (rows, dim, seed) => nd.square(points(rows, dim, seed, "float64"));

function sums() {
  for (const [dim, formula, cloud, columns, tolerance] of [
    [2, "Exp(-SqDist(x, y)) * b", points, N],
    [1, "Exp(-Norm2(x - y) * IntCst(30)) * b", points, N],
    [2, "Rsqrt(SqDist(x, y) + IntInv(100000000)) * b", double, 2 * N, 1e-4],
    [3, "Exp(-Norm2(x - y) * IntCst(4)) * b", points, 2 * N, 1e-4],
    [2, "Exp(-Norm2(x - y) * IntCst(4)) * b", clustered, 2 * N, 1e-5],
  ]) {
    const K = Genred(formula, aliases(dim), { axis: 1 });
    const [x, y] = [cloud(M, dim, 1), cloud(columns, dim, 2)];
    const b = randn([columns, 1], { seed: 3, dtype: x.dtype });
    const name = `${formula} in ${dim} axes, ${cloud.name}`;
    if (!isCompared && world.rank === 0) {
      const { method, details } = K.plan(x, y, b, { tolerance: tolerance ?? 1e-3 });
      console.log(`${name}: ${method} ${details.radius > 0 ? "near" : "far"}`);
    }
    const [rows, others] = [own(x), own(y)];
    const sumOf = (points) => (how) => [gather(K(shard(points), others, own(b), how))];
    tell(`${name}, shards`, sumOf(x), tolerance, fewOf, sumOf(fewOf(x)));
    if (isCompared) continue;
    tell(`${name}, a plan that is kept`, (how) => [gather(K(rows, others, own(nd.mul(b, b)), how))], tolerance);
  }
  const K = Genred("Exp(-SqDist(x, y)) * b", aliases(2), { axis: 1 });
  const [x, y, b] = [points(M, 2, 1), own(points(N, 2, 2)), own(randn([N, 1], { seed: 3 }))];
  tell(
    "rows of all",
    (how) => [K(x, y, b, how)],
    1e-3,
    fewOf,
    (how) => [K(fewOf(x), y, b, how)],
  );
}

function others() {
  const [x, y] = [own(points(M, 2, 1)), own(points(N, 2, 2))];
  const same = Genred("Exp(-SqDist(x, y)) * b * c", ["x = Vi(2)", "y = Vj(2)", "b = Vj(2)", "c = Vi(1)"], { axis: 1 });
  const [b, c] = [randn([M, 2], { seed: 3 }), randn([M, 1], { seed: 4 })];
  tell("two weights and a factor, of equal points", (how) => [gather(same(x, x, own(b), own(c), how))]);
  const over = Genred("Exp(-SqDist(x, y)) * a", ["x = Vi(2)", "y = Vj(2)", "a = Vi(1)"], {
    axis: 0,
    reductionOp: "Mean",
  });
  tell("a mean over rows", (how) => [gather(over(x, y, own(c), how))]);
  const narrow = Genred("Exp(-SqDist(x, y) * IntCst(300)) * b", aliases(2), { axis: 1, reductionOp: "LogSumExp" });
  tell("another reduction, of all pairs", (how) => [gather(narrow(own(points(900, 2, 5)), y, own(b.hi(N, 1)), how))]);
  const wrong = randn([N, 1], { seed: 3 });
  wrong.set(N - 1, 0, Infinity);
  const plain = Genred("Exp(-SqDist(x, y) * IntCst(100)) * b", aliases(2), { axis: 1 });
  const odd = Genred("Exp(-SqDist(x, y)) * Sin(b)", aliases(2), { axis: 1 });
  tell("no convolution", (how) => [gather(odd(own(points(900, 2, 5)), y, own(randn([N, 1], { seed: 3 })), how))]);
  const isFinite = ([value]) => [Number.isFinite(value) ? 1 : 2];
  tell("a weight that is not finite", (how) => {
    return [array(nd.toNested(gather(plain(x, y, own(wrong), how))).map(isFinite))];
  });
}

function derivatives() {
  const [rows, columns] = [25_000, 16_000];
  const K = Genred("Exp(-SqDist(x, y) * p) * b", [...aliases(2), "p = Pm(1)"], { axis: 1 });
  const [x, y, b] = [
    points(rows, 2, 1, "float64"),
    points(columns, 2, 2, "float64"),
    randn([columns, 1], { seed: 3, dtype: "float64" }),
  ].map((array) => requiresGrad(own(array)));
  const p = requiresGrad(array([3], { dtype: "float64" }));
  tell("gradients", (how) => {
    const first = grad(K(x, y, b, p, how), [x, y, b, p], own(randn([rows, 1], { seed: 4, dtype: "float64" })), {
      createGraph: true,
    });
    const second = grad(first[0], [y, b], own(randn([rows, 2], { seed: 5, dtype: "float64" })));
    return [...first.slice(0, 3), ...second].map((g) => gather(fromRows(detach(g)))).concat(first[3]);
  });
}

async function later() {
  const K = Genred("Exp(-Norm2(x - y) * IntCst(4)) * b", aliases(2), { axis: 1 });
  const [x, y, b] = [points(M, 2, 1), points(N, 2, 2), randn([N, 1], { seed: 3 })].map(own);
  if (!isCompared) say("later", gather(await K.async(x, y, b, { columns: "travel", tolerance: 1e-3 })));
}

// The first plans of a process are made for long calls alone; so are those of all ranks.
for (const ranks of [undefined, world]) firstSplit.begin({ ranks });

sums();
others();
derivatives();
void later();
