// The checks of a call: sizes, lengths, offsets, ranges, overlaps. Everything that could make a pointer leave its array
// is refused here, before any is used; cpu.cc relies on it. These refusals are bugs of the caller, not of the user.
#include <algorithm>
#include <utility>

#include "run/plan.h"

#include <stdexcept>

namespace {

using std::to_string;

constexpr int64 LARGEST = int64(1) << 53;

[[noreturn]] void refuse(const std::string &where, const std::string &expected, const std::string &got) {
  throw std::out_of_range(where + ": expected " + expected + ", got " + got);
}

void checkSize(const char *name, int64 size, int64 least, int64 most = LARGEST) {
  if (size < least || size > most)
    refuse(name, "an integer from " + to_string(least) + " to " + to_string(most), to_string(size));
}

int64 product(const char *what, int64 a, int64 b) {
  int64 result;
  if (__builtin_mul_overflow(a, b, &result) || result > LARGEST)
    refuse(what, "at most " + to_string(LARGEST), to_string(a) + " * " + to_string(b));
  return result;
}

void checkReach(const std::string &where, int64 offset, int64 size, int64 length) {
  if (offset < 0 || offset > LARGEST || size > length || offset > length - size)
    refuse(where, to_string(size) + " elements from offset " + to_string(offset), "an array of " + to_string(length));
}

int64 argumentSize(const Routine &routine, int64 variable, int64 rows, int64 columns) {
  const int64 kind = routine.kind(variable);
  return product("argument", kind == KIND_ROW ? rows : kind == KIND_COLUMN ? columns : 1, routine.dim(variable));
}

void checkForm(const Routine &routine, bool isBlock) {
  if ((routine.entry(TABLE_ACCUMULATOR_BYTES) == 0) != isBlock)
    throw std::invalid_argument(isBlock ? "block: expected a routine of the form block, got one of the form reduce"
                                        : "reduce: expected a routine of the form reduce, got one of the form block");
}

void checkCount(const Routine &routine, const std::vector<Input> &arguments) {
  if (static_cast<int64>(arguments.size()) != routine.variables())
    throw std::invalid_argument("args: expected " + to_string(routine.variables()) + " arrays, got " +
                                to_string(arguments.size()));
}

struct Memory {
  std::uintptr_t begin, end;
  Memory(const void *data, int64 bytes) : begin(reinterpret_cast<std::uintptr_t>(data)), end(begin + bytes) {}
  bool overlaps(const Memory &other) const {
    return begin < other.end && other.begin < end && begin < end && other.begin < other.end;
  }
};

void checkApart(const char *name, const Memory &written, const std::string &other, const Memory &memory) {
  if (written.overlaps(memory)) throw std::invalid_argument(name + (": expected memory of its own, got memory of " + other));
}

void checkApart(const char *name, const Memory &written, const std::vector<Input> &arguments, int64 bytes) {
  for (std::size_t v = 0; v < arguments.size(); v++)
    checkApart(name, written, "argument " + to_string(v), Memory(arguments[v].data, arguments[v].length * bytes));
}

Memory indicesOf(const Output &out) { return Memory(out.indices, out.indexCount * sizeof(int32)); }

void checkOverlap(const Routine &routine, const std::vector<Input> &arguments, const Output &out) {
  const int64 bytes = routine.entry(TABLE_REAL_BYTES);
  const Memory numbers(out.data, out.length * bytes);
  checkApart("indices", indicesOf(out), "out", numbers);
  checkApart("out", numbers, arguments, bytes);
  checkApart("indices", indicesOf(out), arguments, bytes);
}

int64 sum(const std::string &what, int64 a, int64 b) {
  if (a > LARGEST - b) refuse(what, "at most " + to_string(LARGEST), to_string(a) + " + " + to_string(b));
  return a + b;
}

// The last entry leads furthest.
void checkArguments(const Routine &routine, const Plan &plan, const std::vector<Input> &arguments) {
  for (int64 v = 0; v < routine.variables() && plan.entries() > 0; v++) {
    int64 offset = 0;
    for (const Axis &axis : plan.batch) offset = sum("batch", offset, product("batch", axis.length - 1, axis.steps[v]));
    checkReach("argument " + to_string(v), offset, argumentSize(routine, v, plan.rows, plan.columns), arguments[v].length);
  }
}

// Results of two entries must not overlap, or two threads would write the same place: each step passes all that is
// inside.
void checkResults(const Routine &routine, const Plan &plan, const Output &out) {
  if (plan.entries() == 0) return;
  int64 extent = product("out", plan.rows, routine.entry(TABLE_RESULT_DIM));
  for (auto axis = plan.batch.rbegin(); axis != plan.batch.rend(); ++axis) {
    const int64 step = axis->steps.back();
    if (axis->length > 1 && step < extent) refuse("batch, steps of out", "at least " + to_string(extent), to_string(step));
    extent = sum("out", extent, product("out", axis->length - 1, step));
  }
  checkReach("out", 0, extent, out.length);
}

// Indices of one entry follow those of the entry before.
void checkIndices(const Routine &routine, const Plan &plan, const Output &out) {
  const int64 size = product("indices", product("indices", plan.rows, plan.entries()), routine.entry(TABLE_INDEX_DIM));
  checkReach("indices", 0, size, out.indexCount);
}

void checkIntervals(const char *name, const std::vector<int64> &intervals, int64 extent) {
  if (intervals.size() % 2 != 0) refuse(name, "pairs of begin and end", to_string(intervals.size()) + " numbers");
  for (std::size_t k = 0; k < intervals.size(); k += 2) {
    const int64 begin = intervals[k], end = intervals[k + 1];
    if (begin < 0 || end < begin || end > extent)
      refuse(name, "0 <= begin <= end <= " + to_string(extent), "[" + to_string(begin) + ", " + to_string(end) + "]");
  }
}

void checkDisjoint(const char *name, const std::vector<int64> &intervals) {
  std::vector<std::pair<int64, int64>> sorted;
  for (std::size_t k = 0; k < intervals.size(); k += 2)
    if (intervals[k] < intervals[k + 1]) sorted.emplace_back(intervals[k], intervals[k + 1]);
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t k = 1; k < sorted.size(); k++)
    if (sorted[k].first < sorted[k - 1].second)
      refuse(name, "intervals that do not overlap", "row " + to_string(sorted[k].first) + " twice");
}

