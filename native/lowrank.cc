#include "lowrank.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "dense.h"
#include "densetiles.h"

namespace {

constexpr int64_t LAST_COLUMNS = 8;

// out[r][c] -= sum over the blocks of a[r] · x[c], for few columns c: lanes run over the inner index. x [columns, width] as F's blocks follow
// each other.
template <class T>
struct Dots {
  T *out;
  const T *x;
  int64_t columns, width;
};

template <class T>
INLINE T sumOf(typename Lanes<T>::Vector v) {
  T sum = 0;
  for (int64_t l = 0; l < Lanes<T>::COUNT; l++) sum += v[l];
  return sum;
}

template <class T, int R>
INLINE void dotRows(const Dots<T> &m, const Columns<T> *blocks, int64_t count, int64_t row) {
  typedef typename Lanes<T>::Vector Vector;
  for (int64_t c = 0; c < m.columns; c++) {
    const T *x = m.x + c * m.width;
    Vector sums[R] = {};
    for (int64_t n = 0; n < count; n++) {
      const T *const a = blocks[n].data + row * blocks[n].width;
      for (int64_t k = 0; k < blocks[n].width; k += Lanes<T>::COUNT, x += Lanes<T>::COUNT)
        for (int r = 0; r < R; r++) sums[r] += *(const Vector *)(a + r * blocks[n].width + k) * *(const Vector *)x;
    }
    for (int r = 0; r < R; r++) m.out[(row + r) * m.columns + c] -= sumOf<T>(sums[r]);
  }
}

template <class T>
INLINE void dots(const Dots<T> &m, const Columns<T> *blocks, int64_t count, int64_t row, int64_t end) {
  for (; row + ROWS <= end; row += ROWS) dotRows<T, ROWS>(m, blocks, count, row);
  for (; row < end; row++) dotRows<T, 1>(m, blocks, count, row);
}

CLONED void dotsOf(const Dots<float> &m, const Columns<float> *blocks, int64_t count, int64_t row, int64_t end) {
  dots(m, blocks, count, row, end);
}
CLONED void dotsOf(const Dots<double> &m, const Columns<double> *blocks, int64_t count, int64_t row, int64_t end) {
  dots(m, blocks, count, row, end);
}

// out[r][·] += sum over i of a[i][r] b[i][·] for R columns of a and V vectors of columns of b.
template <class T>
struct Grams {
  double *out;
  const T *a, *b;
  int64_t outStride, aStride, bStride;
};

template <class T, int R, int V>
INLINE void gramTile(const Grams<T> &m, int64_t rows) {
  typedef typename Lanes<T>::Vector Vector;
  Vector sum[R][V] = {};
  for (int64_t i = 0; i < rows; i++)
    for (int r = 0; r < R; r++)
      for (int v = 0; v < V; v++) sum[r][v] += m.a[i * m.aStride + r] * ((const Vector *)(m.b + i * m.bStride))[v];
  for (int r = 0; r < R; r++)
    for (int64_t c = 0; c < V * Lanes<T>::COUNT; c++) m.out[r * m.outStride + c] += ((const T *)sum[r])[c];
}

// V vectors of columns of b, which stay in the cache, with p columns of a from `row` on.
template <class T, int V>
INLINE void gramColumns(Grams<T> m, int64_t rows, int64_t row, int64_t p) {
  m.out += row * m.outStride, m.a += row;
  const auto advance = [&](int64_t by) { m.out += by * m.outStride, m.a += by, row += by; };
  for (; row + ROWS <= p; advance(ROWS)) gramTile<T, ROWS, V>(m, rows);
  for (; row + 2 <= p; advance(2)) gramTile<T, 2, V>(m, rows);
  for (; row < p; advance(1)) gramTile<T, 1, V>(m, rows);
}

// q is a multiple of a vector. With `isLower` nothing above the tiles on the diagonal.
template <class T>
INLINE void grams(Grams<T> m, int64_t rows, int64_t p, int64_t q, bool isLower) {
  constexpr int64_t LANES = Lanes<T>::COUNT;
  int64_t column = 0;
  const auto advance = [&](int64_t by) { m.out += by, m.b += by, column += by; };
  for (; column + VECTORS * LANES <= q; advance(VECTORS * LANES)) gramColumns<T, VECTORS>(m, rows, isLower ? column : 0, p);
  for (; column < q; advance(LANES)) gramColumns<T, 1>(m, rows, isLower ? column : 0, p);
}

CLONED void gramsOf(const Grams<float> &m, int64_t rows, int64_t p, int64_t q, bool isLower) { grams(m, rows, p, q, isLower); }
CLONED void gramsOf(const Grams<double> &m, int64_t rows, int64_t p, int64_t q, bool isLower) { grams(m, rows, p, q, isLower); }

// ---- sums over the rows ------------------------------------------------------------------------------------------------------

// Each of a number of parts, which depends on the sizes alone, sums blocks of rows in the dtype of the data, and these sums in double.
constexpr int64_t ROWS_OF_BLOCK = 64, MOST_PART_NUMBERS = 1 << 20;

int64_t partsOf(int64_t size) { return std::clamp<int64_t>(MOST_PART_NUMBERS / std::max<int64_t>(1, size), 2, 16); }

// body(sums, first, count) adds rows first .. first + count to `sums` [size]; returns all of them.
template <class Body>
std::vector<double> summedByParts(int64_t rows, int64_t size, Body body) {
  const int64_t parts = std::min(partsOf(size), std::max<int64_t>(1, (rows + ROWS_OF_BLOCK - 1) / ROWS_OF_BLOCK));
  std::vector<double> sums(parts * size);
  inPieces(parts, 1, [&](int64_t part, int64_t) {
    for (int64_t row = part * ROWS_OF_BLOCK; row < rows; row += parts * ROWS_OF_BLOCK)
      body(sums.data() + part * size, row, std::min(ROWS_OF_BLOCK, rows - row));
  });
  for (int64_t part = 1; part < parts; part++)
    for (int64_t n = 0; n < size; n++) sums[n] += sums[part * size + n];
  sums.resize(size);
  return sums;
}

template <class T>
int64_t widthOf(const Tall<T> &f) {
  int64_t width = 0;
  for (const Columns<T> &block : f.blocks) width += block.width;
  return width;
}

// transpose(F) x [width, columns].
template <class T>
std::vector<double> projected(const Tall<T> &f, const T *x, int64_t columns) {
  const int64_t width = widthOf(f);
  const std::vector<double> turned = summedByParts(f.rows, columns * width, [&](double *sums, int64_t row, int64_t count) {
    for (const Columns<T> &block : f.blocks) {
      gramsOf(Grams<T>{sums, x + row * columns, block.data + row * block.width, width, columns, block.width}, count, columns,
              block.width, false);
      sums += block.width;
    }
  });
  std::vector<double> found(width * columns);
  for (int64_t k = 0; k < width; k++)
    for (int64_t c = 0; c < columns; c++) found[k * columns + c] = turned[c * width + k];
  return found;
}

// ---- products with F ---------------------------------------------------------------------------------------------------------

// x [width, columns] in the dtype of F, transposed where columns are few.
template <class T>
std::vector<T> coefficientsOf(const double *x, int64_t width, int64_t columns) {
  const bool isFew = columns < Lanes<T>::COUNT;
  std::vector<T> found(width * columns);
  for (int64_t k = 0; k < width; k++)
    for (int64_t c = 0; c < columns; c++) found[isFew ? c * width + k : k * columns + c] = static_cast<T>(x[k * columns + c]);
  return found;
}

// out -= F x on some rows.
template <class T>
void subtractOnRows(T *out, const Tall<T> &f, const std::vector<T> &x, int64_t row, int64_t end, int64_t columns) {
  const int64_t count = static_cast<int64_t>(f.blocks.size());
  if (columns < Lanes<T>::COUNT) return dotsOf(Dots<T>{out, x.data(), columns, widthOf(f)}, f.blocks.data(), count, row, end);
  const T *coefficients = x.data();
  for (const auto &[data, width] : f.blocks) {
    productOf(Operands<T>{out + row * columns, data + row * width, coefficients, columns, width, columns}, end - row, width, columns);
    coefficients += width * columns;
  }
}

// ---- new columns -------------------------------------------------------------------------------------------------------------

// Some rows of a block, [count, width].
template <class T>
std::vector<T> rowsAt(const Columns<T> &block, const int32_t *rows, int64_t count) {
  std::vector<T> found(count * block.width);
  for (int64_t n = 0; n < count; n++) std::copy_n(block.data + rows[n] * block.width, block.width, found.data() + n * block.width);
  return found;
}

template <class T>
std::vector<T> transposed(const std::vector<T> &a, int64_t rows, int64_t columns) {
  std::vector<T> found(a.size());
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < columns; c++) found[c * rows + r] = a[r * columns + c];
  return found;
}

