/** The routine cache: which folder is trusted, which file is, and that neither damage nor company does harm. */
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

import type { Child } from "../helpers/child";
import {
  ageOf,
  at,
  compile,
  compileAndLoad,
  countingCompiler,
  DAY_SECONDS,
  failureOf,
  inChild,
  IS_ROOT,
  NOBODY,
  objectsIn,
  setAge,
  SOURCE,
  transpiled,
} from "../helpers/child";

/** Reported as skipped where user namespaces are forbidden. */
const whereMountable = spawnSync("unshare", ["-rm", "true"]).status === 0 ? test : test.skip;
/** Reported as skipped for users who cannot give files away. */
const asRoot = IS_ROOT ? test : test.skip;

describe("which folder", () => {
  const unset = { TSKEOPS_CACHE: "" };

  test("TSKEOPS_CACHE, else $XDG_CACHE_HOME/tskeops, else ~/.cache/tskeops", async () => {
    const XDG_CACHE_HOME = at("xdg");
    const HOME = at("home");
    mkdirSync(HOME);
    const folders = [];
    for (const env of [
      { XDG_CACHE_HOME, HOME },
      { ...unset, XDG_CACHE_HOME, HOME },
      { ...unset, HOME },
    ])
      folders.push(dirname(await compile({ env })));
    folders.push(dirname(await compile({ env: { ...unset, XDG_CACHE_HOME: "relative", HOME } })));
    const inHome = at("home", ".cache", "tskeops");
    expect(folders).toEqual([at("cache"), at("xdg", "tskeops"), inHome, inHome]);
  });

  const refused: [string, () => Child | undefined][] = [
    ["a link", () => (mkdirSync(at("real"), { mode: 0o700 }), symlinkSync(at("real"), at("cache")), undefined)],
    [
      "a link, however it is written",
      () => {
        mkdirSync(at("real"), { mode: 0o700 });
        symlinkSync(at("real"), at("cache"));
        return { env: { TSKEOPS_CACHE: `${at("cache")}/` } };
      },
    ],
    ["a file", () => (writeFileSync(at("cache"), ""), undefined)],
    ["writable by the group", () => (mkdirSync(at("cache")), chmodSync(at("cache"), 0o770), undefined)],
    ["writable by everyone", () => (mkdirSync(at("cache")), chmodSync(at("cache"), 0o707), undefined)],
    [
      "below a folder in which everyone may rename",
      () => {
        mkdirSync(at("open", "cache"), { recursive: true, mode: 0o700 });
        chmodSync(at("open"), 0o777);
        return { env: { TSKEOPS_CACHE: at("open", "cache") } };
      },
    ],
    [
      "another user's",
      () => {
        if (!IS_ROOT) return { env: { TSKEOPS_CACHE: "/usr" } };
        mkdirSync(at("cache"), { mode: 0o700 });
        chownSync(at("cache"), NOBODY, NOBODY);
        return undefined;
      },
    ],
    [
      "read-only",
      () => {
        mkdirSync(at("cache"), { mode: 0o700 });
        chmodSync(at("cache"), 0o500);
        if (!IS_ROOT) return undefined;
        for (const name of ["cache", "tmp"]) chownSync(at(name), NOBODY, NOBODY); // root may write anywhere
        return { uid: NOBODY };
      },
    ],
    ["not to be made", () => ({ env: { TSKEOPS_CACHE: "/proc/tskeops" } })],
  ];

  test.each(refused)(
    "a folder that is %s is left alone: the object is in a temporary one, gone at exit",
    async (_, prepare) => {
      await expectTemporary(prepare() ?? {});
      for (const folder of ["cache", "real", "open/cache"].map((name) => at(name)))
        if (existsSync(folder) && lstatSync(folder).isDirectory()) expect(readdirSync(folder)).toEqual([]);
    },
  );

  whereMountable("so is one mounted noexec, without compiling twice", async () => {
    const { env, runs } = countingCompiler();
    mkdirSync(at("cache"), { mode: 0o700 });
    const before = `mount -t tmpfs -o noexec,mode=700 tmpfs "${at("cache")}"`;
    await expectTemporary({ env, before });
    expect(runs()).toBe(1);
  });

  async function expectTemporary(child: Child): Promise<void> {
    const { path, loads } = await compileAndLoad(child);
    expect(loads).toBe(true);
    expect(dirname(dirname(path))).toBe(at("tmp"));
    expect(readdirSync(at("tmp"))).toEqual([]);
  }

  whereMountable("with no folder at all the DeviceError says why of each", async () => {
    const before = `mount -t tmpfs -o noexec,mode=700 tmpfs "${at("tmp")}"`;
    const failure = await failureOf(compile({ env: { TSKEOPS_CACHE: "/proc/tskeops" }, before }));
    expect(failure.code).toBe("ERR_KEOPS_DEVICE");
    expect(failure.message).toMatch(
      /expected a folder to write and load routines from, got .*proc.*; .*tmp.*TSKEOPS_CACHE/,
    );
  });

  test("with no folder to compile in the DeviceError names it", async () => {
    const failure = await failureOf(compile({ env: { TMPDIR: at("missing") } }));
    expect(failure.code).toBe("ERR_KEOPS_DEVICE");
    expect(failure.message).toMatch(/^temporary folder: expected one to compile in, got .*missing.*set TMPDIR/);
  });

  test("a temporary folder that was cleaned away while the process ran is made anew", async () => {
    const [first, second] = await inChild(
      ({ sharedObject, fs }, text, folder) => {
        const before = sharedObject(text, "baseline");
        for (const name of fs.readdirSync(folder)) fs.rmSync(`${folder}/${name}`, { recursive: true });
        const after = sharedObject(`${text}//`, "baseline");
        return [before, fs.existsSync(after) ? after : "gone"];
      },
      [SOURCE, at("tmp")],
      { env: { TSKEOPS_CACHE: "/proc/tskeops" } },
    );
    expect(second).toContain(at("tmp"));
    expect(dirname(second)).not.toBe(dirname(first));
  });

  test("temporary folders that killed processes left a day ago are removed, others stay", async () => {
    for (const name of [".tskeops-oldOld", ".tskeops-newNew", "tskeops-others"]) mkdirSync(at("tmp", name));
    for (const name of [".tskeops-oldOld", "tskeops-others"]) setAge(at("tmp", name), 2 * DAY_SECONDS);
    await compile();
    expect(readdirSync(at("tmp")).sort()).toEqual([".tskeops-newNew", "tskeops-others"]);
  });
});

