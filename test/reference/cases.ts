/**
 * Reference data (see data/README.md), which were made without this library, held against the public doors: value,
 * every gradient, second order. Nothing is widened for a case to pass; what float32 may add is derived where it is
 * named.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ndarray from "ndarray";
import type { NdArray } from "ndarray";
import { Genred, KeopsError, KernelSolve, grad, requiresGrad } from "../../src/index";
import type { BackendName, Dtype, GenredOptions, RealArray, ReductionName, SolveOptions } from "../../src/index";

interface Stored {
  readonly shape: readonly number[];
  readonly data: readonly (number | "Infinity" | "-Infinity" | "NaN")[];
}
type Stores = Readonly<Record<string, Stored>>;

export interface Case {
  readonly id: string;
  readonly kind?: "KernelSolve";
  readonly formula: string;
  readonly aliases: readonly string[];
  readonly reductionOp: ReductionName;
  readonly axis: 0 | 1;
  readonly formula2?: string | null;
  readonly optArg?: number | null;
  readonly inputs: readonly (Stored & { readonly name: string })[];
  readonly ranges?: readonly unknown[];
  readonly expected: Stored | { readonly values: Stored; readonly indices: Stored };
  readonly cotangent?: Stored;
  readonly grads?: Stores;
  readonly secondOrder?: { readonly of: string; readonly cotangent: Stored; readonly grads: Stores };
  readonly tolerance: number;
  /** A clear error is as good as the result. */
  readonly discretionary?: boolean;
  readonly varinvalias?: string;
  readonly alpha?: number;
  readonly sameArray?: readonly number[];
  readonly gradsPerArgument?: Stores;
  readonly condition?: number;
  readonly residualTolerance?: number;
}

export interface Run {
  readonly backend: BackendName;
  readonly dtype: Dtype;
}

export const RUNS: readonly Run[] = (["reference", "cpu", "tiles"] as const).flatMap((backend) =>
  (["float64", "float32"] as const).map((dtype) => ({ backend, dtype })),
);

/** Gradients that the data have less precisely than they claim; data/README.md says how these were made. */
const CORRECTIONS = read("corrections") as Readonly<Record<string, Stores>>;

export function casesIn(file: string): Case[] {
  return (read(file) as Case[]).map((found) => ({
    ...found,
    ...(CORRECTIONS[found.id] && { grads: CORRECTIONS[found.id]! }),
  }));
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(join(__dirname, "..", "data", `${file}.json`), "utf8"));
}

// --------------------------------------------------------------------------------------------------- comparison

/**
 * What float32 may add to the tolerance, relative to the largest expected number. Inputs and results are rounded by
 * 6e-8; the cases amplify that by 10 to 100 where they amplify at all, and sums of up to 1500 terms of both signs lose
 * as much again.
 */
const FLOAT32 = 2e-5;
/**
 * Larger amplifications. In 150 dimensions the terms of the gradient by g, with their exponents, cancel to 1 / 11900 of
 * their size. Both factors, exponents F of 1300 and 1600, and their logarithms are each rounded by F / 2^24, and
 * exponentials are off by so much. Where two columns prevail with F of 1584, their terms, as large as y = 39.96, cancel
 * to the difference of the two y, 0.4.
 */
const FLOAT32_EXCEPTIONS: Readonly<Record<string, number>> = {
  "edge-wide-1": 11_900 * 2 ** -24,
  "edge-LSE-large-1": 1300 * 2 ** -22,
  "edge-LSE-large-2": 1600 * 2 ** -22,
  "edge-LSE-large-3": 1584 * 2 ** -22 * (39.96 / 0.4),
};

function toleranceOf({ id, tolerance }: Case, dtype: Dtype): number {
  return dtype === "float64" ? tolerance : (FLOAT32_EXCEPTIONS[id] ?? FLOAT32);
}

type Got = RealArray | NdArray<Int32Array>;

/**
 * `max |got - expected| <= tolerance max |expected|`, or `<= tolerance` where all expected numbers are 0; infinities
 * must match.
 */
function expectClose(what: string, got: Got, { shape, data }: Stored, tolerance: number): void {
  const expected = data.map((value) => (got.dtype === "float32" ? inFloat32(Number(value)) : Number(value)));
  const finite = expected.filter(Number.isFinite).map(Math.abs);
  const scale = Math.max(0, ...finite) || 1;
  const errors = expected.map((value, n) => errorAgainst(value, got.data[got.offset + n]!));
  const worst = Math.max(0, ...errors) / scale;
  expect({ what, shape: got.shape, within: worst <= tolerance || worst }).toEqual({
    what,
    shape: [...shape],
    within: true,
  });
}

/** Numbers beyond the largest of a dtype are infinities in it. */
const inFloat32 = (value: number): number => (Number.isFinite(Math.fround(value)) ? value : Math.fround(value));

function errorAgainst(expected: number, got: number): number {
  if (Object.is(expected, got) || expected === got) return 0;
  const error = Math.abs(expected - got);
  return Number.isNaN(error) ? Infinity : error;
}

function arrayOf({ shape, data }: Stored, dtype: Dtype): RealArray {
  const numbers = data.map(Number);
  return ndarray(dtype === "float64" ? Float64Array.from(numbers) : Float32Array.from(numbers), [...shape]);
}

