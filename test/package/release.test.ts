/** What a release refuses before it builds anything, and where it takes its notes from. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(__dirname, "..", "..");

let environment: NodeJS.ProcessEnv = {};

function node(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, args, { cwd: root, encoding: "utf8", env: { ...process.env, ...environment } });
}

test("without the public address of the sources nothing is built or published", () => {
  const { status, stdout, stderr } = node("scripts/release.mjs");
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^release: it needs --repository URL, /);
  expect(node("scripts/release.mjs", "--repository", "http://a.org").stderr).toContain("--repository URL");
});

test("an option that does not exist is refused", () => {
  const { status, stderr } = node("scripts/release.mjs", "--dryrun");
  expect(status).toBe(1);
  expect(stderr).toContain("--dryrun");
});

test("notes are the version's section of the changelog", () => {
  const changelog = "# Changelog\n\n## [2.0.0] - 2030-01-01\n\n- new\n\n## [1.0.0] - 2029-01-01\n\n- old\n";
  const script = `import("./scripts/release.mjs").then(({ sectionOf }) =>
    console.log(JSON.stringify(["1.0.0", "2.0.0", "3.0.0"].map((name) => sectionOf(${JSON.stringify(changelog)}, name)))))`;
  expect(JSON.parse(node("-e", script).stdout)).toEqual(["- old", "- new", null]);
});

test("an address of a repository may end in .git", () => {
  const script = `import("./scripts/packages.mjs").then(({ addressesOf }) =>
    console.log(JSON.stringify(["https://a.org/b", "https://a.org/b.git"].map(addressesOf))))`;
  const [plain, ending] = JSON.parse(node("-e", script).stdout) as { repository: object }[];
  expect(ending).toEqual(plain);
  expect(plain?.repository).toEqual({ type: "git", url: "git+https://a.org/b.git" });
});

test("a platform without an emulator is refused, and those that have one are named", () => {
  const { status, stderr } = node("scripts/test-elsewhere.mjs", "linux-x64");
  expect(status).toBe(1);
  expect(stderr).toBe("test-elsewhere: expected one of linux-arm64, win32-x64, got linux-x64\n");
});

describe("publishing with a registry that is made up", () => {
  /** Answers `npm view` by `view`, and writes down what is published. Gives the tarballs that were, and what was said. */
  function publish(view: string): { tarballs: string[]; stderr: string } {
    const folder = mkdtempSync(join(tmpdir(), "tskeops-npm-"));
    const log = join(folder, "log");
    writeFileSync(log, "");
    writeFileSync(join(folder, "npm"), `#!/bin/sh\nif [ $1 = view ]; then\n${view}\nfi\necho $2 >> ${log}\n`);
    chmodSync(join(folder, "npm"), 0o755);
    environment = { PATH: `${folder}:${process.env["PATH"] ?? ""}` };
    const script = `import("./scripts/release.mjs").then(({ publish }) => publish(["main", "linux", "arm", "windows"]))`;
    try {
      const { stderr } = node("-e", script);
      return { tarballs: readFileSync(log, "utf8").trim().split("\n"), stderr };
    } finally {
      environment = {};
      rmSync(folder, { recursive: true });
    }
  }

  test("a release that stopped midway leaves out what is there, and tskeops comes last", () => {
    const view =
      'case $2 in @tskeops/linux-x64@*) echo "${2##*@}"; exit 0;; *) echo "npm error code E404" >&2; exit 1;; esac';
    expect(publish(view).tarballs).toEqual(["arm", "windows", "main"]);
  });

  test("nothing is published where the registry does not answer", () => {
    const { tarballs, stderr } = publish("echo ENOTFOUND >&2; exit 1");
    expect(tarballs).toEqual([""]);
    expect(stderr).toContain("expected an answer of the registry");
  });
});
