/** All reference data, and every operation and its gradient, on WebAssembly. */
import { describeWasm } from "../helpers/wasm";
import { testEngine } from "../reference/engine";

describeWasm("on WebAssembly", () => {
  testEngine("tiles");
});
