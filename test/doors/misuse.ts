/**
 * The public functions, each with arguments that it takes: what tests of misuse call with something else in their
 * place. A new public function needs a row here.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import ndarray from "ndarray";
import * as api from "../../src";
import { array, nd, rand, requiresGrad } from "../../src";
import type { RealArray } from "../../src";
import { ND_FUNCTIONS } from "./misusend";

/** A public function, or a method. */
export interface Row {
  readonly call: (...args: never[]) => unknown;
  /** Arguments that it takes, as many as it knows; the last ones are options where `accepts` says so. */
  readonly args: () => unknown[];
  readonly options?: true;
  /** How many arguments are one too many cannot be said: texts, arrays or holes follow each other. */
  readonly open?: true;
  /** Called for what it changes: what undoes that. */
  readonly undo?: () => void;
}

const x = rand([6, 2], { seed: 1 });
const b = rand([6, 1], { seed: 2 });
const labels = [0, 0, 1, 1, 2, 2];
const intervals = [
  [0, 3],
  [3, 6],
];
const keep = [
  [1, 0],
  [1, 1],
];
const ranges = api.cluster.fromMatrix(intervals, intervals, keep);
const ALIASES = ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"] as const;
const GAUSSIAN = "Exp(-SqDist(x, y)) * b";
export const K = api.Genred(GAUSSIAN, ALIASES, { axis: 1 });
export const Kinv = api.KernelSolve(GAUSSIAN, ALIASES, "b", { axis: 1 });
const kernel = (): api.LazyTensor => api.Vi(x).sqdist(api.Vj(x)).neg().exp();
const complexKernel = (): api.ComplexLazyTensor => kernel().complex(kernel());
const { threads, instructionSet, lapack } = api.settings;
const marked = (): RealArray => nd.sum(nd.mul(requiresGrad(x), x));
const square = (at: RealArray): RealArray => nd.sum(nd.square(at));
const operator = (): api.LinearOperator => api.asLinearOperator(kernel());

const row = (call: unknown, args: () => unknown[], more: Partial<Row> = {}): Row => ({
  call: call as Row["call"],
  args,
  ...more,
});
const withOptions = (call: unknown, args: () => unknown[], more: Partial<Row> = {}): Row =>
  row(call, () => [...args(), {}], { options: true, ...more });
const points = (): unknown[] => [x, x, b];
/** What sets one of the settings, here to what it is. */
const setting = <K extends keyof api.Settings>(name: K, value: api.Settings[K]): Row => {
  const set = (given: api.Settings[K]): void => {
    api.settings[name] = given;
  };
  return row(set, () => [value], { open: true, undo: () => set(value) });
};

const picture = (): object => api.notebook.lineChart([{ a: 1, b: 2 }], { x: "a", y: "b" });

