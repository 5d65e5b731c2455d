/**
 * When something was shown in a notebook, for the kernel: the value of a cell that shows itself is not to be printed,
 * and one from an earlier cell is shown again. The one idea: a property whose name every copy of the library and the
 * project's kernel agree on. Knows nothing of what is shown.
 */
const SHOWN = Symbol.for("tskeops.shown");

/** Notes on a value when it was shown, by `performance.now()`: Infinity says that it will show itself. */
export function noteShown<T extends object>(value: T, at: number = performance.now()): T {
  return Object.defineProperty(value, SHOWN, { value: at, configurable: true });
}
