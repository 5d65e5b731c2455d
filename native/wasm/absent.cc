// What a WebAssembly module has none of: signals, GPUs, libraries of the system. Its one idea: the addon's tables stay as
// they are, and these answer in the place of posix/, node/devices.cc, node/ranks.cc, node/columnspan.cc, node/lu.cc and linalg/lapack.cc.
#include <stdexcept>

#include "linalg/linalg.h"
#include "node/interrupt.h"
#include "node/work.h"
#include "run/sharedlibrary.h"

const std::atomic<std::uint32_t> &interruptCount() {
  static const std::atomic<std::uint32_t> never{0};
  return never;
}

// Threads other than the main one ask JavaScript for something every few milliseconds while they are busy: whoever answers
// hands on control blocks then (src/device/nodeapi.ts). Signals, of which the main thread hears, are not to be had.
bool onMainThread() { return false; }

InterruptScope::InterruptScope() : isOutermost(false) {}
InterruptScope::~InterruptScope() {}

namespace sharedlibrary {

void *open(const std::string &) { return nullptr; }
void *symbol(void *, const char *) { return nullptr; }
std::string lastError() { return "WebAssembly, which opens no libraries"; }
void close(void *) {}
void keepThatOf(void *) {}

}  // namespace sharedlibrary

std::string chooseLapack(const std::string &choice) {
  if (choice != "auto" && choice != "off") throw std::runtime_error("WebAssembly opens no library");
  return {};
}
void initialLapack(const std::string &choice) { chooseLapack(choice); }
std::string lapackName() { return {}; }
bool choleskyByLapack(double *, std::int64_t, std::int64_t &) { return false; }

namespace {

Napi::Value whyNoDevice(const Napi::CallbackInfo &info) {
  return Napi::String::New(info.Env(), "WebAssembly reaches no GPU: the native addon is needed, and is not used here");
}
Napi::Value countDevices(const Napi::CallbackInfo &info) { return Napi::Number::New(info.Env(), 0); }

Napi::Value startRanks(const Napi::CallbackInfo &) { throw std::runtime_error("WebAssembly opens no library"); }

constexpr FunctionRow RANKS[] = {brief<startRanks>("start")};
constexpr FunctionRow ROWS[] = {brief<whyNoDevice>("whyNot"), brief<countDevices>("count")};

}  // namespace

void closeDevices() {}

constinit const FunctionTable DEVICE_FUNCTIONS = ROWS;
constinit const FunctionTable DEVICE_ROUTINE_FUNCTIONS{};
constinit const FunctionTable RANK_FUNCTIONS = RANKS;
constinit const FunctionTable SPAN_FUNCTIONS{};
constinit const FunctionTable LU_FUNCTIONS{};
