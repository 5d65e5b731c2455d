/**
 * minimise: a function of arrays is made smaller, step by step, along the gradients that `grad` finds. The one idea:
 * methods see one vector of float64 numbers and know nothing of arrays; here arrays become that vector and come back
 * from it, and iterations are counted, told and ended.
 */
import { arrayIn, checkArray, described, dtypeAmong, isList, isNdarray, ownDtype } from "../array/check";
import type { ArrayInput } from "../array/check";
import { requiresGrad } from "../array/record";
import { grad } from "../array/tape";
import { allocate, dtypeOf, readable, shapeText, sizeOf, wrapBeside } from "../array/view";
import type { RealArray } from "../array/view";
import { at, lookUp, realAt } from "../asserts";
import { ASYNC, blocking, inBackground } from "../call/run";
import type { AsyncOptions } from "../call/run";
import type { RealData } from "../device/native";
import { ArgumentError, ConvergenceError } from "../errors";
import { atMost, isOptions, optionsOf, withDefaults } from "../options";
import type { OptionsOf, SettledOf } from "../options";
import { waitFor } from "../task";
import type { Task } from "../task";
import { ADAM, SGD, adam, sgd } from "./firstorder";
import { LBFGS, lbfgs } from "./lbfgs";
import type { Ending, Evaluation, Minimise, Problem } from "./problem";

/** When a minimisation ends. */
const STOPPING = {
  /** `"lbfgs"` (the default) for smooth functions, `"adam"` or `"sgd"` with a `learningRate` for noisy ones. */
  method: { kind: ["lbfgs", "adam", "sgd"], default: "lbfgs" },
  /** Iterations at most; 1000 by default. */
  maxIterations: { kind: "integer", least: 0, default: 1000 },
  /** Ends where no component of the gradient is larger; 1e-5 by default. */
  gradientTolerance: { kind: "number", least: 0, default: 1e-5 },
  /**
   * Ends L-BFGS where an iteration lowers the value by less than that part of it, or of 1 if it is smaller. Default
   * 2.2e-9.
   */
  valueTolerance: { kind: "number", least: 0, default: 2.2e-9 },
  /** Called after every iteration; returning false ends the minimisation. */
  onIteration: {
    expected: "a function",
    accepts: (value: unknown): value is ((iteration: MinimiseIteration) => unknown) | null =>
      value === null || typeof value === "function",
  },
} as const;

type Rows = typeof STOPPING & typeof SGD & typeof ADAM & typeof LBFGS;
export const MINIMISE: Rows = { ...STOPPING, ...SGD, ...ADAM, ...LBFGS };

/** How a function is minimised; `onIteration` sees parameters in the form of the start. */
export type MinimiseOptions<P extends Parameters = Parameters> = Omit<OptionsOf<Rows>, "onIteration"> & {
  /** Called after every iteration; returning false ends the minimisation. */
  readonly onIteration?: ((iteration: MinimiseIteration<P>) => unknown) | null | undefined;
};
type Settings = SettledOf<Rows>;

/** Where a minimisation is. */
export interface MinimiseIteration<P extends Parameters = Parameters> {
  /** 0 at the start. */
  readonly iteration: number;
  /** Of the function. */
  readonly value: number;
  /** The largest component of the gradient. */
  readonly gradient: number;
  /** In the form of the start, unmarked; new arrays whenever they are read. */
  readonly parameters: P;
}

/** One array, or several by name. */
export type Parameters = RealArray | Readonly<Record<string, RealArray>>;

/** Where a minimisation starts: as parameters, with lists and typed arrays in the place of arrays. */
export type Start = ArrayInput | Readonly<Record<string, ArrayInput>>;

/** The parameters that a start stands for. */
export type ParametersOf<S extends Start> = S extends ArrayInput
  ? ArrayOfInput<S>
  : { readonly [K in keyof S]: ArrayOfInput<S[K]> };
type ArrayOfInput<X> = X extends RealArray ? X : RealArray;

/** What a minimisation ends with. */
export interface MinimiseResult<P extends Parameters> {
  /** In the form of the start, unmarked: those of the last iteration. */
  readonly parameters: P;
  /** Of the function there. */
  readonly value: number;
  /** Steps done. */
  readonly iterations: number;
  /** Calls of the function. */
  readonly evaluations: number;
  /** Values after each iteration, the start first. */
  readonly history: readonly number[];
  /** Why it ended. */
  readonly ending: Ending;
}

/** A function of parameters, whose result is recorded and has one element. */
export type Loss<P extends Parameters> = (parameters: P) => RealArray;
type LossLater<P extends Parameters> = (parameters: P) => RealArray | Promise<RealArray>;

