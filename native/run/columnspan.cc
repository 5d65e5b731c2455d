#include "run/columnspan.h"

#include <algorithm>
#include <cstdint>

#include "run/handout.h"
#include "run/memory.h"
#include "run/spans.h"

namespace {

// Where spans of a plan lie.
class Spans {
 public:
  Spans(const Routine &routine, const Plan &plan)
      : plan(plan), length(spanColumns(routine)), parts(std::max<int64>(1, ceilDivide(plan.columns, plan.chunkColumns))),
        ofPart(ceilDivide(std::min(plan.chunkColumns, plan.columns), length)) {}

  int64 partOf(int64 column) const { return column / plan.chunkColumns; }
  bool isFirstOfPart(int64 column) const { return column % plan.chunkColumns == 0; }
  int64 endOf(int64 column) const {
    return std::min({column + length, (partOf(column) + 1) * plan.chunkColumns, plan.columns});
  }
  bool begins(int64 column) const { return column % plan.chunkColumns % length == 0 && column < plan.columns; }
  int64 numberOf(int64 column) const { return partOf(column) * ofPart + column % plan.chunkColumns / length; }
  int64 count() const { return plan.columns == 0 ? 0 : numberOf(plan.columns - 1) + 1; }

 private:
  const Plan &plan;
  const int64 length;

 public:
  const int64 parts, ofPart;
};

int64 partBytes(const Routine &routine, const Plan &plan) {
  return roundUp(std::min(plan.blockRows, plan.rows) * routine.entry(TABLE_ACCUMULATOR_BYTES), 64);
}

// Pointers to where column 0 would be: columns have the numbers that they have in the call.
std::vector<const void *> placed(const Routine &routine, const ColumnSpan &span, const std::vector<Input> &arguments) {
  std::vector<const void *> pointers;
  for (std::size_t v = 0; v < arguments.size(); v++) {
    const bool isOfColumns = routine.kind(v) == KIND_COLUMN;
    const int64 before = isOfColumns ? span.first * routine.dim(v) * routine.entry(TABLE_REAL_BYTES) : 0;
    pointers.push_back(reinterpret_cast<const void *>(reinterpret_cast<std::uintptr_t>(arguments[v].data) - before));
  }
  return pointers;
}

}  // namespace

std::vector<int64> endsOfSpans(const Routine &routine, const Plan &plan) {
  const Spans spans(routine, plan);
  std::vector<int64> ends;
  for (int64 first = 0; first < plan.columns; first = ends.back()) ends.push_back(spans.endOf(first));
  return ends;
}

int64 stateBytes(const Routine &routine, const Plan &plan) {
  return ceilDivide(plan.rows, plan.blockRows) * Spans(routine, plan).parts * partBytes(routine, plan);
}

void check(const Routine &routine, const Plan &plan, const ColumnSpan &span, const std::vector<Input> &arguments, const Output &out) {
  if (routine.pairsOnce) throw std::invalid_argument("span: expected a routine of the form reduce, got one of pairs once");
  if (plan.ranges || !plan.batch.empty()) throw std::invalid_argument("span: expected a plan without ranges or a batch");
  check(routine, plan);
  const Spans spans(routine, plan);
  if (span.first < 0 || !spans.begins(span.first) || span.end != spans.endOf(span.first))
    throw std::out_of_range("span: expected one that the plan has, got others' columns");
  if (span.stateBytes < stateBytes(routine, plan)) throw std::out_of_range("state: expected as many bytes as spans tells, got fewer");
  Plan alone = plan;
  alone.columns = span.end - span.first;
  checkArrays(routine, alone, arguments, out);
  checkState(routine, span.state, span.stateBytes, arguments, out);
}

void reduceSpan(const Routine &routine, const Plan &plan, const ColumnSpan &span, const std::vector<Input> &arguments,
                const Output &out, Watch &watch) {
  const Spans spans(routine, plan);
  const int64 blocks = ceilDivide(plan.rows, plan.blockRows), bytes = partBytes(routine, plan);
  watch.begin(blocks * spans.count(), blocks * spans.numberOf(span.first));
  if (watch.stopping()) throw Interrupted("reduce: interrupted");
  const std::vector<const void *> pointers = placed(routine, span, arguments);
  const int64 hoistedReals = routine.entry(TABLE_HOISTED_REALS), realBytes = routine.entry(TABLE_REAL_BYTES);
  const Buffer hoisted = allocate((span.end - span.first) * hoistedReals * realBytes);
  const std::uintptr_t ofColumn0 = reinterpret_cast<std::uintptr_t>(hoisted.get()) - span.first * hoistedReals * realBytes;
  const Job job{pointers.data(), hoisted ? reinterpret_cast<void *>(ofColumn0) : nullptr, plan.rows, span.end};
  const int64 prepared = std::max<int64>(64, PREPARED_REALS / std::max<int64>(1, hoistedReals));
  handOut("reduce", watch, hoistedReals == 0 ? 0 : ceilDivide(span.end - span.first, prepared), 1, 0, [&](int64 chunk) {
    return [&, first = span.first + chunk * prepared] { routine.prepare(&job, first, std::min(first + prepared, span.end)); };
  });
  const auto reduceBlock = [&](int64 number) {
    const RowInterval rows{number * plan.blockRows, std::min(plan.rows, (number + 1) * plan.blockRows)};
    char *const parts = span.state + number * spans.parts * bytes;
    char *const accumulators = parts + spans.partOf(span.first) * bytes;
    const auto add = spans.isFirstOfPart(span.first) ? reduceFirst : reduceLater;
    add(routine, job, rows, span.first, span.end, accumulators);
    if (span.end < plan.columns) return;
    char *const numbers = static_cast<char *>(out.data) + rows.first * routine.entry(TABLE_RESULT_DIM) * realBytes;
    int32 *const indices = out.indices ? out.indices + rows.first * routine.entry(TABLE_INDEX_DIM) : nullptr;
    routine.finish(rows.end - rows.first, parts, spans.parts, bytes, numbers, indices);
  };
  handOut("reduce", watch, blocks, plan.unitsPerTask, 1,
          [&](int64 first) { return [&reduceBlock, block = first]() mutable { reduceBlock(block++); }; });
}
