/**
 * The C++ text in front of a generated routine: the core of the prelude, and of its parts only those whose functions or
 * types the routine calls, because every line costs compile time. Which function stands in which part is read from the
 * parts themselves. Knows nothing of what a routine computes.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { asserted, at } from "../asserts";
import { packageFolder } from "../platform/packagefolder";
import { CORE, PARTS } from "./texts";

/** The core for routines whose steps take several columns at once. */
const CORE_WITH_COLUMNS = [
  "common/routine.h",
  "cpu/keops.h",
  "cpu/powers.h",
  "common/columns.h",
  "common/tile.h",
  "cpu/lanes.h",
];

interface Part {
  readonly text: string;
  readonly defines: readonly string[];
  readonly names: readonly string[];
}

/** On a GPU the parts with reducers are the same text; functions come with the device. */
const CUDA_CORE = ["cuda/keopscuda.h", "common/tile.h", "cuda/launch.h", "cuda/cudalanes.h"];
const CUDA_CORE_WITH_COLUMNS = [
  "cuda/keopscuda.h",
  "common/columns.h",
  "common/tile.h",
  "cuda/launch.h",
  "cuda/cudalanes.h",
];
const CUDA_PARTS: readonly string[] = [
  "common/gammas.h",
  "common/sums.h",
  "common/products.h",
  "common/best.h",
  "cuda/cudashortlist.h",
  "common/exponentialsums.h",
];

let ofCpu: Prelude | undefined;
let ofCpuWithColumns: Prelude | undefined;
let ofCuda: Prelude | undefined;
let ofCudaWithColumns: Prelude | undefined;

/** The prelude of a routine for the processor, from the routine's own text. */
export function prelude(routine: string): string {
  if (takesColumns(routine)) return (ofCpuWithColumns ??= new Prelude(CORE_WITH_COLUMNS, PARTS)).textAround(routine);
  return (ofCpu ??= new Prelude(CORE, PARTS)).textAround(routine);
}

/** The prelude of a routine for a GPU; it opens a namespace that the routine is in, and closes. */
export function cudaPrelude(routine: string): string {
  if (takesColumns(routine))
    return (ofCudaWithColumns ??= new Prelude(CUDA_CORE_WITH_COLUMNS, CUDA_PARTS)).textAround(routine);
  return (ofCuda ??= new Prelude(CUDA_CORE, CUDA_PARTS)).textAround(routine);
}

/** Whether steps of its loop take several columns at once. */
const takesColumns = (routine: string): boolean => /\bColumns\b/.test(routine);

/** Operations on vectors for a GPU: a file of its own. */
export function cudaVectorsSource(dtype: "float32" | "float64"): string {
  const head = `#define KEOPS_DOUBLE ${dtype === "float64" ? 1 : 0}\ntypedef int int32;\ntypedef long long int64;\n`;
  return [head, textOf("cuda/launch.h"), textOf("cuda/vectorscuda.h")].join("\n");
}

class Prelude {
  private readonly core: string;
  private readonly parts: readonly Part[];

  constructor(core: readonly string[], parts: readonly string[]) {
    this.core = core.map(textOf).join("\n");
    this.parts = parts.map(partOf);
  }

  textAround(routine: string): string {
    const named = new Set(namesIn(routine));
    const needed: string[] = [];
    for (const { text, defines, names } of [...this.parts].reverse()) {
      if (!defines.some((name) => named.has(name))) continue;
      for (const name of names) named.add(name);
      needed.unshift(text);
    }
    return [this.core, ...needed].join("\n");
  }
}

function partOf(file: string): Part {
  const text = textOf(file);
  return { text, defines: definedIn(text), names: namesIn(text.replace(/\/\/.*/g, "")) };
}

const namesIn = (text: string): string[] => text.match(/\b[A-Za-z]\w*/g) ?? [];

const texts = new Map<string, string>();

function textOf(file: string): string {
  const text = texts.get(file) ?? readFileSync(pathIn(asserted(packageFolder(), "the package"), file), "utf8");
  texts.set(file, text);
  return text;
}

const pathIn = (folder: string, file: string): string => join(folder, "native", "text", file);

let missing: string | null | undefined;

/** Why no routine can be written here, or null: who packs a program may leave what is no JavaScript behind. */
export function whyNoTexts(): string | null {
  if (missing === undefined) missing = missingTexts();
  return missing;
}

function missingTexts(): string | null {
  const folder = packageFolder();
  if (folder === null) return "the package tskeops, with the C++ that formulas are compiled with, is not there";
  const needed = pathIn(folder, at(CORE, 0));
  return existsSync(needed) ? null : `the package tskeops is incomplete: expected ${needed}, got none`;
}

/** The names in `TILE_UNARY(name)`, `TILE_BINARY(Type, name, …)`, `INLINE Type name(…)` and `struct name`. */
function definedIn(text: string): string[] {
  const definition = /^(?:template <[^>]*> )?(?:TILE_UNARY\(|TILE_BINARY\(\w+, |INLINE \w+ |struct )(\w+)/gm;
  return [...text.matchAll(definition)].map(([, name]) => name!);
}
