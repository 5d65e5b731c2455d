/** The tape: `grad` over memory and views, higher orders, and what it refuses. */
import fc from "fast-check";
import ndarray from "ndarray";
import { array, astype, rand, zeros } from "../../src/array/array";
import { add, mul, neg, reshape, sum, transpose } from "../../src/array/arithmetic";
import { softmax } from "../../src/nd/exponentials";
import { exp } from "../../src/nd/rows";
import { record, recording, recordingIs, requiresGrad } from "../../src/array/record";
import type { Backward } from "../../src/array/record";
import { gather, grad, scatterAdd } from "../../src/array/tape";
import { wrap } from "../../src/array/view";
import type { RealArray } from "../../src/array/view";
import { ArgumentError } from "../../src/errors";
import { cube, doubles, leaf, values } from "../helpers/tape";
import type { Doubles } from "../helpers/tape";

describe("grad", () => {
  test("returns one fresh array per input, in order, in its shape and dtype", () => {
    const x = rand([3, 2], { dtype: "float64", requiresGrad: true });
    const y = requiresGrad(rand([2]));
    const e = rand([3, 2], { dtype: "float64" });
    const out = add(x, astype(y, "float64"));
    const [gy, gx, again] = grad(out, [y, x, x], e);
    expect([gy.shape, gy.dtype, gx.shape, gx.dtype]).toEqual([[2], "float32", [3, 2], "float64"]);
    expect(values(gx)).toEqual(values(e));
    expect(new Set([gx.data, again.data, e.data, x.data, out.data]).size).toBe(5);
  });

  test("keeps the static types of its inputs", () => {
    const x = rand([2], { requiresGrad: true });
    const [g] = grad(exp(x), [x], zeros([2]));
    const data: Float32Array = g.data;
    expect(values(wrap(data, [2]))).toEqual([0, 0]);
  });

  test("is zero for inputs on which nothing depends, marked or not", () => {
    const [x, other, plain] = [leaf(1, 2), leaf(5), doubles(7, 8, 9)];
    const [g, h] = grad(cube(x), [other, plain], doubles(1, 1));
    expect([values(g), values(h)]).toEqual([[0], [0, 0, 0]]);
  });

  test("gives the derivative for an input that was not marked, or was marked after the call", () => {
    const [x, y] = [leaf(2), doubles(3)];
    const product = mul(x, y);
    expect(values(grad(product, [y])[0])).toEqual([2]);
    expect(values(grad(product, [requiresGrad(y)])[0])).toEqual([2]);
  });

  test("sums over all arguments that are the same array", () => {
    const x = leaf(3);
    expect(values(grad(mul(mul(x, x), x), [x])[0])).toEqual([27]);
  });

  test("may be called again on the same output, for other inputs", () => {
    const [x, y] = [leaf(2), leaf(5)];
    const out = mul(cube(x), y);
    expect(values(grad(out, [x])[0])).toEqual([60]);
    expect(values(grad(out, [x])[0])).toEqual([60]);
    expect(values(grad(out, [y])[0])).toEqual([8]);
  });

  test("takes intermediate results as inputs, beside what they were computed from", () => {
    const x = leaf(2);
    const y = cube(x);
    const out = add(mul(y, y), x);
    expect(grad(out, [y, x]).map(values)).toEqual([[16], [193]]);
  });

  test("of a marked array with respect to itself is the cotangent", () => {
    const x = leaf(1, 2);
    expect(values(grad(x, [x], doubles(3, 4))[0])).toEqual([3, 4]);
  });

  test("takes a cotangent of 1 for one-element outputs of any shape only", () => {
    const x = leaf(2);
    expect(values(grad(reshape(cube(x), [1, 1]), [x])[0])).toEqual([12]);
    expect(() => grad(cube(leaf(1, 2)), [x])).toThrow(/^grad, cotangent: expected an array of shape \[2\].*got none$/);
  });

  test("asks a closure only for the gradients that lead to an input", () => {
    const [x, y] = [leaf(1), leaf(2)];
    const asked: (readonly boolean[])[] = [];
    const backward: Backward = (cotangent, wanted) => {
      asked.push(wanted);
      return [null, cotangent];
    };
    const out = record(doubles(3), [x, y], backward);
    expect(grad(out, [y, doubles(0)]).map(values)).toEqual([[1], [0]]);
    expect(asked).toEqual([[false, true]]);
  });

  test("walks graphs that are deeper than the call stack", () => {
    const x = leaf(1, 2);
    let y: Doubles = x;
    for (let k = 0; k < 20_000; k++) y = add(y, x);
    expect(values(grad(y, [x], doubles(1, 1))[0])).toEqual([20_001, 20_001]);
  });

  test("visits shared parts of the graph once", () => {
    const x = leaf(1);
    let y: Doubles = x;
    for (let k = 0; k < 60; k++) y = add(y, y);
    expect(values(grad(y, [x])[0])).toEqual([2 ** 60]);
  });
});

