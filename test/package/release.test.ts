/** What a release refuses before it builds anything, and where it takes its notes from. */
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";

const root = resolve(__dirname, "..", "..");

function node(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
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
