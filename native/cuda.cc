// Running a checked call on a GPU. A call becomes launches, each of so many blocks and entries of the batch as take a moment and whose
// accumulators fit; between launches the call can be stopped. Everything is queued: who wants a result waits for it by fetching it.
#include "cuda.h"

#include <algorithm>
#include <deque>

#include "memory.h"

namespace cuda {

namespace {

constexpr double PAIRS_PER_LAUNCH = 1 << 30;  // some milliseconds
constexpr int64 ACCUMULATOR_BYTES = int64(256) << 20;
constexpr int64 MOST_ENTRIES = 65535, MOST_BLOCKS = (int64(1) << 31) - 1, MOST_STRIPES = 65535;
constexpr std::size_t LAUNCHES_AHEAD = 2;

// The first argument of every kernel, as native/cudalanes.h declares it, with the addresses of the arguments behind it.
struct LaunchHead {
  int64 rows, columns, firstBlock, blocks, partColumns, parts, firstEntry;
  Address offsets, rowBlocks, intervals, accumulators, out, indices;
};
static_assert(sizeof(LaunchHead) == 13 * 8);

class Launch {
 public:
  explicit Launch(int64 variables) : words(sizeof(LaunchHead) / 8 + variables + 1) {}
  LaunchHead &head() { return *reinterpret_cast<LaunchHead *>(words.data()); }
  Address &argument(int64 variable) { return words[sizeof(LaunchHead) / 8 + variable]; }
  void *data() { return words.data(); }

 private:
  std::vector<Address> words;
};

// Arrays of a call on the device: those that live there, and copies of the others for the time of the call.
class Arrays {
 public:
  Arrays(const CudaRoutine &routine, const std::vector<Placed> &arguments, const PlacedOutput &out, bool isKept)
      : device(routine.device), bytes(routine.shape.entry(TABLE_REAL_BYTES)), out(out) {
    for (const Placed &argument : arguments) addresses.push_back(placed(argument, true));
    numbers = placed(out.numbers, isKept);
    if (out.indexCount > 0) indices = own(out.indexCount * sizeof(int32));
    if (out.indexCount > 0 && isKept) device.staging().upload(indices, out.indices, out.indexCount * sizeof(int32));
  }
  void fetch() {
    if (!out.numbers.isResident) device.staging().download(out.numbers.data, numbers, out.numbers.length * bytes);
    if (out.indexCount > 0) device.staging().download(out.indices, indices, out.indexCount * sizeof(int32));
  }
  Address own(int64 size) {
    copies.emplace_back(device, size);
    return copies.back().address();
  }
  template <class T>
  Address table(const std::vector<T> &values) {
    const Address address = own(values.size() * sizeof(T));
    device.staging().upload(address, values.data(), values.size() * sizeof(T));
    return address;
  }

  std::vector<Address> addresses;
  Address numbers = 0, indices = 0;

 private:
  Address placed(const Placed &array, bool isRead) {
    if (array.isResident) return reinterpret_cast<Address>(array.data);
    const Address address = own(array.length * bytes);
    if (isRead) device.staging().upload(address, array.data, array.length * bytes);
    return address;
  }

  Device &device;
  const int64 bytes;
  const PlacedOutput &out;
  std::vector<Memory> copies;
};

class Reduction {
 public:
  Reduction(const CudaRoutine &routine, const Plan &plan, const std::vector<Placed> &arguments, const PlacedOutput &out, Watch &watch)
      : routine(routine), device(routine.device), plan(plan), watch(watch), entries(plan.entries()),
        // Rows that no range names keep what `out` holds.
        arrays(routine, arguments, out, plan.ranges.has_value()), launch(routine.shape.variables()) {
    listBlocks();
    parts = plan.ranges ? 1 : std::max<int64>(1, ceilDivide(plan.columns, plan.chunkColumns));
    fillLaunch();
  }
  ~Reduction() {
    for (const auto &[event, units] : ahead) device.forget(event);
  }
  void run();
  void finish() { arrays.fetch(); }

 private:
  void listBlocks();
  void fillLaunch();
  void launchBlocks(int64 firstEntry, int64 entryCount, int64 firstBlock, int64 blockCount);
  void throttle();

