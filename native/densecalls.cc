// What JavaScript sees of dense.h: functions that check every length and overlap, then run. With addon.cc the only file that
// includes napi.h.
#include "densecalls.h"

#include "dense.h"
#include "values.h"

namespace {

using Info = const Napi::CallbackInfo &;
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
void subtractProductOf(Info info) {
  const int64 rows = sizeAt(info, 3, "rows"), inner = sizeAt(info, 4, "inner"), columns = sizeAt(info, 5, "columns");
  const auto out = matrixAt<T>(info, 0, "out", rows, columns);
  const auto a = matrixAt<T>(info, 1, "a", rows, inner), b = matrixAt<T>(info, 2, "b", inner, columns);
  refuseOverlap(out, a, "a");
  refuseOverlap(out, b, "b");
  subtractProduct(out.data, a.data, b.data, rows, inner, columns);
}

template <class T>
void addGramOf(Info info) {
  const int64 rows = sizeAt(info, 3, "rows"), p = sizeAt(info, 4, "aColumns"), q = sizeAt(info, 5, "bColumns");
  const auto out = matrixAt<double>(info, 0, "out", p, q);
  const auto a = matrixAt<T>(info, 1, "a", rows, p), b = matrixAt<T>(info, 2, "b", rows, q);
  refuseOverlap(out, a, "a");
  refuseOverlap(out, b, "b");
  addGram(out.data, a.data, b.data, rows, p, q);
}

}  // namespace

Napi::Value denseSubtractProduct(Info info) {
  isFloat32(info, 0) ? subtractProductOf<float>(info) : subtractProductOf<double>(info);
  return info.Env().Undefined();
}

Napi::Value denseAddGram(Info info) {
  isFloat32(info, 1) ? addGramOf<float>(info) : addGramOf<double>(info);
  return info.Env().Undefined();
}

Napi::Value denseCholesky(Info info) {
  const int64 n = sizeAt(info, 1, "n");
  return Napi::Number::New(info.Env(), static_cast<double>(cholesky(matrixAt<double>(info, 0, "a", n, n).data, n)));
}

Napi::Value denseCholeskySolve(Info info) {
  const int64 n = sizeAt(info, 2, "n"), columns = sizeAt(info, 3, "columns");
  const auto l = matrixAt<double>(info, 0, "l", n, n), x = matrixAt<double>(info, 1, "x", n, columns);
  refuseOverlap(x, l, "l");
  choleskySolve(l.data, x.data, n, columns);
  return info.Env().Undefined();
}
