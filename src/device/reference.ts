/**
 * The reference device: evaluates a formula operation by operation, in float64, from the `value`, `segments` and `axes`
 * of the rows alone, never from their code. Slow, simple, right; needs no addon and no compiler. Other backends are
 * judged against it.
 */
import { asserted, at, lookUp } from "../asserts";
import type { Specification } from "../codegen/specification";
import { InterruptedError } from "../errors";
import { asVariable, isVariable, nodesOf, placeSegments, Category } from "../formula/formula";
import type { Axis, Contraction, Elementwise, Formula, View } from "../formula/formula";
import { constantValue } from "../formula/core";
import { nextTurn } from "../platform/process";
import { beginOf, entriesOf, indicesIn } from "./addoncall";
import type { Call, Device, RectangleCall, Routine } from "./device";
import type { RealData } from "./native";
import { extentOf } from "../formula/reductions";

export const reference: Device<"reference"> = {
  name: "reference",
  about: "plain TypeScript, by which the others are checked",
  whyNot: () => null,
  whyNotFormula: () => null,
  routine: (specification) => new ReferenceRoutine(specification),
  code: () => undefined,
  memories: null,
};

/** Milliseconds after which others get their turn. */
const TURN = 10;

class ReferenceRoutine implements Routine {
  readonly backend = "reference";

  constructor(private readonly specification: Specification) {}

  reduce(call: Call): void {
    const rows = this.reducing(call);
    while (rows.next().done !== true);
  }

  /**
   * Counts in the control block what is done and obeys its flag, like the addon; others get their turn between two
   * rows.
   */
  async reduceAsync(call: Call): Promise<void> {
    const control = call.control ?? new Int32Array(4);
    control[2] = entriesOf(call) * call.rows;
    let begin = performance.now();
    for (const row of this.reducing(call)) {
      control[1] = row + 1;
      if (performance.now() - begin < TURN) continue;
      await nextTurn();
      if (Atomics.load(control, 0) !== 0) throw new InterruptedError("reduce: interrupted");
      begin = performance.now();
    }
  }

  /** Yields the number of each row that is done. */
  private *reducing(call: Call): Generator<number, void> {
    const { args, out, rows } = call;
    const readsRanks = this.specification.reduction?.readsRanks === true;
    for (let entry = 0; entry < entriesOf(call); entry++) {
      const begin = (n: number): number => beginOf(call, entry, n);
      const evaluated = evaluator(
        this.specification,
        args.map((data, n) => data.subarray(begin(n))),
      );
      const last = args.length - 1;
      const indexOf = readsRanks ? indicesIn(at(args, last).subarray(begin(last))) : (column: number): number => column;
      yield* this.reduceEntry(evaluated, indexOf, { ...call, out: out.subarray(begin(args.length)) }, entry * rows);
    }
  }

  private *reduceEntry(
    evaluated: Evaluator,
    indexOf: (column: number) => number,
    { out, indices, ...call }: Call,
    firstRow: number,
  ): Generator<number, void> {
    const { reduction, formulas, k, dtype } = this.specification;
    if (!reduction) throw new Error("a routine of the form block cannot reduce");
    const extent = extentOf(formulas, k);
    const round = dtype === "float32" ? Math.fround : (value: number): number => value;
    for (const { row, intervals } of rowsOf(call)) {
      const accumulator = reduction.meaning(extent, round);
      for (let n = 0; n < intervals.length; n += 2)
        for (let column = intervals[n]!; column < intervals[n + 1]!; column++)
          accumulator.update(evaluated(row, column), indexOf(column));
      const { values, indices: places } = accumulator.finish();
      if (reduction.values(extent) > 0) out.set(values, row * values.length);
      if (reduction.indices(extent) > 0) indices!.set(places, (firstRow + row) * places.length);
      yield firstRow + row;
    }
  }

  block({ args, out, firstRow, endRow, firstColumn, endColumn }: RectangleCall): void {
    const evaluated = evaluator(this.specification, args);
    let at = 0;
    for (let row = firstRow; row < endRow; row++)
      for (let column = firstColumn; column < endColumn; column++) {
        const [values] = evaluated(row, column);
        out.set(values!, at);
        at += values!.length;
      }
  }
}

