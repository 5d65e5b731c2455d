/**
 * The page of options: every option that functions take, from its row: what is accepted, in the words of errors, and
 * the comment that editors show. Sources are read as they stand, so nothing has to be built before.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import ts from "typescript";
import "./rows.mjs"; // modules of TypeScript can be required
import { item } from "./wrap.mjs";

/** Headings, and the tables of rows below them: a file in `src`, and the names of tables there. */
const TABLES = [
  ["Reductions: `Genred(formula, aliases, ...)`", ["genred", "REDUCTION", "AXIS", "ROUNDING"]],
  ["Calls: `K(...)`", ["call/prepared", "CALL"]],
  ["Promises: `K.async(...)` and all other `async` forms, beside the options of the call", ["call/run", "ASYNC"]],
  ["Before the first call in a browser: `ready(...)`", ["ready", "READY"]],
  ["Values at all pairs: `K.dense(...)`, with `backend`, `device` and `compile` of calls", ["genred", "BYTES"]],
  ["Lazy tensors: `LazyTensor(x, ...)`", ["lazytensor/makers", "INDEX"]],
  [
    "Reductions of lazy tensors, with the options of calls and `sumScheme`, `dtypeAcc` and `useDoubleAcc` of reductions",
    ["lazytensor/reduce", "REDUCED", "WHEN", "WEIGHTED"],
  ],
  ["Systems: `KernelSolve(formula, aliases, unknown, ...)`", ["genred", "AXIS", "ROUNDING"]],
  [
    "Solves: `Kinv(...)`, `K.solve(b)`, and `Kinv.shifted(...)` but for `alpha`, `x0` and `onIteration`",
    ["solve/solveoptions", "RIDGE"],
    ["solve/stopping", "STOPPING"],
    ["solve/choose", "CHOICE"],
    ["solve/gmres", "GMRES"],
    ["solve/solveoptions", "COURSE"],
  ],
  ["Solves of lazy tensors, beside those", ["lazytensor/solve", "UNKNOWN"], ["lazytensor/reduce", "WHEN"]],
  ["Log-determinants: `Kinv.logdet(...)`", ["solve/solveoptions", "RIDGE"], ["solve/logdet", "LOGDET"]],
  ["Traces: `Kinv.trace(...)`", ["solve/trace", "TRACE"]],
  ["Eigenpairs: `Kinv.eigsh(k, ...)`, `linalg.eigsh(A, k, ...)`", ["solve/eigenpairs", "PAIRS"]],
  ["Eigenpairs of kernels, beside those: `Kinv.eigsh(k, ...)`", ["solve/eigsh", "FAST"]],
  [
    "Systems of operators: `linalg.cg(A, b, ...)`, `minres`, `gmres` (which alone has `restart`)",
    ["solve/stopping", "STOPPING"],
    ["linalg/krylov", "HELP"],
    ["solve/solveoptions", "COURSE"],
    ["solve/gmres", "GMRES"],
  ],
  ["Arrays: `array(values, ...)`, `zeros(shape, ...)`", ["array/array", "DTYPE", "MARK"]],
  ["Random arrays: `rand(shape, ...)`, `randn(shape, ...)`, beside those", ["array/array", "SEED"]],
  ["Arrays of constants: `nd.ones`, `nd.full`, `nd.eye`, `nd.arange` and `nd.oneHot`", ["array/array", "DTYPE"]],
  ["Evenly spaced numbers: `nd.linspace(start, stop, count, ...)`, beside that", ["nd/create", "SPACED"]],
  ["Random indices: `nd.randint`, `nd.permutation`, `nd.choice`", ["nd/create", "SEED"]],
  ["Random choices: `nd.choice(n, count, ...)`, beside that", ["nd/create", "DRAWN"]],
  ["Reductions of arrays: `nd.sum`, `nd.mean`, `nd.max`, `nd.min`, `nd.logsumexp`", ["nd/axes", "AXES"]],
  ["Norms: `nd.norm(x, ...)`, beside those", ["nd/axes", "ORDER"]],
  [
    "Along one axis: `nd.argmax`, `nd.cumsum`, `nd.take`, `nd.concat`, `nd.split`, `nd.sort` and their kin",
    ["nd/axes", "ONE_AXIS"],
  ],
  ["Along axes: `nd.flip(x, ...)`, `nd.softmax(x, ...)`", ["nd/rearrange", "FLIPPED"]],
  ["Counts: `nd.bincount(labels, ...)`", ["nd/pick", "COUNTS"]],
  ["Neighbours: `cluster.neighbours(x, y, ...)`", ["fast/neighbours", "NEIGHBOURS"]],
  ["Gradients: `grad(output, inputs, cotangent, ...)`", ["array/tape", "GRAD"]],
  [
    "Minimisation: `minimise(f, start, ...)`",
    ["optimise/minimise", "STOPPING"],
    ["optimise/lbfgs", "LBFGS"],
    ["optimise/firstorder", "SGD", "ADAM"],
  ],
  ["Arrays on a device: `toDevice(x, ...)`", ["array/transfer", "DEVICE"]],
  ["Ranges of bands: `cluster.bandRanges(shape, below, above, ...)`", ["array/bands", "BLOCK"]],
  ["Ranges of triangles: `cluster.triangleRanges(shape, ...)`, beside that", ["array/bands", "SIDE"]],
  ["Charts: `notebook.chart(spec, ...)`", ["notebook/chart", "SHOWN", "OWN_THEME"]],
  ["Charts as files: `notebook.saveChart(spec, file, ...)`", ["notebook/chart", "THEME"]],
  ["All charts below, but `subplots` and `frames`", ["notebook/plane", "FRAME"]],
  ["Charts with two axes, beside those", ["notebook/plane", "AXES"]],
  ["Ends of axes: `lineChart` and `scatterChart`, beside those", ["notebook/plane", "LIMITS"]],
  ["Zoom: `lineChart`, `scatterChart`, `quiver` and `benchChart`, beside those", ["notebook/plane", "ZOOM"]],
  ["Lines: `notebook.lineChart(table, ...)`, beside those", ["notebook/linechart", "POSITIONS", "LINES"]],
  [
    "Points: `notebook.scatterChart(points, ...)`, beside those",
    ["notebook/coloring", "COLORING", "SCHEME"],
    ["notebook/scatterchart", "DOTS"],
  ],
  [
    "Pictures: `notebook.imageChart(values, ...)`, with `scheme`, `reverse`, `domain` and `legend` of points",
    ["notebook/imagechart", "PLACE", "IMAGE"],
  ],
  ["Levels: `notebook.contour(values, ...)`, beside those but `axes` and `smooth`", ["notebook/contour", "CONTOUR"]],
  ["Arrows: `notebook.quiver(points, vectors, ...)`, with the colours of points", ["notebook/quiver", "QUIVER"]],
  ["Distributions: `notebook.histogram(values, ...)`", ["notebook/distributions", "HISTOGRAM"]],
  ["Distributions side by side: `notebook.boxChart(values, ...)`", ["notebook/distributions", "BOX_CHART"]],
  [
    "Three dimensions: `notebook.scatter3d(points, ...)`, beside all options of points but `over` and `zoom`",
    ["notebook/camera", "SPACE"],
  ],
  [
    "Surfaces: `notebook.meshChart(vertices, faces, ...)`, beside those of space and the scheme of points",
    ["notebook/meshchart", "MESH_CHART"],
  ],
  ["Several charts: `notebook.subplots(rows, ...)`", ["notebook/subplots", "SUBPLOTS"]],
  ["Pictures with a slider: `notebook.frames(charts, ...)`", ["notebook/frames", "FRAMES"]],
  ["Tables: `notebook.table(values, ...)`", ["notebook/table", "TABLE"]],
  ["Progress: `notebook.progressBar(...)`", ["notebook/progressbar", "PROGRESS_BAR"]],
];

