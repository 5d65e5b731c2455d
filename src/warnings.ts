/** Warnings of the library: it computes what was asked for, but in a way that its user would not choose. */

/** Codes of the warnings. */
export type WarningCode = "KEOPS_REFERENCE" | "KEOPS_WASM" | "KEOPS_COMPILE" | "KEOPS_HISTORY";

const told = new Set<WarningCode>();

/** Warns once in a process, by `process.emitWarning`, whose listeners see `name` "KeopsWarning" and the code. */
export function warnOnce(code: WarningCode, message: string): void {
  if (told.has(code)) return;
  told.add(code);
  process.emitWarning(message, { type: "KeopsWarning", code });
}
