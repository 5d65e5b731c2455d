/** The step between near and far pairs: its ends, its smoothness, and that the formula says the same. */
import { stepFor } from "../../src/fast/step";
import { Category, variable } from "../../src/formula/formula";
import { evaluate } from "../helpers/evaluate";

const TOLERANCES = [1e-2, 1e-3, 1e-6, 1e-9, 1e-12];

test.each(TOLERANCES)("the step for %p falls from 1 to 0, and is 1/2 in the middle", (tolerance) => {
  const step = stepFor(tolerance);
  expect(step.at(0)).toBeCloseTo(1, 13);
  expect(step.at(0.5)).toBe(0.5);
  expect(step.at(1)).toBeCloseTo(0, 13);
  expect([step.at(-3), step.at(7)]).toEqual([step.at(0), step.at(1)]);
  const values = Array.from({ length: 101 }, (_, k) => step.at(k / 100));
  for (const [k, value] of values.slice(1).entries()) expect(value).toBeLessThan(values[k]! + 0.1 * tolerance);
});

/** |coefficient| of exp(i k x) of the pulse that rises over [-1, 0], falls over [0, 1] and is 0 else, period 4. */
function coefficients(at: (rho: number) => number): number[] {
  const count = 4096;
  const samples = Array.from({ length: count }, (_, n) => at(Math.abs((4 * n) / count - 2)));
  return Array.from({ length: 200 }, (_, k) =>
    Math.abs(samples.reduce((sum, value, n) => sum + value * Math.cos((2 * Math.PI * k * n) / count), 0) / count),
  );
}

test.each(TOLERANCES)("the step for %p has no frequencies beyond its band", (tolerance) => {
  const band = Math.ceil(((Math.log(1 / tolerance) + 1.5) * 4) / Math.PI); // a window of length 1 and this shape
  const step = stepFor(tolerance);
  const spectrum = coefficients((rho) => step.at(rho));
  expect(Math.max(...spectrum.slice(band))).toBeLessThan(tolerance);
});

test.each(TOLERANCES)("the formula of the step for %p gives its numbers", (tolerance) => {
  const [step, rho] = [stepFor(tolerance), variable(0, 2, Category.P)];
  const formula = step.of(rho);
  for (const pair of [
    [0, 1],
    [0.1, 0.7],
    [-1, 2],
    [0.999, 0.5],
  ]) {
    const got = evaluate(formula, new Map([[rho, pair]]));
    for (const [k, value] of pair.entries()) expect(got[k]).toBeCloseTo(step.at(value), 13);
  }
});
