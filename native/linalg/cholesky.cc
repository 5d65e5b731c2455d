#include "linalg/linalg.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "linalg/session.h"

namespace {

// Columns that are eliminated from all others at once, as a product of matrices, fewer where these are small; and those
// that are eliminated within them.
constexpr int64 NARROW = MOST_ELIMINATED;
constexpr int64 blockOf(int64 n) { return n < 1024 ? 2 * NARROW : 4 * NARROW; }

// A part of the lower half that is under way: columns [first, end), of a matrix whose columns before `first` are done
// with.
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
  const Kernels<double> &use = panel.use;
  const int64 n = panel.n, first = panel.first, end = panel.end, below = n - end, width = end - first;
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
  const int64 size = blockOf(n), blocks = (n + size - 1) / size;
  watch.begin((blocks - 1) * blocks * (2 * blocks - 1) / 6);  // the sum of what is added below
  for (int64 first = 0; first < n && !watch.stopped(); first += size) {
    const Panel panel{kernels<double>(), a, n, first, std::min(n, first + size)};
    PackedParts parts(panel);
    if (const int64 failed = factorTop(panel, parts)) return failed;
    updateBelow(panel, parts, strips);
    const int64 below = (n - panel.end + size - 1) / size;
    watch.done(below * below);
  }
  return 0;
}

// ---- solutions ---------------------------------------------------------------------------------------------------------------

struct Lower {
  const double *data;
  int64 n;
  const double *at(int64 row, int64 column) const { return data + row * n + column; }
};

void solveColumn(const Kernels<double> &use, const Lower &l, double *x, int64 stride) {
  std::vector<double> own(l.n);
  for (int64 i = 0; i < l.n; i++) own[i] = x[i * stride];
  for (int64 i = 0; i < l.n; i++) own[i] = (own[i] - use.dot(l.at(i, 0), own.data(), i)) / *l.at(i, i);
  for (int64 i = l.n - 1; i >= 0; i--) {
    own[i] /= *l.at(i, i);
    use.subtractScaled(own.data(), l.at(i, 0), own[i], i);
  }
  for (int64 i = 0; i < l.n; i++) x[i * stride] = own[i];
}

// As many columns as a strip has: rows of the solution that are known enter those that are not by products of matrices.
class Together {
 public:
  Together(const Kernels<double> &use, const Lower &l) : use(use), l(l), width(use.stripColumns), rows(l.n * width) {}

  void solve(double *x, int64 stride, int64 columns) {
    for (int64 i = 0; i < l.n; i++) std::copy_n(x + i * stride, columns, row(i));
    for (int64 first = 0; first < l.n; first += NARROW) forward(first, std::min(l.n, first + NARROW));
    for (int64 first = (l.n - 1) / NARROW * NARROW; first >= 0; first -= NARROW) backward(first, std::min(l.n, first + NARROW));
    for (int64 i = 0; i < l.n; i++) std::copy_n(row(i), columns, x + i * stride);
  }

 private:
  double *row(int64 i) { return rows.data() + i * width; }
  // The solution of L y = x on some rows, from those before.
  void forward(int64 first, int64 end) {
    use.product({row(first), width, l.at(first, 0), l.n, row(0), end - first, first, width});
    for (int64 i = first; i < end; i++) {
      use.product({row(i), width, l.at(i, first), l.n, row(first), 1, i - first, width});
      divide(i, *l.at(i, i));
    }
  }
  // That of transpose(L) y = x, from those behind.
  void backward(int64 first, int64 end) {
    subtractBehind(first, end, end, l.n);
    for (int64 i = end - 1; i >= first; i--) {
      subtractBehind(i, i + 1, i + 1, end);
      divide(i, *l.at(i, i));
    }
  }
  // Rows first .. end -= transpose(L) times rows behind .. last.
  void subtractBehind(int64 first, int64 end, int64 behind, int64 last) {
    if (behind == last) return;
    std::vector<double> sums((end - first) * width);
    use.project({sums.data(), width, l.at(behind, first), row(behind), l.n, width, last - behind, end - first, width});
    for (size_t k = 0; k < sums.size(); k++) row(first)[k] -= sums[k];
  }
  void divide(int64 i, double pivot) {
    for (int64 c = 0; c < width; c++) row(i)[c] /= pivot;
  }

  const Kernels<double> &use;
  const Lower l;
  const int64 width;
  std::vector<double> rows;  // [n, width]
};

}  // namespace

int64 cholesky(double *a, int64 n) {
  int64 failed = 0;
  return n >= LEAST_LAPACK_ROWS && choleskyByLapack(a, n, failed) ? failed : ownCholesky(a, n);
}

void choleskySolve(const double *l, double *x, int64 n, int64 columns) {
  const Kernels<double> &use = kernels<double>();
  const bool isFew = columns < use.lanes;
  inPieces(columns, isFew ? 1 : use.stripColumns, [=, &use](int64 first, int64 end) {
    if (isFew) solveColumn(use, {l, n}, x + first, columns);
    else Together(use, {l, n}).solve(x + first, columns, end - first);
  });
}