/** The file that the rows ask for. */
export function optionsText(root) {
  const sections = TABLES.flatMap(([title, ...files]) => [
    `## ${title}`,
    "",
    ...files.flatMap(([file, ...tables]) => tables.flatMap((table) => rowsOf(root, file, table))),
    "",
  ]);
  return [
    "# Options",
    "",
    "Every option with what it accepts. Made by `npm run generate` from the rows of the files that read them. An option whose",
    "value is `undefined` counts as not given.",
    "",
    ...sections,
  ].join("\n");
}

/** The lines of a table: one for each property of the object. */
function rowsOf(root, file, table) {
  const path = join(root, "src", `${file}.ts`);
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  const declarations = source.statements.filter(ts.isVariableStatement).flatMap((s) => s.declarationList.declarations);
  const found = declarations.find(({ name }) => name.getText() === table);
  if (!found) throw new Error(`${path}: expected a table ${table}`);
  return plain(found.initializer).properties.flatMap((property) => {
    const name = property.name.getText();
    return item(`\`${name}\`, ${acceptedBy(property.initializer, source)}. ${wordsOf(property, name)}`);
  });
}

/** Without `as const` and its kin. */
const plain = (expression) => (ts.isAsExpression(expression) ? plain(expression.expression) : expression);

/** What a row accepts, in words. */
function acceptedBy(row, source) {
  const fields = new Map(row.properties.map(({ name, initializer }) => [name.getText(), plain(initializer)]));
  const need = fields.has("required") ? "; needed" : "";
  return `${kindText(fields, source)}${need}`;
}

function kindText(fields, source) {
  const kind = fields.get("kind");
  if (kind === undefined) return fields.get("expected").text;
  if (ts.isArrayLiteralExpression(kind)) return `one of ${choicesOf(kind, source).join(", ")}`;
  if (kind.text === "text") return "a text";
  const noun = kind.text === "integer" ? "an integer" : "a number";
  const [least, most] = ["least", "most"].map((name) => fields.get(name)?.getText());
  return most === undefined ? `${noun} of at least ${least}` : `${noun} from ${least} to ${most}`;
}

const choicesOf = ({ elements }, source) =>
  elements.flatMap((choice) =>
    ts.isSpreadElement(choice)
      ? importedBy(source, choice.expression.text).map((value) => JSON.stringify(value))
      : [choice.getText()],
  );

/** The value of a name that a file imports. */
function importedBy(source, name) {
  const statements = source.statements.filter(ts.isImportDeclaration);
  const statement = statements.find(({ importClause }) => {
    const named = importClause?.namedBindings;
    return named && ts.isNamedImports(named) && named.elements.some((element) => element.name.text === name);
  });
  if (!statement) throw new Error(`${source.fileName}: expected an import of ${name}`);
  return createRequire(source.fileName)(statement.moduleSpecifier.text)[name];
}

/** The comment above a row as one line. */
function wordsOf(property, name) {
  const [comment] = ts.getJSDocCommentsAndTags(property);
  if (!comment) throw new Error(`${name}: expected a comment that explains it`);
  return ts.getTextOfJSDocComment(comment.comment).replaceAll(/\s+/g, " ").trim();
}
