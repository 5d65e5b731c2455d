// Running a routine that evaluates each pair of points once: squares of pairs, which enter the sums of their rows and
// those of their columns. In step 0 every side meets itself, in step s the side that is s further on, round and round,
// so that every two sides meet once. Each side has two accumulators, one for when it is met from behind and one for
// when it meets another; the squares of a step thus share none, and those of the next step wait for the two that they
// need. So each accumulator sees its squares in the order of the steps, and the bits of a result come from the sizes,
// never from the threads.
#include "run/cpu.h"

#include <cstring>
#include <memory>
#include <thread>

#include "run/handout.h"

namespace {

class PairsOnce {
 public:
  PairsOnce(const Routine &, const Plan &, const std::vector<Input> &, const Output &, Watch &);
  void run();

 private:
  struct Side {
    std::atomic<int64> own{0}, other{0};  // steps that each accumulator has seen
    std::atomic<int64> missing{0};        // squares
  };

  void prepareColumns();
  void doSquare(int64 number);
  void meetItself(int64 side);
  void meet(int64 side, int64 with, int64 step);
  bool await(const std::atomic<int64> &steps, int64 wanted);
  void count(int64 side);

  int64 first(int64 side) const { return side * length; }
  int64 end(int64 side) const { return std::min(first(side) + length, points); }
  bool isWhole(int64 side) const { return end(side) - first(side) == length; }
  char *accumulator(int64 side, int which) const { return accumulators.get() + (2 * side + which) * partBytes; }

  const Routine &routine;
  const Output &out;
  Watch &watch;
  const int64 points, length, sides, partBytes;
  std::vector<const void *> pointers;
  const Buffer hoisted, accumulators;
  const Job job;
  const std::unique_ptr<Side[]> all;
};

std::vector<const void *> pointersOf(const std::vector<Input> &arguments) {
  std::vector<const void *> pointers;
  for (const Input &argument : arguments) pointers.push_back(argument.data);
  return pointers;
}

PairsOnce::PairsOnce(const Routine &routine, const Plan &plan, const std::vector<Input> &arguments, const Output &out,
                     Watch &watch)
    : routine(routine), out(out), watch(watch), points(plan.rows), length(routine.entry(TABLE_ROW_GRAIN)),
      sides(ceilDivide(points, length)), partBytes(roundUp(length * routine.entry(TABLE_ACCUMULATOR_BYTES), 64)),
      pointers(pointersOf(arguments)),
      hoisted(allocate(points * routine.entry(TABLE_HOISTED_REALS) * routine.entry(TABLE_REAL_BYTES))),
      accumulators(allocate(2 * sides * partBytes)), job{pointers.data(), hoisted.get(), points, points},
      all(std::make_unique<Side[]>(sides)) {
  for (int64 side = 0; side < sides; side++) all[side].missing = sides;
}

void PairsOnce::run() {
  const int64 squares = sides * (sides + 1) / 2;
  watch.begin(squares);
  if (watch.stopping()) throw Interrupted("reduce: interrupted");
  prepareColumns();
  handOut("reduce", watch, squares, 1, 1, [this](int64 first) { return [this, number = first]() mutable { doSquare(number++); }; });
}

void PairsOnce::prepareColumns() {
  const int64 reals = routine.entry(TABLE_HOISTED_REALS);
  if (reals == 0) return;
  const int64 columns = std::max<int64>(64, PREPARED_REALS / reals);
  handOut("reduce", watch, ceilDivide(points, columns), 1, 0, [&](int64 first) {
    return [&, unit = first]() mutable {
      routine.prepare(&job, unit * columns, std::min((unit + 1) * columns, points));
      unit++;
    };
  });
}

// Squares are handed out step by step, so whatever one waits for is in hands already.
void PairsOnce::doSquare(int64 number) {
  const int64 step = number / sides, side = number % sides;
  if (step == 0) meetItself(side);
  else meet(side, (side + step) % sides, step);
}

void PairsOnce::meetItself(int64 side) {
  std::memset(accumulator(side, 0), 0, 2 * partBytes);
  routine.pairsOnce(&job, first(side), end(side), first(side), end(side), accumulator(side, 0), nullptr);
  all[side].own.store(1, std::memory_order_release);
  all[side].other.store(1, std::memory_order_release);
  count(side);
}

// A side that is no whole one is met by its columns: their number is free.
void PairsOnce::meet(int64 side, int64 with, int64 step) {
  if (!await(all[side].own, step) || !await(all[with].other, step)) return;
  char *const own = accumulator(side, 0), *const other = accumulator(with, 1);
  if (isWhole(side)) routine.pairsOnce(&job, first(side), end(side), first(with), end(with), own, other);
  else routine.pairsOnce(&job, first(with), end(with), first(side), end(side), other, own);
  all[side].own.store(step + 1, std::memory_order_release);
  all[with].other.store(step + 1, std::memory_order_release);
  count(side);
  count(with);
}

// False if the run is stopped: then what is waited for may never come.
bool PairsOnce::await(const std::atomic<int64> &steps, int64 wanted) {
  while (steps.load(std::memory_order_acquire) != wanted) {
    if (watch.stopping()) return false;
    std::this_thread::yield();
  }
  return true;
}

// The last one sees what all the others have written: each has released it by counting down.
void PairsOnce::count(int64 side) {
  if (all[side].missing.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  const int64 rowBytes = routine.entry(TABLE_RESULT_DIM) * routine.entry(TABLE_REAL_BYTES);
  char *const to = static_cast<char *>(out.data) + first(side) * rowBytes;
  routine.finish(end(side) - first(side), accumulator(side, 0), 2, partBytes, to, nullptr);
}

}  // namespace

void reducePairsOnce(const Routine &routine, const Plan &plan, const std::vector<Input> &arguments, const Output &out, Watch &watch) {
  if (plan.rows > 0) PairsOnce(routine, plan, arguments, out, watch).run();
}
