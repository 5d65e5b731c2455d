// Prints, on rank 0, what solves and sums of shards give one by one, and at once as promises; or, as its argument says,
// exchanges something while a promise runs, on each rank at another time.
const { join } = require("node:path");
const { setTimeout: wait } = require("node:timers/promises");
const { dist, say } = require("./say.cjs");
const { own } = require("./rows.cjs");
const { Genred, KernelSolve, minimise, nd, rand } = require(dist);
const { gather, shard, world } = require(join(dist, "mpi", "mpi.js"));

const aliases = ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"];
const Kinv = KernelSolve("Exp(-SqDist(x, y)) * b", aliases, "b", { axis: 1 });
const K = Genred("Exp(-SqDist(x, y)) * b", aliases, { axis: 1 });
const random = (seed, rows, dim) => rand([rows, dim], { seed, dtype: "float64" });
const [x, a, b] = [random(1, 600, 2), random(2, 600, 1), random(3, 600, 1)];
const whole = (values) => say("solution", gather(values));

/** Of equal sizes: their exchanges look alike. */
const CALLS = [
  (form) => form(Kinv)(shard(x), x, shard(a), { alpha: 0.1 }),
  (form) => form(Kinv)(shard(x), x, shard(b), { alpha: 0.1 }),
  (form) => form(K)(own(x), own(x), own(a), { columns: "travel" }),
  (form) => form(Kinv)(own(x), own(x), own(b), { alpha: 0.1, columns: "travel" }),
  (form) => form(Kinv)(own(x), own(x), own(a), { alpha: 0.1, columns: "travel" }),
  (form) => form(K)(own(x), own(x), own(b), { columns: "travel" }),
];
const asPromise = (f) => f.async;

const ENDS = {
  "one by one": () => CALLS.map((call) => call((f) => f)).forEach(whole),
  "at once": async () => (await Promise.all(CALLS.map((call) => call(asPromise)))).forEach(whole),
  "one after the other": async () => {
    for (const call of CALLS) whole(await call(asPromise));
  },
  "inside of others": async () => {
    const sum = (w) => K.async(shard(x), x, w);
    const loss = async (w) => {
      const [more, less] = await Promise.all([sum(w), sum(a)]);
      return nd.sum(nd.square(nd.sub(gather(more), gather(less))));
    };
    const options = { method: "sgd", maxIterations: 2, learningRate: 1e-6 };
    const found = await Promise.all([CALLS[0](asPromise), minimise.async(loss, b, options), CALLS[1](asPromise)]);
    say("inside", gather(found[0]), found[1].parameters, gather(found[2]));
  },
  "waiting for a later one": async () => {
    const rows = shard(x);
    const loss = async (w) => {
      await null; // until it is there
      return nd.sum(nd.square(nd.add(w, gather(await later))));
    };
    const first = minimise.async(loss, b, { method: "sgd", maxIterations: 2, learningRate: 1e-6 });
    const later = K.async(rows, x, a);
    const refused = async () =>
      say((await Promise.allSettled([first, later])).map(({ reason }) => String(reason)).join());
    await refused();
    whole(await CALLS[0](asPromise));
  },
  "with a tolerance, called at another time": async () => {
    const L = Genred("b - SqDist(x, y) * IntCst(100000)", ["x = Vi(1)", "y = Vj(1)", "b = Vj(1)"], {
      axis: 1,
      reductionOp: "LogSumExp",
    });
    const [many, few] = [random(4, 30_000, 1), random(5, 11_000, 1)];
    const begin = (points, options) => L.async(shard(points), points, points, options);
    const sums = [begin(many, {}), begin(many, { tolerance: 1e-3 })];
    await wait(world.rank === 0 ? 0 : 2500); // the first plan of one rank comes before this call, that of the other after it
    sums.push(begin(few, { tolerance: 1e-3 }));
    say("sums", ...(await Promise.all(sums)).map(gather));
  },
  "at another time": async () => {
    const first = CALLS[0](asPromise);
    await wait(world.rank === 0 ? 0 : 100);
    gather(own(b));
    await first;
  },
};
void ENDS[process.argv[2]]();
