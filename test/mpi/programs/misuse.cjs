// Prints what the addon says to arguments that do not fit, where MPI runs.
const { join } = require("node:path");
const dist = join(__dirname, "..", "..", "..", "dist");
const { loadedAddon } = require(join(dist, "device", "native.js"));
const { world } = require(join(dist, "mpi", "mpi.js"));

const { ranks } = loadedAddon();
const said = (call) => {
  try {
    call();
    return "nothing";
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};
const all = new Float64Array(2);
const calls = [
  () => ranks.allGather(all, Float64Array.of(3)),
  () => ranks.allGather(all, Float64Array.of(1, 1)),
  () => ranks.allGather(all, Float64Array.of(2 ** 31)),
  () => ranks.allGather(all, Float64Array.of(-2)),
  () => ranks.allGather(new Int16Array(2), Float64Array.of(2)),
  () => ranks.allGather([1, 2], Float64Array.of(2)),
  () => ranks.allGather(all, [2]),
  () => ranks.allGather(all, Float64Array.of(2)),
  () => ranks.allGather(new Float64Array(new SharedArrayBuffer(16)), Float64Array.of(2)),
  () => ranks.allGather(new BigInt64Array(2), Float64Array.of(2)),
  () => ranks.exchange(all, Float64Array.of(1), new Float64Array(2), Float64Array.of(2)),
  () => ranks.exchange(all, Float64Array.of(2), new Float64Array(1), Float64Array.of(2)),
  () => ranks.exchange(all, Float64Array.of(2), new Float32Array(2), Float64Array.of(2)),
  () => ranks.exchange(all, Float64Array.of(2), all, Float64Array.of(2)),
  () => ranks.exchange(all.subarray(1), Float64Array.of(1), all, Float64Array.of(2)),
  () => ranks.exchange(all, Float64Array.of(2), new Float64Array(2), Float64Array.of(2)),
];
if (world.size === 1) for (const call of calls) console.log(said(call));
