#include "linalg/linalg.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "linalg/session.h"
#include "run/memory.h"

namespace {

using std::int32_t;

constexpr int64 LAST_COLUMNS = 8;

template <class T>
int64 widthOf(const Tall<T> &f) {
  int64 width = 0;
  for (const Columns<T> &block : f.blocks) width += block.width;
  return width;
}

// ---- sums over the rows ------------------------------------------------------------------------------------------------------

// Each of a number of parts, which depends on the sizes alone, adds up what blocks of rows give.
constexpr int64 ROWS_OF_BLOCK = 256, MOST_PART_NUMBERS = 1 << 20, NUMBERS_OF_PIECE = 4096;

int64 partsOf(int64 size) { return std::clamp<int64>(MOST_PART_NUMBERS / std::max<int64>(1, size), 2, 16); }

// body(sums, first, count) adds rows first .. first + count to `sums` [size]; writes all of them to `out`.
template <class Body>
void sumByParts(double *out, int64 rows, int64 size, Body body) {
  const int64 parts = std::min(partsOf(size), std::max<int64>(1, (rows + ROWS_OF_BLOCK - 1) / ROWS_OF_BLOCK));
  std::vector<double> sums(parts * size);
  inPieces(parts, 1, [&](int64 part, int64) {
    for (int64 row = part * ROWS_OF_BLOCK; row < rows; row += parts * ROWS_OF_BLOCK)
      body(sums.data() + part * size, row, std::min(ROWS_OF_BLOCK, rows - row));
  });
  inPieces(size, NUMBERS_OF_PIECE, [&](int64 first, int64 end) {
    std::copy(sums.data() + first, sums.data() + end, out + first);
    for (int64 part = 1; part < parts; part++)
      for (int64 n = first; n < end; n++) out[n] += sums[part * size + n];
  });
}

// Some rows of F as strips, in memory of this thread that is valid until it asks again.
template <class T>
const T *packedRows(const Kernels<T> &use, const Tall<T> &f, int64 row, int64 count) {
  static thread_local GrowingBuffer buffer;
  T *const strips = reinterpret_cast<T *>(buffer.ofSize(use.packedSize(count, widthOf(f)) * sizeof(T)));
  int64 first = 0;
  for (const auto &[data, width] : f.blocks) {
    use.pack({strips, count, first, data + row * width, width, width, 1});
    first += width;
  }
  return strips;
}

// transpose(F) x [width, columns].
template <class T>
std::vector<double> projected(const Tall<T> &f, const T *x, int64 columns) {
  const Kernels<T> &use = kernels<T>();
  const int64 width = widthOf(f);
  std::vector<double> turned(columns * width), found(width * columns);
  sumByParts(turned.data(), f.rows, columns * width, [&](double *sums, int64 row, int64 count) {
    for (const auto &[data, own] : f.blocks) {
      use.project({sums, width, x + row * columns, data + row * own, columns, own, count, columns, own});
      sums += own;
    }
  });
  for (int64 k = 0; k < width; k++)
    for (int64 c = 0; c < columns; c++) found[k * columns + c] = turned[c * width + k];
  return found;
}

// ---- products with F ---------------------------------------------------------------------------------------------------------

// A matrix x [width of F, columns], as the products with the blocks of F read it: transposed where columns are few,
// else packed.
template <class T>
class Coefficients {
 public:
  Coefficients(const Tall<T> &f, const double *x, int64 columns) : f(f), columns(columns), isFew(columns < use.lanes) {
    if (isFew) takeTransposed(x);
    else takePacked(x);
  }

  // out -= F x on some rows.
  void subtract(T *out, int64 row, int64 end) const {
    for (size_t n = 0; n < f.blocks.size(); n++) {
      const auto &[data, width] = f.blocks[n];
      const T *const a = data + row * width;
      if (isFew) use.fewColumns({out + row * columns, a, parts[n].data(), end - row, width, columns, width});
      else use.product({out + row * columns, columns, a, width, parts[n].data(), end - row, width, columns});
    }
  }