describe("views", () => {
  const base = (): Doubles => rand([4, 3], { dtype: "float64", seed: 5, requiresGrad: true });
  /** d/dx of sum(view(x)^2) is 2 n x, n being how often the view shows each element. */
  const squares = (view: Doubles): Doubles => sum(mul(view, view));

  test.each<[string, (x: Doubles) => Doubles]>([
    ["a slice", (x) => x.lo(1, 1).hi(2, 2)],
    ["a reversed slice", (x) => x.step(-1, -2)],
    ["a transpose", (x) => x.transpose(1, 0)],
    ["a row", (x) => x.pick(2, null)],
    ["a single element", (x) => x.pick(2, 1)],
    ["a broadcast by stride 0", (x) => ndarray(x.data, [5, 4], [0, 3], 1)],
    ["an overlap", (x) => ndarray(x.data, [5, 4], [1, 2], 0)],
    ["nothing", (x) => x.hi(0, 3)],
  ])("the gradient through %s lands in the base array's shape, overlaps added", (_, view) => {
    const x = base();
    const counts = new Map<number, number>();
    const places = ndarray(Float64Array.from(x.data.keys()), x.shape);
    for (const place of values(view(places))) counts.set(place, (counts.get(place) ?? 0) + 1);
    const [g] = grad(squares(view(x)), [x]);
    expect(g.shape).toEqual([4, 3]);
    values(x).forEach((value, k) => expect(values(g)[k]).toBeCloseTo(2 * value * (counts.get(k) ?? 0), 12));
  });

  test("an input that is a view gets the gradient of the memory that it shows", () => {
    const x = base();
    const [all, view] = grad(squares(x), [x, x.pick(null, 1).step(-1)]);
    expect(view.shape).toEqual([4]);
    expect(values(view)).toEqual(values(all.pick(null, 1).step(-1)));
    expect(view.data.length).toBe(4);
  });

  test("marking a view marks the memory that it shows", () => {
    const x = rand([4, 3], { dtype: "float64" });
    const column = requiresGrad(x.pick(null, 1));
    expect(values(grad(squares(x), [column])[0])).toEqual(values(column).map((value) => 2 * value));
  });

  test("an output may be a view of a recorded array", () => {
    const x = base();
    const out = cube(x);
    const [g] = grad(out.pick(1, null).step(-1), [x], doubles(1, 2, 3));
    const expected = values(x).map((value, k) => (k >= 3 && k < 6 ? 3 * value ** 2 * (6 - k) : 0));
    values(g).forEach((value, k) => expect(value).toBeCloseTo(expected[k]!, 12));
  });

  test("a record may write into a part of an array; the rest is constant", () => {
    const x = leaf(2, 3);
    const memory = zeros([3, 2], { dtype: "float64" });
    const part = memory.pick(1, null);
    part.set(0, 8);
    part.set(1, 27);
    record(part, [x], (cotangent) => [mul(cotangent, mul(3, mul(x, x)))]);
    expect(values(grad(sum(mul(memory, memory)), [x])[0])).toEqual([2 * 8 * 12, 2 * 27 * 27]);
  });

  test("cotangents may be any view", () => {
    const x = base();
    const e = rand([3, 4], { dtype: "float64" });
    expect(values(grad(neg(x), [x], transpose(e))[0])).toEqual(values(transpose(e)).map((value) => -value));
    const rows = rand([6, 3], { dtype: "float64" });
    const [g] = grad(exp(x), [x], rows.lo(2));
    expect(values(g)).toEqual(values(mul(exp(x), rows.lo(2))));
  });

  test("gradients through random views agree with counting", () => {
    const geometry = fc.record({
      shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
      stride: fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 3, maxLength: 3 }),
    });
    fc.assert(
      fc.property(geometry, ({ shape, stride }) => {
        const x = requiresGrad(rand([61], { dtype: "float64" }));
        const view = ndarray(x.data, shape, stride.slice(0, shape.length), 30);
        const e = rand(shape, { dtype: "float64" });
        const [g] = grad(add(view, 1), [x], e);
        const total = (list: number[]): number => list.reduce((a, b) => a + b, 0);
        expect(total(values(g))).toBeCloseTo(total(values(e)), 10);
        expect(values(grad(sum(mul(view, 3)), [view])[0]).every((value) => value >= 3)).toBe(true);
      }),
    );
  });
});

