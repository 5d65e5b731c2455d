/** A function of one number and its derivative as a small picture, in the colours of the page (SVG). */

const [WIDTH, HEIGHT, REACH] = [300, 200, 3];
const place = (x) => ((x + REACH) / (2 * REACH)) * WIDTH;
const height = (y) => HEIGHT / 2 - (y / (2 * REACH)) * HEIGHT;
const round = (value) => Math.round(value * 10) / 10;

/** Where the function is evaluated: from -3 to 3. */
export const PLACES = Array.from({ length: 161 }, (_, n) => -REACH + (n * 2 * REACH) / 160);

/** A path through the values that are numbers within reach; it breaks where the function jumps. */
function pathOf(values) {
  let isDown = false;
  const steps = values.map((y, n) => {
    const isShown = Number.isFinite(y) && Math.abs(y) <= REACH * 1.2;
    const goesOn = isDown && isShown && Math.abs(y - values[n - 1]) < 0.4;
    isDown = isShown;
    return isShown ? `${goesOn ? "L" : "M"}${round(place(PLACES[n]))} ${round(height(y))}` : "";
  });
  return steps.join("");
}

const ticks = [-2, -1, 1, 2].map(
  (at) =>
    `<path class="tick" d="M${round(place(at))} ${HEIGHT / 2 - 3}v6M${WIDTH / 2 - 3} ${round(height(at))}h6"/>` +
    `<text x="${round(place(at))}" y="${HEIGHT / 2 + 14}" text-anchor="middle">${at}</text>` +
    `<text x="${WIDTH / 2 - 6}" y="${round(height(at)) + 4}" text-anchor="end">${at}</text>`,
);

/** The picture of values, and of those of the derivative, at {@link PLACES}. */
export function curveText(name, values, slopes) {
  const axes = `<path class="axis" d="M0 ${HEIGHT / 2}H${WIDTH}M${WIDTH / 2} 0V${HEIGHT}"/>`;
  const curves = `<path class="slope" d="${pathOf(slopes)}"/><path class="value" d="${pathOf(values)}"/>`;
  return `<svg class="curve" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" role="img" aria-label="${name} and its derivative, dashed">${axes}${ticks.join("")}${curves}</svg>`;
}
