// Blocks of a periodic grid. The points of one go to a small grid of their own, which stays in the cache and has no border
// where cells are taken around. Blocks of one colour share no cell. It must know no points.
#ifndef TSKEOPS_GRIDBLOCKS_H
#define TSKEOPS_GRIDBLOCKS_H

#include <array>
#include <vector>

#include "linalg/spread.h"
#include "run/memory.h"

using GridCell = std::array<int64, MOST_AXES>;

// Cells of a block, and of a bin in it, by the number of axes and the axis. A bin's points follow each other, so that
// the cells that they reach stay in the first cache.
constexpr int64 CELLS_OF_BLOCK[MOST_AXES][MOST_AXES] = {{4096}, {64, 128}, {16, 16, 32}, {8, 8, 8, 16}};
constexpr int64 CELLS_OF_BIN[MOST_AXES][MOST_AXES] = {{1024}, {8, 128}, {4, 4, 32}, {4, 4, 4, 16}};

struct GridAxis {
  int64 blocks, bins;              // how many, and how many in a block
  std::vector<int32> block, bin;   // of each cell
};

// Blocks are no shorter than a window, and one or an even number, so that two colours do.
inline GridAxis axisOf(int64 length, int64 width, int64 block, int64 bin) {
  const int64 pairs = length / (2 * std::max(block, width));
  GridAxis axis{pairs > 0 ? 2 * pairs : 1, 1, std::vector<int32>(length), std::vector<int32>(length)};
  for (int64 b = 0; b < axis.blocks; b++) {
    const int64 begin = b * length / axis.blocks, end = (b + 1) * length / axis.blocks;
    for (int64 cell = begin; cell < end; cell++) axis.block[cell] = int32(b), axis.bin[cell] = int32((cell - begin) / bin);
    axis.bins = std::max(axis.bins, ceilDivide(end - begin, bin));
  }
  return axis;
}

class Blocks {
 public:
  Blocks(const std::vector<int64> &shape, int64 width) : shape(shape), width(width) {
    const size_t axes = shape.size();
    for (size_t d = 0; d < axes; d++) {
      along.push_back(axisOf(shape[d], width, CELLS_OF_BLOCK[axes - 1][d], CELLS_OF_BIN[axes - 1][d]));
      count *= along[d].blocks, bins *= along[d].bins;
    }
  }

  // -1 where there is no such cell.
  int64 blockAt(const int32 *cell) const {
    for (size_t d = 0; d < shape.size(); d++)
      if (cell[d] < 0 || cell[d] >= shape[d]) return -1;
    return blockOf(cell);
  }
  int64 blockOf(const int32 *cell) const {
    int64 block = 0;
    for (size_t d = 0; d < shape.size(); d++) block = block * along[d].blocks + along[d].block[cell[d]];
    return block;
  }
  // Points are sorted by this.
  int64 binOf(const int32 *cell) const {
    int64 bin = 0;
    for (size_t d = 0; d < shape.size(); d++) bin = bin * along[d].bins + along[d].bin[cell[d]];
    return blockOf(cell) * bins + bin;
  }
  int64 colourOf(int64 block) const {
    int64 colour = 0;
    for (size_t d = shape.size(); d-- > 0; block /= along[d].blocks) colour = 2 * colour + block % along[d].blocks % 2;
    return colour;
  }

  const std::vector<int64> &shape;
  const int64 width;
  int64 count = 1, bins = 1;

 private:
  std::vector<GridAxis> along;
};

constexpr int64 POINTS_OF_TASK = 1 << 14;

#endif
