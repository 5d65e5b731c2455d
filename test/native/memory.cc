// Runs routines at odd sizes, cuts, offsets and ranges: `memory a.so b.so ...`. Built with ASan and UBSan, arguments
// and results in memory of exactly their size. Every result is compared with that of the plainest call.
#include "harness.h"
#include "run/pool.h"

namespace {

Plan wholePlan(int64 rows, int64 columns) { return {rows, columns, 64, 1 << 30, 1, {}, {}}; }

// However a call is cut, it gives about the same; and the same bits for any number of threads.
void tryCuts(const Routine &routine, int64 rows, int64 columns, const Arguments &arguments, const Reals &expected) {
  for (const int64 blockRows : {1, 7, 16, 1000})
    for (const int64 chunkColumns : {1, 6, 64, 1000}) {
      const Plan plan{rows, columns, blockRows, chunkColumns, 2, {}, {}};
      Pool::ofProcess().setThreads(1);
      const Reals alone = resultOf(routine, plan, arguments.inputs, expected.length);
      expectNear(expected, alone, "a cut changes the result");
      for (const int threads : {2, 5}) {
        Pool::ofProcess().setThreads(threads);
        expectSame(alone, resultOf(routine, plan, arguments.inputs, expected.length), "threads change the bits");
      }
    }
}

void tryBatches(const Routine &routine, int64 rows, int64 columns) {
  const int64 entries = 6, gap = 1, bytes = routine.entry(TABLE_REAL_BYTES), size = rows * routine.entry(TABLE_RESULT_DIM);
  const Arguments arguments(routine, rows, columns, 7, entries, gap);
  Plan plan{rows, columns, 5, 9, 2, {{2, {}}, {3, {}}}, {}};
  for (int64 v = 0; v <= routine.variables(); v++) {
    const int64 step = gap + (v < routine.variables() ? sizeOf(routine, v, rows, columns) : size);
    plan.batch[0].steps.push_back(3 * step);
    plan.batch[1].steps.push_back(step);
  }
  const Reals all = resultOf(routine, plan, arguments.inputs, entries * (gap + size));
  Plan one{rows, columns, 5, 9, 2, {}, {}};
  for (int64 entry = 0; entry < entries; entry++) {
    std::vector<Input> own;
    for (int64 v = 0; v < routine.variables(); v++)
      own.push_back({arguments.arrays[v].memory.data() + plan.offset(entry, v) * bytes, sizeOf(routine, v, rows, columns)});
    const Reals alone = resultOf(routine, one, own, size);
    const auto begin = all.memory.begin() + plan.offset(entry, routine.variables()) * bytes;
    if (!std::equal(alone.memory.begin(), alone.memory.end(), begin)) fail("an entry of a batch differs from a call of its own");
  }
}

// All columns in four intervals, one of them empty, for all rows in two.
void tryWholeRanges(const Routine &routine, int64 rows, int64 columns, const Arguments &arguments, const Reals &expected) {
  const int64 middle = rows / 2, a = columns / 3, b = columns / 2;
  Plan plan = wholePlan(rows, columns);
  plan.blockRows = 6;
  plan.ranges = Ranges{{middle, rows, 0, middle}, {4, 8}, {0, a, a, b, b, b, b, columns, 0, a, a, b, b, b, b, columns}};
  expectNear(expected, resultOf(routine, plan, arguments.inputs, expected.length), "ranges of everything change the result");
}

// Columns [a, b) alone: as a call with those columns.
void tryPartialRanges(const Routine &routine, int64 rows, int64 columns, const Arguments &arguments) {
  const int64 a = columns / 3, b = columns - columns / 4, bytes = routine.entry(TABLE_REAL_BYTES);
  const int64 length = rows * routine.entry(TABLE_RESULT_DIM);
  std::vector<Input> part = arguments.inputs;
  for (int64 v = 0; v < routine.variables(); v++)
    if (routine.kind(v) == KIND_COLUMN)
      part[v] = {arguments.arrays[v].memory.data() + a * routine.dim(v) * bytes, (b - a) * routine.dim(v)};
  Plan plan = wholePlan(rows, columns);
  plan.ranges = Ranges{{0, rows}, {1}, {a, b}};
  // Values alone: indices count from the first column of a call.
  const Reals ranged = resultOf(routine, plan, arguments.inputs, length);
  const Reals direct = resultOf(routine, wholePlan(rows, b - a), part, length);
  if (routine.entry(TABLE_RESULT_DIM) == 1) expectNear(direct, ranged, "a range differs from a call with its columns");
}

void tryReduce(const Routine &routine, int64 rows, int64 columns) {
  const Arguments arguments(routine, rows, columns, 1);
  const Reals expected = resultOf(routine, wholePlan(rows, columns), arguments.inputs, rows * routine.entry(TABLE_RESULT_DIM));
  tryCuts(routine, rows, columns, arguments, expected);
  tryBatches(routine, rows, columns);
  tryWholeRanges(routine, rows, columns, arguments, expected);
  tryPartialRanges(routine, rows, columns, arguments);
}

void tryBlock(const Routine &routine, int64 rows, int64 columns) {
  const Arguments arguments(routine, rows, columns, 1);
  const Reals whole = blockOf(routine, {rows, columns, 0, rows, 0, columns}, arguments);
  const int64 firstRow = rows / 3, firstColumn = columns / 4, dim = routine.entry(TABLE_RESULT_DIM);
  const Reals part = blockOf(routine, {rows, columns, firstRow, rows, firstColumn, columns}, arguments);
  Reals cut(part.bytes, part.length);
  for (int64 k = 0; k < part.length; k++) {
    const int64 pair = k / dim, width = columns - firstColumn;
    cut.set(k, whole.get(((firstRow + pair / width) * columns + firstColumn + pair % width) * dim + k % dim));
  }
  expectNear(cut, part, "a part of a block differs from the whole");
}

// Squares that are whole, and those that are not, on any number of threads.
void tryPairsOnce(const Routine &routine) {
  const int64 side = routine.entry(TABLE_ROW_GRAIN);
  for (const int64 points : {int64(0), int64(1), int64(2), side - 1, side, side + 1, 2 * side, 3 * side + 5}) {
    const Arguments arguments(routine, points, points, 1);
    Pool::ofProcess().setThreads(1);
    const Reals alone = resultOf(routine, wholePlan(points, points), arguments.inputs, points * routine.entry(TABLE_RESULT_DIM));
    for (const int threads : {2, 5}) {
      Pool::ofProcess().setThreads(threads);
      expectSame(alone, resultOf(routine, wholePlan(points, points), arguments.inputs, alone.length), "threads change the bits");
    }
  }
}

// Whatever integers stand in a program, it is refused or touches only what exists.
void tryDamaged(const std::string &path) {
  std::mt19937 random(1);
  const TileText whole(path);
  for (int trial = 0; trial < 600; trial++) {
    TileText damaged = whole;
    for (unsigned changes = random() % 3 + 1; changes > 0; changes--)
      damaged.program[random() % damaged.program.size()] = static_cast<int64>(random() % 40) - 2;
    if (trial % 10 == 0) damaged.program.resize(random() % damaged.program.size());
    try {
      const Routine routine = damaged.routine();
      const Arguments arguments(routine, 17, 31, 1);
      if (routine.block) blockOf(routine, {17, 31, 0, 17, 0, 31}, arguments);
      else resultOf(routine, wholePlan(17, 31), arguments.inputs, 17 * routine.entry(TABLE_RESULT_DIM));
    } catch (const std::out_of_range &) {
    }
  }
}

}  // namespace

int main(int count, char **paths) {
  for (int k = 1; k < count; k++) {
    if (isTileText(paths[k])) tryDamaged(paths[k]);
    const Routine &routine = routineIn(paths[k]);
    if (routine.pairsOnce) {
      tryPairsOnce(routine);
      continue;
    }
    for (const int64 rows : {0, 1, 2, 15, 17, 33, 67})
      for (const int64 columns : {0, 1, 3, 16, 31, 259}) {
        Pool::ofProcess().setThreads(2);
        routine.block ? tryBlock(routine, rows, columns) : tryReduce(routine, rows, columns);
      }
  }
}
