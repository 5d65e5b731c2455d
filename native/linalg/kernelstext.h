// The kernels of dense linear algebra, as text: the build writes a file for each instruction set that defines
// KERNEL_SET (the name of its table), VECTOR_BYTES and REGISTERS, and includes this. Tiles of `ROWS` rows by two
// vectors of columns stay in registers.
#include "linalg/kernels.h"

#define INLINE inline __attribute__((always_inline))
#define UNROLLED _Pragma("GCC unroll 16")

namespace {

// What a tile holds beside its sums: two vectors of b, a number of a, and where products are not fused, two products.
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
constexpr int BESIDE_SUMS = 3;
#else
constexpr int BESIDE_SUMS = 5;
#endif
constexpr int VECTORS = 2;
constexpr int MOST_ROWS = 8;
constexpr int FITTING_ROWS = (REGISTERS - BESIDE_SUMS) / VECTORS;
constexpr int ROWS = FITTING_ROWS < MOST_ROWS ? FITTING_ROWS : MOST_ROWS;

// Terms of a sum that are taken at once: a strip of so many rows stays in the first cache.
constexpr int64 INNER = 256;

template <class T>
struct Lanes {
  typedef T Vector __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(T)), may_alias));
  static constexpr int COUNT = VECTOR_BYTES / sizeof(T);
  static constexpr int STRIP = VECTORS * COUNT;
};
template <class T>
using VectorOf = typename Lanes<T>::Vector;

template <class T>
INLINE const VectorOf<T> &vectorAt(const T *p) {
  return *(const VectorOf<T> *)p;
}
template <class T>
INLINE VectorOf<T> &vectorAt(T *p) {
  return *(VectorOf<T> *)p;
}

// to[l] += v[l], in double.
INLINE void addInDouble(double *to, const VectorOf<double> &v) { vectorAt(to) += v; }
INLINE void addInDouble(double *to, const VectorOf<float> &v) {
  typedef float Half __attribute__((vector_size(VECTOR_BYTES / 2), may_alias));
  UNROLLED for (int half = 0; half < 2; half++)
    vectorAt(to + half * Lanes<double>::COUNT) += __builtin_convertvector(((const Half *)&v)[half], VectorOf<double>);
}

INLINE int64 smallerOf(int64 a, int64 b) { return a < b ? a : b; }

// ---- register tiles ----------------------------------------------------------------------------------------------------------

// sum[r] += sum over k of a[r][k aStep] b[k bStep ...].
template <class T, int R, int V>
INLINE void multiply(VectorOf<T> (&sum)[R][V], const T *const (&a)[R], int64 aStep, const T *b, int64 bStep, int64 inner) {
  for (int64 k = 0; k < inner; k++, b += bStep) {
    VectorOf<T> row[V];
    UNROLLED for (int v = 0; v < V; v++) row[v] = vectorAt(b + v * Lanes<T>::COUNT);
    UNROLLED for (int r = 0; r < R; r++) {
      const T factor = a[r][k * aStep];
      UNROLLED for (int v = 0; v < V; v++) sum[r][v] += factor * row[v];
    }
  }
}

template <class T, int R>
INLINE void productTile(const Product<T> &m, const T *strip, int64 inner, int64 columns) {
  VectorOf<T> sum[R][VECTORS] = {};
  const T *rows[R];
  UNROLLED for (int r = 0; r < R; r++) rows[r] = m.a + r * m.aStride;
  multiply<T, R, VECTORS>(sum, rows, 1, strip, Lanes<T>::STRIP, inner);
  if (columns >= Lanes<T>::STRIP) {
    UNROLLED for (int r = 0; r < R; r++)
      UNROLLED for (int v = 0; v < VECTORS; v++) vectorAt(m.out + r * m.outStride + v * Lanes<T>::COUNT) -= sum[r][v];
  } else {
    for (int r = 0; r < R; r++)
      for (int64 c = 0; c < columns; c++) m.out[r * m.outStride + c] -= ((const T *)sum[r])[c];
  }
}

// Calls tile(rows) for `ROWS` rows at a time, and for what is left by halves.
#define IN_TILES_OF_ROWS(count, tile) \
  { \
    int64 left = count; \
    for (; left >= ROWS; left -= ROWS) tile(ROWS) \
    if (ROWS > 4 && left >= 4) { tile(4) left -= 4; } \
    if (left >= 2) { tile(2) left -= 2; } \
    if (left >= 1) tile(1) \
  }

