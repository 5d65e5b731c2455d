/**
 * Complex numbers: D of them stand in a vector of dim 2D, as re, im, re, im, … The one idea is three views, the real
 * parts, the imaginary parts, and the two put together again: every other row is real arithmetic between them, so that
 * gradients (those of the 2D real numbers) and code follow. Where two complex vectors meet, one of them may be a
 * single number, of dim 2. Nothing is conjugated in contractions: `Conj(x)` does that.
 */
import {
  add,
  constantValue,
  expect,
  formulaSlot,
  formulaSlots,
  integerSlot,
  isZero,
  lift,
  listSlot,
  macro,
  minus,
  mult,
  one,
  operation,
  operations,
  repeatTo,
  scalprod,
  square,
  subtract,
  sum,
  sumT,
  two,
  zero,
} from "./core";
import type { Binary, Of, One, Operand, Two, Unary } from "./core";
import type { Formula } from "./formula";
import { atan2, cos, sin } from "./functions";
import { exp, inv, log, powf, rsqrt, sqrt, step } from "./maths";
import { kron, tensorDot } from "./tensors";

function complexDim(where: string, dim: number): number {
  expect(dim % 2 === 0, where, "complex numbers, that is an even dim", dim);
  return dim / 2;
}

// ------------------------------------------------------------------------------------------------------- views

function partBuild(
  name: string,
  method: string,
  part: "Real" | "Imaginary",
  place: 0 | 1,
): (args: readonly [Operand]) => Formula {
  return operation<One>(name, {
    doc: `${part} parts of the complex numbers x.`,
    method,
    complex: "arguments",
    slots: [formulaSlot("x")],
    shape: { kind: "view", segments: ([dim]) => [{ length: dim / 2, arg: 0, start: place, stride: 2 }] },
    dim: ([dim]) => complexDim(`${name}(x)`, dim),
    simplify: ([x]) => {
      if (isComplex(x)) return x.args[place];
      const number = constantValue(x);
      return number === undefined ? undefined : repeatTo(lift(number), x.dim / 2);
    },
    cotangents: (e) => [place === 0 ? complex(e, zero(e.dim)) : complex(zero(e.dim), e)],
  });
}
const realBuild = partBuild("ComplexReal", "real", "Real", 0);
const imagBuild = partBuild("ComplexImag", "imag", "Imaginary", 1);

/** Real parts, of half the dim. */
export const complexReal: Unary = (x) => realBuild([x]);
/** Imaginary parts, of half the dim. */
export const complexImag: Unary = (x) => imagBuild([x]);

const complexBuild = operation<Two>("Complex", {
  doc: "Complex numbers of the real parts re and the imaginary parts im.",
  method: null, // lazy tensors repeat a part of dim 1
  complex: "result",
  slots: [formulaSlot("re"), formulaSlot("im")],
  shape: {
    kind: "view",
    segments: ([dim]) =>
      [0, 1].map((arg) => ({ length: dim, arg, start: 0, stride: 1, target: { start: arg, stride: 2 } })),
  },
  dim: ([re, im]) => {
    expect(re === im, "Complex(re, im)", "equal dims", `${re} and ${im}`);
    return 2 * re;
  },
  simplify: ([re, im]) => {
    if (isZero(re) && isZero(im)) return zero(2 * re.dim);
    return isReal(re) && im === complexImag(re.args[0]) ? re.args[0] : undefined;
  },
  cotangents: (e) => [complexReal(e), complexImag(e)],
});
const [realRow, complexRow] = ["ComplexReal", "Complex"].map((name) => operations.get(name));
const isReal = (formula: Formula): formula is Of<One> => formula.operation === realRow;
const isComplex = (formula: Formula): formula is Of<Two> => formula.operation === complexRow;

/** Complex numbers of their real and imaginary parts; a part of dim 1 is repeated. */
export const complex: Binary = (re, im) => {
  const dim = Math.max(lift(re).dim, lift(im).dim);
  return complexBuild([repeatTo(lift(re), dim), repeatTo(lift(im), dim)]);
};

// -------------------------------------------------------------------------------------------------- arithmetic

const parts = (x: Operand): readonly [Formula, Formula] => [complexReal(x), complexImag(x)];

