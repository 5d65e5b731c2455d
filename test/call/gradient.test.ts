/** Gradients of calls, against finite differences in float64. */
import ndarray from "ndarray";
import { Genred, array, grad, nd, rand, randn, requiresGrad, zeros } from "../../src";
import type { RealArray } from "../../src";
import { cpu } from "../../src/device/compiled";
import { G, M, data, gaussian, overJ, scattered } from "../helpers/gaussian";
import { expectClose, values } from "../helpers/numbers";
import { expectDerivatives } from "../helpers/derivatives";

// --------------------------------------------------------------------------------------------------------- gradients

describe.each([0, 1] as const)("gradients over axis %i", (axis) => {
  const { x, y, b } = data();
  const g = array([G], { dtype: "float64" });
  const p = randn([2], { dtype: "float64", seed: 8 });
  const K = gaussian({ axis });
  const parameters = Genred(
    "Exp(-Norm2(x - y)) * p * Square(p | b)",
    ["x = Vi(3)", "y = Vj(3)", "b = Vj(2)", "p = Pm(2)"],
    { axis },
  );
  const same = Genred("Exp(-g * SqDist(x, y)) * x", ["x = Vi(3)", "y = Vj(3)", "g = Pm(1)"], { axis });

  test.each<[string, RealArray, (a: RealArray) => RealArray]>([
    ["a Vi", x, (a) => K(a, y, b, g)],
    ["a Vj", y, (a) => K(x, a, b, g)],
    ["a Vj in which the formula is linear", b, (a) => K(x, y, a, g)],
    ["a Pm(1)", g, (a) => K(x, y, b, a)],
    ["a Pm(2)", p, (a) => parameters(x, y, b, a)],
    ["an array given twice", x, (a) => same(a, a, g)],
    ["two views of one array", y, (a) => same(a.hi(6, 3), a.lo(3, 0).step(-1, 1), g)],
    ["a result of the same formula", b.hi(M, 2), (a) => K(x, x, K(x, x, a, g), g)],
  ])("by %s are slopes, to the third order", (_what, a, f) => {
    expectDerivatives(f, array(a), 3, 1e-7);
  });
});

