/**
 * What tests of formulas and engines share: a small evaluator that takes `value`, `segments` and `axes` of the rows as
 * their meaning, what rows can be built from, and how far rounding may lead. It shares no code with the engines that it
 * judges, and knows no operation by name, so that a new row is tested by being there.
 */
import { FormulaError } from "../../src/errors";
import { Category, isVariable, nodesOf, placeSegments, variable } from "../../src/formula/formula";
import type { Entry, Formula, Operation, Parameter, Segment } from "../../src/formula/formula";
import type { Slot } from "../../src/formula/slots";

// ---------------------------------------------------------------------------------------------------- evaluator

export type Vector = readonly number[];
/** What becomes of every value that an operation computes: nothing, or a little noise. */
export type Rounding = (value: number) => number;
export const exactly: Rounding = (value) => value;

export function apply(
  { shape }: Operation,
  args: readonly Vector[],
  params: readonly Parameter[],
  dim: number,
): number[] {
  const dims = args.map((arg) => arg.length);
  if (shape.kind === "view") return copied(shape.segments(dims, params), args, dim);
  if (shape.kind === "contraction") return contracted(shape.axes(dims, params), args);
  if (shape.kind === "leaf") return [params[0] as number];
  return Array.from({ length: dim }, (_, k) =>
    shape.value(
      args.map((arg) => arg[arg.length === 1 ? 0 : k]!),
      params,
    ),
  );
}

/** NaN where no segment, or more than one, gives a component. */
export function copied(segments: readonly Segment[], args: readonly Vector[], dim: number): number[] {
  const out = new Array<number>(dim).fill(NaN);
  for (const { length, arg, start, stride, target } of placeSegments(segments))
    for (let k = 0; k < length; k++) {
      const at = target.start + k * target.stride;
      out[at] = Number.isNaN(out[at]) ? (arg === undefined ? 0 : args[arg]![start + k * stride]!) : NaN;
    }
  return out;
}

export type Axes = ReturnType<Extract<Operation["shape"], { kind: "contraction" }>["axes"]>;

export function contracted({ kept, summed }: Axes, args: readonly Vector[]): number[] {
  return offsetsOf(kept, args.length).map((outer) =>
    offsetsOf(summed, args.length).reduce(
      (sum, inner) => sum + args.reduce((product, arg, n) => product * arg[outer[n]! + inner[n]!]!, 1),
      0,
    ),
  );
}

/** For each index tuple of the axes, in row-major order, the offset into each argument. */
export function offsetsOf(axes: Axes["kept"], count: number): readonly Vector[] {
  return axes.reduce<Vector[]>(
    (offsets, { size, strides }) =>
      offsets.flatMap((offset) =>
        Array.from({ length: size }, (_, index) => offset.map((from, n) => from + index * strides[n]!)),
      ),
    [Array.from({ length: count }, () => 0)],
  );
}

export type Point = ReadonlyMap<Formula, Vector>;

export function evaluate(root: Formula, point: Point, rounding: Rounding = exactly): Vector {
  const values = new Map<Formula, Vector>(point);
  for (const node of nodesOf(root).filter((found) => !isVariable(found))) {
    const args = node.args.map((arg) => values.get(arg)!);
    values.set(node, apply(node.operation, args, node.params, node.dim).map(rounding));
  }
  return values.get(root)!;
}

// ----------------------------------------------------------------------------------------- what rows are built from

/** Dims and parameters with which a row can be built. */
export interface Fit {
  readonly dims: readonly number[];
  readonly params: readonly Parameter[];
}

export const PARAMETERS: Readonly<Record<Slot["kind"], readonly Parameter[]>> = {
  formula: [],
  variable: [],
  integer: [-2, 0, 1, 2, 3, 4],
  number: [-0.5, 0.5, 2],
  list: [[], [0], [3], [0, 1]],
};
/** Every choice of dims among `dims`, and of parameters, with which the entry can be built, found by trying. */
export function fitsOf({ slots, build }: Entry, dims: readonly number[], largestDim: number): Fit[] {
  const choices = slots.map(({ kind }) => (kind === "formula" ? dims : PARAMETERS[kind]));
  const split = (values: readonly Parameter[]): Fit => ({
    dims: values.filter((_, n) => slots[n]!.kind === "formula") as number[],
    params: values.filter((_, n) => slots[n]!.kind !== "formula"),
  });
  const built = ({ dims: of, params }: Fit): Formula | undefined =>
    attempted(() => build([...of.map((dim, n) => variable(n, dim, Category.I)), ...params]));
  return combinations<Parameter>(choices)
    .map(split)
    .filter((fit) => (built(fit)?.dim ?? Infinity) <= largestDim);
}

export function combinations<T>(choices: readonly (readonly T[])[]): T[][] {
  return choices.reduce<T[][]>(
    (lists, choice) => lists.flatMap((list) => choice.map((value) => [...list, value])),
    [[]],
  );
}

/** What `build` gives, or undefined where it throws a FormulaError. */
export function attempted<T>(build: () => T): T | undefined {
  try {
    return build();
  } catch (error) {
    if (error instanceof FormulaError) return undefined;
    throw error;
  }
}

// ----------------------------------------------------------------------------------------------------- rounding

/**
 * Named here, because jest looks up a global hundred times slower than a name of the file, and these are called for
 * every number.
 */
const { imul } = Math;
const { isFinite } = Number;

/** Uniform numbers in [0, 1), the same for the same seed. */
export function uniform(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Multiplies every value by 1 ± `relative` / 2, and moves it by 1/100 of that. */
export function noise(seed: number, relative = 1e-11): Rounding {
  const next = uniform(seed);
  return (value) => value * (1 + relative * (next() - 0.5)) + 0.01 * relative * (next() - 0.5);
}

/**
 * How far two ways of computing a value may differ by rounding: ten times what happens to it when every step is
 * disturbed by `relative`. (Stochastic arithmetic, as in CESTAC.) Undefined where a step is not finite, or is at a
 * jump, where any answer is right.
 */
export function allowances(
  run: (rounding: Rounding) => Vector,
  relative = 1e-11,
): { value: Vector; allowed: Vector } | undefined {
  let endless = 0;
  const watched = (rounding: Rounding): Vector =>
    run((value) => {
      if (!isFinite(value)) endless++;
      return rounding(value);
    });
  const value = watched(exactly);
  const disturbed = Array.from({ length: 6 }, (_, n) => watched(noise(n + 1, relative)));
  const allowed = value.map((v, k) => 10 * Math.max(...disturbed.map((d) => Math.abs(d[k]! - v))) + 0.1 * relative);
  const smooth = allowed.every((a, k) => a < 1e7 * relative * (1 + Math.abs(value[k]!)));
  return endless === 0 && smooth ? { value, allowed } : undefined;
}

export function expectWithin(got: Vector, expected: Vector, allowed: Vector, about: () => string): void {
  const wrong = expected.some((v, k) => !(Math.abs(got[k]! - v) <= allowed[k]!));
  if (wrong || got.length !== expected.length)
    throw new Error(`${about()}: expected ${expected.join()}, got ${got.join()}, allowed ${allowed.join()}`);
}
