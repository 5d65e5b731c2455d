// Running a checked call on the pool: units of work are (batch entry, block of rows, chunk of columns), several to a task.
// One chunk: accumulators stay with the thread that finishes them. More: they meet in shared memory, and whoever completes
// a block of rows merges its parts in their order. So the bits of a result come from the plan, never from the threads.
#include "cpu.h"

#include <algorithm>
#include <memory>

#include "memory.h"
#include "pool.h"

namespace {

constexpr int64 WAVE_BYTES = int64(64) << 20;
constexpr int64 WAVE_ENTRIES = 1 << 16;
constexpr int64 PREPARED_REALS = 1 << 14;  // per task: some tens of microseconds
constexpr int64 BLOCK_PAIRS = 1 << 14;

// Memory of this thread, valid until it asks again.
char *threadMemory(int64 bytes) {
  static thread_local GrowingBuffer buffer;
  return buffer.ofSize(bytes);
}

// Does the numbered units on the pool, `unitsPerTask` at a time; each counts as `counted` in the progress.
template <typename Unit>
void handOut(const char *what, Watch &watch, int64 units, int64 unitsPerTask, int64 counted, Unit unit) {
  std::atomic<bool> outOfMemory{false};
  unitsPerTask = std::min(unitsPerTask, units);
  Pool::ofProcess().run(units == 0 ? 0 : ceilDivide(units, unitsPerTask), [&](int64 task) {
    const int64 first = task * unitsPerTask, end = std::min(first + unitsPerTask, units);
    watch.askPoll();
    try {
      for (int64 u = first; u < end; u++) {
        if (watch.stopping()) return;
        unit(u);
      }
      watch.done(counted * (end - first));
    } catch (const std::bad_alloc &) {
      outOfMemory = true;
      watch.stop();
    }
  });
  if (outOfMemory) throw std::bad_alloc();
  if (watch.stopped()) throw Interrupted(std::string(what) + ": interrupted");
}

// A part of the rows, inside row interval `range` if there are ranges.
struct RowBlock {
  int64 first, end;
  std::size_t range;
};

class Reduction {
 public:
  Reduction(const Routine &, const Plan &, const std::vector<Input> &, const Output &, Watch &);
  void run();

 private:
  void listBlocks(const Ranges &);
  void allocateWave();
  void beginWave(int64 first, int64 count);
  void prepareColumns();
  void reduceBlocks();
  void prepareUnit(int64 unit);
  void reduceUnit(int64 unit);
  RowBlock blockAt(int64 number) const;
  void reduceBlock(int64 entry, const RowBlock &rows, int64 part, char *accumulators) const;
  void finishBlock(int64 entry, const RowBlock &rows, const char *accumulators) const;

