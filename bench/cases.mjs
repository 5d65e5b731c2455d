// What is timed: formulas over random points, and solves. `pairs` counts evaluations of the formula.
const POINTS = (d) => [`x = Vi(${d})`, `y = Vj(${d})`, "b = Vj(1)", "g = Pm(1)"];

const sum = (name, formula, n, d, options = {}) => ({ name, formula, m: n, n, d, dv: 1, ...options });

export const SUMS = [
  sum("Gaussian, D = 3", "Exp(-g * SqDist(x, y)) * b", 20_000, 3),
  sum("Gaussian, D = 3", "Exp(-g * SqDist(x, y)) * b", 100_000, 3),
  sum("Laplacian, D = 3", "Exp(-g * Norm2(x - y)) * b", 50_000, 3),
  sum("Cauchy, D = 3", "b / (1 + g * SqDist(x, y))", 50_000, 3),
  sum("LogSumExp, D = 3", "-g * SqDist(x, y) + 0 * b", 50_000, 3, { reductionOp: "LogSumExp" }),
  sum("Gaussian, D = 10", "Exp(-g * SqDist(x, y)) * b", 20_000, 10),
  sum("Gaussian, D = 100", "Exp(-g * SqDist(x, y)) * b", 10_000, 100),
  sum("Gaussian, D = 784", "Exp(-g * SqDist(x, y)) * b", 4_000, 784),
  sum("Gaussian, D = 3, Dv = 32", "Exp(-g * SqDist(x, y)) * b", 20_000, 3, { dv: 32 }),
  sum("Gaussian, D = 3, Dv = 100", "Exp(-g * SqDist(x, y)) * b", 10_000, 3, { dv: 100 }),
  sum("ArgKMin, K = 10, D = 3", "SqDist(x, y) + 0 * g * b", 50_000, 3, { reductionOp: "ArgKMin", optArg: 10 }),
  sum("ArgKMin, K = 10, D = 100", "SqDist(x, y) + 0 * g * b", 10_000, 100, { reductionOp: "ArgKMin", optArg: 10 }),
  sum("ArgMin, 100 columns, D = 3", "SqDist(x, y) + 0 * g * b", 100_000, 3, { n: 100, reductionOp: "ArgMin" }),
  sum("Gaussian, one row, D = 3", "Exp(-g * SqDist(x, y)) * b", 1, 3, { n: 1_000_000 }),
  sum("Gradient of the Gaussian", "Grad(Exp(-g * SqDist(x, y)) * b, x, Var(4, 1, 0))", 50_000, 3, { extra: true }),
  // Compositions that nobody tuned for.
  sum("composition 1", "Sqrt(1 + Square(x | y)) * Exp(-g * Norm2(x - y)) * b", 20_000, 3),
  sum("composition 2", "Log(1 + SqDist(x, y)) * Inv(1 + Abs(x | y)) * b", 20_000, 3),
  sum("composition 3", "Sum(Exp(x * y) / (1 + Exp(x - y))) * b", 20_000, 3),
  sum("composition 4", "Pow(1 + (x | y), 3) * Rsqrt(g + SqDist(x, y)) * b", 20_000, 3),
  sum("composition 5", "Exp(-g * SqNorm2(x * y - 2 * x)) * (x | y) * b", 20_000, 3),
];

export function aliasesOf({ d, dv, extra }) {
  const aliases = POINTS(d).map((alias) => alias.replace("b = Vj(1)", `b = Vj(${dv})`));
  return extra ? [...aliases, "Vi(1)"] : aliases;
}

export const SOLVES = [
  { name: "tutorial's system", n: 5000, g: 50, alpha: 1e-2 },
  { name: "small system", n: 500, g: 50, alpha: 1e-2 },
  { name: "small ridge", n: 5000, g: 50, alpha: 1e-6 },
  { name: "rough kernel", n: 5000, g: 5000, alpha: 1e-4 },
];