/** By name, as `index.ts` exports them. */
export const FUNCTIONS: Readonly<Record<string, Row>> = {
  array: withOptions(api.array, () => [[1, 2]]),
  astype: row(api.astype, () => [x, "float64"]),
  rand: withOptions(api.rand, () => [[2, 3]]),
  randn: withOptions(api.randn, () => [[2, 3]]),
  zeros: withOptions(api.zeros, () => [[2, 3]]),
  "cluster.clusterCentroids": row(api.cluster.clusterCentroids, () => [x, labels, b]),
  "cluster.clusterRanges": row(api.cluster.clusterRanges, () => [labels]),
  "cluster.clusterRangesCentroids": row(api.cluster.clusterRangesCentroids, () => [x, labels, b]),
  "cluster.gridCluster": row(api.cluster.gridCluster, () => [x, 0.5]),
  "cluster.sortClusters": row(api.cluster.sortClusters, () => [x, labels]),
  "cluster.bandRanges": row(api.cluster.bandRanges, () => [9, 2, 2, {}]),
  "cluster.triangleRanges": row(api.cluster.triangleRanges, () => [9, {}]),
  "cluster.rangesFromRadius": row(api.cluster.rangesFromRadius, () => [x, x, 0.5]),
  "cluster.neighbours": row(api.cluster.neighbours, () => [x, x, { k: 2 }], { options: true }),
  "cluster.fromMatrix": row(api.cluster.fromMatrix, () => [intervals, intervals, keep]),
  "cluster.swapAxes": row(api.cluster.swapAxes, () => [ranges]),
  dispose: row(api.dispose, () => [x]),
  toDevice: withOptions(api.toDevice, () => [x]),
  toHost: row(api.toHost, () => [x]),
  grad: withOptions(api.grad, () => [marked(), [x], array([1]).pick(0)]),
  detach: row(api.detach, () => [x]),
  minimise: withOptions(api.minimise, () => [square, rand([2])]),
  ready: withOptions(api.ready, () => []),
  noGrad: row(api.noGrad, () => [() => 1]),
  requiresGrad: row(api.requiresGrad, () => [rand([2])]),
  "settings.instructionSet": setting("instructionSet", instructionSet),
  "settings.lapack": setting("lapack", lapack),
  "settings.threads": setting("threads", threads),
  genericSum: row(api.genericSum, () => [GAUSSIAN, "a = Vi(1)", ...ALIASES], { open: true }),
  genericLogsumexp: row(api.genericLogsumexp, () => ["SqDist(x, y)", "a = Vi(1)", ...ALIASES], { open: true }),
  genericArgmin: row(api.genericArgmin, () => ["SqDist(x, y)", "a = Vi(1)", ...ALIASES], { open: true }),
  genericArgkmin: row(api.genericArgkmin, () => ["SqDist(x, y)", "a = Vi(3)", ...ALIASES], { open: true }),
  Genred: withOptions(api.Genred, () => [GAUSSIAN, ALIASES]),
  KernelSolve: withOptions(api.KernelSolve, () => [GAUSSIAN, ALIASES, "b"]),
  asLinearOperator: row(api.asLinearOperator, () => [kernel()]),
  "linalg.blocks": row(api.linalg.blocks, () => [[[operator(), null], [null, kernel()]]]), // prettier-ignore
  "linalg.diagonal": row(api.linalg.diagonal, () => [rand([6])]),
  "linalg.identity": withOptions(api.linalg.identity, () => [6]),
  "linalg.eigsh": withOptions(api.linalg.eigsh, () => [kernel(), 2]),
  "linalg.svds": withOptions(api.linalg.svds, () => [kernel(), 2]),
  "linalg.cg": withOptions(api.linalg.cg, () => [operator().addDiag(1), b]),
  "linalg.minres": withOptions(api.linalg.minres, () => [operator().addDiag(1), b]),
  "linalg.gmres": withOptions(api.linalg.gmres, () => [operator().addDiag(1), b]),
  lazy: row(api.lazy, () => [{ x, sigma: 2 }]),
  Vi: row(api.Vi, () => [0, 2]),
  Vj: row(api.Vj, () => [0, 2]),
  Pm: row(api.Pm, () => [0, 2]),
  Var: row(api.Var, () => [0, 2, 1]),
  "notebook.imageChart": withOptions(api.notebook.imageChart, () => [rand([3, 4])]),
  "notebook.scatterChart": withOptions(api.notebook.scatterChart, () => [rand([3, 2])]),
  "notebook.chart": withOptions(api.notebook.chart, () => [picture()]),
  "notebook.lineChart": row(api.notebook.lineChart, () => [[{ a: 1, b: 2 }], { x: "a", y: "b" }], { options: true }),
  "notebook.saveChart": withOptions(api.notebook.saveChart, () => [picture(), join(tmpdir(), "tskeops-misuse.json")]),
  "notebook.contour": withOptions(api.notebook.contour, () => [rand([3, 4])]),
  "notebook.quiver": withOptions(api.notebook.quiver, () => [rand([3, 2]), rand([3, 2])]),
  "notebook.histogram": withOptions(api.notebook.histogram, () => [rand([9])]),
  "notebook.boxChart": withOptions(api.notebook.boxChart, () => [rand([9])]),
  "notebook.benchChart": withOptions(api.notebook.benchChart, () => [[1, 2], { a: [1, 2] }]),
  "notebook.scatter3d": withOptions(api.notebook.scatter3d, () => [rand([3, 3])]),
  "notebook.meshChart": withOptions(api.notebook.meshChart, () => [rand([3, 3]), [[0, 1, 2]]]),
  "notebook.subplots": withOptions(api.notebook.subplots, () => [[picture()]]),
  "notebook.frames": withOptions(api.notebook.frames, () => [[picture()]]),
  "notebook.table": withOptions(api.notebook.table, () => [rand([3, 2])]),
  "notebook.progressBar": withOptions(api.notebook.progressBar, () => []),
  ...ND_FUNCTIONS,
  "cuda.available": row(api.cuda.available, () => []),
  "cuda.whyNot": row(api.cuda.whyNot, () => []),
  "cuda.devices": row(api.cuda.devices, () => []),
  "cuda.memory": row(api.cuda.memory, () => [0]),
  LazyTensor: row(api.LazyTensor, () => [x, { axis: 0 }], { options: true }),
  ComplexLazyTensor: row(api.ComplexLazyTensor, () => [x, { axis: 0 }], { options: true }),
  LinearOperator: row(api.LinearOperator, () => [operator()]),
};