  const CudaRoutine &routine;
  Device &device;
  const Plan &plan;
  Watch &watch;
  const int64 entries;
  Arrays arrays;
  Launch launch;
  std::vector<int64> rowBlocks;  // with ranges: first row, end row, first interval, end interval of every block
  int64 blocks = 0, parts = 1;
  std::deque<std::pair<Event, int64>> ahead;  // launches that may still run, and what each counts
};

void Reduction::listBlocks() {
  if (!plan.ranges) {
    blocks = ceilDivide(plan.rows, plan.blockRows);
    return;
  }
  const Ranges &ranges = *plan.ranges;
  for (std::size_t range = 0; range < ranges.slices.size(); range++) {
    const int64 end = ranges.rows[2 * range + 1];
    for (int64 first = ranges.rows[2 * range]; first < end; first += plan.blockRows) {
      const int64 firstInterval = range == 0 ? 0 : ranges.slices[range - 1];
      rowBlocks.insert(rowBlocks.end(), {first, std::min(end, first + plan.blockRows), firstInterval, ranges.slices[range]});
    }
  }
  blocks = static_cast<int64>(rowBlocks.size() / 4);
}

void Reduction::fillLaunch() {
  launch.head() = {plan.rows, plan.columns, 0, blocks, plan.chunkColumns, parts, 0, 0, 0, 0, 0, arrays.numbers, arrays.indices};
  for (int64 v = 0; v < routine.shape.variables(); v++) launch.argument(v) = arrays.addresses[v];
  if (!plan.batch.empty()) {
    std::vector<int64> offsets;
    for (int64 entry = 0; entry < entries; entry++)
      for (int64 v = 0; v <= routine.shape.variables(); v++) offsets.push_back(plan.offset(entry, v));
    launch.head().offsets = arrays.table(offsets);
  }
  if (!plan.ranges) return;
  launch.head().rowBlocks = arrays.table(rowBlocks);
  launch.head().intervals = arrays.table(plan.ranges->columns);
}

void Reduction::run() {
  watch.begin(entries * blocks);
  if (blocks == 0 || entries == 0) return;
  const int64 blockBytes = plan.blockRows * parts * routine.shape.entry(TABLE_ACCUMULATOR_BYTES);
  const double blockPairs = double(plan.blockRows) * double(plan.columns);
  const int64 atOnce = std::max<int64>(
      1, std::min(int64(PAIRS_PER_LAUNCH / std::max(1.0, blockPairs)), ACCUMULATOR_BYTES / std::max<int64>(1, blockBytes)));
  const int64 blocksAtOnce = std::min({blocks, atOnce, MOST_BLOCKS}), entriesAtOnce = std::clamp<int64>(atOnce / blocksAtOnce, 1, MOST_ENTRIES);
  launch.head().accumulators = arrays.own(std::min(entries, entriesAtOnce) * blocksAtOnce * blockBytes);
  for (int64 entry = 0; entry < entries; entry += entriesAtOnce)
    for (int64 block = 0; block < blocks; block += blocksAtOnce)
      launchBlocks(entry, std::min(entriesAtOnce, entries - entry), block, std::min(blocksAtOnce, blocks - block));
  // Nobody waits for the last launches here: who fetches the result does.
  for (const auto &[event, units] : ahead) watch.done(units);
}

void Reduction::launchBlocks(int64 firstEntry, int64 entryCount, int64 firstBlock, int64 blockCount) {
  watch.askPoll();
  if (watch.stopping()) throw Interrupted("reduce: interrupted");
  launch.head().firstEntry = firstEntry;
  launch.head().firstBlock = firstBlock;
  void *arguments[] = {launch.data()};
  const auto x = static_cast<unsigned>(blockCount), z = static_cast<unsigned>(entryCount);
  device.launch(routine.reduce, x, static_cast<unsigned>(parts), z, routine.threads, arguments);
  if (parts > 1) device.launch(routine.finish, x, 1, z, routine.threads, arguments);
  if (blockCount == blocks && entryCount == entries) return watch.done(blocks * entries);
  ahead.emplace_back(device.record(), blockCount * entryCount);
  throttle();
}

// So that a call can be stopped and tells how far it is.
void Reduction::throttle() {
  while (ahead.size() > LAUNCHES_AHEAD) {
    const auto [event, units] = ahead.front();
    ahead.pop_front();
    device.await(event);
    watch.done(units);
  }
}

}  // namespace

CudaRoutine loadRoutine(Device &device, const void *image, std::vector<int64> table, int threads) {
  const Device::Use use(device);
  CudaRoutine routine{device, {}, threads};
  const Module module = device.load(image);
  const bool isBlock = table[TABLE_ACCUMULATOR_BYTES] == 0;
  if (isBlock) routine.block = device.function(module, "keops_block");
  else {
    routine.reduce = device.function(module, "keops_reduce");
    routine.finish = device.function(module, "keops_finish");
    table[TABLE_ACCUMULATOR_BYTES] = device.constant(module, "keops_accumulator_bytes");
  }
  routine.shape.table = std::move(table);
  return routine;
}

void reduce(const CudaRoutine &routine, const Plan &plan, const std::vector<Placed> &arguments, const PlacedOutput &out, Watch &watch) {
  const Device::Use use(routine.device);
  Reduction reduction(routine, plan, arguments, out, watch);
  reduction.run();
  reduction.finish();
}

void block(const CudaRoutine &routine, const Rectangle &part, const std::vector<Placed> &arguments, const PlacedOutput &out, Watch &watch) {
  const Device::Use use(routine.device);
  const int64 rows = part.endRow - part.firstRow, columns = part.endColumn - part.firstColumn;
  watch.begin(1);
  if (rows == 0 || columns == 0) return;
  Arrays arrays(routine, arguments, out, false);
  Launch launch(routine.shape.variables());
  launch.head() = {part.rows, part.columns, 0, 0, 0, 1, 0, 0, 0, 0, 0, arrays.numbers, 0};
  for (int64 v = 0; v < routine.shape.variables(); v++) launch.argument(v) = arrays.addresses[v];
  int64 rectangle[] = {part.firstRow, part.endRow, part.firstColumn, part.endColumn};
  void *parameters[] = {launch.data(), rectangle};
  const int64 stripes = ceilDivide(columns, routine.shape.entry(TABLE_ROW_GRAIN));
  routine.device.launch(routine.block, static_cast<unsigned>(stripes), static_cast<unsigned>(std::min(rows, MOST_STRIPES)), 1,
                        routine.threads, parameters);
  arrays.fetch();
  watch.done(1);
}

}  // namespace cuda
