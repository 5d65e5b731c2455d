/**
 * Chooses the backend for a specification and keeps routines, so that a formula is compiled once per process.
 */
import { ArgumentError, DeviceError } from "../errors";
import type { Formula } from "../formula/formula";
import type { Backend, BackendName, Routine, Specification } from "./backend";
import { cpu } from "./cpu";
import { reference } from "./reference";

/** Best first; the last can always run. */
export const BACKENDS: readonly Backend[] = [cpu, reference];

/**
 * The routine for `specification` on the backend called `name`; "auto" takes the first that can run.
 * @throws DeviceError when a backend that was asked for by name cannot run, saying why.
 */
export function routine(specification: Specification, name: BackendName | "auto" = "auto"): Routine {
  const backend = name === "auto" ? BACKENDS.find((b) => whyNot(b, specification) === null)! : named(name);
  const reason = whyNot(backend, specification);
  if (reason !== null) throw new DeviceError(`backend "${backend.name}": ${reason}`);
  return cached(backend, specification);
}

function named(name: string): Backend {
  const backend = BACKENDS.find((b) => b.name === name);
  if (backend) return backend;
  const names = ["auto", ...BACKENDS.map((b) => b.name)].map((n) => `"${n}"`).join(", ");
  throw new ArgumentError(`backend: expected one of ${names}, got ${JSON.stringify(name)}`);
}

const whyNot = (backend: Backend, specification: Specification): string | null =>
  backend.whyNot() ?? backend.whyNotFormula(specification);

/** Formulas are interned and held weakly, so a routine lives as long as somebody holds its formula. */
const routines = new WeakMap<Formula, Map<string, Routine>>();

function cached(backend: Backend, specification: Specification): Routine {
  const { formulas, reduction, k, rows, variables, dtype, sumScheme, accumulator } = specification;
  const [formula, weights] = formulas;
  const ofFormula = routines.get(formula!) ?? new Map<string, Routine>();
  routines.set(formula!, ofFormula);
  const table = variables.map(({ category, dim }) => `${category}:${dim}`).join();
  const key = [backend.name, reduction?.name, weights?.id, k, rows, dtype, sumScheme, accumulator, table].join("|");
  const known = ofFormula.get(key) ?? backend.routine(specification);
  ofFormula.set(key, known);
  return known;
}
