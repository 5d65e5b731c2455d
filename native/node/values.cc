#include "node/values.h"

#include <napi.h>

#include <stdexcept>

namespace {

using std::to_string;

constexpr double LARGEST = 9007199254740992.0;  // 2^53
constexpr uint32_t MOST_ELEMENTS = 10000;

struct TypedArray {
  napi_typedarray_type type;
  size_t length;
  void *data;
  napi_value buffer;
};

TypedArray toTypedArray(napi_env env, napi_value value, const std::string &where) {
  bool isTyped = false;
  napi_is_typedarray(env, value, &isTyped);
  if (!isTyped) refuseKind(where, "a typed array");
  TypedArray array{};
  napi_get_typedarray_info(env, value, &array.type, &array.length, &array.data, &array.buffer, nullptr);
  return array;
}

bool isUndefined(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  return type == napi_undefined;
}

template <typename View>
View toReals(napi_env env, napi_value value, const Routine &routine, const std::string &where) {
  const bool isDouble = routine.entry(TABLE_REAL_BYTES) == 8;
  const TypedArray array = toTypedArray(env, value, where);
  if (array.type != (isDouble ? napi_float64_array : napi_float32_array))
    refuseKind(where, isDouble ? "a Float64Array" : "a Float32Array");
  return View{array.data, static_cast<int64>(array.length)};
}

std::vector<int64> toSizes(napi_env env, napi_value value) {
  std::vector<int64> sizes = toIntegers(env, value, "sizes");
  if (sizes.size() != 6) refuseKind("sizes", "6 numbers");
  return sizes;
}

}  // namespace

void refuseKind(const std::string &where, const std::string &expected) {
  throw std::invalid_argument(where + ": expected " + expected + ", got something else");
}

int64 toInteger(double number, const char *where) {
  if (number >= 0 && number <= LARGEST) {
    const auto result = static_cast<int64>(number);
    if (static_cast<double>(result) == number) return result;
  }
  throw std::out_of_range(std::string(where) + ": expected an integer from 0 to 2^53, got " + to_string(number));
}

int64 toInteger(napi_env env, napi_value value, const char *where) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok) refuseKind(where, "a number");
  return toInteger(number, where);
}

std::vector<int64> toIntegers(napi_env env, napi_value value, const char *where) {
  if (isUndefined(env, value)) return {};
  const TypedArray array = toTypedArray(env, value, where);
  const auto *doubles = array.type == napi_float64_array ? static_cast<const double *>(array.data) : nullptr;
  const auto *ints = array.type == napi_int32_array ? static_cast<const int32 *>(array.data) : nullptr;
  if (!doubles && !ints && array.length > 0) refuseKind(where, "an Int32Array or a Float64Array");
  std::vector<int64> result(array.length);
  for (size_t k = 0; k < array.length; k++) result[k] = toInteger(doubles ? doubles[k] : ints[k], where);
  return result;
}

std::vector<double> toNumbers(napi_env env, napi_value value, const char *where) {
  const TypedArray array = toTypedArray(env, value, where);
  if (array.type != napi_float64_array) refuseKind(where, "a Float64Array");
  const auto *numbers = static_cast<const double *>(array.data);
  return {numbers, numbers + array.length};
}

std::vector<napi_value> toElements(napi_env env, napi_value value, const char *where) {
  bool isArray = false;
  napi_is_array(env, value, &isArray);
  if (!isArray) refuseKind(where, "an array");
  uint32_t length = 0;
  napi_get_array_length(env, value, &length);
  if (length > MOST_ELEMENTS) refuseKind(where, "at most " + to_string(MOST_ELEMENTS) + " elements");
  std::vector<napi_value> elements(length);
  for (uint32_t k = 0; k < length; k++)
    if (napi_get_element(env, value, k, &elements[k]) != napi_ok) throw Napi::Error::New(env);  // a getter's own
  return elements;
}

