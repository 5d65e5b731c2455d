/**
 * The instructions of a program of the tile evaluator: which kernel computes which component of which value, out of
 * which others. The one idea is that components are asked for depth first, so that few of them live at a time. Views
 * cost nothing: they name components of something else. Knows kernels by their patterns, and no data.
 */
import { Depends, asVariable, exact, isVariable, nodesOf } from "../formula/formula";
import { at, lookUp } from "../asserts";
import type { Formula } from "../formula/formula";
import { constantValue } from "../formula/core";
import { ComponentDepends, axesOf, offsetOf, range, segmentAt, sizeOf } from "./components";
import { FUSED, PRODUCT, SQUARE, SUMMED, matchPattern, sumName } from "./tilekernels";
import type { Bindings, Kernel } from "./tilekernels";

/** When values are computed, and where they stand; the addon has numbers of its own for them (tileprogram.ts). */
export const Region = {
  Call: 0,
  Lane: 1,
  Loop: 2,
  Pair: 3,
  /** Plus the position of a variable of the loop, which is read where it is. */
  Variable: 4,
} as const;

/** Terms of a sum that are computed before they are added up: more would leave the cache. */
const TERMS_AT_ONCE = 8;

/** A component of a formula that is no view, or a number. */
type Component = { readonly node: Formula; readonly k: number } | { readonly number: number };

/** What one instruction does; a sum of many terms takes several. */
export interface Step {
  readonly kernel: string;
  readonly terms: number;
  /** Whether it adds to what is there. */
  readonly add: boolean;
  /** Components of all terms, one after the other. */
  readonly components: readonly Component[];
  readonly cost: number;
}

/** One component: how it is computed, unless it is only read, and where it stands. */
export interface Value {
  readonly region: number;
  /** A slot, or the component of a variable. Slots of pairs are chosen last. */
  index: number;
  readonly steps: readonly Step[];
}

export interface Instruction {
  readonly step: Step;
  readonly target: Value;
  readonly operands: readonly Value[];
}

/** Computes components of formulas over the lanes that `lanes` names; shared parts once. */
export class Writer {
  readonly instructions: readonly Instruction[][] = [[], [], [], []];
  readonly loads: [variable: number, component: number, slot: number][] = [];
  /** The first slots of calls. */
  readonly constants: number[] = [];
  /** Slots that are taken: of the call, of lanes, of the loop. */
  readonly slots: [number, number, number] = [0, 0, 0];
  private readonly values = new Map<string, Value>();
  private readonly copies = new Map<string, Value>();
  private readonly emitted = new Set<Value>();
  private readonly readers = new Map<Formula, number>();
  private readonly depends: ComponentDepends;

  constructor(
    roots: readonly Formula[],
    private readonly lanes: Depends,
  ) {
    const nodes = nodesOf(...roots);
    this.depends = new ComponentDepends(nodes);
    for (const node of [...roots, ...nodes.flatMap(({ args }) => [...new Set(args)])])
      this.readers.set(node, (this.readers.get(node) ?? 0) + 1);
    for (const number of new Set([0, ...nodes.map(constantValue)])) if (number !== undefined) this.addConstant(number);
  }

  /** A component of a formula, with all that it needs computed first. */
  compute(formula: Formula, k: number): Value {
    const value = this.valueOf(componentOf(formula, k));
    this.emit(value);
    return value;
  }

  /** Spreads a value to a vector with a number for every pair. */
  spreadOverPairs(value: Value): Value {
    return value.region === Region.Pair ? value : this.copyInto(value, Region.Pair);
  }

  /** The formula as a scalar of pairs times a vector that steps with the loop. */
  factors(formula: Formula): readonly [Formula, Formula] | undefined {
    const bound = matchPattern(PRODUCT, formula, () => true);
    const [a, b] = bound ? PRODUCT.holes.map((hole) => lookUp(bound, hole)) : [];
    if (!a || !b) return undefined;
    const isScalar = (f: Formula): boolean => f.dim === 1 && this.phase(f.depends) === Region.Pair;
    const isVector = (f: Formula): boolean => f.dim === formula.dim && this.phase(f.depends) >= Region.Loop;
    if (isScalar(a) && isVector(b)) return [a, b];
    return isScalar(b) && isVector(a) ? [b, a] : undefined;
  }

  // ---- in order

