/** What the device has lent, when tests ask: arrays that earlier tests have left must not go meanwhile. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { cuda } from "../../src/index";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/**
 * Bytes, after all that nobody holds any more was given back: finalizers run in tasks of their own, of which one may
 * free what the next needs.
 */
export async function lentToTheLiving(): Promise<number> {
  const SETTLED = 4;
  let lent = cuda.memory().lent;
  for (let same = 0; same < SETTLED;) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 1));
    const now = cuda.memory().lent;
    same = now === lent ? same + 1 : 0;
    lent = now;
  }
  return lent;
}
