/**
 * Reverse-mode derivatives over arrays: `grad`, and the indexed operations that it is made of. The one idea: gradients
 * are accumulated over memory, and every view reads or adds its own elements there; so slices, transposes, broadcasts
 * and overlaps need no case of their own. What the sweep itself does is recorded too, which gives every higher order.
 * Knows closures; must not know Genred, formulas or dense operations.
 */
import { memoryOf } from "../device/memory";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { atMost, optionsOf } from "../options";
import type { OptionsOf } from "../options";
import { checkArray, described } from "./check";
import {
  checkOutputUnchanged,
  checkUnchanged,
  localOf,
  markLocal,
  overwrittenError,
  record,
  recordedVersion,
  recorder,
  recording,
  recordingIs,
  versionOf,
} from "./record";
import type { Backward, Made, Version } from "./record";
import { bringBeside } from "./transfer";
import {
  allocate,
  contiguous,
  dtypeOf,
  isContiguous,
  coversMemory,
  positions,
  reshapeView,
  sameShape,
  shapeText,
  sizeOf,
  viewOf,
  wrap,
  wrapBeside,
} from "./view";
import type { Geometry, RealArray } from "./view";

const GRAD = {
  /** Record the gradients too, so that they can be differentiated again. Default false. */
  createGraph: { kind: [true, false], default: false },
} as const;

/**
 * Gradients of `sum(cotangent * output)` with respect to each of `inputs`: fresh arrays in order, each in the shape
 * and dtype of its input and on the same device, zero where `output` does not depend on it. The gradient of a view is
 * that of the memory it shows, read through the view. `cotangent` may be left out for one-element outputs;
 * `createGraph` makes the results differentiable again.
 * @param output an array of any shape that was computed from the inputs
 * @param inputs marked arrays, or what was computed from them
 * @param cotangent an array of the shape of the output
 * @returns an array for each input, in its shape
 * @throws ArgumentError if `output` was not recorded, the cotangent does not fit, or data that the derivative needs
 * were overwritten since
 * @example
 * const x = requiresGrad(array([1, 2]));
 * const [g] = grad(nd.square(x), [x], array([1, 10]));
 * console.log(nd.toNested(g)); // [ 2, 40 ]
 */
export function grad<const I extends readonly RealArray[]>(
  output: RealArray,
  inputs: I,
  cotangent?: RealArray | null,
  options?: OptionsOf<typeof GRAD> | null,
): { -readonly [K in keyof I]: I[K] } {
  atMost("grad", 4, arguments);
  const { createGraph = GRAD.createGraph.default } = optionsOf("grad", options, GRAD);
  const root = rootOf(output);
  const targets = targetsOf(inputs);
  const seed = seedOf(output, cotangent);
  return recordingIs(createGraph, () => {
    const own = localOf(seed) ? seed : (localOf(output)?.own(seed) ?? seed);
    const gradients = sweep(root, toMemory(own, output), targets);
    return inputs.map((x) => resultFor(x, gradients.get(versionOf(x)), createGraph));
  }) as { -readonly [K in keyof I]: I[K] };
}

function rootOf(output: RealArray): Version {
  checkArray("grad, output", output);
  const root = recordedVersion(output);
  if (!root) {
    const got = `${described(output)} without a record`;
    throw new ArgumentError(`grad, output: expected an array computed from one marked by requiresGrad, got ${got}`);
  }
  if (root.made) checkOutputUnchanged(root.made);
  return root;
}

function targetsOf(inputs: readonly RealArray[]): Map<RealData, Version> {
  const list: unknown = inputs;
  if (!Array.isArray(list)) {
    throw new ArgumentError(`grad, inputs: expected a list of arrays like [x], got ${described(list)}`);
  }
  Array.from(inputs).forEach((x, k) => checkArray(`grad, inputs[${String(k)}]`, x)); // holes too
  return new Map(inputs.map((x) => [x.data, versionOf(x)]));
}

function seedOf(output: RealArray, cotangent: RealArray | null | undefined): RealArray {
  if (cotangent === undefined || cotangent === null) {
    if (sizeOf(output.shape) === 1) return wrap(allocate(dtypeOf(output), 1).fill(1), output.shape);
    const shape = shapeText(output.shape);
    throw new ArgumentError(`grad, cotangent: expected an array of shape ${shape}, as the output has, got none`);
  }
  checkArray("grad, cotangent", cotangent, dtypeOf(output));
  if (sameShape(cotangent.shape, output.shape)) return cotangent;
  const got = shapeText(cotangent.shape);
  throw new ArgumentError(`grad, cotangent: expected shape ${shapeText(output.shape)}, got ${got}`);
}

/** Pulls the seed back through all versions that lead to a target; returns the gradients of the targets' memories. */
function sweep(root: Version, seed: RealArray, targets: ReadonlyMap<RealData, Version>): Map<Version, RealArray> {
  const wanted = new Set(targets.values());
  const leading = versionsLeadingTo(wanted, targets, root);
  const gradients = new Map([[root, seed]]);
  for (const version of [...leading].reverse()) {
    const memory = gradients.get(version);
    if (!memory || !version.made) continue;
    if (!wanted.has(version)) gradients.delete(version);
    pull(version.made, memory, leading, gradients);
  }
  return gradients;
}

/**
 * All versions between root and targets, inputs before outputs. Iterative: graphs may be deeper than the call stack.
 */
