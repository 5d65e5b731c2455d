// What JavaScript sees of the addon: takes calls and checks them; calls.h runs them.
// Beside the files named …calls the only one with napi.h. State is per JavaScript environment; routines and threads belong to the process.
// Calls come flat: sizes in one Float64Array, optional tables in one array (values.h, src/engine/native.ts).
#include <dlfcn.h>
#include <napi.h>

#include "linalg/lapack.h"

#include <stdexcept>
#include "node/calls.h"
#include "node/cudacalls.h"
#include "node/densecalls.h"
#include "node/lowrankcalls.h"
#include "node/values.h"
#include "run/cpu.h"
#include "run/instructionset.h"
#include "run/pool.h"
#include "run/tileroutine.h"
#include "text/tiles/tiles.h"

namespace {

using Info = const Napi::CallbackInfo &;

// A number that no routine has stands for everything that is no number.
const Routine &routineOf(Napi::Value value) {
  return ::routineOf(value.IsNumber() ? toInteger(value.As<Napi::Number>(), "routine") : -1);
}

// Long calls ---------------------------------------------------------------------------------------------------------------

struct Reduce : Work {
  const Routine &compiled;
  const Plan cut;
  const std::vector<Input> inputs;
  const Output out;

  // Pointers are taken last: reading an element of an array may run JavaScript.
  explicit Reduce(const Arguments &arguments)
      : compiled(routineOf(arguments[0])), cut(toPlan(arguments.Env(), arguments[4], arguments[5], compiled)),
        inputs(toInputs(arguments.Env(), arguments[1], compiled)),
        out(toOutput(arguments.Env(), arguments[2], arguments[3], compiled)) {
    watch.control = toControl(arguments.Env(), arguments[6]);
    check(compiled, cut, inputs, out);
  }
  double cost() const override { return double(cut.rows) * double(cut.columns) * double(cut.entries()); }
  double run() override {
    reduce(compiled, cut, inputs, out, watch);
    return 0;
  }
};

struct BlockOfPairs : Work {
  const Routine &compiled;
  const std::vector<Input> inputs;
  const Output out;
  const Rectangle part;

  explicit BlockOfPairs(const Arguments &arguments)
      : compiled(routineOf(arguments[0])), inputs(toInputs(arguments.Env(), arguments[1], compiled)),
        out(toOutput(arguments.Env(), arguments[2], compiled)), part(toRectangle(arguments.Env(), arguments[3])) {
    check(compiled, part, inputs, out);
  }
  double cost() const override { return double(part.endRow - part.firstRow) * double(part.endColumn - part.firstColumn); }
  double run() override {
    block(compiled, part, inputs, out, watch);
    return 0;
  }
};

// The rest -----------------------------------------------------------------------------------------------------------------

Napi::Value load(Info info) {
  if (!info[0].IsString()) refuseKind("load", "a path");
  return Napi::Number::New(info.Env(), static_cast<double>(loadRoutine(info[0].As<Napi::String>())));
}

Napi::Value table(Info info) {
  const std::vector<int64> &entries = routineOf(info[0]).table;
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

// Node unloads an addon when a worker ends that alone had loaded it; the pool's threads would then run code that is gone.
void stayLoaded() {
  Dl_info self;
  if (dladdr(reinterpret_cast<void *>(&stayLoaded), &self) != 0) dlopen(self.dli_fname, RTLD_NOW | RTLD_NODELETE);
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  stayLoaded();
  openEnvironment(env);
  exports.Set("abi", Napi::Number::New(env, TSKEOPS_ABI));
  add<isa>(exports, "isa");
  add<setInstructionSet>(exports, "setInstructionSet");
  add<threads>(exports, "threads");
  add<setThreads>(exports, "setThreads");
  add<initialThreads>(exports, "initialThreads");
  add<lapack>(exports, "lapack");
  add<setLapackChoice>(exports, "setLapack");
  add<initialLapackChoice>(exports, "initialLapack");
  add<load>(exports, "load");
  add<table>(exports, "table");
  add<tiles>(exports, "tiles");
  add<loadTiles>(exports, "loadTiles");
  add<now<Reduce>>(exports, "reduce");
  add<later<Reduce>>(exports, "reduceAsync");
  add<now<BlockOfPairs>>(exports, "block");
  add<attend>(exports, "attend");
  add<interrupts>(exports, "interrupts");
  add<now<Cholesky>>(exports, "cholesky");
  add<later<Cholesky>>(exports, "choleskyAsync");
  add<now<CholeskySolve>>(exports, "choleskySolve");
  add<later<CholeskySolve>>(exports, "choleskySolveAsync");
  addCuda(env, exports);
  add<now<ChoosePivots>>(exports, "choosePivots");
  add<now<Extend>>(exports, "extend");
  add<later<Extend>>(exports, "extendAsync");
  add<now<GramOf>>(exports, "gram");
  add<later<GramOf>>(exports, "gramAsync");
  add<now<SubtractTall>>(exports, "subtractTall");
  add<now<LowRankSolve>>(exports, "lowRankSolve");
  add<later<LowRankSolve>>(exports, "lowRankSolveAsync");
  return exports;
}

}  // namespace

NODE_API_MODULE(tskeops, init)
