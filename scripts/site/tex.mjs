/**
 * Formulas as mathematics: the graph that the library builds, printed as TeX. The one idea: each operation is a template
 * and how tightly it binds. Operations without one are written by their names.
 */

/** How tightly what is printed binds: sums, products, powers, and what needs no brackets. */
const [SUM, PRODUCT, POWER, ATOM] = [1, 2, 3, 4];

const within = ({ tex, level }, least) => (level >= least ? tex : `\\left(${tex}\\right)`);
const call = (name, ...args) => ({
  tex: `\\operatorname{${name}}\\left(${args.map(({ tex }) => tex).join(", ")}\\right)`,
  level: ATOM,
});
const atom = (tex) => ({ tex, level: ATOM });
const named =
  (name) =>
  (...args) =>
    call(name, ...args);
const function_ = (name) => (x) => ({ tex: `${name} ${within(x, ATOM)}`, level: PRODUCT });
const power = (x, exponent) => ({
  tex: `${x.level === ATOM ? `{${x.tex}}` : `\\left(${x.tex}\\right)`}^{${exponent}}`,
  level: POWER,
});
const truth = (sign) => (x, y) => atom(`\\left[${x.tex} ${sign} ${y.tex}\\right]`);
const sum = (sign) => (x, y) => ({
  tex: `${within(x, SUM)} ${sign} ${within(y, sign === "+" ? SUM : PRODUCT)}`,
  level: SUM,
});

/** A minus comes first. */
const product = (x, y) =>
  /^-/.test(x.tex) && x.isNumber
    ? { tex: `-${product(atom(x.tex.slice(1)), y).tex}`, level: SUM }
    : { tex: `${within(x, PRODUCT)} \\, ${within(y, PRODUCT)}`, level: PRODUCT };
const fraction = (above, below) => ({ tex: `\\frac{${above}}{${below}}`, level: PRODUCT });

