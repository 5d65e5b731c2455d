/**
 * The examples of the documents are programs: the TypeScript blocks of a page are compiled, strictly, and run, and what
 * they print is what the comment behind each `console.log` says. The first block of a page is in front of every other
 * one, which stands for itself. Where the second column of a table is headed `tskeops`, every piece of code in it is a
 * program too. Links between documents lead somewhere, and no line is longer than 120 columns.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { entries } from "../../src/formula/ops";
import { diagnosticsOf, printedBy, promisedBy } from "../helpers/examples";
import type { Example } from "../helpers/examples";

const root = join(__dirname, "..", "..");
const GUIDE = join("docs", "guide");
const PORTING = join(GUIDE, "porting-from-pykeops.md");

/** All documents, by their paths below the root. What typedoc makes, and the pages of the site, are not ours. */
const DOCUMENTS = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md", join("test", "cuda-sim", "README.md")],
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter(
      (name) => name.endsWith(".md") && !name.startsWith(join("reference", "api")) && !name.startsWith(".vitepress"),
    )
    .map((name) => join("docs", name))
    .sort(),
];

/** The page of the environment changes settings of the process, so it comes last. */
const PAGES = [
  ...DOCUMENTS.filter((page) => /^```ts$/m.test(textOf(page)) && !page.endsWith("environment.md")),
  join(GUIDE, "environment.md"),
];

function textOf(page: string): string {
  return readFileSync(join(root, page), "utf8");
}

/** Every block, with the first in front, which prints only where it stands. */
function blocksOf(page: string): Example[] {
  const text = textOf(page);
  const blocks = [...text.matchAll(/^```ts\n(.*?)^```$/gms)];
  const first = blocks[0]![1]!.replaceAll(/^ *console\.log\(.*\n/gm, "");
  return blocks.map(({ index, 1: source }, n) => {
    const heading = [...text.slice(0, index).matchAll(/^#+ (.*)$/gm)].at(-1)![1]!;
    return {
      name: `${page}, ${heading}, line ${text.slice(0, index).split("\n").length}`,
      source: n === 0 ? source! : first + source!,
      printed: promisedBy(source!),
    };
  });
}

/**
 * The code of a table that ports something, a scope for each piece of it, with the first block of the page in front.
 */
function tablesOf(page: string): Example[] {
  const text = textOf(page);
  const [first] = blocksOf(page);
  return [
    ...text.matchAll(
      /^## (.*)\n\n(?:[^|\n].*\n|\n)*\| (?:pykeops|NumPy, PyTorch) +\| tskeops +\|\n\|.*\n((?:\|.*\n)+)/gm,
    ),
  ].map(([, heading, rows]) => {
    const cells = rows!
      .trim()
      .split("\n")
      .map((row) => row.split(/(?<!\\)\| /)[2]!);
    const pieces = cells.flatMap((cell) =>
      [...cell.matchAll(/``(.+?) ``|`([^`]+)`/g)].map(([, long, short]) => long ?? short!),
    );
    const scopes = pieces.map((piece) => `{ ${piece.replaceAll("\\|", "|")}; }\n`);
    return { name: `${page}, table of ${heading!}`, source: first!.source + scopes.join(""), printed: [] };
  });
}

const BLOCKS = PAGES.flatMap((page) => [...blocksOf(page), ...tablesOf(page)]);
let found: Map<number, string[]>;
const start = process.cwd();
afterAll(() => process.chdir(start));
beforeAll(() => {
  process.chdir(join(root, "notebooks")); // where the packages are that draw charts
  found = diagnosticsOf(BLOCKS.map(({ source }) => source));
}, 120_000);

