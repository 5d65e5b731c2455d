// What is timed: formulas over random points, solves, and shapes that compiled code and tiles both run. `plain` names
// the loop of plain.cc that does the same.
const POINTS = (d) => [`x = Vi(${d})`, `y = Vj(${d})`, "b = Vj(1)", "g = Pm(1)"];
const GAUSSIAN = "Exp(-g * SqDist(x, y)) * b";

const sum = (name, formula, n, d, options = {}) => ({ name, formula, m: n, n, d, dv: 1, options: {}, ...options });
const gaussian = (name, n, d, plain, options = {}) => sum(name, GAUSSIAN, n, d, { plain, ...options });

const scalars = (n) => [
  gaussian("Gaussian", n, 3, "gaussian3"),
  sum("Laplacian", "Exp(-g * Norm2(x - y)) * b", n, 3, { plain: "laplacian" }),
  sum("Cauchy", "b / (1 + g * SqDist(x, y))", n, 3, { plain: "cauchy" }),
  sum("LogSumExp", "-g * SqDist(x, y) + 0 * b", n, 3, { options: { reductionOp: "LogSumExp" }, plain: "logsumexp" }),
];

export const SUMS = [
  ...scalars(10_000),
  ...scalars(100_000),
  gaussian("Gaussian, D = 10", 10_000, 10, "gaussian10"),
  gaussian("Gaussian, D = 16", 10_000, 16, "gaussian16"),
  gaussian("Gaussian, D = 100", 10_000, 100, "gaussian100"),
  gaussian("Gaussian, D = 100, 10⁵ columns", 1_000, 100, "gaussian100", { n: 100_000 }), // more than caches hold
  gaussian("Gaussian, D = 784", 4_000, 784, "gaussian784"),
  gaussian("Gaussian, Dv = 16", 10_000, 3, "gaussian3x16", { dv: 16 }),
  gaussian("Gaussian, Dv = 32", 10_000, 3, "gaussian3x32", { dv: 32 }),
  gaussian("Gaussian, Dv = 100", 10_000, 3, "gaussian3x100", { dv: 100 }),
  nearest("ArgKMin, K = 10", 10_000, 3, 10, "nearest10of3"),
  nearest("ArgKMin, K = 10, D = 100", 10_000, 100, 10, "nearest10of100"),
  { ...nearest("ArgMin, 100 columns", 100_000, 2, 1, "nearest"), n: 100 },
  gaussian("Gaussian, one row", 1, 3, "gaussian3", { n: 1_000_000 }),
  gaussian("Gaussian, 8 rows", 8, 3, "gaussian3", { n: 1_000_000 }),
  gaussian("Gaussian, 20 000 batches", 10, 3, undefined, { n: 20, batch: 20_000 }),
  gaussian("Gaussian, 5 % of the blocks", 20_000, 3, undefined, { blocks: 20 }),
  sum("Gradient of the Gaussian", `Grad(${GAUSSIAN}, x, Var(4, 1, 0))`, 10_000, 3, { extra: [1], plain: "gradient" }),
  sum("Second derivative", `Grad(Grad(${GAUSSIAN}, x, Var(4, 1, 0)), x, Var(5, 3, 0))`, 10_000, 3, { extra: [1, 3] }),
  // Compositions that nobody tuned for.
  sum("composition 1", "Sqrt(1 + Square(x | y)) * Exp(-g * Norm2(x - y)) * b", 10_000, 3),
  sum("composition 2", "Log(1 + SqDist(x, y)) * Inv(1 + Abs(x | y)) * b", 10_000, 3),
  sum("composition 3", "Sum(Exp(x * y) / (1 + Exp(x - y))) * b", 10_000, 3),
  sum("composition 4", "Pow(1 + (x | y), 3) * Rsqrt(g + SqDist(x, y)) * b", 10_000, 3),
  sum("composition 5", "Exp(-g * SqNorm2(x * y - 2 * x)) * (x | y) * b", 10_000, 3),
];

function nearest(name, n, d, k, plain) {
  const options = k === 1 ? { reductionOp: "ArgMin" } : { reductionOp: "ArgKMin", optArg: k };
  return sum(name, "SqDist(x, y) + 0 * g * b", n, d, { options, plain });
}

export const aliasesOf = ({ d, dv, extra = [] }) => [
  ...POINTS(d).map((alias) => alias.replace("b = Vj(1)", `b = Vj(${dv})`)),
  ...extra.map((dim) => `Vi(${dim})`),
];

export const labelOf = ({ name, m, n, d, batch }) =>
  `${name}${name.includes("D =") ? "" : `, D = ${d}`}, ${batch ? `${batch} x ` : ""}${m} x ${n}`;

