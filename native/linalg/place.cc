// Points are sorted by the blocks of a grid, and in a block by bins, so that the cells that follow each other are near.
#include <atomic>
#include <cmath>

#include "linalg/gridblocks.h"
#include "linalg/session.h"

namespace {

// The first cell of a point, and what its polynomials are of; false where a coordinate is not finite.
template <class P>
bool locate(const P *point, const GridBox &box, int64 width, int32 *cell, double *fraction) {
  for (size_t d = 0; d < box.shape.size(); d++) {
    const double length = double(box.shape[d]);
    double at = (double(point[d]) - box.lower[d]) / box.period[d];
    at = (at - std::floor(at)) * length - double(width) / 2;
    if (!std::isfinite(at)) return false;
    const double first = std::ceil(at);
    const int64 around = int64(first) % box.shape[d];
    cell[d] = int32(around < 0 ? around + box.shape[d] : around);
    fraction[d] = 2 * (first - at) - 1;
  }
  return true;
}

// Fills `order` by the bins of points, which keep their order within one (counting sort).
void sortByBin(const std::vector<int32> &bins, int64 binCount, int32 *order) {
  std::vector<int32> next(binCount + 1);
  for (const int32 bin : bins) next[bin + 1]++;
  for (int64 bin = 0; bin < binCount; bin++) next[bin + 1] += next[bin];
  for (size_t point = 0; point < bins.size(); point++) order[next[bins[point]]++] = int32(point);
}

}  // namespace

template <class T, class P>
int64 place(const P *points, const GridBox &box, int64 width, const PlacesOf<int32, T> &places) {
  const int64 axes = int64(box.shape.size());
  const Blocks blocks(box.shape, width);
  std::vector<int32> bins(places.count);
  std::atomic<int64> wrong{-1};
  inPieces(places.count, POINTS_OF_TASK, [&](int64 first, int64 end) {
    int32 cell[MOST_AXES];
    double fraction[MOST_AXES];
    for (int64 n = first; n < end; n++)
      if (locate(points + n * axes, box, width, cell, fraction)) bins[n] = int32(blocks.binOf(cell));
      else wrong = n;
  });
  if (wrong >= 0 || LinalgSession::current().watch.stopped()) return wrong;
  sortByBin(bins, blocks.count * blocks.bins, places.order);
  inPieces(places.count, POINTS_OF_TASK, [&](int64 first, int64 end) {
    double fraction[MOST_AXES];
    for (int64 i = first; i < end; i++) {
      locate(points + places.order[i] * axes, box, width, places.cells + i * axes, fraction);
      for (int64 d = 0; d < axes; d++) places.fractions[i * axes + d] = T(fraction[d]);
    }
  });
  return -1;
}

#define FOR_DTYPE(T) \
  template int64 place(const float *, const GridBox &, int64, const PlacesOf<int32, T> &); \
  template int64 place(const double *, const GridBox &, int64, const PlacesOf<int32, T> &);
FOR_DTYPE(float)
FOR_DTYPE(double)
