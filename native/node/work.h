// The functions that JavaScript sees, as rows of tables: each says what it does now and, where it is long, later, as
// a promise. Whatever is long is a Work, made from checked arguments, which has both forms. A new function is a row
// of the table of its file; addon.cc exports them all.
#ifndef TSKEOPS_WORK_H
#define TSKEOPS_WORK_H

#include <napi.h>

#include <exception>
#include <memory>
#include <span>

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
// A promise that is rejected with the error of JavaScript that stands for a C++ exception.
Napi::Value rejection(Napi::Env, const std::exception_ptr &);

template <class W>
Napi::Value now(const Napi::CallbackInfo &info) {
  W work{Arguments(info)};
  return runNow(info, work);
}

template <class W>
Napi::Value later(const Napi::CallbackInfo &info) {
  try {
    const Napi::Array copies = copiedArguments(info);
    return runInBackground(info, std::make_unique<W>(Arguments(info, copies)), copies);
  } catch (...) {
    return rejection(info.Env(), std::current_exception());
  }
}

// Makes the error of JavaScript that stands for a C++ exception the pending one.
void throwToJavaScript(napi_env, const std::exception_ptr &);

template <Napi::Value (*body)(const Napi::CallbackInfo &)>
napi_value enter(napi_env env, napi_callback_info given) {
  try {
    return body(Napi::CallbackInfo(env, given));
  } catch (const Napi::Error &error) {
    error.ThrowAsJavaScriptException();
  } catch (...) {
    throwToJavaScript(env, std::current_exception());
  }
  return nullptr;
}

// A function of the addon; `later` is null where there is none.
struct FunctionRow {
  const char *name;
  napi_callback now, later;
};
using FunctionTable = std::span<const FunctionRow>;

template <Napi::Value (*body)(const Napi::CallbackInfo &)>
constexpr FunctionRow brief(const char *name) {
  return {name, enter<body>, nullptr};
}
template <class W>
constexpr FunctionRow nowOnly(const char *name) {
  return {name, enter<now<W>>, nullptr};
}
template <class W>
constexpr FunctionRow nowAndLater(const char *name) {
  return {name, enter<now<W>>, enter<later<W>>};
}

// An object with the functions of these tables, and on its property `later` their later forms.
Napi::Object exported(Napi::Env, std::initializer_list<FunctionTable>);
void addFunction(Napi::Object, const char *name, napi_callback);

// The tables of other files.
extern const FunctionTable ROUTINE_FUNCTIONS, CELL_FUNCTIONS, ALGEBRA_FUNCTIONS, GRID_FUNCTIONS, DEVICE_FUNCTIONS, DEVICE_ROUTINE_FUNCTIONS,
    RANK_FUNCTIONS, SPAN_FUNCTIONS, LU_FUNCTIONS;

// Brings on what ranks exchange meanwhile. The main thread alone may: from others it is asked to, as soon as it is free.
void progressOfRanks();

// Devices belong to the process: gives back what was opened of them, when it ends.
void closeDevices();

// Calls a function of JavaScript while Ctrl-C is counted instead of ending the process; it may be asked for the count.
Napi::Value attend(const Napi::CallbackInfo &);
Napi::Value interrupts(const Napi::CallbackInfo &);

// The instruction set of an environment's dense algebra, by its number (instructionset.h): the machine's widest until
// a program sets another.
int instructionSetOf(Napi::Env);
Napi::Value setInstructionSet(const Napi::CallbackInfo &);

// What an environment of JavaScript (the main thread, a worker) needs for this, to be made when the addon is loaded
// into it.
void openEnvironment(Napi::Env);
// The classes of errors that are thrown from now on: those of the library that has loaded the addon last, as tests
// load it again and again.
void setErrorClasses(Napi::Env, Napi::Object classes);

#endif