  const Routine &routine;
  const Plan &plan;
  const std::vector<Input> &arguments;
  const Output &out;
  Watch &watch;
  const int64 realBytes, variables, hoistedReals, accumulatorBytes;
  const int64 parts;              // per block of rows
  const int64 partBytes;
  std::vector<RowBlock> listed;   // with ranges only
  int64 blocks, hoistedBytes, partsBytes, waveSize;
  int64 preparedColumns, preparedChunks;
  // The wave: as many entries of the batch as are in memory at a time.
  int64 waveFirst = 0, waveCount = 0;
  std::vector<const void *> pointers;
  std::vector<Job> jobs;
  Buffer hoisted, accumulators;
  std::unique_ptr<std::atomic<int64>[]> missing;  // parts, per (entry of the wave, block)
};

Reduction::Reduction(const Routine &routine, const Plan &plan, const std::vector<Input> &arguments, const Output &out,
                     Watch &watch)
    : routine(routine), plan(plan), arguments(arguments), out(out), watch(watch),
      realBytes(routine.entry(TABLE_REAL_BYTES)), variables(routine.variables()),
      hoistedReals(routine.entry(TABLE_HOISTED_REALS)), accumulatorBytes(routine.entry(TABLE_ACCUMULATOR_BYTES)),
      parts(plan.ranges ? 1 : std::max<int64>(1, ceilDivide(plan.columns, plan.chunkColumns))),
      partBytes(roundUp(std::min(plan.blockRows, plan.rows) * accumulatorBytes, 64)) {
  if (plan.ranges) listBlocks(*plan.ranges);
  blocks = plan.ranges ? static_cast<int64>(listed.size()) : ceilDivide(plan.rows, plan.blockRows);
  preparedColumns = std::clamp<int64>(PREPARED_REALS / std::max<int64>(1, hoistedReals), 64, std::max<int64>(64, plan.columns));
  preparedChunks = hoistedReals == 0 ? 0 : ceilDivide(plan.columns, preparedColumns);
  hoistedBytes = roundUp(plan.columns * hoistedReals * realBytes, 64);
  partsBytes = parts == 1 ? 0 : blocks * parts * partBytes;
  waveSize = std::clamp<int64>(WAVE_BYTES / std::max<int64>(1, hoistedBytes + partsBytes), 1, WAVE_ENTRIES);
  waveSize = std::min(waveSize, plan.entries);
}

void Reduction::listBlocks(const Ranges &ranges) {
  for (std::size_t range = 0; range < ranges.slices.size(); range++) {
    const int64 end = ranges.rows[2 * range + 1];
    for (int64 first = ranges.rows[2 * range]; first < end;) {
      const int64 next = end - first > plan.blockRows ? first + plan.blockRows : end;
      listed.push_back({first, next, range});
      first = next;
    }
  }
}

void Reduction::run() {
  watch.begin(plan.entries * blocks * parts);
  if (watch.stopping()) throw Interrupted("reduce: interrupted");
  if (blocks == 0 || plan.entries == 0) return;
  allocateWave();
  for (int64 first = 0; first < plan.entries; first += waveSize) {
    beginWave(first, std::min(waveSize, plan.entries - first));
    prepareColumns();
    reduceBlocks();
  }
}

void Reduction::allocateWave() {
  pointers.resize(waveSize * variables);
  jobs.resize(waveSize);
  hoisted = allocate(waveSize * hoistedBytes);
  accumulators = allocate(waveSize * partsBytes);
  if (parts > 1) missing = std::make_unique<std::atomic<int64>[]>(waveSize * blocks);
}

void Reduction::beginWave(int64 first, int64 count) {
  waveFirst = first;
  waveCount = count;
  for (int64 entry = 0; entry < count; entry++) {
    const void **own = pointers.data() + entry * variables;
    for (int64 v = 0; v < variables; v++)
      own[v] = static_cast<const char *>(arguments[v].data) + plan.offset(first + entry, v, variables) * realBytes;
    jobs[entry] = {own, hoisted ? hoisted.get() + entry * hoistedBytes : nullptr, plan.rows, plan.columns};
  }
  if (parts > 1)
    for (int64 k = 0; k < count * blocks; k++) missing[k].store(parts, std::memory_order_relaxed);
}

void Reduction::prepareColumns() {
  if (preparedChunks == 0) return;
  const int64 reals = std::min(preparedColumns, plan.columns) * hoistedReals;
  handOut("reduce", watch, waveCount * preparedChunks, std::max<int64>(1, PREPARED_REALS / reals), 0, [this](int64 unit) { prepareUnit(unit); });
}

void Reduction::reduceBlocks() {
  handOut("reduce", watch, waveCount * blocks * parts, plan.unitsPerTask, 1, [this](int64 unit) { reduceUnit(unit); });
}

void Reduction::prepareUnit(int64 unit) {
  const int64 first = unit % preparedChunks * preparedColumns;
  routine.prepare(&jobs[unit / preparedChunks], first, std::min(first + preparedColumns, plan.columns));
}

void Reduction::reduceUnit(int64 unit) {
  const int64 part = unit % parts, number = unit / parts, entry = number / blocks;
  const RowBlock rows = blockAt(number % blocks);
  char *const own = parts == 1 ? threadMemory(partBytes) : accumulators.get() + number * parts * partBytes;
  reduceBlock(entry, rows, part, own + part * partBytes);
  // The last one sees what all the others have written: each has released its part by counting down.
  if (parts == 1 || missing[number].fetch_sub(1, std::memory_order_acq_rel) == 1) finishBlock(entry, rows, own);
}

RowBlock Reduction::blockAt(int64 number) const {
  if (plan.ranges) return listed[number];
  const int64 first = number * plan.blockRows;
  return {first, plan.rows - first > plan.blockRows ? first + plan.blockRows : plan.rows, 0};
}

void Reduction::reduceBlock(int64 entry, const RowBlock &rows, int64 part, char *accumulators) const {
  const int64 first = part * plan.chunkColumns;
  const int64 chunk[2] = {first, plan.columns - first > plan.chunkColumns ? first + plan.chunkColumns : plan.columns};
  Block block{rows.first, rows.end, chunk, plan.columns > 0};
  if (plan.ranges) {
    const int64 begin = rows.range == 0 ? 0 : plan.ranges->slices[rows.range - 1];
    block.intervals = plan.ranges->columns.data() + 2 * begin;
    block.intervalCount = plan.ranges->slices[rows.range] - begin;
  }
  routine.reduce(&jobs[entry], &block, accumulators);
}

void Reduction::finishBlock(int64 entry, const RowBlock &rows, const char *accumulators) const {
  const int64 offset = plan.offset(waveFirst + entry, variables, variables) + rows.first * routine.entry(TABLE_RESULT_DIM);
  char *const numbers = static_cast<char *>(out.data) + offset * realBytes;
  const int64 row = (waveFirst + entry) * plan.rows + rows.first;
  int32 *const indices = out.indices ? out.indices + row * routine.entry(TABLE_INDEX_DIM) : nullptr;
  routine.finish(rows.end - rows.first, accumulators, parts, partBytes, numbers, indices);
}

}  // namespace

