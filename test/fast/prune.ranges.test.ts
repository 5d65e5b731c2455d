/** Fewer pairs of a user's own ranges: the results are those of all pairs of the ranges, bit by bit. */
import { cluster, Genred, rand } from "../../src/index";
import { wrap } from "../../src/array/view";
import type { RealArray } from "../../src/array/view";
import { checkRanges } from "../../src/array/ranges";
import type { CheckedRanges } from "../../src/array/ranges";
import { Operator } from "../../src/call/operator";
import { PLAIN_SUM } from "../../src/call/result";
import type { RealData } from "../../src/device/native";
import { pruneWith } from "../../src/fast/prune";
import { Visits } from "../../src/fast/cellranges";
import { Category } from "../../src/formula/formula";
import { parse } from "../../src/formula/parse";
import { reductionNamed } from "../../src/formula/reductions";
import { bothOf } from "../helpers/pruned";
import { uniform } from "../helpers/evaluate";
import { BACKENDS } from "../helpers/numbers";
import "../helpers/quicksample";
import { describeWidths } from "../helpers/widths";

/** However little it may pay. */
const always = pruneWith({ leastPairs: 0, whyNot: () => null, leaf: 4, sampled: 2, mostPairs: () => Infinity });

const FORMULAS = ["SqDist(x, y)", "Exp(-Norm2(x - y)) * h", "Abs(x - y) * (x - y)"];
const REDUCTIONS = ["ArgMin", "Max_ArgMax", "KMin_ArgKMin", "ArgKMax", "Min"];
const ALIASES = ["x = Vi(2)", "y = Vj(2)", "h = Vj(1)"];
const K = 3;

function points(count: number, dim: number, seed: number, dtype: "float32" | "float64"): RealArray {
  const next = uniform(seed);
  const numbers = Float64Array.from({ length: count * dim }, (_, n) =>
    seed % 2 === 0 && n % 31 === 7 ? NaN : Math.floor(16 * next()) / 16,
  );
  return wrap<RealData>(dtype === "float64" ? numbers : Float32Array.from(numbers), [count, dim]);
}

/** Blocks of random lengths, some without pairs, some with fewer columns than K, and rows that nobody lists. */
function rangesOf(rows: number, columns: number, blocks: number, share: number, seed: number): CheckedRanges {
  const next = uniform(seed);
  const cut = (count: number): [number, number][] => {
    const bounds = Array.from({ length: blocks }, () => Math.floor(count * next())).sort((a, b) => a - b);
    return bounds.map((bound, n) => [bound, bounds[n + 1] ?? count]);
  };
  const [ofI, ofJ] = [cut(rows), cut(columns)];
  const keep = ofI.map((_, n) => ofJ.map(() => n % 5 !== 3 && next() < share));
  return checkRanges(cluster.fromMatrix(ofI, ofJ, keep), [rows, columns]);
}

function operatorOf(text: string, name: string, rows: Category.I | Category.J): Operator {
  const { formulas, arguments: args } = parse([text], text.includes("h") ? ALIASES : ALIASES.slice(0, 2));
  const reduction = reductionNamed(name);
  return new Operator(formulas, args, { ...PLAIN_SUM, reduction, rows, k: reduction.takesK ? K : 1 });
}

function expectSame(
  operator: Operator,
  arrays: readonly RealArray[],
  ranges: CheckedRanges,
  backend: (typeof BACKENDS)[number],
): void {
  const how = { backend, ranges, compile: backend === "cpu" ? "always" : undefined } as const;
  const { all, pruned } = bothOf(always, operator, arrays, how);
  expect(pruned.indices).toEqual(all.indices);
  expect(pruned.values).toEqual(all.values);
}

/** Blocks, and the part of them that is kept. */
const KINDS = [
  [1, 1],
  [4, 0.5],
  [13, 0.2],
  [40, 0.5],
  [90, 0.05],
] as const;

