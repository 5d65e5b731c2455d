// Holds an executed tutorial to what it promises: node scripts/check-notebook.mjs executed.ipynb
// Every chart as vega-lite and as PNG, and both relative errors within the figures that the original tutorial publishes.
import { readFileSync } from "node:fs";

const BOUNDS = { solution: 3.1e-4, derivative: 2.4e-3 };
const CHARTS = 3;

function relativeErrors(outputs) {
  const text = outputs.map((output) => [output.text ?? ""].flat().join("")).join("");
  return [...text.matchAll(/^relative error = (.*)$/gm)].map(([, value]) => Number(value));
}

function faults(outputs) {
  const pictures = outputs
    .filter((output) => output.output_type === "display_data")
    .map((output) => Object.keys(output.data));
  const whole = pictures.filter(
    (kinds) => kinds.includes("application/vnd.vegalite.v5+json") && kinds.includes("image/png"),
  );
  const errors = relativeErrors(outputs);
  const found = [];
  if (whole.length !== CHARTS) found.push(`expected ${CHARTS} charts as vega-lite and PNG, got ${whole.length}`);
  Object.entries(BOUNDS).forEach(([name, bound], k) => {
    if (!(errors[k] <= bound)) found.push(`relative error of the ${name}: expected at most ${bound}, got ${errors[k]}`);
  });
  return found;
}

const notebook = JSON.parse(readFileSync(process.argv[2], "utf8"));
const found = faults(notebook.cells.flatMap((cell) => cell.outputs ?? []));
for (const fault of found) console.error(`${process.argv[2]}: ${fault}`);
process.exitCode = found.length === 0 ? 0 : 1;
