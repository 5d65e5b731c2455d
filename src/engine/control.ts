/**
 * The control block of a call of the addon, by which others see how far it is and stop it. Must not know the addon.
 */

/** `[cancel flag, units done, units total, reserved]` over shared memory; made by `newControl`. */
export type Control = Int32Array;

/** A new control block, for one call at a time. */
export function newControl(): Control {
  return new Int32Array(new SharedArrayBuffer(16));
}

/** Stops the call that runs with this control block, from any thread, within one unit of work. */
export function cancel(control: Control): void {
  Atomics.store(control, 0, 1);
}

/** What part of the call that runs with this control block is done, from 0 to 1. */
export function progress(control: Control): number {
  const total = Atomics.load(control, 2);
  return total === 0 ? 0 : Atomics.load(control, 1) / total;
}

export function messageOf(error: unknown): string {
  return (error as { readonly message?: unknown }).message?.toString() ?? String(error);
}
