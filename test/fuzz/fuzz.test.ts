/**
 * Random formulas of all operations, reduced in all ways, against an oracle of their own: loops over pairs that share
 * no code with the library (structure, values, derivatives, reductions are the test's). `npm run fuzz` runs other
 * seeds, and more.
 */
import "../helpers/quickcompiler";
import { DECLARATIONS } from "../../src/formula/arguments";
import { entries } from "../../src/formula/ops";
import "../../src/formula/parse";
import { reductions } from "../../src/formula/reductions";
import { GROUP } from "./cases";
import { RULES } from "./generator";
import { REDUCERS } from "./reducers";
import { newReport, runCase, runCompiled } from "./run";

const { TSKEOPS_FUZZ_SEED: seedSet, TSKEOPS_FUZZ_COUNT: countSet, TSKEOPS_FUZZ_ONLY: onlySet } = process.env;
const seed = Number(seedSet ?? 1);
const count = Number(countSet ?? 2000);
const isShort = countSet === undefined && onlySet === undefined;
/** One group of so many is compiled: a compiler takes as long for one as the others for all. */
const COMPILED_EVERY = 20;

const report = newReport();

/**
 * Written as numbers, and so in formulas of every kind; or with derivatives of second order, which the oracle does not
 * have.
 */
const NEEDS_NO_RULE = ["Zero", "IntCst", "IntInv", "RatCst", "Laplacian"];
/** Their values and derivatives are held to their rows by the tests of test/formula. */
const WITHOUT_RULE = [...entries.keys()].filter(
  (name) => !DECLARATIONS.has(name) && !NEEDS_NO_RULE.includes(name) && !RULES.some((rule) => rule.name === name),
);

test("every rule of this test's own is that of an operation, every definition that of a reduction", () => {
  expect(RULES.filter(({ name }) => !entries.has(name))).toEqual([]);
  expect([...REDUCERS.keys()].filter((name) => !reductions.has(name))).toEqual([]);
});

test(`${onlySet ? `formula ${onlySet}` : `${count} random formulas`} of seed ${seed} and their gradients`, () => {
  const [from, to] = onlySet === undefined ? [0, count] : [Number(onlySet), Number(onlySet) + 1];
  for (let n = from; n < to; n++) runCase(seed, n, report);
  expectNone(report.failures);
});

test("formulas compiled in one piece, and their gradients", () => {
  report.failures.length = 0;
  const groups = onlySet === undefined ? Math.ceil(count / GROUP) : 0;
  for (let group = 0; group < groups; group += COMPILED_EVERY) runCompiled(seed, group, report);
  expectNone(report.failures);
});

/** The smallest comes first. */
function expectNone(failures: readonly string[]): void {
  const bySize = [...failures].sort((a, b) => a.length - b.length);
  if (failures.length > 0) throw new Error(`${failures.length} or more failed; the smallest:\n${bySize.join("\n\n")}`);
}

(isShort ? test : test.skip)("all operations and reductions were among them, and rounding decided few", () => {
  const missing = [...RULES.map(({ name }) => name), ...REDUCERS.keys()].filter((n) => (report.names.get(n) ?? 0) < 5);
  expect(missing).toEqual([]);
  expect(report.undecided).toBeLessThan(0.02 * count);
});

afterAll(() => {
  const compared = [...report.compared].map(([backend, calls]) => `${calls} on ${backend}`).join(", ");
  process.stdout.write(`fuzz, seed ${seed}: compared ${compared}; ${report.undecided} left to rounding\n`);
  const undefinedNames = [...WITHOUT_RULE, ...[...reductions.keys()].filter((name) => !REDUCERS.has(name))].join(", ");
  if (undefinedNames)
    process.stdout.write(`fuzz: without a definition in test/fuzz/, so in no formula: ${undefinedNames}\n`);
});