describe("a gradient", () => {
  const { y, b } = data();
  const marked = (): RealArray => requiresGrad(array(data().x));
  const e = randn([M, 2], { dtype: "float64", seed: 9 });

  test("runs on the backend that the call named", () => {
    const compiled = jest.spyOn(cpu, "routine");
    const K = Genred("Exp(-3 * SqDist(x, y)) * p", ["x = Vi(3)", "y = Vj(3)", "p = Pm(2)"], { axis: 1 });
    const [x, p] = [marked(), requiresGrad(array([1, 2], { dtype: "float64" }))];
    const [u, v] = grad(K(x, y, p, { backend: "reference" }), [x, p], e);
    expect(compiled).not.toHaveBeenCalled();
    const [w, z] = grad(K(x, y, p, { backend: "cpu" }), [x, p], e);
    expect(compiled).toHaveBeenCalled();
    compiled.mockRestore();
    expectClose([...values(w), ...values(z)], [...values(u), ...values(v)], 1e-13);
  });

  test("has the dtype of its input, and is 0 where nothing depends on it", () => {
    const { x, y, b } = data("float32");
    requiresGrad(x);
    const other = zeros([4], { dtype: "float64" });
    const [u, none] = grad(overJ(x, y, b, G), [x, other], randn([M, 2], { seed: 9 }));
    expect(u.data).toBeInstanceOf(Float32Array);
    expect([none.shape, values(none)]).toEqual([[4], [0, 0, 0, 0]]);
  });

  test("may be asked for several inputs and more than once", () => {
    const [x, weights] = [marked(), requiresGrad(array(b))];
    const result = overJ(x, y, weights, G);
    const [u, v] = grad(result, [x, weights], e);
    expect(values(grad(result, [weights, x], e)[1])).toEqual(values(u));
    expect(values(grad(result, [weights], e)[0])).toEqual(values(v));
  });

  test("of a view is its part of the gradient of the whole", () => {
    const whole = requiresGrad(rand([M + 2, 3], { dtype: "float64", seed: 4 }));
    const view = whole.lo(1, 0).hi(M, 3);
    const [ofWhole, ofView] = grad(overJ(view, y, b, G), [whole, view], e);
    expect(values(ofView)).toEqual(values(ofWhole).slice(3, 3 + 3 * M));
    expect(values(ofWhole).slice(0, 3)).toEqual([0, 0, 0]);
  });

  test("needs no cotangent for one element, and needs one for more", () => {
    const x = marked();
    const total = Genred("Sum(x) * Sum(x)", ["x = Vi(3)"], { axis: 0 })(x);
    expect(total.shape).toEqual([1, 1]);
    const slopes = nd.mul(nd.sum(x, { axis: 1 }), 2);
    expectClose(
      values(grad(total, [x])[0]),
      values(x).map((_, n) => slopes.get(Math.floor(n / 3))),
      1e-13,
    );
    expect(() => grad(overJ(x, y, b, G), [x])).toThrow(/^grad, cotangent: expected an array of shape \[7, 2\]/);
  });

  test.each([
    [
      "of another shape",
      zeros([2, M], { dtype: "float64" }),
      /^grad, cotangent: expected shape \[7, 2\], got \[2, 7\]$/,
    ],
    ["of another dtype", zeros([M, 2]), /^grad, cotangent: expected a float64 ndarray, got a float32 one/],
  ])("refuses a cotangent %s", (_what, cotangent, message) => {
    const x = marked();
    expect(() => grad(overJ(x, y, b, G), [x], cotangent)).toThrow(message);
  });

  test("takes any view as cotangent", () => {
    const x = marked();
    const result = overJ(x, y, b, G);
    expect(values(grad(result, [x], scattered(e))[0])).toEqual(values(grad(result, [x], e)[0]));
    const ones = ndarray(new Float64Array([1]), [M, 2], [0, 0]);
    const written = ndarray(new Float64Array(2 * M).fill(1), [M, 2]);
    expect(values(grad(result, [x], ones)[0])).toEqual(values(grad(result, [x], written)[0]));
  });

  test("is differentiable again only if asked", () => {
    const x = marked();
    const [once] = grad(overJ(x, y, b, G), [x], e);
    expect(() => grad(once, [x], once)).toThrow(/without a record$/);
  });

  test("of overwritten data is refused, by the name of what was overwritten", () => {
    const [x, weights] = [marked(), array(b)];
    const result = overJ(x, y, weights, G);
    weights.set(3, 1, weights.get(3, 1) + 1);
    expect(() => grad(result, [x], e)).toThrow(
      /^grad: expected the arrays of Genred unchanged since its call, got b \(Vj, dim 2\) overwritten$/,
    );
  });

  test("of an unmarked result is refused", () => {
    const { x } = data();
    expect(() => grad(overJ(x, y, b, G), [x], e)).toThrow(/^grad, output: expected an array computed from one marked/);
  });

  test("at empty arrays is empty or 0", () => {
    const none = requiresGrad(zeros([0, 3], { dtype: "float64" }));
    expect(grad(overJ(none, y, b, G), [none], zeros([0, 2], { dtype: "float64" }))[0].shape).toEqual([0, 3]);
    const g = requiresGrad(array([G], { dtype: "float64" }));
    expect(values(grad(overJ(none, y, b, g), [g], zeros([0, 2], { dtype: "float64" }))[0])).toEqual([0]);
    const x = marked();
    const alone = overJ(x, none, zeros([0, 2], { dtype: "float64" }), G);
    expect(values(grad(alone, [x], e)[0])).toEqual(new Array(3 * M).fill(0));
  });
});
