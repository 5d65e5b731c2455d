/**
 * Factorisations by the system's LAPACK and by the project's own code: both give the same, and either can be chosen.
 */
import { KernelSolve, rand, randn, settings } from "../../src/index";
import { cancel, nativeAddon, newControl } from "../../src/device/native";

const ROWS = 1030;
const addon = nativeAddon()!;
settings.lapack = "auto";
const isThere = settings.lapack !== "off";
const withLapack = isThere ? test : test.skip;

afterEach(() => {
  settings.lapack = "auto";
});

/** exp(-|i - j| / 5) and a ridge. */
const A = new Float64Array(ROWS * ROWS);
for (let i = 0; i < ROWS; i++)
  for (let j = 0; j <= i; j++) A[i * ROWS + j] = Math.exp(-(i - j) / 5) + (i === j ? 0.01 : 0);

/** What that code makes of A or, with `minor`, of an A whose leading minor of that order is not positive. */
function factored(choice: string, minor?: number): { failed: number; lower: Float64Array } {
  settings.lapack = choice;
  const lower = A.slice();
  if (minor !== undefined) lower[(minor - 1) * (ROWS + 1)] = -1;
  const failed = addon.dense.cholesky(lower, ROWS);
  for (let i = 0; i < ROWS; i++) lower.fill(0, i * ROWS + i + 1, (i + 1) * ROWS);
  return { failed, lower };
}

describe.each([["off"], ["auto"]])("settings.lapack = %j", (choice) => {
  const either = choice === "off" ? test : withLapack;

  either("gives L with L Lᵀ = A", () => {
    const { failed, lower } = factored(choice);
    let worst = 0;
    for (const i of [0, 1, 255, 256, 257, 700, 1023, 1029])
      for (let j = 0; j <= i; j++) {
        let product = 0;
        for (let k = 0; k <= j; k++) product += lower[i * ROWS + k]! * lower[j * ROWS + k]!;
        worst = Math.max(worst, Math.abs(product - A[i * ROWS + j]!));
      }
    expect(failed).toBe(0);
    expect(worst).toBeLessThanOrEqual(1e-14);
  });

  either.each([1, 257, ROWS])("tells that the leading minor of order %i is not positive", (minor) => {
    expect(factored(choice, minor).failed).toBe(minor);
  });

  either.each([NaN, Infinity])("tells of %p on the diagonal", (value) => {
    settings.lapack = choice;
    const lower = A.slice();
    lower[300 * (ROWS + 1)] = value;
    expect(addon.dense.cholesky(lower, ROWS)).toBe(301);
  });

  either("is stopped by its control block", async () => {
    settings.lapack = choice;
    const control = newControl();
    cancel(control);
    await expect(addon.dense.later.cholesky(A.slice(), ROWS, control)).rejects.toThrow("interrupted");
  });

  either("is told by the result of a solve", () => {
    settings.lapack = choice;
    const x = rand([ROWS, 2], { dtype: "float64", seed: 1 });
    const b = randn([ROWS, 1], { dtype: "float64", seed: 2 });
    const K = KernelSolve("Exp(-SqDist(x, y)) * b", ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"], "b", { axis: 1 });
    const { library, method, residual } = K.report(x, x, b, { alpha: 0.01, method: "direct" });
    expect([method, library]).toEqual(["direct", choice === "off" ? null : settings.lapack]);
    expect(residual).toBeLessThanOrEqual(1e-10);
  });
});

withLapack("both codes give the same factor but for rounding", () => {
  const [own, system] = [factored("off").lower, factored("auto").lower];
  const apart = own.reduce((most, value, n) => Math.max(most, Math.abs(value - system[n]!)), 0);
  expect(apart).toBeGreaterThan(0); // else it was the same code
  expect(apart).toBeLessThanOrEqual(1e-13);
});

test("a library that cannot be used is refused, and what was chosen stays", () => {
  const before = settings.lapack;
  expect(() => {
    settings.lapack = "/nowhere/liblapack.so";
  }).toThrow(
    /^settings.lapack: expected "auto", "off" or a library, got \/nowhere\/liblapack.so: .*cannot open shared object/,
  );
  expect(settings.lapack).toBe(before);
});

(process.platform === "linux" ? test : test.skip)("a library without LAPACK is refused by what it lacks", () => {
  expect(() => {
    settings.lapack = "libm.so.6";
  }).toThrow("libm.so.6 lacks one of dpotrf_, dtrsm_, dsyrk_, dgemm_");
});