describe("which file", () => {
  const damages: [string, (path: string) => void][] = [
    ["was cut short", (path) => truncateSync(path, 1000)],
    ["lost its checksum", (path) => truncateSync(path, readFileSync(path).length - 60)],
    ["is empty", (path) => truncateSync(path, 0)],
    ["has a flipped bit in its code", (path) => flipBit(path, 300)],
    ["has a flipped bit in its checksum", (path) => flipBit(path, readFileSync(path).length - 1)],
    ["has grown", (path) => appendFileSync(path, "x")],
    ["is a link", (path) => (renameSync(path, at("elsewhere.so")), symlinkSync(at("elsewhere.so"), path))],
    ["is a link to nothing", (path) => (rmSync(path), symlinkSync(at("nothing"), path))],
    ["has a second name", (path) => linkSync(path, at("elsewhere.so"))],
    ["can be written by the group", (path) => chmodSync(path, 0o720)],
    ["can be read by everyone", (path) => chmodSync(path, 0o704)],
    ["is a pipe", (path) => (rmSync(path), spawnSync("mkfifo", ["-m", "700", path]))],
  ];

  test.each(damages)("an object that %s is compiled anew, in its place", async (_, damage) => {
    const { env, runs } = countingCompiler();
    const path = await compile({ env });
    damage(path);
    expect(await compileAndLoad({ env })).toEqual({ path, loads: true });
    expect(lstatSync(path).isFile()).toBe(true);
    await compile({ env });
    expect(runs()).toBe(2);
  });

  asRoot("an object that belongs to another user is compiled anew, in its place", async () => {
    const path = await compile();
    chownSync(path, NOBODY, NOBODY);
    expect(await compileAndLoad()).toEqual({ path, loads: true });
    expect(lstatSync(path).uid).toBe(0);
  });

  test("an object under the key of another is not taken for it", async () => {
    const { env, runs } = countingCompiler();
    const [mine, other] = [await compile({ env }), await compile({ env }, `${SOURCE}// other\n`)];
    renameSync(other, mine);
    await compile({ env });
    expect(runs()).toBe(3);
  });

  test("where an object should be and a folder is, a temporary folder serves", async () => {
    const path = await compile();
    rmSync(path);
    mkdirSync(path);
    const { path: elsewhere, loads } = await compileAndLoad();
    expect(loads).toBe(true);
    expect(elsewhere).toContain(at("tmp"));
    expect(readdirSync(at("cache"))).toHaveLength(1);
  });

  test("an object that could not be loaded is deleted, and made anew in a temporary folder", async () => {
    const { first, second, isLeft } = await inChild(
      ({ sharedObject, discard, fs }, text) => {
        const rejected = sharedObject(text, "baseline");
        discard(rejected);
        return { first: rejected, second: sharedObject(text, "baseline"), isLeft: fs.existsSync(rejected) };
      },
      [SOURCE],
    );
    expect(isLeft).toBe(false);
    expect(dirname(first)).toBe(at("cache"));
    expect(second).toContain(at("tmp"));
  });

  test("only what the cache has given out can be discarded", async () => {
    writeFileSync(at("mine"), "");
    await inChild(({ discard }, path) => discard(path), [at("mine")]);
    expect(existsSync(at("mine"))).toBe(true);
  });
});