 private:
  void takeTransposed(const double *x) {
    for (const auto &[data, width] : f.blocks) {
      std::vector<T> &part = parts.emplace_back(width * columns);
      for (int64 k = 0; k < width; k++)
        for (int64 c = 0; c < columns; c++) part[c * width + k] = static_cast<T>(x[k * columns + c]);
      x += width * columns;
    }
  }
  void takePacked(const double *x) {
    for (const auto &[data, width] : f.blocks) {
      const std::vector<T> plain(x, x + width * columns);
      std::vector<T> &part = parts.emplace_back(use.packedSize(width, columns));
      use.pack({part.data(), width, 0, plain.data(), columns, columns, 1});
      x += width * columns;
    }
  }

  const Kernels<T> &use = kernels<T>();
  const Tall<T> &f;
  const int64 columns;
  const bool isFew;
  std::vector<std::vector<T>> parts;  // one for each block of F
};

// ---- new columns -------------------------------------------------------------------------------------------------------------

// Some rows of a block, [count, width].
template <class T>
std::vector<T> rowsAt(const Columns<T> &block, const int32_t *rows, int64 count) {
  std::vector<T> found(count * block.width);
  for (int64 n = 0; n < count; n++) std::copy_n(block.data + rows[n] * block.width, block.width, found.data() + n * block.width);
  return found;
}

// Strips of the transpose of a [rows, columns].
template <class T>
std::vector<T> transposedStrips(const std::vector<T> &a, int64 rows, int64 columns) {
  const Kernels<T> &use = kernels<T>();
  std::vector<T> strips(use.packedSize(columns, rows));
  use.pack({strips.data(), columns, 0, a.data(), rows, 1, columns});
  return strips;
}

// Strips of -transpose(inverse(L)) for a lower triangular L [count, count], padded with zeros to [width, width].
template <class T>
std::vector<T> negativeInverse(const double *l, int64 count, int64 width) {
  std::vector<double> inverse(count * count);
  std::vector<T> found(width * width);
  for (int64 row = 0; row < count; row++) {
    double *const own = inverse.data() + row * count;
    own[row] = 1;
    for (int64 k = 0; k < row; k++) kernels<double>().subtractScaled(own, inverse.data() + k * count, l[row * count + k], k + 1);
    for (int64 column = 0; column <= row; column++) {
      own[column] /= l[row * count + row];
      found[row * width + column] = static_cast<T>(-own[column]);
    }
  }
  return transposedStrips(found, width, width);
}

}  // namespace

template <class T>
int64 choosePivots(T *left, const Tall<T> &f, const Candidates &from, int32_t *accepted, double *factor) {
  const int64 count = from.count;
  for (const Columns<T> &block : f.blocks) {
    const std::vector<T> rows = rowsAt(block, from.rows, count), strips = transposedStrips(rows, count, block.width);
    kernels<T>().product({left, count, rows.data(), block.width, strips.data(), count, block.width, count});
  }
  double top = 0;
  for (int64 n = 0; n < count; n++) top = std::max<double>(top, left[n * (count + 1)]);
  const double least = std::max(from.negligible * top, from.floor);
  std::vector<std::vector<double>> columns;
  int64 found = 0;
  for (int64 n = 0; n < count && found < from.most; n++) {
    double now = left[n * (count + 1)];
    for (const std::vector<double> &column : columns) now -= column[n] * column[n];
    if (!(now > least) || from.chances[n] * left[n * (count + 1)] > now) continue;
    std::vector<double> next(left + n * count, left + (n + 1) * count);
    for (const std::vector<double> &column : columns)
      for (int64 k = 0; k < count; k++) next[k] -= column[n] * column[k];
    const double root = std::sqrt(now);
    for (double &value : next) value /= root;
    columns.push_back(std::move(next));
    accepted[found++] = static_cast<int32_t>(n);
  }
  for (int64 k = 0; k < found; k++)
    for (int64 j = 0; j < found; j++) factor[k * found + j] = j <= k ? columns[j][accepted[k]] : 0;
  return found;
}
template int64 choosePivots(float *, const Tall<float> &, const Candidates &, int32_t *, double *);
template int64 choosePivots(double *, const Tall<double> &, const Candidates &, int32_t *, double *);

