// Spreading and interpolation by blocks of the grid, or parts of them where their points are many. Colours of blocks follow
// each other, and so sums have one order. (Subproblems of this kind: Barnett, Magland and af Klinteberg 2019.)
#include "linalg/spread.h"

#include <atomic>
#include <cstring>
#include <new>

#include "linalg/gridblocks.h"
#include "linalg/session.h"

namespace {

// ---- parts ----------------------------------------------------------------------------------------------------------------

// Consecutive points of one block. Where a block has several parts, each has a grid until they are summed.
struct Part {
  int64 block, first, end;
  bool isAlone;
};

// Parts of a block that is full of points; those of all blocks are a few times more at most, so that their grids are
// bounded.
constexpr int64 MOST_PARTS = 64;

// Where the block of points ends that begins at `first`.
template <class T>
int64 endOfBlock(const Places<T> &places, const Blocks &blocks, int64 first) {
  const int64 axes = int64(blocks.shape.size());
  const int64 block = blocks.blockAt(places.cells + first * axes);
  int64 low = first + 1, high = places.count;
  while (low < high) {
    const int64 middle = low + (high - low) / 2;
    if (blocks.blockAt(places.cells + middle * axes) == block) low = middle + 1;
    else high = middle;
  }
  return low;
}

// False where the points are not sorted by blocks of the grid.
template <class T>
bool partsOf(const Places<T> &places, const Blocks &blocks, std::vector<Part> &parts) {
  const int64 most = std::max(POINTS_OF_TASK, ceilDivide(places.count, MOST_PARTS));
  for (int64 first = 0, end, last = -1; first < places.count; first = end) {
    end = endOfBlock(places, blocks, first);
    const int64 block = blocks.blockAt(places.cells + first * int64(blocks.shape.size())), count = end - first, pieces = ceilDivide(count, most);
    if (block <= last) return false;
    for (int64 piece = 0; piece < pieces; piece++)
      parts.push_back({block, first + count * piece / pieces, first + count * (piece + 1) / pieces, pieces == 1});
    last = block;
  }
  return true;
}

// The cells that the points of a part reach: `size` of them from `begin` on, on each axis.
struct Box {
  GridCell begin{}, size{};
  int64 cells = 1;
};

// False where a cell is none of the grid, or the points are not of one block: no box is larger than a block and a window.
template <class T>
bool boxOf(const Places<T> &places, const Part &part, const Blocks &blocks, Box &box) {
  const size_t axes = blocks.shape.size();
  GridCell end{};
  for (int64 i = part.first; i < part.end; i++) {
    const int32 *const cell = places.cells + i * int64(axes);
    if (blocks.blockAt(cell) != part.block) return false;
    for (size_t d = 0; d < axes; d++) {
      const bool isFirst = i == part.first;
      box.begin[d] = isFirst ? cell[d] : std::min<int64>(box.begin[d], cell[d]);
      end[d] = isFirst ? cell[d] : std::max<int64>(end[d], cell[d]);
    }
  }
  for (size_t d = 0; d < axes; d++) box.cells *= box.size[d] = end[d] - box.begin[d] + blocks.width;
  return true;
}

// Calls body(cell of the box, cell of the grid, count) for the stretches of the box's rows that lie together in the grid.
template <class Body>
void forStretches(const Box &box, const std::vector<int64> &shape, Body body) {
  const size_t axes = shape.size();
  const int64 length = box.size[axes - 1];
  for (int64 row = 0; row < box.cells / length; row++) {
    int64 at = 0, left = row, scale = 1;
    GridCell cell{};
    for (size_t d = axes - 1; d-- > 0; left /= box.size[d]) cell[d] = (box.begin[d] + left % box.size[d]) % shape[d];
    for (size_t d = axes - 1; d-- > 0;) at += cell[d] * scale, scale *= shape[d];
    for (int64 done = 0, count; done < length; done += count) {
      const int64 from = (box.begin[axes - 1] + done) % shape[axes - 1];
      count = std::min(length - done, shape[axes - 1] - from);
      body(row * length + done, at * shape[axes - 1] + from, count);
    }
  }
}

// ---- a part's points ------------------------------------------------------------------------------------------------------

// Vectors may reach so many numbers beyond a box.
constexpr int64 BEYOND = MOST_WIDTH;

// A window for the vectors of an instruction set: polynomials [degree + 1, whole vectors].
template <class T>
struct WideWindow {
  const Kernels<T> &use = kernels<T>();
  const int64 width, degree;
  std::vector<T> polynomials;

