/** Both forms of a function of an operator: a call, and a promise that can be watched and stopped. */
import { ASYNC, blocking, inBackground } from "../call/run";
import type { AsyncOptions, Tell } from "../call/run";
import { atMost, optionsOf } from "../options";
import type { OptionRows } from "../options";
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