/** Both operands, one of which may be a single complex number, with equal dims. */
function matchComplex(where: string, x: Operand, y: Operand): readonly [Formula, Formula] {
  const operands = [lift(x), lift(y)] as const;
  const dims = operands.map((operand) => 2 * complexDim(where, operand.dim));
  const dim = Math.max(...dims);
  expect(
    dims.every((d) => d === dim || d === 2),
    where,
    "equal dims, or 2",
    dims.join(" and "),
  );
  return operands;
}

function repeatToMatch(where: string, x: Operand, y: Operand): readonly [Formula, Formula] {
  const operands = matchComplex(where, x, y);
  const dim = Math.max(operands[0].dim, operands[1].dim);
  const repeat = (z: Formula): Formula => (z.dim < dim ? complexSumT(z, dim) : z);
  return [repeat(operands[0]), repeat(operands[1])];
}

export const complexAdd: Binary = (x, y) => add(...repeatToMatch("ComplexAdd(x, y)", x, y));
export const complexSubtract: Binary = (x, y) => subtract(...repeatToMatch("ComplexSubtract(x, y)", x, y));

export const complexMult: Binary = (x, y) => {
  const [[a, b], [c, d]] = matchComplex("ComplexMult(x, y)", x, y).map(parts) as [Parts, Parts];
  return complex(subtract(mult(a, c), mult(b, d)), add(mult(a, d), mult(b, c)));
};
type Parts = readonly [Formula, Formula];

/** Every number times its own real factor; one factor, or one number, may serve all. */
function scaleComplex(factor: Formula, x: Formula): Formula {
  const [re, im] = parts(x);
  return complex(mult(factor, re), mult(factor, im));
}

export const conj: Unary = (x) => complex(complexReal(x), minus(complexImag(x)));
export const complexSquareAbs: Unary = (x) => add(square(complexReal(x)), square(complexImag(x)));
/** Modulus; its gradient is 0 at 0. */
export const complexAbs: Unary = (x) => sqrt(complexSquareAbs(x));
/** Argument, in [-pi, pi]. */
export const complexAngle: Unary = (x) => atan2(complexImag(x), complexReal(x));
export const complexReciprocal: Unary = (x) => scaleComplex(inv(complexSquareAbs(x)), conj(x));

export const complexDivide: Binary = (x, y) => {
  const [dividend, divisor] = matchComplex("ComplexDivide(x, y)", x, y);
  return scaleComplex(inv(complexSquareAbs(divisor)), complexMult(dividend, conj(divisor)));
};

/** A real number times complex numbers, in either order. */
export const complexRealScal: Binary = (x, y) => {
  const where = "ComplexRealScal(x, y)";
  const [number, numbers] = lift(x).dim === 1 ? [lift(x), lift(y)] : [lift(y), lift(x)];
  expect(number.dim === 1, where, "one of dim 1", `dims ${lift(x).dim} and ${lift(y).dim}`);
  complexDim(where, numbers.dim);
  return mult(number, numbers);
};

export const complexSum: Unary = (x) => complex(sum(complexReal(x)), sum(complexImag(x)));

/** The complex number x as often as fits into the dim `dim`. */
export function complexSumT(x: Operand, dim: number): Formula {
  const where = "ComplexSumT(x, dim)";
  expect(lift(x).dim === 2, where, "x of dim 2", `dim ${lift(x).dim}`);
  expect(dim >= 2 && dim % 2 === 0, where, "an even dim of at least 2", dim);
  const [re, im] = parts(x);
  return complex(sumT(re, dim / 2), sumT(im, dim / 2));
}

// --------------------------------------------------------------------------------------------------- functions

/** The numbers of given modulus and argument. */
const polar = (modulus: Formula, angle: Formula): Formula =>
  complex(mult(modulus, cos(angle)), mult(modulus, sin(angle)));

export const complexExp1j: Unary = (x) => complex(cos(x), sin(x));
export const complexExp: Unary = (x) => polar(exp(complexReal(x)), complexImag(x));
/** Principal logarithm. */
export const complexLog: Unary = (x) => complex(mult(0.5, log(complexSquareAbs(x))), complexAngle(x));

/**
 * Principal square root. With t = sqrt((|x| + |a|) / 2), the parts of the root of x = a + ib are t and b / 2t, in the
 * order that the sign of a says, so that nothing cancels. Signs are factors, whose derivative is 0, for exact gradients
 * on the axes.
 */
