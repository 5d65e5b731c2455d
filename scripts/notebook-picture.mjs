// Saves a picture of the executed tutorial for the README: node scripts/notebook-picture.mjs (after npm start).
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { notebooks, root } from "./notebook-packages.mjs";

const executed = JSON.parse(readFileSync(join(notebooks, "out", "kernelsolve.ipynb"), "utf8"));
const outputs = executed.cells.flatMap((cell) => cell.outputs ?? []);
const pictures = outputs.filter((output) => output.data?.["image/png"]);
const wanted = pictures.find((output) => /solution/.test([output.data["text/plain"]].flat().join("")));
if (!wanted)
  throw new Error("notebooks/out/kernelsolve.ipynb: expected a chart of the solution, got none; run `npm start`");
const file = join(root, "docs", "images", "kernelsolve.png");
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, Buffer.from(wanted.data["image/png"], "base64"));
console.log(file);
