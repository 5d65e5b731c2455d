/**
 * The equation (K + alpha I) a = b for an Operator K that is linear in one of its arguments: what is known of it before
 * it is solved. Its transpose is an equation of the same kind. Knows no solver.
 */
import { bringToMachine } from "../array/transfer";
import { record, recorder } from "../array/record";
import { moveRows } from "../array/rankrows";
import { areShards, cutRows, joinRows, shardOf } from "../array/shard";
import type { Shard } from "../array/shard";
import { allocate, contiguous, dtypeOf, wrap } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import { Operator } from "../call/operator";
import { entryOf } from "../call/batches";
import type { Given, How } from "../call/prepared";
import type { Kept } from "../call/result";
import { joinShards } from "../call/shards";
import { asserted, at } from "../asserts";
import { ArgumentError, FormulaError } from "../errors";
import { extraArgument, label } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import { grad, isComponentwise, whyNotLinear } from "../formula/autodiff";
import { Category } from "../formula/formula";
import type { Formula } from "../formula/formula";
import { minus, mult } from "../formula/core";
import { replaceAt, scalarKernel } from "./kernelmatrix";
import { Product, isSameView } from "./product";
import { spreadSystem } from "./shardedsystem";
import type { SystemOptions } from "./shardedsystem";

/** The equation (K + alpha I) a = b for an operator that is linear in one of its arguments. */
export class System {
  /** k, where K is a scalar kernel. */
  readonly kernel: Formula | null;
  readonly formula: Formula;
  private readonly ofDim = new Map<number, Operator>();
  private adjoint: System | undefined;
  private negated: Operator | undefined;

  constructor(
    readonly operator: Operator,
    readonly unknown: Argument,
  ) {
    this.formula = at(operator.formulas, 0);
    const { formula } = this;
    const reason = whyNotLinear(formula, unknown.variable);
    if (reason !== undefined)
      throw new FormulaError(
        `KernelSolve: expected a formula that is linear in ${label(unknown)}, got ${String(operator)}: ${reason}`,
      );
    if (formula.dim !== unknown.dim)
      throw new FormulaError(
        `KernelSolve: expected a formula of dim ${unknown.dim} as ${label(unknown)}, got dim ${formula.dim}`,
      );
    this.kernel = scalarKernel(formula, unknown);
  }

  toString(): string {
    return `Inverse of (${String(this.operator)}) as a function of ${this.unknown.name ?? label(this.unknown)}`;
  }

  /**
   * Preconditioners are found on the machine, so arrays of a device are copied here, each once. Shards are joined, but
   * for points that travel: ranks share the products with K, and do the rest each for itself, which takes a small part of
   * the time.
   * @throws ArgumentError unless the arrays and options fit.
   */
  check(arrays: readonly RealArray[], options: SystemOptions): Given {
    const { args } = this.operator;
    if (!areShards) return this.checkHere(arrays);
    const spread = spreadSystem(args, arrays, this.unknown, options);
    if (spread) return spread;
    const { arrays: whole, ranks } = joinShards(args, arrays);
    return { ...this.checkHere(whole), ranks };
  }

  private checkHere(arrays: readonly RealArray[]): Given {
    const here = new Map(arrays.map((array) => [array, bringToMachine(array)]));
    return this.operator.check(arrays.map((array) => here.get(array) ?? array));
  }

  /** The same data with another array in the place of the unknown. */
  withUnknown(given: Given, vector: RealArray): Given {
    const arrays = replaceAt(given.arrays, this.unknown.position, vector);
    const { ranks, shards, extents } = given;
    return shards ? { ...given, arrays } : { ...this.operator.check(arrays, extents), ranks };
  }

  /** Takes the arguments down as they are now, and returns what records the solution. */
  recorder(
    inputs: readonly RealArray[],
    { shards }: Given,
    of: { readonly where: string; readonly readsOutput: boolean } = { where: "KernelSolve", readsOutput: true },
  ): ReturnType<typeof recorder> {
    const { args } = this.operator;
    const isJoined = shards !== undefined;
    return recorder(inputs, {
      ...of,
      joins: isJoined,
      totals: isJoined,
      nameOf: (k) => (k < args.length ? label(args[k]!) : "alpha"),
      readsInputs: inputs.map((_, n) => n !== this.unknown.position),
    });
  }

  /** The shape of the solution: `[...batch, rows, dim]`. */
  shape(given: Given): readonly number[] {
    const { rows, columns } = this.operator.sizes(given);
    const { category, dim } = this.unknown;
    if (given.extents[category as Category.I | Category.J] !== rows || (rows !== columns && !this.keepsUnknown()))
      throw new ArgumentError(`KernelSolve: expected a square operator, got ${rows} rows and ${columns} columns`);
    return [...given.batch, rows, dim];
  }

  keepsUnknown(): boolean {
    return this.unknown.category === this.operator.settings.rows;
  }

  /** K + alpha I times an unknown of this dim; of another one than its own only where K is a kernel. */
  product(given: Given, alpha: number, how: How, dim: number = this.unknown.dim): Product {
    const { position, category } = this.unknown;
    const rows = given.extents[category as Category.I | Category.J];
    const isOwn = dim === this.unknown.dim;
    const vector = isOwn ? at(given.arrays, position) : wrap(allocate(given.dtype, rows * dim), [rows, dim]);
    const arrays = isOwn ? given.arrays : replaceAt(given.arrays, position, vector);
    const resized = this.kernel ? (width: number): Product => this.product(given, alpha, how, width) : undefined;
    return new Product(this.ofUnknown(dim), position, { ...given, arrays }, alpha, how, { resized });
  }

