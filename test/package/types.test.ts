/**
 * What the compiler says about calls: aliases give the arguments their types, arrays give the result its dtype. All
 * lines are compiled as one file with the checks of this repository; each line that must not compile has to fail, and
 * no other may.
 */
import { join } from "node:path";
import ts from "typescript";

const HEAD = `
import ndarray from "ndarray";
import { Genred, KernelSolve, LazyTensor, Pm, Vi, Vj, array, asLinearOperator, grad, lazy, nd, rand, settings, zeros } from "../../src";
import type { GenredFunction, KernelSolveFunction, RealArray } from "../../src";
const x = rand([9, 2]);
const w = rand([9, 2], { dtype: "float64" });
const own = ndarray(new Float32Array(18), [9, 2]);
const dim: number = 2;
const names: string[] = ["b = Vj(2)"];
const K = Genred("Exp(- g * SqDist(x,y)) * b", ["x = Vi(2)", "y=Vj( 2 )", "b = Vj(2)", "g = Pm(1)"], { axis: 1 });
const Kinv = KernelSolve("Exp(- g * SqDist(x,y)) * b", ["x = Vi(2)", "y = Vj(2)", "b = Vj(2)", "g = Pm(1)"], "b", { axis: 1 });
const P = Genred("p * x", ["x = Vi(2)", "p = Pm(2)"]);
const D = Genred("b", names);
const L = Vi(x).sqdist(Vj(x)).neg().exp();
const Z = Vi(x).exp1j();
`;

const GOOD: (readonly [string, string])[] = [
  ["float32 arrays give a float32 result", "const r: RealArray<Float32Array> = K(x, x, x, x);"],
  ["float64 arrays give a float64 result", "const r: RealArray<Float64Array> = K(w, w, w, w);"],
  ["a Pm(1) may be a number", "const r: RealArray<Float32Array> = K(x, x, x, 5);"],
  [
    "lists and typed arrays stand for arrays",
    "const r: RealArray<Float32Array> = K([[1, 2]], x, [new Float32Array(2)], [5]); K(x, x, x, new Float32Array(1)); Kinv([[1, 2]], w, [[1, 2]], 5); nd.add(x, [1, 2]); const s: RealArray = nd.exp([[1, 2]]);",
  ],
  ["a solve for complex numbers", "const r: RealArray<Float32Array> = Z.solve(x);"],
  ["an ndarray of the user's own mixes with ours", "const r: RealArray<Float32Array> = K(own, x, own, 5);"],
  ["the result of a call is an argument of the next", "const r = K(K(x, x, x, 5), x, x, 5);"],
  [
    "options, null and undefined may follow the arrays",
    "K(x, x, x, 5, { backend: 'cpu' }); K(x, x, x, 5, null); K(x, x, x, 5, undefined);",
  ],
  [
    "out has the dtype of the arrays",
    "K(x, x, x, 5, { out: own }); K(w, w, w, 5, { out: zeros([9, 2], { dtype: 'float64' }) });",
  ],
  [
    "a solve takes its options",
    "const r: RealArray<Float64Array> = Kinv(w, w, w, 5, { alpha: 1, x0: w, onIteration: ({ residual }) => void residual });",
  ],
  [
    "aliases that are only known at run time take arrays and numbers",
    "const r: RealArray<Float32Array> = D(x, 1, x, { backend: 'auto' });",
  ],
  [
    "aliases with a dim that is only known at run time still know their kinds",
    "Genred('x', [`x = Vi(${dim})`, `p = Pm(1)`])(x, 5);",
  ],
  ["the unknown of dynamic aliases may have any name", "KernelSolve('b', names, 'anything');"],
  ["the unknown may be declared by Var", "KernelSolve('b', ['b = Var(0,2,1)'], 'b');"],
  [
    "gradients have the types of their inputs",
    "const [a, b]: [RealArray<Float32Array>, RealArray<Float64Array>] = grad(x, [x, w]);",
  ],
  ["settings are read and set", "const n: number = settings.threads; settings.instructionSet = 'auto'; void n;"],
  ["array maths keeps the dtype", "const r: RealArray<Float64Array> = nd.add(w, 1);"],
  [
    "a whole report tells the solution, too",
    "const r: RealArray<Float64Array> = Kinv.report(w, w, w, 5).solution; const s: number = Kinv.shifted.report([1], w, w, w, 5)[0]!.iterations;",
  ],
  [
    "call types may be written down",
    "const f: GenredFunction<['x = Vi(2)']> = Genred('x', ['x = Vi(2)']); const s: KernelSolveFunction = KernelSolve('b', names, 'b');",
  ],
];

