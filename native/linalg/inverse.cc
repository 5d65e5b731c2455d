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
constexpr int64 rowsOfTask(int64 n) { return n < 1024 ? PIECE / 2 : PIECE; }  // rows of a task: enough tasks where these are few
constexpr int64 INNER = 256;         // terms that are summed at once: a piece's part of them stays in the second cache

template <class T>
struct Square {
  T *data;
  int64 n;
  T *at(int64 row, int64 column) const { return data + row * n + column; }
};

// Rows [first, end) of a matrix, as columns of one whose rows are the terms [firstTerm, endTerm), in memory that is lent.
class Strips {
 public:
  Strips(const Square<const double> &a, int64 first, int64 end, int64 firstTerm, int64 endTerm, double *packed)
      : first(first), firstTerm(firstTerm), inner(endTerm - firstTerm), packed(packed) {
    inPieces(end - first, use.stripColumns, [&](int64 column, int64 endColumn) {
      use.pack({packed, inner, column, a.at(first + column, firstTerm), endColumn - column, 1, a.n});
    });
  }
  static std::vector<double> memoryFor(int64 n) { return std::vector<double>(kernels<double>().packedSize(n, WIDTH)); }

  // out [endRow - row, end - column] -= the terms [term, endTerm) of a's rows [row, endRow) times the columns [column, end).
  void subtract(double *out, int64 outStride, int64 column, int64 end, const Square<double> &a, int64 row, int64 endRow, int64 term,
                int64 endTerm) const {
    for (; term < endTerm; term += INNER)
      for (int64 c = column; c < end; c += use.stripColumns)
        use.product({out + c - column, outStride, a.at(row, term), a.n, strip(c, term), endRow - row, std::min(INNER, endTerm - term),
                     std::min(use.stripColumns, end - c)});
  }

 private:
  const double *strip(int64 column, int64 term) const {
    return packed + (column - first) * inner + (term - firstTerm) * use.stripColumns;
  }

  const Kernels<double> &use = kernels<double>();
  const int64 first, firstTerm, inner;
  double *const packed;
};

void setToIdentity(const Square<double> &a) {
  inPieces(a.n, PIECE, [&](int64 row, int64 endRow) {
    std::fill(a.at(row, 0), a.at(endRow, 0), 0.0);
    for (; row < endRow; row++) *a.at(row, row) = 1;
  });
}

// The identity becomes U: its rows do not depend on each other.
void invertTransposed(const Square<double> &u, const Square<const double> &l, double *memory) {
  const Kernels<double> &use = kernels<double>();
  const int64 n = u.n;
  for (int64 first = 0; first < n && !LinalgSession::current().watch.stopped(); first += WIDTH) {
    const int64 end = std::min(n, first + WIDTH);
    const Strips strips(l, first, end, 0, end, memory);
    inPieces(end, rowsOfTask(n), Longest::FIRST, [&](int64 row, int64 endRow) {
      for (int64 column = first; column < end; column += NARROW) {
        const int64 endColumn = std::min(end, column + NARROW);
        strips.subtract(u.at(row, column), n, column, endColumn, u, row, endRow, row, column);
        for (int64 i = row; i < endRow; i += use.lanes)
          use.eliminate(u.at(i, column), n, std::min(use.lanes, endRow - i), l.at(column, column), n, endColumn - column);
      }
    });
    LinalgSession::current().watch.done(end);
  }
}

// U, with zeros below, becomes - U transpose(U), in its lower half. The blocks of the diagonal wait, as all rows above
// them read U there.
void multiplyByTransposed(const Square<double> &u, double *memory) {
  static_assert(WIDTH % PIECE == 0, "a task's rows cross the end of no block of the diagonal");
  const int64 n = u.n;
  std::vector<double> diagonal(n * WIDTH);
  for (int64 first = 0; first < n && !LinalgSession::current().watch.stopped(); first += WIDTH) {
    const int64 end = std::min(n, first + WIDTH);
    const Strips strips({u.data, n}, first, end, first, n, memory);
    inPieces(n - first, rowsOfTask(n), Longest::FIRST, [&](int64 below, int64 endBelow) {
      const int64 row = first + below;
      const bool waits = row < end;
      strips.subtract(waits ? &diagonal[row * WIDTH] : u.at(row, first), waits ? WIDTH : n, first, end, u, row, first + endBelow, row, n);
    });
    LinalgSession::current().watch.done(n - first);
  }
  for (int64 row = 0; row < n; row++) std::copy_n(&diagonal[row * WIDTH], row % WIDTH + 1, u.at(row, row - row % WIDTH));
}

// The lower half, times -1, becomes both halves.
void negateAndMirror(const Square<double> &a) {
  inPieces(a.n, PIECE, [&](int64 row, int64 endRow) {
    for (int64 column = 0; column < endRow; column += PIECE)
      for (int64 i = row; i < endRow; i++)
        for (int64 j = column; j < std::min(i + 1, column + PIECE); j++) *a.at(j, i) = *a.at(i, j) *= -1;
  });
}

}  // namespace

void choleskyInverse(double *out, const double *l, int64 n) {
  const FlushDenormals whileRunning;
  const Square<double> u{out, n};
  LinalgSession::current().watch.begin((n + WIDTH - 1) / WIDTH * (n + WIDTH));
  std::vector<double> memory = Strips::memoryFor(n);
  setToIdentity(u);
  invertTransposed(u, {l, n}, memory.data());
  multiplyByTransposed(u, memory.data());
  negateAndMirror(u);
}
