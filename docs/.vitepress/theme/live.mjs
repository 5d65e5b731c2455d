/**
 * What the page of points to move computes, in a browser and, to check it, in Node: maps of a square as functions of
 * points with values. Knows tskeops as its argument alone.
 */
export const SIDE = 96;
const POINTS = 24;
const NEAREST = 3;
const RIDGE = 0.02;
/** 1 / width^2 of the Gaussian. */
const SHARPNESS = 60;

const GAUSSIAN = ["Exp(-g * SqDist(x, y)) * b", ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)", "g = Pm(1)"]];

/** Points of the square with values from -1 to 1, always the same: `[x, y, value]` each. */
export function startingPoints(t) {
  const numbers = t.rand([POINTS, 3], { seed: 11, dtype: "float64" }).data;
  return Array.from({ length: POINTS }, (_, n) => {
    const [x, y, value] = numbers.slice(3 * n, 3 * n + 3);
    return [0.06 + 0.88 * x, 0.06 + 0.88 * y, 2 * value - 1];
  });
}

/** Gives what computes all of it anew: maps `[SIDE * SIDE]` from the top left, and numbers at one of the points. */
export function makeMaps(t) {
  const sum = t.Genred(...GAUSSIAN, { axis: 1 });
  const solve = t.KernelSolve(...GAUSSIAN, "b", { axis: 1 });
  const options = { reductionOp: "ArgKMin", optArg: NEAREST, axis: 1 };
  const nearest = t.Genred("SqDist(x, y)", ["x = Vi(2)", "y = Vj(2)"], options);
  const pixels = Array.from({ length: SIDE * SIDE }, (_, n) => [(n % SIDE) + 0.5, Math.floor(n / SIDE) + 0.5]);
  const rows = t.array(
    pixels.map((pair) => pair.map((at) => at / SIDE)),
    { dtype: "float64" },
  );
  return (points, chosen) => {
    const y = t.array(
      points.map(([a, b]) => [a, b]),
      { dtype: "float64" },
    );
    const b = t.array(
      points.map(([, , value]) => [value]),
      { dtype: "float64" },
    );
    const weights = solve(y, y, b, SHARPNESS, { alpha: RIDGE });
    const places = nearest(rows, y).data;
    const meanAt = (n) => {
      let total = 0;
      for (let k = 0; k < NEAREST; k++) total += points[places[NEAREST * n + k]][2];
      return total / NEAREST;
    };
    return {
      sum: sum(rows, y, b, SHARPNESS).data,
      nearest: Float64Array.from({ length: SIDE * SIDE }, (_, n) => meanAt(n)),
      solution: sum(rows, y, weights, SHARPNESS).data,
      numbers: {
        sum: sum(y, y, b, SHARPNESS).data[chosen],
        nearest: [...nearest(y, y).data.slice(NEAREST * chosen, NEAREST * (chosen + 1))],
        weight: weights.data[chosen],
      },
      pairs: 3 * rows.shape[0] * points.length,
    };
  };
}

/** The numbers at a point as the page shows them. */
export const shown = ({ sum, nearest, weight }) => [sum.toFixed(6), nearest.join(", "), weight.toFixed(6)];
