/**
 * For tests that compile hundreds of formulas to compare numbers: imported first, it names a compiler that leaves the
 * optimiser out, by the variable with which users name theirs. All else is as for users, and whoever sets TSKEOPS_CXX
 * has all of it.
 */
import { leaveOptimiserOut } from "./optimiser";

leaveOptimiserOut();
