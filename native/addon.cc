// What JavaScript sees of the addon: takes calls, checks and runs them, makes errors of C++ exceptions.
// With densecalls.cc the only file with napi.h. State is per JavaScript environment; routines and threads belong to the process.
// Calls come flat: sizes in one Float64Array, optional tables in one array (values.h, src/engine/native.ts).
#include <dlfcn.h>
#include <napi.h>

#include <new>
#include <set>

#include "background.h"
#include "cpu.h"
#include "densecalls.h"
#include "interrupt.h"
#include "pool.h"
#include "tiles.h"
#include "values.h"

namespace {

using Info = const Napi::CallbackInfo &;

constexpr double BRIEF_PAIRS = 1 << 16;  // at most some milliseconds: not worth the system calls that Ctrl-C takes

// Errors -------------------------------------------------------------------------------------------------------------------

napi_value text(napi_env env, const char *characters) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, characters, NAPI_AUTO_LENGTH, &value);
  return value;
}

// By the plain C functions: they do not throw where the environment is being torn down.
napi_value errorOf(napi_env env, const std::exception_ptr &failure) {
  napi_value error = nullptr;
  try {
    std::rethrow_exception(failure);
  } catch (const Interrupted &e) {
    napi_create_error(env, text(env, "ERR_KEOPS_INTERRUPTED"), text(env, e.what()), &error);
  } catch (const std::out_of_range &e) {
    napi_create_range_error(env, nullptr, text(env, e.what()), &error);
  } catch (const std::invalid_argument &e) {
    napi_create_type_error(env, nullptr, text(env, e.what()), &error);
  } catch (const std::bad_alloc &) {
    napi_create_error(env, nullptr, text(env, "native run: expected enough memory, got none"), &error);
  } catch (const std::exception &e) {
    napi_create_error(env, nullptr, text(env, e.what()), &error);
  } catch (...) {
    napi_create_error(env, nullptr, text(env, "native run: failed for an unknown reason"), &error);
  }
  return error;
}

template <Napi::Value (*body)(Info)>
Napi::Value guarded(Info info) {
  try {
    return body(info);
  } catch (const Napi::Error &) {
    throw;
  } catch (...) {
    napi_throw(info.Env(), errorOf(info.Env(), std::current_exception()));
    return Napi::Value();
  }
}

// Environment --------------------------------------------------------------------------------------------------------------

struct BackgroundCall;

struct Environment {
  const bool isMain = onMainThread();
  BackgroundThreads threads;
  std::set<BackgroundCall *> calls;  // that `threads` do
  napi_threadsafe_function deliver = nullptr;
};

Environment &environmentOf(Info info) { return *info.Env().GetInstanceData<Environment>(); }

// A number that no routine has stands for everything that is no number.
const Routine &routineOf(Info info) {
  return ::routineOf(info[0].IsNumber() ? toInteger(info[0].As<Napi::Number>(), "routine") : -1);
}

// Synchronous calls --------------------------------------------------------------------------------------------------------

// While a call keeps its thread busy, worker.terminate() and process.exit() can only be seen by asking: they forbid
// JavaScript, and then even looking into an array fails.
void watchEnvironment(Info info, Watch &watch) {
  if (environmentOf(info).isMain) return;
  napi_env env = info.Env();
  napi_value array = info[1];
  watch.poll = [env, array] {
    bool ignored;
    return napi_has_element(env, array, 0, &ignored) != napi_ok;
  };
}

template <typename Run>
void runNow(Info info, double pairs, Watch &watch, Run run) {
  if (pairs < BRIEF_PAIRS) return run();
  watchEnvironment(info, watch);
  watch.alarmBefore = interruptCount();
  watch.alarm = &interruptCount();
  std::optional<InterruptScope> scope;
  if (environmentOf(info).isMain) scope.emplace();
  run();
}

struct Call {
  const Routine &compiled;
  const Plan cut;
  const std::vector<Input> arguments;
  const Output out;
  Watch watch;

  // Pointers are taken last: reading an element of an array may run JavaScript.
  Call(Info info, napi_value args)
      : compiled(routineOf(info)), cut(toPlan(info.Env(), info[4], info[5], compiled)),
        arguments(toInputs(info.Env(), args, compiled)), out(toOutput(info.Env(), info[2], info[3], compiled)) {
    watch.control = toControl(info.Env(), info[6]);
    check(compiled, cut, arguments, out);
  }
  void run() { reduce(compiled, cut, arguments, out, watch); }
};

