/**
 * What calls of the addon share: the control block, by which others see how far a call is and stop it, and interruption as our error.
 * Must not know the addon.
 */
import { DeviceError, InterruptedError } from "../errors";

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

/** Runs a call of the addon. @throws InterruptedError where it was stopped; DeviceError where a GPU failed. */
export function interruptible<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    rethrow(error);
  }
}

/** By its code, not its class: what the addon throws belongs to no realm that the caller knows. */
export function rethrow(error: unknown): never {
  const { code } = error as { readonly code?: unknown };
  if (code === "ERR_KEOPS_INTERRUPTED") throw new InterruptedError(messageOf(error), { cause: error });
  if (code === "ERR_KEOPS_DEVICE") throw new DeviceError(`backend "cuda": ${messageOf(error)}`, { cause: error });
  throw error;
}

export function messageOf(error: unknown): string {
  return (error as { readonly message?: unknown }).message?.toString() ?? String(error);
}
