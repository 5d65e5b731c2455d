/** What lazy tensors refuse, and in which words. */
import ndarray from "ndarray";
import { fromMatrix } from "../../src/cluster";
import { KeopsError, LazyTensor, Pm, Var, Vi, Vj, asLinearOperator, rand } from "../../src/index";
import type { RealArray } from "../../src/index";
import { M, N, b, float64, gaussian, x, y } from "../helpers/lazy";

const MISUSE: readonly (readonly [string, () => unknown, RegExp])[] = [
  ["a matrix without a role", () => LazyTensor(x), /expected Vi\(x\) or Vj\(x\), got an array of shape \[7, 3\]/],
  ["a vector as Vi", () => Vi(rand([4])), /Vi: expected shape \[M, D\], got \[4\]/],
  ["a number as Vi", () => Vi(3 as unknown as RealArray), /Vi: expected an array \[rows, D\], or an index and a dim/],
  ["a plain list as Vi", () => Vi([1, 2] as unknown as RealArray), /Vi: expected an array/],
  ["an integer array", () => Vi(ndarray(new Int32Array(6), [2, 3]) as unknown as RealArray), /astype/],
  ["axis 2", () => LazyTensor(x, { axis: 2 as 1 }), /axis: expected 0 or 1/],
  ["no axis at all", () => LazyTensor(rand([2, 3, 4])), /\[\.\.\., M, 1, D\]/],
  [
    "two numbers of rows",
    () => Vi(x).add(Vi(y)),
    /expected arrays with one number of rows, got Vi \[7, 3\] and Vi \[5, 3\]/,
  ],
  ["two dtypes", () => Vi(x).add(Vj(rand([N, 3]))), /expected arrays of one dtype/],
  [
    "two lengths of a batch dimension",
    () => Vi(rand([2, 4, 3])).add(Vj(rand([3, 4, 3]))),
    /batch dimensions that broadcast/,
  ],
  ["dims that do not fit", () => Vi(x).add(Vj(b)), /expected equal dims, or 1, got 3 and 2/],
  [
    "a text as operand",
    () => Vi(x).add("y" as unknown as number),
    /Add, y: expected a LazyTensor, an array or a number/,
  ],
  ["a component that is none", () => Vi(x).elem(3), /Elem/],
  ["a component that is no integer", () => Vi(x).elem(0.5), /Elem, m: expected an integer/],
  [
    "a reduction without an axis",
    () => gaussian(x, y).prod({} as { axis: 0 }),
    /^Prod, axis: expected 0 \(over i\) or 1 \(over j\), not counting batches, got none$/,
  ],
  [
    "a reduction without options",
    () => (gaussian(x, y).prod as () => unknown).call(gaussian(x, y)),
    /^Prod, axis: expected 0 \(over i\) or 1 \(over j\), not counting batches, got none$/,
  ],
  ["an unknown option", () => gaussian(x, y).mean({ axis: 1, axes: 1 } as { axis: 1 }), /got "axes"/],
  ["K above the number of columns", () => gaussian(x, y).argKmin(9, { axis: 1 }), /expected a K of at most 5/],
  [
    "symbolic variables that are computed at once",
    () => Vi(0, 3).sum({ axis: 1, call: true } as { axis: 1 }),
    /^Sum: expected arrays, got the symbolic variable Vi\(0, 3\), which stands for one of a later call$/,
  ],
  [
    "a product with symbolic variables",
    () =>
      Vi(0, 3)
        .sqdist(Vj(y))
        .matmul(rand([5], float64)),
    /expected arrays/,
  ],
  ["numbers alone", () => Pm(3).mul(2).add(1).mul(0).sum({ axis: 1 }), /numbers alone/],
  ["a product with too few rows", () => gaussian(x, y).matmul(rand([4], float64)), /matmul, b: expected 5 rows/],
  ["a solve for a tensor of dim 3", () => Vi(x).mul(Vj(x)).solve(x), /expected a LazyTensor of dim 1/],
  [
    "weights where they mean nothing",
    () => Vi(x).logsumexp({ weight: 1 } as object),
    /expected 0 or 1 with the option weight/,
  ],
  [
    "a backend for what is not computed",
    () => Vi(x).sum({ backend: "cpu" } as object),
    /expected 0 or 1 with the option backend/,
  ],
  ["an option that does not exist for components", () => Vi(x).min({ axes: 1 } as object), /got "axes"/],
  [
    "a diagonal with ranges",
    () =>
      gaussian(x, x)
        .withRanges(fromMatrix([[0, M]], [[0, M]], [[1]]))
        .diag(),
    /no ranges/,
  ],
  [
    "dense values with ranges",
    () =>
      gaussian(x, y)
        .withRanges(fromMatrix([[0, M]], [[0, N]], [[1]]))
        .dense(),
    /no ranges/,
  ],
  [
    "two different ranges",
    () => {
      const [one, two] = [1, 2].map(() => gaussian(x, y).withRanges(fromMatrix([[0, M]], [[0, N]], [[1]])));
      return one!.add(two!);
    },
    /expected one ranges for all operands/,
  ],
  [
    "dense values of symbolic variables",
    () => Vi(0, 3).dense(),
    /dense: expected arrays, got the symbolic variable Vi\(0, 3\)/,
  ],
  [
    "a solve with symbolic variables at once",
    () => Vi(0, 3).sqdist(Vj(1, 3)).solve(x, { call: true }),
    /^solve: expected arrays, got the symbolic variable/,
  ],
  [
    "a right-hand side that is an expression",
    () => gaussian(x, x).solve(Vj(x).exp(), { call: false }),
    /or a variable such as Vj\(b\)/,
  ],
  ["a misspelt option of a solve", () => gaussian(x, x).solve(x, { alhpa: 1 } as object), /got "alhpa"/],
  [
    "an operator of complex numbers",
    () => asLinearOperator(Vi(x).dot(Vj(x)).exp1j() as unknown as LazyTensor),
    /^asLinearOperator: expected real numbers, got a ComplexLazyTensor$/,
  ],
  [
    "an operator of a vector",
    () => asLinearOperator(rand([7]) as unknown as LazyTensor),
    /^asLinearOperator: expected a LinearOperator, a LazyTensor or a matrix \[M, N\], got a float32 ndarray of shape \[7\]$/,
  ],
  [
    "an operator of batches",
    () => asLinearOperator(Vi(rand([2, 4, 3])).sqdist(Vj(rand([2, 4, 3])))),
    /without batches, got 4 i, 4 j, batch \[2\]/,
  ],
  [
    "an operator without columns",
    () => asLinearOperator(Vi(x).sqnorm2()),
    /over i and j without batches, got 7 i, no j/,
  ],
  [
    "a vector of another length",
    () => asLinearOperator(gaussian(x, y)).matvec(rand([M], float64)),
    /matvec: expected shape \[5\]/,
  ],
  ["an exponent that is a list too long", () => Vi(x).pow([1, 2]), /equal dims, or 1/],
  ["a variable of two dims", () => Vi(0, 3).add(Vi(0, 1)).sum({ axis: 1, call: false }), /symbolic variable of index/],
  ["a matrix as operand", () => Vi(x).add(y), /Add, y: expected Vi\(x\) or Vj\(x\), got an array of shape \[5, 3\]/],
  ["nothing to concatenate", () => LazyTensor.concatenate([]), /at least one LazyTensor/],
  ["a solve for an operator that is not square", () => gaussian(x, y).solve(b), /square operator/],
  ["a diagonal of what is not square", () => gaussian(x, y).diag(), /as many i as j/],
  [
    "a row that does not exist",
    () => gaussian(x, y).row(7),
    /^row: expected an integer from 0 to 6, got the number 7$/,
  ],
  ["too large a dense array", () => gaussian(x, y).dense({ maxBytes: 8 }), /maxBytes/],
  ["a symbolic variable with a negative index", () => Vi(-1, 3), /index of at least 0/],
  ["a symbolic variable without components", () => Vi(0, 0), /dim of at least 1/],
  ["an unknown category", () => Var(x, 3 as 2), /category: expected 0/],
  [
    "weights where there are none",
    () => gaussian(x, y).reduction("Sum", { axis: 1, weight: Vj(b) }),
    /weight: expected none/,
  ],
  [
    "no weights where there must be some",
    () => gaussian(x, y).reduction("SoftMax", { axis: 1 }),
    /weight: expected the weights, got none/,
  ],
];

test.each(MISUSE)("%s is refused with what was expected", (_what, misuse, message) => {
  expect(misuse).toThrow(KeopsError);
  expect(misuse).toThrow(message);
});