// -transpose(inverse(L)) for a lower triangular L [count, count], padded with zeros to [width, width].
template <class T>
std::vector<T> negativeInverse(const double *l, int64_t count, int64_t width) {
  std::vector<T> found(width * width);
  std::vector<double> solution(count);
  for (int64_t column = 0; column < count; column++)
    for (int64_t row = column; row < count; row++) {
      double value = row == column;
      for (int64_t k = column; k < row; k++) value -= l[row * count + k] * solution[k];
      solution[row] = value / l[row * count + row];
      found[column * width + row] = static_cast<T>(-solution[row]);
    }
  return found;
}

// Takes the squares of new columns off the residual's diagonal, and adds them up by column.
template <class T>
INLINE void measure(const T *columns, int64_t rows, int64_t width, double *residual, double *squares) {
  for (int64_t row = 0; row < rows; row++) {
    double taken = 0;
    for (int64_t k = 0; k < width; k++) {
      const double square = double(columns[row * width + k]) * columns[row * width + k];
      squares[k] += square;
      taken += square;
    }
    residual[row] = std::max(0.0, residual[row] - taken);
  }
}

CLONED void measureOf(const float *columns, int64_t rows, int64_t width, double *residual, double *squares) {
  measure(columns, rows, width, residual, squares);
}
CLONED void measureOf(const double *columns, int64_t rows, int64_t width, double *residual, double *squares) {
  measure(columns, rows, width, residual, squares);
}

}  // namespace

