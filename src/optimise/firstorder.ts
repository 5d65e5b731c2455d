/**
 * Steps along gradients: stochastic gradient descent with momentum (Sutskever, Martens, Dahl and Hinton 2013) and Adam
 * (Kingma and Ba 2015), in the order of operations of PyTorch. The one idea: a rule turns a gradient into a step and
 * keeps its state; the loop around it is the same.
 */
import type { Task } from "../task";
import type { Ending, Problem } from "./problem";

export const SGD = {
  /** How far a step goes along the gradient; 1e-3 by default. */
  learningRate: { kind: "number", least: 0, default: 1e-3 },
  /** What part of a step goes into the next one. Default 0. */
  momentum: { kind: "number", least: 0, default: 0 },
  /** Look ahead by a step of momentum (Nesterov 1983). Default false. */
  nesterov: { kind: [true, false], default: false },
  /** Adds that times the parameters to the gradient. Default 0. */
  weightDecay: { kind: "number", least: 0, default: 0 },
} as const;

export const ADAM = {
  /** How long means of gradients, and of their squares, remember; [0.9, 0.999] by default. */
  betas: {
    expected: "two numbers of at least 0 and below 1",
    accepts: (value: unknown): value is readonly [number, number] =>
      Array.isArray(value) &&
      value.length === 2 &&
      Array.from(value).every((beta) => typeof beta === "number" && beta >= 0 && beta < 1),
    default: [0.9, 0.999],
  },
  /** Added to the root of squares. Default 1e-8. */
  epsilon: { kind: "number", least: 0, default: 1e-8 },
} as const;

interface Settings {
  readonly learningRate: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
  readonly betas: readonly [number, number];
  readonly epsilon: number;
}

/** Changes x, given the gradient there; `step` counts from 1. */
type Rule = (x: Float64Array, gradient: Float64Array, step: number) => void;

function* descend(problem: Problem, start: Float64Array, rule: Rule): Task<Ending> {
  const x = start.slice();
  for (let step = 1; ; step++) {
    const at = yield* problem.evaluate(x);
    const ending = problem.accept(x, at);
    if (ending !== null) return ending;
    rule(x, at.gradient, step);
  }
}

export function sgd(problem: Problem, start: Float64Array, settings: Settings): Task<Ending> {
  const { learningRate, momentum, nesterov, weightDecay } = settings;
  const velocity = new Float64Array(start.length);
  return descend(problem, start, (x, gradient, step) => {
    for (let k = 0; k < x.length; k++) {
      const g = (gradient[k] as number) + weightDecay * (x[k] as number);
      const v = (velocity[k] = step === 1 ? g : momentum * (velocity[k] as number) + g);
      x[k] = (x[k] as number) - learningRate * (nesterov ? g + momentum * v : v);
    }
  });
}

export function adam(problem: Problem, start: Float64Array, settings: Settings): Task<Ending> {
  const { learningRate, weightDecay, epsilon } = settings;
  const [beta1, beta2] = settings.betas;
  const [mean, square] = [new Float64Array(start.length), new Float64Array(start.length)];
  return descend(problem, start, (x, gradient, step) => {
    const rate = learningRate / (1 - beta1 ** step);
    const scale = Math.sqrt(1 - beta2 ** step);
    for (let k = 0; k < x.length; k++) {
      const g = (gradient[k] as number) + weightDecay * (x[k] as number);
      const m = (mean[k] = beta1 * (mean[k] as number) + (1 - beta1) * g);
      const v = (square[k] = beta2 * (square[k] as number) + (1 - beta2) * g * g);
      x[k] = (x[k] as number) - (rate * m) / (Math.sqrt(v) / scale + epsilon);
    }
  });
}