template <class T>
INLINE void productStrip(Product<T> m, const T *strip, int64 inner, int64 columns) {
#define TILE(R) { productTile<T, R>(m, strip, inner, columns); m.out += R * m.outStride; m.a += R * m.aStride; }
  IN_TILES_OF_ROWS(m.rows, TILE)
#undef TILE
}

template <class T>
INLINE void productOf(const Product<T> &whole) {
  constexpr int64 STRIP = Lanes<T>::STRIP;
  for (int64 k = 0; k < whole.inner; k += INNER)
    for (int64 column = 0; column < whole.columns; column += STRIP) {
      Product<T> m = whole;
      m.out += column, m.a += k;
      productStrip(m, whole.strips + column * whole.inner + k * STRIP, smallerOf(INNER, whole.inner - k), whole.columns - column);
    }
}

// Vectors where columns follow each other in memory, numbers elsewhere.
template <class T>
INLINE void packed(const Packing<T> &p) {
  constexpr int64 STRIP = Lanes<T>::STRIP;
  const int64 end = p.firstColumn + p.columns, padded = (end + STRIP - 1) / STRIP * STRIP;
  for (int64 column = p.firstColumn, next; column < padded; column = next) {
    const int64 within = column % STRIP, width = smallerOf(STRIP - within, end - column);
    next = column - within + STRIP;
    T *to = p.strips + (column - within) * p.inner + within;
    const T *from = p.from + (column - p.firstColumn) * p.columnStride;
    if (p.columnStride == 1 && width == STRIP) {
      for (int64 k = 0; k < p.inner; k++, to += STRIP, from += p.rowStride)
        UNROLLED for (int v = 0; v < VECTORS; v++) vectorAt(to + v * Lanes<T>::COUNT) = vectorAt(from + v * Lanes<T>::COUNT);
      continue;
    }
    for (int64 k = 0; k < p.inner; k++, to += STRIP, from += p.rowStride) {
      for (int64 c = 0; c < width; c++) to[c] = from[c * p.columnStride];
      for (int64 c = width; c < next - column; c++) to[c] = 0;
    }
  }
}

// Rows whose sums are taken in the dtype of the data before they go to double; a strip of them is a part of the first
// cache.
constexpr int64 SUMMED_ROWS = 128;

// Where a strip's sums begin and the rows that they are over.
struct Stretch {
  int64 column, firstRow, rows;
};

template <class T, int R>
INLINE void gramTile(const Gram<T> &m, int64 p, const Stretch &strip) {
  constexpr int64 STRIP = Lanes<T>::STRIP;
  VectorOf<T> sum[R][VECTORS] = {};
  const T *rows[R];
  UNROLLED for (int r = 0; r < R; r++)
    rows[r] = m.strips + (p + r) / STRIP * STRIP * m.rows + (p + r) % STRIP + strip.firstRow * STRIP;
  multiply<T, R, VECTORS>(sum, rows, STRIP, m.strips + strip.column * m.rows + strip.firstRow * STRIP, STRIP, strip.rows);
  double *const out = m.out + p * m.outStride + strip.column;
  if (strip.column + STRIP <= m.columns) {
    UNROLLED for (int r = 0; r < R; r++)
      UNROLLED for (int v = 0; v < VECTORS; v++) addInDouble(out + r * m.outStride + v * Lanes<T>::COUNT, sum[r][v]);
  } else {
    for (int r = 0; r < R; r++)
      for (int64 c = 0; c < m.columns - strip.column; c++) out[r * m.outStride + c] += ((const T *)sum[r])[c];
  }
}

template <class T>
INLINE void gramOf(const Gram<T> &m) {
  for (int64 q = 0; q < m.columns; q += Lanes<T>::STRIP)
    for (int64 row = 0; row < m.rows; row += SUMMED_ROWS) {
      const Stretch strip{q, row, smallerOf(SUMMED_ROWS, m.rows - row)};
      int64 p = q;
#define TILE(R) { gramTile<T, R>(m, p, strip); p += R; }
      IN_TILES_OF_ROWS(m.columns - q, TILE)
#undef TILE
    }
}

// ---- few columns -------------------------------------------------------------------------------------------------------------

