/**
 * What the addon needs of the system that loads it: a prebuilt one must load wherever Node does. Read from the file as
 * binutils tell it, so that no old system is needed.
 */
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";

const addon = join(resolve(__dirname, "..", ".."), "build", "Release", "tskeops.node");
const tell = (command: string, ...args: string[]): string =>
  spawnSync(command, [...args, addon], { encoding: "utf8" }).stdout;

/** Node 20 asks for glibc 2.28 itself. */
const OLDEST_GLIBC = [2, 28];

const describeOnLinux = process.platform === "linux" ? describe : describe.skip;

describeOnLinux("the addon", () => {
  const symbols = tell("nm", "-D", "--undefined-only").split("\n");

  test("asks for no glibc newer than that of Node", () => {
    const versions = symbols.flatMap((line) => /@GLIBC_(\d+)\.(\d+)/.exec(line)?.slice(1, 3).map(Number) ?? []);
    expect(versions.length).toBeGreaterThan(20);
    const newer = symbols.filter((line) => {
      const [, major, minor] = /@GLIBC_(\d+)\.(\d+)/.exec(line)?.map(Number) ?? [];
      return major !== undefined && (major > OLDEST_GLIBC[0]! || minor! > OLDEST_GLIBC[1]!);
    });
    expect(newer).toEqual([]);
  });

  test("brings its C++ library along, and exports none of it", () => {
    expect(symbols.filter((line) => /@(GLIBCXX|CXXABI)_/.test(line))).toEqual([]);
    expect(tell("readelf", "-d")).not.toContain("libstdc++");
    expect(
      tell("nm", "-D", "--defined-only")
        .split("\n")
        .filter((line) => / _ZNS?t/.test(line)),
    ).toEqual([]);
  });
});
