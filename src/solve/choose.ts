/**
 * How a linear system is solved: which preconditioners are tried, in which order and precision. All of them serve the
 * same iteration, and the true residual alone decides; a dense factorisation is the preconditioner with which one
 * iteration is enough.
 */
import { generator } from "../array/array";
import type { Dtype, RealArray } from "../array/view";
import type { Tell } from "../call/run";
import { ArgumentError } from "../errors";
import { describeValue } from "../options";
import type { OptionsOf, SettledOf } from "../options";
import type { Task } from "../task";
import { Costs, LeastCost, ruleOf } from "./costs";
import type { GMRES } from "./gmres";
import { lowRank } from "./lowrank";
import { iterationsNearDiagonal } from "./probes";
import {
  blockJacobi,
  exactInverse,
  fitsFactorisation,
  functionPreconditioner,
  nearInverse,
  traceOf,
} from "./precondition";
import type { Algebra, Interval, Matrix, Preconditioner } from "./precondition";
import type { Attempt } from "./product";

// -------------------------------------------------------------------------------------------------------- options

/**
 * A preconditioner that is made from entries of K: of a rank that a model of the cost finds, or of a given one; or
 * none.
 */
export type PreconditionerOfEntries = "auto" | "none" | { readonly rank: number };

/** What iterations may be preconditioned by; a function multiplies residuals. */
export type PreconditionerOption = PreconditionerOfEntries | ((residual: RealArray) => RealArray);

/** The options that say how a system is solved. */
export const CHOICE = {
  /**
   * `"direct"` factorises K + alpha I in float64 (Cholesky, n²·8 bytes), `"cg"` iterates; `"auto"` (the default)
   * factorises small systems, and larger ones where iterations fail. Factorisations need a formula that is a kernel
   * k(x, y) times the unknown.
   */
  method: { kind: ["auto", "cg", "direct"], default: "auto" },
  /**
   * What iterations are preconditioned by: randomly pivoted Cholesky of a rank that a model of the cost finds
   * (`"auto"`, the default) or of a given rank, with `ranges` the inverses of diagonal blocks; `"none"`; or a function
   * that multiplies residuals, in the shape of the solution, by something near the inverse of K + alpha I, symmetric
   * and positive definite.
   */
  preconditioner: {
    expected: '"auto", "none", a function, or {rank} with an integer of at least 1',
    accepts: (value: unknown): value is PreconditionerOption => isOfEntries(value) || typeof value === "function",
    default: "auto",
  },
  /**
   * What K + alpha I is: symmetric positive definite (`"positive"`, the default), symmetric (`"indefinite"`: MINRES),
   * or square (`"none"`: GMRES; derivatives solve with the transpose). The last two know neither preconditioners nor
   * factorisations.
   */
  symmetry: { kind: ["positive", "indefinite", "none"], default: "positive" },
  /**
   * What iterations run in; residuals are always recomputed in float64, and they alone decide. `"auto"` (the default):
   * float32 data are iterated in float32 where that is stable; `"mixed"`: in float32, with as many rounds as the
   * residual asks for; `"float64"`; and `"float32"`: one such round, whose residual is told, and accepted, wherever it
   * ends.
   */
  precision: { kind: ["auto", "float32", "mixed", "float64"], default: "auto" },
  /**
   * `"auto"`: products with K may lose what `eps` and alpha allow, so that a solve takes time that grows with n where
   * the kernel allows it, in up to three dimensions: smooth kernels of differences are solved in the space of their
   * Fourier modes, others with products from near pairs and a grid. The residual is then that of 200 rows with all
   * pairs. By default products are exact.
   */
  tolerance: { expected: '"auto"', accepts: (value: unknown): value is "auto" => value === "auto" },
} as const;

export type Choice = OptionsOf<typeof CHOICE>;

/** `"direct"` factorises K + alpha I, `"cg"` iterates. */
export type SolveMethod = (typeof CHOICE.method.kind)[number];

/** What is known of K + alpha I. */
export type MatrixSymmetry = (typeof CHOICE.symmetry.kind)[number];

export function isOfEntries(value: unknown): value is PreconditionerOfEntries {
  const rank = (value as { readonly rank?: unknown } | null | undefined)?.rank;
  return value === "auto" || value === "none" || (Number.isSafeInteger(rank) && (rank as number) >= 1);
}

/** @throws ArgumentError for options that do not go with the symmetry. */
export function checkChoice(choice: Choice & OptionsOf<typeof GMRES>): void {
  const { symmetry = "positive", method = "auto", preconditioner = "auto", restart } = choice;
  if (symmetry !== "none" && restart !== undefined)
    throw new ArgumentError(`restart: expected none with symmetry "${symmetry}", got ${describeValue(restart)}`);
  if (symmetry === "positive") return;
  if (method !== "auto")
    throw new ArgumentError(`method: expected "auto" with symmetry "${symmetry}", got ${describeValue(method)}`);
  if (preconditioner !== "auto" && preconditioner !== "none")
    throw new ArgumentError(
      `preconditioner: expected "none" with symmetry "${symmetry}", got ${describeValue(preconditioner)}`,
    );
}

