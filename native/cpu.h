// What the addon can do with a compiled routine on the processor: load it, check a call, run it on the pool.
// Its one idea: a plan cuts the work into numbered units, and a unit's result depends on nothing but its number.
// It must know nothing of JavaScript, so that it can be tested without it.
#ifndef TSKEOPS_CPU_H
#define TSKEOPS_CPU_H

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "routine.h"

// library.cc ---------------------------------------------------------------------------------------------------------------

// A loaded routine, compiled or made of tile kernels; lives as long as the process.
struct Routine {
  std::vector<int64> table;
  std::function<decltype(keops_prepare)> prepare;
  std::function<decltype(keops_reduce)> reduce;
  std::function<decltype(keops_pairs_once)> pairsOnce;  // in place of `reduce`, or empty
  std::function<decltype(keops_finish)> finish;
  std::function<decltype(keops_block)> block;

  int64 entry(TableEntry which) const { return table[which]; }
  int64 variables() const { return table[TABLE_VARIABLES]; }
  int64 kind(int64 variable) const { return table[TABLE_SIZE + 2 * variable]; }
  int64 dim(int64 variable) const { return table[TABLE_SIZE + 2 * variable + 1]; }
};

// The number of the routine in this file, once per path and process. Throws std::runtime_error with the loader's reason.
int64 loadRoutine(const std::string &path);
// The number of a routine that was made otherwise.
int64 keepRoutine(Routine);
// Throws std::out_of_range for a number that loadRoutine did not give.
const Routine &routineOf(int64 number);

// "avx512", "avx2" or "baseline".
const char *bestIsa();

// tiles.cc -----------------------------------------------------------------------------------------------------------------

struct TileLibrary;

// The precompiled kernels for an instruction set and dtype. Throws std::invalid_argument where there are none.
const TileLibrary &tileLibrary(const std::string &isa, int64 realBytes);
// A routine that runs a program of these kernels; its format is told in tiles.cc. Throws std::out_of_range unless all that the program
// reads and writes exists.
Routine tileRoutine(const TileLibrary &, const std::vector<int64> &program, const std::vector<double> &constants);

// plan.cc ------------------------------------------------------------------------------------------------------------------

struct Input {
  const void *data;
  int64 length;  // elements
};
// What a call writes: numbers, and the indices of reductions that have some.
struct Output {
  void *data;
  int64 length;
  int32 *indices = nullptr;
  int64 indexCount = 0;
};

// KeOps's block-sparse ranges: row interval k is reduced over column intervals slices[k - 1] .. slices[k].
struct Ranges {
  std::vector<int64> rows;     // [n, 2]
  std::vector<int64> slices;   // [n]
  std::vector<int64> columns;  // [m, 2]
};

// A dimension of a batch; steps: elements from one index to the next, in each argument and then in the output.
struct Axis {
  int64 length;
  std::vector<int64> steps;
};

struct Plan {
  int64 rows, columns, blockRows, chunkColumns, unitsPerTask;
  std::vector<Axis> batch;  // outermost first
  std::optional<Ranges> ranges;

  int64 entries() const {
    int64 count = 1;
    for (const Axis &axis : batch) count *= axis.length;
    return count;
  }
  // Where an entry begins in an argument, or in the output if `variable` is the number of arguments.
  int64 offset(int64 entry, int64 variable) const {
    int64 offset = 0;
    for (size_t a = batch.size(); a-- > 0; entry /= batch[a].length)
      offset += (a == 0 ? entry : entry % batch[a].length) * batch[a].steps[variable];
    return offset;
  }
};

struct Rectangle {
  int64 rows, columns, firstRow, endRow, firstColumn, endColumn;
};

// Throw std::invalid_argument or std::out_of_range unless every element that the call may touch exists.
void check(const Routine &, const Plan &, const std::vector<Input> &, const Output &);
void check(const Routine &, const Rectangle &, const std::vector<Input> &, const Output &);
// The first in two: whether the plan is one, and whether arrays are as large as it says.
void check(const Routine &, const Plan &);
void checkArrays(const Routine &, const Plan &, const std::vector<Input> &, const Output &);

// cpu.cc -------------------------------------------------------------------------------------------------------------------

struct Interrupted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What may end a run early, and where it tells how far it is.
class Watch {
 public:
  int32 *control = nullptr;                            // [cancel flag, units done, units total], shared with others
  const std::atomic<std::uint32_t> *alarm = nullptr;   // the run ends when this no longer is `alarmBefore`
  std::uint32_t alarmBefore = 0;
  std::function<bool()> poll;                          // asked by the thread that runs only, every few milliseconds

  void stop() { halted.store(true, std::memory_order_relaxed); }
  bool stopped() const { return halted.load(std::memory_order_relaxed); }

  // For the running code: to call first, before each task, before each unit, after each task.
  void begin(int64 units);
  void askPoll();
  bool stopping();
  void done(int64 units);

 private:
  std::atomic<bool> halted{false};
  std::thread::id runner;
  std::chrono::steady_clock::time_point lastPoll;
};

// Write `out`, or throw Interrupted (then `out` is partly written) or std::bad_alloc. Arguments must have been checked.
void reduce(const Routine &, const Plan &, const std::vector<Input> &, const Output &, Watch &);
void block(const Routine &, const Rectangle &, const std::vector<Input> &, const Output &, Watch &);

#endif
