// Sorting and bounding cells: the topmost levels one after the other, their cells side by side on the pool; below them
// every cell with all that is in it is a task. What becomes of a cell depends on nothing else, so threads never show.
#include "run/cells.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "run/handout.h"

namespace {

// Levels with so few cells that each of these is a task.
constexpr int64 TOP_LEVELS = 6;

// The numbers by which points are sorted, with what is not a number behind all others; zeros beyond their dim.
template <typename Real, int DIM>
struct Point {
  Real at[DIM];
  int32 index;
};

template <typename Real, int DIM>
class Sorting {
 public:
  Sorting(const Real *points, int64 count, int64 dim, int64 depth)
      : points(points), count(count), dim(dim), depth(depth), memory(allocate(count * sizeof(Point<Real, DIM>))),
        sorted(reinterpret_cast<Point<Real, DIM> *>(memory.get())) {}

  void run(int32 *order, Watch &watch) {
    watch.begin(int64(2) << TOP_LEVELS);
    eachPart(watch, [this](int64 begin, int64 end) { copyPoints(begin, end); });
    const int64 top = std::min(depth, TOP_LEVELS);
    for (int64 level = 0; level < top; level++) eachCell(watch, level, [=, this](int64 cell) { cut(level, cell); });
    eachCell(watch, top, [=, this](int64 cell) { cutBelow(top, cell); });
    eachPart(watch, [=, this](int64 begin, int64 end) {
      for (int64 n = begin; n < end; n++) order[n] = sorted[n].index;
    });
  }

 private:
  template <typename Body>
  void eachCell(Watch &watch, int64 level, const Body &body) {
    handOut("cells", watch, int64(1) << level, 1, 1, [&](int64 cell) { return [&body, cell]() mutable { body(cell++); }; });
  }
  template <typename Body>
  void eachPart(Watch &watch, const Body &body) {
    eachCell(watch, TOP_LEVELS,
             [&](int64 part) { body(firstPlace(count, TOP_LEVELS, part), firstPlace(count, TOP_LEVELS, part + 1)); });
  }

  void copyPoints(int64 begin, int64 end) {
    for (int64 n = begin; n < end; n++) {
      sorted[n] = {};
      for (int k = 0; k < dim; k++) {
        const Real x = points[n * dim + k];
        sorted[n].at[k] = x == x ? x : std::numeric_limits<Real>::infinity();
      }
      sorted[n].index = static_cast<int32>(n);
    }
  }

  // The places of a cell, so that no number of its first half is above one of its second, on the longest side.
  void cut(int64 level, int64 cell) {
    const int64 begin = firstPlace(count, level, cell), end = firstPlace(count, level, cell + 1);
    const int64 middle = firstPlace(count, level + 1, 2 * cell + 1);
    const int axis = longestSide(begin, end);
    std::nth_element(sorted + begin, sorted + middle, sorted + end,
                     [axis](const Point<Real, DIM> &a, const Point<Real, DIM> &b) { return a.at[axis] < b.at[axis]; });
  }
  void cutBelow(int64 level, int64 cell) {
    if (level == depth) return;
    cut(level, cell);
    cutBelow(level + 1, 2 * cell);
    cutBelow(level + 1, 2 * cell + 1);
  }

  int longestSide(int64 begin, int64 end) const {
    Real lower[DIM], upper[DIM];
    std::copy_n(sorted[begin].at, DIM, lower);
    std::copy_n(sorted[begin].at, DIM, upper);
    for (int64 n = begin + 1; n < end; n++)
      for (int k = 0; k < DIM; k++) {
        lower[k] = std::min(lower[k], sorted[n].at[k]);
        upper[k] = std::max(upper[k], sorted[n].at[k]);
      }
    int longest = 0;
    for (int k = 1; k < DIM; k++)
      if (upper[k] - lower[k] > upper[longest] - lower[longest]) longest = k;
    return longest;
  }

  const Real *const points;
  const int64 count, dim, depth;
  const Buffer memory;
  Point<Real, DIM> *const sorted;
};

template <typename Real>
class Bounding {
 public:
  Bounding(const Real *points, int64 count, int64 dim, int64 depth, Real *boxes)
      : points(points), count(count), dim(dim), depth(depth), boxes(boxes) {}

