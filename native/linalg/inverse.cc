// The inverse of a positive matrix from its Cholesky factor: U = inverse(transpose(L)), then U transpose(U). Zeros of
// the triangles are skipped, so that both take n^3 / 3 operations. U stands in the upper half of the result, and what is
// made of it in the lower one: another matrix of n^2 numbers would cost as much time as a tenth of the products.
#include <algorithm>
#include <vector>

#include "linalg/linalg.h"
#include "linalg/session.h"

namespace {

constexpr int64 NARROW = MOST_ELIMINATED;
constexpr int64 WIDTH = 4 * NARROW;  // columns whose packed rows all tasks share
constexpr int64 INNER = 256;         // terms that are summed at once: a piece's part of them stays in the second cache

template <class T>
struct Square {
  T *data;
  int64 n;
  T *at(int64 row, int64 column) const { return data + row * n + column; }
};

// Rows [first, end) of a matrix, as columns of one whose rows are the terms [firstTerm, endTerm).
class Strips {
 public:
  Strips(const Kernels<double> &use, const Square<const double> &a, int64 first, int64 end, int64 firstTerm, int64 endTerm)
      : use(use), first(first), end(end), firstTerm(firstTerm), inner(endTerm - firstTerm), packed(use.packedSize(inner, end - first)) {
    use.pack({packed.data(), inner, 0, a.at(first, firstTerm), end - first, 1, a.n});
  }

  // out [endRow - row, end - first] -= the terms [term, endTerm) of a's rows [row, endRow) times the strips.
  void subtract(double *out, int64 outStride, const Square<double> &a, int64 row, int64 endRow, int64 term, int64 endTerm) const {
    for (; term < endTerm; term += INNER)
      for (int64 column = first; column < end; column += use.stripColumns)
        use.product({out + column - first, outStride, a.at(row, term), a.n, strip(column, term), endRow - row,
                     std::min(INNER, endTerm - term), std::min(use.stripColumns, end - column)});
  }

 private:
  const double *strip(int64 column, int64 term) const {
    return packed.data() + (column - first) * inner + (term - firstTerm) * use.stripColumns;
  }

  const Kernels<double> &use;
  const int64 first, end, firstTerm, inner;
  std::vector<double> packed;
};

void setToIdentity(const Square<double> &a) {
  inPieces(a.n, PIECE, [&](int64 row, int64 endRow) {
    std::fill(a.at(row, 0), a.at(endRow, 0), 0.0);
    for (; row < endRow; row++) *a.at(row, row) = 1;
  });
}

// The identity becomes U: its rows do not depend on each other.
void invertTransposed(const Square<double> &u, const Square<const double> &l) {
  const Kernels<double> &use = kernels<double>();
  const int64 n = u.n;
  for (int64 first = 0; first < n && !LinalgSession::current().watch.stopped(); first += WIDTH) {
    const int64 end = std::min(n, first + WIDTH);
    std::vector<Strips> parts;
    for (int64 column = first; column < end; column += NARROW)
      parts.emplace_back(use, l, column, std::min(end, column + NARROW), 0, column);
    inPieces(end, PIECE, [&](int64 row, int64 endRow) {
      for (int64 column = first; column < end; column += NARROW) {
        parts[(column - first) / NARROW].subtract(u.at(row, column), n, u, row, endRow, row, column);
        const int64 width = std::min(NARROW, end - column);
        for (int64 i = row; i < endRow; i += use.lanes)
          use.eliminate(u.at(i, column), n, std::min(use.lanes, endRow - i), l.at(column, column), n, width);
      }
    });
    LinalgSession::current().watch.done(end);
  }
}

// U, with zeros below, becomes - U transpose(U), in its lower half. The blocks of the diagonal wait, as all rows above
// them read U there.
void multiplyByTransposed(const Square<double> &u) {
  static_assert(WIDTH % PIECE == 0, "a task's rows cross the end of no block of the diagonal");
  const int64 n = u.n;
  std::vector<double> diagonal(n * WIDTH);
  for (int64 first = 0; first < n && !LinalgSession::current().watch.stopped(); first += WIDTH) {
    const int64 end = std::min(n, first + WIDTH);
    const Strips strips(kernels<double>(), {u.data, n}, first, end, first, n);
    inPieces(n - first, PIECE, [&](int64 below, int64 endBelow) {
      const int64 row = first + below;
      const bool waits = row < end;
      strips.subtract(waits ? &diagonal[row * WIDTH] : u.at(row, first), waits ? WIDTH : n, u, row, first + endBelow, row, n);
    });
    LinalgSession::current().watch.done(n - first);
  }
  for (int64 row = 0; row < n; row++) std::copy_n(&diagonal[row * WIDTH], row % WIDTH + 1, u.at(row, row - row % WIDTH));
}

// Leaves the inverse times -1 in the lower half.
void ownInverse(double *out, const double *l, int64 n) {
  const FlushDenormals whileRunning;
  const Square<double> u{out, n};
  LinalgSession::current().watch.begin((n + WIDTH - 1) / WIDTH * (n + WIDTH));
  setToIdentity(u);
  invertTransposed(u, {l, n});
  multiplyByTransposed(u);
}

// The upper half becomes the lower one, each times `sign`.
void mirror(const Square<double> &a, double sign) {
  inPieces(a.n, PIECE, [&](int64 row, int64 endRow) {
    for (int64 column = 0; column < endRow; column += PIECE)
      for (int64 i = row; i < endRow; i++)
        for (int64 j = column; j < std::min(i + 1, column + PIECE); j++) *a.at(j, i) = *a.at(i, j) *= sign;
  });
}

}  // namespace

void choleskyInverse(double *out, const double *l, int64 n) {
  const bool isByLibrary = n >= LEAST_LAPACK_ROWS && inverseByLapack(out, l, n);
  if (!isByLibrary) ownInverse(out, l, n);
  mirror({out, n}, isByLibrary ? 1 : -1);
}
