/**
 * Compiled routines on disk: one file per key, in a folder that only this user can write. A file ends in a checksum of
 * its key and content and is put in place by one rename, so that any number of processes may share the folder: a reader
 * finds a whole file or none, and what is damaged is replaced. Where the folder cannot be trusted, written or loaded
 * from, a private temporary folder serves this process alone. It must not know what the files hold or who makes them.
 */
import { createHash, randomBytes } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  futimesSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import type { Stats } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";

import { DeviceError } from "../errors";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const CAPACITY_BYTES = 256 * 2 ** 20;
/** What stays when the capacity is passed: less, so that not every later write has to evict. */
const KEPT_BYTES = 0.75 * CAPACITY_BYTES;
/** Writing one of these keys, 1 in 256, sweeps the folder: seldom enough, and no process or file has to count. */
const SWEEPING_KEY = /^00/;
const SEAL_MARK = Buffer.from("\ntskeops routine 1\n");
const SEAL_BYTES = SEAL_MARK.length + 32;
const EVERYONE_MAY_WRITE = 0o002;
const OTHERS_MAY_WRITE = 0o022;
const OTHERS_MAY_ANYTHING = 0o077;
const STICKY = 0o1000;

// The only names that are ever deleted: the user may have put the cache where other files are.
const OBJECT = /^[0-9a-f]{64}\.(so|cc)$/;
const DRAFT = /^[0-9a-f]{64}\.[0-9a-f]{16}\.tmp$/;
const PRIVATE_FOLDER = /^\.tskeops-[A-Za-z0-9]{6}$/;

const refusedFolders = new Set<string>();
let temporary: string | undefined;
let sweptPrivateFolders = false;

/**
 * Path of the checked file of this key (64 hexadecimal digits), whose content `make` gives if there is none yet.
 * @throws DeviceError when no folder can be written and loaded from; and what `make` throws
 */
export function cachedObject(key: string, make: () => Uint8Array): string {
  return knownObject(key) ?? keptObject(key, make());
}

/** The content of this key: what `make` gives, or gave before. A cache that cannot be used is no reason to fail. */
export function cachedContent(key: string, make: () => Uint8Array): Uint8Array {
  const known = knownObject(key);
  if (known !== undefined) return readFileSync(known).subarray(0, -SEAL_BYTES);
  return renewedContent(key, make);
}

/** The content of this key as `make` gives it now, which takes the place of what was kept. */
export function renewedContent(key: string, make: () => Uint8Array): Uint8Array {
  const content = make();
  attempt(() => keptObject(key, content));
  return content;
}

/** Path of the checked file of this key, if there is one. */
export function knownObject(key: string): string | undefined {
  const folder = attempt(sharedFolder);
  if (folder === undefined) return undefined;
  const path = join(folder, `${key}.so`);
  return attempt(() => isSound(path, key)) === true ? path : undefined;
}

/** Keeps the content of this key. @throws DeviceError when no folder can be written and loaded from */
export function keptObject(key: string, content: Uint8Array): string {
  return store(key, sealContent(key, content));
}

/**
 * Writes the source of this key where its object goes, for those who read or debug it; undefined where there is no
 * place.
 */
export function keptSource(key: string, source: string): string | undefined {
  for (const folder of [sharedFolder, temporaryFolder]) {
    const path = attempt(() => join(folder(), `${key}.cc`));
    if (path === undefined) continue;
    attempt(() => writeFileSync(path, source, { flag: "wx", mode: 0o600 })); // or it is there already
    if (attempt(() => readFileSync(path, "utf8")) === source) return path;
  }
  return undefined;
}

/**
 * Deletes a file that could not be loaded, and keeps away from its folder from now on, unless that is the temporary
 * one.
 */
export function discardObject(path: string): void {
  if (dirname(path) !== temporary) refusedFolders.add(dirname(path));
  attempt(() => rmSync(path, { force: true }));
}

/** The folder that outlives processes, with what it holds; or why there is none, in a clause. */
export function cacheContents(): { readonly folder: string; readonly files: number; readonly bytes: number } | string {
  try {
    const folder = sharedFolder();
    const files = ourFiles(folder, OBJECT);
    return { folder, files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
  } catch (error) {
    return (error as Error).message;
  }
}

/** A new temporary folder that only this user can enter; whoever asks removes it. */
export function privateFolder(): string {
  if (!sweptPrivateFolders) attempt(sweepPrivateFolders);
  sweptPrivateFolders = true;
  return mkdtempSync(join(resolve(tmpdir()), ".tskeops-"));
}

/**
 * Links, pipes and files that anyone else may have written are unsound like damaged ones; the next rename replaces
 * them.
 */
function isSound(path: string, key: string): boolean {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    const isPrivate = stats.isFile() && stats.nlink === 1 && isOurs(stats) && (stats.mode & OTHERS_MAY_ANYTHING) === 0;
    if (!isPrivate || stats.size > CAPACITY_BYTES || !isSealed(key, readFileSync(file))) return false;
    if (Date.now() - stats.mtimeMs > DAY) attempt(() => futimesSync(file, new Date(), new Date()));
    return true;
  } finally {
    closeSync(file);
  }
}

