// Running a checked call on a GPU. A call becomes launches, each of so many blocks and entries of the batch as take a
// moment and whose accumulators fit; between launches the call can be stopped. Everything is queued: who wants a result
// waits for it by fetching it.
#include "cuda/cuda.h"

#include <algorithm>
#include <deque>

#include "run/memory.h"

namespace cuda {

namespace {

constexpr double PAIRS_PER_LAUNCH = 1 << 30;  // some milliseconds
constexpr int64 ACCUMULATOR_BYTES = int64(256) << 20;
constexpr int64 MOST_ENTRIES = 65535, MOST_BLOCKS = (int64(1) << 31) - 1, MOST_STRIPES = 65535;
constexpr std::size_t LAUNCHES_AHEAD = 2;

// The first argument of every kernel: a head, and the addresses of the arguments behind it.
class Launch {
 public:
  explicit Launch(int64 variables) : words(sizeof(LaunchHead) / 8 + variables + 1) {}
  LaunchHead &head() { return *reinterpret_cast<LaunchHead *>(words.data()); }
  Address &argument(int64 variable) { return words[sizeof(LaunchHead) / 8 + variable]; }
  void *data() { return words.data(); }

 private:
  std::vector<Address> words;
};

// The elements from `first` to `end` of an array.
struct Window {
  int64 first, end;
  int64 size() const { return end - first; }
};
Window whole(const Placed &array) { return {0, array.length}; }

// Arrays of a call on the device: those that live there, and copies of the others, or of windows of them, for the time
// of the call. An address is that of element 0, whether it is there or not.
class Arrays {
 public:
  explicit Arrays(Device &device) : device(device) {}
  Address read(const Placed &array, Window window, int64 bytes) { return array.isResident ? residentAt(array) : copy(array, window, bytes, true); }
  // To be fetched. What is kept has the elements that the caller gave.
  Address written(const Placed &array, Window window, int64 bytes, bool isKept) {
    if (array.isResident) return residentAt(array);
    const Address address = copy(array, window, bytes, isKept);
    results.push_back({elementOf(array, window.first * bytes), address + window.first * bytes, window.size() * bytes});
    return address;
  }
  void fetch() {
    for (const Result &result : results) device.staging().download(result.to, result.from, result.bytes);
  }
  Address own(int64 size) {
    copies.emplace_back(device, size);
    return copies.back().address();
  }

 private:
  struct Result {
    void *to;
    Address from;
    int64 bytes;
  };
  static Address residentAt(const Placed &array) { return reinterpret_cast<Address>(array.data); }
  static char *elementOf(const Placed &array, int64 offset) { return static_cast<char *>(array.data) + offset; }
  Address copy(const Placed &array, Window window, int64 bytes, bool isSent) {
    const Address address = own(window.size() * bytes);
    if (isSent) device.staging().upload(address, elementOf(array, window.first * bytes), window.size() * bytes);
    return address - window.first * bytes;
  }

  Device &device;
  std::vector<Memory> copies;
  std::vector<Result> results;
};

// Where the entries begin, in every argument and in `out`.
std::vector<int64> offsetsOf(const Plan &plan, int64 variables) {
  std::vector<int64> offsets;
  for (int64 entry = 0; entry < plan.entries(); entry++)
    for (int64 v = 0; v <= variables; v++) offsets.push_back(plan.offset(entry, v));
  return offsets;
}

class Reduction {
 public:
  Reduction(const PlacedPlan &placed, const Part &part, const std::vector<Placed> &arguments, const PlacedOutput &out, Watch &watch)
      : placed(placed), routine(placed.routine), device(routine.device), plan(*placed.plan), part(part), watch(watch), arrays(device),
        launch(routine.shape.variables()) {
    parts = plan.ranges ? 1 : std::max<int64>(1, ceilDivide(plan.columns, plan.chunkColumns));
    fillLaunch(arguments, out);
  }
  ~Reduction() {
    for (const auto &[event, units] : ahead) device.forget(event);
  }
  void run();
  void finish() { arrays.fetch(); }

 private:
  Window rows() const;
  Window window(int64 variable, Window elements) const;
  void fillLaunch(const std::vector<Placed> &, const PlacedOutput &);
  void launchBlocks(int64 firstEntry, int64 entryCount, int64 firstBlock, int64 blockCount);
  void throttle();

