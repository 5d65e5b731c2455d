// Every leaf of rows is a unit: a walk down the tree of columns finds the cells that are near its box, wholly or in
// part; then each of its points looks at these.
#include "run/within.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "run/cells.h"
#include "run/handout.h"

namespace {

constexpr int64 LANES = 8, LEAVES_PER_TASK = 16;
constexpr int MOST_EXPONENT = 1000;

double scaleFor(double radius) {
  int exponent = -MOST_EXPONENT;
  if (radius > 0) std::frexp(radius, &exponent);
  return std::ldexp(1.0, -std::clamp(exponent, -MOST_EXPONENT, MOST_EXPONENT));
}

// A point is one whose corners are the same.
template <typename Real>
struct Box {
  const Real *lower, *upper;
};

// Places [begin, end) of a cell; all of them are near every row of the leaf, or some may be near some.
template <typename Real>
struct NearCell {
  int64 begin, end;
  bool isWhole;
  Box<Real> box;
};

template <typename Real>
class Search {
 public:
  explicit Search(const Within<Real> &within)
      : within(within), dim(within.dim), scale(scaleFor(within.radius)), limit(square(within.radius * scale)),
        stride(within.columns.count + LANES), memory(allocate(dim * stride * sizeof(double))),
        coordinates(reinterpret_cast<double *>(memory.get())) {}

  // Calls visitorFor() once for each leaf, and what it gives of every row: begin(), add(begin, end) with places of
  // columns, and end(row).
  template <typename VisitorFor>
  void run(Watch &watch, const VisitorFor &visitorFor) {
    copyCoordinates();
    const int64 leaves = int64(1) << within.rows.depth;
    watch.begin(leaves);
    handOut("neighbours", watch, leaves, LEAVES_PER_TASK, 1, [&](int64 leaf) {
      return [&, leaf]() mutable {
        const KeepDenormals whileSearching;
        visitLeaf(leaf++, visitorFor());
      };
    });
  }

 private:
  static double square(double x) { return x * x; }

  // By coordinate, with what is near nothing behind the last point.
  void copyCoordinates() {
    const auto &[points, boxes, count, depth] = within.columns;
    for (int64 k = 0; k < dim; k++) {
      for (int64 n = 0; n < count; n++) coordinates[k * stride + n] = points[n * dim + k];
      std::fill_n(coordinates + k * stride + count, LANES, std::numeric_limits<double>::quiet_NaN());
    }
  }

  template <typename Visitor>
  void visitLeaf(int64 leaf, Visitor visitor) const {
    const auto &[points, boxes, count, depth] = within.rows;
    const std::vector<NearCell<Real>> cells = cellsNear(boxOf(within.rows, firstCell(depth) + leaf));
    for (int64 row = firstPlace(count, depth, leaf); row < firstPlace(count, depth, leaf + 1); row++) {
      const Real *const point = points + row * dim;
      visitor.begin();
      for (const NearCell<Real> &cell : cells) {
        if (cell.isWhole || most(Box<Real>{point, point}, cell.box) <= limit) visitor.add(cell.begin, cell.end);
        else if (!(least(Box<Real>{point, point}, cell.box) > limit)) scan(point, cell, visitor);
      }
      visitor.end(row);
    }
  }

  std::vector<NearCell<Real>> cellsNear(const Box<Real> &box) const {
    std::vector<NearCell<Real>> found;
    std::vector<std::pair<int64, int64>> stack{{0, 0}};  // levels, and cells of these
    while (!stack.empty()) {
      const auto [level, cell] = stack.back();
      stack.pop_back();
      const auto &[points, boxes, count, depth] = within.columns;
      const Box<Real> other = boxOf(within.columns, firstCell(level) + cell);
      if (least(box, other) > limit) continue;
      const bool isWhole = most(box, other) <= limit;
      if (isWhole || level == depth) {
        found.push_back({firstPlace(count, level, cell), firstPlace(count, level, cell + 1), isWhole, other});
        continue;
      }
      stack.push_back({level + 1, 2 * cell + 1});
      stack.push_back({level + 1, 2 * cell});
    }
    return found;
  }