  explicit WideWindow(const Window<T> &window) : width(window.width), degree(window.degree) {
    const int64 padded = roundUp(width, use.lanes);
    polynomials.resize((degree + 1) * padded);
    for (int64 power = 0; power <= degree; power++)
      for (int64 k = 0; k < width; k++) polynomials[power * padded + k] = window.polynomials[power * width + k];
  }
};

// What the kernels need of a part's points: copies, so that what was checked is what is used.
template <class T>
class PartPoints {
 public:
  // `grid` holds the box and BEYOND numbers more.
  PartPoints(const Places<T> &places, const Part &part, const Box &box, const WideWindow<T> &window, int64 axes, T *grid)
      : offsets(part.end - part.first), numbers(part.end - part.first) {
    GridCell stride{};
    for (int64 d = axes, next = 1; d-- > 0; next *= box.size[d]) stride[d] = next;
    for (int64 i = part.first; i < part.end; i++) {
      int64 offset = 0;
      for (int64 d = 0; d < axes; d++) offset += std::clamp<int64>(places.cells[i * axes + d] - box.begin[d], 0, box.size[d] - window.width) * stride[d];
      offsets[i - part.first] = int32(offset);
    }
    rows.push_back(0);
    for (int64 d = 0; d + 1 < axes; d++) addAxis(stride[d], window.width);
    const int64 room = int64(rows.size()) + BEYOND;
    factors.resize(2 * room);
    points = {grid, rows.data(), int64(rows.size()), axes, window.width, window.degree, window.polynomials.data(), offsets.data(),
              places.fractions + part.first * axes, numbers.data(), int64(numbers.size()), {factors.data(), factors.data() + room}};
  }
  PartPoints(const PartPoints &) = delete;

  WindowedPoints<T> points;

 private:
  std::vector<int32> offsets, rows;
  std::vector<T> numbers, factors;

  void addAxis(int64 stride, int64 width) {
    std::vector<int32> longer;
    for (const int32 row : rows)
      for (int64 k = 0; k < width; k++) longer.push_back(int32(row + k * stride));
    rows = longer;
  }
};

// The row of a point in matrices of `count` rows; false where it has none.
template <class T>
bool rowOf(const Places<T> &places, int64 i, int64 &row) {
  row = places.order[i];
  return row >= 0 && row < places.count;
}

// What went wrong on the pool, whose tasks must not throw.
class Trouble {
 public:
  // Calls body(), which gives false where places are none of the grid.
  template <class Body>
  void watch(Body body) {
    try {
      if (!body()) isWrong = true;
    } catch (const std::bad_alloc &) {
      lacksMemory = true;
    }
  }
  // Whether all went well; throws std::bad_alloc.
  bool none() const {
    if (lacksMemory) throw std::bad_alloc();
    return !isWrong;
  }

 private:
  std::atomic<bool> isWrong{false}, lacksMemory{false};
};

// ---- spreading ------------------------------------------------------------------------------------------------------------

// A part and its grid, whose memory is its own, or of the thread until that takes another part.
template <class T>
struct Subgrid {
  Part part;
  Box box;
  Buffer memory;
  T *cells = nullptr;

  void clear() {
    static thread_local GrowingBuffer ofThread;
    const int64 bytes = (box.cells + BEYOND) * int64(sizeof(T));
    if (!part.isAlone) memory = allocate(bytes);
    cells = reinterpret_cast<T *>(part.isAlone ? ofThread.ofSize(bytes) : memory.get());
    std::memset(cells, 0, bytes);
  }
  void addTo(T *grid, const std::vector<int64> &shape) const {
    forStretches(box, shape, [&](int64 from, int64 to, int64 count) {
      for (int64 k = 0; k < count; k++) grid[to + k] += cells[from + k];
    });
  }
};

template <class T>
struct Spreading {
  T *const grid;
  const Blocks blocks;
  const Places<T> &places;
  const WideWindow<T> window;
  const ColumnOf<const T> &weights;

