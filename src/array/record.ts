/**
 * Marks and records: which arrays take part in derivatives, and how each came about. The one idea: derivatives belong
 * to memory. A record hangs (weakly) on the typed array behind an ndarray, so every view of that memory takes part.
 * Arrays that a derivative reads are guarded by a checksum, as nothing stops a user from writing into them. Memory
 * whose numbers are of one rank alone has a mark as well: what is computed from such numbers is such itself. Knows
 * closures; must not know Genred, formulas or dense operations, nor how ranks talk.
 */
import { memoryOf } from "../device/memory";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { atMost, describeValue } from "../options";
import { warnOnce } from "../warnings";
import { checkArray } from "./check";
import { contiguous, coversMemory, viewOf, wrap } from "./view";
import type { RealArray } from "./view";

/**
 * The gradients of one recorded call: for each input one array of its shape and dtype, or null for zero. `wanted` says
 * which are used. The cotangent may be any view and must not be written into.
 */
export type Backward = (cotangent: RealArray, wanted: readonly boolean[]) => readonly (RealArray | null)[];

/** What a door tells about its record; all of it may be left out. */
export interface RecordOptions {
  /** Name of the operation in messages. */
  readonly where?: string;
  /** The name of an input in messages, by its number. */
  readonly nameOf?: (input: number) => string;
  /** Whether the backward reads the values of each input; they are then guarded by a checksum. Default: all. */
  readonly readsInputs?: readonly boolean[];
  /** Whether the backward reads the values of the output. Default: false. */
  readonly readsOutput?: boolean;
  /** Whether the output is one that all ranks have, though the inputs are of one rank alone. Default: false. */
  readonly joins?: boolean;
  /** Whether the backward gives arrays that all ranks have the sum over the ranks by itself. Default: false. */
  readonly totals?: boolean;
}

/** What a typed array holds between two recorded writes. */
export interface Version {
  /** Marked by the user, or computed from something marked. */
  takesPart: boolean;
  readonly made: Made | null;
}

/** How a version came about. */
export interface Made {
  readonly where: string;
  readonly output: RealArray;
  readonly outputSum: number;
  readonly readsOutput: boolean;
  readonly inputs: readonly Edge[];
  readonly backward: Backward;
  /** The longest way back to an array that nothing made, in records. */
  readonly depth: number;
}

/** One input of a record: the view that was passed, the version it read, and its checksum (null: values not needed). */
export interface Edge {
  readonly name: () => string;
  readonly view: RealArray;
  readonly version: Version;
  readonly sum: number | null;
  /** Sums the gradients of the ranks, where all have this input, but not all the others. */
  readonly across: Local | undefined;
}

const versions = new WeakMap<RealData, Version>();
let suspended = false;

/**
 * Marks `x` so that operations on it, or on any view of its memory, are recorded for `grad`; returns `x` itself.
 * @param x a float32 or float64 array of any shape
 * @returns x itself
 * @throws ArgumentError if x is not a float32 or float64 ndarray
 * @example
 * const x = requiresGrad(array([1, 2]));
 * console.log(nd.toNested(grad(nd.sum(nd.square(x)), [x])[0])); // [ 2, 4 ]
 */
export function requiresGrad<X extends RealArray>(x: X): X {
  atMost("requiresGrad", 1, arguments);
  checkArray("requiresGrad", x);
  versionOf(x).takesPart = true;
  return x;
}

/** True if a call on these inputs must be recorded: one of them takes part, and no sweep without createGraph runs. */
export function recording(inputs: readonly RealArray[]): boolean {
  return !suspended && inputs.some((input) => versions.get(input.data)?.takesPart === true);
}

/**
 * Throws ArgumentError if a recorded call may not write its result into `out`: marked memory, or a part of memory whose
 * other elements come from a record. Call it before computing.
 */
export function checkOut(where: string, out: RealArray): void {
  const version = versions.get(out.data);
  if (!version?.takesPart || (version.made && coversMemory(out))) return;
  const got = version.made ? "a part of a recorded array" : "an array marked by requiresGrad";
  throw new ArgumentError(`${where}: expected memory that takes no part in derivatives, got ${got}`);
}

