#include "run/spans.h"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "run/memory.h"

namespace {

// Memory of this thread, valid until it asks again.
char *threadMemory(int64 bytes) {
  static thread_local GrowingBuffer buffer;
  return buffer.ofSize(bytes);
}

constexpr int64 LEAST_COLUMNS = int64(1) << 10, MOST_COLUMNS = int64(1) << 16, NUMBERS = int64(1) << 20;

}  // namespace

int64 spanColumns(const Routine &routine) {
  int64 width = 0;
  for (int64 v = 0; v < routine.variables(); v++)
    if (routine.kind(v) == KIND_COLUMN) width += routine.dim(v);
  const int64 most = std::max<int64>(1, NUMBERS / std::max<int64>(1, width));
  return std::clamp(static_cast<int64>(std::bit_floor(static_cast<std::uint64_t>(most))), LEAST_COLUMNS, MOST_COLUMNS);
}

void reduceFirst(const Routine &routine, const Job &job, RowInterval rows, int64 first, int64 end, char *accumulators) {
  const int64 columns[2] = {first, end};
  const Block block{rows.first, rows.end, columns, first < end};
  routine.reduce(&job, &block, accumulators);
}

// Leaves the sum of both in the first: finishing does, and what it tells besides is not wanted yet.
void reduceLater(const Routine &routine, const Job &job, RowInterval rows, int64 first, int64 end, char *accumulators) {
  const int64 count = rows.end - rows.first;
  const int64 bytes = roundUp(count * routine.entry(TABLE_ACCUMULATOR_BYTES), 64);
  const int64 numberBytes = roundUp(count * routine.entry(TABLE_RESULT_DIM) * routine.entry(TABLE_REAL_BYTES), 64);
  char *const later = threadMemory(bytes + numberBytes + count * routine.entry(TABLE_INDEX_DIM) * sizeof(int32));
  char *const numbers = later + bytes;
  reduceFirst(routine, job, rows, first, end, later);
  const int64 distance = reinterpret_cast<std::intptr_t>(later) - reinterpret_cast<std::intptr_t>(accumulators);
  routine.finish(count, accumulators, 2, distance, numbers, reinterpret_cast<int32 *>(numbers + numberBytes));
}

void reduceSpans(const Routine &routine, const Job &job, RowInterval rows, int64 firstColumn, int64 endColumn, char *accumulators,
                 Watch &watch) {
  const int64 span = spanColumns(routine);
  reduceFirst(routine, job, rows, firstColumn, std::min(endColumn, firstColumn + span), accumulators);
  for (int64 first = firstColumn + span; first < endColumn; first += span) {
    watch.askPoll();
    if (watch.stopping()) return;
    reduceLater(routine, job, rows, first, std::min(endColumn, first + span), accumulators);
  }
}
