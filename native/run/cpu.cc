// Running a checked call on the pool: units of work are (batch entry, block of rows, chunk of columns), several to a
// task. One chunk: accumulators stay with the thread that finishes them. More: they meet in shared memory, and whoever
// completes a block of rows merges its parts in their order. So the bits of a result come from the plan, never from the
// threads.
#include "run/cpu.h"

#include <algorithm>
#include <memory>

#include "run/handout.h"
#include "run/memory.h"
#include "run/spans.h"

namespace {

constexpr int64 WAVE_BYTES = int64(64) << 20;
constexpr int64 BLOCK_PAIRS = 1 << 14;

// Memory of this thread, valid until it asks again.
char *threadMemory(int64 bytes) {
  static thread_local GrowingBuffer buffer;
  return buffer.ofSize(bytes);
}

// A part of the rows, inside row interval `range` if there are ranges.
struct RowBlock {
  int64 first, end;
  std::size_t range;
};

class Reduction;

// One entry of the batch after the other: where its arguments and results begin.
class Entry {
 public:
  Entry(const Reduction &, int64 inWave);
  void next();

  Job job;
  char *out;
  int32 *indices;

 private:
  void point(int64 inWave);

  const Reduction &of;
  int64 inWave, inInnermostAxis;
  std::vector<const void *> arguments;
};

class Reduction {
  friend class Entry;
  friend class Units;

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
  RowBlock blockAt(int64 number) const;
  void reduceBlock(const Job &, const RowBlock &rows, int64 part, char *accumulators) const;
  void finishBlock(const Entry &, const RowBlock &rows, char *accumulators) const;

  const Routine &routine;
  const Plan &plan;
  const std::vector<Input> &arguments;
  const Output &out;
  Watch &watch;
  const int64 realBytes, variables, hoistedReals, accumulatorBytes, resultDim, indexDim, entries;
  const int64 parts;              // per block of rows
  const int64 partBytes;
  std::vector<RowBlock> listed;   // with ranges only
  int64 blocks, hoistedBytes, partsBytes, waveSize;
  int64 preparedColumns, preparedChunks;
  // The wave: as many entries of the batch as are in memory at a time.
  int64 waveFirst = 0, waveCount = 0;
  Buffer hoisted, accumulators;
  std::unique_ptr<std::atomic<int64>[]> missing;  // parts, per (entry of the wave, block)
};

Entry::Entry(const Reduction &reduction, int64 inWave) : of(reduction), arguments(of.variables) { point(inWave); }

void Entry::point(int64 to) {
  const Plan &plan = of.plan;
  const int64 entry = of.waveFirst + to;
  inWave = to;
  inInnermostAxis = plan.batch.empty() ? 0 : entry % plan.batch.back().length;
  for (int64 v = 0; v < of.variables; v++)
    arguments[v] = static_cast<const char *>(of.arguments[v].data) + plan.offset(entry, v) * of.realBytes;
  job = {arguments.data(), of.hoisted ? of.hoisted.get() + to * of.hoistedBytes : nullptr, plan.rows, plan.columns};
  out = static_cast<char *>(of.out.data) + plan.offset(entry, of.variables) * of.realBytes;
  indices = of.out.indices ? of.out.indices + entry * plan.rows * of.indexDim : nullptr;
}

// Entries may be tiny: where one more step along the innermost axis leads is not computed from the beginning.
void Entry::next() {
  const Axis &axis = of.plan.batch.back();
  if (++inInnermostAxis == axis.length) return point(inWave + 1);
  inWave++;
  for (int64 v = 0; v < of.variables; v++)
    arguments[v] = static_cast<const char *>(arguments[v]) + axis.steps[v] * of.realBytes;
  if (job.hoisted) job.hoisted = static_cast<char *>(job.hoisted) + of.hoistedBytes;
  out += axis.steps[of.variables] * of.realBytes;
  if (indices) indices += of.plan.rows * of.indexDim;
}

// Units one after the other, from a given one on: parts of the columns of a block of rows, blocks of an entry, entries.
class Units {
 public:
  Units(Reduction &, int64 first);
  void doNext();

 private:
  void advance();

