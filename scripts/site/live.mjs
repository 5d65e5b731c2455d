/**
 * The page of points to move, held to Node: a visit moves a point, and the numbers that the page shows before and after
 * are those that Node computes for the points that it has then.
 */
import { createRequire } from "node:module";
import { makeMaps, shown } from "../../docs/.vitepress/theme/live.mjs";

/** True when the page has computed. */
export const LIVE =
  'document.querySelectorAll(".live output").length === 3 && (document.querySelector(".live").scrollIntoView(), true)';

/** In the page: what it shows, moves a point by the mouse, waits for its numbers, and tells both. */
export const MOVING = `(async () => {
  const live = document.querySelector(".live");
  const look = () => ({
    points: JSON.parse(live.dataset.points),
    chosen: Number(live.dataset.chosen),
    texts: [...live.querySelectorAll("output")].map((output) => output.textContent),
  });
  const before = look();
  const svg = live.querySelector("svg");
  const { left, top, width, height } = svg.getBoundingClientRect();
  const at = ([x, y]) => ({ clientX: left + x * width, clientY: top + y * height, bubbles: true, cancelable: true });
  const [x, y] = before.points[5];
  svg.dispatchEvent(new PointerEvent("pointerdown", { ...at([x, y]), buttons: 1 }));
  svg.dispatchEvent(new PointerEvent("pointermove", { ...at([0.5 * x + 0.25, 0.5 * y + 0.2]), buttons: 1 }));
  const end = performance.now() + 5000;
  while (look().texts[0] === before.texts[0] && performance.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 20));
  return [before, look()];
})()`;

/** What is wrong with what a visit tells. */
export function faultsOfMoving(value) {
  if (!Array.isArray(value)) return ["expected what the page of points shows, got nothing"];
  const maps = makeMaps(createRequire(import.meta.url)("../../dist/index.js"));
  const [before, after] = value;
  const differ = value.flatMap(({ points, chosen, texts }) => {
    const expected = shown(maps(points, chosen).numbers);
    return expected.every((text, n) => text === texts[n])
      ? []
      : [`expected ${expected.join("; ")}, got ${texts.join("; ")}`];
  });
  const isMoved = after.chosen === 5 && after.points[5].join() !== before.points[5].join();
  return isMoved ? differ : [...differ, "expected point 5 to follow the mouse, got it where it was"];
}
