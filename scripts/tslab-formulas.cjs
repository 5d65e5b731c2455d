// tslab completes and explains TypeScript, and says nothing inside strings. Here its answers to Jupyter get what stands
// in formulas: operations, reductions and the aliases of the call, from the rows of the library. Knows no more of tslab
// than what it answers, and where it keeps the values of earlier cells.
const { join } = require("node:path");
const { placeAt } = require("./formula-places.cjs");

/** Mends what tslab's code in a folder answers from now on. */
exports.mendFormulas = function mendFormulas(dist) {
  const { JupyterHandlerImpl } = require(join(dist, "jupyter.js"));
  const ts = require(require.resolve("@tslab/typescript-for-tslab", { paths: [dist] }));
  const { handleComplete, handleInspect } = JupyterHandlerImpl.prototype;
  Object.assign(JupyterHandlerImpl.prototype, {
    handleComplete(request) {
      return completed(placeIn(ts, request, this.executor.locals), request) ?? handleComplete.call(this, request);
    },
    handleInspect(request) {
      return inspected(placeIn(ts, request, this.executor.locals)) ?? handleInspect.call(this, request);
    },
  });
};

/** Jupyter counts characters, JavaScript units of UTF-16. */
const unitsBefore = (code, characters) => [...code].slice(0, characters).join("").length;
const charactersBefore = (code, units) => [...code.slice(0, units)].length;

const placeIn = (ts, { code, cursor_pos }, values) =>
  placeAt(ts, code, unitsBefore(code, cursor_pos), (name) => values[name]);

/** Jupyter's answer about completions, undefined where there is no formula. */
function completed(place, { code }) {
  if (!place) return undefined;
  const found = matchesOf(place.word, candidatesAt(place));
  const [start, end] = [charactersBefore(code, place.start), charactersBefore(code, place.end)];
  const described = found.map(({ name, type, detail, doc }) => ({
    start,
    end,
    text: name,
    type,
    signature: detail,
    documentation: doc,
  }));
  return {
    cursor_start: start,
    cursor_end: end,
    matches: found.map(({ name }) => name),
    metadata: { _jupyter_types_experimental: described },
    status: "ok",
  };
}

/** Jupyter's answer about the name at a place, undefined where it is none. */
function inspected(place) {
  const known = place && candidatesAt(place).find(({ name }) => name === place.word);
  if (!known) return undefined;
  const text = [known.detail, known.doc].filter(Boolean).join("\n\n");
  return { status: "ok", found: true, data: { "text/plain": text }, metadata: {} };
}

/** What begins with a word comes before what contains it; capitals do not matter. */
function matchesOf(word, candidates) {
  const lower = word.toLowerCase();
  const placeOf = ({ name }) =>
    name.startsWith(word) ? 0 : name.toLowerCase().startsWith(lower) ? 1 : name.toLowerCase().includes(lower) ? 2 : 3;
  return [0, 1, 2].flatMap((rank) => candidates.filter((candidate) => placeOf(candidate) === rank));
}

/** The names that may stand at a place; an alias hides the operation of its name. */
function candidatesAt({ kind, names, word }) {
  const { operations, declarations, reductions } = rows();
  const own = names.map((name) => ({ ...name, type: "variable" }));
  const others = {
    formula: [...operations, ...declarations],
    template: /^[A-Z]/.test(word) ? operations : operations.map(withSmallLetter),
    declaration: declarations,
    reduction: reductions,
    unknown: [],
  }[kind];
  if (kind === "reduction") return others;
  return [...own, ...others.filter(({ name }) => !own.some((alias) => alias.name === name))];
}

const withSmallLetter = (row) => ({ ...row, name: row.name.charAt(0).toLowerCase() + row.name.slice(1) });

let known;

/** The rows of the library that is built here, read when first asked for. */
function rows() {
  return (known ??= readRows(join(__dirname, "..", "dist", "formula")));
}

function readRows(folder) {
  const { DECLARATIONS, signature } = require(join(folder, "arguments.js"));
  const { entries } = require(join(folder, "ops.js"));
  require(join(folder, "parse.js")); // with it, every row has been registered
  const { reductions } = require(join(folder, "reductions.js"));
  const described = (entry) => ({ name: entry.name, type: "function", detail: signature(entry), doc: entry.doc });
  const isOperation = ({ name }) => !DECLARATIONS.has(name);
  return {
    operations: [...entries.values()].filter(isOperation).map(described).sort(byName),
    declarations: [...DECLARATIONS.values()].map(described),
    reductions: [...reductions.values()].map(({ name, doc }) => ({ name, type: "keyword", detail: name, doc })),
  };
}

const byName = (a, b) => (a.name < b.name ? -1 : 1);
