/**
 * Random formulas over every row of the operation table, and points at which they are evaluated. Nothing here knows an
 * operation that is not in the table, so that a new row is tested by being there.
 */
import fc from "fast-check";
import { Category, type Formula, type Operation, type Parameter, make, variable } from "../../src/formula/formula";
import * as ops from "../../src/formula/ops";
import { parse } from "../../src/formula/parse";
import { attempted, fitsOf, uniform } from "./evaluate";
import type { Fit, Point } from "./evaluate";

export const x = variable(0, 3, Category.I);
export const y = variable(1, 3, Category.J);
export const s = variable(2, 1, Category.P);
export const b = variable(3, 1, Category.J);
export const VARIABLES = [x, y, s, b];
/** For rows that want an even dim. */
export const PAIRS = [variable(5, 2, Category.I), variable(6, 2, Category.J)];
export const ALIASES = ["x = Vi(3)", "y = Vj(3)", "s = Pm(1)", "b = Vj(1)"];
export const read = (text: string): Formula => parse([text], ALIASES).formulas[0]!;

// ---------------------------------------------------------------------------------------------------- evaluator

// ------------------------------------------------------------------------------------- random formulas, two ways

/** A formula as it was written, without any simplification, and what `make` built of it. */
export interface Tree {
  readonly built: Formula;
  readonly operation?: Operation;
  readonly args: readonly Tree[];
  readonly params: readonly Parameter[];
}

export const treeOf = (tree: Tree): Tree =>
  Object.assign(tree, { [fc.toStringMethod]: () => written(tree).slice(0, 2000) });
export const leaf = (built: Formula): Tree => treeOf({ built, args: [], params: [] });

export function written({ operation, built, args, params }: Tree): string {
  return operation ? `${operation.name}(${[...args.map(written), ...params].join(", ")})` : String(built);
}
export const LEAVES = [
  ...VARIABLES,
  ops.constant(2),
  ops.constant(-0.5),
  ops.zero(1),
  ops.zero(3),
  ops.constant(1),
].map(leaf);
export const ROWS = [...ops.operations.values()];

export const FITS: ReadonlyMap<Operation, readonly Fit[]> = new Map(
  ROWS.map((row) => [row, fitsOf(row, row.slots.length > 5 ? [1, 3] : [1, 2, 3, 4, 6], 6)]),
);

/** One attempt to add an operation to a pool of formulas: a row, a fit of it, arguments from the pool. */
export interface Step {
  readonly row: number;
  readonly fit: number;
  readonly args: readonly number[];
}

export const step: fc.Arbitrary<Step> = fc.record({
  row: fc.nat(ROWS.length - 1),
  fit: fc.nat(1000),
  args: fc.array(fc.nat(1000), { minLength: 4, maxLength: 4 }),
});

/** The last formula of a pool that begins with the leaves and to which every step that fits is added. */
export const trees: fc.Arbitrary<Tree> = fc
  .array(step, { minLength: 8, maxLength: 40 })
  .map((steps) => steps.reduce<readonly Tree[]>((pool, next) => extended(pool, next), LEAVES).at(-1)!);

export const formulas: fc.Arbitrary<Formula> = trees.map((tree) => tree.built);

export function extended(pool: readonly Tree[], step: Step): readonly Tree[] {
  const operation = ROWS[step.row]!;
  const fits = FITS.get(operation)!;
  const { dims, params } = fits[step.fit % fits.length]!;
  const args = dims.map((dim, n) => recentOf(pool, dim, step.args[n]!)).filter((arg) => arg !== undefined);
  if (args.length < dims.length) return pool;
  const formulas = args.map((arg) => arg.built);
  const built = attempted(() => make(operation, formulas, params));
  return built ? [...pool, treeOf({ built, operation, args, params })] : pool;
}

/** Recent formulas are preferred, so that graphs grow deep. */
export function recentOf(pool: readonly Tree[], dim: number, choice: number): Tree | undefined {
  const fitting = pool.filter((tree) => tree.built.dim === dim);
  return fitting[Math.max(fitting.length - 1 - (choice % 4), choice % Math.max(1, fitting.length))];
}

// --------------------------------------------------------------------------------------------------- comparisons

/** A generic point: no two numbers alike, none near 0. */
export function pointFrom(seed: number, [low, high]: readonly [number, number] = [0.5, 1.5]): Point {
  const next = uniform(seed);
  const number = (): number => {
    const found = low + (high - low) * next();
    return Math.abs(found) < 0.05 ? number() : found;
  };
  return new Map([...VARIABLES, ...PAIRS].map((v) => [v, Array.from({ length: v.dim }, number)]));
}

/** Runs a property that may find a sample useless; at least `least` of the samples must have been of use. */
export function assertMostly<T>(
  samples: fc.Arbitrary<T>,
  runs: number,
  least: number,
  holds: (sample: T) => boolean,
): void {
  let used = 0;
  fc.assert(
    fc.property(samples, (sample) => {
      if (holds(sample)) used++;
    }),
    { numRuns: runs, seed: 7 },
  );

  expect(used).toBeGreaterThan(least);
}
