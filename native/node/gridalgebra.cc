// Fourier transforms and windows of points on grids: the functions of linalg/fourier.h and linalg/spread.h. Every length,
// index and overlap is checked before anything runs.
#include "linalg/fourier.h"
#include "linalg/spread.h"
#include "node/densework.h"

namespace {

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
    nowAndLater<Fourier<false>>("fourier"),
    nowAndLater<Fourier<true>>("inverseFourier"),
    nowAndLater<MultiplySpectrum>("multiplySpectrum"),
    nowAndLater<PlacePoints>("place"),
    nowAndLater<Windowed<true>>("spread"),
    nowAndLater<Windowed<false>>("interpolate"),
};

}  // namespace

constinit const FunctionTable GRID_FUNCTIONS = ROWS;
