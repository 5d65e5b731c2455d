/**
 * Addons for other platforms, where they are built (`npm run test:arm64`, `npm run test:windows`, `npm run packages`), as
 * binutils tell of them: what they ask of the system that loads them.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(__dirname, "..", "..");
const addonOf = (name: string): string => join(root, "build-crossed", name, "Release", "tskeops.node");

function tell(command: string, ...args: string[]): string {
  const { stdout, error } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 2 ** 28 });
  if (error) throw error;
  return stdout;
}

function describeBuilt(name: string, body: (addon: string) => void): void {
  if (existsSync(addonOf(name))) describe(`the addon for ${name}`, () => body(addonOf(name)));
  else test.skip(`${name} is not built: node scripts/build-crossed.mjs ${name}`, () => undefined);
}

describeBuilt("linux-arm64", (addon) => {
  const symbols = (): string[] => tell("aarch64-linux-gnu-nm", "-D", "--undefined-only", addon).split("\n");

  test("asks for no glibc newer than that of Node, and brings its C++ library along", () => {
    const versions = symbols().flatMap((line) => /@GLIBC_2\.(\d+)/.exec(line)?.[1] ?? []);
    expect(versions.length).toBeGreaterThan(20);
    expect(versions.map(Number).filter((minor) => minor > 28)).toEqual([]);
    expect(symbols().filter((line) => /@(GLIBCXX|CXXABI)_/.test(line))).toEqual([]);
  });
});

describeBuilt("win32-x64", (addon) => {
  test("needs nothing but Windows and Node", () => {
    const libraries = tell("x86_64-w64-mingw32-objdump", "-p", addon).matchAll(/DLL Name: (\S+)/g);
    expect([...libraries].map(([, name]) => name).sort()).toEqual(["KERNEL32.dll", "msvcrt.dll", "node.exe"]);
  });

  test("no move of a wide vector asks for an alignment, which stacks do not have there", () => {
    const code = tell("x86_64-w64-mingw32-objdump", "-d", "--no-show-raw-insn", addon).split("\n");
    expect(
      code.filter((line) => /\tvmovup[sd] .*%ymm.*\(%r[sb]p|\tvmovup[sd] .*\(%r[sb]p.*%ymm/.test(line)).length,
    ).toBeGreaterThan(100);
    expect(code.filter((line) => /\tvmov(ap[sd]|dqa\w*|nt\w+) .*%[yz]mm/.test(line) && line.includes("("))).toEqual([]);
  });
});