void Watch::begin(int64 units) {
  runner = std::this_thread::get_id();
  lastPoll = std::chrono::steady_clock::now();
  if (!control) return;
  __atomic_store_n(&control[1], 0, __ATOMIC_RELAXED);
  __atomic_store_n(&control[2], static_cast<int32>(units), __ATOMIC_RELAXED);
}

void Watch::done(int64 units) {
  if (control && units != 0) __atomic_fetch_add(&control[1], static_cast<int32>(units), __ATOMIC_RELAXED);
}

bool Watch::stopping() {
  if (control && __atomic_load_n(&control[0], __ATOMIC_RELAXED) != 0) stop();
  if (alarm && alarm->load(std::memory_order_relaxed) != alarmBefore) stop();
  return stopped();
}

void Watch::askPoll() {
  if (!poll || std::this_thread::get_id() != runner) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - lastPoll < std::chrono::milliseconds(10)) return;
  lastPoll = now;
  if (poll()) stop();
}

void reduce(const Routine &routine, const Plan &plan, const std::vector<Input> &arguments, const Output &out, Watch &watch) {
  Reduction(routine, plan, arguments, out, watch).run();
}

void block(const Routine &routine, const Rectangle &part, const std::vector<Input> &arguments, const Output &out, Watch &watch) {
  std::vector<const void *> pointers;
  for (const Input &argument : arguments) pointers.push_back(argument.data);
  const Job job{pointers.data(), nullptr, part.rows, part.columns};
  const int64 rows = part.endRow - part.firstRow, columns = part.endColumn - part.firstColumn;
  const int64 rowBytes = columns * routine.entry(TABLE_RESULT_DIM) * routine.entry(TABLE_REAL_BYTES);
  const int64 rowsOfPairs = std::max<int64>(1, BLOCK_PAIRS / std::max<int64>(1, columns));
  const int64 rowsPerTask = roundUp(rowsOfPairs, routine.entry(TABLE_ROW_GRAIN));
  const int64 tasks = rowBytes == 0 ? 0 : ceilDivide(rows, rowsPerTask);
  watch.begin(tasks);
  handOut("block", watch, tasks, 1, 1, [&](int64 task) {
    const int64 first = task * rowsPerTask, end = std::min(first + rowsPerTask, rows);
    char *const place = static_cast<char *>(out.data) + first * rowBytes;
    routine.block(&job, part.firstRow + first, part.firstRow + end, part.firstColumn, part.endColumn, place);
  });
}
