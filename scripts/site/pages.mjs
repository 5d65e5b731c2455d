/**
 * The pages of the site, written into docs/.vitepress/pages: documents of the repository with their links turned, what
 * typedoc and the rows give, and the executed notebooks. The only module that knows what the site is made of.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { gzipSync } from "node:zlib";
import { firstCards, galleryPages } from "./gallery.mjs";
import { operationPages } from "./operations.mjs";
import { hasModule, module, pageOf, pages, root, turnLinks } from "./paths.mjs";
import { performanceCharts } from "./performance.mjs";

/** Documents of the repository, by their paths below the root. */
function documents() {
  const inDocs = readdirSync(join(root, "docs"), { recursive: true })
    .map((name) => `docs/${name.split(sep).join("/")}`)
    .filter((name) => name.endsWith(".md") && !name.startsWith("docs/.vitepress/"));
  return [...inDocs, "README.md", "CHANGELOG.md", "CONTRIBUTING.md"];
}

/** What a page shows beside its document. */
const BESIDE = {
  "index.md": (text, { cards }) => `${text}\n## Gallery\n\n${cards}\n`,
  "guide/porting-from-pykeops.md": (text) => text.replace(/^(# .*\n)/m, "$1\n<TableFilter />\n"),
  "guide/web.md": (text) => text.replace(/^(## Points to move\n)/m, "$1\n<LivePoints />\n"),
  "guide/performance.md": (text, { charts }) => `${text}\n${charts.text}`,
  "reference/operations.md": (text) => operationPages().linked(text),
};

function documentPages(made) {
  return documents().flatMap((file) => {
    const page = pageOf(file);
    if (page === undefined) return [];
    const text = readFileSync(join(root, file), "utf8");
    const readable = file.startsWith("docs/reference/api/") ? readableReference(text) : text;
    return [[page, (BESIDE[page] ?? ((own) => own))(turnLinks(readable, file, page), made)]];
  });
}

/** What typedoc calls modules, and what they hold. */
const MODULES = {
  index: ["tskeops", 'What `import ... from "tskeops"` gives.'],
  "lazytensor/lazytensor": ["Lazy tensors", "The methods of `LazyTensor` and `ComplexLazyTensor`."],
  "mpi/mpi": ["tskeops/mpi", 'What `import ... from "tskeops/mpi"` gives.'],
  nd: ["nd", "Maths of arrays, as NumPy's, with derivatives."],
  linalg: ["linalg", "Linear operators: spectra and solves by their products."],
  cluster: ["cluster", "Neighbours, cells, and the block-sparse ranges that they give."],
  cuda: ["cuda", "What GPUs there are."],
  errors: ["errors", "What calls throw."],
  notebook: ["notebook", "Charts and progress."],
};

/**
 * What typedoc writes, with titles, and without what says nothing to readers: the types of type parameters, and classes
 * inside the library where a method was declared first.
 */
function readableReference(text) {
  const sections =
    /^#+ (Overrides|Inherited from|Extends|Implementation of|Implements|Type Parameters)\n\n(?:(?!#|\*\*\*).*\n)*/gm;
  const flat = text.startsWith("# lazytensor/")
    ? withClasses(text.replaceAll(sections, ""))
    : text.replaceAll(sections, "");
  return flat.replace(/^# (.*)$/m, (heading, module) => {
    const [title, about] = MODULES[module] ?? [module, ""];
    return `# ${title}\n\n${about}`;
  });
}

/** The methods of classes in two levels of headings, without the constructors, which are the library's own. */
function withClasses(text) {
  const [, head, complex, real] = /^([^]*?)## Classes\n\n([^]*?)(### LazyTensor\n[^]*)$/.exec(text);
  const methods = (part) =>
    part
      .replaceAll(/^#### Constructors\n[^]*?(?=^#### )/gm, "")
      .replaceAll(/^#+ (Get Signature|Call Signature|Methods|Accessors|Properties)\n\n/gm, "")
      .replaceAll(/^####(#*) (?=.)/gm, (_, more) => `${"#".repeat(more.length + 2)} `)
      .replaceAll(/^### (?=(Complex)?LazyTensor\n)/gm, "## ");
  return `${head}${methods(real)}${methods(complex)}`;
}

/** Writes the pages that have changed, and removes those that are gone. */
export async function writePages() {
  const [charts, cards] = [await performanceCharts(), await firstCards(6)];
  const all = new Map([
    ...documentPages({ charts, cards }),
    ...charts.files,
    ...pictures(),
    ["live/module.js", liveModule()],
    ...operationPages().pages,
    ...(await galleryPages()),
  ]);
  for (const [path, content] of all) writeIfNew(join(pages, path), content);
  for (const file of readdirSync(pages, { recursive: true, withFileTypes: true })) {
    const path = join(file.parentPath, file.name);
    if (file.isFile() && !all.has(relative(pages, path).split(sep).join("/"))) rmSync(path);
  }
}

/** The WebAssembly module as a script, for pages that are opened from the disk may fetch nothing; "" where it is not built. */
function liveModule() {
  const packed = hasModule() ? gzipSync(readFileSync(module), { level: 9 }).toString("base64") : "";
  return `export default ${JSON.stringify(packed)};\n`;
}

const pictures = () =>
  readdirSync(join(root, "docs", "images")).map((name) => [
    `images/${name}`,
    readFileSync(join(root, "docs", "images", name)),
  ]);

function writeIfNew(file, content) {
  if (existsSync(file) && readFileSync(file).equals(Buffer.from(content))) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
