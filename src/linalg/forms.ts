/**
 * What functions of operators have in common: two forms, a call and a promise that can be watched and stopped; and
 * first derivatives, through one more product that is recorded, so that whatever A x reads gets its derivative from
 * there. The one idea of these: a solution or an eigenvalue changes with A only by d(A x), x held.
 */
import { mul, neg, reshape } from "../array/arithmetic";
import { checksum, detach, record, recording } from "../array/record";
import type { RealArray } from "../array/view";
import { at } from "../asserts";
import { ASYNC, blocking, inBackground } from "../call/run";
import type { AsyncOptions, Tell } from "../call/run";
import { ArgumentError } from "../errors";
import { atMost, optionsOf } from "../options";
import type { OptionRows } from "../options";
import { waysOf } from "../solve/linearoperator";
import type { LinearOperator } from "../solve/linearoperator";
import type { Task } from "../task";

/** The work of a call: what it is given before its options, and those. */
export type Begin<O, R> = (given: readonly unknown[], options: O, tell?: Tell) => Task<R>;

/** @param count arguments before the options. @param shown what is returned of what was found. */
export function makeForms<O extends object, R>(
  [where, count]: readonly [where: string, count: number],
  rows: OptionRows,
  begin: Begin<O, R>,
  shown: (found: R) => unknown,
): object {
  const asyncRows = { ...rows, ...ASYNC };
  const call = (...given: unknown[]): unknown => {
    atMost(where, count + 1, given);
    return shown(blocking(begin(given.slice(0, count), optionsOf(where, given[count] as O | null | undefined, rows))));
  };
  const later = async (...given: unknown[]): Promise<unknown> => {
    atMost(where, count + 1, given);
    const all = optionsOf(where, given[count] as (O & AsyncOptions) | null | undefined, asyncRows);
    const { signal, onProgress, ...own } = all;
    const first = given.slice(0, count);
    return shown(await inBackground("iterations", (tell) => begin(first, own as O, tell), { signal, onProgress }));
  };
  return Object.assign(call, { async: later });
}

// --------------------------------------------------------------------------------------------------- first derivatives

/** What keeps watch of an operator while others may change its arrays. */
export interface Watch {
  /** A x, recorded, where A takes part in derivatives, else null. @throws ArgumentError for arrays that have changed. */
  readonly imageOf: (x: RealArray) => RealArray | null;
}

/** Takes down what the operator is now. */
export function watchOf(where: string, operator: LinearOperator): Watch {
  const { inputs, isOpaque } = waysOf(operator);
  const takesPart = recording(inputs);
  const sums = takesPart ? inputs.map(checksum) : [];
  const imageOf = (x: RealArray): RealArray | null => {
    if (!takesPart && !isOpaque) return null;
    if (sums.some((sum, n) => checksum(at(inputs, n)) !== sum))
      throw new ArgumentError(`${where}: expected arrays that stay as they are while it runs, got one overwritten`);
    const image = operator.matvec(detach(x));
    return recording([image]) ? image : null;
  };
  return { imageOf };
}

/** @throws ArgumentError where a derivative would have one in its turn. */
export function refuseSecond(where: string, inputs: readonly RealArray[]): void {
  if (recording(inputs))
    throw new ArgumentError(`grad of ${where}: expected no createGraph, as there are first derivatives only, got it`);
}

/**
 * The solution x of A x = b, recorded by b and A.
 * @param adjoint solves with the transpose.
 */
export function recordSolution(
  where: string,
  [x, b, image]: readonly [x: RealArray, b: RealArray, image: RealArray | null],
  adjoint: (cotangent: RealArray) => RealArray,
): RealArray {
  const inputs = image ? [b, image] : [b];
  const backward = (cotangent: RealArray): RealArray[] => {
    refuseSecond(where, inputs);
    const lambda = adjoint(cotangent);
    return image ? [lambda, neg(lambda)] : [lambda];
  };
  return record(x, inputs, backward, { where, readsInputs: [false, false] });
}

/** Values λ_k = u_k · A v_k, u and v held, recorded by A; image = A v. */
export function recordValues(
  where: string,
  [values, left, image]: readonly [values: RealArray, left: RealArray, image: RealArray | null],
): RealArray {
  if (!image) return values;
  const backward = (cotangent: RealArray): RealArray[] => {
    refuseSecond(where, [image]);
    return [mul(detach(left), reshape(cotangent, [1, at(values.shape, 0)]))];
  };
  return record(values, [image], backward, { where, readsInputs: [false] });
}

/** Vectors, whose derivatives are refused. */
export function recordVectors(where: string, vectors: RealArray, image: RealArray | null): RealArray {
  if (!image) return vectors;
  const refuse = (): never => {
    throw new ArgumentError(`grad of ${where}: expected a function of the values alone, got one of vectors`);
  };
  return record(vectors, [image], refuse, { where, readsInputs: [false] });
}