template <class T>
double extend(T *out, T *left, const Tall<T> &f, const Pivots &pivots, double *residual) {
  const Kernels<T> &use = kernels<T>();
  const int64 width = pivots.width;
  std::vector<std::vector<T>> atPivots;
  for (const Columns<T> &block : f.blocks)
    atPivots.push_back(transposedStrips(rowsAt(block, pivots.rows, width), width, block.width));
  const std::vector<T> inverse = negativeInverse<T>(pivots.factor, pivots.count, width);
  std::vector<double> squares((f.rows + PIECE - 1) / PIECE * width);
  inPieces(f.rows, PIECE, [&](int64 row, int64 end) {
    T *const own = left + row * width, *const columns = out + row * width;
    for (size_t n = 0; n < f.blocks.size(); n++) {
      const auto &[data, inner] = f.blocks[n];
      use.product({own, width, data + row * inner, inner, atPivots[n].data(), end - row, inner, width});
    }
    std::fill(columns, columns + (end - row) * width, T(0));
    use.product({columns, width, own, width, inverse.data(), end - row, width, width});
    use.measure(columns, end - row, width, residual + row, squares.data() + row / PIECE * width);
  });
  for (int64 n = 0; n < pivots.count; n++) residual[pivots.rows[n]] = 0;
  double largest = 0;
  for (int64 k = std::max<int64>(0, pivots.count - LAST_COLUMNS); k < pivots.count; k++) {
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
  const Kernels<T> &use = kernels<T>();
  const int64 width = widthOf(f);
  sumByParts(out, f.rows, width * width, [&](double *part, int64 row, int64 count) {
    use.gram({part, width, packedRows(use, f, row, count), count, width});
  });
}
template void gram(double *, const Tall<float> &);
template void gram(double *, const Tall<double> &);

template <class T>
void project(double *out, const Tall<T> &f, const T *x, int64 columns) {
  const std::vector<double> found = projected(f, x, columns);
  std::copy(found.begin(), found.end(), out);
}
template void project(double *, const Tall<float> &, const float *, int64);
template void project(double *, const Tall<double> &, const double *, int64);

template <class T>
void subtractTall(T *out, const Tall<T> &f, const double *x, int64 columns) {
  const Coefficients<T> coefficients(f, x, columns);
  inPieces(f.rows, PIECE, [&](int64 row, int64 end) { coefficients.subtract(out, row, end); });
}
template void subtractTall(float *, const Tall<float> &, const double *, int64);
template void subtractTall(double *, const Tall<double> &, const double *, int64);

template <class T>
void lowRankSolve(T *out, const T *x, const Tall<T> &f, const double *factor, double alpha, int64 columns) {
  std::vector<double> inner = projected(f, x, columns);
  choleskySolve(factor, inner.data(), widthOf(f), columns);
  const Coefficients<T> coefficients(f, inner.data(), columns);
  const T inverse = static_cast<T>(1 / alpha);
  inPieces(f.rows, PIECE, [&](int64 row, int64 end) {
    std::copy(x + row * columns, x + end * columns, out + row * columns);
    coefficients.subtract(out, row, end);
    for (int64 n = row * columns; n < end * columns; n++) out[n] *= inverse;
  });
}
template void lowRankSolve(float *, const float *, const Tall<float> &, const double *, double, int64);
template void lowRankSolve(double *, const double *, const Tall<double> &, const double *, double, int64);
