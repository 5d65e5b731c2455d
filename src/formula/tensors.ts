/**
 * Rows and macros of the operation table that contract: matrices and tensors stand in vectors, row-major. Every
 * gradient is again a contraction.
 */
import {
  expect,
  formulaSlot,
  formulaSlots,
  lift,
  listSlot,
  macro,
  mult,
  operation,
  scalprod,
  square,
  subtract,
  two,
} from "./core";
import { at } from "../asserts";
import type { Operand, Two } from "./core";
import type { Axis, Formula } from "./formula";

const where = (name: string, ...args: string[]): string => `${name}(${args.join(", ")})`;

/** A of dim n·p and a vector of dim `length`: the other extent of A. */
function otherExtent(at: string, dimA: number, length: number): number {
  expect(dimA % length === 0, at, `A of a dim that ${length}, the dim of the vector, divides`, dimA);
  return dimA / length;
}

const MAT_VEC = where("MatVecMult", "A", "b");
const matVecBuild = operation<Two>("MatVecMult", {
  doc: "Matrix A (n·p numbers, row-major) times the vector b (p numbers).",
  method: "matvecmult",
  slots: [formulaSlot("A"), formulaSlot("b")],
  shape: {
    kind: "contraction",
    axes: ([dimA, p]) => ({
      kept: [{ size: dimA / p, strides: [p, 0] }],
      summed: [{ size: p, strides: [1, 1] }],
    }),
  },
  dim: ([dimA, p]) => otherExtent(MAT_VEC, dimA, p),
  cotangents: (e, [A, b]) => [tensorProd(e, b), vecMatMult(e, A)],
});

/** Matrix A, row-major, times the vector b. */
export function matVecMult(A: Operand, b: Operand): Formula {
  return matVecBuild([A, b]);
}

const VEC_MAT = where("VecMatMult", "b", "A");
const vecMatBuild = operation<Two>("VecMatMult", {
  doc: "The row vector b (n numbers) times the matrix A (n·p numbers, row-major).",
  method: "vecmatmult",
  slots: [formulaSlot("b"), formulaSlot("A")],
  shape: {
    kind: "contraction",
    axes: ([n, dimA]) => ({
      kept: [{ size: dimA / n, strides: [0, 1] }],
      summed: [{ size: n, strides: [1, dimA / n] }],
    }),
  },
  dim: ([n, dimA]) => otherExtent(VEC_MAT, dimA, n),
  cotangents: (e, [b, A]) => [matVecMult(A, e), tensorProd(b, e)],
});

/** The row vector b times the matrix A, row-major. */
export function vecMatMult(b: Operand, A: Operand): Formula {
  return vecMatBuild([b, A]);
}

const tensorProdBuild = operation<Two>("TensorProd", {
  doc: "Outer product of x and y: the number x_k y_l stands at k·dim(y) + l.",
  method: "tensorprod",
  slots: [formulaSlot("x"), formulaSlot("y")],
  shape: {
    kind: "contraction",
    axes: ([m, n]) => ({
      kept: [
        { size: m, strides: [1, 0] },
        { size: n, strides: [0, 1] },
      ],
      summed: [],
    }),
  },
  dim: ([m, n]) => m * n,
  simplify: ([x, y]) => (x.dim === 1 || y.dim === 1 ? mult(x, y) : undefined),
  cotangents: (e, [x, y]) => [matVecMult(e, y), vecMatMult(x, e)],
});

/** Outer product, row-major. */
export function tensorProd(x: Operand, y: Operand): Formula {
  return tensorProdBuild([x, y]);
}

// ------------------------------------------------------------------------------------------- general contraction

type List = readonly number[];
/** Shapes of x and y, axes of each that are summed in pairs, and the place of each kept axis in the result. */
type TensorDotParameters = readonly [dimsX: List, dimsY: List, summedX: List, summedY: List, places: List];

const product = (sizes: List): number => sizes.reduce((size, n) => size * n, 1);
const axesOtherThan = (dims: List, summed: List): number[] =>
  dims.map((_, axis) => axis).filter((axis) => !summed.includes(axis));
const stridesOf = (dims: List): number[] => dims.map((_, axis) => product(dims.slice(axis + 1)));

const countTo = (count: number): number[] => Array.from({ length: Math.max(0, count) }, (_, k) => k);

