// Routines of the processor: loaded or made of tile kernels, and run.
#include <stdexcept>

#include "node/values.h"
#include "node/work.h"
#include "run/cpu.h"
#include "run/tileroutine.h"
#include "text/tiles/tiles.h"

namespace {

using Info = const Napi::CallbackInfo &;

// A number that no routine has stands for everything that is no number.
const Routine &routineOf(Napi::Value value) {
  return ::routineOf(value.IsNumber() ? toInteger(value.As<Napi::Number>(), "routine") : -1);
}

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

// Of entries, by number.
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

constexpr FunctionRow ROWS[] = {
    brief<load>("load"),
    brief<table>("table"),
    brief<tiles>("tiles"),
    brief<loadTiles>("loadTiles"),
    nowAndLater<Reduce>("reduce"),
    nowOnly<BlockOfPairs>("block"),
};

}  // namespace

constinit const FunctionTable ROUTINE_FUNCTIONS = ROWS;
