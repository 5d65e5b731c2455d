// Runs notebook cells in this process with tslab's own converter and executor, as its Jupyter kernel does, and records
// what they print and display. The only script that knows the insides of tslab (1.0.22).
import { createRequire } from "node:module";
import { join } from "node:path";
import { folderOfTslab, mendShorthand } from "./tslab-shorthand.cjs";
import { mendShown } from "./tslab-shown.cjs";
import { mendTypes } from "./tslab-types.cjs";

/**
 * Opens a session that runs in `folder`, from where the cells' imports resolve; `run` one cell after the other or
 * `inspect` it, then `close`. With what `openConverter` made of the cells, they are not converted again.
 */
export function openSession(folder, fallback, converted) {
  const tslab = loadTslab([folder, fallback]);
  process.chdir(folder);
  const node = converted ? replayOf(converted) : tslab.createConverter({ isJS: false, isBrowser: false });
  const executor = tslab.createExecutor(folder, { node, close: () => node.close() }, console);
  return {
    run: (source) => runCell(executor, tslab.jupyter, source),
    inspect: (source, position) => inspected(node, source, position),
    close: () => node.close(),
  };
}

/**
 * Opens what checks the cells of many notebooks of a folder and makes them JavaScript, with the types of packages read
 * once for all: most of a notebook's conversion is that. `convert` takes the sources of a notebook's cells.
 */
export function openConverter(folder) {
  const tslab = loadTslab([folder]);
  process.chdir(folder);
  const node = tslab.createConverter({ isJS: false, isBrowser: false });
  return { convert: (sources) => convertedCells(node, sources), close: () => node.close() };
}

/** Each cell's conversion up to the first that fails; a cell sees what the earlier ones of its notebook declare. */
function convertedCells(converter, sources) {
  const converted = [];
  let declared = "";
  for (const source of sources) {
    const result = converter.convert(declared, source);
    if (result.sideOutputs)
      throw new Error(`expected notebooks that import packages alone, got ${result.sideOutputs[0].path}`);
    converted.push({ source, result });
    if (result.diagnostics.length > 0) break;
    declared = result.declOutput ?? "";
  }
  return converted;
}

/** A converter that gives what is there already, cell by cell. */
function replayOf(converted) {
  const left = [...converted];
  const convert = (_, source) => {
    const next = left.shift();
    if (next?.source !== source) throw new Error(`expected the next cell that was converted, got ${source}`);
    return next.result;
  };
  return { convert, close: () => {} };
}

function loadTslab(folders) {
  const require = createRequire(import.meta.url);
  const dist = folderOfTslab(folders);
  mendTypes(dist);
  mendShorthand(dist);
  mendShown(dist);
  return {
    createConverter: require(join(dist, "converter.js")).createConverter,
    createExecutor: require(join(dist, "executor.js")).createExecutor,
    jupyter: require(join(dist, "jupyter.js")),
  };
}

/** What is shown of the name at a position of a cell: its type, then its documentation. */
function inspected(converter, source, position) {
  const { displayParts = [], documentation = [] } = converter.inspect("", source, position) ?? {};
  return [...displayParts, { text: "\n" }, ...documentation].map(({ text }) => text).join("");
}

/** Runs one cell; its output is shown as it comes and resolved in the notebook's format. */
async function runCell(executor, jupyter, source) {
  const outputs = [];
  const restore = [tee(process.stdout, "stdout", outputs), tee(process.stderr, "stderr", outputs)];
  jupyter.lastWriteDisplayData = displayRecorder(outputs);
  try {
    const ok = await executor.execute(source);
    await new Promise((resolve) => setImmediate(resolve)); // what the cell wrote last
    if (!ok) outputs.push(errorOutput(outputs));
    return { ok, outputs };
  } finally {
    for (const undo of restore) undo();
  }
}

/** Records what is written to `stream` and passes it on; returns how to stop. */
function tee(stream, name, outputs) {
  const write = stream.write;
  stream.write = (chunk, ...rest) => {
    appendText(outputs, name, typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8"));
    return write.call(stream, chunk, ...rest);
  };
  return () => {
    stream.write = write;
  };
}

function appendText(outputs, name, text) {
  const last = outputs.at(-1);
  if (last?.output_type === "stream" && last.name === name) last.text += text;
  else outputs.push({ output_type: "stream", name, text });
}

/** A display that is updated later keeps its place and shows its last state. */
function displayRecorder(outputs) {
  const known = new Map();
  return ({ data, metadata, transient }, update) => {
    const earlier = update ? known.get(transient?.display_id) : undefined;
    if (earlier) return Object.assign(earlier, { data, metadata });
    const output = { output_type: "display_data", data, metadata };
    if (transient?.display_id) known.set(transient.display_id, output);
    outputs.push(output);
  };
}

/** tslab reports errors as text on stderr only; Jupyter's format has an output for them. */
function errorOutput(outputs) {
  const printed = outputs.filter((output) => output.name === "stderr").map((output) => output.text);
  const traceback = printed.join("").trimEnd().split("\n");
  const message = traceback.find((line) => /^\w*Error\b/.test(line)) ?? traceback[0];
  return { output_type: "error", ename: "Error", evalue: message, traceback };
}
