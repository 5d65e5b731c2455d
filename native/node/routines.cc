// Routines of the processor: loaded or made of tile kernels, and run.
#include <stdexcept>

#include "node/values.h"
#include "node/work.h"
#include "run/cpu.h"
#include "run/spans.h"
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

// A span of the columns of a call, while those that come next are under way.
struct ReduceSpan : Work {
  const Routine &compiled;
  const Plan cut;
  const std::vector<Input> inputs;
  const Output out;
  const ColumnSpan span;

  explicit ReduceSpan(const Arguments &arguments)
      : compiled(routineOf(arguments[0])), cut(toPlan(arguments.Env(), arguments[4], arguments.Env().Undefined(), compiled)),
        inputs(toInputs(arguments.Env(), arguments[1], compiled)),
        out(toOutput(arguments.Env(), arguments[2], arguments[3], compiled)),
        span(toSpan(arguments.Env(), arguments[5], arguments[6])) {
    watch.control = toControl(arguments.Env(), arguments[7]);
    watch.meanwhile = progressOfRanks;
    check(compiled, cut, span, inputs, out);
  }
  double cost() const override { return double(cut.rows) * double(span.end - span.first); }
  double run() override {
    reduceSpan(compiled, cut, span, inputs, out, watch);
    return 0;
  }

 private:
  static ColumnSpan toSpan(Napi::Env env, Napi::Value ends, Napi::Value state) {
    const std::vector<int64> columns = toIntegers(env, ends, "span");
    if (columns.size() != 2) refuseKind("span", "two numbers");
    const Memory memory = toMemory(env, state, "state");
    return {columns[0], columns[1], static_cast<char *>(memory.data), memory.length * memory.width};
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

// Bytes of the state of a call that comes span by span, and where spans end.
Napi::Value spans(Info info) {
  const Routine &routine = routineOf(info[0]);
  const Plan plan = toPlan(info.Env(), info[1], info.Env().Undefined(), routine);
  check(routine, plan);
  const std::vector<int64> ends = endsOfSpans(plan);
  auto result = Napi::Array::New(info.Env(), 1 + ends.size());
  result[0u] = static_cast<double>(stateBytes(routine, plan));
  for (uint32_t k = 0; k < ends.size(); k++) result[1 + k] = static_cast<double>(ends[k]);
  return result;
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
    brief<spans>("spans"),
    nowAndLater<ReduceSpan>("reduceSpan"),
    nowOnly<BlockOfPairs>("block"),
};

}  // namespace

constinit const FunctionTable ROUTINE_FUNCTIONS = ROWS;
