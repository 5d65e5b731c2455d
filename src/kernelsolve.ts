/**
 * KernelSolve: the door to linear systems (K + alpha I) a = b given as text. Reads the text and the options; a System solves.
 */
import { described } from "./array/check";
import type { RealArray } from "./array/view";
import { FormulaError } from "./errors";
import { label } from "./formula/arguments";
import type { Argument } from "./formula/arguments";
import { Category } from "./formula/formula";
import { optionsOf, readFormulas, settingsOf, splitOptions } from "./genred";
import { Operator } from "./operator/operator";
import type { Tell } from "./operator/progress";
import { ASYNC_OPTIONS, inBackground } from "./operator/running";
import type { UnknownOf } from "./operator/signature";
import type { Task } from "./solver/task";
import type { AsyncSolveOptions, KernelSolveFunction, KernelSolveOptions } from "./system/functions";
import { SOLVE_OPTIONS } from "./system/options";
import type { SolveOptions } from "./system/options";
import { System, summary } from "./system/system";
import type { Solved } from "./system/system";

/**
 * The inverse of the reduction of `formula` over i (axis 0) or j (axis 1), as a linear operator on the argument `varinvalias`. The
 * operator must be symmetric and, with the ridge, positive definite.
 * @throws FormulaError when the formula cannot be read or is not linear in the unknown.
 */
export function KernelSolve<const A extends readonly string[]>(
  formula: string,
  aliases: A,
  varinvalias: UnknownOf<A>,
  options?: KernelSolveOptions | null,
): KernelSolveFunction<A> {
  const [formulas, args] = readFormulas([formula], aliases);
  const settings = settingsOf("KernelSolve", optionsOf("KernelSolve", options, SYSTEM_OPTIONS));
  const operator = new Operator(formulas, args, settings);
  const system = new System(operator, unknownAmong(args, varinvalias));
  return solverOf(system, { arrays: (given) => operator.arrays(given) });
}

/** How a door turns what it is given into what a system takes, and a solution into what it returns. */
interface Door {
  readonly arrays: (given: readonly unknown[]) => readonly RealArray[];
  readonly options?: (given: SolveOptions) => SolveOptions;
  readonly result?: (solved: Solved) => Solved;
}

/** A system in all forms of its solution: alone or with how it was found, as a call or as a promise. */
export function solverOf(
  system: System,
  { arrays, options = (given) => given, result = (solved) => solved }: Door,
): KernelSolveFunction {
  const solved = (given: readonly unknown[]): Solved => {
    const [args, own] = splitOptions<SolveOptions>(given, SOLVE_OPTIONS);
    return result(system.solve(arrays(args), options(own)));
  };
  const solvedLater = async (given: readonly unknown[]): Promise<Solved> => {
    const [args, { signal, onProgress, ...own }] = splitOptions<AsyncSolveOptions>(given, ASYNC_SOLVE_OPTIONS);
    const begin = (tell: Tell | undefined): Task<Solved> => system.solving(arrays(args), options(own), tell);
    return result(await inBackground("check", begin, { signal, onProgress }));
  };
  const inTwoForms = (shown: (solved: Solved) => unknown): object =>
    Object.assign((...given: unknown[]) => shown(solved(given)), {
      async: async (...given: unknown[]) => shown(await solvedLater(given)),
    });
  return Object.assign(
    inTwoForms(({ solution }) => solution),
    { solve: inTwoForms(summary), toString: () => String(system) },
  ) as KernelSolveFunction;
}

/** What a system is made with. */
export const SYSTEM_OPTIONS: readonly string[] = Object.keys({
  axis: true,
  sumScheme: true,
  dtypeAcc: true,
  useDoubleAcc: true,
} satisfies Record<keyof KernelSolveOptions, true>);
const ASYNC_SOLVE_OPTIONS = [...SOLVE_OPTIONS, ...ASYNC_OPTIONS];

function unknownAmong(args: readonly Argument[], name: string): Argument {
  const found = args.find((argument) => argument.name !== undefined && argument.name === name);
  if (!found) throw new FormulaError(`varinvalias: expected ${namesOf(args)}, got ${described(name)}`);
  if (found.category === Category.P)
    throw new FormulaError(`varinvalias: expected a Vi or a Vj, got the parameter ${label(found)}`);
  return found;
}

const namesOf = (args: readonly Argument[]): string => {
  const solvable = args.filter(({ category }) => category !== Category.P);
  const names = solvable.flatMap(({ name }) => (name === undefined ? [] : [JSON.stringify(name)]));
  return names.length > 0 ? `one of ${names.join(", ")}` : "a Vi or a Vj with a name";
};
