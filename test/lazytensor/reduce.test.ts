/** Reductions of lazy tensors, as methods and as options. */
import ndarray from "ndarray";
import { fromMatrix } from "../../src/cluster";
import { Genred, LazyTensor, Pm, Vi, Vj, lazy, rand } from "../../src/index";
import type { RealArray } from "../../src/index";
import { reductions } from "../../src/formula/reductions";
import { M, N, b, expectClose, float64, gaussian, numbers, x, y } from "../helpers/lazy";

describe("methods of the tables", () => {
  test("every reduction is a method, and works over both axes", () => {
    for (const [name, { takesK, weights }] of reductions)
      for (const axis of [0, 1] as const) {
        const options = { axis, optArg: takesK ? 2 : undefined, weight: weights === "none" ? undefined : Vj(b) };
        const rest = { reductionOp: name as "KMin", axis, optArg: takesK ? 2 : null };
        const weighted = weights === "none" ? {} : { formula2: "b" };
        const got = gaussian(x, y).reduction(name as "KMin", options);
        const K = Genred("Exp(-SqDist(x,y)) + 0*Sum(b)", ["x=Vi(3)", "y=Vj(3)", "b=Vj(2)"], { ...rest, ...weighted });
        const expected: unknown = K(x, y, b);
        const [first, second] = [got, expected].map((r) => (Array.isArray(r) ? r : [r]) as RealArray[]);
        first!.forEach((a, n) => expectClose(a, second![n]!));
      }
  });

  test("pykeops spellings are the same methods", () => {
    const D = Vi(x).sqdist(Vj(y));
    expect(numbers(D.argKmin(2, { axis: 1 }))).toEqual(numbers(D.Kmin_argKmin(2, { axis: 1 })[1]));
    expect(Vi(x).keops_kron(Vj(y), [3], [3]).formula).toBe(Vi(x).kron(Vj(y), [3], [3]).formula);
    expect(Vi(x).elem(0).oneHot(4).formula).toBe(Vi(x).elem(0).one_hot(4).formula);
  });

  test("what has a meaning for components is about them where there is no axis", () => {
    const row = [0, 1, 2].map((k) => x.get(2, k));
    const inner = (t: LazyTensor): number => t.dense().get(2, 0);
    expect(inner(Vi(x).mean())).toBeCloseTo((row[0]! + row[1]! + row[2]!) / 3, 14);
    expect(inner(Vi(x).logsumexp({ axis: -1 }))).toBeCloseTo(Math.log(row.reduce((s, v) => s + Math.exp(v), 0)), 14);
    expect(inner(Vi(x).add(1000).logsumexp())).toBeCloseTo(inner(Vi(x).logsumexp()) + 1000, 11);
    expect(inner(Vi(x).argmax())).toBe(row.indexOf(Math.max(...row)));
  });

  test("sums, minima and maxima without an axis are of components", () => {
    expect(Vi(x).sum().shape).toEqual([M, 1]);
    expect(Vi(x).min({ axis: -1 }).dense().get(2, 0)).toBe(Math.min(...[0, 1, 2].map((k) => x.get(2, k))));
    expect(Vi(x).sum({ axis: 0 }).shape).toEqual([1, 3]);
  });

  test("comparisons give 1 where they hold", () => {
    const a = Pm([1, 2, 3]);
    const values = (t: LazyTensor): number[] => numbers(t.add(Vi(x).mul(0)).slice([0, 1]).dense());
    expect([a.gt(2), a.ge(2), a.lt(2), a.le(2), a.eq(2), a.ne(2)].map(values)).toEqual([
      [0, 0, 1],
      [0, 1, 1],
      [1, 0, 0],
      [1, 1, 0],
      [0, 1, 0],
      [1, 0, 1],
    ]);
  });

  test("tensors can be put one behind the other", () => {
    expect(LazyTensor.concatenate([Vi(x), Vj(y), Pm(1)]).shape).toEqual([M, N, 7]);
  });

  test("derivatives are formulas of variables", () => {
    const v = Vi(x);
    const K = v.sqdist(Vj(y)).neg().exp();
    expectClose(K.grad(v, 1).dense(), K.mul(v.sub(Vj(y)).mul(-2)).dense());
    expect(() => K.grad(K, 1)).toThrow(/expected a variable such as Vi\(x\)/);
  });
});

