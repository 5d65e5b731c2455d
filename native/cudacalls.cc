// What JavaScript passes to the GPU side: arrays of the machine as typed arrays, arrays of the device as BigUint64Array [address, length].
// Every address is held against what the device has lent before it is used.
#include "cudacalls.h"

#include <deque>
#include <mutex>

#include "calls.h"
#include "cuda.h"
#include "interrupt.h"
#include "values.h"

using cuda::CudaRoutine;
using cuda::Device;
using cuda::Placed;
using cuda::PlacedOutput;
using std::to_string;

int64 integerAt(Napi::Value value, const char *where) {
  if (!value.IsNumber()) refuseKind(where, "a number");
  return toInteger(value.As<Napi::Number>(), where);
}

static int ordinalAt(Napi::Value value) {
  const int64 number = integerAt(value, "device");
  if (number >= Device::count()) throw std::out_of_range("device: expected one of " + to_string(Device::count()) + ", got " + to_string(number));
  return static_cast<int>(number);
}

Device &deviceAt(Napi::Value value) { return Device::ofNumber(ordinalAt(value)); }

namespace {

using Info = const Napi::CallbackInfo &;

// Routines are never unloaded before their device is closed: a running call in any thread may use one.
struct Library {
  std::mutex guard;
  std::deque<CudaRoutine> routines;
};
Library &library() {
  static Library *const all = new Library;
  return *all;
}

const CudaRoutine &routineAt(Napi::Value value) {
  const int64 number = value.IsNumber() ? toInteger(value.As<Napi::Number>(), "routine") : -1;
  Library &all = library();
  std::lock_guard lock(all.guard);
  if (number < 0 || number >= static_cast<int64>(all.routines.size()))
    throw std::out_of_range("routine: expected one that cudaLoad gave, got something else");
  return all.routines[number];
}

// One, or a list of one for every device.
std::vector<const CudaRoutine *> routinesAt(Napi::Env env, Napi::Value value) {
  if (!value.IsArray()) return {&routineAt(value)};
  std::vector<const CudaRoutine *> routines;
  for (const napi_value element : toElements(env, value, "routines")) routines.push_back(&routineAt(Napi::Value(env, element)));
  if (routines.empty()) throw std::out_of_range("routines: expected at least one, got none");
  return routines;
}

// Arrays -------------------------------------------------------------------------------------------------------------------

Placed residentAt(Napi::TypedArray array, Device &device, int64 bytes, const std::string &where) {
  auto words = array.As<Napi::BigUint64Array>();
  if (words.ElementLength() != 2) refuseKind(where, "address and length");
  const cuda::Address address = words[0];
  const uint64_t length = words[1];
  if (length > uint64_t(1) << 53 || !device.owns(address, static_cast<int64>(length) * bytes))
    throw std::out_of_range(where + ": expected memory that device " + to_string(device.number) + " has lent, got other or freed memory");
  return {reinterpret_cast<void *>(address), static_cast<int64>(length), true};
}

Placed placedAt(Napi::Value value, const CudaRoutine &routine, const std::string &where) {
  const int64 bytes = routine.shape.entry(TABLE_REAL_BYTES);
  if (!value.IsTypedArray()) refuseKind(where, "a typed array, or address and length");
  auto array = value.As<Napi::TypedArray>();
  if (array.TypedArrayType() == napi_biguint64_array) return residentAt(array, routine.device, bytes, where);
  if (array.TypedArrayType() != (bytes == 8 ? napi_float64_array : napi_float32_array))
    refuseKind(where, bytes == 8 ? "a Float64Array" : "a Float32Array");
  return {static_cast<char *>(array.ArrayBuffer().Data()) + array.ByteOffset(), static_cast<int64>(array.ElementLength()), false};
}

std::vector<Placed> inputsAt(Napi::Env env, Napi::Value value, const CudaRoutine &routine) {
  std::vector<Placed> inputs;
  for (const napi_value element : toElements(env, value, "args"))
    inputs.push_back(placedAt(Napi::Value(env, element), routine, "argument " + to_string(inputs.size())));
  return inputs;
}

PlacedOutput outputAt(Napi::Value numbers, Napi::Value indices, const CudaRoutine &routine) {
  PlacedOutput out{placedAt(numbers, routine, "out")};
  if (indices.IsUndefined()) return out;
  if (!indices.IsTypedArray() || indices.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array) refuseKind("indices", "an Int32Array");
  auto array = indices.As<Napi::Int32Array>();
  out.indices = array.Data();
  out.indexCount = static_cast<int64>(array.ElementLength());
  return out;
}

// The checks are those of the processor, which look at addresses and lengths alone.
template <class Cut>
void check(const CudaRoutine &routine, const Cut &cut, const std::vector<Placed> &inputs, const PlacedOutput &out) {
  std::vector<Input> arguments;
  for (const Placed &input : inputs) arguments.push_back({input.data, input.length});
  ::check(routine.shape, cut, arguments, Output{out.numbers.data, out.numbers.length, out.indices, out.indexCount});
}

// Calls --------------------------------------------------------------------------------------------------------------------

struct CudaReduce : Work {
  const std::vector<const CudaRoutine *> routines;
  const CudaRoutine &routine;
  const Plan plan;
  const std::vector<Placed> inputs;
  const PlacedOutput out;

