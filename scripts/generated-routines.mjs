/**
 * Writes what the CPU engines generate for formulas of every kind of loop, reducer and dtype: `FOLDER/*.cc`, the compiler's flags in
 * `FOLDER/flags`, and the programs of tile kernels in `FOLDER/*.tiles`. For tools that look at generated code. Needs `npm run build`.
 */
import "./require-built.mjs";
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { sourceOf, specificationOf } from "./specification.mjs";

const require = createRequire(import.meta.url);
const { tileProgram } = require("../dist/codegen/tileprogram.js");
const { flagsFor } = require("../dist/device/compiler.js");
const { nativeAddon } = require("../dist/device/native.js");

const POINTS = ["x = Vi(3)", "y = Vj(3)", "b = Vj(2)", "g = Pm(1)"];
const GAUSSIAN = "Exp(-g * SqDist(x, y)) * b";
const WIDE = ["x = Vi(40)", "y = Vj(40)", "b = Vj(37)"];

const ROUTINES = {
  gaussian: { texts: [GAUSSIAN], aliases: POINTS },
  gaussian64: { texts: [GAUSSIAN], aliases: POINTS, dtype: "float64" },
  kahan: { texts: [GAUSSIAN], aliases: POINTS, sumScheme: "kahan" },
  direct: { texts: [GAUSSIAN], aliases: POINTS, sumScheme: "direct", accumulator: "float64" },
  gradient: { texts: [`Grad(${GAUSSIAN}, x, Var(4, 2, 0))`], aliases: [...POINTS, "Vi(2)"] },
  values: { texts: [GAUSSIAN], aliases: POINTS, reduction: null },
  wide: { texts: ["Norm2(x - y) * b"], aliases: WIDE },
  hoisted: { texts: ["Exp(y) * Log(y) * x"], aliases: POINTS.slice(0, 2) },
  mean: { texts: ["x - y"], aliases: POINTS.slice(0, 2), reduction: "Mean" },
  product: { texts: ["x * y"], aliases: POINTS.slice(0, 2), reduction: "Prod" },
  minimum: { texts: ["x - y"], aliases: POINTS.slice(0, 2), reduction: "Min_ArgMin" },
  places: { texts: ["SqDist(x, y)"], aliases: POINTS.slice(0, 2), reduction: "ArgMax", dtype: "float64" },
  nearest: { texts: ["x - y"], aliases: POINTS.slice(0, 2), reduction: "KMin_ArgKMin", k: 3 },
  logarithm: { texts: ["-SqDist(x, y)"], aliases: POINTS.slice(0, 2), reduction: "LogSumExp" },
  softmax: { texts: ["x | y", "b"], aliases: POINTS.slice(0, 3), reduction: "SumSoftMaxWeight" },
  few: { texts: [GAUSSIAN], aliases: POINTS, shape: "few" },
  few64: { texts: [GAUSSIAN], aliases: POINTS, shape: "few", dtype: "float64" },
  fewWide: { texts: ["Norm2(x - y) * b"], aliases: WIDE, shape: "few" },
  fewNearest: { texts: ["x - y"], aliases: POINTS.slice(0, 2), reduction: "KMin_ArgKMin", k: 3, shape: "few" },
  fewLogarithm: { texts: ["-SqDist(x, y)"], aliases: POINTS.slice(0, 2), reduction: "LogSumExp", shape: "few" },
  // y is x.
  once: { texts: [GAUSSIAN], aliases: POINTS, same: [0, 0, 2, 3] },
  once64: { texts: [GAUSSIAN], aliases: POINTS, same: [0, 0, 2, 3], dtype: "float64" },
  onceHoisted: { texts: ["Exp(-SqDist(x, y)) * Exp(b) * Log(b)"], aliases: POINTS, same: [0, 0, 2, 3] },
  narrow: { texts: ["Norm2(x - y) * b"], aliases: WIDE, shape: "narrow" },
};

const addon = nativeAddon();
const isa = addon.isa();
const folder = process.argv[2];
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "flags"), `${flagsFor(isa).join(" ")}\n`);
for (const [name, routine] of Object.entries(ROUTINES)) {
  const { same, shape } = routine;
  writeFileSync(join(folder, `${name}.cc`), sourceOf(routine, isa));
  if (!shape && !same) writeFileSync(join(folder, `${name}.tiles`), tilesOf(specificationOf(routine)));
}

/** As test/native/harness.h reads it. */
function tilesOf(specification) {
  const realBytes = specification.dtype === "float32" ? 4 : 8;
  const { code, constants } = tileProgram(specification, addon.tiles(isa, realBytes), addon.constants);
  return [`${isa} ${realBytes} ${code.length} ${constants.length}`, code.join(" "), constants.join(" "), ""].join("\n");
}
