/** The command line: what `npx tskeops doctor` says where everything is there, and where things are missing. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { version } from "../../src/index";

const root = resolve(__dirname, "..", "..");
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tskeops-doctor-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MINUTE = 60_000;

function tskeops(args: readonly string[], env: NodeJS.ProcessEnv = {}, package_ = root) {
  const cli = join(package_, "dist", "cli.js");
  const all = { ...process.env, TSKEOPS_CACHE: join(folder, "cache"), ...env };
  return spawnSync(process.execPath, [cli, ...args], { encoding: "utf8", env: all });
}

const line = (text: string, name: string): string => text.split("\n").find((l) => l.startsWith(`  ${name} `)) ?? "";

test("the version is that of package.json", () => {
  const { version: packaged } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  expect(version).toBe(packaged);
  expect(tskeops(["--version"]).stdout.trim()).toBe(packaged);
});

test("without a command, and with an unknown one, it says which there are", () => {
  expect(tskeops([]).stdout).toContain("npx tskeops COMMAND");
  const { status, stderr } = tskeops(["docter"]);
  expect([status, stderr.split("\n")[0]]).toEqual([2, "tskeops: expected a command, got docter"]);
});

test(
  "a machine that has all is told so, with rates in their order",
  () => {
    const { status, stdout, stderr } = tskeops(["doctor"]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(line(stdout, "addon")).toMatch(/loaded: \w+ instructions, \d+ threads/);
    expect(line(stdout, "cpu")).toMatch(/[\d.]+ [mb]illion: /);
    expect(line(stdout, "tiles")).toMatch(/[\d.]+ [mb]illion: /);
    expect(line(stdout, "reference")).toMatch(/[\d.]+ million: /);
    expect(stdout).toContain("\nGood: nothing is missing");
  },
  MINUTE,
);

test(
  "what TSKEOPS_ADDON keeps away is told with its remedy, and what it cannot mean without a stack",
  () => {
    expect(tskeops(["doctor"], { TSKEOPS_ADDON: "off" }).stdout).toMatch(/To mend it, unset TSKEOPS_ADDON\.\n$/);
    const { status, stderr } = tskeops(["doctor"], { TSKEOPS_ADDON: "of" });
    expect([status, stderr]).toEqual([
      1,
      'tskeops doctor: TSKEOPS_ADDON: expected one of auto, native, wasm, off, got the string "of"\n',
    ]);
  },
  MINUTE,
);

test(
  "without a compiler it says how to get one",
  () => {
    const { stdout } = tskeops(["doctor"], { TSKEOPS_CXX: "/nowhere/c++" });
    expect(line(stdout, "cpu")).toMatch(/cannot run here .*: .*\/nowhere\/c\+\+/);
    expect(stdout).toMatch(/\nGood\. Long sums would be faster still with a C\+\+ compiler\./);
  },
  MINUTE,
);

test(
  "without the addon it says that sums are slow, and the remedy, and repeats no paths",
  () => {
    const copy = join(folder, "package");
    mkdirSync(copy);
    for (const part of ["dist", "native/text"]) cpSync(join(root, part), join(copy, part), { recursive: true });
    rmSync(join(copy, "dist", "web"), { recursive: true }); // WebAssembly would serve
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    const { status, stdout } = tskeops(["doctor"], {}, copy);
    expect(status).toBe(0);
    expect(line(stdout, "tiles")).toMatch(/cannot run here .*: the addon is missing$/);
    expect(line(stdout, "GPU")).toContain("as the addon is missing");
    expect(stdout).toMatch(/\nSlow: .* To mend it, build it with/);
  },
  MINUTE,
);