describe("reductions", () => {
  test("symbolic variables wait for their arrays", () => {
    const f = Vi(0, 3).sqdist(Vj(1, 3)).mul(-1).exp().mul(Vj(2, 2)).sum({ axis: 1, call: false });
    expectClose(f(x, y, b), gaussian(x, y).matmul(b));
    expect(() => f(x, y)).toThrow(/expected 3 arrays/);
    expect(() => Vi(1, 3).sum({ axis: 1, call: false })).toThrow(/symbolic variable of index 0/);
  });

  test("they need not be told to, whichever operand is symbolic", () => {
    const centre = Vi(x).sqdist(Vj(0, 3)).neg().exp();
    expect([centre.waits, gaussian(x, y).waits]).toEqual([true, false]);
    expectClose(centre.sum({ axis: 1 })(y), gaussian(x, y).sum({ axis: 1 }));
    expectClose(gaussian(x, y).add(Pm(0, 1)).min({ axis: 0 })(2), gaussian(x, y).add(2).min({ axis: 0 }));
    const K = Vi(0, 3).sqdist(Vj(1, 3)).neg();
    const weighted = K.logsumexp({ axis: 1, weight: Vj(2, 2).exp() });
    expectClose(
      weighted(x, y, b),
      gaussian(x, y)
        .log()
        .logsumexp({ axis: 1, weight: Vj(b).exp() }),
    );
    expect(numbers(K.argKmin(2, { axis: 1 })(x, y))).toEqual(numbers(gaussian(x, y).argKmin(2, { axis: 1 })));
    expectClose(lazy`${Vi(0, 3)} * ${Vj(y)}`.sum({ axis: 1 })(x), Vi(x).mul(Vj(y)).sum({ axis: 1 }));
    expectClose(Vi(x).dot(Vj(0, 3)).exp1j().sum({ axis: 1 })(y), Vi(x).dot(Vj(y)).exp1j().sum({ axis: 1 }));
  });

  test("reductions that wait run as promises too", async () => {
    const f = Vi(0, 3).sqdist(Vj(y)).argKmin(2, { axis: 1, call: false });
    const reports: string[] = [];
    const got = await f.async(x, { onProgress: ({ doing }) => reports.push(doing) });
    expect(numbers(got)).toEqual(numbers(Vi(x).sqdist(Vj(y)).argKmin(2, { axis: 1 })));
    expect(reports).toContain("reduction");
    await expect(f.async()).rejects.toThrow(/expected 1 arrays/);
  });

  test("a call's own options come before those of the tensor", () => {
    const K = gaussian(x, y).withBackend("reference");
    const f = K.sum({ axis: 1, call: false, backend: undefined });
    expectClose(f({ backend: "tiles" }), f());
    expect(() => f({ backend: "gpu" as "cpu" })).toThrow(/^backend: expected "auto", "cpu"/);
  });

  test("a reduction may wait where all arrays are held", () => {
    expectClose(gaussian(x, y).sum({ axis: 1, call: false })(), gaussian(x, y).sum({ axis: 1 }));
  });

  test("lists of numbers and numbers take the dtype of the arrays", () => {
    const narrow = rand([M, 3], { seed: 1 });
    expect(Vi(narrow).mul([0.1, 0.2, 0.3]).mul(0.7).sum({ axis: 1 }).dtype).toBe("float32");
  });

  test("ranges are visited alone", () => {
    const ranges = fromMatrix([[0, 3], [3, M]], [[0, 2], [2, N]], [[1, 0], [0, 1]]); // prettier-ignore
    const K = gaussian(x, y).withRanges(ranges);
    const expected = Genred("Exp(-SqDist(x,y))", ["x=Vi(3)", "y=Vj(3)"], { axis: 1 })(x, y, { ranges });
    expectClose(K.sum({ axis: 1 }), expected);
    expectClose(K.T.sum({ axis: 0 }), expected);
    expectClose(K.neg().neg().sum({ axis: 1 }), expected);
  });

  test("batches are calls of their own, and one entry serves all", () => {
    const many = rand([4, M, 3], float64);
    const one = ndarray(y.data, [1, N, 3]);
    const K = Vi(many).sqdist(Vj(one)).neg().exp();
    expect(K.shape).toEqual([4, M, N]);
    const got = K.sum({ axis: 1 });
    expectClose(got.pick(2), gaussian(many.pick(2), y).sum({ axis: 1 }));
  });

  test("results go where out says", () => {
    const out = ndarray(new Float64Array(M), [M, 1]);
    expect(gaussian(x, y).sum({ axis: 1, out })).toBe(out);
  });
});