// Vectors of b that are summed at a time: with R columns of a in the first cache, beside four rows of b, which stream
// by.
constexpr int64 PANEL = 64;

template <class T, int R, int ROWS_AT_ONCE>
INLINE void projectRows(VectorOf<T> (&sums)[R][PANEL], const T *a, int64 aStride, const T *b, int64 bStride, int64 vectors) {
  for (int64 v = 0; v < vectors; v++)
    UNROLLED for (int r = 0; r < R; r++) {
      VectorOf<T> sum = sums[r][v];
      UNROLLED for (int i = 0; i < ROWS_AT_ONCE; i++) sum += a[i * aStride + r] * vectorAt(b + i * bStride + v * Lanes<T>::COUNT);
      sums[r][v] = sum;
    }
}

template <class T, int R>
INLINE void projectPanel(const Projection<T> &m, int64 p, int64 q) {
  const int64 vectors = smallerOf(PANEL, (m.bColumns - q) / Lanes<T>::COUNT);
  for (int64 first = 0; first < m.rows; first += SUMMED_ROWS) {
    VectorOf<T> sums[R][PANEL];
    UNROLLED for (int r = 0; r < R; r++)
      for (int64 v = 0; v < vectors; v++) sums[r][v] = VectorOf<T>{};
    const int64 end = smallerOf(m.rows, first + SUMMED_ROWS);
    int64 row = first;
    for (; row + 4 <= end; row += 4)
      projectRows<T, R, 4>(sums, m.a + row * m.aStride + p, m.aStride, m.b + row * m.bStride + q, m.bStride, vectors);
    for (; row < end; row++)
      projectRows<T, R, 1>(sums, m.a + row * m.aStride + p, m.aStride, m.b + row * m.bStride + q, m.bStride, vectors);
    for (int r = 0; r < R; r++)
      for (int64 v = 0; v < vectors; v++) addInDouble(m.out + (p + r) * m.outStride + q + v * Lanes<T>::COUNT, sums[r][v]);
  }
}

template <class T>
INLINE void projectionOf(const Projection<T> &m) {
  for (int64 q = 0; q < m.bColumns; q += PANEL * Lanes<T>::COUNT) {
    int64 p = 0;
    for (; p + 2 <= m.aColumns; p += 2) projectPanel<T, 2>(m, p, q);
    if (p < m.aColumns) projectPanel<T, 1>(m, p, q);
  }
}

template <class T>
INLINE T sumOf(VectorOf<T> v) {
  T sum = 0;
  UNROLLED for (int l = 0; l < Lanes<T>::COUNT; l++) sum += v[l];
  return sum;
}

template <class T, int R>
INLINE void fewColumnsOfRows(const FewColumns<T> &m, int64 row) {
  for (int64 c = 0; c < m.columns; c++) {
    VectorOf<T> sums[R] = {};
    const T *const a = m.a + row * m.width, *const x = m.x + c * m.xStride;
    for (int64 k = 0; k < m.width; k += Lanes<T>::COUNT)
      UNROLLED for (int r = 0; r < R; r++) sums[r] += vectorAt(a + r * m.width + k) * vectorAt(x + k);
    UNROLLED for (int r = 0; r < R; r++) m.out[(row + r) * m.columns + c] -= sumOf<T>(sums[r]);
  }
}

template <class T>
INLINE void fewColumnsOf(const FewColumns<T> &m) {
  int64 row = 0;
  for (; row + 4 <= m.rows; row += 4) fewColumnsOfRows<T, 4>(m, row);
  for (; row < m.rows; row++) fewColumnsOfRows<T, 1>(m, row);
}

// ---- vectors -----------------------------------------------------------------------------------------------------------------

template <class T>
INLINE void measured(const T *columns, int64 rows, int64 width, double *residual, double *squares) {
  for (int64 row = 0; row < rows; row++, columns += width) {
    for (int64 k = 0; k < width; k++) squares[k] += double(columns[k]) * columns[k];
    constexpr int CHAINS = 8;
    double taken[CHAINS] = {};
    int64 k = 0;
    for (; k + CHAINS <= width; k += CHAINS)
      UNROLLED for (int c = 0; c < CHAINS; c++) taken[c] += double(columns[k + c]) * columns[k + c];
    double all = 0;
    for (; k < width; k++) all += double(columns[k]) * columns[k];
    UNROLLED for (int c = 0; c < CHAINS; c++) all += taken[c];
    const double left = residual[row] - all;
    residual[row] = left > 0 ? left : 0;
  }
}

