/**
 * The C++ text in front of a generated routine: the core of the prelude, and of its parts only those whose functions the routine
 * calls, because every line costs compile time. Which function stands in which part is read from the parts themselves, where each
 * ends with what routines call. Knows nothing of what a routine computes.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const CORE = ["routine.h", "keops.h"];
const PARTS = ["exponentials.h", "angles.h", "reductions.h"];

interface Part {
  readonly text: string;
  readonly functions: readonly string[];
}

let core: string | undefined;
let parts: readonly Part[] | undefined;

/** The prelude of a routine, from the routine's own text. */
export function prelude(routine: string): string {
  core ??= CORE.map(textOf).join("\n");
  parts ??= PARTS.map(textOf).map((text) => ({ text, functions: functionsIn(text) }));
  const called = new Set([...routine.matchAll(/\b(\w+)\(/g)].map(([, name]) => name!));
  const needed = parts.filter(({ functions }) => functions.some((name) => called.has(name)));
  return [core, ...needed.map(({ text }) => text)].join("\n");
}

function textOf(file: string): string {
  return readFileSync(join(__dirname, "..", "..", "native", file), "utf8");
}

/** The names in `TILE_UNARY(name)`, `TILE_BINARY(Type, name, …)` and `INLINE Type name(…)`. */
function functionsIn(text: string): string[] {
  return [...text.matchAll(/^(?:TILE_UNARY\(|TILE_BINARY\(\w+, |INLINE \w+ )(\w+)/gm)].map(([, name]) => name!);
}
