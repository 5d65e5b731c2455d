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
  return [...text.matchAll(/^## (.*)\n\n\| pykeops +\| tskeops +\|\n\|.*\n((?:\|.*\n)+)/gm)].map(
    ([, heading, rows]) => {
      const cells = rows!
        .trim()
        .split("\n")
        .map((row) => row.split(/(?<!\\)\| /)[2]!);
      const pieces = cells.flatMap((cell) =>
        [...cell.matchAll(/``(.+?) ``|`([^`]+)`/g)].map(([, long, short]) => long ?? short!),
      );
      const scopes = pieces.map((piece) => `{ ${piece.replaceAll("\\|", "|")}; }\n`);
      return { name: `${page}, table of ${heading!}`, source: first!.source + scopes.join(""), printed: [] };
    },
  );
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
  expect(pieces).toHaveLength(8);
  expect(pieces.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(150);
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

test.each(Object.entries(PORTED))("the porting page has a row for all %s of pykeops", (_kind, names) => {
  const rows = textOf(PORTING)
    .split("\n")
    .filter((line) => line.startsWith("|"));
  const firsts = rows.map((row) => row.split(/(?<!\\)\| /)[1]!).join("\n");
  const missing = names
    .split(/\s+/)
    .filter((name) => !new RegExp(`(?<!\\w)${name.replace("()", "\\(")}(?!\\w)`).test(firsts));
  expect(missing).toEqual([]);
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