  void run(Watch &watch) const {
    const int64 top = std::min(depth, TOP_LEVELS);
    watch.begin(int64(1) << top);
    handOut("cells", watch, int64(1) << top, 1, 1,
            [&](int64 cell) { return [=, this]() mutable { boundBelow(top, cell++); }; });
    for (int64 level = top - 1; level >= 0; level--)
      for (int64 cell = 0; cell < int64(1) << level; cell++) join(level, cell);
  }

 private:
  Real *box(int64 level, int64 cell) const { return boxes + (firstCell(level) + cell) * 2 * dim; }

  // Exactly: a box holds what others take for zero.
  void boundBelow(int64 level, int64 cell) const {
    const KeepDenormals whileBounding;
    bound(level, cell);
  }
  void bound(int64 level, int64 cell) const {
    if (level == depth) return boundPoints(cell);
    bound(level + 1, 2 * cell);
    bound(level + 1, 2 * cell + 1);
    join(level, cell);
  }
  void boundPoints(int64 cell) const {
    Real *const lower = box(depth, cell), *const upper = lower + dim;
    const int64 begin = firstPlace(count, depth, cell), end = firstPlace(count, depth, cell + 1);
    for (int64 k = 0; k < dim; k++) lower[k] = upper[k] = finite(points[begin * dim + k]);
    for (int64 n = begin + 1; n < end; n++)
      for (int64 k = 0; k < dim; k++) widen(lower[k], upper[k], finite(points[n * dim + k]), finite(points[n * dim + k]));
  }
  void join(int64 level, int64 cell) const {
    const Real *const first = box(level + 1, 2 * cell), *const second = first + 2 * dim;
    Real *const to = box(level, cell);
    std::copy_n(first, 2 * dim, to);
    for (int64 k = 0; k < dim; k++) widen(to[k], to[dim + k], second[k], second[dim + k]);
  }

  static Real finite(Real x) { return x - x == 0 ? x : std::numeric_limits<Real>::quiet_NaN(); }
  // NaN is taken, and stays.
  static void widen(Real &lower, Real &upper, Real least, Real most) {
    if (!(least >= lower) && lower == lower) lower = least;
    if (!(most <= upper) && upper == upper) upper = most;
  }

  const Real *const points;
  const int64 count, dim, depth;
  Real *const boxes;
};

// Few points have 5 to 7 coordinates: they are sorted as those of 8.
template <typename Real, int DIM = 1>
void sortOfDim(const Real *points, int64 count, int64 dim, int64 depth, int32 *order, Watch &watch) {
  if (dim <= DIM) return Sorting<Real, DIM>(points, count, dim, depth).run(order, watch);
  if constexpr (DIM < MOST_CELL_DIM) sortOfDim<Real, DIM < 4 ? DIM + 1 : MOST_CELL_DIM>(points, count, dim, depth, order, watch);
}

}  // namespace

template <typename Real>
void sortIntoCells(const Real *points, int64 count, int64 dim, int64 depth, int32 *order, Watch &watch) {
  sortOfDim(points, count, dim, depth, order, watch);
}

template <typename Real>
void boundCells(const Real *points, int64 count, int64 dim, int64 depth, Real *boxes, Watch &watch) {
  Bounding<Real>(points, count, dim, depth, boxes).run(watch);
}

template void sortIntoCells(const float *, int64, int64, int64, int32 *, Watch &);
template void sortIntoCells(const double *, int64, int64, int64, int32 *, Watch &);
template void boundCells(const float *, int64, int64, int64, float *, Watch &);
template void boundCells(const double *, int64, int64, int64, double *, Watch &);

void moveRows(const RowMove &move, Watch &watch) {
  constexpr int64 PARTS = int64(1) << TOP_LEVELS;
  std::atomic<bool> isWrong{false};
  const auto movePart = [&](int64 part) {
    for (int64 n = firstPlace(move.count, TOP_LEVELS, part); n < firstPlace(move.count, TOP_LEVELS, part + 1); n++) {
      const int64 row = move.order[n];
      if (row < 0 || row >= move.count) {
        isWrong = true;
        return;
      }
      std::memcpy(move.to + (move.isGathered ? n : row) * move.bytes, move.from + (move.isGathered ? row : n) * move.bytes, move.bytes);
    }
  };
  watch.begin(PARTS);
  handOut("cells", watch, PARTS, 1, 1, [&](int64 part) { return [&movePart, part]() mutable { movePart(part++); }; });
  if (isWrong) throw std::out_of_range("moveRows: expected an order of the rows");
}
