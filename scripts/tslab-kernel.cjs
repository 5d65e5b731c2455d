// What Jupyter starts as the TypeScript kernel: tslab, mended.
const { join } = require("node:path");
const { mendFormulas } = require("./tslab-formulas.cjs");
const { folderOfTslab, mendShorthand } = require("./tslab-shorthand.cjs");
const { mendShown } = require("./tslab-shown.cjs");
const { mendTypes } = require("./tslab-types.cjs");

const dist = folderOfTslab([join(__dirname, "..", "notebooks")]);
mendTypes(dist);
mendShorthand(dist);
mendShown(dist);
mendFormulas(dist);
require(join(dist, "main.js")).main();