  /** Depth first, without recursion: formulas may be long chains. */
  private emit(wanted: Value): void {
    const stack: { readonly value: Value; done: number }[] = [{ value: wanted, done: 0 }];
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const step = top.value.steps[top.done];
      if (!step || this.emitted.has(top.value)) this.emitted.add(stack.pop()!.value);
      else {
        const missing = step.components.map((c) => this.valueOf(c)).find((value) => !this.emitted.has(value));
        if (missing) stack.push({ value: missing, done: 0 });
        else {
          this.emitStep(step, top.value);
          top.done++;
        }
      }
    }
  }

  private emitStep(step: Step, target: Value): void {
    const read = step.components.map((c) => this.readable(this.valueOf(c), target.region));
    const operands = this.makeOneVary(step, this.alignTerms(step, read, target.region), target.region);
    at(this.instructions, target.region).push({ step, target, operands });
  }

  /** Among values of the loop, variables are read with the loop as lanes. */
  private readable(value: Value, phase: number): Value {
    return phase === Region.Loop && value.region >= Region.Variable ? this.loadValue(value) : value;
  }

  /** Each argument of a sum steps alike in all terms. */
  private alignTerms({ terms }: Step, operands: readonly Value[], phase: number): readonly Value[] {
    const count = operands.length / terms;
    const isMixed = range(count).map((n) =>
      operands.some((o, place) => place % count === n && o.region !== at(operands, n).region),
    );
    return operands.map((operand, at) =>
      isMixed[at % count] && operand.region !== phase ? this.copyInto(operand, phase) : operand,
    );
  }

  /**
   * Among values of pairs at least one argument is no number of the loop: there are no kernels of such numbers alone,
   * but for copies.
   */
  private makeOneVary({ kernel, terms }: Step, operands: readonly Value[], phase: number): readonly Value[] {
    if (phase !== Region.Pair || kernel === COPY || !operands.every(isSplat)) return operands;
    const count = operands.length / terms;
    return operands.map((operand, at) => (at % count === 0 ? this.copyInto(operand, phase) : operand));
  }

  /** A copy in a slot of `region`; it is a sum of one term. */
  private copyInto(value: Value, region: number): Value {
    return this.keepCopy(`${value.region}:${value.index}>${region}`, () => {
      const copy = this.newValue(region, []);
      const step: Step = { kernel: COPY, terms: 1, add: false, components: [], cost: 1 };
      at(this.instructions, region).push({ step, target: copy, operands: [value] });
      this.emitted.add(copy);
      return copy;
    });
  }

  private loadValue({ region, index }: Value): Value {
    return this.keepCopy(`${region}:${index}`, () => {
      const value = this.newValue(Region.Loop, []);
      this.loads.push([region - Region.Variable, index, value.index]);
      return value;
    });
  }

  private keepCopy(key: string, make: () => Value): Value {
    const found = this.copies.get(key) ?? make();
    this.copies.set(key, found);
    return found;
  }

  // ---- values

  private addConstant(number: number): void {
    this.values.set(`#${number}`, { region: Region.Call, index: this.constants.push(number) - 1, steps: [] });
    this.slots[Region.Call] = this.constants.length;
  }

  private valueOf(component: Component): Value {
    const key = "number" in component ? `#${component.number}` : `${component.node.id}@${component.k}`;
    const known = this.values.get(key);
    if (known) return known;
    const { node, k } = component as Exclude<Component, { number: number }>;
    const value = isVariable(node)
      ? this.variable(node, k)
      : this.newValue(this.phaseAt(node, k), this.stepsOf(node, k));
    this.values.set(key, value);
    return value;
  }

  private variable(node: Formula, k: number): Value {
    const { position } = asVariable(node);
    const region = this.phase(node.depends);
    if (region === Region.Loop) return { region: Region.Variable + position, index: k, steps: [] };
    const value = this.newValue(region, []);
    this.loads.push([position, k, value.index]);
    return value;
  }

  private newValue(region: number, steps: readonly Step[]): Value {
    return { region, index: region === Region.Pair ? -1 : this.slots[region as 0 | 1 | 2]++, steps };
  }

  private phaseAt(node: Formula, k: number): number {
    return this.phase(this.depends.dependsAt(node, k));
  }

  private phase(depends: Depends): number {
    if (depends === Depends.Nothing) return Region.Call;
    if (depends === Depends.Both) return Region.Pair;
    return depends === this.lanes ? Region.Lane : Region.Loop;
  }

  // ---- steps

  private stepsOf(node: Formula, k: number): readonly Step[] {
    return node.operation.shape.kind === "elementwise" ? [this.elementwiseStep(node, k)] : this.sumSteps(node, k);
  }

  private elementwiseStep(node: Formula, k: number): Step {
    const { shape, name } = node.operation;
    const cost = shape.kind === "elementwise" ? shape.cost : 0;
    for (const kernel of FUSED) {
      const bound = this.bindings(kernel, node, k);
      if (bound)
        return { kernel: kernel.name, terms: 1, add: false, components: bindHoles(kernel, bound, k), cost: cost + 1 };
    }
    return { kernel: name, terms: 1, add: false, components: node.args.map((arg) => componentOf(arg, k)), cost };
  }

  /**
   * What a kernel takes in the place of its holes, if the node is of its form and what lies between is needed by nobody
   * else.
   */
  private bindings(kernel: Kernel, node: Formula, k: number): Bindings | undefined {
    const isInside = (inner: Formula): boolean =>
      inner === node ||
      (this.readers.get(inner) === 1 && inner.dim === node.dim && this.phaseAt(inner, k) === this.phaseAt(node, k));
    return matchPattern(kernel, node, isInside);
  }

  private sumSteps(node: Formula, k: number): readonly Step[] {
    const { kernel, terms } = this.termsOf(node, k);
    const isRead = terms
      .flat()
      .every((c) => "number" in c || isVariable(c.node) || this.phaseAt(c.node, c.k) < Region.Pair);
    const size = isRead ? terms.length : TERMS_AT_ONCE;
    return range(Math.ceil(terms.length / size)).map((n) => {
      const chunk = terms.slice(n * size, (n + 1) * size);
      return { kernel, terms: chunk.length, add: n > 0, components: chunk.flat(), cost: 2 * chunk.length };
    });
  }

  /** A sum of products, or of what is squared, in the kernel that takes most of it. */
  private termsOf(node: Formula, k: number): { kernel: string; terms: readonly Component[][] } {
    const { kept, summed } = axesOf(node);
    const offsets = node.args.map((_, n) =>
      range(sizeOf(summed)).map((d) => offsetOf(k, kept, n) + offsetOf(d, summed, n)),
    );
    const term = termOf(node, offsets);
    if (!term) {
      const terms = at(offsets, 0).map((_, d) => node.args.map((arg, n) => componentOf(arg, at(at(offsets, n), d))));
      return { kernel: sumName(PRODUCT), terms };
    }
    for (const kernel of SUMMED) {
      const bound = matchPattern(kernel, term, (inner) => inner === term || this.isOnlyIn(inner, node, k));
      if (bound) return { kernel: sumName(kernel), terms: at(offsets, 0).map((d) => bindHoles(kernel, bound, d)) };
    }
    throw new Error("the last kernel takes any term");
  }

  private isOnlyIn(inner: Formula, sum: Formula, k: number): boolean {
    const isOfTerms = sum.args.every((arg) => inner.dim === arg.dim);
    return (
      this.readers.get(inner) === 1 && isOfTerms && this.depends.commonDepends(inner) === this.depends.dependsAt(sum, k)
    );
  }
}