const GOOD_LAZY: readonly (readonly [string, string])[] = [
  ["a lazy tensor gives results of the dtype of its array", "const r: RealArray<Float32Array> = L.sum({ axis: 1 });"],
  [
    "lists and typed arrays stand for points",
    "Vi([[1, 2]]).sub(Vj([1, 2], [1, 2])); const r: LazyTensor<Float32Array> = Vi(new Float32Array(4), [2, 2]); const s: RealArray<Float32Array> = L.matmul([[1, 2]]);",
  ],
  ["a lazy sum without an axis is lazy", "const r: LazyTensor<Float32Array> = L.sum();"],
  ["lazy operands are tensors, numbers, lists and parameters", "L.add(1).mul(L).sub(Pm(2)).div([1]).pow(Pm([1]));"],
  ["lazy indices are integers", "const k: Int32Array = L.argKmin(3, { axis: 1 }).data;"],
  ["pairs of reductions are pairs", "const [v, k] = L.minArgmin({ axis: 0 }); const n: Int32Array = k.data; void v;"],
  ["a symbolic sum is a function", "const r: RealArray = Vi(0, 2).sqdist(Vj(x)).exp().sum({ axis: 1 })(x);"],
  [
    "a symbolic operand makes a function",
    "const r: RealArray<Float32Array> = L.mul(Vj(0, 2)).clamp(Pm(1, 1), 2).sum({ axis: 1 })(x, 1); const w: true = L.exp1j().mul(Vi(0, 2)).waits;",
  ],
  [
    "a symbolic hole makes a function",
    "const r: RealArray = lazy`${Vi(0, 2)} + ${L}`.sum({ axis: 1 })(x); const s: RealArray = LazyTensor.concatenate([Vi(x), Vj(0, 2)]).sum({ axis: 1 })(x);",
  ],
  [
    "a symbolic solve is a function",
    "const r: RealArray<Float32Array> = L.solve(Vj(0, 1))(x); const s: RealArray<Float32Array> = L.mul(Pm(0, 1)).solve(x)(2);",
  ],
  [
    "a symbolic sum takes lists",
    'const r: RealArray = Vi(0, 2).mul(Pm(1, 2)).sum({ axis: 1 })([[1, 2]], [3, 4], { backend: "cpu" });',
  ],
  ["a deferred sum is a function", "const r: RealArray = Vi(0, 2).sum({ axis: 1, call: false })(x);"],
  [
    "a lazy solve takes the options of KernelSolve",
    "L.solve(x, { alpha: 1, method: 'cg', preconditioner: { rank: 3 } });",
  ],
  ["a product with an array is an array", "const r: RealArray<Float32Array> = L.matmul(x);"],
  ["a product with a tensor is an operator", "const r: RealArray<Float32Array> = L.matmul(L).T.matvec(x);"],
  ["moduli of complex tensors are real", "const r: LazyTensor<Float32Array> = Z.mul(Z).abs();"],
  [
    "templates are tensors",
    "const r: LazyTensor<Float32Array> = lazy`|${Vi(x)}| * ${2}`; const s: RealArray<Float32Array> = lazy({ x, s: 2 })`s * x_i`.sum({ axis: 1 }); const t: LazyTensor = lazy`${Vi(x)} + ${Pm(2)} + ${[1, 2]}`;",
  ],
  ["makers are called, and tell what they made", "if (LazyTensor(x, { axis: 0 }) instanceof LazyTensor) void 0;"],
  [
    "instanceof narrows",
    "const t: LazyTensor | number = Math.random() < 1 ? L : 1; const s: readonly number[] = t instanceof LazyTensor ? t.shape : [];",
  ],
  ["tensors are concatenated", "const r: LazyTensor<Float32Array> = LazyTensor.concatenate([L, L]);"],
  ["a lazy mean of components is lazy", "const r: LazyTensor<Float32Array> = L.mean({ axis: -1 });"],
  ["weights of exponential sums may be left out", "const r: RealArray<Float32Array> = L.logsumexp({ axis: 1 });"],
  ["a complex deferred sum is a function", "const r: RealArray = Z.sum({ axis: 1, call: false })(x);"],
  ["a complex sum without an axis is complex", "const r: LazyTensor<Float32Array> = Z.sum().real();"],
  [
    "parts of tensors are tensors of their kind",
    "L.T.slice([0, 2]).withBackend('tiles').exp(); Z.T.slice([0, 2]).conj();",
  ],
  [
    "a deferred reduction has a promise",
    "const r: Promise<RealArray> = L.sum({ axis: 1, call: false }).async({ onProgress: null });",
  ],
  [
    "a deferred solve is a function",
    "const r: RealArray<Float32Array> = L.solve(Vj(0, 1), { alpha: 1, call: false })(x);",
  ],
  ["a deferred solve tells how it was found", "const n: number = L.solve(x, { call: false }).report().iterations;"],
  ["a solve takes the schemes of sums", "L.solve(x, { sumScheme: 'kahan', useDoubleAcc: true });"],
  [
    "pykeops spellings are typed too",
    "const [v, k] = L.Kmin_argKmin(3, { axis: 1 }); const n: Int32Array = k.data; void v;",
  ],
];
const BAD_LAZY: readonly (readonly [string, string])[] = [
  ["a text as a lazy operand", "L.add('x');"],
  ["a complex operand of a real tensor", "L.add(Z);"],
  ["a reduction without an axis", "L.prod();"],
  ["a lazy reduction over axis 2", "L.sum({ axis: 2 });"],
  ["the K best without K", "L.argKmin({ axis: 1 });"],
  ["a softmax without weights", "L.sumsoftmaxweight({ axis: 1 });"],
  ["a component that is no number", "L.elem('0');"],
  ["a product with an array of another dtype", "L.matmul(w);"],
  ["a sine of complex numbers", "Z.sin();"],
  ["a minimum of complex numbers", "Z.min({ axis: 1 });"],
  ["a misspelt option of a lazy solve", "L.solve(x, { alhpa: 1 });"],
  ["a misspelt lazy method", "L.sqdst(x);"],
  ["a matrix of text as Vi", "Vi([['1', '2']]);"],
  ["points of a shape that is no list", "Vi(new Float32Array(2), '1, 2');"],
  ["weights for the components of a vector", "L.logsumexp({ weight: 1 });"],
  ["a symbolic solve taken for an array", "const r: RealArray = L.solve(Vj(0, 1));"],
  ["a symbolic sum taken for an array", "const r: RealArray = L.mul(Vj(0, 2)).sum({ axis: 1 });"],
  ["symbolic weights of a sum that is computed", "L.logsumexp({ axis: 1, weight: Vj(0, 1) });"],
  ["a misspelt option of a reduction", "L.sum({ axis: 1, sumscheme: 'kahan' });"],
  ["a deferred result taken for an array", "const r: RealArray = L.sum({ axis: 1, call: false });"],
  ["a complex logsumexp", "Z.logsumexp({ axis: 1 });"],
  ["a comparison of complex numbers", "Z.lt(1);"],
  ["an operator of complex numbers", "asLinearOperator(Z);"],
  ["a summed index as values", "const r: RealArray<Float32Array> = L.argmin({ axis: 1 });"],
  ["a hole that is complex", "lazy`${Z} + 1`;"],
  ["a hole that is no operand", "lazy`${'x'}`;"],
];