void checkSlices(const Ranges &ranges) {
  const int64 intervals = static_cast<int64>(ranges.columns.size() / 2);
  if (ranges.slices.size() != ranges.rows.size() / 2)
    refuse("ranges.slices", to_string(ranges.rows.size() / 2) + " numbers", to_string(ranges.slices.size()));
  for (int64 before = 0; const int64 slice : ranges.slices) {
    if (slice < before || slice > intervals)
      refuse("ranges.slices", "ascending numbers up to " + to_string(intervals), to_string(slice));
    before = slice;
  }
}

void checkRanges(const Ranges &ranges, const Plan &plan) {
  checkIntervals("ranges.rows", ranges.rows, plan.rows);
  checkIntervals("ranges.columns", ranges.columns, plan.columns);
  checkSlices(ranges);
  checkDisjoint("ranges.rows", ranges.rows);
}

// A bound of all numbers that cpu.cc computes: pairs of (block, chunk) over all entries, each with its accumulators.
void checkUnits(const Routine &routine, const Plan &plan) {
  const int64 intervals = plan.ranges ? static_cast<int64>(plan.ranges->slices.size()) : 0;
  const int64 blocks = plan.rows / plan.blockRows + 1 + intervals;
  const int64 chunks = plan.ranges ? 1 : plan.columns / plan.chunkColumns + 1;
  const int64 units = product("units", product("units", blocks, chunks), plan.entries());
  if (units > INT32_MAX) refuse("plan", "fewer than 2^31 units", to_string(units));
  const int64 rows = std::min(plan.blockRows, plan.rows);
  const int64 bytes = product("accumulators", rows, routine.entry(TABLE_ACCUMULATOR_BYTES));
  product("accumulators", product("accumulators", blocks, chunks), bytes + 64);
  product("hoisted", plan.columns, routine.entry(TABLE_HOISTED_REALS) * routine.entry(TABLE_REAL_BYTES));
}

