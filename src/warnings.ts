/** Warnings of the library: it computes what was asked for, but in a way that its user would not choose. */

import { emitWarning } from "./platform/process";

/** Codes of the warnings that are told once. */
export type WarningCode =
  "KEOPS_REFERENCE" | "KEOPS_WASM" | "KEOPS_COMPILE" | "KEOPS_HISTORY" | "KEOPS_THREADS" | "KEOPS_GATHER";

const told = new Set<WarningCode>();

/** Warns once, of a process or page: listeners of `process.emitWarning` see `name` "KeopsWarning" and the code. */
export function warnOnce(code: WarningCode, message: string): void {
  if (told.has(code)) return;
  told.add(code);
  emitWarning(message, code);
}