describe("higher orders", () => {
  test("createGraph makes gradients differentiable to third order and beyond", () => {
    const x = leaf(2);
    const order = { createGraph: true };
    const [first] = grad(cube(x), [x], null, order);
    const [second] = grad(first, [x], null, order);
    const [third] = grad(second, [x], null, order);
    const [fourth] = grad(third, [x], null, order);
    expect([first, second, third, fourth].map(values)).toEqual([[12], [12], [6], [0]]);
  });

  test("a graph is made through views, sums over arguments and the cotangent", () => {
    const [x, e] = [leaf(2, 3, 5), leaf(1, 10)];
    const out = mul(x.lo(1), x.hi(2)); // [x1 x0, x2 x1]
    const [g] = grad(out, [x], e, { createGraph: true }); // [e0 x1, e0 x0 + e1 x2, e1 x1]
    expect(values(g)).toEqual([3, 52, 30]);
    const [gx, ge] = grad(g, [x, e], doubles(1, 100, 1000));
    expect(values(gx)).toEqual([100, 1 + 10 * 1000, 10 * 100]);
    expect(values(ge)).toEqual([3 + 100 * 2, 100 * 5 + 1000 * 3]);
  });

  test("a gradient that is constant has a derivative of zero", () => {
    const x = leaf(2, 3);
    const [g] = grad(sum(x), [x], null, { createGraph: true });
    expect(values(grad(g, [x], doubles(1, 1))[0])).toEqual([0, 0]);
  });

  test("without createGraph nothing is recorded, and recording is on again afterwards, also after an error", () => {
    const x = leaf(2);
    const seen: boolean[] = [];
    const backward: Backward = (cotangent) => {
      seen.push(recording([x]));
      return [cotangent];
    };
    const [g] = grad(record(doubles(1), [x], backward), [x]);
    expect([seen, recording([g]), recording([x])]).toEqual([[false], false, true]);
    const failing = record(doubles(1), [x], () => {
      throw new Error("out of luck");
    });
    expect(() => grad(failing, [x])).toThrow("out of luck");
    expect(recording([x])).toBe(true);
    expect(recordingIs(false, () => recording([x]))).toBe(false);
  });

  test("gather and scatter-add are each the other's derivative", () => {
    const x = leaf(1, 2, 3);
    const index = [2, 0, 2, 2];
    const order = { createGraph: true };
    const taken = gather(mul(x, x), index, [2, 2]);
    expect(values(taken)).toEqual([9, 1, 9, 9]);
    const [g] = grad(
      taken,
      [x],
      array(
        [
          [1, 10],
          [100, 1000],
        ],
        { dtype: "float64" },
      ),
      order,
    );
    expect(values(g)).toEqual([20, 0, 6606]);
    expect(values(grad(g, [x], doubles(1, 1, 1))[0])).toEqual([20, 0, 2202]);
    const added = scatterAdd(gather(x, index, [4]), index, [1, 3]);
    expect([added.shape, values(added)]).toEqual([
      [1, 3],
      [1, 0, 9],
    ]);
    expect(values(grad(mul(added, added), [x], array([[1, 1, 1]], { dtype: "float64" }))[0])).toEqual([2, 0, 54]);
  });
});

