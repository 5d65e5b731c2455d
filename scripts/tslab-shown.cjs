// tslab prints the value of a cell's last line. A chart or a table is shown already by then: only "[chart]" was printed
// below it. The library notes on such a value when it was shown. One of an earlier cell is shown again. Knows no more of
// tslab than that an executor is given what prints values.
const { join } = require("node:path");

const SHOWN = Symbol.for("tskeops.shown");

/** Cells whose value shows itself print nothing for it, with all executors that tslab's code in a folder makes. */
exports.mendShown = function mendShown(dist) {
  const executor = require(join(dist, "executor.js"));
  const jupyter = require(join(dist, "jupyter.js"));
  const { createExecutor } = executor;
  const showAgain = ({ data, metadata = {} }) => jupyter.lastWriteDisplayData({ data, metadata, transient: {} }, false);
  executor.createExecutor = (folder, converters, console) => {
    let began = 0;
    const log = (value) => {
      if (value[SHOWN] === undefined) console.log(value);
      else if (value[SHOWN] < began) showAgain(value);
    };
    const made = createExecutor(folder, converters, { error: console.error, log });
    const execute = (source) => {
      began = performance.now();
      return made.execute(source);
    };
    return { ...made, execute };
  };
};
