// What Jupyter starts as the TypeScript kernel: tslab, mended.
const { join } = require("node:path");
const { folderOfTslab, mendShorthand } = require("./tslab-shorthand.cjs");
const { mendTypes } = require("./tslab-types.cjs");

const dist = folderOfTslab([join(__dirname, "..", "notebooks")]);
mendTypes(dist);
mendShorthand(dist);
require(join(dist, "main.js")).main();
