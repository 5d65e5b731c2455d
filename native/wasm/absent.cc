// What a WebAssembly module has none of: signals, GPUs. Its one idea: the addon's tables stay as they are, and these answer
// in the place of node/interrupt.cc and node/devices.cc.
#include "node/interrupt.h"
#include "node/work.h"

const std::atomic<std::uint32_t> &interruptCount() {
  static const std::atomic<std::uint32_t> never{0};
  return never;
}

// Nothing must be done for a thread that is told to end: JavaScript's own machine ends it in the middle of the module.
bool onMainThread() { return true; }

InterruptScope::InterruptScope() : isOutermost(false) {}
InterruptScope::~InterruptScope() {}

namespace {

Napi::Value whyNoDevice(const Napi::CallbackInfo &info) {
  return Napi::String::New(info.Env(), "WebAssembly reaches no GPU: the native addon is needed, and is not used here");
}
Napi::Value countDevices(const Napi::CallbackInfo &info) { return Napi::Number::New(info.Env(), 0); }

constexpr FunctionRow ROWS[] = {brief<whyNoDevice>("whyNot"), brief<countDevices>("count")};

}  // namespace

void closeDevices() {}

constinit const FunctionTable DEVICE_FUNCTIONS = ROWS;
constinit const FunctionTable DEVICE_ROUTINE_FUNCTIONS{};
