/** What tskeops/mpi exports, in a process that no launcher has started. */
import { Genred, KeopsError, LazyTensor, Vi, Vj, array, errors, grad, nd, rand, requiresGrad } from "../../src";
import type { RealArray } from "../../src";
import * as mpi from "../../src/mpi/mpi";

const { allReduce, broadcast, fromRows, gather, shard, world } = mpi;

test("these names, and no other", () => {
  expect(Object.keys(mpi).sort()).toEqual(
    ["allReduce", "broadcast", "fromRows", "gather", "shard", "whyNot", "world"].sort(),
  );
});

test("a process that was started alone is rank 0 of 1", () => {
  expect({ rank: world.rank, size: world.size }).toEqual({ rank: 0, size: 1 });
  expect(mpi.whyNot()).toBe("no mpirun, mpiexec or srun has started this process");
});

test("has all rows", () => {
  const x = rand([5, 2], { seed: 1 });
  expect(nd.toNested(shard(x))).toEqual(nd.toNested(x));
  expect(gather(shard(x))).toBe(x);
  expect(nd.toNested(gather(x))).toEqual(nd.toNested(x));
  expect(nd.toNested(gather(fromRows(x)))).toEqual(nd.toNested(x));
  expect(nd.toNested(broadcast(x))).toEqual(nd.toNested(x));
  expect(nd.toNested(allReduce(x))).toEqual(nd.toNested(x));
  expect(allReduce(3, { op: "min" })).toBe(3);
  const indices = Genred("SqDist(x, y)", ["x = Vi(2)", "y = Vj(2)"], { axis: 1, reductionOp: "ArgMin" })(shard(x), x);
  expect(nd.toNested(gather(indices))).toEqual([[0], [1], [2], [3], [4]]);
});

test("derivatives pass through shard, gather and allReduce", () => {
  const x = requiresGrad(array([1, 2, 3]));
  const squares = nd.square(shard(x));
  const loss = nd.add(nd.sum(nd.mul(gather(squares), 2)), allReduce(nd.sum(squares)));
  expect(nd.toNested(grad(loss, [x])[0])).toEqual([6, 12, 18]);
});

test("shards that were written into are not taken for the rows that they were", () => {
  const x = rand([5, 2], { seed: 1 });
  const K = Genred("SqDist(x, y)", ["x = Vi(2)", "y = Vj(2)"], { axis: 1 });
  const [written, under] = [shard(x), shard(x)];
  written.set(0, 0, 9);
  expect(x.get(0, 0)).not.toBe(9);
  for (const call of [() => gather(written), () => K(x, written)]) expect(call).toThrow(errors.ArgumentError);
  expect(() => gather(written)).toThrow("shard: expected rows that stay as they were cut, got some overwritten");
  x.set(4, 1, 9);
  expect(() => K(x, under)).toThrow("got some overwritten");
  expect(gather(shard(x)).get(4, 1)).toBe(9);
});

const lazy = (x: RealArray): LazyTensor => Vi(shard(x)).sqdist(Vj(shard(x)));

test.each<[string, () => unknown, string]>([
  ["no array", () => shard(3 as never), "shard: expected a float32 or float64 ndarray, got the number 3"],
  ["no rows", () => gather(nd.sum(rand([3]))), "gather: expected an array with rows, got one of shape []"],
  ["a shard of a shard", () => shard(shard(rand([3]))), "shard: expected an array that all ranks have, got a shard"],
  [
    "a slice of shards",
    () => lazy(rand([3, 2])).slice([0, 2], null),
    "slice: expected arrays that all ranks have, got a",
  ],
  [
    "all entries of shards",
    () => lazy(rand([3, 2])).dense(),
    "dense: expected arrays that all ranks have, got a shard",
  ],
  ["an operator", () => lazy(rand([3, 2])).asLinearOperator(), "asLinearOperator: expected arrays that all ranks have"],
  ["a shard with axes", () => LazyTensor(shard(rand([3, 1, 2]))), "LazyTensor: expected Vi(x) or Vj(x) of a shard"],
  ["no rank", () => broadcast(rand([3]), 1), "broadcast, root: expected a rank from 0 to 0, got the number 1"],
  ["no number", () => allReduce("3" as never), 'allReduce: expected a float32 or float64 ndarray, got the string "3"'],
  ["an op", () => allReduce(3, { op: "mean" as never }), 'allReduce, op: expected "sum", "min" or "max"'],
  ["an option", () => allReduce(3, { of: "min" } as never), 'allReduce, options: expected some of op, got "of"'],
  ["a derivative", () => allReduce(requiresGrad(rand([3])), { op: "min" }), 'allReduce: expected the op "sum"'],
  ["more arguments", () => (mpi.whyNot as (x: number) => unknown)(1), "whyNot: expected no argument, got 1"],
])("%s is refused", (_, call, message) => {
  expect(call).toThrow(message);
  expect(call).toThrow(KeopsError);
  expect(call).toThrow(errors.ArgumentError);
});