/** `minimise`, now or later. */
export interface Minimiser {
  /**
   * Parameters at which `f` is small, from `start` on: `minimise((p) => loss(p), zeros([3]))`. The function gets marked
   * arrays in the form of the start and returns an array of one element that is computed from them.
   * @throws ArgumentError for what does not fit, ConvergenceError where the value is not a finite number,
   * InterruptedError on Ctrl-C.
   */
  <S extends Start>(
    f: Loss<ParametersOf<S>>,
    start: S,
    options?: MinimiseOptions<ParametersOf<S>> | null,
  ): MinimiseResult<ParametersOf<S>>;
  /** A promise; `f` may return one as well. It ends early by `signal`. */
  async<S extends Start>(
    f: LossLater<ParametersOf<S>>,
    start: S,
    options?: (MinimiseOptions<ParametersOf<S>> & AsyncOptions) | null,
  ): Promise<MinimiseResult<ParametersOf<S>>>;
}

function minimiseNow<P extends Parameters>(
  f: Loss<P>,
  start: Start,
  options?: MinimiseOptions<P> | null,
): MinimiseResult<P> {
  atMost("minimise", 3, arguments);
  return blocking(minimising(withoutPromise(f), start, settingsOf(optionsOf("minimise", options, MINIMISE))));
}

/** @throws ArgumentError where the blocking form would have to wait. */
function withoutPromise<P extends Parameters>(f: Loss<P>): Loss<P> {
  if (typeof f !== "function") return f;
  return (parameters) => {
    const output: unknown = f(parameters);
    const { then } = (output ?? {}) as { readonly then?: unknown };
    if (typeof then !== "function") return output as RealArray;
    Promise.resolve(output).catch(() => undefined); // what it rejects with is of no use any more
    throw new ArgumentError("minimise, result of f: expected an array, got a promise: use minimise.async");
  };
}

async function minimiseLater<P extends Parameters>(
  f: LossLater<P>,
  start: Start,
  options?: (MinimiseOptions<P> & AsyncOptions) | null,
): Promise<MinimiseResult<P>> {
  atMost("minimise", 3, arguments);
  const { signal, onProgress, ...own } = optionsOf("minimise", options, { ...MINIMISE, ...ASYNC });
  return inBackground("iterations", () => minimising(f, start, settingsOf(own)), { signal, onProgress });
}

/**
 * Parameters at which a function of arrays is small.
 * @param f gives an array of one element, computed from the parameters
 * @param start an array of any shape, or an object of arrays
 * @returns the parameters found, in the form of the start, with value, iterations and why it ended
 * @example
 * const found = minimise((p) => nd.sum(nd.square(nd.sub(p, 3))), zeros([2]));
 * console.log(nd.toNested(nd.round(found.parameters, 3))); // [ 3, 3 ]
 */
export const minimise: Minimiser = Object.assign(minimiseNow, { async: minimiseLater });

/** What a method reads beside what all do. */
const OWN: ReadonlyMap<Settings["method"], readonly (keyof MinimiseOptions)[]> = new Map<
  Settings["method"],
  readonly (keyof MinimiseOptions)[]
>([
  ["lbfgs", ["memory", "valueTolerance"]],
  ["adam", ["learningRate", "weightDecay", "betas", "epsilon"]],
  ["sgd", ["learningRate", "weightDecay", "momentum", "nesterov"]],
]);

/** @throws ArgumentError for an option that the method does not read. */
function settingsOf<P extends Parameters>(given: MinimiseOptions<P>): Settings {
  const options = given as MinimiseOptions; // whose parameters have the form of the start, which made P
  const settings = withDefaults(MINIMISE, options);
  const own = lookUp(OWN, settings.method);
  const others = [...OWN.values()].flat().filter((name) => !own.includes(name));
  const needless = others.find((name) => options[name] !== undefined);
  if (needless === undefined) return settings;
  const got = described(options[needless]);
  throw new ArgumentError(`minimise, ${needless}: expected none with the method "${settings.method}", got ${got}`);
}

const METHODS: ReadonlyMap<Settings["method"], Minimise<Settings>> = new Map<Settings["method"], Minimise<Settings>>([
  ["lbfgs", lbfgs],
  ["adam", adam],
  ["sgd", sgd],
]);

function* minimising<P extends Parameters>(f: LossLater<P>, start: Start, settings: Settings): Task<MinimiseResult<P>> {
  if (typeof f !== "function") throw new ArgumentError(`minimise, f: expected a function, got ${described(f)}`);
  const form = new Form<P>(start);
  const course = new Course(settings, (x) => form.arraysOf(x));
  course.last = form.start;
  const problem: Problem = {
    evaluate: (x) => evaluate(f, form, x, course),
    accept: (x, at) => course.accept(x, at),
  };
  const ending = yield* lookUp(METHODS, settings.method)(problem, form.start, settings);
  const { history, evaluations, last } = course;
  const parameters = form.arraysOf(last) as P;
  return {
    parameters,
    value: at(history, history.length - 1),
    iterations: history.length - 1,
    evaluations,
    history,
    ending,
  };
}

