/**
 * KernelSolve: the door to linear systems (K + alpha I) a = b given as text. Reads the text and the options; a System
 * solves.
 */
import type { RealArray } from "./array/view";
import { Operator } from "./call/operator";
import { ASYNC, blocking, inBackground } from "./call/run";
import type { AsyncOptions, Tell } from "./call/run";
import type { UnknownOf } from "./call/signature";
import { FormulaError } from "./errors";
import { label } from "./formula/arguments";
import type { Argument } from "./formula/arguments";
import { Category } from "./formula/formula";
import { AXIS, ROUNDING, readFormulas, settingsOf } from "./genred";
import { atMost, describeValue, optionsOf, splitOptions } from "./options";
import type { OptionRows, OptionsOf } from "./options";
import { EIGSH, eigsh } from "./solve/eigsh";
import type { EigshOptions } from "./solve/eigsh";
import { solve, solving } from "./solve/linear";
import { LOGDET, logdet } from "./solve/logdet";
import type { LogdetOptions } from "./solve/logdet";
import { summary } from "./solve/report";
import type { Solved } from "./solve/report";
import { SHIFTED, shiftedSolves } from "./solve/shifted";
import type { ShiftedOptions } from "./solve/shifted";
import type { AsyncSolveOptions, KernelSolveFunction, MatrixFunctions, SolveFunction } from "./solve/solvefunctions";
import { MATRIX, RIDGE, SOLVE } from "./solve/solveoptions";
import type { SolveOptions } from "./solve/solveoptions";
import { System } from "./solve/system";
import { TRACE, trace } from "./solve/trace";
import type { TraceOptions } from "./solve/trace";
import type { Task } from "./task";

/** How the product with K is computed. */
export const SYSTEM: typeof AXIS & typeof ROUNDING = { ...AXIS, ...ROUNDING };

/** How the product with K is computed. */
export type KernelSolveOptions = OptionsOf<typeof SYSTEM>;

// ------------------------------------------------------------------------------------------------------- the door

/**
 * The inverse of the reduction of `formula` over i (axis 0) or j (axis 1), as a linear operator on the argument
 * `varinvalias`. The operator must be symmetric and, with the ridge, positive definite.
 * @param formula the formula, such as `"Exp(-SqDist(x, y)) * b"`
 * @param aliases the arguments, such as `"x = Vi(3)"`: name, kind (Vi, Vj, Pm) and dim
 * @param varinvalias the name of the unknown, in which the formula is linear
 * @returns a function of arrays, the right-hand side `[N, D]` in the place of the unknown, that gives the solution
 * `[N, D]`
 * @throws FormulaError when the formula cannot be read or is not linear in the unknown
 * @example
 * const Kinv = KernelSolve("Exp(-SqDist(x, y)) * b", ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"], "b", { axis: 1 });
 * const x = rand([50, 2], { seed: 1 });
 * console.log(Kinv(x, x, rand([50, 1]), { alpha: 0.1 }).shape); // [ 50, 1 ]
 */
export function KernelSolve<const A extends readonly string[]>(
  formula: string,
  aliases: A,
  varinvalias: UnknownOf<A>,
  options?: KernelSolveOptions | null,
): KernelSolveFunction<A> {
  atMost("KernelSolve", 4, arguments);
  const [formulas, args] = readFormulas([formula], aliases);
  const settings = settingsOf(optionsOf("KernelSolve", options, SYSTEM));
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
  const solveNow = (given: readonly unknown[], isReported: boolean): Solved => {
    const [args, own] = splitOptions<SolveOptions>(given, SOLVE_CALL);
    return result(solve(system, arrays(args), options(own), isReported));
  };
  const solveLater = async (given: readonly unknown[], isReported: boolean): Promise<Solved> => {
    const [args, { signal, onProgress, ...own }] = splitOptions<AsyncSolveOptions>(given, ASYNC_SOLVE_CALL);
    const begin = (tell: Tell | undefined): Task<Solved> =>
      solving(system, arrays(args), options(own), isReported, tell);
    return result(await inBackground("check", begin, { signal, onProgress }));
  };
  const makeTwoForms = (isReported: boolean, shown: (solved: Solved) => unknown): object =>
    Object.assign((...given: unknown[]) => shown(solveNow(given, isReported)), {
      async: async (...given: unknown[]) => shown(await solveLater(given, isReported)),
    });
  return Object.assign(
    makeTwoForms(false, ({ solution }) => solution),
    { report: makeTwoForms(true, summary), toString: () => String(system) },
  ) as SolveFunction;
}

/**
 * The functions of the matrix of a system, blocking and as promises.
 * @param arrays what the arguments of a call mean.
 */
export function matrixFunctions(
  system: System,
  arrays: (given: readonly unknown[]) => readonly RealArray[],
): MatrixFunctions {
  const makeShifted = (isReported: boolean, result: (solved: Solved) => unknown): object =>
    makeBothForms(SHIFTED, 1, function* ([alphas], args, options: ShiftedOptions, tell) {
      return (yield* shiftedSolves(system, alphas, arrays(args), { ...options, isReported }, tell)).map(result);
    });
  return {
    shifted: Object.assign(
      makeShifted(false, ({ solution }) => solution),
      { report: makeShifted(true, summary) },
    ),
    logdet: makeBothForms({ ...RIDGE, ...LOGDET, ...MATRIX }, 0, (_, args, options: LogdetOptions, tell) =>
      logdet(system, arrays(args), options, tell),
    ),
    trace: makeBothForms({ ...TRACE, ...MATRIX }, 0, (_, args, options: TraceOptions) =>
      trace(system, arrays(args), options),
    ),
    eigsh: makeBothForms({ ...EIGSH, ...MATRIX }, 1, ([k], args, options: EigshOptions, tell) =>
      eigsh(system, k, arrays(args), options, tell),
    ),
  } as unknown as MatrixFunctions;
}

type OfMatrix = (leading: readonly unknown[], args: readonly unknown[], options: never, tell?: Tell) => Task<unknown>;

/** @param lead arguments before the arrays. */
function makeBothForms(rows: OptionRows, lead: number, task: OfMatrix): object {
  const begin = (given: readonly unknown[], known: OptionRows): [(tell?: Tell) => Task<unknown>, AsyncOptions] => {
    const [args, options] = splitOptions<AsyncOptions>(given.slice(lead), known);
    return [(tell) => task(given.slice(0, lead), args, options as never, tell), options];
  };
  return Object.assign((...given: unknown[]) => blocking(begin(given, rows)[0]()), {
    async: async (...given: unknown[]) => inBackground("check", ...begin(given, { ...rows, ...ASYNC })),
  });
}

const SOLVE_CALL: OptionRows = { ...SOLVE, ...MATRIX };
const ASYNC_SOLVE_CALL: OptionRows = { ...SOLVE_CALL, ...ASYNC };

function unknownAmong(args: readonly Argument[], name: string): Argument {
  const found = args.find((argument) => argument.name !== undefined && argument.name === name);
  if (!found) throw new FormulaError(`varinvalias: expected ${namesOf(args)}, got ${describeValue(name)}`);
  if (found.category === Category.P)
    throw new FormulaError(`varinvalias: expected a Vi or a Vj, got the parameter ${label(found)}`);
  return found;
}

const namesOf = (args: readonly Argument[]): string => {
  const solvable = args.filter(({ category }) => category !== Category.P);
  const names = solvable.flatMap(({ name }) => (name === undefined ? [] : [JSON.stringify(name)]));
  return names.length > 0 ? `one of ${names.join(", ")}` : "a Vi or a Vj with a name";
};
