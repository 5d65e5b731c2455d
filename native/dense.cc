// Register tiles of 4 rows by 2 vectors of 64 bytes, each accumulated over the inner index, then added to memory once. Compiled for
// several instruction sets, of which the loader picks one; this file alone is compiled with contraction (CMakeLists.txt).
#include "dense.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "pool.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CLONED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONED
#endif
#define INLINE inline __attribute__((always_inline))

namespace {

constexpr int64_t ROWS = 4, VECTORS = 2;

template <class T>
struct Lanes {
  typedef T Vector __attribute__((vector_size(64), aligned(sizeof(T)), may_alias));
  static constexpr int64_t COUNT = 64 / sizeof(T);
};

// Where the tile begins in the three matrices, and their row lengths.
template <class T>
struct Operands {
  T *out;
  const T *a, *b;
  int64_t outStride, aStride, bStride;
};

// out[r][·] -= sum over k of a[r][k] b[k][·]: R rows, V vectors of columns.
template <class T, int R, int V>
INLINE void productTile(const Operands<T> &m, int64_t inner) {
  typedef typename Lanes<T>::Vector Vector;
  Vector sum[R][V] = {};
  for (int64_t k = 0; k < inner; k++)
    for (int r = 0; r < R; r++)
      for (int v = 0; v < V; v++) sum[r][v] += m.a[r * m.aStride + k] * ((const Vector *)(m.b + k * m.bStride))[v];
  for (int r = 0; r < R; r++)
    for (int v = 0; v < V; v++) ((Vector *)(m.out + r * m.outStride))[v] -= sum[r][v];
}

template <class T>
INLINE void productColumn(const Operands<T> &m, int64_t rows, int64_t inner) {
  for (int64_t r = 0; r < rows; r++) {
    T sum = 0;
    for (int64_t k = 0; k < inner; k++) sum += m.a[r * m.aStride + k] * m.b[k * m.bStride];
    m.out[r * m.outStride] -= sum;
  }
}

template <class T, int R>
INLINE void productRows(Operands<T> m, int64_t inner, int64_t columns) {
  constexpr int64_t LANES = Lanes<T>::COUNT;
  int64_t column = 0;
  const auto advance = [&](int64_t by) { m.out += by, m.b += by, column += by; };
  for (; column + VECTORS * LANES <= columns; advance(VECTORS * LANES)) productTile<T, R, VECTORS>(m, inner);
  for (; column + LANES <= columns; advance(LANES)) productTile<T, R, 1>(m, inner);
  for (; column < columns; advance(1)) productColumn<T>(m, R, inner);
}

// Few columns, `b` transposed [columns, inner]: lanes run over the inner index instead.
template <class T, int R>
INLINE void dotRows(const Operands<T> &m, int64_t inner, int64_t columns) {
  typedef typename Lanes<T>::Vector Vector;
  constexpr int64_t LANES = Lanes<T>::COUNT;
  for (int64_t c = 0; c < columns; c++) {
    const T *const b = m.b + c * inner;
    Vector sums[R] = {};
    int64_t k = 0;
    for (; k + LANES <= inner; k += LANES)
      for (int r = 0; r < R; r++) sums[r] += *(const Vector *)(m.a + r * m.aStride + k) * *(const Vector *)(b + k);
    for (int r = 0; r < R; r++) {
      T sum = 0;
      for (int64_t rest = k; rest < inner; rest++) sum += m.a[r * m.aStride + rest] * b[rest];
      for (int64_t l = 0; l < LANES; l++) sum += sums[r][l];
      m.out[r * m.outStride + c] -= sum;
    }
  }
}

template <class T>
INLINE void dots(Operands<T> m, int64_t rows, int64_t inner, int64_t columns) {
  int64_t row = 0;
  const auto advance = [&](int64_t by) { m.out += by * m.outStride, m.a += by * m.aStride, row += by; };
  for (; row + ROWS <= rows; advance(ROWS)) dotRows<T, ROWS>(m, inner, columns);
  for (; row < rows; advance(1)) dotRows<T, 1>(m, inner, columns);
}

CLONED void dotsOf(const Operands<float> &m, int64_t rows, int64_t inner, int64_t columns) { dots(m, rows, inner, columns); }
CLONED void dotsOf(const Operands<double> &m, int64_t rows, int64_t inner, int64_t columns) { dots(m, rows, inner, columns); }

template <class T>
INLINE void product(Operands<T> m, int64_t rows, int64_t inner, int64_t columns) {
  int64_t row = 0;
  const auto advance = [&](int64_t by) { m.out += by * m.outStride, m.a += by * m.aStride, row += by; };
  for (; row + ROWS <= rows; advance(ROWS)) productRows<T, ROWS>(m, inner, columns);
  for (; row < rows; advance(1)) productRows<T, 1>(m, inner, columns);
}

CLONED void productOf(const Operands<float> &m, int64_t rows, int64_t inner, int64_t columns) { product(m, rows, inner, columns); }
CLONED void productOf(const Operands<double> &m, int64_t rows, int64_t inner, int64_t columns) { product(m, rows, inner, columns); }

// out[r][·] += sum over i of a[i][r] b[i][·] for R columns of a and V vectors of columns of b.
template <class T, int R, int V>
INLINE void gramTile(double *out, int64_t outStride, const T *a, const T *b, int64_t rows, int64_t aStride, int64_t bStride) {
  typedef typename Lanes<T>::Vector Vector;
  Vector sum[R][V] = {};
  for (int64_t i = 0; i < rows; i++)
    for (int r = 0; r < R; r++)
      for (int v = 0; v < V; v++) sum[r][v] += a[i * aStride + r] * ((const Vector *)(b + i * bStride))[v];
  for (int r = 0; r < R; r++)
    for (int64_t c = 0; c < V * Lanes<T>::COUNT; c++) out[r * outStride + c] += ((const T *)sum[r])[c];
}

template <class T, int R>
INLINE void gramRows(double *out, const T *a, const T *b, int64_t rows, int64_t aStride, int64_t bColumns, int64_t end) {
  constexpr int64_t LANES = Lanes<T>::COUNT;
  int64_t q = 0;
  for (; q + VECTORS * LANES <= bColumns && q < end; q += VECTORS * LANES)
    gramTile<T, R, VECTORS>(out + q, bColumns, a, b + q, rows, aStride, bColumns);
  for (; q + LANES <= bColumns && q < end; q += LANES) gramTile<T, R, 1>(out + q, bColumns, a, b + q, rows, aStride, bColumns);
  for (; q < std::min(bColumns, end); q++)
    for (int r = 0; r < R; r++) {
      T sum = 0;
      for (int64_t i = 0; i < rows; i++) sum += a[i * aStride + r] * b[i * bColumns + q];
      out[r * bColumns + q] += sum;
    }
}

// With `isLower` nothing right of the tiles on the diagonal.
template <class T>
INLINE void gram(double *out, const T *a, const T *b, int64_t rows, int64_t aColumns, int64_t bColumns, bool isLower) {
  int64_t p = 0;
  for (; p + ROWS <= aColumns; p += ROWS)
    gramRows<T, ROWS>(out + p * bColumns, a + p, b, rows, aColumns, bColumns, isLower ? p + ROWS : bColumns);
  for (; p < aColumns; p++) gramRows<T, 1>(out + p * bColumns, a + p, b, rows, aColumns, bColumns, isLower ? p + 1 : bColumns);
}

CLONED void gramOf(double *out, const float *a, const float *b, int64_t rows, int64_t p, int64_t q, bool isLower) {
  gram(out, a, b, rows, p, q, isLower);
}
CLONED void gramOf(double *out, const double *a, const double *b, int64_t rows, int64_t p, int64_t q, bool isLower) {
  gram(out, a, b, rows, p, q, isLower);
}

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

// Kernel matrices decay into denormals, which cost some 150 cycles each.
struct FlushDenormals {
#if defined(__SSE2__)
  unsigned callers = __builtin_ia32_stmxcsr();
  FlushDenormals() { __builtin_ia32_ldmxcsr(callers | 0x8040); }
  ~FlushDenormals() { __builtin_ia32_ldmxcsr(callers); }
#endif
};

constexpr int64_t PIECE = 64;  // rows of a task

thread_local Watch *watched = nullptr;

bool stopped() { return watched && watched->stopped(); }

// Runs body(first, end) on pieces of [0, count) of at most `piece`.
template <class Body>
void inPieces(int64_t count, int64_t piece, Body body) {
  Pool::ofProcess().run((count + piece - 1) / piece, [&, watch = watched](int64_t task) {
    if (watch) watch->askPoll();
    if (watch && watch->stopping()) return;
    [[maybe_unused]] const FlushDenormals whileRunning;
    body(task * piece, std::min(count, (task + 1) * piece));
  });
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

}  // namespace

WatchedDense::WatchedDense(Watch &watch) {
  watch.begin(0);
  watched = &watch;
}

WatchedDense::~WatchedDense() { watched = nullptr; }

template <class T>
static void subtractProductOfFew(T *out, const T *a, const T *b, int64_t rows, int64_t inner, int64_t columns) {
  std::vector<T> transposed(columns * inner);
  for (int64_t c = 0; c < columns; c++)
    for (int64_t k = 0; k < inner; k++) transposed[c * inner + k] = b[k * columns + c];
  inPieces(rows, PIECE, [=, &transposed](int64_t row, int64_t end) {
    dotsOf(Operands<T>{out + row * columns, a + row * inner, transposed.data(), columns, inner, inner}, end - row, inner, columns);
  });
}

template <class T>
void subtractProduct(T *out, const T *a, const T *b, int64_t rows, int64_t inner, int64_t columns) {
  if (columns < Lanes<T>::COUNT) return subtractProductOfFew(out, a, b, rows, inner, columns);
  inPieces(rows, PIECE, [=](int64_t row, int64_t end) {
    productOf(Operands<T>{out + row * columns, a + row * inner, b, columns, inner, columns}, end - row, inner, columns);
  });
}
template void subtractProduct(float *, const float *, const float *, int64_t, int64_t, int64_t);
template void subtractProduct(double *, const double *, const double *, int64_t, int64_t, int64_t);

// Each of a fixed number of parts sums blocks of rows in the dtype of the data, and these sums in double.
template <class T>
void addGram(double *out, const T *a, const T *b, int64_t rows, int64_t aColumns, int64_t bColumns) {
  constexpr int64_t PARTS = 4, ROWS_OF_BLOCK = 128;
  const bool isLower = a == b && aColumns == bColumns;
  const int64_t size = aColumns * bColumns;
  std::vector<double> parts(PARTS * size);
  inPieces(PARTS, 1, [&](int64_t part, int64_t) {
    for (int64_t row = part * ROWS_OF_BLOCK; row < rows; row += PARTS * ROWS_OF_BLOCK)
      gramOf(parts.data() + part * size, a + row * aColumns, b + row * bColumns, std::min(ROWS_OF_BLOCK, rows - row), aColumns,
             bColumns, isLower);
  });
  for (int64_t p = 0; p < aColumns; p++)
    for (int64_t q = 0; q < bColumns; q++) {
      const int64_t at = isLower && q > p ? q * bColumns + p : p * bColumns + q;
      for (int64_t part = 0; part < PARTS; part++) out[p * bColumns + q] += parts[part * size + at];
    }
}
template void addGram(double *, const float *, const float *, int64_t, int64_t, int64_t);
template void addGram(double *, const double *, const double *, int64_t, int64_t, int64_t);

int64_t cholesky(double *a, int64_t n) {
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