function sealContent(key: string, content: Uint8Array): Buffer {
  return Buffer.concat([content, SEAL_MARK, checksum(key, content)]);
}

function isSealed(key: string, file: Buffer): boolean {
  const end = file.length - SEAL_BYTES;
  if (end <= 0) return false;
  return file.subarray(end).equals(Buffer.concat([SEAL_MARK, checksum(key, file.subarray(0, end))]));
}

function checksum(key: string, content: Uint8Array): Buffer {
  return createHash("sha256").update(key).update(content).digest();
}

function store(key: string, file: Buffer): string {
  const reasons: string[] = [];
  for (const folder of [sharedFolder, temporaryFolder]) {
    try {
      return write(folder(), key, file);
    } catch (error) {
      reasons.push((error as Error).message);
    }
  }
  throw new DeviceError(
    `routine cache: expected a folder to write and load routines from, got ${reasons.join("; ")} ` +
      `(set TSKEOPS_CACHE or TMPDIR to one)`,
  );
}

function write(folder: string, key: string, file: Buffer): string {
  const path = join(folder, `${key}.so`);
  const draft = join(folder, `${key}.${randomBytes(8).toString("hex")}.tmp`);
  try {
    writeFileSync(draft, file, { flag: "wx", mode: 0o700 });
    accessSync(draft, constants.X_OK); // refused where the folder is mounted noexec
    renameSync(draft, path);
  } catch (error) {
    attempt(() => rmSync(draft, { force: true }));
    throw error;
  }
  if (SWEEPING_KEY.test(key)) attempt(() => sweep(folder));
  return path;
}

/** The folder that outlives this process; throws, with the reason, if it cannot be trusted. */
function sharedFolder(): string {
  if (process.platform === "win32") throw new Error("Node does not tell on Windows who may write to a folder");
  const wanted = resolve(wantedFolder());
  makeFolder(wanted);
  const folder = join(realpathSync(dirname(wanted)), basename(wanted));
  if (refusedFolders.has(folder)) throw new Error(`${folder}: a routine from it could not be loaded`);
  requireOurs(folder);
  requireFixed(folder);
  return folder;
}

/** Not with `recursive`: in Node 20 that never ends where a folder refuses new ones with ENOENT, as /proc does. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (!existsSync(folder)) throw error; // else another process was faster
  }
}

function wantedFolder(): string {
  const { TSKEOPS_CACHE: named, XDG_CACHE_HOME: caches } = process.env;
  if (named) return named;
  return join(caches && isAbsolute(caches) ? caches : join(homedir(), ".cache"), "tskeops");
}

/** Made anew when something that cleans temporary folders has taken it away. */
function temporaryFolder(): string {
  const known = temporary;
  if (known !== undefined && attempt(() => requireOurs(known)) === known) return known;
  const made = privateFolder();
  process.once("exit", () => {
    attempt(() => rmSync(made, { recursive: true, force: true }));
  });
  temporary = made;
  return made;
}

function requireOurs(folder: string): string {
  const stats = lstatSync(folder);
  if (!stats.isDirectory()) throw new Error(`${folder}: a link or file, not a folder`);
  if (!isOurs(stats)) throw new Error(`${folder}: belongs to another user`);
  if ((stats.mode & OTHERS_MAY_WRITE) !== 0) throw new Error(`${folder}: other users may write to it`);
  return folder;
}

/** Whoever may rename a folder above could swap ours between check and load. */
function requireFixed(folder: string): void {
  for (let above = dirname(folder); above !== dirname(above); above = dirname(above)) {
    const { mode } = lstatSync(above);
    if ((mode & EVERYONE_MAY_WRITE) !== 0 && (mode & STICKY) === 0)
      throw new Error(`${above}: everyone may rename what is in it`);
  }
}

function isOurs(stats: Stats): boolean {
  return stats.uid === process.getuid?.();
}

interface Found {
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since the last use. */
  readonly age: number;
}

function sweep(folder: string): void {
  remove(ourFiles(folder, DRAFT).filter(({ age }) => age > HOUR));
  remove(surplus(ourFiles(folder, OBJECT)));
}

/** Removes what processes that were killed have left. */
function sweepPrivateFolders(): void {
  remove(ourFiles(resolve(tmpdir()), PRIVATE_FOLDER).filter(({ age }) => age > DAY));
}

/** The least recently used files, if all together pass the capacity. */
function surplus(files: readonly Found[]): Found[] {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total <= CAPACITY_BYTES) return [];
  let kept = 0;
  return [...files].sort((a, b) => a.age - b.age).filter(({ bytes }) => (kept += bytes) > KEPT_BYTES);
}

function ourFiles(folder: string, pattern: RegExp): Found[] {
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .flatMap((name) => attempt(() => inspectFile(join(folder, name))) ?? []);
}

function inspectFile(path: string): Found[] {
  const stats = lstatSync(path);
  return isOurs(stats) ? [{ path, bytes: stats.size, age: Date.now() - stats.mtimeMs }] : [];
}

function remove(files: readonly Found[]): void {
  for (const { path } of files) attempt(() => rmSync(path, { recursive: true, force: true }));
}

/** For what other processes may undo at any moment, and what is no loss if it fails. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
