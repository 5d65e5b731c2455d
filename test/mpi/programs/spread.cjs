// Prints, on rank 0, a line for each of many solves whose points no rank has whole: a name and a hash of the bits of its
// result. The lines must not depend on the number of ranks. With "errors": how far results are from those of gathered
// points, relative to these.
const { join } = require("node:path");
const { dist, say } = require("./say.cjs");
const { KernelSolve, Vi, Vj, array, cluster, detach, grad, nd, rand, randn, requiresGrad } = require(dist);
const { broadcast, fromRows, gather, shard, world } = require(join(dist, "mpi", "mpi.js"));
const isCompared = process.argv[2] === "errors";

/** Rows of which no rank has the others'; of uneven counts, the first of which may be none. */
function own(x) {
  const weights = Array.from({ length: world.size }, (_, rank) => (rank === 0 && world.size > 2 ? 0 : 1 + rank));
  const sum = (to) => weights.slice(0, to).reduce((total, weight) => total + weight, 0);
  const [begin, end] = [0, 1].map((k) => Math.round((sum(world.rank + k) / sum(world.size)) * x.shape[0]));
  return fromRows(x.hi(end, x.shape[1]).lo(begin, 0));
}

/** The same with points that travel and gathered ones. */
function tell(name, work) {
  const results = work({ columns: "travel" });
  if (!isCompared) return say(name, ...results);
  const others = work({ columns: "gather" });
  const errors = results.map((x, n) => {
    const of = (a) => Math.sqrt(nd.toNested(nd.sum(nd.square(a))));
    return of(nd.sub(x, others[n])) / of(others[n]);
  });
  if (world.rank === 0) console.log(`${name} ${Math.max(...errors)}`);
}

const ALIASES = ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)", "g = Pm(1)"];
const Kinv = KernelSolve("Exp(-g * SqDist(x, y)) * b", ALIASES, "b", { axis: 1 });
const whole = (x) => gather(fromRows(detach(x)));

function solves(dtype, rows) {
  const [x, b] = [rand([rows, 2], { seed: 1, dtype }), randn([rows, 1], { seed: 2, dtype })];
  for (const options of [
    {},
    { preconditioner: "none" },
    { preconditioner: { rank: 40 } },
    { preconditioner: (r) => nd.mul(r, 0.5) },
    { symmetry: "indefinite" },
    { symmetry: "none" },
  ])
    tell(`solve ${JSON.stringify(options)} of ${rows} in ${dtype}`, (how) => {
      const xi = own(x);
      const { solution, iterations } = Kinv.report(xi, xi, own(b), 20, { alpha: 0.1, ...options, ...how });
      return isCompared ? [gather(solution)] : [gather(solution), array([iterations])];
    });
  tell(`shifted of ${rows} in ${dtype}`, (how) => {
    const xi = own(x);
    return Kinv.shifted([0.1, 1], xi, xi, b, 20, how);
  });
  tell(`start of ${rows} in ${dtype}`, (how) => {
    const xi = own(x);
    return [gather(Kinv(xi, xi, own(b), 20, { alpha: 0.1, x0: own(b), ...how }))];
  });
}

function derivatives(dtype) {
  const rows = 300;
  const points = requiresGrad(broadcast(rand([rows, 2], { seed: 1, dtype })));
  const b = requiresGrad(randn([rows, 1], { seed: 2, dtype }));
  const [g, alpha] = [20, 0.1].map((value) => requiresGrad(array([value], { dtype })));
  tell(`grad of a solution in ${dtype}`, (how) => {
    const xi = own(points);
    const solution = gather(Kinv(xi, xi, shard(b), g, { alpha, ...how }));
    const first = grad(nd.sum(nd.square(solution)), [points, b, g, alpha], null, { createGraph: true });
    const second = grad(nd.sum(nd.square(first[0])), [points, b, g, alpha]);
    return isCompared && dtype === "float32" ? first : [...first, ...second];
  });
  const x = requiresGrad(own(detach(points)));
  tell(`grad by rows in ${dtype}`, (how) => {
    const solution = Kinv(x, x, shard(b), 20, { alpha: 0.1, ...how });
    return grad(solution, [x], solution).map(whole);
  });
  if (dtype === "float64")
    tell("shifted's grad", (how) => {
      const [, second] = Kinv.shifted([0.1, 1], x, x, detach(b), 20, how);
      return grad(second, [x], second).map(whole);
    });
}

function spectra() {
  const [x, b] = [
    requiresGrad(own(rand([400, 2], { seed: 1, dtype: "float64" }))),
    randn([400, 1], { dtype: "float64" }),
  ];
  tell("eigenvalues", (how) => [Kinv.eigsh(3, x, x, b, 20, how).values]);
  tell("trace", (how) => [array([Kinv.trace(x, x, b, 20, how).value])]);
  tell("logdet", (how) => [Kinv.logdet(x, x, b, 20, { alpha: 0.1, method: "lanczos", ...how }).array]);
  if (isCompared) return;
  const result = Kinv.logdet(x, x, b, 20, { alpha: 0.1, columns: "travel" });
  const [gradient] = grad(result.array, [x]);
  say("logdet's grad", whole(gradient), whole(result.gradientErrors.get(x)));
}

