/** Whoever computes more slowly than expected is told so, once, with a code. Each test is a process of its own. */
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(__dirname, "..", "..");
const SECONDS = 1000;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tskeops-warnings-"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const place of ["package/dist", "bundle/lib"])
    cpSync(join(root, "dist"), join(folder, place), { recursive: true });
  rmSync(join(folder, "package", "dist", "web"), { recursive: true }); // WebAssembly would serve
  for (const place of ["package", "bundle"])
    cpSync(join(root, "native"), join(folder, place, "native"), { recursive: true });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Warning {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

/** Warnings of a process that runs `body`, where `t` is the library in a folder. */
function warningsOf(library: string, body: string, env: NodeJS.ProcessEnv = {}): Warning[] {
  const script = `
    const warnings = [];
    process.on("warning", ({ name, code, message }) => warnings.push({ name, code, message }));
    const t = require(${JSON.stringify(library)});
    const x = t.rand([40, 3], { seed: 1 });
    const sum = (formula, options) => t.Genred(formula, ["x = Vi(3)", "y = Vj(3)"], { axis: 1 })(x, x, options);
    ${body}
    process.on("exit", () => console.log(JSON.stringify(warnings)));`;
  const options = { encoding: "utf8", env: { ...process.env, TSKEOPS_CACHE: join(folder, "cache"), ...env } } as const;
  const { stdout, stderr } = spawnSync(process.execPath, ["-e", script], options);
  expect(stderr.split("\n").filter((line) => /\[KEOPS_\w+\] KeopsWarning/.test(line)).length).toBeLessThanOrEqual(1);
  return JSON.parse(stdout) as Warning[];
}

/** What is planned for a backend that cannot run, as a warning. */
const tellingPlan = `
  const { whyNot, code } = t.Genred("x | y", ["x = Vi(3)", "y = Vj(3)"], { axis: 1 }).plan(x, x, { backend: "cpu" });
  process.emitWarning(JSON.stringify({ whyNot, code }), { type: "Told", code: "TOLD" });`;

const packaged = (): string => join(folder, "package", "dist");
const bundled = (): string => join(folder, "bundle", "lib");

/** A folder with node and, if given, a compiler. */
function pathWith(name: string, compiler?: string): string {
  const bin = join(folder, name);
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, "node"));
  if (compiler === undefined) return bin;
  writeFileSync(join(bin, "c++"), compiler);
  chmodSync(join(bin, "c++"), 0o755);
  return bin;
}

test("without an addon, auto says once that the reference engine computes, why, and what to do", () => {
  const [warning, ...others] = warningsOf(packaged(), 'sum("SqDist(x, y)"); sum("Exp(-SqDist(x, y))"); sum("x | y");');
  expect(others).toEqual([]);
  expect(warning).toMatchObject({ name: "KeopsWarning", code: "KEOPS_REFERENCE" });
  expect(warning!.message).toMatch(/^backend "auto": computing on the reference engine, .* 300 times slower, because /);
  expect(warning!.message).toContain("no addon is there: expected ");
  expect(warning!.message).toContain(`the package @tskeops/${process.platform}-${process.arch}`);
  expect(warning!.message).toMatch(/: build it with `npx tskeops build`, which needs cmake and a C\+\+ compiler$/);
});

