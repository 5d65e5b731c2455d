/** A compiler that leaves the optimiser out, which takes a half to a third of the time. */
import { accessSync, constants } from "node:fs";
import { join } from "node:path";

const QUICK = join(__dirname, "..", "fixtures", "quick-compiler");

export function leaveOptimiserOut(): void {
  accessSync(QUICK, constants.X_OK);
  process.env["TSKEOPS_CXX"] ||= QUICK;
}