function others() {
  const dtype = "float64";
  const [x, b] = [rand([300, 2], { seed: 1, dtype }), randn([300, 2], { seed: 2, dtype })];
  const wide = KernelSolve("Exp(-SqDist(x, y)) * b", ["x = Vi(2)", "y = Vj(2)", "b = Vj(2)"], "b", { axis: 1 });
  tell("two right-hand sides", (how) => [
    gather(wide(own(x), own(x), own(b), { alpha: 0.1, symmetry: "positive", ...how })),
  ]);
  const matrix = "Exp(-SqDist(x, y)) * (b - 2 * (x - y) * (x - y | b))"; // minus second derivatives of a Gaussian, halved
  const vectors = KernelSolve(matrix, ["x = Vi(2)", "y = Vj(2)", "b = Vj(2)"], "b", { axis: 1 });
  tell("a kernel of matrices", (how) => {
    const xi = own(x);
    return [gather(vectors(xi, xi, own(b), { alpha: 3, preconditioner: { rank: 30 }, ...how }))];
  });
  tell("a lazy tensor", (how) => {
    const xi = own(x);
    return [
      Vi(xi)
        .sqdist(Vj(xi))
        .neg()
        .exp()
        .solve(b, { alpha: 0.1, ...how }),
    ];
  });
}

/** Blocks of points in seven strips, each of which sees those beside it; further points count nothing to rounding. */
function strips(dtype) {
  const [strips, each] = [7, 50];
  const inStrip = ([x, y], n) => [(Math.floor(n / each) + x) / strips, y];
  const points = array(nd.toNested(rand([strips * each, 2], { seed: 1, dtype })).map(inStrip), { dtype });
  const blocks = Array.from({ length: strips }, (_, k) => [k * each, (k + 1) * each]);
  const keep = blocks.map((_, row) => blocks.map((_, column) => Math.abs(row - column) < 2));
  return { points, ranges: cluster.fromMatrix(blocks, blocks, keep) };
}

function withRanges(dtype) {
  const { points, ranges } = strips(dtype);
  const [x, still] = [requiresGrad(own(points)), own(points)];
  const b = requiresGrad(randn([350, 1], { seed: 2, dtype }));
  const alpha = requiresGrad(array([0.1], { dtype }));
  for (const options of [{}, { preconditioner: "none" }, { symmetry: "none" }])
    tell(`solve with ranges ${JSON.stringify(options)} in ${dtype}`, (how) => {
      const { solution, iterations } = Kinv.report(still, still, own(detach(b)), 2000, {
        ...{ alpha: 0.1, ranges },
        ...options,
        ...how,
      });
      return isCompared ? [gather(solution)] : [gather(solution), array([iterations])];
    });
  tell(`grad with ranges in ${dtype}`, (how) => {
    const solution = gather(Kinv(x, x, b, 2000, { alpha, ranges, ...how }));
    const first = grad(nd.sum(nd.square(solution)), [x, b, alpha], null, { createGraph: true });
    const second = dtype === "float64" ? grad(nd.sum(nd.square(first[1])), [x, b, alpha]) : [];
    return [...first, ...second].map((g, n) => (n % 3 === 0 ? whole(g) : g));
  });
  if (dtype === "float32") return;
  const same = [still, still, detach(b), 2000];
  tell("shifted with ranges", (how) => Kinv.shifted([0.1, 1], ...same, { ranges, ...how }));
  tell("eigenvalues with ranges", (how) => [Kinv.eigsh(3, ...same, { ranges, ...how }).values]);
  tell("trace with ranges", (how) => [array([Kinv.trace(...same, { ranges, ...how }).value])]);
  tell("logdet with ranges", (how) => {
    const found = Kinv.logdet(x, x, b, 2000, { alpha: 0.1, method: "lanczos", ranges, ...how });
    return [found.array, ...(isCompared ? [] : grad(found.array, [x]).map(whole))];
  });
}

async function later() {
  const [x, b] = [rand([700, 2], { seed: 1 }), randn([700, 1], { seed: 2 })];
  const xi = own(x);
  const options = { alpha: 0.1, columns: "travel" };
  if (!isCompared) say("later", gather(await Kinv.async(xi, xi, own(b), 20, options)));
}

for (const dtype of ["float32", "float64"]) {
  solves(dtype, 700);
  derivatives(dtype);
  withRanges(dtype);
}
solves("float64", 90);
spectra();
others();
void later();
