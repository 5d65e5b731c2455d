/**
 * The short doors of pykeops (`generic_sum` and its kin): a Genred whose axis, and K, are told by how its output is
 * declared.
 */
import { at } from "./asserts";
import { FormulaError } from "./errors";
import { label } from "./formula/arguments";
import type { Argument } from "./formula/arguments";
import { Category } from "./formula/formula";
import { reductionNamed } from "./formula/reductions";
import { Genred, readFormulas } from "./genred";
import type { GenredFunction } from "./genred";
import type { ReductionName } from "./call/signature";

/** A door for one reduction. */
export interface GenericFunction<R extends ReductionName> {
  /**
   * @param output such as `"a = Vi(1)"`: for a Vi it is reduced over j, for a Vj over i; its dim is that of the
   * formula, or K.
   * @param aliases the arguments, such as `"x = Vi(3)"`.
   * @throws FormulaError when a text cannot be read, or the output is not what the formula gives.
   */
  <const A extends readonly string[]>(formula: string, output: string, ...aliases: A): GenredFunction<A, R>;
}

/**
 * Sum of the formula.
 * @param formula the formula
 * @param output such as `"a = Vi(1)"`: for a Vi it is reduced over j, for a Vj over i
 * @param aliases the arguments, such as `"x = Vi(3)"`
 * @returns a function of arrays, as of `Genred`
 * @example
 * const sums = genericSum("Exp(-SqDist(x, y))", "a = Vi(1)", "x = Vi(2)", "y = Vj(2)");
 * console.log(sums(rand([10, 2]), rand([20, 2])).shape); // [ 10, 1 ]
 */
export const genericSum: GenericFunction<"Sum"> = generic("genericSum", "Sum");

/**
 * log of the sum of exp of the formula, component by component.
 * @param formula the formula
 * @param output such as `"a = Vi(1)"`: for a Vi it is reduced over j, for a Vj over i
 * @param aliases the arguments, such as `"x = Vi(3)"`
 * @returns a function of arrays, as of `Genred`
 * @example
 * const soft = genericLogsumexp("-SqDist(x, y)", "a = Vi(1)", "x = Vi(2)", "y = Vj(2)");
 * console.log(soft(rand([10, 2]), rand([20, 2])).shape); // [ 10, 1 ]
 */
export const genericLogsumexp: GenericFunction<"LogSumExp"> = generic("genericLogsumexp", "LogSumExp");

/**
 * Index of the smallest value of a formula, component by component.
 * @param formula the formula
 * @param output such as `"a = Vi(1)"`: for a Vi it is reduced over j, for a Vj over i
 * @param aliases the arguments, such as `"x = Vi(3)"`
 * @returns a function of arrays that gives int32 indices
 * @example
 * const nearest = genericArgmin("SqDist(x, y)", "a = Vi(1)", "x = Vi(2)", "y = Vj(2)");
 * console.log(nearest(rand([10, 2]), rand([20, 2])).shape); // [ 10, 1 ]
 */
export const genericArgmin: GenericFunction<"ArgMin"> = generic("genericArgmin", "ArgMin");

/**
 * Indices of the K smallest values of a formula of dim 1, in order, K being the dim of the output.
 * @param formula the formula
 * @param output such as `"a = Vi(3)"`, whose dim is K: for a Vi it is reduced over j, for a Vj over i
 * @param aliases the arguments, such as `"x = Vi(3)"`
 * @returns a function of arrays that gives int32 indices
 * @example
 * const nearest = genericArgkmin("SqDist(x, y)", "a = Vi(3)", "x = Vi(2)", "y = Vj(2)");
 * console.log(nearest(rand([10, 2]), rand([20, 2])).shape); // [ 10, 3 ]
 */
export const genericArgkmin: GenericFunction<"ArgKMin"> = generic("genericArgkmin", "ArgKMin");

function generic<R extends ReductionName>(where: string, reductionOp: R): GenericFunction<R> {
  return (formula, output, ...aliases) => {
    const declared = outputOf(where, output);
    const { takesK } = reductionNamed(reductionOp);
    checkDim(where, at(readFormulas([formula], aliases)[0], 0).dim, declared, takesK);
    const axis = declared.category === Category.I ? 1 : 0;
    return Genred(formula, aliases, { reductionOp, axis, optArg: takesK ? declared.dim : undefined });
  };
}

function outputOf(where: string, output: string): Argument {
  const declared = at(readFormulas([], [output])[1], 0);
  if (declared.category !== Category.P) return declared;
  throw new FormulaError(`${where}, output: expected a Vi or a Vj, got ${label(declared)}`);
}

function checkDim(where: string, dim: number, output: Argument, takesK: boolean): void {
  if (dim === (takesK ? 1 : output.dim)) return;
  const expected = takesK ? "a formula of dim 1" : `a formula of dim ${output.dim} as the output ${label(output)}`;
  throw new FormulaError(`${where}: expected ${expected}, got dim ${dim}`);
}
