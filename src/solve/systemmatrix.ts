/**
 * K itself, of the data of one call, as what is computed of a matrix beside solutions asks for it: in float64, for any
 * number of columns at once. Where the formula is a kernel k(x, y) times the unknown it is `[N, N]`, whatever the dim
 * of the unknown; else `[N D, N D]`.
 */
import { joinRows } from "../array/shard";
import { allocate, contiguous, wrap } from "../array/view";
import { Operator } from "../call/operator";
import { checkPlacement, copyArguments } from "../call/prepared";
import type { Given, How } from "../call/prepared";
import { PLAIN_SUM } from "../call/result";
import type { Tell } from "../call/run";
import type { RealData } from "../device/native";
import { at } from "../asserts";
import { ArgumentError } from "../errors";
import { extraArgument } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import { Category, substitute } from "../formula/formula";
import type { Formula } from "../formula/formula";
import { concat, extract, extractT } from "../formula/vectors";
import { Work, waitFor } from "../task";
import type { Task } from "../task";
import { blockEntries, convertGiven, leaveVisited, replaceAt, scalarEntries } from "./kernelmatrix";
import type { Pairwise } from "./kernelmatrix";
import type { ModeRequest } from "./modechoice";
import { denseWork } from "./precondition";
import type { Matrix, Preconditioner } from "./precondition";
import type { Product, RealSpace } from "./product";
import type { MatrixOptions } from "./solveoptions";
import type { System } from "./system";

/** Columns that cost little more than one. */
export const AT_ONCE = 8;

/** Products that are made of one matrix, about. */
const PRODUCTS_ABOUT = 30;

/**
 * The matrix for the data of a call.
 * @throws ArgumentError unless they fit, without batches, to a square K.
 */
export function systemMatrix(
  where: string,
  system: System,
  given: Given,
  { backend, device, compile, ranges }: MatrixOptions,
): SystemMatrix {
  const how = { ...checkPlacement({ backend, device, compile, ranges }, given), repeats: PRODUCTS_ABOUT };
  return new SystemMatrix(where, system, given, how);
}

/** The matrix K of a system, without its ridge. */
export class SystemMatrix {
  /** The order of K. */
  readonly rows: number;
  /** The entries of K; null where the formula is no kernel, or only some pairs count. */
  readonly entries: Matrix | null;
  private readonly given: Given;

  /** @throws ArgumentError for batches, and for a K that is not square. */
  constructor(
    where: string,
    private readonly system: System,
    given: Given,
    private readonly how: How,
  ) {
    if (given.batch.length > 0)
      throw new ArgumentError(
        `${where}: expected arrays without batch dimensions, got batch [${given.batch.join(", ")}]`,
      );
    const [points = 0, dim = 0] = system.shape(given);
    const { kernel, unknown } = system;
    this.given = convertGiven(copyArguments(given), "float64"); // in the background it must not change
    this.rows = kernel ? points : points * dim;
    const hasEntries = kernel && !how.ranges && !system.keepsUnknown();
    this.entries = hasEntries ? this.product(unknown.dim).matrix(kernel, unknown, "float64") : null;
  }

  /** Whether no rank has all points. */
  get isSpread(): boolean {
    return this.given.shards !== undefined;
  }

  /** K as a scalar formula of pairs of rows, where it is one. */
  get pairs(): Pairwise | null {
    const { system, how, given } = this;
    const { kernel, unknown, formula, operator } = system;
    const { args, settings } = operator;
    if (how.ranges || !system.isMatrix) return null;
    if (kernel) return scalarEntries(kernel, args, unknown, given, settings.rows);
    return blockEntries(formula, args, unknown, given, settings.rows);
  }

  /** K as a choice of modes looks at it. */
  request(tell: Tell | undefined): ModeRequest {
    const { system, given, how } = this;
    return { system, given, how, algebra: denseWork(), tell };
  }

  /** K + alpha I times so many columns, where K is a kernel. */
  ridged(alpha: number, columns: number): Product {
    return this.system.product(this.given, alpha, this.how, this.system.kernel ? columns : this.system.unknown.dim);
  }

  /** K + alpha I on blocks of so many columns. */
  space(columns: number, alpha: number, inverse?: Preconditioner): RealSpace {
    const alphas = new Array<number>(columns).fill(alpha);
    return this.addRidges(alphas, inverse && ((x, out) => inverse.apply(x, out, columns)));
  }

  /** K + alpha I on blocks of columns, each with an alpha of its own. */
  addRidges(alphas: readonly number[], precondition?: RealSpace["precondition"]): RealSpace {
    const columns = alphas.length;
    const { kernel, unknown } = this.system;
    const apply = kernel
      ? this.products(this.product(columns), columns)
      : sideBySide(new Array<Apply>(columns).fill(this.products(this.product(unknown.dim), 1)), 1);
    const addRidges = (x: RealData, out: RealData): Work<void> =>
      apply(x, out).andThen(() => {
        for (let n = 0; n < out.length; n++) out[n] = out[n]! + alphas[n % columns]! * x[n]!;
      });
    return Object.assign(this.product(unknown.dim).space(this.rows, columns, "float64", null), {
      apply: addRidges,
      resized: undefined, // columns have ridges of their own
      ...(precondition && { precondition }),
    });
  }

