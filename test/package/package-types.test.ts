/**
 * The built declarations under TypeScript 5.0.4, the compiler that tslab carries, with a good call and bad ones. Needs
 * `dist`.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(__dirname, "..", "..");
const oldCompiler = join(root, "notebooks", "node_modules", "@tslab", "typescript-for-tslab", "lib", "tsc.js");

const HEAD = `
import { Genred, KernelSolve, Vi, Vj, grad, lazy, notebook, rand } from "tskeops";
const x = rand([9, 2]);
const aliases = ["x = Vi(2)", "y = Vj(2)", "b = Vj(2)", "g = Pm(1)"] as const;
const K = Genred("Exp(- g * SqDist(x,y)) * b", aliases, { axis: 1 });
const Kinv = KernelSolve("Exp(- g * SqDist(x,y)) * b", ["x = Vi(2)", "y = Vj(2)", "b = Vj(2)", "g = Pm(1)"], "b", { axis: 1 });
`;

/** What the old compiler says about modules of HEAD and these lines, with every check on, line by line. */
function diagnostics(modules: Readonly<Record<string, string>>): string[] {
  const folder = mkdtempSync(join(tmpdir(), "tskeops-types-"));
  const compilerOptions = {
    ...{
      target: "es2022",
      lib: ["es2022"],
      module: "commonjs",
      moduleResolution: "node",
      types: ["node"],
      typeRoots: [join(root, "notebooks", "node_modules", "@types")],
      noEmit: true,
      strict: true,
    },
    ...{ esModuleInterop: true, baseUrl: root, paths: { tskeops: ["dist/index.d.ts"] } },
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: Object.keys(modules) }));
  for (const [file, lines] of Object.entries(modules)) writeFileSync(join(folder, file), HEAD + lines);
  try {
    const { stdout } = spawnSync(process.execPath, [oldCompiler, "-p", folder], { encoding: "utf8", cwd: folder });
    return stdout.split("\n").filter((line) => line !== "");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const GOOD = `
  const c: { data: Float32Array } = Kinv(x, x, x, 50, { alpha: 0.01 });
  const w = rand([9, 2], { dtype: "float64" });
  const wide: { data: Float64Array } = K(w, w, w, 50);
  const [u] = grad(K(x, x, x, x), [x], x);
  const shape: number[] = u.shape;
  // @ts-expect-error a result is no number: it would be accepted if it were any
  const lost: number = Kinv(x, x, x, 50);
  const L = Vi(x).sqdist(Vj(x)).neg().exp();
  const lazySum: { data: Float32Array } = L.sum({ axis: 1 });
  const best: { data: Int32Array } = L.argKmin(3, { axis: 1 });
  const deferred: Promise<{ shape: number[] }> = L.solve(Vj(0, 1), { alpha: 1, call: false }).async(x);
  const moduli: { data: Float32Array } = lazy\`|\${Vi(x)}|²\`.exp1j().abs().max({ axis: 1 });
  const shown: Promise<{ data: { "image/png": string } }> = notebook.chart({});`;

const BAD = {
  "a missing argument": "K(x, x, 50);",
  "a missing argument of a solve": "Kinv(x, x);",
  "a number for a Vi": "K(1, x, x, 50);",
  "a number for a Vj of a solve": "Kinv(x, 1, x, 50);",
  "arrays of two dtypes": 'K(x, rand([9, 2], { dtype: "float64" }), x, 50);',
  "a reduction of a lazy tensor without an axis": "Vi(x).prod();",
  "complex numbers where real ones are expected": "Vi(x).add(Vi(x).exp1j());",
  "an option that does not exist": "Kinv(x, x, x, 50, { alhpa: 0.01 });",
};

let said: string[];
beforeAll(() => {
  said = diagnostics({ "good.ts": GOOD, "bad.ts": Object.values(BAD).join("\n") });
}, 60_000);

test("good calls compile, results have the input's dtype, and no type is lost to any", () => {
  expect(said.filter((line) => !/^(bad\.ts\(|\s)/.test(line))).toEqual([]);
});

test("bad calls are errors at compile time, each of them", () => {
  const first = HEAD.split("\n").length;
  const accepted = Object.keys(BAD).filter((_name, k) => !said.join("\n").includes(`bad.ts(${String(first + k)},`));
  expect(accepted).toEqual([]);
});

test("tskeops/web and tskeops/mpi have types where packages' exports are not looked at", () => {
  const folder = mkdtempSync(join(tmpdir(), "tskeops-types-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules", "tskeops"));
  const text = `import { ready } from "tskeops/web";
    import * as mpi from "tskeops/mpi";
    export const wanted: Promise<{ threads: number }> = ready({ threads: 1 });
    // @ts-expect-error neither is any
    export const lost: [number, string] = [ready(), mpi];`;
  writeFileSync(join(folder, "sample.ts"), text);
  const options = "--noEmit --strict --target es2022 --module commonjs --moduleResolution node --esModuleInterop";
  try {
    const said = spawnSync(process.execPath, [oldCompiler, ...options.split(" "), "sample.ts"], { cwd: folder });
    expect(said.stdout.toString()).toBe("");
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);
