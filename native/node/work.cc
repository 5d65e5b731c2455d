#include "node/work.h"

#include <new>
#include <optional>
#include <set>
#include <stdexcept>

#include "cuda/cudadevice.h"
#include "node/background.h"
#include "node/interrupt.h"
#include "node/values.h"
#include "run/instructionset.h"

namespace {

using Info = const Napi::CallbackInfo &;

constexpr double BRIEF_PAIRS = 1 << 16;  // at most some milliseconds

struct BackgroundCall;

struct Environment {
  const bool isMain = onMainThread();
  int instructionSet = instructionSetNumber(widestInstructionSet());
  Napi::FunctionReference interruptedError, deviceError;
  BackgroundThreads threads;
  std::set<BackgroundCall *> calls;  // that `threads` do
  napi_threadsafe_function deliver = nullptr;
};

Environment &environmentOf(Napi::Env env) { return *env.GetInstanceData<Environment>(); }
Environment &environmentOf(Info info) { return environmentOf(info.Env()); }

}  // namespace

void openEnvironment(Napi::Env env) { env.SetInstanceData(new Environment); }

void addFunction(Napi::Object to, const char *name, napi_callback function) {
  napi_value value = nullptr;
  napi_create_function(to.Env(), name, NAPI_AUTO_LENGTH, function, nullptr, &value);
  to.Set(name, Napi::Value(to.Env(), value));
}

Napi::Object exported(Napi::Env env, std::initializer_list<FunctionTable> tables) {
  auto functions = Napi::Object::New(env), later = Napi::Object::New(env);
  for (const FunctionTable &table : tables)
    for (const FunctionRow &row : table) {
      addFunction(functions, row.name, row.now);
      if (row.later != nullptr) addFunction(later, row.name, row.later);
    }
  functions.Set("later", later);
  return functions;
}

int instructionSetOf(Napi::Env env) { return environmentOf(env).instructionSet; }

Napi::Value setInstructionSet(Info info) {
  if (!info[0].IsString()) refuseKind("setInstructionSet", "a name");
  const int wanted = instructionSetNumber(info[0].As<Napi::String>()), widest = instructionSetNumber(widestInstructionSet());
  if (wanted > widest) throw std::out_of_range("setInstructionSet: expected one that the machine has, got a wider one");
  environmentOf(info).instructionSet = wanted;
  return info.Env().Undefined();
}

// Errors -------------------------------------------------------------------------------------------------------------------

void setErrorClasses(Napi::Env env, Napi::Object classes) {
  const auto classAt = [&classes](const char *name) {
    const Napi::Value found = classes.Get(name);
    if (!found.IsFunction()) refuseKind(name, "a class of errors");
    return Napi::Persistent(found.As<Napi::Function>());
  };
  Environment &environment = environmentOf(env);
  environment.interruptedError = classAt("InterruptedError");
  environment.deviceError = classAt("DeviceError");
}

namespace {

// All by the plain C functions: they do not throw where the environment is being torn down.
napi_value textOf(napi_env env, const std::string &characters) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, characters.data(), characters.size(), &value);
  return value;
}

using CreateError = napi_status (*)(napi_env, napi_value code, napi_value message, napi_value *result);
napi_value errorOf(napi_env env, CreateError create, const std::string &message) {
  napi_value error = nullptr;
  create(env, nullptr, textOf(env, message), &error);
  return error;
}

// An instance of a class of the library; a plain error where JavaScript may run no more.
napi_value errorOf(napi_env env, const Napi::FunctionReference &errorClass, const std::string &message) {
  const napi_value text = textOf(env, message);
  napi_value constructor = nullptr, error = nullptr;
  napi_get_reference_value(env, errorClass, &constructor);
  if (napi_new_instance(env, constructor, 1, &text, &error) == napi_ok) return error;
  return errorOf(env, napi_create_error, message);
}

napi_value errorOf(napi_env env, const std::exception_ptr &failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Napi::Error &e) {
    return e.Value();  // something of JavaScript that failed
  } catch (const Interrupted &e) {
    return errorOf(env, environmentOf(env).interruptedError, e.what());
  } catch (const cuda::DeviceFailure &e) {
    return errorOf(env, environmentOf(env).deviceError, std::string("backend \"cuda\": ") + e.what());
  } catch (const std::out_of_range &e) {
    return errorOf(env, napi_create_range_error, e.what());
  } catch (const std::invalid_argument &e) {
    return errorOf(env, napi_create_type_error, e.what());
  } catch (const std::bad_alloc &) {
    return errorOf(env, napi_create_error, "native run: expected enough memory, got none");
  } catch (const std::exception &e) {
    return errorOf(env, napi_create_error, e.what());
  } catch (...) {
    return errorOf(env, napi_create_error, "native run: failed for an unknown reason");
  }
}

}  // namespace

void throwToJavaScript(napi_env env, const std::exception_ptr &failure) { napi_throw(env, errorOf(env, failure)); }

Napi::Value rejection(Napi::Env env, const std::exception_ptr &failure) {
  const auto deferred = Napi::Promise::Deferred::New(env);
  deferred.Reject(errorOf(env, failure));
  return deferred.Promise();
}

// Arguments ----------------------------------------------------------------------------------------------------------------

Napi::Value Arguments::operator[](size_t position) const {
  return copies.IsEmpty() ? info[position] : copies.Get(static_cast<uint32_t>(position));
}

