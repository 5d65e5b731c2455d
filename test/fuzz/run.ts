/** Runs random cases on the engines and reports those that fail, as small as they could be made. */
import type { BackendName, Dtype } from "../../src/index";
import { GROUP, caseOf, groupsOf } from "./cases";
import { check, describeCase, expectationOf } from "./engines";
import type { Case } from "./oracle";
import { smallest } from "./shrink";
import { nodesOf } from "./structure";

export interface Report {
  /** Calls that were compared, by engine, and those that rounding decides. */
  readonly compared: Map<BackendName, number>;
  undecided: number;
  /** How many formulas have an operation, or are reduced so. */
  readonly names: Map<string, number>;
  readonly failures: string[];
}

/** More failures than these are one fault. */
const MOST_FAILURES = 10;

export const newReport = (): Report => ({ compared: new Map(), undecided: 0, names: new Map(), failures: [] });

const DTYPES = ["float64", "float32"] as const;

/** On tiles in both dtypes, on the reference engine in one of them, in turn. */
export function runCase(seed: number, n: number, report: Report): void {
  const found = caseOf(seed, n);
  count(found, report);
  for (const dtype of DTYPES) {
    const backends: readonly BackendName[] = dtype === DTYPES[n % 2] ? ["tiles", "reference"] : ["tiles"];
    run(found, dtype, backends, `--seed ${seed} --only ${n}`, report);
  }
}

/** The formulas of a group, but those that rounding decides, compiled in one piece, in one dtype. */
export function runCompiled(seed: number, group: number, report: Report): void {
  const dtype = DTYPES[group % 2]!;
  const about = `--seed ${seed}, formulas ${group * GROUP} to ${(group + 1) * GROUP - 1} compiled in one piece`;
  const isDecided = (found: Case): boolean => expectationOf(found, dtype) !== undefined;
  for (const found of groupsOf(seed, group, isDecided)) run(found, dtype, ["cpu"], about, report);
}

function run(found: Case, dtype: Dtype, backends: readonly BackendName[], about: string, report: Report): void {
  const expected = expectationOf(found, dtype);
  if (!expected) report.undecided++;
  else
    for (const backend of backends) {
      report.compared.set(backend, (report.compared.get(backend) ?? 0) + 1);
      if (errorOf(() => check(found, backend, dtype, expected)) === undefined) continue;
      if (report.failures.length < MOST_FAILURES) report.failures.push(failure(found, backend, dtype, about));
    }
}

function failure(found: Case, backend: BackendName, dtype: Dtype, about: string): string {
  const fails = (smaller: Case): string | undefined => errorOf(() => check(smaller, backend, dtype));
  const least = smallest(found, (smaller) => fails(smaller) !== undefined);
  return `${describeCase(least)}\non ${backend} in ${dtype} (${about}): ${fails(least)!}`;
}

function errorOf(attempt: () => void): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function count({ formula, weights, reduction }: Case, { names }: Report): void {
  const nodes = [...nodesOf(formula), ...(weights ? nodesOf(weights) : [])];
  const calls = nodes.flatMap((node) => (node.kind === "call" ? [node.rule.name] : []));
  for (const name of new Set([...calls, reduction])) names.set(name, (names.get(name) ?? 0) + 1);
}