/** What operations are written as, from their arguments as TeX and their parameters. */
const TEMPLATES = {
  Sign: named("sign"),
  Asinh: named("arsinh"),
  Acosh: named("arcosh"),
  Atanh: named("artanh"),
  Add: (x, y) => (/^-/.test(y.tex) ? { tex: `${x.tex} ${y.tex}`, level: SUM } : sum("+")(x, y)),
  Subtract: sum("-"),
  Minus: (x) => ({ tex: `-${within(x, PRODUCT)}`, level: SUM }),
  Mult: product,
  MultOr0: product,
  Divide: (x, y) => fraction(x.tex, y.tex),
  Inv: (x) => fraction(1, x.tex),
  InvOr0: (x) => fraction(1, x.tex),
  Square: (x) => power(x, 2),
  Sqrt: (x) => (x.isSquare ? atom(x.root) : atom(`\\sqrt{${x.tex}}`)),
  Rsqrt: (x) => fraction(1, x.isSquare ? x.root : `\\sqrt{${x.tex}}`),
  Cbrt: (x) => atom(`\\sqrt[3]{${x.tex}}`),
  Pow: (x, n) => power(x, n),
  Powf: (x, y) => power(x, y.tex),
  PowfOr0: (x, y) => power(x, y.tex),
  Exp: (x) => ({ tex: `e^{${x.tex}}`, level: POWER }),
  Exp2: (x) => ({ tex: `2^{${x.tex}}`, level: POWER }),
  Expm1: (x) => ({ tex: `e^{${x.tex}} - 1`, level: SUM }),
  Log1p: (x) => ({ tex: `\\log\\left(1 + ${x.tex}\\right)`, level: PRODUCT }),
  Log2: function_("\\log_2"),
  Log10: function_("\\log_{10}"),
  LogAddExp: (x, y) => ({ tex: `\\log\\left(e^{${x.tex}} + e^{${y.tex}}\\right)`, level: PRODUCT }),
  ExpShare: (x, y) => fraction(`e^{${x.tex}}`, `e^{${x.tex}} + e^{${y.tex}}`),
  XLogX: (x) => ({ tex: `${within(x, PRODUCT)} \\log ${within(x, ATOM)}`, level: PRODUCT }),
  SinXDivX: (x) => fraction(`\\sin ${within(x, ATOM)}`, x.tex),
  OverSquares: (x, y) => fraction(x.tex, `${power(x, 2).tex} + ${power(y, 2).tex}`),
  Abs: (x) => atom(`\\left|${x.tex}\\right|`),
  Floor: (x) => atom(`\\lfloor ${x.tex} \\rfloor`),
  Ceil: (x) => atom(`\\lceil ${x.tex} \\rceil`),
  Sigmoid: (x) => call("\\sigma", x),
  ReLU: (x) => atom(`\\max\\left(0, ${x.tex}\\right)`),
  Minimum: (x, y) => atom(`\\min\\left(${x.tex}, ${y.tex}\\right)`),
  Maximum: (x, y) => atom(`\\max\\left(${x.tex}, ${y.tex}\\right)`),
  LGamma: (x) => ({ tex: `\\log \\left|\\Gamma\\left(${x.tex}\\right)\\right|`, level: PRODUCT }),
  Digamma: (x) => atom(`\\psi\\left(${x.tex}\\right)`),
  Polygamma: (x, order) => atom(`\\psi^{(${order})}\\left(${x.tex}\\right)`),
  BesselK: (x, order) => atom(`K_{${order}}\\left(${x.tex}\\right)`),
  Step: (x) => atom(`\\left[${x.tex} \\ge 0\\right]`),
  LessThan: truth("<"),
  LessOrEqual: truth("\\le"),
  Equal: truth("="),
  NotEqual: truth("\\ne"),
  SumT: (x) => x,
  Sum: (x) => ({ tex: `\\sum_k {${within(x, ATOM)}}_k`, level: PRODUCT }),
  Scalprod: (x, y) =>
    x.tex === y.tex
      ? {
          ...power(atom(`\\left\\|${x.tex}\\right\\|`), 2),
          level: ATOM,
          isSquare: true,
          root: `\\left\\|${x.tex}\\right\\|`,
        }
      : atom(`\\left\\langle ${x.tex}, ${y.tex} \\right\\rangle`),
  MatVecMult: (a, b) => ({ tex: `${within(a, POWER)} \\, ${within(b, POWER)}`, level: PRODUCT }),
  VecMatMult: (b, a) => ({ tex: `${within(b, ATOM)}^{\\top} ${within(a, POWER)}`, level: PRODUCT }),
  TensorProd: (x, y) => ({ tex: `${within(x, POWER)} \\otimes ${within(y, POWER)}`, level: PRODUCT }),
  ...Object.fromEntries(
    ["Sin", "Cos", "Tan", "Sinh", "Cosh", "Tanh", "Log"].map((name) => [name, function_(`\\${name.toLowerCase()}`)]),
  ),
  Asin: function_("\\arcsin"),
  Acos: function_("\\arccos"),
  Atan: function_("\\arctan"),
};

/** Numbers that derivatives hold, as one would write them. */
const KNOWN = [
  [2 / Math.sqrt(Math.PI), "\\tfrac{2}{\\sqrt{\\pi}}"],
  [Math.LN2, "\\log 2"],
  [Math.LOG2E, "\\tfrac{1}{\\log 2}"],
  [Math.LOG10E, "\\tfrac{1}{\\log 10}"],
  [1 / 3, "\\tfrac{1}{3}"],
  [2 / 3, "\\tfrac{2}{3}"],
  [0.5, "\\tfrac{1}{2}"],
];

function numberTex(value) {
  const known = KNOWN.find(([number]) => Math.abs(Math.abs(value) - number) < 1e-15);
  const size = known?.[1] ?? String(Number(Math.abs(value).toPrecision(6)));
  return value < 0 ? { tex: `-${size}`, level: SUM, isNumber: true } : atom(size);
}

