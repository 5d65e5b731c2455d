// What Jupyter starts as the TypeScript kernel: tslab, mended.
const { join } = require("node:path");
const { folderOfTslab, mendShorthand } = require("./tslab-shorthand.cjs");

const dist = folderOfTslab([join(__dirname, "..", "notebooks")]);
mendShorthand(dist);
require(join(dist, "main.js")).main();