/** Records, if an input takes part, that `output` was computed from `inputs`; returns `output`. */
export function record<X extends RealArray>(
  output: X,
  inputs: readonly RealArray[],
  backward: Backward,
  options: RecordOptions = {},
): X {
  if (recording(inputs)) return recorder(inputs, options)(output, backward);
  return options.joins ? markJoined(output) : markLocal(output, localAmong(inputs));
}

const markJoined = <X extends RealArray>(output: X): X => markCommon(markLocal(output, undefined));

/**
 * The first half of `record`, for calls that end later: takes the inputs down as they are now, whether or not they take
 * part, and returns the function that records the output.
 */
export function recorder(
  inputs: readonly RealArray[],
  {
    where = "the operation",
    nameOf = (k) => `input ${String(k)}`,
    readsInputs = [],
    readsOutput = false,
    joins = false,
    totals = false,
  }: RecordOptions = {},
): <X extends RealArray>(output: X, backward: Backward) => X {
  const local = localAmong(inputs);
  const edges = inputs.map((view, k): Edge => {
    const sum = readsInputs[k] === false ? null : checksum(view);
    const isOwn = localOf(view) !== undefined;
    const across = (isOwn ? isCommon(view) : !totals) ? local : undefined;
    return { name: () => nameOf(k), view, version: versionOf(view), sum, across };
  });
  return (output, backward) => {
    checkOut(where, output);
    const depth = depthOf(edges);
    const made: Made = { where, output, outputSum: checksum(output), readsOutput, inputs: edges, backward, depth };
    versions.set(output.data, { takesPart: true, made });
    return joins ? markJoined(output) : markLocal(output, local);
  };
}

/** A history of so many records is that of a loop whose steps nobody detaches, as a rule. */
const LONG_HISTORY = 1000;

function depthOf(edges: readonly Edge[]): number {
  let depth = 1;
  for (const { version } of edges) depth = Math.max(depth, 1 + (version.made?.depth ?? 0));
  if (depth === LONG_HISTORY)
    warnOnce(
      "KEOPS_HISTORY",
      `an array has a history of ${String(LONG_HISTORY)} records, which all its derivatives walk: ` +
        "compute the steps of a loop with noGrad, or detach what they begin with",
    );
  return depth;
}

/**
 * The numbers of `x` without their history: a view of the same memory that takes no part in derivatives until
 * `requiresGrad` marks it. In a loop of steps it lets go of the steps before, so that each takes the same time and
 * memory.
 * @param x an array of any shape
 * @returns a view of x
 * @throws ArgumentError if x is not a float32 or float64 ndarray
 * @example
 * const x = requiresGrad(array([2, 3]));
 * console.log(nd.toNested(detach(nd.square(x)))); // [ 4, 9 ]
 */
export function detach<T extends RealData>(x: RealArray<T>): RealArray<T> {
  atMost("detach", 1, arguments);
  checkArray("detach", x);
  const data = x.data.subarray(0) as T; // records hang on the typed array, not on its buffer
  const view = markLocal(viewOf(wrap(data, [data.length]), x), localOf(x));
  return isCommon(x) ? markCommon(view) : view;
}

/**
 * What `work` returns, computed without records: nothing in it takes part in derivatives, and no history is kept.
 * Meant for the steps of an iteration.
 * @param work a function without arguments
 * @returns what `work` returns
 * @throws ArgumentError unless `work` is a function that returns when it is done: one that returns a promise would go
 * on with records
 * @example
 * const x = rand([3], { requiresGrad: true });
 * const [g] = grad(nd.sum(nd.square(x)), [x]);
 * console.log(noGrad(() => nd.sub(x, nd.mul(g, 0.1))).shape); // [ 3 ]
 */
export function noGrad<R>(work: () => R): R {
  atMost("noGrad", 1, arguments);
  if (typeof work !== "function") throw new ArgumentError(`noGrad: expected a function, got ${describeValue(work)}`);
  const result = recordingIs(false, work);
  const { then } = (result ?? {}) as { readonly then?: unknown };
  if (typeof then !== "function") return result;
  Promise.resolve(result).catch(() => undefined); // what it rejects with is of no use any more
  throw new ArgumentError("noGrad: expected a function that returns when it is done, got a promise");
}

/**
 * The version that `x` reads now. Unmarked inputs get one too, so that marking them later, or asking for them, works.
 */
export function versionOf(x: RealArray): Version {
  let version = versions.get(x.data);
  if (!version) versions.set(x.data, (version = { takesPart: false, made: null }));
  return version;
}