const COPY = sumName(SUMMED.at(-1)!);

const isSplat = ({ region }: Value): boolean => region === Region.Loop || region >= Region.Variable;

/** The component k of a formula, behind all views; of dim 1 the only one. */
function componentOf(formula: Formula, k: number): Component {
  let [node, place] = [formula, formula.dim === 1 ? 0 : k];
  for (;;) {
    const number = constantValue(node);
    if (number !== undefined) return { number };
    if (node.operation.shape.kind !== "view") return { node, k: place };
    const [{ arg, start, stride }, within] = segmentAt(node, place);
    if (arg === undefined) return { number: 0 };
    node = at(node.args, arg);
    place = node.dim === 1 ? 0 : start + stride * within;
  }
}

const bindHoles = ({ holes }: Kernel, bound: Bindings, k: number): Component[] =>
  holes.map((hole) => componentOf(lookUp(bound, hole), k));

/**
 * A contraction of one argument sums its components; of twice the same, their squares. Of others there is no formula.
 */
function termOf({ args }: Formula, offsets: readonly (readonly number[])[]): Formula | undefined {
  const [x, y] = args as [Formula, Formula?];
  if (!y) return x;
  const isSquare = x === y && at(offsets, 0).every((offset, d) => offset === at(offsets, 1)[d]);
  return isSquare ? exact(SQUARE, [x]) : undefined;
}