  private products(product: Product, columns: number): Apply {
    const space = product.space(this.rows, columns, "float64", null);
    return (x, out) => space.apply(x, out) as Work<void>;
  }

  /** K times an unknown of this dim; of another one than its own only where K is a kernel. */
  private product(dim: number): Product {
    return this.system.product(this.given, 0, this.how, dim);
  }

  /** All entries, by products with unit vectors where nothing else tells them. */
  *dense(): Task<Matrix> {
    if (this.entries) return this.entries;
    const { rows } = this;
    const all = new Float64Array(rows * rows);
    const space = this.space(AT_ONCE, 0);
    const [unit, image] = [space.vector(), space.vector()];
    for (let first = 0; first < rows; first += AT_ONCE) {
      const count = Math.min(AT_ONCE, rows - first);
      unit.fill(0);
      for (let k = 0; k < count; k++) unit[(first + k) * AT_ONCE + k] = 1;
      yield* waitFor(space.apply(unit, image));
      for (let row = 0; row < rows; row++)
        all.set(image.subarray(row * AT_ONCE, row * AT_ONCE + count), row * rows + first);
    }
    return matrixOf(all, rows);
  }

  // ---- the diagonal

  /** `[rows]`, exactly: one sweep over the points. */
  *diagonal(): Task<Float64Array> {
    const { system, how, given } = this;
    if (system.keepsUnknown()) return yield* this.diagonalOfDiagonal();
    const { operator, unknown, kernel } = system;
    const { backend, device, compile, ranges } = how;
    const unread = wrap(allocate("float64", 1), [1]);
    const arrays = replaceAt(given.arrays, unknown.position, unread);
    const own = valuesOnDiagonal(system).values(arrays, { backend, device, compile });
    const shard = given.shards?.[operator.settings.rows];
    const diagonal = Float64Array.from(contiguous(shard ? joinRows(own, shard, "of a diagonal") : own));
    if (ranges) leaveVisited(diagonal, ranges[operator.settings.rows], kernel ? 1 : unknown.dim);
    return diagonal;
  }

  /** An unknown of the kept index makes K a diagonal of blocks `[D, D]`: products with D vectors tell them. */
  private *diagonalOfDiagonal(): Task<Float64Array> {
    const dim = this.system.kernel ? 1 : this.system.unknown.dim;
    const space = this.space(1, 0);
    const [unit, image, diagonal] = [space.vector(), space.vector(), new Float64Array(this.rows)];
    for (let d = 0; d < dim; d++) {
      for (let n = 0; n < unit.length; n++) unit[n] = n % dim === d ? 1 : 0;
      yield* waitFor(space.apply(unit, image));
      for (let n = d; n < diagonal.length; n += dim) diagonal[n] = image[n]!;
    }
    return diagonal;
  }
}

/** The entries of K at pairs of a row and itself, as a formula of rows that does not read the unknown. */
function valuesOnDiagonal({ operator, unknown, kernel, formula }: System): Operator {
  const args = operator.args.map(({ position, dim, category }) =>
    extraArgument(position, dim, category === Category.P ? category : Category.I),
  );
  const onRows = operator.args.reduce(
    (values, { variable }, n) => (n === unknown.position ? values : substitute(values, variable, at(args, n).variable)),
    kernel ?? diagonalFormula(formula, unknown),
  );
  const unread = extraArgument(unknown.position, 1, Category.P);
  return new Operator([onRows], replaceAt(args, unknown.position, unread), PLAIN_SUM);
}

/** Component d of the formula for the unit vector d, for all d. */
function diagonalFormula(formula: Formula, { variable, dim }: Argument): Formula {
  const components = Array.from({ length: dim }, (_, d) =>
    extract(substitute(formula, variable, extractT(1, d, dim)), d, 1),
  );
  return components.reduce((all, one) => concat(all, one));
}

function matrixOf(all: Float64Array, rows: number): Matrix {
  const every = Array.from({ length: rows }, (_, n) => n);
  return {
    rows,
    dtype: "float64",
    diagonal: () => Float64Array.from(every, (n) => all[n * (rows + 1)]!),
    entries: (some, others, out) => {
      const [left, right] = [some ?? every, others ?? every];
      const block = out ?? new Float64Array(left.length * right.length);
      left.forEach((i, p) => {
        right.forEach((j, q) => (block[p * right.length + q] = all[i * rows + j]!));
      });
      return block;
    },
  };
}

type Apply = (x: RealData, out: RealData) => Work<void>;

/** One product after the other, each of `width` columns of a block that holds those of all, side by side. */
export function sideBySide(products: readonly Apply[], width: number): Apply {
  const [only] = products;
  if (only && products.length === 1) return only;
  return (x, out) => {
    const columns = products.length * width;
    const image = new Float64Array(x.length / products.length);
    const place = (part: number, n: number): number => Math.floor(n / width) * columns + part * width + (n % width);
    const of = (part: number): Work<void> =>
      at(products, part)(
        Float64Array.from(image, (_, n) => x[place(part, n)]!),
        image,
      ).andThen(() => {
        image.forEach((value, n) => (out[place(part, n)] = value));
      });
    return new Work(
      () => {
        for (let part = 0; part < products.length; part++) of(part).now();
      },
      async (control) => {
        for (let part = 0; part < products.length; part++) await of(part).later(control);
      },
    );
  };
}
