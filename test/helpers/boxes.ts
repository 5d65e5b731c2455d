/**
 * Whether what an engine computes at points of boxes lies between the bounds that it computes of these boxes: the
 * question is itself a formula, 1 at a pair (box i, point j) where it does not, so that millions of points take no
 * time.
 */
import ndarray from "ndarray";
import type { Dtype, RealArray } from "../../src/index";
import type { BackendName } from "../../src/device/devices";
import { Operator } from "../../src/call/operator";
import { extraArgument } from "../../src/formula/arguments";
import type { Argument } from "../../src/formula/arguments";
import { bounds } from "../../src/formula/bounds";
import type { Bounds, Box } from "../../src/formula/bounds";
import { Category, isVariable, rebuild, variable, variablesOf, withArgs } from "../../src/formula/formula";
import type { Formula } from "../../src/formula/formula";
import {
  add,
  clamp,
  concat,
  constant,
  equal,
  extract,
  inv,
  lessOrEqual,
  maximum,
  minus,
  mult,
  notEqual,
  subtract,
} from "../../src/formula/ops";
import { reductionNamed } from "../../src/formula/reductions";

/** Boxes `[boxes, 2 dim]` and points `[points, dim]` of every argument. */
export interface Places {
  readonly boxes: readonly Float64Array[];
  readonly points: readonly Float64Array[];
}

/** How points stand for members of boxes: as shares of their sides, or as numbers that may be within. */
export type Pointing = "shares" | "numbers";

export interface Found {
  /** Boxes with a point whose value is outside of the bounds. */
  readonly wrong: readonly number[];
  /** The part of the bounds that are known. */
  readonly known: number;
}

/** Checks a formula on a backend; `places` are those of its variables in the order of their positions. */
export function check(formula: Formula, places: Places, pointing: Pointing, backend: BackendName, dtype: Dtype): Found {
  const variables = variablesOf(formula);
  const dims = variables.map(({ dim }) => dim);
  const corners = variables.map((v, n) => boxOf(n, v.dim, pointing === "shares"));
  const found = bounds(formula, dtype, (v) => corners[variables.indexOf(v)]!);
  const points = dims.map((dim, n) => variable(dims.length + n, dim, Category.J));
  const members = points.map((point, n) => (pointing === "shares" ? between(corners[n]!, point) : point));
  const value = rebuild(formula, (node, of) =>
    isVariable(node) ? members[variables.indexOf(node)]! : withArgs(node, of),
  );
  const isInside =
    pointing === "shares"
      ? constant(1)
      : points.map((point, n) => inside(corners[n]!, point)).reduce((a, b) => mult(a, b));
  const wrong = mult(isInside, subtract(1, maximum(holds(found, value), isUnknown(found))));
  const args = [
    ...dims.map((dim, n) => extraArgument(n, 2 * dim, Category.I)),
    ...dims.map((dim, n) => extraArgument(dims.length + n, dim, Category.J)),
  ];
  const each = largestOver(concat(wrong, isUnknown(found)), args, places, backend, dtype);
  const isWrong = (at: number): boolean => at % (2 * formula.dim) < formula.dim;
  const [faults, unknowns] = [true, false].map((half) => [...each.keys()].filter((at) => isWrong(at) === half && each[at] !== 0)); // prettier-ignore
  const boxes = new Set(faults!.map((at) => Math.floor(at / (2 * formula.dim))));
  return { wrong: [...boxes], known: 1 - (2 * unknowns!.length) / each.length };
}

function boxOf(n: number, dim: number, finite: boolean): Box {
  const corners = variable(n, 2 * dim, Category.I);
  return { lower: extract(corners, 0, dim), upper: extract(corners, dim, dim), finite };
}

function between({ lower, upper }: Box, share: Formula): Formula {
  return clamp(add(lower, mult(share, subtract(upper, lower))), lower, upper);
}

/** Boxes with NaN for corners hold everything. */
function inside({ lower, upper }: Box, point: Formula): Formula {
  const each = maximum(mult(lessOrEqual(lower, point), lessOrEqual(point, upper)), notEqual(lower, lower));
  return Array.from({ length: each.dim }, (_, k) => extract(each, k, 1)).reduce((a, b) => mult(a, b));
}

