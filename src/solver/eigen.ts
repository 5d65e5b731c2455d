/**
 * Eigenvalues of small symmetric matrices, in plain memory: Householder's reduction to a tridiagonal matrix and the implicit QL iteration
 * (Bowdler, Martin, Reinsch and Wilkinson, The QR and QL algorithms for symmetric matrices, 1968). What Lanczos methods look at.
 */

/** Eigenvalues, and one vector per row that the iteration has rotated along. */
export interface Eigen {
  readonly values: Float64Array;
  /** Row n holds component n of every eigenvector, in the order of the values. */
  readonly rows: readonly Float64Array[];
}

/** All eigenpairs of a symmetric matrix, given by rows; it is overwritten. Values descend. */
export function symmetricEigen(matrix: readonly Float64Array[]): Eigen {
  const n = matrix.length;
  const { diagonal, beside, rows } = tridiagonalised(matrix);
  implicitQl(diagonal, beside, rows);
  const order = Array.from({ length: n }, (_, k) => k).sort((p, q) => diagonal[q]! - diagonal[p]!);
  const sorted = (row: Float64Array): Float64Array => Float64Array.from(order, (k) => row[k]!);
  return { values: sorted(diagonal), rows: rows.map(sorted) };
}

/** Eigenvalues of a symmetric tridiagonal matrix, and the first component of every eigenvector: the nodes of a Gauss quadrature. */
export function gaussNodes(diagonal: readonly number[], beside: readonly number[]): Eigen {
  const values = Float64Array.from(diagonal);
  const first = new Float64Array(values.length);
  if (first.length > 0) first[0] = 1;
  implicitQl(
    values,
    Float64Array.from({ length: values.length }, (_, n) => beside[n] ?? 0),
    [first],
  );
  return { values, rows: [first] };
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** Entry n is beside n and n + 1. */
  readonly beside: Float64Array;
  /** Q by rows, Q T Qᵀ being the matrix. */
  readonly rows: Float64Array[];
}

/** One reflection after the other makes the columns zero below the entry beside the diagonal. */
function tridiagonalised(a: readonly Float64Array[]): Tridiagonal {
  const n = a.length;
  const rows = a.map((_, k) => Float64Array.from({ length: n }, (__, j) => (j === k ? 1 : 0)));
  for (let k = 0; k + 2 < n; k++) {
    const v = Float64Array.from({ length: n }, (_, j) => (j > k ? a[j]![k]! : 0));
    const norm = Math.hypot(...v);
    v[k + 1]! += v[k + 1]! < 0 ? -norm : norm;
    const squares = dot(v, v);
    if (squares === 0) continue;
    const p = Float64Array.from(a, (row) => (2 * dot(row, v)) / squares);
    const shift = dot(p, v) / squares;
    for (let j = 0; j < n; j++) p[j]! -= shift * v[j]!;
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) a[i]![j]! -= v[i]! * p[j]! + p[i]! * v[j]!;
    for (const row of rows) {
      const factor = (2 * dot(row, v)) / squares;
      for (let j = k + 1; j < n; j++) row[j]! -= factor * v[j]!;
    }
  }
  return {
    diagonal: Float64Array.from(a, (row, k) => row[k]!),
    beside: Float64Array.from(a, (row, k) => row[k + 1] ?? 0),
    rows,
  };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let n = 0; n < a.length; n++) sum += a[n]! * b[n]!;
  return sum;
}

/** The tridiagonal matrix becomes diagonal, and every row is rotated with its columns. */
function implicitQl(d: Float64Array, e: Float64Array, rows: readonly Float64Array[]): void {
  for (let first = 0; first < d.length; first++)
    for (let last = blockEnd(d, e, first); last > first; last = blockEnd(d, e, first)) sweep(d, e, rows, first, last);
}

/** Where the block that begins at `first` ends: the entry beside it is nothing but rounding. */
function blockEnd(d: Float64Array, e: Float64Array, first: number): number {
  let last = first;
  while (last + 1 < d.length && !isNegligible(e[last]!, Math.abs(d[last]!) + Math.abs(d[last + 1]!))) last++;
  return last;
}

/** NaN is: nothing would make it smaller. */
const isNegligible = (x: number, size: number): boolean => !(Math.abs(x) + size > size);

/** One iteration with Wilkinson's shift: a bulge is chased up through the block. */
function sweep(d: Float64Array, e: Float64Array, rows: readonly Float64Array[], first: number, last: number): void {
  const ratio = (d[first + 1]! - d[first]!) / (2 * e[first]!);
  const root = Math.hypot(ratio, 1);
  let bulge = d[last]! - d[first]! + e[first]! / (ratio + (ratio < 0 ? -root : root));
  let [sine, cosine, shift] = [1, 1, 0];
  for (let n = last - 1; n >= first; n--) {
    const [f, b] = [sine * e[n]!, cosine * e[n]!];
    const r = Math.hypot(f, bulge);
    e[n + 1] = r;
    if (r === 0) {
      d[n + 1]! -= shift;
      e[last] = 0;
      return;
    }
    [sine, cosine] = [f / r, bulge / r];
    const g = d[n + 1]! - shift;
    const s = (d[n]! - g) * sine + 2 * cosine * b;
    shift = sine * s;
    d[n + 1] = g + shift;
    bulge = cosine * s - b;
    for (const row of rows) rotate(row, n, cosine, sine);
  }
  d[first]! -= shift;
  e[first] = bulge;
  e[last] = 0;
}

function rotate(row: Float64Array, n: number, cosine: number, sine: number): void {
  const [a, b] = [row[n]!, row[n + 1]!];
  row[n + 1] = sine * a + cosine * b;
  row[n] = cosine * a - sine * b;
}
