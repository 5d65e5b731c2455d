/**
 * The package as users get it: packed, installed into an empty folder, and run there. Needs `dist` and the addon: `npm
 * ci`.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { ModuleKind, transpileModule } from "typescript";

const root = resolve(__dirname, "..", "..");
const platform = `${process.platform}-${process.arch}`;
const MINUTES = 60_000;

let folder: string;
let files: string[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tskeops-package-"));
  execFileSync(process.execPath, [join(root, "scripts", "prebuilds.mjs")]);
  // Without scripts: `dist` is what the other tests are reading at this moment.
  const packed = npm(root, "pack", "--ignore-scripts", "--json", "--pack-destination", folder);
  const [{ filename, files: listed }] = JSON.parse(packed) as [{ filename: string; files: { path: string }[] }];
  files = listed.map(({ path }) => path);
  writeFileSync(join(folder, "package.json"), "{}");
  npm(folder, "install", "--prefer-offline", "--no-audit", "--no-fund", `./${filename}`);
}, 3 * MINUTES);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function npm(cwd: string, ...command: string[]): string {
  return execFileSync("npm", command, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
}

/** The first TypeScript block of the README, as JavaScript. */
function readmeExample(): string {
  const [, source = ""] = /```ts\n(.*?)```/s.exec(readFileSync(join(root, "README.md"), "utf8")) ?? [];
  return transpileModule(source, { compilerOptions: { module: ModuleKind.CommonJS } }).outputText;
}

function runInstalled(
  script: string,
  env: NodeJS.ProcessEnv = {},
): { status: number | null; stdout: string; stderr: string } {
  const cache = join(folder, "cache");
  writeFileSync(join(folder, "script.js"), script);
  const options = { cwd: folder, encoding: "utf8", env: { ...process.env, TSKEOPS_CACHE: cache, ...env } } as const;
  return spawnSync(process.execPath, ["script.js"], options);
}

/** A PATH that holds node and nothing else. */
function pathWithoutCompiler(): string {
  const bin = mkdtempSync(join(folder, "bin-"));
  symlinkSync(process.execPath, join(bin, "node"));
  return bin;
}

test("the tarball holds the build, the headers of generated code and the addon, and no sources or maps", () => {
  const expected = [
    "dist/index.js",
    "dist/index.d.ts",
    "dist/web/index.js",
    "dist/web.d.mts",
    "native/text/cpu/keops.h",
    "native/text/common/routine.h",
    `prebuilds/${platform}/tskeops.node`,
  ];
  expect(files).toEqual(expect.arrayContaining([...expected, "LICENSE", "NOTICE", "README.md", "CHANGELOG.md"]));
  expect(files.filter((path) => /^(src|test|notebooks|scripts)\/|\.map$|\.cc$/.test(path))).toEqual([]);
});

const hasModule = existsSync(join(root, "build-wasm", "tskeops.wasm"));
(hasModule ? test : test.skip)("WebAssembly is in the tarball, in at most 200 KB when compressed", () => {
  expect(files).toContain("dist/web/tskeops.wasm");
  const module = readFileSync(join(folder, "node_modules/tskeops/dist/web/tskeops.wasm"));
  expect(gzipSync(module, { level: 9 }).length).toBeLessThanOrEqual(200_000);
  const script = 'const { settings } = require("tskeops"); console.log(settings.instructionSet);';
  expect(runInstalled(script, { TSKEOPS_ADDON: "wasm" }).stdout).toBe("wasm\n");
});

test("the package has no script that npm would run, or block, at installation", () => {
  const { scripts } = JSON.parse(readFileSync(join(folder, "node_modules/tskeops/package.json"), "utf8")) as {
    scripts: object;
  };
  expect(Object.keys(scripts)).not.toEqual(expect.arrayContaining([expect.stringMatching(/^(pre|post)?install$/)]));
});

test("charts' packages are not installed along with it", () => {
  const found = spawnSync("npm", ["ls", "--all", "--parseable"], { cwd: folder, encoding: "utf8" }).stdout;
  expect(found).not.toMatch(/vega|resvg/);
});

test(
  "the README's example has at most ten lines and runs from the installed package",
  () => {
    const { status, stdout, stderr } = runInstalled(readmeExample());
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^\[ 200, 2 \] -?\d+\.\d+ -?\d+\.\d+\n$/);
    expect(status).toBe(0);
  },
  MINUTES,
);

test(
  "the README's example gives the same numbers without a compiler on PATH",
  () => {
    const numbers = (stdout: string): number[] => stdout.split(" ").slice(-2).map(Number);
    const compiled = numbers(runInstalled(readmeExample()).stdout);
    const { status, stdout, stderr } = runInstalled(readmeExample(), {
      PATH: pathWithoutCompiler(),
      TSKEOPS_CACHE: join(folder, "empty-cache"),
      CXX: undefined,
      TSKEOPS_CXX: undefined,
    });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    numbers(stdout).forEach((value, k) => expect(Math.abs(value - compiled[k]!) / Math.abs(value)).toBeLessThan(1e-2));
  },
  MINUTES,
);

test("importing loads no addon, starts no process and makes no folder", () => {
  const script = `
    const started = [];
    const child = require("node:child_process"), fs = require("node:fs");
    for (const [owner, names] of [[child, ["spawn", "spawnSync", "execFile", "execFileSync"]], [fs, ["mkdirSync", "mkdir", "writeFileSync"]]])
      for (const name of names) owner[name] = () => started.push(name);
    require("tskeops");
    console.log(JSON.stringify([started, Object.keys(require.cache).filter((path) => path.endsWith(".node"))]));`;
  expect(JSON.parse(runInstalled(script).stdout)).toEqual([[], []]);
});