/** Lets `view`, another typed array over all the memory of `x`, take part as `x` does, whichever is marked later. */
export function shareVersion<X extends RealArray>(view: X, x: RealArray): X {
  versions.set(view.data, versionOf(x));
  return view;
}

/** Runs `work` with recording on or off. */
export function recordingIs<R>(on: boolean, work: () => R): R {
  const before = suspended;
  suspended = !on;
  try {
    return work();
  } finally {
    suspended = before;
  }
}

/** The version that `x` reads, if it takes part. */
export function recordedVersion(x: RealArray): Version | undefined {
  const version = versions.get(x.data);
  return version?.takesPart ? version : undefined;
}

/** Throws ArgumentError if values that the backward reads were overwritten since the call. */
export function checkUnchanged(made: Made): void {
  for (const { view, sum, name } of made.inputs) {
    if (sum !== null && checksum(view) !== sum) throw overwrittenError(made, name());
  }
  if (made.readsOutput) checkOutputUnchanged(made);
}

/** Throws ArgumentError if the output was overwritten since the call. */
export function checkOutputUnchanged(made: Made): void {
  if (checksum(made.output) !== made.outputSum) throw overwrittenError(made, "its output");
}

export function overwrittenError({ where }: Made, name: string): ArgumentError {
  return new ArgumentError(`grad: expected the arrays of ${where} unchanged since its call, got ${name} overwritten`);
}

/**
 * 32 bits that tell whether the elements of `x` changed. Each step is one-to-one in the word read, so a single changed
 * word always shows; the rotation carries high bits down, or two flipped signs would cancel. Four chains hide latency.
 */
export function checksum(x: RealArray): number {
  const writes = memoryOf(x.data).writesOf(x.data);
  if (writes !== null) return writes;
  if (x.data.buffer.byteLength === 0) return 0; // also a detached buffer, over which no words can be laid
  const data = contiguous(x);
  const words = new Int32Array(data.buffer, data.byteOffset, data.byteLength / 4);
  const whole = words.length - (words.length % 4);
  let [a, b, c, d] = [words.length, 1, 2, 3];
  for (let k = 0; k < whole; k += 4) {
    a = mix(a, words[k] as number);
    b = mix(b, words[k + 1] as number);
    c = mix(c, words[k + 2] as number);
    d = mix(d, words[k + 3] as number);
  }
  for (let k = whole; k < words.length; k++) a = mix(a, words[k] as number);
  return mix(mix(mix(a, b), c), d);
}

function mix(sum: number, word: number): number {
  const bits = sum ^ word;
  return Math.imul((bits << 15) | (bits >>> 17), 0x9e3779b1);
}

// ------------------------------------------------------------------------------------------------- numbers of one rank

/** What the ranks do with arrays; both are recorded, and each is the derivative of the other. */
export interface Local {
  /** The sum over all ranks, on all of them. */
  sum(own: RealArray): RealArray;
  /** A copy of an array that all ranks have, of which each rank uses its own. */
  own(whole: RealArray): RealArray;
}

const locals = new WeakMap<object, Local>();
/** Whether there is any: programs of one process ask no further. */
export let areLocals = false;

interface OfMemory {
  readonly data: object;
}

export const localOf = ({ data }: OfMemory): Local | undefined => (areLocals ? locals.get(data) : undefined);

export const localAmong = (arrays: readonly OfMemory[]): Local | undefined =>
  areLocals ? arrays.map(localOf).find((local) => local !== undefined) : undefined;

/** Memory that an exchange has filled with the same numbers on all ranks, and what shows rows of it. */
let commons: WeakSet<object> | undefined;

export const isCommon = ({ data }: OfMemory): boolean => commons?.has(data) === true;

/** Marks memory of which all ranks have the same, whoever uses which part; returns the array. */
export function markCommon<X extends OfMemory>(array: X): X {
  (commons ??= new WeakSet()).add(array.data);
  return array;
}

/** Marks the memory of an array, whose numbers are new; returns the array. */
export function markLocal<X extends OfMemory>(array: X, local: Local | undefined): X {
  commons?.delete(array.data);
  if (local) {
    areLocals = true;
    locals.set(array.data, local);
  } else if (areLocals) locals.delete(array.data);
  return array;
}
