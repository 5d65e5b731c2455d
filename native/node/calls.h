// How work that JavaScript asks for is run: now, on the thread that asks, or in the background, as a promise. Its one idea: whatever is
// long is a Work, made from checked arguments, and has both forms. Beside addon.cc the files named …calls are the only ones with napi.h.
#ifndef TSKEOPS_CALLS_H
#define TSKEOPS_CALLS_H

#include <napi.h>

#include <memory>

#include "run/watch.h"

// The arguments of a call. In the background, lists are copied first: nobody can take an array out of our copy.
class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo &info) : info(info) {}
  Arguments(const Napi::CallbackInfo &info, Napi::Array lists) : info(info), copies(lists) {}

  Napi::Env Env() const { return info.Env(); }
  Napi::Value operator[](size_t position) const;

 private:
  const Napi::CallbackInfo &info;
  Napi::Array copies;
};

// Something long, its arguments read and checked by its constructor.
struct Work {
  Watch watch;

  virtual ~Work() = default;
  // Roughly, in pairs of points: brief work is not worth the system calls that Ctrl-C takes.
  virtual double cost() const = 0;
  // On any thread; gives a number for JavaScript. Throws Interrupted.
  virtual double run() = 0;
};

Napi::Value runNow(const Napi::CallbackInfo &, Work &);
// Keeps the memory of all arguments until the promise settles.
Napi::Value runInBackground(const Napi::CallbackInfo &, std::unique_ptr<Work>, Napi::Array kept);
Napi::Array copiedArguments(const Napi::CallbackInfo &);

template <class W>
Napi::Value now(const Napi::CallbackInfo &info) {
  W work{Arguments(info)};
  return runNow(info, work);
}

template <class W>
Napi::Value later(const Napi::CallbackInfo &info) {
  const Napi::Array copies = copiedArguments(info);
  return runInBackground(info, std::make_unique<W>(Arguments(info, copies)), copies);
}

// Calls a function of JavaScript while Ctrl-C is counted instead of ending the process; it may be asked for the count.
Napi::Value attend(const Napi::CallbackInfo &);
Napi::Value interrupts(const Napi::CallbackInfo &);

// The instruction set of an environment's dense algebra, by its number (instructionset.h): the machine's widest until a program sets another.
int instructionSetOf(Napi::Env);
Napi::Value setInstructionSet(const Napi::CallbackInfo &);

// By the plain C functions: they do not throw where the environment is being torn down.
napi_value errorOf(napi_env, const std::exception_ptr &);

// Makes errors of C++ exceptions.
template <Napi::Value (*body)(const Napi::CallbackInfo &)>
Napi::Value guarded(const Napi::CallbackInfo &info) {
  try {
    return body(info);
  } catch (const Napi::Error &) {
    throw;
  } catch (...) {
    napi_throw(info.Env(), errorOf(info.Env(), std::current_exception()));
    return Napi::Value();
  }
}

template <Napi::Value (*body)(const Napi::CallbackInfo &)>
void add(Napi::Object exports, const char *name) {
  exports.Set(name, Napi::Function::New<guarded<body>>(exports.Env(), name));
}

// What an environment of JavaScript (the main thread, a worker) needs for this, to be made when the addon is loaded into it.
void openEnvironment(Napi::Env);

#endif
