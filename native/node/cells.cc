// Trees of cells and the walks over two of them: the functions of run/cells.h, run/walk.h and run/within.h. Every length is checked
// before anything runs.
#include "run/cells.h"

#include <cmath>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "node/values.h"
#include "node/work.h"
#include "run/walk.h"
#include "run/within.h"

namespace {

using Info = const Arguments &;

template <typename T>
bool isOf(Info info, size_t position) {
  constexpr auto TYPE = std::is_same_v<T, float> ? napi_float32_array : std::is_same_v<T, double> ? napi_float64_array : napi_int32_array;
  const Napi::Value value = info[position];
  return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == TYPE;
}

// The numbers of an array of this type, as many as are expected.
template <typename T>
T *numbersAt(Info info, size_t position, const char *name, int64 length) {
  if (!isOf<T>(info, position)) refuseKind(name, "an array of its type");
  auto array = Napi::Value(info[position]).As<Napi::TypedArrayOf<T>>();
  if (static_cast<int64>(array.ElementLength()) != length)
    throw std::out_of_range(std::string(name) + ": expected " + std::to_string(length) + " elements, got " +
                            std::to_string(array.ElementLength()));
  return array.Data();
}

int64 sizeAt(Info info, size_t position, const char *name, int64 least, int64 most) {
  const int64 size = toInteger(info.Env(), info[position], name);
  if (size >= least && size <= most) return size;
  throw std::out_of_range(std::string(name) + ": expected " + std::to_string(least) + " to " + std::to_string(most) + ", got " +
                          std::to_string(size));
}

constexpr int64 MOST_DEPTH = 30, MOST_DIM = 1 << 20;

// (points, dim, depth, count, result, control)
struct CellWork : Work {
  std::function<void()> work;
  const int64 dim, depth, count;

  CellWork(Info info, int64 mostDim)
      : dim(sizeAt(info, 1, "dim", 1, mostDim)), depth(sizeAt(info, 2, "depth", 0, MOST_DEPTH)),
        count(sizeAt(info, 3, "count", int64(1) << depth, INT32_MAX)) {
    watch.control = toControl(info.Env(), info[5]);
  }
  double cost() const override { return double(count) * double(dim) * double(depth + 1); }
  double run() override {
    work();
    return 0;
  }
};

struct SortIntoCells : CellWork {
  explicit SortIntoCells(Info info) : CellWork(info, MOST_CELL_DIM) {
    if (isOf<float>(info, 0)) take<float>(info);
    else take<double>(info);
  }
  template <typename Real>
  void take(Info info) {
    const Real *const points = numbersAt<Real>(info, 0, "points", count * dim);
    int32 *const order = numbersAt<int32>(info, 4, "order", count);
    work = [=, this] { sortIntoCells(points, count, dim, depth, order, watch); };
  }
};

struct BoundCells : CellWork {
  explicit BoundCells(Info info) : CellWork(info, MOST_DIM) {
    if (isOf<float>(info, 0)) take<float>(info);
    else take<double>(info);
  }
  template <typename Real>
  void take(Info info) {
    const Real *const points = numbersAt<Real>(info, 0, "points", count * dim);
    Real *const boxes = numbersAt<Real>(info, 4, "boxes", cellsOf(depth) * 2 * dim);
    work = [=, this] { boundCells(points, count, dim, depth, boxes, watch); };
  }
};

// (from, to, order, isGathered, control)
struct MoveRows : Work {
  RowMove move{};

  explicit MoveRows(Info info) {
    if (isOf<int32>(info, 0)) take<int32>(info);
    else if (isOf<float>(info, 0)) take<float>(info);
    else take<double>(info);
    watch.control = toControl(info.Env(), info[4]);
  }
  template <typename T>
  void take(Info info) {
    const Napi::Value from = info[0], order = info[2];
    if (!isOf<T>(info, 0)) refuseKind("from", "an array of numbers");
    if (!isOf<int32>(info, 2)) refuseKind("order", "an Int32Array");
    const int64 length = from.As<Napi::TypedArray>().ElementLength(), count = order.As<Napi::TypedArray>().ElementLength();
    if (count == 0 || length % count != 0) throw std::out_of_range("from: expected as many numbers of every row");
    const T *const read = numbersAt<T>(info, 0, "from", length);
    T *const written = numbersAt<T>(info, 1, "to", length);
    if (read < written + length && written < read + length) throw std::invalid_argument("to: expected memory of its own");
    move = {reinterpret_cast<const char *>(read), reinterpret_cast<char *>(written), count,
            length / count * static_cast<int64>(sizeof(T)), numbersAt<int32>(info, 2, "order", count),
            info[3].ToBoolean()};
  }
  double cost() const override { return double(move.count) * double(move.bytes) / 16; }
  double run() override {
    moveRows(move, watch);
    return 0;
  }
};

// (routine, arguments, sizes, …); sizes: count and depth of rows and of columns, and components. Pointers are taken last:
// reading an element of an array may run JavaScript.
struct WalkWork : Work {
  const Routine &bounds;
  const std::vector<int64> sizes;
  const Walk walk;

  WalkWork(Info info, int64 perComponent)
      : bounds(routineOf(toInteger(info.Env(), info[0], "routine"))), sizes(sizesAt(info)),
        walk{bounds, toInputs(info.Env(), info[1], bounds), {sizes[0], sizes[1]}, {sizes[2], sizes[3]}, sizes[4]} {
    check(walk, perComponent);
  }
  static std::vector<int64> sizesAt(Info info) {
    std::vector<int64> found = toIntegers(info.Env(), info[2], "sizes");
    if (found.size() != 5) refuseKind("sizes", "five numbers");
    return found;
  }
  int64 leaves() const { return int64(1) << walk.rows.depth; }
  double cost() const override { return double(walk.rows.count) + double(walk.columns.count); }
};

// (…, best, control)
struct SeekCells : WalkWork {
  int32 *const best;

