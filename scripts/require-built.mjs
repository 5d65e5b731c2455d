// Imported first by what reads dist/ and the addon: ends the process, and says what to run, where one of them is older
// than its sources.
import { requireBuilt } from "./built.mjs";

requireBuilt();
