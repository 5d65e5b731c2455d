/**
 * Stamps of the builds: what is older than its sources is told apart from what is not, wherever the files have been.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const script = pathToFileURL(resolve(__dirname, "..", "..", "scripts", "built.mjs")).href;
let root: string;

/** A project in which dist/ and the addon have been built. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tskeops-built-"));
  write("src/index.ts", "export const one = 1;");
  write("src/formula/ops.ts", "export const ops = [];");
  write("scripts/generate/main.mjs", "");
  write("scripts/build-web.mjs", "");
  write("tsconfig.json", "{}");
  write("native/addon.cc", "int one() { return 1; }");
  write("CMakeLists.txt", "project(tskeops)");
  write("dist/index.js", "exports.one = 1;");
  write("dist/codegen/isa.js", "exports.instructionSetsOf = () => [{ name: 'baseline', flags: [], features: [] }];");
  write("dist/codegen/tilekernels.js", "exports.kernelSource = (isa, dtype) => `kernels of ${isa} ${dtype}`;");
  write("build/Release/tskeops.node", "machine code");
  run("build('dist', () => true, root), build('addon', () => true, root)");
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

/** What an expression over the functions of scripts/built.mjs gives in a process of its own. */
function run(expression: string, of = root): unknown {
  const code = `
    const { build, firstStale, isOfAnother, removeOrphans, whyStale } = await import(${JSON.stringify(script)});
    const root = ${JSON.stringify(of)};
    console.log(JSON.stringify((${expression}) ?? null));`;
  return JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" }));
}

const stale = (of = root): unknown => run("firstStale(undefined, root)", of);
const STALE_DIST =
  "dist/index.js: expected a build of the present src, scripts/generate, scripts/build-web.mjs, tsconfig.json, got an older one: run `npm run build:ts`";
const STALE_ADDON =
  "build/Release/tskeops.node: expected a build of the present native, CMakeLists.txt, got an older one: run `npm run build:native`";

test("what was built from the present sources is not stale, in a copy or with other dates either", () => {
  expect(stale()).toBeNull();
  const then = new Date(Date.now() + 60_000);
  utimesSync(join(root, "src/index.ts"), then, then);
  expect(stale()).toBeNull();
  const copy = join(root, "copy");
  for (const part of ["src", "scripts", "native", "dist", "build", "tsconfig.json", "CMakeLists.txt"])
    cpSync(join(root, part), join(copy, part), { recursive: true });
  expect(stale(copy)).toBeNull();
});

test.each([
  ["a changed source", "src/index.ts", STALE_DIST],
  ["a new source", "src/formula/new.ts", STALE_DIST],
  ["a changed generator", "scripts/generate/main.mjs", STALE_DIST],
  ["a changed table of what browsers have", "scripts/build-web.mjs", STALE_DIST],
  ["a changed setting of the compiler", "tsconfig.json", STALE_DIST],
  ["a changed source of the addon", "native/addon.cc", STALE_ADDON],
  ["a new header in a folder", "native/run/plan.h", STALE_ADDON],
  ["a changed CMakeLists.txt", "CMakeLists.txt", STALE_ADDON],
])("%s makes an older build stale", (_, file, message) => {
  write(file, "something else");
  expect(stale()).toBe(message);
});

test("a source that is gone makes it stale, and what was made of it goes with the next build", () => {
  write("dist/formula/ops.js", "");
  write("dist/formula/ops.d.ts", "");
  rmSync(join(root, "src/formula/ops.ts"));
  expect(stale()).toBe(STALE_DIST);
  run("removeOrphans(root)");
  expect(run("whyStale('dist', root)")).toBe(STALE_DIST);
  expect(() => readFileSync(join(root, "dist/formula/ops.js"))).toThrow("ENOENT");
  expect(readFileSync(join(root, "dist/index.js"), "utf8")).toBe("exports.one = 1;");
});

test("an addon is stale when the kernels that dist/ prints have changed; what a build has generated does not count", () => {
  write("native/generated/avx2-float32.cc", "of a build");
  expect(stale()).toBeNull();
  write("dist/codegen/isa.js", "exports.instructionSetsOf = () => [{ name: 'baseline', flags: [], features: [] }];");
  write("dist/codegen/tilekernels.js", "exports.kernelSource = () => 'other kernels';");
  expect(stale()).toBe(STALE_ADDON);
});

test("a build that fails, or whose sources change meanwhile, leaves something stale", () => {
  expect(run("build('dist', () => false, root)")).toBe(false);
  expect(stale()).toBe(STALE_DIST);
  run("build('dist', () => true, root)");
  expect(stale()).toBeNull();
  const file = JSON.stringify(join(root, "src/index.ts"));
  run(`build('dist', () => !process.getBuiltinModule("node:fs").writeFileSync(${file}, "saved meanwhile"), root)`);
  expect(stale()).toBe(STALE_DIST);
});

test("without dist/ nothing can be read; without an addon the reference engine serves", () => {
  rmSync(join(root, "build"), { recursive: true });
  expect(stale()).toBeNull();
  rmSync(join(root, "dist"), { recursive: true });
  expect(stale()).toBe("dist/index.js: expected a build, got none: run `npm run build:ts`");
});

test("a folder that cmake has configured for another checkout is told apart", () => {
  const configured = (home: string): unknown => {
    write("build/CMakeCache.txt", `// settings\nCMAKE_HOME_DIRECTORY:INTERNAL=${home}\n`);
    return run(`isOfAnother(${JSON.stringify(join(root, "build"))}, root)`);
  };
  expect(run(`isOfAnother(${JSON.stringify(join(root, "build"))}, root)`)).toBe(false);
  expect(configured(root)).toBe(false);
  expect(configured(tmpdir())).toBe(true);
  expect(configured(join(root, "gone"))).toBe(true);
  write("build/CMakeCache.txt", "");
  expect(run(`isOfAnother(${JSON.stringify(join(root, "build"))}, root)`)).toBe(true);
});