  /** The reduction for an unknown of this dim, made once. */
  ofUnknown(dim: number): Operator {
    const { position, category } = this.unknown;
    if (dim === this.unknown.dim) return this.operator;
    const argument = extraArgument(position, dim, category);
    const made =
      this.ofDim.get(dim) ??
      new Operator(
        [mult(asserted(this.kernel, "a kernel"), argument.variable)],
        replaceAt(this.operator.args, position, argument),
        this.operator.settings,
      );
    this.ofDim.set(dim, made);
    return made;
  }

  /** The data of one entry of a batch. */
  entry(given: Given, entry: number): Given {
    if (given.batch.length === 0) return given;
    const { args } = this.operator;
    const arrays = given.arrays.map((array, n) => entryOf(at(args, n), array, given.batch, entry));
    return { ...given, arrays, batch: [] };
  }

  /** Columns are independent systems where the formula keeps components apart; else all components are one system. */
  layout(given: Given): { rows: number; columns: number } {
    const { rows } = this.operator.sizes(given);
    const { dim } = this.unknown;
    const apart = this.kernel !== null || isComponentwise(this.formula, this.unknown.variable);
    return apart ? { rows, columns: dim } : { rows: rows * dim, columns: 1 };
  }

  /** Whether K is a matrix whose entries a formula tells: components of an unknown may be systems of their own. */
  get isMatrix(): boolean {
    const { kernel, unknown, formula } = this;
    return !this.keepsUnknown() && (kernel !== null || !isComponentwise(formula, unknown.variable));
  }

  // ---- the derivative

  /**
   * Gradients of a product with K, or of what is made of it, for vectors that all ranks have.
   * @param operator of the arguments of this system.
   */
  pullback(
    operator: Operator,
    given: Given,
    [vector, cotangent]: readonly [RealArray, RealArray],
    wanted: readonly boolean[],
    how: How,
  ): (RealArray | null)[] {
    const { position, category } = this.unknown;
    const [own, other] = [how.shards?.[category as Kept], how.shards?.[operator.settings.rows]];
    const arrays = replaceAt(given.arrays, position, own ? cutOf(vector, own) : vector);
    const alone = own ? { ...how, ranks: undefined } : how;
    return operator.pullback(arrays, other ? cutOf(cotangent, other) : cotangent, wanted, alone);
  }

  /** -K, whose gradients are those of b - K a. */
  negative(): Operator {
    return (this.negated ??= new Operator([minus(this.formula)], this.operator.args, this.operator.settings));
  }

  /** A gradient by argument n in the rows that its user's array has, where they were moved. */
  returnRows({ shards }: Given, n: number, gradient: RealArray, users: readonly RealArray[]): RealArray {
    const category = this.operator.args[n]?.category ?? Category.P;
    const shard = category === Category.P ? undefined : shards?.[category];
    const user = shardOf(at(users, n));
    if (!shard) return gradient;
    return user ? moveRows(gradient, shard, user.counts) : joinRows(gradient, shard);
  }

  /** The system of K^T: the gradient by the unknown, linear in a cotangent that takes the unknown's place. */
  transpose(): System {
    if (this.adjoint) return this.adjoint;
    const { formula } = this;
    const { args, settings } = this.operator;
    const { position, category, variable } = this.unknown;
    const cotangent = extraArgument(position, formula.dim, settings.rows);
    const operator = new Operator([grad(formula, variable, cotangent.variable)], replaceAt(args, position, cotangent), {
      ...settings,
      rows: category as Category.I | Category.J,
    });
    this.adjoint = new System(operator, cotangent);
    this.adjoint.adjoint = this;
    return this.adjoint;
  }
}

const cutOf = (whole: RealArray, { ranks, counts }: Shard): RealArray => cutRows(whole, { ranks, counts });

// --------------------------------------------------------------------------------------------- float32 as float64

/** The numbers of an array in another dtype, recorded. */
export function recordAs(x: RealArray, dtype: Dtype): RealArray {
  const data = contiguous(x);
  const converted = wrap(dtype === "float32" ? new Float32Array(data) : new Float64Array(data), x.shape);
  const back = dtypeOf(x);
  return record(converted, [x], (cotangent) => [recordAs(cotangent, back)], {
    where: "KernelSolve",
    readsInputs: [false],
  });
}

/** Data in float64, recorded, so that derivatives run in float64, too. */
export function widen(given: Given): Given {
  return given.dtype === "float64" ? given : { ...given, arrays: widenArrays(given.arrays), dtype: "float64" };
}

/** Arrays in float64; what was one array before being one array after. */
function widenArrays(arrays: readonly RealArray[]): RealArray[] {
  const found: RealArray[] = [];
  arrays.forEach((array, n) => {
    const before = arrays.findIndex((other) => isSameView(other, array));
    found.push(before < n ? at(found, before) : recordAs(array, "float64"));
  });
  return found;
}