void checkSizes(const Routine &routine, const Plan &plan) {
  checkSize("rows", plan.rows, 0);
  checkSize("columns", plan.columns, 0);
  checkSize("blockRows", plan.blockRows, 1);
  checkSize("chunkColumns", plan.chunkColumns, 1);
  checkSize("unitsPerTask", plan.unitsPerTask, 1);
  for (int64 entries = 1; const Axis &axis : plan.batch) {
    checkSize("batch", axis.length, 0, INT32_MAX);
    entries = product("batch", entries, axis.length);
    checkSize("entries", entries, 0, INT32_MAX);
    if (static_cast<int64>(axis.steps.size()) != routine.variables() + 1)
      refuse("batch", to_string(routine.variables() + 1) + " steps", to_string(axis.steps.size()));
    for (const int64 step : axis.steps) checkSize("batch", step, 0);
  }
}

// Each pair of points stands for two, so the points must be the same, and all of them.
void checkPairsOnce(const Routine &routine, const Plan &plan) {
  if (plan.rows != plan.columns) refuse("columns", "as many as rows, " + to_string(plan.rows), to_string(plan.columns));
  if (plan.ranges || !plan.batch.empty())
    throw std::invalid_argument("plan: expected neither ranges nor a batch, got a routine that evaluates each pair once");
  const int64 sides = plan.rows / routine.entry(TABLE_ROW_GRAIN) + 1;
  if (product("units", sides, sides) > INT32_MAX) refuse("plan", "fewer than 2^31 squares", to_string(sides) + " sides");
  product("accumulators", 2 * sides, product("accumulators", routine.entry(TABLE_ROW_GRAIN), routine.entry(TABLE_ACCUMULATOR_BYTES)) + 64);
}

void checkCut(const Routine &routine, const Plan &plan) {
  checkForm(routine, false);
  checkSizes(routine, plan);
  if (plan.ranges) checkRanges(*plan.ranges, plan);
  if (routine.pairsOnce) checkPairsOnce(routine, plan);
}

}  // namespace

void checkArrays(const Routine &routine, const Plan &plan, const std::vector<Input> &arguments, const Output &out) {
  checkCount(routine, arguments);
  checkArguments(routine, plan, arguments);
  checkResults(routine, plan, out);
  checkIndices(routine, plan, out);
  checkOverlap(routine, arguments, out);
}

void checkState(const Routine &routine, const void *state, int64 bytes, const std::vector<Input> &arguments, const Output &out) {
  const Memory memory(state, bytes);
  if (memory.begin % alignof(double) != 0) throw std::invalid_argument("state: expected memory aligned to 8 bytes, got other");
  checkApart("state", memory, "out", Memory(out.data, out.length * routine.entry(TABLE_REAL_BYTES)));
  checkApart("state", memory, "indices", indicesOf(out));
  checkApart("state", memory, arguments, routine.entry(TABLE_REAL_BYTES));
}

void check(const Routine &routine, const Plan &plan, const std::vector<Input> &arguments, const Output &out) {
  checkCut(routine, plan);
  checkArrays(routine, plan, arguments, out);
  checkUnits(routine, plan);
}

void check(const Routine &routine, const Plan &plan) {
  checkCut(routine, plan);
  checkUnits(routine, plan);
}

void check(const Routine &routine, const Rectangle &part, const std::vector<Input> &arguments, const Output &out) {
  checkForm(routine, true);
  checkCount(routine, arguments);
  checkSize("rows", part.rows, 0);
  checkSize("columns", part.columns, 0);
  checkSize("endRow", part.endRow, 0, part.rows);
  checkSize("firstRow", part.firstRow, 0, part.endRow);
  checkSize("endColumn", part.endColumn, 0, part.columns);
  checkSize("firstColumn", part.firstColumn, 0, part.endColumn);
  for (int64 v = 0; v < routine.variables(); v++)
    checkReach("argument " + to_string(v), 0, argumentSize(routine, v, part.rows, part.columns), arguments[v].length);
  const int64 pairs = product("out", part.endRow - part.firstRow, part.endColumn - part.firstColumn);
  checkReach("out", 0, product("out", pairs, routine.entry(TABLE_RESULT_DIM)), out.length);
  checkOverlap(routine, arguments, out);
}