const method =
  (of: () => object, name: string) =>
  (...args: unknown[]): unknown =>
    (of() as Record<string, (...given: unknown[]) => unknown>)[name]!(...args);

/** What the functions that doors return take, and methods of tensors and operators. */
export const METHODS: Readonly<Record<string, Row>> = {
  "K(...)": withOptions(K, points, { open: true }),
  "K.dense": withOptions(K.dense, points, { open: true }),
  "K.async": withOptions(K.async, points, { open: true }),
  "K.plan": withOptions(K.plan, points, { open: true }),
  "Kinv(...)": withOptions(Kinv, points, { open: true }),
  "Kinv.async": withOptions(Kinv.async, points, { open: true }),
  "Kinv.report": withOptions(Kinv.report, points, { open: true }),
  "Kinv.shifted": withOptions(Kinv.shifted, () => [[1, 2], ...points()], { open: true }),
  "Kinv.logdet": withOptions(Kinv.logdet, points, { open: true }),
  "Kinv.trace": withOptions(Kinv.trace, points, { open: true }),
  "Kinv.eigsh": withOptions(Kinv.eigsh, () => [2, ...points()], { open: true }),
  "cluster.neighbours.async": row(api.cluster.neighbours.async, () => [x, x, { radius: 0.5 }], { options: true }),
  "LazyTensor.concatenate": row(api.LazyTensor.concatenate, () => [[kernel(), kernel()]]),
  "D.exp": row(method(kernel, "exp"), () => []),
  "D.sqdist": row(method(kernel, "sqdist"), () => [kernel()]),
  "D.pow": row(method(kernel, "pow"), () => [2]),
  "D.elem": row(method(kernel, "elem"), () => [0]),
  "D.gt": row(method(kernel, "gt"), () => [0.5]),
  "D.complex": row(method(kernel, "complex"), () => [0.5]),
  "D.sum": row(method(kernel, "sum"), () => [{ axis: 1 }], { options: true }),
  "D.max": row(method(kernel, "max"), () => [{ axis: 0 }], { options: true }),
  "D.logsumexp": row(method(kernel, "logsumexp"), () => [{ axis: 1 }], { options: true }),
  "D.argKmin": row(method(kernel, "argKmin"), () => [2, { axis: 1 }], { options: true }),
  "D.sumsoftmaxweight": row(method(kernel, "sumsoftmaxweight"), () => [2, { axis: 1 }], { options: true }),
  "D.matmul": withOptions(method(kernel, "matmul"), () => [b]),
  "D.rmatvec": withOptions(method(kernel, "rmatvec"), () => [b]),
  "D.solve": row(method(kernel, "solve"), () => [b, { alpha: 1 }], { options: true }),
  "D.report": row(method(kernel, "report"), () => [b, { alpha: 1 }], { options: true }),
  "D.logdet": row(method(kernel, "logdet"), () => [{ alpha: 1 }], { options: true }),
  "D.eigsh": withOptions(method(kernel, "eigsh"), () => [2]),
  "D.addDiag": row(method(kernel, "addDiag"), () => [2]),
  "D.dense": withOptions(method(kernel, "dense"), () => []),
  "D.row": row(method(kernel, "row"), () => [2]),
  "D.slice": row(method(kernel, "slice"), () => [[0, 2], null]),
  "D.withRanges": row(method(kernel, "withRanges"), () => [ranges]),
  "D.withBackend": row(method(kernel, "withBackend"), () => ["tiles"]),
  "D.diag": row(method(kernel, "diag"), () => []),
  "C.mul": row(method(complexKernel, "mul"), () => [kernel()]),
  "C.extract": row(method(complexKernel, "extract"), () => [0, 1]),
  "C.sum": row(method(complexKernel, "sum"), () => [{ axis: 1 }], { options: true }),
  "C.matmul": withOptions(method(complexKernel, "matmul"), () => [x]),
  "A.matvec": row(method(operator, "matvec"), () => [b]),
  "A.matmul": row(method(operator, "matmul"), () => [operator()]),
  "A.addDiag": row(method(operator, "addDiag"), () => [2]),
  "A.add": row(method(operator, "add"), () => [kernel()]),
  "A.sub": row(method(operator, "sub"), () => [kernel()]),
  "A.scale": row(method(operator, "scale"), () => [2]),
  "A.power": row(method(operator, "power"), () => [2]),
  "A.compose": row(method(operator, "compose"), () => [kernel()]),
  "A.transpose": row(method(operator, "transpose"), () => []),
};

