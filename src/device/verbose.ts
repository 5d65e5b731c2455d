/**
 * What TSKEOPS_VERBOSE prints on standard error: a line for each call of a routine, and for each object that was
 * compiled or found compiled. Must not know how anything is computed.
 */
import type { Specification } from "../codegen/specification";
import { printLine, variable } from "../platform/process";
import type { Call, RectangleCall, Routine } from "./device";

const isVerbose = (): boolean => Boolean(variable("TSKEOPS_VERBOSE"));

function print(line: string): void {
  printLine(`tskeops: ${line}`);
}

const millisecondsSince = (begin: number): string => `${(performance.now() - begin).toFixed(3)} ms`;

/**
 * The call of a routine that goes on now: where its code comes from, if it was compiled or looked for during the call.
 */
let calling: { origin: string } | undefined;

/**
 * Prints that an object has come from a compiler, or from the cache where none has run; `begin` is when it was first
 * asked for.
 */
export function reportObject(path: string, compiler: string | null, begin: number): void {
  if (!isVerbose()) return;
  if (calling) calling.origin = compiler === null ? ", from the cache" : ", compiled";
  print(`${compiler === null ? "found" : `compiled by ${compiler}`} in ${millisecondsSince(begin)}: ${path}`);
}

/** The routine, printing each of its calls. */
export function reporting<R extends Routine>(routine: R, specification: Specification): R {
  const calls: Pick<Routine, "reduce" | "reduceAsync" | "block"> = {
    reduce: (call) => reportCall(routine, specification, call, () => routine.reduce(call)),
    reduceAsync: (call) => reportedLater(routine, specification, call),
    block: (call) => reportCall(routine, specification, call, () => routine.block(call)),
  };
  return Object.assign(Object.create(routine) as R, calls);
}

function reportCall(routine: Routine, specification: Specification, call: Call | RectangleCall, run: () => void): void {
  const begin = performance.now();
  const { origin } = during(run);
  printCall(routine, specification, call, begin, origin);
}

async function reportedLater(routine: Routine, specification: Specification, call: Call): Promise<void> {
  const begin = performance.now();
  const { result, origin } = during(() => routine.reduceAsync(call));
  await result;
  printCall(routine, specification, call, begin, origin);
}

/** What a call gives, and where its code came from: what is compiled behind its back is no part of it. */
function during<T>(run: () => T): { readonly result: T; readonly origin: string } {
  const outer = calling;
  const mine = (calling = { origin: "" });
  try {
    const result = run();
    return { result, origin: mine.origin };
  } finally {
    calling = outer;
  }
}

function printCall(
  { backend, plan }: Routine,
  specification: Specification,
  call: Call | RectangleCall,
  begin: number,
  origin: string,
): void {
  const how = plan === undefined ? backend : `${backend} (${plan})`;
  print(`${nameOf(specification)}, ${pairsOf(call)}: ${how}, ${millisecondsSince(begin)}${origin}`);
}

/** Characters of a formula that are printed. */
const MOST_CHARACTERS = 120;

function nameOf({ formulas, reduction, dtype }: Specification): string {
  const text = formulas.join(", ");
  const short = text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)}…`;
  return `${reduction?.name ?? "block"}(${short}) ${dtype}`;
}

function pairsOf(call: Call | RectangleCall): string {
  if ("firstRow" in call) return `${call.endRow - call.firstRow} x ${call.endColumn - call.firstColumn} pairs`;
  const { rows, columns, batch = [], ranges } = call;
  const entries = batch.map(({ length }) => `${length} x `).join("");
  return `${entries}${rows} x ${columns} pairs${ranges ? " by ranges" : ""}`;
}