describeWidths("the best of fewer pairs of ranges", () => {
  test.each(KINDS)("are those of all of them, of %p blocks of which %p are kept", (blocks, share) => {
    for (const dtype of ["float32", "float64"] as const)
      for (const [n, name] of REDUCTIONS.entries())
        for (const [m, text] of FORMULAS.entries()) {
          if (text !== FORMULAS[2] || !reductionNamed(name).takesK || m > 0) {
            const given = [points(130, 2, n + 1, dtype), points(171, 2, n + 2, dtype), points(171, 1, 3, dtype)];
            const arrays = given.slice(0, text.includes("h") ? 3 : 2);
            const rows = (n + m) % 2 === 0 ? Category.I : Category.J;
            expectSame(
              operatorOf(text, name, rows),
              arrays,
              rangesOf(130, 171, blocks, share, n + 10 * m + 1),
              "tiles",
            );
          }
        }
  });
});

test.each(BACKENDS)("on %s, and of the same points on both sides", (backend) => {
  const x = points(150, 2, 1, "float64");
  for (const seed of [1, 2, 3]) {
    const ranges = rangesOf(150, 150, 12, 0.3, seed);
    for (const rows of [Category.I, Category.J] as const)
      expectSame(operatorOf("SqDist(x, y)", "KMin_ArgKMin", rows), [x, x], ranges, backend);
  }
});

test("hold for every entry of a batch", () => {
  const arrays = [
    wrap(points(360, 2, 1, "float32").data, [3, 120, 2]),
    wrap(points(300, 2, 3, "float32").data, [3, 100, 2]),
  ];
  expectSame(operatorOf("SqDist(x, y)", "KMin_ArgKMin", Category.J), arrays, rangesOf(120, 100, 9, 0.4, 5), "tiles");
});

describe("a call", () => {
  const nearest = Genred("SqDist(x, y)", ["x = Vi(2)", "y = Vj(2)"], { reductionOp: "ArgKMin", optArg: 4, axis: 1 });
  const cloud = rand([24_000, 2], { seed: 1 });
  const labels = cluster.gridCluster(cloud, 0.25);
  const [x, sorted] = cluster.sortClusters(cloud, labels);
  const own = cluster.clusterRanges(sorted);
  const count = own.shape[0]!;

  test("leaves out pairs of its ranges, such as those of a point's own cluster", () => {
    const others = Array.from({ length: count }, (_, n) => Array.from({ length: count }, (__, m) => n !== m));
    const ranges = cluster.fromMatrix(own, own, others);
    const plan = nearest.plan(x, x, { ranges });
    expect(plan).toMatchObject({ method: "pruned", whyDirect: null });
    expect(plan.pairsLeft).toBeLessThan(plan.pairs / 4);
    expect(nearest(x, x, { ranges }).data).toEqual(nearest(x, x, { ranges, prune: "never" }).data);
  });

  test("computes all pairs of ranges that are few, or whose rows lie far apart", () => {
    const few = Array.from({ length: count }, (_, n) => Array.from({ length: count }, (__, m) => n === m));
    expect(nearest.plan(x, x, { ranges: cluster.fromMatrix(own, own, few) })).toMatchObject({ method: "direct" });
  });
});

test("a block that ranges let rows visit, and is left out by mistake, is noticed", () => {
  const add = Visits.prototype.addLeaves;
  let calls = 0;
  const spy = jest.spyOn(Visits.prototype, "addLeaves").mockImplementation(function (this: Visits, ...args) {
    return calls++ % 3 === 2 ? 0 : add.apply(this, args);
  });
  try {
    const [x, y] = [points(300, 2, 1, "float32"), points(300, 2, 3, "float32")];
    const call = (): void =>
      expectSame(operatorOf("SqDist(x, y)", "ArgKMin", Category.I), [x, y], rangesOf(300, 300, 3, 1, 1), "tiles");
    expect(call).toThrow();
  } finally {
    spy.mockRestore();
  }
});
