/** Every operation of the language, one by one, on every backend and dtype. */
import "./quickcompiler";
import { RUNS, casesIn, checkReduction } from "./reference";

describe.each(RUNS)("operations on $backend in $dtype", (run) => {
  test.each(casesIn("operations"))("$id: $formula", (found) => {
    checkReduction(found, run);
  });
});
