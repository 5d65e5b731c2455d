/** As quickcompiler.ts, but only where a sample of the tests runs: in full, what is tested has passed the optimiser. */
import { leaveOptimiserOut } from "./optimiser";
import { isFull } from "./sample";

if (!isFull) leaveOptimiserOut();
