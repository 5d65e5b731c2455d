/**
 * What `tolerance: "auto"` is expected to take, for exact solves that are expected to be long. Nothing changes how they
 * are solved.
 */
import type { Task } from "../task";
import { Costs } from "./costs";
import { chooseModes, leastForSolve } from "./modechoice";
import { whyNotAsked } from "./modes";
import { allowedError } from "./verified";
import type { FastRequest } from "./verified";

/** Seconds, by the model of costs, from which a solve is long. */
const LONG = 5;
/** A part of the time that is worth telling. */
const WORTH = 1 / 2;

/** In a sentence; null where the solve is short, or nothing better is known. */
export function* hintFor(request: FastRequest): Task<string | null> {
  const { situation, target, algebra } = request;
  const { rows, alpha } = situation;
  const exact = algebra ? new Costs(algebra).exactSolve(rows) : 0;
  if (!(exact >= LONG) || whyNotAsked(situation) !== null) return null;
  let seconds = Infinity;
  yield* chooseModes(request, {
    allowed: allowedError(target, alpha, rows, 1),
    pick: (spectral, own) => {
      const least = leastForSolve(spectral, { alpha, target }, own);
      if (typeof least !== "string") ({ seconds } = least);
      return "it is asked for an estimate";
    },
  });
  const share = seconds / exact;
  return share <= WORTH
    ? `tolerance: "auto" is expected to take ${Math.ceil(100 * share)} % of the time of exact products`
    : null;
}
