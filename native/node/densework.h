// What the addon's functions of dense algebra and of grids have in common: matrices among arguments, checked, and work that
// runs with the instruction set of its environment.
#ifndef TSKEOPS_DENSEWORK_H
#define TSKEOPS_DENSEWORK_H

#include <functional>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "linalg/session.h"
#include "node/values.h"
#include "node/work.h"

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

inline int64 sizeAt(Info info, size_t position, const char *name) {
  return toInteger(info.Env(), info[position], name);
}

template <class T, class U>
void refuseOverlap(const Matrix<T> &written, const Matrix<U> &read, const char *name) {
  const auto begin = reinterpret_cast<std::uintptr_t>(written.data), end = reinterpret_cast<std::uintptr_t>(written.data + written.length);
  const auto other = reinterpret_cast<std::uintptr_t>(read.data), otherEnd = reinterpret_cast<std::uintptr_t>(read.data + read.length);
  if (begin < otherEnd && other < end) throw std::invalid_argument(std::string("out: expected memory of its own, got memory of ") + name);
}

// Rows of a matrix, each of them below `rows`: a copy, which nobody can change any more.
inline std::vector<int32> rowsAt(Info info, size_t position, const char *name, int64 rows) {
  const Matrix<int32> found = matrixOf<int32>(info[position], name);
  for (int64 n = 0; n < found.length; n++)
    if (found.data[n] < 0 || found.data[n] >= rows)
      throw std::out_of_range(std::string(name) + ": expected rows below " + std::to_string(rows) + ", got " + std::to_string(found.data[n]));
  return {found.data, found.data + found.length};
}

inline bool isFloat32(Info info, size_t position) {
  return info[position].IsTypedArray() && info[position].As<Napi::TypedArray>().TypedArrayType() == napi_float32_array;
}

inline double numberAt(Info info, size_t position, const char *name) {
  if (!info[position].IsNumber()) refuseKind(name, "a number");
  return info[position].As<Napi::Number>().DoubleValue();
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

#endif