const BAD: (readonly [string, string])[] = [
  ["a missing argument", "K(x, x, x);"],
  ["an argument too many", "K(x, x, x, 5, x);"],
  ["a number for a Vi", "K(1, x, x, 5);"],
  ["a number for a Vj", "K(x, 1, x, 5);"],
  ["a number for a Pm of dim 2", "P(x, 5);"],
  ["a number for a Vi whose dim is only known at run time", "Genred('x', [`x = Vi(${dim})`])(5);"],
  ["a typed array of another dtype", "K(x, x, x, new Float64Array(1));"],
  ["a list of text", "K([['1', '2']], x, x, 5);"],
  ["an integer array", "K(ndarray(new Int32Array(18), [9, 2]), x, x, 5);"],
  ["arrays of two dtypes", "K(x, w, x, 5);"],
  ["a parameter of another dtype than the arrays", "K(x, x, x, w);"],
  ["an out of another dtype", "K(x, x, x, 5, { out: w });"],
  ["a plain array as out", "K(x, x, x, 5, { out: [[1, 2]] });"],
  ["an integer array as out", "K(x, x, x, 5, { out: ndarray(new Int32Array(18), [9, 2]) });"],
  ["a float64 result of float32 arrays", "const r: RealArray<Float64Array> = K(x, x, x, 5);"],
  ["a result taken for a number: it is not any", "const r: number = K(x, x, x, 5);"],
  ["a misspelt option of a call", "K(x, x, x, 5, { bakend: 'cpu' });"],
  ["an unknown backend", "K(x, x, x, 5, { backend: 'gpu' });"],
  ["an option of a solve in a plain call", "K(x, x, x, 5, { alpha: 1 });"],
  ["an out for a solve", "Kinv(x, x, x, 5, { out: x });"],
  ["an x0 of another dtype", "Kinv(x, x, x, 5, { x0: w });"],
  ["a misspelt option of a solve", "Kinv(x, x, x, 5, { alhpa: 1 });"],
  ["axis 2", "Genred('x', ['x = Vi(2)'], { axis: 2 });"],
  ["a misspelt option of Genred", "Genred('x', ['x = Vi(2)'], { axes: 1 });"],
  ["a reduction for KernelSolve", "KernelSolve('b', ['b = Vj(2)'], 'b', { reductionOp: 'Sum' });"],
  ["an unknown that no alias declares", "KernelSolve('b', ['b = Vj(2)'], 'c');"],
  ["a parameter as unknown", "KernelSolve('b * g', ['b = Vj(2)', 'g = Pm(1)'], 'g');"],
  ["an alias without a name as unknown", "KernelSolve('Var(0,2,1)', ['Vj(2)'], 'Vj(2)');"],
  ["one text in place of the list of aliases", "Genred('x', 'x = Vi(2)');"],
  ["grad by something that is no array", "grad(x, [1]);"],
  ["a tensor made with new", "new LazyTensor(x, { axis: 0 });"],
  ["a misspelt setting", "settings.thread = 2;"],
  ["a setting of the wrong kind", "settings.instructionSet = 'sse9';"],
];