test("where files of the package lie elsewhere, as in a bundle, it says how to have them found", () => {
  const [warning] = warningsOf(bundled(), 'sum("SqDist(x, y)");');
  expect(warning).toMatchObject({ code: "KEOPS_REFERENCE" });
  expect(warning!.message).toMatch(
    /: install tskeops where the bundle lies, or keep it out of the bundle \(esbuild --external:tskeops, /,
  );
});

test("a bundle whose package lies elsewhere shows no code, and tells why the backend cpu cannot run", () => {
  const [warning] = warningsOf(bundled(), tellingPlan);
  expect(JSON.parse(warning!.message)).toEqual({ whyNot: expect.stringContaining("no addon is there") as unknown });
});

test("a package without its C++, as some pack programs, runs precompiled kernels and says what is missing", () => {
  const without = join(folder, "without");
  cpSync(join(root, "dist"), join(without, "dist"), { recursive: true });
  cpSync(join(root, "build", "Release"), join(without, "build", "Release"), { recursive: true });
  const why = `the package tskeops is incomplete: expected ${join(without, "native", "text", "common", "routine.h")}, got none`;
  const body = `sum("SqDist(x, y)", { compile: "always" }); ${tellingPlan}`;
  const [warning, told] = warningsOf(join(without, "dist"), body);
  expect(warning).toMatchObject({ code: "KEOPS_COMPILE" });
  expect(warning!.message).toMatch(/^compile "always": running precompiled kernels, .* because the package tskeops is/);
  expect(JSON.parse(told!.message)).toEqual({ whyNot: why });
});

test.each(["always", "never"])("compile %p says so too", (compile) => {
  const warnings = warningsOf(packaged(), `sum("SqDist(x, y)", { compile: "${compile}" });`);
  expect(warnings.map(({ code }) => code)).toEqual(["KEOPS_REFERENCE"]);
});

test("who asks for the reference engine, or imports the library alone, is told nothing", () => {
  expect(warningsOf(packaged(), 'sum("SqDist(x, y)", { backend: "reference" });')).toEqual([]);
  expect(warningsOf(packaged(), "")).toEqual([]);
});

test("with the addon, and with or without a compiler, auto says nothing", () => {
  const dist = join(root, "dist");
  expect(warningsOf(dist, 'sum("SqDist(x, y)");')).toEqual([]);
  const env = { PATH: pathWith("bare"), CXX: undefined, TSKEOPS_CXX: undefined };
  expect(warningsOf(dist, 'sum("SqDist(x, y)");', env)).toEqual([]);
});

test("where the compiler makes junk, the backend cpu fails by a CompileError, now and in the background", () => {
  const compiler = "#!/bin/sh\necho junk > routine.so\n";
  const env = { PATH: `${pathWith("junk", compiler)}:/bin:/usr/bin`, CXX: undefined, TSKEOPS_CXX: undefined };
  const body = `
    const told = ({ name, code, message }) => process.emitWarning(message, { type: name, code });
    const K = t.Genred("SqDist(x, y)", ["x = Vi(3)", "y = Vj(3)"], { axis: 1 });
    try { K(x, x, { backend: "cpu" }); } catch (error) { told(error); }
    K.async(x, x, { backend: "cpu" }).catch(told);`;
  const warnings = warningsOf(join(root, "dist"), body, env);
  expect(warnings).toEqual(
    [1, 2].map((): unknown => expect.objectContaining({ name: "CompileError", code: "ERR_KEOPS_COMPILE" })),
  );
  for (const { message } of warnings) expect(message).toMatch(/^generated routine: expected a shared object from the/);
});

test("compile always without a compiler says once that precompiled kernels run", () => {
  const env = { PATH: pathWith("none"), CXX: undefined, TSKEOPS_CXX: undefined };
  const body = 'for (const text of ["SqDist(x, y)", "x | y"]) sum(text, { compile: "always" });';
  const [warning, ...others] = warningsOf(join(root, "dist"), body, env);
  expect(others).toEqual([]);
  expect(warning).toMatchObject({ name: "KeopsWarning", code: "KEOPS_COMPILE" });
  expect(warning!.message).toMatch(/^compile "always": running precompiled kernels, .* expected c\+\+, g\+\+ or clang/);
});

test.each([
  ["fails", "#!/bin/sh\necho broken >&2\nexit 3\n", "exit status 3"],
  [
    "makes no shared object, and says that all is well",
    "#!/bin/sh\necho junk > routine.so\n",
    "expected a shared object",
  ],
])(
  "where the compiler %s, auto stays with precompiled kernels and says so",
  (name, compiler, why) => {
    const env = {
      PATH: `${pathWith(name.slice(0, 5), compiler)}:/bin:/usr/bin`,
      CXX: undefined,
      TSKEOPS_CXX: undefined,
    };
    // One call of more than 3e9 pairs waits for the compiler.
    const body = `
      const K = t.Genred("x | y", ["x = Vi(1)", "y = Vj(1)"], { axis: 1 });
      const points = t.zeros([56000, 1]);
      const { shape } = K(points, points);
      if (shape[0] !== 56000) throw new Error(String(shape));`;
    const [warning, ...others] = warningsOf(join(root, "dist"), body, env);
    expect(others).toEqual([]);
    expect(warning).toMatchObject({ name: "KeopsWarning", code: "KEOPS_COMPILE" });
    expect(warning!.message).toMatch(/^compile "auto": staying with precompiled kernels, up to half as fast, because /);
    expect(warning!.message).toContain(why);
  },
  60 * SECONDS,
);