export const complexSqrt: Unary = (x) => {
  const [a, b] = parts(x);
  const [isRight, isLeft] = [step(a), subtract(1, step(a))];
  const [signOfA, signOfB] = [a, b].map((part) => subtract(mult(2, step(part)), 1)) as [Formula, Formula];
  const squared = mult(0.5, add(complexAbs(x), mult(signOfA, a)));
  const [large, small] = [sqrt(squared), mult(0.5, mult(b, rsqrt(squared)))];
  const re = add(mult(isRight, large), mult(isLeft, mult(signOfB, small)));
  const im = add(mult(isRight, small), mult(isLeft, mult(signOfB, large)));
  return complex(re, im);
};

/**
 * x to the power y, which is real where it has dim 1 or no imaginary part. Principal value; whole numbers by
 * multiplication.
 */
export const complexPow: Binary = (x, y) => {
  const power = lift(y).dim === 2 && isZero(complexImag(y)) ? complexReal(y) : lift(y);
  const exponent = power.dim === 1 ? constantValue(power) : undefined;
  complexDim("ComplexPow(x, y)", lift(x).dim);
  if (exponent !== undefined && Number.isSafeInteger(exponent)) return integerPower(lift(x), exponent);
  return power.dim === 1 ? realPower(lift(x), power) : complexPower(...matchComplex("ComplexPow(x, y)", x, power));
};

function integerPower(x: Formula, exponent: number): Formula {
  if (exponent < 0) return complexReciprocal(integerPower(x, -exponent));
  if (exponent < 2) return exponent === 1 ? x : complex(sumT(1, x.dim / 2), zero(x.dim / 2));
  const half = integerPower(x, Math.floor(exponent / 2));
  const squared = complexMult(half, half);
  return exponent % 2 === 0 ? squared : complexMult(squared, x);
}

function realPower(x: Formula, exponent: Formula): Formula {
  return polar(powf(complexSquareAbs(x), mult(0.5, exponent)), mult(exponent, complexAngle(x)));
}

function complexPower(x: Formula, exponent: Formula): Formula {
  return complexExp(complexMult(exponent, complexLog(x)));
}

// ------------------------------------------------------------------------------------------------------ entries

macro("Real2Complex", {
  doc: "The real numbers x as complex numbers.",
  method: "real2complex",
  complex: "result",
  slots: [formulaSlot("x")],
  build: one((x) => complex(x, zero(lift(x).dim))),
});
macro("Imag2Complex", {
  doc: "The complex numbers i x of the real numbers x.",
  method: "imag2complex",
  complex: "result",
  slots: [formulaSlot("x")],
  build: one((x) => complex(zero(lift(x).dim), x)),
});
macro("Conj", {
  doc: "Conjugates of the complex numbers x.",
  complex: "both",
  slots: [formulaSlot("x")],
  build: one(conj),
});
macro("ComplexAbs", {
  doc: "Moduli of the complex numbers x; their gradient is 0 at 0.",
  method: "abs",
  complex: "arguments",
  slots: [formulaSlot("x")],
  build: one(complexAbs),
});
macro("ComplexSquareAbs", {
  doc: "Squared moduli of the complex numbers x.",
  method: "squareAbs",
  complex: "arguments",
  slots: [formulaSlot("x")],
  build: one(complexSquareAbs),
});
macro("ComplexAngle", {
  doc: "Arguments of the complex numbers x, in [-π, π].",
  method: "angle",
  complex: "arguments",
  slots: [formulaSlot("x")],
  build: one(complexAngle),
});
macro("ComplexReciprocal", {
  doc: "Reciprocals of the complex numbers x.",
  method: "reciprocal",
  complex: "both",
  slots: [formulaSlot("x")],
  build: one(complexReciprocal),
});
macro("ComplexSum", {
  doc: "Sum of the complex numbers x.",
  method: null, // `sum` reduces, too
  complex: "both",
  slots: [formulaSlot("x")],
  build: one(complexSum),
});
macro("ComplexExp", {
  doc: "Exponentials of the complex numbers x.",
  method: "exp",
  complex: "both",
  slots: [formulaSlot("x")],
  build: one(complexExp),
});
macro("ComplexExp1j", {
  doc: "The complex numbers exp(i x) of the real numbers x.",
  method: "exp1j",
  complex: "result",
  slots: [formulaSlot("x")],
  build: one(complexExp1j),
});
macro("ComplexLog", {
  doc: "Principal logarithms of the complex numbers x.",
  method: "log",
  complex: "both",
  slots: [formulaSlot("x")],
  build: one(complexLog),
});
macro("ComplexSqrt", {
  doc: "Principal square roots of the complex numbers x.",
  method: "sqrt",
  complex: "both",
  slots: [formulaSlot("x")],
  build: one(complexSqrt),
});
macro("ComplexAdd", {
  doc: "Sum of complex numbers; one of dim 2 is repeated.",
  method: "add",
  complex: "both",
  slots: formulaSlots("x y"),
  build: two(complexAdd),
});
macro("ComplexSubtract", {
  doc: "Difference of complex numbers; one of dim 2 is repeated.",
  method: "sub",
  complex: "both",
  slots: formulaSlots("x y"),
  build: two(complexSubtract),
});
macro("ComplexMult", {
  doc: "Product of complex numbers; one of dim 2 is repeated.",
  method: "mul",
  complex: "both",
  slots: formulaSlots("x y"),
  build: two(complexMult),
});
macro("ComplexScal", {
  doc: "Product of complex numbers, as ComplexMult.",
  method: null, // `mul` of ComplexMult
  complex: "both",
  slots: formulaSlots("x y"),
  build: two(complexMult),
});
macro("ComplexDivide", {
  doc: "Quotient of complex numbers; one of dim 2 is repeated.",
  method: "div",
  complex: "both",
  slots: formulaSlots("x y"),
  build: two(complexDivide),
});
macro("ComplexRealScal", {
  doc: "A real number times complex numbers, in either order.",
  method: null, // `mul` of ComplexMult
  complex: "both",
  slots: formulaSlots("x y"),
  build: two(complexRealScal),
});
macro("ComplexPow", {
  doc: "x to the power y, principal value; y of dim 1 is a real number, else complex.",
  method: "pow",
  complex: "both",
  slots: formulaSlots("x y"),
  build: two(complexPow),
});
macro("ComplexSumT", {
  doc: "The complex number x, repeated up to the dim `dim`.",
  method: "sumT",
  complex: "both",
  slots: [formulaSlot("x"), integerSlot("dim")],
  build: ([x, dim]) => complexSumT(x as Formula, dim as number),
});