  explicit CudaReduce(const Arguments &arguments)
      : routines(routinesAt(arguments.Env(), arguments[0])), routine(*routines.front()), plan(toPlan(arguments.Env(), arguments[4], arguments[5], routine.shape)),
        inputs(inputsAt(arguments.Env(), arguments[1], routine)), out(outputAt(arguments[2], arguments[3], routine)) {
    watch.control = toControl(arguments.Env(), arguments[6]);
    check(routine, plan, inputs, out);
    if (routines.size() > 1) checkShared();
  }
  double cost() const override { return double(plan.rows) * double(plan.columns) * double(plan.entries()) / 64; }
  double run() override {
    if (routines.size() > 1) cuda::reduceOnAll(routines, plan, inputs, out, watch);
    else cuda::reduce(routine, plan, inputs, out, watch);
    return 0;
  }

 private:
  void checkShared() const {
    bool isResident = out.numbers.isResident;
    for (const Placed &input : inputs) isResident |= input.isResident;
    for (const CudaRoutine *other : routines)
      if (other->shape.table != routine.shape.table) throw std::out_of_range("routines: expected those of one source, got others");
    if (isResident || plan.ranges || !plan.batch.empty())
      throw std::out_of_range("routines: expected one for arrays of a device, ranges or batches, got several");
  }
};

struct CudaBlock : Work {
  const CudaRoutine &routine;
  const std::vector<Placed> inputs;
  const PlacedOutput out;
  const Rectangle part;

  explicit CudaBlock(const Arguments &arguments)
      : routine(routineAt(arguments[0])), inputs(inputsAt(arguments.Env(), arguments[1], routine)),
        out(outputAt(arguments[2], arguments.Env().Undefined(), routine)), part(toRectangle(arguments.Env(), arguments[3])) {
    check(routine, part, inputs, out);
  }
  double cost() const override { return 0; }
  double run() override {
    cuda::block(routine, part, inputs, out, watch);
    return 0;
  }
};

// Devices and routines -----------------------------------------------------------------------------------------------------

Napi::Value whyNot(Info info) {
  return cuda::driver() ? info.Env().Null() : Napi::String::New(info.Env(), cuda::whyNoDriver()).As<Napi::Value>();
}

Napi::Value count(Info info) { return Napi::Number::New(info.Env(), Device::count()); }

Napi::Value describeDevice(Info info) {
  const cuda::DeviceProperties device(ordinalAt(info[0]));
  auto result = Napi::Object::New(info.Env());
  result.Set("name", device.name);
  result.Set("capability", device.capability);
  result.Set("multiprocessors", device.multiprocessors);
  result.Set("kilohertz", device.kilohertz);
  result.Set("memory", static_cast<double>(device.memory));
  return result;
}

Napi::Value state(Info info) {
  Device &device = deviceAt(info[0]);
  const Device::Use use(device);
  const Device::State bytes = device.state();
  auto result = Napi::Object::New(info.Env());
  result.Set("free", static_cast<double>(bytes.free));
  result.Set("lent", static_cast<double>(bytes.lent));
  result.Set("kept", static_cast<double>(bytes.kept));
  return result;
}

std::vector<std::string> stringsAt(Napi::Env env, Napi::Value value, const char *where) {
  std::vector<std::string> strings;
  for (const napi_value element : toElements(env, value, where)) {
    const Napi::Value string(env, element);
    if (!string.IsString()) refuseKind(where, "strings");
    strings.push_back(string.As<Napi::String>());
  }
  return strings;
}

Napi::Value openCompiler(Info info) {
  const cuda::Compiler &compiler = cuda::openCompiler(stringsAt(info.Env(), info[0], "paths"));
  auto result = Napi::Object::New(info.Env());
  auto architectures = Napi::Array::New(info.Env(), compiler.architectures.size());
  for (uint32_t k = 0; k < compiler.architectures.size(); k++) architectures[k] = compiler.architectures[k];
  result.Set("version", compiler.version);
  result.Set("architectures", architectures);
  result.Set("why", compiler.why);
  return result;
}

Napi::Value compile(Info info) {
  if (!info[0].IsString()) refuseKind("source", "a string");
  const std::string image = cuda::compile(info[0].As<Napi::String>(), stringsAt(info.Env(), info[1], "options"), info[2].ToBoolean());
  return Napi::Buffer<char>::Copy(info.Env(), image.data(), image.size());
}

std::vector<int64> tableAt(Napi::Env env, Napi::Value value) {
  std::vector<int64> table = toIntegers(env, value, "table");
  const auto size = static_cast<int64>(table.size());
  if (size < TABLE_SIZE || size != TABLE_SIZE + 2 * table[TABLE_VARIABLES] || (table[TABLE_REAL_BYTES] != 4 && table[TABLE_REAL_BYTES] != 8))
    throw std::out_of_range("table: expected that of a routine, got something else");
  return table;
}

Napi::Value load(Info info) {
  Device &device = deviceAt(info[0]);
  if (!info[1].IsBuffer()) refuseKind("image", "a Buffer");
  const auto bytes = info[1].As<Napi::Buffer<char>>();
  const std::string image(bytes.Data(), bytes.Length());  // PTX ends with a zero
  CudaRoutine routine = cuda::loadRoutine(device, image.c_str(), tableAt(info.Env(), info[2]), static_cast<int>(integerAt(info[3], "threads")));
  Library &all = library();
  std::lock_guard lock(all.guard);
  all.routines.push_back(std::move(routine));
  return Napi::Number::New(info.Env(), static_cast<double>(all.routines.size() - 1));
}

// Memory -------------------------------------------------------------------------------------------------------------------

Napi::Value allocate(Info info) {
  Device &device = deviceAt(info[0]);
  const Device::Use use(device);
  return Napi::BigInt::New(info.Env(), static_cast<uint64_t>(device.allocate(integerAt(info[1], "bytes"))));
}

cuda::Address addressAt(Napi::Value value) {
  if (!value.IsBigInt()) refuseKind("address", "a bigint");
  bool lossless = false;
  return value.As<Napi::BigInt>().Uint64Value(&lossless);
}

Napi::Value release(Info info) {
  deviceAt(info[0]).release(addressAt(info[1]));
  return info.Env().Undefined();
}

struct Bytes {
  void *data;
  int64 count;
};

Bytes bytesAt(Napi::Value value) {
  if (!value.IsTypedArray()) refuseKind("data", "a typed array");
  auto array = value.As<Napi::TypedArray>();
  return {static_cast<char *>(array.ArrayBuffer().Data()) + array.ByteOffset(), static_cast<int64>(array.ByteLength())};
}

cuda::Address ownedAt(Device &device, Napi::Value value, int64 bytes) {
  const cuda::Address address = addressAt(value);
  if (!device.owns(address, bytes)) throw std::out_of_range("address: expected memory that the device has lent, got other or freed memory");
  return address;
}

Napi::Value write(Info info) {
  Device &device = deviceAt(info[0]);
  const Bytes from = bytesAt(info[2]);
  const cuda::Address to = ownedAt(device, info[1], from.count);
  const Device::Use use(device);
  device.staging().upload(to, from.data, from.count);
  return info.Env().Undefined();
}

// Waits for all that the device was asked before.
struct CudaRead : Work {
  Device &device;
  const Bytes to;
  const cuda::Address from;

