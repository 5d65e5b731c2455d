/**
 * The bench reaches into compiled modules, to tell where the time of a solve goes and to run what would not have been
 * chosen: a change there that it does not know of must be seen here, not when a run is recorded. Runs in processes of
 * their own, on what is in dist/.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

jest.setTimeout(60_000);

const root = join(__dirname, "..", "..");
const cache = mkdtempSync(join(tmpdir(), "tskeops-bench-test-"));

afterAll(() => {
  rmSync(cache, { recursive: true });
});

/** What a module says whose last line prints JSON. `build` is this checkout's. */
function told(source: string): unknown {
  const head = `
    import { buildAt } from "./bench/build.mjs";
    import { CHOICE_JOBS } from "./bench/choicejobs.mjs";
    import { JOBS } from "./bench/jobs.mjs";
    const build = buildAt(process.cwd());
  `;
  const env = { ...process.env, TSKEOPS_CACHE: cache };
  const words = ["--input-type=module", "-e", head + source];
  const { stdout, stderr } = spawnSync(process.execPath, words, { cwd: root, env, encoding: "utf8" });
  if (stderr !== "") throw new Error(stderr);
  return JSON.parse(stdout.trim().split("\n").at(-1)!);
}

const bench = (...words: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [join(root, "bench", "run.mjs"), ...words], { cwd: root, encoding: "utf8" });

interface Split {
  readonly total: number;
  readonly products: number;
  readonly preconditioner: number;
  readonly dense: number;
  readonly other: number;
  readonly parts: Readonly<Record<string, number>>;
}

const splitOf = (n: number, method: string): Record<"solve" | "derivative", Split> =>
  told(`
    const row = { n: ${n}, g: 50, alpha: 1e-2, method: "${method}" };
    const { facts } = JOBS.solve(build, { row, dtype: "float64", build: "this" });
    console.log(JSON.stringify(facts.split));
  `) as Record<"solve" | "derivative", Split>;

const sumOf = ({ products, preconditioner, dense, other }: Split): number => products + preconditioner + dense + other;

test("the time of an iterated solve and of its derivative is in products and a preconditioner", () => {
  const { solve, derivative } = splitOf(600, "cg");
  for (const split of [solve, derivative]) {
    expect(sumOf(split)).toBeCloseTo(split.total, 3);
    expect(split.products).toBeGreaterThan(0);
    expect(split.preconditioner).toBeGreaterThan(0);
    expect(split.dense).toBe(0);
  }
  expect(Object.keys(solve.parts)).toEqual(expect.arrayContaining(["preconditioner: gram", "preconditioner: extend"]));
  expect(derivative.parts["products: gradients of K"]).toBeGreaterThan(0);
});

test("the time of a direct solve and of its derivative is in dense algebra", () => {
  const { solve, derivative } = splitOf(200, "direct");
  expect(solve.parts["dense: cholesky"]).toBeGreaterThan(0);
  expect(derivative.parts["dense: choleskySolve"]).toBeGreaterThan(0);
  expect([solve.preconditioner, derivative.preconditioner]).toEqual([0, 0]);
});

test("looking where time goes leaves the modules as they were", () => {
  const unchanged = told(`
    const { Product } = build.module("solve/product.js");
    const algebra = build.module("solve/precondition.js");
    const before = [Product.prototype.apply, algebra.denseWork];
    JOBS.solve(build, { row: { n: 50, g: 50, alpha: 1e-2 }, dtype: "float64", build: "this" });
    const after = [Product.prototype.apply, algebra.denseWork];
    console.log(JSON.stringify(before.map((f, n) => f === after[n])));
  `);
  expect(unchanged).toEqual([true, true]);
});

test.each([
  ["few rows", { m: 1, n: 20_000 }, ["many", "narrow", "few"]],
  ["pairs once", { m: 1000, n: 1000, isShared: true }, ["many", "once"]],
])("a compiled routine runs in every way that there is for %s", (_, sizes, ways) => {
  const found = told(`
    const row = { formula: "Exp(-g * SqDist(x, y)) * b", d: 3, dv: 1, options: {}, ...${JSON.stringify(sizes)} };
    const job = { row, ways: ${JSON.stringify(ways)}, dtype: "float32" };
    const { facts, calls } = CHOICE_JOBS.forced(build, job);
    console.log(JSON.stringify({ chosen: facts.chosen, ways: Object.keys(calls) }));
  `) as { chosen: string; ways: string[] };
  expect(found.ways).toEqual(ways);
  expect(ways).toContain(found.chosen);
});

test("the tables of a recorded run are printed from its file", () => {
  const { stdout, status } = bench("--markdown", "bench/results/2026-11-27.json");
  expect(status).toBe(0);
  expect(stdout).toMatch(
    /^\| Gaussian, D = 3, 10000 x 10000 +\| 9\.64 +\| 10\.4 +\| 29\.2 +\| 169 % +\| 25\.3 +\| 25\.7 +\|$/m,
  );
  expect(stdout).toMatch(
    /^\| tutorial's system, N = 5000, float32 +\| cg, rank 294, 5 it\. +\| 48\.7 ms +\| 37\.8 ms +\|$/m,
  );
});

test.each([
  [["--isa", "sse9"], "--isa: expected all, or some of baseline"],
  [["--fast"], "bench: expected an option of --help, got --fast"],
  [["--against", "no/such/folder"], "--against: expected a built checkout, got"],
])("%j is refused", (words, message) => {
  const { stderr, status } = bench(...words);
  expect([status, stderr]).toEqual([1, expect.stringContaining(message)]);
});