  bool spreadPart(Subgrid<T> &to) const {
    if (!boxOf(places, to.part, blocks, to.box)) return false;
    to.clear();
    PartPoints<T> own(places, to.part, to.box, window, int64(blocks.shape.size()), to.cells);
    for (int64 i = to.part.first, row; i < to.part.end; i++) {
      if (!rowOf(places, i, row)) return false;
      own.points.numbers[i - to.part.first] = weights.numbers[row * weights.columns + weights.column];
    }
    window.use.spread(own.points);
    if (to.part.isAlone) to.addTo(grid, blocks.shape);
    return true;
  }

  // Blocks of one colour at once, then the parts that had to wait, block by block.
  bool spreadColour(const std::vector<Part> &parts, int64 colour) const {
    std::vector<Subgrid<T>> subgrids;
    for (const Part &part : parts)
      if (blocks.colourOf(part.block) == colour) subgrids.push_back({part, {}, nullptr});
    Trouble trouble;
    inPieces(int64(subgrids.size()), 1, [&](int64 first, int64) { trouble.watch([&] { return spreadPart(subgrids[first]); }); });
    if (!trouble.none() || LinalgSession::current().watch.stopped()) return trouble.none();
    std::vector<std::pair<int64, int64>> waiting;
    for (int64 k = 0; k < int64(subgrids.size()); k++) {
      if (subgrids[k].part.isAlone) continue;
      const bool isNext = k > 0 && !waiting.empty() && subgrids[k - 1].part.block == subgrids[k].part.block;
      if (isNext) waiting.back().second = k + 1;
      else waiting.push_back({k, k + 1});
    }
    inPieces(int64(waiting.size()), 1, [&](int64 first, int64) {
      for (int64 k = waiting[first].first; k < waiting[first].second; k++) subgrids[k].addTo(grid, blocks.shape);
    });
    return true;
  }
};

template <class T>
bool interpolatePart(const T *grid, const Places<T> &places, const Part &part, const Blocks &blocks, const WideWindow<T> &window,
                     const ColumnOf<T> &out) {
  Box box;
  if (!boxOf(places, part, blocks, box)) return false;
  static thread_local GrowingBuffer memory;
  T *const cells = reinterpret_cast<T *>(memory.ofSize((box.cells + BEYOND) * int64(sizeof(T))));
  std::memset(cells + box.cells, 0, BEYOND * sizeof(T));
  forStretches(box, blocks.shape, [&](int64 to, int64 from, int64 count) { std::memcpy(cells + to, grid + from, count * sizeof(T)); });
  const PartPoints<T> own(places, part, box, window, int64(blocks.shape.size()), cells);
  window.use.interpolate(own.points);
  for (int64 i = part.first, row; i < part.end; i++) {
    if (!rowOf(places, i, row)) return false;
    out.numbers[row * out.columns + out.column] = own.points.numbers[i - part.first];
  }
  return true;
}

}  // namespace

template <class T>
bool spread(T *grid, const std::vector<int64> &shape, const Places<T> &places, const Window<T> &window, const ColumnOf<const T> &weights) {
  int64 cells = 1;
  for (const int64 length : shape) cells *= length;
  inPieces(cells, 1 << 18, [&](int64 first, int64 end) { std::memset(grid + first, 0, (end - first) * sizeof(T)); });
  const Spreading<T> task{grid, Blocks(shape, window.width), places, WideWindow<T>(window), weights};
  std::vector<Part> parts;
  if (!partsOf(places, task.blocks, parts)) return false;
  for (int64 colour = 0; colour < int64(1) << shape.size(); colour++)
    if (!task.spreadColour(parts, colour)) return false;
  return true;
}

template <class T>
bool interpolate(const T *grid, const std::vector<int64> &shape, const Places<T> &places, const Window<T> &window, const ColumnOf<T> &out) {
  const Blocks blocks(shape, window.width);
  const WideWindow<T> wide(window);
  std::vector<Part> parts;
  if (!partsOf(places, blocks, parts)) return false;
  Trouble trouble;
  inPieces(int64(parts.size()), 1, [&](int64 first, int64) {
    trouble.watch([&] { return interpolatePart(grid, places, parts[first], blocks, wide, out); });
  });
  return trouble.none();
}

#define FOR_DTYPE(T) \
  template bool spread(T *, const std::vector<int64> &, const Places<T> &, const Window<T> &, const ColumnOf<const T> &); \
  template bool interpolate(const T *, const std::vector<int64> &, const Places<T> &, const Window<T> &, const ColumnOf<T> &);
FOR_DTYPE(float)
FOR_DTYPE(double)