/** What a choice is made from. */
export interface Situation extends SettledOf<typeof CHOICE> {
  readonly alpha: number;
  readonly rows: number;
  /** The shape of the solution, without batch dimensions. */
  readonly shape: readonly number[];
  /** The dtype of the data. */
  readonly dtype: Dtype;
  /** K in a dtype, null where components are systems of their own. */
  readonly matrix: ((dtype: Dtype) => Matrix) | null;
  /** Where only some pairs count: the diagonal blocks in which all do. */
  readonly blocks: readonly Interval[] | null;
  /** Null without the addon. */
  readonly algebra: Algebra | null;
  /** What products take of the time of all pairs: 1 by default. */
  readonly share?: number | undefined;
  readonly tell?: Tell | undefined;
}

/** @throws ArgumentError where entries of K are asked for that there are not. */
export function checkSituation({ method, preconditioner, matrix, blocks }: Situation): void {
  if (matrix && !blocks) return;
  const because = blocks ? "with ranges" : "for a formula with another kernel for every component";
  if (method === "direct") throw new ArgumentError(`method: expected "auto" or "cg" ${because}, got "direct"`);
  if (typeof preconditioner === "object")
    throw new ArgumentError(`preconditioner: expected "auto", "none" or a function ${because}, got {rank}`);
}

// ------------------------------------------------------------------------------------------------------- attempts

/** Up to this many rows a factorisation costs less than looking for a preconditioner. */
const DIRECT_ROWS = 400;
/** Plain iterations that a matrix near its diagonal may take; with more, no look at some rows is trusted. */
const FEW = 30;
/** Further iterations that other rows than those may ask for. */
const SLACK = 10;
/** Roundoff of float32 times the trace over alpha: beyond, a float32 preconditioner is noise. */
const FLOAT32_BOUND = 0.1;
/** More iterations than these and twice the expected number show that the guess was bad. */
const PATIENCE = 50;
/** How long residuals of a nearly singular matrix may stay where they are. */
const IDLE = 20;
const SEED = 5;

/** A situation in which there are entries of K, and dense algebra. */
type EntriesSituation = Situation & { readonly matrix: (dtype: Dtype) => Matrix; readonly algebra: Algebra };

type IsEnough = (attempt: Attempt) => Task<boolean>;

/** A preconditioner or, where none is better, none, with the iterations that it is expected to need. */
interface Guess {
  readonly inverse: Preconditioner | null;
  readonly iterations: number;
}

/** Columns that nothing is made of, as iterations with them are expected to cost more than another way. */
const IN_VAIN: Guess = { inverse: null, iterations: Infinity };

/** Finds preconditioners for one system and keeps them for the solves of its derivatives. */
export class Inverses {
  private readonly found = new Map<string, Preconditioner | null>();
  private readonly guesses = new Map<string, Guess | null>();

  /** @param isChecked whether the operator was found symmetric. */
  constructor(public isChecked: boolean = false) {}

  /** Frees what they have on a device. */
  release(): void {
    for (const inverse of this.found.values()) inverse?.parts?.release?.();
    for (const guess of this.guesses.values()) guess?.inverse?.parts?.release?.();
  }

  /** Tries one attempt after the other, until `isEnough` says so. */
  *attempts(situation: Situation, isEnough: IsEnough): Task<void> {
    const { method, preconditioner, matrix, blocks, algebra, alpha, shape } = situation;
    const plain: Attempt = { inverse: null, dtype: fastDtype(situation), patience: Infinity };
    if (typeof preconditioner === "function")
      yield* isEnough({ ...plain, inverse: functionPreconditioner(preconditioner, shape) });
    else if (!matrix || !algebra || (method === "cg" && preconditioner === "none")) yield* isEnough(plain);
    else if (blocks) {
      const make = (): Task<Preconditioner | null> => blockJacobi(matrix("float64"), alpha, algebra, blocks);
      yield* isEnough({
        ...plain,
        inverse: preconditioner === "none" ? null : yield* findOrMake(this.found, "blocks", make),
      });
    } else {
      const dense = { ...situation, matrix, algebra };
      if (yield* this.tryPlain(dense, isEnough)) return;
      if (yield* this.tryLowRank(dense, isEnough)) return;
      if (yield* this.tryFactor(dense, isEnough)) return;
      yield* isEnough(plain);
    }
  }