template <class T>
int64_t choosePivots(T *left, const Tall<T> &f, const Candidates &from, int32_t *accepted, double *factor) {
  const int64_t count = from.count;
  for (const Columns<T> &block : f.blocks) {
    const std::vector<T> rows = rowsAt(block, from.rows, count), turned = transposed(rows, count, block.width);
    productOf(Operands<T>{left, rows.data(), turned.data(), count, block.width, count}, count, block.width, count);
  }
  double top = 0;
  for (int64_t n = 0; n < count; n++) top = std::max<double>(top, left[n * (count + 1)]);
  const double least = std::max(from.negligible * top, from.floor);
  std::vector<std::vector<double>> columns;
  int64_t found = 0;
  for (int64_t n = 0; n < count && found < from.most; n++) {
    double now = left[n * (count + 1)];
    for (const std::vector<double> &column : columns) now -= column[n] * column[n];
    if (!(now > least) || from.chances[n] * left[n * (count + 1)] > now) continue;
    std::vector<double> next(left + n * count, left + (n + 1) * count);
    for (const std::vector<double> &column : columns)
      for (int64_t k = 0; k < count; k++) next[k] -= column[n] * column[k];
    const double root = std::sqrt(now);
    for (double &value : next) value /= root;
    columns.push_back(std::move(next));
    accepted[found++] = static_cast<int32_t>(n);
  }
  for (int64_t k = 0; k < found; k++)
    for (int64_t j = 0; j < found; j++) factor[k * found + j] = j <= k ? columns[j][accepted[k]] : 0;
  return found;
}
template int64_t choosePivots(float *, const Tall<float> &, const Candidates &, int32_t *, double *);
template int64_t choosePivots(double *, const Tall<double> &, const Candidates &, int32_t *, double *);