describe("what grad refuses", () => {
  const refuses = (call: () => unknown, message: RegExp): void => {
    expect(call).toThrow(ArgumentError);
    expect(call).toThrow(message);
  };

  test("an output without a record", () => {
    refuses(
      () => grad(doubles(1), [doubles(1)]),
      /^grad, output: expected .* got a float64 ndarray .* without a record$/,
    );
    refuses(() => grad(3 as unknown as RealArray, []), /^grad, output: expected .* got the number 3/);
  });

  test("a cotangent of another shape or dtype", () => {
    const out = cube(leaf(1, 2));
    refuses(() => grad(out, [], doubles(1)), /^grad, cotangent: expected shape \[2\], got \[1\]$/);
    refuses(() => grad(out, [], zeros([2])), /^grad, cotangent: expected a float64 ndarray.*astype\(x, "float64"\)$/);
  });

  test("inputs that are no list of arrays", () => {
    const x = leaf(1);
    refuses(() => grad(cube(x), x as unknown as RealArray[]), /^grad, inputs: expected a list of arrays like \[x\]/);
    refuses(() => grad(cube(x), [x, null as unknown as RealArray]), /^grad, inputs\[1\]: expected .* got null$/);
  });

  test("an input that was overwritten since, though not one whose values are not needed", () => {
    const [x, y] = [leaf(1, 2), leaf(3, 4)];
    const [product, total] = [cube(x), add(x, y)];
    x.set(0, -1);
    refuses(
      () => grad(product, [x], doubles(1, 1)),
      /^grad: expected the arrays of cube unchanged .* got x overwritten$/,
    );
    expect(values(grad(total, [x], doubles(1, 1))[0])).toEqual([1, 1]);
    x.set(0, 1);
    expect(values(grad(product, [x], doubles(1, 1))[0])).toEqual([3, 12]);
  });

  test("an output that was overwritten since", () => {
    const x = leaf(1, 2);
    const [out, e] = [cube(x), softmax(x)];
    const after = mul(e, 2);
    e.set(1, 0);
    refuses(() => grad(after, [x], doubles(1, 1)), /arrays of softmax unchanged .* got its output overwritten$/);
    out.set(1, 0);
    refuses(() => grad(out, [x], doubles(1, 1)), /arrays of cube unchanged .* got its output overwritten$/);
  });

  test("any single changed element, and any change of all signs", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), fc.boolean(), (n, at, all) => {
        const x = rand([n], { dtype: "float64", requiresGrad: true });
        const out = cube(x);
        if (all) x.data.forEach((value, k) => (x.data[k] = -value));
        else x.data[at % n] = x.data[at % n]! + 1e-9;
        expect(() => grad(out, [x], rand([n], { dtype: "float64" }))).toThrow(/got x overwritten$/);
      }),
    );
  });

  test("a detached input, where its values are needed", () => {
    const x = leaf(1, 2);
    const out = cube(x);
    structuredClone(x.data.buffer, { transfer: [x.data.buffer as ArrayBuffer] });
    expect(values(grad(out, [out], doubles(1, 1))[0])).toEqual([1, 1]);
    refuses(() => grad(mul(out, 1), [x.hi(0)], doubles(1, 1)), /arrays of cube unchanged .* got x overwritten$/);
    refuses(() => grad(out, [x], doubles(1, 1)), /^grad, inputs\[0\]: .* \(a detached or empty buffer\)/);
  });

  test("an input whose memory was given to a later record", () => {
    const [x, y] = [leaf(1), leaf(2)];
    const middle = add(x, y);
    const out = add(middle, x);
    record(middle, [y], (cotangent) => [cotangent], { where: "again" });
    refuses(() => grad(out, [middle]), /^grad: expected the arrays of add unchanged .* overwritten$/);
    expect(values(grad(out, [x])[0])).toEqual([2]);
  });

  test("a closure's gradient that does not fit is a bug of ours, not an ArgumentError", () => {
    const x = leaf(1, 2);
    const out = record(doubles(1), [x], (cotangent) => [cotangent], { where: "wrong" });
    expect(() => grad(out, [x])).toThrow(/^wrong, gradient of input 0: expected .*\[2\], got .*\[1\]$/);
    expect(() => grad(out, [x])).not.toThrow(ArgumentError);
  });
});