  explicit SeekCells(Info info) : WalkWork(info, 2), best(numbersAt<int32>(info, 3, "best", leaves() * walk.dim)) {
    watch.control = toControl(info.Env(), info[4]);
  }
  double run() override {
    seekCells(walk, best, watch);
    return 0;
  }
};

// (…, worst, ends, runs, allowed, control)
struct WalkCells : WalkWork {
  const void *const worst;
  Found found{};

  explicit WalkCells(Info info) : WalkWork(info, 1), worst(worstAt(info)) {
    const Napi::Value list = info[5];
    if (!isOf<int32>(info, 5)) refuseKind("runs", "an Int32Array");
    const int64 capacity = list.As<Napi::TypedArray>().ElementLength();
    if (!info[6].IsNumber()) refuseKind("allowed", "a number");
    const double allowed = info[6].As<Napi::Number>().DoubleValue();
    found = {numbersAt<int32>(info, 4, "ends", leaves()), numbersAt<int32>(info, 5, "runs", capacity), capacity, allowed};
    watch.control = toControl(info.Env(), info[7]);
  }
  const void *worstAt(Info info) const {
    if (bounds.entry(TABLE_REAL_BYTES) == 4) return numbersAt<float>(info, 3, "worst", leaves() * walk.dim);
    return numbersAt<double>(info, 3, "worst", leaves() * walk.dim);
  }
  double run() override { return static_cast<double>(walkCells(walk, worst, found, watch)); }
};

// (rows, their boxes, columns, their boxes, sizes, …); sizes: count and depth of rows and of columns, dim, and the radius.
struct WithinWork : Work {
  const std::vector<double> sizes;
  const int64 dim;
  std::function<void()> work;

  WithinWork(Info info, size_t control) : sizes(sizesAt(info)), dim(size(4, 1, MOST_DIM)) {
    watch.control = toControl(info.Env(), info[control]);
  }
  static std::vector<double> sizesAt(Info info) {
    std::vector<double> found = toNumbers(info.Env(), info[4], "sizes");
    if (found.size() != 6) refuseKind("sizes", "six numbers");
    return found;
  }
  int64 size(size_t n, int64 least, int64 most) const {
    const int64 size = toInteger(sizes[n], "sizes");
    if (size < least || size > most) throw std::out_of_range("sizes: expected sizes of points in cells");
    return size;
  }
  int64 depthOf(size_t n) const { return size(n, 0, MOST_DEPTH); }
  int64 countOf(size_t n) const { return size(n, int64(1) << depthOf(n + 1), INT32_MAX); }
  double cost() const override { return 64 * (sizes[0] + sizes[2]); }
  double run() override {
    work();
    return 0;
  }

  template <typename Real>
  Cloud<Real> cloudAt(Info info, size_t position, size_t n) const {
    return {numbersAt<Real>(info, position, "points", countOf(n) * dim),
            numbersAt<Real>(info, position + 1, "boxes", cellsOf(depthOf(n + 1)) * 2 * dim), countOf(n), depthOf(n + 1)};
  }
  template <typename Real>
  Within<Real> withinAt(Info info) const {
    if (!(sizes[5] >= 0 && std::isfinite(sizes[5]))) throw std::out_of_range("radius: expected a finite number of at least 0");
    return {cloudAt<Real>(info, 0, 0), cloudAt<Real>(info, 2, 2), dim, sizes[5]};
  }
};

// (…, counts, control)
struct CountWithin : WithinWork {
  explicit CountWithin(Info info) : WithinWork(info, 6) {
    if (isOf<float>(info, 0)) take<float>(info);
    else take<double>(info);
  }
  template <typename Real>
  void take(Info info) {
    int32 *const counts = numbersAt<int32>(info, 5, "counts", countOf(0));
    work = [this, within = withinAt<Real>(info), counts] { countWithin(within, counts, watch); };
  }
};

// (…, order, starts, counts, indices, control)
struct ListWithin : WithinWork {
  explicit ListWithin(Info info) : WithinWork(info, 9) {
    if (isOf<float>(info, 0)) take<float>(info);
    else take<double>(info);
  }
  template <typename Real>
  void take(Info info) {
    const Napi::Value list = info[8];
    if (!isOf<int32>(info, 8)) refuseKind("indices", "an Int32Array");
    const int64 capacity = list.As<Napi::TypedArray>().ElementLength();
    const Lists lists{numbersAt<int32>(info, 5, "order", countOf(2)), numbersAt<int32>(info, 6, "starts", countOf(0)),
                      numbersAt<int32>(info, 7, "counts", countOf(0)), numbersAt<int32>(info, 8, "indices", capacity), capacity};
    work = [this, within = withinAt<Real>(info), lists] { listWithin(within, lists, watch); };
  }
};

constexpr FunctionRow ROWS[] = {
    nowAndLater<SortIntoCells>("sortIntoCells"),
    nowAndLater<BoundCells>("boundCells"),
    nowAndLater<MoveRows>("moveRows"),
    nowAndLater<SeekCells>("seekCells"),
    nowAndLater<WalkCells>("walkCells"),
    nowAndLater<CountWithin>("countWithin"),
    nowAndLater<ListWithin>("listWithin"),
};

}  // namespace

constinit const FunctionTable CELL_FUNCTIONS = ROWS;
