/**
 * A display of progress, for the `onProgress` of long calls: a bar in a notebook, a line in a terminal, nothing
 * in a script whose errors go elsewhere. Knows nothing of what is computed.
 */
import { randomUUID } from "node:crypto";
import { displayWriter } from "./kernels";
import type { DisplayWriter } from "./kernels";
import type { CallProgress } from "../call/run";
import { atMost, optionsOf } from "../options";
import type { OptionsOf } from "../options";

const PROGRESS_BAR = {
  /** Stands before the line. */
  label: { kind: "text" },
} as const;

/** Options of `progressBar`. */
export type ProgressBarOptions = OptionsOf<typeof PROGRESS_BAR>;

/**
 * For `onProgress`: shows what is done, rate, residual and time left. In a cell it is one output that is updated
 * in place, else a line on stderr if that is a terminal; otherwise nothing is shown.
 * @returns a function for the option `onProgress`
 * @throws ArgumentError for an option that it does not know
 * @example
 * const K = Genred("SqDist(x, y)", ["x = Vi(2)", "y = Vj(2)"], { axis: 1 });
 * const sums = await K.async(rand([9, 2]), rand([9, 2]), { onProgress: notebook.progressBar() });
 * console.log(sums.shape); // [ 9, 1 ]
 */
export function progressBar(options?: ProgressBarOptions | null): (progress: CallProgress) => void {
  atMost("progressBar", 1, arguments);
  const { label } = optionsOf("progressBar", options, PROGRESS_BAR);
  // The display of the cell that makes the bar: the bar belongs into its output, even when other cells run later.
  const writer = displayWriter();
  let show: Show | undefined;
  return (progress) => {
    show ??= showOf(writer ?? displayWriter());
    show(progress, [label, progressText(progress)].filter(Boolean).join(" · "));
    if (progress.ended) show = undefined;
  };
}

type Show = (progress: CallProgress, text: string) => void;

function showOf(writer: DisplayWriter | undefined): Show {
  if (writer) return inNotebook(writer);
  return process.stderr.isTTY ? onTerminal : () => undefined;
}

function inNotebook(writer: DisplayWriter): Show {
  const transient = { display_id: randomUUID() };
  let isShown = false;
  return ({ fraction, ended }, text) => {
    const value = fraction === undefined ? (ended ? ` value="1"` : "") : ` value="${fraction}"`;
    const html = `<progress max="1"${value}></progress> <code>${escapeMarkup(text)}</code>`;
    void writer({ data: { "text/html": html, "text/plain": text }, metadata: {}, transient }, isShown);
    isShown = true;
  };
}

const escapeMarkup = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");

/** Erases the line before it writes another one. */
const onTerminal: Show = ({ ended }, text) => {
  process.stderr.write(`\r\u001B[2K${text.slice(0, (process.stderr.columns || 80) - 1)}${ended ? "\n" : ""}`);
};

/** `iterations · 41 % · 312 · 80 /s · residual 3.1e-4 · 2.0 s · 3 s left`. */
function progressText({
  doing,
  fraction,
  seconds,
  secondsLeft,
  rate,
  iterations,
  residual,
  hint,
  ended,
}: CallProgress): string {
  return [
    doing,
    fraction !== undefined && `${Math.floor(100 * fraction)} %`,
    iterations !== undefined && String(iterations),
    rate !== undefined && `${rateText(rate)} ${doing === "reduction" ? "pairs/s" : "/s"}`,
    residual !== undefined && `residual ${residual.toExponential(1)}`,
    timeText(seconds),
    !ended && secondsLeft !== undefined && `${timeText(secondsLeft)} left`,
    hint !== undefined && hint,
  ]
    .filter((part) => part !== false)
    .join(" · ");
}

const rateText = (rate: number): string => (rate < 1e4 ? rate.toPrecision(3) : rate.toExponential(1));

function timeText(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 100) return `${seconds.toFixed(0)} s`;
  return seconds < 6000 ? `${(seconds / 60).toFixed(0)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
