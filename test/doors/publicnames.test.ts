/** The public names: few at the top level, where none is added unseen; what is alike is in a namespace. */
import { inspect } from "node:util";
import * as api from "../../src";

const TOP = `array astype rand randn zeros Genred KernelSolve genericSum genericLogsumexp genericArgmin genericArgkmin Vi Vj Pm Var
  LazyTensor ComplexLazyTensor LinearOperator asLinearOperator lazy grad requiresGrad detach noGrad minimise toDevice toHost dispose ndarray
  KeopsError cluster cuda errors linalg nd notebook ready settings version`;

const NAMESPACES = {
  linalg: `blocks cg diagonal eigsh gmres identity minres svds`,
  cluster: `gridCluster sortClusters clusterRanges clusterCentroids clusterRangesCentroids fromMatrix swapAxes rangesFromRadius bandRanges triangleRanges
    neighbours`,
  cuda: "available devices memory whyNot",
  errors: "KeopsError ArgumentError CompileError ConvergenceError DeviceError FormulaError InterruptedError",
  nd: `add sub mul div neg square reciprocal invOr0 multOr0 sqrt rsqrt exp exp2 expm1 log log1p abs sign step pow powfOr0
    lt le eq ne sin cos tan sinxdivx asin acos atan atan2 overSquares sinh cosh tanh sigmoid softplus erf xlogx relu minimum
    maximum clamp clampInt diffClampInt ifelse floor ceil round roundTo mod expShare logAddExp
    asinh acosh atanh log2 log10 cbrt erfc lgamma digamma polygamma besselK
    sum mean max min argmax argmin logsumexp softmax norm cumsum
    take scatterAdd bincount oneHot where concat stack split reshape transpose flip sort argsort
    matmul outer cross tensordot solve inv det logdet cholesky eigh svd qr relativeError
    ones full eye arange linspace grid randint permutation choice toNested`,
  notebook: `chart saveChart lineChart imageChart scatterChart contour quiver histogram boxChart benchChart scatter3d
    meshChart subplots frames table progressBar`,
  settings: "threads instructionSet lapack",
} as const;

const sorted = (names: string): string[] => names.split(/\s+/).sort();

test("the top level has these values, and no other", () => {
  expect(Object.keys(api).sort()).toEqual(sorted(TOP));
});

test.each(Object.entries(NAMESPACES))("%s has these values, and no other", (name, names) => {
  expect(Object.keys(api[name as keyof typeof NAMESPACES]).sort()).toEqual(sorted(names));
});

test("what is made without new is told by instanceof", () => {
  const tensor = api.LazyTensor([1, 2]);
  const operator = api.LinearOperator(api.asLinearOperator(api.Vi(api.rand([2, 1])).sqdist(api.Vj(api.rand([2, 1])))));
  expect([tensor, tensor.exp1j(), operator].map((made) => made instanceof api.LazyTensor)).toEqual([
    true,
    false,
    false,
  ]);
  expect(tensor.exp1j()).toBeInstanceOf(api.ComplexLazyTensor);
  expect(operator).toBeInstanceOf(api.LinearOperator);
  expect([api.LazyTensor, api.ComplexLazyTensor, api.LinearOperator].map(({ name }) => name)).toEqual([
    "LazyTensor",
    "ComplexLazyTensor",
    "LinearOperator",
  ]);
});

describe("settings", () => {
  const { threads } = api.settings;
  afterEach(() => {
    Object.assign(api.settings, { threads, instructionSet: "auto", lapack: "auto" });
  });

  test("tell what is in use", () => {
    api.settings.threads = 3;
    api.settings.instructionSet = "baseline";
    api.settings.lapack = "off";
    expect({ ...api.settings }).toEqual({ threads: 3, instructionSet: "baseline", lapack: "off" });
    expect(inspect(api.settings)).toBe("{ threads: 3, instructionSet: 'baseline', lapack: 'off' }");
  });

  test("can be set to what they tell", () => {
    api.settings.lapack = "off";
    const before = { ...api.settings };
    Object.assign(api.settings, before);
    expect({ ...api.settings }).toEqual(before);
  });
});
