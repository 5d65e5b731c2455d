/** Random cases through the public doors, held to the oracle within what rounding may do. */
import ndarray from "ndarray";
import type { NdArray } from "ndarray";
import { Genred, grad, requiresGrad } from "../../src/index";
import type { BackendName, Dtype, GenredOptions, RealArray, ReductionName } from "../../src/index";
import { exactly } from "../helpers/evaluate";
import { answerOf } from "./oracle";
import type { Answer, Case } from "./oracle";
import { disturbance } from "./random";
import { textOf, variablesIn } from "./structure";
import type { VariableNode } from "./structure";

const { abs, max } = Math;
const { isNaN } = Number;

/**
 * What a step of float32 may lose: two units in the last place; of float64 the same, and what functions lose beside.
 */
const RELATIVE: Readonly<Record<Dtype, number>> = { float64: 1e-14, float32: 2 ** -21 };
/**
 * By how much the engines' own ways may be worse than the oracle's: they differentiate formulas, which cancel in other
 * places.
 */
const HEADROOM = 40;
/** Where rounding may do more than that to a number, at a jump or where all cancels, any answer is right. */
const UNDECIDED: Readonly<Record<Dtype, number>> = { float64: 1e-9, float32: 2e-2 };

export interface Expectation {
  readonly answer: Answer;
  /** For values, then for gradients. */
  readonly allowed: readonly (readonly number[])[];
}

/** Undefined where rounding decides. */
export function expectationOf(found: Case, dtype: Dtype, answer = answerOf(found, exactly)!): Expectation | undefined {
  const disturbed = [1, 2, 3].map((seed) => answerOf(found, disturbance(seed, RELATIVE[dtype])));
  if (!disturbed.every((other) => other !== undefined)) return undefined;
  if (disturbed.some(({ indices }) => indices.some((index, n) => index !== answer.indices[n]))) return undefined;
  const lists = [answer.values, ...answer.gradients];
  const allowed = lists.map((list, at) => {
    const others = disturbed.map(({ values, gradients }) => [values, ...gradients][at]!);
    const least = RELATIVE[dtype] * (1 + max(0, ...list.map(abs)));
    return list.map((value, n) => HEADROOM * max(...others.map((other) => abs(other[n]! - value))) + least);
  });
  const isDecided = lists.every((list, at) =>
    list.every((value, n) => !(allowed[at]![n]! > UNDECIDED[dtype] * (1 + abs(value)))),
  );
  return isDecided ? { answer, allowed } : undefined;
}

type Got = RealArray | NdArray<Int32Array>;

/** Computes a case on a backend. Throws where it differs by more than rounding; false where rounding decides. */
export function check(
  found: Case,
  backend: BackendName,
  dtype: Dtype,
  expected = expectationOf(found, dtype),
): boolean {
  if (!expected) return false;
  const { answer, allowed } = expected;
  const variables = usedBy(found);
  const args = variables.map((variable) => requiresGrad(arrayOf(found, variable, dtype)));
  const got = call(found, variables)(...args, { backend });
  const [values, indices] = Array.isArray(got)
    ? (got as [Got, Got])
    : answer.values.length > 0
      ? [got as Got]
      : [undefined, got as Got];
  if (values) compare("value", values, answer.values, allowed[0]!);
  if (indices)
    compare(
      "indices",
      indices,
      answer.indices,
      answer.indices.map(() => 0),
    );
  if (values && answer.gradients.length > 0) checkGradients(found, variables, args, values as RealArray, expected);
  return true;
}

function checkGradients(
  { cotangent }: Case,
  variables: readonly VariableNode[],
  args: readonly RealArray[],
  values: RealArray,
  { answer: { gradients }, allowed }: Expectation,
): void {
  if ([...gradients, ...allowed].flat().some(isNaN)) return;
  const e = values.data.map((_, n) => cotangent[n % cotangent.length]!) as RealArray["data"];
  const got = grad(values, args, ndarray(e, values.shape) as RealArray);
  gradients.forEach((gradient, n) => {
    compare(`gradient by ${variables[n]!.name}`, got[n]!, gradient, allowed[n + 1]!);
  });
}

function compare(what: string, got: Got, expected: readonly number[], allowed: readonly number[]): void {
  const isWrong = expected.some((value, n) => !(abs(got.data[n]! - value) <= allowed[n]!));
  if (!isWrong && got.data.length === expected.length) return;
  throw new Error(
    `${what}: expected ${expected.join()}, got ${Array.from(got.data).join()}, allowed ${allowed.join()}`,
  );
}

/** Variables that are read; of each index at least one, which gives its extent. */
export function usedBy({ formula, weights, data }: Case): VariableNode[] {
  const used = variablesIn(formula, ...(weights ? [weights] : []));
  const extents = (["Vi", "Vj"] as const)
    .filter((category) => !used.some((variable) => variable.category === category))
    .map((category) => data.variables.find((variable) => variable.category === category)!);
  return [...used, ...extents];
}

const aliasOf = ({ name, category, dim }: VariableNode): string => `${name} = ${category}(${dim})`;

function call(found: Case, variables: readonly VariableNode[]): (...args: unknown[]) => Got | readonly [Got, Got] {
  const { formula, weights, reduction, k, axis } = found;
  const options: GenredOptions = {
    reductionOp: reduction as ReductionName,
    axis,
    ...(weights && { formula2: textOf(weights) }),
    ...(k !== undefined && { optArg: k }),
  };
  const { reductionOp, ...others } = options;
  const aliases = variables.map(aliasOf);
  return Genred(textOf(formula), aliases, { ...others, reductionOp }) as unknown as ReturnType<typeof call>;
}

function arrayOf({ data }: Case, variable: VariableNode, dtype: Dtype): RealArray {
  const numbers = data.numbers[data.variables.indexOf(variable)]!;
  const shape = variable.category === "Pm" ? [variable.dim] : [numbers.length / variable.dim, variable.dim];
  return ndarray(dtype === "float64" ? Float64Array.from(numbers) : Float32Array.from(numbers), shape);
}

/** A case as a user would write it, with its numbers. */
export function describeCase(found: Case): string {
  const { formula, weights, reduction, k, axis, data } = found;
  const variables = usedBy(found);
  const second = weights ? `, formula2: ${JSON.stringify(textOf(weights))}` : "";
  const options = `reductionOp: "${reduction}", axis: ${axis}${second}${k === undefined ? "" : `, optArg: ${k}`}`;
  const aliases = variables.map((variable) => JSON.stringify(aliasOf(variable))).join(", ");
  const numbers = variables.map(
    (variable) => `${variable.name} = ${data.numbers[data.variables.indexOf(variable)]!.join(", ")}`,
  );
  return [`Genred(${JSON.stringify(textOf(formula))}, [${aliases}], { ${options} })`, ...numbers].join("\n  ");
}
