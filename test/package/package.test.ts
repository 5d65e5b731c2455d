/**
 * The package as users get it: packed, installed into an empty folder, and run there. Needs `dist` and the addon: `npm
 * ci`.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { ModuleKind, transpileModule } from "typescript";
import { PACKAGED } from "../../src/device/addonfiles";
import type { AddonReport } from "../../src/device/addonfiles";

const root = resolve(__dirname, "..", "..");
const platform = `${process.platform}-${process.arch}`;
const MINUTES = 60_000;
/** Others are built by `npm run release`. */
const isPackaged = PACKAGED.includes(platform) && process.platform !== "win32";

let folder: string;
let files: string[];
/** Of the tarballs that a user of this machine downloads. */
let bytes: number;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tskeops-package-"));
  // Of `dist` as it is: it is what the other tests are reading at this moment.
  const made = execFileSync(process.execPath, [join(root, "scripts", "packages.mjs")], { encoding: "utf8" });
  const tarballs = made
    .trim()
    .split("\n")
    .filter((line) => line.endsWith(".tgz"));
  bytes = tarballs.reduce((sum, tarball) => sum + statSync(tarball).size, 0);
  const packed = npm(join(root, "packages", "tskeops"), "pack", "--dry-run", "--json");
  files = (JSON.parse(packed) as [{ files: { path: string }[] }])[0].files.map(({ path }) => path);
  writeFileSync(join(folder, "package.json"), "{}");
  npm(folder, "install", "--prefer-offline", "--no-audit", "--no-fund", ...tarballs);
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

function manifest(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder, "node_modules", name, "package.json"), "utf8")) as Record<
    string,
    unknown
  >;
}

/** A PATH that holds node and nothing else. */
function pathWithoutCompiler(): string {
  const bin = mkdtempSync(join(folder, "bin-"));
  symlinkSync(process.execPath, join(bin, "node"));
  return bin;
}

test("the tarball holds the library, what builds its addon, and its guide; no addon, no maps, and no reference to any", () => {
  const expected = [
    "dist/index.js",
    "dist/index.d.ts",
    "dist/web/index.js",
    "dist/web.d.mts",
    "native/text/cpu/keops.h",
    "native/text/cpu/powers.h",
    "native/text/common/routine.h",
    ...["dist/index.mjs", "dist/index.d.mts", "dist/cli.js"],
    ...["CMakeLists.txt", "native/run/plan.cc", "headers/napi.h", "headers/node_api.h", "scripts/build-native.mjs"],
    ...["docs/guide/getting-started.md", "docs/reference/operations.md"],
    ...["LICENSE", "NOTICE", "README.md", "CHANGELOG.md", "SECURITY.md", "CITATION.cff"],
  ];
  expect(files).toEqual(expect.arrayContaining(expected));
  expect(
    files.filter((path) => /^(src|test|notebooks|bench|build)\/|generated\/|\.(js\.map|node|png)$/.test(path)),
  ).toEqual([]);
  const loose = readdirSync(join(folder, "node_modules/tskeops/dist"), { recursive: true, encoding: "utf8" });
  const scripts = loose
    .filter((file) => file.endsWith(".js"))
    .map((file) => join(folder, "node_modules/tskeops/dist", file));
  expect(scripts.filter((file) => readFileSync(file, "utf8").includes("sourceMappingURL"))).toEqual([]);
});

test("what is published asks for one package for each platform, and no other does", () => {
  const script = `import("./scripts/packages.mjs").then(({ manifestOf }) => {
    const given = { version: "1.2.3", scripts: { prepare: "" }, devDependencies: {} };
    console.log(JSON.stringify([manifestOf(given), manifestOf(given, { isPublished: true, url: "https://a.org/b" })]));
  })`;
  const made = execFileSync(process.execPath, ["-e", script], { cwd: root, encoding: "utf8" });
  const [local, published] = JSON.parse(made) as Record<string, unknown>[];
  expect(local).toEqual({ version: "1.2.3" });
  expect(published).toEqual({
    version: "1.2.3",
    repository: { type: "git", url: "git+https://a.org/b.git" },
    homepage: "https://a.org/b#readme",
    bugs: { url: "https://a.org/b/issues" },
    optionalDependencies: Object.fromEntries(PACKAGED.map((name) => [`@tskeops/${name}`, "1.2.3"])),
  });
  expect(manifest("tskeops")).not.toHaveProperty("optionalDependencies"); // nobody owns these names yet
});

(isPackaged ? test : test.skip)("the addon comes from the package for this platform, which fits no other", () => {
  const { os, cpu, version } = manifest(`@tskeops/${platform}`);
  expect([os, cpu, version]).toEqual([[process.platform], [process.arch], manifest("tskeops")["version"]]);
  const script =
    'require("tskeops").rand([2]); console.log(JSON.stringify(require("./node_modules/tskeops/dist/device/native.js").addonReport()))';
  const { serving, candidates } = JSON.parse(runInstalled(script).stdout) as AddonReport;
  expect(serving).toBe("native");
  expect(candidates.at(-1)?.path).toBe(join(realpathSync(folder), `node_modules/@tskeops/${platform}/tskeops.node`));
});

const hasModule = existsSync(join(root, "build-wasm", "tskeops.wasm"));
(hasModule ? test : test.skip)("WebAssembly is in the tarball, in at most 200 KB when compressed", () => {
  expect(files).toContain("dist/web/tskeops.wasm");
  const module = readFileSync(join(folder, "node_modules/tskeops/dist/web/tskeops.wasm"));
  expect(gzipSync(module, { level: 9 }).length).toBeLessThanOrEqual(200_000);
  const script = 'const { settings } = require("tskeops"); console.log(settings.instructionSet);';
  expect(runInstalled(script, { TSKEOPS_ADDON: "wasm" }).stdout).toBe("wasm\n");
});

test("tskeops and the addon of this machine are at most 2 MB to download", () => {
  expect(bytes).toBeLessThanOrEqual(2e6);
});

test("the package has no script that npm would run, or block, at installation", () => {
  for (const name of ["tskeops", ...(isPackaged ? [`@tskeops/${platform}`] : [])])
    expect(Object.keys(manifest(name))).not.toContain("scripts");
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
