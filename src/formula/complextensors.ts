/**
 * Contractions of complex numbers. The one idea: what is linear in both arguments is four real contractions of their
 * parts, (a + ib) (c + id) = ac - bd + i (ad + bc). Nothing is conjugated: `Conj(x)` does that.
 */
import { add, expect, formulaSlots, lift, listSlot, macro, scalprod, subtract, two } from "./core";
import type { Binary } from "./core";
import { complex, complexImag, complexReal } from "./complex";
import type { Formula } from "./formula";
import { kron, tensorDot } from "./tensors";

type List = readonly number[];

/** A contraction of complex vectors made of that of real ones. */
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
