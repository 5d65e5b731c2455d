/**
 * Minimisation by L-BFGS (J. Nocedal, Updating quasi-Newton matrices with limited storage, 1980; the choices of D. C.
 * Liu and J. Nocedal 1989). The one idea: products with an inverse Hessian that the last steps and changes of the
 * gradient describe. It is kept positive definite by steps along a line that meet the strong Wolfe conditions (J. J.
 * Moré and D. J. Thuente, Line search algorithms with guaranteed sufficient decrease, 1994).
 */
import type { Task } from "../task";
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

// ----------------------------------------------------------------------------------------------- the step along a line

/** The function along the line: its value and slope at a step. */
interface Trial {
  readonly step: number;
  readonly value: number;
  readonly slope: number;
}

/** How much a step must lower the value, and by which part the slope must fall. */
const DECREASE = 1e-3;
const CURVATURE = 0.9;
/** The interval ends by being so narrow, relative to its end. */
const NARROW = 0.1;
const MOST_TRIALS = 20;

/** The interval: its best end, its other end, and whether a step that will do is known to lie inside. */
interface Bracket {
  best: Trial;
  other: Trial;
  isClosed: boolean;
}

/**
 * A step that will do, or null where none was found: an interval that holds one shrinks by minima of cubics and parabolas
 * through what is known. @param begin step 0. @param first the step to try first.
 */
function* searchLine<T extends Trial>(
  begin: Trial,
  first: number,
  most: number,
  evaluate: (step: number) => Task<T>,
): Task<T | null> {
  const bracket: Bracket = { best: begin, other: begin, isClosed: false };
  const widths = { now: most, before: 2 * most };
  let isFirstStage = true;
  let lowest: T | null = null;
  for (let step = first, trials = 0; trials < MOST_TRIALS; trials++) {
    const trial = yield* evaluate(step);
    if (!Number.isFinite(trial.value) || !Number.isFinite(trial.slope)) {
      step = (bracket.best.step + step) / 2;
      continue;
    }
    const bound = begin.value + DECREASE * step * begin.slope;
    if (trial.value < (lowest?.value ?? begin.value)) lowest = trial;
    if (trial.value <= bound && Math.abs(trial.slope) <= CURVATURE * -begin.slope) return trial;
    if (isOver(bracket, trial, bound, most, begin)) return lowest;
    if (isFirstStage && trial.value <= bound && trial.slope >= Math.min(DECREASE, CURVATURE) * begin.slope)
      isFirstStage = false;
    const isShifted = isFirstStage && trial.value <= bracket.best.value && trial.value > bound;
    step = next(bracket, trial, isShifted ? DECREASE * begin.slope : 0, most);
    if (bracket.isClosed) step = keepShrinking(bracket, widths, step);
  }
  return lowest;
}

/** Whether nothing better is to come: the interval is a point, or the step is at a bound. */
function isOver({ best, other, isClosed }: Bracket, trial: Trial, bound: number, most: number, begin: Trial): boolean {
  const [low, high] = [Math.min(best.step, other.step), Math.max(best.step, other.step)];
  if (isClosed && (trial.step <= low || trial.step >= high || high - low <= 1e-16 * high)) return true;
  if (isClosed && high - low <= NARROW * high && high - low <= Number.EPSILON * high) return true;
  return trial.step >= most && trial.value <= bound && trial.slope <= DECREASE * begin.slope;
}

/** An interval that did not lose a third in two steps is halved. */
function keepShrinking({ best, other }: Bracket, widths: { now: number; before: number }, step: number): number {
  const width = Math.abs(other.step - best.step);
  const halved = width >= 0.66 * widths.before ? best.step + (other.step - best.step) / 2 : step;
  [widths.before, widths.now] = [widths.now, width];
  return halved;
}

