/**
 * What makes packages small: scripts, headers and the addon's sources without comments and white space, declarations
 * that some entry reaches alone, and a tarball whose files stand in the order of their paths, as neighbours are alike.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { transformSync } from "esbuild";

const filesBelow = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));

const IMPORTED = /(?:from\s+|import\s*\(\s*|import\s+)["'](\.[^"']+)["']/g;

/** The declarations that a file of declarations imports. */
function importsOf(file) {
  const paths = [...readFileSync(file, "utf8").matchAll(IMPORTED)].map(([, path]) => join(dirname(file), path));
  const candidates = paths.flatMap((path) => {
    const bare = path.replace(/\.js$/, "");
    return [`${bare}.d.ts`, join(bare, "index.d.ts")];
  });
  return candidates.filter((path) => existsSync(path));
}

/** Files of declarations that these reach, and these. */
function reachedFrom(files) {
  const reached = new Set(files);
  // A set grows while it is walked.
  for (const file of reached) for (const imported of importsOf(file)) reached.add(imported);
  return reached;
}

/** Files of declarations that `exports` of a package names. */
const entriesOf = (value) =>
  typeof value === "string"
    ? [value].filter((path) => /\.d\.m?ts$/.test(path))
    : Object.values(value).flatMap(entriesOf);

/** C++ without lines of comments; the licences of headers are files beside them. */
const withoutComments = (text) => text.replace(/\/\*[^]*?\*\//g, "").replace(/^[ \t]*(?:\/\/.*)?\n/gm, "");

/** Plans show the texts of formulas, which users read: they keep their comments. */
const TEXTS = join("native", "text");

/** Headers and sources that are compiled and read by nobody. */
const isCompiled = (file) => /\.(?:cc|h)$/.test(file) && !file.startsWith(TEXTS);

/** Takes comments out of the scripts, headers and sources of a package, and declarations that nobody can import. */
export function slim(place) {
  const { exports } = JSON.parse(readFileSync(join(place, "package.json"), "utf8"));
  const reached = reachedFrom(entriesOf(exports).map((path) => join(place, path)));
  for (const file of filesBelow(join(place, "dist"))) {
    if (/\.d\.m?ts$/.test(file) && !reached.has(file)) rmSync(file);
    else if (file.endsWith(".js")) writeFileSync(file, madeSmall(readFileSync(file, "utf8"), file));
  }
  for (const file of filesBelow(place).filter((path) => isCompiled(relative(place, path))))
    writeFileSync(file, withoutComments(readFileSync(file, "utf8")));
}

/** In short lines, so that stacks of errors still tell places. */
const SMALL = { legalComments: "none", minifyWhitespace: true, lineLimit: 400 };

/** Without comments and needless white space; what is on one line stays so: it was made small already. */
const madeSmall = (text, file) => (file.includes(`${sep}web${sep}`) ? text : transformSync(text, SMALL).code);

/** Owners and times say nothing of who made it when. */
const OF_NOBODY = ["--owner=0", "--group=0", "--numeric-owner", "--mtime=@499162500", "--format=ustar"];

/**
 * Writes a tarball of a folder, as npm makes them, and gives its path. By gzip itself: Node's zlib, which npm packs with,
 * is made for speed and needs up to 3 % more.
 */
export function writeTarball(tarball, place) {
  const paths = filesBelow(place).map((file) => relative(place, file));
  const command = ["--create", ...OF_NOBODY, "--transform=s,^,package/,", ...paths.sort()];
  const tar = execFileSync("tar", command, { cwd: place, maxBuffer: 2 ** 28 });
  writeFileSync(tarball, execFileSync("gzip", ["-9", "--no-name"], { input: tar, maxBuffer: 2 ** 28 }));
  return tarball;
}