  explicit CudaRead(const Arguments &arguments)
      : device(deviceAt(arguments[0])), to(bytesAt(arguments[2])), from(ownedAt(device, arguments[1], to.count)) {}
  double cost() const override { return 0; }
  double run() override {
    const Device::Use use(device);
    device.staging().download(to.data, from, to.count);
    return 0;
  }
};

Napi::Value copy(Info info) {
  Device &device = deviceAt(info[0]);
  const int64 bytes = integerAt(info[3], "bytes");
  const cuda::Address to = ownedAt(device, info[1], bytes), from = ownedAt(device, info[2], bytes);
  const Device::Use use(device);
  device.copy(to, from, bytes);
  return info.Env().Undefined();
}

Napi::Value synchronize(Info info) {
  Device &device = deviceAt(info[0]);
  const Device::Use use(device);
  device.synchronize();
  return info.Env().Undefined();
}

template <Napi::Value (*body)(Info)>
void add(Napi::Object exports, const char *name) {
  exports.Set(name, Napi::Function::New<guarded<body>>(exports.Env(), name));
}

}  // namespace

void addCuda(Napi::Env env, Napi::Object exports) {
  // Devices belong to the process. What runs in the background adds its hook later, and hooks run in reverse order.
  if (onMainThread()) napi_add_env_cleanup_hook(env, [](void *) { Device::closeAll(); }, nullptr);
  add<whyNot>(exports, "cudaWhyNot");
  add<count>(exports, "cudaCount");
  add<describeDevice>(exports, "cudaDescribe");
  add<state>(exports, "cudaState");
  add<openCompiler>(exports, "cudaOpenCompiler");
  add<compile>(exports, "cudaCompile");
  add<load>(exports, "cudaLoad");
  add<now<CudaReduce>>(exports, "cudaReduce");
  add<later<CudaReduce>>(exports, "cudaReduceAsync");
  add<now<CudaBlock>>(exports, "cudaBlock");
  add<allocate>(exports, "cudaAllocate");
  add<release>(exports, "cudaRelease");
  add<write>(exports, "cudaWrite");
  add<now<CudaRead>>(exports, "cudaRead");
  add<later<CudaRead>>(exports, "cudaReadAsync");
  add<copy>(exports, "cudaCopy");
  add<synchronize>(exports, "cudaSynchronize");
  addCudaVectors(env, exports);
}
