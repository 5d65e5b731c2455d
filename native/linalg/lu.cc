// LU factors of any square matrix, rows exchanged so that each pivot is the largest of its column; and solutions by them.
// Columns are eliminated in blocks: what is right of a block and below is a product of matrices, as in cholesky.cc.
#include <algorithm>
#include <cmath>
#include <vector>

#include "linalg/linalg.h"
#include "linalg/session.h"

namespace {

constexpr int64 WIDTH = 64;  // columns that are eliminated from all others at once

struct Rows {
  double *data;
  int64 n;
  double *at(int64 row, int64 column) const { return data + row * n + column; }
};

int64 largestOf(const Rows &a, int64 column) {
  int64 found = column;
  for (int64 i = column + 1; i < a.n; i++)
    if (std::fabs(*a.at(i, column)) > std::fabs(*a.at(found, column))) found = i;
  return found;
}

// Eliminates columns [first, end) from each other, in all rows below. Returns how many pivots are 0.
int64 factorBlock(const Kernels<double> &use, const Rows &a, int32 *order, int64 first, int64 end) {
  int64 zeros = 0;
  for (int64 j = first; j < end; j++) {
    const int64 pivot = largestOf(a, j);
    if (pivot != j) {
      std::swap_ranges(a.at(j, 0), a.at(j, 0) + a.n, a.at(pivot, 0));
      std::swap(order[j], order[pivot]);
    }
    if (*a.at(j, j) == 0) {
      zeros++;  // and nothing below it to eliminate
      continue;
    }
    for (int64 i = j + 1; i < a.n; i++) {
      const double factor = *a.at(i, j) /= *a.at(j, j);
      use.subtractScaled(a.at(i, j + 1), a.at(j, j + 1), factor, end - j - 1);
    }
  }
  return zeros;
}

// The rows of a finished block, right of it: each less those before.
void finishRows(const Kernels<double> &use, const Rows &a, int64 first, int64 end) {
  inPieces(a.n - end, 4 * PIECE, [&](int64 column, int64 endColumn) {
    for (int64 i = first + 1; i < end; i++)
      for (int64 k = first; k < i; k++)
        use.subtractScaled(a.at(i, end + column), a.at(k, end + column), *a.at(i, k), endColumn - column);
  });
}

// What is right of a finished block and below -= its columns times its rows.
void updateBelow(const Kernels<double> &use, const Rows &a, int64 first, int64 end, std::vector<double> &strips) {
  const int64 n = a.n, below = n - end, width = end - first;
  strips.resize(use.packedSize(width, below));
  use.pack({strips.data(), width, 0, a.at(first, end), below, n, 1});
  inPieces(below, PIECE, [&](int64 row, int64 endRow) {
    use.product({a.at(end + row, end), n, a.at(end + row, first), n, strips.data(), endRow - row, width, below});
  });
}

// ---- solutions ---------------------------------------------------------------------------------------------------------------

// As many columns as a strip has: rows of the solution that are known enter those that are not by products of matrices.
class Together {
 public:
  Together(const Kernels<double> &use, const LuFactors &lu) : use(use), lu(lu), width(use.stripColumns), rows(lu.n * width) {}

  void solve(double *x, int64 stride, int64 columns) {
    for (int64 i = 0; i < lu.n; i++) std::copy_n(x + (lu.isTransposed ? i : lu.order[i]) * stride, columns, row(i));
    for (int64 first = 0; first < lu.n; first += WIDTH) forward(first, std::min(lu.n, first + WIDTH));
    for (int64 first = (lu.n - 1) / WIDTH * WIDTH; first >= 0; first -= WIDTH) backward(first, std::min(lu.n, first + WIDTH));
    for (int64 i = 0; i < lu.n; i++) std::copy_n(row(i), columns, x + (lu.isTransposed ? lu.order[i] : i) * stride);
  }

 private:
  double *row(int64 i) { return rows.data() + i * width; }
  const double *at(int64 i, int64 column) const { return lu.data + i * lu.n + column; }
  // Rows [first, end) -= columns [from, to) of the factors there times those rows.
  void subtract(int64 first, int64 end, int64 from, int64 to) {
    if (from < to) use.product({row(first), width, at(first, from), lu.n, row(from), end - first, to - from, width});
  }
  void forward(int64 first, int64 end) {
    subtract(first, end, 0, first);
    for (int64 i = first; i < end; i++) {
      subtract(i, i + 1, first, i);
      if (lu.isTransposed) divide(i);
    }
  }
  void backward(int64 first, int64 end) {
    subtract(first, end, end, lu.n);
    for (int64 i = end - 1; i >= first; i--) {
      subtract(i, i + 1, i + 1, end);
      if (!lu.isTransposed) divide(i);
    }
  }
  void divide(int64 i) {
    for (int64 c = 0; c < width; c++) row(i)[c] /= *at(i, i);
  }

  const Kernels<double> &use;
  const LuFactors lu;
  const int64 width;
  std::vector<double> rows;  // [n, width]
};

}  // namespace

int64 factorLu(double *a, int32 *order, int64 n) {
  const FlushDenormals whileRunning;
  const Kernels<double> &use = kernels<double>();
  Watch &watch = LinalgSession::current().watch;
  std::vector<double> strips;
  int64 zeros = 0;
  for (int64 i = 0; i < n; i++) order[i] = static_cast<int32>(i);
  watch.begin(n);
  for (int64 first = 0; first < n && !watch.stopped(); first += WIDTH) {
    const int64 end = std::min(n, first + WIDTH);
    zeros += factorBlock(use, {a, n}, order, first, end);
    finishRows(use, {a, n}, first, end);
    updateBelow(use, {a, n}, first, end, strips);
    watch.done(end - first);
  }
  return zeros;
}

void solveLu(const LuFactors &lu, double *x, int64 columns) {
  const Kernels<double> &use = kernels<double>();
  inPieces(columns, use.stripColumns, [&, columns](int64 first, int64 end) {
    Together(use, lu).solve(x + first, columns, end - first);
  });
}
