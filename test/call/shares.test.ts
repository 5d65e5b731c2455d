/** Rows that ranks share: each rank's are those of one process to the last bit, wherever the cut falls. */
import { Genred, KernelSolve, Pm, Vi, Vj, array, cluster, rand, requiresGrad } from "../../src";
import type { RealArray } from "../../src";
import type { Ranks } from "../../src/array/exchange";
import { cutRows, joinRows, markShard, ownRows, shardOf } from "../../src/array/shard";
import type { Shard } from "../../src/array/shard";
import { readable } from "../../src/array/view";
import "../helpers/quicksample";
import { sampled } from "../helpers/sample";

const ROWS = 131;
const COUNTS = [0, 1, 64, 66];

/** Rank `rank` of four that never exchange anything. */
const silent = (rank: number): Ranks => {
  const refuse = (): never => {
    throw new Error("nothing was to be exchanged");
  };
  const exchanges = { agree: refuse, gather: refuse, exchange: refuse, startGather: refuse };
  return { rank, size: COUNTS.length, ...exchanges, awaitGather: refuse, endAll: refuse };
};

const shardsOf = (counts: readonly number[]): Shard[] => counts.map((_, rank) => ({ ranks: silent(rank), counts }));

/** The rows of all ranks that `compute` gives, one after the other. */
function together(compute: (cut: (x: RealArray) => RealArray) => RealArray): number[] {
  return shardsOf(COUNTS).flatMap((shard) => {
    const result = compute((x) => cutRows(x, shard));
    expect(shardOf(result)?.counts).toEqual(COUNTS);
    expect(result.shape[0]).toBe(COUNTS[shard.ranks.rank]);
    return Array.from(readable(result));
  });
}

const ALIASES = ["x = Vi(2)", "y = Vj(2)", "g = Pm(1)"] as const;
const CASES = (["float32", "float64"] as const).flatMap((dtype) =>
  (["tiles", "cpu", "reference"] as const).map((backend) => [dtype, backend] as const),
);

describe.each(CASES)("in %s on %s", (dtype, backend) => {
  // Few rows and many columns: a call of its own size would be cut up along the columns, in another way.
  const [x, y] = [rand([ROWS, 2], { seed: 1, dtype }), rand([5003, 2], { seed: 2, dtype })];
  const g = array([3], { dtype });

  test.each(sampled(["Sum", "LogSumExp", "Min", "KMin"] as const, 2, dtype === "float32" ? 0 : 1))(
    "%s",
    (reductionOp) => {
      const optArg = reductionOp === "KMin" ? 3 : null;
      const K = Genred("Exp(-g * SqDist(x, y))", ALIASES, { reductionOp, axis: 1, optArg });
      const options = { backend, prune: "never" } as const;
      expect(together((cut) => K(cut(x), y, g, options))).toEqual(Array.from(K(x, y, g, options).data));
    },
  );
});

test("ranges are cut with the rows", () => {
  const x = rand([ROWS, 2], { seed: 1 });
  const intervals = [
    [0, 20],
    [20, 70],
    [70, ROWS],
  ];
  const keep = [
    [1, 0, 1],
    [1, 1, 0],
    [0, 0, 1],
  ];
  const ranges = cluster.fromMatrix(intervals, intervals, keep);
  const K = Genred("Exp(-SqDist(x, y))", ["x = Vi(2)", "y = Vj(2)"], { axis: 1 });
  expect(together((cut) => K(cut(x), x, { ranges }))).toEqual(Array.from(K(x, x, { ranges }).data));
});

test("lazy tensors of shards give shards", () => {
  const x = rand([ROWS, 2], { seed: 1 });
  const row = (xi: RealArray): RealArray => Vi(xi).sqdist(Vj(x)).mul(Pm(-2)).exp().sum({ axis: 1 });
  expect(together((cut) => row(cut(x)))).toEqual(Array.from(row(x).data));
});

test("what was cut from an array is joined without an exchange", () => {
  const x = rand([ROWS, 2], { seed: 1 });
  const shard = shardsOf(COUNTS)[2]!;
  const cut = cutRows(x, shard);
  expect(cut.data).not.toBe(x.data);
  expect(cut.data).toEqual(x.data.subarray(x.offset + x.shape[1]!, x.offset + 65 * x.shape[1]!));
  expect(ownRows(shard)).toEqual([1, 65]);
  expect(joinRows(cut, shardOf(cut)!)).toBe(x);
});

describe("what does not fit is refused:", () => {
  const x = rand([ROWS, 2], { seed: 1 });
  const [one, other] = [shardsOf(COUNTS), shardsOf([60, 40, 31, 0])];
  const xi = cutRows(x, one[3]!);
  const K = Genred("SqDist(x, y) * g + SqDist(z, y)", ["x = Vi(2)", "y = Vj(2)", "g = Pm(1)", "z = Vi(2)"], {
    axis: 1,
  });
  const squares = Genred("SqDist(x, y)", ["x = Vi(2)", "y = Vj(2)"], { axis: 1 });

  test.each<[string, () => unknown, string]>([
    [
      "rows that are no shard beside some that are",
      () => K(xi, x, 1, rand([66, 2])),
      "z (Vi, dim 2): expected a shard of 0 + 1 + 64 + 66 rows as x (Vi, dim 2) is, got an array: make it one with shard or fromRows",
    ],
    [
      "shards of other rows",
      () => K(xi, x, 1, cutRows(x, other[0]!)),
      "z (Vi, dim 2): expected a shard of 0 + 1 + 64 + 66 rows as x (Vi, dim 2) is, got one of 60 + 40 + 31 + 0",
    ],
    [
      "a parameter",
      () => K(xi, x, markShard(array([1]), one[0]!), xi),
      "g (Pm, dim 1): expected a parameter that all ranks have, got a shard",
    ],
    [
      "batch dimensions",
      () => squares(xi, rand([2, 5, 2])),
      "y (Vj, dim 2): expected no batch dimensions with shards, got shape [2, 5, 2]",
    ],
    [
      "out, where derivatives are recorded",
      () => squares(cutRows(requiresGrad(rand([ROWS, 2])), one[3]!), x, { out: rand([66, 1]) }),
      "out: expected none for shards with derivatives or a tolerance, got an array",
    ],
    [
      "values at all pairs",
      () => squares.dense(xi, x),
      "x (Vi, dim 2): expected an array that all ranks have, got a shard: gather it",
    ],
    [
      "the plan of a call",
      () => squares.plan(xi, x),
      "x (Vi, dim 2): expected an array that all ranks have, got a shard: gather it",
    ],
    [
      "a solve with batch dimensions",
      () =>
        KernelSolve("SqDist(x, y) * b", ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"], "b", { axis: 1 })(
          xi,
          x,
          rand([2, ROWS, 1]),
        ),
      "b (Vj, dim 1): expected no batch dimensions with shards, got shape [2, 131, 1]",
    ],
  ])("%s", (_, call, message) => {
    expect(call).toThrow(message);
  });
});
