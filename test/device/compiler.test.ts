/** The compiler: which one, how it is called, what is said when it fails, and when it need not run. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname } from "node:path";

import type { Env } from "../helpers/child";
import {
  at,
  compile,
  compileAndLoad,
  countingCompiler,
  DAY_SECONDS,
  failureOf,
  inChild,
  OBJECT_NAME,
  objectsIn,
  script,
  setAge,
  SOURCE,
  transpiled,
} from "../helpers/child";

function whyNot(env: Env): Promise<string | null> {
  return inChild(({ whyNoCompiler }) => whyNoCompiler(), [], { env });
}

describe("what is compiled", () => {
  test("a source becomes an object that can be loaded, in a folder of the user alone", async () => {
    const { path, loads } = await compileAndLoad();
    expect(loads).toBe(true);
    expect(dirname(path)).toBe(at("cache"));
    expect(basename(path)).toMatch(OBJECT_NAME);
    expect([at("cache"), path].map((name) => statSync(name).mode & 0o777)).toEqual([0o700, 0o700]);
    expect(readdirSync(at("tmp"))).toEqual([]);
  });

  test("a later process takes the object without starting the compiler", async () => {
    const { env, runs } = countingCompiler();
    const first = await compile({ env });
    expect(await compile({ env })).toBe(first);
    expect(runs()).toBe(1);
  });

  test("within a process a source is looked up once", async () => {
    const twice = await inChild(
      ({ sharedObject }, text) => {
        const first = sharedObject(text, "baseline");
        process.env["TSKEOPS_CACHE"] = "/nonexistent";
        return [first, sharedObject(text, "baseline")];
      },
      [SOURCE],
    );
    expect(twice[1]).toBe(twice[0]);
  });

  test("source, instruction set, flags and compiler each make another object", async () => {
    const { env } = countingCompiler();
    const paths = [await compile(), await compile({}, `${SOURCE}// more\n`), await compile({ env })];
    if (process.arch === "x64") paths.push(await compile({}, SOURCE, "avx2"), await compile({}, SOURCE, "avx512"));
    paths.push(await compile({ modules: transpiled("other-flags", '"-O2"', '"-O1"') }));
    setAge(env["TSKEOPS_CXX"]!, DAY_SECONDS);
    paths.push(await compile({ env }));
    expect(new Set(paths).size).toBe(paths.length);
    expect(objectsIn(at("cache"))).toHaveLength(paths.length);
  });

  test("the source is kept beside the object when TSKEOPS_DEBUG is set, and only then", async () => {
    const quiet = await compile();
    expect(existsSync(quiet.replace(/so$/, "cc"))).toBe(false);
    const path = await compile({ env: { TSKEOPS_DEBUG: "1" } });
    expect(path).not.toBe(quiet);
    expect(readFileSync(path.replace(/so$/, "cc"), "utf8")).toBe(SOURCE);
    expect(await compile({ env: { TSKEOPS_DEBUG: "1" } })).toBe(path);
  });

  test("debuggers find lines of the kept source with TSKEOPS_DEBUG", async () => {
    const path = await compile({ env: { TSKEOPS_DEBUG: "1" } });
    const lines = execFileSync("readelf", ["--debug-dump=info", path], { encoding: "utf8" });
    expect(lines).toContain(path.replace(/so$/, "cc"));
    expect(execFileSync("readelf", ["--debug-dump=info", await compile()], { encoding: "utf8" })).toBe("");
  });

  test("TSKEOPS_CXXFLAGS reach the compiler and make another object", async () => {
    const usual = await compile();
    const counting = SOURCE.replace("42", "ANSWER");
    const wanted = { env: { TSKEOPS_CXXFLAGS: " -O1  -DANSWER=43 " } };
    expect(await compile(wanted)).not.toBe(usual);
    expect(await compile(wanted, counting)).toMatch(/[0-9a-f]{64}\.so$/);
    const failure = await failureOf(compile({ env: { TSKEOPS_CXXFLAGS: "--no-such-flag" } }));
    expect(failure).toMatchObject({ name: "CompileError" });
    expect(failure.message).toContain("--no-such-flag");
  });

  test("a source that the compiler refuses is a CompileError with the source and the compiler's text", async () => {
    const bad = "int f() { return nothing_of_that_name; }\n";
    const failure = await failureOf(compile({}, bad));
    expect(failure).toMatchObject({ name: "CompileError", code: "ERR_KEOPS_COMPILE", source: bad });
    expect(failure.message).toMatch(/^generated routine: expected \/.* to compile it, got exit status 1:/);
    expect(failure.message).toContain("routine.cc:1:");
    expect(failure.message).toContain("nothing_of_that_name");
    expect(readdirSync(at("tmp"))).toEqual([]);
    expect(objectsIn(at("cache"))).toEqual([]);
  });

  test("what a source holds reaches neither the command line nor a shell", async () => {
    const log = script("logging-c++", `printf '%s\\n' "$@" > "${at("args")}"`, 'exec c++ "$@"');
    const hostile = `// -o /tmp/x "; touch ${at("owned")}; ' $(touch ${at("owned")}) \`touch ${at("owned")}\`\n${SOURCE}`;
    await compile({ env: { TSKEOPS_CXX: log } });
    const harmless = readFileSync(at("args"), "utf8");
    await compile({ env: { TSKEOPS_CXX: log } }, hostile);
    expect(readFileSync(at("args"), "utf8")).toBe(harmless);
    expect(existsSync(at("owned"))).toBe(false);
    expect(harmless).not.toContain("-ffast-math");
    expect(harmless).toMatch(/^-O2\n[^ ]*\n-o\nroutine\.so\nroutine\.cc\n$/);
  });

  test("the compiler sees a clean environment and a private folder for its temporary files", async () => {
    const log = script("env-c++", `env > "${at("env")}"`, `ls -ld "$TMPDIR" > "${at("mode")}"`, 'exec c++ "$@"');
    await compile({
      env: { TSKEOPS_CXX: log, CPATH: "/x", LIBRARY_PATH: "/x", GCC_EXEC_PREFIX: "/x", SECRET: "x", LANG: "de" },
    });
    const names = readFileSync(at("env"), "utf8").match(/^\w+(?==)/gm)!;
    const ofTheShell = ["PWD", "OLDPWD", "SHLVL", "_"];
    expect(names.filter((name) => !ofTheShell.includes(name)).sort()).toEqual(["LANG", "LC_ALL", "PATH", "TMPDIR"]);
    expect(readFileSync(at("env"), "utf8")).toMatch(/^LC_ALL=C$/m);
    expect(readFileSync(at("mode"), "utf8")).toMatch(/^drwx------/);
  });
});

describe("which compiler", () => {
  test("without any on PATH the reason names what to install, and compiling is a DeviceError that gives it", async () => {
    const env = { PATH: at("tmp") };
    const why = await whyNot(env);
    expect(why).toMatch(/expected c\+\+, g\+\+ or clang\+\+ on PATH.*apt install g\+\+.*TSKEOPS_CXX/);
    expect(await failureOf(compile({ env }))).toMatchObject({ code: "ERR_KEOPS_DEVICE", message: why });
  });

  test("with one on PATH there is no reason", async () => {
    expect(await whyNot({})).toBeNull();
  });

  test("TSKEOPS_CXX goes before CXX, and CXX before PATH; a name is looked up and a path may hold spaces", async () => {
    for (const name of ["first one", "second", "c++"]) script(name, `echo "${name}" >> "${at("used")}"`, "exit 1");
    const PATH = `${at()}:${process.env["PATH"] ?? ""}`;
    const [TSKEOPS_CXX, CXX] = [at("first one"), "second"];
    for (const env of [{ PATH, TSKEOPS_CXX, CXX }, { PATH, CXX }, { PATH }]) await failureOf(compile({ env }));
    expect(readFileSync(at("used"), "utf8")).toBe("first one\nsecond\nc++\n");
  });

  test("a folder of PATH that is not absolute is passed over", async () => {
    script("c++", "exit 1");
    expect(await whyNot({ PATH: ".::tmp/.." })).toContain("got none of them");
    expect(await whyNot({ PATH: at() })).toBeNull();
  });

  test.each(["TSKEOPS_CXX", "CXX"])("arguments in %s are refused, and said to be the reason", async (variable) => {
    expect(await whyNot({ [variable]: "c++ -O3" })).toBe(
      `${variable}: expected the name or path of a C++ compiler, got "c++ -O3"; it takes no arguments`,
    );
  });

  test.each([
    ["a name that is not on PATH", () => "no-such-compiler"],
    ["a folder", () => at("tmp")],
    ["a file that cannot be executed", () => (writeFileSync(at("plain"), ""), at("plain"))],
  ])("%s is refused by name", async (_, value) => {
    const got = value();
    expect(await whyNot({ TSKEOPS_CXX: got })).toBe(
      `TSKEOPS_CXX: expected the name or path of a C++ compiler, got ${JSON.stringify(got)}`,
    );
  });

  test("a change of the variables within a process is noticed", async () => {
    const answers = await inChild(({ whyNoCompiler }) => {
      const before = whyNoCompiler();
      process.env["TSKEOPS_CXX"] = "no-such-compiler";
      const during = whyNoCompiler();
      delete process.env["TSKEOPS_CXX"];
      return [before, during, whyNoCompiler()];
    }, []);
    expect(answers).toEqual([null, expect.stringContaining("no-such-compiler"), null]);
  });

  test("a script whose interpreter is missing is a DeviceError", async () => {
    writeFileSync(at("not-a-program"), "#!/nonexistent\n", { mode: 0o755 });
    const failure = await failureOf(compile({ env: { TSKEOPS_CXX: at("not-a-program") } }));
    expect(failure.code).toBe("ERR_KEOPS_DEVICE");
    expect(failure.message).toContain("not-a-program: expected a program to run, got");
  });

  test.each([
    ["that is killed", "kill -9 $$", "an end by SIGKILL"],
    ["that makes nothing", "exit 0", "no shared object"],
  ])("a compiler %s is a CompileError", async (_, line, got) => {
    const failure = await failureOf(compile({ env: { TSKEOPS_CXX: script("odd-c++", line) } }));
    expect(failure).toMatchObject({ code: "ERR_KEOPS_COMPILE", source: SOURCE });
    expect(failure.message).toMatch(new RegExp(`got ${got}$`));
  });

  test("a compiler that does not end is ended after the timeout, with everything that it has started", async () => {
    const hurried = transpiled("hurried", "TIMEOUT_SECONDS = 60", "TIMEOUT_SECONDS = 2");
    expect(isRunning(process.pid)).toBe(true);
    const slow = script("slow-c++", "sleep 300 &", `echo $! > "${at("pid")}"`, "wait");
    const failure = await failureOf(compile({ env: { TSKEOPS_CXX: slow }, modules: hurried }));
    expect(failure.code).toBe("ERR_KEOPS_COMPILE");
    expect(failure.message).toMatch(/got no answer within 2 s$/);
    await endOf(Number(readFileSync(at("pid"), "utf8")));
  });

  test("some run at once in the background, end with the process, and Node warns of no leak", async () => {
    const slow = script("lasting-c++", `echo $$ >> "${at("pids")}"`, "exec sleep 300");
    const count = await inChild(
      async ({ compileInBackground }, text) => {
        const all = Array.from({ length: 12 }, (_, n) => compileInBackground(`${text}// ${n}\n`, "baseline"));
        await Promise.race([...all, new Promise((resolve) => setTimeout(resolve, 2000))]);
        return process.listenerCount("exit");
      },
      [SOURCE],
      { env: { TSKEOPS_CXX: slow } },
    );
    expect(count).toBeLessThan(10);
    const pids = readFileSync(at("pids"), "utf8").trim().split("\n");
    expect(pids).toHaveLength(Math.min(12, availableParallelism()));
    for (const pid of pids) await endOf(Number(pid));
  });
});

test("what waits for its turn is compiled when one before it has ended", async () => {
  const { env, runs } = countingCompiler();
  const count = await inChild(
    async ({ compileInBackground }, text) => {
      const all = Array.from({ length: 9 }, (_, n) => compileInBackground(`${text}// ${n}\n`, "baseline"));
      const forever = setInterval(() => undefined, 1000); // compilers keep no process alive
      const ends = await Promise.allSettled(all);
      clearInterval(forever);
      return ends.filter(({ status }) => status === "fulfilled").length;
    },
    [SOURCE],
    { env },
  );
  expect([count, runs()]).toEqual([9, 9]);
});

/** Waits until the kernel has carried out the kill; the test's time limit ends the wait. */
async function endOf(pid: number): Promise<void> {
  while (isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** A killed process may stay in the table, as a zombie, until its parent looks. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