/** Takes a trial into the interval and gives the next step; values and slopes are those without a line of this slope. */
function next(bracket: Bracket, trial: Trial, tilt: number, most: number): number {
  const tilted = ({ step, value, slope }: Trial): Trial => ({ step, value: value - step * tilt, slope: slope - tilt });
  const [best, other, now] = [tilted(bracket.best), tilted(bracket.other), tilted(trial)];
  const opposite = now.slope * Math.sign(best.slope) < 0;
  const step = nextStep(best, other, now, bracket.isClosed, most);
  if (now.value > best.value) [bracket.other, bracket.isClosed] = [trial, true];
  else {
    if (opposite) [bracket.other, bracket.isClosed] = [bracket.best, true];
    bracket.best = trial;
  }
  return step;
}

/** The four cases of section 4 of the paper. */
function nextStep(best: Trial, other: Trial, now: Trial, isClosed: boolean, most: number): number {
  if (now.value > best.value) {
    const [cubic, parabola] = [cubicStep(best, now), parabolaStep(best, now)];
    const isNearer = Math.abs(cubic - best.step) < Math.abs(parabola - best.step);
    return isNearer ? cubic : cubic + (parabola - cubic) / 2;
  }
  const secant = secantStep(best, now);
  if (now.slope * Math.sign(best.slope) < 0) {
    const cubic = cubicStep(now, best);
    return Math.abs(cubic - now.step) > Math.abs(secant - now.step) ? cubic : secant;
  }
  if (Math.abs(now.slope) < Math.abs(best.slope)) return extrapolate(best, other, now, secant, isClosed, most);
  if (isClosed) return cubicStep(now, other);
  return now.step > best.step ? Math.min(most, now.step + 4 * (now.step - best.step)) : now.step / 2;
}

/** Where the slope falls and does not change its sign. */
function extrapolate(best: Trial, other: Trial, now: Trial, secant: number, isClosed: boolean, most: number): number {
  const cubic = cubicBeyond(best, now, most);
  if (isClosed) {
    const chosen = Math.abs(cubic - now.step) < Math.abs(secant - now.step) ? cubic : secant;
    const end = now.step + 0.66 * (other.step - now.step);
    return now.step > best.step ? Math.min(end, chosen) : Math.max(end, chosen);
  }
  const chosen = Math.abs(cubic - now.step) > Math.abs(secant - now.step) ? cubic : secant;
  const [low, high] = [now.step + 1.1 * (now.step - best.step), now.step + 4 * (now.step - best.step)];
  return Math.max(0, Math.min(most, Math.max(Math.min(chosen, Math.max(low, high)), Math.min(low, high, chosen))));
}

/** Theta and gamma of the cubic through two values and slopes, without overflow. */
function cubicParts(a: Trial, b: Trial): { theta: number; gamma: number } {
  const theta = (3 * (a.value - b.value)) / (b.step - a.step) + a.slope + b.slope;
  const scale = Math.max(Math.abs(theta), Math.abs(a.slope), Math.abs(b.slope));
  const inside = (theta / scale) ** 2 - (a.slope / scale) * (b.slope / scale);
  const root = scale * Math.sqrt(Math.max(0, inside));
  return { theta, gamma: b.step < a.step ? -root : root };
}

/** The minimum of the cubic, from `a` towards `b`. */
function cubicStep(a: Trial, b: Trial): number {
  const { theta, gamma } = cubicParts(a, b);
  const ratio = (gamma - a.slope + theta) / (gamma - a.slope + gamma + b.slope);
  return a.step + ratio * (b.step - a.step);
}

/** The minimum of the cubic beyond `now`, or a bound where there is none. */
function cubicBeyond(best: Trial, now: Trial, most: number): number {
  const { theta, gamma } = cubicParts(now, best);
  const ratio = (gamma - now.slope + theta) / (gamma + (best.slope - now.slope) + gamma);
  if (ratio < 0 && gamma !== 0) return now.step + ratio * (best.step - now.step);
  return now.step > best.step ? most : 0;
}

/** The minimum of the parabola through both values and the slope at `a`. */
const parabolaStep = (a: Trial, b: Trial): number =>
  a.step + (a.slope / ((a.value - b.value) / (b.step - a.step) + a.slope) / 2) * (b.step - a.step);

/** Where the line through both slopes is 0. */
const secantStep = (a: Trial, b: Trial): number => b.step + (b.slope / (b.slope - a.slope)) * (a.step - b.step);
