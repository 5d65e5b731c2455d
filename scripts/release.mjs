/**
 * A release: builds all packages (packages.mjs), checks them, and publishes them.
 *   npm run release -- --dry-run                           all but publishing; nothing leaves this machine
 *   npm run release -- --repository URL [--provenance]     where the sources are public, for the pages of the packages
 * It refuses to publish as long as anything is missing, and says what. --provenance is for a CI that npm trusts.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { MODULE, folder, makePackages } from "./packages.mjs";
import { PLATFORMS, nameOf, packageName } from "./platforms.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const read = (file) => readFileSync(join(root, file), "utf8");
const { version } = JSON.parse(read("package.json"));

/** The text of a section of the changelog; undefined if it has none of that name. */
export function sectionOf(changelog, name) {
  const sections = changelog.split(/^## /m).slice(1);
  const found = sections.find((text) => text.startsWith(`[${name}]`));
  return found?.slice(found.indexOf("\n")).trim();
}

/** What a release needs and this one lacks. */
function whatIsMissing({ repository }) {
  const changes = execFileSync("git", ["status", "--porcelain"], { cwd: root, encoding: "utf8" }).trim();
  const checks = [
    [
      /^https:\/\/[^/]+\/.+[^/]$/.test(repository ?? ""),
      "--repository URL, the https address where the sources are public",
    ],
    [sectionOf(read("CHANGELOG.md"), version), `a section [${version}] with its date in CHANGELOG.md`],
    [read("src/version.ts").includes(`"${version}"`), `version ${version} in src/version.ts`],
    [read("CITATION.cff").includes(`version: ${version}\n`), `version ${version} in CITATION.cff`],
    [changes === "", "a checkout without changes that are not committed"],
  ];
  return checks.filter(([isThere]) => !isThere).map(([, what]) => what);
}

function npm(...args) {
  const { status } = spawnSync("npm", args, { cwd: root, stdio: "inherit" });
  if (status !== 0) throw new Error(`npm ${args.join(" ")}: expected success, got status ${String(status)}`);
}

/** Everything from the present sources: what is up to date is not compiled again. */
function buildAll(url) {
  for (const name of ["build:ts", "build:native", "build:wasm"]) npm("run", "--silent", name);
  if (!existsSync(MODULE)) throw new Error("release: expected WebAssembly, got none");
  return makePackages(PLATFORMS, { isPublished: true, url });
}

/** Installs tskeops and this machine's package into an empty folder, and lets it compute. */
function tryInstalling([main, ...platforms]) {
  const place = mkdtempSync(join(tmpdir(), "tskeops-release-"));
  try {
    writeFileSync(join(place, "package.json"), "{}");
    const own = platforms.filter((_, n) => nameOf(PLATFORMS[n]) === nameOf(process));
    const begin = performance.now();
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--silent", main, ...own], { cwd: place });
    console.log(`installed into an empty folder in ${((performance.now() - begin) / 1000).toFixed(1)} s`);
    const example = join(root, "test", "modules", "example.mjs");
    const said = execFileSync(process.execPath, ["--input-type=module", "-e", readFileSync(example, "utf8")], {
      cwd: place,
      encoding: "utf8",
    });
    console.log(`the example, installed: ${said.trim()}`);
    if (own.length > 0 && said.startsWith("wasm"))
      throw new Error("release: expected the native addon, got WebAssembly");
  } finally {
    rmSync(place, { recursive: true });
  }
}

function writeNotes() {
  const changelog = read("CHANGELOG.md");
  const notes = sectionOf(changelog, version) ?? sectionOf(changelog, "Unreleased") ?? "";
  writeFileSync(join(folder, "NOTES.md"), `# tskeops ${version}\n\n${notes}\n`);
  console.log(`notes of the release: ${join(folder, "NOTES.md")}`);
}

/** Whether the registry has this version of a package. */
function isPublished(name) {
  const asked = `${name}@${version}`;
  const { status, stdout, stderr } = spawnSync("npm", ["view", asked, "version"], { cwd: root, encoding: "utf8" });
  if (status === 0) return stdout.trim() === version;
  if (stderr.includes("E404")) return false;
  throw new Error(`npm view ${asked}: expected an answer of the registry, got status ${String(status)}: ${stderr}`);
}

/**
 * Packages for platforms first: tskeops asks for them. What a release that stopped midway has published is left out.
 * @param tarballs those of `makePackages` for all platforms
 */
export function publish([main, ...platforms], provenance) {
  const rows = platforms.map((tarball, n) => [packageName(PLATFORMS[n]), tarball]);
  for (const [name, tarball] of [...rows, ["tskeops", main]]) {
    if (isPublished(name)) console.log(`${name}@${version} was published before`);
    else npm("publish", tarball, "--access", "public", ...(provenance ? ["--provenance"] : []));
  }
}

function release(options) {
  const missing = whatIsMissing(options);
  if (missing.length > 0 && !options["dry-run"]) throw new Error(`release: it needs ${missing.join("; ")}`);
  buildAll(options.repository);
  npm("exec", "--", "jest", "test/package/");
  const tarballs = buildAll(options.repository); // the tests have made packages of their own in their place
  tryInstalling(tarballs);
  writeNotes();
  for (const tarball of tarballs) console.log(`${basename(tarball)}: ${statSync(tarball).size} bytes`);
  if (!options["dry-run"]) return publish(tarballs, options.provenance);
  console.log("A dry run: nothing was published.");
  for (const what of missing) console.log(`A release also needs ${what}.`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const flag = { type: "boolean", default: false };
    const { values } = parseArgs({ options: { "dry-run": flag, provenance: flag, repository: { type: "string" } } });
    release(values);
  } catch ({ message }) {
    console.error(message);
    process.exitCode = 1;
  }
}