template <class T>
double extend(T *out, T *left, const Tall<T> &f, const Pivots &pivots, double *residual) {
  const int64_t width = pivots.width;
  std::vector<std::vector<T>> atPivots;
  for (const Columns<T> &block : f.blocks)
    atPivots.push_back(transposed(rowsAt(block, pivots.rows, width), width, block.width));
  const std::vector<T> inverse = negativeInverse<T>(pivots.factor, pivots.count, width);
  std::vector<double> squares((f.rows + PIECE - 1) / PIECE * width);
  inPieces(f.rows, PIECE, [&](int64_t row, int64_t end) {
    T *const own = left + row * width, *const columns = out + row * width;
    for (size_t n = 0; n < f.blocks.size(); n++) {
      const Columns<T> &block = f.blocks[n];
      productOf(Operands<T>{own, block.data + row * block.width, atPivots[n].data(), width, block.width, width}, end - row,
                block.width, width);
    }
    std::fill(columns, columns + (end - row) * width, T(0));
    productOf(Operands<T>{columns, own, inverse.data(), width, width, width}, end - row, width, width);
    measureOf(columns, end - row, width, residual + row, squares.data() + row / PIECE * width);
  });
  for (int64_t n = 0; n < pivots.count; n++) residual[pivots.rows[n]] = 0;
  double largest = 0;
  for (int64_t k = std::max<int64_t>(0, pivots.count - LAST_COLUMNS); k < pivots.count; k++) {
    double square = 0;
    for (size_t at = k; at < squares.size(); at += width) square += squares[at];
    largest = std::max(largest, square);
  }
  return largest;
}
template double extend(float *, float *, const Tall<float> &, const Pivots &, double *);
template double extend(double *, double *, const Tall<double> &, const Pivots &, double *);

template <class T>
void gram(double *out, const Tall<T> &f) {
  const int64_t width = widthOf(f);
  const std::vector<double> sums = summedByParts(f.rows, width * width, [&](double *part, int64_t row, int64_t count) {
    int64_t top = 0;
    for (const Columns<T> &a : f.blocks) {
      int64_t left = 0;
      for (const Columns<T> *b = f.blocks.data(); b <= &a; left += b->width, b++)
        gramsOf(Grams<T>{part + top * width + left, a.data + row * a.width, b->data + row * b->width, width, a.width, b->width},
                count, a.width, b->width, b == &a);
      top += a.width;
    }
  });
  std::copy(sums.begin(), sums.end(), out);
}
template void gram(double *, const Tall<float> &);
template void gram(double *, const Tall<double> &);

template <class T>
void subtractTall(T *out, const Tall<T> &f, const double *x, int64_t columns) {
  const std::vector<T> coefficients = coefficientsOf<T>(x, widthOf(f), columns);
  inPieces(f.rows, PIECE, [&](int64_t row, int64_t end) { subtractOnRows(out, f, coefficients, row, end, columns); });
}
template void subtractTall(float *, const Tall<float> &, const double *, int64_t);
template void subtractTall(double *, const Tall<double> &, const double *, int64_t);

template <class T>
void lowRankSolve(T *out, const T *x, const Tall<T> &f, const double *factor, double alpha, int64_t columns) {
  std::vector<double> inner = projected(f, x, columns);
  choleskySolve(factor, inner.data(), widthOf(f), columns);
  const std::vector<T> coefficients = coefficientsOf<T>(inner.data(), widthOf(f), columns);
  const T inverse = static_cast<T>(1 / alpha);
  inPieces(f.rows, PIECE, [&](int64_t row, int64_t end) {
    std::copy(x + row * columns, x + end * columns, out + row * columns);
    subtractOnRows(out, f, coefficients, row, end, columns);
    for (int64_t n = row * columns; n < end * columns; n++) out[n] *= inverse;
  });
}
template void lowRankSolve(float *, const float *, const Tall<float> &, const double *, double, int64_t);
template void lowRankSolve(double *, const double *, const Tall<double> &, const double *, double, int64_t);
