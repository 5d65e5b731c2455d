/**
 * What a machine has for this library, and how fast it is there, in words for those who have never seen it: the text of
 * `npx tskeops doctor`. The one idea: every engine is asked why it cannot run, and timed on one sum if it can.
 */
import { availableParallelism, cpus, release, type } from "node:os";
import { rand } from "./array/array";
import type { RealArray } from "./array/view";
import { cacheContents } from "./device/cache";
import { cudaCompiler } from "./device/cudacompiler";
import { BACKEND_NAMES, deviceNamed } from "./device/devices";
import type { BackendName } from "./device/devices";
import { addonRemedy, instructionSet, lapack, threads, whyNoAddon, whyNotNative } from "./device/native";
import { requireCompiler, whyNoCompiler } from "./device/toolchain";
import { Genred } from "./genred";
import { devices, whyNot as whyNoGpu } from "./gpus";
import { version } from "./version";

/** A report of several paragraphs; takes a few seconds, as it times a sum on each engine. */
export function doctorText(): string {
  const timed = BACKEND_NAMES.map((name) => ({ name, ...timeOf(name) }));
  return [
    `tskeops ${version} on Node ${process.versions.node}, ${systemText()}`,
    ...section("What is there", [
      ["processor", `${cpus()[0]?.model.trim() ?? "unknown"}, ${String(availableParallelism())} cores`],
      ["addon", addonText()],
      ["compiler", whyNoCompiler() ?? requireCompiler()],
      ["cache", cacheText()],
      ["LAPACK", lapack() ?? "none: large matrices are factorised by the addon's own code"],
      ["GPU", gpuText()],
    ]),
    ...section("How many pairs of points a Gaussian sum takes per second (3 dimensions, float32)", timed.map(rowOf)),
    "",
    adviceFor(timed),
    "",
  ].join("\n");
}

function systemText(): string {
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const libc = process.platform === "linux" ? `, ${header?.glibcVersionRuntime ? `glibc ${header.glibcVersionRuntime}` : "no glibc"}` : ""; // prettier-ignore
  return `${type()} ${release()} (${process.platform}-${process.arch}${libc})`;
}

function addonText(): string {
  const why = whyNoAddon();
  if (why !== null) return why;
  const kind = whyNotNative() === null ? `loaded: ${instructionSet()} instructions` : "WebAssembly stands in for it";
  return `${kind}, ${String(threads())} threads`;
}

function cacheText(): string {
  const found = cacheContents();
  if (typeof found === "string") return `none that lasts: ${found}`;
  return `${found.folder}, ${String(found.files)} compiled formulas, ${(found.bytes / 2 ** 20).toFixed(1)} MiB`;
}

function gpuText(): string {
  const why = whyNoGpu();
  const names = devices().map(({ name, memory }) => `${name} (${(memory / 2 ** 30).toFixed(0)} GiB)`);
  if (why !== null) return why === whyNoAddon() ? "not looked for, as the addon is missing" : `none: ${why}`;
  return `${names.join(", ")}; ${cudaCompiler() ?? "no compiler"}`;
}

function section(title: string, rows: readonly (readonly [name: string, text: string])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return ["", `${title}:`, ...rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`)];
}

// ------------------------------------------------------------------------------------------------------------- timing

type Engine = Timed & { readonly name: BackendName };

interface Timed {
  /** Pairs per second; null where it cannot run, and why that is. */
  readonly rate: number | null;
  readonly why: string | null;
}

/** A sum is repeated with more points until it takes so long, in seconds. */
const LONG_ENOUGH = 0.05;
const FIRST_POINTS = 250;
const MOST_POINTS = 32_000;

function timeOf(name: BackendName): Timed {
  const why = deviceNamed(name).whyNot();
  if (why !== null) return { rate: null, why };
  const K = Genred("Exp(-SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)"], { axis: 1 });
  const run = (x: RealArray, b: RealArray): number => {
    const begin = performance.now();
    K(x, x, b, { backend: name });
    return (performance.now() - begin) / 1000;
  };
  try {
    return { rate: fastest(run), why: null };
  } catch (error) {
    return { rate: null, why: (error as Error).message };
  }
}

function fastest(run: (x: RealArray, b: RealArray) => number): number {
  for (let points = FIRST_POINTS; ; points *= 2) {
    const [x, b] = [rand([points, 3], { seed: 1 }), rand([points, 1], { seed: 2 })];
    run(x, b); // makes and loads what the engine needs
    const seconds = Math.min(run(x, b), run(x, b));
    if (seconds >= LONG_ENOUGH || points >= MOST_POINTS) return points ** 2 / seconds;
  }
}

function rowOf({ name, rate, why }: Engine): [string, string] {
  const { about } = deviceNamed(name);
  if (rate !== null) return [name, `${pairsText(rate)}: ${about}`];
  return [name, `cannot run here (${about}): ${why === whyNoAddon() ? "the addon is missing" : (why ?? "")}`];
}

function pairsText(rate: number): string {
  const [unit, name] = rate >= 1e9 ? [1e9, "billion"] : [1e6, "million"];
  return `${(rate / unit).toPrecision(3)} ${name}`;
}

// ------------------------------------------------------------------------------------------------------------- advice

function adviceFor(engines: readonly Engine[]): string {
  const has = (name: BackendName): boolean => engines.some((engine) => engine.name === name && engine.rate !== null);
  if (!has("tiles"))
    return `Slow: without the addon every sum is computed by plain TypeScript. To mend it, ${addonRemedy()}.`;
  const why = whyNotNative();
  if (why !== null)
    return `Slow: WebAssembly computes, up to ten times slower than this machine can. Why: ${why}. To mend it, ${addonRemedy()}.`;
  const compiler = whyNoCompiler();
  if (compiler !== null) return `Good. Long sums would be faster still with a C++ compiler. ${compiler}`;
  return "Good: nothing is missing on this machine for sums and solves on the processor.";
}