/** The formula in TeX, with a name for each of its variables; `constantValue` and `asVariable` are the library's. */
export function texOf(formula, names, { constantValue, isVariable, asVariable }) {
  const of = (node) => {
    const number = constantValue(node);
    if (number !== undefined) return numberTex(number);
    if (isVariable(node)) return atom(names[asVariable(node).position]);
    const template =
      TEMPLATES[node.operation.name] ??
      ((...given) =>
        named(node.operation.name)(
          ...given.map((one) => (typeof one === "object" && "tex" in one ? one : atom(String(one)))),
        ));
    return template(...node.args.map(of), ...node.params);
  };
  return of(formula).tex;
}

/** What macros are defined as in the field, where the graph of operations hides it. */
export const DEFINED = {
  Max: "\\max_k x_k",
  Min: "\\min_k x_k",
  ArgMax: "\\operatorname{arg\\,max}_k x_k",
  ArgMin: "\\operatorname{arg\\,min}_k x_k",
  LogSumExp: "\\log \\sum_k e^{x_k}",
  Mean: "\\tfrac{1}{n} \\sum_k x_k",
  Sum: "\\sum_k x_k",
  Variance: "\\tfrac{1}{n} \\sum_k \\left(x_k - \\bar{x}\\right)^2",
  PNorm: "\\left(\\sum_k |x_k|^p\\right)^{1/p}",
  Cross: "x \\times y",
  SqDist: "\\left\\|x - y\\right\\|^2",
  Elem: "x_m",
  ElemT: "x \\, e_m",
  Sigmoid: "\\frac{1}{1 + e^{-x}}",
  Softplus: "\\log\\left(1 + e^{x}\\right)",
  Erf: "\\frac{2}{\\sqrt{\\pi}} \\int_0^x e^{-t^2} dt",
  Erfc: "\\frac{2}{\\sqrt{\\pi}} \\int_x^\\infty e^{-t^2} dt",
  Digamma: "\\psi(x) = \\frac{\\Gamma'(x)}{\\Gamma(x)}",
  Grad: "\\left(\\partial_v f\\right)^{\\top} e",
  Diff: "\\left(\\partial_v f\\right) u",
  Divergence: "\\sum_k \\partial_{v_k} f_k",
  Laplacian: "\\sum_k \\partial^2_{v_k} f",
  Kron: "x \\otimes y",
  SqNormIso: "s \\, \\|x\\|^2",
  SqNormDiag: "\\sum_k s_k \\, x_k^2",
  SymSqNorm: "x^{\\top} A \\, x",
  WeightedSqNorm: "x^{\\top} S \\, x",
  WeightedSqDist: "(x - y)^{\\top} S \\, (x - y)",
  Normalize: "\\frac{x}{\\|x\\|}",
  ComplexAbs: "|x_k|",
  ComplexSquareAbs: "|x_k|^2",
  ComplexAngle: "\\arg x_k",
  ComplexExp: "e^{x_k}",
  ComplexExp1j: "e^{i x_k}",
  ComplexLog: "\\log x_k",
  ComplexSqrt: "\\sqrt{x_k}",
  ComplexReal: "\\operatorname{Re} x_k",
  ComplexImag: "\\operatorname{Im} x_k",
  ComplexReciprocal: "\\frac{1}{x_k}",
  ComplexMult: "x_k \\, y_k",
  ComplexDivide: "\\frac{x_k}{y_k}",
  ComplexAdd: "x_k + y_k",
  ComplexSubtract: "x_k - y_k",
  ComplexPow: "x_k^{y}",
  ComplexSum: "\\sum_k x_k",
  ComplexScal: "s \\, x_k",
  ComplexRealScal: "s \\, x_k",
  Conj: "\\bar{x}_k",
  Complex: "\\mathrm{re}_k + i \\, \\mathrm{im}_k",
};
