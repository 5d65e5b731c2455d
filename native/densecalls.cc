// What JavaScript sees of dense.h: work that checks every length and overlap, then runs.
#include "densecalls.h"

#include "dense.h"
#include "values.h"

namespace {

using Info = const Arguments &;
using std::to_string;

template <class T>
struct Matrix {
  T *data;
  int64 length;
};

template <class T>
Matrix<T> matrixAt(Info info, size_t position, const std::string &name, int64 rows, int64 columns) {
  constexpr auto TYPE = sizeof(T) == 4 ? napi_float32_array : napi_float64_array;
  const bool fits = info[position].IsTypedArray() && info[position].As<Napi::TypedArray>().TypedArrayType() == TYPE;
  if (!fits) refuseKind(name, sizeof(T) == 4 ? "a Float32Array" : "a Float64Array");
  auto array = info[position].As<Napi::TypedArrayOf<T>>();
  int64 size;
  if (__builtin_mul_overflow(rows, columns, &size) || size != static_cast<int64>(array.ElementLength()))
    throw std::out_of_range(name + ": expected " + to_string(rows) + " * " + to_string(columns) + " elements, got " +
                            to_string(array.ElementLength()));
  return {array.Data(), size};
}

int64 sizeAt(Info info, size_t position, const char *name) {
  return toInteger(info[position].IsNumber() ? info[position].As<Napi::Number>().DoubleValue() : -1, name);
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

template <class T>
std::function<int64()> subtractProductOf(Info info, int64 rows, int64 inner, int64 columns) {
  const auto out = matrixAt<T>(info, 0, "out", rows, columns);
  const auto a = matrixAt<T>(info, 1, "a", rows, inner), b = matrixAt<T>(info, 2, "b", inner, columns);
  refuseOverlap(out, a, "a");
  refuseOverlap(out, b, "b");
  return [=] {
    subtractProduct(out.data, a.data, b.data, rows, inner, columns);
    return 0;
  };
}

template <class T>
std::function<int64()> addGramOf(Info info, int64 rows, int64 p, int64 q) {
  const auto out = matrixAt<double>(info, 0, "out", p, q);
  const auto a = matrixAt<T>(info, 1, "a", rows, p), b = matrixAt<T>(info, 2, "b", rows, q);
  refuseOverlap(out, a, "a");
  refuseOverlap(out, b, "b");
  return [=] {
    addGram(out.data, a.data, b.data, rows, p, q);
    return 0;
  };
}

}  // namespace

double DenseWork::run() {
  const WatchedDense whileRunning(watch);
  const double result = static_cast<double>(work());
  if (watch.stopped()) throw Interrupted("dense algebra: interrupted");
  return result;
}

SubtractProduct::SubtractProduct(const Arguments &info) {
  const int64 rows = sizeAt(info, 3, "rows"), inner = sizeAt(info, 4, "inner"), columns = sizeAt(info, 5, "columns");
  work = isFloat32(info, 0) ? subtractProductOf<float>(info, rows, inner, columns)
                            : subtractProductOf<double>(info, rows, inner, columns);
  multiplications = double(rows) * double(inner) * double(columns);
}

AddGram::AddGram(const Arguments &info) {
  const int64 rows = sizeAt(info, 3, "rows"), p = sizeAt(info, 4, "aColumns"), q = sizeAt(info, 5, "bColumns");
  work = isFloat32(info, 1) ? addGramOf<float>(info, rows, p, q) : addGramOf<double>(info, rows, p, q);
  multiplications = double(rows) * double(p) * double(q);
}

Cholesky::Cholesky(const Arguments &info) {
  const int64 n = sizeAt(info, 1, "n");
  const auto a = matrixAt<double>(info, 0, "a", n, n);
  watch.control = toControl(info.Env(), info[2]);
  work = [=] { return cholesky(a.data, n); };
  multiplications = double(n) * double(n) * double(n) / 6;
}

CholeskySolve::CholeskySolve(const Arguments &info) {
  const int64 n = sizeAt(info, 2, "n"), columns = sizeAt(info, 3, "columns");
  const auto l = matrixAt<double>(info, 0, "l", n, n), x = matrixAt<double>(info, 1, "x", n, columns);
  refuseOverlap(x, l, "l");
  watch.control = toControl(info.Env(), info[4]);
  work = [=] {
    choleskySolve(l.data, x.data, n, columns);
    return 0;
  };
  multiplications = double(n) * double(n) * double(columns);
}
