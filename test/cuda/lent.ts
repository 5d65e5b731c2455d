/** What the device has lent, when tests ask: arrays that earlier tests have left must not go meanwhile. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { cuda } from "../../src/index";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes, after all that nobody holds any more was given back. */
export async function lentToTheLiving(): Promise<number> {
  for (let round = 0; round < 2; round++) {
    collect();
    await new Promise(setImmediate);
  }
  return cuda.memory().lent;
}
