// Ends otherwise than well, as its argument says.
const { join } = require("node:path");
const dist = join(__dirname, "..", "..", "..", "dist");
const { Genred, array, grad, nd, rand, requiresGrad } = require(dist);
const { allReduce, fromRows, gather, shard, world } = require(join(dist, "mpi", "mpi.js"));

const isOne = world.rank === 1;
const x = rand([100, 2], { seed: 1 });
const K = Genred("Exp(-SqDist(x, y))", ["x = Vi(2)", "y = Vj(2)"], { axis: 0 });
const over = Genred("Exp(-SqDist(x, y))", ["x = Vi(2)", "y = Vj(2)"], { axis: 1 });
const twice = Genred("Exp(-SqDist(x, y)) * Exp(-SqDist(x, z))", ["x = Vi(2)", "y = Vj(2)", "z = Vj(2)"], { axis: 1 });
const wait = () => new Promise((resolve) => setTimeout(resolve, 200));

const ENDS = {
  throws: () => {
    if (isOne) throw new Error("what rank 1 says");
  },
  rejects: async () => {
    await wait();
    if (isOne) throw new Error("what rank 1 says");
  },
  "ends early": () => isOne && process.exit(0),
  "has the exit code": () => void (isOne && (process.exitCode = Number(process.argv[3]))),
  "is killed": () => isOne && process.kill(process.pid, "SIGKILL"),
  "is interrupted": () => isOne && process.kill(process.pid, "SIGINT"),
  "calls something else": () => (isOne ? gather(x) : allReduce(1)),
  "has another dtype": () => gather(array([[1, 2]], { dtype: isOne ? "float64" : "float32" })),
  "has another shape": () => allReduce(rand(isOne ? [2, 3] : [3, 2])),
  "has other arrays": () => K(shard(x), isOne ? rand([50, 2]) : x),
  "fails while columns travel": async () => {
    const abort = new globalThis.AbortController();
    const many = fromRows(rand([200_000, 2], { seed: 5 }));
    if (isOne) setTimeout(() => abort.abort(new Error("enough")), 20);
    for (;;) await over.async(shard(x), many, { columns: "travel", signal: abort.signal });
  },
  "has a reporter that throws while columns travel": async () => {
    const [rows, many] = [30_000, 200_000].map((n) => fromRows(rand([n / 10, 2], { seed: 5 })));
    const onProgress = ({ fraction }) => {
      if (fraction < 1) throw new Error("what the reporter says");
    };
    for (;;) await over.async(rows, many, { columns: "travel", onProgress });
  },
  "is interrupted while columns travel": async () => {
    const many = fromRows(rand([200_000, 2], { seed: 5 }));
    if (isOne) setTimeout(() => process.kill(process.pid, "SIGINT"), 20);
    for (;;) await over.async(shard(x), many, { columns: "travel" });
  },
  "has one array for two that travel": () => ENDS["has one array for two"]("travel"),
  "has one array for two": (columns = "gather") => {
    const [y, like] = [1, 1].map((seed) => fromRows(rand([50, 2], { seed })));
    twice(shard(x), y, isOne ? like : y, { columns });
    gather(like);
  },
  "exchanges while columns travel": async () => {
    const many = fromRows(rand([300_000, 2], { seed: 5 }));
    const sum = over.async(shard(x), many, { columns: "travel" });
    await new Promise(setImmediate); // it has begun
    if (isOne) allReduce(1);
    await sum;
  },
  "differentiates minima in another order": () => {
    const [rows, y] = [shard(x), requiresGrad(fromRows(rand([50, 2], { seed: 5 })))];
    const losses = ["SqDist(x, y)", "-(x | y)"].map((text) =>
      nd.sum(Genred(text, ["x = Vi(2)", "y = Vj(2)"], { reductionOp: "Min", axis: 1 })(rows, y, { columns: "travel" })),
    );
    for (const loss of isOne ? losses.reverse() : losses) grad(loss, [y]);
  },
  "exchanges before columns travel": async () => {
    const sum = over.async(shard(x), fromRows(rand([50, 2], { seed: 5 })), { columns: "travel" });
    if (isOne) allReduce(1);
    await sum;
  },
  "is aborted": async () => {
    const abort = new globalThis.AbortController();
    if (isOne) abort.abort(new Error("enough"));
    await K.async(shard(x), x, { signal: abort.signal });
  },
};
void Promise.resolve(ENDS[process.argv[2]]()).then(() => allReduce(1));
