#include "dense.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "densetiles.h"
#include "lapack.h"

namespace {

CLONED double dot(const double *a, const double *b, int64_t count) {
  constexpr int64_t LANES = 32;
  double sums[LANES] = {};
  int64_t k = 0;
  for (; k + LANES <= count; k += LANES)
    for (int64_t l = 0; l < LANES; l++) sums[l] += a[k + l] * b[k + l];
  double sum = 0;
  for (; k < count; k++) sum += a[k] * b[k];
  for (const double s : sums) sum += s;
  return sum;
}

CLONED void subtractScaled(double *y, const double *x, double factor, int64_t count) {
  for (int64_t k = 0; k < count; k++) y[k] -= factor * x[k];
}

// ---- Cholesky, by blocks of columns ----------------------------------------------------------------------------------------

constexpr int64_t BLOCK = 48;

// Up to 8 rows of the factor between columns `first` and `end`, from the finished rows of that block; one row per lane.
CLONED void eliminate(double *a, int64_t n, int64_t row, int64_t rows, int64_t first, int64_t end) {
  typedef Lanes<double>::Vector Vector;
  Vector own[BLOCK];
  for (int64_t j = first; j < end; j++)
    for (int64_t r = 0; r < Lanes<double>::COUNT; r++) own[j - first][r] = a[(row + std::min(r, rows - 1)) * n + j];
  for (int64_t j = first; j < end; j++) {
    const double *const finished = a + j * n + first;
    Vector sums[2] = {};
    for (int64_t k = 0; k < j - first; k++) sums[k % 2] += own[k] * finished[k];
    own[j - first] = (own[j - first] - (sums[0] + sums[1])) / a[j * n + j];
  }
  for (int64_t r = 0; r < rows; r++)
    for (int64_t j = first; j < end; j++) a[(row + r) * n + j] = own[j - first][r];
}

int64_t factorBlock(double *a, int64_t n, int64_t first, int64_t end) {
  for (int64_t j = first; j < end; j++) {
    eliminate(a, n, j, 1, first, j);
    const double square = a[j * n + j] - dot(a + j * n + first, a + j * n + first, j - first);
    if (!(square > 0) || !std::isfinite(square)) return j + 1;
    a[j * n + j] = std::sqrt(square);
  }
  return 0;
}

// Rows below the block: lower half of a -= panel transpose(panel).
void updateBelow(double *a, int64_t n, int64_t first, int64_t end, std::vector<double> &transposed) {
  const int64_t below = n - end, width = end - first;
  transposed.resize(width * below);
  for (int64_t j = 0; j < below; j++)
    for (int64_t k = 0; k < width; k++) transposed[k * below + j] = a[(end + j) * n + first + k];
  inPieces(below, PIECE, [&](int64_t row, int64_t endRow) {
    double *const own = a + (end + row) * n;
    productOf(Operands<double>{own + end, own + first, transposed.data(), n, n, below}, endRow - row, width, endRow);
  });
}

int64_t ownCholesky(double *a, int64_t n) {
  [[maybe_unused]] const FlushDenormals whileRunning;
  std::vector<double> transposed;
  const int64_t blocks = (n + BLOCK - 1) / BLOCK;
  if (watched) watched->begin((blocks - 1) * blocks * (2 * blocks - 1) / 6);  // the sum of what is added below
  for (int64_t first = 0; first < n && !stopped(); first += BLOCK) {
    const int64_t end = std::min(n, first + BLOCK), below = (n - end + BLOCK - 1) / BLOCK;
    if (const int64_t failed = factorBlock(a, n, first, end)) return failed;
    inPieces(n - end, Lanes<double>::COUNT, [=](int64_t row, int64_t endRow) {
      eliminate(a, n, end + row, endRow - row, first, end);
    });
    updateBelow(a, n, first, end, transposed);
    if (watched) watched->done(below * below);
  }
  return 0;
}

}  // namespace

WatchedDense::WatchedDense(Watch &watch) {
  watch.begin(0);
  watched = &watch;
}

WatchedDense::~WatchedDense() { watched = nullptr; }

int64_t cholesky(double *a, int64_t n) {
  int64_t failed = 0;
  return n >= LEAST_LAPACK_ROWS && choleskyByLapack(a, n, failed) ? failed : ownCholesky(a, n);
}

void choleskySolve(const double *l, double *x, int64_t n, int64_t columns) {
  inPieces(columns, 1, [=](int64_t column, int64_t) {
    std::vector<double> own(n);
    for (int64_t i = 0; i < n; i++) own[i] = x[i * columns + column];
    for (int64_t i = 0; i < n; i++) own[i] = (own[i] - dot(l + i * n, own.data(), i)) / l[i * n + i];
    for (int64_t i = n - 1; i >= 0; i--) {
      own[i] /= l[i * n + i];
      subtractScaled(own.data(), l + i * n, own[i], i);
    }
    for (int64_t i = 0; i < n; i++) x[i * columns + column] = own[i];
  });
}
