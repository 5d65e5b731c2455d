// The addon's entry: what it says of itself, its settings, and the tables of its functions. State is per environment
// of JavaScript; routines and threads belong to the process. Calls come flat: sizes in one Float64Array, optional
// tables in one array (values.h, src/device/addon.ts).
#include <napi.h>

#include <stdexcept>

#include "cuda/cuda.h"
#include "linalg/linalg.h"
#include "node/interrupt.h"
#include "node/values.h"
#include "node/work.h"
#include "run/instructionset.h"
#include "run/pool.h"
#include "run/sharedlibrary.h"
#include "run/tileprogram.h"

namespace {

using Info = const Napi::CallbackInfo &;

int threadCount(Info info) {
  const int64 count = info[0].IsNumber() ? toInteger(info[0].As<Napi::Number>(), "setThreads") : 0;
  if (count < 1 || count > 1024) throw std::out_of_range("setThreads: expected an integer from 1 to 1024, got something else");
  return static_cast<int>(count);
}

Napi::Value setThreads(Info info) {
  Pool::ofProcess().setThreads(threadCount(info));
  return info.Env().Undefined();
}

Napi::Value initialThreads(Info info) {
  Pool::ofProcess().initialThreads(threadCount(info));
  return info.Env().Undefined();
}

Napi::Value threads(Info info) { return Napi::Number::New(info.Env(), Pool::ofProcess().threads()); }

std::string lapackChoice(Info info) {
  if (!info[0].IsString()) refuseKind("setLapack", "auto, off or a path");
  return info[0].As<Napi::String>();
}

Napi::Value setLapackChoice(Info info) {
  chooseLapack(lapackChoice(info));
  return info.Env().Undefined();
}

Napi::Value initialLapackChoice(Info info) {
  initialLapack(lapackChoice(info));
  return info.Env().Undefined();
}

Napi::Value lapack(Info info) { return Napi::String::New(info.Env(), lapackName()); }

Napi::Value isa(Info info) { return Napi::String::New(info.Env(), widestInstructionSet()); }

constexpr FunctionRow ROWS[] = {
    brief<isa>("isa"),
    brief<setInstructionSet>("setInstructionSet"),
    brief<threads>("threads"),
    brief<setThreads>("setThreads"),
    brief<initialThreads>("initialThreads"),
    brief<lapack>("lapack"),
    brief<setLapackChoice>("setLapack"),
    brief<initialLapackChoice>("initialLapack"),
    brief<attend>("attend"),
    brief<interrupts>("interrupts"),
};

// What TypeScript must know of C++; it stands there alone.
Napi::Object constantsOf(Napi::Env env) {
  using namespace tiles;
  using enum Weights;
  auto constants = Napi::Object::New(env);
  constants.Set("abi", static_cast<double>(TSKEOPS_ABI));
  constants.Set("leastLapackRows", static_cast<double>(LEAST_LAPACK_ROWS));
  constants.Set("kinds", variableKinds(env));
  constants.Set("regions", namesByNumber(env, {{CALL, "call"}, {LANE, "lane"}, {LOOP, "loop"}, {PAIR, "pair"}}));
  constants.Set("weights", namesByNumber(env, {{int(None), "none"}, {int(Vectors), "vectors"}, {int(Splats), "splats"}}));
  constants.Set("scalarSteps", namesByNumber(env, {{STEP_DIVIDE, "divide"}, {STEP_SELECT, "select"}, {STEP_ZERO, "zero"}}));
  return constants;
}

// Gives the functions, for the library that hands over the classes of its errors.
Napi::Value initialize(Info info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsObject()) refuseKind("initialize", "the classes of errors");
  setErrorClasses(env, info[0].As<Napi::Object>());
  Napi::Object functions = exported(env, {ROWS, ROUTINE_FUNCTIONS, SPAN_FUNCTIONS, CELL_FUNCTIONS});
  functions.Set("constants", constantsOf(env));
  functions.Set("dense", exported(env, {ALGEBRA_FUNCTIONS, LU_FUNCTIONS, GRID_FUNCTIONS}));
  functions.Set("cuda", exported(env, {DEVICE_FUNCTIONS, DEVICE_ROUTINE_FUNCTIONS}));
  functions.Set("ranks", exported(env, {RANK_FUNCTIONS}));
  return functions;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  // Node unloads an addon when a worker ends that alone had loaded it; the pool's threads would then run code that is gone.
  sharedlibrary::keepThatOf(reinterpret_cast<void *>(&initialize));
  openEnvironment(env);
  // What runs in the background adds its hook later, and hooks run in reverse order.
  if (onMainThread()) napi_add_env_cleanup_hook(env, [](void *) { closeDevices(); }, nullptr);
  exports.Set("abi", Napi::Number::New(env, TSKEOPS_ABI));
  addFunction(exports, "initialize", enter<initialize>);
  return exports;
}

}  // namespace

NODE_API_MODULE(tskeops, init)