const holds = ({ lower, upper }: Bounds, value: Formula): Formula =>
  mult(lessOrEqual(lower, value), lessOrEqual(value, upper));

function isUnknown({ lower, upper }: Bounds): Formula {
  const infinity = inv(constant(0));
  return mult(equal(lower, minus(infinity)), equal(upper, infinity));
}

/** The maximum over points, for every box. */
function largestOver(
  formula: Formula,
  args: readonly Argument[],
  { boxes, points }: Places,
  backend: BackendName,
  dtype: Dtype,
): RealArray["data"] {
  const operator = new Operator([formula], args, {
    reduction: reductionNamed("Max"),
    k: 1,
    rows: Category.I,
    sumScheme: "block",
    accumulator: "auto",
  });
  const arrays = [...boxes, ...points].map((numbers, n) => {
    const data = dtype === "float64" ? numbers : Float32Array.from(numbers);
    return ndarray(data, [numbers.length / args[n]!.dim, args[n]!.dim]);
  });
  return operator.values(arrays, { backend }).data;
}

// ------------------------------------------------------------------------------------------------ boxes and points

/** Numbers between which and at which rows behave in their own way. */
export const SPECIAL = [-Infinity, -3e38, -1e30, -1000, -3, -Math.PI / 2, -1, -0.5, -1e-30, -1e-40, -0, 0, 1e-40, 1e-30, 0.25, 0.5, 1, 2, Math.PI, 88, 1e4, 1e30, 3e38, Infinity, NaN]; // prettier-ignore

/** Boxes between two special numbers; points at them. */
export function specialPlaces(dims: readonly number[], count: number, next: () => number): Places {
  const pick = (): number => SPECIAL[Math.floor(next() * SPECIAL.length)]!;
  const boxes = dims.map((dim) => {
    const data = new Float64Array(count * 2 * dim);
    for (let i = 0; i < count; i++)
      for (let k = 0; k < dim; k++) {
        const [a, b] = [pick(), pick()];
        const isPoint = next() < 0.2;
        data[i * 2 * dim + k] = Math.min(a, isPoint ? a : b);
        data[i * 2 * dim + dim + k] = Math.max(a, isPoint ? a : b);
      }
    return data;
  });
  return { boxes, points: dims.map((dim) => Float64Array.from({ length: MOST_POINTS * dim }, pick)) };
}
const MOST_POINTS = 1500;

/**
 * Random boxes: half of them within the row's domain, others of all sizes, places and widths; points as shares of
 * their sides.
 */
export function randomPlaces(
  dims: readonly number[],
  [low, high]: readonly [number, number],
  count: number,
  next: () => number,
  dtype: Dtype,
): Places {
  const round = dtype === "float32" ? Math.fround : (x: number): number => x;
  const largest = dtype === "float32" ? 30 : 250;
  const anySize = (): number => (next() < 0.5 ? -1 : 1) * 10 ** (largest * (2 * next() - 1));
  const widths = [(): number => 0, (c: number): number => 1e-6 * next() * Math.abs(c), (): number => next() * 0.1, (): number => next() * 3, (): number => Math.abs(anySize())]; // prettier-ignore
  const starts = [(): number => 8 * next() - 4, (): number => Math.round(8 * next() - 4) / 2, anySize, (): number => 0];
  const any = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
  const within = (): [number, number] => {
    const [a, b] = [low + (high - low) * next(), low + (high - low) * next()];
    return [Math.min(a, b), Math.max(a, b)];
  };
  const wild = (): [number, number] => {
    const start = any(starts)();
    return [start, start + any(widths)(start)];
  };
  const boxes = dims.map((dim) => {
    const data = new Float64Array(count * 2 * dim);
    for (let i = 0; i < count; i++)
      for (let k = 0; k < dim; k++) {
        const [a, b] = i % 2 === 0 ? within() : wild();
        data[i * 2 * dim + k] = round(a);
        data[i * 2 * dim + dim + k] = Math.max(round(a), round(b));
      }
    return data;
  });
  const share = (): number => (next() < 0.4 ? Math.round(next()) : next());
  return { boxes, points: dims.map((dim) => Float64Array.from({ length: 100 * dim }, () => round(share()))) };
}