GOOD.push(...GOOD_LAZY);
BAD.push(...BAD_LAZY);
const LINES = [...GOOD, ...BAD].map(([, line]) => `{ ${line} }`);
const FIRST_LINE = HEAD.split("\n").length - 1;

/** The first message of every line of the sample that does not compile, by line. */
function diagnosticsByLine(): Map<number, string> {
  const file = join(__dirname, "sample-of-calls.ts");
  const config = ts.readConfigFile(join(__dirname, "..", "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, join(__dirname, ".."));
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => path === file || fileExists.call(host, path);
  host.getSourceFile = (path, ...rest) =>
    path === file
      ? ts.createSourceFile(path, HEAD + LINES.join("\n"), ts.ScriptTarget.ES2022)
      : getSourceFile.call(host, path, ...rest);
  const program = ts.createProgram([file], options, host);
  const source = program.getSourceFile(file)!;
  const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  return new Map(
    found.map(({ start, messageText }) => [
      source.getLineAndCharacterOfPosition(start ?? 0).line - FIRST_LINE,
      ts.flattenDiagnosticMessageText(messageText, " "),
    ]),
  );
}

let diagnostics: Map<number, string>;
beforeAll(() => {
  diagnostics = diagnosticsByLine();
}, 60_000);

test("the lines that all others build on compile", () => {
  expect([...diagnostics].filter(([line]) => line < 0)).toEqual([]);
});

test.each(GOOD.map(([what], n) => [what, n] as const))("%s", (_what, n) => {
  expect(diagnostics.get(n)).toBeUndefined();
});

test.each(BAD.map(([what], n) => [what, GOOD.length + n] as const))("%s is refused by the compiler", (_what, n) => {
  expect(diagnostics.get(n)).toBeDefined();
});