function* evaluate<P extends Parameters>(
  f: LossLater<P>,
  form: Form<P>,
  x: Float64Array,
  course: Course,
): Task<Evaluation> {
  course.evaluations++;
  const parameters = form.markedArraysOf(x);
  const output = checkArray("minimise, result of f", yield* waitFor(f(parameters)));
  if (sizeOf(output.shape) !== 1)
    throw new ArgumentError(`minimise, result of f: expected one element, got shape ${shapeText(output.shape)}`);
  const gradients = grad(output, form.listOf(parameters));
  return { value: realAt(readable(output), 0), gradient: form.vectorOf(gradients) };
}

/** Arrays as one vector, and back. */
class Form<P extends Parameters> {
  private readonly names: readonly string[] | null;
  private readonly arrays: readonly RealArray[];
  readonly start: Float64Array;

  constructor(start: Start) {
    const isOne = isNdarray(start) || isList(start) || !isOptions(start);
    this.names = isOne ? null : Object.keys(start);
    const given = isOne ? [start] : Object.values(start);
    const dtype = dtypeAmong(given);
    this.arrays = given.map((x, n) =>
      arrayIn(this.names ? `minimise, ${at(this.names, n)}` : "minimise, start", x, ownDtype(x) ?? dtype),
    );
    if (this.arrays.length === 0) throw new ArgumentError("minimise, start: expected at least one array, got none");
    this.start = this.vectorOf(this.arrays);
  }

  listOf(parameters: P): RealArray[] {
    if (this.names === null) return [parameters as RealArray];
    return this.names.map((name) => (parameters as Readonly<Record<string, RealArray>>)[name] as RealArray);
  }

  vectorOf(arrays: readonly RealArray[]): Float64Array {
    const vector = new Float64Array(arrays.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
    let begin = 0;
    for (const x of arrays) {
      vector.set(readable(x), begin);
      begin += sizeOf(x.shape);
    }
    return vector;
  }

  /** Where the arrays of the start are, with their dtypes. */
  arraysOf(vector: Float64Array): Parameters {
    let begin = 0;
    const arrays = this.arrays.map((like) => {
      const data: RealData = allocate(dtypeOf(like), sizeOf(like.shape));
      data.set(vector.subarray(begin, (begin += data.length)));
      return wrapBeside(data, like.shape, like);
    });
    const { names } = this;
    return names === null ? at(arrays, 0) : Object.fromEntries(names.map((name, n) => [name, at(arrays, n)]));
  }

  markedArraysOf(vector: Float64Array): P {
    const parameters = this.arraysOf(vector) as P;
    this.listOf(parameters).forEach((x) => requiresGrad(x));
    return parameters;
  }
}

/** What was done so far. */
class Course {
  readonly history: number[] = [];
  evaluations = 0;
  last: Float64Array = new Float64Array(0);

  constructor(
    private readonly settings: Settings,
    private readonly arraysOf: (x: Float64Array) => Parameters,
  ) {}

  accept(x: Float64Array, { value, gradient }: Evaluation): Ending | null {
    const iteration = this.history.length;
    const steepest = gradient.reduce((most, g) => Math.max(most, Math.abs(g)), 0);
    if (!Number.isFinite(value) || !Number.isFinite(steepest)) throw this.lost(value, steepest);
    const before = this.history.at(-1);
    this.history.push(value);
    this.last = x.slice();
    const parameters = this.arraysOf.bind(null, this.last);
    const { onIteration, gradientTolerance, maxIterations } = this.settings;
    const goesOn = onIteration?.({
      iteration,
      value,
      gradient: steepest,
      get parameters() {
        return parameters();
      },
    });
    if (steepest <= gradientTolerance) return "gradient";
    if (before !== undefined && this.hardlyFell(before, value)) return "decrease";
    if (goesOn === false) return "stopped";
    return iteration >= maxIterations ? "iterations" : null;
  }

  private lost(value: number, residual: number): ConvergenceError {
    const iterations = this.history.length;
    const got = `a value of ${String(value)} with a gradient of ${String(residual)}`;
    return new ConvergenceError(
      `minimise: expected finite values and gradients, got ${got} in iteration ${String(iterations)}`,
      { iterations, residual, lastIterate: this.arraysOf(this.last) },
    );
  }

  private hardlyFell(before: number, value: number): boolean {
    const { method, valueTolerance } = this.settings;
    const size = Math.max(Math.abs(before), Math.abs(value), 1);
    return method === "lbfgs" && before - value <= valueTolerance * size;
  }
}
