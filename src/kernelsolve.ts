/**
 * KernelSolve: the door to linear systems (K + alpha I) a = b given as text. Reads the text and the options; a System solves.
 */
import { described } from "./array/check";
import type { RealArray } from "./array/view";
import { FormulaError } from "./errors";
import { label } from "./formula/arguments";
import type { Argument } from "./formula/arguments";
import { Category } from "./formula/formula";
import { readFormulas, settingsOf, splitOptions } from "./genred";
import { Operator } from "./call/operator";
import type { AsyncOptions, Tell } from "./call/run";
import { ASYNC_OPTIONS, blocking, inBackground } from "./call/run";
import type { UnknownOf } from "./call/signature";
import { atMost, optionsOf } from "./options";
import type { Task } from "./solver/task";
import { EIGSH_OPTIONS, largestEigenpairs } from "./system/eigenpairs";
import type { EigshOptions } from "./system/eigenpairs";
import type {
  AsyncSolveOptions,
  KernelSolveFunction,
  KernelSolveOptions,
  MatrixFunctions,
  SolveFunction,
} from "./system/functions";
import { LOGDET_OPTIONS, TRACE_OPTIONS, logdet, trace } from "./system/logdet";
import type { LogdetOptions, TraceOptions } from "./system/logdet";
import { SOLVE_OPTIONS } from "./system/options";
import type { SolveOptions } from "./system/options";
import { SHIFTED_OPTIONS, shiftedSolves } from "./system/shifted";
import type { ShiftedOptions } from "./system/shifted";
import { summary } from "./system/solved";
import type { Solved } from "./system/solved";
import { System } from "./system/system";

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
  atMost("KernelSolve", 4, arguments);
  const [formulas, args] = readFormulas([formula], aliases);
  const settings = settingsOf("KernelSolve", optionsOf("KernelSolve", options, SYSTEM_OPTIONS));
  const operator = new Operator(formulas, args, settings);
  const system = new System(operator, unknownAmong(args, varinvalias));
  const arrays = (given: readonly unknown[]): readonly RealArray[] => operator.arrays(given);
  return Object.assign(solverOf(system, { arrays }), matrixFunctions(system, arrays));
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
): SolveFunction {
  const solved = (given: readonly unknown[], isReported: boolean): Solved => {
    const [args, own] = splitOptions<SolveOptions>(given, SOLVE_OPTIONS);
    return result(system.solve(arrays(args), options(own), isReported));
  };
  const solvedLater = async (given: readonly unknown[], isReported: boolean): Promise<Solved> => {
    const [args, { signal, onProgress, ...own }] = splitOptions<AsyncSolveOptions>(given, ASYNC_SOLVE_OPTIONS);
    const begin = (tell: Tell | undefined): Task<Solved> =>
      system.solving(arrays(args), options(own), isReported, tell);
    return result(await inBackground("check", begin, { signal, onProgress }));
  };
  const inTwoForms = (isReported: boolean, shown: (solved: Solved) => unknown): object =>
    Object.assign((...given: unknown[]) => shown(solved(given, isReported)), {
      async: async (...given: unknown[]) => shown(await solvedLater(given, isReported)),
    });
  return Object.assign(
    inTwoForms(false, ({ solution }) => solution),
    { solve: inTwoForms(true, summary), toString: () => String(system) },
  ) as SolveFunction;
}

/** The functions of the matrix of a system, blocking and as promises. @param arrays what the arguments of a call mean. */
export function matrixFunctions(
  system: System,
  arrays: (given: readonly unknown[]) => readonly RealArray[],
): MatrixFunctions {
  const shifted = (isReported: boolean, result: (solved: Solved) => unknown): object =>
    inBothForms(SHIFTED_OPTIONS, 1, function* ([alphas], args, options: ShiftedOptions, tell) {
      return (yield* shiftedSolves(system, alphas, arrays(args), { ...options, isReported }, tell)).map(result);
    });
  return {
    shifted: Object.assign(
      shifted(false, ({ solution }) => solution),
      { solve: shifted(true, summary) },
    ),
    logdet: inBothForms(LOGDET_OPTIONS, 0, (_, args, options: LogdetOptions, tell) =>
      logdet(system, arrays(args), options, tell),
    ),
    trace: inBothForms(TRACE_OPTIONS, 0, (_, args, options: TraceOptions) => trace(system, arrays(args), options)),
    eigsh: inBothForms(EIGSH_OPTIONS, 1, ([k], args, options: EigshOptions, tell) =>
      largestEigenpairs(system, k, arrays(args), options, tell),
    ),
  } as unknown as MatrixFunctions;
}

type OfMatrix = (leading: readonly unknown[], args: readonly unknown[], options: never, tell?: Tell) => Task<unknown>;

/** @param lead arguments before the arrays. */
function inBothForms(accepted: readonly string[], lead: number, task: OfMatrix): object {
  const begin = (
    given: readonly unknown[],
    names: readonly string[],
  ): [(tell?: Tell) => Task<unknown>, AsyncOptions] => {
    const [args, options] = splitOptions<AsyncOptions>(given.slice(lead), names);
    return [(tell) => task(given.slice(0, lead), args, options as never, tell), options];
  };
  return Object.assign((...given: unknown[]) => blocking(begin(given, accepted)[0]()), {
    async: async (...given: unknown[]) => inBackground("check", ...begin(given, [...accepted, ...ASYNC_OPTIONS])),
  });
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
