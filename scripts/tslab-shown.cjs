// tslab prints the value of a cell's last line. That of a chart is its picture, which the cell shows already, so that
// only "[chart]" was printed below it. Knows no more of tslab than where a converter tells that there is such a value.
const { join } = require("node:path");

const CHART = /^(await\s+)?(\w+\.)*chart\(/;

/** Cells that end in a chart print nothing for it, with all converters that tslab's code in a folder makes from now on. */
exports.mendShown = function mendShown(dist) {
  const converter = require(join(dist, "converter.js"));
  const ts = require(require.resolve("@tslab/typescript-for-tslab", { paths: [dist] }));
  const { createConverter } = converter;
  const endsInChart = (source) =>
    CHART.test(ts.createSourceFile("cell.ts", source, ts.ScriptTarget.Latest, true).statements.at(-1)?.getText() ?? "");
  converter.createConverter = (options) => {
    const made = createConverter(options);
    const convert = (before, source) => {
      const result = made.convert(before, source);
      return endsInChart(source) ? { ...result, lastExpressionVar: undefined } : result;
    };
    return { ...made, convert };
  };
};