Napi::Value reduceNow(Info info) {
  Call call(info, info[1]);
  const double pairs = double(call.cut.rows) * double(call.cut.columns) * double(call.cut.entries());
  runNow(info, pairs, call.watch, [&] { call.run(); });
  return info.Env().Undefined();
}

Napi::Value blockNow(Info info) {
  const Routine &compiled = routineOf(info);
  const std::vector<Input> arguments = toInputs(info.Env(), info[1], compiled);
  const Output out = toOutput(info.Env(), info[2], compiled);
  const Rectangle part = toRectangle(info.Env(), info[3]);
  check(compiled, part, arguments, out);
  Watch watch;
  const double pairs = double(part.endRow - part.firstRow) * double(part.endColumn - part.firstColumn);
  runNow(info, pairs, watch, [&] { block(compiled, part, arguments, out, watch); });
  return info.Env().Undefined();
}

// Background calls ---------------------------------------------------------------------------------------------------------

struct BackgroundCall {
  Call call;
  napi_deferred deferred = nullptr;
  Napi::Reference<Napi::Value> arrays;  // keeps the memory of arguments, out, indices and control
  std::exception_ptr failure;

  BackgroundCall(Info info, const Napi::Array &args) : call(info, args) {
    auto kept = Napi::Array::New(info.Env(), 4);
    kept[0u] = args;
    kept[1] = info[2];
    kept[2] = info[3];
    kept[3] = info[6];
    arrays = Napi::Reference<Napi::Value>::New(kept, 1);
  }
};

// The arguments in an array of ours: nobody can take one out of it.
Napi::Array copiedArguments(Info info) {
  const std::vector<napi_value> elements = toElements(info.Env(), info[1], "args");
  auto copy = Napi::Array::New(info.Env(), elements.size());
  for (uint32_t k = 0; k < elements.size(); k++) copy[k] = elements[k];
  return copy;
}

// On a thread of the background.
void runAndDeliver(napi_threadsafe_function deliver, BackgroundCall &background) {
  try {
    background.call.run();
  } catch (...) {
    background.failure = std::current_exception();
  }
  napi_call_threadsafe_function(deliver, &background, napi_tsfn_nonblocking);
}

void settle(napi_env env, BackgroundCall &background) {
  Napi::HandleScope scope(env);
  napi_value value = nullptr;
  if (background.failure) value = errorOf(env, background.failure);
  else napi_get_undefined(env, &value);
  if (background.failure) napi_reject_deferred(env, background.deferred, value);
  else napi_resolve_deferred(env, background.deferred, value);
}

void forget(napi_env env, Environment &environment, BackgroundCall *background) {
  environment.calls.erase(background);
  delete background;
  if (environment.calls.empty()) napi_unref_threadsafe_function(env, environment.deliver);
}

void onDelivery(napi_env env, napi_value, void *context, void *data) {
  if (env == nullptr) return;  // torn down: endBackground has seen to everything
  auto *background = static_cast<BackgroundCall *>(data);
  settle(env, *background);
  forget(env, *static_cast<Environment *>(context), background);
}

// Runs while the environment is being torn down: stops its calls and waits for them, since their memory goes next.
void endBackground(void *data) {
  auto &environment = *static_cast<Environment *>(data);
  for (BackgroundCall *background : environment.calls) background->call.watch.stop();
  environment.threads.awaitAll();
  for (BackgroundCall *background : environment.calls) delete background;
  environment.calls.clear();
}

void openBackground(Napi::Env env, Environment &environment) {
  const auto name = Napi::String::New(env, "tskeops");
  const napi_status status = napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, &environment,
                                                             onDelivery, &environment.deliver);
  if (status != napi_ok) throw std::runtime_error("reduceAsync: expected a way back to this thread, got none");
  napi_unref_threadsafe_function(env, environment.deliver);
  // Hooks run in reverse order: this one before the end of what was made above.
  napi_add_env_cleanup_hook(env, endBackground, &environment);
}

