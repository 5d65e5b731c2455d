/**
 * The package as ES module and as CommonJS, and its declarations for users without Node's types. `npm run test:modules`
 * does the same on other runtimes and under other compilers. Needs `dist`.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(__dirname, "..", "..");
const fixture = join(root, "test", "modules");
const compiler = require.resolve("typescript/bin/tsc");
const MINUTE = 60_000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tskeops-modules-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules", "tskeops"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function node(...args: string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  return stderr + stdout;
}

test.each(["example.mjs", "example.cjs"])("%s runs, and both kinds of module are one library", (file) => {
  copyFileSync(join(fixture, file), join(folder, file));
  expect(node(file)).toMatch(/^\w+ 7\.4 78\.4 155\.7\n$/);
});

test("import and require have the same names", () => {
  const script =
    'import("tskeops").then((esm) => console.log(Object.keys(esm).sort().join() === Object.keys(require("tskeops")).sort().join()))';
  expect(node("-e", script)).toBe("true\n");
});

test(
  "declarations need neither Node's types nor the DOM's, with all of them checked",
  () => {
    expect(node(join(fixture, "compile.mjs"), compiler, folder, "nodenext")).toBe("");
  },
  MINUTE,
);
