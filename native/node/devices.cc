// Devices, their memory, the compiler, and operations on vectors of solvers. Every address is held against what the
// device has lent before it is used.
#include "node/devices.h"

#include <stdexcept>

#include "cuda/cuda.h"
#include "node/values.h"
#include "node/work.h"

using cuda::Device;
using std::to_string;

static int ordinalAt(Napi::Value value) {
  const int64 number = toInteger(value.Env(), value, "device");
  if (number >= Device::count()) throw std::out_of_range("device: expected one of " + to_string(Device::count()) + ", got " + to_string(number));
  return static_cast<int>(number);
}

Device &deviceAt(Napi::Value value) { return Device::ofNumber(ordinalAt(value)); }

std::string imageAt(Napi::Value value) {
  if (!value.IsBuffer()) refuseKind("image", "a Buffer");
  const auto bytes = value.As<Napi::Buffer<char>>();
  return {bytes.Data(), bytes.Length()};
}

namespace {

using Info = const Napi::CallbackInfo &;


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


Napi::Value allocate(Info info) {
  Device &device = deviceAt(info[0]);
  const Device::Use use(device);
  return Napi::BigInt::New(info.Env(), static_cast<uint64_t>(device.allocate(toInteger(info.Env(), info[1], "bytes"))));
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
  const int64 bytes = toInteger(info.Env(), info[3], "bytes");
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


using cuda::VectorRoutines;

Loaded<VectorRoutines> &vectorLibrary() {
  static auto *const all = new Loaded<VectorRoutines>;
  return *all;
}
const VectorRoutines &routinesAt(Napi::Value value) { return vectorLibrary().at(value, "vectors", "loadVectors"); }

std::vector<cuda::Address> addressesAt(Napi::Value value) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_biguint64_array)
    refuseKind("operands", "a BigUint64Array");
  const auto words = value.As<Napi::BigUint64Array>();
  return {words.Data(), words.Data() + words.ElementLength()};
}

// On a device, of an image, for the bytes of a number.
Napi::Value loadVectors(Info info) {
  cuda::Device &device = deviceAt(info[0]);
  const int64 realBytes = toInteger(info.Env(), info[2], "bytes");
  if (realBytes != 4 && realBytes != 8) throw std::out_of_range("bytes: expected 4 or 8, got " + std::to_string(realBytes));
  return vectorLibrary().add(info.Env(), cuda::loadVectors(device, imageAt(info[1]).c_str(), realBytes));
}

// Routines, operation, [rows, columns, rank, parts], number, operands.
Napi::Value runVectors(Info info) {
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
  const int64 columns = toInteger(info.Env(), info[1], "columns");
  const std::vector<cuda::Address> words = addressesAt(info[2]);
  if (words.size() % 6 != 0) throw std::out_of_range("steps: expected six words for each");
  std::vector<ScalarStep> steps;
  for (std::size_t n = 0; n < words.size(); n += 6) {
    if (words[n] > cuda::Address(STEP_ZERO)) throw std::out_of_range("steps: expected an operation of 0, 1 or 2");
    steps.push_back({static_cast<int64>(words[n]), {words[n + 1], words[n + 2], words[n + 3], words[n + 4]}, words[n + 5]});
  }
  cuda::runSteps(routines, columns, steps);
  return info.Env().Undefined();
}

constexpr FunctionRow ROWS[] = {
    brief<whyNot>("whyNot"),
    brief<count>("count"),
    brief<describeDevice>("describe"),
    brief<state>("state"),
    brief<openCompiler>("openCompiler"),
    brief<compile>("compile"),
    brief<allocate>("allocate"),
    brief<release>("release"),
    brief<write>("write"),
    nowAndLater<CudaRead>("read"),
    brief<copy>("copy"),
    brief<synchronize>("synchronize"),
    brief<loadVectors>("loadVectors"),
    brief<runVectors>("runVectors"),
    brief<runSteps>("runSteps"),
};

}  // namespace

constinit const FunctionTable DEVICE_FUNCTIONS = ROWS;

void closeDevices() { Device::closeAll(); }
