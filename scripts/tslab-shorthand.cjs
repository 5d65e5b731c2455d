// tslab loses variables of earlier cells in `{ x }`, as in `console.log({ x, y })`: "x is not defined". `{ x: x }` says the
// same and works, so that cells are rewritten to that before tslab converts them. Knows no more of tslab than that.
const { dirname, join } = require("node:path");

/** Rewrites the cells of all converters that tslab's code in a folder makes from now on. */
exports.mendShorthand = function mendShorthand(dist) {
  const converter = require(join(dist, "converter.js"));
  const ts = require(require.resolve("@tslab/typescript-for-tslab", { paths: [dist] }));
  const { createConverter } = converter;
  converter.createConverter = (options) => {
    const made = createConverter(options);
    return { ...made, convert: (before, source) => made.convert(before, withoutShorthand(ts, source)) };
  };
};

/** The source with `{ x: x }` for each `{ x }` of an expression; lines stay where they are. */
function withoutShorthand(ts, source) {
  const file = ts.createSourceFile("cell.ts", source, ts.ScriptTarget.Latest, true);
  const names = [];
  const visit = (node) => {
    if (ts.isShorthandPropertyAssignment(node)) names.push(node.name);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return names.reduceRight((text, name) => `${text.slice(0, name.end)}: ${name.text}${text.slice(name.end)}`, source);
}

/** Where tslab's code is, for whoever works in one of these folders. */
exports.folderOfTslab = (folders) => dirname(require.resolve("tslab", { paths: folders }));
