/**
 * Solves of smooth kernels in the space of their Fourier modes: conjugate gradients with products by the kernel's
 * series, and the factor of its largest modes as the preconditioner, with which a few iterations are enough. Ridges of
 * the same K share the space.
 */
import type { Task } from "../task";
import { EXACT } from "./attempt";
import type { Report } from "./attempt";
import type { Inverses, Situation } from "./choose";
import { modesForSolve } from "./modechoice";
import type { ModeNeeds } from "./modechoice";
import { ModeSpace } from "./modespace";
import type { ModeFactor } from "./modespace";
import type { Columns, Product } from "./product";
import { refine } from "./refine";
import type { RefineOptions } from "./refine";
import { onePrecision } from "./space";
import { allowedError, solveVerified } from "./verified";
import type { FastRequest } from "./verified";

/** Spaces by how much finer than asked for they are, and the factors of one ridge in them. */
interface KnownModes {
  readonly spaces: Map<number, ModeSpace | string>;
  readonly factors: Map<number, ModeFactor | string>;
  /** The ridge that spaces are made for. */
  readonly alpha: number;
}

/** Kept as long as the inverses of their system: for derivatives. */
const known = new WeakMap<Inverses, KnownModes>();

/**
 * One space for the solves of several ridges, which is made for the least of them.
 * @param request of that ridge.
 * @returns why there is none, in a clause.
 */
export function* shareModes(request: FastRequest, all: readonly Inverses[]): Task<string | null> {
  const spaces = new Map<number, ModeSpace | string>();
  for (const inverses of all) known.set(inverses, { spaces, factors: new Map(), alpha: request.situation.alpha });
  const first = yield* spaceFor(request, spaces, request.situation.alpha, 1);
  if (typeof first === "string") return first;
  for (const inverses of all) inverses.isChecked = true; // an even kernel of the same points
  return null;
}

/**
 * Solves from x on. @returns why not, in a clause; x is then a start for others.
 * @param product the exact one.
 */
export function* solveInModes(
  request: FastRequest,
  inverses: Inverses,
  product: Product,
  block: Columns,
  options: RefineOptions,
): Task<Report | string> {
  const { target, situation } = request;
  const own = known.get(inverses) ?? { spaces: new Map(), factors: new Map(), alpha: situation.alpha };
  known.set(inverses, own);
  return yield* solveVerified("in the space of modes", target, product, block, options, function* (finer, settings) {
    const factor = yield* factorFor(request, own, finer);
    if (typeof factor === "string") return factor;
    const space = onePrecision(factor.space(block.columns));
    const found = yield* refine(space, block.right, block.x, settings);
    const { features } = factor.modes;
    return { ...found, ...EXACT, method: "modes", products: "modes", rank: features, library: null, history: [] };
  });
}

function* factorFor(request: FastRequest, own: KnownModes, finer: number): Task<ModeFactor | string> {
  const before = own.factors.get(finer);
  if (before !== undefined) return before;
  const space = yield* spaceFor(request, own.spaces, own.alpha, finer);
  const found = typeof space === "string" ? space : yield* space.factorised(request.situation.alpha, request.tell);
  own.factors.set(finer, found);
  return found;
}

function* spaceFor(
  request: FastRequest,
  spaces: Map<number, ModeSpace | string>,
  alpha: number,
  finer: number,
): Task<ModeSpace | string> {
  const { situation, target } = request;
  const needs: ModeNeeds = {
    allowed: allowedError(target, alpha, situation.rows, finer),
    pick: (spectral, algebra) => modesForSolve(spectral, { alpha, target }, algebra),
  };
  const found = spaces.get(finer) ?? whyNotAsked(situation) ?? (yield* ModeSpace.of(request, needs));
  spaces.set(finer, found);
  return found;
}

/** Why a solve is not to be in the space of modes, from what was asked alone; null if it may. */
export function whyNotAsked({ symmetry, method, preconditioner, alpha }: Situation): string | null {
  if (symmetry !== "positive") return `it asks for symmetry "${symmetry}"`;
  if (method !== "auto" || preconditioner !== "auto") return "it asks for a method or a preconditioner";
  return alpha > 0 ? null : "alpha is 0";
}