Napi::Array copiedArguments(Info info) {
  auto copies = Napi::Array::New(info.Env(), info.Length());
  for (uint32_t n = 0; n < info.Length(); n++) {
    copies[n] = info[n];
    if (!info[n].IsArray()) continue;
    const std::vector<napi_value> elements = toElements(info.Env(), info[n], "args");
    auto list = Napi::Array::New(info.Env(), elements.size());
    for (uint32_t k = 0; k < elements.size(); k++) list[k] = elements[k];
    copies[n] = list;
  }
  return copies;
}

// Now ----------------------------------------------------------------------------------------------------------------------

namespace {

// While work keeps its thread busy, worker.terminate() and process.exit() can only be seen by asking: they forbid
// JavaScript, and then even looking into an object fails.
void watchEnvironment(Info info, Watch &watch) {
  if (environmentOf(info).isMain) return;
  napi_env env = info.Env();
  napi_value object = Napi::Array::New(env);
  watch.poll = [env, object] {
    bool ignored;
    return napi_has_element(env, object, 0, &ignored) != napi_ok;
  };
}

}  // namespace

Napi::Value runNow(Info info, Work &work) {
  std::optional<InterruptScope> scope;
  if (work.cost() >= BRIEF_PAIRS) {
    watchEnvironment(info, work.watch);
    work.watch.alarmBefore = interruptCount();
    work.watch.alarm = &interruptCount();
    if (environmentOf(info).isMain) scope.emplace();
  }
  return Napi::Number::New(info.Env(), work.run());
}

Napi::Value attend(Info info) {
  if (!info[0].IsFunction()) refuseKind("attend", "a function");
  std::optional<InterruptScope> scope;
  if (environmentOf(info).isMain) scope.emplace();
  // By the plain C function: a notebook's stop button may end JavaScript itself, which is no exception that could be
  // caught.
  napi_value result = nullptr;
  napi_call_function(info.Env(), info.Env().Undefined(), info[0], 0, nullptr, &result);
  return Napi::Value(info.Env(), result);
}

Napi::Value interrupts(Info info) { return Napi::Number::New(info.Env(), interruptCount().load()); }

// In the background --------------------------------------------------------------------------------------------------------

namespace {

struct BackgroundCall {
  std::unique_ptr<Work> work;
  Napi::Reference<Napi::Array> arrays;  // keeps the memory of arguments, results and control
  napi_deferred deferred = nullptr;
  double result = 0;
  std::exception_ptr failure{};
};

// On a thread of the background.
void runAndDeliver(napi_threadsafe_function deliver, BackgroundCall &call) {
  try {
    call.result = call.work->run();
  } catch (...) {
    call.failure = std::current_exception();
  }
  napi_call_threadsafe_function(deliver, &call, napi_tsfn_nonblocking);
}

void settle(napi_env env, BackgroundCall &call) {
  Napi::HandleScope scope(env);
  napi_value value = nullptr;
  if (call.failure) value = errorOf(env, call.failure);
  else napi_create_double(env, call.result, &value);
  if (call.failure) napi_reject_deferred(env, call.deferred, value);
  else napi_resolve_deferred(env, call.deferred, value);
}

void forget(napi_env env, Environment &environment, BackgroundCall *call) {
  environment.calls.erase(call);
  delete call;
  if (environment.calls.empty()) napi_unref_threadsafe_function(env, environment.deliver);
}

void onDelivery(napi_env env, napi_value, void *context, void *data) {
  if (env == nullptr) return;  // torn down: endBackground has seen to everything
  auto *call = static_cast<BackgroundCall *>(data);
  settle(env, *call);
  forget(env, *static_cast<Environment *>(context), call);
}

// Runs while the environment is being torn down: stops its calls and waits for them, since their memory goes next.
void endBackground(void *data) {
  auto &environment = *static_cast<Environment *>(data);
  for (BackgroundCall *call : environment.calls) call->work->watch.stop();
  environment.threads.awaitAll();
  for (BackgroundCall *call : environment.calls) delete call;
  environment.calls.clear();
}

void openBackground(Napi::Env env, Environment &environment) {
  const auto name = Napi::String::New(env, "tskeops");
  const napi_status status = napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, &environment,
                                                             onDelivery, &environment.deliver);
  if (status != napi_ok) throw std::runtime_error("background: expected a way back to this thread, got none");
  napi_unref_threadsafe_function(env, environment.deliver);
  // Hooks run in reverse order: this one before the end of what was made above.
  napi_add_env_cleanup_hook(env, endBackground, &environment);
}

}  // namespace

Napi::Value runInBackground(Info info, std::unique_ptr<Work> work, Napi::Array kept) {
  Environment &environment = environmentOf(info);
  if (!environment.deliver) openBackground(info.Env(), environment);
  auto *const call = new BackgroundCall{std::move(work), Napi::Reference<Napi::Array>::New(kept, 1)};
  napi_value promise = nullptr;
  napi_create_promise(info.Env(), &call->deferred, &promise);
  environment.calls.insert(call);
  napi_ref_threadsafe_function(info.Env(), environment.deliver);
  try {
    environment.threads.start(call->work->watch, [deliver = environment.deliver, call] { runAndDeliver(deliver, *call); });
  } catch (...) {
    forget(info.Env(), environment, call);
    throw;
  }
  return Napi::Value(info.Env(), promise);
}