/** The kept axes in the order of the result, as (argument, axis). */
function resultAxes([dimsX, dimsY, summedX, summedY, places]: TensorDotParameters): { arg: 0 | 1; axis: number }[] {
  const kept = [
    ...axesOtherThan(dimsX, summedX).map((axis) => ({ arg: 0 as const, axis })),
    ...axesOtherThan(dimsY, summedY).map((axis) => ({ arg: 1 as const, axis })),
  ];
  return kept.map((_, place) => at(kept, places.indexOf(place)));
}

function tensorDotAxes(params: TensorDotParameters): { kept: Axis[]; summed: Axis[] } {
  const [dimsX, dimsY, summedX, summedY] = params;
  const dims = [dimsX, dimsY] as const;
  const strides = [stridesOf(dimsX), stridesOf(dimsY)] as const;
  const kept = resultAxes(params).map(({ arg, axis }) => {
    const stride = at(strides[arg], axis);
    return { size: at(dims[arg], axis), strides: arg === 0 ? [stride, 0] : [0, stride] };
  });
  const summed = summedX.map((axis, n) => ({
    size: at(dimsX, axis),
    strides: [at(strides[0], axis), at(strides[1], at(summedY, n))],
  }));
  return { kept, summed };
}

const TENSOR_DOT = where("TensorDot", "x", "y", "dimsX", "dimsY", "summedX", "summedY", "[places]");

function checkTensorDot(dims: List, [dimsX, dimsY, summedX, summedY, places]: TensorDotParameters): void {
  const isAxisOf = (of: List) => (axis: number) => Number.isInteger(axis) && axis >= 0 && axis < of.length;
  const distinct = (list: List): boolean => new Set(list).size === list.length;
  expect(
    product(dimsX) === dims[0],
    TENSOR_DOT,
    `dimsX whose product is ${dims[0]}, the dim of x`,
    `[${dimsX.join()}]`,
  );
  expect(
    product(dimsY) === dims[1],
    TENSOR_DOT,
    `dimsY whose product is ${dims[1]}, the dim of y`,
    `[${dimsY.join()}]`,
  );
  expect(
    summedX.every(isAxisOf(dimsX)) && distinct(summedX),
    TENSOR_DOT,
    "axes of x in summedX",
    `[${summedX.join()}]`,
  );
  expect(
    summedY.every(isAxisOf(dimsY)) && distinct(summedY),
    TENSOR_DOT,
    "axes of y in summedY",
    `[${summedY.join()}]`,
  );
  const sizes = (of: List, axes: List): string => axes.map((axis) => of[axis]).join();
  const paired = sizes(dimsX, summedX) === sizes(dimsY, summedY);
  expect(paired, TENSOR_DOT, "summed axes of equal sizes", `[${sizes(dimsX, summedX)}] and [${sizes(dimsY, summedY)}]`);
  const kept = dimsX.length + dimsY.length - summedX.length - summedY.length;
  const isPermutation = distinct(places) && places.length === kept && places.every((p) => p >= 0 && p < kept);
  expect(isPermutation, TENSOR_DOT, `a permutation of ${kept} axes as places`, `[${places.join()}]`);
}

const tensorDotBuild = operation<Two, TensorDotParameters>("TensorDot", {
  method: "tensordot keops_tensordot",
  doc: "Contraction of x and y as tensors of shapes dimsX and dimsY (row-major) over the axes summedX with summedY; kept axis k of x, then y, gets place places[k].",
  slots: [
    ...formulaSlots("x y"),
    ...["dimsX", "dimsY", "summedX", "summedY"].map(listSlot),
    { name: "places", kind: "list", optional: true },
  ],
  shape: { kind: "contraction", axes: (_, params) => tensorDotAxes(params) },
  complete: ([dimsX, dimsY, summedX, summedY, places]) => {
    const [x, y, sx, sy] = [dimsX, dimsY, summedX, summedY] as readonly List[] as [List, List, List, List];
    return [x, y, sx, sy, (places as List | undefined) ?? countTo(x.length + y.length - sx.length - sy.length)];
  },
  dim: (dims, params) => {
    checkTensorDot(dims, params);
    return product(tensorDotAxes(params).kept.map(({ size }) => size));
  },
  cotangents: (e, [x, y], params) => [cotangentOfTensorDot(e, y, params, 0), cotangentOfTensorDot(e, x, params, 1)],
});

