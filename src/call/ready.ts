/**
 * A call that is ready to run, now or later, and what is left to do then. Knows nothing of formulas.
 */
import { waitFor } from "../task";
import type { Task, TwoForms } from "../task";
import type { Result } from "./result";

/** A reduction of checked arrays, in its two forms. */
export type Launch = TwoForms<void>;

/** A call that is ready: what computes it, and what is left to do then. */
export interface Ready extends Launch {
  readonly end: () => Result;
  /** Frees what it has made, where there will be no end. */
  readonly abandon: () => void;
}

/** The result in its turn; a call that fails or is stopped leaves nothing on a device. */
export function* whole(ready: Ready): Task<Result> {
  let result: Result | undefined;
  try {
    yield* waitFor(ready);
    return (result = ready.end());
  } finally {
    if (!result) ready.abandon();
  }
}

export function compute(ready: Ready): Result {
  ready.now();
  return ready.end();
}

export const withoutIndices = (ready: Ready): Ready => ({ ...ready, end: () => ({ ...ready.end(), indices: null }) });
