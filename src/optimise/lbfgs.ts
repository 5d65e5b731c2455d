/**
 * Minimisation by L-BFGS (J. Nocedal, Updating quasi-Newton matrices with limited storage, 1980; the choices of D. C.
 * Liu and J. Nocedal 1989). The one idea: products with an inverse Hessian that the last steps and changes of the
 * gradient describe; a line search keeps it positive definite.
 */
import type { Task } from "../task";
import { searchLine } from "./linesearch";
import type { Trial } from "./linesearch";
import { along, dot } from "./problem";
import type { Ending, Evaluation, Problem } from "./problem";

export const LBFGS = {
  /** Steps that describe the inverse Hessian; 10 by default. */
  memory: { kind: "integer", least: 1, default: 10 },
} as const;

/** A step, the change of the gradient, and 1 over their product. */
interface Update {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly scale: number;
}

interface Point extends Trial {
  readonly x: Float64Array;
  readonly at: Evaluation;
}

const LONGEST = 1e10;

export function* lbfgs(problem: Problem, start: Float64Array, { memory }: { readonly memory: number }): Task<Ending> {
  const updates: Update[] = [];
  let x: Float64Array = start.slice();
  let at = yield* problem.evaluate(x);
  for (;;) {
    const ending = problem.accept(x, at);
    if (ending !== null) return ending;
    let found: Point | null = yield* step(problem, x, at, updates);
    if (!found && updates.length > 0) {
      updates.length = 0; // what they describe misleads: begin again with the gradient
      found = yield* step(problem, x, at, updates);
    }
    if (!found) return "lineSearch";
    remember(updates, memory, x, at, found);
    [x, at] = [found.x, found.at];
  }
}

function* step(problem: Problem, x: Float64Array, at: Evaluation, updates: readonly Update[]): Task<Point | null> {
  const direction = directionOf(at.gradient, updates);
  const slope = dot(direction, at.gradient);
  if (!(slope < 0)) return null;
  const first = updates.length === 0 ? Math.min(1 / Math.sqrt(dot(direction, direction)), LONGEST) : 1;
  return yield* searchLine<Point>({ step: 0, value: at.value, slope }, first, LONGEST, function* (length) {
    const there = along(x, length, direction);
    const found = yield* problem.evaluate(there);
    return { step: length, value: found.value, slope: dot(direction, found.gradient), x: there, at: found };
  });
}

/** Minus the inverse Hessian times the gradient, by two loops over the updates. */
function directionOf(gradient: Float64Array, updates: readonly Update[]): Float64Array {
  let q: Float64Array = gradient.map((g) => -g);
  const parts = [...updates].reverse().map((update) => {
    const part = update.scale * dot(update.step, q);
    q = along(q, -part, update.change);
    return part;
  });
  const last = updates.at(-1);
  const size = last ? 1 / (last.scale * dot(last.change, last.change)) : 1;
  let r: Float64Array = q.map((value) => size * value);
  updates.forEach((update, n) => {
    const part = parts[updates.length - 1 - n] as number;
    r = along(r, part - update.scale * dot(update.change, r), update.step);
  });
  return r;
}

/** An update that would not keep the Hessian positive definite is left out. */
function remember(updates: Update[], memory: number, x: Float64Array, at: Evaluation, found: Point): void {
  const step = along(found.x, -1, x);
  const change = along(found.at.gradient, -1, at.gradient);
  const product = dot(step, change);
  if (!(product > Number.EPSILON * dot(change, change))) return;
  updates.push({ step, change, scale: 1 / product });
  if (updates.length > memory) updates.shift();
}
