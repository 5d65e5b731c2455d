/** What a page of the tests is asked, and what it tells (page.ts). */
import type { Dtype, Readiness } from "../../src/index";

export interface Wanted {
  /** Names of files of reference data. */
  readonly files: readonly string[];
  readonly ids: readonly { readonly id: string; readonly dtype: Dtype }[];
}

export interface Findings {
  /** The error of a call before the page is ready, and of `ready` where there is no module. */
  readonly unready: string | null;
  readonly lost: string;
  readonly readiness: Readiness;
  /** How many threads had told that they run when the page was ready. */
  readonly begunWhenReady: number;
  readonly again: Readiness;
  readonly instructionSet: string;
  /** Errors of a call with a wrong shape, and of one on a compiled backend. */
  readonly wrong: string | null;
  readonly compiled: string | null;
  readonly computed: Readonly<Record<string, readonly number[]>>;
  /** Of each case that was wanted what is wrong, or null. */
  readonly cases: readonly (string | null)[];
  /** Whether promises give what calls give, and after one was stopped. */
  readonly promises: boolean;
  readonly stopped: string;
  readonly after: boolean;
  readonly fractions: readonly number[];
  readonly warnings: readonly string[];
  readonly milliseconds: number;
}