  /** Plain iterations, where K is near its diagonal: neither columns nor a factorisation would gain anything. */
  private *tryPlain(situation: EntriesSituation, isEnough: IsEnough): Task<boolean> {
    const { method, preconditioner, matrix, alpha, algebra, rows, share } = situation;
    if (method !== "auto" || preconditioner !== "auto") return false;
    const dtype = fastDtype(situation);
    const count = iterationsNearDiagonal(matrix(dtype), alpha);
    const costs = new Costs(algebra, share);
    const isCheaper = (): boolean => costs.iterations(count, 0, rows, dtype) < costs.factorisation(rows);
    if (count > FEW || (fitsFactorisation(rows) && !isCheaper())) return false;
    return yield* isEnough({ inverse: null, dtype, patience: SLACK + 2 * Math.ceil(count) });
  }

  /** Iterations with a low-rank preconditioner, where a factorisation is not expected to cost less. */
  private *tryLowRank(situation: EntriesSituation, isEnough: IsEnough): Task<boolean> {
    const { method, preconditioner, algebra, rows, share } = situation;
    const mayFactorise = fitsFactor(situation);
    if (mayFactorise && (method !== "auto" || rows <= DIRECT_ROWS)) return false;
    const costs = new Costs(algebra, share);
    const hasOther = mayFactorise && preconditioner === "auto";
    const limit = hasOther ? costs.factorisation(rows) : Infinity;
    for (const of of lowRankDtypes(situation)) {
      const found = yield* this.guess(of, situation, costs, limit);
      if (!found) continue;
      if (found === IN_VAIN) return false;
      const dtype = found.inverse ? of : fastDtype(situation);
      if (yield* isEnough({ inverse: found.inverse, dtype, patience: PATIENCE + 2 * found.iterations })) return true;
    }
    return false;
  }

  /** Null where rounding leaves none that is positive definite. @param limit seconds of another way. */
  private guess(of: Dtype, situation: EntriesSituation, costs: Costs, limit: number): Task<Guess | null> {
    const { preconditioner, algebra, alpha, matrix, rows, tell } = situation;
    tell?.({ doing: "preconditioner" });
    return findOrMake(this.guesses, of, function* () {
      const rule = ruleOf(preconditioner, new LeastCost(costs, alpha, limit));
      const low = yield* lowRank(matrix(of), algebra, generator(SEED), rule);
      const dtype = low.rank > 0 ? of : fastDtype(situation);
      if (costs.iterations(low.iterations, low.rank, rows, dtype) > limit) return IN_VAIN;
      const inverse = yield* low.inverse(alpha);
      return inverse || low.rank === 0 ? { inverse, iterations: low.iterations } : null;
    });
  }

  /** A factorisation, of a matrix nearby where K + alpha I has none. */
  private *tryFactor(situation: EntriesSituation, isEnough: IsEnough): Task<boolean> {
    const { matrix, algebra, alpha, tell } = situation;
    if (!fitsFactor(situation)) return false;
    tell?.({ doing: "factorisation" });
    const exact = yield* findOrMake(this.found, "direct", () => exactInverse(matrix("float64"), alpha, algebra));
    if (exact) return yield* isEnough({ inverse: exact, dtype: "float64", patience: PATIENCE });
    const near = yield* findOrMake(this.found, "near", () => nearInverse(matrix("float64"), alpha, algebra));
    if (!near) return false;
    yield* isEnough({ inverse: near, dtype: "float64", patience: Infinity, idle: IDLE });
    return true;
  }
}

function* findOrMake<T>(found: Map<string, T>, name: string, make: () => Task<T>): Task<T> {
  const known = found.get(name);
  if (known !== undefined) return known;
  const made = yield* make();
  found.set(name, made);
  return made;
}

const fitsFactor = ({ method, rows }: Situation): boolean => method !== "cg" && fitsFactorisation(rows);

/** What iterations run in before anything is known. */
function fastDtype({ precision, dtype }: Situation): Dtype {
  if (precision === "auto") return dtype;
  return precision === "float64" ? "float64" : "float32";
}

/** In float32 where that is enough, then in float64. */
function lowRankDtypes(situation: EntriesSituation): ReadonlySet<Dtype> {
  const { preconditioner, precision, alpha } = situation;
  if (preconditioner === "none" || alpha === 0) return new Set();
  if (precision !== "auto") return new Set([fastDtype(situation)]);
  return new Set<Dtype>(fitsFloat32(situation) ? ["float32", "float64"] : ["float64"]);
}

function fitsFloat32({ alpha, dtype, matrix }: EntriesSituation): boolean {
  return dtype === "float32" && 2 ** -24 * traceOf(matrix(dtype)) < FLOAT32_BOUND * alpha;
}