function versionsLeadingTo(
  wanted: ReadonlySet<Version>,
  targets: ReadonlyMap<RealData, Version>,
  root: Version,
): Set<Version> {
  const leading = new Set<Version>();
  const seen = new Set([root]);
  const path = [{ version: root, next: 0 }];
  for (let top = path.at(-1); top; top = path.at(-1)) {
    const edge = top.version.made?.inputs[top.next++];
    if (!edge) {
      path.pop();
      const leads = wanted.has(top.version) || top.version.made?.inputs.some(({ version }) => leading.has(version));
      if (leads) leading.add(top.version);
      continue;
    }
    const asked = targets.get(edge.view.data);
    if (asked && asked !== edge.version && top.version.made) throw overwrittenError(top.version.made, edge.name());
    if (!seen.has(edge.version)) path.push({ version: edge.version, next: 0 });
    seen.add(edge.version);
  }
  return leading;
}

/**
 * Runs one backward closure, if it leads to a target, and adds what it returns to the gradients of the inputs'
 * memories.
 */
function pull(made: Made, memory: RealArray, leading: ReadonlySet<Version>, gradients: Map<Version, RealArray>): void {
  const wanted = made.inputs.map(({ version }) => leading.has(version));
  if (!wanted.includes(true)) return;
  checkUnchanged(made);
  const parts = made.backward(throughMemory(memory, made.output), wanted);
  made.inputs.forEach(({ version, view, name, across }, k) => {
    const part = parts[k];
    if (!wanted[k] || !part) return;
    assertFits(part, view, () => `${made.where}, gradient of ${name()}`);
    const sum = gradients.get(version);
    const own = toMemory(part, view);
    const added = across ? across.sum(own) : own;
    gradients.set(version, sum ? plus(sum, added) : added);
  });
}

/** A backward closure is ours: a gradient that does not fit is a bug, not a user's error. */
function assertFits(part: RealArray, view: RealArray, where: () => string): void {
  if (sameShape(part.shape, view.shape) && dtypeOf(part) === dtypeOf(view)) return;
  throw new Error(`${where()}: expected ${described(view)}, got ${described(part)}`);
}

/** The elements of a view's gradient, added up over the memory of the view: a flat array of the memory's length. */
function toMemory(gradient: RealArray, view: RealArray): RealArray {
  if (!coversMemory(view)) return scatterAdd(gradient, positions(view), [view.data.length]);
  if (!isContiguous(gradient)) return flatten(copyOf(gradient));
  return flatten(gradient);
}

function flatten(x: RealArray): RealArray {
  return reshapeView(x, [sizeOf(x.shape)]);
}

/** The gradient of a memory, seen through one of its views. */
function throughMemory(memory: RealArray, { shape, stride, offset }: Geometry): RealArray {
  return viewOf(memory, { shape, stride, offset: memory.offset + offset });
}

/**
 * A result of `grad` always carries a record when a graph is made: a constant gradient has zero derivative, not none.
 */
function resultFor(x: RealArray, memory: RealArray | undefined, createGraph: boolean): RealArray {
  const result = memory
    ? copyLike(throughMemory(memory, x), x)
    : wrapBeside<RealData>(allocate(dtypeOf(x), sizeOf(x.shape)), x.shape, x);
  if (!createGraph || recording([result])) return result;
  return markLocal(
    recorder([], { where: "grad" })(result, () => []),
    localOf(x),
  );
}

/** A copy where `like` is: gradients are where their inputs are. */
function copyLike(x: RealArray, like: RealArray): RealArray {
  const there = bringBeside(like, x);
  return there === x ? copyOf(x) : there;
}

/** A row-major copy, recorded. */
export function copyOf<T extends RealData>(x: RealArray<T>): RealArray<T> {
  const data = contiguous(x);
  const copy = wrap((data.buffer === x.data.buffer ? data.slice() : data) as T, x.shape);
  return record(copy, [x], (cotangent) => [cotangent], { where: "a copy", readsInputs: [false] });
}

function plus(a: RealArray, b: RealArray): RealArray {
  const sum = memoryOf(a.data).add(contiguous(a), contiguous(b));
  const both: Backward = (cotangent) => [cotangent, cotangent];
  return record(wrap(sum, a.shape), [a, b], both, { where: "a sum", readsInputs: [false, false] });
}

/**
 * The elements of `x`, counted in row-major order, at each `index`, as a new array of `shape`.
 * The caller answers for `index.length` and its bounds. The derivative is `scatterAdd`.
 */
export function gather<T extends RealData>(
  x: RealArray<T>,
  index: ArrayLike<number>,
  shape: readonly number[],
): RealArray<T> {
  const result = memoryOf(x.data).take(contiguous(x), index);
  const backward: Backward = (cotangent) => [scatterAdd(cotangent, index, x.shape)];
  return record(wrap(result, shape), [x], backward, { where: "gather", readsInputs: [false] });
}

/**
 * A new array of `shape`, zero but for the elements of `x` added at each `index`, counted in row-major order.
 * Repeated indices add, in float64. The caller answers for `index.length` and its bounds. The derivative is `gather`.
 */
export function scatterAdd<T extends RealData>(
  x: RealArray<T>,
  index: ArrayLike<number>,
  shape: readonly number[],
): RealArray<T> {
  const result = memoryOf(x.data).scatterAdd(contiguous(x), index, sizeOf(shape));
  const backward: Backward = (cotangent) => [gather(cotangent, index, x.shape)];
  return record(wrap(result, shape), [x], backward, { where: "scatterAdd", readsInputs: [false] });
}