// ----------------------------------------------------------------------------------------------------------- junk

class Liar extends Float32Array {
  override get length(): number {
    return 1000;
  }
}
const named = (name: string): Float32Array =>
  Object.defineProperty(new Float32Array(12), Symbol.toStringTag, { value: name });
const wide = Object.defineProperty(new Float32Array(12), "BYTES_PER_ELEMENT", { value: 8 });
const transferred = ((): Float32Array => {
  const data = new Float32Array(12);
  structuredClone(data, { transfer: [data.buffer] });
  return data;
})();
const like = (data: unknown, shape: unknown = [6, 2], stride: unknown = [2, 1], offset: unknown = 0): object => ({
  data,
  shape,
  stride,
  offset,
});

/** What might stand where something else belongs, by what it is called in messages of tests. */
export const JUNK: Readonly<Record<string, unknown>> = {
  undefined: undefined,
  null: null,
  number: 3,
  "negative number": -2,
  fraction: 0.5,
  NaN: NaN,
  infinity: Infinity,
  "large number": 2 ** 60,
  text: "text",
  "empty text": "",
  "number as text": "4",
  true: true,
  bigint: 10n,
  symbol: Symbol("symbol"),
  function: () => 3,
  "async function": () => Promise.resolve(3),
  "empty list": [],
  "list of objects": [{}],
  "nested list": [[1], [2, 3]],
  "list of texts": ["a", "b", "c"],
  "list with null": [null, null],
  "list of holes": new Array(100),
  object: {},
  "object without prototype": Object.create(null),
  "object with a length": { length: 2 ** 53 },
  "object with then": { then: 3 },
  date: new Date(0),
  map: new Map([["axis", 1]]),
  pattern: /x/,
  error: new Error("junk"),
  promise: Promise.resolve(3),
  "typed array": new Float32Array(12),
  "typed array of integers": new Int32Array(6),
  bytes: new Uint8Array(12),
  "view of bytes": new DataView(new ArrayBuffer(48)),
  buffer: new ArrayBuffer(48),
  "ndarray of integers": ndarray(new Int32Array(12), [6, 2]),
  "ndarray of another shape": ndarray(new Float32Array(12), [2, 3, 2]),
  "ndarray of another dtype": ndarray(new Float64Array(12), [6, 2]),
  "ndarray without elements": ndarray(new Float32Array(0), [0, 2]),
  "ndarray of no axes": ndarray(new Float32Array(1), []),
  "ndarray beyond its data": ndarray(new Float32Array(4), [6, 2]),
  "ndarray of a list": ndarray([1, 2, 3, 4], [2, 2]),
  "ndarray that repeats 6e9 times": ndarray(new Float32Array(2), [3e9, 2], [0, 1]),
  "ndarray of a transferred buffer": like(transferred),
  "look-alike": like(new Float32Array(12)),
  "look-alike of nothing": like({ length: 12 }),
  "look-alike of a long nothing": like({ length: 2 ** 53 }),
  "look-alike that lies about its length": like(new Liar(4)),
  "look-alike that lies about its width": like(wide),
  "look-alike that calls itself float64": like(named("Float64Array")),
  "look-alike of integers that calls itself float32": like(
    Object.defineProperty(new Int32Array(12), Symbol.toStringTag, { value: "Float32Array" }),
  ),
  "look-alike with a fraction as length": like(new Float32Array(12), [1.5, 2]),
  "look-alike with texts as shape": like(new Float32Array(12), ["6", "2"]),
  "look-alike without strides": like(new Float32Array(12), [6, 2], []),
  "look-alike with NaN as offset": like(new Float32Array(12), [6, 2], [2, 1], NaN),
  "lazy tensor": api.Vi(x),
  "complex lazy tensor": api.Vi(x).asComplex(),
  "symbolic variable": api.Vi(0, 2),
  "linear operator": api.asLinearOperator(kernel()),
};
