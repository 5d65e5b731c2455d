/**
 * The addon of a page: the WebAssembly module, which `begin` fetches, compiles and starts before the first call. In the
 * place of src/device/addonfiles.ts, with its names. A page that is not cross-origin isolated gets one thread, and workers
 * with modules of their own for promises.
 */
import { ABI } from "../codegen/texts";
import type { AddonReport, Found } from "../device/addonfiles";
import type { Addon } from "../device/addon";
import { setThreads, threads } from "../device/native";
import { linkWasm } from "../device/wasm";
import { DeviceError, InterruptedError } from "../errors";
import { messageOf } from "../options";
import type { Readiness, ReadyOptions } from "../ready";
import { warnOnce } from "../warnings";
import { withWorkers } from "./remote";
import { openWorker } from "./webworkers";

let found: Found | undefined;
let beginning: Promise<void> | undefined;

/** @throws DeviceError before the page is ready. */
export function findAddon(): Found {
  if (found) return found;
  throw new DeviceError("tskeops: expected `await ready()` before the first call in a browser, got a call");
}

export const whyNone = (_: AddonReport["candidates"]): string => "browsers load no native addon";
export const addonRemedy = (): string => "await ready()";
export const warnOfSlow = (_: AddonReport): void => undefined;

/** Begins once, and again after a failure. @param beside where the module is unless the options say. */
export async function begin({ wasm, threads: wanted }: ReadyOptions, beside: URL): Promise<Readiness> {
  beginning ??= load(wasm ?? beside, wanted).catch((error: unknown) => {
    beginning = undefined;
    throw error;
  });
  await beginning;
  const why = whyOneThread();
  if (why !== null) return { threads: 1, whyOneThread: why };
  if (wanted !== undefined) setThreads(wanted);
  return { threads: threads(), whyOneThread: null };
}

async function load(source: string | object, wanted: number | undefined): Promise<void> {
  const why = whyOneThread();
  const { module, addon, threadsHaveBegun } = await start(source, why).catch((error: unknown) => {
    throw new DeviceError(
      `ready: expected a WebAssembly module ${placeOf(source)}, got ${messageOf(error)}: ${ADVICE}`,
      { cause: error },
    );
  });
  if (why === null) await startThreads(addon, wanted, threadsHaveBegun);
  else if (wanted !== 1) warnOfOneThread(why);
  found = {
    addon: why === null ? addon : withWorkers(addon, module, navigator.hardwareConcurrency ?? 1),
    serving: "wasm",
    candidates: [{ kind: "wasm", path: source instanceof URL ? source.href : "a module", why: null }],
  };
}

/** Compiles, instantiates and registers the module. @throws whatever these throw, Error for one of another version. */
async function start(
  source: string | object,
  why: string | null,
): Promise<{ module: WebAssembly.Module; addon: Addon; threadsHaveBegun: () => Promise<void> }> {
  const module = await compiled(source);
  const linked = linkWasm(module, {
    openWorker: why === null ? openWorker : null,
    processors: why === null ? (navigator.hardwareConcurrency ?? 1) : 1,
    mayWait: typeof document === "undefined",
  });
  const file = linked.register(await WebAssembly.instantiate(module, linked.imports));
  if (file.abi !== ABI) throw new Error(`one of ABI ${file.abi}, not ${ABI}`);
  const threadsHaveBegun = (): Promise<void> => linked.threadsHaveBegun();
  return { module, addon: file.initialize({ InterruptedError, DeviceError }), threadsHaveBegun };
}

const ADVICE =
  "copy tskeops/dist/web/tskeops.wasm of the same version there, or give its URL as the option wasm of `ready`";

const isAddress = (source: string | object): source is string | URL =>
  typeof source === "string" || source instanceof URL;
const placeOf = (source: string | object): string =>
  isAddress(source) ? `at ${String(source)}` : "as the option wasm";

async function compiled(source: string | object): Promise<WebAssembly.Module> {
  if (source instanceof Uint8Array || source instanceof ArrayBuffer) return WebAssembly.compile(source);
  if (!isAddress(source)) return source; // compiled before
  const response = await fetch(source);
  if (!response.ok) throw new Error(`status ${response.status}`);
  return WebAssembly.compile(await response.arrayBuffer());
}

/** Why this page gets no threads, in one sentence; null where it does. */
function whyOneThread(): string | null {
  if (typeof Worker === "undefined") return "there are no workers here";
  const isIsolated = typeof crossOriginIsolated === "undefined" || crossOriginIsolated;
  if (isIsolated && typeof SharedArrayBuffer !== "undefined") return null;
  const headers = "Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
  return `the page is not cross-origin isolated: serve it with the headers ${headers}`;
}

function warnOfOneThread(why: string): void {
  const processors = navigator.hardwareConcurrency ?? 1;
  if (processors > 1) warnOnce("KEOPS_THREADS", `computing on one of ${processors} processors: ${why}`);
}

/**
 * Workers begin when the page has its turn, so that they must be there before a call keeps it busy: a job of many tasks
 * asks for them all, and is done before they run.
 * @throws DeviceError where the page may not have workers.
 */
async function startThreads(addon: Addon, wanted: number | undefined, haveBegun: () => Promise<void>): Promise<void> {
  if (wanted !== undefined) addon.initialThreads(wanted);
  const [numbers, order] = [new Float64Array(4096), Int32Array.from({ length: 4096 }, (_, n) => n)];
  try {
    await Promise.all([addon.later.moveRows(numbers, numbers.slice(), order, true), haveBegun()]);
    await haveBegun();
  } catch (error) {
    throw new DeviceError(`ready: ${messageOf(error)}`, { cause: error });
  }
}