std::vector<Input> toInputs(napi_env env, napi_value value, const Routine &routine) {
  std::vector<Input> inputs;
  for (const napi_value element : toElements(env, value, "args"))
    inputs.push_back(toReals<Input>(env, element, routine, "argument " + to_string(inputs.size())));
  return inputs;
}

Output toOutput(napi_env env, napi_value value, const Routine &routine) {
  return toReals<Output>(env, value, routine, "out");
}

Output toOutput(napi_env env, napi_value value, napi_value indices, const Routine &routine) {
  Output out = toOutput(env, value, routine);
  if (isUndefined(env, indices)) return out;
  const TypedArray array = toTypedArray(env, indices, "indices");
  if (array.type != napi_int32_array) refuseKind("indices", "an Int32Array");
  out.indices = static_cast<int32 *>(array.data);
  out.indexCount = static_cast<int64>(array.length);
  return out;
}

namespace {

std::vector<Axis> toBatch(napi_env env, napi_value value, const Routine &routine) {
  const std::vector<int64> numbers = toIntegers(env, value, "batch");
  const int64 width = 1 + routine.variables() + 1, count = static_cast<int64>(numbers.size());
  if (count % width != 0) refuseKind("batch", to_string(width) + " numbers for every dimension");
  std::vector<Axis> batch;
  for (auto axis = numbers.begin(); axis != numbers.end(); axis += width) batch.push_back({*axis, {axis + 1, axis + width}});
  return batch;
}

}  // namespace

Plan toPlan(napi_env env, napi_value sizes, napi_value tables, const Routine &routine) {
  const std::vector<int64> s = toSizes(env, sizes);
  Plan plan{s[0], s[1], s[2], s[3], s[4], {}, {}};
  if (isUndefined(env, tables)) return plan;
  const std::vector<napi_value> t = toElements(env, tables, "tables");
  if (t.size() != 1 && t.size() != 4) refuseKind("tables", "a batch, or a batch and ranges");
  plan.batch = toBatch(env, t[0], routine);
  if (t.size() == 4)
    plan.ranges = Ranges{toIntegers(env, t[1], "ranges.rows"), toIntegers(env, t[2], "ranges.slices"),
                         toIntegers(env, t[3], "ranges.columns")};
  return plan;
}

Rectangle toRectangle(napi_env env, napi_value sizes) {
  const std::vector<int64> s = toSizes(env, sizes);
  return {s[0], s[1], s[2], s[3], s[4], s[5]};
}

Memory toMemory(napi_env env, napi_value value, const char *where) {
  const TypedArray array = toTypedArray(env, value, where);
  const auto length = static_cast<int64>(array.length);
  switch (array.type) {
    case napi_uint8_array: return {array.data, length, 1};
    case napi_int32_array:
    case napi_float32_array: return {array.data, length, 4};
    case napi_float64_array: return {array.data, length, 8};
    default: refuseKind(where, "elements of 1, 4 or 8 bytes");
  }
}

int32 *toControl(napi_env env, napi_value value) {
  if (isUndefined(env, value)) return nullptr;
  const TypedArray array = toTypedArray(env, value, "control");
  bool isUnshared = true;
  napi_is_arraybuffer(env, array.buffer, &isUnshared);
  if (array.type != napi_int32_array || array.length < 3 || isUnshared)
    refuseKind("control", "an Int32Array of 4 elements over a SharedArrayBuffer");
  return static_cast<int32 *>(array.data);
}

napi_value namesByNumber(napi_env env, std::initializer_list<std::pair<int, const char *>> named) {
  napi_value names = nullptr, name = nullptr;
  napi_create_array(env, &names);
  for (const auto &[number, text] : named) {
    napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &name);
    napi_set_element(env, names, static_cast<uint32_t>(number), name);
  }
  return names;
}

napi_value variableKinds(napi_env env) {
  return namesByNumber(env, {{KIND_ROW, "row"}, {KIND_COLUMN, "column"}, {KIND_PARAMETER, "parameter"}});
}