template <class T>
INLINE T dotOf(const T *a, const T *b, int64 count) {
  constexpr int CHAINS = 4, LANES = Lanes<T>::COUNT;
  VectorOf<T> sums[CHAINS] = {};
  int64 k = 0;
  for (; k + CHAINS * LANES <= count; k += CHAINS * LANES)
    UNROLLED for (int c = 0; c < CHAINS; c++) sums[c] += vectorAt(a + k + c * LANES) * vectorAt(b + k + c * LANES);
  T sum = 0;
  for (; k < count; k++) sum += a[k] * b[k];
  return sum + sumOf<T>((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

template <class T>
INLINE void scaledSubtraction(T *y, const T *x, T factor, int64 count) {
  constexpr int LANES = Lanes<T>::COUNT;
  int64 k = 0;
  for (; k + LANES <= count; k += LANES) vectorAt(y + k) -= factor * vectorAt(x + k);
  for (; k < count; k++) y[k] -= factor * x[k];
}

// One row per lane.
template <class T>
INLINE void elimination(T *a, int64 aStride, int64 rows, const T *l, int64 lStride, int64 width) {
  VectorOf<T> own[MOST_ELIMINATED];
  for (int64 j = 0; j < width; j++)
    UNROLLED for (int r = 0; r < Lanes<T>::COUNT; r++) own[j][r] = a[smallerOf(r, rows - 1) * aStride + j];
  for (int64 j = 0; j < width; j++) {
    const T *const finished = l + j * lStride;
    VectorOf<T> sums[4] = {};
    int64 k = 0;
    for (; k + 4 <= j; k += 4) UNROLLED for (int c = 0; c < 4; c++) sums[c] += own[k + c] * finished[k + c];
    for (; k < j; k++) sums[0] += own[k] * finished[k];
    own[j] = (own[j] - ((sums[0] + sums[1]) + (sums[2] + sums[3]))) / finished[j];
  }
  for (int64 r = 0; r < rows; r++)
    for (int64 j = 0; j < width; j++) a[r * aStride + j] = own[j][r];
}

#include "linalg/fouriertext.h"
#include "linalg/spreadtext.h"

// ---- the table ---------------------------------------------------------------------------------------------------------------

template <class T>
struct Entries {
  static void pack(const Packing<T> &p) { packed(p); }
  static void product(const Product<T> &m) { productOf(m); }
  static void gram(const Gram<T> &m) { gramOf(m); }
  static void project(const Projection<T> &m) { projectionOf(m); }
  static void fewColumns(const FewColumns<T> &m) { fewColumnsOf(m); }
  static void measure(const T *columns, int64 rows, int64 width, double *residual, double *squares) {
    measured(columns, rows, width, residual, squares);
  }
  static T dot(const T *a, const T *b, int64 count) { return dotOf(a, b, count); }
  static void subtractScaled(T *y, const T *x, T factor, int64 count) { scaledSubtraction(y, x, factor, count); }
  static void eliminate(T *a, int64 aStride, int64 rows, const T *l, int64 lStride, int64 width) {
    elimination(a, aStride, rows, l, lStride, width);
  }
  static void fourierStep(const FourierStep<T> &step) { combined(step); }
  static void splitSpectrum(const RealSpectrum<T> &s) { spectrumSplit(s); }
  static void joinSpectrum(const RealSpectrum<T> &s) { spectrumJoined(s); }
  static void multiplyComplex(const ComplexProduct<T> &p) { complexProduct(p); }
  static void spread(const WindowedPoints<T> &p) { pointsSpread(p); }
  static void interpolate(const WindowedPoints<T> &p) { pointsInterpolated(p); }
  static constexpr Kernels<T> ALL = {Lanes<T>::COUNT, Lanes<T>::STRIP, pack,    product, gram,          project,
                                     fewColumns,      measure,         dot,     subtractScaled, eliminate,
                                     fourierStep,     splitSpectrum,   joinSpectrum,   multiplyComplex, spread,
                                     interpolate};
};

}  // namespace

extern const KernelSet KERNEL_SET;
const KernelSet KERNEL_SET = {Entries<float>::ALL, Entries<double>::ALL};
