/**
 * KernelSolve: the door to linear systems (K + alpha I) a = b given as text. Reads the text and the options; a System solves.
 */
import { described } from "./array/check";
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
  const solved = (given: readonly unknown[]): Solved => {
    const [args, solveOptions] = splitOptions<SolveOptions>(given, SOLVE_OPTIONS);
    return system.solve(operator.arrays(args), solveOptions);
  };
  const solvedLater = async (given: readonly unknown[]): Promise<Solved> => {
    const [args, { signal, onProgress, ...options }] = splitOptions<AsyncSolveOptions>(given, ASYNC_SOLVE_OPTIONS);
    const begin = (tell: Tell | undefined): Task<Solved> => system.solving(operator.arrays(args), options, tell);
    return inBackground("check", begin, { signal, onProgress });
  };
  const inTwoForms = (result: (solved: Solved) => unknown): object =>
    Object.assign((...given: unknown[]) => result(solved(given)), {
      async: async (...given: unknown[]) => result(await solvedLater(given)),
    });
  return Object.assign(
    inTwoForms(({ solution }) => solution),
    { solve: inTwoForms(summary), toString: () => String(system) },
  ) as KernelSolveFunction<A>;
}

const SYSTEM_OPTIONS = Object.keys({
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
