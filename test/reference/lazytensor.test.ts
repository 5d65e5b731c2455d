/**
 * The reference data once more, as lazy tensors: every formula as a template over Vi, Vj and Pm, with its reduction and
 * gradients, and every system. Not on the backend `cpu`: what it compiles is what the same cases have compiled by way
 * of Genred and KernelSolve; nor twice on `reference`, which computes in float64 whatever the dtype.
 */
import { Pm, Vi, Vj, lazy } from "../../src/index";
import type { CallOptions, LazyTensor, RealArray } from "../../src/index";
import { sampled } from "../helpers/sample";
import { RUNS, casesIn, checkReduction, checkSolve } from "./cases";
import type { Call, Case, Solve } from "./cases";

type Role = "Vi" | "Vj" | "Pm";
type Named = Readonly<Record<string, LazyTensor>>;

const wrapped = (role: Role, x: RealArray): LazyTensor => (role === "Pm" ? Pm(x) : role === "Vi" ? Vi(x) : Vj(x));

const nameOf = (alias: string): string => alias.split("=")[0]!.trim();
const roleOf = (alias: string): Role => /=\s*(V[ij]|Pm)/.exec(alias)![1] as Role;

const named = ({ aliases }: Case, arrays: readonly RealArray[]): Named =>
  Object.fromEntries(aliases.map((alias, n) => [nameOf(alias), wrapped(roleOf(alias), arrays[n]!)]));

/** The text of a formula as a template without holes. */
const written = (names: Named, text: string): LazyTensor => lazy(names)(Object.assign([text], { raw: [text] }));

/** As Genred would be called; what the formula does not read still has rows. */
function asLazyTensor(found: Case): Call {
  const { formula, axis, reductionOp, formula2, optArg } = found;
  return (...given) => {
    const names = named(found, given.slice(0, -1) as RealArray[]);
    const tensor = Object.values(names).reduce<LazyTensor>(
      (all, of) => all.add(of.extract(0, 1).mul(0)),
      written(names, formula),
    );
    const weight = typeof formula2 === "string" ? written(names, formula2) : undefined;
    const options = { axis, weight, optArg: optArg ?? undefined, ...(given.at(-1) as CallOptions) };
    return tensor.reduction(reductionOp, options) as ReturnType<Call>;
  };
}

/** As KernelSolve would be called; where it sums over i, the transpose sums over j. */
function asLazySystem(found: Case): Solve {
  return (arrays, options) => {
    const names = named(found, arrays);
    const unknown = names[found.varinvalias!]!;
    const right = arrays[found.aliases.findIndex((alias) => nameOf(alias) === found.varinvalias)]!;
    const tensor = written(names, found.formula);
    return found.axis === 1
      ? tensor.solve(right, { ...options, var: unknown })
      : tensor.T.solve(right, { ...options, var: unknown.T });
  };
}

/** Positions that aliases give themselves have no meaning for lazy tensors, which hold their arrays. */
const hasNames = ({ aliases, formula }: Case): boolean =>
  aliases.every((alias) => /^\s*\w+\s*=\s*(V[ij]|Pm)\s*\(\s*\d+\s*\)/.test(alias)) &&
  !/\b(V[ij]|Pm|Var)\(/.test(formula);

const ALL = ["operations", "autodiff", "reductions", "batch", "ranges", "edge"].flatMap(casesIn);
const CASES = ALL.filter(hasNames);
const SYSTEMS = casesIn("solve");

test("all but four cases have a name for every argument", () => {
  expect(ALL.length - CASES.length).toBe(4);
});

const ONCE = RUNS.filter(
  ({ backend, dtype }) => backend === "tiles" || (backend === "reference" && dtype === "float64"),
);

describe.each(ONCE.map((run, n) => ({ ...run, cases: sampled(CASES, 3, n) })))(
  "lazy tensors on $backend in $dtype",
  ({ cases, ...run }) => {
    test.each(cases)("$id: $reductionOp of $formula", (found) => {
      checkReduction(found, run, asLazyTensor);
    });
    test.each(SYSTEMS)("$id: inverse of $formula", (found) => {
      checkSolve(found, run, asLazySystem);
    });
  },
);