  template <typename Visitor>
  void scan(const Real *point, const NearCell<Real> &cell, Visitor &visitor) const {
    for (int64 first = cell.begin; first < cell.end; first += LANES) {
      unsigned near = nearOf(point, first);
      if (first + LANES > cell.end) near &= (1u << (cell.end - first)) - 1;
      for (; near != 0; near &= near - 1) {
        const int64 column = first + __builtin_ctz(near);
        visitor.add(column, column + 1);
      }
    }
  }
  // Bits of LANES columns.
  unsigned nearOf(const Real *point, int64 first) const {
    double sums[LANES] = {};
    for (int64 k = 0; k < dim; k++) {
      const double x = point[k];
      const double *const y = coordinates + k * stride + first;
      for (int64 n = 0; n < LANES; n++) sums[n] += square((x - y[n]) * scale);
    }
    unsigned near = 0;
    for (int64 n = 0; n < LANES; n++) near |= static_cast<unsigned>(sums[n] <= limit) << n;
    return near;
  }

  Box<Real> boxOf(const Cloud<Real> &cloud, int64 cell) const {
    const Real *const lower = cloud.boxes + cell * 2 * dim;
    return {lower, lower + dim};
  }
  // The square of the least distance of points in two boxes; where one is not known, of the other coordinates.
  double least(const Box<Real> &a, const Box<Real> &b) const {
    double sum = 0;
    for (int64 k = 0; k < dim; k++) {
      const double up = double(a.lower[k]) - b.upper[k], down = double(b.lower[k]) - a.upper[k];
      const double gap = up > down ? up : down;
      if (gap > 0) sum += square(gap * scale);
    }
    return sum;
  }
  // And of the largest one; NaN where it is not known.
  double most(const Box<Real> &a, const Box<Real> &b) const {
    double sum = 0;
    for (int64 k = 0; k < dim; k++) {
      const double up = double(b.upper[k]) - a.lower[k], down = double(a.upper[k]) - b.lower[k];
      sum += square((up > down ? up : down) * scale);
    }
    return sum;
  }

  const Within<Real> &within;
  const int64 dim;
  const double scale, limit;
  const int64 stride;
  const Buffer memory;
  double *const coordinates;
};

struct Counting {
  int32 *counts;
  int64 count = 0;

  void begin() { count = 0; }
  void add(int64 begin, int64 end) { count += end - begin; }
  void end(int64 row) { counts[row] = static_cast<int32>(count); }
};

struct Listing {
  const Lists &lists;
  std::atomic<bool> &isWrong;
  std::vector<int32> found{};

  void begin() { found.clear(); }
  void add(int64 begin, int64 end) { found.insert(found.end(), lists.order + begin, lists.order + end); }
  void end(int64 row) {
    const int64 start = lists.starts[row], count = found.size();
    if (count != lists.counts[row] || start < 0 || start + count > lists.capacity) {
      isWrong = true;
      return;
    }
    std::sort(found.begin(), found.end());
    std::copy(found.begin(), found.end(), lists.indices + start);
  }
};

}  // namespace

template <typename Real>
void countWithin(const Within<Real> &within, int32 *counts, Watch &watch) {
  Search<Real>(within).run(watch, [&] { return Counting{counts}; });
}

template <typename Real>
void listWithin(const Within<Real> &within, const Lists &lists, Watch &watch) {
  std::atomic<bool> isWrong{false};
  Search<Real>(within).run(watch, [&] { return Listing{lists, isWrong}; });
  if (isWrong) throw std::out_of_range("listWithin: expected the counts of these points, and room for them");
}

template void countWithin(const Within<float> &, int32 *, Watch &);
template void countWithin(const Within<double> &, int32 *, Watch &);
template void listWithin(const Within<float> &, const Lists &, Watch &);
template void listWithin(const Within<double> &, const Lists &, Watch &);
