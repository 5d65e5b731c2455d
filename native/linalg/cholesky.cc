#include "linalg/cholesky.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "linalg/lapack.h"
#include "linalg/session.h"

namespace {

// Columns that are eliminated from all others at once, as a product of matrices; and those that are eliminated within them.
constexpr int64 BLOCK = 192, NARROW = MOST_ELIMINATED;

// A part of the lower half that is under way: columns [first, end), of a matrix whose columns before `first` are done with.
struct Panel {
  const Kernels<double> &use;
  double *a;
  int64 n, first, end;

  double *at(int64 row, int64 column) const { return a + row * n + column; }
};

// The finished rows of a block of columns, packed for products with what stands left of its narrow parts.
class PackedParts {
 public:
  explicit PackedParts(const Panel &panel) : panel(panel) {}

  // Rows [column, end) of the columns that stand between `first` and `column`, transposed.
  void add(int64 column, int64 end) {
    const Packing<double> packing{nullptr,          column - panel.first, 0, panel.at(column, panel.first), end - column, 1,
                                  panel.n};
    parts.emplace_back(panel.use.packedSize(packing.inner, packing.columns));
    Packing<double> owned = packing;
    owned.strips = parts.back().data();
    panel.use.pack(owned);
  }
  const double *of(int64 column) const { return parts[(column - panel.first) / NARROW].data(); }

 private:
  const Panel &panel;
  std::vector<std::vector<double>> parts;
};

// Rows [row, endRow) of the factor's columns [column, end), a narrow part of the panel.
void finishRows(const Panel &panel, const PackedParts &parts, int64 row, int64 endRow, int64 column, int64 end) {
  const auto &[use, a, n, first, last] = panel;
  use.product({panel.at(row, column), n, panel.at(row, first), n, parts.of(column), endRow - row, column - first, end - column});
  for (; row < endRow; row += use.lanes)
    use.eliminate(panel.at(row, column), n, std::min(use.lanes, endRow - row), panel.at(column, column), n, end - column);
}

// The narrow part's own rows, one after the other.
int64 factorDiagonal(const Panel &panel, int64 column, int64 end) {
  const auto &[use, a, n, first, last] = panel;
  for (int64 j = column; j < end; j++) {
    use.eliminate(panel.at(j, column), n, 1, panel.at(column, column), n, j - column);
    const double square = *panel.at(j, j) - use.dot(panel.at(j, column), panel.at(j, column), j - column);
    if (!(square > 0) || !std::isfinite(square)) return j + 1;
    *panel.at(j, j) = std::sqrt(square);
  }
  return 0;
}

// The panel's own rows. Fills `parts` for all other rows.
int64 factorTop(const Panel &panel, PackedParts &parts) {
  for (int64 column = panel.first; column < panel.end; column += NARROW) {
    const int64 end = std::min(panel.end, column + NARROW);
    parts.add(column, end);
    panel.use.product({panel.at(column, column), panel.n, panel.at(column, panel.first), panel.n, parts.of(column), end - column,
                       column - panel.first, end - column});
    if (const int64 failed = factorDiagonal(panel, column, end)) return failed;
    finishRows(panel, parts, end, panel.end, column, end);
  }
  return 0;
}

// Rows below the panel: their columns in it, then lower half of what is right of it -= panel transpose(panel).
void updateBelow(const Panel &panel, const PackedParts &parts, std::vector<double> &strips) {
  const auto &[use, a, n, first, end] = panel;
  const int64 below = n - end, width = end - first;
  strips.resize(use.packedSize(width, below));
  inPieces(below, PIECE, [&](int64 row, int64 endRow) {
    for (int64 column = first; column < end; column += NARROW)
      finishRows(panel, parts, end + row, end + endRow, column, std::min(end, column + NARROW));
  });
  // Whole strips to a task: a strip is padded by whoever packs its last column.
  inPieces(below, PIECE, [&](int64 row, int64 endRow) {
    use.pack({strips.data(), width, row, panel.at(end + row, first), endRow - row, 1, n});
  });
  inPieces(below, PIECE, [&](int64 row, int64 endRow) {
    use.product({panel.at(end + row, end), n, panel.at(end + row, first), n, strips.data(), endRow - row, width, endRow});
  });
}

int64 ownCholesky(double *a, int64 n) {
  const FlushDenormals whileRunning;
  Watch &watch = LinalgSession::current().watch;
  std::vector<double> strips;
  const int64 blocks = (n + BLOCK - 1) / BLOCK;
  watch.begin((blocks - 1) * blocks * (2 * blocks - 1) / 6);  // the sum of what is added below
  for (int64 first = 0; first < n && !watch.stopped(); first += BLOCK) {
    const Panel panel{kernels<double>(), a, n, first, std::min(n, first + BLOCK)};
    PackedParts parts(panel);
    if (const int64 failed = factorTop(panel, parts)) return failed;
    updateBelow(panel, parts, strips);
    const int64 below = (n - panel.end + BLOCK - 1) / BLOCK;
    watch.done(below * below);
  }
  return 0;
}

}  // namespace

int64 cholesky(double *a, int64 n) {
  int64 failed = 0;
  return n >= LEAST_LAPACK_ROWS && choleskyByLapack(a, n, failed) ? failed : ownCholesky(a, n);
}

void choleskySolve(const double *l, double *x, int64 n, int64 columns) {
  inPieces(columns, 1, [=, &use = kernels<double>()](int64 column, int64) {
    std::vector<double> own(n);
    for (int64 i = 0; i < n; i++) own[i] = x[i * columns + column];
    for (int64 i = 0; i < n; i++) own[i] = (own[i] - use.dot(l + i * n, own.data(), i)) / l[i * n + i];
    for (int64 i = n - 1; i >= 0; i--) {
      own[i] /= l[i * n + i];
      use.subtractScaled(own.data(), l + i * n, own[i], i);
    }
    for (int64 i = 0; i < n; i++) x[i * columns + column] = own[i];
  });
}
