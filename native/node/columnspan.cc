// Calls of which one span of the columns comes at a time. A WebAssembly module, which is no rank of many, has none.
#include "node/values.h"
#include "node/work.h"
#include "run/columnspan.h"

namespace {

using Info = const Napi::CallbackInfo &;

const Routine &routineOf(Napi::Value value) {
  return ::routineOf(value.IsNumber() ? toInteger(value.As<Napi::Number>(), "routine") : -1);
}

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

// Bytes of the state of a call that comes span by span, and where spans end.
Napi::Value spans(Info info) {
  const Routine &routine = routineOf(info[0]);
  const Plan plan = toPlan(info.Env(), info[1], info.Env().Undefined(), routine);
  check(routine, plan);
  const std::vector<int64> ends = endsOfSpans(routine, plan);
  auto result = Napi::Array::New(info.Env(), 1 + ends.size());
  result[0u] = static_cast<double>(stateBytes(routine, plan));
  for (uint32_t k = 0; k < ends.size(); k++) result[1 + k] = static_cast<double>(ends[k]);
  return result;
}

constexpr FunctionRow ROWS[] = {
    brief<spans>("spans"),
    nowAndLater<ReduceSpan>("reduceSpan"),
};

}  // namespace

constinit const FunctionTable SPAN_FUNCTIONS = ROWS;