/** Every row with the columns that it visits, as intervals [begin, end). */
function* rowsOf({ rows, columns, ranges }: Pick<Call, "rows" | "columns" | "ranges">): Generator<{
  readonly row: number;
  readonly intervals: ArrayLike<number>;
}> {
  const blocks = ranges ?? { rows: [0, rows], slices: [1], columns: [0, columns] };
  for (let k = 0; k < blocks.slices.length; k++) {
    const intervals = blocks.columns.slice(2 * (blocks.slices[k - 1] ?? 0), 2 * blocks.slices[k]!);
    for (let row = blocks.rows[2 * k]!; row < blocks.rows[2 * k + 1]!; row++) yield { row, intervals };
  }
}

type Values = Float64Array;

/** The components of the formulas at a pair; the arrays are reused from pair to pair. */
type Evaluator = (row: number, column: number) => readonly Values[];

function evaluator(specification: Specification, args: readonly RealData[]): Evaluator {
  const steps = new Map<Formula, Values>();
  const updates = nodesOf(...specification.formulas).map((node) => {
    const values = new Float64Array(node.dim);
    const update = updateOf(node, values, (arg) => lookUp(steps, arg), specification, args);
    steps.set(node, values);
    return update;
  });
  const results = specification.formulas.map((formula) => lookUp(steps, formula));
  return (row, column) => {
    for (const update of updates) update(row, column);
    return results;
  };
}

type Update = (row: number, column: number) => void;

/** What refreshes the values of one node, those of its arguments being fresh. */
function updateOf(
  node: Formula,
  out: Values,
  valuesOf: (arg: Formula) => Values,
  specification: Specification,
  args: readonly RealData[],
): Update {
  const { shape } = node.operation;
  const inputs = node.args.map(valuesOf);
  if (shape.kind === "elementwise") return elementwise(node, shape, inputs, out);
  if (shape.kind === "view") return view(node, shape, inputs, out);
  if (shape.kind === "contraction") return contraction(node, shape, inputs, out);
  return isVariable(node) ? readVariable(node, out, specification, args) : constant(node, out);
}

function constant(node: Formula, out: Values): Update {
  out.fill(asserted(constantValue(node), "a number"));
  return () => undefined;
}

function readVariable(node: Formula, out: Values, { rows }: Specification, args: readonly RealData[]): Update {
  const { position, dim, category } = asVariable(node);
  const data = args[position]!;
  const copy = (index: number): void => {
    for (let k = 0; k < dim; k++) out[k] = data[index * dim + k]!;
  };
  if (category === Category.P) return () => copy(0);
  return category === rows ? copy : (_, column) => copy(column);
}

function elementwise(node: Formula, shape: Elementwise, inputs: readonly Values[], out: Values): Update {
  const numbers = new Array<number>(inputs.length);
  return () => {
    for (let k = 0; k < out.length; k++) {
      inputs.forEach((input, n) => (numbers[n] = input[input.length === 1 ? 0 : k]!));
      out[k] = shape.value(numbers, node.params);
    }
  };
}

function view(node: Formula, shape: View, inputs: readonly Values[], out: Values): Update {
  const segments = shape.segments(
    node.args.map((arg) => arg.dim),
    node.params,
  );
  return () => {
    for (const { length, arg, start, stride, target } of placeSegments(segments))
      for (let m = 0; m < length; m++)
        out[target.start + m * target.stride] = arg === undefined ? 0 : inputs[arg]![start + m * stride]!;
  };
}

function contraction(node: Formula, shape: Contraction, inputs: readonly Values[], out: Values): Update {
  const { kept, summed } = shape.axes(
    node.args.map((arg) => arg.dim),
    node.params,
  );
  const starts = offsets(kept, inputs.length);
  const steps = offsets(summed, inputs.length);
  const term = (start: readonly number[], step: readonly number[]): number =>
    inputs.reduce((product, input, n) => product * input[start[n]! + step[n]!]!, 1);
  return () => {
    starts.forEach((start, k) => (out[k] = steps.reduce((sum, step) => sum + term(start, step), 0)));
  };
}

/** For every index over the axes, in row-major order, one offset per argument. */
function offsets(axes: readonly Axis[], args: number): number[][] {
  let found = [new Array<number>(args).fill(0)];
  for (const { size, strides } of axes)
    found = found.flatMap((start) =>
      Array.from({ length: size }, (_, index) => start.map((offset, n) => offset + index * strides[n]!)),
    );
  return found;
}