// -------------------------------------------------------------------------------------------------------- contractions

type List = readonly number[];

/**
 * A contraction of complex vectors made of that of real ones: what is linear in both arguments is four real contractions
 * of their parts, (a + ib) (c + id) = ac - bd + i (ad + bc).
 */
function bilinear(contract: (x: Formula, y: Formula) => Formula): Binary {
  return (x, y) => {
    const [a, b, c, d] = [complexReal(x), complexImag(x), complexReal(y), complexImag(y)];
    return complex(subtract(contract(a, c), contract(b, d)), add(contract(a, d), contract(b, c)));
  };
}

/** The sum of x_k y_k, without conjugation. */
export const complexScalprod: Binary = (x, y) => {
  const [dimX, dimY] = [lift(x).dim, lift(y).dim];
  expect(dimX === dimY, "ComplexScalprod(x, y)", "equal dims", `${dimX} and ${dimY}`);
  return bilinear(scalprod)(x, y);
};

macro("ComplexScalprod", {
  doc: "Sum of the products of the complex numbers x_k and y_k; neither is conjugated.",
  method: "dot",
  complex: "both",
  slots: formulaSlots("x y"),
  build: two(complexScalprod),
});
macro("ComplexTensorDot", {
  doc: "Contraction of tensors of complex numbers, as TensorDot; dimsX and dimsY count complex numbers.",
  method: "tensordot keops_tensordot",
  complex: "both",
  slots: [
    ...formulaSlots("x y"),
    ...["dimsX", "dimsY", "summedX", "summedY"].map(listSlot),
    { name: "places", kind: "list", optional: true },
  ],
  build: ([x, y, ...axes]) => {
    const [dimsX, dimsY, summedX, summedY, places] = axes as readonly List[] as [List, List, List, List, List?];
    return bilinear((a, b) => tensorDot(a, b, dimsX, dimsY, summedX, summedY, places))(x as Formula, y as Formula);
  },
});
macro("ComplexKron", {
  doc: "Kronecker product of tensors of complex numbers of shapes dimsX and dimsY, row-major.",
  method: "kron keops_kron",
  complex: "both",
  slots: [...formulaSlots("x y"), listSlot("dimsX"), listSlot("dimsY")],
  build: ([x, y, dimsX, dimsY]) =>
    bilinear((a, b) => kron(a, b, dimsX as List, dimsY as List))(x as Formula, y as Formula),
});