Napi::Value reduceInBackground(Info info) {
  Environment &environment = environmentOf(info);
  auto background = std::make_unique<BackgroundCall>(info, copiedArguments(info));
  if (!environment.deliver) openBackground(info.Env(), environment);
  BackgroundCall &call = *background;
  napi_value promise = nullptr;
  napi_create_promise(info.Env(), &call.deferred, &promise);
  environment.calls.insert(&call);
  napi_ref_threadsafe_function(info.Env(), environment.deliver);
  background.release();
  try {
    environment.threads.start(call.call.watch, [deliver = environment.deliver, &call] { runAndDeliver(deliver, call); });
  } catch (...) {
    forget(info.Env(), environment, &call);
    throw;
  }
  return Napi::Value(info.Env(), promise);
}

// The rest -----------------------------------------------------------------------------------------------------------------

Napi::Value load(Info info) {
  if (!info[0].IsString()) refuseKind("load", "a path");
  return Napi::Number::New(info.Env(), static_cast<double>(loadRoutine(info[0].As<Napi::String>())));
}

Napi::Value table(Info info) {
  const std::vector<int64> &entries = routineOf(info).table;
  auto result = Napi::Array::New(info.Env(), entries.size());
  for (uint32_t k = 0; k < entries.size(); k++) result[k] = static_cast<double>(entries[k]);
  return result;
}

const TileLibrary &libraryOf(Info info) {
  if (!info[0].IsString() || !info[1].IsNumber()) refuseKind("tiles", "an instruction set and a number of bytes");
  return tileLibrary(info[0].As<Napi::String>(), toInteger(info[1].As<Napi::Number>(), "tiles"));
}

template <typename Entry>
Napi::Array namesOf(Napi::Env env, const Entry *entries, int64 count) {
  auto names = Napi::Array::New(env, count);
  for (uint32_t k = 0; k < count; k++) names[k] = entries[k].name;
  return names;
}

Napi::Value tiles(Info info) {
  const TileLibrary &library = libraryOf(info);
  auto result = Napi::Object::New(info.Env());
  result.Set("lanes", static_cast<double>(library.lanes));
  result.Set("kernels", namesOf(info.Env(), library.kernels, library.kernelCount));
  result.Set("reducers", namesOf(info.Env(), library.reducers, library.reducerCount));
  return result;
}

Napi::Value loadTiles(Info info) {
  const TileLibrary &library = libraryOf(info);
  const std::vector<int64> program = toIntegers(info.Env(), info[2], "program");
  const std::vector<double> constants = toNumbers(info.Env(), info[3], "constants");
  return Napi::Number::New(info.Env(), static_cast<double>(keepRoutine(tileRoutine(library, program, constants))));
}

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

Napi::Value isa(Info info) { return Napi::String::New(info.Env(), bestIsa()); }

// Node unloads an addon when a worker ends that alone had loaded it; the pool's threads would then run code that is gone.
void stayLoaded() {
  Dl_info self;
  if (dladdr(reinterpret_cast<void *>(&stayLoaded), &self) != 0) dlopen(self.dli_fname, RTLD_NOW | RTLD_NODELETE);
}

template <Napi::Value (*body)(Info)>
void add(Napi::Object exports, const char *name) {
  exports.Set(name, Napi::Function::New<guarded<body>>(exports.Env(), name));
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  stayLoaded();
  env.SetInstanceData(new Environment);
  exports.Set("abi", Napi::Number::New(env, TSKEOPS_ABI));
  add<isa>(exports, "isa");
  add<threads>(exports, "threads");
  add<setThreads>(exports, "setThreads");
  add<initialThreads>(exports, "initialThreads");
  add<load>(exports, "load");
  add<table>(exports, "table");
  add<tiles>(exports, "tiles");
  add<loadTiles>(exports, "loadTiles");
  add<reduceNow>(exports, "reduce");
  add<reduceInBackground>(exports, "reduceAsync");
  add<blockNow>(exports, "block");
  add<denseSubtractProduct>(exports, "subtractProduct");
  add<denseAddGram>(exports, "addGram");
  add<denseCholesky>(exports, "cholesky");
  add<denseCholeskySolve>(exports, "choleskySolve");
  return exports;
}

}  // namespace

NODE_API_MODULE(tskeops, init)