  Reduction &of;
  int64 number, block, part;  // of all blocks of the wave, of the blocks of the entry, of the parts of the block
  Entry entry;
  char *const memory;
};

Reduction::Reduction(const Routine &routine, const Plan &plan, const std::vector<Input> &arguments, const Output &out,
                     Watch &watch)
    : routine(routine), plan(plan), arguments(arguments), out(out), watch(watch),
      realBytes(routine.entry(TABLE_REAL_BYTES)), variables(routine.variables()),
      hoistedReals(routine.entry(TABLE_HOISTED_REALS)), accumulatorBytes(routine.entry(TABLE_ACCUMULATOR_BYTES)),
      resultDim(routine.entry(TABLE_RESULT_DIM)), indexDim(routine.entry(TABLE_INDEX_DIM)), entries(plan.entries()),
      parts(plan.ranges ? 1 : std::max<int64>(1, ceilDivide(plan.columns, plan.chunkColumns))),
      partBytes(roundUp(std::min(plan.blockRows, plan.rows) * accumulatorBytes, 64)) {
  if (plan.ranges) listBlocks(*plan.ranges);
  blocks = plan.ranges ? static_cast<int64>(listed.size()) : ceilDivide(plan.rows, plan.blockRows);
  preparedColumns = std::clamp<int64>(PREPARED_REALS / std::max<int64>(1, hoistedReals), 64, std::max<int64>(64, plan.columns));
  preparedChunks = hoistedReals == 0 ? 0 : ceilDivide(plan.columns, preparedColumns);
  hoistedBytes = roundUp(plan.columns * hoistedReals * realBytes, 64);
  partsBytes = parts == 1 ? 0 : blocks * parts * partBytes;
  waveSize = std::clamp<int64>(WAVE_BYTES / std::max<int64>(1, hoistedBytes + partsBytes), 1, std::max<int64>(1, entries));
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
  watch.begin(entries * blocks * parts);
  if (watch.stopping()) throw Interrupted("reduce: interrupted");
  if (blocks == 0 || entries == 0) return;
  allocateWave();
  for (int64 first = 0; first < entries; first += waveSize) {
    beginWave(first, std::min(waveSize, entries - first));
    prepareColumns();
    reduceBlocks();
  }
}

void Reduction::allocateWave() {
  hoisted = allocate(waveSize * hoistedBytes);
  accumulators = allocate(waveSize * partsBytes);
  if (parts > 1) missing = std::make_unique<std::atomic<int64>[]>(waveSize * blocks);
}

void Reduction::beginWave(int64 first, int64 count) {
  waveFirst = first;
  waveCount = count;
  if (parts > 1)
    for (int64 k = 0; k < count * blocks; k++) missing[k].store(parts, std::memory_order_relaxed);
}

void Reduction::prepareColumns() {
  if (preparedChunks == 0) return;
  const int64 reals = std::min(preparedColumns, plan.columns) * hoistedReals;
  handOut("reduce", watch, waveCount * preparedChunks, std::max<int64>(1, PREPARED_REALS / reals), 0,
          [this](int64 first) { return [this, unit = first]() mutable { prepareUnit(unit++); }; });
}

void Reduction::reduceBlocks() {
  handOut("reduce", watch, waveCount * blocks * parts, plan.unitsPerTask, 1,
          [this](int64 first) { return [units = Units(*this, first)]() mutable { units.doNext(); }; });
}

void Reduction::prepareUnit(int64 unit) {
  const int64 first = unit % preparedChunks * preparedColumns;
  const Entry entry(*this, unit / preparedChunks);
  routine.prepare(&entry.job, first, std::min(first + preparedColumns, plan.columns));
}

Units::Units(Reduction &reduction, int64 first)
    : of(reduction), number(first / of.parts), block(number % of.blocks), part(first % of.parts),
      entry(of, number / of.blocks), memory(of.parts == 1 ? threadMemory(of.partBytes) : nullptr) {}

void Units::doNext() {
  const RowBlock rows = of.blockAt(block);
  char *const parts = memory ? memory : of.accumulators.get() + number * of.parts * of.partBytes;
  of.reduceBlock(entry.job, rows, part, parts + part * of.partBytes);
  // The last one sees what all the others have written: each has released its part by counting down.
  if (of.parts == 1 || of.missing[number].fetch_sub(1, std::memory_order_acq_rel) == 1) of.finishBlock(entry, rows, parts);
  advance();
}

void Units::advance() {
  if (++part < of.parts) return;
  part = 0;
  number++;
  if (++block < of.blocks) return;
  block = 0;
  if (number < of.waveCount * of.blocks) entry.next();
}

RowBlock Reduction::blockAt(int64 number) const {
  if (plan.ranges) return listed[number];
  const int64 first = number * plan.blockRows;
  return {first, plan.rows - first > plan.blockRows ? first + plan.blockRows : plan.rows, 0};
}

void Reduction::reduceBlock(const Job &job, const RowBlock &rows, int64 part, char *accumulators) const {
  if (!plan.ranges) {
    const int64 first = part * plan.chunkColumns;
    const int64 end = plan.columns - first > plan.chunkColumns ? first + plan.chunkColumns : plan.columns;
    return reduceSpans(routine, job, {rows.first, rows.end}, first, end, accumulators, watch);
  }
  const int64 begin = rows.range == 0 ? 0 : plan.ranges->slices[rows.range - 1];
  const Block block{rows.first, rows.end, plan.ranges->columns.data() + 2 * begin, plan.ranges->slices[rows.range] - begin};
  routine.reduce(&job, &block, accumulators);
}

void Reduction::finishBlock(const Entry &entry, const RowBlock &rows, char *accumulators) const {
  char *const numbers = entry.out + rows.first * resultDim * realBytes;
  int32 *const indices = entry.indices ? entry.indices + rows.first * indexDim : nullptr;
  routine.finish(rows.end - rows.first, accumulators, parts, partBytes, numbers, indices);
}

}  // namespace

void reduce(const Routine &routine, const Plan &plan, const std::vector<Input> &arguments, const Output &out, Watch &watch) {
  if (routine.pairsOnce) return reducePairsOnce(routine, plan, arguments, out, watch);
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
  const auto doTask = [&](int64 task) {
    const int64 first = task * rowsPerTask, end = std::min(first + rowsPerTask, rows);
    char *const place = static_cast<char *>(out.data) + first * rowBytes;
    routine.block(&job, part.firstRow + first, part.firstRow + end, part.firstColumn, part.endColumn, place);
  };
  handOut("block", watch, tasks, 1, 1, [&](int64 first) { return [&doTask, task = first]() mutable { doTask(task++); }; });
}
