/**
 * The packages in packages/: tskeops itself, which computes in WebAssembly, and one with the native addon for each
 * platform. Neither runs a script when it is installed.
 *   npm run packages                   tskeops and the package for this machine
 *   npm run packages -- linux-arm64    those that are named, or --all
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildCrossed } from "./build-crossed.mjs";
import { requireBuilt } from "./built.mjs";
import { copyHeaders } from "./headers.mjs";
import { PLATFORMS, nameOf, packageName, platformNamed } from "./platforms.mjs";
import { slim, writeTarball } from "./slim.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const folder = join(root, "packages");
export const MODULE = join(root, "build-wasm", "tskeops.wasm");
const readJson = (file) => JSON.parse(readFileSync(file, "utf8"));
const writeJson = (file, value) => writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);

/** What package.json has for those who work on the project alone. */
const OF_THE_CLONE = ["scripts", "devDependencies", "overrides"];

/** What npm says where a package comes from; nothing as long as the project has no public address. */
export function addressesOf(given) {
  const url = given?.replace(/\.git$/, "");
  return url
    ? { repository: { type: "git", url: `git+${url}.git` }, homepage: `${url}#readme`, bugs: { url: `${url}/issues` } }
    : {};
}

function run(cwd, command, ...args) {
  const { status, stdout, error } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status === 0) return stdout;
  throw new Error(
    `${[command, ...args].join(" ")}: expected success, got ${error?.message ?? `status ${String(status)}`}`,
  );
}

/** The tarball that npm makes of a folder. */
function pack(from, to) {
  const [{ filename }] = JSON.parse(run(from, "npm", "pack", "--ignore-scripts", "--json", "--pack-destination", to));
  return join(to, filename);
}

/**
 * package.json of tskeops as it is shipped. Only what is published asks npm for the packages of platforms: until then
 * anybody could put packages of these names into a registry.
 */
export function manifestOf(manifest, { isPublished = false, url } = {}) {
  const kept = Object.fromEntries(Object.entries(manifest).filter(([name]) => !OF_THE_CLONE.includes(name)));
  const optionalDependencies = Object.fromEntries(PLATFORMS.map((row) => [packageName(row), manifest.version]));
  return { ...kept, ...addressesOf(url), ...(isPublished && { optionalDependencies }) };
}

/** tskeops: what `npm pack` takes of the clone, without the addon of this machine. Gives its tarball. */
function makeMain(options) {
  copyHeaders();
  const temporary = mkdtempSync(join(tmpdir(), "tskeops-packages-"));
  try {
    run(folder, "tar", "xzf", pack(root, temporary), "--transform=s/^package/tskeops/");
  } finally {
    rmSync(temporary, { recursive: true });
  }
  const place = join(folder, "tskeops");
  const manifest = manifestOf(readJson(join(root, "package.json")), options);
  rmSync(join(place, "build"), { recursive: true, force: true });
  writeJson(join(place, "package.json"), manifest);
  slim(place);
  return writeTarball(join(folder, `tskeops-${manifest.version}.tgz`), place);
}

const isOwn = (row) => nameOf(row) === nameOf(process);

/** The addon of this machine is that of the clone; others are built. */
function addonFor(row) {
  if (!isOwn(row)) return buildCrossed(row);
  requireBuilt("addon");
  return join(root, "build", "Release", "tskeops.node");
}

/** The package of a platform. Gives its tarball. */
function makePlatform(row, { url } = {}) {
  const { version, license, engines } = readJson(join(root, "package.json"));
  const { platform, arch, libc, compiler } = row;
  const place = join(folder, nameOf(row));
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  const strip = isOwn(row) ? "strip" : compiler.replace(/g\+\+.*$/, "strip");
  run(root, strip, "-o", join(place, "tskeops.node"), addonFor(row));
  for (const file of ["LICENSE", "NOTICE"]) copyFileSync(join(root, file), join(place, file));
  writeFileSync(
    join(place, "README.md"),
    `# ${packageName(row)}\n\nThe native addon of tskeops for ${nameOf(row)}. npm installs it along with \`tskeops\`.\n`,
  );
  writeJson(join(place, "package.json"), {
    ...{
      name: packageName(row),
      version,
      description: `The native addon of tskeops for ${nameOf(row)}`,
      license,
      engines,
    },
    ...addressesOf(url),
    ...{ files: ["tskeops.node", "NOTICE"], os: [platform], cpu: [arch], ...(libc && { libc: [libc] }) },
  });
  return writeTarball(join(folder, `tskeops-${nameOf(row)}-${version}.tgz`), place);
}

/** Tarballs of tskeops and of packages for platforms, in this order; options are those of `manifestOf`. */
export function makePackages(rows, options) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return [makeMain(options), ...rows.map((row) => makePlatform(row, options))];
}

function rowsNamed(names) {
  if (names.includes("--all")) return PLATFORMS;
  return (names.length > 0 ? names : [nameOf(process)]).map(platformNamed);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  requireBuilt("dist", "wasm");
  if (!existsSync(MODULE)) console.warn("packages: without WebAssembly: npm run build:wasm makes it, with emscripten");
  try {
    for (const tarball of makePackages(rowsNamed(process.argv.slice(2)))) console.log(tarball);
  } catch ({ message }) {
    console.error(`packages: ${message}`);
    process.exitCode = 1;
  }
}