describe("many processes and much data", () => {
  test("eight processes that start in an empty folder all get whole objects", async () => {
    const all = Array.from({ length: 8 }, (_, k) =>
      inChild(
        ({ sharedObject, loads }, texts) => {
          const paths = texts.map((text) => sharedObject(text, "baseline"));
          return { paths, good: paths.every(loads) };
        },
        [[SOURCE, `${SOURCE}// ${k % 2}\n`, `${SOURCE}// own ${k}\n`]],
      ),
    );
    const results = await Promise.all(all);
    expect(results.every(({ good }) => good)).toBe(true);
    expect(new Set(results.flatMap(({ paths }) => paths)).size).toBe(1 + 2 + 8);
    expect(readdirSync(at("cache"))).toHaveLength(1 + 2 + 8);
  });

  test("a use is noted at most once a day", async () => {
    const path = await compile();
    setAge(path, DAY_SECONDS / 2);
    await compile();
    expect(ageOf(path)).toBeGreaterThan(DAY_SECONDS / 3);
    setAge(path, 2 * DAY_SECONDS);
    await compile();
    expect(ageOf(path)).toBeLessThan(DAY_SECONDS / 3);
  });

  test("beyond 256 MiB the least recently used objects go, and nothing else", async () => {
    mkdirSync(at("cache"), { mode: 0o700 });
    const names = ["a", "b", "c", "d"].map((digit) => `${digit.repeat(64)}.${digit === "c" ? "cc" : "so"}`);
    names.forEach((name, k) => sparse(name, 80, 10 * DAY_SECONDS - k));
    sparse("holiday.so", 300, 20 * DAY_SECONDS);
    const path = await compile(sweeping());
    const kept = [...names.slice(2), "holiday.so", path.slice(at("cache").length + 1)];
    expect(readdirSync(at("cache")).sort()).toEqual(kept.sort());
  });

  test("up to 256 MiB all objects stay", async () => {
    mkdirSync(at("cache"), { mode: 0o700 });
    ["a", "b", "c"].forEach((digit) => sparse(`${digit.repeat(64)}.so`, 80, 10 * DAY_SECONDS));
    await compile(sweeping());
    expect(objectsIn(at("cache"))).toHaveLength(4);
  });

  test("drafts that killed processes left an hour ago are removed, younger ones stay", async () => {
    mkdirSync(at("cache"), { mode: 0o700 });
    const [old, young] = ["0", "1"].map((digit) => `${digit.repeat(64)}.0123456789abcdef.tmp`);
    sparse(old!, 1, 2 * 3600);
    sparse(young!, 1, 60);
    await compile(sweeping());
    expect(readdirSync(at("cache")).filter((name) => name.endsWith("tmp"))).toEqual([young]);
  });
});

/** Modules that sweep at every write. */
function sweeping(): Child {
  return { modules: transpiled("sweeping", "SWEEPING_KEY = /^00/", "SWEEPING_KEY = /^/") };
}

function flipBit(path: string, offset: number): void {
  const bytes = readFileSync(path);
  bytes[offset]! ^= 1;
  writeFileSync(path, bytes);
}

/** A file of many bytes that takes no room, in the cache. */
function sparse(name: string, mebibytes: number, age: number): void {
  writeFileSync(at("cache", name), "");
  truncateSync(at("cache", name), mebibytes * 2 ** 20);
  setAge(at("cache", name), age);
}