test("the pages have examples", () => {
  expect(PAGES.length).toBeGreaterThan(9);
  expect(blocksOf(join(GUIDE, "lazytensor.md")).length).toBeGreaterThan(10);
  const pieces = tablesOf(PORTING).map(({ source }) => source.match(/^\{ .* \}$/gm)!.length);
  expect(pieces).toHaveLength(9);
  expect(pieces.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(230);
});

test.each(BLOCKS.map((block, n) => [block.name, n] as const))(
  "%s compiles, and prints what it says",
  async (_name, n) => {
    expect(found.get(n)).toEqual([]);
    expect(await printedBy(BLOCKS[n]!.source)).toEqual(BLOCKS[n]!.printed);
  },
);

// ---------------------------------------------------------------------------------------------- links and line lengths

/** The anchor of a heading, as code forges make it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-");

const withoutCode = (text: string): string => text.replaceAll(/^```.*?^```$/gms, "").replaceAll(/`[^`\n]*`/g, "code");

const anchorsOf = (page: string): string[] =>
  [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading!));

/** What is wrong with the links of a page that lead to files of this project. */
function brokenLinks(page: string): string[] {
  const links = [...withoutCode(textOf(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
  return links.filter((link) => {
    if (/^https?:/.test(link)) return false;
    const [path, anchor] = link.split("#") as [string, string?];
    const target = path === "" ? page : relative(root, join(root, dirname(page), path));
    return !existsSync(join(root, target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
  });
}

test.each(DOCUMENTS)("the links of %s lead somewhere", (page) => {
  expect(brokenLinks(page)).toEqual([]);
});

test("a link that leads nowhere is found", () => {
  expect(anchorsOf("README.md")).toContain("in-your-project");
  expect(anchorOf("Faults of NVIDIA's compilers")).toBe("faults-of-nvidias-compilers");
  expect(withoutCode("a `[b](c)` [d](e)")).toBe("a code [d](e)");
});

test.each(DOCUMENTS)("no line of %s is longer than 120 columns", (page) => {
  const isLong = (line: string): boolean => Array.from(line).length > 120;
  const long = textOf(page)
    .split("\n")
    .map((line, n) => `${n + 1}: ${line}`)
    .filter((line) => isLong(line.slice(line.indexOf(" ") + 1)));
  expect(long).toEqual([]);
});

// -------------------------------------------------------------------------------------------- what is to be ported

const PORTED = {
  "functions and classes": `Genred KernelSolve LazyTensor ComplexLazyTensor Vi Vj Pm Var generic_sum generic_logsumexp generic_argmin
    generic_argkmin grid_cluster sort_clusters cluster_ranges cluster_centroids cluster_ranges_centroids from_matrix swap_axes
    clean_pykeops set_build_folder get_build_folder set_verbose check_health test_numpy_bindings test_torch_bindings WarmUpGpu
    IsGpuAvailable aslinearoperator`,
  keywords: `reduction_op axis dtype cuda_type opt_arg formula2 dtype_acc use_double_acc sum_scheme enable_chunks rec_multVar_highdim
    use_fast_math backend device_id ranges out alpha eps call var dim weight other`,
  attributes: `formula variables symbolic_variables ndim ni nj axis batchdims nbatchdims ranges backend dtype shape _shape dim() T t()`,
  methods: `abs exp log xlogx cos sin sinxdivx sinc asin acos atan sqrt rsqrt square sign step relu round atan2 power clamp ifelse mod
    sqnorm2 norm2 norm normalize sqdist weightedsqnorm weightedsqdist softdtw_sqdist difference_matrix elem extract one_hot bspline concat
    concatenate cat matvecmult vecmatmult tensorprod keops_tensordot keops_kron grad diff grad_matrix divergence laplacian trace_operator
    factorize auto_factorize real2complex imag2complex exp1j real imag angle conj sum logsumexp sumsoftmaxweight min argmin min_argmin
    max argmax max_argmax Kmin argKmin Kmin_argKmin reduction matvec rmatvec solve __call__`,
  "variables of the environment": `KEOPS_CACHE_FOLDER KEOPS_VERBOSE PYKEOPS_VERBOSE CXX CXXFLAGS CUDA_PATH CUDA_VISIBLE_DEVICES`,
};

/** What the gallery of pykeops calls beside it, and its scripts. */
const GALLERY = {
  "functions beside it": `np.array torch.tensor torch.from_numpy .astype np.zeros np.ones torch.full np.eye np.arange np.linspace np.meshgrid
    np.random.rand torch.randn torch.rand_like torch.manual_seed np.random.randint torch.randperm len(x) torch.index_select np.newaxis
    .unsqueeze .reshape .view .flatten() .transpose .permute np.concatenate torch.cat torch.stack .item() .numpy() np.sqrt np.abs np.exp
    np.log np.sin np.cos np.round np.floor np.clip torch.clamp np.where np.sum np.mean np.amax np.min np.argmin np.argsort np.cumsum
    torch.softmax log_softmax torch.logsumexp np.linalg.norm torch.norm torch.nn.functional.normalize torch.allclose .scatter_add_
    np.bincount torch.matmul torch.cross torch.tensordot np.linalg.solve torch.det .backward() .detach() torch.no_grad() torch.optim.Adam
    torch.optim.LBFGS torch.nn.Module .cuda() .cpu() torch.cuda.device_count() scipy.sparse.linalg.eigsh scipy.sparse.diags
    scipy.sparse.linalg.cg plt.plot plt.scatter plt.imshow plt.contour plt.violinplot plt.subplot plt.show() time.time()`,
  "scripts of the gallery": `plot_generic_syntax_numpy plot_generic_syntax_pytorch plot_generic_syntax_pytorch_LSE
    plot_generic_syntax_pytorch_LSE_vect plot_advanced_formula plot_test_ArgKMin plot_test_softmax_numpy plot_test_softmax_numpy_helper
    plot_test_softmax_torch plot_anisotropic_kernels plot_gpu_select_numpy plot_gpu_select_example plot_multi_gpu plot_grid_cluster_numpy
    plot_grid_cluster_pytorch plot_test_invkernel_numpy plot_test_invkernel_numpy_helper plot_test_invkernel_torch
    plot_test_invkernel_torch_helper plot_lazytensors_a plot_lazytensors_b plot_lazytensors_c plot_test_tensordot plot_gpytorch plot_scipy
    plot_gaussian_mixture plot_RBF_interpolation_numpy plot_RBF_interpolation_torch plot_kmeans_numpy plot_kmeans_torch plot_knn_numpy
    plot_knn_torch plot_knn_mnist benchmark_KNN optimal_transport plot_LDDMM_Surface plot_benchmark_convolutions
    plot_benchmark_grad1convolutions plot_benchmark_high_dimension plot_benchmark_invkernel plot_accuracy plot_benchmarks_convolutions_3D`,
};

/** The names that are in no first column of a table of the porting page, before or after the heading of the others. */
function withoutRow(names: string, after: boolean): string[] {
  const parts = textOf(PORTING).split(/^(?=## NumPy)|^(?=## What is different)/m);
  const text = after ? parts[1]! : parts[0]! + parts[2]!;
  const rows = text.split("\n").filter((line) => line.startsWith("|"));
  const firsts = rows.map((row) => row.split(/(?<!\\)\| /)[1]!).join("\n");
  const isIn = (name: string): boolean =>
    new RegExp(`(?<!\\w)${name.replaceAll(/[.()]/g, "\\$&")}(?!\\w)`).test(firsts);
  return names.split(/\s+/).filter((name) => !isIn(name));
}

test.each(Object.entries(PORTED))("the porting page has a row for all %s of pykeops", (_kind, names) => {
  expect(withoutRow(names, false)).toEqual([]);
});

test.each(Object.entries(GALLERY))("the porting page has a row for all %s", (_kind, names) => {
  expect(withoutRow(names, true)).toEqual([]);
});

/** KeOps 2.3, keopscore/formulas: what a formula may call. */
const OPERATIONS = `Minus Abs Sign Step ReLU Floor Round Square Pow Sqrt Rsqrt Inv Exp Log XLogX Cos Sin SinXDivX Acos Asin Atan ClampInt
  DiffClampInt Add Subtract Mult Divide Powf Atan2 Equal NotEqual LessThan LessOrEqual Clamp IfElse Mod Sum SumT Max Min ArgMax ArgMin
  Scalprod SqNorm2 Norm2 Normalize SqDist SqNormIso SqNormDiag SymSqNorm WeightedSqNorm WeightedSqDist Elem ElemT Extract ExtractT Concat
  OneHot MatVecMult VecMatMult TensorProd TensorDot Kron BSpline SoftDTW_SqDist GradMatrix IntInv ComplexReal ComplexImag Real2Complex
  Imag2Complex Conj ComplexAbs ComplexSquareAbs ComplexAngle ComplexSum ComplexSumT ComplexAdd ComplexSubtract ComplexMult ComplexDivide
  ComplexRealScal ComplexExp ComplexExp1j IntCst RatCst Var Zero Grad Diff Divergence Laplacian AdjointOperator TraceOperator Factorize
  AutoFactorize`;

test("every operation of KeOps is one here", () => {
  expect(OPERATIONS.split(/\s+/).filter((name) => !entries.has(name))).toEqual([]);
});
