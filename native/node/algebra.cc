// Dense algebra: the functions of linalg/linalg.h. Every length, index and overlap is checked before anything runs.
#include <functional>
#include <stdexcept>
#include <type_traits>

#include "linalg/fourier.h"
#include "linalg/linalg.h"
#include "linalg/session.h"
#include "linalg/spread.h"
#include "node/values.h"
#include "node/work.h"

namespace {

using Info = const Arguments &;


template <class T>
struct Matrix {
  T *data;
  int64 length;
};

template <class T>
Matrix<T> matrixOf(const Napi::Value &value, const std::string &name) {
  constexpr auto TYPE = std::is_same_v<T, float> ? napi_float32_array : std::is_same_v<T, double> ? napi_float64_array : napi_int32_array;
  constexpr auto NAME = std::is_same_v<T, float> ? "a Float32Array" : std::is_same_v<T, double> ? "a Float64Array" : "an Int32Array";
  const bool fits = value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == TYPE;
  if (!fits) refuseKind(name, NAME);
  auto array = value.As<Napi::TypedArrayOf<T>>();
  return {array.Data(), static_cast<int64>(array.ElementLength())};
}

template <class T>
Matrix<T> matrixAt(Info info, size_t position, const std::string &name, int64 rows, int64 columns) {
  const Matrix<T> found = matrixOf<T>(info[position], name);
  int64 size;
  if (__builtin_mul_overflow(rows, columns, &size) || size != found.length)
    throw std::out_of_range(name + ": expected " + std::to_string(rows) + " * " + std::to_string(columns) + " elements, got " +
                            std::to_string(found.length));
  return found;
}

int64 sizeAt(Info info, size_t position, const char *name) {
  return toInteger(info.Env(), info[position], name);
}

template <class T, class U>
void refuseOverlap(const Matrix<T> &written, const Matrix<U> &read, const char *name) {
  const auto begin = reinterpret_cast<std::uintptr_t>(written.data), end = reinterpret_cast<std::uintptr_t>(written.data + written.length);
  const auto other = reinterpret_cast<std::uintptr_t>(read.data), otherEnd = reinterpret_cast<std::uintptr_t>(read.data + read.length);
  if (begin < otherEnd && other < end) throw std::invalid_argument(std::string("out: expected memory of its own, got memory of ") + name);
}

bool isFloat32(Info info, size_t position) {
  return info[position].IsTypedArray() && info[position].As<Napi::TypedArray>().TypedArrayType() == napi_float32_array;
}

double numberAt(Info info, size_t position, const char *name) {
  if (!info[position].IsNumber()) refuseKind(name, "a number");
  return info[position].As<Napi::Number>().DoubleValue();
}

// F, and its memory as matrices, against which results are held.
template <class T>
struct Factor {
  Tall<T> tall;
  std::vector<Matrix<T>> blocks;
  int64 width = 0;
};

// Blocks of F, each of them [rows, a multiple of 64 bytes].
template <class T>
Factor<T> factorAt(Info info, size_t position, int64 rows) {
  constexpr int64 LANES = 64 / sizeof(T);
  Factor<T> found{{rows, {}}, {}};
  for (const napi_value element : toElements(info.Env(), info[position], "blocks")) {
    const Matrix<T> block = matrixOf<T>(Napi::Value(info.Env(), element), "block");
    const int64 width = rows == 0 ? 0 : block.length / rows;
    if (width * rows != block.length || width % LANES != 0)
      throw std::out_of_range("block: expected " + std::to_string(rows) + " rows of a multiple of " + std::to_string(LANES) + " numbers, got " +
                              std::to_string(block.length) + " elements");
    found.tall.blocks.push_back({block.data, width});
    found.blocks.push_back(block);
    found.width += width;
  }
  return found;
}

template <class T, class U>
void refuseOverlap(const Matrix<T> &written, const Factor<U> &read) {
  for (const Matrix<U> &block : read.blocks) refuseOverlap(written, block, "a block");
}

// Rows of a matrix, each of them below `rows`: a copy, which nobody can change any more.
std::vector<int32> rowsAt(Info info, size_t position, const char *name, int64 rows) {
  const Matrix<int32> found = matrixOf<int32>(info[position], name);
  for (int64 n = 0; n < found.length; n++)
    if (found.data[n] < 0 || found.data[n] >= rows)
      throw std::out_of_range(std::string(name) + ": expected rows below " + std::to_string(rows) + ", got " + std::to_string(found.data[n]));
  return {found.data, found.data + found.length};
}


// With the instruction set of its environment; `multiplications` are about how many that takes.
class DenseWork : public Work {
 public:
  explicit DenseWork(Info arguments) : instructionSet(instructionSetOf(arguments.Env())) {}
  double cost() const override { return multiplications / 16; }
  double run() override {
    const LinalgSession whileRunning(watch, instructionSet);
    const double result = work();
    if (watch.stopped()) throw Interrupted("dense algebra: interrupted");
    return result;
  }

