/**
 * The notebook kernels that may run this process, how a cell shows an output in them, and what they are told of values
 * that show themselves. The one idea: a row for each kernel, which finds its way to show outputs where that kernel
 * runs. Knows nothing of what is shown.
 */

/**
 * Writes an output of the running cell, or an update of one, as the content of Jupyter's message; a promise where that
 * takes its time.
 */
export type DisplayWriter = (content: object, update: boolean) => void | Promise<void>;

/** How the running cell shows outputs; undefined outside of notebooks. */
export const displayWriter = (): DisplayWriter | undefined => tslabWriter() ?? denoWriter();

/**
 * tslab's public `display` sends one format per output; its own writer sends a bundle. The kernel that runs us is the
 * copy of tslab whose writer is set.
 */
function tslabWriter(): DisplayWriter | undefined {
  for (const [path, loaded] of Object.entries(require.cache)) {
    if (!/[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(path)) continue;
    const { lastWriteDisplayData } = loaded?.exports as { lastWriteDisplayData?: DisplayWriter | null };
    if (lastWriteDisplayData) return lastWriteDisplayData;
  }
  return undefined;
}

interface DenoJupyter {
  readonly broadcast: (type: string, content: object) => Promise<void>;
}

/** Deno refuses to tell `Deno.jupyter` outside of its kernel. */
function denoWriter(): DisplayWriter | undefined {
  const { Deno } = globalThis as { readonly Deno?: { readonly jupyter?: DenoJupyter } };
  const jupyter = attempted(() => Deno?.jupyter);
  if (!jupyter) return undefined;
  return (content, update) => {
    const show = (): Promise<void> => jupyter.broadcast(update ? "update_display_data" : "display_data", content);
    return (lastShown = lastShown.then(show).catch(() => undefined));
  };
}

/** Outputs are shown one after the other, as an update needs what it updates; one that cannot be shown is left out. */
let lastShown: Promise<void> = Promise.resolve();

function attempted<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/**
 * The property that says when something was shown, on whose name every copy of the library and the project's kernel agree:
 * the value of a cell that shows itself is not to be printed, and one from an earlier cell is shown again.
 */
const SHOWN = Symbol.for("tskeops.shown");

/** Notes on a value when it was shown, by `performance.now()`: Infinity says that it will show itself. */
export function noteShown<T extends object>(value: T, at: number = performance.now()): T {
  return Object.defineProperty(value, SHOWN, { value: at, configurable: true });
}
