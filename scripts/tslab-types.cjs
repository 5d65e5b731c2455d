// TypeScript takes the types of every package in node_modules/@types for those of global names: a notebook beside a
// test runner would know `describe`, and each cell would wait for hundreds of files. Cells have Node's global names;
// the types of another package are there where a cell imports it. Knows no more of tslab than where its TypeScript is.
const TYPES = /[\\/]node_modules[\\/]@types$/;

/** Leaves Node's alone for all converters that tslab's code in a folder makes from now on. */
exports.mendTypes = function mendTypes(dist) {
  const { sys } = require(require.resolve("@tslab/typescript-for-tslab", { paths: [dist] }));
  const { getDirectories } = sys;
  sys.getDirectories = (path) => getDirectories(path).filter((name) => !TYPES.test(path) || name === "node");
};