/** Contraction of x and y as tensors; without `places` the kept axes of x come first, then those of y. */
export function tensorDot(
  x: Operand,
  y: Operand,
  dimsX: List,
  dimsY: List,
  summedX: List,
  summedY: List,
  places?: List,
): Formula {
  const kept = dimsX.length + dimsY.length - summedX.length - summedY.length;
  return tensorDotBuild([x, y], dimsX, dimsY, summedX, summedY, places ?? countTo(kept));
}

/** The cotangent of one argument is e contracted with the other argument over the axes that the other one kept. */
function cotangentOfTensorDot(e: Formula, other: Formula, params: TensorDotParameters, arg: 0 | 1): Formula {
  const dims = [params[0], params[1]] as const;
  const summed = [params[2], params[3]] as const;
  const result = resultAxes(params);
  const otherArg = arg === 0 ? 1 : 0;
  const shapeE = result.map((from) => at(dims[from.arg], from.axis));
  const fromOther = result.flatMap((from, place) => (from.arg === otherArg ? [place] : []));
  const axesOfOther = fromOther.map((place) => at(result, place).axis);
  const own = result.flatMap((from) => (from.arg === arg ? [from.axis] : []));
  const shared = axesOtherThan(dims[otherArg], axesOfOther).map((axis) =>
    at(summed[arg], summed[otherArg].indexOf(axis)),
  );
  return tensorDot(e, other, shapeE, dims[otherArg], fromOther, axesOfOther, [...own, ...shared]);
}

/** Kronecker product of two tensors: axis a of the result runs over axis a of x, then axis a of y. */
export function kron(x: Operand, y: Operand, dimsX: List, dimsY: List): Formula {
  const axes = Math.max(dimsX.length, dimsY.length);
  const padDims = (dims: List): number[] => [...new Array<number>(axes - dims.length).fill(1), ...dims];
  const places = [0, 1].flatMap((arg) => Array.from({ length: axes }, (_, axis) => 2 * axis + arg));
  return tensorDot(x, y, padDims(dimsX), padDims(dimsY), [], [], places);
}

macro("Kron", {
  doc: "Kronecker product of x and y as tensors of shapes dimsX and dimsY, row-major.",
  method: "kron keops_kron",
  slots: [...formulaSlots("x y"), listSlot("dimsX"), listSlot("dimsY")],
  build: ([x, y, dimsX, dimsY]) => kron(x as Formula, y as Formula, dimsX as List, dimsY as List),
});

// ---------------------------------------------------------------------------------------------- weighted norms

/** s |x|² for a number, Σ s_k x_k² for a vector, Σ s_kl x_k x_l for a matrix s. */
export function weightedSqNorm(s: Operand, x: Operand): Formula {
  const [metric, vector] = [lift(s), lift(x)];
  const dim = vector.dim;
  if (metric.dim === 1) return mult(metric, scalprod(vector, vector));
  if (metric.dim === dim) return scalprod(metric, square(vector));
  const at = where("WeightedSqNorm", "s", "x");
  expect(metric.dim === dim * dim, at, `s of dim 1, ${dim} or ${dim * dim}`, metric.dim);
  return scalprod(matVecMult(metric, vector), vector);
}

function normMacro(name: string, doc: string, weight: string, weightDim: (dim: number) => number): void {
  macro(name, {
    doc,
    order: `x ${weight}`,
    slots: formulaSlots(`${weight} x`),
    build: ([s, x]) => {
      const [metric, vector] = [s as Formula, x as Formula];
      const expected = weightDim(vector.dim);
      expect(metric.dim === expected, where(name, weight, "x"), `${weight} of dim ${expected}`, metric.dim);
      return weightedSqNorm(metric, vector);
    },
  });
}

normMacro("SqNormIso", "s |x|².", "s", () => 1);
normMacro("SqNormDiag", "Sum of s_k x_k².", "s", (dim) => dim);
normMacro("SymSqNorm", "Sum of A_kl x_k x_l, A row-major.", "A", (dim) => dim * dim);
macro("WeightedSqNorm", {
  doc: "Squared norm of x in the metric s: a number, the diagonal, or the whole matrix by its dim 1, D or D².",
  method: "weightedsqnorm",
  order: "x s",
  slots: formulaSlots("s x"),
  build: two(weightedSqNorm),
});
macro("WeightedSqDist", {
  doc: "Squared norm of x - y in the metric s: a number, the diagonal, or the whole matrix by its dim 1, D or D².",
  method: "weightedsqdist",
  order: "x y s",
  slots: formulaSlots("s x y"),
  build: ([s, x, y]) => weightedSqNorm(s as Formula, subtract(x as Formula, y as Formula)),
});
