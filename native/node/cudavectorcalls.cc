// What JavaScript sees of cudavectors.h. Addresses come as a BigUint64Array; cudavectors.cc holds each of them against what was lent.
#include "node/calls.h"

#include <stdexcept>
#include "node/cudacalls.h"
#include "cuda/cudavectors.h"
#include "node/values.h"

namespace {

using Info = const Napi::CallbackInfo &;
using cuda::VectorRoutines;

Loaded<VectorRoutines> &library() {
  static auto *const all = new Loaded<VectorRoutines>;
  return *all;
}
const VectorRoutines &routinesAt(Napi::Value value) { return library().at(value, "vectors", "cudaLoadVectors"); }

std::vector<cuda::Address> addressesAt(Napi::Value value) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_biguint64_array)
    refuseKind("operands", "a BigUint64Array");
  const auto words = value.As<Napi::BigUint64Array>();
  return {words.Data(), words.Data() + words.ElementLength()};
}

// Of a device, for an image and the bytes of a number.
Napi::Value load(Info info) {
  cuda::Device &device = deviceAt(info[0]);
  const int64 realBytes = integerAt(info[2], "bytes");
  if (realBytes != 4 && realBytes != 8) throw std::out_of_range("bytes: expected 4 or 8, got " + std::to_string(realBytes));
  return library().add(info.Env(), cuda::loadVectors(device, imageAt(info[1]).c_str(), realBytes));
}

// Routines, operation, [rows, columns, rank, parts], number, operands.
Napi::Value run(Info info) {
  const VectorRoutines &routines = routinesAt(info[0]);
  if (!info[1].IsString()) refuseKind("operation", "a string");
  const std::vector<int64> sizes = toIntegers(info.Env(), info[2], "sizes");
  if (sizes.size() != 4) throw std::out_of_range("sizes: expected rows, columns, rank and parts");
  if (!info[3].IsNumber()) refuseKind("number", "a number");
  cuda::runVectors(routines, info[1].As<Napi::String>(), {sizes[0], sizes[1], sizes[2], sizes[3]}, info[3].As<Napi::Number>().DoubleValue(),
                   addressesAt(info[4]));
  return info.Env().Undefined();
}

// Routines, columns, steps [n][6]: operation, a, b, above, otherwise, out.
Napi::Value runSteps(Info info) {
  const VectorRoutines &routines = routinesAt(info[0]);
  const int64 columns = integerAt(info[1], "columns");
  const std::vector<cuda::Address> words = addressesAt(info[2]);
  if (words.size() % 6 != 0) throw std::out_of_range("steps: expected six words for each");
  std::vector<cuda::ScalarStep> steps;
  for (std::size_t n = 0; n < words.size(); n += 6) {
    if (words[n] > 2) throw std::out_of_range("steps: expected an operation of 0, 1 or 2");
    steps.push_back({static_cast<int64>(words[n]), {words[n + 1], words[n + 2], words[n + 3], words[n + 4], words[n + 5]}});
  }
  cuda::runSteps(routines, columns, steps);
  return info.Env().Undefined();
}

}  // namespace

void addCudaVectors(Napi::Env env, Napi::Object exports) {
  add<load>(exports, "cudaVectors");
  add<run>(exports, "cudaVectorsRun");
  add<runSteps>(exports, "cudaScalarSteps");
}
