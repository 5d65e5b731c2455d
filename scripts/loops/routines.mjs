/** The formulas whose loops are looked at, one row for each kind of loop that src/codegen writes. */

const of = (dim, values = 1) => [`x = Vi(${dim})`, `y = Vj(${dim})`, `b = Vj(${values})`, "g = Pm(1)"];
const KERNEL = "Exp(-g * SqDist(x, y))";
const SQUARED = ["SqDist(x, y)"];
const gaussian = (dim, values) => ({ texts: [`${KERNEL} * b`], aliases: of(dim, values) });
const onPoints = (texts, more = {}) => ({ texts, aliases: of(3), ...more });

export const ROUTINES = {
  "Gaussian, D = 3": gaussian(3),
  "Gaussian, D = 3, float64": { ...gaussian(3), dtype: "float64" },
  "Gaussian, D = 3, gradient": { texts: [`Grad(${KERNEL} * b, x, Var(4, 1, 0))`], aliases: [...of(3), "Vi(1)"] },
  "Laplacian, D = 3": onPoints(["Exp(-g * Norm2(x - y)) * b"]),
  "Cauchy, D = 3": onPoints(["b / (1 + g * SqDist(x, y))"]),
  "LogSumExp, D = 3": onPoints(["-g * SqDist(x, y)"], { reduction: "LogSumExp" }),
  "Gaussian, D = 5": gaussian(5),
  "Gaussian, D = 8": gaussian(8),
  "Gaussian, D = 10": gaussian(10),
  "Gaussian, D = 16": gaussian(16),
  "Gaussian, D = 17": gaussian(17),
  "Gaussian, D = 32": gaussian(32),
  "Gaussian, D = 100": gaussian(100),
  "Gaussian, D = 784": gaussian(784),
  "Gaussian, Dv = 8": gaussian(3, 8),
  "Gaussian, Dv = 16": gaussian(3, 16),
  "Gaussian, Dv = 17": gaussian(3, 17),
  "Gaussian, Dv = 32": gaussian(3, 32),
  "Gaussian, Dv = 100": gaussian(3, 100),
  "ArgMin, D = 3": onPoints(SQUARED, { reduction: "ArgMin" }),
  "ArgKMin, D = 3, K = 10": onPoints(SQUARED, { reduction: "ArgKMin", k: 10 }),
  "ArgKMin, D = 100, K = 10": { texts: SQUARED, aliases: of(100), reduction: "ArgKMin", k: 10 },
  "Gaussian, D = 3, few rows": { ...gaussian(3), shape: "few" },
  // y is x.
  "Gaussian, D = 3, pairs once": { ...gaussian(3), same: [0, 0, 2, 3] },
  "Gaussian, D = 4, pairs once": { ...gaussian(4), same: [0, 0, 2, 3] },
};
