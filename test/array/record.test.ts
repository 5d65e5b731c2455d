/** Records: marks, writing into given memory, and how long records live. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { rand, zeros } from "../../src/array/array";
import { div, mul, sub } from "../../src/array/arithmetic";
import { exp } from "../../src/nd/rows";
import { checkOut, record, recorder, recording, requiresGrad } from "../../src/array/record";
import { grad } from "../../src/array/tape";
import type { RealArray } from "../../src/array/view";
import { cube, doubles, leaf, values } from "../helpers/tape";

describe("marks", () => {
  test("requiresGrad returns the same object, without a copy, as often as it is called", () => {
    const x = zeros([2, 2]);
    const data = x.data;
    expect(requiresGrad(requiresGrad(x))).toBe(x);
    expect(x.data).toBe(data);
  });

  test("a makers' option marks the new array", () => {
    expect(recording([rand([2], { requiresGrad: true })])).toBe(true);
    expect(recording([rand([2], { requiresGrad: false })])).toBe(false);
  });

  test("views of marked memory and results of recorded calls take part, others do not", () => {
    const x = leaf(1, 2, 3);
    expect(recording([doubles(1), x.hi(2)])).toBe(true);
    expect(recording([cube(x)])).toBe(true);
    expect(recording([doubles(1), cube(doubles(1))])).toBe(false);
  });

  test("only arrays can be marked", () => {
    expect(() => requiresGrad([1, 2] as unknown as RealArray)).toThrow(/^requiresGrad: expected .*array\(values\)/);
  });
});

describe("writing into given memory", () => {
  test("marked memory and parts of recorded memory are refused before anything is written", () => {
    const x = leaf(1, 2);
    const out = cube(x);
    expect(() => checkOut("K, out", x)).toThrow(/^K, out: expected .* got an array marked by requiresGrad$/);
    expect(() => checkOut("K, out", out.hi(1))).toThrow(/^K, out: expected .* got a part of a recorded array$/);
    expect(() => checkOut("K, out", out)).not.toThrow();
    expect(() => checkOut("K, out", doubles(1).hi(0))).not.toThrow();
  });

  test("memory that is reused for another result belongs to the later record", () => {
    const x = leaf(2, 3);
    const out = cube(x);
    out.data.set([4, 9]);
    record(out, [x], (cotangent) => [mul(cotangent, mul(x, 2))]);
    expect(values(grad(out, [x], doubles(1, 1))[0])).toEqual([4, 6]);
  });

  test("a call that ends later is recorded with its inputs as they were when it began", () => {
    const x = leaf(2);
    const finish = recorder([x], { where: "late" });
    x.set(0, 3);
    const out = finish(doubles(8), (cotangent) => [cotangent]);
    expect(() => grad(out, [x])).toThrow(/^grad: expected the arrays of late unchanged .* got input 0 overwritten$/);
  });
});

test("records do not keep results alive, and go with them", async () => {
  const x = leaf(1, 2);
  const results = Array.from({ length: 20 }, () => new WeakRef(div(sub(exp(x), x), 2).data));
  await new Promise((resolve) => setTimeout(resolve, 0));
  const collect = (globalThis as { gc?: () => void }).gc ?? exposedGc();
  collect();
  expect(results.filter((result) => result.deref() !== undefined)).toEqual([]);
});

/** Jest is not started with --expose-gc. */
function exposedGc(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
