// Holds an executed notebook to what it promises in its metadata: node scripts/check-notebook.mjs executed.ipynb
// `tskeops.charts` is how many charts it shows, each as vega-lite and as PNG; `tskeops.atMost` bounds the numbers that
// it prints as lines `name = number`, in their order. Nothing may fail, or be written to stderr.
import { readFileSync } from "node:fs";

const textOf = (output) => [output.text ?? ""].flat().join("");

function failures(outputs) {
  const errors = outputs.filter((output) => output.output_type === "error").map((output) => output.evalue);
  const warnings = outputs.filter((output) => output.name === "stderr").map(textOf);
  return [...errors, ...warnings].map((text) => `expected no errors, got ${text}`);
}

function missingCharts(outputs, charts) {
  const isWhole = ({ data = {} }) => "application/vnd.vegalite.v5+json" in data && "image/png" in data;
  const found = outputs.filter(isWhole).length;
  return found === charts ? [] : [`expected ${charts} charts as vega-lite and PNG, got ${found}`];
}

function wrongNumbers(outputs, atMost) {
  const lines = outputs.map(textOf).join("").split("\n");
  return Object.entries(atMost).flatMap(([name, bounds]) => {
    const numbers = lines
      .filter((line) => line.trimStart().startsWith(`${name} = `))
      .map((line) => line.split(" = ")[1]);
    const ok = numbers.length === bounds.length && bounds.every((bound, n) => Number(numbers[n]) <= bound);
    return ok ? [] : [`${name}: expected at most ${bounds.join(", ")}, got ${numbers.join(", ") || "none"}`];
  });
}

function faults({ metadata, cells }) {
  if (!metadata.tskeops) return ["expected promises in its metadata, as `tskeops`, got none"];
  const { charts, atMost } = metadata.tskeops;
  const outputs = cells.flatMap((cell) => cell.outputs ?? []);
  return [...failures(outputs), ...missingCharts(outputs, charts), ...wrongNumbers(outputs, atMost)];
}

const found = faults(JSON.parse(readFileSync(process.argv[2], "utf8")));
for (const fault of found) console.error(`${process.argv[2]}: ${fault}`);
process.exitCode = found.length === 0 ? 0 : 1;