  const PlacedPlan &placed;
  const CudaRoutine &routine;
  Device &device;
  const Plan &plan;
  const Part part;
  Watch &watch;
  Arrays arrays;
  Launch launch;
  int64 parts = 1;
  std::deque<std::pair<Event, int64>> ahead;  // launches that may still run, and what each counts
};

// From the first to the last that the part writes.
Window Reduction::rows() const {
  return {placed.blocks[part.firstBlock].firstRow, placed.blocks[part.endBlock - 1].endRow};
}

// All that the entries of the part have of a variable, of which each has these elements.
Window Reduction::window(int64 variable, Window elements) const {
  int64 first = INT64_MAX, last = 0;
  for (int64 entry = part.firstEntry; entry < part.endEntry; entry++) {
    const int64 offset = plan.offset(entry, variable);
    first = std::min(first, offset);
    last = std::max(last, offset);
  }
  return {first + elements.first, last + elements.end};
}

void Reduction::fillLaunch(const std::vector<Placed> &arguments, const PlacedOutput &out) {
  const ::Routine &shape = routine.shape;
  const int64 bytes = shape.entry(TABLE_REAL_BYTES), dim = shape.entry(TABLE_RESULT_DIM), places = shape.entry(TABLE_INDEX_DIM);
  const Window rows = this->rows(), columns{0, plan.columns}, one{0, 1};
  for (int64 v = 0; v < shape.variables(); v++) {
    const Window &own = shape.kind(v) == KIND_ROW ? rows : shape.kind(v) == KIND_COLUMN ? columns : one;
    launch.argument(v) = arrays.read(arguments[v], window(v, {own.first * shape.dim(v), own.end * shape.dim(v)}), bytes);
  }
  // Rows that no range names keep what `out` holds.
  const bool isKept = plan.ranges.has_value();
  const Address numbers = arrays.written(out.numbers, window(shape.variables(), {rows.first * dim, rows.end * dim}), bytes, isKept);
  const Window indices{(part.firstEntry * plan.rows + rows.first) * places, ((part.endEntry - 1) * plan.rows + rows.end) * places};
  launch.head() = {plan.rows, plan.columns, 0, plan.chunkColumns, parts, 0, placed.offsets, placed.rowBlocks, placed.intervals, 0, numbers,
                   places == 0 ? 0 : arrays.written(out.indices, indices, sizeof(int32), isKept)};
}

void Reduction::run() {
  const int64 entries = part.endEntry - part.firstEntry, blocks = part.endBlock - part.firstBlock;
  const int64 blockBytes = plan.blockRows * parts * routine.shape.entry(TABLE_ACCUMULATOR_BYTES);
  const int64 atOnce = std::max<int64>(
      1, std::min(int64(PAIRS_PER_LAUNCH / std::max(1.0, placed.pairsPerBlock)), ACCUMULATOR_BYTES / std::max<int64>(1, blockBytes)));
  const int64 blocksAtOnce = std::min({blocks, atOnce, MOST_BLOCKS}), entriesAtOnce = std::clamp<int64>(atOnce / blocksAtOnce, 1, MOST_ENTRIES);
  launch.head().accumulators = arrays.own(std::min(entries, entriesAtOnce) * blocksAtOnce * blockBytes);
  watch.begin(entries * blocks);
  for (int64 entry = part.firstEntry; entry < part.endEntry; entry += entriesAtOnce)
    for (int64 block = part.firstBlock; block < part.endBlock; block += blocksAtOnce)
      launchBlocks(entry, std::min(entriesAtOnce, part.endEntry - entry), block, std::min(blocksAtOnce, part.endBlock - block));
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
  const int64 units = blockCount * entryCount;
  if (units == (part.endBlock - part.firstBlock) * (part.endEntry - part.firstEntry)) return watch.done(units);
  ahead.emplace_back(device.record(), units);
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

// Blocks are independent of each other, so their order is free.
std::vector<RowBlock> rowBlocksOf(const Plan &plan) {
  std::vector<RowBlock> blocks;
  const auto cut = [&](int64 first, int64 end, int64 firstInterval, int64 endInterval) {
    for (; first < end; first += plan.blockRows) blocks.push_back({first, std::min(end, first + plan.blockRows), firstInterval, endInterval});
  };
  if (!plan.ranges) {
    cut(0, plan.rows, 0, 1);
    return blocks;
  }
  const auto &[rows, slices, columns] = *plan.ranges;
  for (std::size_t k = 0; k < slices.size(); k++) cut(rows[2 * k], rows[2 * k + 1], k == 0 ? 0 : slices[k - 1], slices[k]);
  std::ranges::sort(blocks, {}, &RowBlock::firstRow);
  return blocks;
}

double pairsOf(const Plan &plan, const RowBlock &block) {
  double columns = plan.ranges ? 0 : double(plan.columns);
  for (int64 n = block.firstInterval; plan.ranges && n < block.endInterval; n++)
    columns += double(plan.ranges->columns[2 * n + 1] - plan.ranges->columns[2 * n]);
  return double(block.endRow - block.firstRow) * columns;
}

static double meanPairs(const Plan &plan, const std::vector<RowBlock> &blocks) {
  if (!plan.ranges) return double(plan.blockRows) * double(plan.columns);
  double pairs = 0;
  for (const RowBlock &block : blocks) pairs += pairsOf(plan, block);
  return pairs / std::max(1.0, double(blocks.size()));
}

PlacedPlan::PlacedPlan(const CudaRoutine &routine, std::shared_ptr<const Plan> given)
    : routine(routine), plan(std::move(given)), blocks(rowBlocksOf(*plan)), pairsPerBlock(meanPairs(*plan, blocks)) {
  if (!plan->ranges && plan->batch.empty()) return;
  const Device::Use use(routine.device);
  if (!plan->batch.empty()) offsets = table(offsetsOf(*plan, routine.shape.variables()));
  if (!plan->ranges) return;
  rowBlocks = table(blocks);
  intervals = table(plan->ranges->columns);
}

template <class T>
Address PlacedPlan::table(const std::vector<T> &values) {
  const auto bytes = static_cast<int64>(values.size() * sizeof(T));
  tables.emplace_back(routine.device, bytes);
  const Address address = tables.back().address();
  routine.device.staging().upload(address, values.data(), bytes);
  return address;
}

void reduce(const PlacedPlan &placed, const std::vector<Placed> &arguments, const PlacedOutput &out, Watch &watch) {
  reduce(placed, {0, placed.plan->entries(), 0, static_cast<int64>(placed.blocks.size())}, arguments, out, watch);
}

void reduce(const PlacedPlan &placed, const Part &part, const std::vector<Placed> &arguments, const PlacedOutput &out, Watch &watch) {
  if (part.firstEntry == part.endEntry || part.firstBlock == part.endBlock) return watch.begin(0);
  const Device::Use use(placed.routine.device);
  Reduction reduction(placed, part, arguments, out, watch);
  reduction.run();
  reduction.finish();
}

void block(const CudaRoutine &routine, const Rectangle &part, const std::vector<Placed> &arguments, const PlacedOutput &out, Watch &watch) {
  const Device::Use use(routine.device);
  const int64 rows = part.endRow - part.firstRow, columns = part.endColumn - part.firstColumn;
  watch.begin(1);
  if (rows == 0 || columns == 0) return;
  const int64 bytes = routine.shape.entry(TABLE_REAL_BYTES);
  Arrays arrays(routine.device);
  Launch launch(routine.shape.variables());
  for (int64 v = 0; v < routine.shape.variables(); v++) launch.argument(v) = arrays.read(arguments[v], whole(arguments[v]), bytes);
  const Address numbers = arrays.written(out.numbers, whole(out.numbers), bytes, false);
  launch.head() = {part.rows, part.columns, 0, 0, 1, 0, 0, 0, 0, 0, numbers, 0};
  int64 rectangle[] = {part.firstRow, part.endRow, part.firstColumn, part.endColumn};
  void *parameters[] = {launch.data(), rectangle};
  const int64 stripes = ceilDivide(columns, routine.shape.entry(TABLE_ROW_GRAIN));
  routine.device.launch(routine.block, static_cast<unsigned>(stripes), static_cast<unsigned>(std::min(rows, MOST_STRIPES)), 1,
                        routine.threads, parameters);
  arrays.fetch();
  watch.done(1);
}

}  // namespace cuda