 protected:
  const int instructionSet;
  std::function<double()> work;
  double multiplications = 0;
};

struct Cholesky : DenseWork {
  explicit Cholesky(Info info) : DenseWork(info) {
    const int64 n = sizeAt(info, 1, "n");
    const auto a = matrixAt<double>(info, 0, "a", n, n);
    watch.control = toControl(info.Env(), info[2]);
    work = [=] { return static_cast<double>(cholesky(a.data, n)); };
    multiplications = double(n) * double(n) * double(n) / 6;
  }
};

struct CholeskySolve : DenseWork {
  explicit CholeskySolve(Info info) : DenseWork(info) {
    const int64 n = sizeAt(info, 2, "n"), columns = sizeAt(info, 3, "columns");
    const auto l = matrixAt<double>(info, 0, "l", n, n), x = matrixAt<double>(info, 1, "x", n, columns);
    refuseOverlap(x, l, "l");
    watch.control = toControl(info.Env(), info[4]);
    work = [=] {
      choleskySolve(l.data, x.data, n, columns);
      return 0.0;
    };
    multiplications = double(n) * double(n) * double(columns);
  }
};

// Reading the blocks of F may run a getter, which can take the memory of other arguments away: they are read first.

template <class T>
std::function<double()> choosePivotsOf(Info info, int64 rows) {
  const Factor<T> f = factorAt<T>(info, 1, rows);
  const std::vector<int32> candidates = rowsAt(info, 2, "candidates", rows);
  const auto count = static_cast<int64>(candidates.size());
  const auto left = matrixAt<T>(info, 0, "left", count, count);
  const auto chances = matrixAt<double>(info, 3, "chances", count, 1), factor = matrixAt<double>(info, 5, "factor", count, count);
  const auto accepted = matrixAt<int32>(info, 4, "accepted", count, 1);
  const int64 most = sizeAt(info, 7, "most");
  const double negligible = numberAt(info, 8, "negligible"), floor = numberAt(info, 9, "floor");
  refuseOverlap(left, f);
  refuseOverlap(factor, left, "left");
  refuseOverlap(factor, f);
  return [=] {
    const Candidates from{candidates.data(), chances.data, count, most, negligible, floor};
    return double(choosePivots(left.data, f.tall, from, accepted.data, factor.data));
  };
}

template <class T>
std::function<double()> extendOf(Info info, int64 rows, int64 count) {
  const Factor<T> f = factorAt<T>(info, 2, rows);
  const std::vector<int32> pivots = rowsAt(info, 3, "pivots", rows);
  const auto width = static_cast<int64>(pivots.size());
  const auto out = matrixAt<T>(info, 0, "out", rows, width), left = matrixAt<T>(info, 1, "left", rows, width);
  const auto factor = matrixAt<double>(info, 4, "factor", count, count), residual = matrixAt<double>(info, 5, "residual", rows, 1);
  if (count > width) throw std::out_of_range("count: expected no more than pivots, got " + std::to_string(count));
  refuseOverlap(out, left, "left");
  refuseOverlap(out, f);
  refuseOverlap(left, f);
  for (const auto &written : {out, left}) {
    refuseOverlap(written, factor, "factor");
    refuseOverlap(residual, written, "residual");
  }
  refuseOverlap(residual, factor, "factor");
  refuseOverlap(residual, f);
  return [=] { return extend(out.data, left.data, f.tall, Pivots{pivots.data(), factor.data, count, width}, residual.data); };
}

template <class T>
std::function<double()> gramOf(Info info, int64 rows) {
  const Factor<T> f = factorAt<T>(info, 1, rows);
  const auto out = matrixAt<double>(info, 0, "out", f.width, f.width);
  refuseOverlap(out, f);
  return [=] {
    gram(out.data, f.tall);
    return 0.0;
  };
}

template <class T>
std::function<double()> subtractTallOf(Info info, int64 rows, int64 columns) {
  const Factor<T> f = factorAt<T>(info, 1, rows);
  const auto out = matrixAt<T>(info, 0, "out", rows, columns);
  const auto x = matrixAt<double>(info, 2, "x", f.width, columns);
  refuseOverlap(out, f);
  refuseOverlap(out, x, "x");
  return [=] {
    subtractTall(out.data, f.tall, x.data, columns);
    return 0.0;
  };
}

template <class T>
std::function<double()> lowRankSolveOf(Info info, int64 rows, int64 columns) {
  const Factor<T> f = factorAt<T>(info, 2, rows);
  const auto out = matrixAt<T>(info, 0, "out", rows, columns), x = matrixAt<T>(info, 1, "x", rows, columns);
  const auto factor = matrixAt<double>(info, 3, "factor", f.width, f.width);
  const double alpha = numberAt(info, 4, "alpha");
  refuseOverlap(out, x, "x");
  refuseOverlap(out, f);
  refuseOverlap(out, factor, "factor");
  return [=] {
    lowRankSolve(out.data, x.data, f.tall, factor.data, alpha, columns);
    return 0.0;
  };
}

struct ChoosePivots : DenseWork {
  explicit ChoosePivots(Info info) : DenseWork(info) {
    const int64 rows = sizeAt(info, 6, "rows");
    work = isFloat32(info, 0) ? choosePivotsOf<float>(info, rows) : choosePivotsOf<double>(info, rows);
  }
};

struct Extend : DenseWork {
  explicit Extend(Info info) : DenseWork(info) {
    const int64 rows = sizeAt(info, 6, "rows"), count = sizeAt(info, 7, "count");
    watch.control = toControl(info.Env(), info[8]);
    work = isFloat32(info, 0) ? extendOf<float>(info, rows, count) : extendOf<double>(info, rows, count);
    multiplications = double(rows) * double(count) * double(count);
  }
};

struct GramOf : DenseWork {
  explicit GramOf(Info info) : DenseWork(info) {
    const int64 rows = sizeAt(info, 2, "rows");
    watch.control = toControl(info.Env(), info[4]);
    const bool isFloat = sizeAt(info, 3, "bytes") == 4;
    work = isFloat ? gramOf<float>(info, rows) : gramOf<double>(info, rows);
    multiplications = double(rows) * 1e4;
  }
};

struct SubtractTall : DenseWork {
  explicit SubtractTall(Info info) : DenseWork(info) {
    const int64 rows = sizeAt(info, 3, "rows"), columns = sizeAt(info, 4, "columns");
    work = isFloat32(info, 0) ? subtractTallOf<float>(info, rows, columns) : subtractTallOf<double>(info, rows, columns);
  }
};

struct LowRankSolve : DenseWork {
  explicit LowRankSolve(Info info) : DenseWork(info) {
    const int64 rows = sizeAt(info, 5, "rows"), columns = sizeAt(info, 6, "columns");
    watch.control = toControl(info.Env(), info[7]);
    work = isFloat32(info, 0) ? lowRankSolveOf<float>(info, rows, columns) : lowRankSolveOf<double>(info, rows, columns);
    multiplications = double(rows) * double(columns) * 100;
  }
};

// The lengths of a grid's axes: one to four, transformable, the last one even.
std::vector<int64> gridAt(Info info, size_t position) {
  const Matrix<int32> found = matrixOf<int32>(info[position], "shape");
  const std::vector<int64> shape(found.data, found.data + found.length);
  if (shape.empty() || shape.size() > MOST_AXES) throw std::out_of_range("shape: expected 1 to 4 axes, got " + std::to_string(shape.size()));
  for (const int64 length : shape)
    if (!hasTransform(length)) throw std::out_of_range("shape: expected products of 2, 3, 5 and 7, got " + std::to_string(length));
  if (shape.back() % 2 != 0) throw std::out_of_range("shape: expected an even last axis, got " + std::to_string(shape.back()));
  return shape;
}

template <class T>
RealGrid<T> realGridOf(Info info) {
  const std::vector<int64> shape = gridAt(info, 3);
  int64 lines = 1;
  for (size_t axis = 0; axis + 1 < shape.size(); axis++)
    if (__builtin_mul_overflow(lines, shape[axis], &lines)) throw std::out_of_range("shape: expected fewer elements");
  const auto values = matrixAt<T>(info, 0, "values", lines, shape.back());
  const auto re = matrixAt<T>(info, 1, "re", lines, shape.back() / 2 + 1), im = matrixAt<T>(info, 2, "im", lines, shape.back() / 2 + 1);
  refuseOverlap(values, re, "re");
  refuseOverlap(values, im, "im");
  refuseOverlap(re, im, "im");
  return {values.data, re.data, im.data, shape};
}

template <class T>
std::function<double()> fourierOf(Info info, bool isInverse) {
  const RealGrid<T> grid = realGridOf<T>(info);
  return [=] {
    isInverse ? inverseFourier(grid) : fourier(grid);
    return 0.0;
  };
}

template <bool isInverse>
struct Fourier : DenseWork {
  explicit Fourier(Info info) : DenseWork(info) {
    watch.control = toControl(info.Env(), info[4]);
    work = isFloat32(info, 0) ? fourierOf<float>(info, isInverse) : fourierOf<double>(info, isInverse);
    multiplications = 30.0 * double(info[0].As<Napi::TypedArray>().ElementLength());
  }
};

// out = a b or, `isAdded`, out += a b, of spectra.
template <class T>
std::function<double()> multiplySpectrumOf(Info info) {
  const auto found = [&](size_t position, const char *name, int64 length) { return matrixAt<T>(info, position, name, length, 1); };
  const auto re = matrixOf<T>(info[0], "re");
  const auto im = found(1, "im", re.length), aRe = found(2, "aRe", re.length), aIm = found(3, "aIm", re.length), bRe = found(4, "bRe", re.length);
  const auto bIm = info[5].IsUndefined() ? Matrix<T>{nullptr, 0} : found(5, "bIm", re.length);
  const bool isAdded = info[6].ToBoolean();
  return [=] {
    const Kernels<T> &use = kernels<T>();
    inPieces(re.length, 1 << 16, [&](int64 n, int64 end) {
      use.multiplyComplex({aRe.data + n, aIm.data + n, bRe.data + n, bIm.data ? bIm.data + n : nullptr, re.data + n, im.data + n, end - n, isAdded});
    });
    return 0.0;
  };
}

struct MultiplySpectrum : DenseWork {
  explicit MultiplySpectrum(Info info) : DenseWork(info) {
    watch.control = toControl(info.Env(), info[7]);
    work = isFloat32(info, 0) ? multiplySpectrumOf<float>(info) : multiplySpectrumOf<double>(info);
    multiplications = 4.0 * double(info[0].As<Napi::TypedArray>().ElementLength());
  }
};

int64 widthAt(Info info, size_t position) {
  const int64 width = sizeAt(info, position, "width");
  if (width < 2 || width > MOST_WIDTH) throw std::out_of_range("width: expected 2 to " + std::to_string(MOST_WIDTH) + ", got " + std::to_string(width));
  return width;
}

// Axes that hold a window, and few enough cells for indices.
std::vector<int64> cellsAt(Info info, size_t position, int64 width) {
  const Matrix<int32> found = matrixOf<int32>(info[position], "shape");
  const std::vector<int64> shape(found.data, found.data + found.length);
  if (shape.empty() || shape.size() > MOST_AXES)
    throw std::out_of_range("shape: expected 1 to " + std::to_string(MOST_AXES) + " axes, got " + std::to_string(shape.size()));
  int64 cells = 1;
  for (const int64 length : shape)
    if (length < width || __builtin_mul_overflow(cells, length, &cells) || cells > INT32_MAX)
      throw std::out_of_range("shape: expected axes of at least " + std::to_string(width) + " cells, and fewer than 2^31 cells");
  return shape;
}

// order, cells and fractions from an argument on.
template <class T>
PlacesOf<int32, T> placesAt(Info info, size_t position, int64 axes) {
  const auto order = matrixOf<int32>(info[position], "order");
  if (order.length > INT32_MAX) throw std::out_of_range("order: expected fewer than 2^31 points");
  const auto cells = matrixAt<int32>(info, position + 1, "cells", order.length, axes);
  const auto fractions = matrixAt<T>(info, position + 2, "fractions", order.length, axes);
  refuseOverlap(cells, order, "order");
  refuseOverlap(fractions, order, "order");
  refuseOverlap(fractions, cells, "cells");
  return {order.length, order.data, cells.data, fractions.data};
}

template <class T, class P>
std::function<double()> placeOf(Info info) {
  const int64 width = widthAt(info, 3);
  const std::vector<int64> shape = cellsAt(info, 1, width);
  const auto axes = int64(shape.size());
  const auto corner = matrixAt<double>(info, 2, "corner", 2, axes);
  const GridBox box{shape, {corner.data, corner.data + axes}, {corner.data + axes, corner.data + 2 * axes}};
  const PlacesOf<int32, T> places = placesAt<T>(info, 4, axes);
  const auto points = matrixAt<P>(info, 0, "points", places.count, axes);
  refuseOverlap(matrixOf<int32>(info[4], "order"), points, "points");
  refuseOverlap(matrixOf<int32>(info[5], "cells"), points, "points");
  refuseOverlap(matrixOf<T>(info[6], "fractions"), points, "points");
  return [=] { return double(place(points.data, box, width, places)); };
}

struct PlacePoints : DenseWork {
  explicit PlacePoints(Info info) : DenseWork(info) {
    watch.control = toControl(info.Env(), info[7]);
    const bool isFloat = isFloat32(info, 6);
    if (isFloat32(info, 0)) work = isFloat ? placeOf<float, float>(info) : placeOf<double, float>(info);
    else work = isFloat ? placeOf<float, double>(info) : placeOf<double, double>(info);
    multiplications = 500.0 * double(matrixOf<int32>(info[4], "order").length);
  }
};

// grid, shape, order, cells, fractions, polynomials, width, a matrix, its columns, the column.
template <class T, bool isSpread>
std::function<double()> windowedOf(Info info) {
  const int64 width = widthAt(info, 6);
  const std::vector<int64> shape = cellsAt(info, 1, width);
  int64 cells = 1;
  for (const int64 length : shape) cells *= length;
  const auto grid = matrixAt<T>(info, 0, "grid", cells, 1);
  const PlacesOf<int32, T> all = placesAt<T>(info, 2, int64(shape.size()));
  const Places<T> places{all.count, all.order, all.cells, all.fractions};
  const auto polynomials = matrixOf<T>(info[5], "polynomials");
  if (polynomials.length == 0 || polynomials.length % width != 0)
    throw std::out_of_range("polynomials: expected rows of " + std::to_string(width) + " numbers, got " + std::to_string(polynomials.length));
  const Window<T> window{width, polynomials.length / width - 1, polynomials.data};
  const int64 columns = sizeAt(info, 8, "columns"), column = sizeAt(info, 9, "column");
  if (column >= columns) throw std::out_of_range("column: expected less than " + std::to_string(columns) + ", got " + std::to_string(column));
  const auto matrix = matrixAt<T>(info, 7, isSpread ? "weights" : "out", places.count, columns);
  refuseOverlap(grid, matrix, isSpread ? "weights" : "out");
  for (const auto &written : {grid, matrix}) {
    refuseOverlap(written, matrixOf<int32>(info[2], "order"), "order");
    refuseOverlap(written, matrixOf<int32>(info[3], "cells"), "cells");
    refuseOverlap(written, matrixOf<T>(info[4], "fractions"), "fractions");
    refuseOverlap(written, polynomials, "polynomials");
  }
  return [=] {
    bool isRight;
    if constexpr (isSpread) isRight = spread<T>(grid.data, shape, places, window, {matrix.data, columns, column});
    else isRight = interpolate<T>(grid.data, shape, places, window, {matrix.data, columns, column});
    if (!isRight) throw std::out_of_range("cells: expected places of points on this grid");
    return 0.0;
  };
}

template <bool isSpread>
struct Windowed : DenseWork {
  explicit Windowed(Info info) : DenseWork(info) {
    watch.control = toControl(info.Env(), info[10]);
    work = isFloat32(info, 0) ? windowedOf<float, isSpread>(info) : windowedOf<double, isSpread>(info);
    multiplications = 2000.0 * double(matrixOf<int32>(info[2], "order").length);
  }
};

constexpr FunctionRow ROWS[] = {
    nowAndLater<Cholesky>("cholesky"),
    nowAndLater<CholeskySolve>("choleskySolve"),
    nowOnly<ChoosePivots>("choosePivots"),
    nowAndLater<Extend>("extend"),
    nowAndLater<GramOf>("gram"),
    nowOnly<SubtractTall>("subtractTall"),
    nowAndLater<LowRankSolve>("lowRankSolve"),
    nowAndLater<Fourier<false>>("fourier"),
    nowAndLater<Fourier<true>>("inverseFourier"),
    nowAndLater<MultiplySpectrum>("multiplySpectrum"),
    nowAndLater<PlacePoints>("place"),
    nowAndLater<Windowed<true>>("spread"),
    nowAndLater<Windowed<false>>("interpolate"),
};

}  // namespace

constinit const FunctionTable ALGEBRA_FUNCTIONS = ROWS;