// --------------------------------------------------------------------------------------------------- reductions

export type Call = (...args: unknown[]) => Got | readonly [RealArray, NdArray<Int32Array>];

function reductionOf({ formula, aliases, axis, reductionOp, formula2, optArg }: Case): Call {
  const options: GenredOptions = { axis, reductionOp, formula2, optArg };
  return Genred(formula, aliases, options) as unknown as Call;
}

/** The case's numbers on a backend; a clear error is enough where the case says so. */
export function checkReduction(found: Case, run: Run, via: (found: Case) => Call = reductionOf): void {
  try {
    checkNumbers(found, run, via);
  } catch (error) {
    if (!(found.discretionary && error instanceof KeopsError)) throw error;
  }
}

function checkNumbers(found: Case, { backend, dtype }: Run, via: (found: Case) => Call): void {
  const { inputs, expected, ranges } = found;
  const args = inputs.map((input) => requiresGrad(arrayOf(input, dtype)));
  const got = via(found)(...args, { backend, ...(ranges && { ranges }) });
  const tolerance = toleranceOf(found, dtype);
  const [values, indices] = Array.isArray(got) ? (got as [RealArray, Got]) : [got as RealArray, undefined];
  expectClose("value", values, "shape" in expected ? expected : expected.values, tolerance);
  if (indices && "indices" in expected) expectClose("indices", indices, expected.indices, 0);
  checkGradients(found, values, args, tolerance);
}

function checkGradients(found: Case, out: RealArray, args: readonly RealArray[], tolerance: number): void {
  const { inputs, cotangent, grads, secondOrder } = found;
  if (!cotangent || !grads) return;
  const names = inputs.map(({ name }) => name);
  const e = requiresGrad(arrayOf(cotangent, out.dtype));
  const wanted = names.filter((name) => name in grads);
  const of = (name: string): RealArray => args[names.indexOf(name)]!;
  grad(out, wanted.map(of), e).forEach((gradient, n) =>
    expectClose(`gradient by ${wanted[n]!}`, gradient, grads[wanted[n]!]!, tolerance),
  );
  if (!secondOrder) return;
  const [first] = grad(out, [of(secondOrder.of)], e, { createGraph: true });
  const all = [...names, "cotangent"];
  grad(first, [...args, e], arrayOf(secondOrder.cotangent, out.dtype)).forEach((gradient, n) =>
    expectClose(`second order by ${all[n]!}`, gradient, secondOrder.grads[all[n]!]!, tolerance),
  );
}

// ------------------------------------------------------------------------------------------------------- solves

/**
 * Rounding the data of a system to float32 moves its solution by about `condition` roundings. A gradient takes two
 * solutions, and one by a parameter sums terms of both signs over all pairs: ten times as many. At N = 500 that is
 * 1.8e-3; the tutorial allows 2.4e-3.
 */
const ROUNDING = 2 ** -24;

export type Solve = (args: readonly RealArray[], options: SolveOptions) => RealArray;

function solveOf({ formula, aliases, varinvalias, axis }: Case): Solve {
  const solve = KernelSolve(formula, aliases, varinvalias!, { axis });
  return (args, options) => solve(...args, options);
}

const optionsOf = ({ alpha, residualTolerance }: Case, { backend, dtype }: Run): SolveOptions => ({
  alpha: alpha!,
  eps: 0,
  rtol: dtype === "float64" ? residualTolerance! : 0,
  backend,
});

/** Solution and gradients, with the same array in several places and with one of its own in each. */
export function checkSolve(found: Case, run: Run, via: (found: Case) => Solve = solveOf): void {
  const { inputs, sameArray = [], expected, cotangent, grads = {}, condition = 1 } = found;
  const [forSolution, forGradients] =
    run.dtype === "float64" ? [found.tolerance, found.tolerance] : [condition * ROUNDING, 10 * condition * ROUNDING];
  const own = inputs.map((input) => requiresGrad(arrayOf(input, run.dtype)));
  const args = own.map((input, n) => (sameArray.includes(n) ? own[sameArray[0]!]! : input));
  const out = via(found)(args, optionsOf(found, run));
  expectClose("solution", out, expected as Stored, forSolution);
  const names = Object.keys(grads);
  const wanted = names.map((name) => own[inputs.findIndex((input) => input.name === name)]!);
  grad(out, wanted, arrayOf(cotangent!, run.dtype)).forEach((gradient, n) =>
    expectClose(`gradient by ${names[n]!}`, gradient, grads[names[n]!]!, forGradients),
  );
  checkSplit(found, via(found)(own, optionsOf(found, run)), own, forGradients);
}

function checkSplit(found: Case, out: RealArray, own: readonly RealArray[], tolerance: number): void {
  const { inputs, cotangent, gradsPerArgument = {} } = found;
  for (const [name, expected] of Object.entries(gradsPerArgument)) {
    const at = inputs.findIndex((input) => input.name === name);
    const [gradient] = grad(out, [own[at]!], arrayOf(cotangent!, out.dtype));
    expectClose(`gradient by ${name} alone`, gradient, expected, tolerance);
  }
}
