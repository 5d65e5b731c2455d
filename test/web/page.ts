/** What a page of the tests computes, bundled by visit.mjs: reference data, and what a page does beside computing. */
import { KeopsError, errors, rand, ready, settings } from "../../src/index";
import { casesIn, checkReduction, checkSolve } from "../reference/cases";
import { compute, gaussian, numbers } from "./compute";
import type { Findings, Wanted } from "./findings";

declare const window: { check?: unknown };

const warnings: string[] = [];
console.warn = (text: string) => warnings.push(text);

/** As much of jest's as the checks use. */
const expected = (got: unknown): object => ({
  toEqual: (wanted: unknown): void => {
    const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)];
    if (a !== b) throw new Error(`expected ${b}, got ${a}`);
  },
});
Object.assign(globalThis, { expect: expected });

/** How many threads have told that they run. */
let begun = 0;
const { Worker: Plain } = globalThis as unknown as { Worker: new (url: string, options?: object) => EventTarget };
class Watched extends Plain {
  constructor(url: string, options?: object) {
    super(url, options);
    this.addEventListener("message", (event) => {
      const { data } = event as Event & { readonly data: object };
      begun += Number("begun" in data);
    });
  }
}
Object.assign(globalThis, { Worker: Watched });

const failureOf = (action: () => unknown): string | null => {
  try {
    action();
    return null;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
};

/** What is wrong with each case that is wanted, or null. */
function checkCases({ files, ids }: Wanted): Findings["cases"] {
  const cases = files.flatMap(casesIn);
  return ids.map(({ id, dtype }) => {
    const found = cases.find((one) => one.id === id);
    if (!found) return `expected a case ${id}, got none`;
    const check = found.kind === "KernelSolve" ? checkSolve : checkReduction;
    return failureOf(() => check(found, { backend: "tiles", dtype }));
  });
}

/** A promise equals the call, many at once too; one is stopped, and tells before how far it is. */
async function checkPromises(): Promise<Pick<Findings, "promises" | "stopped" | "fractions" | "after">> {
  const [x, b] = [rand([3000, 3], { seed: 1 }), rand([3000, 1], { seed: 2 })];
  const once = numbers(gaussian(x, x, b));
  const many = await Promise.all([1, 2, 3, 4, 5].map(() => gaussian.async(x, x, b)));
  const promises = many.every((one) => numbers(one).every((value, n) => value === once[n]));
  const [y, c] = [rand([60_000, 3], { seed: 1 }), rand([60_000, 1], { seed: 2 })];
  const stop = new AbortController();
  const fractions: number[] = [];
  const onProgress = ({ fraction = 0 }): void => {
    fractions.push(fraction);
    if (fraction > 0) stop.abort();
  };
  let stopped = "";
  try {
    await gaussian.async(y, y, c, { signal: stop.signal, onProgress });
  } catch (error) {
    stopped = error instanceof errors.InterruptedError ? error.code : String(error);
  }
  const after = numbers(await gaussian.async(x, x, b)).every((value, n) => value === once[n]);
  return { promises, stopped, fractions, after };
}

async function check(wanted: Wanted): Promise<Findings> {
  const unready = failureOf(compute);
  let lost: unknown;
  await ready({ wasm: "/nowhere.wasm" }).catch((error: unknown) => (lost = error));
  const readiness = await ready();
  const begunWhenReady = begun;
  const begin = performance.now();
  const cases = checkCases(wanted);
  return {
    unready,
    lost: lost instanceof KeopsError ? `${lost.code}: ${lost.message}` : String(lost),
    readiness,
    begunWhenReady,
    again: await ready(),
    instructionSet: settings.instructionSet,
    wrong: failureOf(() => gaussian(rand([3, 2]), rand([4, 3]), rand([4, 1]))),
    compiled: failureOf(() => gaussian(rand([3, 3]), rand([4, 3]), rand([4, 1]), { backend: "cpu" })),
    computed: compute(),
    cases,
    ...(await checkPromises()),
    warnings,
    milliseconds: performance.now() - begin,
  };
}

window.check = check;
