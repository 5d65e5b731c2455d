// Trees of cells and the walk over two of them: the functions of run/cells.h and run/walk.h. Every length is checked
// before anything runs.
#include "run/cells.h"

#include <stdexcept>
#include <string>
#include <type_traits>

#include "node/values.h"
#include "node/work.h"
#include "run/walk.h"

namespace {

using Info = const Arguments &;

// The numbers of an array of this type, as many as are expected.
template <typename T>
T *numbersAt(Info info, size_t position, const char *name, int64 length) {
  constexpr auto TYPE = std::is_same_v<T, float> ? napi_float32_array : std::is_same_v<T, double> ? napi_float64_array : napi_int32_array;
  const Napi::Value value = info[position];
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != TYPE) refuseKind(name, "an array of its type");
  auto array = value.As<Napi::TypedArrayOf<T>>();
  if (static_cast<int64>(array.ElementLength()) != length)
    throw std::out_of_range(std::string(name) + ": expected " + std::to_string(length) + " elements, got " +
                            std::to_string(array.ElementLength()));
  return array.Data();
}

bool isFloat32(Info info, size_t position) {
  return info[position].IsTypedArray() && info[position].As<Napi::TypedArray>().TypedArrayType() == napi_float32_array;
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
    if (isFloat32(info, 0)) take<float>(info);
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
    if (isFloat32(info, 0)) take<float>(info);
    else take<double>(info);
  }
  template <typename Real>
  void take(Info info) {
    const Real *const points = numbersAt<Real>(info, 0, "points", count * dim);
    Real *const boxes = numbersAt<Real>(info, 4, "boxes", cellsOf(depth) * 2 * dim);
    work = [=, this] { boundCells(points, count, dim, depth, boxes, watch); };
  }
};

// (routine, arguments, sizes, ends, best, leaves, lowers, control); sizes: count and depth of rows and of columns, dim, K,
// capacity. Pointers are taken last: reading an element of an array may run JavaScript.
struct WalkCells : Work {
  const Routine &bounds;
  const std::vector<int64> sizes;
  const Walk walk;
  Found found;

  explicit WalkCells(Info info)
      : bounds(routineOf(toInteger(info.Env(), info[0], "routine"))), sizes(sizesAt(info)),
        walk{bounds, toInputs(info.Env(), info[1], bounds), {sizes[0], sizes[1]}, {sizes[2], sizes[3]}, sizes[4], sizes[5]} {
    check(walk);
    const int64 leaves = int64(1) << walk.rows.depth, capacity = sizes[6];
    if (capacity > INT32_MAX / walk.dim) throw std::out_of_range("walk: expected a smaller capacity");
    found = {numbersAt<int32>(info, 3, "ends", leaves), numbersAt<int32>(info, 4, "best", leaves * walk.dim),
             numbersAt<int32>(info, 5, "leaves", capacity), lowersAt(info, capacity * walk.dim), capacity};
    watch.control = toControl(info.Env(), info[7]);
  }
  static std::vector<int64> sizesAt(Info info) {
    std::vector<int64> found = toIntegers(info.Env(), info[2], "sizes");
    if (found.size() != 7) refuseKind("sizes", "seven numbers");
    return found;
  }
  void *lowersAt(Info info, int64 length) const {
    if (bounds.entry(TABLE_REAL_BYTES) == 4) return numbersAt<float>(info, 6, "lowers", length);
    return numbersAt<double>(info, 6, "lowers", length);
  }
  double cost() const override { return double(walk.rows.count) + double(walk.columns.count); }
  double run() override { return static_cast<double>(walkCells(walk, found, watch)); }
};

constexpr FunctionRow ROWS[] = {
    nowAndLater<SortIntoCells>("sortIntoCells"),
    nowAndLater<BoundCells>("boundCells"),
    nowAndLater<WalkCells>("walkCells"),
};

}  // namespace

constinit const FunctionTable CELL_FUNCTIONS = ROWS;