// Gaussian systems of points in the unit square, two right-hand sides. `peer`: beside dense solves of SciPy and
// PyTorch.
export const SOLVES = [
  { name: "tutorial's system", n: 5000, g: 50, alpha: 1e-2, peer: true, isTutorial: true },
  { name: "small system", n: 500, g: 50, alpha: 1e-2, peer: true },
  { name: "system of 1000", n: 1000, g: 50, alpha: 1e-2, peer: true },
  { name: "system of 3000", n: 3000, g: 50, alpha: 1e-2, peer: true },
  { name: "small ridge", n: 5000, g: 50, alpha: 1e-6 },
  { name: "rough kernel", n: 5000, g: 5000, alpha: 1e-4 },
  { name: "direct, without LAPACK", n: 3000, g: 5000, alpha: 1e-4, method: "direct", lapack: "off" },
  { name: "large system", n: 20_000, g: 50, alpha: 1e-2 },
];

/** Iterations that plain conjugate gradients, as KeOps has them, take for the tutorial's system in float32. */
export const TUTORIAL_ITERATIONS = 795;

// --------------------------------------------------------------------------------- fewer pairs than all of them

const near = (name, formula, options = {}) => ({ name, formula, d: 3, dv: 1, options: {}, ...options });
const local = (name, reductionOp) =>
  near(name, "-1000 * SqDist(x, y)", { options: { reductionOp, formula2: "b" }, tolerance: 1e-3 });

const FEWER = [
  near("ten nearest", "SqDist(x, y) + 0 * b", { options: { reductionOp: "ArgKMin", optArg: 10 } }),
  near("Gaussian to 1e-3", "Exp(-5 * SqDist(x, y)) * b", { tolerance: 1e-3 }),
  near("Gaussian to 1e-6", "Exp(-5 * SqDist(x, y)) * b", { tolerance: 1e-6, dtype: "float64" }),
  near("1 / r to 1e-3", "Rsqrt(SqDist(x, y)) * b", { tolerance: 1e-3 }),
  near("exp(-3 r) to 1e-3", "Exp(-3 * Norm2(x - y)) * b", { tolerance: 1e-3 }),
  near("local Gaussian to 1e-3", "Exp(-1000 * SqDist(x, y)) * b", { tolerance: 1e-3 }),
  local("local LogSumExp to 1e-3", "LogSumExp"),
  local("local softmax to 1e-3", "SumSoftMaxWeight"),
];

/** Points up to which all pairs are computed beside it. */
export const MOST_DIRECT = 100_000;

/** Reductions that leave pairs out, by default or with a tolerance. */
export const FEWER_SUMS = FEWER.flatMap((row) =>
  [10_000, 30_000, 100_000, 1_000_000].map((n) => ({
    dtype: "float32",
    ...row,
    m: n,
    n,
    label: fewerName(row.name, n),
  })),
);

/** Gaussian systems in three dimensions whose products are approximate. */
export const FEWER_SOLVES = [100_000, 1_000_000].map((n) => ({
  n,
  label: fewerName("solve, sigma 0.3, alpha 1e-2", n),
}));

function fewerName(name, n) {
  return `fewer pairs: ${name}, N = ${n}`;
}

// ------------------------------------------------------------------------------- shapes that both engines run

const GAUSSIAN_DIMS = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 16, 17, 20, 24, 32, 64, 100, 256, 784];
const WEIGHT_DIMS = [2, 4, 5, 8, 12, 16, 17, 24, 32, 64, 100, 784];

/** As many points as make a call of some milliseconds. */
const pointsFor = (perPair) => Math.round(Math.sqrt(1.5e9 / (14 + perPair)) / 100) * 100;
const shape = (name, formula, d, dv, options = {}) => {
  const n = pointsFor(d + dv);
  return { name: `shape: ${name}`, formula, m: n, n, d, dv, options };
};

/** Forty shapes; each is timed compiled and evaluated. */
export const SHAPES = [
  ...GAUSSIAN_DIMS.map((d) => shape("Gaussian", GAUSSIAN, d, 1)),
  ...WEIGHT_DIMS.map((dv) => shape(`Gaussian, Dv = ${dv}`, GAUSSIAN, 3, dv)),
  ...[1, 3, 10, 100].map((d) =>
    shape("ArgKMin, K = 10", "SqDist(x, y) + 0 * g * b", d, 1, { reductionOp: "ArgKMin", optArg: 10 }),
  ),
  ...[1, 3, 16, 100].map((d) => shape("LogSumExp", "-g * SqDist(x, y) + 0 * b", d, 1, { reductionOp: "LogSumExp" })),
];
