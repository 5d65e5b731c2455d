/** The reference data once more, as lazy tensors: every formula as a template over Vi, Vj and Pm, with its reduction and gradients. */
import { Pm, Vi, Vj, lazy } from "../src/index";
import type { CallOptions, LazyTensor, Operand, RealArray } from "../src/index";
import { casesIn, checkReduction } from "./reference";
import type { Call, Case } from "./reference";

type Role = "Vi" | "Vj" | "Pm";

const wrapped = (role: Role, x: RealArray): LazyTensor => (role === "Pm" ? Pm(x) : role === "Vi" ? Vi(x) : Vj(x));

/** The text of a formula as a template without holes. */
const template = (text: string): TemplateStringsArray => Object.assign([text], { raw: [text] });

const nameOf = (alias: string): string => alias.split("=")[0]!.trim();
const roleOf = (alias: string): Role => /=\s*(V[ij]|Pm)/.exec(alias)![1] as Role;

/** As Genred would be called; what the formula does not read still has rows. */
function asLazyTensor({ formula, aliases, axis, reductionOp, formula2, optArg }: Case): Call {
  return (...given) => {
    const arrays = given.slice(0, -1) as RealArray[];
    const bindings: Record<string, Operand> = {};
    aliases.forEach((alias, n) => (bindings[nameOf(alias)] = wrapped(roleOf(alias), arrays[n]!)));
    const tensor = lazy(bindings)(template(formula));
    const rows = Object.values(bindings).reduce<LazyTensor>(
      (all, of) => all.add((of as LazyTensor).extract(0, 1).mul(0)),
      tensor,
    );
    const weight = typeof formula2 === "string" ? lazy(bindings)(template(formula2)) : undefined;
    const options = { axis, weight, optArg: optArg ?? undefined, ...(given.at(-1) as CallOptions) };
    return rows.reduction(reductionOp, options) as ReturnType<Call>;
  };
}

/** Positions that aliases give themselves have no meaning for lazy tensors, which hold their arrays. */
const hasNames = ({ aliases, formula }: Case): boolean =>
  aliases.every((alias) => /^\s*\w+\s*=\s*(V[ij]|Pm)\s*\(\s*\d+\s*\)/.test(alias)) &&
  !/\b(V[ij]|Pm|Var)\(/.test(formula);

const CASES = ["operations", "autodiff", "reductions", "batch", "ranges", "edge"].flatMap(casesIn).filter(hasNames);

test("most cases have a name for every argument", () => {
  expect(CASES.length).toBeGreaterThan(300);
});

test.each(CASES.map((found) => [found.id, found] as const))("%s as a LazyTensor", (_id, found) => {
  checkReduction(found, { backend: "reference", dtype: "float64" }, asLazyTensor);
});
